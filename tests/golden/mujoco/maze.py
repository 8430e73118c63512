#!/usr/bin/env python3
"""Golden stretches of OGBench's antmaze and pointmaze, and of D4RL's antmaze-umaze.

Usage: maze.py [--out FOLDER] [--seed N]; needs exactly ogbench==1.2.1 gymnasium==1.4.0 mujoco==3.9.0 numpy==2.3.5.

Start states: in a random free cell, every third beside a wall; the ant's joints within their limits, its torso tilted,
after up to 8 random steps. Every second goal lies close enough to be reached. Actions in [-1, 1]; for the ant every
third stretch in [-2, 2], which its actuators clip. D4RL's medium and large mazes are OGBench's; its umaze is built by
OGBench's code from D4RL's map, and scored as D4RL's goal_reaching_env.py does.
"""

import tempfile
import types
import xml.etree.ElementTree as ET

import mujoco
import numpy as np
from ogbench.locomaze.ant import AntEnv
from ogbench.locomaze.maze import make_maze_env

import golden

STEPS = 10
UMAZE = [[1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 1, 1, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]]
# File: robot, maze, environments, stretches.
FILES = {
    "pointmaze-medium": ("point", "medium", ["pointmaze/ogbench-medium-v0", "pointmaze/ogbench-medium-task2-v0"], 40),
    "pointmaze-giant": ("point", "giant", ["pointmaze/ogbench-giant-task5-v0"], 40),
    "antmaze-medium": ("ant", "medium", ["antmaze/ogbench-medium-v0", "antmaze/d4rl-medium-goals-v2"], 15),
    "antmaze-large": ("ant", "large", ["antmaze/ogbench-large-task4-v0", "antmaze/d4rl-large-goals-v2"], 15),
    "antmaze-giant": ("ant", "giant", ["antmaze/ogbench-giant-v0"], 15),
    "antmaze-umaze": ("ant", "umaze", ["antmaze/d4rl-umaze-v2"], 15),
}


class D4rlUmaze(AntEnv):
    def __init__(self):
        template = make_maze_env("ant", "maze", maze_type="medium")
        tree = ET.parse(AntEnv.xml_file)
        maze = types.SimpleNamespace(
            maze_map=np.array(UMAZE), _maze_unit=4.0, _offset_x=4, _offset_y=4, _maze_height=0.5,
            _teleport_info=None, _ob_type="states",
        )
        type(template).update_tree(maze, tree)
        with tempfile.NamedTemporaryFile(suffix=".xml") as file:
            tree.write(file.name)
            super().__init__(xml_file=file.name)
        self.maze_map, self.cur_goal_xy = maze.maze_map, np.zeros(2)

    def set_goal(self, goal_xy):
        self.cur_goal_xy = goal_xy

    def step(self, action):
        observation, _, _, truncated, info = super().step(action)
        reached = bool(np.linalg.norm(self.get_xy() - self.cur_goal_xy) <= 0.5)
        return observation, float(reached), reached, truncated, info


def begin(env, state, goal):
    mujoco.mj_resetData(env.model, env.data)
    env.set_state(state[: env.model.nq], state[env.model.nq :])
    env.set_goal(goal_xy=goal[:2])
    return env.get_ob()


def start_state(rng, env, stretch):
    cells = np.argwhere(env.maze_map == 0)
    i, j = cells[rng.integers(len(cells))]
    spread = 1.9 if stretch % 3 == 0 else 1.0
    qpos = env.init_qpos.copy()
    qpos[:2] = np.array([j, i]) * 4.0 - 4.0 + rng.uniform(-spread, spread, 2)
    qvel = rng.normal(0, 1, env.model.nv)
    if env.model.nq > 2:
        qpos[2] = rng.uniform(0.3, 0.9)
        tilt = np.array([1, 0, 0, 0]) + rng.normal(0, 0.3, 4)
        qpos[3:7] = tilt / np.linalg.norm(tilt)
        qpos[7:] = rng.uniform(*env.model.jnt_range[1:].T)
    begin(env, np.concatenate([qpos, qvel]), np.zeros(2))
    for _ in range(int(rng.integers(0, 9))):
        env.step(rng.uniform(-1, 1, env.model.nu).astype(np.float32))
    return np.concatenate([env.data.qpos, env.data.qvel])


def draw_goal(rng, env, state, stretch, length):
    goal = rng.normal(0, 1, length)
    angle, reach = rng.uniform(0, 2 * np.pi), 1.0 if env.model.nq == 2 else 0.5
    distance = reach * rng.uniform(0.6, 1.3) if stretch % 2 == 0 else rng.uniform(2, 20)
    goal[:2] = state[:2] + distance * np.array([np.cos(angle), np.sin(angle)])
    return goal


def wall_contacts(env):
    names = [env.model.geom(geom).name for contact in env.data.contact for geom in contact.geom]
    return any(name.startswith("block") for name in names)


def main():
    made_with = golden.check_pins("ogbench", "gymnasium", "mujoco", "numpy")
    arguments = golden.arguments(__doc__)
    for number, (name, (robot, maze, ids, stretches)) in enumerate(FILES.items()):
        env = D4rlUmaze() if maze == "umaze" else make_maze_env(robot, "maze", maze_type=maze)
        length = 2 if maze == "umaze" else len(env.get_ob())
        rng = np.random.default_rng([arguments.seed, 20 + number])
        columns = {"state": [], "action": [], "observation": [], "terminated": [], **{f"reward:{id}": [] for id in ids}}
        facts = {"stretches_out_of_bounds": 0, "stretches_through_termination": 0, "steps_in_contact": 0, "steps_at_walls": 0}
        for stretch in range(stretches):
            state = start_state(rng, env, stretch)
            goal = draw_goal(rng, env, state, stretch, length)
            scale = 2.0 if robot == "ant" and stretch % 3 == 1 else 1.0
            actions = rng.uniform(-scale, scale, (STEPS, env.model.nu)).astype(np.float32)
            observations, rewards, terminated = [begin(env, state, goal)], [], []
            for action in actions:
                observation, reward, end, _, _ = env.step(action)
                observations.append(observation)
                rewards.append(np.float64(reward))
                terminated.append(end)
                facts["steps_in_contact"] += env.data.ncon > 0
                facts["steps_at_walls"] += wall_contacts(env)
            columns["state"].append(np.concatenate([state, goal]))
            columns["action"].append(actions)
            columns["observation"].append(np.array(observations))
            columns["terminated"].append(np.array(terminated, np.uint8))
            for id in ids:
                columns[f"reward:{id}"].append(np.array(rewards))
            facts["stretches_out_of_bounds"] += bool((np.abs(actions) > 1).any())
            facts["stretches_through_termination"] += any(terminated)
        golden.write(arguments.out, name, ids, made_with, columns, facts)


if __name__ == "__main__":
    main()
