//! The digest of this crate's source, part of every evaluation's identity.

use sha2::{Digest, Sha256};

/// Every file that decides what this crate computes, by path, in sorted order.
const FILES: &[(&str, &[u8])] = &[
    (
        "data/cbandit_constants.csv",
        include_bytes!("../data/cbandit_constants.csv"),
    ),
    ("src/behaviour.rs", include_bytes!("../src/behaviour.rs")),
    ("src/catalog.rs", include_bytes!("../src/catalog.rs")),
    (
        "src/cbandit/constants.rs",
        include_bytes!("../src/cbandit/constants.rs"),
    ),
    (
        "src/cbandit/discrete.rs",
        include_bytes!("../src/cbandit/discrete.rs"),
    ),
    (
        "src/cbandit/expectile.rs",
        include_bytes!("../src/cbandit/expectile.rs"),
    ),
    (
        "src/cbandit/mod.rs",
        include_bytes!("../src/cbandit/mod.rs"),
    ),
    (
        "src/cbandit/oracle.rs",
        include_bytes!("../src/cbandit/oracle.rs"),
    ),
    ("src/discrete.rs", include_bytes!("../src/discrete.rs")),
    (
        "src/environment.rs",
        include_bytes!("../src/environment.rs"),
    ),
    ("src/error.rs", include_bytes!("../src/error.rs")),
    ("src/expectile.rs", include_bytes!("../src/expectile.rs")),
    ("src/generate.rs", include_bytes!("../src/generate.rs")),
    ("src/lib.rs", include_bytes!("../src/lib.rs")),
    ("src/lqr/mod.rs", include_bytes!("../src/lqr/mod.rs")),
    ("src/lqr/oracle.rs", include_bytes!("../src/lqr/oracle.rs")),
    (
        "src/lqr/solution.rs",
        include_bytes!("../src/lqr/solution.rs"),
    ),
    (
        "src/maze/controller.rs",
        include_bytes!("../src/maze/controller.rs"),
    ),
    ("src/maze/grid.rs", include_bytes!("../src/maze/grid.rs")),
    ("src/maze/image.rs", include_bytes!("../src/maze/image.rs")),
    ("src/maze/kept.rs", include_bytes!("../src/maze/kept.rs")),
    ("src/maze/map.rs", include_bytes!("../src/maze/map.rs")),
    ("src/maze/mesh.rs", include_bytes!("../src/maze/mesh.rs")),
    ("src/maze/mod.rs", include_bytes!("../src/maze/mod.rs")),
    (
        "src/maze/oracle.rs",
        include_bytes!("../src/maze/oracle.rs"),
    ),
    (
        "src/maze/solver.rs",
        include_bytes!("../src/maze/solver.rs"),
    ),
    ("src/maze/task.rs", include_bytes!("../src/maze/task.rs")),
    ("src/overrides.rs", include_bytes!("../src/overrides.rs")),
    ("src/quadrature.rs", include_bytes!("../src/quadrature.rs")),
    ("src/recipe.rs", include_bytes!("../src/recipe.rs")),
    ("src/source.rs", include_bytes!("../src/source.rs")),
];

/// SHA-256 (lower-case hexadecimal) over the names and bytes of this crate's source and data at build time.
pub fn source_hash() -> String {
    let mut hash = Sha256::new();
    for (path, bytes) in FILES {
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path.as_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                found.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }

    #[test]
    fn every_source_and_data_file_takes_part_in_sorted_order() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        walk(&root.join("src"), root, &mut found);
        walk(&root.join("data"), root, &mut found);
        // Normalisers are in no identity, and neither are tests and recipes for other environments.
        let apart = ["normalizer", "simulated", "dataset_recipe"];
        found.retain(|path| !path.ends_with("tests.rs") && !apart.iter().any(|a| path.contains(a)));
        found.sort();
        let listed: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(listed, found);
    }

    #[test]
    fn the_hash_is_a_sha256() {
        assert_eq!(source_hash().len(), 64);
        assert_eq!(source_hash(), source_hash());
    }
}
