//! What stands behind a plus-minus sign, and how it becomes a standard deviation.

use serde::{Deserialize, Serialize};

/// How a table's spreads were computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// What it is.
    pub kind: SpreadKind,
    /// Degrees of freedom removed from a standard deviation, 0 or 1; absent where the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ddof: Option<u32>,
}

/// What a printed spread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpreadKind {
    /// Standard deviation over runs.
    Sd,
    /// Standard error of the mean over runs.
    StandardError,
    /// Standard deviation over the evaluations of one run: it says nothing about other runs.
    SdOverEvaluations,
    /// The source does not say, or mixes conventions.
    Unknown,
}

/// The standard deviation over `n` runs with `ddof = 1` that a printed spread stands for, as (least, greatest).
///
/// * a standard deviation with `ddof = 1`: itself; with `ddof = 0`: `value * sqrt(n / (n - 1))`;
/// * with an unknown `ddof`: both, so that a test can take the worse;
/// * a standard error: `value * sqrt(n)`, taken as made from `ddof = 1` unless 0 is declared.
///
/// None for fewer than two runs, and for spreads that say nothing about runs.
pub fn sample_sd(spread: Spread, value: f64, n: u32) -> Option<(f64, f64)> {
    if n < 2 {
        return None;
    }
    let n = f64::from(n);
    let sd = match spread.kind {
        SpreadKind::Sd => value,
        SpreadKind::StandardError => value * n.sqrt(),
        SpreadKind::SdOverEvaluations | SpreadKind::Unknown => return None,
    };
    let widened = sd * (n / (n - 1.0)).sqrt();
    Some(match (spread.ddof, spread.kind) {
        (Some(0), _) => (widened, widened),
        (None, SpreadKind::Sd) => (sd, widened),
        _ => (sd, sd),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: SpreadKind, ddof: Option<u32>) -> Option<(f64, f64)> {
        sample_sd(Spread { kind, ddof }, 3.0, 4)
    }

    #[test]
    fn the_declared_convention_decides() {
        let wide = 12.0f64.sqrt();
        assert_eq!(of(SpreadKind::Sd, Some(1)), Some((3.0, 3.0)));
        assert_eq!(of(SpreadKind::Sd, None).map(|s| s.0), Some(3.0));
        for (kind, ddof) in [(SpreadKind::Sd, Some(0)), (SpreadKind::Sd, None)] {
            let (_, high) = of(kind, ddof).unwrap();
            assert!((high - wide).abs() < 1e-12, "{kind:?} {ddof:?}: {high}");
        }
        assert_eq!(of(SpreadKind::StandardError, None), Some((6.0, 6.0)));
        assert_eq!(of(SpreadKind::SdOverEvaluations, None), None);
        assert_eq!(of(SpreadKind::Unknown, Some(0)), None);
        let sd = Spread {
            kind: SpreadKind::Sd,
            ddof: Some(0),
        };
        assert_eq!(sample_sd(sd, 3.0, 1), None);
    }
}
