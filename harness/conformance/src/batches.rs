//! Checks of unusual minibatches.

use crate::bench::{Bench, Setup};
use crate::outcome::{Stop, Verdict, fail, skip};
use crate::probe::Probe;
use crate::problem::Column;
use crate::subject::Context;
use plugin_api::{Code, Precision};

const UPDATES: u64 = 3;

/// How training on batches with a NaN in `column` ended.
enum Reaction {
    /// An error, or a non-finite metric, which makes the host end the stage.
    Noticed,
    /// The result is that of clean data: the column is not used.
    Unaffected,
    /// No error, and clean data alone give two results, so nothing can be compared.
    Unclear,
    /// A changed result and no error.
    Swallowed(String),
    /// An error of the wrong kind.
    Wrong(String),
}

fn react(context: &Context, column: Column) -> Result<Reaction, Stop> {
    let setup = Setup {
        poison: Some(column),
        ..Default::default()
    };
    let attempt = Bench::attempt(context, &setup)?;
    let mut bench = match attempt {
        Ok(bench) => bench,
        Err(error) => {
            return match error.failure() {
                Some(f) if f.code == Code::NonFinite => Ok(Reaction::Noticed),
                _ => Err(error.into()),
            };
        }
    };
    let result = bench.learner.update(UPDATES);
    if bench
        .metrics()
        .iter()
        .any(|(_, _, value)| !value.is_finite())
    {
        return Ok(Reaction::Noticed);
    }
    match result {
        Ok(()) => {
            let clean = Bench::trained(context, UPDATES)?.trace(0)?;
            let again = Bench::trained(context, UPDATES)?.trace(0)?;
            if clean.difference(&again).is_some() {
                return Ok(Reaction::Unclear);
            }
            Ok(match clean.difference(&bench.trace(0)?) {
                None => Reaction::Unaffected,
                Some(difference) => Reaction::Swallowed(difference),
            })
        }
        Err(error) => match error.failure() {
            Some(f) if f.code == Code::NonFinite => Ok(Reaction::Noticed),
            _ => Ok(Reaction::Wrong(error.to_string())),
        },
    }
}

/// `nan-batch`
pub(crate) fn nan(context: &Context) -> Verdict {
    if Bench::trained(context, UPDATES)?.batches() == 0 {
        return skip("the learner asks for no batch");
    }
    for column in Column::ALL {
        let name = column.name();
        let expected = format!(
            "an error with code {} or a non-finite metric when a batch has a NaN in `{name}`",
            Code::NonFinite.name()
        );
        match react(context, column)? {
            Reaction::Noticed | Reaction::Unaffected => {}
            Reaction::Unclear => {
                return skip(
                    "two runs on the same clean data differ: there is nothing to compare with",
                );
            }
            Reaction::Swallowed(difference) => {
                return fail(
                    expected,
                    format!(
                        "update({UPDATES}) succeeded with another result than on clean data ({difference})"
                    ),
                );
            }
            Reaction::Wrong(error) => return fail(expected, error),
        }
    }
    Ok(())
}

/// `batch-of-one`
pub(crate) fn of_one(context: &Context) -> Verdict {
    let setup = Setup {
        batch_size: 1,
        ..Default::default()
    };
    let mut bench = Bench::make(context, &setup)?;
    bench.learner.update(UPDATES)?;
    let probe = Probe::sized(context.world, Precision::F32, 1);
    for answer in probe.answers(&bench)? {
        if let Some(x) = answer.values.iter().find(|x| !x.is_finite()) {
            return fail(
                "finite answers after training on batches of one",
                format!("{}: {x}", answer.question),
            );
        }
    }
    Ok(())
}
