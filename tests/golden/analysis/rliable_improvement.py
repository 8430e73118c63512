"""rliable's intervals of the probability of improvement.

Made with Python 3.11 and the versions in requirements.txt:  python rliable_improvement.py > rliable_improvement.json

Two sides are resampled apart, runs within each task (`StratifiedIndependentBootstrap`, which `get_interval_estimates` takes for pairs of
scores). rliable ignores its random_state and needs milliseconds a replicate, so every interval is made REPEATS times with REPLICATES
replicates; `low`, `high` are the means and `low_error`, `high_error` the standard deviations between repeats. Rounded scores make ties.
"""

import json
import sys

import numpy as np
from rliable import library, metrics

REPEATS = 12
REPLICATES = 2_000
CASES = [("normal", 10, 8, 4, False), ("apart", 6, 12, 3, False), ("ties", 7, 7, 5, True)]


def scores(rng, centres, runs, rounded):
    x = rng.normal(centres, 0.2, (runs, len(centres)))
    return np.round(x, 1) if rounded else x


def improvement(x, y):
    return np.array([metrics.probability_of_improvement(x, y)])


def case(rng, name, runs_x, runs_y, tasks, rounded):
    centres = rng.uniform(0.2, 1.1, tasks)
    shift = 0.25 if name == "apart" else 0.06
    x, y = scores(rng, centres + shift, runs_x, rounded), scores(rng, centres, runs_y, rounded)
    ends = []
    for _ in range(REPEATS):
        points, intervals = library.get_interval_estimates({"x,y": (x, y)}, improvement, reps=REPLICATES)
        ends.append(intervals["x,y"][:, 0])
    ends = np.array(ends)
    return {
        "name": name,
        "x": x.tolist(),
        "y": y.tolist(),
        "value": points["x,y"][0],
        "low": ends[:, 0].mean(),
        "low_error": ends[:, 0].std(ddof=1),
        "high": ends[:, 1].mean(),
        "high_error": ends[:, 1].std(ddof=1),
    }


def main():
    rng = np.random.default_rng(17)
    cases = [case(rng, *each) for each in CASES]
    json.dump({"rliable": "1.2.0", "replicates": REPLICATES, "repeats": REPEATS, "cases": cases}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
