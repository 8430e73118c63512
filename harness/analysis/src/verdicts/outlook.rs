//! How many further runs would decide an inconclusive cell.
//!
//! If means and spreads stay as they are estimated, the difference is normal around its estimate d with the standard error that n + k own
//! runs give; it is decided where it lies within `margin - t(.95) se` or beyond `t(.975) se`. The answer is the least k for which that has
//! probability .8 (`tests/golden/analysis/welch.py`). Runs of the published side stay as few as they are: where even endless own runs do not decide, no number does.
//! Of a published spread that is known as a range, the greatest counts. A single own run is taken to spread as the published ones do.

use serde::Serialize;

use super::gap::Reference;
use crate::stats::student::t_quantile;
use crate::stats::welch::{Difference, Moments};

/// Probability of a decision that is asked for.
const POWER: f64 = 0.8;
/// More runs than this are not asked for.
const MOST: u32 = 1000;

/// What further runs would bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "runs")]
pub enum Outlook {
    /// So many further runs would decide with probability .8.
    Further(u32),
    /// More than 1,000 further runs.
    TooMany,
    /// No number: the published runs are too few for their spread.
    Capped,
}

/// The outlook of a mean of `n` own runs, whose standard deviation is known for two or more, at `margin`.
pub fn outlook(
    mean: f64,
    sd: Option<f64>,
    n: u32,
    reference: &Reference,
    margin: f64,
) -> Option<Outlook> {
    let [_, published] = reference.ends();
    let sd = sd.unwrap_or(published.sd);
    let decided = |more: u32| {
        let own = Moments {
            mean,
            sd,
            n: n + more,
        };
        let difference = Difference::welch(&own, &published)?;
        let quantiles = (difference.quantile(0.95), difference.quantile(0.975));
        Some(power(difference.value, difference.se(), quantiles, margin) >= POWER)
    };
    let se = published.sd / f64::from(published.n).sqrt();
    let freedom = f64::from(published.n.checked_sub(1)?);
    let quantiles = (t_quantile(0.95, freedom)?, t_quantile(0.975, freedom)?);
    if power(mean - reference.mean, se, quantiles, margin) < POWER {
        return Some(Outlook::Capped);
    }
    if !decided(MOST)? {
        return Some(Outlook::TooMany);
    }
    let (mut low, mut high) = (1, MOST);
    while low < high {
        let middle = low.midpoint(high);
        if decided(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(Outlook::Further(low))
}

/// The probability that an estimate around `d` is decided either way.
fn power(d: f64, se: f64, (one_sided, two_sided): (f64, f64), margin: f64) -> f64 {
    let (within, beyond) = (margin - one_sided * se, two_sided * se);
    if within >= beyond {
        return 1.0;
    }
    let below = |x: f64| 0.5 * libm::erfc((d - x) / se / std::f64::consts::SQRT_2);
    let equivalent = if within > 0.0 {
        below(within) - below(-within)
    } else {
        0.0
    };
    equivalent + below(-beyond) + 1.0 - below(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ahead(d: f64, sd: f64, n: u32, published: u32) -> Outlook {
        let reference = Reference {
            mean: 50.0,
            sd: (sd, sd),
            n: published,
        };
        let there = outlook(50.0 + d, Some(sd), n, &reference, 5.0).unwrap();
        let mirrored = outlook(50.0 - d, Some(sd), n, &reference, 5.0).unwrap();
        assert_eq!(there, mirrored);
        there
    }

    #[test]
    fn larger_spreads_need_more_runs_until_the_published_ones_cap() {
        let (few, more) = (ahead(0.0, 3.0, 3, 10), ahead(0.0, 5.0, 3, 10));
        let (Outlook::Further(few), Outlook::Further(more)) = (few, more) else {
            panic!("{few:?} {more:?}");
        };
        assert!(few < more, "{few} {more}");
        assert_eq!(ahead(0.0, 20.0, 3, 4), Outlook::Capped);
        assert!(matches!(ahead(40.0, 20.0, 3, 10), Outlook::Further(_)));
    }
}
