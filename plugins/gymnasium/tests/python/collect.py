"""An episode of OGBench's data collection without the bridge: `collect.py ID play|noisy SEED STEPS > numbers`.

Written are little-endian float64: the first observation, then action, reward and observation of each step. The loop is that
of OGBench's generator with its defaults, for cube environments with one cube.
"""

import random
import sys

import gymnasium
import numpy as np
import ogbench.manipspace  # noqa: F401
from ogbench.manipspace.oracles.markov.cube_markov import CubeMarkovOracle
from ogbench.manipspace.oracles.plan.cube_plan import CubePlanOracle


def main():
    name, rule, seed, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    env = gymnasium.make(name, mode="data_collection", terminate_at_goal=False, max_episode_steps=10**6)
    random.seed(seed)
    np.random.seed(seed)
    observation, info = env.reset(seed=seed)
    if rule == "play":
        script, xi = CubePlanOracle(env=env, noise=0.1, noise_smoothing=0.5), 0.0
    else:
        script, xi = CubeMarkovOracle(env=env, min_norm=0.4), np.random.uniform(0, 0.1)
    script.reset(observation, info)
    numbers = [observation]
    for _ in range(steps):
        # OGBench draws whether to act at random even where that never happens.
        np.random.rand()
        action = np.array(script.select_action(observation, info))
        if rule == "noisy":
            action = action + np.random.normal(0, [xi, xi, xi, xi * 3, xi * 10], action.shape)
        action = np.clip(action, -1, 1).astype(np.float32)
        observation, reward, _, _, info = env.step(action)
        if script.done:
            script.reset(*env.unwrapped.set_new_target(p_stack=0.0))
        numbers += [action, [reward], observation]
    sys.stdout.buffer.write(np.concatenate(numbers).astype("<f8").tobytes())


main()
