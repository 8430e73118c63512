//! What a study of this size can see: the power for the effect that a claim declares, at the spread measured in the study.
//!
//! A claim declares its power for a number of settings and seeds, an effect and a spread, all guessed before the study. Here the
//! effect stays as declared, and everything else is the study's own: each contrast is moved so that what the claim asks holds
//! by the declared effect (in a question of another unit, by as many standard deviations as were declared), its seeds are drawn anew with replacement, as whole seeds, and the claim's own p decides, looks
//! counted. What was found does not enter, only how far seeds differ; so a low power says that the study is too
//! small or too noisy, and an undecided claim of high power that effects of the declared size are not there.

use std::collections::BTreeMap;

use manifest::random::Stream;

use super::answer::Question;
use super::decide::{Bound, Verdict, verdict};
use super::evaluate::sides;
use super::evidence::Evidence;
use super::file::{Claim, Power, Test};
use super::questions::{Scope, questions};
use super::sample::Sample;

/// Studies drawn; a share of .8 is known to .04.
const DRAWS: u32 = 400;

/// Absent where the study cannot test the claim, a contrast has one seed, or the claim is of an association (whose settings are
/// properties, not effects).
pub(crate) fn power_here(evidence: &Evidence, claim: &Claim, looks: u32) -> Option<f64> {
    if matches!(claim.test, Test::Association { .. }) {
        return None;
    }
    let asked = questions(&Scope::new(evidence, claim)).ok()?;
    let samples = || {
        let settings = asked.iter().flat_map(|q| &q.settings);
        settings.flat_map(|s| &s.contrasts).map(|c| &c.sample)
    };
    if samples().next().is_none() || samples().any(|s| s.units.len() < 2) {
        return None;
    }
    let mut shown = 0u32;
    for draw in 0..DRAWS {
        let mut chosen = BTreeMap::new();
        let answers: Vec<_> = asked
            .iter()
            .map(|q| {
                let same_unit = asked.first().is_some_and(|first| first.unit == q.unit);
                drawn(q, claim.power, same_unit, draw, &mut chosen).answer()
            })
            .collect();
        let p = sides(&answers).times(looks);
        shown += u32::from(verdict(p) == Verdict::Supported);
    }
    Some(f64::from(shown) / f64::from(DRAWS))
}

type Chosen = BTreeMap<(String, usize), Vec<usize>>;

/// The question with every contrast on the good side of its bound by the declared effect and with seeds drawn anew.
fn drawn(
    question: &Question,
    declared: Power,
    same_unit: bool,
    draw: u32,
    chosen: &mut Chosen,
) -> Question {
    let mut drawn = question.clone();
    for contrast in drawn.settings.iter_mut().flat_map(|s| &mut s.contrasts) {
        let effect = if same_unit {
            declared.effect
        } else {
            declared.effect / declared.sd * deviation(&contrast.sample)
        };
        let at = match contrast.bound {
            Bound::Above(limit) => limit + effect,
            Bound::Within(margin) => (margin - effect).max(0.0),
        };
        redraw(&mut contrast.sample, at, draw, chosen);
    }
    drawn
}

/// The standard deviation between seeds, with n - 1 below.
fn deviation(sample: &Sample) -> f64 {
    let (mean, n) = (sample.mean(), sample.units.len() as f64);
    let squares: f64 = sample.units.values().map(|x| (x - mean) * (x - mean)).sum();
    libm::sqrt(squares / (n - 1.0))
}

/// Seeds of one stratum are the same for all contrasts. Values are moved away from their mean by `sqrt(n / (n - 1))`, because n
/// values spread less than what they were drawn from (Efron 1979).
fn redraw(sample: &mut Sample, at: f64, draw: u32, chosen: &mut Chosen) {
    let n = sample.units.len();
    let from = chosen
        .entry((sample.stratum.clone(), n))
        .or_insert_with(|| {
            let mut stream =
                Stream::new(u64::from(draw), &["power", &sample.stratum, &n.to_string()]);
            (0..n).map(|_| stream.below(n as u64) as usize).collect()
        });
    let mean = sample.mean();
    let wider = libm::sqrt(n as f64 / (n - 1) as f64);
    let values: Vec<f64> = sample.units.values().copied().collect();
    for (value, &i) in sample.units.values_mut().zip(from.iter()) {
        *value = at + wider * (values[i] - mean);
    }
}
