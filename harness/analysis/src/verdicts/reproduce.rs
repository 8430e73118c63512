//! A published table against a study: a verdict for every cell.

use super::decide::{Verdict, after_holm};
use super::gap::{Gap, Reference, gap};
use super::outlook::outlook;
use super::protocol::{Reason, against};
use super::runs::Runs;
use super::table::{CellVerdict, Counts, Own, Published, Reproduction};
use crate::error::{Error, Result};
use crate::load::{Query, Results};
use crate::observation::Observation;
use crate::published::{Measure, Score, Selection, Table};
use crate::stats::welch::Moments;
use crate::stats::{mean, sd};
use crate::study::{Benchmark, Pipeline, Study};

/// What to hold against what, and how.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Only these algorithms of the table; empty for all.
    pub only: Vec<String>,
    /// Equivalence margin in units of the table's measure, above 0.
    pub margin: f64,
    /// The study's pipelines in the places of the table's algorithms, as (ours, theirs); others go together by equal names.
    pub pipelines: Vec<(String, String)>,
    /// The study's benchmarks in the places of the table's datasets, as (ours, theirs).
    pub benchmarks: Vec<(String, String)>,
    /// Another rule than the table's which evaluation of a run counts.
    pub selection: Option<Selection>,
    /// Take runs as comparable that are not known to be.
    pub assume_comparable: bool,
}

/// The margin of a measure where nobody names one: 5 points of normalised score or per cent. None for returns.
pub fn default_margin(measure: Measure) -> Option<f64> {
    match measure {
        Measure::NormalizedScore | Measure::SuccessPercent => Some(5.0),
        Measure::SuccessFraction | Measure::RegretFraction => Some(0.05),
        Measure::Return => None,
    }
}

/// The metric of a study that a table's measure is, and what it is multiplied by.
fn metric_of(measure: Measure) -> Option<(&'static str, f64)> {
    match measure {
        Measure::NormalizedScore => Some((crate::load::NORMALIZED_SCORE, 1.0)),
        Measure::Return => Some((crate::load::RETURN, 1.0)),
        Measure::SuccessPercent => Some(("success_rate", 100.0)),
        Measure::SuccessFraction => Some(("success_rate", 1.0)),
        Measure::RegretFraction => None,
    }
}

/// Verdicts on the cells of `table` by the runs of a study, with the table's selection rule.
///
/// # Errors
/// `UnknownName` for a name of the request that the table or the study lacks; what reading the observations gives.
pub fn reproduce(results: &Results, table: &Table, request: &Request) -> Result<Reproduction> {
    let study = results.study();
    check_names(study, table, request)?;
    let selection = rule(table, request);
    let metric = metric_of(table.measure).map(|(m, factor)| (format!("{m}@{selection}"), factor));
    let rows = match &metric {
        Some((metric, _)) => results.observations(&Query {
            metric,
            benchmark: None,
            last_only: true,
        })?,
        None => Vec::new(),
    };
    let scene = Scene {
        study,
        table,
        request,
        selection,
        metric,
        rows,
    };
    let mut cells = Vec::new();
    for (index, score) in table.scores.iter().enumerate() {
        if request.only.is_empty() || request.only.contains(&score.algorithm) {
            cells.append(&mut scene.cells(index, score)?);
        }
    }
    Ok(scene.conclude(cells))
}

/// The rule that is applied to the runs.
fn rule(table: &Table, request: &Request) -> Selection {
    let asked = request.selection.unwrap_or(table.selection);
    match asked {
        // Something must be shown; the cell says that the table does not say.
        Selection::Unknown => Selection::Last,
        asked => asked,
    }
}

