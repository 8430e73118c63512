"""rliable's point estimates on random scores: mean, median, IQM, optimality gap, probability of improvement.

Made with Python 3.11 and the versions in requirements.txt:  python rliable_points.py > rliable_points.json

Cases cover one run, one task, even and odd numbers of tasks, ties, scores above 1 and below 0. The test allows 1e-12.
"""

import json
import sys

import numpy as np
from rliable import metrics

CASES = [(1, 1), (1, 4), (2, 3), (3, 1), (5, 6), (10, 30), (7, 9)]


def scores(rng, runs, tasks, ties):
    values = rng.normal(rng.uniform(-0.2, 1.3, tasks), 0.3, (runs, tasks))
    return np.round(values, 1) if ties else values


def case(rng, runs, tasks, ties):
    x, y = scores(rng, runs, tasks, ties), scores(rng, runs + 1, tasks, ties)
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "mean": float(metrics.aggregate_mean(x)),
        "median": float(metrics.aggregate_median(x)),
        "iqm": float(metrics.aggregate_iqm(x)),
        "optimality_gap": float(metrics.aggregate_optimality_gap(x)),
        "improvement": float(metrics.probability_of_improvement(x, y)),
    }


def main():
    rng = np.random.default_rng(7)
    cases = [case(rng, runs, tasks, ties) for runs, tasks in CASES for ties in [False, True]]
    json.dump({"numpy": np.__version__, "rliable": "1.2.0", "cases": cases}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
