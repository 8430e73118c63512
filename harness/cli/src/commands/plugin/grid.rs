//! The result of a conformance run as text: two columns of checks, each bad one explained under its row.

use conformance::{CaseResult, Outcome, Report, Target};
use std::fmt::Write as _;

const CELL: usize = 62;

/// The list of results of one target after another, then the summary. `several`: the plugin offers more than one
/// learner or environment.
pub(super) fn render(report: &Report, path: &str, several: bool) -> String {
    let mut text = String::new();
    let mut targets: Vec<&Target> = report.results.iter().map(|r| &r.target).collect();
    targets.dedup();
    for &target in &targets {
        let of_target = report.results.iter().filter(|r| r.target == *target);
        let (skipped, tried): (Vec<&CaseResult>, Vec<&CaseResult>) =
            of_target.partition(|r| matches!(r.outcome, Outcome::Skipped { .. }));
        // One learner alone needs no heading: the line above the list names it.
        if several {
            let _ = writeln!(text, "{target}");
        }
        for pair in tried.chunks(2) {
            text.push_str(&row(pair, path, several));
        }
        for r in skipped {
            let reason = r.outcome.explanation();
            let _ = writeln!(text, "  {:<5} {}: {reason}", r.outcome.word(), r.title);
        }
    }
    text.push_str(&summary(report));
    text
}

fn row(pair: &[&CaseResult], path: &str, several: bool) -> String {
    let cell = |r: &CaseResult| format!("  {:<5} {}", r.outcome.word(), r.title);
    let mut text = match pair {
        [left, right] => format!("{:<CELL$}{}", cell(left), cell(right)),
        rest => rest.iter().map(|r| cell(r)).collect(),
    };
    text.push('\n');
    for r in pair.iter().filter(|r| r.outcome.is_bad()) {
        for line in r.outcome.explanation().lines() {
            let _ = writeln!(text, "        {line}");
        }
        let _ = writeln!(text, "        reproduce: {}", reproduce(r, path, several));
    }
    text
}

/// The command that runs this case again; the target is named where there are several.
pub(super) fn reproduce(result: &CaseResult, path: &str, several: bool) -> String {
    let of = result.target.id().filter(|_| several);
    let of = of.map(|id| format!(" --of {id}"));
    let check = result.check;
    format!(
        "assay plugin check {path} --only {check}{}",
        of.unwrap_or_default()
    )
}

fn summary(report: &Report) -> String {
    let mut text = format!("{} ok, {} failed", report.count("ok"), report.count("FAIL"));
    for (word, name) in [("CRASH", "crashed"), ("skip", "skipped")] {
        let count = report.count(word);
        if count > 0 {
            let _ = write!(text, ", {count} {name}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(check: &'static str, outcome: Outcome) -> CaseResult {
        CaseResult {
            check,
            title: check,
            target: Target::Learner("my-awr".into()),
            outcome,
            wall_time_s: 0.1,
        }
    }

    #[test]
    fn failures_are_explained_under_their_row_and_counted() {
        let failed = Outcome::Failed {
            expected: "an error".into(),
            found: "loading the first 100 of 5,321 bytes succeeded".into(),
        };
        let skipped = Outcome::Skipped {
            reason: "no goals".into(),
        };
        let report = Report {
            results: vec![
                result("resume", Outcome::Ok),
                result("truncated-state", failed),
                result("goals", skipped),
            ],
        };
        let text = render(&report, ".", false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert!(lines[0].starts_with("  ok    resume   "), "{text}");
        assert!(lines[0].ends_with("  FAIL  truncated-state"), "{text}");
        assert_eq!(
            lines[1].trim(),
            "loading the first 100 of 5,321 bytes succeeded; expected an error"
        );
        assert_eq!(
            lines[2].trim(),
            "reproduce: assay plugin check . --only truncated-state"
        );
        assert_eq!(lines[3], "  skip  goals: no goals");
        assert_eq!(lines[4], "1 ok, 1 failed, 1 skipped");
    }
}
