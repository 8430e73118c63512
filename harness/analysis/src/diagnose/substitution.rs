//! The gap split by exact values in place of learned ones.

use crate::claims::{ALPHA, Column, Effect, Evidence, Labels, Sample, Table, joined, mean, pooled};

use super::{
    Basis, Bottleneck, EXACT_EXTRACTION, EXACT_Q, PartOfGap, Q_STAR, Signature, SignatureKind,
    Subject,
};

/// A gap below this share of it is no part worth naming.
const HALF: f64 = 0.5;

/// Columns of the table of regrets, by what they hold.
struct Columns {
    learned_visited: usize,
    learned: usize,
    exact: Option<usize>,
    optimal: usize,
    /// Exact extraction from the learned Q.
    maximised: Option<usize>,
}

/// Splits the gap of `pipeline`.
///
/// # Errors
/// What is missing.
pub(super) fn split(
    evidence: &Evidence,
    benchmark: &str,
    pipeline: &str,
    labels: &Labels,
) -> Result<Subject, String> {
    let other = |key: &str, level: &str| {
        let mut own = joined(labels, &Labels::from([(key.to_owned(), level.to_owned())]));
        // A substitute acts as it was trained, unless the method itself does not.
        own.entry("test_time".to_owned())
            .or_insert_with(|| "none".to_owned());
        evidence.pipeline(benchmark, &own)
    };
    let optimal = other("value", Q_STAR)?;
    let mut columns = vec![
        at_reference(evidence, benchmark, pipeline, "regret_evaluation"),
        at_reference(evidence, benchmark, pipeline, "regret_train"),
        at_reference(evidence, benchmark, optimal, "regret_train"),
    ];
    let mut indices = [None, None];
    let substitutes = [
        other("value", EXACT_Q),
        other("extraction", EXACT_EXTRACTION),
    ];
    for (index, name) in indices.iter_mut().zip(substitutes) {
        let Ok(name) = name else { continue };
        let column = at_reference(evidence, benchmark, name, "regret_train");
        // A substitute that failed leaves the other parts.
        if Table::read(evidence, std::slice::from_ref(&column), None).is_ok() {
            columns.push(column);
            *index = Some(columns.len() - 1);
        }
    }
    let of = Columns {
        learned_visited: 0,
        learned: 1,
        optimal: 2,
        exact: indices[0],
        maximised: indices[1],
    };
    let table = Table::read(evidence, &columns, None)?;
    let mut subject = Subject::new(benchmark, pipeline, Basis::Substitution);
    subject.runs = table.runs.iter().map(ToString::to_string).collect();
    subject.notes.clone_from(&table.notes);
    let gap = table.sample(benchmark, |c| Some(mean(&c[of.learned_visited])));
    subject.gap = pooled([&gap]);
    subject.score_gap = score_gap(evidence, benchmark, pipeline);
    let samples = parts(&table, benchmark, &of);
    for (name, bottleneck, sample) in &samples {
        if let Some(effect) = pooled([sample]) {
            subject.parts.push(PartOfGap {
                name: (*name).to_owned(),
                of: *bottleneck,
                effect,
                share: share(sample, &gap),
                unit: "regret".into(),
            });
        }
    }
    let three = three(&samples);
    name_bottleneck(&mut subject, &three);
    signatures(&mut subject, &three, &gap);
    Ok(subject)
}

/// A metric of a pipeline at its declared point.
pub(super) fn at_reference<'a>(
    evidence: &Evidence,
    benchmark: &'a str,
    pipeline: &'a str,
    metric: &'a str,
) -> Column<'a> {
    let mut column = Column::last(benchmark, pipeline, metric);
    for axis in &evidence.shape().axes {
        if let Some(level) = evidence.reference(pipeline).and_then(|r| r.0.get(axis)) {
            column = column.fixed(axis, level.clone());
        }
    }
    column
}

/// 100 minus the normalised score at the declared point, where there is one.
pub(super) fn score_gap(evidence: &Evidence, benchmark: &str, pipeline: &str) -> Option<Effect> {
    let column = at_reference(evidence, benchmark, pipeline, "normalized_score");
    let table = Table::read(evidence, &[column], None).ok()?;
    pooled([&table.sample(benchmark, |c| Some(100.0 - mean(&c[0])))])
}

