"""Small environments that register themselves, for the tests of the bridge."""

import os
import random

import gymnasium
import numpy as np
from gymnasium import spaces


class Pictures(gymnasium.Env):
    """8x9 pictures with three channels, each pixel a known function of step, row, column and channel."""

    observation_space = spaces.Box(0, 255, (8, 9, 3), np.uint8)
    action_space = spaces.Discrete(4, start=-1)

    def picture(self):
        t, (i, j, c) = self.t, np.indices((8, 9, 3))
        return ((100 * c + 10 * i + j + t) % 256).astype(np.uint8)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self.picture(), {}

    def step(self, action):
        self.t += 1
        return self.picture(), float(action), False, False, {}


class Aims(gymnasium.Env):
    """A point that should reach a goal of its episode; prints, reads and draws from every global generator."""

    observation_space = spaces.Dict(
        {
            "observation": spaces.Box(-9, 9, (2,), np.float32),
            "achieved_goal": spaces.Box(-9, 9, (1,), np.float64),
            "desired_goal": spaces.Box(-9, 9, (1,), np.float64),
        }
    )
    action_space = spaces.Box(np.float32([-1, -2]), np.float32([1, 2]))

    def look(self):
        return {"observation": self.x.copy(), "achieved_goal": self.x[:1].astype(float), "desired_goal": self.aim}

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        print("printed by reset")
        self.x = np.float32(self.np_random.uniform(-1, 1, 2))
        self.aim = np.array([random.random() + np.random.rand()])
        self.unseeded = spaces.Box(-1, 1, (2,), np.float32)
        return self.look(), {}

    def step(self, action):
        assert os.read(0, 1) == b""
        os.write(1, b"written by step\n")
        self.x += np.float32(0.1) * action + np.float32(0.01 * (np.random.rand() + random.random()))
        self.x += np.float32(0.01) * self.unseeded.sample()
        reached = abs(self.x[0] - self.aim[0]) < 0.1
        return self.look(), float(reached), bool(reached), False, {}


class Trouble(gymnasium.Env):
    """Goes wrong in its first step, in the way of the action."""

    observation_space = spaces.Box(-1, 1, (1,), np.float64)
    action_space = spaces.Discrete(6)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1), {}

    def step(self, action):
        if action == 0:
            raise ValueError("no such way")
        if action == 1:
            os._exit(3)
        if action == 2:
            return np.full(1, np.nan), 0.0, False, False, {}
        if action == 3:
            return np.zeros(1), float("inf"), False, False, {}
        if action == 4:
            return np.zeros(2), 0.0, False, False, {}
        return np.zeros(1), 0.0, False, False, {}


class Sequences(Pictures):
    observation_space = spaces.Sequence(spaces.Discrete(3))


for kind in (Pictures, Aims, Trouble, Sequences):
    gymnasium.register(f"{kind.__name__}-v0", entry_point=kind, max_episode_steps=20 if kind is Aims else None)
# Two ids with one name for Assay.
gymnasium.register("Twice-v0", entry_point=Trouble)
gymnasium.register("twice-v0", entry_point=Trouble)
