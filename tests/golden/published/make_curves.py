"""Small learning curves in the layouts that `assay results import` reads, and the numbers that an import must give.

    python make_curves.py ../../fixtures/data/curves

Random numbers, no upstream data; Python's own generator and `statistics`, so any Python 3.9 or later gives the same bytes.
"""

import csv
import json
import random
import statistics
import sys
from pathlib import Path

ALGORITHMS = {"IQL": 6, "PLAS+P": 9}
BENCHMARKS = ["hopper-medium-v0", "walker2d-random-v0"]
SEEDS = [1, 2, 3]
# D4RL's reference returns.
REFERENCES = {"hopper": (-20.272305, 3234.3), "walker2d": (1.629008, 4592.3)}


def reduced(values, rule):
    return {"last": values[-1], "best": max(values), "mean-last-2": statistics.fmean(values[-2:])}[rule]


def expected(runs, drop_first, keep_last):
    """Mean and population sd of the scores, by rule, algorithm and benchmark."""
    cells = []
    for rule in ["last", "best", "mean-last-2"]:
        for (algorithm, benchmark), curves in runs.items():
            low, high = REFERENCES[benchmark.partition("-")[0]]
            kept = [c[drop_first:][-keep_last.get(algorithm, len(c)):] for c in curves]
            scores = [100 * (reduced(c, rule) - low) / (high - low) for c in kept]
            cells.append({"rule": rule, "algorithm": algorithm, "benchmark": benchmark,
                          "mean": statistics.fmean(scores), "sd": statistics.pstdev(scores)})
    return cells


def main(target):
    target = Path(target)
    draws = random.Random(5)
    runs, rows = {}, []
    for algorithm, length in ALGORITHMS.items():
        for benchmark in BENCHMARKS:
            for seed in SEEDS:
                # The first evaluation is sometimes the best one, so that dropping it can be seen.
                curve = [draws.uniform(0, 3000) for _ in range(length)]
                curve[0] += 500 * (seed == 2)
                runs.setdefault((algorithm, benchmark), []).append(curve)
                folder = target / "d3rlpy" / f"{algorithm}_{benchmark}_{seed}_2022052308424{seed}"
                folder.mkdir(parents=True, exist_ok=True)
                lines = [(i + 1, 1000 * (i + 1), value) for i, value in enumerate(curve)]
                with open(folder / "environment.csv", "w", newline="") as file:
                    csv.writer(file, lineterminator="\n").writerows(lines)
                rows += [(algorithm, benchmark, seed, step, repr(value)) for _, step, value in lines]
    # Rows of a table need not be in any order.
    draws.shuffle(rows)
    with open(target / "curves.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("method", "task", "run", "iteration", "score"), *rows])
    numbers = {"cut": expected(runs, 1, {"PLAS+P": 4}), "whole": expected(runs, 0, {})}
    (target / "curves.json").write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
