//! Builds the plugins so that the same source gives the same bytes wherever the checkout lies, and seals them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::command::{cargo_in, succeed};
use crate::setup::{self, Components};
use crate::workspace::{Workspace, variable};
use crate::{BadUsage, quickstart};

/// `cargo xtask plugins [--only a,b]`
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<u8> {
    let only: Option<Vec<&str>> = match arguments {
        [] => None,
        [flag, names] if flag == "--only" => Some(names.split(',').collect()),
        other => return Err(BadUsage(format!("`plugins` does not take {other:?}")).into()),
    };
    let plugins = select(all(workspace), only.as_deref())?;
    setup::require_cxx()?;
    let components = setup::components(workspace)?;
    let libraries = build(workspace, &components, &plugins)?;
    quickstart::build_assay(workspace)?;
    seal(workspace, &libraries)?;
    for library in libraries {
        println!("{}", library.display());
    }
    Ok(0)
}

/// A package below `plugins/` that makes a dynamic library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plugin {
    /// Package name.
    pub(crate) package: String,
    /// File name of the library.
    pub(crate) library: String,
}

/// All plugins of this repository.
pub(crate) fn all(workspace: &Workspace) -> Vec<Plugin> {
    let packages = plugin_packages(workspace);
    let plugins = packages.filter_map(|package| {
        let library = format!("lib{}.so", package.dynamic_library()?);
        Some(Plugin {
            package: package.name.clone(),
            library,
        })
    });
    plugins.collect()
}

/// All packages below `plugins/`: the plugins and what only they use.
pub(crate) fn plugin_packages(
    workspace: &Workspace,
) -> impl Iterator<Item = &crate::metadata::Package> {
    let packages = workspace.packages.iter();
    packages.filter(|package| package.folder(&workspace.root).starts_with("plugins/"))
}

fn select(plugins: Vec<Plugin>, only: Option<&[&str]>) -> Result<Vec<Plugin>> {
    let Some(only) = only else { return Ok(plugins) };
    let names: Vec<&str> = plugins
        .iter()
        .map(|plugin| plugin.package.as_str())
        .collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(name)) {
        return Err(BadUsage(format!(
            "no plugin `{unknown}`; there are {}",
            names.join(", ")
        ))
        .into());
    }
    Ok(plugins
        .into_iter()
        .filter(|plugin| only.contains(&plugin.package.as_str()))
        .collect())
}

/// Builds `plugins` and puts their libraries into `target/plugins/lib`. Returns those paths.
pub(crate) fn build(
    workspace: &Workspace,
    components: &Components,
    plugins: &[Plugin],
) -> Result<Vec<PathBuf>> {
    let mut cargo = release_cargo(workspace, components, "build");
    for plugin in plugins {
        cargo.args(["--package", &plugin.package]);
    }
    succeed(&mut cargo, "building the plugins")?;
    let built = workspace.plugin_target().join("release");
    let folder = workspace.plugin_libraries();
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let libraries = plugins.iter().map(|plugin| {
        let library = folder.join(&plugin.library);
        replace(&built.join(&plugin.library), &library)?;
        Ok(library)
    });
    libraries.collect()
}

/// Makes cargo put a hash into the file name of a dynamic library in `deps/`, as it does for every other crate.
///
/// Tests of the plugins unify the features of their dependencies differently, so cargo compiles each plugin's
/// library in two variants. Without the hash both have one file name, and cargo takes whichever was compiled
/// last for either: a plugin's digest would depend on whether its tests have run.
const DISTINCT_LIBRARIES: &str = "__CARGO_DEFAULT_LIB_METADATA";

/// Whether [`DISTINCT_LIBRARIES`], which cargo does not document, still works: then tests may share the target
/// folder of the plugins and need not compile torch's bindings again.
fn libraries_are_distinct(target: &Path, plugins: &[Plugin]) -> bool {
    let deps = target.join("release/deps");
    !plugins
        .iter()
        .any(|plugin| deps.join(&plugin.library).exists())
}

/// A cargo command for the packages below `plugins/`: release profile, their own target folder, and flags
/// that keep every path of this machine out of the libraries.
///
/// All commands that touch this target folder must come from here: other flags would rebuild everything.
pub(crate) fn release_cargo(workspace: &Workspace, components: &Components, verb: &str) -> Command {
    in_target(workspace, components, verb, &workspace.plugin_target())
}

/// As [`release_cargo`], for `cargo test`.
pub(crate) fn release_test(workspace: &Workspace, components: &Components) -> Command {
    let mut target = workspace.plugin_target();
    if !libraries_are_distinct(&target, &all(workspace)) {
        target = workspace.target.join("plugin-tests");
    }
    in_target(workspace, components, "test", &target)
}

fn in_target(workspace: &Workspace, components: &Components, verb: &str, target: &Path) -> Command {
    let moves = path_moves(workspace, components, target);
    let rust = moves
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
    let rust: Vec<String> = rust.collect();
    // cc splits these like a shell, so a path may hold blanks.
    let cxx = moves
        .iter()
        .map(|(from, to)| quoted(&format!("-ffile-prefix-map={from}={to}")));
    let cxx: Vec<String> = cxx.collect();
    let mut cargo = cargo_in(workspace);
    cargo.args([verb, "--release", "--target-dir"]).arg(target);
    cargo
        .env(DISTINCT_LIBRARIES, "assay")
        .env("CARGO_ENCODED_RUSTFLAGS", rust.join("\x1f"))
        .env("CC_SHELL_ESCAPED_FLAGS", "1")
        .env("CFLAGS", cxx.join(" "))
        .env("CXXFLAGS", cxx.join(" "))
        .env("LIBTORCH", &components.libtorch)
        .env("LIBTORCH_CXX11_ABI", "1")
        .env("MUJOCO_DYNAMIC_LINK_DIR", components.mujoco.join("lib"));
    for other in OTHER_SOURCES {
        cargo.env_remove(other);
    }
    cargo
}

