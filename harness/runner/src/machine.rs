//! Facts about the machine, for provenance.

use crate::clock;
use std::collections::BTreeMap;
use std::path::Path;
use store::Provenance;

/// The provenance of a node finished now.
pub(crate) fn provenance(
    wall_time_s: f64,
    rate_per_s: f64,
    libraries: BTreeMap<String, String>,
) -> Provenance {
    Provenance {
        assay_version: env!("CARGO_PKG_VERSION").into(),
        commit: commit(),
        cpu: cpu_model().unwrap_or_else(|| "unknown".into()),
        cores: std::thread::available_parallelism().map_or(1, |n| n.get() as u32),
        system: system(),
        finished_unix_s: clock::unix_s(),
        wall_time_s,
        rate_per_s,
        resumed_from_update: 0,
        libraries,
        ms_per_action: None,
    }
}

/// The commit of the checkout that this executable lies in, read as git keeps it: no git is needed.
fn commit() -> Option<String> {
    let executable = std::env::current_exe().ok()?;
    let mark = executable.ancestors().map(|folder| folder.join(".git"));
    head(&mark.into_iter().find(|path| path.exists())?)
}

/// What `HEAD` of a repository says; `mark` is its `.git`, in a further worktree a file that names the folder.
fn head(mark: &Path) -> Option<String> {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let folder = match read(mark) {
        Some(text) => mark.parent()?.join(text.strip_prefix("gitdir:")?.trim()),
        None => mark.to_owned(),
    };
    let head = read(&folder.join("HEAD"))?;
    let Some(name) = head.trim().strip_prefix("ref:").map(str::trim) else {
        return is_commit(head.trim()).then(|| head.trim().to_owned());
    };
    // Branches belong to all worktrees.
    let common = match read(&folder.join("commondir")) {
        Some(path) => folder.join(path.trim()),
        None => folder,
    };
    let loose = read(&common.join(name)).map(|text| text.trim().to_owned());
    let packed = || {
        let text = read(&common.join("packed-refs"))?;
        let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
        let (commit, _) = pairs.find(|(_, known)| *known == name)?;
        Some(commit.to_owned())
    };
    loose.or_else(packed).filter(|commit| is_commit(commit))
}

fn is_commit(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|l| l.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn system() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} {}", std::env::consts::OS, kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_found_in_a_checkout_in_a_worktree_and_among_packed_names() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let (first, second) = ("1".repeat(40), "2".repeat(40));
        write("main/.git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(head(&folder.path().join("main/.git")), None);
        write(
            "main/.git/packed-refs",
            &format!("# pack-refs\n{first} refs/heads/main\n"),
        );
        assert_eq!(head(&folder.path().join("main/.git")), Some(first));
        write("main/.git/refs/heads/side", &format!("{second}\n"));
        write("main/.git/worktrees/side/HEAD", "ref: refs/heads/side\n");
        write("main/.git/worktrees/side/commondir", "../..\n");
        write("side/.git", "gitdir: ../main/.git/worktrees/side\n");
        assert_eq!(head(&folder.path().join("side/.git")), Some(second));
    }
}
