//! All tests, with everything they need set up first.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::command::{cargo_in, status};
use crate::plugins::{plugin_packages, release_test};
use crate::quickstart::prepare;
use crate::setup::{Components, models_on_demand};
use crate::workspace::{Workspace, variable};

/// `cargo xtask test [cargo test arguments]`
///
/// Without arguments: the harness, then the plugins. With arguments: one `cargo test` with them, for the
/// plugins when they name a package below `plugins/`, else for the harness.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<u8> {
    let components = prepare(workspace)?;
    Ok(u8::from(!all_pass(workspace, &components, arguments)?))
}

/// Runs the tests; false if any failed. Cargo prints its usual lines.
pub(crate) fn all_pass(
    workspace: &Workspace,
    components: &Components,
    arguments: &[String],
) -> Result<bool> {
    let names: Vec<&str> = plugin_packages(workspace)
        .map(|package| package.name.as_str())
        .collect();
    if arguments.is_empty() || names_plugin(arguments, &["mujoco"]) {
        models_on_demand(workspace)?;
    }
    let mut commands = Vec::new();
    if arguments.is_empty() {
        let mut harness = harness_command(workspace);
        harness.arg("--no-fail-fast");
        let mut plugins = plugin_command(workspace, components);
        plugins.arg("--no-fail-fast");
        plugins.args(names.iter().flat_map(|name| ["--package", name]));
        commands.extend([harness, plugins]);
    } else {
        let mut command = match names_plugin(arguments, &names) {
            true => plugin_command(workspace, components),
            false => harness_command(workspace),
        };
        command.args(arguments);
        commands.push(command);
    }
    let mut pass = true;
    for command in &mut commands {
        with_test_environment(workspace, command);
        pass &= status(command)?.success();
    }
    Ok(pass)
}

fn harness_command(workspace: &Workspace) -> Command {
    let mut cargo = cargo_in(workspace);
    cargo.arg("test");
    cargo
}

/// Test executables of plugins are linked with libtorch and, unlike a worker, do not load it first.
fn plugin_command(workspace: &Workspace, components: &Components) -> Command {
    let mut cargo = release_test(workspace, components);
    let mut search = OsString::from(components.libtorch.join("lib"));
    search.push(":");
    search.push(components.mujoco.join("lib"));
    if let Some(own) = variable("LD_LIBRARY_PATH") {
        search.push(":");
        search.push(own);
    }
    cargo.env("LD_LIBRARY_PATH", search);
    cargo
}

fn with_test_environment(workspace: &Workspace, command: &mut Command) {
    command
        .env("ASSAY_CACHE", &workspace.settings.cache)
        .env("ASSAY_TEST_MODELS", &workspace.settings.cache)
        .env("ASSAY_TEST_PLUGINS", workspace.plugin_libraries())
        .env("ASSAY_TEST_BINARY", workspace.assay());
}

/// Whether `-p x`, `--package x` or `--package=x` names one of `plugins`.
fn names_plugin(arguments: &[String], plugins: &[&str]) -> bool {
    let before_separator = || arguments.iter().take_while(|argument| *argument != "--");
    let pairs = before_separator().zip(before_separator().skip(1));
    let separate = pairs
        .filter(|(flag, _)| *flag == "-p" || *flag == "--package")
        .map(|(_, name)| name.as_str());
    let joined = before_separator().filter_map(|argument| argument.strip_prefix("--package="));
    separate.chain(joined).any(|name| plugins.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> bool {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        names_plugin(&arguments, &["iql", "nn"])
    }

    #[test]
    fn package_arguments_choose_the_target_folder() {
        assert!(names(&["-p", "iql"]));
        assert!(names(&["--lib", "--package=nn"]));
        assert!(!names(&["-p", "runner"]));
        assert!(!names(&["iql"]));
        assert!(!names(&["-p", "runner", "--", "-p", "iql"]));
    }
}
