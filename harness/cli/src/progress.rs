//! Progress on stderr: bars on a terminal, plain lines otherwise.

use crate::output;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use runner::clock::Stopwatch;
use runner::{Event, Plan, Report};
use std::collections::BTreeMap;
use std::time::Duration;
use store::Store;

/// `1 h 5 min`, `2 min 10 s`, `8 s`.
pub(crate) fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match (s / 3600, s / 60 % 60, s % 60) {
        (h, ..) if h >= 2400 => format!("{} days", h / 24),
        (h, ..) if h >= 48 => format!("{} days {} h", h / 24, h % 24),
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// Seconds between two plain lines.
const PLAIN_INTERVAL_S: f64 = 10.0;

/// Progress of a run.
pub(crate) struct Progress {
    total: usize,
    complete: usize,
    computed: usize,
    failed: usize,
    watch: Stopwatch,
    last_line_s: f64,
    bars: Option<Bars>,
    jobs: usize,
}

struct Bars {
    all: MultiProgress,
    main: ProgressBar,
    workers: BTreeMap<String, ProgressBar>,
}

impl Progress {
    pub(crate) fn new(study: &str, plan: &Plan, store: &Store, jobs: usize) -> Self {
        let cached = plan.order.iter().filter(|id| store.has(id)).count();
        let total = plan.order.len();
        let missing = total - cached;
        output::note(&format!(
            "{study}: {total} nodes ({} stages, {} evaluations), {cached} cached, {missing} to compute on {jobs} workers",
            plan.count(runner::NodeKind::Stage),
            plan.count(runner::NodeKind::Evaluation)
        ));
        let bars =
            (output::is_terminal() && missing > 0).then(|| Bars::new(total as u64, cached as u64));
        Self {
            total,
            complete: cached,
            computed: 0,
            failed: 0,
            watch: Stopwatch::start(),
            last_line_s: 0.0,
            bars,
            jobs,
        }
    }

    pub(crate) fn observe(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { node } => {
                if let Some(bars) = &mut self.bars {
                    bars.start(&node.ids.run_id, &node.label);
                }
            }
            Event::Progress {
                node,
                position,
                total,
                rate_per_s,
            } => {
                if let Some(bars) = &mut self.bars {
                    bars.advance(&node.ids.run_id, *position, *total, *rate_per_s);
                }
            }
            Event::Finished { node, .. } => {
                self.complete += 1;
                self.computed += 1;
                self.end(&node.ids.run_id);
            }
            Event::Failed {
                node,
                failure,
                folder,
            } => {
                self.failed += 1;
                self.end(&node.ids.run_id);
                // Consequences of a failed stage are counted, not listed.
                if folder.is_some() {
                    let id = &failure.run_id[..12];
                    self.line(&format!(
                        "  {}  {}: {} (assay show {id})",
                        failure.kind.name(),
                        node.label,
                        failure.message
                    ));
                }
            }
        }
    }

    fn end(&mut self, run_id: &str) {
        let eta = self.eta_s();
        let elapsed = self.watch.seconds();
        if let Some(bars) = &mut self.bars {
            bars.end(
                run_id,
                (self.complete + self.failed) as u64,
                self.failed,
                eta,
            );
        } else if elapsed - self.last_line_s >= PLAIN_INTERVAL_S {
            self.last_line_s = elapsed;
            let left = eta
                .map(|s| format!("   {} left", duration(s)))
                .unwrap_or_default();
            let position = format!("{}/{}", self.complete + self.failed, self.total);
            output::note(&format!(
                "  {position}   {}{left}   {} failed",
                duration(elapsed),
                self.failed
            ));
        }
    }

    /// Seconds left at the rate so far.
    fn eta_s(&self) -> Option<f64> {
        let left = self.total - self.complete - self.failed;
        (self.computed >= self.jobs)
            .then(|| self.watch.seconds() / self.computed as f64 * left as f64)
    }

    fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => {
                let _ = bars.all.println(text);
            }
            None => output::note(text),
        }
    }

    pub(crate) fn finish(&mut self, report: &Report) {
        if let Some(bars) = self.bars.take() {
            let _ = bars.all.clear();
        }
        let took = duration(self.watch.seconds());
        if report.computed + report.failed.len() > 0 {
            output::note(&format!(
                "{} computed, {} cached, {} failed, {took}",
                report.computed,
                report.cached,
                report.failed.len()
            ));
        }
    }
}

impl Bars {
    fn new(total: u64, position: u64) -> Self {
        let all = MultiProgress::new();
        let main = all.add(ProgressBar::new(total).with_position(position));
        main.set_style(style("{pos}/{len} nodes  {wide_bar}  {elapsed}  {msg}"));
        main.enable_steady_tick(Duration::from_millis(500));
        Self {
            all,
            main,
            workers: BTreeMap::new(),
        }
    }

