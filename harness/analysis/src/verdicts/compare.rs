//! Two studies, or two pipelines of one, against each other: scores, differences and who wins, by benchmark and together.

use super::ALPHA;
use super::compared::{Compared, Decision, Group, Measured, Row, Score, Together};
use super::runs::{Runs, unit_means};
use super::unlike::{Caveat, caveats};
use crate::error::{Error, Result};
use crate::load::{Query, Results};
use crate::observation::Observation;
use crate::stats::bootstrap::Resampler;
use crate::stats::holm::holm;
use crate::stats::improvement_interval::{Duel, improvements, paired, plain_improvements};
use crate::stats::small_sample::LowN;
use crate::stats::welch::{Difference, Moments};
use crate::stats::{Estimate, mean, sd};
use crate::study::{Better, Study};

/// What to compare.
#[derive(Clone, Debug, Default)]
pub struct Against {
    /// The metric, with a selection rule or without; absent for that of the first study's first table.
    pub metric: Option<String>,
    /// Only this benchmark.
    pub benchmark: Option<String>,
    /// A pipeline of the first study and one of the second; absent for all that have a common name.
    pub pipelines: Option<(String, String)>,
    /// Intervals of the probability of improvement as rliable has them: plain percentiles, sides drawn apart.
    pub rliable: bool,
}

/// Holds pipelines of `first` against pipelines of `second` on the benchmarks that both have, at the studies' references.
///
/// # Errors
/// `UnknownName` for a pipeline or benchmark that a study lacks, `NothingShared` without a common pipeline or benchmark, and what
/// reading the observations gives.
pub fn compare(
    first: &Results,
    second: &Results,
    against: &Against,
    resampler: &Resampler,
) -> Result<Compared> {
    let metric = metric(first.study(), against);
    let benchmarks = benchmarks(first.study(), second.study(), against)?;
    let read = |results: &Results| {
        results.observations(&Query {
            metric: &metric,
            benchmark: None,
            last_only: true,
        })
    };
    let scene = Scene {
        first: (first.study(), read(first)?),
        second: (second.study(), read(second)?),
        better: first.study().better(&metric),
        metric,
        benchmarks,
        rliable: against.rliable,
    };
    let mut groups = Vec::new();
    for pair in pairs(first.study(), second.study(), against)? {
        groups.push(scene.group(resampler, pair)?);
    }
    if groups.iter().all(|g| g.rows.is_empty()) {
        let of = |study: &Study| study.study.clone();
        return Err(Error::NothingShared {
            first: of(first.study()),
            second: of(second.study()),
            what: "benchmark on which both pipelines run",
            hint: "`assay table` shows which pipeline runs where".into(),
        });
    }
    let tested = adjust(&mut groups);
    Ok(Compared {
        first: first.study().study.clone(),
        second: second.study().study.clone(),
        metric: scene.metric,
        better: scene.better,
        groups,
        tested,
        rliable: against.rliable,
    })
}

fn metric(study: &Study, against: &Against) -> String {
    let own = || study.tables.first().map(|t| t.metric.clone());
    let asked = against.metric.clone().or_else(own);
    asked.unwrap_or_else(|| crate::load::NORMALIZED_SCORE.to_owned())
}

fn benchmarks(first: &Study, second: &Study, against: &Against) -> Result<Vec<String>> {
    if let Some(only) = &against.benchmark {
        first.benchmark(only)?;
        second.benchmark(only)?;
        return Ok(vec![only.clone()]);
    }
    let names =
        |study: &Study| -> Vec<String> { study.benchmarks.iter().map(|b| b.id.clone()).collect() };
    let (own, theirs) = (names(first), names(second));
    let shared: Vec<String> = own.iter().filter(|b| theirs.contains(b)).cloned().collect();
    if shared.is_empty() {
        let (own, theirs) = (own.join(", "), theirs.join(", "));
        return Err(Error::NothingShared {
            hint: format!(
                "`{}` has {own}; `{}` has {theirs}",
                first.study, second.study
            ),
            first: first.study.clone(),
            second: second.study.clone(),
            what: "benchmark",
        });
    }
    Ok(shared)
}

