//! Settings of a claim: benchmarks crossed with the levels of its labels.

use std::collections::BTreeMap;

use crate::claims::answer::{Contrast, Setting};
use crate::claims::decide::{Needs, Sides};
use crate::claims::evidence::{Evidence, joined, words};
use crate::claims::file::{Claim, Labels};
use crate::claims::table::{Column, Table};
use crate::claims::topic::barred;
use crate::study::Better;

/// A claim on a study.
pub(crate) struct Scope<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) claim: &'a Claim,
    /// Benchmarks that the claim may use, with their environments.
    pub(crate) benchmarks: Vec<(&'a str, &'a str)>,
    /// Benchmarks that it may not use, with the reason.
    pub(crate) barred: Vec<(String, String)>,
}

/// One setting to be measured.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    pub(crate) benchmark: &'a str,
    pub(crate) environment: &'a str,
    /// Labels of every pipeline here.
    pub(crate) labels: Labels,
    /// Benchmark and levels, for people.
    pub(crate) label: String,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(evidence: &'a Evidence, claim: &'a Claim) -> Self {
        let mut scope = Self {
            evidence,
            claim,
            benchmarks: Vec::new(),
            barred: Vec::new(),
        };
        for (name, environment) in &evidence.shape().benchmarks {
            let asked = match &claim.benchmarks {
                Some(patterns) => patterns.iter().any(|p| fits(p, name)),
                None => true,
            };
            if !asked {
                continue;
            }
            match barred(name, environment, &claim.topics) {
                Some(why) => scope.barred.push((name.clone(), why)),
                None => scope.benchmarks.push((name, environment)),
            }
        }
        scope
    }

    /// Every benchmark with every combination of the claim's setting levels.
    pub(crate) fn places(&self) -> Vec<Place<'a>> {
        let combinations = self.combinations();
        let place = |&(benchmark, environment): &(&'a str, &'a str)| {
            combinations
                .iter()
                .map(|(labels, levels)| Place {
                    benchmark,
                    environment,
                    labels: labels.clone(),
                    label: std::iter::once(benchmark)
                        .chain(levels.iter().map(String::as_str))
                        .collect::<Vec<_>>()
                        .join(", "),
                })
                .collect::<Vec<_>>()
        };
        self.benchmarks.iter().flat_map(place).collect()
    }

    /// Combinations of setting levels: labels for selection, levels for people.
    pub(crate) fn combinations(&self) -> Vec<(Labels, Vec<String>)> {
        let mut all = vec![(self.claim.filter.clone(), Vec::new())];
        for (label, levels) in &self.claim.settings {
            all = all
                .into_iter()
                .flat_map(|(labels, shown)| {
                    levels.iter().map(move |level| {
                        let (mut labels, mut shown) = (labels.clone(), shown.clone());
                        labels.insert(label.clone(), level.clone());
                        shown.push(level.clone());
                        (labels, shown)
                    })
                })
                .collect();
        }
        all
    }

    /// The settings that `build` can make at the claim's places.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn settings(
        &self,
        build: impl Fn(&Place<'a>) -> Result<Setting, String>,
    ) -> Result<Vec<Setting>, String> {
        if self.benchmarks.is_empty() {
            return Err(match self.barred.first() {
                Some((name, why)) => format!("no benchmark is left: {name} is {why}"),
                None => "the study has none of the claim's benchmarks".into(),
            });
        }
        collect(self.places().iter().map(build))
    }

    /// The pipeline with the place's labels and `own` ones.
    pub(crate) fn pipeline(&self, place: &Place<'_>, own: &Labels) -> Result<&'a str, String> {
        let labels = joined(&place.labels, own);
        let found = self.evidence.pipeline(place.benchmark, &labels);
        found.map_err(|why| format!("{why} on {}", place.benchmark))
    }

    /// A complete table of `columns`.
    pub(crate) fn table(&self, columns: &[Column<'_>]) -> Result<Table, String> {
        Table::read(self.evidence, columns, self.claim.tuning.as_ref())
    }
}

impl Place<'_> {
    /// A setting here from contrasts over `table`.
    ///
    /// # Errors
    /// When a contrast is undefined for every seed.
    pub(crate) fn setting(
        &self,
        table: Table,
        contrasts: Vec<Contrast>,
        needs: Needs,
    ) -> Result<Setting, String> {
        if let Some(empty) = contrasts.iter().find(|c| c.sample.units.is_empty()) {
            return Err(format!(
                "`{}` is undefined for every seed of {}",
                empty.name, self.label
            ));
        }
        Ok(Setting {
            label: self.label.clone(),
            environment: self.environment.to_owned(),
            contrasts,
            needs,
            floor: Sides::ZERO,
            seeds: table.seeds,
            runs: table.runs,
            notes: table.notes,
        })
    }
}

/// The settings that could be made, or the distinct reasons why none could.
pub(crate) fn collect(
    made: impl Iterator<Item = Result<Setting, String>>,
) -> Result<Vec<Setting>, String> {
    let (mut settings, mut reasons) = (Vec::new(), BTreeMap::<String, usize>::new());
    for setting in made {
        match setting {
            Ok(setting) => settings.push(setting),
            Err(why) => *reasons.entry(why).or_default() += 1,
        }
    }
    if !settings.is_empty() {
        return Ok(settings);
    }
    let mut reasons: Vec<String> = reasons.into_keys().collect();
    let more = reasons.len().saturating_sub(2);
    reasons.truncate(2);
    if more > 0 {
        reasons.push(format!("and {more} more of the kind"));
    }
    Err(reasons.join("; "))
}

/// 1 where large is good, -1 where small is.
pub(crate) fn sign(better: Better) -> f64 {
    match better {
        Better::Higher => 1.0,
        Better::Lower => -1.0,
    }
}

/// The level names of `labels` for people, e.g. `AWR`.
pub(crate) fn short(labels: &Labels) -> String {
    if labels.is_empty() {
        return words(labels);
    }
    labels.values().cloned().collect::<Vec<_>>().join(" ")
}

/// Whether `name` is `pattern` or starts with its part before `*`.
pub fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}
