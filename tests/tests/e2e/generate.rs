//! Datasets collected in environments of plugins: what is in them, that they come out the same, what is refused.

use crate::scene::{BENCHMARK, Done, MANIFEST, Scene};
use dataset::{Dataset, DatasetId};

const TRAINING: &str = r#"environment = "fixtures/line-v0"
learner = "linear-bc"
steps = 400
warmup_steps = 100
snapshot_interval_steps = 100
evaluation_episodes = 3
batch_size = 16
"#;

/// A recipe `line/NAME-v0` with this behaviour.
fn add(scene: &Scene, name: &str, behaviour: &str) -> String {
    scene.write("home/trainings/line.toml", TRAINING);
    let text = format!(
        r#"format = 1
id = "line/{name}-v0"
label = "{name}"
description = "For tests."
environment = "fixtures/line-v0"
transitions = 120
trainings = {{ bc = "trainings/line.toml" }}
behaviour = {{ {behaviour} }}
"#
    );
    scene.write(&format!("home/{name}.toml"), &text);
    format!("home/{name}.toml")
}

fn generate(scene: &Scene, recipe: &str, data: &str) -> Done {
    scene.run(&["dataset", "generate", recipe, "--data", data, "--json"])
}

fn digest(scene: &Scene, recipe: &str, data: &str) -> String {
    let ended = generate(scene, recipe, data).expect(0);
    ended.json()["logical_digest"].as_str().unwrap().to_owned()
}

fn open(scene: &Scene, name: &str) -> Dataset {
    let id = DatasetId::new(&format!("line/{name}-seed0-v0")).unwrap();
    Dataset::open(&scene.path("data"), &id).unwrap()
}

