"""What the scripts of this folder share: pins, arguments, recording and the file format.

A file <name>.json lists the arrays of <name>.bin (little-endian, one after the other): for N stretches of T steps
state [N, state_dim], action [N, T, A] float32, observation [N, T + 1, S], terminated [N, T] uint8 and, for each
environment that the file is for, reward:<id> [N, T]. `tolerance` 0 means equal bits. `facts` count what was visited.
"""

import argparse
import importlib.metadata
import json
import pathlib
import sys

import numpy as np

PINS = {
    "gymnasium": "1.4.0",
    "gymnasium-robotics": "1.4.2",
    "dm_control": "1.0.39",
    "ogbench": "1.2.1",
    "mujoco": "3.9.0",
    "numpy": "2.3.5",
}


def check_pins(*names):
    """Ends the script with status 3 unless exactly the pinned versions are installed."""
    expected = {name: PINS[name] for name in names}
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    if found != expected:
        print(f"needs {expected}, found {found}", file=sys.stderr)
        sys.exit(3)
    return expected


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--seed", type=int, default=0, help="the committed files have 0")
    return parser.parse_args()


def clipped(actions):
    return np.clip(actions, np.float32(-1), np.float32(1))


def lines(value):
    """JSON text; a list gets one line per element."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n " + ",\n ".join(map(json.dumps, value)) + "\n]"


def write(out, name, environments, made_with, columns, facts, tolerance=0.0):
    out.mkdir(parents=True, exist_ok=True)
    arrays, offset = [], 0
    with open(out / f"{name}.bin", "wb") as file:
        for key, rows in columns.items():
            value = np.ascontiguousarray(np.stack(rows))
            file.write(value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes())
            arrays.append({"name": key, "dtype": value.dtype.name, "shape": value.shape, "offset": offset})
            offset += value.nbytes
    header = {
        "format": 1,
        "environments": environments,
        "made_with": made_with,
        "tolerance": tolerance,
        "facts": {key: int(value) for key, value in facts.items()},
        "bytes": offset,
        "arrays": arrays,
    }
    with open(out / f"{name}.json", "w", encoding="utf-8") as file:
        # One array per line, so that a regeneration diffs well.
        fields = [f"{json.dumps(key)}: {lines(value)}" for key, value in header.items()]
        file.write("{\n" + ",\n".join(fields) + "\n}\n")
    print(f"{name}: {offset} bytes, {header['facts']}")
