//! Solutions of mazes on disk, so that a process need not solve again what another one has.
//!
//! A file holds one goal's solution and the SHA-256 of its content. It is named by everything that the solution follows from, this
//! crate's source included, so it is never stale; one that is damaged is solved anew. Files may be deleted at any time.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::solver::Solution;
use super::{Cell, Mesh};
use crate::source::source_hash;

/// Length of a SHA-256.
const DIGEST: usize = 32;

/// Reads the solution towards `goal`, or solves and keeps it.
pub(super) fn solution(
    folder: Option<&Path>,
    mesh: &Mesh,
    goal: Cell,
    discount: f64,
    solve: impl FnOnce() -> Solution,
) -> Solution {
    let Some(folder) = folder else { return solve() };
    let path = folder.join(name(mesh, goal, discount));
    if let Some(found) = fs::read(&path).ok().and_then(|b| decode(&b, mesh.len())) {
        return found;
    }
    let solution = solve();
    // A folder that cannot be written costs time, nothing else.
    let _ = write(&path, &encode(&solution));
    solution
}

fn name(mesh: &Mesh, goal: Cell, discount: f64) -> String {
    let mut text = source_hash();
    let _ = write!(
        text,
        " {} {:?} {goal:?} {:016x}",
        mesh.map.id,
        mesh.resolution,
        discount.to_bits()
    );
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    format!("maze-{hex}.bin")
}

/// Sweeps, values, actions, digest.
fn encode(solution: &Solution) -> Vec<u8> {
    let mut bytes = (solution.sweeps as u64).to_le_bytes().to_vec();
    bytes.extend(solution.values.iter().flat_map(|v| v.to_le_bytes()));
    bytes.extend_from_slice(&solution.actions);
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

fn decode(bytes: &[u8], nodes: usize) -> Option<Solution> {
    if bytes.len() != 8 + 9 * nodes + DIGEST {
        return None;
    }
    let (content, digest) = bytes.split_at(bytes.len() - DIGEST);
    if Sha256::digest(content)[..] != *digest {
        return None;
    }
    let (sweeps, rest) = content.split_first_chunk()?;
    let (values, actions) = rest.split_at(8 * nodes);
    let (values, _) = values.as_chunks();
    Some(Solution {
        values: values.iter().map(|v| f64::from_le_bytes(*v)).collect(),
        actions: actions.to_vec(),
        sweeps: u64::from_le_bytes(*sweeps) as usize,
    })
}

/// Whole or not at all: processes that solve the same goal replace each other's equal file.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let new = PathBuf::from(format!(
        "{}.{}-{count}.new",
        path.display(),
        std::process::id()
    ));
    fs::write(&new, bytes)?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maze::{Grid, Resolution, UMAZE};

    #[test]
    fn a_kept_solution_is_read_and_a_damaged_one_is_not() {
        let folder = std::env::temp_dir().join(format!("assay-kept-{}", std::process::id()));
        let resolution = Resolution {
            position: 2,
            velocity: 3,
        };
        let mesh = std::sync::Arc::new(Mesh::new(&UMAZE, resolution));
        let goal = UMAZE.goal_cell();
        let grid = |folder: &Path| Grid::towards(mesh.clone(), goal, 0.99, Some(folder));
        let fresh = grid(&folder).solution().clone();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        let forbidden = || -> Solution { panic!("solved although kept") };
        let kept = solution(Some(&folder), &mesh, goal, 0.99, forbidden);
        assert_eq!(kept, fresh);

        let path = folder.join(name(&mesh, goal, 0.99));
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(decode(&bytes, mesh.len()).is_none());
        assert_eq!(*grid(&folder).solution(), fresh);
        assert_eq!(fs::read(&path).unwrap(), encode(&fresh));
        assert_ne!(name(&mesh, goal, 0.99), name(&mesh, goal, 0.98));
        fs::remove_dir_all(&folder).unwrap();
    }
}