type Part = (&'static str, Bottleneck, Sample);

/// A part from the regret of each column.
type Formula<'a> = &'a dyn Fn(&dyn Fn(usize) -> f64) -> f64;

fn parts(table: &Table, stratum: &str, of: &Columns) -> Vec<Part> {
    let part = |name, bottleneck, value: Formula<'_>| {
        let sample = table.sample(stratum, |c| Some(value(&|i| mean(&c[i]))));
        (name, bottleneck, sample)
    };
    let (learned, optimal) = (of.learned, of.optimal);
    let generalisation = part("generalisation", Bottleneck::Generalisation, &|r| {
        r(of.learned_visited) - r(learned)
    });
    if let Some(maximised) = of.maximised {
        let value = part("value, mean over both orders", Bottleneck::Value, &|r| {
            (r(learned) - r(optimal) + r(maximised)) / 2.0
        });
        let extraction = part(
            "extraction, mean over both orders",
            Bottleneck::Extraction,
            &|r| (r(optimal) + r(learned) - r(maximised)) / 2.0,
        );
        return vec![value, extraction, generalisation];
    }
    let mut all = match of.exact {
        Some(exact) => vec![
            part("value estimation", Bottleneck::Value, &|r| {
                r(learned) - r(exact)
            }),
            part("value objective", Bottleneck::Value, &|r| {
                r(exact) - r(optimal)
            }),
        ],
        None => vec![part("value", Bottleneck::Value, &|r| {
            r(learned) - r(optimal)
        })],
    };
    all.push(part("policy extraction", Bottleneck::Extraction, &|r| {
        r(optimal)
    }));
    all.push(generalisation);
    all
}

/// One sample for each of the three.
fn three(parts: &[Part]) -> Vec<(Bottleneck, Sample)> {
    let all = [
        Bottleneck::Value,
        Bottleneck::Extraction,
        Bottleneck::Generalisation,
    ];
    let of = |bottleneck: Bottleneck| {
        let own: Vec<&Sample> = parts
            .iter()
            .filter(|p| p.1 == bottleneck)
            .map(|p| &p.2)
            .collect();
        let sum = own
            .iter()
            .skip(1)
            .fold(own[0].clone(), |sum, next| combined(&sum, next, 1.0));
        (bottleneck, sum)
    };
    all.into_iter().map(of).collect()
}

/// `a + factor b`, unit by unit.
fn combined(a: &Sample, b: &Sample, factor: f64) -> Sample {
    let units = a
        .units
        .iter()
        .filter_map(|(&u, &x)| Some((u, x + factor * b.units.get(&u)?)));
    Sample {
        stratum: a.stratum.clone(),
        units: units.collect(),
    }
}

/// Ratio of means with its linearised units; none where the gap is not above zero.
fn share(part: &Sample, gap: &Sample) -> Option<Effect> {
    let (whole, ratio) = (gap.mean(), part.mean() / gap.mean());
    if whole <= 0.0 {
        return None;
    }
    let linear = combined(part, gap, -ratio).map(|x| ratio + x / whole);
    pooled([&linear])
}

fn name_bottleneck(subject: &mut Subject, three: &[(Bottleneck, Sample)]) {
    let level = ALPHA / 2.0;
    let Some((largest, sample)) = three
        .iter()
        .max_by(|a, b| a.1.mean().total_cmp(&b.1.mean()))
    else {
        return;
    };
    let above_zero = pooled([sample]).is_some_and(|e| e.p_above(0.0) <= level);
    let not_told: Vec<&str> = three
        .iter()
        .filter(|(other, _)| other != largest)
        .filter(|(_, other)| {
            pooled([&combined(sample, other, -1.0)]).is_none_or(|e| e.p_above(0.0) > level)
        })
        .map(|(other, _)| other.words())
        .collect();
    if above_zero && not_told.is_empty() {
        subject.bottleneck = Some(*largest);
        subject.reason = format!(
            "the part of {} is the largest, told from both others",
            largest.words()
        );
    } else if above_zero {
        subject.reason = format!(
            "the part of {} is the largest, but not told from {}",
            largest.words(),
            not_told.join(" and ")
        );
    } else {
        subject.reason = "no part of the gap is above zero beyond its interval".into();
    }
}

fn signatures(subject: &mut Subject, three: &[(Bottleneck, Sample)], gap: &Sample) {
    let marks = [
        (SignatureKind::GoodValuePoorPolicy, Bottleneck::Extraction),
        (
            SignatureKind::GoodTrainingPoorTest,
            Bottleneck::Generalisation,
        ),
    ];
    for (kind, of) in marks {
        let sample = three.iter().find(|(b, _)| *b == of).map(|(_, s)| s);
        let effect = sample.and_then(|s| share(s, gap));
        let present = effect.and_then(|e| {
            let (above, below) = (
                e.p_above(HALF) <= ALPHA / 2.0,
                e.p_below(HALF) <= ALPHA / 2.0,
            );
            (above || below).then_some(above)
        });
        let evidence = match effect {
            Some(e) => format!(
                "{} is {:.0} % of the gap, asked: more than half",
                of.words(),
                100.0 * e.value
            ),
            None => "there is no gap".into(),
        };
        subject.signatures.push(Signature {
            kind,
            present,
            evidence,
        });
    }
}
