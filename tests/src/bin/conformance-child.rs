//! The child process of the conformance suite in tests: `conformance-child LIBRARY CHECK LEARNER|- RESULT`.

use conformance::{Case, Subject, run_one, write_result};
use std::path::{Path, PathBuf};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, check, of, result] = arguments.as_slice() else {
        panic!("expected LIBRARY CHECK LEARNER|- RESULT, found {arguments:?}");
    };
    let sidecar = plugin_host::Sidecar::read(Path::new(library)).expect("the fixture is sealed");
    let of = Some(of.as_str()).filter(|of| *of != "-");
    let case = Case::named(&sidecar, check, of).expect("the case exists");
    let subject = Subject {
        library: PathBuf::from(library),
        runtimes: Vec::new(),
        model_dir: PathBuf::new(),
    };
    write_result(Path::new(result), &run_one(&case, &subject)).expect("the result can be written");
}