fn check_names(study: &Study, table: &Table, request: &Request) -> Result<()> {
    let listed = |names: &mut dyn Iterator<Item = String>| {
        let mut all: Vec<String> = Vec::new();
        for name in names {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    };
    let algorithms = listed(&mut table.scores.iter().map(|s| s.algorithm.clone()));
    let datasets = listed(&mut table.scores.iter().map(Score::benchmark));
    let known = |kind, name: &String, known: &[String]| {
        if known.contains(name) {
            return Ok(());
        }
        let (name, known) = (name.clone(), known.to_vec());
        Err(Error::NotInTable { kind, name, known })
    };
    for name in &request.only {
        known("algorithm", name, &algorithms)?;
    }
    for (ours, theirs) in &request.pipelines {
        study.pipeline(ours)?;
        known("algorithm", theirs, &algorithms)?;
    }
    for (ours, theirs) in &request.benchmarks {
        study.benchmark(ours)?;
        known("dataset", theirs, &datasets)?;
    }
    Ok(())
}

/// Whether our name stands for theirs: as mapped, else by equality.
fn stands_for(ours: &str, theirs: &str, mapped: &[(String, String)]) -> bool {
    let of_theirs = mapped.iter().any(|(_, t)| t == theirs);
    let of_ours = mapped.iter().any(|(o, _)| o == ours);
    if of_theirs || of_ours {
        mapped.iter().any(|(o, t)| o == ours && t == theirs)
    } else {
        ours == theirs
    }
}

struct Scene<'a> {
    study: &'a Study,
    table: &'a Table,
    request: &'a Request,
    selection: Selection,
    metric: Option<(String, f64)>,
    rows: Vec<Observation>,
}

