#!/usr/bin/env python3
"""Seconds of intervals beside rliable, 10 runs of 30 tasks: the interquartile mean with 50,000 replicates (`assay table`), or with --improvement the
probability of improvement of all 45 pairs of 10 pipelines with 2,000 replicates (`assay aggregate --improvement`).

Usage: benchmarks/speed/intervals.py [--improvement] [--repeats 5] [--binary target/debug/assay], from the repository's root, with numpy, pyarrow and the
packages of tests/golden/analysis/requirements.txt. Both sides in turn, by processor time: ours is a whole process, start and reading included;
rliable's is the call alone, its imports left out, and of one pair of the 45, times 45. Prints medians, the range of the ratio, and both intervals.
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
PIPELINES, IMPROVEMENT_REPLICATES = 10, 2_000


def study(folder, scores):
    """Writes a study of one pipeline, `scores` [runs, tasks], or of several, [pipelines, runs, tasks]."""
    scores = scores if scores.ndim == 3 else scores[None]
    names = ["ours", *(f"other {p}" for p in range(1, len(scores)))]
    description = {
        "format": 1, "study": "synthetic", "title": "Synthetic", "manifest_digest": "0" * 64,
        "benchmarks": [{"id": f"task/{t}-v0", "environment": "task/task-v0", "normalizer": None} for t in range(TASKS)],
        "pipelines": [{"name": name, "labels": {"kind": "all"}} for name in names], "axes": [], "sweeps": [], "reference": {},
        "tables": [{"id": "score", "benchmark": None, "metric": "score", "rows": "pipeline", "columns": "kind", "better": "higher"}],
        "findings": [],
    }
    (folder / "study.json").write_text(json.dumps(description))
    cells = [(p, t, s) for p in range(len(names)) for t in range(TASKS) for s in range(RUNS)]
    n = len(cells)
    columns = {
        "benchmark": [f"task/{t}-v0" for _, t, _ in cells], "pipeline": [names[p] for p, _, _ in cells],
        "seed": pa.array([s for _, _, s in cells], pa.int64()),
        "tuning": [False] * n, "point": ["{}"] * n, "reference": [True] * n, "update": pa.array([1] * n, pa.int64()), "last": [True] * n,
        "metric": ["score"] * n, "value": [float(scores[p, s, t]) for p, t, s in cells], "status": ["ok"] * n,
        "reason": pa.array([None] * n, pa.string()), "evaluation_id": [f"{p}/{t}/{s}" for p, t, s in cells],
    }
    pq.write_table(pa.table(columns), folder / "observations.parquet")


def ours(binary, folder, command, value):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = subprocess.run([binary, *command, str(folder), "--format", "csv"], check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    row = next(csv.DictReader(io.StringIO(text)))
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, float(row[value]), (float(row["low"]), float(row["high"]))


def theirs(scores, statistic, replicates):
    before = time.process_time()
    points, intervals = library.get_interval_estimates({"x": scores}, statistic, reps=replicates)
    return time.process_time() - before, float(points["x"][0]), tuple(float(x) for x in intervals["x"][:, 0])


def iqm(x):
    return np.array([metrics.aggregate_iqm(x)])


def improvement(x, y):
    return np.array([metrics.probability_of_improvement(x, y)])


def pair(args, folder, scores):
    if args.improvement:
        command = ["aggregate", "--metric", "score", "--improvement", "--rliable"]
        seconds, *rest = theirs((scores[0], scores[1]), improvement, IMPROVEMENT_REPLICATES)
        pairs = PIPELINES * (PIPELINES - 1) // 2
        return ours(args.binary, folder, command, "probability"), (seconds * pairs, *rest)
    return ours(args.binary, folder, ["table"], "iqm"), theirs(scores, iqm, REPLICATES)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--improvement", action="store_true", help="all pairs of 10 pipelines in place of one interquartile mean")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--binary", default="target/debug/assay")
    args = parser.parse_args()
    shape = (PIPELINES, RUNS, TASKS) if args.improvement else (RUNS, TASKS)
    scores = np.random.default_rng(0).uniform(size=shape)
    with tempfile.TemporaryDirectory() as folder:
        study(Path(folder), scores)
        pairs = [pair(args, Path(folder), scores) for _ in range(args.repeats)]
    ratios = [b[0] / a[0] for a, b in pairs]
    middle = lambda side: statistics.median(pair[side][0] for pair in pairs)
    print(f"ours {middle(0):.3f} s, rliable {middle(1):.2f} s, ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
    (_, value, interval), (_, other, plain) = pairs[0]
    print(f"ours {value:.4f} {interval}, rliable {other:.4f} {plain}")
    assert abs(value - other) < 1e-12


if __name__ == "__main__":
    main()