    fn start(&mut self, run_id: &str, label: &str) {
        let bar = self.all.add(ProgressBar::new(1));
        bar.set_style(style("   {prefix:50!}  {pos}/{len}  {msg}"));
        bar.set_prefix(label.to_owned());
        self.workers.insert(run_id.to_owned(), bar);
    }

    fn advance(&mut self, run_id: &str, position: u64, total: u64, rate_per_s: f64) {
        if let Some(bar) = self.workers.get(run_id) {
            bar.set_length(total);
            bar.set_position(position);
            if rate_per_s > 0.0 {
                bar.set_message(format!("{rate_per_s:.0}/s"));
            }
        }
    }

    fn end(&mut self, run_id: &str, position: u64, failed: usize, eta_s: Option<f64>) {
        if let Some(bar) = self.workers.remove(run_id) {
            bar.finish_and_clear();
        }
        self.main.set_position(position);
        let left = eta_s
            .map(|s| format!("{} left  ", duration(s)))
            .unwrap_or_default();
        self.main.set_message(format!("{left}{failed} failed"));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Progress of a download or of an import.
pub(crate) struct Download {
    bar: Option<ProgressBar>,
    last_percent: u64,
}

impl Download {
    pub(crate) fn new() -> Self {
        Self {
            bar: None,
            last_percent: 0,
        }
    }

    /// `position` of `total` of `what`; bytes or rows.
    pub(crate) fn advance(&mut self, what: &str, position: u64, total: u64, bytes: bool) {
        if !output::is_terminal() {
            let percent = (position * 100).checked_div(total).unwrap_or(100);
            if percent >= self.last_percent + 20 {
                self.last_percent = percent;
                output::note(&format!("  {what}  {percent} %"));
            }
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(total);
            let unit = if bytes {
                "{bytes}/{total_bytes}"
            } else {
                "{pos}/{len} rows"
            };
            bar.set_style(style(&format!(
                "{{prefix}}  {{wide_bar}}  {unit}  {{eta}} left"
            )));
            bar
        });
        bar.set_prefix(what.to_owned());
        bar.set_length(total);
        bar.set_position(position);
        if position >= total {
            bar.finish_and_clear();
            self.bar = None;
        }
    }
}

/// Progress of collecting a dataset: one bar for each training and for the episodes.
pub(crate) struct Collection {
    bar: Option<ProgressBar>,
    what: String,
    watch: Stopwatch,
    first: u64,
    last_line_s: f64,
}

impl Collection {
    pub(crate) fn new() -> Self {
        Self {
            bar: None,
            what: String::new(),
            watch: Stopwatch::start(),
            first: 0,
            last_line_s: 0.0,
        }
    }

    pub(crate) fn advance(&mut self, now: &runner::Collecting) {
        if self.what != now.what {
            self.end();
            *self = Self {
                what: now.what.clone(),
                first: now.position,
                ..Self::new()
            };
        }
        let elapsed = self.watch.seconds();
        let rate = (now.position - self.first) as f64 / elapsed.max(1e-9);
        let left = (now.total - now.position) as f64 / rate.max(1e-9);
        let mut words = format!("{rate:.0} steps/s");
        if rate > 0.0 {
            words.push_str(&format!(", {} left", duration(left)));
        }
        if let Some(mean) = now.episode_return {
            words.push_str(&format!(", return {mean:.0}"));
        }
        if output::is_terminal() {
            let bar = self.bar.get_or_insert_with(|| {
                let bar = ProgressBar::new(now.total).with_prefix(now.what.clone());
                bar.with_style(style("{prefix}  {wide_bar}  {pos}/{len}  {msg}"))
            });
            bar.set_position(now.position);
            bar.set_message(words);
        } else if elapsed - self.last_line_s >= PLAIN_INTERVAL_S {
            self.last_line_s = elapsed;
            let (what, position, total) = (&now.what, now.position, now.total);
            output::note(&format!("  {what}  {position}/{total}  {words}"));
        }
    }

    pub(crate) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl provision::Progress for Download {
    fn report(&mut self, event: &provision::Event<'_>) {
        match event {
            provision::Event::Starting {
                component,
                download_bytes,
                folder,
                ..
            } => {
                self.last_percent = 0;
                let size_mb = download_bytes / 1_000_000;
                output::note(&format!(
                    "{component}: {size_mb} MB, once, kept in {}",
                    folder.display()
                ));
            }
            provision::Event::Waiting { component, .. } => {
                output::note(&format!(
                    "{component}: another process is fetching it, waiting"
                ));
            }
            provision::Event::Advance {
                component,
                completed,
                total,
                ..
            } => {
                self.advance(&component.to_string(), *completed, *total, true);
            }
            provision::Event::Finished { component, .. } => {
                output::note(&format!("{component}: ready"))
            }
        }
    }
}
