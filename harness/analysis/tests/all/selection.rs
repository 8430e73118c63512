//! Which evaluation of a run counts, by the rule behind a metric's `@`.

use analysis::{Outcome, Query, Results};

use crate::fixture::{Row, broken, row, study, write};

fn at(update: i64, value: f64, seed: i64) -> Row {
    let mut row = row("A", seed, "action_mse_evaluation", value);
    row.update = update;
    row.last = update == 400;
    row.evaluation_id = format!("A/{seed}/{update}");
    row
}

/// The outcomes of `metric`, by seed.
fn outcomes(rows: &[Row], metric: &str) -> Vec<Outcome> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &study(&["A"], "action_mse_evaluation"), rows);
    let results = Results::open(folder.path()).unwrap();
    let query = Query {
        metric,
        benchmark: None,
        last_only: true,
    };
    let mut rows = results.observations(&query).unwrap();
    rows.sort_by_key(|o| o.seed);
    rows.into_iter().map(|o| o.outcome).collect()
}

#[test]
fn every_rule_takes_its_evaluations() {
    let course = [(200, 0.1), (100, 0.9), (400, 0.4), (300, 0.2)];
    let rows: Vec<Row> = course.iter().map(|&(u, v)| at(u, v, 0)).collect();
    let value = |x| vec![Outcome::Value(x)];
    // Errors are better low.
    for (rule, expected) in [
        ("last", 0.4),
        ("best", 0.1),
        ("best-of-last-2", 0.2),
        ("mean-last-2", (0.2 + 0.4) / 2.0),
        ("mean-last-4", (0.9 + 0.1 + 0.2 + 0.4) / 4.0),
    ] {
        let metric = format!("action_mse_evaluation@{rule}");
        assert_eq!(outcomes(&rows, &metric), value(expected), "{rule}");
    }
    assert_eq!(outcomes(&rows, "action_mse_evaluation"), value(0.4));
}

#[test]
fn runs_that_failed_or_are_too_short_have_no_score() {
    let mut rows = vec![at(100, 0.9, 0), at(400, 0.4, 0), at(400, 0.5, 1)];
    rows.push(at(100, 0.1, 2));
    rows.push(broken("A", 2, "failed", "out of memory"));
    rows.push(at(300, f64::NAN, 3));
    rows.push(at(400, 0.5, 3));
    let found = outcomes(&rows, "action_mse_evaluation@mean-last-2");
    assert!(matches!(&found[0], Outcome::Value(x) if (x - 0.65).abs() < 1e-15));
    assert!(matches!(&found[1], Outcome::Skipped(why) if why.contains("1 evaluations")));
    assert_eq!(found[2], Outcome::Failed("out of memory".into()));
    assert!(matches!(found[3], Outcome::NotFinite(_)));
    assert_eq!(found.len(), 4);
    let last = outcomes(&rows, "action_mse_evaluation@last");
    assert_eq!(last[3], Outcome::Value(0.5));
}
