//! What more data would give, as text, Markdown, CSV and JSON.

use std::fmt::Write as _;
use std::path::Path;

use analysis::stats::power_law::EXPONENTS;
use analysis::words::{metric, significant};
use analysis::{
    Better, Estimate, FittedLaw, LeftOutCurve, LowN, MatrixSlopes, Resampler, Results, ScalingFits,
    ScalingOptions, scaling_fits,
};

use crate::error::{Error, Result};
use crate::grid;
use crate::tables::{self, TableFormat, bounds, escape, quote};

/// The fits of the study in `study_dir`, with the data that `target` needs where it is given. LaTeX and HTML are not offered and give Markdown.
///
/// # Errors
/// `Analysis` when the study cannot be read or a name is unknown.
pub fn fits(
    study_dir: &Path,
    options: &ScalingOptions,
    target: Option<f64>,
    format: TableFormat,
) -> Result<String> {
    let results = Results::open(study_dir)?;
    let found = found(&results, options, target)?;
    if found.laws.is_empty() && found.slopes.is_empty() {
        let mut reasons: Vec<String> = found.left_out.iter().map(left_out).collect();
        if reasons.is_empty() {
            reasons.push("no pipeline has values at more than one level of an axis".to_owned());
        }
        return Err(Error::NothingToFit {
            study: results.study().study.clone(),
            reasons,
        });
    }
    Ok(match format {
        TableFormat::Json => serde_json::to_string_pretty(&found)?,
        TableFormat::Csv => csv(&found),
        TableFormat::Markdown | TableFormat::Latex | TableFormat::Html => document(&found, true),
        TableFormat::Console => document(&found, false),
    })
}

/// The fits of a study that was read.
pub(crate) fn found(
    results: &Results,
    options: &ScalingOptions,
    target: Option<f64>,
) -> Result<ScalingFits> {
    let resampler = Resampler::new(0, REPLICATES);
    Ok(scaling_fits(results, &resampler, options, target)?)
}

/// What stands over the table of laws.
pub(crate) const LAWS: &str = "Power laws with an offset, score = limit - amplitude x data^(-exponent), least squares over interquartile means, \
                               95 % intervals over whole seeds; data in units of the axis";
/// What stands over the table of slopes.
pub(crate) const SLOPES: &str =
    "Slopes of the matrix per factor of ten of data, 95 % intervals over whole seeds";

/// Replicates of an interval: a law is fitted in each, and ends of open intervals do not want more.
const REPLICATES: u32 = 5_000;

/// A heading and a table under it.
fn section(out: &mut String, heading: &str, cells: &[Vec<String>], markdown: bool) {
    let separator = if out.is_empty() { "" } else { "\n" };
    // Writing to a string cannot fail, here and below.
    let _ = if markdown {
        let table = grid::markdown(cells);
        write!(out, "{separator}{}\n\n{table}", escape(heading))
    } else {
        write!(out, "{separator}{heading}\n{}", grid::console(cells))
    };
}

fn document(found: &ScalingFits, markdown: bool) -> String {
    let mut out = String::new();
    if !found.laws.is_empty() {
        section(&mut out, LAWS, &laws(found), markdown);
    }
    if !found.slopes.is_empty() {
        section(&mut out, SLOPES, &slopes(found), markdown);
    }
    let lines = notes(found);
    if !lines.is_empty() {
        out.push('\n');
    }
    for line in lines {
        let _ = if markdown {
            writeln!(out, "* {}", escape(&line))
        } else {
            writeln!(out, "{line}")
        };
    }
    out
}

/// What the tables do not say by themselves.
pub(crate) fn notes(found: &ScalingFits) -> Vec<String> {
    let mut lines: Vec<String> = found.left_out.iter().map(left_out).collect();
    if found.laws.iter().any(|law| law.limit.is_none()) {
        lines.push(
            "no limit in sight: the curve does not bend within its levels, a line in the logarithm of the data is as good".to_owned(),
        );
    }
    lines
}

fn left_out(curve: &LeftOutCurve) -> String {
    format!(
        "no law for {} on {} along {}: {}",
        curve.pipeline, curve.benchmark, curve.axis, curve.reason
    )
}

/// The table of laws, its header first.
pub(crate) fn laws(found: &ScalingFits) -> Vec<Vec<String>> {
    let words = [
        "benchmark",
        "pipeline",
        "along",
        "metric",
        "levels",
        "limit",
        "exponent",
        "residual",
    ];
    let mut head = words.map(str::to_owned).to_vec();
    head.extend(found.target.map(|target| format!("data for {target}")));
    head.push("seeds".to_owned());
    let line = |law: &FittedLaw| {
        let mut line = vec![
            law.benchmark.clone(),
            law.pipeline.clone(),
            law.axis.clone(),
            metric(&law.metric).to_owned(),
            law.levels.len().to_string(),
            law.limit
                .as_ref()
                .map_or_else(|| "none in sight".to_owned(), open),
            exponent(&law.exponent),
            significant(law.residual, 2),
        ];
        line.extend(law.needed.as_ref().map(|needed| data(needed, law)));
        line.push(seeds(&law.exponent));
        line
    };
    std::iter::once(head)
        .chain(found.laws.iter().map(line))
        .collect()
}

