//! What tuning chose and what that gives on the seeds of the report.

use std::fmt::Write as _;

use analysis::{Entry, Level, Tuned};

use crate::tables::escape;
use crate::tables::layout::number;

const HEAD: &str = "\
# Tuned values

Chosen by the mean over the tuning runs; reported on other seeds and episodes. Interquartile means, 95 % intervals.

| benchmark | pipeline | metric | parameter | tried (mean on tuning seeds) | tuning runs | chosen | reported at chosen | reported at declared |
|---|---|---|---|---|---|---|---|---|
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
        ];
        let cells = cells.map(|cell| escape(&cell));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
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
