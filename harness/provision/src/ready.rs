//! `FILES.sha256` and `READY.json`: what a complete folder holds, and whether it still does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::recipe::Recipe;

/// All files with their SHA-256, in the format of `sha256sum`, so that `sha256sum -c` checks a folder too.
pub(crate) const LIST: &str = "FILES.sha256";
/// Written last: a folder without it is incomplete.
pub(crate) const READY: &str = "READY.json";

const FORMAT: u32 = 1;

/// Content of [`READY`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ready {
    format: u32,
    component: String,
    version: String,
    /// Wheel file name to SHA-256.
    wheels: BTreeMap<String, String>,
    /// SHA-256 of [`LIST`].
    list_sha256: String,
    /// Bytes of the files that are looked at on each use: all but the thousands of headers.
    bytes: BTreeMap<String, u64>,
}

/// One unpacked file.
#[derive(Debug)]
pub(crate) struct Unpacked {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Writes [`LIST`], then [`READY`]. `files` is keyed by path relative to `folder`.
pub(crate) fn write(
    folder: &Path,
    recipe: &Recipe,
    files: &BTreeMap<String, Unpacked>,
) -> Result<(), Error> {
    let mut list = String::new();
    for (path, file) in files {
        writeln!(list, "{}  {path}", file.sha256).expect("writing to a string does not fail");
    }
    let looked_at = files
        .iter()
        .filter(|(path, _)| !path.starts_with("include/"));
    let ready = Ready {
        format: FORMAT,
        component: recipe.name.to_string(),
        version: recipe.version.to_string(),
        wheels: pins(recipe),
        list_sha256: hex(&Sha256::digest(list.as_bytes())),
        bytes: looked_at
            .map(|(path, file)| (path.clone(), file.bytes))
            .collect(),
    };
    let mut json = serde_json::to_string_pretty(&ready).expect("strings and integers serialise");
    json.push('\n');
    for (name, content) in [(LIST, list), (READY, json)] {
        let path = folder.join(name);
        fs::write(&path, content).map_err(|source| Error::io("write", &path, source))?;
    }
    Ok(())
}

fn pins(recipe: &Recipe) -> BTreeMap<String, String> {
    let pairs = recipe.wheels.iter();
    pairs
        .map(|wheel| (wheel.file.to_string(), wheel.sha256.to_string()))
        .collect()
}

fn read(folder: &Path, recipe: &Recipe) -> Option<Ready> {
    let text = fs::read_to_string(folder.join(READY)).ok()?;
    let ready: Ready = serde_json::from_str(&text).ok()?;
    let matches = ready.format == FORMAT
        && ready.component == recipe.name
        && ready.version == recipe.version
        && ready.wheels == pins(recipe);
    matches.then_some(ready)
}

/// Cheap check for each use: made from the pinned wheels, and the libraries have their sizes.
pub(crate) fn is_complete(folder: &Path, recipe: &Recipe) -> bool {
    let Some(ready) = read(folder, recipe) else {
        return false;
    };
    let mut files = ready.bytes.iter();
    let sizes = files.all(|(path, bytes)| {
        fs::metadata(folder.join(path)).is_ok_and(|found| found.len() == *bytes)
    });
    let mut links = recipe.links.iter();
    sizes && links.all(|(link, _)| folder.join(link).exists())
}

/// Full check: reads every file. `advance` gets the bytes read after each file.
pub(crate) fn verify(
    folder: &Path,
    recipe: &Recipe,
    advance: &mut dyn FnMut(u64),
) -> Result<(), Error> {
    let damaged = |path: &Path, detail: String| Error::Damaged {
        path: path.to_path_buf(),
        detail,
    };
    let ready_path = folder.join(READY);
    let ready = read(folder, recipe).ok_or_else(|| {
        damaged(
            &ready_path,
            "unreadable, or made from other wheels".to_string(),
        )
    })?;
    let list_path = folder.join(LIST);
    let list =
        fs::read_to_string(&list_path).map_err(|source| Error::io("read", &list_path, source))?;
    let found = hex(&Sha256::digest(list.as_bytes()));
    if found != ready.list_sha256 {
        return Err(damaged(
            &list_path,
            format!("sha256 {found}, expected {}", ready.list_sha256),
        ));
    }
    let mut total = 0;
    for line in list.lines() {
        let Some((expected, name)) = line.split_once("  ") else {
            return Err(damaged(&list_path, format!("malformed line `{line}`")));
        };
        let path = folder.join(name);
        let (found, bytes) =
            sha256_file(&path).map_err(|source| damaged(&path, source.to_string()))?;
        if found != expected {
            return Err(damaged(
                &path,
                format!("sha256 {found}, expected {expected}"),
            ));
        }
        total += bytes;
        advance(total);
    }
    Ok(())
}

/// SHA-256 in lowercase hexadecimal, and the number of bytes read.
pub(crate) fn sha256_file(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((hex(&hasher.finalize()), total));
        }
        hasher.update(&buffer[..count]);
        total += count as u64;
    }
}

/// Lowercase hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}
