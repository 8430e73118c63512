//! Comparison tables and findings in every text format.

use std::collections::BTreeMap;
use std::path::Path;

use analysis::study::{Normalizer, TableSpec};
use analysis::{
    Error as AnalysisError, Findings, Resampler, Results, ScalingOptions, Standing, Study, Table,
};

use crate::error::{Error, Result};
use crate::tuning;

mod console;
mod csv;
pub(crate) mod findings;
pub(crate) mod html;
mod json;
mod latex;
pub(crate) mod layout;
pub(crate) mod markdown;

pub(crate) use csv::{bounds, quote};
use layout::Layout;
pub(crate) use layout::{estimate, number};
pub(crate) use markdown::escape;

/// A number with its interval as texts.
pub(crate) struct Estimated {
    pub(crate) value: String,
    /// `[low, high]`, empty without interval.
    pub(crate) interval: String,
}

/// A number as tables write it, digits by the width of its interval.
pub(crate) fn estimated(value: f64, interval: Option<analysis::Interval>) -> Estimated {
    let (value, interval) = number(value, interval);
    Estimated { value, interval }
}

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// GitHub-flavoured Markdown.
    Markdown,
    /// One line per cell, all digits.
    Csv,
    /// Everything, all digits.
    Json,
    /// LaTeX with the `booktabs` package.
    Latex,
    /// Aligned text for a terminal, without colour.
    Console,
    /// A fragment of HTML: one `<table>` each, without script and style.
    Html,
}

/// How the places of a table stand to the best, `[rows][columns]`.
pub(crate) type Standings = Vec<Vec<Option<Standing>>>;

/// Which tables to render.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// Only the table with this id.
    pub table: Option<String>,
    /// Only tables of this benchmark.
    pub benchmark: Option<String>,
    /// Another metric in the places of the study's tables; findings are left out.
    pub metric: Option<String>,
    /// Other normalisers in the places of the study's, by benchmark; captions name them.
    pub normalizers: BTreeMap<String, Normalizer>,
}

/// What every format renders.
pub(crate) struct Content<'a> {
    pub(crate) study: &'a Study,
    pub(crate) tables: Vec<Table>,
    /// Beside each table; empty where the format does not show them.
    pub(crate) standings: Vec<Standings>,
    pub(crate) findings: Findings,
    /// What was tried for each tuned method; empty where nothing is tuned.
    pub(crate) budgets: Vec<String>,
    /// Tables that cannot be shown, with the reason.
    pub(crate) left_out: Vec<String>,
}

/// The study's tables and findings as text.
///
/// # Errors
/// `Analysis` when the study cannot be read, a name is unknown, or nothing was measured; `NothingNormalized` when other
/// normalisers are asked for and no table shows a normalised score.
pub fn table(study_dir: &Path, options: &TableOptions, format: TableFormat) -> Result<String> {
    let results = Results::open(study_dir)?.renormalized(&options.normalizers);
    let marked = matches!(
        format,
        TableFormat::Html | TableFormat::Latex | TableFormat::Markdown
    );
    let content = Content::read(&results, &Resampler::default(), options, marked)?;
    if !options.normalizers.is_empty() && content.tables.iter().all(|t| t.normalizer.is_none()) {
        return Err(Error::NothingNormalized {
            study: content.study.study.clone(),
        });
    }
    content.render(format)
}

impl<'a> Content<'a> {
    /// The tables and findings asked for; `marked` says whether to compare cells with the best.
    ///
    /// # Errors
    /// As [`table`].
    pub(crate) fn read(
        results: &'a Results,
        resampler: &Resampler,
        options: &TableOptions,
        marked: bool,
    ) -> Result<Self> {
        let content = Self::gather(results, resampler, options, marked)?;
        if content.is_measured() {
            return Ok(content);
        }
        let what = Some("the tables asked for".to_owned());
        let study = content.study.study.clone();
        Err(AnalysisError::NothingMeasured { study, what }.into())
    }

