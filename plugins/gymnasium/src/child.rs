//! The Python process: started, asked, watched and ended. Every wait has a deadline.

use crate::frame::{self, HEADER, Request};
use crate::interpreter::Interpreter;
use crate::trouble::Trouble;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The child's program.
pub(crate) const SOURCE: &str = include_str!("../python/bridge.py");

/// Variables that would make the interpreter import from elsewhere or behave otherwise.
const FORGOTTEN: [&str; 10] = [
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONSAFEPATH",
    "PYTHONUSERBASE",
    "PYTHONINSPECT",
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "PYTHONPLATLIBDIR",
    "PYTHONINTMAXSTRDIGITS",
];

/// Bytes of stderr that are kept for messages, and lines of them that are shown.
const TAIL_BYTES: usize = 4096;
const TAIL_LINES: usize = 3;
/// A write of so many bytes does not block once the pipe is writable (`PIPE_BUF`).
const ATOMIC: usize = 4096;
/// How long a child that closes its pipe may take to end.
const LEAVING: Duration = Duration::from_millis(1000);

/// How long the child may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For starting, for making an environment and for beginning a behaviour, which may make one: packages are imported.
    pub(crate) start: Duration,
    /// For any other call.
    pub(crate) call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(180),
            call: Duration::from_secs(60),
        }
    }
}

impl Limits {
    fn of(&self, request: Request) -> Duration {
        match request {
            Request::Describe | Request::Packages | Request::Begin => self.start,
            _ => self.call,
        }
    }
}

/// Instruction paths of numpy and its OpenBLAS that every processor with AVX2 has: the wider ones round differently, so that a simulated trajectory, or a
/// generated dataset, would depend on the processor. An older numpy does not know all of the names and says so on its standard error.
pub const PINNED: [(&str, &str); 2] = [
    ("OPENBLAS_CORETYPE", "Haswell"),
    (
        "NPY_DISABLE_CPU_FEATURES",
        "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
    ),
];

/// A running child. Dropping it ends it.
pub(crate) struct Child {
    pub(crate) interpreter: Interpreter,
    limits: Limits,
    process: std::process::Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    stderr: Option<ChildStderr>,
    tail: Vec<u8>,
    sequence: u32,
    frame: Vec<u8>,
    reply: Vec<u8>,
    /// Why the child cannot be used any more.
    broken: Option<Trouble>,
}

