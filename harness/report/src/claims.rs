//! Verdicts on claims, for people and for machines.

use analysis::claims::{
    Answer, Bound, ClaimResult, Part, Registration, Report, Shown, Tag, Verdict,
};

use crate::error::Result;
use crate::tables::{Estimated, escape, estimated};

/// A text format of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimsFormat {
    /// GitHub-flavoured Markdown.
    Markdown,
    /// Everything, all digits.
    Json,
    /// Aligned text for a terminal, without colour.
    Console,
}

/// Renders the verdicts of a study with what is known of the claims file.
///
/// # Errors
/// `Json` when a number cannot be written.
pub fn claims(
    report: &Report,
    registration: &Registration,
    format: ClaimsFormat,
) -> Result<String> {
    Ok(match format {
        ClaimsFormat::Markdown => markdown(report, registration),
        ClaimsFormat::Json => {
            let all = serde_json::json!({ "registration": registration, "report": report });
            serde_json::to_string_pretty(&all)?
        }
        ClaimsFormat::Console => console(report, registration),
    })
}

/// What a verdict is called.
pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "supported",
        Verdict::Contradicted => "CONTRADICTED",
        Verdict::Inconclusive => "inconclusive",
        Verdict::NotTestable => "not testable here",
    }
}

fn tag(tag: Tag) -> &'static str {
    match tag {
        Tag::C => "confirmed",
        Tag::C2 => "second-hand",
        Tag::I => "inferred",
        Tag::R => "recollection",
    }
}

/// `0.42 [0.31, 0.53]`.
fn effect(shown: &Shown) -> String {
    let Estimated { value, interval } = estimated(shown.effect.value, shown.effect.interval);
    format!("{value} {interval}").trim_end().to_owned()
}

fn bound(bound: Bound) -> String {
    match bound {
        Bound::Above(limit) => format!("> {limit}"),
        Bound::Within(margin) => format!("within ± {margin}"),
    }
}

/// A p with two digits, small ones as a bound.
fn p(x: f64) -> String {
    if x < 0.001 {
        "< .001".into()
    } else {
        analysis::words::significant(x, 2)
            .trim_start_matches('0')
            .to_owned()
    }
}

fn raw_and_holm(raw: Verdict, holm: Verdict) -> String {
    if raw == holm {
        word(raw).to_owned()
    } else {
        format!("{} (after Holm: {})", word(raw), word(holm))
    }
}

/// Sentences about the file: when it was registered, what was changed since.
fn provenance(report: &Report, registration: &Registration) -> Vec<String> {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let when = match (registration.new, registration.before_results) {
        (true, true) => "registered now, before the study has results",
        (true, false) => "registered now, after the study had results",
        (false, true) => "registered before the study had results",
        (false, false) => "registered after the study had results",
    };
    let mut lines = vec![format!(
        "claims {} ({}), {when}",
        report.claims_id,
        short(&report.claims_digest)
    )];
    if report.looks > 1 {
        let looks = report.looks;
        lines.push(format!(
            "look {looks} at this study: every claim's p is multiplied by {looks}"
        ));
    }
    if report.claims_digest != registration.digest {
        let mut changes = Vec::new();
        if !registration.edited.is_empty() {
            changes.push(format!(
                "edited or added: {}",
                registration.edited.join(", ")
            ));
        }
        if !registration.removed.is_empty() {
            changes.push(format!("removed: {}", registration.removed.join(", ")));
        }
        if changes.is_empty() {
            changes.push("outside its claims".into());
        }
        lines.push(format!(
            "EDITED since it was registered as {}; {}",
            short(&registration.digest),
            changes.join("; ")
        ));
    }
    lines
}

/// How many claims got each verdict, after Holm.
fn summary(report: &Report) -> String {
    let order = [
        Verdict::Supported,
        Verdict::Contradicted,
        Verdict::Inconclusive,
        Verdict::NotTestable,
    ];
    let count = |verdict| {
        report
            .claims
            .iter()
            .filter(|c| c.verdict_holm == verdict)
            .count()
    };
    let parts: Vec<String> = order
        .iter()
        .map(|&v| format!("{} {}", count(v), word(v).to_lowercase()))
        .collect();
    format!(
        "{} claims after Holm: {}",
        report.claims.len(),
        parts.join(", ")
    )
}