    /// As [`Content::read`], where nothing was measured, too.
    pub(crate) fn gather(
        results: &'a Results,
        resampler: &Resampler,
        options: &TableOptions,
        marked: bool,
    ) -> Result<Self> {
        let study = results.study();
        let specs = specs(study, options)?;
        let narrowed = options.metric.is_some() || options.table.is_some();
        let (mut tables, mut left_out) = (Vec::new(), Vec::new());
        for spec in &specs {
            match analysis::table(results, resampler, spec) {
                Ok(table) => tables.push(table),
                // What a study asks for among other things must not keep the others from being shown.
                Err(error @ analysis::Error::NoNormalizer { .. }) if !narrowed => {
                    left_out.push(format!("Table `{}` is left out: {error}.", spec.id));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let compared = tables.iter().filter(|_| marked);
        let standings = compared
            .map(|table| analysis::standings(results, resampler, table))
            .collect::<analysis::Result<Vec<Standings>>>()?;
        let mut findings = if narrowed {
            Findings {
                findings: Vec::new(),
                sentences: Vec::new(),
            }
        } else {
            analysis::findings(results, resampler)?
        };
        if let Some(benchmark) = &options.benchmark {
            findings.findings.retain(|f| f.benchmark == *benchmark);
            findings.sentences.clear();
        }
        let budgets = if narrowed {
            Vec::new()
        } else {
            let tuned = analysis::tuned(results, resampler, &ScalingOptions::default())?;
            tuning::budgets(&tuned)
        };
        Ok(Self {
            study,
            tables,
            standings,
            findings,
            budgets,
            left_out,
        })
    }

    pub(crate) fn render(&self, format: TableFormat) -> Result<String> {
        Ok(match format {
            TableFormat::Markdown => markdown::render(self),
            TableFormat::Csv => csv::render(self),
            TableFormat::Json => json::render(self)?,
            TableFormat::Latex => latex::render(self),
            TableFormat::Console => console::render(self),
            TableFormat::Html => html::render(self),
        })
    }
}

impl Content<'_> {
    /// Whether any table has a measured cell.
    pub(crate) fn is_measured(&self) -> bool {
        self.tables.iter().any(measured)
    }

    /// Each table in words.
    pub(crate) fn layouts(&self) -> impl Iterator<Item = (&Table, Layout)> {
        let standings = |index: usize| self.standings.get(index);
        let all = self.tables.iter().enumerate();
        all.map(move |(index, table)| (table, Layout::new(table, standings(index))))
    }
}

fn measured(table: &Table) -> bool {
    table
        .cells
        .iter()
        .flatten()
        .flatten()
        .any(|entry| entry.cell.is_some())
}

/// The study's tables, narrowed and with the metric exchanged as asked.
fn specs(study: &Study, options: &TableOptions) -> Result<Vec<TableSpec>> {
    if let Some(id) = &options.benchmark {
        study.benchmark(id)?;
    }
    let mut specs: Vec<TableSpec> = study.tables.clone();
    if let Some(id) = &options.table {
        specs.retain(|spec| spec.id == *id);
        if specs.is_empty() {
            let known = study.tables.iter().map(|spec| spec.id.clone()).collect();
            return Err(AnalysisError::UnknownName {
                kind: "table",
                name: id.clone(),
                known,
            }
            .into());
        }
    }
    if let Some(benchmark) = &options.benchmark {
        let own = |spec: &TableSpec| spec.benchmark.as_ref() == Some(benchmark);
        if specs.iter().any(own) {
            specs.retain(own);
        } else {
            for spec in &mut specs {
                spec.benchmark = Some(benchmark.clone());
            }
        }
    }
    if let Some(metric) = &options.metric {
        for spec in &mut specs {
            spec.better = study.better(metric);
            spec.metric.clone_from(metric);
        }
    }
    let mut distinct: Vec<TableSpec> = Vec::new();
    for spec in specs {
        // Two tables of other metrics may have become one.
        let same = |other: &TableSpec| {
            let mut other = other.clone();
            other.id.clone_from(&spec.id);
            other == spec
        };
        if !distinct.iter().any(same) {
            distinct.push(spec);
        }
    }
    Ok(distinct)
}
