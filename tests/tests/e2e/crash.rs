//! Kills at random moments and aborts at every write: the next run finishes, repeats nothing, and gives the same table.

use crate::scene::{MANIFEST, Scene, bytes, nodes};
use manifest::random::Stream;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const KILLS: usize = 20;
/// More failpoints than any process of these studies passes; a loop that gets here does not end by itself.
const MANY: usize = 500;
/// More failpoints than follow the rename that publishes a node.
const AFTER_PUBLISHING: usize = 4;

/// Three nodes: critic, policy, evaluation; the critic keeps a resumable state half-way.
fn chain() -> String {
    let text = MANIFEST.replace("count = 2", "count = 1");
    let text = text.replace(
        "\"value.data_fraction\" = [0.5, 1.0]",
        "\"value.data_fraction\" = [1.0]",
    );
    let text = text.replace(
        "learner = \"linear-bc\", updates",
        "learner = \"linear-bc\", data_fraction = 0.5, updates",
    );
    text.replace(
        "batch_size = 16",
        "batch_size = 16\nresume_interval_updates = 10",
    )
}

/// The record of every complete node: inode and time of change, which a second computation would move.
fn stamps(results: &Path) -> BTreeMap<String, (u64, i64, i64)> {
    let stamp = |node: &store::Node| {
        let meta = std::fs::metadata(node.folder.join("node.json")).unwrap();
        (meta.ino(), meta.mtime(), meta.mtime_nsec())
    };
    let nodes = nodes(results);
    nodes.iter().map(|(id, n)| (id.clone(), stamp(n))).collect()
}

/// What a study comes to when nothing disturbs it.
struct Undisturbed {
    files: BTreeMap<String, BTreeMap<String, store::FileRecord>>,
    study: BTreeMap<String, Vec<u8>>,
}

fn content(results: &Path) -> Undisturbed {
    let files = nodes(results).into_iter().map(|(id, n)| (id, n.files));
    Undisturbed {
        files: files.collect(),
        study: bytes(&results.join("tiny")),
    }
}

impl Undisturbed {
    /// Runs the study again after a disturbance: it must finish with the same results and leave `ended` alone.
    fn recovers(&self, scene: &Scene, manifest: &str, moment: &str) {
        let ended = stamps(&scene.results());
        let report = scene.run(&["run", manifest, "--json"]).expect(0).json();
        let number = |key: &str| report[key].as_u64().unwrap() as usize;
        assert!(number("cached") >= ended.len(), "{moment}: {report}");
        assert_eq!(
            number("cached") + number("computed"),
            self.files.len(),
            "{moment}: {report}"
        );
        let after = stamps(&scene.results());
        for (id, stamp) in &ended {
            assert_eq!(after.get(id), Some(stamp), "{moment}: {id} was repeated");
        }
        let found = content(&scene.results());
        assert_eq!(found.files, self.files, "{moment}");
        for (name, expected) in &self.study {
            assert!(found.study.get(name) == Some(expected), "{moment}: {name}");
        }
        for name in ["tmp", "partial"] {
            let left = scene.results().join("store").join(name);
            let left = std::fs::read_dir(&left).map_or(0, |entries| entries.count());
            assert_eq!(left, 0, "{moment}: left in {name}");
        }
    }
}