/// The pipelines to compare: those named, else those of equal names, else the only one of each.
fn pairs(first: &Study, second: &Study, against: &Against) -> Result<Vec<(String, String)>> {
    if let Some((own, theirs)) = &against.pipelines {
        first.pipeline(own)?;
        second.pipeline(theirs)?;
        return Ok(vec![(own.clone(), theirs.clone())]);
    }
    let names =
        |study: &Study| -> Vec<String> { study.pipelines.iter().map(|p| p.name.clone()).collect() };
    let (own, theirs) = (names(first), names(second));
    let shared: Vec<(String, String)> = own
        .iter()
        .filter(|name| theirs.contains(name))
        .map(|name| (name.clone(), name.clone()))
        .collect();
    match (shared.is_empty(), own.as_slice(), theirs.as_slice()) {
        (false, _, _) => Ok(shared),
        (true, [own], [theirs]) => Ok(vec![(own.clone(), theirs.clone())]),
        _ => Err(Error::NothingShared {
            hint: format!(
                "--pipelines names one of each: `{}` has {}; `{}` has {}",
                first.study,
                own.join(", "),
                second.study,
                theirs.join(", ")
            ),
            first: first.study.clone(),
            second: second.study.clone(),
            what: "pipeline",
        }),
    }
}

struct Scene<'a> {
    first: (&'a Study, Vec<Observation>),
    second: (&'a Study, Vec<Observation>),
    metric: String,
    better: Better,
    benchmarks: Vec<String>,
    rliable: bool,
}

/// A row with what the pooled statistics need of it.
struct Work {
    row: Row,
    difference: Option<Difference>,
    duel: Option<Duel>,
}

impl Scene<'_> {
    fn group(&self, resampler: &Resampler, (first, second): (String, String)) -> Result<Group> {
        let runs_on = |study: &Study, pipeline: &str, benchmark: &str| {
            let known = study.pipeline(pipeline);
            known.is_ok_and(|p| p.runs_on(benchmark))
        };
        let mut work = Vec::new();
        for benchmark in &self.benchmarks {
            if runs_on(self.first.0, &first, benchmark)
                && runs_on(self.second.0, &second, benchmark)
            {
                work.push(self.row(benchmark, &first, &second)?);
            }
        }
        let duels: Vec<Duel> = work.iter().filter_map(|w| w.duel.clone()).collect();
        let improvement = if self.rliable {
            plain_improvements(resampler, &duels)
        } else {
            improvements(resampler, &duels)
        };
        if let Some((each, _)) = &improvement {
            let places = work.iter_mut().filter(|w| w.duel.is_some());
            for (place, estimate) in places.zip(each) {
                place.row.improvement = Some(*estimate);
            }
        }
        let together = improvement.filter(|_| duels.len() > 1);
        Ok(Group {
            first,
            second,
            together: together.map(|(_, mean)| self.together(&work, mean)),
            rows: work.into_iter().map(|w| w.row).collect(),
        })
    }

    fn together(&self, work: &[Work], improvement: Estimate) -> Together {
        let all: Vec<&Difference> = work.iter().filter_map(|w| w.difference.as_ref()).collect();
        let compared = work.iter().filter(|w| w.duel.is_some()).count();
        // A mean over some of the benchmarks would not be what its line says.
        let whole = all.len() == compared && common_scale(&self.metric);
        let mean = Difference::mean_of(&all).filter(|_| whole);
        Together {
            benchmarks: compared,
            difference: mean.as_ref().map(measured),
            improvement,
            decision: mean.map_or(Decision::Undecided, |d| decide(&d, self.better)),
        }
    }

    fn row(&self, benchmark: &str, first: &str, second: &str) -> Result<Work> {
        let of = |(_, rows): &(&Study, Vec<Observation>), pipeline: &str| {
            Runs::of(rows, &self.metric, benchmark, pipeline)
        };
        let (a, b) = (of(&self.first, first)?, of(&self.second, second)?);
        let caveats = caveats(
            self.first.0.benchmark(benchmark)?,
            self.second.0.benchmark(benchmark)?,
            &self.metric,
        );
        let mut work = Work {
            row: Row {
                benchmark: benchmark.to_owned(),
                first: score(&a),
                second: score(&b),
                paired: false,
                difference: None,
                improvement: None,
                decision: Decision::Missing,
                decision_holm: Decision::Missing,
                first_missing: a.missing.clone(),
                second_missing: b.missing.clone(),
                caveats,
            },
            difference: None,
            duel: None,
        };
        if work.row.caveats.iter().any(Caveat::forbids) {
            work.row.decision = Decision::NotComparable;
        } else if let (Some(own), Some(theirs)) = (&work.row.first, &work.row.second) {
            let value = own.mean - theirs.mean;
            let pairs = paired(&self.metric, &a.observed, &b.observed)?;
            work.row.paired = pairs.is_some();
            let together = pairs.as_ref().filter(|_| !self.rliable);
            let sides = together.map_or([&a.units, &b.units], |[a, b]| [a, b]);
            let duel = Duel::new(benchmark, self.better, sides, together.is_some());
            work.duel = Some(duel);
            work.difference = difference(&a, &b, pairs.as_ref());
            let single = Measured {
                value,
                interval: None,
                p: None,
            };
            let tested = work.difference.as_ref();
            work.row.difference = Some(tested.map_or(single, measured));
            work.row.decision =
                tested.map_or(Decision::OneSeed, |tested| decide(tested, self.better));
        }
        work.row.decision_holm = work.row.decision;
        Ok(work)
    }
}

