//! Sentences of measured numbers. A sentence stands only where intervals decide; else there is none.

use crate::findings::{Comparison, Finding, Part, Verdict};
use crate::stats::Interval;
use crate::study::Study;
use crate::words::{short, significant};

/// The sentence of a finding.
pub(crate) fn of(study: &Study, finding: &Finding) -> Option<String> {
    match finding.kind {
        "ratio" => ratio(finding),
        "ratio-of-ratios" => ratio_of_ratios(study, finding),
        "order" => order(finding),
        "train-evaluation-gap" => gap(finding),
        _ => None,
    }
}

/// Where two decided orders of the same pipelines and metric differ between benchmarks.
pub(crate) fn reversals(findings: &[Finding]) -> Vec<String> {
    let mut out = Vec::new();
    for (index, a) in findings
        .iter()
        .enumerate()
        .filter(|(_, f)| f.kind == "order")
    {
        for b in findings[index + 1..]
            .iter()
            .filter(|b| b.kind == "order" && b.metric == a.metric)
        {
            let (Some((best_a, worst_a)), Some((best_b, worst_b))) = (winner(a), winner(b)) else {
                continue;
            };
            if best_a == worst_b && worst_a == best_b {
                out.push(format!(
                    "The order turns round: by {}, {best_a} is better than {worst_a} on {}, and {best_b} is better than {worst_b} on {}.",
                    short(&a.metric),
                    a.benchmark,
                    b.benchmark
                ));
            }
        }
    }
    out
}

fn winner(finding: &Finding) -> Option<(&str, &str)> {
    let [comparison] = finding.comparisons.as_slice() else {
        return None;
    };
    let [first, second] = comparison.parts.as_slice() else {
        return None;
    };
    match comparison.verdict {
        Verdict::FirstBetter => Some((&first.pipeline, &second.pipeline)),
        Verdict::SecondBetter => Some((&second.pipeline, &first.pipeline)),
        _ => None,
    }
}

fn order(finding: &Finding) -> Option<String> {
    let (better, worse) = winner(finding)?;
    let comparison = finding.comparisons.first()?;
    let iqm = |name: &str| shown(comparison.parts.iter().find(|p| p.pipeline == name)?);
    let estimate = comparison.estimate?;
    let interval = estimate.interval?;
    // A decided difference has one sign; the sentence states its size.
    let (low, high) = (interval.low.abs(), interval.high.abs());
    let size = |x: f64| significant(x, 2);
    Some(format!(
        "{}: {better} is better than {worse} by {} [{}, {}] in {}: {} against {} (n = {}).",
        finding.benchmark,
        size(estimate.value.abs()),
        size(low.min(high)),
        size(low.max(high)),
        short(&finding.metric),
        iqm(better)?,
        iqm(worse)?,
        estimate.n
    ))
}

fn ratio(finding: &Finding) -> Option<String> {
    let first = finding.comparisons.first()?;
    let decided = matches!(first.verdict, Verdict::Below | Verdict::Above);
    if !decided
        || finding
            .comparisons
            .iter()
            .any(|c| c.verdict != first.verdict)
    {
        return None;
    }
    let [numerator, denominator] = first.parts.as_slice() else {
        return None;
    };
    let (numerator, denominator) = (&numerator.pipeline, &denominator.pipeline);
    let name = short(&finding.metric);
    let head = format!("{}: the {name} of {numerator} is", finding.benchmark);
    if let [only] = finding.comparisons.as_slice() {
        return Some(format!(
            "{head} {} times that of {denominator}.",
            with_interval(only)?
        ));
    }
    let estimates: Vec<f64> = finding
        .comparisons
        .iter()
        .filter_map(|c| c.estimate.map(|e| e.value))
        .collect();
    let intervals: Vec<Interval> = finding
        .comparisons
        .iter()
        .filter_map(|c| c.estimate?.interval)
        .collect();
    let low = estimates.iter().copied().reduce(f64::min)?;
    let high = estimates.iter().copied().reduce(f64::max)?;
    let bound = match first.verdict {
        Verdict::Below => {
            format!(
                "every interval below {}",
                ceil(intervals.iter().map(|i| i.high).reduce(f64::max)?)
            )
        }
        _ => format!(
            "every interval above {}",
            floor(intervals.iter().map(|i| i.low).reduce(f64::min)?)
        ),
    };
    let levels: Vec<String> = finding
        .comparisons
        .iter()
        .filter_map(|c| c.level.as_ref().map(ToString::to_string))
        .collect();
    Some(format!(
        "{head} {} to {} times that of {denominator} at {} = {} ({bound}).",
        significant(low, 2),
        significant(high, 2),
        first.parameter.as_ref()?,
        levels.join(", ")
    ))
}

