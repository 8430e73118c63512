//! What every command on a manifest needs: the manifest, the plugins, the runtimes, the plan.

use crate::exit::{Exit, Refusal};
use crate::output;
use crate::progress::Download;
use crate::settings::Settings;
use manifest::{BenchmarkDefinition, Manifest, Part, Position};
use plugin_host::{Runtime, RuntimeLibrary, Search};
use provision::Component;
use runner::{Places, Plan, Resolver};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A manifest with everything it was planned from.
pub(crate) struct Session {
    /// What is planned: the manifest, or the part of it that was asked for.
    pub(crate) manifest: Manifest,
    /// The manifest as it was read.
    pub(crate) whole: Manifest,
    pub(crate) plan: Plan,
    pub(crate) places: Places,
}

/// Reads and checks a manifest file.
pub(crate) fn read_manifest(path: &Path) -> Result<(Manifest, String), Refusal> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Refusal::new(
            Exit::Usage,
            format!("cannot read manifest {}: {e}", path.display()),
        )
        .hint("name a TOML file, for example manifests/quickstart.toml")
    })?;
    let manifest = manifest::parse_manifest(&text, &path.display().to_string())?;
    Ok((manifest, text))
}

impl Session {
    /// Reads the manifest at `path` and plans `part` of it.
    pub(crate) fn open(path: &Path, part: &Part, settings: &Settings) -> Result<Self, Refusal> {
        let (whole, text) = read_manifest(path)?;
        let manifest = part.of(&whole)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut directories: Vec<PathBuf> = manifest
            .plugins
            .path
            .iter()
            .map(|p| folder.join(p))
            .collect();
        directories.extend(settings.plugin_path.iter().cloned());
        let search = sealed_search(&directories)?;
        let places = places(settings)?;
        let locate =
            |key: &str| -> Position { manifest::locate(&text, &path.display().to_string(), key) };
        let plan = resolving(settings, &search, &locate, None, |resolver| {
            runner::plan(&manifest, &places, resolver)
        })?;
        Ok(Self {
            manifest,
            whole,
            plan,
            places,
        })
    }
}

/// The definitions of a manifest's benchmarks, without planning it; `text` is what it was read from in the file `name`.
pub(crate) fn definitions(
    manifest: &Manifest,
    text: &str,
    name: &str,
    settings: &Settings,
) -> Result<Vec<BenchmarkDefinition>, Refusal> {
    let locate = |key: &str| manifest::locate(text, name, key);
    Ok(runner::benchmark_definitions(
        manifest,
        &places(settings)?,
        &locate,
    )?)
}

/// What to replay of a dataset, with its simulator found among the plugins.
pub(crate) fn physics_request(
    dataset: &dataset::Dataset,
    settings: &Settings,
) -> Result<runner::PhysicsRequest, Refusal> {
    with_resolver(settings, None, |places, resolver| {
        runner::physics_request(dataset, places, resolver)
    })
}

