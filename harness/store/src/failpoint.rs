//! Failpoints: every write, fsync and rename of the store passes one before and one after, so that a test can kill the
//! process at each of them in turn. Unarmed, a failpoint is one atomic addition.

use std::sync::atomic::{AtomicU64, Ordering};

static HITS: AtomicU64 = AtomicU64::new(0);
static ARMED: AtomicU64 = AtomicU64::new(0);

/// Makes the process abort at its `nth` failpoint (from 1); 0 disarms.
pub fn arm(nth: u64) {
    ARMED.store(nth, Ordering::SeqCst);
}

/// Failpoints passed so far.
pub fn hits() -> u64 {
    HITS.load(Ordering::SeqCst)
}

pub(crate) fn pass() {
    let hit = HITS.fetch_add(1, Ordering::SeqCst) + 1;
    if ARMED.load(Ordering::SeqCst) == hit {
        std::process::abort();
    }
}
