//! Developer tasks: quickstart, test, check, tidy.
fn main() {}