fn nulls(report: &Report) -> String {
    let nulls = &report.nulls;
    if nulls.pairs.is_empty() {
        let why = nulls.reason.as_deref().unwrap_or("no method was measured");
        return format!("null pairs: none ({why})");
    }
    format!(
        "null pairs (a method against itself): {} tested, {} false verdicts, about {:.1} expected (as many or more by chance: {})",
        nulls.pairs.len(),
        nulls.false_verdicts,
        nulls.expected,
        p(nulls.chance)
    )
}

/// Null pairs between which the engine saw a difference.
fn false_pairs(report: &Report) -> Vec<String> {
    let wrong = report
        .nulls
        .pairs
        .iter()
        .filter(|pair| pair.answer.verdict != Verdict::Inconclusive);
    wrong
        .map(|pair| {
            let shown = pair.answer.together.first().map(effect).unwrap_or_default();
            format!(
                "{} on {}, {} ({}): {shown}",
                pair.pair, pair.benchmark, pair.metric, pair.kind
            )
        })
        .collect()
}

fn answer_line(answer: &Answer) -> String {
    let mut text = format!("{}: {}", answer.question, word(answer.verdict));
    text += &match (answer.needed, answer.share) {
        (Some((r, n)), Some(share)) => format!(
            ", {r} of {n} settings needed, shown for {:.0}, shown not to hold for {:.0}",
            share.low * n as f64,
            (1.0 - share.high) * n as f64
        ),
        (Some((r, n)), None) => format!(", {r} settings needed, there are {n}"),
        _ => String::new(),
    };
    text += &format!(
        " (p for {}, against {})",
        p(answer.p.supported),
        p(answer.p.contradicted)
    );
    if let Some(more) = answer.further_seeds {
        text += &format!("; about {more} further seeds would decide");
    }
    text
}

/// `97 %`, or nothing where it cannot be said.
fn share(known: Option<f64>) -> String {
    known.map(crate::forecast::percent).unwrap_or_default()
}

fn part_line(part: &Part) -> String {
    let shown: Vec<String> = part
        .shown
        .iter()
        .map(|s| format!("{}: {} (asked: {})", s.contrast, effect(s), bound(s.bound)))
        .collect();
    format!(
        "{}  {}  {} seeds, {} runs  {}",
        part.label,
        shown.join("; "),
        part.seeds,
        part.runs.len(),
        raw_and_holm(part.verdict, part.verdict_holm)
    )
}

fn together_line(answer: &Answer) -> String {
    let shown: Vec<String> = answer
        .together
        .iter()
        .map(|s| format!("{}: {} (asked: {})", s.contrast, effect(s), bound(s.bound)))
        .collect();
    format!("together  {}", shown.join("; "))
}

fn claim_notes(claim: &ClaimResult) -> Vec<String> {
    let left = claim
        .left_out
        .iter()
        .map(|l| format!("{} is {}", l.benchmark, l.reason));
    let own = claim
        .answers
        .iter()
        .flat_map(|a| &a.settings)
        .flat_map(|s| s.notes.iter().cloned());
    let mut all: Vec<String> = left.chain(own).collect();
    all.sort();
    all.dedup();
    all
}

