//! Which crate may depend on which.

use std::collections::BTreeSet;
use std::path::Path;

use crate::metadata::{Dependency, Package};
use crate::tidy::Violation;

/// Direct arrows between crates of `harness/`. A crate may also use what its targets may use. A crate that is
/// not here may depend on no first-party crate.
const ARROWS: [(&str, &[&str]); 9] = [
    ("cli", &["report", "runner", "conformance", "provision"]),
    ("report", &["analysis"]),
    ("analysis", &["store"]),
    ("store", &["manifest"]),
    (
        "runner",
        &["dataset", "envs", "plugin-host", "store", "manifest"],
    ),
    ("dataset", &["manifest"]),
    ("envs", &["manifest"]),
    ("plugin-host", &["plugin-api", "manifest"]),
    ("conformance", &["plugin-host", "plugin-api"]),
];

/// What a crate below `plugins/` may use.
const PLUGIN_TARGETS: [&str; 2] = ["plugin-api", "nn"];

/// What tests of a crate below `plugins/` may use besides: batches as the host draws them, the plugin suite.
const PLUGIN_TEST_TARGETS: [&str; 2] = ["manifest", "conformance"];

/// A heavy or dangerous package.
struct Confined {
    name: &'static str,
    /// The only crates, or folders of crates, that may use it.
    users: &'static [&'static str],
    /// Whether tests of other crates may use it.
    in_tests: bool,
}

const CONFINED: [Confined; 3] = [
    Confined {
        name: "libloading",
        users: &["plugin-host"],
        in_tests: false,
    },
    Confined {
        name: "polars",
        users: &["analysis"],
        in_tests: true,
    },
    Confined {
        name: "tch",
        users: &["plugins/"],
        in_tests: false,
    },
];

/// Checks every dependency of every package, those of tests included.
pub(crate) fn check(root: &Path, packages: &[Package]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in packages {
        for dependency in &package.dependencies {
            if let Some((message, hint)) = refusal(root, package, dependency, packages) {
                let file = format!("{}/Cargo.toml", package.folder(root));
                violations.push(Violation {
                    file,
                    line: 0,
                    rule: "arrows",
                    message,
                    hint,
                });
            }
        }
    }
    violations
}

fn refusal(
    root: &Path,
    package: &Package,
    dependency: &Dependency,
    packages: &[Package],
) -> Option<(String, &'static str)> {
    let (from, to) = (package.name.as_str(), dependency.name.as_str());
    let folder = package.folder(root);
    let kind = dependency
        .kind
        .as_deref()
        .map(|kind| format!(" ({kind})"))
        .unwrap_or_default();
    let for_tests = dependency.kind.as_deref() == Some("dev");
    if dependency.path.is_none() {
        let confined = CONFINED.iter().find(|confined| confined.name == to)?;
        let mut users = confined.users.iter();
        let allowed = users.any(|user| *user == from || folder.starts_with(user))
            || confined.in_tests && for_tests;
        let users = confined.users.join(", ");
        return (!allowed).then(|| {
            (
                format!("`{from}` uses `{to}`{kind}, which only {users} may use"),
                "use that crate's functions instead",
            )
        });
    }
    let target = packages.iter().find(|package| package.name == to)?;
    let target_folder = target.folder(root);
    let allowed = match folder.split('/').next() {
        Some("harness") if from == "xtask" => to == "provision",
        Some("harness") => target_folder.starts_with("harness/") && reachable(from).contains(to),
        Some("plugins") => {
            PLUGIN_TARGETS.contains(&to) || for_tests && PLUGIN_TEST_TARGETS.contains(&to)
        }
        _ => target_folder.starts_with("harness/") || target_folder.starts_with("tests/"),
    };
    (!allowed).then(|| {
        (
            format!("`{from}` depends on `{to}`{kind}, an arrow that ARCHITECTURE.md does not have"),
            "move the code to where the arrow leads, or argue for the arrow in ARCHITECTURE.md and add it to xtask's list",
        )
    })
}

/// Everything that `from` may use, directly or through its targets.
fn reachable(from: &str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(name) = open.pop() {
        let arrows = ARROWS.iter().filter(|(source, _)| *source == name);
        for target in arrows.flat_map(|(_, targets)| targets.iter()) {
            if found.insert(*target) {
                open.push(target);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &str, dependencies: &[(&str, bool)], kind: Option<&str>) -> Package {
        let name = folder.rsplit('/').next().unwrap().to_string();
        let dependency = |(name, first_party): &(&str, bool)| Dependency {
            name: (*name).to_string(),
            kind: kind.map(String::from),
            path: first_party.then(|| Path::new("/r").join(name)),
        };
        Package {
            name,
            manifest_path: Path::new("/r").join(folder).join("Cargo.toml"),
            targets: Vec::new(),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    /// Number of violations when `folder` depends on `target`.
    fn broken(folder: &str, target: &str) -> usize {
        broken_as(folder, target, None)
    }

    fn broken_as(folder: &str, target: &str, kind: Option<&str>) -> usize {
        let first_party = target.contains('/') || target == "tests";
        let name = target.rsplit('/').next().unwrap();
        let mut packages = vec![package(folder, &[(name, first_party)], kind)];
        if first_party {
            packages.push(package(target, &[], None));
        }
        check(Path::new("/r"), &packages).len()
    }

    #[test]
    fn arrows_of_the_design_pass() {
        assert_eq!(broken("harness/cli", "harness/report"), 0);
        assert_eq!(
            broken("harness/cli", "harness/manifest"),
            0,
            "through report, analysis, store"
        );
        assert_eq!(
            broken("harness/runner", "harness/plugin-api"),
            0,
            "through plugin-host"
        );
        assert_eq!(broken("harness/xtask", "harness/provision"), 0);
        assert_eq!(broken("plugins/iql", "plugins/nn"), 0);
        assert_eq!(broken("tests", "harness/cli"), 0);
        assert_eq!(broken("tests", "tests/fixtures/bad-plugins"), 0);
        assert_eq!(
            broken("tests/fixtures/bad-plugins", "harness/plugin-api"),
            0
        );
        assert_eq!(broken_as("plugins/iql", "harness/manifest", Some("dev")), 0);
    }

    #[test]
    fn other_arrows_are_refused() {
        assert_eq!(broken("harness/manifest", "harness/store"), 1);
        assert_eq!(broken("harness/runner", "harness/analysis"), 1);
        assert_eq!(broken("harness/runner", "harness/provision"), 1);
        assert_eq!(broken("harness/conformance", "plugins/nn"), 1);
        assert_eq!(broken("plugins/iql", "plugins/awr"), 1);
        assert_eq!(broken("plugins/iql", "harness/dataset"), 1);
        assert_eq!(broken("plugins/iql", "harness/manifest"), 1);
        assert_eq!(broken_as("plugins/iql", "harness/dataset", Some("dev")), 1);
        assert_eq!(broken("tests", "plugins/nn"), 1);
    }

    #[test]
    fn confined_packages_are_refused_elsewhere() {
        assert_eq!(broken("plugins/nn", "tch"), 0);
        assert_eq!(broken("harness/runner", "tch"), 1);
        assert_eq!(broken("harness/analysis", "polars"), 0);
        assert_eq!(broken("harness/runner", "polars"), 1);
        assert_eq!(broken("harness/runner", "serde"), 0);
        assert_eq!(broken_as("harness/report", "polars", Some("dev")), 0);
        assert_eq!(broken_as("harness/report", "tch", Some("dev")), 1);
    }
}
