#!/usr/bin/env python3
"""Plants each historical defect of offline data in one otherwise clean set.

Usage: make_defects.py [<output folder>]        needs h5py==3.16.0 numpy==2.3.5

The clean set: a point that is pulled to the origin and pushed by a noisy policy, 10 episodes of at most 50 steps, ended by
the time limit or where the point leaves a disc (terminated). Reward: progress towards the origin (in squared distance) minus a cost of the action, so
that a transition explains its own reward. Files are in D4RL's layout, as small as the checks allow.

Output: <name>.hdf5 and expected.json, which says for each file what lint has to find: the code, how many rows and the first
eight of them. `clean.hdf5` has nothing.
"""

import json
import pathlib
import sys

import h5py
import numpy as np

PINS = {"h5py": "3.16.0", "numpy": "2.3.5"}
EPISODES, LIMIT, DT = 10, 50, 0.1


def episode(rng):
    """Rows of one episode: observation [x, y, vx, vy], action [2], reward, terminated, truncated, next observation."""
    s = np.concatenate([rng.uniform(-1, 1, 2), np.zeros(2)])
    rows = []
    for t in range(LIMIT):
        a = np.clip(-0.3 * s[:2] + 0.5 * rng.normal(size=2), -1, 1)
        v = s[2:] + DT * (a - 0.4 * s[2:] - 0.5 * s[:2]) * 2
        s2 = np.concatenate([s[:2] + DT * v, v])
        reward = (s[:2] @ s[:2] - s2[:2] @ s2[:2]) / DT - 0.1 * a @ a
        terminated = bool(np.linalg.norm(s2[:2]) > 1.2)
        truncated = t + 1 == LIMIT and not terminated
        rows.append((s.copy(), a, reward, terminated, truncated, s2.copy()))
        if terminated:
            break
        s = s2
    return rows


def clean():
    rng = np.random.default_rng(2)
    rows = [row for _ in range(EPISODES) for row in episode(rng)]
    columns = [np.array(c) for c in zip(*rows)]
    names = ["observations", "actions", "rewards", "terminals", "timeouts", "next_observations"]
    data = dict(zip(names, columns))
    for name in ("observations", "actions", "rewards", "next_observations"):
        data[name] = data[name].astype(np.float32)
    return data


def ends(data):
    return np.flatnonzero(data["terminals"] | data["timeouts"])


def rows_of(rows):
    rows = [int(r) for r in rows]
    return {"count": len(rows), "first": rows[:8]}


def defects(base):
    """Yields (name, data, code, rows)."""
    copy = lambda: {k: v.copy() for k, v in base.items()}
    n, last = len(base["rewards"]), ends(base)
    timeouts = np.flatnonzero(base["timeouts"])

    data = copy()
    data["terminals"] |= data["timeouts"]
    data["timeouts"][:] = False
    yield "time-limit-terminated", data, "time-limit-terminated", timeouts

    # One row late: the first step of the next episode counts as the last of this one.
    data = copy()
    del data["next_observations"]
    data["timeouts"] = np.roll(data["timeouts"], 1)
    data["timeouts"][0] = False
    moved = [t for t in timeouts if t + 1 < n]
    yield "timeouts-misplaced", data, "timeouts-misplaced", moved

    # The same with next observations: the file contradicts itself.
    data = copy()
    data["timeouts"] = np.roll(data["timeouts"], 1)
    data["timeouts"][0] = False
    yield "timeouts-contradicted", data, "timeouts-misplaced", moved

    # No marks and no next observations: episodes run on until something terminates.
    data = copy()
    del data["next_observations"], data["timeouts"]
    yield "missing-timeouts", data, "missing-timeouts", [t for t in timeouts if t + 1 < n]

    data = copy()
    data["rewards"] = np.concatenate([[0], data["rewards"][:-1]]).astype(np.float32)
    yield "reward-late", data, "reward-shifted", range(n)

    data = copy()
    data["rewards"] = np.concatenate([data["rewards"][1:], [0]]).astype(np.float32)
    yield "reward-early", data, "reward-shifted", range(n)

    data = copy()
    data["observations"][37, 2] = np.nan
    data["rewards"][200] = np.inf
    # The next observation of the row before is the same state.
    data["next_observations"][36, 2] = np.nan
    yield "non-finite", data, "non-finite", [37, 200]

    data = copy()
    data["rewards"] = data["rewards"][:-3]
    yield "unequal-lengths", data, "unequal-lengths", []

    data = copy()
    data["rewards"] = data["rewards"].astype(np.float64)
    yield "wrong-dtype", data, "wrong-dtype", []

    data = copy()
    data["actions"][[5, 77], 1] = [1.25, -3.0]
    yield "actions-out-of-bounds", data, "actions-out-of-bounds", [5, 77]

    again = slice(last[1] + 1, last[2] + 1)
    data = {k: np.concatenate([v, v[again]]) for k, v in base.items()}
    yield "duplicate-trajectory", data, "duplicate-trajectory", [n]

    # An episode of one row, cut, whose next observation is not known.
    data = {k: np.insert(v, last[3] + 1, v[last[3]], axis=0) for k, v in copy().items()}
    del data["next_observations"]
    data["terminals"][last[3] + 1], data["timeouts"][last[3] + 1] = False, True
    yield "empty-episode", data, "empty-episode", [last[3] + 1]

    data = copy()
    data["observations"] = np.concatenate([data["observations"], np.full((n, 1), 0.5, np.float32)], 1)
    data["next_observations"] = np.concatenate([data["next_observations"], np.full((n, 1), 0.5, np.float32)], 1)
    yield "constant-column", data, "constant-column", range(n)


def write(path, data):
    with h5py.File(path, "w", track_order=False) as file:
        for name, values in sorted(data.items()):
            file.create_dataset(name, data=values, compression="gzip", track_times=False)


def main():
    found = {"h5py": h5py.__version__, "numpy": np.__version__}
    if found != PINS:
        sys.exit(f"make_defects.py needs {PINS}, found {found}")
    default = pathlib.Path(__file__).parents[2] / "fixtures/data/defects"
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    out.mkdir(parents=True, exist_ok=True)
    base = clean()
    write(out / "clean.hdf5", base)
    expected = {}
    for name, data, code, rows in defects(base):
        write(out / f"{name}.hdf5", data)
        expected[name] = {"code": code, "rows": rows_of(rows)}
    text = json.dumps({"versions": PINS, "files": expected}, indent=1)
    (out / "expected.json").write_text(text + "\n")


main()
