"""Writes what h5py and hashlib say about D4RL-layout files: the numbers that the Rust importer must reproduce.

    python h5py_reference.py <out.json> <file.hdf5>...

Per file: rows; per array the exactly rounded float64 sum (math.fsum), the SHA-256 of its little-endian bytes and five
random rows; the episode boundaries, mean return over complete episodes, and the logical digest, computed here from its
definition and from nothing of the Rust code.
"""

import hashlib
import json
import math
import pathlib
import platform
import sys

import h5py
import numpy as np

SIDE = {"infos/qpos": "qpos", "infos/qvel": "qvel", "infos/action_log_probs": "action_log_prob"}


def sha256(values):
    return hashlib.sha256(np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()).hexdigest()


def column(values, rows):
    return {
        "dtype": {"float32": "f32", "float64": "f64"}[values.dtype.name],
        "width": 1 if values.ndim == 1 else values.shape[1],
        "sum": math.fsum(values.astype(np.float64).ravel().tolist()),
        "sha256": sha256(values),
        "rows": [np.atleast_1d(values[row]).astype(np.float64).tolist() for row in rows],
    }


def final_observations(data, last):
    """SHA-256 over (row number, next observation) of each episode's last row, and how many there are."""
    digest = hashlib.sha256()
    if "next_observations" not in data:
        return digest.hexdigest(), 0
    ends = np.flatnonzero(last)
    for row in ends:
        digest.update(int(row).to_bytes(8, "little"))
        digest.update(data["next_observations"][row].astype("<f4").tobytes())
    return digest.hexdigest(), len(ends)


def logical(n, obs, act, digests):
    text = f"assay/transitions/1\nrows\t{n}\n"
    widths = {"observation": obs, "action": act, "final_observation": obs}
    dtypes = {"episode": "u32", "terminated": "bool", "truncated": "bool"}
    for name in ["episode", "observation", "action", "reward", "terminated", "truncated", "final_observation"]:
        text += f"{name}\t{dtypes.get(name, 'f32')}\t{widths.get(name, 1)}\t{digests[name]}\n"
    return hashlib.sha256(text.encode()).hexdigest()


def reference(path):
    with h5py.File(path) as file:
        keys = ["observations", "actions", "rewards", "terminals", "timeouts", "next_observations", *SIDE]
        data = {key: file[key][()] for key in keys if key in file}
    n = len(data["rewards"])
    rows = sorted(np.random.default_rng(n).choice(n, 5, replace=False).tolist())
    ends = data["terminals"] | data["timeouts"]
    last = ends.copy()
    last[-1] = True
    episode = (np.cumsum(last) - last).astype(np.uint32)
    names = {"observations": "observation", "actions": "action", "rewards": "reward", **SIDE}
    columns = {name: column(data[key], rows) for key, name in names.items() if key in data}
    final_digest, finals = final_observations(data, last)
    digests = {name: entry["sha256"] for name, entry in columns.items()}
    digests |= {
        "episode": sha256(episode),
        "terminated": sha256(data["terminals"].astype(np.uint8)),
        "truncated": sha256(data["timeouts"].astype(np.uint8)),
        "final_observation": final_digest,
    }
    complete = int(ends.sum())
    returns = np.bincount(episode, weights=data["rewards"].astype(np.float64))[:complete]
    return {
        "transitions": n,
        "episodes": int(last.sum()),
        "complete_episodes": complete,
        "terminated": int(data["terminals"].sum()),
        "truncated": int(data["timeouts"].sum()),
        "final_observations": finals,
        "mean_return": float(returns.mean()),
        "checked_rows": rows,
        "columns": columns,
        "digests": digests,
        "logical_digest": logical(n, data["observations"].shape[1], data["actions"].shape[1], digests),
    }


def main(out, files):
    versions = {"python": platform.python_version(), "h5py": h5py.__version__, "hdf5": h5py.version.hdf5_version, "numpy": np.__version__}
    result = {"versions": versions, "files": {path.name: reference(path) for path in sorted(files)}}
    out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]])
