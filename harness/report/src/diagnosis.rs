//! A diagnosis for people and for machines.

use analysis::claims::Effect;
use analysis::diagnose::{Basis, Diagnosis, PartOfGap, Signature, Subject};

use crate::claims::ClaimsFormat;
use crate::error::Result;
use crate::tables::{Estimated, escape, estimated};

/// Renders a diagnosis.
///
/// # Errors
/// `Json` when a number cannot be written.
pub fn diagnosis(diagnosis: &Diagnosis, format: ClaimsFormat) -> Result<String> {
    Ok(match format {
        ClaimsFormat::Markdown => markdown(diagnosis),
        ClaimsFormat::Json => serde_json::to_string_pretty(diagnosis)?,
        ClaimsFormat::Console => console(diagnosis),
    })
}

fn effect(effect: &Effect) -> String {
    let Estimated { value, interval } = estimated(effect.value, effect.interval);
    format!("{value} {interval}").trim_end().to_owned()
}

fn share(part: &PartOfGap) -> String {
    let Some(share) = &part.share else {
        return String::new();
    };
    let percent = |x: f64| format!("{} %", analysis::words::fixed(100.0 * x, 0));
    match share.interval {
        Some(i) => format!(
            "{} [{}, {}]",
            percent(share.value),
            percent(i.low),
            percent(i.high)
        ),
        None => percent(share.value),
    }
}

fn headline(subject: &Subject) -> String {
    let found = subject
        .bottleneck
        .map_or("no bottleneck named", |b| b.words());
    format!("{found}: {}", subject.reason)
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Substitution => "exact values in place of learned ones",
        Basis::SlopesAndErrors => "slopes over the data and errors",
    }
}

fn gaps(subject: &Subject) -> String {
    let mut parts = Vec::new();
    if let Some(gap) = &subject.gap {
        parts.push(format!("regret on visited states {}", effect(gap)));
    }
    if let Some(gap) = &subject.score_gap {
        parts.push(format!("{} points below the optimum", effect(gap)));
    }
    parts.join(", ")
}

fn signature(signature: &Signature) -> String {
    let present = match signature.present {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not decided",
    };
    format!(
        "{}: {present} ({})",
        signature.kind.words(),
        signature.evidence
    )
}

fn console(diagnosis: &Diagnosis) -> String {
    let mut out = format!("diagnosis of study {}\n", diagnosis.study);
    for subject in &diagnosis.subjects {
        out += &format!(
            "\n{} on {}\n    bottleneck  {}\n",
            subject.pipeline,
            subject.benchmark,
            headline(subject)
        );
        let gaps = gaps(subject);
        if !gaps.is_empty() {
            out += &format!("    gap         {gaps}\n");
        }
        out += &format!(
            "    found by    {}, {} runs\n",
            basis(subject.basis),
            subject.runs.len()
        );
        let width = subject
            .parts
            .iter()
            .map(|p| p.name.chars().count())
            .max()
            .unwrap_or(0);
        for part in &subject.parts {
            let line = format!(
                "      {:<width$}  {} {}  {}",
                part.name,
                effect(&part.effect),
                part.unit,
                share(part)
            );
            out += &format!("{}\n", line.trim_end());
        }
        for mark in &subject.signatures {
            out += &format!("    signature   {}\n", signature(mark));
        }
        for step in &subject.next {
            out += &format!("    next        {step}\n");
        }
        for note in &subject.notes {
            out += &format!("    note        {note}\n");
        }
    }
    if diagnosis.subjects.is_empty() {
        out += "no pipeline has the labels `value` and `extraction`\n";
    }
    out
}

fn markdown(diagnosis: &Diagnosis) -> String {
    let mut out = format!("# Diagnosis of `{}`\n", diagnosis.study);
    for subject in &diagnosis.subjects {
        out += &format!(
            "\n## {} on `{}`\n\n",
            escape(&subject.pipeline),
            subject.benchmark
        );
        out += &format!(
            "**{}** ({}).",
            escape(&headline(subject)),
            basis(subject.basis)
        );
        let gaps = gaps(subject);
        if !gaps.is_empty() {
            out += &format!(" {}.", escape(&gaps));
        }
        out += "\n\n| part | of | estimate [95 %] | unit | share of the gap |\n|---|---|---:|---|---:|\n";
        for part in &subject.parts {
            let row = [
                escape(&part.name),
                part.of.words().to_owned(),
                effect(&part.effect),
                part.unit.clone(),
                share(part),
            ];
            out += &format!("| {} |\n", row.join(" | "));
        }
        out.push('\n');
        for mark in &subject.signatures {
            out += &format!("- {}\n", escape(&signature(mark)));
        }
        for step in &subject.next {
            out += &format!("- next: {}\n", escape(step));
        }
        for note in &subject.notes {
            out += &format!("- {}\n", escape(note));
        }
    }
    out
}
