//! `assay worker`: one node, in a process of its own.

use super::run::WorkerArgs;
use crate::exit::{Exit, Outcome};
use crate::settings;

/// Computes the node. Its outcome travels through the channel; the exit code repeats it.
#[expect(
    clippy::exit,
    reason = "a worker without a coordinator must end at once, from the thread that notices"
)]
#[expect(clippy::disallowed_methods, reason = "as above")]
pub(crate) fn run(args: &WorkerArgs) -> Outcome {
    store::failpoint::arm(settings::failpoint("ASSAY_FAILPOINT_WORKER"));
    let computed = runner::worker::run(&args.job, &args.socket, || {
        std::process::exit(i32::from(Exit::Execution as u8))
    })?;
    Ok(if computed { Exit::Ok } else { Exit::Execution })
}
