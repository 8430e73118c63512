//! `assay results import` on small curves with known numbers, on wrong ones, and, where the data are there, on d3rlpy's.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use analysis::{Outcome, Query, Results};

fn fixture(name: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/data/curves");
    data.join(name)
}

/// Runs the command with its results in `folder`.
fn assay(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(arguments)
        .env("ASSAY_RESULTS", folder)
        .output()
        .unwrap();
    let utf8 = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        utf8(&output.stdout),
        utf8(&output.stderr),
    )
}

const MAP: [&str; 10] = [
    "--map",
    "algorithm=method",
    "--map",
    "benchmark=task",
    "--map",
    "seed=run",
    "--map",
    "update=iteration",
    "--map",
    "return=score",
];

/// Mean and population standard deviation by algorithm and benchmark.
type Cells = BTreeMap<(String, String), (f64, f64)>;

/// Every cell of a metric with its rule.
fn cells(results: &Results, metric: &str) -> Cells {
    let query = Query {
        metric,
        benchmark: None,
        last_only: true,
    };
    let mut values: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for row in results.observations(&query).unwrap() {
        let Outcome::Value(value) = row.outcome else {
            panic!("{row:?}")
        };
        let key = (row.pipeline.to_string(), row.benchmark.to_string());
        values.entry(key).or_default().push(value);
    }
    let moments = |values: Vec<f64>| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        (mean, (squares / n).sqrt())
    };
    values
        .into_iter()
        .map(|(key, v)| (key, moments(v)))
        .collect()
}

