//! What the end-to-end tests share: where fixtures are, how C fixtures are compiled, how the suite's child is started.

use conformance::{Case, Report, Suite, run_suite};
use plugin_host::{Library, Sidecar};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests folder lies in the repository")
}

/// A fixture below `tests/fixtures`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(path)
}

/// The library that cargo built from a dev-dependency of this package, e.g. `good-plugins`.
///
/// It lies beside the test binary; the copy one folder higher can be stale.
pub fn built_library(package: &str) -> PathBuf {
    let file = format!("lib{}.so", package.replace('-', "_"));
    let binary = std::env::current_exe().expect("a test binary knows its path");
    let library = binary.with_file_name(file);
    assert!(
        library.is_file(),
        "cargo did not build {}",
        library.display()
    );
    library
}

/// Compiles a C fixture of `tests/fixtures/plugins/c-plugin` into the shared library `output`.
pub fn compile_c(source: &str, flags: &[&str], output: &Path) {
    let mut arguments: Vec<PathBuf> = ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
        .iter()
        .chain(flags)
        .map(PathBuf::from)
        .collect();
    arguments.push(fixture("plugins/c-plugin").join(source));
    arguments.extend([PathBuf::from("-o"), output.to_owned()]);
    compile(&arguments);
}

/// As [`compile_c`], against the header of ABI 1.0.
pub fn compile_c_of_abi_1_0(source: &str, output: &Path) {
    let folder = fixture("plugins/c-plugin");
    let flags = [
        "-std=c99",
        "-pedantic",
        "-shared",
        "-fPIC",
        "-Wall",
        "-Werror",
    ];
    let mut arguments: Vec<PathBuf> = flags.iter().map(PathBuf::from).collect();
    arguments.extend([folder.join(source), "-o".into(), output.to_owned()]);
    compile_against(&folder.join("abi-1.0"), &arguments);
}

/// Runs the system's C compiler with the header's folder on its path.
pub fn compile(arguments: &[PathBuf]) {
    compile_against(&root().join("harness/plugin-api/include"), arguments);
}

fn compile_against(include: &Path, arguments: &[PathBuf]) {
    for compiler in ["cc", "gcc", "clang"] {
        let mut command = Command::new(compiler);
        let output = command.arg("-I").arg(include).args(arguments).output();
        match output {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => panic!("cannot run {compiler}: {e}"),
            Ok(output) if output.status.success() => return,
            Ok(output) => panic!(
                "{compiler} failed:\n{}",
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }
    panic!("found none of cc, gcc, clang: a C compiler is needed for the C fixtures");
}

/// Runs the suite on `library`, whose metadata is `sidecar`, through the child binary of this package.
pub fn run_checks(
    child: &str,
    library: &Path,
    sidecar: &Sidecar,
    only: &[&str],
    of: Option<&str>,
    timeout_s: u64,
) -> Report {
    let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
    let cases = conformance::cases(sidecar, &only, of).expect("the named checks exist");
    let spawn = |case: &Case, result: &Path| {
        let mut command = Command::new(child);
        command
            .arg(library)
            .arg(case.check.name)
            .arg(case.target.id().unwrap_or("-"))
            .arg(result);
        command
    };
    let suite = Suite {
        spawn: &spawn,
        timeout: Duration::from_secs(timeout_s),
        jobs: 2,
    };
    run_suite(&cases, &suite, &mut |_| {}).expect("the child can be started")
}

/// The metadata of a fixture that can be loaded into this process without harm.
pub fn metadata(library: &Path) -> Sidecar {
    Library::open(library, None)
        .and_then(|library| library.sidecar())
        .expect("the fixture can be loaded")
}

/// A path that `cargo xtask test` provides, or nothing, with the reason for skipping on stdout.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the one place where tests of the boundary read the environment and say why they skip"
)]
pub fn provided(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        println!("skipped: {variable} is not set; `cargo xtask test` sets it");
    }
    path
}
