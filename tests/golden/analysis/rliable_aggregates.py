"""rliable's intervals of mean, median, IQM and optimality gap, and its performance profiles.

Made with Python 3.11 and the versions in requirements.txt:  python rliable_aggregates.py > rliable_aggregates.json

rliable ignores its random_state, so every interval is made REPEATS times with REPLICATES replicates; `low`, `high` are the means and
`low_error`, `high_error` the standard deviations between repeats. The test allows five of them, for the Monte Carlo error of one repeat.
Profiles have no error: their shares are exact. Scores are fractions, as rliable takes them; the test multiplies by 100.
"""

import json
import sys

import numpy as np
from rliable import library, metrics

REPEATS = 12
REPLICATES = 50_000
CASES = [("normal", 10, 6), ("skewed", 8, 5), ("bimodal", 12, 4)]


def scores(rng, family, runs, tasks):
    centres = rng.uniform(0.2, 1.1, tasks)
    if family == "normal":
        return rng.normal(centres, 0.15, (runs, tasks))
    if family == "skewed":
        return centres - rng.exponential(0.2, (runs, tasks))
    return np.where(rng.random((runs, tasks)) < 0.3, 0.0, rng.normal(centres, 0.1, (runs, tasks)))


def aggregates(x):
    return np.array(
        [
            metrics.aggregate_mean(x),
            metrics.aggregate_median(x),
            metrics.aggregate_iqm(x),
            metrics.aggregate_optimality_gap(x),
        ]
    )


def case(rng, family, runs, tasks):
    x = scores(rng, family, runs, tasks)
    ends = []
    for _ in range(REPEATS):
        _, intervals = library.get_interval_estimates({"x": x}, aggregates, reps=REPLICATES)
        ends.append(intervals["x"])
    ends = np.array(ends)
    taus = np.linspace(x.min(), x.max(), 11)
    shares, _ = library.create_performance_profile({"x": x}, taus, reps=10)
    names = ["mean", "median", "iqm", "optimality_gap"]
    points = aggregates(x)
    return {
        "family": family,
        "scores": x.tolist(),
        "aggregates": {
            name: {
                "value": points[i],
                "low": ends[:, 0, i].mean(),
                "low_error": ends[:, 0, i].std(ddof=1),
                "high": ends[:, 1, i].mean(),
                "high_error": ends[:, 1, i].std(ddof=1),
            }
            for i, name in enumerate(names)
        },
        "taus": taus.tolist(),
        "shares": shares["x"].tolist(),
    }


def main():
    rng = np.random.default_rng(11)
    cases = [case(rng, *each) for each in CASES]
    json.dump({"rliable": "1.2.0", "replicates": REPLICATES, "cases": cases}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