#[test]
fn every_layout_gives_the_same_numbers_with_and_without_cuts() {
    let folder = tempfile::tempdir().unwrap();
    let (d3rlpy, csv) = (fixture("d3rlpy"), fixture("curves.csv"));
    let cuts = ["--drop-first", "1", "--keep-last", "PLAS+P=4"];
    let text = std::fs::read_to_string(fixture("curves.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (id, source, more) in [("folders", &d3rlpy, &[][..]), ("table", &csv, &MAP[..])] {
        for (name, cuts) in [("cut", &cuts[..]), ("whole", &[][..])] {
            let id = format!("{id}-{name}");
            let head = ["results", "import", source.to_str().unwrap(), "--id", &id];
            let (code, out, err) = assay(folder.path(), &[&head[..], more, cuts].concat());
            assert_eq!(code, Some(0), "{err}");
            let named = out.contains("the first evaluation of every run is dropped")
                && out.contains("only the last 4 evaluations of PLAS+P are kept");
            assert_eq!(named, name == "cut", "{out}");
            let results = Results::open(&folder.path().join(&id)).unwrap();
            for row in expected[name].as_array().unwrap() {
                let text = |key: &str| row[key].as_str().unwrap();
                let metric = format!("normalized_score@{}", text("rule"));
                let key = (text("algorithm").to_owned(), text("benchmark").to_owned());
                let (mean, sd) = cells(&results, &metric)[&key];
                let number = |key: &str| row[key].as_f64().unwrap();
                assert!((mean - number("mean")).abs() < 1e-9, "{id}: {row}: {mean}");
                assert!((sd - number("sd")).abs() < 1e-9, "{id}: {row}: {sd}");
            }
        }
    }
    let record = |id: &str| {
        let text = std::fs::read_to_string(folder.path().join(id).join("import.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        record["sha256"].clone()
    };
    assert_eq!(record("folders-cut"), record("table-cut"));
    assert_ne!(record("folders-cut"), record("folders-whole"));
    let (code, out, _) = assay(folder.path(), &["table", "folders-cut"]);
    assert_eq!(code, Some(0));
    for rule in ["last", "best", "mean-last-10"] {
        assert!(out.contains(&format!("normalized_score@{rule}")), "{out}");
    }
    // Runs of 5 and of 4 evaluations have no mean of ten.
    assert!(out.contains("the rule mean-last-10 takes 10"), "{out}");
    let (code, _, err) = assay(folder.path(), &["curve", "folders-cut"]);
    assert_eq!(code, Some(0), "{err}");
    let (code, _, err) = assay(
        folder.path(),
        &["table", "folders-cut", "--metric", "normalized_score@first"],
    );
    assert_eq!(code, Some(2));
    assert!(err.contains("unknown selection rule `first`"), "{err}");
}

#[test]
fn wrong_sources_are_refused_by_file_row_and_column_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("curves.csv");
    let good = std::fs::read_to_string(fixture("curves.csv")).unwrap();
    let line = good.lines().nth(2).unwrap();
    let fields: Vec<&str> = line.split(',').collect();
    let changed = |index: usize, text: &str| {
        let mut fields = fields.clone();
        fields[index] = text;
        good.replacen(line, &fields.join(","), 1)
    };
    let cases = [
        (
            changed(4, "many"),
            "row 3, column `score`: expected a number, found `many`",
        ),
        (
            changed(2, "1.5"),
            "row 3, column `run`: expected an integer, found `1.5`",
        ),
        (changed(0, ""), "row 3, column `method`: expected a name"),
        (
            format!("{good}{line}\n"),
            "column `update`: expected one evaluation of a run at an update",
        ),
        (
            good.replacen("task", "tasks", 1),
            "it has no column `task` for `benchmark`",
        ),
        (
            format!("{good}IQL,hopper-medium-v0\n"),
            "cannot be imported",
        ),
        (
            good.lines().next().unwrap().to_owned(),
            "it has no evaluation",
        ),
    ];
    let results = folder.path().join("results");
    for (text, expected) in cases {
        std::fs::write(&source, text).unwrap();
        let head = ["results", "import", source.to_str().unwrap(), "--id", "x"];
        let (code, _, err) = assay(&results, &[&head[..], &MAP].concat());
        assert!(matches!(code, Some(2 | 4)), "{code:?} {err}");
        assert!(
            err.contains(expected) && err.contains("curves.csv"),
            "{expected}: {err}"
        );
        assert!(!results.exists(), "{expected}");
    }
}

#[test]
fn only_imported_studies_are_replaced_and_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let source = fixture("d3rlpy");
    let import = |more: &[&str]| {
        let head = ["results", "import", source.to_str().unwrap(), "--id", "x"];
        assay(folder.path(), &[&head[..], more].concat())
    };
    assert_eq!(import(&[]).0, Some(0));
    assert_eq!(import(&[]).0, Some(2));
    assert_eq!(import(&["--overwrite", "--drop-first", "1"]).0, Some(0));
    let (_, out, _) = import(&["--overwrite", "--drop-first", "1", "--title", "Mine"]);
    assert!(
        out.starts_with("Mine; the first evaluation of every run is dropped:"),
        "{out}"
    );
    let (code, _, err) = import(&["--overwrite", "--drop-first", "6"]);
    assert_eq!(code, Some(2));
    assert!(
        err.contains("nothing is left of the 6 evaluations of IQL"),
        "{err}"
    );
    let (code, _, err) = import(&["--overwrite", "--keep-last", "PLAS=4"]);
    assert_eq!(code, Some(2));
    assert!(
        err.contains("no algorithm `PLAS`, it has: IQL, PLAS+P"),
        "{err}"
    );
    assert!(folder.path().join("x/study.json").is_file());
    std::fs::remove_file(folder.path().join("x/import.json")).unwrap();
    assert_eq!(import(&["--overwrite"]).0, Some(2));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// The folder with d3rlpy's curves, where the environment names it.
#[allow(clippy::disallowed_methods, reason = "tests have no settings module")]
#[allow(clippy::print_stdout, reason = "a skipped test says why")]
fn d3rlpy() -> Option<PathBuf> {
    let folder =
        std::env::var_os("ASSAY_TEST_DATA").map(|root| Path::new(&root).join("d3rlpy-benchmarks"));
    if folder.is_none() {
        println!("skipped: ASSAY_TEST_DATA is not set");
    }
    folder
}

/// Algorithm, environment, dataset and the eight numbers of each line of d3rlpy's own table.
fn printed(folder: &Path) -> Vec<(String, String, Vec<f64>)> {
    let text = std::fs::read_to_string(folder.join("d4rl_table.csv")).unwrap();
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let numbers = fields[3..].iter().map(|x| x.parse().unwrap()).collect();
        (
            fields[0].to_owned(),
            format!("{}-{}", fields[1], fields[2]),
            numbers,
        )
    };
    text.lines().skip(1).map(line).collect()
}

const METRICS: [&str; 4] = [
    "episode_return_mean@last",
    "normalized_score@last",
    "episode_return_mean@best",
    "normalized_score@best",
];

#[test]
fn the_table_of_d3rlpy_is_recomputed_from_its_runs() {
    let Some(data) = d3rlpy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = data.join("d4rl_runs.parquet");
    let import = |id: &str, cuts: &[&str]| {
        let head = ["results", "import", source.to_str().unwrap(), "--id", id];
        let (code, _, err) = assay(folder.path(), &[&head[..], cuts].concat());
        assert_eq!(code, Some(0), "{err}");
    };
    let cuts = [
        "--drop-first",
        "1",
        "--keep-last",
        "PLAS=500",
        "--keep-last",
        "PLAS+P=500",
    ];
    import("cut", &cuts);
    import("whole", &[]);
    let mut counts = Vec::new();
    for id in ["cut", "whole"] {
        let results = Results::open(&folder.path().join(id)).unwrap();
        let mut differing = 0;
        let tables: Vec<_> = METRICS.map(|metric| cells(&results, metric)).into();
        let rows = printed(&data);
        assert_eq!(rows.len(), 105);
        for (algorithm, benchmark, numbers) in &rows {
            for (table, pair) in tables.iter().zip(numbers.chunks(2)) {
                let (mean, sd) = table[&(algorithm.clone(), benchmark.clone())];
                let equal = |own: f64, printed: f64| (own - printed).abs() <= 0.05 + 1e-9;
                differing += usize::from(!equal(mean, pair[0])) + usize::from(!equal(sd, pair[1]));
            }
        }
        counts.push(differing);
    }
    assert_eq!(counts, [0, 47], "of 840 numbers each");
    for (study, table, code, said) in [
        ("cut", "d3rlpy-last", 0, "105 of 105 recomputed cells equal"),
        (
            "cut",
            "d3rlpy-best",
            0,
            "the first evaluation of every run is dropped",
        ),
        (
            "whole",
            "d3rlpy-last",
            0,
            "105 of 105 recomputed cells equal",
        ),
        (
            "whole",
            "d3rlpy-best",
            1,
            "94 of 105 recomputed cells equal",
        ),
    ] {
        let (found, out, err) = assay(folder.path(), &["published", "recompute", table, study]);
        assert_eq!(found, Some(code), "{err}");
        assert!(out.contains(said), "{out}");
    }
    let kit = ["published", "recompute", "offlinerl-kit", "cut"];
    let (code, _, err) = assay(folder.path(), &kit);
    assert_eq!(code, Some(2), "the table does not say its rule: {err}");
    let rule = [&kit[..], &["--selection", "last"]].concat();
    let (code, _, err) = assay(folder.path(), &rule);
    assert_eq!(code, Some(3), "other versions of the datasets: {err}");
}
