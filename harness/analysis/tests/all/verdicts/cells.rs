//! A published table against small studies: every verdict, every reason, every hole.

use analysis::published::{Selection, Table};
use analysis::study::{Normalizer, Protocol, Study};
use analysis::verdicts::{CellVerdict, Outlook, Reason, Reproduction, Request, Verdict, reproduce};
use analysis::{Error, Results};

use crate::fixture::{Row, broken, row, study, write};

/// Scores of A, B, C and D on `hopper-medium-v0`.
const TABLE: &str = r#"
format = 1
id = "t"
title = "T"
source = "s"
location = "l"
trust = "primary"
datasets = "D4RL"
measure = "normalized-score"
normalizer = "d4rl"
decimals = 1
selection = "last"
n = 10
spread = { kind = "sd", ddof = 1 }
scores = [
  { environment = "hopper", dataset = "medium-v0", algorithm = "A", mean = 50.0, spread = 2.0 },
  { environment = "hopper", dataset = "medium-v0", algorithm = "B", mean = 50.0, spread = 2.0 },
  { environment = "hopper", dataset = "medium-v0", algorithm = "C", mean = 50.0, spread = 30.0 },
  { environment = "hopper", dataset = "medium-v0", algorithm = "D", mean = 50.0, spread = 2.0 },
]
"#;

fn table(change: impl Fn(&str) -> String) -> Table {
    Table::parse(&change(TABLE), "t.toml").unwrap()
}

fn plain() -> Table {
    table(str::to_owned)
}

/// Benchmark `hopper-medium-v0` with scores that are returns, from D4RL's data.
fn described(pipelines: &[&str]) -> Study {
    let mut study = study(pipelines, "episode_return_mean");
    let benchmark = &mut study.benchmarks[0];
    benchmark.id = "hopper-medium-v0".into();
    benchmark.normalizer = Some(Normalizer {
        id: "d4rl".into(),
        version: "1".into(),
        ref_min: 0.0,
        ref_max: 100.0,
    });
    benchmark.protocol.origin = Some("D4RL/hopper-medium-v0".into());
    study.tables.clear();
    study
}

/// Runs of a pipeline: five around `mean`.
fn runs(pipeline: &str, mean: f64) -> Vec<Row> {
    let offsets = [-2.0, -1.0, 0.0, 1.0, 2.0];
    let run = |(seed, offset): (i64, f64)| {
        let mut row = row(pipeline, seed, "episode_return_mean", mean + offset);
        row.benchmark = "hopper-medium-v0".into();
        row
    };
    (0..).zip(offsets).map(run).collect()
}

fn request() -> Request {
    Request {
        margin: 5.0,
        ..Request::default()
    }
}

fn ask(
    study: &Study,
    rows: &[Row],
    table: &Table,
    request: &Request,
) -> Result<Reproduction, Error> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), study, rows);
    reproduce(&Results::open(folder.path()).unwrap(), table, request)
}

fn cell<'a>(found: &'a Reproduction, algorithm: &str) -> &'a CellVerdict {
    let cells: Vec<_> = (found.cells.iter())
        .filter(|c| c.algorithm == algorithm)
        .collect();
    assert_eq!(cells.len(), 1, "{algorithm}");
    cells[0]
}

#[test]
fn every_cell_has_its_verdict() {
    let rows = [runs("A", 50.5), runs("B", 70.0), runs("C", 52.0)].concat();
    let found = ask(&described(&["A", "B", "C"]), &rows, &plain(), &request()).unwrap();
    let verdicts: Vec<Verdict> = found.cells.iter().map(|c| c.verdict).collect();
    let expected = [
        Verdict::Reproduced,
        Verdict::NotReproduced,
        Verdict::Inconclusive,
        Verdict::Missing,
    ];
    assert_eq!(verdicts, expected);
    let b = cell(&found, "B");
    assert!(b.investigate, "twenty points above what was published");
    assert!((b.difference.unwrap() - 20.0).abs() < 1e-12);
    assert_eq!(b.own.as_ref().unwrap().evaluation_ids.len(), 5);
    assert_eq!(cell(&found, "C").outlook, Some(Outlook::Capped));
    assert_eq!((found.tested, found.raw.missing), (3, 1));
    assert!(found.expected_false_alarms > 0.0 && found.expected_false_alarms < 0.15);
    assert_eq!(found.metric.as_deref(), Some("normalized_score@last"));
    let worse = ask(&described(&["B"]), &runs("B", 30.0), &plain(), &request()).unwrap();
    let b = cell(&worse, "B");
    assert!(b.verdict == Verdict::NotReproduced && !b.investigate);
}

