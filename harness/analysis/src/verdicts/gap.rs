//! A mean over runs against a published one.
//!
//! The published standard deviation may be known as a range only, because its source does not say how it was computed. Both
//! ends are evaluated and the worse is taken: each p is the larger, the interval covers both.
//! Shape: two sets of moments to a gap. Fewer than two runs on either side: none.

use serde::Serialize;

use super::ALPHA;
use super::decide::{Detail, Verdict};
use crate::stats::Interval;
use crate::stats::welch::{Difference, Moments};

/// A published mean as tests see it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reference {
    /// The mean.
    pub mean: f64,
    /// Standard deviation over runs with `ddof = 1`, as (least, greatest).
    pub sd: (f64, f64),
    /// Runs.
    pub n: u32,
}

impl Reference {
    /// Its moments with the least and with the greatest standard deviation.
    pub(crate) fn ends(&self) -> [Moments; 2] {
        [self.sd.0, self.sd.1].map(|sd| Moments {
            mean: self.mean,
            sd,
            n: self.n,
        })
    }
}

/// How a mean lies to a published one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// Own minus published.
    pub value: f64,
    /// 95 % interval.
    pub interval: Interval,
    /// Two-sided p of "there is no difference".
    pub p_difference: f64,
    /// p of "the difference is the margin or more", by two one-sided tests.
    pub p_equivalence: f64,
    /// How likely these spreads and runs would be called not reproduced if the published mean were theirs, as if the standard
    /// error were known: from above, because a small one makes both a false alarm and equivalence likely.
    pub false_alarm: f64,
}

/// Tests `own` against `reference`, equivalence within `margin` (above 0, in units of the mean).
pub fn gap(own: &Moments, reference: &Reference, margin: f64) -> Option<Gap> {
    let [low, high] = reference.ends().map(|end| Difference::welch(own, &end));
    let both = [low?, high?];
    let worse = |of: &dyn Fn(&Difference) -> f64| of(&both[0]).max(of(&both[1]));
    let [one, two] = [both[0].interval(), both[1].interval()];
    Some(Gap {
        value: own.mean - reference.mean,
        interval: Interval {
            low: one.low.min(two.low),
            high: one.high.max(two.high),
        },
        p_difference: worse(&Difference::p_zero),
        p_equivalence: worse(&|d| d.p_equivalent(margin)),
        false_alarm: worse(&|d| false_alarm(d, margin)),
    })
}

/// The probability that a difference that is 0 in truth is measured beyond the interval and not within the margin.
fn false_alarm(difference: &Difference, margin: f64) -> f64 {
    let se = difference.se();
    if se <= 0.0 {
        return 0.0;
    }
    let unequal = difference.quantile(1.0 - ALPHA / 2.0) * se;
    let inequivalent = margin - difference.quantile(1.0 - ALPHA) * se;
    difference.at(unequal.max(inequivalent)).p_zero()
}

impl Gap {
    /// What the two tests say. Anything but a number below .05 decides nothing.
    pub fn verdict(&self, margin: f64) -> (Verdict, Option<Detail>) {
        let differs = self.p_difference < ALPHA;
        if self.p_equivalence < ALPHA {
            let detail = differs.then_some(Detail::SmallDifference);
            return (Verdict::Reproduced, detail);
        }
        if !differs {
            return (Verdict::Inconclusive, None);
        }
        let outside = self.interval.low > margin || self.interval.high < -margin;
        let detail = if outside {
            Detail::BeyondMargin
        } else {
            Detail::SizeUnresolved
        };
        (Verdict::NotReproduced, Some(detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(
        own: (f64, f64, u32),
        published: (f64, (f64, f64), u32),
    ) -> (Verdict, Option<Detail>) {
        let own = Moments {
            mean: own.0,
            sd: own.1,
            n: own.2,
        };
        let reference = Reference {
            mean: published.0,
            sd: published.1,
            n: published.2,
        };
        gap(&own, &reference, 5.0).unwrap().verdict(5.0)
    }

    #[test]
    fn the_tests_decide_in_both_directions() {
        use Detail::{BeyondMargin, SizeUnresolved, SmallDifference};
        use Verdict::{Inconclusive, NotReproduced, Reproduced};
        let rows = [
            (0.1, 0.5, (Reproduced, None)),
            (2.0, 0.5, (Reproduced, Some(SmallDifference))),
            (6.0, 2.0, (NotReproduced, Some(SizeUnresolved))),
            (20.0, 2.0, (NotReproduced, Some(BeyondMargin))),
            (4.0, 9.0, (Inconclusive, None)),
        ];
        for (distance, sd, expected) in rows {
            for sign in [-1.0, 1.0] {
                let own = (50.0 + sign * distance, sd, 5);
                assert_eq!(verdict(own, (50.0, (sd, sd), 8)), expected, "{own:?}");
            }
        }
    }

    #[test]
    fn of_two_spreads_the_worse_decides() {
        let own = (52.0, 1.0, 5);
        assert_eq!(verdict(own, (50.0, (1.0, 1.0), 4)).0, Verdict::Reproduced);
        assert_eq!(verdict(own, (50.0, (1.0, 9.0), 4)).0, Verdict::Inconclusive);
        assert_eq!(verdict(own, (50.0, (9.0, 9.0), 4)).0, Verdict::Inconclusive);
    }

    #[test]
    fn false_alarms_vanish_where_equivalence_is_sure_and_are_nominal_where_it_is_out_of_reach() {
        let at = |sd: f64| {
            let own = Moments {
                mean: 0.0,
                sd,
                n: 10,
            };
            let reference = Reference {
                mean: 0.0,
                sd: (sd, sd),
                n: 10,
            };
            gap(&own, &reference, 5.0).unwrap().false_alarm
        };
        assert!(at(0.0) <= 0.0 && at(1.0) < 1e-6);
        assert!((at(20.0) - ALPHA).abs() < 1e-6, "{}", at(20.0));
    }
}
