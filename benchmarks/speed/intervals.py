#!/usr/bin/env python3
"""Seconds of the interquartile mean with its 95 % interval, 50,000 replicates, 10 runs of 30 tasks: `assay table` beside rliable.

Usage: benchmarks/speed/intervals.py [--repeats 5] [--binary target/debug/assay], from the repository's root, with numpy, pyarrow and the packages
of tests/golden/analysis/requirements.txt. Both sides in turn, by processor time: ours is a whole process, start and reading included;
rliable's is the call alone, its imports left out. Prints medians, the range of the ratio, and both intervals.
"""

import argparse
import csv
import io
import json
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rliable import library, metrics

RUNS, TASKS, REPLICATES = 10, 30, 50_000


def study(folder, scores):
    description = {
        "format": 1, "study": "synthetic", "title": "Synthetic", "manifest_digest": "0" * 64,
        "benchmarks": [{"id": f"task/{t}-v0", "environment": "task/task-v0", "normalizer": None} for t in range(TASKS)],
        "pipelines": [{"name": "ours", "labels": {"kind": "all"}}], "axes": [], "sweeps": [], "reference": {},
        "tables": [{"id": "score", "benchmark": None, "metric": "score", "rows": "pipeline", "columns": "kind", "better": "higher"}],
        "findings": [],
    }
    (folder / "study.json").write_text(json.dumps(description))
    cells = [(t, s) for t in range(TASKS) for s in range(RUNS)]
    n = len(cells)
    columns = {
        "benchmark": [f"task/{t}-v0" for t, _ in cells], "pipeline": ["ours"] * n, "seed": pa.array([s for _, s in cells], pa.int64()),
        "tuning": [False] * n, "point": ["{}"] * n, "reference": [True] * n, "update": pa.array([1] * n, pa.int64()), "last": [True] * n,
        "metric": ["score"] * n, "value": [float(scores[s, t]) for t, s in cells], "status": ["ok"] * n,
        "reason": pa.array([None] * n, pa.string()), "evaluation_id": [f"{t}/{s}" for t, s in cells],
    }
    pq.write_table(pa.table(columns), folder / "observations.parquet")


def ours(binary, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = subprocess.run([binary, "table", str(folder), "--format", "csv"], check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    row = next(csv.DictReader(io.StringIO(text)))
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, float(row["iqm"]), (float(row["low"]), float(row["high"]))


def theirs(scores):
    before = time.process_time()
    iqm = lambda x: np.array([metrics.aggregate_iqm(x)])
    points, intervals = library.get_interval_estimates({"x": scores}, iqm, reps=REPLICATES)
    return time.process_time() - before, float(points["x"][0]), tuple(intervals["x"][:, 0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--binary", default="target/debug/assay")
    args = parser.parse_args()
    scores = np.random.default_rng(0).uniform(size=(RUNS, TASKS))
    with tempfile.TemporaryDirectory() as folder:
        study(Path(folder), scores)
        pairs = [(ours(args.binary, Path(folder)), theirs(scores)) for _ in range(args.repeats)]
    ratios = [b[0] / a[0] for a, b in pairs]
    middle = lambda side: statistics.median(pair[side][0] for pair in pairs)
    print(f"ours {middle(0):.3f} s, rliable {middle(1):.2f} s, ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
    (_, value, interval), (_, other, plain) = pairs[0]
    print(f"ours {value:.4f} {interval}, rliable {other:.4f} {plain}")
    assert abs(value - other) < 1e-12


if __name__ == "__main__":
    main()
