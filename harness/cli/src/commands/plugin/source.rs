//! From what the user names (a library file or a crate's folder) to a library file.

use crate::exit::{Exit, Refusal};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The library that `path` means: itself, or `target/release/lib<name>.so` of the crate in that folder.
pub(super) fn library(path: &Path) -> Result<PathBuf, Refusal> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    if !path.is_dir() {
        let text = format!("{} does not exist", path.display());
        return Err(Refusal::new(Exit::Usage, text)
            .hint("name a plugin's library (.so) or the folder of its crate"));
    }
    let name = library_name(path)?;
    let library = path.join("target/release").join(format!("lib{name}.so"));
    let build = format!("run `cargo build --release` in {}", path.display());
    let Ok(built) = std::fs::metadata(&library).and_then(|m| m.modified()) else {
        let text = format!(
            "{} is not built: {} does not exist",
            path.display(),
            library.display()
        );
        return Err(Refusal::new(Exit::Execution, text).hint(build));
    };
    match newest_source(&library) {
        Some((source, changed)) if changed > built => {
            let text = format!("{} is newer than {}", source.display(), library.display());
            Err(Refusal::new(Exit::Execution, text).hint(build))
        }
        _ => Ok(library),
    }
}

/// The name of the crate's library: `[lib] name`, or the package's name with underscores.
fn library_name(folder: &Path) -> Result<String, Refusal> {
    let file = folder.join("Cargo.toml");
    let usage = |text: String| {
        Refusal::new(Exit::Usage, text).hint("name the folder of a plugin's crate, or its library")
    };
    let text = std::fs::read_to_string(&file)
        .map_err(|e| usage(format!("cannot read {}: {e}", file.display())))?;
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| usage(format!("{}: {}", file.display(), e.message())))?;
    let text_at = |section: &str| Some(table.get(section)?.get("name")?.as_str()?.to_owned());
    text_at("lib")
        .or_else(|| text_at("package").map(|name| name.replace('-', "_")))
        .ok_or_else(|| usage(format!("{} has no package name", file.display())))
}

/// The source that was changed last, among those that cargo noted beside the library when it was built.
fn newest_source(library: &Path) -> Option<(PathBuf, SystemTime)> {
    let noted = std::fs::read_to_string(library.with_extension("d")).ok()?;
    let changed = |path: PathBuf| Some((std::fs::metadata(&path).ok()?.modified().ok()?, path));
    let newest = noted_sources(&noted).into_iter().filter_map(changed).max();
    newest.map(|(time, path)| (path, time))
}

/// The prerequisites in a line of a make file; blanks within a path are escaped by a backslash.
fn noted_sources(text: &str) -> Vec<PathBuf> {
    let Some((_, sources)) = text.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let marked = sources.replace("\\ ", "\u{0}");
    let paths = marked.split(' ').filter(|p| !p.is_empty());
    paths
        .map(|p| PathBuf::from(p.replace('\u{0}', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path, text: &str, seconds: u64) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        let file = std::fs::File::options().append(true).open(path).unwrap();
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        file.set_modified(time).unwrap();
    }

    #[test]
    fn a_folder_means_its_release_library_unless_sources_are_newer() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("my crate");
        touch(
            &root.join("Cargo.toml"),
            "[package]\nname = \"my-awr\"\n",
            9_000,
        );
        let refusal = library(&root).unwrap_err();
        assert!(refusal.message.contains("is not built"), "{refusal}");
        assert_eq!(refusal.exit, Exit::Execution);
        let source = root.join("src/lib.rs");
        let built = root.join("target/release/libmy_awr.so");
        let escape = |path: &Path| path.display().to_string().replace(' ', "\\ ");
        let noted = format!("{}: {}\n", escape(&built), escape(&source));
        touch(&source, "", 2_000);
        touch(&built, "", 3_000);
        touch(&built.with_extension("d"), &noted, 3_000);
        assert_eq!(library(&root).unwrap(), built);
        touch(&source, "", 4_000);
        let refusal = library(&root).unwrap_err();
        assert!(refusal.message.contains("src/lib.rs is newer"), "{refusal}");
    }

    #[test]
    fn the_library_may_have_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[package]\nname = \"a\"\n[lib]\nname = \"b\"\n";
        touch(&folder.path().join("Cargo.toml"), text, 1);
        assert_eq!(library_name(folder.path()).unwrap(), "b");
    }

    #[test]
    fn other_paths_are_usage_errors() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("missing.so")] {
            assert_eq!(library(&path).unwrap_err().exit, Exit::Usage);
        }
    }
}
