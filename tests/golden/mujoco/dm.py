#!/usr/bin/env python3
"""Golden stretches of dm_control's walker (stand, walk, run) and cheetah (run, and ExoRL's run backward).

Usage: dm.py [--out FOLDER] [--seed N]; needs exactly dm_control==1.0.39 mujoco==3.9.0 numpy==2.3.5.

Start states: random joint angles and pitch, from lying to falling, after 0 to 20 random steps, with noise on
velocities; for the walker every third near upright. Actions, by stretch modulo 3: in [-1, 1], in [-2, 2], small. All
tasks of a robot share the physics, so one stretch has a reward for each. Rewards may differ in the last bit, since
NumPy's exp is not libm's: the tolerance is 1e-12.

Arrays beside those of golden.py: draw [M, 9], uniform numbers for the nine joints, and start [M, S], the first
observation of the episode that they begin.
"""

import numpy as np
from dm_control import suite
from dm_control.suite import walker
from dm_control.utils import rewards

import golden

STRETCHES = 36
STEPS = 12


def walker_rewards(physics):
    tasks = {"stand": 0, "walk": walker._WALK_SPEED, "run": walker._RUN_SPEED}
    return {f"dm-walker/{name}-v1": walker.PlanarWalker(speed, random=0).get_reward(physics) for name, speed in tasks.items()}


def cheetah_rewards(physics):
    def reward(sign):
        # rll-research/url_benchmark:custom_dmc_tasks/cheetah.py
        return rewards.tolerance(
            sign * physics.speed(), bounds=(10, float("inf")), margin=10, value_at_margin=0, sigmoid="linear"
        )

    return {"dm-cheetah/run-v1": reward(1), "dm-cheetah/run-backward-v1": reward(-1)}


ROBOTS = {
    "dm-walker": ("walker", "run", walker_rewards),
    "dm-cheetah": ("cheetah", "run", cheetah_rewards),
}


def begin(env, state):
    with env.physics.reset_context():
        env.physics.set_state(state)
    env._reset_next_step, env._step_count = False, 0
    return observe(env)


def observe(env):
    observation = env.task.get_observation(env.physics)
    return np.concatenate([np.atleast_1d(value) for value in observation.values()])


def start_state(rng, env, stretch):
    physics = env.physics
    ranges, limited = physics.model.jnt_range, physics.model.jnt_limited == 1
    qpos = np.zeros(9)
    qpos[limited] = rng.uniform(*ranges[limited].T)
    if env.physics.model.nbody == 8 and stretch % 3 == 0:
        qpos *= 0.2
    else:
        qpos[2] = rng.uniform(-np.pi, np.pi)
    qpos[:2] = rng.normal(0, 0.3, 2)
    begin(env, np.concatenate([qpos, rng.normal(0, 3, 9)]))
    for _ in range(int(rng.integers(0, 21))):
        env.step(rng.uniform(-1, 1, 6))
    return physics.get_state() + np.concatenate([np.zeros(9), rng.normal(0, [0.1, 4][stretch % 2], 9)])


class Draws:
    """Stands for NumPy's generator: uniform(low, high) from given numbers in [0, 1), one per joint."""

    def __init__(self, draws, joints):
        self.draws, self.joints = draws, list(joints)

    def uniform(self, low, high):
        count = np.size(low)
        taken, self.joints = self.joints[:count], self.joints[count:]
        return low + (high - low) * (self.draws[taken] if np.ndim(low) else self.draws[taken[0]])


def start(env, draws):
    """The first observation of an episode whose joints are drawn by `draws`, in the order in which the task draws."""
    model = env.physics.model
    drawn = model.jnt_limited == 1
    if isinstance(env.task, walker.PlanarWalker):
        drawn |= model.jnt_type == 3  # Hinges without limits turn freely.
    env.task._random = Draws(draws, np.flatnonzero(drawn))
    return np.concatenate([np.atleast_1d(value) for value in env.reset().observation.values()])


def main():
    made_with = golden.check_pins("dm_control", "mujoco", "numpy")
    arguments = golden.arguments(__doc__)
    for number, (name, (domain, task, reward_all)) in enumerate(ROBOTS.items()):
        env = suite.load(domain, task, task_kwargs={"random": 0})
        rng = np.random.default_rng([arguments.seed, 10 + number])
        ids = list(reward_all(env.physics))
        columns = {"state": [], "action": [], "observation": [], "terminated": [], **{f"reward:{id}": [] for id in ids}}
        facts = {"stretches_out_of_bounds": 0, "steps_in_contact": 0, "rewards_between_0_and_1": 0}
        for stretch in range(STRETCHES):
            state = start_state(rng, env, stretch)
            scale = [1.0, 2.0, 0.2][stretch % 3]
            actions = rng.uniform(-scale, scale, (STEPS, 6)).astype(np.float32)
            observations, stretch_rewards = [begin(env, state)], []
            for action in actions:
                step = env.step(action)
                observations.append(observe(env))
                stretch_rewards.append(reward_all(env.physics))
                assert step.reward == stretch_rewards[-1][f"{name}/{task}-v1"]
                facts["steps_in_contact"] += env.physics.data.ncon > 0
            columns["state"].append(state)
            columns["action"].append(actions)
            columns["observation"].append(np.array(observations))
            columns["terminated"].append(np.zeros(STEPS, np.uint8))
            for id in ids:
                values = np.array([row[id] for row in stretch_rewards], np.float64)
                columns[f"reward:{id}"].append(values)
                facts["rewards_between_0_and_1"] += int(((0.01 < values) & (values < 0.99)).sum())
            facts["stretches_out_of_bounds"] += bool((np.abs(actions) > 1).any())
        columns["draw"] = [rng.uniform(size=9) for _ in range(8)]
        columns["start"] = [start(env, draws) for draws in columns["draw"]]
        golden.write(arguments.out, name, ids, made_with, columns, facts, 1e-12)


if __name__ == "__main__":
    main()
