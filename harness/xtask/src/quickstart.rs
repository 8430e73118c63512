//! From clone to first table.

use anyhow::Result;

use crate::command::{cargo_in, status, succeed};
use crate::workspace::Workspace;
use crate::{EXECUTION_FAILED, plugins, setup};

/// `cargo xtask quickstart [run arguments]`
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<u8> {
    prepare(workspace)?;
    let mut assay = workspace.assay_command();
    assay.args(["run", "manifests/quickstart.toml", "--show"]);
    assay.args(arguments);
    let status = status(&mut assay)?;
    if status.success() {
        eprintln!(
            "\nnext   cargo assay plugin new my-algorithm     scaffold your own learner\n       \
             cargo assay --help                      all verbs\n       \
             cargo xtask test                        all tests"
        );
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(EXECUTION_FAILED))
}

/// Everything that a run needs: components, `assay`, sealed plugins. Does nothing anew the second time.
pub(crate) fn prepare(workspace: &Workspace) -> Result<setup::Components> {
    let plugins = plugins::all(workspace);
    let libraries = workspace.plugin_libraries();
    let first = !workspace.assay().exists()
        || plugins
            .iter()
            .any(|plugin| !libraries.join(&plugin.library).exists());
    if first {
        setup::require_cxx()?;
    }
    let components = setup::components(workspace)?;
    if first {
        eprintln!(
            "building assay and {} plugins (about 10 min the first time on 2 cores)",
            plugins.len()
        );
    }
    let build_plugins = || plugins::build(workspace, &components, &plugins);
    let built = if first {
        build_assay(workspace)?;
        build_plugins()?
    } else {
        // Mostly two cargos that find nothing to do, in two target folders.
        let (assay, built) = std::thread::scope(|scope| {
            let assay = scope.spawn(|| build_assay(workspace));
            let built = build_plugins();
            (assay.join().expect("building does not panic"), built)
        });
        assay?;
        built?
    };
    plugins::seal(workspace, &built)?;
    Ok(components)
}

/// Builds the `assay` binary with the profile that tests use.
pub(crate) fn build_assay(workspace: &Workspace) -> Result<()> {
    succeed(
        cargo_in(workspace).args(["build", "--package", "cli"]),
        "building assay",
    )
}