impl Child {
    /// Starts `source` and checks that it has the packages that were planned with.
    pub(crate) fn start(
        interpreter: &Interpreter,
        source: &str,
        limits: Limits,
    ) -> Result<Self, Trouble> {
        let unusable = |reason: String| Trouble::NoInterpreter {
            python: interpreter.python.clone(),
            reason,
        };
        let mut command = Command::new(&interpreter.python);
        // Not -I, which would ignore the hash seed too: the order of sets of texts would differ from run to run.
        command.args(["-s", "-u", "-c", source]);
        command.arg(std::process::id().to_string());
        command.env("PYTHONHASHSEED", "0").envs(PINNED);
        for name in FORGOTTEN {
            command.env_remove(name);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        let mut process = command.spawn().map_err(|e| unusable(e.to_string()))?;
        let pipes = (process.stdin.take(), process.stdout.take());
        let (Some(stdin), Some(stdout)) = pipes else {
            return Err(unusable("it has no pipes".into()));
        };
        let mut child = Self {
            interpreter: interpreter.clone(),
            limits,
            stdin: Some(stdin),
            stdout,
            stderr: process.stderr.take(),
            process,
            tail: Vec::new(),
            sequence: 0,
            frame: Vec::new(),
            reply: Vec::new(),
            broken: None,
        };
        let found = child.ask(Request::Packages, 0, &[], None, "")?.to_vec();
        child.interpreter.check(&String::from_utf8_lossy(&found))?;
        Ok(child)
    }

    /// Whether it can still be asked.
    pub(crate) fn is_usable(&self) -> bool {
        self.broken.is_none()
    }

    /// Its process id.
    #[cfg(test)]
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a request and returns the payload of the reply, which has `expected` bytes if that is given. What the
    /// environment reports leaves the child usable; everything else ends it.
    pub(crate) fn ask(
        &mut self,
        request: Request,
        instance: u32,
        payload: &[u8],
        expected: Option<usize>,
        id: &str,
    ) -> Result<&[u8], Trouble> {
        if let Some(trouble) = &self.broken {
            return Err(trouble.clone());
        }
        let until = Instant::now() + self.limits.of(request);
        let asked = self.exchange(request, instance, payload, until);
        let failed = asked.and_then(|failed| match (failed, expected) {
            (false, Some(bytes)) if bytes != self.reply.len() - HEADER => Err(Trouble::Rubbish {
                call: request,
                reason: format!(
                    "a payload of {} bytes, expected {bytes}",
                    self.reply.len() - HEADER
                ),
            }),
            _ => Ok(failed),
        });
        let payload_of = |reply: &'_ [u8]| reply.get(HEADER..).unwrap_or_default().to_vec();
        match failed {
            Ok(false) => Ok(self.reply.get(HEADER..).unwrap_or_default()),
            Ok(true) => {
                let (code, text) = frame::failure(&payload_of(&self.reply)).unwrap_or_default();
                Err(self.interpreter.reported(code, text, request, id))
            }
            Err(trouble) => {
                self.end();
                self.broken = Some(trouble.clone());
                Err(trouble)
            }
        }
    }

    /// One frame there, one back; whether the reply tells of a failure.
    fn exchange(
        &mut self,
        request: Request,
        instance: u32,
        payload: &[u8],
        until: Instant,
    ) -> Result<bool, Trouble> {
        self.sequence = self.sequence.wrapping_add(1);
        self.frame.clear();
        frame::encode(&mut self.frame, request, self.sequence, instance, payload);
        self.reply.clear();
        self.send(request, until)?;
        let rubbish = |reason| Trouble::Rubbish {
            call: request,
            reason,
        };
        // What is no frame may be shorter than a header.
        self.receive(request, frame::MARK, until)?;
        frame::mark(&self.reply).map_err(rubbish)?;
        self.receive(request, HEADER, until)?;
        let header = self.reply.first_chunk::<HEADER>();
        let header = header.ok_or_else(|| rubbish("half a header".into()))?;
        let announced = frame::header(header, request, self.sequence, instance).map_err(rubbish)?;
        let total = HEADER + announced.length;
        self.receive(request, total, until)?;
        match self.reply.len() - total {
            0 => Ok(announced.failed),
            stray => Err(rubbish(format!("{stray} bytes after the end of its frame"))),
        }
    }

    fn send(&mut self, request: Request, until: Instant) -> Result<(), Trouble> {
        let mut sent = 0;
        while sent < self.frame.len() {
            let ready = self.wait(request, true, until)?;
            let Some(stdin) = self.stdin.as_mut().filter(|_| ready) else {
                return Err(self.autopsy(request));
            };
            let end = self.frame.len().min(sent + ATOMIC);
            match stdin.write(self.frame.get(sent..end).unwrap_or_default()) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(self.autopsy(request)),
            }
        }
        Ok(())
    }

    /// Reads until at least `total` bytes of the reply are there.
    fn receive(&mut self, request: Request, total: usize, until: Instant) -> Result<(), Trouble> {
        while self.reply.len() < total {
            self.wait(request, false, until)?;
            let mut chunk = [0; 1 << 14];
            match self.stdout.read(&mut chunk) {
                Ok(0) => return Err(self.autopsy(request)),
                Ok(count) => self
                    .reply
                    .extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(self.autopsy(request)),
            }
        }
        Ok(())
    }

    /// Waits until the pipe for requests can be written, or that for replies read, and empties stderr meanwhile. False
    /// where the child has closed the pipe for requests.
    fn wait(&mut self, request: Request, sending: bool, until: Instant) -> Result<bool, Trouble> {
        loop {
            let now = Instant::now();
            if now >= until {
                self.end();
                return Err(Trouble::Hung {
                    call: request,
                    deadline: self.limits.of(request),
                    last_words: self.last_words(),
                });
            }
            let pipe = match (&self.stdin, sending) {
                (Some(stdin), true) => PollFd::new(stdin, PollFlags::OUT),
                (None, true) => return Ok(false),
                (_, false) => PollFd::new(&self.stdout, PollFlags::IN),
            };
            let (ready, spoken) = watch(pipe, self.stderr.as_ref(), until - now);
            if spoken {
                self.listen();
            }
            if !ready.is_empty() {
                return Ok(!sending || ready.contains(PollFlags::OUT));
            }
        }
    }

