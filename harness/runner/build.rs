//! Hashes the sources that decide what a stage sees and how a policy is scored, for use in identities.

use sha2::{Digest, Sha256};

/// Files of this crate and of the data views that reach every result.
const SAMPLER: &[&str] = &[
    "src/worker/sampler.rs",
    "src/worker/services.rs",
    "src/worker/oracle.rs",
    "../dataset/src/view.rs",
    "../dataset/src/transitions.rs",
    "../manifest/src/random.rs",
];
const EVALUATOR: &[&str] = &["src/worker/evaluate.rs", "src/worker/environment.rs"];

fn hash(files: &[&str]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        println!("cargo:rerun-if-changed={file}");
        let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{file}: {e}"));
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn main() {
    println!("cargo:rustc-env=ASSAY_SAMPLER_SOURCE={}", hash(SAMPLER));
    println!("cargo:rustc-env=ASSAY_EVALUATOR_SOURCE={}", hash(EVALUATOR));
}
