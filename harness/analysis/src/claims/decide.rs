//! From contrasts to verdicts: within a setting, over settings, over questions, over claims.
//!
//! * A contrast has a bound: *above* it, or *within* a margin of zero (two one-sided tests). Each side gives a one-sided p
//!   for the claim and one against it.
//! * A setting may need all of its contrasts (the largest p counts; intersection-union) or any (Bonferroni).
//! * Over settings a question asks for the mean of all, or for at least r of N. The latter is a partial conjunction
//!   (Benjamini and Heller 2008): with ordered p, `(N - r + 1) p_(r)`, valid under any dependence. Against the claim stand
//!   N - r + 1 settings. The largest r that is shown either way gives an interval of the share.
//! * A claim needs all of its questions; against it stands any one (Bonferroni).
//! * A side is decided at one-sided .025, so that at most 5 % of claims on their boundary are decided at all. Holm's
//!   adjustment over claims is of the two-sided p.

use serde::Serialize;

use super::sample::{ALPHA, Effect};
use crate::stats::holm::holm;

/// What a contrast must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// Above this.
    Above(f64),
    /// Within this of zero.
    Within(f64),
}

/// Which of a setting's contrasts are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// Every one.
    All,
    /// One at least.
    Any,
}

/// How settings are put together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
    /// The mean over settings.
    Together,
    /// At least this share of the settings.
    AtLeast(f64),
    /// More than this share of the settings.
    MoreThan(f64),
    /// At least this many settings.
    Count(usize),
}

/// What an interval says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The data show it.
    Supported,
    /// The data show the opposite.
    Contradicted,
    /// The data decide neither.
    Inconclusive,
    /// The study lacks what the claim needs.
    NotTestable,
}

/// One-sided p for and against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sides {
    /// Small: shown.
    pub supported: f64,
    /// Small: the opposite is shown.
    pub contradicted: f64,
}

impl Sides {
    /// No p is below this.
    pub(crate) const ZERO: Self = Self {
        supported: 0.0,
        contradicted: 0.0,
    };

    pub(crate) fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// Bonferroni's adjustment for `n` looks.
    pub(crate) fn times(self, n: u32) -> Self {
        let p = |p: f64| (p * f64::from(n)).min(1.0);
        Self {
            supported: p(self.supported),
            contradicted: p(self.contradicted),
        }
    }

    /// The larger p on each side.
    pub(crate) fn at_least(self, floor: Self) -> Self {
        Self {
            supported: self.supported.max(floor.supported),
            contradicted: self.contradicted.max(floor.contradicted),
        }
    }
}

/// The verdict of one-sided p at level .025 each.
pub(crate) fn verdict(p: Sides) -> Verdict {
    let level = ALPHA / 2.0;
    match (p.supported <= level, p.contradicted <= level) {
        (true, false) => Verdict::Supported,
        (false, true) => Verdict::Contradicted,
        // Both can only happen where a question contradicts itself.
        _ => Verdict::Inconclusive,
    }
}

pub(crate) fn contrast_sides(effect: &Effect, bound: Bound) -> Sides {
    match bound {
        Bound::Above(limit) => Sides {
            supported: effect.p_above(limit),
            contradicted: effect.p_below(limit),
        },
        Bound::Within(margin) => Sides {
            supported: effect.p_below(margin).max(effect.p_above(-margin)),
            contradicted: (2.0 * effect.p_above(margin).min(effect.p_below(-margin))).min(1.0),
        },
    }
}

pub(crate) fn needs(all: &[Sides], needs: Needs) -> Sides {
    let largest = |of: fn(&Sides) -> f64| all.iter().map(of).fold(0.0, f64::max);
    let smallest = |of: fn(&Sides) -> f64| {
        let least = all.iter().map(of).fold(1.0, f64::min);
        (least * all.len() as f64).min(1.0)
    };
    match needs {
        Needs::All => Sides {
            supported: largest(|p| p.supported),
            contradicted: smallest(|p| p.contradicted),
        },
        Needs::Any => Sides {
            supported: smallest(|p| p.supported),
            contradicted: largest(|p| p.contradicted),
        },
    }
}

/// p of "fewer than `r` of these hold": `(N - r + 1) p_(r)`.
pub(crate) fn partial_conjunction(p: &mut [f64], r: usize) -> f64 {
    p.sort_by(f64::total_cmp);
    match r.checked_sub(1).and_then(|i| p.get(i)) {
        Some(&at) => ((p.len() - r + 1) as f64 * at).min(1.0),
        None => 1.0,
    }
}

/// The largest number of `p` that hold at one-sided .025.
pub(crate) fn shown_number(p: &[f64]) -> usize {
    let mut p = p.to_vec();
    // The bound at r covers all smaller ones only if each of them is shown, too: stop at the first that is not.
    (1..=p.len())
        .take_while(|&r| partial_conjunction(&mut p, r) <= ALPHA / 2.0)
        .count()
}

/// Raw verdicts that survive Holm's adjustment of their two-sided p.
pub(crate) fn after_holm(sides: &[Sides]) -> Vec<Verdict> {
    let two_sided: Vec<f64> = sides
        .iter()
        .map(|p| (2.0 * p.supported.min(p.contradicted)).min(1.0))
        .collect();
    let adjusted = holm(&two_sided);
    let decide = |(p, adjusted): (&Sides, f64)| {
        if adjusted <= ALPHA {
            verdict(*p)
        } else {
            Verdict::Inconclusive
        }
    };
    sides.iter().zip(adjusted).map(decide).collect()
}

impl Rule {
    /// Settings needed of `n`; none where the mean decides.
    pub(crate) fn needed(self, n: usize) -> Option<usize> {
        // A share such as .3 of 10 must not become 4 by rounding.
        let up = |x: f64| libm::ceil(x - 1e-9) as usize;
        match self {
            Self::Together => None,
            Self::AtLeast(share) => Some(up(share * n as f64).max(1)),
            Self::MoreThan(share) => Some(libm::floor(share * n as f64 + 1e-9) as usize + 1),
            Self::Count(count) => Some(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_conjunction_of_hand_computed_p() {
        let mut p = [0.04, 0.001, 0.2, 0.01];
        assert!((partial_conjunction(&mut p, 1) - 0.004).abs() < 1e-12);
        assert!((partial_conjunction(&mut p, 3) - 0.08).abs() < 1e-12);
        assert!((partial_conjunction(&mut p, 4) - 0.2).abs() < 1e-12);
        assert!((partial_conjunction(&mut p, 5) - 1.0).abs() < 1e-12);
        // r = 1: .004, r = 2: .03 > .025
        assert_eq!(shown_number(&p), 1);
    }

    #[test]
    fn shares_become_counts() {
        assert_eq!(Rule::AtLeast(0.9375).needed(16), Some(15));
        assert_eq!(Rule::AtLeast(0.3).needed(10), Some(3));
        assert_eq!(Rule::MoreThan(0.5).needed(16), Some(9));
        assert_eq!(Rule::MoreThan(0.5).needed(1), Some(1));
        assert_eq!(Rule::Together.needed(4), None);
    }
}
