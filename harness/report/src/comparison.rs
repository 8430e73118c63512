//! Two studies, or two pipelines, held against each other, for people and for machines.

use std::fmt::Write as _;

use analysis::verdicts::{Caveat, Compared, Decision, Group, Measured, Row, Score};
use analysis::words::metric;
use analysis::{Estimate, LowN};

use crate::error::Result;
use crate::grid::{Footnotes, console, markdown};
use crate::published::word;
use crate::reproduction::words;
use crate::tables::{Estimated, TableFormat, escape, estimated, quote};

/// Renders a comparison; LaTeX and HTML are not offered and give Markdown.
///
/// # Errors
/// `Json` when a number cannot be written.
pub fn comparison(compared: &Compared, format: TableFormat) -> Result<String> {
    Ok(match format {
        TableFormat::Json => serde_json::to_string_pretty(compared)?,
        TableFormat::Csv => csv(compared),
        TableFormat::Console => text(compared, false),
        TableFormat::Markdown | TableFormat::Latex | TableFormat::Html => text(compared, true),
    })
}

/// What the sides of a group are called: by what tells them apart.
fn names(compared: &Compared, group: &Group) -> (String, String) {
    if group.first != group.second {
        (group.first.clone(), group.second.clone())
    } else if compared.first != compared.second {
        (compared.first.clone(), compared.second.clone())
    } else {
        ("first".into(), "second".into())
    }
}

fn as_rliable(compared: &Compared) -> &'static str {
    if compared.rliable {
        " as rliable has it"
    } else {
        ""
    }
}

