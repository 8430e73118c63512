"""Golden numbers for harness/analysis: interquartile mean, standard deviation, t quantiles, bootstrap intervals.

Made with Python 3.11 and the versions in requirements.txt:  python make.py > statistics.json

Tolerances that the test uses:
* iqm, sd, mean: 1e-12 relative (rliable's IQM is scipy.stats.trim_mean with proportiontocut 0.25; NumPy ddof 1).
* factor: 1e-9 absolute (the Rust side rounds to 9 digits).
* bootstrap: the percentile interval of the pooled IQM over runs x tasks by rliable's StratifiedBootstrap (runs drawn
  per task), REPEATS times with other seeds; the test allows 5 Monte Carlo standard errors, as spread over the repeats,
  times sqrt(1 + 1 / REPEATS) for the mean that it is compared with.
* exact: for one task the bootstrap distribution over n <= 5 runs is enumerated with its multinomial weights, so that
  percentiles have no Monte Carlo error on this side.
"""

import itertools
import json
import math
import sys

import numpy as np
import scipy
import scipy.stats
from rliable import metrics
from rliable.library import StratifiedBootstrap

REPLICATES = 50_000
REPEATS = 8


def scores(rng, runs, tasks):
    return rng.normal(rng.uniform(0.2, 1.1, tasks), 0.1, (runs, tasks))


def point(values):
    values = np.asarray(values)
    return {
        "values": values.tolist(),
        "iqm": float(metrics.aggregate_iqm(values[:, None])),
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)) if len(values) > 1 else None,
    }


def bootstrap(matrix):
    lows, highs = [], []
    for repeat in range(REPEATS):
        # rliable draws from NumPy's global generator, whatever random_state it is given.
        np.random.seed(repeat)
        sampler = StratifiedBootstrap(matrix)
        interval = sampler.conf_int(
            lambda x: np.array([metrics.aggregate_iqm(x)]), reps=REPLICATES, size=0.95, method="percentile"
        )
        lows.append(float(interval[0, 0]))
        highs.append(float(interval[1, 0]))
    return {
        "scores": matrix.tolist(),
        "low": float(np.mean(lows)),
        "low_error": float(np.std(lows, ddof=1)),
        "high": float(np.mean(highs)),
        "high_error": float(np.std(highs, ddof=1)),
    }


def exact(values):
    """The weighted bootstrap distribution of the IQM, as ascending (value, probability)."""
    n = len(values)
    distribution = []
    for draw in itertools.combinations_with_replacement(range(n), n):
        counts = np.bincount(draw, minlength=n)
        weight = math.factorial(n) / math.prod(math.factorial(int(c)) for c in counts) / n**n
        distribution.append((float(metrics.aggregate_iqm(np.repeat(values, counts)[:, None])), weight))
    distribution.sort()
    cumulative = np.cumsum([w for _, w in distribution])
    at = lambda p: distribution[int(np.searchsorted(cumulative, p))][0]
    # A percentile of 50,000 replicates may fall on the neighbour of a jump that lies within Monte Carlo error of p.
    slack = 5 * math.sqrt(0.025 * 0.975 / REPLICATES)
    return {
        "values": values,
        "low": [at(0.025 - slack), at(0.025 + slack)],
        "high": [at(0.975 - slack), at(0.975 + slack)],
    }


def factor(tasks, n):
    t = scipy.stats.t.ppf(0.975, tasks * (n - 1))
    return {
        "tasks": tasks,
        "n": n,
        "factor": float(math.sqrt(n / (n - 1)) * t / scipy.stats.norm.ppf(0.975)),
    }


def main():
    rng = np.random.default_rng(20240613)
    points = [point(rng.normal(50, 20, n)) for n in (1, 2, 3, 4, 5, 7, 8, 10, 33, 100)]
    points.append(point([1.0, 1.0, 1.0, 2.0, 2.0, 5.0]))
    json.dump(
        {
            "made_with": {
                "rliable": "1.2.0",
                "numpy": np.__version__,
                "scipy": scipy.__version__,
            },
            "replicates": REPLICATES,
            "points": points,
            "factors": [factor(t, n) for t, n in itertools.product((1, 3, 9), (2, 3, 5, 10, 40))],
            "bootstrap": [bootstrap(scores(rng, runs, tasks)) for runs, tasks in ((10, 1), (10, 9), (5, 3))],
            "exact": [exact(rng.normal(0.3, 0.02, n).tolist()) for n in (3, 4, 5)],
        },
        sys.stdout,
        indent=1,
    )
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
