//! How often verdicts on simulated tables are wrong. A table has one cell of each kind below.
//!
//! 1,000 tables; the full check is `ASSAY_TEST_DRAWS=10000 cargo test -p analysis -- --nocapture verdicts::calibration`.

use std::sync::Mutex;

use analysis::stats::welch::Moments;
use analysis::verdicts::{ALPHA, Gap, Reference, Verdict, after_holm, gap};
use manifest::random::{Family, Stream};

const MARGIN: f64 = 5.0;

/// Standard deviation and runs of the own and of the published side.
const CELLS: [(f64, u32, f64, u32); 10] = [
    (1.0, 5, 1.0, 4),
    (2.0, 5, 2.0, 4),
    (2.0, 10, 2.0, 10),
    (3.0, 10, 3.0, 10),
    (1.0, 10, 4.0, 8),
    (4.0, 4, 1.0, 10),
    (5.0, 5, 5.0, 4),
    (5.0, 10, 5.0, 10),
    (10.0, 10, 10.0, 4),
    (20.0, 5, 20.0, 5),
];

#[allow(
    clippy::disallowed_methods,
    reason = "tests are configured by environment variables"
)]
fn draws() -> u64 {
    let draws = std::env::var("ASSAY_TEST_DRAWS").ok();
    draws.map_or(1000, |n| n.parse().expect("a number of draws"))
}

fn sample(stream: &mut Stream, mean: f64, sd: f64, n: u32) -> Moments {
    let values: Vec<f64> = (0..n).map(|_| mean + sd * stream.normal()).collect();
    Moments::of(&values).unwrap()
}

/// One table whose own means are `distance` above the published ones in truth.
fn table(draw: u64, distance: f64) -> Vec<Gap> {
    let family = Family::new(0, &["calibration", &distance.to_string()]);
    let mut stream = family.at(draw);
    let cell = |&(sd, n, published_sd, published_n): &(f64, u32, f64, u32)| {
        let own = sample(&mut stream, 50.0 + distance, sd, n);
        let published = sample(&mut stream, 50.0, published_sd, published_n);
        let reference = Reference {
            mean: published.mean,
            sd: (published.sd, published.sd),
            n: published.n,
        };
        gap(&own, &reference, MARGIN).unwrap()
    };
    CELLS.iter().map(cell).collect()
}

/// Shares over tables.
#[derive(Clone, Debug, Default)]
struct Shares {
    /// By kind of cell: called different, not reproduced, reproduced, and what is predicted of false alarms.
    cells: Vec<[f64; 4]>,
    /// Any cell of the table called not reproduced, or reproduced, after Holm.
    any_not_reproduced: f64,
    any_reproduced: f64,
}

fn shares(distance: f64) -> Shares {
    let n = draws();
    let total = Mutex::new(Shares {
        cells: vec![[0.0; 4]; CELLS.len()],
        ..Shares::default()
    });
    let share = |holds: bool| f64::from(u8::from(holds)) / n as f64;
    let one = |draw: u64| {
        let gaps = table(draw, distance);
        let holm = after_holm(&gaps, MARGIN);
        let mut total = total.lock().unwrap();
        for (counts, gap) in total.cells.iter_mut().zip(&gaps) {
            let (verdict, _) = gap.verdict(MARGIN);
            counts[0] += share(gap.p_difference < ALPHA);
            counts[1] += share(verdict == Verdict::NotReproduced);
            counts[2] += share(verdict == Verdict::Reproduced);
            counts[3] += gap.false_alarm / n as f64;
        }
        total.any_not_reproduced += share(holm.contains(&Verdict::NotReproduced));
        total.any_reproduced += share(holm.contains(&Verdict::Reproduced));
    };
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || (0..n).filter(|d| d % 2 == half).for_each(one));
        }
    });
    total.into_inner().unwrap()
}

/// A point, and three standard errors where so few tables make the share uncertain.
fn slack() -> f64 {
    let n = draws() as f64;
    let uncertain = 3.0 * (ALPHA * (1.0 - ALPHA) / n).sqrt();
    0.01 + if n < 10_000.0 { uncertain } else { 0.0 }
}

/// Whether the tests are to be at their nominal level and not only below it.
fn is_precise((sd, n, published_sd, published_n): (f64, u32, f64, u32)) -> bool {
    let variance = sd * sd / f64::from(n) + published_sd * published_sd / f64::from(published_n);
    variance.sqrt() < MARGIN / 3.0
}

#[test]
fn equal_means_are_rarely_called_different() {
    let found = shares(0.0);
    let (mut count, mut predicted) = (0.0, 0.0);
    for (cell, [differs, not_reproduced, reproduced, alarm]) in CELLS.iter().zip(&found.cells) {
        println!(
            "{cell:?}: differs {differs:.4}, not reproduced {not_reproduced:.4}, reproduced {reproduced:.4}"
        );
        assert!(*differs <= ALPHA + slack(), "{cell:?}: {differs}");
        assert!(
            *not_reproduced <= ALPHA + slack(),
            "{cell:?}: {not_reproduced}"
        );
        assert!(
            !is_precise(*cell) || *differs >= ALPHA - slack(),
            "{cell:?}: {differs}"
        );
        assert!(not_reproduced <= differs, "{cell:?}");
        count += not_reproduced;
        predicted += alarm;
    }
    println!("false alarms a table: {count:.3}, predicted {predicted:.3}");
    // Where equivalence is just in reach, a small spread both makes alarms and shows equivalence: the prediction is from above.
    let uncertain = CELLS.len() as f64 * slack() / 2.0;
    assert!(
        count <= predicted + uncertain && predicted <= 1.4 * count + uncertain,
        "{count} {predicted}"
    );
    assert!(found.any_not_reproduced <= ALPHA + slack(), "{found:?}");
}

#[test]
fn means_a_margin_apart_are_rarely_called_reproduced() {
    for distance in [MARGIN, -MARGIN] {
        let found = shares(distance);
        for (cell, [_, _, reproduced, _]) in CELLS.iter().zip(&found.cells) {
            println!("{distance} {cell:?}: reproduced {reproduced:.4}");
            assert!(
                *reproduced <= ALPHA + slack(),
                "{distance} {cell:?}: {reproduced}"
            );
            let nominal = !is_precise(*cell) || *reproduced >= ALPHA - slack();
            assert!(nominal, "{distance} {cell:?}: {reproduced}");
        }
        assert!(found.any_reproduced <= ALPHA + slack(), "{found:?}");
    }
}

#[test]
fn verdicts_are_the_same_in_both_directions() {
    for draw in 0..draws() {
        let mut stream = Family::new(1, &["symmetry"]).at(draw);
        let (sd, n) = (stream.uniform_in(0.1, 12.0), 2 + stream.below(10) as u32);
        let own = sample(&mut stream, 0.0, sd, n);
        let published = stream.uniform_in(-12.0, 12.0);
        let spread = stream.uniform_in(0.1, 12.0);
        let mirrored = Moments {
            mean: -own.mean,
            ..own
        };
        let of = |own: &Moments, mean: f64| {
            let reference = Reference {
                mean,
                sd: (spread, 1.2 * spread),
                n: 4,
            };
            gap(own, &reference, MARGIN).unwrap()
        };
        let (there, back) = (of(&own, published), of(&mirrored, -published));
        assert_eq!(there.verdict(MARGIN), back.verdict(MARGIN));
        assert!((there.interval.low + back.interval.high).abs() < 1e-9);
        assert!((there.p_equivalence - back.p_equivalence).abs() < 1e-9);
    }
}