    /// Reads what stderr has, once; passes it on and keeps the end.
    fn listen(&mut self) {
        let Some(stderr) = &mut self.stderr else {
            return;
        };
        let mut chunk = [0; 8192];
        match stderr.read(&mut chunk) {
            Ok(count) if count > 0 => {
                let heard = chunk.get(..count).unwrap_or_default();
                // The worker's log; a closed one is no reason to stop.
                let _ = std::io::stderr().write_all(heard);
                self.tail.extend_from_slice(heard);
                let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
                self.tail.drain(..surplus);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => self.stderr = None,
        }
    }

    /// The last lines of stderr, as the end of a message.
    fn last_words(&self) -> String {
        let text = String::from_utf8_lossy(&self.tail);
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
        let lines: Vec<&str> = lines.collect();
        let last = lines.get(lines.len().saturating_sub(TAIL_LINES)..);
        match last.unwrap_or_default() {
            [] => "; it wrote nothing to stderr".into(),
            last => format!("; its last words: {}", last.join(" | ")),
        }
    }

    /// How the child ended, once it has closed a pipe.
    fn autopsy(&mut self, request: Request) -> Trouble {
        self.stdin = None;
        let until = Instant::now() + LEAVING;
        let status = self.await_end(until);
        let status = match status {
            Some(status) => status.to_string(),
            None => "closed pipes (it was killed)".into(),
        };
        self.end();
        Trouble::Died {
            call: request,
            status,
            last_words: self.last_words(),
        }
    }

    /// Waits for the process to end, emptying its pipes.
    fn await_end(&mut self, until: Instant) -> Option<std::process::ExitStatus> {
        loop {
            if let Ok(Some(status)) = self.process.try_wait() {
                // What it said last is still in the pipe.
                self.hear_out();
                return Some(status);
            }
            if Instant::now() >= until {
                return None;
            }
            if self.has_words(Duration::from_millis(5)) {
                self.listen();
            }
        }
    }

    /// Empties stderr, which is finite unless a process of the environment's outlives the child.
    fn hear_out(&mut self) {
        for _ in 0..64 {
            if !self.has_words(Duration::ZERO) {
                return;
            }
            self.listen();
        }
    }

    fn has_words(&self, patience: Duration) -> bool {
        let mut none: [PollFd<'_>; 0] = [];
        let mut one;
        let fds: &mut [PollFd<'_>] = match &self.stderr {
            Some(stderr) => {
                one = [PollFd::new(stderr, PollFlags::IN)];
                &mut one
            }
            None => &mut none,
        };
        let ready = poll(fds, Some(&timespec(patience)));
        ready.is_ok_and(|count| count > 0)
    }

    /// Ends the process whatever it does, and reaps it.
    fn end(&mut self) {
        self.stdin = None;
        // Both fail only when the child has been reaped already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.hear_out();
    }
}

impl Drop for Child {
    /// The child ends by itself when its pipe is closed; it is killed where it does not.
    fn drop(&mut self) {
        self.stdin = None;
        if self.broken.is_none() {
            self.await_end(Instant::now() + LEAVING);
        }
        self.end();
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

/// Polls a pipe, and stderr as long as it is open: what the pipe is ready for, and whether stderr has something.
fn watch(pipe: PollFd<'_>, stderr: Option<&ChildStderr>, patience: Duration) -> (PollFlags, bool) {
    let timeout = timespec(patience);
    let mut fds = vec![pipe];
    fds.extend(stderr.map(|stderr| PollFd::from_borrowed_fd(stderr.as_fd(), PollFlags::IN)));
    // An interrupted wait counts as one that saw nothing: the caller looks at the clock and waits on.
    if poll(&mut fds, Some(&timeout)).is_err() {
        return (PollFlags::empty(), false);
    }
    let ready = |i: usize| fds.get(i).map_or(PollFlags::empty(), PollFd::revents);
    (ready(0), !ready(1).is_empty())
}
