//! A folder with everything a study needs: plugins, a benchmark whose data take milliseconds to generate, a manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use store::{Node, Store};
use tempfile::TempDir;

const ASSAY: &str = env!("CARGO_BIN_EXE_assay-under-test");

/// One cloning pipeline and one that climbs a learned critic, on one benchmark, with two seeds.
pub(crate) const MANIFEST: &str = r#"manifest_version = 1

[study]
id = "tiny"
seeds = { base = 0, count = 2 }

[[benchmark]]
id = "tiny/bandit-v0"

[[pipeline]]
name = "clone"
stages = [
  { role = "policy", learner = "linear-bc", updates = 20 },
]

[[pipeline]]
name = "climb"
stages = [
  { role = "value", learner = "linear-critic", updates = 20, params = { learning_rate = 0.05 } },
  { role = "policy", learner = "linear-ascent", updates = 20 },
]

[axes]
"value.data_fraction" = [0.5, 1.0]

[training]
batch_size = 16
precision = "float32"

[[table]]
id = "error"
metric = "action_mse_evaluation"
rows = "pipeline"
columns = "benchmark"
better = "lower"

[[finding]]
kind = "order"
id = "cloning against climbing"
benchmark = "tiny/bandit-v0"
metric = "action_mse_evaluation"
first = "clone"
second = "climb"
better = "lower"
"#;

const RECIPE: &str = r#"format = 1
id = "ID"
label = "poor actions"
description = "A few actions of a biased, noisy policy."
environment = "cbandit/default-v0"
transitions = 120
behaviour = { kind = "scaled-optimal", gain = GAIN, bias = 0.2, noise = 0.25 }
"#;

pub(crate) const BENCHMARK: &str = r#"format = 1
id = "ID"
description = "A contextual bandit with very little data."
environment = "cbandit/default-v0"
dataset = "ID"
discount = 0.99
normalizer = "exact"
SOURCE

[evaluation]
episodes = 20
environments_per_batch = 20
"#;

/// The climbing pipeline of [`MANIFEST`] twice, on one seed and without axes: as it is, and as `name` with the lines `extra`.
pub(crate) fn climbing_twice(name: &str, extra: &str) -> String {
    let (before, rest) = MANIFEST
        .split_once("[[pipeline]]\nname = \"climb\"")
        .unwrap();
    let (stages, after) = rest.split_once("[axes]").unwrap();
    let (_, after) = after.split_once("[training]").unwrap();
    format!(
        "{before}[[pipeline]]\nname = \"climb\"{stages}\
         [[pipeline]]\nname = \"{name}\"\n{extra}{stages}[training]{after}"
    )
    .replace("count = 2", "count = 1")
}

/// A process that has ended.
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Done {
    /// The process left with `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        let Self {
            status,
            stdout,
            stderr,
        } = &self;
        assert_eq!(
            status.code(),
            Some(code),
            "expected exit code {code}, found {status}\nstdout\n{stdout}\nstderr\n{stderr}"
        );
        self
    }

    /// Standard error holds all of `words`.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            let found = self.stderr.contains(word);
            assert!(found, "`{word}` is not in\n{}", self.stderr);
        }
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e} in\n{}", self.stdout))
    }
}

/// The folder and the commands in it.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    /// Plugins that are sealed, the benchmark `tiny/bandit-v0`, the manifest `tiny.toml`.
    pub(crate) fn new() -> Self {
        let scene = Self::bare();
        for package in ["good-plugins", "bad-plugins"] {
            let library = scene.add_library(&tests::built_library(package));
            tests::metadata(&library).write(&library).unwrap();
        }
        scene.add_benchmark("tiny/bandit-v0", 0.3);
        scene.write("tiny.toml", MANIFEST);
        scene
    }

    /// Without plugins, benchmarks and manifests.
    pub(crate) fn bare() -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["plugins", "home", "benchmarks"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn results(&self) -> PathBuf {
        self.path("results")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A copy in the folder of plugins, not sealed.
    pub(crate) fn add_library(&self, library: &Path) -> PathBuf {
        let copy = self.path("plugins").join(library.file_name().unwrap());
        std::fs::copy(library, &copy).unwrap();
        copy
    }

    /// A benchmark with generated data.
    pub(crate) fn add_benchmark(&self, id: &str, gain: f64) {
        let name = id.replace('/', "-");
        let recipe = format!("recipes/{name}.toml");
        let text = RECIPE
            .replace("ID", id)
            .replace("GAIN", &format!("{gain:?}"));
        self.write(&format!("home/{recipe}"), &text);
        self.add_benchmark_from(id, &format!("recipe = \"{recipe}\""));
    }

    /// A benchmark whose data come from `source`, a line of TOML.
    pub(crate) fn add_benchmark_from(&self, id: &str, source: &str) {
        let file = format!("benchmarks/{}/benchmark.toml", id.replace('/', "-"));
        self.write(
            &file,
            &BENCHMARK.replace("ID", id).replace("SOURCE", source),
        );
    }

    /// The command `assay` in this folder, blind to the surroundings.
    pub(crate) fn assay(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(ASSAY);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ASSAY_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("ASSAY_HOME", self.path("home"))
            .env("ASSAY_CACHE", self.path("cache"))
            .env("ASSAY_PLUGIN_PATH", self.path("plugins"))
            .stdin(Stdio::null());
        command
    }

    /// Runs `assay` to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        self.assay(arguments).output().unwrap().into()
    }
}

/// The complete nodes of a results folder, every file checked against its digest.
pub(crate) fn nodes(results: &Path) -> BTreeMap<String, Node> {
    if !results.join("store").is_dir() {
        return BTreeMap::new();
    }
    let store = Store::open(results).unwrap();
    let ids = store.find("").unwrap();
    let read = |id: String| {
        let node = store.node(&id).unwrap();
        for name in node.files.keys() {
            node.file(name).unwrap();
        }
        (id, node)
    };
    ids.into_iter().map(read).collect()
}

/// The bytes of every file of a folder, by name.
pub(crate) fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap();
    let files = entries.map(|e| e.unwrap().path()).filter(|p| p.is_file());
    let name = |p: &Path| p.file_name().unwrap().to_string_lossy().into_owned();
    files
        .map(|p| (name(&p), std::fs::read(&p).unwrap()))
        .collect()
}
