//! Everything that a change must pass.

use std::process::Command;

use anyhow::Result;

use crate::command::{cargo_in, status};
use crate::plugins::{plugin_packages, release_cargo};
use crate::quickstart::prepare;
use crate::setup::Components;
use crate::workspace::Workspace;
use crate::{no_arguments, test, tidy};

/// `cargo xtask check`: runs every step, cheapest first, and says at the end which failed.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<u8> {
    no_arguments("check", arguments)?;
    let mut results = Vec::new();
    let format = status(cargo_in(workspace).args(["fmt", "--all", "--check"]))?;
    results.push(("format", format.success()));
    results.push(("tidy", tidy::run(workspace, &[])? == 0));
    let components = prepare(workspace)?;
    for (name, mut command) in lints_and_documentation(workspace, &components) {
        results.push((name, status(&mut command)?.success()));
    }
    results.push(("tests", test::all_pass(workspace, &components, &[])?));
    for (name, pass) in &results {
        eprintln!("{:6} {name}", if *pass { "ok" } else { "FAILED" });
    }
    Ok(u8::from(results.iter().any(|(_, pass)| !pass)))
}

fn lints_and_documentation(
    workspace: &Workspace,
    components: &Components,
) -> [(&'static str, Command); 4] {
    let packages = || plugin_packages(workspace).flat_map(|package| ["--package", &package.name]);
    let deny = ["--", "-D", "warnings"];

    let mut harness_lints = cargo_in(workspace);
    harness_lints.args(["clippy", "--all-targets"]).args(deny);
    let mut plugin_lints = release_cargo(workspace, components, "clippy");
    plugin_lints
        .arg("--all-targets")
        .args(packages())
        .args(deny);

    let mut harness_pages = cargo_in(workspace);
    harness_pages
        .args(["doc", "--no-deps"])
        .env("RUSTDOCFLAGS", "-D warnings");
    let mut plugin_pages = release_cargo(workspace, components, "doc");
    plugin_pages
        .arg("--no-deps")
        .args(packages())
        .env("RUSTDOCFLAGS", "-D warnings");
    [
        ("lints of the harness", harness_lints),
        ("lints of the plugins", plugin_lints),
        ("documentation of the harness", harness_pages),
        ("documentation of the plugins", plugin_pages),
    ]
}
