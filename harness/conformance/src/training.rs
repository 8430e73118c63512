//! Checks of training: determinism, resuming, splitting, cancelling.

use crate::bench::{Bench, Setup};
use crate::outcome::{Verdict, fail, require, skip};
use crate::problem::BUDGET;
use crate::subject::Context;
use plugin_api::Code;

const FIRST: u64 = 3;
const SECOND: u64 = 4;

fn needs_determinism(context: &Context) -> Verdict {
    if context.learner()?.determinism == "bitwise" {
        return Ok(());
    }
    skip("the learner declares that same inputs may give different bytes")
}

/// `same-seed`
pub(crate) fn same_seed(context: &Context) -> Verdict {
    needs_determinism(context)?;
    let mut first = Bench::trained(context, FIRST + SECOND)?;
    let mut second = Bench::trained(context, FIRST + SECOND)?;
    match first.trace(0)?.difference(&second.trace(0)?) {
        None => Ok(()),
        Some(difference) => fail(
            "two instances with the same seed and batches to be equal, bit for bit",
            difference,
        ),
    }
}

/// `other-seed`
pub(crate) fn other_seed(context: &Context) -> Verdict {
    let mut untrained = Bench::make(context, &Setup::seeded(1))?;
    let before = untrained.learner.save()?;
    let mut first = Bench::make(context, &Setup::seeded(1))?;
    let mut second = Bench::make(context, &Setup::seeded(2))?;
    first.learner.update(FIRST)?;
    second.learner.update(FIRST)?;
    let (a, b) = (first.learner.save()?, second.learner.save()?);
    if a == before || first.batches() == 0 {
        return skip("training does not depend on data");
    }
    require(
        a != b,
        || "another seed, with its other batches, to give another state".into(),
        || format!("the same {} bytes after {FIRST} updates", a.len()),
    )
}

/// `no-updates`
pub(crate) fn no_updates(context: &Context) -> Verdict {
    let mut bench = Bench::trained(context, FIRST)?;
    let before = bench.trace(0)?;
    bench.learner.update(0)?;
    match before.difference(&bench.trace(0)?) {
        None => Ok(()),
        Some(difference) => fail("update(0) to change nothing", difference),
    }
}

/// `split-updates`
pub(crate) fn split_updates(context: &Context) -> Verdict {
    needs_determinism(context)?;
    let mut whole = Bench::trained(context, FIRST + SECOND)?;
    let mut parts = Bench::trained(context, FIRST)?;
    parts.learner.update(SECOND)?;
    match whole.trace(0)?.difference(&parts.trace(0)?) {
        None => Ok(()),
        Some(difference) => fail(
            format!(
                "update({FIRST}) then update({SECOND}) to equal update({})",
                FIRST + SECOND
            ),
            difference,
        ),
    }
}

fn resume_with(context: &Context, piece: usize) -> Verdict {
    needs_determinism(context)?;
    let mut saved = Bench::trained(context, FIRST)?;
    let state = saved.learner.save_in_pieces(piece)?;
    let mut restored = Bench::make(context, &Setup::default())?;
    restored.learner.load_in_pieces(&state, piece)?;
    if let Some(difference) = saved.trace(FIRST)?.difference(&restored.trace(FIRST)?) {
        return fail(
            "a fresh instance to equal the saved one once its state is loaded",
            difference,
        );
    }
    restored.learner.update(SECOND)?;
    let mut uninterrupted = Bench::trained(context, FIRST + SECOND)?;
    match uninterrupted
        .trace(FIRST)?
        .difference(&restored.trace(FIRST)?)
    {
        None => Ok(()),
        Some(difference) => fail(
            format!(
                "{FIRST} updates, save, load, {SECOND} updates to equal {} updates, bit for bit",
                FIRST + SECOND
            ),
            difference,
        ),
    }
}

/// `resume`
pub(crate) fn resume(context: &Context) -> Verdict {
    resume_with(context, usize::MAX)
}

/// `resume-in-pieces`
pub(crate) fn resume_in_pieces(context: &Context) -> Verdict {
    resume_with(context, 7)
}

/// `cancel`
pub(crate) fn cancel(context: &Context) -> Verdict {
    let setup = Setup {
        cancel: true,
        ..Default::default()
    };
    let mut bench = Bench::make(context, &setup)?;
    let result = bench.learner.update(BUDGET);
    if result.is_ok() && bench.batches() == 0 {
        return skip("updates ask for no batch: there is nothing to interrupt");
    }
    crate::creation::refused(
        result,
        Code::Cancelled,
        &format!("update({BUDGET}) while the host asks to stop"),
    )
}

/// `metrics`
pub(crate) fn metrics(context: &Context) -> Verdict {
    let mut bench = Bench::make(context, &Setup::default())?;
    let result = bench.learner.update(BUDGET);
    for (name, update, value) in bench.metrics() {
        let word = |w: &str| {
            !w.is_empty()
                && w.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        require(
            name.split('_').all(word),
            || "metric names of lower-case words joined by _".into(),
            || format!("`{name}`"),
        )?;
        require(
            value.is_finite(),
            || "finite metrics on finite data".into(),
            || format!("metric `{name}` is {value} after update {update}"),
        )?;
        require(
            (1..=BUDGET).contains(&update),
            || format!("metrics after update 1 to {BUDGET}"),
            || format!("metric `{name}` after update {update}"),
        )?;
    }
    result?;
    if bench.metrics().is_empty() {
        return skip(format!("no metric was reported within {BUDGET} updates"));
    }
    Ok(())
}
