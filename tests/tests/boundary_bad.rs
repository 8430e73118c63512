//! Every deliberately bad plugin fails the suite for the stated reason, and every check has a plugin that fails it.

use conformance::{CaseResult, Ending, Outcome, checks};
use plugin_api::abi;
use plugin_host::{Error, Library, Sidecar};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const CHILD: &str = env!("CARGO_BIN_EXE_conformance-child");

/// What the suite must say about a fixture; see `fixtures/plugins/expected.toml`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    of: String,
    fault: Option<String>,
    check: String,
    says: Vec<String>,
    also: Option<Vec<String>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    row: Vec<Row>,
}

fn table() -> Vec<Row> {
    let text = include_str!("../fixtures/plugins/expected.toml");
    toml::from_str::<Table>(text)
        .expect("the table is valid")
        .row
}

fn explain(results: &[CaseResult]) -> String {
    let line = |r: &CaseResult| {
        let outcome = &r.outcome;
        format!(
            "{} {}: {}\n",
            outcome.word(),
            r.check,
            outcome.explanation()
        )
    };
    results.iter().map(line).collect()
}

/// The stated check fails with the stated words, and no check fails that the fault does not break.
fn judge(library: &Path, sidecar: &Sidecar, row: &Row) -> Result<(), String> {
    let of = Some(row.of.as_str()).filter(|of| *of != "-");
    let report = tests::run_checks(CHILD, library, sidecar, &[], of, 60);
    let list = explain(&report.results);
    let name = format!("{} {}", row.of, row.fault.as_deref().unwrap_or_default());
    let stated = report
        .results
        .iter()
        .find(|r| r.check == row.check && r.target.id() == of);
    let outcome = stated.map(|r| r.outcome.clone());
    let Some(Outcome::Failed { .. }) = &outcome else {
        return Err(format!("{name} does not fail {}\n{list}", row.check));
    };
    let explanation = outcome.map(|o| o.explanation()).unwrap_or_default();
    if let Some(words) = row.says.iter().find(|w| !explanation.contains(*w)) {
        return Err(format!("{name}: `{explanation}` does not say `{words}`"));
    }
    let (Some(also), Some(_)) = (&row.also, of) else {
        return Ok(());
    };
    let broken = report.results.iter().filter(|r| r.outcome.is_bad());
    let mut found: Vec<&str> = broken.map(|r| r.check).collect();
    let mut expected: Vec<&str> = also.iter().map(String::as_str).collect();
    expected.push(&row.check);
    found.sort_unstable();
    expected.sort_unstable();
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "{name} fails {found:?}, expected {expected:?}\n{list}"
    ))
}

fn all_as_stated(verdicts: impl Iterator<Item = Result<(), String>>) {
    let wrong: Vec<String> = verdicts.filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn bad_plugins(folder: &Path) -> (PathBuf, Sidecar) {
    let library = folder.join("libbad_plugins.so");
    std::fs::copy(tests::built_library("bad-plugins"), &library)
        .expect("the fixture can be copied");
    let sidecar = tests::metadata(&library);
    sidecar.write(&library).expect("the fixture can be sealed");
    (library, sidecar)
}

#[test]
fn bad_rust_fixtures_fail_for_the_stated_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (library, sidecar) = bad_plugins(folder.path());
    let rows = table().into_iter().filter(|row| row.fault.is_none());
    all_as_stated(rows.map(|row| judge(&library, &sidecar, &row)));
}

#[test]
fn every_rust_fixture_is_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let (_, sidecar) = bad_plugins(folder.path());
    let learners = sidecar.learners.iter().map(|m| m.id.as_str());
    let environments = sidecar.environments.iter().map(|m| m.id.as_str());
    let offered: BTreeSet<&str> = learners.chain(environments).collect();
    let table = table();
    let rust = table.iter().filter(|row| row.fault.is_none());
    let mut listed: BTreeSet<&str> = rust.map(|row| row.of.as_str()).collect();
    listed.extend(["aborts", "hangs"]);
    assert_eq!(offered, listed);
}

#[test]
fn every_check_has_a_fixture_that_fails_it() {
    let table = table();
    let stated: BTreeSet<&str> = table.iter().map(|row| row.check.as_str()).collect();
    let all: BTreeSet<&str> = checks().iter().map(|c| c.name).collect();
    let unproved: Vec<_> = all.difference(&stated).collect();
    assert!(unproved.is_empty(), "no bad fixture proves {unproved:?}");
}

