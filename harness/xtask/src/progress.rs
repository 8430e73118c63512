//! A progress bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use provision::{Component, Event, Progress, Step};

const WIDTH: u64 = 24;

/// Shows provisioning events on stderr.
pub(crate) struct Terminal {
    bar: bool,
    step: Option<(Component, Step)>,
    /// When the step began and how much was there already.
    began: (Instant, u64),
    last_line: Option<(Instant, u64)>,
    line_open: bool,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self {
            bar: std::io::stderr().is_terminal(),
            step: None,
            began: (Instant::now(), 0),
            last_line: None,
            line_open: false,
        }
    }

    /// Ends an open bar, so that the next output begins on a line of its own.
    pub(crate) fn end_line(&mut self) {
        if std::mem::take(&mut self.line_open) {
            eprintln!();
        }
    }

    fn advance(&mut self, component: Component, step: Step, completed: u64, total: u64) {
        if self.step != Some((component, step)) {
            self.end_line();
            self.step = Some((component, step));
            self.began = (Instant::now(), completed);
            self.last_line = None;
        }
        let percent = completed * 100 / total.max(1);
        let elapsed = self.began.0.elapsed();
        let verb = match step {
            Step::Download => "downloading",
            Step::Check => "checking",
            Step::Unpack => "unpacking",
        };
        let left = seconds_left(
            elapsed,
            completed.saturating_sub(self.began.1),
            total - completed,
        );
        let left = left
            .map(|seconds| format!("   {seconds} s left"))
            .unwrap_or_default();
        let (now, all) = (completed.div_ceil(1_000_000), total.div_ceil(1_000_000));
        let text = format!("{verb} {component}   {percent:3} %   {now}/{all} MB{left}");
        if self.bar {
            let filled = completed * WIDTH / total.max(1);
            let bar: String = (0..WIDTH)
                .map(|cell| if cell < filled { '█' } else { '░' })
                .collect();
            eprint!("\r{bar} {text}\x1b[K");
            self.line_open = true;
        } else if self.wants_plain_line(percent) {
            self.last_line = Some((Instant::now(), percent));
            eprintln!("{text}");
        }
    }

    /// A line at the end, and at most one in ten seconds before.
    fn wants_plain_line(&self, percent: u64) -> bool {
        match self.last_line {
            Some((_, 100)) => false,
            _ if percent == 100 => true,
            Some((at, _)) => at.elapsed() >= Duration::from_secs(10),
            None => self.began.0.elapsed() >= Duration::from_secs(10),
        }
    }
}

impl Progress for Terminal {
    fn report(&mut self, event: &Event<'_>) {
        match *event {
            Event::Waiting { component, lock } => {
                eprintln!(
                    "{component}: another process is fetching it, waiting for {}",
                    lock.display()
                );
            }
            Event::Starting {
                component,
                download_bytes,
                disk_bytes,
                folder,
            } => {
                let source = match download_bytes {
                    0 => "from wheels that are already here".to_string(),
                    bytes => format!("{} to download", megabytes(bytes)),
                };
                let disk = megabytes(disk_bytes);
                eprintln!(
                    "{component}: {source}, {disk} on disk, once, kept in {}",
                    folder.display()
                );
            }
            Event::Advance {
                component,
                step,
                completed,
                total,
            } => self.advance(component, step, completed, total),
            Event::Finished { .. } => self.end_line(),
        }
    }
}

/// Seconds left at the average rate so far, once there is something to go by.
fn seconds_left(elapsed: Duration, since: u64, left: u64) -> Option<u64> {
    if elapsed < Duration::from_millis(500) || since == 0 || left == 0 {
        return None;
    }
    let rate = since as f64 / elapsed.as_secs_f64();
    Some((left as f64 / rate).ceil() as u64)
}

fn megabytes(bytes: u64) -> String {
    match bytes.div_ceil(1_000_000) {
        small @ ..100 => format!("{small} MB"),
        large => format!("{:.1} GB", large as f64 / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_the_rate() {
        assert_eq!(seconds_left(Duration::from_secs(2), 100, 300), Some(6));
        assert_eq!(seconds_left(Duration::from_millis(10), 100, 300), None);
        assert_eq!(seconds_left(Duration::from_secs(2), 0, 300), None);
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(megabytes(476_306), "1 MB");
        assert_eq!(megabytes(496_800_000), "0.5 GB");
        assert_eq!(megabytes(1_000_000_000), "1.0 GB");
    }
}