fn score(runs: &Runs) -> Option<Score> {
    let values = runs.values();
    let interval = Moments::of(&values).and_then(|m| m.interval());
    Some(Score {
        mean: mean::mean(&values)?,
        sd: sd::sd(&values),
        interval,
        n: values.len(),
        low_n: LowN::of(values.len()),
        seeds: runs.seeds.clone(),
        evaluation_ids: runs.evaluation_ids.clone(),
    })
}

fn difference(a: &Runs, b: &Runs, pairs: Option<&[Vec<Vec<f64>>; 2]>) -> Option<Difference> {
    if let Some([a, b]) = pairs {
        let (a, b) = (unit_means(a), unit_means(b));
        let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
        return Difference::paired(&differences);
    }
    Difference::welch(&Moments::of(&a.values())?, &Moments::of(&b.values())?)
}

fn measured(difference: &Difference) -> Measured {
    Measured {
        value: difference.value,
        interval: Some(difference.interval()),
        p: Some(difference.p_zero()),
    }
}

fn decide(difference: &Difference, better: Better) -> Decision {
    let varies = difference.se() > 0.0 || difference.value.abs() > 0.0;
    if !varies {
        return Decision::Equal;
    }
    if difference.p_zero() >= ALPHA {
        return Decision::Undecided;
    }
    if (difference.value > 0.0) == (better == Better::Higher) {
        Decision::FirstBetter
    } else {
        Decision::SecondBetter
    }
}

/// Whether the metric means the same amount on every benchmark.
fn common_scale(metric: &str) -> bool {
    ["normalized_score", "success_rate"]
        .iter()
        .any(|stem| metric.starts_with(stem))
}

/// Takes back decisions that do not survive Holm's adjustment over all rows; gives the number of rows tested.
fn adjust(groups: &mut [Group]) -> usize {
    let rows = groups.iter_mut().flat_map(|g| &mut g.rows);
    let mut tested: Vec<(&mut Row, f64)> = rows
        .filter_map(|row| {
            let p = row.difference?.p?;
            Some((row, p))
        })
        .collect();
    let p: Vec<f64> = tested.iter().map(|(_, p)| *p).collect();
    for ((row, _), adjusted) in tested.iter_mut().zip(holm(&p)) {
        let better = matches!(row.decision, Decision::FirstBetter | Decision::SecondBetter);
        if better && adjusted >= ALPHA {
            row.decision_holm = Decision::Undecided;
        }
    }
    tested.len()
}
