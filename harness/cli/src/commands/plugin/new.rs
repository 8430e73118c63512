//! `assay plugin new`: a standing crate for a new learner, outside the workspace, that finds the SDK and libtorch.

use super::scaffold::{Scaffold, files};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::progress::Download;
use crate::settings::Settings;
use clap::{Args, ValueEnum};
use plugin_host::Search;
use provision::Component;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay plugin new my-awr                     ./my-awr, a policy that uses a critic
  assay plugin new my-awr --dir ~/research    ~/research/my-awr

Then, in that folder:
  cargo build --release
  assay plugin check .
  assay run manifest.toml

Exit codes: 0 made, 2 the name or the folder will not do, 4 a file cannot be written.")]
pub(crate) struct NewArgs {
    /// Name of the crate and id of its learner: lower-case words joined by hyphens
    name: String,
    /// What the learner is
    #[arg(long, value_enum, default_value_t = Template::Policy)]
    template: Template,
    /// Folder in which the crate's folder is made
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    json: bool,
}

/// What a new crate starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Template {
    /// Policy extraction: requires a critic, provides a policy
    Policy,
}

impl Template {
    /// Folder of the installation.
    fn folder(self) -> &'static str {
        match self {
            Self::Policy => "plugins/template",
        }
    }
}

/// `assay plugin new`
pub(crate) fn run(args: &NewArgs, settings: &Settings) -> Outcome {
    let home = absolute(&settings.home)?;
    check_name(&args.name, &taken(&home, settings))?;
    let target = absolute(&args.dir)?.join(&args.name);
    if target.exists() {
        let text = format!("{} exists already", target.display());
        return Err(Refusal::new(Exit::Usage, text).hint("choose another name, or another --dir"));
    }
    let template = home.join(args.template.folder());
    if !template.join("src/lib.rs").is_file() {
        let text = format!(
            "{} is not there: the installation is incomplete",
            template.display()
        );
        return Err(
            Refusal::new(Exit::Execution, text).hint("set ASSAY_HOME to a clone of the repository")
        );
    }
    let scaffold = Scaffold {
        name: args.name.clone(),
        libtorch: libtorch(settings)?,
        template,
        home,
    };
    let files = files(&scaffold)?;
    write(&target, &files)?;
    report(&target, &files, args);
    Ok(Exit::Ok)
}

fn absolute(path: &Path) -> Result<PathBuf, Refusal> {
    let failed = |e| {
        Refusal::new(
            Exit::Usage,
            format!("cannot resolve {}: {e}", path.display()),
        )
    };
    path.canonicalize().map_err(failed)
}

/// The folder of libtorch, fetched if it is not there yet.
fn libtorch(settings: &Settings) -> Result<PathBuf, Refusal> {
    let provision = settings.provision()?;
    Ok(provision::ensure(
        provision,
        Component::Libtorch,
        &mut Download::new(),
    )?)
}

/// Ids that exist: built learners, the plugins of the installation, and the built-in stage.
fn taken(home: &Path, settings: &Settings) -> BTreeSet<String> {
    let mut taken: BTreeSet<String> = Search::new(&settings.plugin_path)
        .learner_ids()
        .into_iter()
        .collect();
    let plugins = std::fs::read_dir(home.join("plugins"));
    for entry in plugins.into_iter().flatten().flatten() {
        taken.insert(entry.file_name().to_string_lossy().into_owned());
    }
    taken.insert("oracle".into());
    taken
}

/// Names that cargo or the compiler gives another meaning.
const RESERVED: [&str; 8] = [
    "alloc",
    "core",
    "deps",
    "examples",
    "proc-macro",
    "std",
    "test",
    "build",
];