/// Variables that would make the plugins' build scripts or cargo look elsewhere.
const OTHER_SOURCES: [&str; 6] = [
    "CARGO_BUILD_TARGET",
    "LIBTORCH_INCLUDE",
    "LIBTORCH_LIB",
    "LIBTORCH_STATIC",
    "LIBTORCH_USE_PYTORCH",
    "MUJOCO_STATIC_LINK_DIR",
];

/// Folders of this machine and the names that stand for them in libraries. Later ones win in both compilers, and GCC
/// takes `/a/b` for the start of `/a/b-c` too: longer ones come last.
fn path_moves(
    workspace: &Workspace,
    components: &Components,
    target: &Path,
) -> Vec<(String, &'static str)> {
    let home = variable("HOME").map(|home| Path::new(&home).join(".cargo"));
    let cargo_home = variable("CARGO_HOME").map(PathBuf::from).or(home);
    let folders = [
        (cargo_home.as_deref(), "/cargo"),
        (Some(components.libtorch.as_path()), "/libtorch"),
        (Some(components.mujoco.as_path()), "/mujoco"),
        (Some(workspace.root.as_path()), "/assay"),
        (Some(target), "/target"),
    ];
    let mut moves = Vec::new();
    for (folder, name) in folders {
        let Some(folder) = folder else { continue };
        // Some tools resolve symbolic links in the paths they embed, some do not.
        let resolved = fs::canonicalize(folder)
            .ok()
            .filter(|resolved| resolved != folder);
        for path in resolved.iter().map(PathBuf::as_path).chain([folder]) {
            moves.push((path.to_string_lossy().into_owned(), name));
        }
    }
    moves.sort_by_key(|(from, _)| from.len());
    moves
}

fn quoted(text: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./=+:@,".contains(character);
    if text.chars().all(plain) {
        return text.to_string();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Copies a file under a temporary name and renames it; leaves `to` alone when it has the same bytes.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read `{}`", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let temporary = to.with_extension(format!("so.{}.tmp", std::process::id()));
    let written = fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&temporary, to))
        .with_context(|| format!("cannot write `{}`", to.display()))
}

/// Writes the metadata beside each library, unless it names the library's digest already.
pub(crate) fn seal(workspace: &Workspace, libraries: &[PathBuf]) -> Result<()> {
    let stale: Vec<&PathBuf> = libraries
        .iter()
        .filter(|library| !is_sealed(library))
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    let mut assay = workspace.assay_command();
    assay.args(["plugin", "seal"]).args(&stale);
    succeed(&mut assay, "sealing the plugins")?;
    match stale.iter().find(|library| !is_sealed(library)) {
        Some(library) => bail!(
            "`assay plugin seal` left no metadata with the digest of `{}`",
            library.display()
        ),
        None => Ok(()),
    }
}

/// `libx.so.toml` beside `libx.so`.
fn sidecar_of(library: &Path) -> PathBuf {
    let mut name = library.as_os_str().to_owned();
    name.push(".toml");
    PathBuf::from(name)
}

fn is_sealed(library: &Path) -> bool {
    let sidecar = fs::read_to_string(sidecar_of(library));
    let bytes = fs::read(library);
    match (sidecar, bytes) {
        (Ok(sidecar), Ok(bytes)) => {
            let digest = Sha256::digest(&bytes);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            sidecar.contains(&digest)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(name: &str) -> Plugin {
        Plugin {
            package: name.to_string(),
            library: format!("lib{name}.so"),
        }
    }

    #[test]
    fn only_selects_by_name_and_refuses_unknown_names() {
        let plugins = vec![plugin("awr"), plugin("iql")];
        assert_eq!(
            select(plugins.clone(), Some(&["iql"])).unwrap(),
            [plugin("iql")]
        );
        let error = select(plugins, Some(&["iqm"])).unwrap_err();
        assert!(error.to_string().contains("awr, iql"), "{error}");
    }

    #[test]
    fn quoting_survives_blanks_and_quotes() {
        assert_eq!(quoted("-f=/a/b=/c"), "-f=/a/b=/c");
        assert_eq!(quoted("/my cache"), "'/my cache'");
        assert_eq!(quoted("/it's"), "'/it'\\''s'");
    }

    #[test]
    fn replace_keeps_the_file_when_bytes_are_equal() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from.so", "to.so"].map(|name| folder.path().join(name));
        fs::write(&from, "one").unwrap();
        replace(&from, &to).unwrap();
        let before = fs::metadata(&to).unwrap().modified().unwrap();
        replace(&from, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), before);
        fs::write(&from, "two").unwrap();
        replace(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_library_is_sealed_when_its_metadata_names_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libx.so");
        fs::write(&library, "abc").unwrap();
        assert!(!is_sealed(&library));
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let sidecar = folder.path().join("libx.so.toml");
        fs::write(&sidecar, format!("digest = \"{digest}\"\n")).unwrap();
        assert!(is_sealed(&library));
        fs::write(&library, "abd").unwrap();
        assert!(!is_sealed(&library));
    }
}
