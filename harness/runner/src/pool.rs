//! The local executor: a pool of worker processes, one node each.

use crate::channel::{self, Message};
use crate::clock::Stopwatch;
use crate::error::Error;
use crate::plan::{NodeKind, NodePlan, Plan};
use plugin_host::numeric;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel as queue};
use std::time::Duration;
use store::{Failure, FailureKind, Store};

/// How nodes are executed; changes no result.
pub struct Options<'a> {
    /// Workers at a time.
    pub jobs: usize,
    /// Wall-clock limit of one worker.
    pub timeout_s: u64,
    /// Resident-memory limit of one worker.
    pub memory_mib: u64,
    /// Makes the command `assay worker` to which `--job FILE --socket PATH` is added.
    pub worker: &'a dyn Fn() -> Command,
    /// Set from outside to stop: running workers are ended, finished nodes and resumable states stay.
    pub stop: &'a AtomicBool,
}

/// What happens while nodes are executed.
#[derive(Debug)]
pub enum Event<'a> {
    /// A worker has started.
    Started {
        /// Its node.
        node: &'a NodePlan,
    },
    /// A worker has made progress.
    Progress {
        /// Its node.
        node: &'a NodePlan,
        /// Updates or episodes so far.
        position: u64,
        /// Out of.
        total: u64,
        /// Per second.
        rate_per_s: f64,
    },
    /// A node is in the store.
    Finished {
        /// The node.
        node: &'a NodePlan,
        /// Seconds it took.
        wall_time_s: f64,
    },
    /// A node could not be computed.
    Failed {
        /// The node.
        node: &'a NodePlan,
        /// Why.
        failure: &'a Failure,
        /// Folder with its log; absent where an upstream stage failed.
        folder: Option<PathBuf>,
    },
}

/// What came of a plan.
#[derive(Debug, Default)]
pub struct Report {
    /// Nodes that were in the store already.
    pub cached: usize,
    /// Nodes computed now.
    pub computed: usize,
    /// Nodes that failed, with the reason.
    pub failed: BTreeMap<String, Failure>,
    /// Whether it was stopped from outside.
    pub stopped: bool,
}

/// How often workers are looked after.
const POLL: Duration = Duration::from_millis(20);
/// Bytes of a worker's output that a failure keeps.
const LOG_TAIL_BYTES: u64 = 64 * 1024;

/// Executes the nodes that the store lacks.
pub fn execute(
    plan: &Plan,
    store: &Store,
    options: &Options<'_>,
    observer: &mut dyn FnMut(Event<'_>),
) -> Result<Report, Error> {
    let mut pool = Pool::new(plan, store, options)?;
    pool.run(observer)?;
    Ok(std::mem::take(&mut pool.report))
}

struct Pool<'a> {
    plan: &'a Plan,
    store: &'a Store,
    options: &'a Options<'a>,
    folder: tempfile::TempDir,
    waiting: Vec<String>,
    ready: BTreeSet<String>,
    running: Vec<Running>,
    sender: Sender<(String, Message)>,
    receiver: Receiver<(String, Message)>,
    report: Report,
    /// Failed nodes whose dependents have been dealt with.
    settled: usize,
}

struct Running {
    run_id: String,
    child: Child,
    watch: Stopwatch,
    log: PathBuf,
    outcome: Option<Message>,
    killed: Option<FailureKind>,
    _stream: Option<UnixStream>,
    listener: UnixListener,
}

