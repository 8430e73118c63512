"""An episode of plain gymnasium, for comparison with the bridge: `plain.py ID SEED STEPS > numbers`.

Written are little-endian float64: the first observation, then reward, terminated, truncated and observation of each step.
The action at step t has the entries ((7 t + 3 i) mod 11) / 5 - 1, or is the index 7 t mod n.
"""

import sys

import gymnasium
import numpy as np


def main():
    name, seed, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    env = gymnasium.make(name)
    numbers = [np.asarray(env.reset(seed=seed)[0], "<f8")]
    for t in range(steps):
        if isinstance(env.action_space, gymnasium.spaces.Discrete):
            action = 7 * t % int(env.action_space.n)
        else:
            i = np.arange(env.action_space.shape[0])
            action = ((7 * t + 3 * i) % 11 / 5 - 1).astype(np.float32)
        observation, reward, terminated, truncated, _ = env.step(action)
        numbers += [np.array([reward, terminated, truncated], "<f8"), np.asarray(observation, "<f8")]
    sys.stdout.buffer.write(np.concatenate(numbers).tobytes())


main()
