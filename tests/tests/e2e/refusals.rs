//! Input that must be refused before anything runs, with words that lead to the fault.

use crate::scene::{Done, MANIFEST, Scene, nodes};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// A slip in the manifest and the words that must be said about it.
struct Slip {
    from: &'static str,
    to: &'static str,
    /// Lines from the change to the place that must be named.
    below: isize,
    says: &'static [&'static str],
}

const SLIPS: &[Slip] = &[
    Slip {
        from: "learner = \"linear-bc\", updates",
        to: "learner = \"linear-bc\", update",
        below: 0,
        says: &[
            "unknown key `update`",
            "pipeline[0].stages[0]",
            "expected one of role, learner, updates",
            "did you mean `updates`?",
        ],
    },
    Slip {
        from: "[training]\nbatch_size = 16",
        to: "[training]\nbatchsize = 16",
        below: 0,
        says: &[
            "unknown key `batchsize`",
            "training",
            "did you mean `batch_size`?",
        ],
    },
    Slip {
        from: "[axes]",
        to: "[axis]",
        below: 0,
        says: &["unknown key `axis`", "axes", "did you mean `axes`?"],
    },
    Slip {
        from: "count = 2",
        to: "count = \"two\"",
        below: 0,
        says: &["study.seeds.count", "string \"two\"", "u64"],
    },
    Slip {
        from: "count = 2",
        to: "count = 0",
        below: 0,
        says: &["study.seeds.count", "count is 0", "at least 1"],
    },
    Slip {
        from: "id = \"tiny\"",
        to: "title = \"tiny\"",
        below: -1,
        says: &["study", "missing field `id`"],
    },
    Slip {
        from: "precision = \"float32\"",
        to: "precision = \"float23\"",
        below: 0,
        says: &[
            "unknown value `float23`",
            "training.precision",
            "did you mean `float32`?",
        ],
    },
    Slip {
        from: "manifest_version = 1",
        to: "manifest_version = 2",
        below: 0,
        says: &["manifest_version is 2, expected 1"],
    },
    Slip {
        from: "[axes]",
        to: "[axes",
        below: 0,
        says: &["not valid TOML"],
    },
    Slip {
        from: "learner = \"linear-bc\"",
        to: "learner = \"linear-cb\"",
        below: 0,
        says: &[
            "unknown learner `linear-cb`",
            "pipeline[0].stages[0].learner",
            "did you mean `linear-bc`?",
        ],
    },
    Slip {
        from: "tiny/bandit-v0",
        to: "tiny/bandti-v0",
        below: 0,
        says: &[
            "unknown benchmark `tiny/bandti-v0`",
            "benchmark[0].id",
            "did you mean `tiny/bandit-v0`?",
        ],
    },
    Slip {
        from: "learning_rate = 0.05",
        to: "learning_rat = 0.05",
        below: 0,
        says: &[
            "unknown hyperparameter of `linear-critic` `learning_rat`",
            "pipeline[1].stages[0].params.learning_rat",
            "did you mean `learning_rate`?",
        ],
    },
    Slip {
        from: "learning_rate = 0.05",
        to: "learning_rate = \"fast\"",
        below: 0,
        says: &[
            "pipeline[1].stages[0].params.learning_rate",
            "expected number, found \"fast\"",
        ],
    },
    Slip {
        from: "learner = \"linear-critic\", updates = 20, params = { learning_rate = 0.05 }",
        to: "learner = \"linear-bc\", updates = 20",
        below: 1,
        says: &[
            "pipeline `climb`",
            "stage `linear-ascent` requires `critic/1` from an earlier stage, found `linear-bc`",
            "pipeline[1].stages[1].learner",
            "put `linear-critic` or",
        ],
    },
    Slip {
        from: "  { role = \"policy\", learner = \"linear-ascent\", updates = 20 },\n",
        to: "",
        below: -1,
        says: &[
            "pipeline `climb`",
            "the last stage `linear-critic` provides no policy/1",
            "pipeline[1].stages[0].learner",
            "`linear-ascent`",
        ],
    },
    Slip {
        from: "\"value.data_fraction\" = [0.5, 1.0]",
        to: "\"value.data_fraction\" = [0.5, 0.8]",
        below: 0,
        says: &[
            "axes.\"value.data_fraction\"",
            "axis `value.data_fraction` lacks 1.0",
            "pipeline `climb` declares",
            "add 1.0 to the axis",
        ],
    },
    Slip {
        from: "\"value.data_fraction\" = [0.5, 1.0]",
        to: "\"value.data_fraction\" = [0.5, 1.5]",
        below: 0,
        says: &["axes.\"value.data_fraction\"", "1.5 is not a data fraction"],
    },
    Slip {
        from: "\"value.data_fraction\"",
        to: "\"valeu.data_fraction\"",
        below: 0,
        says: &["unknown role `valeu`", "did you mean `value`?"],
    },
    Slip {
        from: "\"value.data_fraction\"",
        to: "\"value.data_fractoin\"",
        below: 0,
        says: &[
            "unknown parameter of role `value` `data_fractoin`",
            "did you mean `data_fraction`?",
        ],
    },
    Slip {
        from: "id = \"tiny/bandit-v0\"\n",
        to: "id = \"tiny/bandit-v0\"\nrecipe = { \"behaviour.nois\" = 0.2 }\n",
        below: 0,
        says: &[
            "unknown key `behaviour.nois`",
            "benchmark[0].recipe.\"behaviour.nois\"",
            "did you mean `behaviour.noise`?",
        ],
    },
    Slip {
        from: "rows = \"pipeline\"\n",
        to: "rows = \"pipeline\"\nwhere = { kind = \"copy\" }\n",
        below: 0,
        says: &[
            "unknown label `kind`",
            "table[0].where.kind",
            "none is known",
        ],
    },
    Slip {
        from: "seeds = { base = 0, count = 2 }",
        to: "seeds = { base = 0, count = 2 }\ntuning = { seeds = { base = 1, count = 2 } }",
        below: 0,
        says: &[
            "study.tuning.seeds",
            "seeds 1..=1 are tuned on and reported on",
        ],
    },
    Slip {
        from: "first = \"clone\"",
        to: "first = \"clown\"",
        below: 0,
        says: &[
            "unknown pipeline of this manifest `clown`",
            "finding[0].first",
            "did you mean `clone`?",
        ],
    },
];

