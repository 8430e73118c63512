//! Verdicts, and what is left of them after Holm's adjustment.

use serde::Serialize;

use super::ALPHA;
use super::gap::Gap;
use crate::stats::holm::holm;

/// What is decided about a published cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The means differ by less than the margin.
    Reproduced,
    /// The means differ, and not by less than the margin.
    NotReproduced,
    /// Too few runs to say either.
    Inconclusive,
    /// The published number does not apply to these runs, or cannot be tested.
    NotComparable,
    /// There are no runs.
    Missing,
}

/// What else is known of a decided cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detail {
    /// Reproduced; yet the interval of the difference excludes 0.
    SmallDifference,
    /// Not reproduced; the interval lies wholly beyond the margin.
    BeyondMargin,
    /// Not reproduced; the interval reaches into the margin.
    SizeUnresolved,
}

/// What is left of the verdicts of a table's cells after Holm's adjustment; each kind of p is a family of its own. A verdict that does
/// not survive is inconclusive.
pub fn after_holm(gaps: &[Gap], margin: f64) -> Vec<Verdict> {
    let adjusted = |of: fn(&Gap) -> f64| holm(&gaps.iter().map(of).collect::<Vec<f64>>());
    let (difference, equivalence) = (adjusted(|g| g.p_difference), adjusted(|g| g.p_equivalence));
    let cells = gaps.iter().zip(difference.iter().zip(&equivalence));
    let decide = |(gap, (difference, equivalence)): (&Gap, (&f64, &f64))| {
        let (raw, _) = gap.verdict(margin);
        let survives = match raw {
            Verdict::Reproduced => *equivalence < ALPHA,
            Verdict::NotReproduced => *difference < ALPHA,
            _ => true,
        };
        if survives { raw } else { Verdict::Inconclusive }
    };
    cells.map(decide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Interval;

    #[test]
    fn adjustment_only_makes_inconclusive() {
        let gap = |p_difference, p_equivalence| Gap {
            value: 0.0,
            interval: Interval {
                low: -1.0,
                high: 1.0,
            },
            p_difference,
            p_equivalence,
            false_alarm: 0.05,
        };
        let all = [
            gap(0.001, 0.9),
            gap(0.04, 0.9),
            gap(0.0001, 0.01),
            gap(0.5, 0.03),
            gap(0.5, 0.5),
        ];
        let raw: Vec<Verdict> = all.iter().map(|g| g.verdict(5.0).0).collect();
        use Verdict::{Inconclusive, NotReproduced, Reproduced};
        let expected = [
            NotReproduced,
            NotReproduced,
            Reproduced,
            Reproduced,
            Inconclusive,
        ];
        assert_eq!(raw, expected);
        // Equivalence: .01 x 5 = .05 is not below .05, so nothing after it is either; difference: .04 x 3 = .12.
        let expected = [
            NotReproduced,
            Inconclusive,
            Inconclusive,
            Inconclusive,
            Inconclusive,
        ];
        assert_eq!(after_holm(&all, 5.0), expected);
        assert_eq!(after_holm(&all[2..3], 5.0), [Reproduced]);
        assert_eq!(after_holm(&[], 5.0), []);
    }
}
