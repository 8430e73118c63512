//! What tuning chose and what that gives on the seeds of the report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use analysis::{Entry, Level, Tuned};

use crate::tables::escape;
use crate::tables::layout::number;

const HEAD: &str = "\
# Tuned values

Chosen by the mean over the tuning runs; reported on other seeds and episodes. Interquartile means, 95 % intervals. The last column is what
the report would be expected to be with only some of the values tried, all choices of so many equally likely.

| benchmark | pipeline | metric | parameter | tried (mean on tuning seeds) | tuning runs | chosen | reported at chosen | reported at declared | expected with 1, 2, ... values tried |
|---|---|---|---|---|---|---|---|---|---|
";

/// One table of all tuned parameters.
pub(crate) fn markdown(all: &[Tuned]) -> String {
    let mut text = HEAD.to_owned();
    for tuned in all {
        let tried: Vec<String> = tuned
            .tried
            .iter()
            .map(|t| match t.mean {
                Some(mean) => format!("{} ({})", t.level, number(mean, None).0),
                None => format!("{} (missing)", t.level),
            })
            .collect();
        let cells = [
            tuned.benchmark.clone(),
            tuned.pipeline.clone(),
            tuned.metric.clone(),
            tuned.parameter.clone(),
            tried.join(", "),
            tuned.budget_runs.to_string(),
            level(tuned.chosen.as_ref()),
            entry(tuned.report.as_ref()),
            declared(tuned),
            expected(tuned),
        ];
        let cells = cells.map(|cell| escape(&cell));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    for line in budgets(all) {
        let _ = write!(text, "\n{}\n", escape(&line));
    }
    text
}

/// The budget of each method in one sentence, and whether methods differ in it.
pub(crate) fn budgets(all: &[Tuned]) -> Vec<String> {
    let mut by_pipeline: BTreeMap<&str, (BTreeMap<&str, usize>, usize)> = BTreeMap::new();
    for tuned in all {
        let (parameters, runs) = by_pipeline.entry(&tuned.pipeline).or_default();
        let values = parameters.entry(&tuned.parameter).or_default();
        *values = (*values).max(tuned.tried.len());
        *runs += tuned.budget_runs;
    }
    if by_pipeline.is_empty() {
        return Vec::new();
    }
    let each = by_pipeline.iter().map(|(name, (parameters, runs))| {
        let values = parameters.iter().map(|(p, n)| format!("{n} values of {p}"));
        let values: Vec<String> = values.collect();
        format!("{name} tried {} in {runs} runs", values.join(" and "))
    });
    let each: Vec<String> = each.collect();
    let mut lines = vec![format!("Tuning budget: {}.", each.join("; "))];
    let tried = |(parameters, _): &(BTreeMap<&str, usize>, usize)| parameters.values().sum();
    let counts: Vec<usize> = by_pipeline.values().map(tried).collect();
    if counts.iter().any(|n| Some(n) != counts.first()) {
        let words = "Methods tried different numbers of values; `tuning.md` compares them at equal budgets, too.";
        lines.push(words.into());
    }
    lines
}

fn expected(tuned: &Tuned) -> String {
    let each = tuned.budget.iter().map(|b| {
        let (value, interval) = number(b.expected.value, b.expected.interval);
        format!("{value} {interval}").trim_end().to_owned()
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() {
        "not measured".into()
    } else {
        each.join(", ")
    }
}

fn level(level: Option<&Level>) -> String {
    level.map_or_else(|| "none".to_owned(), Level::to_string)
}

fn declared(tuned: &Tuned) -> String {
    match &tuned.declared {
        Some(value) => format!("{} at {value}", entry(tuned.report_at_declared.as_ref())),
        None => entry(None),
    }
}

fn entry(entry: Option<&Entry>) -> String {
    let Some(cell) = entry.and_then(|entry| entry.cell.as_ref()) else {
        return "not measured".into();
    };
    let (value, interval) = number(cell.iqm, cell.interval);
    format!("{value} {interval}").trim_end().to_owned()
}