impl Scene<'_> {
    /// The score's cell, one for each pair of a pipeline and a benchmark that stand for it.
    fn cells(&self, index: usize, score: &Score) -> Result<Vec<CellVerdict>> {
        let (dataset, request) = (score.benchmark(), self.request);
        let pipelines = self.study.pipelines.iter();
        let pipelines: Vec<&Pipeline> = pipelines
            .filter(|p| stands_for(&p.name, &score.algorithm, &request.pipelines))
            .collect();
        let benchmarks = self.study.benchmarks.iter();
        let benchmarks = benchmarks.filter(|b| stands_for(&b.id, &dataset, &request.benchmarks));
        let mut cells = Vec::new();
        for benchmark in benchmarks {
            for pipeline in pipelines.iter().filter(|p| p.runs_on(&benchmark.id)) {
                cells.push(self.cell(index, score, pipeline, benchmark)?);
            }
        }
        if cells.is_empty() {
            cells.push(self.blank(index, score));
        }
        Ok(cells)
    }

    /// A cell without runs.
    fn blank(&self, index: usize, score: &Score) -> CellVerdict {
        CellVerdict {
            row: index + 1,
            algorithm: score.algorithm.clone(),
            dataset: score.benchmark(),
            pipeline: None,
            benchmark: None,
            published: Published {
                mean: score.mean,
                spread: score.spread,
                sd: reference_sd(self.table, score),
                n: self.table.runs(score),
            },
            own: None,
            difference: None,
            gap: None,
            verdict: Verdict::Missing,
            verdict_holm: Verdict::Missing,
            detail: None,
            investigate: false,
            outlook: None,
            reasons: Vec::new(),
            missing: Vec::new(),
        }
    }

    fn cell(
        &self,
        index: usize,
        score: &Score,
        pipeline: &Pipeline,
        benchmark: &Benchmark,
    ) -> Result<CellVerdict> {
        let mut cell = self.blank(index, score);
        cell.pipeline = Some(pipeline.name.clone());
        cell.benchmark = Some(benchmark.id.clone());
        cell.reasons = self.reasons(score, benchmark);
        let scored = !cell
            .reasons
            .iter()
            .any(|r| matches!(r, Reason::Measure | Reason::Normalizer { ours: None, .. }));
        if let (Some((metric, factor)), true) = (&self.metric, scored) {
            let runs = Runs::of(&self.rows, metric, &benchmark.id, &pipeline.name)?;
            cell.own = own(&runs, *factor);
            cell.missing = runs.missing;
        }
        let assumed = |r: &Reason| self.request.assume_comparable && r.can_be_assumed();
        let comparable = cell.reasons.iter().all(assumed);
        if let Some(own) = &cell.own {
            let difference = own.mean - score.mean;
            cell.difference = Some(difference);
            let reference = reference(&cell.published);
            let moments = own.sd.map(|sd| Moments {
                mean: own.mean,
                sd,
                n: own.n,
            });
            let margin = self.request.margin;
            let tested = moments.as_ref().zip(reference.as_ref());
            cell.gap = tested.and_then(|(own, reference)| gap(own, reference, margin));
            (cell.verdict, cell.detail) = match &cell.gap {
                _ if !comparable => (Verdict::NotComparable, None),
                Some(gap) => gap.verdict(margin),
                None => (Verdict::Inconclusive, None),
            };
            if let (Verdict::Inconclusive, Some(reference)) = (cell.verdict, &reference) {
                cell.outlook = outlook(own.mean, own.sd, own.n, reference, margin);
            }
            let better = match self.table.measure.better() {
                crate::study::Better::Higher => difference,
                crate::study::Better::Lower => -difference,
            };
            cell.investigate = cell.verdict == Verdict::NotReproduced && better > margin;
        } else if !scored {
            cell.verdict = Verdict::NotComparable;
        }
        cell.verdict_holm = cell.verdict;
        Ok(cell)
    }

    fn reasons(&self, score: &Score, benchmark: &Benchmark) -> Vec<Reason> {
        let table = self.table;
        let mut reasons = against(table, score, benchmark);
        let named = self.request.selection.is_some() && table.selection == Selection::Unknown;
        if self.selection != table.selection && !named {
            reasons.push(Reason::Selection {
                ours: self.selection,
                theirs: table.selection,
            });
        }
        if self.metric.is_none() {
            reasons.push(Reason::Measure);
        }
        let published = table.runs(score);
        let about_runs = table.spread.map(|s| s.kind).filter(|kind| {
            use crate::published::SpreadKind::{SdOverEvaluations, Unknown};
            !matches!(kind, SdOverEvaluations | Unknown)
        });
        if score.spread.is_none() || about_runs.is_none() {
            let printed = score.spread.and(table.spread).map(|s| s.kind);
            reasons.push(Reason::Spread { printed });
        }
        if published.is_none_or(|n| n < 2) {
            reasons.push(Reason::Runs { published });
        }
        reasons
    }

    fn conclude(self, mut cells: Vec<CellVerdict>) -> Reproduction {
        let comparable = |c: &&mut CellVerdict| c.verdict != Verdict::NotComparable;
        let mut family: Vec<(&mut CellVerdict, Gap)> = (cells.iter_mut())
            .filter(comparable)
            .filter_map(|cell| cell.gap.map(|gap| (cell, gap)))
            .collect();
        let gaps: Vec<Gap> = family.iter().map(|(_, gap)| *gap).collect();
        for ((cell, _), verdict) in family
            .iter_mut()
            .zip(after_holm(&gaps, self.request.margin))
        {
            cell.verdict_holm = verdict;
        }
        let expected_false_alarms = gaps.iter().map(|gap| gap.false_alarm).sum();
        let (table, request) = (self.table, self.request);
        // Where only some algorithms are asked for, the others are left out on purpose.
        let whole = request.only.is_empty();
        let lacks = |name: &str, paired: &dyn Fn(&CellVerdict) -> &Option<String>| {
            whole && !cells.iter().any(|c| paired(c).as_deref() == Some(name))
        };
        let pipelines = self.study.pipelines.iter().map(|p| p.name.clone());
        let benchmarks = self.study.benchmarks.iter().map(|b| b.id.clone());
        Reproduction {
            table: table.id.clone(),
            study: self.study.study.clone(),
            study_title: self.study.title.clone(),
            metric: self.metric.map(|(metric, _)| metric),
            selection: self.selection,
            margin: request.margin,
            assumed_comparable: request.assume_comparable,
            raw: Counts::of(cells.iter().map(|c| c.verdict)),
            holm: Counts::of(cells.iter().map(|c| c.verdict_holm)),
            tested: gaps.len(),
            expected_false_alarms,
            unpaired_pipelines: pipelines.filter(|n| lacks(n, &|c| &c.pipeline)).collect(),
            unpaired_benchmarks: benchmarks.filter(|n| lacks(n, &|c| &c.benchmark)).collect(),
            cells,
        }
    }
}

fn own(runs: &Runs, factor: f64) -> Option<Own> {
    let values: Vec<f64> = runs.values().iter().map(|x| factor * x).collect();
    Some(Own {
        mean: mean::mean(&values)?,
        sd: sd::sd(&values),
        n: u32::try_from(values.len()).ok()?,
        seeds: runs.seeds.clone(),
        evaluation_ids: runs.evaluation_ids.clone(),
    })
}

fn reference(published: &Published) -> Option<Reference> {
    Some(Reference {
        mean: published.mean,
        sd: published.sd?,
        n: published.n?,
    })
}

/// The standard deviation that tests take: a printed 0 stands for anything below half a unit of the last digit.
fn reference_sd(table: &Table, score: &Score) -> Option<(f64, f64)> {
    let (least, greatest) = table.sample_sd(score)?;
    if score.spread? > 0.0 {
        return Some((least, greatest));
    }
    let largest = Score {
        spread: Some(table.step() / 2.0),
        ..score.clone()
    };
    Some((0.0, table.sample_sd(&largest)?.1))
}