fn check_name(name: &str, taken: &BTreeSet<String>) -> Result<(), Refusal> {
    let usage = |text: String, hint: &str| Err(Refusal::new(Exit::Usage, text).hint(hint));
    let word = |w: &str| {
        !w.is_empty()
            && w.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.split('-').all(word) {
        return usage(
            format!("`{name}` is not a plugin name: expected lower-case words joined by hyphens"),
            "for example `my-awr`",
        );
    }
    // The crate's name is an identifier in paths, so a word of the language will not do.
    if RESERVED.contains(&name) || is_keyword(name) {
        return usage(
            format!("`{name}` has a meaning for the Rust compiler or cargo"),
            "add a word, for example `my-awr`",
        );
    }
    if taken.contains(name) {
        return usage(
            format!("a plugin or learner `{name}` exists already"),
            "ids are unique; `assay plugin list` shows those that are built",
        );
    }
    Ok(())
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &str = " abstract as async await become box break const continue crate do dyn else enum extern \
        false final fn for gen if impl in let loop macro match mod move mut override priv pub ref return self static \
        struct super trait true try type typeof union unsafe unsized use virtual where while yield ";
    KEYWORDS.contains(&format!(" {name} "))
}

/// Writes everything into a neighbouring folder first, so that `target` is whole or absent.
fn write(target: &Path, files: &[(PathBuf, String)]) -> Result<(), Refusal> {
    let failed = |path: &Path, e: &std::io::Error| {
        Refusal::new(
            Exit::Execution,
            format!("cannot write {}: {e}", path.display()),
        )
    };
    let parent = target.parent().unwrap_or(Path::new("/"));
    let draft = tempfile::Builder::new()
        .prefix(".assay-plugin-new-")
        .tempdir_in(parent)
        .map_err(|e| failed(parent, &e))?;
    let inner = draft.path().join("crate");
    for (path, text) in files {
        let path = inner.join(path);
        let folder = path.parent().unwrap_or(&inner);
        std::fs::create_dir_all(folder).map_err(|e| failed(folder, &e))?;
        std::fs::write(&path, text).map_err(|e| failed(&path, &e))?;
    }
    std::fs::rename(&inner, target).map_err(|e| failed(target, &e))
}

fn report(target: &Path, files: &[(PathBuf, String)], args: &NewArgs) {
    if args.json {
        let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
        let made = serde_json::json!({ "name": args.name, "folder": target, "files": paths });
        output::data(&made.to_string());
        return;
    }
    let shown = files
        .iter()
        .map(|(path, _)| path.display().to_string())
        .filter(|path| !path.starts_with('.') && path != "Cargo.lock");
    let shown: Vec<String> = shown.collect();
    output::data(&format!(
        "created {}/  ({})\n  1  cargo build --release\n  2  assay plugin check .\n  3  assay run manifest.toml          compares {} with awr and ddpg-bc on cbandit",
        target.display(),
        shown.join(", "),
        args.name
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let taken = BTreeSet::from(["awr".to_owned()]);
        for good in ["my-awr", "a", "awr2", "iql-v2"] {
            assert!(check_name(good, &taken).is_ok(), "{good}");
        }
        for bad in [
            "", "My-awr", "my_awr", "-a", "a-", "a--b", "2a", "../a", "awr", "test", "match",
        ] {
            let refusal = check_name(bad, &taken).unwrap_err();
            assert_eq!(refusal.exit, Exit::Usage, "{bad}");
            assert!(refusal.hint.is_some(), "{bad}");
        }
    }

    #[test]
    fn a_crate_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("demo");
        let files = [("src/lib.rs", "one"), ("Cargo.toml", "two")];
        let files = files.map(|(path, text)| (PathBuf::from(path), text.to_owned()));
        write(&target, &files).unwrap();
        assert_eq!(
            std::fs::read_to_string(target.join("src/lib.rs")).unwrap(),
            "one"
        );
        // A path that cannot be made: nothing appears.
        let bad = [("a", ""), ("a/b", "")].map(|(p, t)| (PathBuf::from(p), t.to_owned()));
        let second = folder.path().join("second");
        assert_eq!(write(&second, &bad).unwrap_err().exit, Exit::Execution);
        let left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
