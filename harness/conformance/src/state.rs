//! Checks of bytes that are not a state.

use crate::bench::{Bench, Setup};
use crate::creation::refused;
use crate::outcome::{Stop, Verdict};
use crate::subject::Context;
use manifest::random::Stream;
use plugin_api::Code;

fn saved(context: &Context) -> Result<Vec<u8>, Stop> {
    Ok(Bench::trained(context, 3)?.learner.save()?)
}

/// Loading `bytes` into a fresh instance must be refused; the instance is destroyed afterwards.
fn expect_refusal(context: &Context, bytes: &[u8], what: &str) -> Verdict {
    let mut bench = Bench::make(context, &Setup::default())?;
    refused(bench.learner.load(bytes), Code::InvalidState, what)
}

/// `empty-state`
pub(crate) fn empty(context: &Context) -> Verdict {
    expect_refusal(context, &[], "loading an empty state")
}

/// `random-state`
pub(crate) fn random(context: &Context) -> Verdict {
    let length = saved(context)?.len();
    let mut stream = Stream::new(0, &["conformance", "random-state"]);
    for length in [length, 256] {
        let bytes: Vec<u8> = (0..length).map(|_| stream.next_u64() as u8).collect();
        expect_refusal(context, &bytes, &format!("loading {length} random bytes"))?;
    }
    Ok(())
}

/// `truncated-state`
pub(crate) fn truncated(context: &Context) -> Verdict {
    let state = saved(context)?;
    let total = state.len();
    let mut lengths = vec![
        1,
        100,
        total / 2,
        total.saturating_sub(8),
        total.saturating_sub(1),
    ];
    lengths.retain(|&n| n > 0 && n < total);
    lengths.sort_unstable();
    lengths.dedup();
    for length in lengths {
        expect_refusal(
            context,
            &state[..length],
            &format!("loading the first {length} of {total} bytes"),
        )?;
    }
    Ok(())
}

/// `overlong-state`
pub(crate) fn overlong(context: &Context) -> Verdict {
    let mut state = saved(context)?;
    for extra in [1, 4096] {
        state.resize(state.len() + extra, 0);
        expect_refusal(
            context,
            &state,
            &format!("loading a state followed by {extra} further bytes"),
        )?;
    }
    Ok(())
}
