//! How likely each claim is decided once benchmarks have more seeds: what a study so far says about a larger one.
//!
//! A larger study is drawn by keeping the seeds that were measured and adding seeds drawn from them with replacement, as a
//! whole, so that settings that share seeds stay together (Efron 1979). Each added value is moved away from its setting's mean by
//! `sqrt(n / (n - 1))`, because n values spread less than what they were drawn from. The larger study then goes through
//! the same tests, Holm and looks included.
//!
//! It is as good as the estimates it starts from: a claim that few seeds put on the wrong side stays there.

use std::collections::BTreeMap;

use manifest::random::Stream;
use serde::Serialize;

use super::answer::Question;
use super::decide::{Sides, Verdict, after_holm};
use super::evaluate::{enough_settings, sides, size};
use super::evidence::Evidence;
use super::file::ClaimsFile;
use super::questions::{Scope, questions};
use super::sample::Sample;

/// Shares of larger studies in which a claim gets each verdict after Holm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// The claim's number.
    pub number: u32,
    /// Its identifier.
    pub id: String,
    /// Share of the studies that support it.
    pub supported: f64,
    /// Share that contradicts it.
    pub contradicted: f64,
}

/// Draws `draws` studies in which the benchmark `b` has `seeds(b)` seeds, or those that it has where these are more. Claims that
/// do not read the study, that it cannot test, or that have fewer settings than their least, now, or fewer seeds, then, are left out. `manifest` is the entry of the file's `manifests` that the study was run from.
pub fn forecast(
    file: &ClaimsFile,
    evidence: &Evidence,
    manifest: Option<&str>,
    seeds: &dyn Fn(&str) -> usize,
    draws: u32,
) -> Vec<Forecast> {
    let testable: Vec<(usize, Vec<Question>)> = (file.claims.iter().enumerate())
        .filter(|(_, claim)| {
            manifest.is_none_or(|name| claim.reads(file).iter().any(|m| m == name))
        })
        .filter_map(|(i, claim)| Some((i, questions(&Scope::new(evidence, claim)).ok()?)))
        .filter(|(i, questions)| {
            let claim = &file.claims[*i];
            let most = |question: &Question| {
                let contrasts = question.settings.iter().flat_map(|s| &s.contrasts);
                contrasts
                    .map(|c| c.sample.units.len().max(seeds(&c.sample.stratum)))
                    .min()
            };
            let then = questions.iter().filter_map(most).min().unwrap_or(0);
            enough_settings(claim, size(questions).0) && then >= claim.least.seeds
        })
        .collect();
    let looks = file.looks_at(manifest);
    let mut counts = vec![(0u32, 0u32); testable.len()];
    for draw in 0..draws {
        let mut larger = Larger::new(seeds, draw);
        let all: Vec<Sides> = testable
            .iter()
            .map(|(_, questions)| {
                let answers: Vec<_> = questions.iter().map(|q| larger.grow(q).answer()).collect();
                sides(&answers).times(looks)
            })
            .collect();
        for (count, verdict) in counts.iter_mut().zip(after_holm(&all)) {
            count.0 += u32::from(verdict == Verdict::Supported);
            count.1 += u32::from(verdict == Verdict::Contradicted);
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(draws.max(1));
    (testable.iter().zip(counts))
        .map(|((i, _), (supported, contradicted))| Forecast {
            number: file.claims[*i].number,
            id: file.claims[*i].id.clone(),
            supported: share(supported),
            contradicted: share(contradicted),
        })
        .collect()
}

/// One larger study: which measured seed each added one repeats, the same for everything on a benchmark.
struct Larger<'a> {
    seeds: &'a dyn Fn(&str) -> usize,
    draw: u32,
    chosen: BTreeMap<(String, usize), Vec<usize>>,
}

impl<'a> Larger<'a> {
    fn new(seeds: &'a dyn Fn(&str) -> usize, draw: u32) -> Self {
        Self {
            seeds,
            draw,
            chosen: BTreeMap::new(),
        }
    }

    /// Positions among `n` measured seeds of the `more` that are added to a stratum.
    fn added(&mut self, stratum: &str, n: usize) -> &[usize] {
        let more = (self.seeds)(stratum).saturating_sub(n);
        let draw = self.draw;
        self.chosen
            .entry((stratum.to_owned(), n))
            .or_insert_with(|| {
                let count = n.to_string();
                let mut stream = Stream::new(u64::from(draw), &["forecast", stratum, &count]);
                (0..more).map(|_| stream.below(n as u64) as usize).collect()
            })
    }

    fn grow(&mut self, question: &Question) -> Question {
        let mut larger = question.clone();
        for contrast in larger.settings.iter_mut().flat_map(|s| &mut s.contrasts) {
            self.extend(&mut contrast.sample);
        }
        larger
    }

    fn extend(&mut self, sample: &mut Sample) {
        let values: Vec<f64> = sample.units.values().copied().collect();
        let (n, Some((&last, _))) = (values.len(), sample.units.last_key_value()) else {
            return;
        };
        if n < 2 {
            return;
        }
        let mean = sample.mean();
        let wider = libm::sqrt(n as f64 / (n - 1) as f64);
        for (unit, &from) in (last + 1..).zip(self.added(&sample.stratum, n)) {
            sample
                .units
                .insert(unit, mean + wider * (values[from] - mean));
        }
    }
}
