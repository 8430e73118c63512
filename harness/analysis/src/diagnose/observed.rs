//! What scores and errors alone tell: slopes over the data matrix, evaluation against training error.

use crate::claims::{
    ALPHA, Column, Effect, Evidence, Sample, Table, mean, pooled, slope_regressors, slopes_of,
};

use super::substitution::{at_reference, score_gap};
use super::{Basis, Bottleneck, PartOfGap, Signature, SignatureKind, Subject};

/// An evaluation error this many times the training error is poor at test time.
const TWICE: f64 = 2.0;
/// Points per factor of ten in data below which a slope counts as none.
const FLAT: f64 = 2.0;
/// A score gap, in points, that leaves room for improvement.
const ROOM: f64 = 5.0;

/// Slopes of one method, points per factor of ten.
struct Slopes {
    value: Sample,
    policy: Sample,
}

fn slopes(evidence: &Evidence, benchmark: &str, pipeline: &str) -> Result<Slopes, String> {
    let axis = |start: &str| {
        let found = evidence
            .shape()
            .axes
            .iter()
            .find(|a| a.starts_with(start) && a.ends_with(".data_fraction"));
        found.ok_or_else(|| format!("the study has no axis {start}data_fraction"))
    };
    let (value_axis, policy_axis) = (axis("value.")?, axis("policy.")?);
    let table = Table::read(
        evidence,
        &[Column::last(benchmark, pipeline, "normalized_score")],
        None,
    )?;
    let x = slope_regressors(&table.points, value_axis, policy_axis)?;
    let of =
        |pick: fn((f64, f64)) -> f64| table.sample(benchmark, |c| slopes_of(&x, &c[0]).map(pick));
    Ok(Slopes {
        value: of(|s| s.0),
        policy: of(|s| s.1),
    })
}

/// `ln evaluation error - ln training error` at the declared point.
fn error_ratio(
    evidence: &Evidence,
    benchmark: &str,
    pipeline: &str,
) -> Result<(Sample, Table), String> {
    let metrics = ["action_mse_evaluation", "action_mse_train"];
    let table = Table::read(
        evidence,
        &metrics.map(|m| at_reference(evidence, benchmark, pipeline, m)),
        None,
    )?;
    let sample = table.sample(benchmark, |c| {
        let (test, train) = (mean(&c[0]), mean(&c[1]));
        (test > 0.0 && train > 0.0).then(|| libm::log(test) - libm::log(train))
    });
    Ok((sample, table))
}

/// A diagnosis without exact values.
pub(super) fn slopes_and_errors(evidence: &Evidence, benchmark: &str, pipeline: &str) -> Subject {
    let mut subject = Subject::new(benchmark, pipeline, Basis::SlopesAndErrors);
    subject.score_gap = score_gap(evidence, benchmark, pipeline);
    // Errors on visited states explain what slopes cannot, so they come first.
    let found = [errors(evidence, &mut subject), data(evidence, &mut subject)];
    let mut reasons = Vec::new();
    for found in found {
        match found {
            Ok(Some((bottleneck, reason))) => {
                subject.bottleneck.get_or_insert(bottleneck);
                reasons.push(reason);
            }
            Ok(None) => {}
            Err(why) => subject.notes.push(why),
        }
    }
    subject.reason = if reasons.is_empty() {
        "neither slopes nor errors single one out".into()
    } else {
        reasons.join("; ")
    };
    subject
}

/// A bottleneck with the reason, none where the data do not name one, or what is missing.
type Found = Result<Option<(Bottleneck, String)>, String>;

fn part(name: &str, of: Bottleneck, effect: Effect, unit: &str) -> PartOfGap {
    PartOfGap {
        name: name.to_owned(),
        of,
        effect,
        share: None,
        unit: unit.to_owned(),
    }
}