fn ratio_of_ratios(study: &Study, finding: &Finding) -> Option<String> {
    let comparison = finding.comparisons.first()?;
    if !matches!(comparison.verdict, Verdict::Below | Verdict::Above) {
        return None;
    }
    let cells: Vec<f64> = comparison
        .parts
        .iter()
        .map(|p| p.entry.cell.as_ref().map(|c| c.iqm))
        .collect::<Option<_>>()?;
    let [an, ad, bn, bd] = comparison.parts.as_slice() else {
        return None;
    };
    let factors = [cells[0] / cells[1], cells[2] / cells[3]].map(|x| significant(x, 2));
    let name = short(&finding.metric);
    let summary = format!("a factor of {} between the two", with_interval(comparison)?);
    let a = change(study, an, ad);
    let b = change(study, bn, bd);
    if let (Some(a), Some(b)) = (&a, &b)
        && (&a.from, &a.to) == (&b.from, &b.to)
    {
        return Some(format!(
            "{}: {} instead of {} multiplies the {name} by {} for {} and by {} for {}: {summary}.",
            finding.benchmark, a.to, a.from, factors[0], a.with, factors[1], b.with
        ));
    }
    Some(format!(
        "{}: the {name} of {} is {} times that of {}, that of {} is {} times that of {}: {summary}.",
        finding.benchmark,
        an.pipeline,
        factors[0],
        ad.pipeline,
        bn.pipeline,
        factors[1],
        bd.pipeline
    ))
}

fn gap(finding: &Finding) -> Option<String> {
    let comparison = finding.comparisons.first()?;
    let [evaluation, train] = comparison.parts.as_slice() else {
        return None;
    };
    if !matches!(comparison.verdict, Verdict::Above | Verdict::Below) {
        return None;
    }
    Some(format!(
        "{}: {} has a training error of {} and an evaluation error of {} ({}), a ratio of {}.",
        finding.benchmark,
        train.pipeline,
        shown(train)?,
        shown(evaluation)?,
        short(&finding.metric),
        with_interval(comparison)?
    ))
}

/// One label changed while the others stayed.
struct Change {
    from: String,
    to: String,
    with: String,
}

/// The single label in which two pipelines differ, and the labels that they have in common.
fn change(study: &Study, numerator: &Part, denominator: &Part) -> Option<Change> {
    let to = &study.pipeline(&numerator.pipeline).ok()?.labels;
    let from = &study.pipeline(&denominator.pipeline).ok()?.labels;
    let mut differing = to
        .iter()
        .filter(|(key, value)| from.get(*key) != Some(value));
    let (key, value) = differing.next()?;
    if differing.next().is_some() || to.len() != from.len() {
        return None;
    }
    let with: Vec<&str> = to
        .iter()
        .filter(|(k, _)| *k != key)
        .map(|(_, v)| v.as_str())
        .collect();
    Some(Change {
        from: from.get(key)?.clone(),
        to: format!("{key} {value}"),
        with: with.join(", "),
    })
}

fn shown(part: &Part) -> Option<String> {
    part.entry
        .cell
        .as_ref()
        .map(|cell| significant(cell.iqm, 2))
}

fn with_interval(comparison: &Comparison) -> Option<String> {
    let estimate = comparison.estimate?;
    let interval = estimate.interval?;
    Some(format!(
        "{} [{}, {}]",
        significant(estimate.value, 2),
        significant(interval.low, 2),
        significant(interval.high, 2)
    ))
}

/// Two significant digits, never below `x`, so that "below" stays true.
fn ceil(x: f64) -> String {
    bound(x, f64::max)
}

/// Two significant digits, never above `x`.
fn floor(x: f64) -> String {
    bound(x, f64::min)
}

fn bound(x: f64, outer: impl Fn(f64, f64) -> f64) -> String {
    let decimals = crate::words::decimals(x, 2);
    let step = 1.0 / 10f64.powi(decimals as i32);
    let rounded: f64 = crate::words::fixed(x, decimals).parse().unwrap_or(x);
    let moved = if outer(rounded, x) == rounded {
        rounded
    } else {
        outer(rounded - step, rounded + step)
    };
    crate::words::fixed(moved, decimals)
}
