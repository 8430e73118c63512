//! The `assay` executable.

fn main() -> std::process::ExitCode {
    cli::main()
}
