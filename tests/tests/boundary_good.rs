//! Sound plugins pass the conformance suite, natively and loaded behave alike, and the C header is what Rust mirrors.

use conformance::{Outcome, Report};
use good_plugins::{Affine, BcHyper, Line, LinearBc};
use manifest::random::{Family, Stream};
use plugin_api::{BehaviourRequest, Environment as _, Precision, Problem, View, abi};
use plugin_host::{
    ActMode, BatchBuffers, BatchRequest, Environment, Learner, Library, Random, Services,
    SharedServices,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

const CHILD: &str = env!("CARGO_BIN_EXE_conformance-child");

/// A sealed copy of a library in a folder of its own.
fn sealed(library: &Path, folder: &Path) -> PathBuf {
    let copy = folder.join(library.file_name().expect("a file"));
    if copy != library {
        std::fs::copy(library, &copy).expect("the fixture can be copied");
    }
    tests::metadata(&copy)
        .write(&copy)
        .expect("the fixture can be sealed");
    copy
}

fn list(report: &Report) -> String {
    let mut text = String::new();
    for r in &report.results {
        let _ = writeln!(
            text,
            "{} {} {} {}",
            r.outcome.word(),
            r.check,
            r.target,
            r.outcome.explanation()
        );
    }
    text
}

/// `(check, target)` of every skipped case.
fn skipped(report: &Report) -> Vec<(&str, &str)> {
    let skipped = |r: &&conformance::CaseResult| matches!(r.outcome, Outcome::Skipped { .. });
    report
        .results
        .iter()
        .filter(skipped)
        .map(|r| (r.check, r.target.id().unwrap_or("-")))
        .collect()
}

#[test]
fn good_plugins_pass_every_check() {
    let folder = tempfile::tempdir().unwrap();
    let library = sealed(&tests::built_library("good-plugins"), folder.path());
    let report = tests::run_checks(CHILD, &library, &tests::metadata(&library), &[], None, 60);
    assert!(report.passed(), "{}", list(&report));
    // What is skipped is known, so that no check passes by being skipped.
    let text = include_str!("../fixtures/plugins/skipped.toml");
    let table: BTreeMap<String, Vec<String>> = toml::from_str(text).expect("the table is valid");
    let rows = table.iter();
    let mut expected: Vec<(&str, &str)> = rows
        .flat_map(|(id, checks)| checks.iter().map(|check| (check.as_str(), id.as_str())))
        .collect();
    let mut found = skipped(&report);
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected, "{}", list(&report));
}

/// A check of an interface that is not provided is left out, unless it is asked for.
#[test]
fn checks_of_other_interfaces_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let library = sealed(&tests::built_library("good-plugins"), folder.path());
    let sidecar = tests::metadata(&library);
    let cases = |only: &[String]| conformance::cases(&sidecar, only, Some("linear-bc")).unwrap();
    let all = cases(&[]);
    let has = |name: &str| all.iter().any(|case| case.check.name == name);
    assert!(has("actions") && has("update-reset") && has("resume"));
    assert!(!has("critic-values") && !has("test-time-counts"));
    assert_eq!(cases(&["critic-values".to_owned()]).len(), 1);
    let only = ["critic-values"];
    let report = tests::run_checks(CHILD, &library, &sidecar, &only, Some("linear-bc"), 60);
    assert_eq!(skipped(&report), [("critic-values", "linear-bc")]);
}

#[test]
fn a_plugin_in_c_from_the_header_alone_passes() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libconstant_c.so");
    tests::compile_c("plugin.c", &["-std=c99", "-pedantic"], &library);
    let library = sealed(&library, folder.path());
    let report = tests::run_checks(CHILD, &library, &tests::metadata(&library), &[], None, 60);
    assert!(report.passed(), "{}", list(&report));
    let found: Vec<&str> = skipped(&report).iter().map(|(check, _)| *check).collect();
    let expected = [
        "discrete-problems",
        "goal-problems",
        "requirements",
        "other-seed",
        "nan-batch",
        "terminal-rows",
        "next-actions",
        "metrics",
        "poisoning",
    ];
    assert_eq!(found, expected, "{}", list(&report));
}

/// Its batches have no room for what 1.1 appended, and it fails when the host writes beyond them.
#[test]
fn a_plugin_of_abi_1_0_still_works() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libold.so");
    tests::compile_c_of_abi_1_0("old.c", &library);
    assert_eq!(Library::open(&library, None).unwrap().abi_minor(), 0);
    let library = sealed(&library, folder.path());
    let report = tests::run_checks(CHILD, &library, &tests::metadata(&library), &[], None, 60);
    assert!(report.passed(), "{}", list(&report));
    assert!(!skipped(&report).iter().any(|(check, _)| *check == "cancel"));
}

