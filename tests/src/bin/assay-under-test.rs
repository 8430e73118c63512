//! The `assay` executable as the end-to-end tests run it: cargo makes only a package's own binaries known to its tests.

fn main() -> std::process::ExitCode {
    cli::main()
}