/// The line of `edited` where it first differs from `original`; its last line where it is shorter.
fn first_difference(original: &str, edited: &str) -> usize {
    let pairs = original.lines().zip(edited.lines());
    1 + pairs.take_while(|(a, b)| a == b).count()
}

fn nothing_ran(scene: &Scene) {
    assert!(nodes(&scene.results()).is_empty());
}

fn edited(slip: &Slip) -> String {
    assert!(MANIFEST.contains(slip.from), "`{}` is not there", slip.from);
    MANIFEST.replace(slip.from, slip.to)
}

#[test]
fn slips_in_a_manifest_are_refused_with_the_place_and_the_nearest_name() {
    let scene = Scene::new();
    for slip in SLIPS {
        let text = edited(slip);
        scene.write("slip.toml", &text);
        let line = first_difference(MANIFEST, &text).strict_add_signed(slip.below);
        let places = ["\n", " "].map(|end| format!("\n  slip.toml:{line}{end}"));
        for command in ["run", "validate"] {
            let ended = scene.run(&[command, "slip.toml"]).expect(2);
            ended.says(slip.says);
            let placed = places.iter().any(|place| ended.stderr.contains(place));
            assert!(placed, "line {line} is not in\n{}", ended.stderr);
        }
        nothing_ran(&scene);
    }
}

#[test]
fn a_missing_manifest_is_named() {
    let scene = Scene::new();
    let ended = scene.run(&["run", "nowhere.toml"]).expect(2);
    ended.says(&["nowhere.toml", "No such file"]);
}

