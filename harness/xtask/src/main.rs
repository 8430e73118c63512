//! Developer tasks, run as `cargo xtask <command>`: set up, build, test and check this repository.
//!
//! `quickstart` and `test` need nothing but a Rust toolchain, a C++ compiler and Python 3 with pip.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "xtask is a command line program: what it does it says on the terminal"
)]

mod check;
mod command;
mod metadata;
mod plugins;
mod progress;
mod quickstart;
mod setup;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use crate::workspace::Workspace;

const HELP: &str = "\
Developer tasks of Assay.

usage: cargo xtask <command> [arguments]

commands
  quickstart [run arguments]   set up, build, and run manifests/quickstart.toml: from clone to first table
  test [cargo test arguments]  set up, build, and run all tests
  check                        format, lints, tidy, all tests, documentation: what a change must pass
  tidy                         only the rules of this repository that no other tool knows
  plugins [--only a,b]         build the plugins into target/plugins/lib and seal them
  provision [--verify]         only fetch libtorch, MuJoCo and model files into the cache (or read them all again)

examples
  cargo xtask quickstart
  cargo xtask plugins --only iql,awr
  cargo xtask test --test end_to_end
  ASSAY_CACHE=/big/assay cargo xtask provision

environment
  ASSAY_CACHE    where libtorch and MuJoCo are kept   (default: $XDG_CACHE_HOME/assay or ~/.cache/assay)
  LIBTORCH       a libtorch 2.11.0 that you already have, used instead
  ASSAY_MUJOCO   a MuJoCo 3.9.0 that you already have, used instead
  ASSAY_WHEELS   a folder with the wheel files, used instead of the network
  ASSAY_PYTHON   the Python whose pip downloads       (default: python3)

exit codes: 0 ok, 1 a test or check failed, 2 usage, 4 set-up or build failed; quickstart: also those of `assay run`";

const USAGE: u8 = 2;
const EXECUTION_FAILED: u8 = 4;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(command) = arguments.next() else {
        eprintln!("{HELP}");
        return ExitCode::from(USAGE);
    };
    let rest: Vec<String> = arguments.collect();
    if matches!(command.as_str(), "--help" | "-h" | "help") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let run = match command.as_str() {
        "quickstart" => quickstart::run,
        "test" => test::run,
        "check" => check::run,
        "tidy" => tidy::run,
        "plugins" => plugins::run,
        "provision" => setup::run,
        unknown => {
            eprintln!("error: unknown command `{unknown}`\n\n{HELP}");
            return ExitCode::from(USAGE);
        }
    };
    match Workspace::find().and_then(|workspace| run(&workspace, &rest)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(
                error
                    .downcast_ref::<BadUsage>()
                    .map_or(EXECUTION_FAILED, |_| USAGE),
            )
        }
    }
}

/// Arguments that a command does not take.
#[derive(Debug)]
struct BadUsage(String);

impl std::fmt::Display for BadUsage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} (see `cargo xtask --help`)", self.0)
    }
}

impl std::error::Error for BadUsage {}

/// Refuses arguments of a command that takes none.
fn no_arguments(command: &str, arguments: &[String]) -> anyhow::Result<()> {
    match arguments.first() {
        None => Ok(()),
        Some(first) => {
            Err(BadUsage(format!("`{command}` takes no argument, found `{first}`")).into())
        }
    }
}