fn bad_c(fault: &str, folder: &Path) -> PathBuf {
    let library = folder.join(format!("lib{}.so", fault.to_lowercase()));
    tests::compile_c("bad.c", &[&format!("-D{fault}")], &library);
    library
}

#[test]
fn bad_c_fixtures_fail_for_the_stated_reason() {
    let judged = |row: Row| {
        let folder = tempfile::tempdir().unwrap();
        let library = bad_c(row.fault.as_deref().unwrap(), folder.path());
        let sidecar = tests::metadata(&library);
        sidecar.write(&library).unwrap();
        judge(&library, &sidecar, &row)
    };
    let rows = table().into_iter().filter(|row| row.fault.is_some());
    all_as_stated(rows.map(judged));
}

#[test]
fn a_panic_poisons_every_instance_of_the_sdk() {
    let folder = tempfile::tempdir().unwrap();
    let (library, sidecar) = bad_plugins(folder.path());
    let of = Some("panics-in-update");
    let report = tests::run_checks(CHILD, &library, &sidecar, &["poisoning"], of, 60);
    assert_eq!(report.results[0].outcome, Outcome::Ok);
}

/// A child that dies or hangs is a typed result, and the other checks go on.
#[test]
fn crashes_and_hangs_are_results() {
    let folder = tempfile::tempdir().unwrap();
    let (library, sidecar) = bad_plugins(folder.path());
    let only = ["defaults", "same-seed"];
    let run = |library: &Path, sidecar: &Sidecar, of, timeout_s| {
        let report = tests::run_checks(CHILD, library, sidecar, &only, Some(of), timeout_s);
        assert_eq!(report.results[0].outcome, Outcome::Ok);
        assert!(!report.passed());
        report.results[1].outcome.clone()
    };
    let ending = |outcome: Outcome| match outcome {
        Outcome::Crashed { ending, .. } => ending,
        other => panic!("expected a crash, found {other:?}"),
    };
    let aborted = run(&library, &sidecar, "aborts", 60);
    assert_eq!(ending(aborted), Ending::Signal { signal: 6 });
    let hung = run(&library, &sidecar, "hangs", 3);
    assert_eq!(ending(hung), Ending::Timeout { limit_s: 3 });
    let crashing = bad_c("FAULT_SEGFAULT", folder.path());
    let sidecar = tests::metadata(&crashing);
    sidecar.write(&crashing).unwrap();
    let crashed = run(&crashing, &sidecar, "constant-c", 60);
    assert!(crashed.explanation().contains("SIGSEGV"), "{crashed:?}");
    assert_eq!(ending(crashed), Ending::Signal { signal: 11 });
}

#[test]
fn libraries_that_are_no_plugins_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |library: &Path| Library::open(library, None).err().unwrap();

    let error = refusal(&bad_c("FAULT_ABI", folder.path()));
    assert!(matches!(error, Error::Abi { .. }), "{error}");
    assert!(error.to_string().contains("needs ABI 99.0"), "{error}");
    let provides = format!("provides {}.{}", abi::ABI_MAJOR, abi::ABI_MINOR);
    assert!(error.to_string().contains(&provides), "{error}");
    assert!(error.hint().unwrap().contains("rebuild the plugin"));

    let error = refusal(&bad_c("FAULT_MINOR", folder.path()));
    assert!(matches!(error, Error::Abi { .. }), "{error}");
    let needs = format!("needs ABI {}.{}", abi::ABI_MAJOR, abi::ABI_MINOR + 1);
    assert!(error.to_string().contains(&needs), "{error}");

    let error = refusal(&bad_c("FAULT_NULL_ENTRY", folder.path()));
    assert!(matches!(error, Error::Descriptor { .. }), "{error}");
    assert!(error.to_string().contains("returned NULL"), "{error}");

    let no_entry = folder.path().join("libno_entry.so");
    tests::compile_c("no_entry.c", &[], &no_entry);
    let error = refusal(&no_entry);
    assert!(matches!(error, Error::NoEntry { .. }), "{error}");
    assert!(error.to_string().contains("assay_plugin_entry"), "{error}");

    let text = folder.path().join("libtext.so");
    std::fs::write(&text, "this is not a library\n").unwrap();
    let error = refusal(&text);
    assert!(matches!(error, Error::Load { .. }), "{error}");
    assert!(error.to_string().contains("libtext.so"), "{error}");

    let missing = folder.path().join("libmissing.so");
    assert!(matches!(refusal(&missing), Error::Io { .. }));
}