fn pinned(digest: &str) -> String {
    let benchmark = "id = \"tiny/bandit-v0\"";
    let text = MANIFEST.replace("count = 2 }", "count = 2 }\ndataset_seed = 5");
    text.replacen(
        benchmark,
        &format!("{benchmark}\ndataset_digest = \"{digest}\""),
        1,
    )
}

#[test]
fn data_other_than_the_pinned_are_refused_with_both_digests() {
    let scene = Scene::new();
    let wrong = format!("sha256:{}", "0".repeat(64));
    scene.write("pinned.toml", &pinned(&wrong));
    let ended = scene.run(&["run", "pinned.toml"]).expect(4);
    nothing_ran(&scene);
    let shown = scene.run(&["dataset", "show", "tiny/bandit-seed5-v0", "--json"]);
    let shown = shown.expect(0).json();
    let digest = shown["logical_digest"].as_str().unwrap();
    ended.says(&["tiny/bandit-seed5-v0", &wrong, digest, "hint:"]);
    scene.write("pinned.toml", &pinned(digest));
    scene.run(&["run", "pinned.toml"]).expect(0);
}

#[test]
fn spaces_that_a_built_in_environment_does_not_have_are_refused() {
    let scene = Scene::new();
    let spaces = "[spaces]\naction_count = 3";
    scene.add_benchmark_from("tiny/bandit-v0", spaces);
    let ended = scene.run(&["run", "tiny.toml"]).expect(4);
    let said = "[spaces]: 3 discrete actions, no images";
    ended.says(&["tiny/bandit-v0", said, "continuous actions, no images"]);
    nothing_ran(&scene);
}

#[test]
fn missing_data_come_with_the_command_that_imports_them() {
    let scene = Scene::new();
    let command = "assay dataset import far.hdf5 --id tiny/far-v0 --environment cbandit/default-v0";
    scene.add_benchmark_from("tiny/far-v0", &format!("import = \"{command}\""));
    let both = "id = \"tiny/bandit-v0\"\n\n[[benchmark]]\nid = \"tiny/far-v0\"";
    scene.write(
        "far.toml",
        &MANIFEST.replacen("id = \"tiny/bandit-v0\"", both, 1),
    );
    let ended = scene.run(&["run", "far.toml"]).expect(4);
    ended.says(&["tiny/far-v0", command]);
    nothing_ran(&scene);
}

#[test]
fn a_plugin_that_cannot_be_read_is_named_where_its_learner_is_missed() {
    let scene = Scene::bare();
    scene.add_benchmark("tiny/bandit-v0", 0.3);
    scene.write("tiny.toml", MANIFEST);
    scene.write("plugins/libtext.so", "this is not a library\n");
    let ended = scene.run(&["run", "tiny.toml"]);
    ended.says(&["linear-bc", "libtext.so", "file too short"]);
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    nothing_ran(&scene);
}

/// Reads the run's words until it holds the store.
fn wait_until_it_computes(child: &mut std::process::Child) -> impl BufRead + use<> {
    let mut words = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("to compute") {
        line.clear();
        assert_ne!(words.read_line(&mut line).unwrap(), 0, "the run ended");
    }
    words
}

#[test]
fn a_second_run_on_the_same_results_is_refused_while_the_first_goes_on() {
    let scene = Scene::new();
    scene.write(
        "slow.toml",
        &MANIFEST.replace("learner = \"linear-bc\"", "learner = \"hangs\""),
    );
    let mut first = scene.assay(&["run", "slow.toml"]);
    let mut first = first.stderr(Stdio::piped()).spawn().unwrap();
    let _words = wait_until_it_computes(&mut first);
    let second = scene.run(&["run", "tiny.toml"]).expect(4);
    second.says(&["another run is writing to", "store/lock", "--results"]);
    let elsewhere: Done = scene.run(&["run", "tiny.toml", "--results", "elsewhere"]);
    elsewhere.expect(0);
    first.kill().unwrap();
    first.wait().unwrap();
    scene.run(&["run", "tiny.toml"]).expect(0);
}
