//! What verdicts, reasons and outlooks are called.

use analysis::published::{Measure, Selection, SpreadKind};
use analysis::verdicts::{CellVerdict, Detail, Outlook, Reason, Reproduction, Verdict};

/// The unit behind a margin.
pub(super) fn unit(measure: Measure) -> &'static str {
    match measure {
        Measure::NormalizedScore => " points",
        Measure::SuccessPercent => " percentage points",
        _ => "",
    }
}

/// Which evaluation of a run counts.
pub(crate) fn rule(selection: Selection) -> String {
    match selection {
        Selection::Last => "last evaluation of each run".into(),
        Selection::Best => "best evaluation of each run".into(),
        Selection::MeanLast(k) => format!("mean of the last {k} evaluations of each run"),
        Selection::BestOfLast(k) => format!("best of the last {k} evaluations of each run"),
        Selection::Unknown => "an unknown evaluation of each run".into(),
    }
}

/// A verdict in words; after it, what it is like.
pub(super) fn verdict(cell: &CellVerdict, margin: f64, unit: &str) -> String {
    let text = match (cell.verdict, cell.detail) {
        (Verdict::Reproduced, Some(Detail::SmallDifference)) => {
            format!("reproduced (within {margin}{unit}), with a small real difference")
        }
        (Verdict::Reproduced, _) => format!("reproduced (within {margin}{unit})"),
        (Verdict::NotReproduced, Some(Detail::BeyondMargin)) => {
            "NOT reproduced: gap larger than the margin".to_owned()
        }
        (Verdict::NotReproduced, _) => "NOT reproduced: gap real, size unresolved".to_owned(),
        (Verdict::Inconclusive, _) => format!("inconclusive{}", outlook(cell)),
        (Verdict::NotComparable, _) => "not comparable".to_owned(),
        (Verdict::Missing, _) => "missing: no run has a score".to_owned(),
    };
    let too_good = if cell.investigate {
        "; better than published: investigate"
    } else {
        ""
    };
    let open = if cell.verdict_holm == cell.verdict {
        ""
    } else {
        "; open after Holm"
    };
    format!("{text}{too_good}{open}")
}

fn outlook(cell: &CellVerdict) -> String {
    let one = cell.own.as_ref().is_some_and(|own| own.n < 2);
    let head = if one { " (one run)" } else { "" };
    let published = cell.published.n.unwrap_or(0);
    let tail = match cell.outlook {
        None => String::new(),
        Some(Outlook::Further(1)) => ": 1 further seed would decide".into(),
        Some(Outlook::Further(runs)) => format!(": {runs} further seeds would decide"),
        Some(Outlook::TooMany) => ": more than 1000 further seeds".into(),
        Some(Outlook::Capped) => {
            format!(": no number of seeds decides, {published} published runs are too few")
        }
    };
    format!("{head}{tail}")
}

/// A reason against a comparison.
pub(super) fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Dataset { ours: None, theirs } => {
            let collection = theirs.split('/').next().unwrap_or(theirs);
            format!(
                "the study does not say where its data come from; the table's are of {collection}"
            )
        }
        Reason::Dataset {
            ours: Some(ours),
            theirs,
        } => format!("other data: {ours}, not {theirs}"),
        Reason::Environment { ours, theirs } => {
            format!("another environment: {ours}, not {theirs}")
        }
        Reason::Episodes { ours: None, theirs } => {
            format!(
                "the study does not say how many episodes an evaluation has; the table's have {theirs}"
            )
        }
        Reason::Episodes {
            ours: Some(ours),
            theirs,
        } => format!("{ours} episodes an evaluation, not {theirs}"),
        Reason::Selection {
            ours,
            theirs: Selection::Unknown,
        } => format!(
            "the source does not say which evaluation of a run counts (here: {}); --selection names it",
            rule(*ours)
        ),
        Reason::Selection { ours, theirs } => format!("{}, not {}", rule(*ours), rule(*theirs)),
        Reason::Normalizer { ours: None, theirs } => {
            format!(
                "the study does not normalise scores of this benchmark; the table's are by {theirs}"
            )
        }
        Reason::Normalizer {
            ours: Some(ours),
            theirs,
        } => format!("scores normalised by {ours}, not by {theirs}"),
        Reason::Measure => "a study measures nothing like it".into(),
        Reason::Spread { printed: None } => "the table prints no spread".into(),
        Reason::Spread {
            printed: Some(SpreadKind::SdOverEvaluations),
        } => "the printed spread is over evaluations of one run".into(),
        Reason::Spread { printed: Some(_) } => "the source does not say what its spread is".into(),
        Reason::Runs { published: None } => {
            "the source does not say how many runs are behind a mean".into()
        }
        Reason::Runs { published: Some(n) } => {
            format!("{n} published run: nothing is known of others")
        }
    }
}

/// A reason that was taken as given.
pub(super) fn assumed(assumed: &Reason) -> String {
    match assumed {
        Reason::Dataset { ours, theirs } => {
            let collection = theirs.split('/').next().unwrap_or(theirs);
            let ours = ours.as_deref().unwrap_or("data of no declared origin");
            format!("{ours} counts as {collection}'s")
        }
        Reason::Environment { ours, theirs } => format!("{ours} counts as {theirs}"),
        Reason::Episodes { ours: None, theirs } => {
            format!("evaluations count as {theirs} episodes long")
        }
        other => format!("does not matter: {}", reason(other)),
    }
}

/// The cells without a score: algorithms that have none at all by name, of others the datasets.
pub(super) fn missing(found: &Reproduction) -> String {
    let mut algorithms: Vec<&str> = Vec::new();
    for cell in &found.cells {
        if !algorithms.contains(&cell.algorithm.as_str()) {
            algorithms.push(&cell.algorithm);
        }
    }
    let mut words = Vec::new();
    for name in algorithms {
        let own: Vec<&CellVerdict> = found.cells.iter().filter(|c| c.algorithm == name).collect();
        let lacking = own.iter().filter(|c| c.verdict == Verdict::Missing);
        let lacking: Vec<String> = lacking.map(|c| c.dataset.clone()).collect();
        if lacking.len() == own.len() {
            words.push(format!("{name} (all {})", own.len()));
        } else if !lacking.is_empty() {
            words.push(format!("{name} on {}", listed(&lacking)));
        }
    }
    words.join("; ")
}

/// Names, many of them cut short.
pub(super) fn listed(names: &[String]) -> String {
    const MOST: usize = 6;
    match names.len().checked_sub(MOST) {
        None | Some(0 | 1) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..MOST].join(", ")),
    }
}

/// `1 cell`, `2 cells`.
pub(super) fn cells(count: usize) -> String {
    format!("{count} cell{}", if count == 1 { "" } else { "s" })
}