/// The table of slopes, its header first.
pub(crate) fn slopes(found: &ScalingFits) -> Vec<Vec<String>> {
    let names = found.slopes.first().map(|s| (s.x.clone(), s.y.clone()));
    let (x, y) = names.unwrap_or_default();
    let head = vec![
        "benchmark".to_owned(),
        "pipeline".to_owned(),
        "metric".to_owned(),
        x.clone(),
        y.clone(),
        "seeds".to_owned(),
        "what limits it".to_owned(),
    ];
    let line = |s: &MatrixSlopes| {
        vec![
            s.benchmark.clone(),
            s.pipeline.clone(),
            metric(&s.metric).to_owned(),
            tables::estimate(&s.along_x),
            tables::estimate(&s.along_y),
            seeds(&s.difference),
            limited(s),
        ]
    };
    std::iter::once(head)
        .chain(found.slopes.iter().map(line))
        .collect()
}

/// Which data limit the method: that along which it gains more, where the interval of the difference excludes zero and the gain is one.
fn limited(slopes: &MatrixSlopes) -> String {
    let Some(interval) = slopes.difference.interval else {
        return "undecided: one seed".to_owned();
    };
    let (name, gain) = match (interval.low > 0.0, interval.high < 0.0) {
        (true, _) => (&slopes.x, &slopes.along_x),
        (_, true) => (&slopes.y, &slopes.along_y),
        _ => return "undecided: the slopes may be equal".to_owned(),
    };
    let gains = gain.interval.is_some_and(|i| match slopes.better {
        Better::Higher => i.low > 0.0,
        Better::Lower => i.high < 0.0,
    });
    if gains {
        format!("{name}: more of it gives more")
    } else {
        format!("neither gains clearly; {name} harms less")
    }
}

/// An estimate whose interval may be open.
fn open(estimate: &Estimate) -> String {
    match estimate.interval {
        Some(i) if !(i.low.is_finite() && i.high.is_finite()) => {
            let value = significant(estimate.value, 3);
            format!("{value} [{}, {}]", end(i.low), end(i.high))
        }
        _ => tables::estimate(estimate),
    }
}

fn end(x: f64) -> String {
    match x {
        x if x.is_finite() => significant(x, 2),
        x if x > 0.0 => "∞".to_owned(),
        _ => "-∞".to_owned(),
    }
}

/// An exponent; at an end of those that are told apart, only that it lies there or beyond.
fn exponent(estimate: &Estimate) -> String {
    let (least, most) = (*EXPONENTS.start(), *EXPONENTS.end());
    let text = |x: f64| match x {
        x if x < 1.01 * least => format!("≤ {least}"),
        x if x > 0.99 * most => format!("≥ {most}"),
        x => significant(x, 2),
    };
    let value = text(estimate.value);
    match estimate.interval {
        Some(i) => format!("{value} [{}, {}]", text(i.low), text(i.high)),
        None => value,
    }
}

/// Levels that a target needs.
fn data(needed: &Estimate, law: &FittedLaw) -> String {
    let smallest = law.levels.first().copied().unwrap_or(0.0);
    let amount = |x: f64| match x {
        x if x <= smallest => format!("≤ {smallest}"),
        x if x > 1e6 => "∞".to_owned(),
        x => significant(x, 2),
    };
    let value = match needed.value {
        x if x.is_infinite() => "never".to_owned(),
        x => amount(x),
    };
    match needed.interval {
        // No replicate reaches the target with any amount.
        Some(i) if needed.value.is_infinite() && i.low > 1e6 => value,
        Some(i) => format!("{value} [{}, {}]", amount(i.low), amount(i.high)),
        None => value,
    }
}

fn seeds(estimate: &Estimate) -> String {
    let mark = match estimate.low_n {
        Some(LowN::Strong) => " (fewer than 5: intervals may cover much less)",
        Some(LowN::Light) => " (fewer than 10)",
        None => "",
    };
    format!("{}{mark}", estimate.n)
}

/// One line a number, all digits; an infinite one is `inf`.
fn csv(found: &ScalingFits) -> String {
    let mut out = "benchmark,pipeline,metric,axis,quantity,value,low,high,seeds\n".to_owned();
    let mut line = |(benchmark, pipeline, metric): (&str, &str, &str),
                    axis: &str,
                    quantity: &str,
                    e: &Estimate| {
        let (low, high) = bounds(e.interval);
        let _ = writeln!(
            out,
            "{},{},{},{},{quantity},{},{low},{high},{}",
            quote(benchmark),
            quote(pipeline),
            quote(metric),
            quote(axis),
            e.value,
            e.n
        );
    };
    for law in &found.laws {
        let of = (&*law.benchmark, &*law.pipeline, &*law.metric);
        if let Some(limit) = &law.limit {
            line(of, &law.axis, "limit", limit);
        }
        line(of, &law.axis, "exponent", &law.exponent);
        if let (Some(needed), Some(target)) = (&law.needed, found.target) {
            line(of, &law.axis, &format!("data for {target}"), needed);
        }
    }
    for s in &found.slopes {
        let of = (&*s.benchmark, &*s.pipeline, &*s.metric);
        line(of, &s.x, "slope", &s.along_x);
        line(of, &s.y, "slope", &s.along_y);
        line(
            of,
            &format!("{} - {}", s.x, s.y),
            "gain difference",
            &s.difference,
        );
    }
    out
}
