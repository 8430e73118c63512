#!/usr/bin/env python3
"""Seconds and bytes of `assay report` on a synthetic study.

Usage: benchmarks/speed/report.py [--seeds 5] [--repeats 5] [--binary target/debug/assay] [--keep DIR], from the repository's
root, with numpy and pyarrow. The study has 10 pipelines on 50 benchmarks at 4 points of 2 axes, 10,000 runs with 5 seeds; each run has a score and an error at its last snapshot and an origin of its own, with two stages. Nothing of it was
trained. More seeds make intervals dearer: 5 units have 126 different resamples, 10 have 92,378. Each repeat is a process of its own, cold but for the file cache, by the wall clock and by its processor time. Prints a
Markdown table of medians with ranges, and fails where the page is larger than 3 MiB for each 10,000 runs.
"""

import argparse
import hashlib
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

PIPELINES, BENCHMARKS, LEVELS = 10, 50, [0.1, 1.0]
METRICS = {"episode_return_mean": "higher", "action_mse_evaluation": "lower"}
AXES = ["value.data_fraction", "policy.data_fraction"]
ROW_GROUP = 1 << 20


def digest(*words):
    return hashlib.sha256(" ".join(map(str, words)).encode()).hexdigest()


def pipeline(p):
    return f"pipeline {p}"


def benchmark(b):
    return f"suite/benchmark-{b}-v0"


def describe():
    table = lambda metric, better: {
        "id": metric.replace("_", "-"), "benchmark": None, "metric": metric, "rows": "pipeline", "columns": "benchmark", "better": better,
    }
    return {
        "format": 1, "study": "synthetic", "title": "A synthetic study", "manifest_digest": digest("manifest"),
        "benchmarks": [{"id": benchmark(b), "environment": "suite/environment-v0", "normalizer": None} for b in range(BENCHMARKS)],
        "pipelines": [{"name": pipeline(p), "labels": {}} for p in range(PIPELINES)],
        "axes": [{"name": name, "values": LEVELS} for name in AXES], "sweeps": [],
        "reference": dict.fromkeys(AXES, 1.0),
        "tables": [table(metric, better) for metric, better in METRICS.items()],
        "findings": [],
    }


def cells(seeds):
    for p in range(PIPELINES):
        for b in range(BENCHMARKS):
            for value in LEVELS:
                for policy in LEVELS:
                    for seed in range(seeds):
                        yield p, b, value, policy, seed


def write(folder, seeds):
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(json.dumps(describe()))
    random = np.random.default_rng(0)
    columns = {name: [] for name in [
        "benchmark", "pipeline", "seed", "tuning", "point", "reference", "update", "last", "metric", "value", "status", "reason", "evaluation_id",
    ]}
    evaluations = {}
    for p, b, value, policy, seed in cells(seeds):
        run = digest("evaluation", p, b, value, policy, seed)
        nodes = [["value", digest("value", p, b, value, seed)], ["policy", digest("policy", p, b, value, policy, seed)]]
        evaluations[run] = {"source": p * BENCHMARKS + b, "nodes": nodes}
        for metric in METRICS:
            row = [
                benchmark(b), pipeline(p), seed, False, json.dumps(dict(zip(AXES, [value, policy])), sort_keys=True), value == policy == 1.0,
                1000, True, metric, float(random.gamma(2.0 + p + policy)), "ok", None, run,
            ]
            for column, x in zip(columns.values(), row):
                column.append(x)
    schema = {"reason": pa.string()}
    table = pa.table({name: pa.array(column, schema.get(name)) for name, column in columns.items()})
    pq.write_table(table, folder / "observations.parquet", compression="zstd", row_group_size=ROW_GROUP)
    maker = {"assay": "0.1.0", "commit": digest("commit")[:40], "cpu": "a processor, 2 cores", "system": "linux"}
    sources = [{
        "datasets": {benchmark(b): digest("dataset", b)},
        "libraries": {f"lib{name}.so": digest(name, p % 3) for name in ["value", "policy", "runtime", "environment"]},
        "environment": "suite/environment-v0 1", "protocol": "50 episodes, greedy, seed 0",
        "code": {"evaluator": digest("evaluator"), "sampler": digest("sampler")},
        "stages": [f"value: learner-{p}, 1000 updates", f"policy: learner-{p}, 1000 updates"], "made_by": [maker],
    } for p in range(PIPELINES) for b in range(BENCHMARKS)]
    origins = {"format": 1, "manifest": "synthetic.toml", "sources": sources, "evaluations": evaluations}
    (folder / "origins.json").write_text(json.dumps(origins))
    return len(evaluations)


def measure(binary, folder, page):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([binary, "report", str(folder), "--output", str(page)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, processor


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--binary", default="target/debug/assay")
    parser.add_argument("--keep", type=Path, help="leave the study in this new folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)) / "synthetic"
        runs = write(folder, args.seeds)
        page = folder / "report.html"
        both = [measure(args.binary, folder, page) for _ in range(args.repeats)]
        size = page.stat().st_size
    show = lambda xs: f"{statistics.median(xs):.2f} ({min(xs):.2f} to {max(xs):.2f})"
    wall, processor = zip(*both)
    print("| runs | wall, s | processor, s | page, MiB |\n|---|---|---|---|")
    print(f"| {runs:,} | {show(wall)} | {show(processor)} | {size / 2**20:.2f} |")
    if size > 3 * 2**20 * max(1.0, runs / 10_000):
        raise SystemExit("the page is larger than 3 MiB for 10,000 runs")


if __name__ == "__main__":
    main()
