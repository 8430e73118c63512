#!/usr/bin/env python3
"""Bytes per processor second of importing and digesting datasets, and of the same in Python.

Usage: benchmarks/speed/datasets.py DATA [--repeats 5] [--times 5] [--profile dev], from the repository's root, with numpy,
h5py and pyarrow. DATA is a folder with `ogbench/antmaze-large-navigate-v0.npz` and `d4rl/halfcheetah_medium-v2.hdf5`;
their rows are repeated `times` times, beyond the reach of any compressor used here, under the same compression. Both sides
run one after the other, `repeats` times, each in a process of its own and in one thread. Ours counts the processor time,
user and system, of the whole process; Python's counts from after its imports. Bytes are those of all arrays, decompressed;
for the digest of a file those of the file. Prints a Markdown table of medians, with the range of the ratio, and peak memory.
"""

import argparse
import contextlib
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NPZ, HDF5 = "ogbench/antmaze-large-navigate-v0.npz", "d4rl/halfcheetah_medium-v2.hdf5"


# What child processes do. They import the packages, and this process does not: a process counts the memory of the one that
# started it as its own.


def packages():
    global h5py, np, pa, pq
    import h5py
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq


def load_npz(path):
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}


def load_hdf5(path):
    arrays = {}

    def read(name, item):
        if isinstance(item, h5py.Dataset) and item.ndim > 0:
            arrays[name.replace("/", "_")] = item[()]

    with h5py.File(path) as file:
        file.visititems(read)
    return arrays


def write_parquet(arrays, path):
    columns = {}
    for key, array in arrays.items():
        flat = pa.array(array.reshape(-1))
        columns[key] = flat if array.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, array.shape[1])
    pq.write_table(pa.table(columns), path, compression="zstd", use_dictionary=False)


def hash_file(path):
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while block := file.read(1 << 20):
            digest.update(block)


def hash_columns(path):
    for batch in pq.ParquetFile(path).iter_batches(batch_size=16_384, use_threads=False):
        for column in batch.columns:
            values = column.flatten() if pa.types.is_fixed_size_list(column.type) else column
            if pa.types.is_boolean(values.type):
                values = values.cast(pa.uint8())
            hashlib.sha256(values.to_numpy(zero_copy_only=False))


ORIGINALS = {
    "npz": lambda source, out: write_parquet(load_npz(source), out),
    "hdf5": lambda source, out: write_parquet(load_hdf5(source), out),
    "file": lambda source, out: hash_file(source),
    "logical": lambda source, out: hash_columns(source),
}


def play_original(name, source, out):
    packages()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    begin = time.process_time()
    ORIGINALS[name](source, out)
    print(time.process_time() - begin)


def size_of(arrays):
    return sum(array.nbytes for array in arrays.values())


def repeat_npz(source, target, times):
    arrays = {key: np.concatenate([array] * times) for key, array in load_npz(source).items()}
    np.savez_compressed(target, **arrays)
    return size_of(arrays)


def repeat_hdf5(source, target, times):
    total = 0
    with h5py.File(source) as old, h5py.File(target, "w") as new:

        def copy(name, item):
            nonlocal total
            if not isinstance(item, h5py.Dataset):
                return
            if item.ndim == 0:
                new[name] = item[()]
                return
            values = np.concatenate([item[()]] * times)
            new.create_dataset(name, data=values, chunks=item.chunks, compression=item.compression, compression_opts=item.compression_opts)
            total += values.nbytes

        old.visititems(copy)
    return total


def make_source(kind, source, target, times):
    packages()
    repeat = {"npz": repeat_npz, "hdf5": repeat_hdf5}[kind]
    print(repeat(source, target, int(times)))


# Both sides from outside.


def measured(command):
    """Processor seconds and peak MiB of a process, and what it prints."""
    read, write = os.pipe()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    os.close(write)
    with open(read) as pipe:
        text = pipe.read().strip()
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text


class Case:
    def __init__(self, name, arguments, original, source, size):
        self.name, self.arguments, self.original, self.source, self.size = name, arguments, original, source, size
        self.rates, self.peaks = [], []

    def repeat(self, program, folder):
        seconds, peak, _ = measured([program, *self.arguments])
        child = [sys.executable, __file__, "--original", self.original, self.source, str(folder / "original.parquet")]
        _, other_peak, text = measured(child)
        self.rates.append((self.size / seconds / 1e6, self.size / float(text) / 1e6))
        self.peaks.append((peak, other_peak))

    def row(self):
        ours, original = (statistics.median(column) for column in zip(*self.rates))
        peak, other_peak = (statistics.median(column) for column in zip(*self.peaks))
        ratios = sorted(a / b for a, b in self.rates)
        ratio = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        return f"| {self.name} | {ours:,.0f} | {original:,.0f} | {ratio} | {peak:,.0f} | {other_peak:,.0f} |"


def build(profile):
    subprocess.run(["cargo", "build", "--quiet", "--profile", profile, "-p", "dataset", "--example", "speed"], check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    return str(target / ("debug" if profile == "dev" else profile) / "examples/speed")


def cases(program, data, times, folder):
    npz, hdf5 = str(folder / "source.npz"), str(folder / "source.hdf5")
    make = [sys.executable, __file__, "--make"]
    sizes = [
        int(measured([*make, kind, str(data / name), target, str(times)])[2])
        for kind, name, target in (("npz", NPZ, npz), ("hdf5", HDF5, hdf5))
    ]
    roots = str(folder / "npz"), str(folder / "hdf5")
    for source, root in zip((npz, hdf5), roots):
        measured([program, "import", source, root])
    stored = str(folder / "hdf5/speed/measured-v0/transitions.parquet")
    decoded = int(measured([program, "size", stored])[2])
    for source, root, size in zip((npz, hdf5), roots, sizes):
        bytes_on_disk = os.path.getsize(f"{root}/speed/measured-v0/transitions.parquet")
        print(f"{os.path.basename(source)}: {size / 1e6:.1f} MB decompressed, {os.path.getsize(source) / 1e6:.1f} MB on disk, {bytes_on_disk / 1e6:.1f} MB imported")
    return [
        Case("import NPZ", ["import", npz, roots[0]], "npz", npz, sizes[0]),
        Case("import gzip HDF5", ["import", hdf5, roots[1]], "hdf5", hdf5, sizes[1]),
        Case("file digest", ["file", npz], "file", npz, os.path.getsize(npz)),
        Case("logical digest", ["logical", stored], "logical", stored, decoded),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--profile", default="dev")
    arguments = parser.parse_args()
    program = build(arguments.profile)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = cases(program, arguments.data, arguments.times, folder)
        for _ in range(arguments.repeats):
            for case in made:
                case.repeat(program, folder)
                with contextlib.suppress(FileNotFoundError):
                    os.remove(folder / "original.parquet")
    print("| work | ours, MB/s | Python, MB/s | ratio | peak, MiB | Python's peak, MiB |\n|---|---|---|---|---|---|")
    for case in made:
        print(case.row())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--original"]:
        play_original(*sys.argv[2:5])
    elif sys.argv[1:2] == ["--make"]:
        make_source(*sys.argv[2:6])
    else:
        main()
