"""Welch's t, paired t, two one-sided tests and planned runs by SciPy.

Made with Python 3.11 and the NumPy and SciPy of requirements.txt:  python welch.py > welch.json

The test allows 1e-9: p are rounded to 12 digits and quantiles to 9 on the Rust side.
`decided` is the probability that a difference whose estimate is normal around d is shown to be within the margin of 5
points or unequal to 0; `further` the least number of own runs beyond n for which it is 0.8.
"""

import json
import math
import sys

import numpy as np
import scipy
import scipy.stats as st

MARGIN = 5.0


def freedom(a, b):
    parts = [(s[1] ** 2 / s[2], s[2] - 1) for s in (a, b)]
    variance = sum(v for v, _ in parts)
    df = variance**2 / sum(v * v / f for v, f in parts)
    # SciPy's test is Satterthwaite's; a side of fewer than 5 runs lowers the degrees of freedom.
    lowered = sum(v / variance * (df - f) for v, f in parts if f < 4)
    return math.sqrt(variance), df - 0.25 * lowered


def one_sided(a, b, shift, alternative):
    if min(a[2], b[2]) >= 5:
        moved = (a[0] + shift, a[1], a[2])
        return float(st.ttest_ind_from_stats(*moved, *b, equal_var=False, alternative=alternative).pvalue)
    se, df = freedom(a, b)
    t = (a[0] + shift - b[0]) / se
    return float(st.t.sf(t, df) if alternative == "greater" else st.t.cdf(t, df))


def two_sided(a, b):
    if min(a[2], b[2]) >= 5:
        return float(st.ttest_ind_from_stats(*a, *b, equal_var=False).pvalue)
    return 2.0 * min(one_sided(a, b, 0.0, "greater"), one_sided(a, b, 0.0, "less"))


def welch(a, b):
    se, df = freedom(a, b)
    reach = st.t.ppf(0.975, df) * se
    return {
        "a": a,
        "b": b,
        "se": se,
        "df": df,
        "low": a[0] - b[0] - reach,
        "high": a[0] - b[0] + reach,
        "p_zero": two_sided(a, b),
        "p_equivalent": max(one_sided(a, b, MARGIN, "greater"), one_sided(a, b, -MARGIN, "less")),
    }


def paired(values):
    test = st.ttest_1samp(values, 0.0)
    interval = test.confidence_interval(0.95)
    return {
        "values": values,
        "low": float(interval.low),
        "high": float(interval.high),
        "p_zero": float(test.pvalue),
    }


def decided(d, a, b):
    se, df = freedom(a, b)
    within, beyond = MARGIN - st.t.ppf(0.95, df) * se, st.t.ppf(0.975, df) * se
    if within >= beyond:
        return 1.0
    equal = st.norm.cdf(within, d, se) - st.norm.cdf(-within, d, se) if within > 0 else 0.0
    return float(equal + st.norm.cdf(-beyond, d, se) + st.norm.sf(beyond, d, se))


def further(d, sd, n, published_n):
    enough = lambda k: decided(d, (d, sd, n + k), (0.0, sd, published_n)) >= 0.8
    runs = next((k for k in range(1, 1001) if enough(k)), None)
    return {"d": d, "sd": sd, "n": n, "published_n": published_n, "further": runs}


def main():
    rng = np.random.default_rng(11)
    cases = []
    for _ in range(30):
        a, b = [
            (
                float(np.round(rng.uniform(-5, 110), 1)),
                float(np.round(rng.uniform(0.05, 20), 2)),
                int(rng.integers(2, 13)),
            )
            for _ in range(2)
        ]
        cases.append(welch(a, b))
        near = (float(np.round(a[0] + rng.normal(0, 3), 1)), b[1], b[2])
        cases.append(welch(a, near))
    pairs = [paired(np.round(rng.normal(2, 4, n), 2).tolist()) for n in (2, 3, 5, 10)]
    plans = [(0.0, 5.0, 10, 100), (0.0, 3.0, 3, 10), (1.0, 4.0, 5, 8), (12.0, 9.0, 4, 10), (4.0, 6.0, 5, 20), (40.0, 20.0, 3, 10)]
    plans = [further(*plan) for plan in plans]
    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "margin": MARGIN}
    json.dump({**versions, "welch": cases, "paired": pairs, "further": plans}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