/// Another results and data folder in the same scene.
fn clean(scene: &Scene) {
    for folder in [scene.results(), scene.path("home/data")] {
        if folder.exists() {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_is_finished_by_the_next() {
    let scene = Scene::new();
    let watch = Instant::now();
    scene.run(&["run", "tiny.toml"]).expect(0);
    let duration = watch.elapsed();
    let expected = content(&scene.results());
    let mut random = Stream::new(7, &["kill"]);
    let mut interrupted = 0;
    for kill in 0..KILLS {
        clean(&scene);
        let moment = duration.mul_f64(random.uniform());
        let mut command = scene.assay(&["run", "tiny.toml"]);
        let mut run = command.stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(moment);
        run.kill().unwrap();
        interrupted += usize::from(run.wait().unwrap().signal() == Some(9));
        expected.recovers(
            &scene,
            "tiny.toml",
            &format!("kill {kill} after {moment:?}"),
        );
    }
    assert!(interrupted > 0, "every kill came too late");
}

/// Runs `manifest` with an armed failpoint; whether it ran through.
fn with_failpoint(scene: &Scene, manifest: &str, variable: &str, nth: usize) -> bool {
    let mut command = scene.assay(&["run", manifest]);
    let status = command
        .env(variable, nth.to_string())
        .output()
        .unwrap()
        .status;
    let aborted = status.signal() == Some(6) || status.code() == Some(4);
    assert!(
        aborted || status.code() == Some(0),
        "{variable}={nth}: {status}"
    );
    !aborted
}

/// Aborts at failpoint 1, 2, ... until no process passes one that is armed; `prepare` makes the folders before each.
/// Gives the last failpoint at which a run did not end well.
fn at_every_failpoint(
    scene: &Scene,
    manifest: &str,
    variable: &str,
    expected: &Undisturbed,
    prepare: &dyn Fn(),
) -> usize {
    let mut last = 0;
    for nth in 1..MANY {
        prepare();
        if !with_failpoint(scene, manifest, variable, nth) {
            last = nth;
        }
        expected.recovers(scene, manifest, &format!("{variable}={nth}"));
        // A worker that aborts after it published its node has done its work: such a run ends well.
        if nth > last + AFTER_PUBLISHING {
            return last;
        }
    }
    panic!("{variable}: no run passes with {MANY} failpoints");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A scene with the undisturbed study, and a copy of its results in which nodes of a kind are missing.
fn chain_scene() -> (Scene, Undisturbed) {
    let scene = Scene::new();
    scene.write("chain.toml", &chain());
    scene.run(&["run", "chain.toml"]).expect(0);
    let expected = content(&scene.results());
    (scene, expected)
}

#[test]
fn the_coordinator_may_abort_at_every_write() {
    let (scene, expected) = chain_scene();
    let points = at_every_failpoint(
        &scene,
        "chain.toml",
        "ASSAY_FAILPOINT_RUN",
        &expected,
        &|| std::fs::remove_dir_all(scene.results()).unwrap(),
    );
    // The store's format, the long table and the study: three files of seven failpoints each.
    assert!(points >= 21, "{points}");
}

#[test]
fn a_coordinator_that_aborts_leaves_no_stale_tables() {
    let (scene, _) = chain_scene();
    scene.write("two.toml", &chain().replace("count = 1", "count = 2"));
    scene.run(&["run", "two.toml"]).expect(0);
    let expected = content(&scene.results());
    std::fs::remove_dir_all(scene.results()).unwrap();
    scene.run(&["run", "chain.toml"]).expect(0);
    copy(&scene.results(), &scene.path("one"));
    let prepare = || {
        std::fs::remove_dir_all(scene.results()).unwrap();
        copy(&scene.path("one"), &scene.results());
    };
    let variable = "ASSAY_FAILPOINT_RUN";
    let points = at_every_failpoint(&scene, "two.toml", variable, &expected, &prepare);
    assert!(points >= 14, "{points}");
}

#[test]
fn the_worker_of_a_stage_may_abort_at_every_write() {
    let (scene, expected) = chain_scene();
    let points = at_every_failpoint(
        &scene,
        "chain.toml",
        "ASSAY_FAILPOINT_WORKER",
        &expected,
        &|| std::fs::remove_dir_all(scene.results()).unwrap(),
    );
    // A resumable state (two files replaced), checkpoint, metrics, log, record, folder, and up to the rename: an abort
    // after it finds the node published, which is a success.
    assert!(points > 2 * 7 + 4 * 3 + 2, "{points}");
}

#[test]
fn the_worker_of_an_evaluation_may_abort_at_every_write() {
    let (scene, expected) = chain_scene();
    for node in nodes(&scene.results()).values() {
        if node.kind == "evaluation" {
            std::fs::remove_dir_all(&node.folder).unwrap();
        }
    }
    copy(&scene.results(), &scene.path("trained"));
    let prepare = || {
        std::fs::remove_dir_all(scene.results()).unwrap();
        copy(&scene.path("trained"), &scene.results());
    };
    let variable = "ASSAY_FAILPOINT_WORKER";
    let points = at_every_failpoint(&scene, "chain.toml", variable, &expected, &prepare);
    assert!(points >= 2 * 3 + 2 + 4, "{points}");
}

/// A stage that is ended between two resumable states goes on from the last and ends in the bytes of one that was not.
#[test]
fn a_stage_that_is_resumed_ends_in_the_same_bytes() {
    let text = chain().replace("updates = 20", "updates = 60");
    let text = text.replace("[[table]]", "[evaluation]\nsnapshots = 4\n\n[[table]]");
    let scene = Scene::new();
    scene.write("chain.toml", &text);
    scene.run(&["run", "chain.toml"]).expect(0);
    let expected = content(&scene.results());
    let mut resumed = Vec::new();
    // Within the second, third and last of five resumable states of 14 failpoints each.
    for nth in [20, 30, 65] {
        std::fs::remove_dir_all(scene.results()).unwrap();
        assert!(!with_failpoint(
            &scene,
            "chain.toml",
            "ASSAY_FAILPOINT_WORKER",
            nth
        ));
        expected.recovers(
            &scene,
            "chain.toml",
            &format!("resumed after failpoint {nth}"),
        );
        let nodes = nodes(&scene.results());
        let all = nodes.values().map(|n| n.provenance.resumed_from_update);
        resumed.push(all.max().unwrap());
    }
    assert_eq!(resumed, [10, 20, 40]);
}

/// An online phase goes on from between two episodes, with its learners and all transitions.
#[test]
fn an_online_phase_that_is_resumed_ends_in_the_same_bytes() {
    let online = "name = \"climb\"\nonline = { stages = [\"value\", \"policy\"], steps = 60 }";
    let text = chain().replace("name = \"climb\"", online);
    let scene = Scene::new();
    scene.write("chain.toml", &text);
    scene.run(&["run", "chain.toml"]).expect(0);
    let expected = content(&scene.results());
    // Beyond the failpoints of the stages and evaluations, within resumable states of the online phase.
    for nth in [50, 65, 80] {
        std::fs::remove_dir_all(scene.results()).unwrap();
        let through = with_failpoint(&scene, "chain.toml", "ASSAY_FAILPOINT_WORKER", nth);
        assert!(!through, "no worker passes failpoint {nth}");
        expected.recovers(&scene, "chain.toml", &format!("online, failpoint {nth}"));
        let nodes = nodes(&scene.results());
        let online = nodes.values().find(|n| n.kind == "online").unwrap();
        let resumed = online.provenance.resumed_from_update;
        assert!(resumed > 0 && resumed.is_multiple_of(10), "{resumed}");
    }
}

/// Stages in turn go on with every learner.
#[test]
fn stages_in_turn_that_are_resumed_end_in_the_same_bytes() {
    let text = chain().replace("name = \"climb\"", "name = \"climb\"\nschedule = \"joint\"");
    let text = text.replace("updates = 20", "updates = 60");
    let scene = Scene::new();
    scene.write("chain.toml", &text);
    scene.run(&["run", "chain.toml"]).expect(0);
    let expected = content(&scene.results());
    let mut resumed = 0;
    for nth in [20, 40, 60] {
        std::fs::remove_dir_all(scene.results()).unwrap();
        with_failpoint(&scene, "chain.toml", "ASSAY_FAILPOINT_WORKER", nth);
        expected.recovers(&scene, "chain.toml", &format!("in turn, failpoint {nth}"));
        let nodes = nodes(&scene.results());
        let joint = nodes.values().find(|n| n.kind == "joint").unwrap();
        resumed += u64::from(joint.provenance.resumed_from_update > 0);
    }
    assert!(resumed > 0, "no disturbance met the stages in turn");
}

/// Bounded wait; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Workers whose coordinator was killed leave, so that nothing computes behind the user's back.
#[test]
fn workers_leave_when_their_coordinator_is_killed() {
    let scene = Scene::new();
    let hangs = MANIFEST.replace("learner = \"linear-bc\"", "learner = \"hangs\"");
    scene.write("hangs.toml", &hangs);
    let mut command = scene.assay(&["run", "hangs.toml", "--jobs", "2"]);
    let mut run = command.stderr(Stdio::null()).spawn().unwrap();
    let watch = Instant::now();
    let library = scene.path("plugins/libbad_plugins.so");
    while processes_with(&library) == 0 {
        assert!(watch.elapsed() < PATIENCE, "no worker loads the plugin");
        std::thread::sleep(Duration::from_millis(20));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    while processes_with(&library) > 0 {
        assert!(watch.elapsed() < 2 * PATIENCE, "a worker stays");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Other processes that have mapped `library`.
fn processes_with(library: &Path) -> usize {
    let name = library.to_string_lossy();
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    // `/proc/self` and `/proc/thread-self` are this process again.
    let is_process = |name: &std::ffi::OsStr| name.to_string_lossy().parse::<u32>().is_ok();
    let others = processes.filter(|p| is_process(&p.file_name()) && p.file_name() != *own);
    let maps = others.map(|p| std::fs::read_to_string(p.path().join("maps")));
    let holds = |maps: std::io::Result<String>| maps.is_ok_and(|m| m.contains(&*name));
    maps.filter_map(|maps| holds(maps).then_some(())).count()
}