#[test]
fn what_is_not_known_to_be_comparable_is_shown_and_not_judged() {
    let mut unknown = described(&["A"]);
    unknown.benchmarks[0].protocol = Protocol::default();
    let table = table(|t| t.replace("n = 10", "n = 10\nevaluation_episodes = 10"));
    let rows = runs("A", 50.5);
    let found = ask(&unknown, &rows, &table, &request()).unwrap();
    let a = cell(&found, "A");
    assert_eq!(a.verdict, Verdict::NotComparable);
    assert!(matches!(
        &a.reasons[..],
        [
            Reason::Dataset { ours: None, .. },
            Reason::Episodes {
                ours: None,
                theirs: 10
            }
        ]
    ));
    assert!(a.gap.is_some(), "the difference is shown all the same");
    assert_eq!((found.tested, found.raw.not_comparable), (0, 1));
    let assumed = Request {
        assume_comparable: true,
        ..request()
    };
    let found = ask(&unknown, &rows, &table, &assumed).unwrap();
    assert_eq!(cell(&found, "A").verdict, Verdict::Reproduced);
    assert!(found.assumed_comparable && cell(&found, "A").reasons.len() == 2);
}

/// Nobody can vouch for a number that is not printed.
#[test]
fn what_cannot_be_tested_stays_so_when_comparability_is_assumed() {
    let assumed = Request {
        assume_comparable: true,
        ..request()
    };
    let edits: [(&str, &str); 5] = [
        ("kind = \"sd\", ddof = 1", "kind = \"unknown\""),
        ("kind = \"sd\", ddof = 1", "kind = \"sd-over-evaluations\""),
        ("n = 10\n", ""),
        ("n = 10\n", "n = 1\n"),
        ("mean = 50.0, spread = 2.0", "mean = 50.0"),
    ];
    for (from, to) in edits {
        let table = table(|t| t.replace(from, to));
        let found = ask(&described(&["A"]), &runs("A", 50.5), &table, &assumed).unwrap();
        let a = cell(&found, "A");
        assert_eq!(a.verdict, Verdict::NotComparable, "{to}");
        assert_eq!(a.reasons.len(), 1, "{to}: {:?}", a.reasons);
        assert!(a.difference.is_some() && a.gap.is_none(), "{to}");
    }
    let mut other = described(&["A"]);
    for normalizer in [None, Some("exact")] {
        other.benchmarks[0].normalizer = normalizer.map(|id| Normalizer {
            id: id.into(),
            version: "1".into(),
            ref_min: 0.0,
            ref_max: 100.0,
        });
        let found = ask(&other, &runs("A", 50.5), &plain(), &assumed).unwrap();
        let a = cell(&found, "A");
        assert_eq!(a.verdict, Verdict::NotComparable);
        assert!(matches!(&a.reasons[..], [Reason::Normalizer { .. }]));
        assert_eq!(a.own.is_some(), normalizer.is_some());
    }
}

#[test]
fn an_unsaid_selection_rule_is_a_reason_until_it_is_named() {
    let unsaid = table(|t| t.replace("selection = \"last\"", "selection = \"unknown\""));
    let ask_with = |selection, table: &Table| {
        let request = Request {
            selection,
            ..request()
        };
        let found = ask(&described(&["A"]), &runs("A", 50.5), table, &request).unwrap();
        cell(&found, "A").verdict
    };
    assert_eq!(ask_with(None, &unsaid), Verdict::NotComparable);
    assert_eq!(
        ask_with(Some(Selection::Last), &unsaid),
        Verdict::Reproduced
    );
    let other = ask_with(Some(Selection::Best), &plain());
    assert_eq!(other, Verdict::NotComparable, "the table says last");
}

#[test]
fn unknown_ddof_takes_the_worse_of_both() {
    let of = |ddof: &str| {
        let table = table(|t| {
            t.replace(", ddof = 1", ddof)
                .replace("n = 10", "n = 3")
                .replace("spread = 2.0", "spread = 4.0")
        });
        let found = ask(&described(&["A"]), &runs("A", 50.5), &table, &request()).unwrap();
        cell(&found, "A").gap.unwrap()
    };
    let (one, zero, unknown) = (of(", ddof = 1"), of(", ddof = 0"), of(""));
    assert!(one.p_equivalence < zero.p_equivalence);
    assert_eq!(
        unknown.p_equivalence,
        zero.p_equivalence.max(one.p_equivalence)
    );
    assert_eq!(unknown.interval, zero.interval);
}

