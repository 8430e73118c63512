//! `assay reproduce` and `assay compare`: output and exit codes on small imported curves and, where the data are there, on d3rlpy's.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Returns that are D4RL's normalised scores of hopper.
fn returns(score: f64) -> f64 {
    -20.272_305 + score / 100.0 * (3234.3 + 20.272_305)
}

/// Imports a study of runs with one evaluation: (algorithm, score of seed k).
fn import(folder: &Path, id: &str, runs: &[(&str, Vec<f64>)], more: &[&str]) {
    let mut text = String::from("algorithm,env,dataset,seed,step,return\n");
    for (algorithm, scores) in runs {
        for (seed, &score) in scores.iter().enumerate() {
            let value = returns(score);
            text += &format!("{algorithm},hopper,medium-v0,{seed},1000,{value}\n");
        }
    }
    let source = folder.join(format!("{id}.csv"));
    std::fs::write(&source, text).unwrap();
    let head = ["results", "import", source.to_str().unwrap(), "--id", id];
    let (code, _, err) = assay(folder, &[&head[..], more].concat());
    assert_eq!(code, Some(0), "{err}");
}

/// A folder with the table `t`: A and B print 50 and spread 2, C prints 50 and spread 30.
fn tables(folder: &Path) -> String {
    let dir = folder.join("tables");
    std::fs::create_dir(&dir).unwrap();
    let head = "format = 1\nid = \"t\"\ntitle = \"Small\"\nsource = \"s\"\nlocation = \"l\"\ntrust = \"primary\"\ndatasets = \"D4RL\"\n\
        measure = \"normalized-score\"\nnormalizer = \"d4rl\"\ndecimals = 1\nselection = \"last\"\nn = 10\n\
        spread = { kind = \"sd\", ddof = 1 }\nscores = [\n";
    let score = |algorithm: &str, spread: f64| {
        format!(
            "  {{ environment = \"hopper\", dataset = \"medium-v0\", algorithm = \"{algorithm}\", mean = 50.0, spread = {spread:.1} }},\n"
        )
    };
    let text = head.to_owned() + &score("A", 2.0) + &score("B", 2.0) + &score("C", 30.0) + "]\n";
    std::fs::write(dir.join("t.toml"), text).unwrap();
    dir.to_str().unwrap().to_owned()
}

fn around(mean: f64) -> Vec<f64> {
    [-2.0, -1.0, 0.0, 1.0, 2.0].map(|x| mean + x).to_vec()
}

#[test]
fn exit_codes_say_what_was_decided() {
    let folder = tempfile::tempdir().unwrap();
    let dir = tables(folder.path());
    let origin = ["--origin", "D4RL"];
    let all = [
        ("A", around(50.5)),
        ("B", around(30.0)),
        ("C", around(52.0)),
    ];
    import(folder.path(), "all", &all, &origin);
    import(folder.path(), "unsaid", &all, &[]);
    import(folder.path(), "other", &[("X", around(50.0))], &origin);
    let ask = |study: &str, more: &[&str]| {
        let head = ["reproduce", "t", study, "--dir", &dir];
        assay(folder.path(), &[&head[..], more].concat())
    };
    for (study, more, code, said) in [
        (
            "all",
            &["--only", "a"][..],
            0,
            "reproduced (within 5 points)",
        ),
        (
            "all",
            &["--only", "B"],
            1,
            "NOT reproduced: gap larger than the margin",
        ),
        (
            "all",
            &["--only", "C"],
            3,
            "no number of seeds decides, 10 published runs are too few",
        ),
        (
            "all",
            &[],
            1,
            "3 cells with runs: 1 reproduced, 1 not reproduced, 1 inconclusive, 0 not comparable",
        ),
        (
            "all",
            &["--only", "A", "--margin", "0.1"],
            3,
            "inconclusive",
        ),
        (
            "unsaid",
            &["--only", "A"],
            3,
            "the study does not say where its data come from; the table's are of D4RL",
        ),
        (
            "unsaid",
            &["--only", "A", "--assume-comparable"],
            0,
            "ASSUMED, because --assume-comparable says so",
        ),
        ("other", &["--pipeline", "X=A"], 0, "A (ours: X)"),
    ] {
        let (found, out, err) = ask(study, more);
        assert_eq!(found, Some(code), "{study} {more:?}: {out}{err}");
        assert!(out.contains(said), "{study} {more:?}: {out}");
    }
    for (study, more, code, said) in [
        ("other", &[][..], 3, "study `other` has no run of `t`"),
        (
            "all",
            &["--only", "D"],
            2,
            "unknown algorithm `D`, the table has: A, B, C",
        ),
        (
            "all",
            &["--pipeline", "Y=A"],
            2,
            "--pipeline: the study has no `Y`",
        ),
        ("all", &["--margin", "0"], 2, "no number above 0"),
        ("nowhere", &[], 2, "no study `nowhere`"),
        ("unsaid", &[], 3, "--assume-comparable gives verdicts"),
    ] {
        let (found, _, err) = ask(study, more);
        assert_eq!(found, Some(code), "{study} {more:?}: {err}");
        assert!(err.contains(said), "{study} {more:?}: {err}");
    }
}

