//! How often the 95 % interval of an interquartile mean over tasks holds the true one, on simulated scores.
//!
//! `ASSAY_TEST_DRAWS=4000 cargo test --test all coverage_is -- --nocapture` prints the table that `stats/small_sample.rs` documents.

use analysis::stats::bootstrap::{Resampler, Scale};
use analysis::stats::iqm::iqm;
use analysis::stats::{Observed, Panel};
use manifest::random::Stream;

/// A score on a task with this centre.
type Family = fn(f64, &mut Stream) -> f64;

const FAMILIES: [(&str, Family); 3] = [
    ("normal", |c, s| c + 8.0 * s.normal()),
    ("skewed", |c, s| {
        c + 8.0 * (1.0 + s.uniform().max(1e-300).ln())
    }),
    ("bimodal, 30 % failures", |c, s| {
        let failed = s.uniform() < 0.3;
        if failed {
            2.0 * s.normal()
        } else {
            c + 4.0 * s.normal()
        }
    }),
];

fn centre(task: usize, tasks: usize) -> f64 {
    20.0 + 90.0 * task as f64 / (tasks.max(2) - 1) as f64
}

/// The interquartile mean of so many runs that its error does not matter.
fn truth(family: Family, tasks: usize) -> f64 {
    let mut stream = Stream::new(1, &["truth"]);
    let runs = 60_000;
    let all: Vec<f64> = (0..tasks)
        .flat_map(|task| (0..runs).map(move |_| task))
        .map(|task| family(centre(task, tasks), &mut stream))
        .collect();
    iqm(&all).unwrap()
}

/// Share of draws whose interval holds the truth.
fn coverage(family: Family, tasks: usize, runs: usize, draws: u64) -> f64 {
    let truth = truth(family, tasks);
    let resampler = Resampler::new(0, 1_000);
    let held = (0..draws).filter(|draw| {
        let mut stream = Stream::new(*draw, &["coverage", &tasks.to_string(), &runs.to_string()]);
        let mut observed = Vec::new();
        for task in 0..tasks {
            for seed in 0..runs {
                observed.push(Observed {
                    stratum: format!("task {task}"),
                    seed: seed as i64,
                    evaluation_id: format!("{task}/{seed}"),
                    value: family(centre(task, tasks), &mut stream),
                });
            }
        }
        let panel = Panel::new("normalized_score", &[observed]).unwrap();
        let found = resampler.estimate(&panel, Scale::Linear, |means| means.first().copied());
        let interval = found.unwrap().interval.unwrap();
        interval.low <= truth && truth <= interval.high
    });
    held.count() as f64 / draws as f64
}

/// Coverage by 4,000 draws, in per cent, as `stats/small_sample.rs` has it: tasks, runs, then each family.
const DOCUMENTED: [(usize, usize, [f64; 3]); 4] = [
    (4, 5, [95.2, 91.1, 95.5]),
    (4, 10, [95.6, 93.2, 94.6]),
    (9, 5, [95.8, 94.3, 94.4]),
    (9, 10, [95.8, 94.6, 95.6]),
];

#[allow(
    clippy::disallowed_methods,
    reason = "tests are configured by environment variables"
)]
fn draws() -> u64 {
    let draws = std::env::var("ASSAY_TEST_DRAWS").ok();
    draws.map_or(250, |n| n.parse().expect("a number of draws"))
}

#[test]
fn coverage_is_as_documented() {
    let draws = draws();
    let variance = |p: f64| p * (1.0 - p) * (1.0 / draws as f64 + 1.0 / 4000.0);
    let mut outside = Vec::new();
    for (tasks, runs, documented) in DOCUMENTED {
        for ((name, family), percent) in FAMILIES.into_iter().zip(documented) {
            let expected = percent / 100.0;
            let found = coverage(family, tasks, runs, draws);
            println!(
                "{name:<24} {tasks} tasks, n = {runs:>2}: {:.1} %",
                100.0 * found
            );
            if (found - expected).abs() > 3.5 * variance(expected).sqrt() {
                outside.push(format!("{name}, {tasks} tasks, n = {runs}: {found}"));
            }
            let holds = (93.0..=97.0).contains(&percent);
            let listed = (name, tasks, runs) == ("skewed", 4, 5);
            assert!(
                holds != listed,
                "{name}, {tasks} tasks, n = {runs} is listed as failing, or should be"
            );
        }
    }
    assert!(outside.is_empty(), "not as documented: {outside:?}");
}
