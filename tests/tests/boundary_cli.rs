//! `assay plugin` as a user meets it: exit codes, what goes to stdout, what the errors say.

#![allow(clippy::unwrap_used, reason = "a failed helper fails the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const ASSAY: &str = env!("CARGO_BIN_EXE_assay-under-test");

/// A folder with libraries, and no settings of the person who runs the tests.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn good(&self) -> PathBuf {
        self.copy("good-plugins")
    }

    fn copy(&self, package: &str) -> PathBuf {
        let built = tests::built_library(package);
        let copy = self.path(&built.file_name().unwrap().to_string_lossy());
        std::fs::copy(&built, &copy).unwrap();
        copy
    }

    fn c(&self, source: &str, flags: &[&str], name: &str) -> PathBuf {
        let library = self.path(name);
        tests::compile_c(source, flags, &library);
        library
    }

    fn assay(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(ASSAY);
        command
            .current_dir(self.folder.path())
            .env("ASSAY_HOME", tests::root())
            .env("ASSAY_CACHE", self.path("cache"))
            .env("ASSAY_PLUGIN_PATH", self.folder.path())
            .env_remove("LIBTORCH")
            .env_remove("ASSAY_MUJOCO")
            .args(arguments);
        command
    }

    /// As `run`, with an installation that has no plugins of its own.
    #[track_caller]
    fn run_apart(&self, arguments: &[&str], exit: i32) -> (String, String) {
        let mut command = self.assay(arguments);
        command.env("ASSAY_HOME", self.path("home"));
        ended(command.output().unwrap(), exit)
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], exit: i32) -> (String, String) {
        ended(self.assay(arguments).output().unwrap(), exit)
    }
}

#[track_caller]
fn ended(output: Output, exit: i32) -> (String, String) {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(exit),
        "stdout\n{stdout}\nstderr\n{stderr}"
    );
    (stdout, stderr)
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{text}");
    }
}