#[test]
fn every_format_has_the_same_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let dir = tables(folder.path());
    let all = [("A", around(50.5)), ("B", around(30.0))];
    import(folder.path(), "all", &all, &["--origin", "D4RL"]);
    let ask = |format: &str| {
        let arguments = ["reproduce", "t", "all", "--dir", &dir, "--format", format];
        let (code, out, err) = assay(folder.path(), &arguments);
        assert_eq!(code, Some(1), "{err}");
        out
    };
    let json: serde_json::Value = serde_json::from_str(&ask("json")).unwrap();
    let cell = &json["cells"][1];
    assert_eq!(cell["verdict"], "not-reproduced");
    assert_eq!(cell["own"]["evaluation_ids"].as_array().unwrap().len(), 5);
    let csv = ask("csv");
    let line = csv.lines().nth(2).unwrap();
    for number in ["p_difference", "p_equivalence"] {
        let number = cell["gap"][number].as_f64().unwrap().to_string();
        assert!(line.contains(&number), "{number}: {line}");
    }
    assert_eq!(
        csv.lines().next().unwrap().split(',').count(),
        line.split(',').count()
    );
    let markdown = ask("markdown");
    assert!(
        markdown.contains("| hopper-medium-v0 | 50.0 ± 2.0 (10) | 30.0 ± 1.6 (5) |"),
        "{markdown}"
    );
    assert!(
        markdown.contains("1 cell without a score here: C (all 1)"),
        "{markdown}"
    );
}

#[test]
fn studies_are_compared_with_every_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let low = [("A", around(40.0)), ("B", around(40.5))];
    import(folder.path(), "low", &low, &[]);
    import(
        folder.path(),
        "high",
        &[("A", around(50.0)), ("C", around(9.0))],
        &[],
    );
    import(folder.path(), "single", &[("A", vec![50.0])], &[]);
    import(
        folder.path(),
        "two",
        &[("X", around(40.0)), ("Y", around(40.0))],
        &[],
    );
    let ask = |arguments: &[&str]| assay(folder.path(), &[&["compare"], arguments].concat());
    for (arguments, code, said) in [
        (&["low", "high"][..], 0, "high better"),
        (&["low", "low"], 0, "equal"),
        (&["low", "--pipelines", "A", "B"], 0, "A against B"),
        (&["low", "single"], 3, "undecided: one seed on a side"),
        (&["low", "high", "--pipelines", "B", "C"], 0, "B better"),
        (
            &["low", "high", "--metric", "episode_return_mean"],
            0,
            "mean episode return",
        ),
        (
            &["low", "high", "--metric", "action_mse"],
            3,
            "no value on a side",
        ),
        (
            &["low", "high", "--format", "markdown"],
            0,
            "| hopper-medium-v0 | 40.0 [38.0, 42.0] (5) |",
        ),
        (&["low", "high", "--format", "csv"], 0, "second-better"),
    ] {
        let (found, out, err) = ask(arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {out}{err}");
        assert!(out.contains(said), "{arguments:?}: {out}");
    }
    for (arguments, code, said) in [
        (&["low"][..], 2, "one study is compared with nothing"),
        (&["low", "two"], 3, "`low` has A, B; `two` has X, Y"),
        (
            &["low", "high", "--pipelines", "A", "D"],
            2,
            "unknown pipeline `D`",
        ),
        (
            &["low", "high", "--benchmark", "hopper-medium-v1"],
            2,
            "did you mean `hopper-medium-v0`?",
        ),
    ] {
        let (found, _, err) = ask(arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
    let first = ask(&["low", "high", "--json"]).1;
    assert_eq!(
        first,
        ask(&["low", "high", "--json"]).1,
        "equal input gives equal bytes"
    );
    let json: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(json["groups"][0]["rows"][0]["paired"], true);
}

/// The folder with d3rlpy's curves, where the environment names it.
#[allow(clippy::disallowed_methods, reason = "tests have no settings module")]
#[allow(clippy::print_stdout, reason = "a skipped test says why")]
fn d3rlpy() -> Option<PathBuf> {
    let root = std::env::var_os("ASSAY_TEST_DATA");
    if root.is_none() {
        println!("skipped: ASSAY_TEST_DATA is not set");
    }
    root.map(|root| Path::new(&root).join("d3rlpy-benchmarks"))
}

/// The published means came from these runs, so no cell may be called different; few runs leave some open.
#[test]
fn d3rlpys_own_runs_never_contradict_its_table() {
    let Some(data) = d3rlpy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = data.join("d4rl_runs.parquet");
    let head = [
        "results",
        "import",
        source.to_str().unwrap(),
        "--id",
        "own",
        "--origin",
        "D4RL",
    ];
    let cuts = [
        "--drop-first",
        "1",
        "--keep-last",
        "PLAS=500",
        "--keep-last",
        "PLAS+P=500",
    ];
    let (code, _, err) = assay(folder.path(), &[&head[..], &cuts].concat());
    assert_eq!(code, Some(0), "{err}");
    for table in ["d3rlpy-last", "d3rlpy-best"] {
        let (code, out, err) = assay(folder.path(), &["reproduce", table, "own", "--json"]);
        assert_eq!(code, Some(0), "{table}: {err}");
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json["raw"]["not_reproduced"], 0, "{table}");
        assert_eq!(json["tested"], 105, "{table}");
        assert!(
            json["raw"]["reproduced"].as_u64().unwrap() > 50,
            "{table}: {}",
            json["raw"]
        );
    }
    // The same algorithms by others, on the same names of another version: nothing goes together.
    let (code, _, err) = assay(
        folder.path(),
        &["reproduce", "corl-offline-last", "own", "--only", "IQL"],
    );
    assert_eq!(code, Some(3), "{err}");
    let (code, out, _) = assay(
        folder.path(),
        &[
            "compare",
            "own",
            "--pipelines",
            "TD3+BC",
            "IQL",
            "--metric",
            "normalized_score@last",
        ],
    );
    assert_eq!(code, Some(0));
    assert!(out.contains("together"), "{out}");
}
