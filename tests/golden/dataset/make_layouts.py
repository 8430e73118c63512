"""Writes small files of every layout that `assay dataset import` reads, under tests/fixtures/data/layouts.

    python make_layouts.py <folder>

Needs numpy, h5py and pyarrow (versions in layouts.json beside the files). The same ten episodes are written in each
layout that can hold them; OGBench's has no rewards, and d3rlpy's old files no last observation. `layouts.json` holds
what an import of each must give: counts, and the logical digest computed here, by the definition in
`harness/dataset/src/digest.rs`.
"""

import csv
import hashlib
import io
import json
import pathlib
import pickle
import shutil
import sys
import zipfile

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

OBS, ACT = 3, 2
LENGTHS = [5, 1, 9, 12, 3, 20, 7, 2, 30, 11]
TERMINAL = [True, True, False, False, True, False, True, False, False, True]


def episodes():
    rng = np.random.default_rng(20261129)
    out = []
    for length, terminal in zip(LENGTHS, TERMINAL):
        obs = rng.normal(size=(length + 1, OBS)).astype(np.float32)
        act = np.clip(rng.normal(size=(length, ACT)), -1, 1).astype(np.float32)
        rew = (obs[1:, 0] - 0.1 * np.square(act).sum(1)).astype(np.float32)
        out.append({"obs": obs, "act": act, "rew": rew, "terminal": terminal})
    return out


def flat(data):
    """One row per transition."""
    ends = lambda flag: np.concatenate([np.r_[np.zeros(len(e["rew"]) - 1, bool), e["terminal"] == flag] for e in data])
    return {
        "observations": np.concatenate([e["obs"][:-1] for e in data]),
        "actions": np.concatenate([e["act"] for e in data]),
        "rewards": np.concatenate([e["rew"] for e in data]),
        "terminals": ends(True),
        "timeouts": ends(False),
        "next_observations": np.concatenate([e["obs"][1:] for e in data]),
    }


def states(data):
    """One row per state; the action of an episode's last row is never taken."""
    last = lambda values: np.concatenate([values, values[-1:]])
    return {
        "observations": np.concatenate([e["obs"] for e in data]),
        "actions": np.concatenate([last(e["act"]) for e in data]),
        "arrivals": np.concatenate([np.r_[np.float32(0), e["rew"]] for e in data]),
        "ends": np.concatenate([np.r_[np.zeros(len(e["rew"]), bool), True] for e in data]),
        "terminals": np.concatenate([np.r_[np.zeros(len(e["rew"]), bool), e["terminal"]] for e in data]),
    }


def digest(data, rewards=True, ends=True):
    """The logical digest, and counts."""
    rows = flat(data)
    n = len(rows["rewards"])
    if not rewards:
        rows["rewards"] = np.zeros(n, np.float32)
    if not ends:
        rows["timeouts"], rows["terminals"] = rows["timeouts"] | rows["terminals"], np.zeros(n, bool)
    episode = np.repeat(np.arange(len(data), dtype=np.uint32), [len(e["rew"]) for e in data])
    last = np.flatnonzero(rows["terminals"] | rows["timeouts"])
    final = b"".join(int(row).to_bytes(8, "little") + rows["next_observations"][row].tobytes() for row in last)
    columns = [
        ("episode", "u32", 1, episode.astype("<u4").tobytes()),
        ("observation", "f32", OBS, rows["observations"].tobytes()),
        ("action", "f32", ACT, rows["actions"].tobytes()),
        ("reward", "f32", 1, rows["rewards"].tobytes()),
        ("terminated", "bool", 1, rows["terminals"].tobytes()),
        ("truncated", "bool", 1, rows["timeouts"].tobytes()),
        ("final_observation", "f32", OBS, final),
    ]
    text = f"assay/transitions/1\nrows\t{n}\n"
    for name, dtype, width, values in columns:
        text += f"{name}\t{dtype}\t{width}\t{hashlib.sha256(values).hexdigest()}\n"
    return {
        "transitions": n,
        "episodes": len(data),
        "terminated": int(rows["terminals"].sum()),
        "truncated": int(rows["timeouts"].sum()),
        "logical_digest": hashlib.sha256(text.encode()).hexdigest(),
    }


def savez(path, arrays, method=zipfile.ZIP_DEFLATED):
    """`numpy.savez` with fixed times, so that the bytes are the same again."""
    with zipfile.ZipFile(path, "w") as archive:
        for key, values in arrays.items():
            text = io.BytesIO()
            np.lib.format.write_array(text, np.asarray(values))
            info = zipfile.ZipInfo(f"{key}.npy")
            info.compress_type = method
            archive.writestr(info, text.getvalue())


def hdf5(path, arrays, **options):
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            file.create_dataset(key, data=values, **(options if np.ndim(values) else {}))