#[test]
fn seal_writes_metadata_once_and_again_when_the_bytes_change() {
    let place = Place::new();
    let library = place.good();
    let name = library.to_str().unwrap();
    let (stdout, _) = place.run(&["plugin", "seal", name], 0);
    says(&stdout, &["sealed  good-plugins"]);
    let sidecar = place.path("libgood_plugins.so.toml");
    let first = std::fs::read(&sidecar).unwrap();
    let (stdout, _) = place.run(&["plugin", "seal", name], 0);
    says(&stdout, &["unchanged  good-plugins"]);
    assert_eq!(std::fs::read(&sidecar).unwrap(), first);
    // A byte appended to a library changes its digest and nothing that the loader reads.
    let mut bytes = std::fs::read(&library).unwrap();
    bytes.push(0);
    std::fs::write(&library, bytes).unwrap();
    let (stdout, _) = place.run(&["plugin", "seal", "--json", name], 0);
    says(&stdout, &[r#""state":"sealed""#]);
    assert_ne!(std::fs::read(&sidecar).unwrap(), first);
}

#[test]
fn what_is_no_plugin_is_refused_with_exit_code_4() {
    let place = Place::new();
    let text = place.path("libtext.so");
    std::fs::write(&text, "not a library\n").unwrap();
    let (major, minor) = (plugin_api::abi::ABI_MAJOR, plugin_api::abi::ABI_MINOR);
    let provides = format!("provides {major}.{minor}");
    let rows: [(PathBuf, &[&str]); 5] = [
        (text, &["cannot load", "libtext.so", "hint:"]),
        (
            place.c("no_entry.c", &[], "libno_entry.so"),
            &["exports no `assay_plugin_entry`", "hint:"],
        ),
        (
            place.c("bad.c", &["-DFAULT_ABI"], "libabi.so"),
            &["needs ABI 99.0", &provides, "hint: rebuild"],
        ),
        (
            place.c("crash_on_load.c", &[], "libcrash.so"),
            &["loading it crashed the process (signal 6)"],
        ),
        (place.path("libmissing.so"), &["libmissing.so"]),
    ];
    for (library, words) in rows {
        let name = library.to_str().unwrap();
        let (stdout, stderr) = place.run(&["plugin", "seal", name], 4);
        assert_eq!(stdout, "");
        says(&stderr, words);
        if library.exists() {
            let (_, stderr) = place.run(&["plugin", "check", name], 4);
            says(&stderr, words);
        }
    }
}

#[test]
fn check_passes_a_good_plugin_and_reports_it_in_both_forms() {
    let place = Place::new();
    let library = place.good();
    let name = library.to_str().unwrap();
    let (stdout, _) = place.run(&["plugin", "check", name], 0);
    says(
        &stdout,
        &[
            "good-plugins 0.1.0",
            "linear-ascent: policy/1, requires critic/1",
            "learner `linear-bc`",
            "  ok    truncated state is refused",
            " 0 failed",
        ],
    );
    let (stdout, _) = place.run(&["plugin", "check", "--json", name], 0);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["failed"], 0);
    assert_eq!(report["crashed"], 0);
    assert!(report["ok"].as_u64().unwrap() > 60, "{stdout}");
}

#[test]
fn check_says_what_failed_and_how_to_see_it_again() {
    let place = Place::new();
    let library = place.copy("bad-plugins");
    let name = library.to_str().unwrap();
    let only = ["plugin", "check", name, "--of", "forgets-target"];
    let (stdout, _) = place.run(&only, 1);
    let line = stdout.lines().find(|l| l.contains("reproduce:")).unwrap();
    says(&stdout, &["3 updates, save, load, 4 updates", "2 failed"]);
    let again: Vec<&str> = line
        .trim()
        .strip_prefix("reproduce: assay ")
        .unwrap()
        .split(' ')
        .collect();
    assert!(again.contains(&"resume"), "{line}");
    let (stdout, _) = place.run(&again, 1);
    says(&stdout, &["0 ok, 1 failed"]);

    let aborts = [
        "plugin",
        "check",
        name,
        "--of",
        "aborts",
        "--only",
        "same-seed",
    ];
    let (stdout, _) = place.run(&aborts, 1);
    says(&stdout, &["CRASH", "signal 6 (SIGABRT)", "1 crashed"]);
}

#[test]
fn check_runs_in_this_process_when_asked_to() {
    let place = Place::new();
    let name = place.copy("bad-plugins");
    let name = name.to_str().unwrap();
    let arguments = [
        "plugin",
        "check",
        name,
        "--only",
        "actions",
        "--in-process",
        "--of",
    ];
    let with = |id| [&arguments[..], &[id]].concat();
    let (stdout, _) = place.run(&with("out-of-bounds"), 1);
    says(&stdout, &["element 0 is 1.5"]);
    // Skipped only: nothing was measured, which is not success.
    place.run(&with("nan-value"), 3);
}

#[test]
fn check_refuses_unknown_names() {
    let place = Place::new();
    let name = place.good();
    let name = name.to_str().unwrap();
    let (_, stderr) = place.run(&["plugin", "check", name, "--only", "truncated-stat"], 2);
    says(&stderr, &["nearest is `truncated-state`", "hint:"]);
    let (_, stderr) = place.run(&["plugin", "check", name, "--of", "iql"], 2);
    says(
        &stderr,
        &["offers no learner or environment `iql`", "linear-bc"],
    );
    let (stdout, _) = place.run(&["plugin", "check", "--list"], 0);
    says(
        &stdout,
        &["truncated-state (learner)", "oracle-gradient (environment)"],
    );
    place.run(&["plugin", "check"], 2);
}

#[test]
fn a_crate_that_is_not_built_is_named_with_the_command() {
    let place = Place::new();
    std::fs::create_dir(place.path("mine")).unwrap();
    let cargo = "[package]\nname = \"mine\"\n";
    std::fs::write(place.path("mine/Cargo.toml"), cargo).unwrap();
    let (_, stderr) = place.run(&["plugin", "check", "mine"], 4);
    says(
        &stderr,
        &["mine is not built", "hint: run `cargo build --release`"],
    );
}

#[test]
fn list_and_show_work_from_metadata_alone() {
    let place = Place::new();
    let (stdout, stderr) = place.run_apart(&["plugin", "list"], 3);
    assert_eq!(stdout, "");
    says(&stderr, &["no plugin found", "(0 libraries)"]);

    let library = place.good();
    place.run_apart(&["plugin", "seal", library.to_str().unwrap()], 0);
    // Loading this one would abort.
    place.c("crash_on_load.c", &[], "libcrash.so");
    let (stdout, _) = place.run_apart(&["plugin", "list"], 0);
    says(
        &stdout,
        &[
            "linear-critic",
            "critic/1, state-value/1",
            "policy/1 from critic/1",
            "fixtures/line-v0",
            "libcrash.so",
            "is not sealed",
        ],
    );
    let (stdout, _) = place.run_apart(&["plugin", "list", "--json"], 0);
    let list: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);

    let (stdout, _) = place.run_apart(&["plugin", "show", "linear-bc"], 0);
    says(
        &stdout,
        &[
            "learning_rate  0.1",
            "Step size, above 0.",
            "provides     policy/1",
        ],
    );
    assert!(!stdout.contains("linear-critic"), "{stdout}");
    let (_, stderr) = place.run_apart(&["plugin", "show", "linear-b"], 2);
    says(&stderr, &["nearest is `linear-bc`", "searched"]);
}

/// A folder that passes for libtorch.
fn libtorch(place: &Place) -> PathBuf {
    let folder = place.path("libtorch");
    for file in ["lib/libc10.so", "lib/libtorch_cpu.so", "include/torch.h"] {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    std::fs::write(folder.join("build-version"), "2.11.0+cpu\n").unwrap();
    folder
}

#[test]
fn new_makes_a_crate_that_cargo_reads_and_refuses_bad_names() {
    let place = Place::new();
    let libtorch = libtorch(&place);
    let new = |name: &str, exit| {
        let mut command = place.assay(&["plugin", "new", name]);
        ended(command.env("LIBTORCH", &libtorch).output().unwrap(), exit)
    };
    let (stdout, _) = new("demo", 0);
    says(
        &stdout,
        &["created", "Cargo.toml, src/lib.rs", "assay plugin check ."],
    );
    let metadata = Command::new("cargo")
        .args([
            "metadata",
            "--offline",
            "--no-deps",
            "--format-version",
            "1",
        ])
        .current_dir(place.path("demo"))
        .output()
        .unwrap();
    let (stdout, _) = ended(metadata, 0);
    says(&stdout, &[r#""name":"demo""#, "cdylib"]);

    for (name, words) in [
        ("demo", "exists already"),
        ("Demo", "not a plugin name"),
        ("iql", "exists already"),
        ("match", "has a meaning"),
    ] {
        let (stdout, stderr) = new(name, 2);
        assert_eq!(stdout, "");
        says(&stderr, &[words, "hint:"]);
    }
    assert!(!Path::new(&place.path("match")).exists());
}
