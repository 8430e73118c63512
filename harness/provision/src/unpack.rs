//! Takes the wanted entries out of wheel files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component as Part, Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::error::Error;
use crate::ready::{Unpacked, hex};
use crate::recipe::{Recipe, Wheel};

/// Unpacks `wheels` (file paths in the recipe's order) into `folder` and adds the recipe's texts and links.
/// Returns all files by path relative to `folder`. `advance` gets bytes written so far.
pub(crate) fn unpack(
    recipe: &Recipe,
    wheels: &[PathBuf],
    folder: &Path,
    advance: &mut dyn FnMut(u64),
) -> Result<BTreeMap<String, Unpacked>, Error> {
    let mut files = BTreeMap::new();
    for (wheel, path) in recipe.wheels.iter().zip(wheels) {
        unpack_wheel(wheel, path, folder, &mut files, advance)?;
    }
    for (name, content) in recipe.texts {
        let file = write_file(&folder.join(name), &mut content.as_bytes(), &mut |_| {})?;
        files.insert((*name).to_string(), file);
    }
    for (link, target) in recipe.links {
        let path = folder.join(link);
        std::os::unix::fs::symlink(target, &path)
            .map_err(|source| Error::io("create", &path, source))?;
    }
    Ok(files)
}

fn unpack_wheel(
    wheel: &Wheel,
    path: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, Unpacked>,
    advance: &mut dyn FnMut(u64),
) -> Result<(), Error> {
    let bad = |detail: String| Error::BadWheel {
        path: path.to_path_buf(),
        detail,
    };
    let file = File::open(path).map_err(|source| Error::io("open", path, source))?;
    let mut archive = ZipArchive::new(file).map_err(|error| bad(error.to_string()))?;
    let mut matched = vec![false; wheel.picks.len()];
    for index in 0..archive.len() {
        let name = archive.name_for_index(index);
        let name = name
            .transpose()
            .map_err(|error| bad(error.to_string()))?
            .unwrap_or_default();
        let mut picks = wheel.picks.iter().enumerate();
        let Some((pick, target)) = picks.find_map(|(pick, rule)| Some((pick, rule.target(&name)?)))
        else {
            continue;
        };
        if !stays_below(&target) {
            return Err(bad(format!("entry `{name}` leads out of the folder")));
        }
        let before: u64 = files.values().map(|file| file.bytes).sum();
        let mut entry = archive
            .by_index(index)
            .map_err(|error| bad(error.to_string()))?;
        let written = write_file(&folder.join(&target), &mut entry, &mut |bytes| {
            advance(before + bytes);
        });
        let written = written.map_err(|error| match error {
            Error::Io {
                action: "unpack",
                source,
                ..
            } => bad(source.to_string()),
            other => other,
        })?;
        files.insert(target, written);
        matched[pick] = true;
    }
    match matched.iter().position(|matched| !matched) {
        Some(pick) => Err(bad(format!("no entry for {:?}", wheel.picks[pick]))),
        None => Ok(()),
    }
}

/// Whether a relative path has plain parts only.
fn stays_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    parts.all(|part| matches!(part, Part::Normal(_)))
}

/// Writes what `source` gives, hashing on the way. A failure to read has the action `unpack`.
fn write_file(
    path: &Path,
    source: &mut dyn Read,
    advance: &mut dyn FnMut(u64),
) -> Result<Unpacked, Error> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|source| Error::io("create", parent, source))?;
    let mut file = File::create_new(path).map_err(|source| Error::io("create", path, source))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let count = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io("unpack", path, error)),
        };
        file.write_all(&buffer[..count])
            .map_err(|source| Error::io("write", path, source))?;
        hasher.update(&buffer[..count]);
        bytes += count as u64;
        advance(bytes);
    }
    let sha256 = hex(&hasher.finalize());
    Ok(Unpacked { bytes, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_stay_below() {
        assert!(stays_below("include/a/b.h"));
        assert!(!stays_below("include/../../b.h"));
        assert!(!stays_below("/etc/passwd"));
    }
}
