#!/usr/bin/env python3
"""Steps per processor second of the environments of plugins/mujoco and of their Python originals.

Usage: benchmarks/speed/environments.py [--repeats 5] [--steps 20000], from the repository's root, with the Python
packages that tests/golden/mujoco/golden.py pins. Both sides run one after the other, `repeats` times; each plays random
actions with a reset every 500 steps in one thread and counts the processor time of that thread. Prints a Markdown table
of medians, with the smallest and largest ratio of a repeat.
"""

import argparse
import os
import re
import statistics
import subprocess
import time

import numpy as np

EPISODE = 500


def gymnasium_maker(module, name):
    def make():
        import importlib

        env = getattr(importlib.import_module(f"gymnasium.envs.mujoco.{module}"), name)()
        return env.reset, env.step, env.model.nu

    return make


def suite_maker(domain, task):
    def make():
        from dm_control import suite

        env = suite.load(domain, task, task_kwargs={"random": 0})
        return env.reset, env.step, 6

    return make


def maze_maker(robot, maze):
    def make():
        from ogbench.locomaze.maze import make_maze_env

        env = make_maze_env(robot, "maze", maze_type=maze)
        return env.reset, env.step, env.model.nu

    return make


def kitchen():
    from gymnasium_robotics.envs.franka_kitchen.kitchen_env import KitchenEnv

    tasks = ["microwave", "kettle", "light switch", "slide cabinet"]
    env = KitchenEnv(tasks_to_complete=tasks, robot_noise_ratio=0.0, object_noise_ratio=0.0)
    return env.reset, env.step, 9


# Environment: its original, and by what its number of steps is divided (as in plugins/mujoco/tests/speed.rs).
ORIGINALS = {
    "hopper/gymnasium-v4": (gymnasium_maker("hopper_v4", "HopperEnv"), 1),
    "walker2d/gymnasium-v4": (gymnasium_maker("walker2d_v4", "Walker2dEnv"), 1),
    "halfcheetah/gymnasium-v4": (gymnasium_maker("half_cheetah_v4", "HalfCheetahEnv"), 1),
    "dm-walker/walk-v1": (suite_maker("walker", "walk"), 1),
    "dm-cheetah/run-v1": (suite_maker("cheetah", "run"), 1),
    "pointmaze/ogbench-medium-v0": (maze_maker("point", "medium"), 1),
    "antmaze/ogbench-large-v0": (maze_maker("ant", "large"), 5),
    "kitchen/noiseless-partial-v0": (kitchen, 20),
}


def python_rate(parts, steps):
    reset, step, dim = parts
    actions = np.random.default_rng(1).uniform(-1, 1, (EPISODE, dim)).astype(np.float32)
    reset()
    begin = time.thread_time()
    for _ in range(steps // EPISODE):
        reset()
        for action in actions:
            step(action)
    return steps // EPISODE * EPISODE / (time.thread_time() - begin)


def plugin_rates(steps):
    command = ["cargo", "xtask", "test", "-p", "mujoco", "--test", "speed", "--", "--nocapture"]
    environment = {**os.environ, "ASSAY_TEST_SPEED_STEPS": str(steps)}
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return {id: float(rate) for id, rate in re.findall(r"speed (\S+) (\S+)", output)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20_000)
    arguments = parser.parse_args()
    made = {id: make() for id, (make, _) in ORIGINALS.items()}
    rates = {id: [] for id in ORIGINALS}
    for _ in range(arguments.repeats):
        native = plugin_rates(arguments.steps)
        for id, (_, share) in ORIGINALS.items():
            original = python_rate(made[id], max(arguments.steps // share, EPISODE))
            rates[id].append((native[id], original))
    print("| environment | plugin, steps/s | original, steps/s | ratio |\n|---|---|---|---|")
    for id, pairs in rates.items():
        ratios = sorted(a / b for a, b in pairs)
        native, original = (statistics.median(column) for column in zip(*pairs))
        print(f"| `{id}` | {native:,.0f} | {original:,.0f} | {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |")


if __name__ == "__main__":
    main()
