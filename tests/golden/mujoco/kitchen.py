#!/usr/bin/env python3
"""Golden stretches of gymnasium-robotics' FrankaKitchen without noise, with D4RL's observations.

Usage: kitchen.py [--out FOLDER] [--seed N]; needs exactly gymnasium-robotics==1.4.2 gymnasium==1.4.0 mujoco==3.9.0
numpy==2.3.5.

Start states: the initial one with noise on joints and objects, after 0 to 5 random steps; elements of some tasks are put
close to their goals, so that tasks are completed, and some stretches start with tasks done. Actions in [-1, 1], every
third stretch in [-2, 2]. The observation is qpos and the goal, as D4RL's kitchen_multitask_v0.py has it; reward and
termination are gymnasium-robotics' own, which agree with D4RL's where observations have no noise.
"""

import mujoco
import numpy as np
from gymnasium_robotics.envs.franka_kitchen.kitchen_env import OBS_ELEMENT_GOALS, OBS_ELEMENT_INDICES, KitchenEnv

import golden

STRETCHES = 15
STEPS = 8
FILES = {
    "kitchen-partial": (["microwave", "kettle", "light switch", "slide cabinet"], "kitchen/noiseless-partial-v0"),
    "kitchen-mixed": (["microwave", "kettle", "bottom burner", "light switch"], "kitchen/noiseless-mixed-v0"),
}


def observe(env, tasks):
    goal = np.zeros(30)
    for task in tasks:
        goal[OBS_ELEMENT_INDICES[task]] = OBS_ELEMENT_GOALS[task]
    return np.concatenate([env.data.qpos, goal])


def begin(env, tasks, state):
    qpos, qvel, mask = np.split(state, [30, 59])
    mujoco.mj_resetData(env.model, env.data)
    env.robot_env.set_state(qpos, qvel)
    env.robot_env._get_obs()
    env.tasks_to_complete = {task for task, todo in zip(tasks, mask) if todo}
    env.episode_task_completions = [task for task, todo in zip(tasks, mask) if not todo]
    return observe(env, tasks)


def start_state(rng, env, tasks, stretch):
    qpos = env.robot_env.init_qpos.copy()
    qpos[:7] += rng.normal(0, 0.2, 7)
    qpos[9:23] += rng.normal(0, 0.01, 14)
    mask = np.ones(4)
    begin(env, tasks, np.concatenate([qpos, rng.normal(0, 0.2, 29), mask]))
    for _ in range(int(rng.integers(0, 6))):
        env.step(rng.uniform(-1, 1, 9))
    qpos = env.data.qpos.copy()
    for k, task in enumerate(tasks):
        place = rng.integers(3)
        if place == 0 or stretch % 5 == 0:
            qpos[OBS_ELEMENT_INDICES[task]] = OBS_ELEMENT_GOALS[task] + rng.normal(0, 0.05, len(OBS_ELEMENT_GOALS[task]))
        elif place == 1:
            mask[k] = 0
    qpos[26:30] /= np.linalg.norm(qpos[26:30])
    if not mask.any():
        mask[0] = 1
    return np.concatenate([qpos, env.data.qvel, mask])


def main():
    made_with = golden.check_pins("gymnasium-robotics", "gymnasium", "mujoco", "numpy")
    arguments = golden.arguments(__doc__)
    for number, (name, (tasks, id)) in enumerate(FILES.items()):
        env = KitchenEnv(tasks_to_complete=tasks, robot_noise_ratio=0.0, object_noise_ratio=0.0)
        env.reset(seed=0)
        rng = np.random.default_rng([arguments.seed, 40 + number])
        columns = {key: [] for key in ("state", "action", "observation", "terminated", f"reward:{id}")}
        facts = {"stretches_out_of_bounds": 0, "stretches_through_termination": 0, "steps_in_contact": 0, "tasks_completed": 0}
        for stretch in range(STRETCHES):
            state = start_state(rng, env, tasks, stretch)
            scale = 2.0 if stretch % 3 == 1 else 1.0
            actions = rng.uniform(-scale, scale, (STEPS, 9)).astype(np.float32)
            observations, rewards, terminated = [begin(env, tasks, state)], [], []
            for action in actions:
                _, reward, end, _, _ = env.step(action)
                observations.append(observe(env, tasks))
                rewards.append(np.float64(reward))
                terminated.append(end)
                facts["steps_in_contact"] += env.data.ncon > 0
                facts["tasks_completed"] += int(reward)
            rows = (state, actions, np.array(observations), np.array(terminated, np.uint8), np.array(rewards))
            for key, value in zip(columns, rows, strict=True):
                columns[key].append(value)
            facts["stretches_out_of_bounds"] += bool((np.abs(actions) > 1).any())
            facts["stretches_through_termination"] += any(terminated)
        golden.write(arguments.out, name, [id], made_with, columns, facts)


if __name__ == "__main__":
    main()