/// A C program and a C++ one that compile only if every struct has the size of its Rust mirror.
#[test]
fn the_header_has_the_sizes_of_the_mirror() {
    let folder = tempfile::tempdir().unwrap();
    let asserts = |keyword: &str| {
        let mut text = String::from("#include <assay/plugin.h>\n");
        for (name, size) in abi::STRUCT_SIZES {
            let _ = writeln!(text, "{keyword}(sizeof({name}) == {size}, \"{name}\");");
        }
        text.push_str("int main(void) { return 0; }\n");
        text
    };
    let languages = [
        ("c", "c11", "_Static_assert"),
        ("c++", "c++11", "static_assert"),
    ];
    for (language, standard, keyword) in languages {
        let source = folder.path().join("sizes");
        std::fs::write(&source, asserts(keyword)).unwrap();
        let arguments = ["-fsyntax-only", "-x", language, &format!("-std={standard}")];
        let mut arguments: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
        arguments.push(source);
        tests::compile(&arguments);
    }
}

/// A wrong size must break the compilation, or the test above proves nothing.
#[test]
fn a_wrong_size_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("sizes.c");
    let text =
        "#include <assay/plugin.h>\n_Static_assert(sizeof(assay_host) == 1, \"assay_host\");\n";
    std::fs::write(&source, text).unwrap();
    let include = tests::root().join("harness/plugin-api/include");
    let output = Command::new("cc")
        .args(["-fsyntax-only", "-I"])
        .args([&include, &source])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("assay_host"));
    assert!(!output.status.success());
}

/// Batches and noise for both sides of the comparison.
struct Host {
    metrics: Vec<(String, u64, f64)>,
}

const S: usize = 3;
const A: usize = 2;

impl Services for Host {
    fn batch(
        &mut self,
        stream: &str,
        step: u64,
        _request: BatchRequest,
        out: &mut BatchBuffers,
    ) -> plugin_api::Outcome<()> {
        let mut draws = Family::new(1, &["native", stream]).at(step);
        let mut fill = |values: &mut Vec<f32>, count: usize| {
            values.clear();
            values.extend((0..count).map(|_| draws.uniform_in(-1.0, 1.0) as f32));
        };
        fill(&mut out.observation, 16 * S);
        fill(&mut out.action, 16 * A);
        fill(&mut out.reward, 16);
        fill(&mut out.next_observation, 16 * S);
        out.terminated = vec![0.0; 16];
        out.row = (0..16).collect();
        Ok(())
    }

    fn random(
        &mut self,
        _stream: &str,
        _position: u64,
        _kind: Random,
        out: &mut [f64],
    ) -> plugin_api::Outcome<()> {
        out.fill(0.0);
        Ok(())
    }

    fn log(&mut self, _warning: bool, _text: &str) {}

    fn metric(&mut self, name: &str, update: u64, value: f64) -> plugin_api::Outcome<()> {
        self.metrics.push((name.into(), update, value));
        Ok(())
    }

    fn cancelled(&mut self) -> bool {
        false
    }
}

fn problem() -> Problem {
    Problem {
        precision: Precision::F32,
        observation_dim: S,
        action_dim: A,
        action_count: 0,
        goal_dim: 0,
        action_low: -1.0,
        action_high: 1.0,
        discount: 0.99,
        batch_size: 16,
        updates: 10,
        row_count: 16,
        observation_shape: [0; 3],
    }
}

#[test]
fn native_and_loaded_learner_give_the_same_bits() {
    let library = Library::open(&tests::built_library("good-plugins"), None).unwrap();
    let host = Rc::new(RefCell::new(Host {
        metrics: Vec::new(),
    }));
    let services: SharedServices = host.clone();
    let hyper = r#"{"learning_rate": 0.2, "act_std": 0.1}"#;
    let mut loaded =
        Learner::create(&library, "linear-bc", services, &problem(), hyper, &[]).unwrap();
    loaded.update(10).unwrap();

    let mut native = Affine::new(&problem()).unwrap();
    let (mut batch, mut losses) = (BatchBuffers::default(), Vec::new());
    let rate = BcHyper {
        learning_rate: 0.2,
        ..BcHyper::default()
    };
    let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|&x| f64::from(x)).collect() };
    for step in 0..10 {
        host.borrow_mut()
            .batch("train", step, BatchRequest::default(), &mut batch)
            .unwrap();
        let (s, a) = (wide(&batch.observation), wide(&batch.action));
        losses.push(LinearBc::descend(&mut native, &s, &a, rate.learning_rate));
    }

    let found: Vec<u64> = host
        .borrow()
        .metrics
        .iter()
        .map(|m| m.2.to_bits())
        .collect();
    let expected: Vec<u64> = losses.iter().map(|l| l.to_bits()).collect();
    assert_eq!(found, expected);
    let observation: Vec<f32> = (0..4 * S).map(|i| (i as f32 - 6.0) / 7.0).collect();
    let actions: Vec<f32> = wide(&observation)
        .chunks(S)
        .flat_map(|s| native.mean(s))
        .map(|a| a.clamp(-1.0, 1.0) as f32)
        .collect();
    let observation = plugin_api::Array::from_vec(observation, &[4, S as i64]);
    let bound = loaded.bind("policy", "policy/1").unwrap();
    let mut policy = bound.policy().unwrap();
    let view: View<'_> = policy
        .act(observation.view(), None, ActMode::Greedy)
        .unwrap();
    assert_eq!(view.shape(), [4, A as i64]);
    assert_eq!(view.as_slice::<f32>().unwrap(), actions);
}

