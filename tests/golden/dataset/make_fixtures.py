"""Writes the small D4RL-layout files under tests/fixtures/data/d4rl.

    python make_fixtures.py <folder>

Needs h5py and numpy (versions in h5py_reference.json). The dynamics are a toy; what matters is the awkward layout:
terminal episodes, timeouts, an episode of one row, an incomplete last episode, `next_observations`, column-wise gzip
chunks that no window size divides, and, in the malformed files, one defect each.
"""

import pathlib
import sys

import h5py
import numpy as np

ROWS, OBS, ACT = 311, 5, 2
LENGTHS = [40, 1, 25, 60, 7, 100, 50]  # the remaining 28 rows are an episode that is cut off
ENDS = ["terminal", "terminal", "timeout", "timeout", "terminal", "timeout", "terminal"]


def arrays():
    rng = np.random.default_rng(20260406)
    obs = np.zeros((ROWS, OBS), np.float32)
    nxt = np.zeros_like(obs)
    act = np.clip(rng.normal(size=(ROWS, ACT)), -1, 1).astype(np.float32)
    terminals = np.zeros(ROWS, bool)
    timeouts = np.zeros(ROWS, bool)
    row = 0
    for length, end in zip(LENGTHS + [ROWS], ENDS + ["cut"]):
        state = rng.normal(size=OBS).astype(np.float32)
        for _ in range(min(length, ROWS - row)):
            obs[row] = state
            state = (0.9 * state + 0.1 * act[row].sum() + 0.05 * rng.normal(size=OBS)).astype(np.float32)
            nxt[row] = state
            row += 1
        if end == "terminal":
            terminals[row - 1] = True
        elif end == "timeout":
            timeouts[row - 1] = True
    rewards = (1 - np.square(obs).sum(1) - 0.1 * np.square(act).sum(1)).astype(np.float32)
    return {
        "observations": obs,
        "actions": act,
        "rewards": rewards,
        "terminals": terminals,
        "timeouts": timeouts,
        "next_observations": nxt,
        "infos/qpos": obs[:, :3].astype(np.float64),
        "infos/qvel": obs[:, 3:],
        "infos/action_log_probs": rng.normal(size=ROWS).astype(np.float32),
        "infos/note": np.arange(ROWS, dtype=np.int32),
    }


def write(path, data, chunked=True):
    with h5py.File(path, "w") as file:
        for key, values in data.items():
            options = {}
            if chunked and len(values):
                options = {"compression": "gzip", "chunks": (97,) + (1,) * (values.ndim - 1)}
            file.create_dataset(key, data=values, **options)
        file["metadata/algorithm"] = np.bytes_("toy")
        file["metadata/iteration"] = np.int32(7)


def changed(data, **changes):
    """A copy with keys replaced (`__` stands for `/`), or left out where the value is None."""
    changes = {key.replace("__", "/"): value for key, value in changes.items()}
    return {key: changes.get(key, value) for key, value in data.items() if changes.get(key, value) is not None}


def side(data):
    ends = data["terminals"] | data["timeouts"]
    last = int(np.flatnonzero(ends)[-1]) + 1
    episodes = np.split(data["rewards"][:last].astype(np.float64), np.flatnonzero(ends)[:-1] + 1)
    mean = float(np.mean([r.sum() for r in episodes]))
    return f"""environment = "Toy-v0"
licence = "MIT OR Apache-2.0"
source = "tests/golden/dataset/make_fixtures.py"
seed = 20260406
transitions = {ROWS}
complete_episodes = {len(episodes)}
rows_after_last_complete_episode = {ROWS - last}
terminals = {int(data["terminals"].sum())}
timeouts = {int(data["timeouts"].sum())}
mean_return = {mean:.4f}

[[behaviour]]
policy = "clipped standard normal"
weights = "none"
episodes = 8
"""


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    good = arrays()
    write(folder / "toy.hdf5", good)
    (folder / "toy.toml").write_text(side(good))
    bare = changed(good, next_observations=None, infos__qpos=None, infos__qvel=None, infos__action_log_probs=None, infos__note=None)
    write(folder / "toy-contiguous.hdf5", bare, chunked=False)
    write(folder / "toy-no-timeouts.hdf5", changed(bare, timeouts=None))
    write(folder / "toy-float64.hdf5", changed(bare, observations=bare["observations"].astype(np.float64)))

    def spoiled(key, index, value):
        values = bare[key].copy()
        values[index] = value
        return changed(bare, **{key: values})

    write(folder / "bad-unequal-lengths.hdf5", changed(bare, rewards=bare["rewards"][:-3]))
    write(folder / "bad-missing-key.hdf5", changed(bare, actions=None))
    write(folder / "bad-nan.hdf5", spoiled("observations", (123, 2), np.nan))
    write(folder / "bad-infinite-reward.hdf5", spoiled("rewards", 200, -np.inf))
    write(folder / "bad-rank.hdf5", changed(bare, actions=bare["actions"][:, 0]))
    write(folder / "bad-dtype.hdf5", changed(bare, terminals=bare["terminals"].astype(np.float32)))
    write(folder / "bad-flag.hdf5", changed(bare, terminals=bare["terminals"].astype(np.uint8) * 3))
    write(folder / "bad-empty.hdf5", {key: values[:0] for key, values in bare.items()})
    jump = good["next_observations"].copy()
    jump[70] += 1
    write(folder / "bad-discontinuity.hdf5", changed(bare | {"next_observations": jump}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
