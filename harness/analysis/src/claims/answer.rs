//! A question: contrasts of settings, evaluated one by one, by environment and together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::stats::Interval;

use super::decide::{
    Bound, Needs, Rule, Sides, Verdict, after_holm, contrast_sides, needs, partial_conjunction,
    shown_number, verdict,
};
use super::outlook::Outlook;
use super::sample::{ALPHA, Effect, Sample, pooled};

/// One contrast of a setting.
#[derive(Clone, Debug)]
pub(crate) struct Contrast {
    /// E.g. `DDPG+BC - AWR`.
    pub(crate) name: String,
    pub(crate) sample: Sample,
    pub(crate) bound: Bound,
}

/// What was measured of one setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) label: String,
    pub(crate) environment: String,
    pub(crate) contrasts: Vec<Contrast>,
    pub(crate) needs: Needs,
    /// p below which no number of seeds takes it, because few benchmarks agree by chance.
    pub(crate) floor: Sides,
    pub(crate) seeds: usize,
    pub(crate) runs: BTreeSet<Arc<str>>,
    pub(crate) notes: Vec<String>,
}

/// One thing that a claim needs.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) rule: Rule,
    pub(crate) settings: Vec<Setting>,
}

/// A contrast, evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// What it is.
    pub contrast: String,
    /// What it must be.
    pub bound: Bound,
    /// What it is measured to be.
    pub effect: Effect,
}

/// A setting or an environment, evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Benchmark and labels.
    pub label: String,
    /// The contrasts.
    pub shown: Vec<Shown>,
    /// Which of them are needed.
    pub needs: Needs,
    /// p for and against.
    pub p: Sides,
    /// p below which no number of seeds takes it.
    #[serde(skip_serializing_if = "Sides::is_zero")]
    pub floor: Sides,
    /// By its own p.
    pub verdict: Verdict,
    /// After Holm over the settings of the question.
    pub verdict_holm: Verdict,
    /// Seeds.
    pub seeds: usize,
    /// Evaluations behind it.
    pub runs: Vec<String>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// A question, evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// What is asked.
    pub question: String,
    /// The contrasts' unit.
    pub unit: String,
    /// Settings that are needed, of how many; absent where their mean decides.
    pub needed: Option<(usize, usize)>,
    /// Share of the settings for which it holds: shown for at least `low`, shown not to hold for at least 1 - `high`.
    pub share: Option<Interval>,
    /// The mean over all settings, by contrast.
    pub together: Vec<Shown>,
    /// Each environment.
    pub environments: Vec<Part>,
    /// Each setting.
    pub settings: Vec<Part>,
    /// p for and against.
    pub p: Sides,
    /// What the p say.
    pub verdict: Verdict,
    /// Further seeds a setting that would decide it; absent where it is decided or more than 1,000 would not do.
    pub further_seeds: Option<u64>,
    /// All settings as one part.
    #[serde(skip)]
    pub(crate) whole: Part,
}

/// Contrasts of the same name over settings, in the order of the first setting that has each.
fn by_contrast<'a>(settings: &[&'a Setting]) -> Vec<(&'a str, Bound, Vec<&'a Sample>)> {
    let mut all: Vec<(&str, Bound, Vec<&Sample>)> = Vec::new();
    for contrast in settings.iter().flat_map(|s| &s.contrasts) {
        match all.iter_mut().find(|(name, _, _)| *name == contrast.name) {
            Some((_, _, samples)) => samples.push(&contrast.sample),
            None => all.push((&contrast.name, contrast.bound, vec![&contrast.sample])),
        }
    }
    all
}

/// The settings of `settings` as one part.
fn part(label: &str, settings: &[&Setting]) -> Part {
    let mut shown = Vec::new();
    for (name, bound, samples) in by_contrast(settings) {
        if let Some(effect) = pooled(samples) {
            shown.push(Shown {
                contrast: name.to_owned(),
                bound,
                effect,
            });
        }
    }
    let sides: Vec<Sides> = shown
        .iter()
        .map(|s| contrast_sides(&s.effect, s.bound))
        .collect();
    let mode = settings.first().map_or(Needs::All, |s| s.needs);
    let p = if sides.is_empty() {
        Sides {
            supported: 1.0,
            contradicted: 1.0,
        }
    } else {
        needs(&sides, mode)
    };
    let floor = settings
        .iter()
        .fold(Sides::ZERO, |floor, s| floor.at_least(s.floor));
    let p = p.at_least(floor);
    let runs: BTreeSet<&Arc<str>> = settings.iter().flat_map(|s| &s.runs).collect();
    let mut notes: Vec<String> = settings.iter().flat_map(|s| s.notes.clone()).collect();
    notes.sort();
    notes.dedup();
    Part {
        label: label.to_owned(),
        shown,
        needs: mode,
        p,
        floor,
        verdict: verdict(p),
        verdict_holm: verdict(p),
        seeds: settings.iter().map(|s| s.seeds).min().unwrap_or(0),
        runs: runs.into_iter().map(ToString::to_string).collect(),
        notes,
    }
}

impl Question {
    /// Evaluates the question.
    pub(crate) fn answer(&self) -> Answer {
        let all: Vec<&Setting> = self.settings.iter().collect();
        let mut settings: Vec<Part> = all.iter().map(|s| part(&s.label, &[s])).collect();
        holm_over(&mut settings);
        let mut by_environment: BTreeMap<&str, Vec<&Setting>> = BTreeMap::new();
        for setting in &self.settings {
            by_environment
                .entry(&setting.environment)
                .or_default()
                .push(setting);
        }
        let mut environments: Vec<Part> = by_environment
            .iter()
            .map(|(name, own)| part(name, own))
            .collect();
        holm_over(&mut environments);
        let whole = part("together", &all);
        let n = settings.len();
        let sides =
            |of: fn(&Sides) -> f64| -> Vec<f64> { settings.iter().map(|s| of(&s.p)).collect() };
        let (mut support, mut contradict) = (sides(|p| p.supported), sides(|p| p.contradicted));
        let needed = self.rule.needed(n);
        let (p, share) = match needed {
            None => (whole.p, None),
            // More settings asked for than there are: nothing can be shown either way.
            Some(r) if r > n => (
                Sides {
                    supported: 1.0,
                    contradicted: 1.0,
                },
                None,
            ),
            Some(r) => {
                let share = Interval {
                    low: shown_number(&support) as f64 / n as f64,
                    high: 1.0 - shown_number(&contradict) as f64 / n as f64,
                };
                let p = Sides {
                    supported: partial_conjunction(&mut support, r),
                    contradicted: partial_conjunction(&mut contradict, n - r + 1),
                };
                (p, Some(share))
            }
        };
        let verdict = verdict(p);
        Answer {
            question: self.name.clone(),
            unit: self.unit.clone(),
            needed: needed.map(|r| (r, n)),
            share,
            further_seeds: (verdict == Verdict::Inconclusive)
                .then(|| Outlook::of(&settings, &whole, needed, ALPHA / 2.0).nearest())
                .flatten(),
            together: whole.shown.clone(),
            whole,
            environments,
            settings,
            p,
            verdict,
        }
    }
}

fn holm_over(parts: &mut [Part]) {
    let sides: Vec<Sides> = parts.iter().map(|part| part.p).collect();
    for (part, verdict) in parts.iter_mut().zip(after_holm(&sides)) {
        part.verdict_holm = verdict;
    }
}