#[test]
fn native_and_loaded_environment_give_the_same_bits() {
    let library = Library::open(&tests::built_library("good-plugins"), None).unwrap();
    let services: SharedServices = Rc::new(RefCell::new(Host {
        metrics: Vec::new(),
    }));
    let id = "fixtures/line-v0";
    let mut loaded = Environment::create(&library, id, services, Path::new("/")).unwrap();
    let mut native = Line::default();
    assert_eq!(*loaded.spec(), native.spec());
    let mut stream = Stream::new(3, &["native", "environment"]);
    for seed in 0..5 {
        let (mut a, mut b) = ([0.0; 2], [0.0; 2]);
        loaded.reset(seed, &mut a).unwrap();
        native.reset(seed, &mut b).unwrap();
        assert_eq!(a, b);
        for _ in 0..25 {
            let action = [stream.uniform_in(-1.0, 1.0) as f32];
            let x = loaded.step(&action, &mut a).unwrap();
            let y = native.step(&action, &mut b).unwrap();
            assert_eq!((x, a), (y, b));
        }
        // No goals, so nothing is written.
        let mut goal = [7.0];
        loaded.goal(&mut goal).unwrap();
        assert_eq!(goal, [7.0]);
        loaded.set_state(&[0.25, -0.5], &mut a).unwrap();
        native.set_state(&[0.25, -0.5], &mut b).unwrap();
        assert_eq!(a, b);
    }
}

#[test]
fn native_and_loaded_behaviours_act_the_same() {
    let library = Library::open(&tests::built_library("good-plugins"), None).unwrap();
    let services: SharedServices = Rc::new(RefCell::new(Host {
        metrics: Vec::new(),
    }));
    let id = "fixtures/line-v0";
    let mut loaded = Environment::create(&library, id, services, Path::new("/")).unwrap();
    let mut native = Line::default();
    let offered = loaded.behaviours().unwrap();
    assert_eq!(offered.len(), 1);
    assert_eq!(offered[0].name, "lazy");
    assert_eq!(offered[0].parameters, r#"{"gain": 0.5}"#);
    let parameters = r#"{"gain": 0.25}"#;
    let request = BehaviourRequest::new(native.behaviours(), "lazy", parameters).unwrap();
    let ((mut a, mut b), (mut x, mut y)) = (([0.0; 2], [0.0; 2]), ([0.0], [0.0]));
    loaded
        .begin_behaviour("lazy", parameters, 7, &mut a)
        .unwrap();
    native.begin_behaviour(&request, 7, &mut b).unwrap();
    // Longer than the horizon, which ends no episode of a behaviour.
    for _ in 0..40 {
        assert_eq!(a, b);
        loaded.behaviour_action(&mut x).unwrap();
        native.behaviour_action(&mut y).unwrap();
        assert_eq!(x, y);
        let step = loaded.step(&x, &mut a).unwrap();
        assert!(!step.truncated);
        assert_eq!(step, native.step(&y, &mut b).unwrap());
    }
    loaded.reset(1, &mut a).unwrap();
    let error = loaded.behaviour_action(&mut x).unwrap_err().to_string();
    assert!(error.contains("no behaviour was begun"), "{error}");
}

#[test]
fn an_environment_of_a_family_is_made_by_its_name_and_has_goals() {
    let library = Library::open(&tests::built_library("good-plugins"), None).unwrap();
    let services: SharedServices = Rc::new(RefCell::new(Host {
        metrics: Vec::new(),
    }));
    let make = |id: &str| Environment::create(&library, id, services.clone(), Path::new("/"));
    let mut environment = make("aims/anything-v3").unwrap();
    assert_eq!(environment.spec().goal_dim, 2);
    let (mut start, mut observation, mut goal) = ([0.0; 2], [0.0; 2], [0.0; 2]);
    environment.reset(3, &mut start).unwrap();
    environment.step(&[0.5], &mut observation).unwrap();
    environment.goal(&mut goal).unwrap();
    assert_eq!(goal, start);
    assert_ne!(goal, observation);
    let error = make("others/anything-v3").err().unwrap().to_string();
    assert!(error.contains("others/anything-v3"), "{error}");
}