#[test]
fn runs_without_a_score_are_counted_and_single_ones_decide_nothing() {
    let mut rows = runs("A", 50.5);
    rows[0].value = Some(f64::NAN);
    let mut failed = broken("A", 9, "failed", "out of memory");
    failed.benchmark = "hopper-medium-v0".into();
    rows.push(failed);
    let mut lone = runs("B", 50.0);
    lone.truncate(1);
    let mut nan = runs("D", 50.0);
    for row in &mut nan {
        row.value = None;
    }
    let rows = [rows, lone, nan].concat();
    let found = ask(&described(&["A", "B", "D"]), &rows, &plain(), &request()).unwrap();
    let a = cell(&found, "A");
    assert_eq!(a.own.as_ref().unwrap().n, 4);
    assert_eq!(a.missing.len(), 2, "{:?}", a.missing);
    let b = cell(&found, "B");
    assert_eq!((b.verdict, b.gap), (Verdict::Inconclusive, None));
    assert!(
        matches!(b.outlook, Some(Outlook::Further(_))),
        "{:?}",
        b.outlook
    );
    let d = cell(&found, "D");
    assert_eq!(
        (d.verdict, d.missing.len()),
        (Verdict::Missing, 1),
        "{:?}",
        d.missing
    );
    assert_eq!(cell(&found, "C").pipeline, None);
}

#[test]
fn equal_scores_are_tested_by_what_a_printed_zero_can_hide() {
    let exact = table(|t| t.replace("spread = 2.0", "spread = 0.0"));
    let mut rows = runs("A", 50.0);
    for row in &mut rows {
        row.value = Some(50.0);
    }
    let found = ask(&described(&["A"]), &rows, &exact, &request()).unwrap();
    assert_eq!(cell(&found, "A").verdict, Verdict::Reproduced);
    for row in &mut rows {
        row.value = Some(49.0);
    }
    let found = ask(&described(&["A"]), &rows, &exact, &request()).unwrap();
    let a = cell(&found, "A");
    assert_eq!(a.verdict, Verdict::Reproduced);
    assert!(a.detail.is_some(), "a point apart, and nothing varies");
}

#[test]
fn names_are_mapped_and_unknown_ones_refused() {
    let mut study = described(&["IQL + AWR", "A"]);
    study.benchmarks[0].id = "hopper/mine".into();
    let mut rows = [runs("IQL + AWR", 50.5), runs("A", 10.0)].concat();
    for row in &mut rows {
        row.benchmark = "hopper/mine".into();
    }
    let pair = |a: &str, b: &str| vec![(a.to_owned(), b.to_owned())];
    let mapped = Request {
        pipelines: pair("IQL + AWR", "A"),
        benchmarks: pair("hopper/mine", "hopper-medium-v0"),
        only: vec!["A".into()],
        ..request()
    };
    let found = ask(&study, &rows, &plain(), &mapped).unwrap();
    let a = cell(&found, "A");
    assert_eq!(
        a.pipeline.as_deref(),
        Some("IQL + AWR"),
        "not the pipeline that is called A"
    );
    assert_eq!(a.verdict, Verdict::Reproduced);
    assert_eq!(found.cells.len(), 1);
    let all = Request {
        only: Vec::new(),
        ..mapped
    };
    let found = ask(&study, &rows, &plain(), &all).unwrap();
    assert_eq!(found.unpaired_pipelines, ["A"]);
    for wrong in [
        Request {
            only: vec!["E".into()],
            ..request()
        },
        Request {
            pipelines: pair("A", "E"),
            ..request()
        },
        Request {
            benchmarks: pair("hopper/mine", "hopper-medium-v1"),
            ..request()
        },
    ] {
        let error = ask(&study, &rows, &plain(), &wrong).unwrap_err();
        assert!(matches!(error, Error::NotInTable { .. }), "{error}");
    }
    let wrong = Request {
        pipelines: pair("IQL", "A"),
        ..request()
    };
    let error = ask(&study, &rows, &plain(), &wrong).unwrap_err();
    assert!(matches!(error, Error::UnknownName { .. }), "{error}");
}