/// The evaluation error against the training error.
fn errors(evidence: &Evidence, subject: &mut Subject) -> Found {
    let (sample, table) = error_ratio(evidence, &subject.benchmark, &subject.pipeline)?;
    subject
        .runs
        .extend(table.runs.iter().map(ToString::to_string));
    subject.notes.extend(table.notes);
    let effect = pooled([&sample]).ok_or("an error is zero on every seed")?;
    let (of, bound) = (Bottleneck::Generalisation, libm::log(TWICE));
    let name = "evaluation over training error";
    subject
        .parts
        .push(part(name, of, effect, "natural logarithm"));
    subject.signatures.push(poor_test(effect, bound));
    let times = libm::exp(effect.value);
    Ok((effect.p_above(bound) <= ALPHA / 2.0).then(|| {
        (
            of,
            format!("the evaluation error is {times:.1} times the training error"),
        )
    }))
}

/// Data for the value function against data for the policy.
fn data(evidence: &Evidence, subject: &mut Subject) -> Found {
    let Slopes { value, policy } = slopes(evidence, &subject.benchmark, &subject.pipeline)?;
    let parts = [
        ("value slope", Bottleneck::Value, &value),
        ("policy slope", Bottleneck::Extraction, &policy),
    ];
    for (name, of, sample) in parts {
        let unit = "points per factor of ten in data";
        let effect = pooled([sample]).map(|effect| part(name, of, effect, unit));
        subject.parts.extend(effect);
    }
    let units = value.units.iter();
    let difference = Sample {
        stratum: value.stratum.clone(),
        units: units
            .filter_map(|(u, v)| Some((*u, v - policy.units.get(u)?)))
            .collect(),
    };
    let level = ALPHA / 2.0;
    let above = |sample: &Sample| pooled([sample]).is_some_and(|e| e.p_above(0.0) <= level);
    let below = |sample: &Sample| pooled([sample]).is_some_and(|e| e.p_below(0.0) <= level);
    Ok(if above(&value) && above(&difference) {
        let reason = "data for the value function help more than data for the policy";
        Some((Bottleneck::Value, reason.to_owned()))
    } else if above(&policy) && below(&difference) {
        let reason = "data for the policy help more than data for the value function";
        Some((Bottleneck::Extraction, reason.to_owned()))
    } else {
        None
    })
}

fn poor_test(effect: Effect, bound: f64) -> Signature {
    let (above, below) = (
        effect.p_above(bound) <= ALPHA / 2.0,
        effect.p_below(bound) <= ALPHA / 2.0,
    );
    Signature {
        kind: SignatureKind::GoodTrainingPoorTest,
        present: (above || below).then_some(above),
        evidence: format!(
            "evaluation over training error {:.2}, asked: more than {TWICE}",
            libm::exp(effect.value)
        ),
    }
}

/// Adds the signature "no gain from more data": both slopes equivalent to zero while there is room.
pub(super) fn no_gain_from_data(evidence: &Evidence, subject: &mut Subject) {
    let kind = SignatureKind::NoGainFromData;
    let found = slopes(evidence, &subject.benchmark, &subject.pipeline);
    let signature = match found.map(|s| (pooled([&s.value]), pooled([&s.policy]))) {
        Ok((Some(value), Some(policy))) => {
            let level = ALPHA / 2.0;
            let flat = |e: &Effect| e.p_above(-FLAT) <= level && e.p_below(FLAT) <= level;
            let gains = |e: &Effect| e.p_above(FLAT) <= level;
            let room = subject
                .score_gap
                .is_some_and(|gap| gap.p_above(ROOM) <= level);
            let present = if flat(&value) && flat(&policy) {
                // Without room there is nothing to gain.
                Some(room)
            } else if gains(&value) || gains(&policy) {
                Some(false)
            } else {
                None
            };
            Signature {
                kind,
                present,
                evidence: format!(
                    "slopes {:.1} (value) and {:.1} (policy) points per factor of ten, asked: both within {FLAT}",
                    value.value, policy.value
                ),
            }
        }
        Ok(_) => Signature {
            kind,
            present: None,
            evidence: "the slopes are undefined".into(),
        },
        Err(why) => Signature {
            kind,
            present: None,
            evidence: why,
        },
    };
    subject.signatures.push(signature);
}
