//! The worker: computes one node in a process of its own and publishes it to the store.

pub(crate) mod collect;
mod environment;
mod evaluate;
mod failure;
mod goals;
mod joint;
mod measure;
mod noise;
mod online;
mod oracle;
mod play;
mod replay;
mod reward;
mod sampler;
mod services;
mod stages;
mod together;
mod train;
mod transform;

use crate::channel::{self, Message};
use crate::error::Error;
use crate::job::Job;
pub(crate) use environment::EnvironmentServices;
use failure::Stop;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;
use store::{FailureKind, Store};

/// Reports progress to the coordinator.
pub(crate) struct Reporter {
    stream: UnixStream,
    watch: crate::clock::Stopwatch,
    last_s: f64,
}

impl Reporter {
    /// At most ten messages a second.
    fn progress(&mut self, position: u64, total: u64, rate_per_s: f64) {
        let now = self.watch.seconds();
        if now - self.last_s >= 0.1 {
            self.last_s = now;
            self.send(&Message::Progress {
                position,
                total,
                rate_per_s,
            });
        }
    }

    fn send(&mut self, message: &Message) {
        // A coordinator that is gone is noticed by the watcher thread.
        let _ = channel::send(&mut self.stream, message);
    }
}

/// Runs the job in `job_file`, talking to the coordinator at `socket`. Returns whether the node was computed; `on_orphan` is
/// called from a thread when the coordinator is gone and must end the process.
pub fn run(
    job_file: &Path,
    socket: &Path,
    on_orphan: impl Fn() + Send + 'static,
) -> Result<bool, Error> {
    let text = std::fs::read(job_file).map_err(Error::io("reading", job_file))?;
    let job: Job = serde_json::from_slice(&text)
        .map_err(|e| Error::io("parsing", job_file)(std::io::Error::other(e)))?;
    let stream = UnixStream::connect(socket).map_err(Error::io("connecting to", socket))?;
    let mut listener = stream
        .try_clone()
        .map_err(Error::io("connecting to", socket))?;
    std::thread::spawn(move || {
        let _ = listener.read(&mut [0]);
        on_orphan();
    });
    let watch = crate::clock::Stopwatch::start();
    let mut reporter = Reporter {
        stream,
        watch,
        last_s: -1.0,
    };
    let outcome = compute(&job, &mut reporter);
    let (message, computed) = match outcome {
        Ok(()) => (Message::Finished, true),
        Err(stop) => (
            Message::Failed {
                kind: stop.kind,
                message: stop.message,
            },
            false,
        ),
    };
    reporter.send(&message);
    Ok(computed)
}

fn compute(job: &Job, reporter: &mut Reporter) -> Result<(), Stop> {
    for runtime in &job.runtimes {
        plugin_host::load_runtime(runtime).map_err(|e| Stop::new(FailureKind::Refused, e))?;
    }
    let store = Store::open(&job.results).map_err(Stop::store)?;
    match (&job.evaluation, &job.online) {
        (Some(evaluation), _) => evaluate::evaluate(job, evaluation, &store, reporter),
        (None, Some(phase)) => online::online(job, phase, &store, reporter),
        (None, None) => match &job.joint {
            Some(turns) => joint::joint(job, turns, &store, reporter),
            None => train::train(job, &store, reporter),
        },
    }
}