fn text(compared: &Compared, is_markdown: bool) -> String {
    let studies = if compared.first == compared.second {
        format!("study {}", compared.first)
    } else {
        format!("study {} against {}", compared.first, compared.second)
    };
    let (id, rule) = compared
        .metric
        .split_once('@')
        .unwrap_or((&compared.metric, ""));
    let rule = rule.parse().map(|rule| format!(", {}", words::rule(rule)));
    let head = format!(
        "{studies}: {}{} ({}), mean over seeds [95 % interval] (seeds)",
        metric(id),
        rule.unwrap_or_default(),
        compared.better.words()
    );
    let mut out = if is_markdown {
        format!("# {}\n", escape(&head))
    } else {
        format!("{head}\n")
    };
    let mut notes = Footnotes::default();
    for group in &compared.groups {
        let (first, second) = names(compared, group);
        let title = if group.first == group.second {
            group.first.clone()
        } else {
            format!("{} against {}", group.first, group.second)
        };
        let mut grid = vec![vec![
            "benchmark".to_owned(),
            first.clone(),
            second.clone(),
            "difference [95 %]".to_owned(),
            format!("P({first} better) [95 %{}]", as_rliable(compared)),
            "verdict".to_owned(),
        ]];
        grid.extend(
            group
                .rows
                .iter()
                .map(|row| line(row, &first, &second, &mut notes)),
        );
        grid.extend(together(group, &first, &second));
        if is_markdown {
            let _ = writeln!(
                out,
                "\n## {}\n\n{}",
                escape(&title),
                markdown(&grid).trim_end()
            );
        } else {
            let _ = writeln!(out, "\n{title}");
            for line in console(&grid).lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
    }
    out.push('\n');
    for line in notes.lines().chain(summary(compared)) {
        let text = if is_markdown {
            format!("* {}", escape(&line))
        } else {
            line
        };
        let _ = writeln!(out, "{text}");
    }
    out
}

fn line(row: &Row, first: &str, second: &str, notes: &mut Footnotes) -> Vec<String> {
    let mut texts: Vec<String> = row.caveats.iter().map(caveat).collect();
    for (name, missing) in [(first, &row.first_missing), (second, &row.second_missing)] {
        texts.extend(missing.iter().map(|reason| format!("{name}: {reason}")));
    }
    let few = |s: &Option<Score>| s.as_ref().is_some_and(|s| s.low_n == Some(LowN::Strong));
    if few(&row.first) || few(&row.second) {
        texts.push("fewer than 5 seeds on a side: intervals may cover much less than 95 %".into());
    }
    let difference = row.difference.as_ref().map(|d| {
        let how = match (d.p, row.paired) {
            (None, _) => "",
            (_, true) => " paired",
            (_, false) => " Welch",
        };
        format!("{}{how}", measured(d))
    });
    let open = if row.decision_holm == row.decision {
        ""
    } else {
        "; open after Holm"
    };
    let verdict = format!(
        "{}{open} {}",
        decision(row.decision, first, second),
        notes.marks(texts)
    );
    let dash = || "-".to_owned();
    vec![
        row.benchmark.clone(),
        row.first.as_ref().map_or_else(dash, score),
        row.second.as_ref().map_or_else(dash, score),
        difference.unwrap_or_else(dash),
        row.improvement.as_ref().map_or_else(dash, improvement),
        verdict.trim_end().to_owned(),
    ]
}

/// The last line of a group of several benchmarks.
fn together(group: &Group, first: &str, second: &str) -> Option<Vec<String>> {
    let all = group.together.as_ref()?;
    let verdict = match all.difference {
        Some(_) => decision(all.decision, first, second),
        None => "no common scale".into(),
    };
    Some(vec![
        format!("together ({} benchmarks)", all.benchmarks),
        String::new(),
        String::new(),
        all.difference.as_ref().map(measured).unwrap_or_default(),
        improvement(&all.improvement),
        verdict,
    ])
}

fn score(score: &Score) -> String {
    let Estimated { value, interval } = estimated(score.mean, score.interval);
    let text = format!("{value} {interval}");
    format!("{} ({})", text.trim_end(), score.n)
}

fn measured(difference: &Measured) -> String {
    let Estimated { value, interval } = estimated(difference.value, difference.interval);
    format!("{value} {interval}").trim_end().to_owned()
}

fn improvement(estimate: &Estimate) -> String {
    let interval = estimate
        .interval
        .map(|i| format!(" [{:.2}, {:.2}]", i.low, i.high));
    format!("{:.2}{}", estimate.value, interval.unwrap_or_default())
}

fn decision(decision: Decision, first: &str, second: &str) -> String {
    match decision {
        Decision::FirstBetter => format!("{first} better"),
        Decision::SecondBetter => format!("{second} better"),
        Decision::Undecided => "undecided".into(),
        Decision::Equal => "equal".into(),
        Decision::OneSeed => "undecided: one seed on a side".into(),
        Decision::Missing => "no value on a side".into(),
        Decision::NotComparable => "not comparable".into(),
    }
}

fn caveat(caveat: &Caveat) -> String {
    match caveat {
        Caveat::Normalizer => "scores are normalised by other references".into(),
        Caveat::Dataset => {
            "the sides have other data: the difference is not one of methods alone".into()
        }
        Caveat::Environment { first, second } => format!("environments differ: {first}, {second}"),
        Caveat::Episodes { first, second } => {
            format!("episodes of an evaluation differ: {first}, {second}")
        }
    }
}

fn summary(compared: &Compared) -> impl Iterator<Item = String> {
    let rows = || compared.groups.iter().flat_map(|g| &g.rows);
    let decided = rows().filter(|r| r.decision.is_decided()).count();
    let holm = rows().filter(|r| r.decision_holm.is_decided()).count();
    let total = rows().count();
    let counts = format!(
        "{total} row{}: {decided} decided, {holm} after Holm's adjustment over the {} tested",
        if total == 1 { "" } else { "s" },
        compared.tested
    );
    let welch = rows().any(|r| r.difference.is_some_and(|d| d.p.is_some()) && !r.paired);
    let why = welch.then(|| {
        "Welch: the sides do not have the same seeds, so runs are compared unpaired".to_owned()
    });
    [Some(counts), why].into_iter().flatten()
}

const HEADER: &str = "first_study,second_study,metric,first,second,benchmark,first_mean,first_low,first_high,first_sd,first_n,second_mean,second_low,\
second_high,second_sd,second_n,paired,difference,difference_low,difference_high,p,improvement,improvement_low,improvement_high,decision,\
decision_holm,notes\n";

/// One line a row, all digits; the benchmark of a group's mean is `*`.
fn csv(compared: &Compared) -> String {
    let mut out = HEADER.to_owned();
    let mut push = |fields: Vec<String>| {
        let fields: Vec<String> = fields.iter().map(|f| quote(f)).collect();
        out += &fields.join(",");
        out.push('\n');
    };
    for group in &compared.groups {
        let head = [
            &compared.first,
            &compared.second,
            &compared.metric,
            &group.first,
            &group.second,
        ];
        let head: Vec<String> = head.map(Clone::clone).to_vec();
        for row in &group.rows {
            let mut fields = head.clone();
            fields.push(row.benchmark.clone());
            fields.extend(score_fields(row.first.as_ref()));
            fields.extend(score_fields(row.second.as_ref()));
            fields.push(row.paired.to_string());
            fields.extend(difference_fields(row.difference.as_ref()));
            fields.extend(improvement_fields(row.improvement.as_ref()));
            fields.extend([word(&row.decision), word(&row.decision_holm)]);
            let notes = row.caveats.iter().map(caveat);
            let missing = row.first_missing.iter().chain(&row.second_missing).cloned();
            fields.push(notes.chain(missing).collect::<Vec<_>>().join("; "));
            push(fields);
        }
        if let Some(all) = &group.together {
            let mut fields = head.clone();
            fields.push("*".into());
            fields.extend(vec![String::new(); 11]);
            fields.extend(difference_fields(all.difference.as_ref()));
            fields.extend(improvement_fields(Some(&all.improvement)));
            fields.extend([word(&all.decision), String::new(), String::new()]);
            push(fields);
        }
    }
    out
}

fn number(x: Option<f64>) -> String {
    x.map(|x| x.to_string()).unwrap_or_default()
}

fn score_fields(score: Option<&Score>) -> Vec<String> {
    let interval = score.and_then(|s| s.interval);
    vec![
        number(score.map(|s| s.mean)),
        number(interval.map(|i| i.low)),
        number(interval.map(|i| i.high)),
        number(score.and_then(|s| s.sd)),
        score.map_or(0, |s| s.n).to_string(),
    ]
}

fn difference_fields(difference: Option<&Measured>) -> Vec<String> {
    let interval = difference.and_then(|d| d.interval);
    vec![
        number(difference.map(|d| d.value)),
        number(interval.map(|i| i.low)),
        number(interval.map(|i| i.high)),
        number(difference.and_then(|d| d.p)),
    ]
}

fn improvement_fields(estimate: Option<&Estimate>) -> Vec<String> {
    let interval = estimate.and_then(|e| e.interval);
    vec![
        number(estimate.map(|e| e.value)),
        number(interval.map(|i| i.low)),
        number(interval.map(|i| i.high)),
    ]
}
