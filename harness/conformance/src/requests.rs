//! Checks of how a learner uses rows that end and actions that follow.

use crate::bench::{Bench, Setup};
use crate::outcome::{Stop, Verdict, fail, skip};
use crate::problem::Change;
use crate::subject::Context;

const UPDATES: u64 = 4;

/// How training differs when every batch is changed: nothing where it does not. Skips where there is nothing to compare.
fn difference(context: &Context, change: Change) -> Result<Option<String>, Stop> {
    let clean = Bench::trained(context, UPDATES)?.trace(0)?;
    let again = Bench::trained(context, UPDATES)?.trace(0)?;
    if clean.difference(&again).is_some() {
        return skip("two runs on the same data differ: there is nothing to compare with");
    }
    let setup = Setup {
        change: Some(change),
        ..Default::default()
    };
    let mut changed = Bench::make(context, &setup)?;
    changed.learner.update(UPDATES)?;
    Ok(clean.difference(&changed.trace(0)?))
}

/// `terminal-rows`
pub(crate) fn terminal_rows(context: &Context) -> Verdict {
    if Bench::trained(context, UPDATES)?.batches() == 0 {
        return skip("the learner asks for no batch");
    }
    match difference(context, Change::EndObservations)? {
        None => Ok(()),
        Some(difference) => fail(
            "the next observation of terminated rows to make no difference: it carries no meaning there",
            difference,
        ),
    }
}

/// `next-actions`
pub(crate) fn next_actions(context: &Context) -> Verdict {
    let requests = Bench::trained(context, UPDATES)?.requests();
    if !requests.iter().any(|r| r.next_action) {
        return skip("the learner asks for no next actions");
    }
    match difference(context, Change::NextActions)? {
        Some(_) => Ok(()),
        None => fail(
            "next actions that were asked for to make a difference",
            "training on other next actions gave the same bytes",
        ),
    }
}
