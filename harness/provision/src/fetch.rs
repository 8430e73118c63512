//! Fetches one component: lock, wheels, unpack, rename.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::component::Component;
use crate::error::Error;
use crate::lock::Lock;
use crate::pip::{ARRIVING, Download, remove_folder};
use crate::progress::{Event, Progress, Step};
use crate::ready::{self, sha256_file};
use crate::recipe::{Recipe, Wheel};
use crate::settings::Settings;
use crate::unpack::unpack;

/// The recipe's folder in the cache, if it passes the cheap check.
pub(crate) fn cached(settings: &Settings, recipe: &Recipe) -> Option<PathBuf> {
    let folder = settings.cache.join(recipe.folder());
    ready::is_complete(&folder, recipe).then_some(folder)
}

/// One fetch of one component.
pub(crate) struct Fetch<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) component: Component,
    /// The component's recipe; another one in tests.
    pub(crate) recipe: &'a Recipe,
}

impl Fetch<'_> {
    /// Takes the lock, fetches unless another process just did, and returns the folder.
    pub(crate) fn run(&self, progress: &mut dyn Progress) -> Result<PathBuf, Error> {
        let name = self.recipe.folder();
        let folder = self.settings.cache.join(&name);
        let work = self.settings.cache.join(".work").join(&name);
        let lock_path = work.with_file_name(format!("{name}.lock"));
        let component = self.component;
        let lock = Lock::acquire(&lock_path, || {
            progress.report(&Event::Waiting {
                component,
                lock: &lock_path,
            });
        })?;
        if let Some(folder) = cached(self.settings, self.recipe) {
            return Ok(folder);
        }
        keep_only_wheels(&work, self.recipe)?;
        self.announce(&work, &folder, progress)?;
        let wheels = self.wheels(&work, &lock, progress)?;
        self.install(&wheels, &work, &folder, progress)?;
        progress.report(&Event::Finished {
            component,
            folder: &folder,
        });
        Ok(folder)
    }

    /// Says what will be fetched and refuses to begin without room for it.
    fn announce(
        &self,
        work: &Path,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<(), Error> {
        let missing = self.recipe.wheels.iter().filter(|wheel| {
            self.settings.wheels.is_none() && !work.join("wheels").join(wheel.file).exists()
        });
        let download_bytes = missing.map(|wheel| wheel.bytes).sum();
        let disk_bytes = self.recipe.disk_bytes;
        progress.report(&Event::Starting {
            component: self.component,
            download_bytes,
            disk_bytes,
            folder,
        });
        let cache = &self.settings.cache;
        let room = rustix::fs::statvfs(cache)
            .map_err(|error| Error::io("measure", cache, error.into()))?;
        let available = room.f_bavail.saturating_mul(room.f_frsize);
        let needed = download_bytes + disk_bytes;
        if available < needed {
            return Err(Error::DiskFull {
                path: cache.clone(),
                needed: Some(needed),
                available: Some(available),
            });
        }
        Ok(())
    }

    /// Paths of all wheels, each with the pinned SHA-256.
    fn wheels(
        &self,
        work: &Path,
        lock: &Lock,
        progress: &mut dyn Progress,
    ) -> Result<Vec<PathBuf>, Error> {
        let total = self.recipe.wheel_bytes();
        let mut before = 0;
        let mut paths = Vec::new();
        for wheel in self.recipe.wheels {
            let mut advance = |step, bytes: u64| {
                progress.report(&Event::Advance {
                    component: self.component,
                    step,
                    completed: (before + bytes).min(total),
                    total,
                });
            };
            paths.push(self.wheel(wheel, work, lock, &mut advance)?);
            before += wheel.bytes;
        }
        Ok(paths)
    }

    fn wheel(
        &self,
        wheel: &Wheel,
        work: &Path,
        lock: &Lock,
        advance: &mut dyn FnMut(Step, u64),
    ) -> Result<PathBuf, Error> {
        let kept = work.join("wheels").join(wheel.file);
        if let Some(folder) = &self.settings.wheels {
            let path = folder.join(wheel.file);
            if !path.is_file() {
                return Err(Error::WheelMissing {
                    folder: folder.clone(),
                    file: wheel.file,
                });
            }
            check_hash(wheel, &path)?;
            advance(Step::Check, wheel.bytes);
            return Ok(path);
        }
        if kept.is_file() {
            if check_hash(wheel, &kept).is_ok() {
                advance(Step::Download, wheel.bytes);
                return Ok(kept);
            }
            fs::remove_file(&kept).map_err(|source| Error::io("remove", &kept, source))?;
        }
        let download = Download {
            python: &self.settings.python,
            folder: work,
            lock,
        };
        let arrived = download.run(wheel, &mut |bytes| advance(Step::Download, bytes))?;
        check_hash(wheel, &arrived)?;
        fs::rename(&arrived, &kept).map_err(|source| Error::io("rename", &arrived, source))?;
        advance(Step::Download, wheel.bytes);
        Ok(kept)
    }

    /// Unpacks beside, then renames. Everything is on disk before the name appears.
    fn install(
        &self,
        wheels: &[PathBuf],
        work: &Path,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<(), Error> {
        let fresh = work.join("new");
        fs::create_dir_all(&fresh).map_err(|source| Error::io("create", &fresh, source))?;
        let total = self.recipe.disk_bytes;
        let mut reported = 0;
        let files = unpack(self.recipe, wheels, &fresh, &mut |bytes| {
            if bytes >= reported + total / 200 {
                reported = bytes;
                progress.report(&Event::Advance {
                    component: self.component,
                    step: Step::Unpack,
                    completed: bytes.min(total),
                    total,
                });
            }
        })?;
        ready::write(&fresh, self.recipe, &files)?;
        sync_all_below(&fresh)?;
        if folder.exists() {
            let old = work.join("old");
            fs::rename(folder, &old).map_err(|source| Error::io("rename", folder, source))?;
        }
        fs::rename(&fresh, folder).map_err(|source| Error::io("rename", &fresh, source))?;
        let cache = &self.settings.cache;
        let parent = File::open(cache).map_err(|source| Error::io("open", cache, source))?;
        parent
            .sync_all()
            .map_err(|source| Error::io("sync", cache, source))?;
        remove_folder(work)
    }
}

fn check_hash(wheel: &Wheel, path: &Path) -> Result<(), Error> {
    let (found, _) = sha256_file(path).map_err(|source| Error::io("read", path, source))?;
    if found == wheel.sha256 {
        return Ok(());
    }
    Err(Error::WrongHash {
        path: path.to_path_buf(),
        expected: wheel.sha256,
        found,
    })
}

/// Removes what an interrupted fetch left, except complete wheels, whose hashes are checked when they are used.
/// The caller holds the lock, so whoever made these files is gone.
fn keep_only_wheels(work: &Path, recipe: &Recipe) -> Result<(), Error> {
    let wheels = work.join("wheels");
    fs::create_dir_all(&wheels).map_err(|source| Error::io("create", &wheels, source))?;
    let remove = |path: &Path| match path.is_dir() {
        true => remove_folder(path),
        false => fs::remove_file(path).map_err(|source| Error::io("remove", path, source)),
    };
    for wheel in recipe.wheels {
        // A download that outlived its parent may have finished here. If not, there is nothing to rename.
        let arrived = work.join(ARRIVING).join(wheel.file);
        let _ = fs::rename(arrived, wheels.join(wheel.file));
    }
    for path in children(work)? {
        if path != wheels {
            remove(&path)?;
        }
    }
    for path in children(&wheels)? {
        let known = |wheel: &Wheel| path == wheels.join(wheel.file);
        if !recipe.wheels.iter().any(known) {
            remove(&path)?;
        }
    }
    Ok(())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::io("read", folder, source);
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries
        .map(|entry| Ok(entry.map_err(failed)?.path()))
        .collect()
}

/// One call for the whole file system: thousands of headers make an fsync of each far slower.
fn sync_all_below(folder: &Path) -> Result<(), Error> {
    let handle = File::open(folder).map_err(|source| Error::io("open", folder, source))?;
    rustix::fs::syncfs(&handle).map_err(|error| Error::io("sync", folder, error.into()))
}
