#!/usr/bin/env python3
"""Seconds and memory of `assay table` on 30,000 runs with 200 evaluations each.

Usage: benchmarks/speed/table.py [--seeds 15] [--evaluations 200] [--repeats 5] [--binary target/debug/assay] [--keep DIR], from the
repository's root, with numpy and pyarrow. The study is that of `report.py` (10 pipelines on 50 benchmarks at 4 points), with 15 seeds, one metric and
its learning curve: 6,000,000 observations. Nothing of it was trained. Each repeat is a process of its own, cold but for the file
cache; its table has the interquartile mean at the last evaluation with a 95 % interval in 500 cells. With --metric, another column:
`episode_return_mean@mean-last-10` reads every evaluation. Prints a Markdown table of medians with ranges.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from report import AXES, BENCHMARKS, LEVELS, PIPELINES, ROW_GROUP, benchmark, describe, digest, pipeline

METRIC = "episode_return_mean"
TEXT = pa.string()
SCHEMA = pa.schema([
    ("benchmark", TEXT), ("pipeline", TEXT), ("seed", pa.int64()), ("tuning", pa.bool_()), ("point", TEXT), ("reference", pa.bool_()),
    ("update", pa.int64()), ("last", pa.bool_()), ("metric", TEXT), ("value", pa.float64()), ("status", TEXT), ("reason", TEXT),
    ("evaluation_id", TEXT),
])


def curve(p, b, value, policy, seed, evaluations, random):
    """The rows of one run."""
    same = lambda x: [x] * evaluations
    rise = np.linspace(0.0, 1.0 + p + policy, evaluations) + random.gamma(2.0, size=evaluations)
    return [
        same(benchmark(b)), same(pipeline(p)), same(seed), same(False), same(json.dumps(dict(zip(AXES, [value, policy])), sort_keys=True)),
        same(value == policy == 1.0), [1000 * (k + 1) for k in range(evaluations)], [k + 1 == evaluations for k in range(evaluations)],
        same(METRIC), rise.tolist(), same("ok"), same(None), same(digest("evaluation", p, b, value, policy, seed)),
    ]


def write(folder, seeds, evaluations):
    folder.mkdir(parents=True)
    study = describe()
    study["tables"] = [t for t in study["tables"] if t["metric"] == METRIC]
    (folder / "study.json").write_text(json.dumps(study))
    random = np.random.default_rng(0)
    with pq.ParquetWriter(folder / "observations.parquet", SCHEMA, compression="zstd") as file:
        for p in range(PIPELINES):
            columns = [[] for _ in SCHEMA]
            for b in range(BENCHMARKS):
                for value in LEVELS:
                    for policy in LEVELS:
                        for seed in range(seeds):
                            for column, xs in zip(columns, curve(p, b, value, policy, seed, evaluations, random)):
                                column.extend(xs)
            file.write_table(pa.table(columns, schema=SCHEMA), row_group_size=ROW_GROUP)


def measure(command):
    """Seconds by the wall clock and of the processor, and MiB at the peak, of one process."""
    script = "import resource,subprocess,sys,time\nt=time.perf_counter()\nsubprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL)\n"
    script += "w=time.perf_counter()-t\nr=resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(w,r.ru_utime+r.ru_stime,r.ru_maxrss/1024)"
    done = subprocess.run([sys.executable, "-c", script, *map(str, command)], check=True, capture_output=True, text=True)
    return [float(x) for x in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=15)
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--metric", default=METRIC)
    parser.add_argument("--binary", default="target/debug/assay")
    parser.add_argument("--keep", type=Path, help="leave the study in this folder, or use the one there")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)) / "curves"
        if not folder.exists():
            write(folder, args.seeds, args.evaluations)
        rows = pq.read_metadata(folder / "observations.parquet").num_rows
        command = [args.binary, "table", folder, "--metric", args.metric, "--format", "csv"]
        wall, processor, peak = zip(*[measure(command) for _ in range(args.repeats)])
    show = lambda xs: f"{statistics.median(xs):.2f} ({min(xs):.2f} to {max(xs):.2f})"
    print("| runs | evaluations | metric | wall, s | processor, s | peak, MiB |\n|---|---|---|---|---|---|")
    print(f"| {rows // args.evaluations:,} | {rows:,} | `{args.metric}` | {show(wall)} | {show(processor)} | {max(peak):.0f} |")


if __name__ == "__main__":
    main()