def minari(folder, data, arrow):
    folder = folder / "data"
    folder.mkdir(parents=True)
    box = lambda n, low, high: json.dumps({"type": "Box", "dtype": "float32", "shape": [n], "low": [low] * n, "high": [high] * n})
    facts = {
        "total_episodes": len(data),
        "total_steps": sum(LENGTHS),
        "data_format": "arrow" if arrow else "hdf5",
        "observation_space": box(OBS, float("-inf"), float("inf")),
        "action_space": box(ACT, -1.0, 1.0),
        "env_spec": json.dumps({"id": "Toy-v0"}),
        "dataset_id": "toy/plain-v0",
        "algorithm_name": "clipped standard normal",
        "minari_version": "0.5.4",
    }
    (folder / "metadata.json").write_text(json.dumps(facts))
    flags = lambda e, flag: np.r_[np.zeros(len(e["rew"]) - 1, bool), e["terminal"] == flag]
    if not arrow:
        with h5py.File(folder / "main_data.hdf5", "w") as file:
            for i, e in enumerate(data):
                group = file.create_group(f"episode_{i}")
                group.attrs["id"] = i
                group.attrs["total_steps"] = len(e["rew"])
                group["observations"], group["actions"], group["rewards"] = e["obs"], e["act"], e["rew"]
                group["terminations"], group["truncations"] = flags(e, True), flags(e, False)
                group["infos/distance"] = e["obs"][:, 0].astype(np.float64)
        return
    for i, e in enumerate(data):
        part = folder / str(i)
        part.mkdir()
        (part / "metadata.json").write_text(json.dumps({"id": i, "total_steps": len(e["rew"])}))
        padded = lambda values: np.concatenate([values, values[-1:]])
        lists = lambda values: pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
        table = pa.record_batch(
            {
                "observations": lists(e["obs"]),
                "actions": lists(padded(e["act"])),
                "rewards": pa.array(padded(e["rew"])),
                "terminations": pa.array(padded(flags(e, True))),
                "truncations": pa.array(padded(flags(e, False))),
                "infos": pa.StructArray.from_arrays([pa.array(e["obs"][:, 0].astype(np.float64))], ["distance"]),
            }
        )
        with pa.OSFile(str(part / "part-0.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write(table)


def exorl(folder, data):
    folder.mkdir(parents=True)
    for i, e in enumerate(data):
        n = len(e["rew"])
        discount = np.ones(n + 1, np.float32)
        discount[-1] = 0.0 if e["terminal"] else 1.0
        first = lambda values: np.concatenate([np.zeros_like(values[:1]), values])
        savez(
            folder / f"episode_{i:06d}_{n}.npz",
            {
                "observation": e["obs"],
                "action": first(e["act"]),
                "reward": first(e["rew"])[:, None],
                "discount": discount[:, None],
                "physics": e["obs"].astype(np.float64).repeat(6, 1),
            },
        )


def tables(folder, data):
    rows = flat(data)
    episode = np.repeat(np.arange(len(data)), [len(e["rew"]) for e in data])
    columns = {"episode": episode.astype(np.int64)}
    columns |= {f"obs_{i}": rows["observations"][:, i] for i in range(OBS)}
    columns |= {f"act_{i}": rows["actions"][:, i] for i in range(ACT)}
    columns |= {"reward": rows["rewards"], "terminated": rows["terminals"], "truncated": rows["timeouts"]}
    columns |= {f"next_{i}": rows["next_observations"][:, i] for i in range(OBS)}
    pq.write_table(pa.table(columns), folder / "toy.parquet", compression="zstd")
    with open(folder / "toy.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for values in zip(*columns.values()):
            writer.writerow([int(v) if isinstance(v, (np.bool_, np.integer)) else str(v) for v in values])
    (folder / "mapping.toml").write_text(
        'episode = "episode"\nobservation = "obs_*"\naction = ["act_0", "act_1"]\nreward = "reward"\n'
        'terminated = "terminated"\ntruncated = "truncated"\nnext_observation = "next_*"\n'
    )


def bad(folder, rows, walk):
    folder.mkdir()
    objects = np.array([{"a": 1}, None], dtype=object)
    savez(folder / "objects.npz", {"observations": objects, "actions": rows["actions"], "terminals": walk["ends"]})
    (folder / "rollouts.pkl").write_bytes(pickle.dumps([{"observation": [1.0]}], protocol=4))
    fortran = np.asfortranarray(rows["observations"])
    savez(folder / "fortran.npz", {**rows, "observations": fortran})
    savez(folder / "float64.npz", {**rows, "observations": rows["observations"].astype(np.float64)})
    savez(folder / "big-endian.npz", {key: v.astype(v.dtype.newbyteorder(">")) for key, v in rows.items()})
    savez(folder / "stored.npz", rows, zipfile.ZIP_STORED)

    def header(shape):
        text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()

    with zipfile.ZipFile(folder / "claims-2-60-rows.npz", "w") as archive:
        archive.writestr(zipfile.ZipInfo("observations.npy"), header(f"({2**60}, 3)") + bytes(1 << 15))
        archive.writestr(zipfile.ZipInfo("actions.npy"), header(f"({2**60}, 2)") + bytes(1 << 14))
        archive.writestr(zipfile.ZipInfo("terminals.npy"), header(f"({2**60},)"))
    with zipfile.ZipFile(folder / "outside.npz", "w") as archive:
        archive.writestr(zipfile.ZipInfo("../observations.npy"), header("(0, 3)"))
    with h5py.File(folder / "claims-2-60-rows.hdf5", "w") as file:
        for key, width in [("observations", (3,)), ("actions", (2,)), ("rewards", ()), ("terminals", ())]:
            file.create_dataset(key, shape=(2**60 // 64, *width), chunks=(1024, *width), dtype="f4")
    with h5py.File(folder / "links.hdf5", "w") as file:
        for key in ["actions", "rewards", "terminals"]:
            file[key] = rows[key]
        file["observations"] = h5py.ExternalLink("secret.hdf5", "/observations")
    with h5py.File(folder / "external-storage.hdf5", "w") as file:
        for key in ["actions", "rewards", "terminals"]:
            file[key] = rows[key]
        raw = [("secret.bin", 0, rows["observations"].nbytes)]
        file.create_dataset("observations", shape=rows["observations"].shape, dtype="f4", external=raw)
    with h5py.File(folder / "virtual.hdf5", "w") as file:
        for key in ["actions", "rewards", "terminals"]:
            file[key] = rows[key]
        layout = h5py.VirtualLayout(shape=rows["observations"].shape, dtype="f4")
        layout[:] = h5py.VirtualSource("secret.hdf5", "observations", shape=rows["observations"].shape)
        file.create_virtual_dataset("observations", layout)
    for leftover in folder.glob("secret*"):
        leftover.unlink()


def main(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    data = episodes()
    rows, walk = flat(data), states(data)
    starts = np.cumsum([0] + LENGTHS)
    hdf5(folder / "toy-d4rl.hdf5", rows, compression="gzip", chunks=True)
    savez(folder / "toy-npz.npz", rows)
    og = {"observations": walk["observations"], "actions": walk["actions"], "terminals": walk["ends"]}
    savez(folder / "toy-ogbench.npz", og | {"qpos": walk["observations"][:, :2], "qvel": walk["observations"][:, 2:]})
    savez(
        folder / "toy-neorl.npz",
        {
            "obs": rows["observations"],
            "next_obs": rows["next_observations"],
            "action": rows["actions"],
            "reward": rows["rewards"][:, None],
            "done": rows["terminals"].astype(np.float32)[:, None],
            "index": starts[:-1],
        },
    )
    savez(
        folder / "toy-imitation.npz",
        {
            "obs": walk["observations"],
            "acts": rows["actions"],
            "rews": rows["rewards"],
            "terminal": np.array(TERMINAL),
            "indices": starts[1:-1],
            "infos": np.array([{}] * len(rows["rewards"]), dtype=object),
        },
    )
    old = {
        "observations": walk["observations"],
        "actions": walk["actions"],
        "rewards": walk["arrivals"],
        "terminals": walk["terminals"].astype(np.float32),
        "episode_terminals": walk["ends"].astype(np.float32),
        "create_mask": np.bool_(False),
        "mask_size": np.int64(1),
        "discrete_action": np.bool_(False),
    }
    hdf5(folder / "toy-d3rlpy.h5", old)
    ends = (rows["terminals"] | rows["timeouts"]).astype(np.float32)
    new = {key: rows[key] for key in ["observations", "actions", "rewards"]}
    new |= {"terminals": rows["terminals"].astype(np.float32), "episode_terminals": ends, "discrete_action": np.bool_(False)}
    hdf5(folder / "toy-d3rlpy-1.0.h5", new | {"version": np.bytes_("1.0")})
    minari(folder / "toy-minari-hdf5", data, arrow=False)
    minari(folder / "toy-minari-arrow", data, arrow=True)
    exorl(folder / "toy-exorl", data)
    tables(folder, data)
    bad(folder / "bad", rows, walk)
    versions = {"numpy": np.__version__, "h5py": h5py.__version__, "pyarrow": pa.__version__}
    reference = {"versions": versions, "plain": digest(data), "without_rewards": digest(data, rewards=False, ends=False)}
    (folder / "layouts.json").write_text(json.dumps(reference, indent=2) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