const KINDS: [(&str, &str); 5] = [
    ("uniform", r#"kind = "uniform", hold = 5"#),
    (
        "trained",
        r#"kind = "trained", training = "bc", at = { progress = 0.5 }, noise = 0.1"#,
    ),
    ("last", r#"kind = "trained", training = "bc", at = "last""#),
    ("replay", r#"kind = "replay", training = "bc""#),
    (
        "mixture",
        r#"kind = "mixture", parts = [
  { share = 0.5, behaviour = { kind = "uniform" } },
  { share = 0.5, behaviour = { kind = "trained", training = "bc", at = { steps = 200 } } },
]"#,
    ),
];

#[test]
fn every_behaviour_gives_its_rows_and_the_same_ones_again() {
    let scene = Scene::new();
    let mut digests = Vec::new();
    for (name, behaviour) in KINDS {
        let recipe = add(&scene, name, &behaviour.replace('\n', " "));
        let found = digest(&scene, &recipe, "data");
        assert_eq!(found, digest(&scene, &recipe, "elsewhere"), "{name}");
        let dataset = open(&scene, name);
        assert_eq!(dataset.verify().unwrap().digests.logical.to_string(), found);
        let rows = dataset.load().unwrap();
        assert_eq!(rows.len(), 120, "{name}");
        // Episodes of 25 steps; the last is cut.
        assert_eq!(rows.episode_count(), 5, "{name}");
        assert!(rows.truncated()[24] && rows.truncated()[119], "{name}");
        digests.push(found);
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), KINDS.len());
    let trainings = std::fs::read_dir(scene.path("data/.trainings")).unwrap();
    assert_eq!(trainings.count(), 1, "all ages come from one training");
}

#[test]
fn actions_are_those_that_the_recipe_asks_for() {
    let scene = Scene::new();
    for (name, behaviour) in KINDS {
        let recipe = add(&scene, name, &behaviour.replace('\n', " "));
        generate(&scene, &recipe, "data").expect(0);
    }
    let held = open(&scene, "uniform").load().unwrap();
    let changes = (1..120).filter(|&row| held.action()[row] != held.action()[row - 1]);
    assert_eq!(changes.count(), 23, "an action is held for five steps");
    let replay = open(&scene, "replay").load().unwrap();
    // Uniform at first, then near a policy that was fitted to uniform actions: near zero.
    let spread = |rows: std::ops::Range<usize>| {
        let squares: f32 = replay.action()[rows.clone()].iter().map(|a| a * a).sum();
        squares / rows.len() as f32
    };
    assert!(spread(0..100) > 0.2 && spread(100..120) < 0.1);
    let last = open(&scene, "last");
    let told = &last.metadata().description.behaviour[0];
    let mean = f64::from(last.load().unwrap().reward().iter().sum::<f32>()) / 5.0;
    assert_eq!(told.episodes, Some(5));
    assert!(
        (told.mean_return.unwrap() - mean).abs() < 1e-4,
        "{told:?} {mean}"
    );
}

/// Aborts at every write of the training and of the dataset.
#[test]
fn an_interrupted_generation_goes_on_and_gives_the_same() {
    let scene = Scene::new();
    let recipe = add(&scene, "trained", KINDS[1].1);
    let expected = digest(&scene, &recipe, "data");
    let mut kills = 0;
    for nth in 1..200 {
        let mut command = scene.assay(&["dataset", "generate", &recipe, "--data", "killed"]);
        command.env("ASSAY_FAILPOINT_WORKER", nth.to_string());
        let ended = Done::from(command.output().unwrap());
        let folder = scene.path("killed/line/trained-seed0-v0");
        if ended.status.success() {
            break;
        }
        kills += 1;
        ended.says(&["could not be generated"]);
        assert!(!folder.exists(), "a part of a dataset is there");
    }
    assert!((5..199).contains(&kills), "{kills} kills");
    assert_eq!(digest(&scene, &recipe, "killed"), expected);
}

#[test]
fn a_study_runs_on_data_that_a_recipe_collects_once_for_all_seeds() {
    let scene = Scene::new();
    let recipe = add(&scene, "trained", KINDS[1].1);
    let recipe = recipe.strip_prefix("home/").unwrap();
    let benchmark = BENCHMARK
        .replace("ID", "line/trained-v0")
        .replace("cbandit/default-v0", "fixtures/line-v0")
        .replace("normalizer = \"exact\"\n", "")
        .replace(
            "SOURCE",
            &format!("recipe = \"{recipe}\"\ndataset_seed = 0"),
        );
    scene.write("benchmarks/line/benchmark.toml", &benchmark);
    let manifest = MANIFEST.replace("tiny/bandit-v0", "line/trained-v0");
    let manifest = manifest.replace("action_mse_evaluation", "episode_return_mean");
    scene.write("line.toml", &manifest);
    scene.run(&["run", "line.toml", "--data", "data"]).expect(0);
    let made = std::fs::read_dir(scene.path("data/line")).unwrap();
    assert_eq!(made.count(), 1, "two run seeds share the data of one seed");

    let noisy = manifest.replace(
        "id = \"line/trained-v0\"\n\n",
        "id = \"line/trained-v0\"\nrecipe = { \"behaviour.noise\" = 0.5 }\n\n",
    );
    assert_ne!(noisy, manifest);
    scene.write("noisy.toml", &noisy);
    scene
        .run(&["run", "noisy.toml", "--data", "data"])
        .expect(0);
    let made = std::fs::read_dir(scene.path("data/line")).unwrap();
    assert_eq!(made.count(), 2);
    let trainings = std::fs::read_dir(scene.path("data/.trainings")).unwrap();
    assert_eq!(trainings.count(), 1, "more noise needs no other training");
}

/// A recipe with episodes of ten steps under the environment's own script.
fn scripted(text: &str, behaviour: &str, params: &str) -> String {
    let script = format!(r#"kind = "scripted", name = "lazy", params = {{ {params} }}"#);
    text.replace(behaviour, &script)
        .replace("transitions", "episode_steps = 10\ntransitions")
}

#[test]
fn a_script_of_the_environment_acts_as_its_parameters_say() {
    let scene = Scene::new();
    let recipe = add(&scene, "trained", KINDS[1].1);
    let text = std::fs::read_to_string(scene.path(&recipe)).unwrap();
    let run = |params: &str, data: &str| {
        scene.write("home/script.toml", &scripted(&text, KINDS[1].1, params));
        generate(&scene, "home/script.toml", data).expect(0);
        let id = DatasetId::new("line/trained-seed0-v0").unwrap();
        Dataset::open(&scene.path(data), &id)
            .unwrap()
            .load()
            .unwrap()
    };
    let (half, fifth) = (run("", "half"), run("gain = 0.2", "fifth"));
    assert_eq!(half.episode_count(), 12, "ten steps each");
    for (h, f) in half.action().iter().zip(fifth.action()) {
        assert!((h * 0.4 - f).abs() < 1e-6, "{h} {f}");
    }
}

#[test]
fn refusals_name_what_is_wrong_and_leave_nothing() {
    let scene = Scene::new();
    let trained = KINDS[1].1;
    let good = add(&scene, "trained", trained);
    let text = std::fs::read_to_string(scene.path(&good)).unwrap();
    let scripted = scripted(&text, trained, "gain = 0.2");
    let cases = [
        (text.replace("120", "0"), 2, vec!["key `transitions`"]),
        (
            text.replace("line-v0\"\n", "lime-v0\"\n"),
            2,
            vec!["fixtures/lime-v0", "fixtures/line-v0"],
        ),
        (
            text.replace("trainings/line", "trainings/lime"),
            2,
            vec!["trainings/lime.toml"],
        ),
        (
            text.replace(trained, r#"kind = "scripted", name = "lazy""#),
            2,
            vec!["key `episode_steps`"],
        ),
        (
            scripted.replace("lazy", "hasty"),
            4,
            vec!["could not be generated", "hasty", "lazy"],
        ),
    ];
    for (text, code, words) in cases {
        scene.write("home/bad.toml", &text);
        generate(&scene, "home/bad.toml", "data")
            .expect(code)
            .says(&words);
    }
    scene.write(
        "home/trainings/line.toml",
        &TRAINING.replace("linear-bc", "linear-critic"),
    );
    let ended = generate(&scene, &good, "data").expect(2);
    ended.says(&["[trainings.bc]", "linear-critic", "policy/1", "hint"]);
    scene.write(
        "home/trainings/line.toml",
        &TRAINING.replace("batch_size = 16", "params = { nonsense = 1 }"),
    );
    let ended = generate(&scene, &good, "data").expect(2);
    ended.says(&["training `bc`", "params.nonsense"]);
    assert!(!scene.path("data/line").exists());
}

#[test]
fn a_policy_from_a_file_acts_where_a_recipe_takes_one() {
    let scene = Scene::new();
    let recipe = add(&scene, "file", r#"kind = "file", noise = 0.1"#);
    let text = std::fs::read_to_string(scene.path(&recipe)).unwrap();
    scene.write(
        &recipe,
        &text.replace("trainings = { bc = \"trainings/line.toml\" }\n", ""),
    );
    let file = |name: &str| {
        format!(
            "{}/fixtures/data/sb3/{name}.zip",
            env!("CARGO_MANIFEST_DIR")
        )
    };
    let run = |recipe: &str, name: &str| {
        let (file, data) = (file(name), ["--data", "data", "--json"]);
        scene.run(
            &[
                &["dataset", "generate", recipe, "--policy", &file][..],
                &data[..],
            ]
            .concat(),
        )
    };
    let made = run(&recipe, "sac-car").expect(0);
    let origin = &made.json()["description"]["origin"]["recipe"]["recipe"]["behaviour"];
    assert_eq!(
        origin["sha256"].as_str().map(str::len),
        Some(64),
        "{origin}"
    );
    assert_eq!(open(&scene, "file").load().unwrap().len(), 120);

    generate(&scene, &recipe, "elsewhere")
        .expect(2)
        .says(&["takes the policy of a file", "--policy FILE"]);
    run(&recipe, "sac")
        .expect(4)
        .says(&["could not be generated", "sac.zip", "(3, 1)", "(2, 1)"]);
    run(&recipe, "call")
        .expect(2)
        .says(&["call.zip", "not executed", "model.save()"]);
    let uniform = add(&scene, "uniform", KINDS[0].1);
    run(&uniform, "sac-car")
        .expect(2)
        .says(&["behaviour.kind", "`file`"]);
}
