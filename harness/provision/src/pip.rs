//! Downloads one pinned wheel with the user's pip and the user's pip configuration.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::lock::Lock;
use crate::recipe::Wheel;

/// Platform tags of the pinned wheels. Given to pip so that the same wheels come whatever Python runs it.
pub(crate) const PLATFORMS: [&str; 5] = [
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
];

/// Where pip puts a finished wheel, below the folder it works in.
pub(crate) const ARRIVING: &str = "arriving";

const POLL: Duration = Duration::from_millis(100);

/// One download: `python` runs pip, which works in `folder`.
pub(crate) struct Download<'a> {
    pub(crate) python: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) lock: &'a Lock,
}

impl Download<'_> {
    /// Downloads `wheel` and returns its path. `advance` gets the bytes that have arrived, measured by
    /// watching pip's temporary files, because pip itself reports nothing that can be read reliably.
    pub(crate) fn run(
        &self,
        wheel: &Wheel,
        advance: &mut dyn FnMut(u64),
    ) -> Result<PathBuf, Error> {
        let arriving = self.folder.join(ARRIVING);
        let temporary = self.folder.join("pip-tmp");
        for folder in [&arriving, &temporary] {
            remove_folder(folder)?;
            fs::create_dir_all(folder).map_err(|source| Error::io("create", folder, source))?;
        }
        let log = self.folder.join("pip.log");
        let status = self.spawn_and_watch(wheel, &arriving, &temporary, &log, advance)?;
        if !status.success() {
            let output = fs::read(&log).unwrap_or_default();
            let output = String::from_utf8_lossy(&output);
            return Err(self.explain(wheel, status, &output));
        }
        let path = arriving.join(wheel.file);
        if path.is_file() {
            return Ok(path);
        }
        Err(Error::PipFailed {
            wheel: wheel.file,
            status: status.to_string(),
            detail: format!("it left {:?} instead", names(&arriving)),
        })
    }

    fn spawn_and_watch(
        &self,
        wheel: &Wheel,
        arriving: &Path,
        temporary: &Path,
        log: &Path,
        advance: &mut dyn FnMut(u64),
    ) -> Result<ExitStatus, Error> {
        let requirements = self.folder.join("requirements.txt");
        let text = format!(
            "{}=={} --hash=sha256:{}\n",
            wheel.project, wheel.version, wheel.sha256
        );
        fs::write(&requirements, text)
            .map_err(|source| Error::io("write", &requirements, source))?;
        let out = File::create(log).map_err(|source| Error::io("create", log, source))?;
        let both = out
            .try_clone()
            .map_err(|source| Error::io("duplicate", log, source))?;

        let mut command = Command::new(self.python);
        command.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"]);
        command.args(["--no-cache-dir", "--no-input", "--progress-bar", "off"]);
        command.arg("--disable-pip-version-check");
        command.args([
            "--python-version",
            "3.11",
            "--implementation",
            "cp",
            "--abi",
            "cp311",
        ]);
        command.args(
            PLATFORMS
                .iter()
                .flat_map(|platform| ["--platform", platform]),
        );
        command
            .arg("--dest")
            .arg(arriving)
            .arg("--requirement")
            .arg(&requirements);
        command.env("TMPDIR", temporary);
        command.stdin(self.lock.share()?).stdout(out).stderr(both);
        let spawned = command.spawn();
        let child = spawned.map_err(|source| Error::PythonMissing {
            python: self.python.to_path_buf(),
            wheel: wheel.file,
            source,
        })?;

        let mut child = EndOnDrop(child);
        loop {
            let waited = child.0.try_wait();
            if let Some(status) =
                waited.map_err(|source| Error::io("wait for", self.python, source))?
            {
                return Ok(status);
            }
            advance((bytes_below(temporary) + bytes_below(arriving)).min(wheel.bytes));
            thread::sleep(POLL);
        }
    }

    fn explain(&self, wheel: &Wheel, status: ExitStatus, output: &str) -> Error {
        let line_with = |marks: &[&str]| {
            let mut lines = output.lines();
            lines.find(|line| marks.iter().any(|mark| line.contains(mark)))
        };
        let python = self.python.to_path_buf();
        if line_with(&["No module named pip"]).is_some() {
            return Error::PipMissing {
                python,
                wheel: wheel.file,
            };
        }
        if line_with(&["No space left on device", "Disk quota exceeded"]).is_some() {
            return Error::DiskFull {
                path: self.folder.to_path_buf(),
                needed: None,
                available: None,
            };
        }
        if line_with(&["DO NOT MATCH THE HASHES"]).is_some() {
            let got = line_with(&["Got  "]).unwrap_or("Got: not reported by pip");
            return Error::WrongHash {
                path: PathBuf::from(wheel.file),
                expected: wheel.sha256,
                found: got.replace("Got", "").trim().to_string(),
            };
        }
        if let Some(reason) = OFFLINE.iter().find_map(|mark| output.find(mark)) {
            let detail = output[reason..].split(['\'', '\n']).next();
            return Error::Offline {
                wheel: wheel.file,
                detail: detail.unwrap_or_default().trim().to_string(),
            };
        }
        let lines: Vec<&str> = output
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let tail = lines[lines.len().saturating_sub(3)..].join("; ");
        Error::PipFailed {
            wheel: wheel.file,
            status: status.to_string(),
            detail: tail,
        }
    }
}

/// Parts of pip's messages (urllib3's, mostly) that mean that no server was reached or that it went away.
const OFFLINE: [&str; 10] = [
    "Failed to establish a new connection",
    "Name or service not known",
    "Temporary failure in name resolution",
    "NameResolutionError",
    "Network is unreachable",
    "Connection refused",
    "Connection reset",
    "Cannot connect to proxy",
    "Read timed out",
    "Max retries exceeded",
];

/// Ends the download when this process gives up on it; a child is never left behind by an error.
struct EndOnDrop(Child);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        // Both fail only when the child has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Removes a folder with all it holds; a folder that is not there counts as removed.
pub(crate) fn remove_folder(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", folder, source))
        }
        _ => Ok(()),
    }
}

/// Bytes of all files below `folder`; what vanishes while it is read counts as nothing.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
