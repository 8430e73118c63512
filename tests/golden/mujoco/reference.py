#!/usr/bin/env python3
"""Golden trajectories of gymnasium's Hopper-v4 and HalfCheetah-v4.

Usage: reference.py <folder of D4RL-layout HDF5 files> [<output folder>]

Needs exactly gymnasium==1.4.0 mujoco==3.9.0 numpy==2.3.5, and imageio, packaging (gymnasium imports them) and h5py in
any version. HDF5 supplies start states and actions only; both are stored in the output, so tests need no dataset.

For each robot, 100 stretches of 20 steps: mujoco.mj_resetData, env.set_state(qpos, qvel), then env.step for each
action, through and past termination. Kinds of actions, by stretch modulo 4: 0 the dataset's own; 1 uniform in [-1, 1];
2 uniform in [-2, 2]; 3 the dataset's own times 2. For the hopper, every fifth stretch starts shortly before a terminal
row. Each stretch is run twice, with the raw actions ("gymnasium") and with the actions clipped to [-1, 1] ("d4rl");
the physics is the same by the actuators' own limits, which is asserted, so observations and termination are stored
once.

Output per robot: <robot>.bin, little-endian arrays one after the other, and <robot>.json, which lists them.
"""

import json
import pathlib
import sys

import gymnasium
import h5py
import mujoco
import numpy as np
from gymnasium.envs.mujoco.half_cheetah_v4 import HalfCheetahEnv
from gymnasium.envs.mujoco.hopper_v4 import HopperEnv

STRETCHES = 100
STEPS = 20
PINS = {"gymnasium": "1.4.0", "mujoco": "3.9.0", "numpy": "2.3.5"}
ROBOTS = {
    "hopper": (HopperEnv, ["random", "medium_replay", "medium", "expert"]),
    "halfcheetah": (HalfCheetahEnv, ["random", "medium", "expert"]),
}


def check_pins():
    found = {m.__name__: m.__version__ for m in (gymnasium, mujoco, np)}
    if found != PINS:
        sys.exit(f"reference.py needs {PINS}, found {found}")


def start_row(rng, file, stretch):
    """A row with at least STEPS rows of actions after it; every fifth shortly before a termination."""
    last = len(file["actions"]) - STEPS
    terminal = np.flatnonzero(file["terminals"][:last])
    if stretch % 5 == 0 and len(terminal) > 0:
        return max(0, int(rng.choice(terminal)) - int(rng.integers(0, 15)))
    return int(rng.integers(0, last))


def draw_stretch(rng, file, stretch):
    """Start state (float64 values of the stored float32) and float32 actions [STEPS, A]."""
    row = start_row(rng, file, stretch)
    state = np.concatenate([file["infos/qpos"][row], file["infos/qvel"][row]]).astype(np.float64)
    recorded = file["actions"][row : row + STEPS].astype(np.float32)
    actions = [
        recorded,
        rng.uniform(-1, 1, recorded.shape).astype(np.float32),
        rng.uniform(-2, 2, recorded.shape).astype(np.float32),
        recorded * np.float32(2),
    ][stretch % 4]
    return row, state, actions


def roll(env, state, actions):
    """Initial observation and, per step, observations, rewards (float64) and termination."""
    mujoco.mj_resetData(env.model, env.data)
    env.set_state(state[: env.model.nq], state[env.model.nq :])
    first = env._get_obs()
    observations, rewards, terminated = [], [], []
    for action in actions:
        assert action.dtype == np.float32
        observation, reward, end, _, _ = env.step(action)
        observations.append(observation)
        rewards.append(np.float64(reward))
        terminated.append(bool(end))
    return np.concatenate([[first], observations]), np.array(rewards), np.array(terminated, np.uint8)


def generate(name, data):
    make, levels = ROBOTS[name]
    env = make()
    rng = np.random.default_rng([3, 9, len(name)])
    files = [h5py.File(data / f"{name}_{level}-v2.hdf5") for level in levels]
    columns = {key: [] for key in ("state", "action", "observation", "reward_gymnasium", "reward_d4rl", "terminated")}
    rows = []
    for stretch in range(STRETCHES):
        level = stretch * len(levels) // STRETCHES
        row, state, actions = draw_stretch(rng, files[level], stretch)
        observations, raw, terminated = roll(env, state, actions)
        again, clipped, ends = roll(env, state, np.clip(actions, np.float32(-1), np.float32(1)))
        assert observations.tobytes() == again.tobytes() and terminated.tobytes() == ends.tobytes()
        rows.append([levels[level], row])
        for key, value in zip(columns, (state, actions, observations, raw, clipped, terminated), strict=True):
            columns[key].append(value)
    return rows, {key: np.ascontiguousarray(np.stack(value)) for key, value in columns.items()}


def lines(value):
    """JSON text; a list gets one line per element."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n " + ",\n ".join(map(json.dumps, value)) + "\n]"


def write(name, rows, columns, out):
    arrays, offset = [], 0
    with open(out / f"{name}.bin", "wb") as file:
        for key, value in columns.items():
            little = value.astype(value.dtype.newbyteorder("<"), copy=False)
            file.write(little.tobytes())
            arrays.append({"name": key, "dtype": value.dtype.name, "shape": value.shape, "offset": offset})
            offset += value.nbytes
    outside = int((np.abs(columns["action"]) > 1).any(axis=(1, 2)).sum())
    ending = int(columns["terminated"].any(axis=1).sum())
    header = {
        "format": 1,
        "robot": name,
        "made_with": PINS,
        "stretches_with_actions_out_of_bounds": outside,
        "stretches_through_termination": ending,
        "bytes": offset,
        "arrays": arrays,
        "start_rows": rows,
    }
    with open(out / f"{name}.json", "w", encoding="utf-8") as file:
        # One array or row per line, so that a regeneration diffs well.
        fields = [f"{json.dumps(key)}: {lines(value)}" for key, value in header.items()]
        file.write("{\n" + ",\n".join(fields) + "\n}\n")
    print(f"{name}: {offset} bytes, {outside} stretches out of bounds, {ending} through termination")


def main():
    check_pins()
    data = pathlib.Path(sys.argv[1])
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).parent
    for name in ROBOTS:
        rows, columns = generate(name, data)
        write(name, rows, columns, out)


if __name__ == "__main__":
    main()
