//! What can keep a study from being planned or run.

use std::path::PathBuf;

/// Errors before or around the work of the workers; a failing worker is a result, not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest does not fit what is there.
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    /// A dataset problem.
    #[error(transparent)]
    Dataset(#[from] dataset::Error),
    /// A dataset whose physics cannot be replayed.
    #[error("the physics of dataset `{dataset}` cannot be replayed: {reason}")]
    Physics {
        /// Its id.
        dataset: String,
        /// What is missing.
        reason: String,
    },
    /// A plugin problem.
    #[error(transparent)]
    Plugin(#[from] plugin_host::Error),
    /// An environment problem.
    #[error(transparent)]
    Environment(#[from] envs::Error),
    /// A store problem.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A dataset that is not there.
    #[error("dataset `{id}` is not in {root}, and benchmark `{benchmark}` has no recipe for it")]
    DatasetMissing {
        /// The dataset.
        id: String,
        /// Where it was looked for.
        root: PathBuf,
        /// The benchmark that needs it.
        benchmark: String,
        /// The command that imports it.
        import: Option<String>,
    },
    /// The dataset has other bytes than the manifest pins.
    #[error(
        "dataset `{id}` is not the one that the manifest pins\n  expected {expected}\n  found    {found}"
    )]
    DatasetPinned {
        /// The dataset.
        id: String,
        /// The pinned digest.
        expected: String,
        /// The digest of what is there.
        found: String,
    },
    /// A dataset could not be collected.
    #[error("dataset `{id}` could not be generated: {reason}")]
    Collecting {
        /// The dataset.
        id: String,
        /// What went wrong, and where.
        reason: String,
    },
    /// A recipe takes a policy file, and there is none.
    #[error("dataset `{dataset}`: its recipe takes the policy of a file, and none is given")]
    PolicyFileMissing {
        /// The dataset.
        dataset: String,
    },
    /// A policy file cannot be used.
    #[error(transparent)]
    PolicyFile(#[from] crate::policy_file::PolicyFileError),
    /// A training names a learner that gives no policy.
    #[error(
        "dataset `{dataset}`: [trainings.{training}] names the learner `{learner}`, which offers no policy/1"
    )]
    NotTrainable {
        /// The dataset.
        dataset: String,
        /// The training.
        training: String,
        /// Its learner.
        learner: String,
    },
    /// The numeric mode cannot be had here.
    #[error("this machine cannot run the requested numeric mode: {reason}")]
    Numeric {
        /// What is missing.
        reason: String,
    },
    /// A runtime that a plugin needs is not there.
    #[error("plugin `{plugin}` needs `{runtime}`, which is not there: {reason}")]
    Runtime {
        /// The plugin.
        plugin: String,
        /// e.g. `libtorch 2.11.0`
        runtime: String,
        /// Why.
        reason: String,
    },
    /// A model file of an environment is missing.
    #[error("environment `{environment}` needs the model file {file}, which is not in {}", searched.join(", "))]
    ModelFile {
        /// The environment.
        environment: String,
        /// The file.
        file: String,
        /// Folders searched.
        searched: Vec<String>,
    },
    /// The package that holds the model files of an environment cannot be fetched.
    #[error("environment `{environment}` needs model files: {reason}")]
    ModelPackage {
        /// The environment.
        environment: String,
        /// Why.
        reason: String,
    },
    /// A benchmark says something of a built-in environment that is not so.
    #[error(
        "benchmark `{benchmark}` says under [spaces]: {declared}; environment `{environment}` has {found}"
    )]
    Spaces {
        /// The benchmark.
        benchmark: String,
        /// Its environment.
        environment: String,
        /// What the benchmark says.
        declared: manifest::BenchmarkSpaces,
        /// What is so.
        found: manifest::BenchmarkSpaces,
    },
    /// A file operation failed.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// What went wrong, without the dataset's name where it is known anyway.
    pub fn reason(&self) -> String {
        match self {
            Self::Collecting { reason, .. } => reason.clone(),
            other => other.to_string(),
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Manifest(e) => e.hint(),
            Self::Dataset(e) => e.hint(),
            Self::Plugin(e) => e.hint(),
            Self::Store(e) => e.hint(),
            Self::Environment(_)
            | Self::ModelPackage { .. }
            | Self::Collecting { .. }
            | Self::Io { .. }
            | Self::Physics { .. } => None,
            Self::PolicyFileMissing { .. } => {
                Some("assay dataset generate RECIPE --policy FILE".into())
            }
            Self::PolicyFile(_) => {
                Some("files that Stable-Baselines3 saves with model.save() are read: SAC, TQC, TD3, DDPG, PPO, A2C, TRPO with plain networks".into())
            }
            Self::NotTrainable { .. } => {
                Some("`assay plugin list` says what each learner provides; `td3` is made for this".into())
            }
            Self::Spaces { .. } => {
                Some("leave `spaces` out for built-in environments, which are asked".into())
            }
            Self::DatasetMissing { import, .. } => Some(match import {
                Some(command) => format!("import it: {command}"),
                None => "import or generate it with `assay dataset`".into(),
            }),
            Self::DatasetPinned { .. } => {
                Some("restore the pinned data, or write the new digest into the manifest's [[benchmark]]".into())
            }
            Self::Numeric { .. } => Some("set numeric = \"portable\" under [training]".into()),
            Self::Runtime { .. } | Self::ModelFile { .. } => {
                Some("run `assay doctor --fix`, which fetches what is missing; for environments of Gymnasium, `assay doctor --create gymnasium`".into())
            }
        }
    }

    /// Whether the manifest (rather than plugin, data or machine) is at fault.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Manifest(_)
                | Self::NotTrainable { .. }
                | Self::PolicyFileMissing { .. }
                | Self::PolicyFile(_)
                | Self::Plugin(plugin_host::Error::NotFound { .. })
                | Self::Environment(
                    envs::Error::RecipeSyntax { .. }
                        | envs::Error::RecipeValue { .. }
                        | envs::Error::RecipeKey { .. }
                )
        )
    }
}
