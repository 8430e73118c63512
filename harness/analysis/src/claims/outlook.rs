//! How many further seeds would show something, either way, if estimates and spreads stay.

use super::answer::{Answer, Part, Shown};
use super::decide::{Bound, Needs};
use super::sample::ALPHA;

/// Further seeds a setting after which a side is shown with probability .8; absent where the estimates lie on the other side
/// or more than 1,000 would not do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// For it.
    pub(crate) supported: Option<u64>,
    /// Against it.
    pub(crate) contradicted: Option<u64>,
}

impl Outlook {
    /// Of a question that needs `needed` of its settings, or the mean of all, at one-sided `level`.
    pub(crate) fn of(settings: &[Part], whole: &Part, needed: Option<usize>, level: f64) -> Self {
        let Some(r) = needed else {
            return match part(whole, level) {
                (Some(true), seeds) => Self {
                    supported: seeds,
                    contradicted: None,
                },
                (Some(false), seeds) => Self {
                    supported: None,
                    contradicted: seeds,
                },
                (None, _) => Self::default(),
            };
        };
        let n = settings.len();
        if r > n {
            return Self::default();
        }
        let side = |wanted: bool, count: usize| {
            let level = level / (n - count + 1) as f64;
            let looks = settings.iter().map(|p| part(p, level));
            let mut seeds: Vec<u64> = looks
                .filter(|(holds, _)| *holds == Some(wanted))
                .map(|(_, seeds)| seeds.unwrap_or(u64::MAX))
                .collect();
            seeds.sort_unstable();
            seeds
                .get(count.checked_sub(1)?)
                .copied()
                .filter(|&s| s < u64::MAX)
        };
        Self {
            supported: side(true, r),
            contradicted: side(false, n - r + 1),
        }
    }

    /// The side that fewer seeds would show.
    pub(crate) fn nearest(self) -> Option<u64> {
        match (self.supported, self.contradicted) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Of a claim from its questions, with every p multiplied by `looks`: for it all questions have to be shown, against it any
    /// one (Bonferroni).
    pub(crate) fn of_claim(answers: &[Answer], looks: u32) -> Self {
        let level = ALPHA / 2.0 / f64::from(looks);
        let one = level / answers.len() as f64;
        let supported: Option<Vec<u64>> = answers
            .iter()
            .map(|a| {
                if a.p.supported <= level {
                    return Some(0);
                }
                a.outlook(level).supported
            })
            .collect();
        Self {
            supported: supported.and_then(|all| all.into_iter().max()),
            contradicted: answers
                .iter()
                .filter_map(|a| a.outlook(one).contradicted)
                .min(),
        }
    }
}

impl Answer {
    fn outlook(&self, level: f64) -> Outlook {
        let needed = self.needed.map(|(r, _)| r);
        Outlook::of(&self.settings, &self.whole, needed, level)
    }
}

/// On which side the estimates of a part lie, and the further seeds that would show it.
fn part(part: &Part, level: f64) -> (Option<bool>, Option<u64>) {
    let distance = |s: &Shown| match s.bound {
        Bound::Above(limit) => s.effect.value - limit,
        Bound::Within(margin) => margin - s.effect.value.abs(),
    };
    let distances: Vec<f64> = part.shown.iter().map(distance).collect();
    let holds = match part.needs {
        Needs::All => distances.iter().all(|&d| d > 0.0),
        Needs::Any => distances.iter().any(|&d| d > 0.0),
    };
    if distances.is_empty() {
        return (None, None);
    }
    let floor = if holds {
        part.floor.supported
    } else {
        part.floor.contradicted
    };
    if floor > level {
        return (Some(holds), None);
    }
    // One contrast decides: the best of many, or the worst of many on the other side. Else all of them have to.
    let one_decides = holds == (part.needs == Needs::Any);
    let sign = if holds { 1.0 } else { -1.0 };
    let level = if one_decides {
        level / distances.len() as f64
    } else {
        level
    };
    let seeds = part
        .shown
        .iter()
        .zip(&distances)
        .map(|(s, d)| s.effect.further(sign * d, level));
    let seeds = if one_decides {
        seeds.flatten().min()
    } else {
        seeds
            .collect::<Option<Vec<u64>>>()
            .and_then(|all| all.into_iter().max())
    };
    (Some(holds), seeds)
}
