//! Which Python runs the child, and which packages it must have.
//!
//! Both are said by files of the model folder: [`PACKAGES`], whose digest is part of an evaluation's id, and
//! [`INTERPRETER`], a path, which is in no id.

use crate::frame::Request;
use crate::trouble::Trouble;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The interpreter's version and everything installed for it, a line each.
pub(crate) const PACKAGES: &str = "gymnasium-python.txt";
/// The absolute path of the interpreter.
pub(crate) const INTERPRETER: &str = "gymnasium-interpreter";

/// How many differing lines a message names.
const NAMED: usize = 4;

/// An interpreter with the packages that were planned with.
#[derive(Clone, Debug)]
pub(crate) struct Interpreter {
    pub(crate) python: PathBuf,
    pub(crate) packages: String,
}

impl Interpreter {
    /// Reads the two files.
    pub(crate) fn of_folder(model_dir: &Path) -> Result<Self, Trouble> {
        let read = |name: &str| {
            let file = model_dir.join(name);
            std::fs::read_to_string(&file).map_err(|error| Trouble::NotSetUp {
                file,
                reason: error.to_string(),
            })
        };
        let packages = read(PACKAGES)?;
        let python = PathBuf::from(read(INTERPRETER)?.trim_end_matches('\n'));
        if python.is_absolute() {
            return Ok(Self { python, packages });
        }
        Err(Trouble::NotSetUp {
            file: model_dir.join(INTERPRETER),
            reason: format!("`{}` is no absolute path", python.display()),
        })
    }

    /// Whether `found`, what the child lists, is what was planned with.
    pub(crate) fn check(&self, found: &str) -> Result<(), Trouble> {
        if found == self.packages {
            return Ok(());
        }
        let lines = |text: &'_ str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let (planned, found) = (lines(&self.packages), lines(found));
        let mut gone: Vec<String> = planned
            .difference(&found)
            .map(|l| format!("-{l}"))
            .collect();
        gone.extend(found.difference(&planned).map(|l| format!("+{l}")));
        let more = gone.len().saturating_sub(NAMED);
        gone.truncate(NAMED);
        let mut difference = gone.join(", ");
        if more > 0 {
            difference = format!("{difference} and {more} more");
        }
        Err(Trouble::OtherPackages {
            python: self.python.clone(),
            difference,
        })
    }

    /// The failure that the child reports under `code`.
    pub(crate) fn reported(&self, code: u32, text: String, call: Request, id: &str) -> Trouble {
        match code {
            1 => Trouble::UnknownName {
                id: id.to_owned(),
                reason: text,
            },
            2 => {
                let (package, detail) = text.split_once('\n').unwrap_or((&text, ""));
                Trouble::PackageMissing {
                    python: self.python.clone(),
                    package: package.to_owned(),
                    detail: detail.to_owned(),
                }
            }
            3 => Trouble::Unsupported {
                id: id.to_owned(),
                reason: text,
            },
            5 => Trouble::Misused { call, reason: text },
            _ => Trouble::Raised {
                call,
                exception: text,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_both_sides() {
        let interpreter = Interpreter {
            python: "/p".into(),
            packages: "cpython 3.11.7\nmujoco==3.9.0\nnumpy==2.3.5\n".into(),
        };
        assert!(interpreter.check(&interpreter.packages).is_ok());
        let found = interpreter.check("cpython 3.11.7\nmujoco==3.10.0\nnumpy==2.3.5\n");
        let Err(Trouble::OtherPackages { difference, .. }) = found else {
            panic!("{found:?}");
        };
        assert_eq!(difference, "-mujoco==3.9.0, +mujoco==3.10.0");
    }

    /// Two processes list packages, one when the interpreter is set up and one when it is used.
    #[test]
    fn both_sides_list_packages_alike() {
        let function = |text: &'static str| {
            let start = text.find("def packages():").unwrap();
            let end = text[start..].find("\n\n\n").unwrap();
            &text[start..start + end]
        };
        let written = include_str!("../../../harness/provision/src/packages.py");
        assert_eq!(function(crate::child::SOURCE), function(written));
    }

    #[test]
    fn an_empty_folder_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let trouble = Interpreter::of_folder(folder.path()).unwrap_err();
        assert_eq!(trouble.name(), "not-set-up");
        let failure = plugin_api::Failure::from(trouble);
        assert!(
            failure.message.contains("doctor --create gymnasium"),
            "{failure}"
        );
        std::fs::write(folder.path().join(PACKAGES), "").unwrap();
        std::fs::write(folder.path().join(INTERPRETER), "python3\n").unwrap();
        let failure = plugin_api::Failure::from(Interpreter::of_folder(folder.path()).unwrap_err());
        assert!(failure.message.contains("no absolute path"), "{failure}");
    }
}