impl<'a> Pool<'a> {
    fn new(plan: &'a Plan, store: &'a Store, options: &'a Options<'a>) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("assay-")
            .tempdir()
            .map_err(Error::io("making", "a temporary folder"))?;
        let (sender, receiver) = queue();
        let mut pool = Self {
            plan,
            store,
            options,
            folder,
            waiting: Vec::new(),
            ready: BTreeSet::new(),
            running: Vec::new(),
            sender,
            receiver,
            report: Report::default(),
            settled: 0,
        };
        for id in &plan.order {
            if store.has(id) {
                pool.report.cached += 1;
                pool.ready.insert(id.clone());
            } else {
                pool.waiting.push(id.clone());
            }
        }
        Ok(pool)
    }

    fn run(&mut self, observer: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
        loop {
            if self.options.stop.load(Ordering::SeqCst) {
                self.kill_all();
                self.report.stopped = true;
                return Ok(());
            }
            self.fail_dependents(observer);
            while self.running.len() < self.options.jobs.max(1) {
                let Some(id) = self.next_ready() else { break };
                self.start(&id)?;
                observer(Event::Started {
                    node: &self.plan.nodes[&id],
                });
            }
            if self.running.is_empty() {
                return Ok(());
            }
            self.listen(observer);
            self.reap(observer)?;
        }
    }

    /// The first waiting node whose inputs are there.
    fn next_ready(&mut self) -> Option<String> {
        let ready = |id: &String| {
            self.plan.nodes[id]
                .depends
                .iter()
                .all(|d| self.ready.contains(d))
        };
        let position = self.waiting.iter().position(ready)?;
        Some(self.waiting.remove(position))
    }

    /// Nodes behind a failed one fail with its reason.
    fn fail_dependents(&mut self, observer: &mut dyn FnMut(Event<'_>)) {
        // Called at every poll: looking through thousands of waiting nodes takes a tenth of a core.
        while self.settled < self.report.failed.len() {
            let failed = |id: &String| {
                self.plan.nodes[id]
                    .depends
                    .iter()
                    .find(|d| self.report.failed.contains_key(*d))
            };
            let Some((position, cause)) = self
                .waiting
                .iter()
                .enumerate()
                .find_map(|(i, id)| Some((i, failed(id)?.clone())))
            else {
                self.settled = self.report.failed.len();
                return;
            };
            let id = self.waiting.remove(position);
            let reason = &self.report.failed[&cause];
            let message = match reason.kind {
                FailureKind::Upstream => reason.message.clone(),
                kind => format!(
                    "stage {} {}: {}",
                    self.plan.nodes[&cause].job_name(),
                    kind.name(),
                    reason.message
                ),
            };
            let failure = self.failure(&id, FailureKind::Upstream, message, 0.0);
            observer(Event::Failed {
                node: &self.plan.nodes[&id],
                failure: &failure,
                folder: None,
            });
            self.report.failed.insert(id, failure);
        }
    }

    fn failure(&self, id: &str, kind: FailureKind, message: String, wall_time_s: f64) -> Failure {
        let identity = self.plan.nodes[id].job.identity.clone();
        Failure {
            format: 1,
            run_id: id.to_owned(),
            identity,
            kind,
            message,
            wall_time_s,
        }
    }

    fn start(&mut self, id: &str) -> Result<(), Error> {
        let node = &self.plan.nodes[id];
        let file = |suffix: &str| {
            self.folder
                .path()
                .join(format!("{}{suffix}", &id[..16.min(id.len())]))
        };
        let (job, socket, log) = (file(".json"), file(".sock"), file(".log"));
        let text = serde_json::to_vec(&node.job)
            .map_err(|e| Error::io("writing", &job)(std::io::Error::other(e)))?;
        std::fs::write(&job, text).map_err(Error::io("writing", &job))?;
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).map_err(Error::io("opening", &socket))?;
        listener
            .set_nonblocking(true)
            .map_err(Error::io("opening", &socket))?;
        let output = File::create(&log).map_err(Error::io("creating", &log))?;
        let errors = output.try_clone().map_err(Error::io("creating", &log))?;
        let child = (self.options.worker)()
            .arg("--job")
            .arg(&job)
            .arg("--socket")
            .arg(&socket)
            .envs(numeric::worker_environment(&node.job.numeric))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(Error::io("starting a worker for", &job))?;
        self.running.push(Running {
            run_id: id.to_owned(),
            child,
            watch: Stopwatch::start(),
            log,
            outcome: None,
            killed: None,
            _stream: None,
            listener,
        });
        Ok(())
    }

    /// Takes connections and messages; waits at most one poll interval.
    fn listen(&mut self, observer: &mut dyn FnMut(Event<'_>)) {
        for running in &mut self.running {
            let Ok((stream, _)) = running.listener.accept() else {
                continue;
            };
            let Ok(mut reader) = stream.try_clone() else {
                continue;
            };
            let _ = reader.set_nonblocking(false);
            running._stream = Some(stream);
            let (sender, id) = (self.sender.clone(), running.run_id.clone());
            std::thread::spawn(move || {
                while let Ok(Some(message)) = channel::receive(&mut reader) {
                    if sender.send((id.clone(), message)).is_err() {
                        return;
                    }
                }
            });
        }
        let mut next = self.receiver.recv_timeout(POLL).ok();
        while let Some((id, message)) = next {
            match message {
                Message::Progress {
                    position,
                    total,
                    rate_per_s,
                } => {
                    observer(Event::Progress {
                        node: &self.plan.nodes[&id],
                        position,
                        total,
                        rate_per_s,
                    });
                }
                outcome => {
                    if let Some(running) = self.running.iter_mut().find(|r| r.run_id == id) {
                        running.outcome = Some(outcome);
                    }
                }
            }
            next = self.receiver.try_recv().ok();
        }
    }

    /// Enforces limits and collects workers that have ended.
    fn reap(&mut self, observer: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
        let mut i = 0;
        while i < self.running.len() {
            let running = &mut self.running[i];
            enforce(running, self.options);
            let status = running
                .child
                .try_wait()
                .map_err(Error::io("waiting for", &running.log))?;
            let Some(status) = status else {
                i += 1;
                continue;
            };
            let mut ended = self.running.remove(i);
            // The last message may still be on its way through the reader thread.
            let watch = Stopwatch::start();
            while ended.outcome.is_none() && ended.killed.is_none() && watch.seconds() < 0.5 {
                self.running.push(ended);
                self.listen(observer);
                let Some(last) = self.running.pop() else {
                    return Ok(());
                };
                ended = last;
                if status.signal().is_some() {
                    break;
                }
            }
            self.conclude(ended, status, observer)?;
        }
        Ok(())
    }

    fn conclude(
        &mut self,
        ended: Running,
        status: ExitStatus,
        observer: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Error> {
        let id = ended.run_id.clone();
        let wall_time_s = ended.watch.seconds();
        if self.store.has(&id) {
            self.report.computed += 1;
            self.ready.insert(id.clone());
            observer(Event::Finished {
                node: &self.plan.nodes[&id],
                wall_time_s,
            });
            return Ok(());
        }
        let (kind, message) = match (ended.killed, &ended.outcome) {
            (Some(FailureKind::TimedOut), _) => (
                FailureKind::TimedOut,
                format!("not finished after {} s", self.options.timeout_s),
            ),
            (Some(kind), _) => (
                kind,
                format!("used more than {} MiB", self.options.memory_mib),
            ),
            (None, Some(Message::Failed { kind, message })) => (*kind, message.clone()),
            (None, _) => (FailureKind::Crashed, describe(status)),
        };
        let failure = self.failure(&id, kind, message, wall_time_s);
        let folder = self
            .store
            .record_failure(failure.clone(), &tail(&ended.log))?;
        observer(Event::Failed {
            node: &self.plan.nodes[&id],
            failure: &failure,
            folder: Some(folder),
        });
        self.report.failed.insert(id, failure);
        Ok(())
    }

    fn kill_all(&mut self) {
        for running in &mut self.running {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
        self.running.clear();
    }
}

impl Drop for Pool<'_> {
    fn drop(&mut self) {
        self.kill_all();
    }
}

impl NodePlan {
    fn job_name(&self) -> String {
        match self.kind {
            NodeKind::Stage => self
                .job
                .stages
                .last()
                .map_or_else(String::new, |s| format!("`{}`", s.learner)),
            NodeKind::Evaluation => "evaluation".into(),
        }
    }
}

fn enforce(running: &mut Running, options: &Options<'_>) {
    if running.killed.is_some() {
        return;
    }
    let over_time = running.watch.seconds() > options.timeout_s as f64;
    let over_memory = resident_mib(running.child.id()).is_some_and(|mib| mib > options.memory_mib);
    if over_time || over_memory {
        running.killed = Some(if over_time {
            FailureKind::TimedOut
        } else {
            FailureKind::OutOfMemory
        });
        let _ = running.child.kill();
    }
}

/// Anonymous resident memory: mapped library files are shared and do not count.
fn resident_mib(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|l| l.starts_with("RssAnon:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib / 1024)
}

fn describe(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => {
            let name = match signal {
                4 => " (illegal instruction)",
                6 => " (abort)",
                7 => " (bus error)",
                9 => " (killed)",
                11 => " (segmentation fault)",
                _ => "",
            };
            format!("the worker died of signal {signal}{name}")
        }
        (None, code) => format!(
            "the worker left with exit code {} and no result",
            code.unwrap_or_default()
        ),
    }
}

/// The end of a worker's output.
fn tail(log: &std::path::Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(log) {
        let size = file.metadata().map_or(0, |m| m.len());
        let _ = file.seek(SeekFrom::Start(size.saturating_sub(LOG_TAIL_BYTES)));
        let _ = file.read_to_end(&mut bytes);
    }
    bytes
}
