//! Power laws and slopes of studies whose laws are known.

use analysis::stats::bootstrap::Resampler;
use analysis::study::{Axis, Better};
use analysis::{Results, ScalingFits, ScalingOptions, scaling_fits};
use manifest::random::Stream;
use serde_json::json;
use std::collections::BTreeMap;

use crate::fixture::{Row, row, study, write};

const LEVELS: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];
const VALUE: &str = "value.data_fraction";
const POLICY: &str = "policy.data_fraction";

/// Scores over both axes, `seeds` of them, seed and cell each with normal noise of deviation `noise`.
fn rows(
    draw: u64,
    seeds: i64,
    noise: f64,
    levels: &[f64],
    law: impl Fn(f64, f64) -> f64,
) -> Vec<Row> {
    over(draw, seeds, noise, (levels, levels), law)
}

fn over(
    draw: u64,
    seeds: i64,
    noise: f64,
    (values, policies): (&[f64], &[f64]),
    law: impl Fn(f64, f64) -> f64,
) -> Vec<Row> {
    let mut stream = Stream::new(draw, &["fits"]);
    let mut rows = Vec::new();
    for seed in 0..seeds {
        let of_seed = noise * stream.normal();
        for &value in values {
            for &policy in policies {
                let score = law(value, policy) + of_seed + noise * stream.normal();
                let mut row = row("p", seed, "score", score);
                row.point = json!({VALUE: value, POLICY: policy}).to_string();
                row.reference = value == 1.0 && policy == 1.0;
                row.evaluation_id = format!("{seed}/{value}/{policy}");
                rows.push(row);
            }
        }
    }
    rows
}

fn fitted(rows: &[Row], levels: &[f64], target: Option<f64>, replicates: u32) -> ScalingFits {
    let dir = tempfile::tempdir().unwrap();
    let mut study = study(&["p"], "score");
    let axis = |name: &str| Axis {
        name: name.to_owned(),
        values: levels.iter().map(|l| json!(l)).collect(),
    };
    study.tables[0].better = Better::Higher;
    study.axes = vec![axis(VALUE), axis(POLICY)];
    study.reference = BTreeMap::from([VALUE, POLICY].map(|name| (name.to_owned(), json!(1.0))));
    write(dir.path(), &study, rows);
    let results = Results::open(dir.path()).unwrap();
    let resampler = Resampler::new(0, replicates);
    scaling_fits(&results, &resampler, &ScalingOptions::default(), target).unwrap()
}

#[test]
fn a_known_law_is_found_with_the_data_that_a_target_needs() {
    let rows = rows(0, 10, 0.5, &LEVELS, |v, p| {
        90.0 - 20.0 / p.sqrt() + 2.0 * v.log10()
    });
    let fits = fitted(&rows, &LEVELS, Some(80.0), 2_000);
    assert_eq!((fits.laws.len(), fits.left_out.len()), (2, 0));
    let law = fits.laws.iter().find(|l| l.axis == POLICY).unwrap();
    let around = |estimate: &analysis::Estimate, truth: f64, off: f64| {
        let interval = estimate.interval.unwrap();
        assert!((estimate.value - truth).abs() < off, "{estimate:?}");
        assert!(
            interval.low < truth && truth < interval.high,
            "{estimate:?}"
        );
    };
    around(law.limit.as_ref().unwrap(), 90.0, 1.0);
    around(&law.exponent, 0.5, 0.03);
    around(law.needed.as_ref().unwrap(), 4.0, 0.8);
    assert!(law.residual < 0.5, "{}", law.residual);

    let slopes = &fits.slopes[0];
    assert_eq!((&*slopes.x, &*slopes.y), (POLICY, VALUE));
    around(&slopes.along_y, 2.0, 0.5);
    assert!(slopes.difference.interval.unwrap().low > 0.0);
}

#[test]
fn three_levels_are_left_out_with_their_reason_and_still_have_slopes() {
    let levels = [0.1, 0.3, 1.0];
    let rows = rows(1, 5, 0.1, &levels, |v, p| 3.0 * v.log10() + 7.0 * p.log10());
    let fits = fitted(&rows, &levels, None, 500);
    assert!(fits.laws.is_empty());
    assert_eq!(fits.left_out.len(), 2);
    assert!(
        fits.left_out[0].reason.contains("3 levels"),
        "{:?}",
        fits.left_out
    );
    assert!((fits.slopes[0].along_x.value - 7.0).abs() < 0.3);
    assert!((fits.slopes[0].along_y.value - 3.0).abs() < 0.3);
}

#[test]
fn a_target_out_of_reach_needs_infinite_data_and_one_seed_has_no_interval() {
    let rows = rows(2, 1, 0.0, &LEVELS, |_, p| 50.0 - 5.0 / p.sqrt());
    let fits = fitted(&rows, &LEVELS, Some(60.0), 100);
    let law = fits.laws.iter().find(|l| l.axis == POLICY).unwrap();
    let needed = law.needed.unwrap();
    assert!(needed.value.is_infinite() && needed.interval.is_none());
    assert!(law.exponent.interval.is_none());
}

/// Intervals of the limit, of the exponent and of the data for a target hold the truth as often as they say, five seeds as well as ten.
#[test]
fn intervals_cover() {
    let draws = 120;
    for seeds in [5, 10] {
        let mut held = [0; 3];
        for draw in 0..draws {
            let law = |_, p: f64| 90.0 - 10.0 / p.sqrt();
            let rows = over(100 + draw, seeds, 1.0, (&[1.0], &LEVELS), law);
            let fits = fitted(&rows, &LEVELS, Some(85.0), 500);
            let law = &fits.laws[0];
            let holds = |estimate: Option<analysis::Estimate>, truth: f64| {
                let interval = estimate.and_then(|e| e.interval);
                interval.is_some_and(|i| i.low <= truth && truth <= i.high)
            };
            held[0] += u64::from(holds(law.limit, 90.0));
            held[1] += u64::from(holds(Some(law.exponent), 0.5));
            held[2] += u64::from(holds(law.needed, 4.0));
        }
        println!("{seeds} seeds: {held:?} of {draws}");
        // Three standard errors below 95 %.
        let least = |&h: &u64| h as f64 / draws as f64 > 0.89;
        assert!(held.iter().all(least), "{seeds} seeds: {held:?}");
    }
}