fn console(report: &Report, registration: &Registration) -> String {
    let mut out = format!("{}: study {}\n", report.title, report.study);
    for line in provenance(report, registration) {
        out += &format!("{line}\n");
    }
    for claim in &report.claims {
        out += &format!(
            "\n{:>2}  {}  {}\n    {} [{}]\n    {}\n",
            claim.number,
            claim.id,
            raw_and_holm(claim.verdict, claim.verdict_holm),
            claim.statement,
            tag(claim.tag),
            claim.reason
        );
        if claim.power_here.is_some() {
            out += &format!(
                "    power for the declared effect ({}), at the spread measured here: {}\n",
                claim.power.effect,
                share(claim.power_here)
            );
        }
        if claim.expected.is_some() {
            out += &format!(
                "    expected before the run to be decided: {}\n",
                share(claim.expected)
            );
        }
        for answer in &claim.answers {
            out += &format!("    - {} [{}]\n", answer_line(answer), answer.unit);
            out += &format!("        {}\n", together_line(answer));
            if answer.environments.len() > 1 {
                for part in &answer.environments {
                    out += &format!("        {}\n", part_line(part));
                }
            } else {
                for part in &answer.settings {
                    out += &format!("        {}\n", part_line(part));
                }
            }
        }
        for note in claim_notes(claim) {
            out += &format!("    note: {note}\n");
        }
    }
    out += &format!("\n{}\n", nulls(report));
    for pair in false_pairs(report) {
        out += &format!("    false: {pair}\n");
    }
    out + &format!("{}\n", summary(report))
}

fn markdown(report: &Report, registration: &Registration) -> String {
    let mut out = format!("# {}\n\n", escape(&report.title));
    out += &format!(
        "Study `{}`, manifest `{}`.\n",
        report.study, report.manifest_digest
    );
    for line in provenance(report, registration) {
        out += &format!("{}.\n", escape(&line));
    }
    out += "\n| | claim | known as | verdict | after Holm | why | power here | expected | runs |\n|---:|---|---|---|---|---|---:|---:|---:|\n";
    for claim in &report.claims {
        let row = [
            claim.number.to_string(),
            escape(&claim.statement),
            tag(claim.tag).to_owned(),
            word(claim.verdict).to_owned(),
            word(claim.verdict_holm).to_owned(),
            escape(&claim.reason),
            share(claim.power_here),
            share(claim.expected),
            claim.runs.to_string(),
        ];
        out += &format!("| {} |\n", row.join(" | "));
    }
    out += &format!(
        "\n{}. {}.\n",
        escape(&summary(report)),
        escape(&nulls(report))
    );
    for pair in false_pairs(report) {
        out += &format!("- false: {}\n", escape(&pair));
    }
    for claim in report.claims.iter().filter(|c| !c.answers.is_empty()) {
        out += &format!("\n## {}. {}\n", claim.number, escape(&claim.statement));
        for answer in &claim.answers {
            out += &format!(
                "\n{} \\[{}\\]\n\n",
                escape(&answer_line(answer)),
                escape(&answer.unit)
            );
            out += "| setting | contrast | asked | estimate [95 %] | seeds | runs | verdict |\n|---|---|---|---:|---:|---:|---|\n";
            let parts = answer.environments.iter().chain(&answer.settings);
            for part in parts {
                out += &part_rows(part);
            }
            for shown in &answer.together {
                out += &format!(
                    "| **together** | {} | {} | {} | | | |\n",
                    escape(&shown.contrast),
                    escape(&bound(shown.bound)),
                    effect(shown)
                );
            }
        }
        for note in claim_notes(claim) {
            out += &format!("\n- {}", escape(&note));
        }
        out.push('\n');
    }
    out + METHOD
}

/// Below every report: what the numbers are.
const METHOD: &str = "\nIntervals are 95 %, over whole seeds with all their cells, stratified by benchmark. A share of settings is a partial conjunction \
of one test a setting. A verdict needs one-sided p of at most .025; Holm's adjustment is over the claims tested. *Power here* is \
the share of studies with these seeds, settings and spreads that would support the claim by its own p if everything that it asks for held by the effect that its file declares.\n";

fn part_rows(part: &Part) -> String {
    let mut out = String::new();
    for (i, shown) in part.shown.iter().enumerate() {
        let first = i == 0;
        let once = |text: String| if first { text } else { String::new() };
        let row = [
            once(escape(&part.label)),
            escape(&shown.contrast),
            escape(&bound(shown.bound)),
            effect(shown),
            once(part.seeds.to_string()),
            once(part.runs.len().to_string()),
            once(raw_and_holm(part.verdict, part.verdict_holm)),
        ];
        out += &format!("| {} |\n", row.join(" | "));
    }
    out
}
