//! Hashes the sources that decide what a stage sees and how a policy is scored, for use in identities.

use sha2::{Digest, Sha256};

/// Files of this crate and of the data views that reach every result.
const SAMPLER: &[&str] = &[
    "src/worker/sampler.rs",
    "src/worker/goals.rs",
    "src/worker/transform.rs",
    "src/worker/reward.rs",
    "src/worker/services.rs",
    "src/worker/oracle.rs",
    "../dataset/src/view.rs",
    "../dataset/src/transitions.rs",
    "../manifest/src/random.rs",
];
const ONLINE: &[&str] = &[
    "src/worker/online.rs",
    "src/worker/together.rs",
    "src/worker/replay.rs",
    "src/worker/environment.rs",
];
const JOINT: &[&str] = &["src/worker/joint.rs", "src/worker/together.rs"];
const EVALUATOR: &[&str] = &[
    "src/worker/evaluate.rs",
    "src/worker/play.rs",
    "src/worker/measure/mod.rs",
    "src/worker/measure/actions.rs",
    "src/worker/measure/call.rs",
    "src/worker/measure/cost.rs",
    "src/worker/measure/coverage.rs",
    "src/worker/measure/errors.rs",
    "src/worker/measure/probe.rs",
    "src/worker/measure/reference.rs",
    "src/worker/measure/states.rs",
    "src/worker/measure/value.rs",
    "src/worker/environment.rs",
    "src/worker/measure",
];

fn hash(files: &[&str]) -> String {
    let mut hash = Sha256::new();
    for file in files.iter().flat_map(|f| expand(f)) {
        println!("cargo:rerun-if-changed={file}");
        let bytes = std::fs::read(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// The files of a folder in the order of their names; a file is itself.
fn expand(path: &str) -> Vec<String> {
    if path.ends_with(".rs") {
        return vec![path.to_owned()];
    }
    println!("cargo:rerun-if-changed={path}");
    let mut files: Vec<String> = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.path().to_str().map(str::to_owned))
        .filter(|name| name.ends_with(".rs"))
        .collect();
    files.sort();
    files
}

fn main() {
    println!("cargo:rustc-env=ASSAY_SAMPLER_SOURCE={}", hash(SAMPLER));
    println!("cargo:rustc-env=ASSAY_ONLINE_SOURCE={}", hash(ONLINE));
    println!("cargo:rustc-env=ASSAY_JOINT_SOURCE={}", hash(JOINT));
    println!("cargo:rustc-env=ASSAY_EVALUATOR_SOURCE={}", hash(EVALUATOR));
}