/// Calls `body` with what resolves names outside any manifest, and the policy file that the user gave.
pub(crate) fn with_resolver<T>(
    settings: &Settings,
    policy_file: Option<&Path>,
    body: impl FnOnce(&Places, &Resolver<'_>) -> Result<T, runner::Error>,
) -> Result<T, Refusal> {
    let search = sealed_search(&settings.plugin_path)?;
    let places = places(settings)?;
    let nowhere = |_: &str| Position::default();
    Ok(resolving(
        settings,
        &search,
        &nowhere,
        policy_file,
        |resolver| body(&places, resolver),
    )?)
}

fn resolving<T>(
    settings: &Settings,
    search: &Search,
    locate: &dyn Fn(&str) -> Position,
    policy_file: Option<&Path>,
    body: impl FnOnce(&Resolver<'_>) -> T,
) -> T {
    let runtimes = Runtimes { settings };
    body(&Resolver {
        search,
        runtime: &|name| runtimes.find(name),
        models: &|files| fetch_models(settings, files),
        locate,
        collect: &super::dataset::collect,
        policy_file,
        note: &output::note,
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Refusal> {
    std::path::absolute(path).map_err(|e| {
        Refusal::new(
            Exit::Execution,
            format!("cannot resolve {}: {e}", path.display()),
        )
    })
}

fn places(settings: &Settings) -> Result<Places, Refusal> {
    Ok(Places {
        home: absolute(&settings.home)?,
        data: absolute(&settings.data)?,
        results: absolute(&settings.results)?,
        benchmarks: vec![
            PathBuf::from("benchmarks"),
            settings.home.join("benchmarks"),
        ],
        models: model_folders(settings),
    })
}

/// Where model files are looked for: the cache, which has a folder per package, then gymnasium's folder, for
/// environments that name their files without a package.
pub(crate) fn model_folders(settings: &Settings) -> Vec<PathBuf> {
    let Ok(provision) = settings.provision() else {
        return Vec::new();
    };
    let gymnasium = provision::located(provision, Component::GymnasiumModels);
    let gymnasium = gymnasium.ok().flatten();
    let python = provision::located_python_side(provision).map(|side| side.folder);
    [Some(provision.cache.clone()), gymnasium, python]
        .into_iter()
        .flatten()
        .collect()
}

/// Fetches the packages that hold model files, such as `gymnasium-1.4.0/hopper.xml`, where they are missing.
pub(crate) fn fetch_models(settings: &Settings, files: &[String]) -> Result<(), String> {
    let packages: BTreeSet<Component> = files
        .iter()
        .filter_map(|file| Component::from_model_file(file))
        .collect();
    for package in packages {
        let provision = settings.provision().map_err(|e| e.message)?;
        provision::ensure(provision, package, &mut Download::new())
            .map_err(|error| format!("{error}; {}", error.hint()))?;
    }
    Ok(())
}

/// Looks through the plugin path; libraries whose metadata are missing or stale are sealed first, in a child process.
pub(crate) fn sealed_search(directories: &[PathBuf]) -> Result<Search, Refusal> {
    let search = Search::new(directories);
    let stale = search
        .candidates
        .iter()
        .filter(|c| matches!(c.sidecar, Err(plugin_host::Error::Stale { .. })));
    let stale: Vec<&PathBuf> = stale.map(|c| &c.library).collect();
    if stale.is_empty() {
        return Ok(search);
    }
    for library in stale {
        // A library that cannot be sealed stays rejected, with its reason, in every error that follows.
        let output = myself()?.args(["plugin", "seal"]).arg(library).output();
        if let Ok(output) = output
            && !output.status.success()
        {
            let words = String::from_utf8_lossy(&output.stderr);
            output::note(&format!(
                "warning: {} was not sealed: {}",
                library.display(),
                words.trim()
            ));
        }
    }
    Ok(Search::new(directories))
}

/// This executable, to be started again.
pub(crate) fn myself() -> Result<Command, Refusal> {
    let path = std::env::current_exe();
    let path =
        path.map_err(|e| Refusal::new(Exit::Bug, format!("cannot find this executable: {e}")))?;
    Ok(Command::new(path))
}

/// Runtimes by the words of a sidecar, with digests that are computed once per file.
pub(crate) struct Runtimes<'a> {
    pub(crate) settings: &'a Settings,
}

/// A digest with the stamp of the file it was computed from.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stamped {
    size_bytes: u64,
    modified_ns: i128,
    inode: u64,
    sha256: String,
}

impl Runtimes<'_> {
    /// The runtime `name`, e.g. `libtorch 2.11.0`, or why it is not there.
    pub(crate) fn find(&self, name: &str) -> Result<Runtime, String> {
        let component = Component::ALL
            .into_iter()
            .find(|c| c.to_string() == name)
            .ok_or_else(|| {
                let known: Vec<String> = Component::ALL.iter().map(ToString::to_string).collect();
                format!("known runtimes are {}", known.join(", "))
            })?;
        let settings = self.settings.provision().map_err(|e| e.message)?;
        let folder = provision::located(settings, component).map_err(|e| e.to_string())?;
        let folder = folder.ok_or_else(|| format!("it is not in {}", settings.cache.display()))?;
        let mut digests = Digests::open(settings.cache.join("library-digests.json"));
        let libraries = provision::runtime_libraries(component, &folder)
            .into_iter()
            .map(|path| {
                Ok(RuntimeLibrary {
                    sha256: digests.of(&path)?,
                    path,
                })
            })
            .collect::<Result<_, String>>()?;
        digests.save();
        Ok(Runtime {
            name: name.to_owned(),
            libraries,
        })
    }
}

/// SHA-256 of large files, remembered by path, size, time of change and inode.
struct Digests {
    file: PathBuf,
    known: BTreeMap<String, Stamped>,
    changed: bool,
}

impl Digests {
    fn open(file: PathBuf) -> Self {
        let known = std::fs::read(&file)
            .ok()
            .and_then(|b| serde_json::from_slice(&b).ok())
            .unwrap_or_default();
        Self {
            file,
            known,
            changed: false,
        }
    }

    fn of(&mut self, path: &Path) -> Result<String, String> {
        let fail = |e: std::io::Error| format!("{}: {e}", path.display());
        let meta = std::fs::metadata(path).map_err(fail)?;
        let modified_ns = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
        let key = path.display().to_string();
        if let Some(stamped) = self.known.get(&key)
            && (stamped.size_bytes, stamped.modified_ns, stamped.inode)
                == (meta.len(), modified_ns, meta.ino())
        {
            return Ok(stamped.sha256.clone());
        }
        let sha256 = plugin_host::sha256_hex(&std::fs::read(path).map_err(fail)?);
        let stamped = Stamped {
            size_bytes: meta.len(),
            modified_ns,
            inode: meta.ino(),
            sha256: sha256.clone(),
        };
        self.known.insert(key, stamped);
        self.changed = true;
        Ok(sha256)
    }

    fn save(&self) {
        // Only a cache: if it cannot be kept, the next run computes it again.
        if self.changed
            && let Ok(text) = serde_json::to_vec_pretty(&self.known)
        {
            let _ = store::replace_file(&self.file, &text);
        }
    }
}
