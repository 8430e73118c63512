//! `assay dataset import`.

use super::{Flags, id, json, line};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::progress::Download;
use crate::settings::Settings;
use clap::{Args, ValueEnum};
use dataset::import::{self, ImportOptions, Mapping, SideFile};
use dataset::{Error, ImportProblem, WriteOptions};
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Layout {
    /// What the content shows
    Auto,
    /// HDF5 as D4RL writes it
    D4rl,
    /// Folder of a Minari dataset, HDF5 or Arrow
    Minari,
    /// NPZ as OGBench writes it, without rewards
    Ogbench,
    /// Folder of NPZ episodes as ExoRL writes them
    Exorl,
    /// NPZ as NeoRL writes it
    Neorl,
    /// HDF5 as d3rlpy writes it
    D3rlpy,
    /// NPZ of trajectories as `imitation` wrote it
    Imitation,
    /// NPZ with D4RL's keys
    Npz,
    /// Parquet, with --map or --mapping
    Parquet,
    /// CSV with a line of names, with --map or --mapping
    Csv,
}

impl Layout {
    fn named(self) -> Option<import::Layout> {
        Some(match self {
            Self::Auto => return None,
            Self::D4rl => import::Layout::D4rl,
            Self::Minari => import::Layout::Minari,
            Self::Ogbench => import::Layout::Ogbench,
            Self::Exorl => import::Layout::Exorl,
            Self::Neorl => import::Layout::Neorl,
            Self::D3rlpy => import::Layout::D3rlpy,
            Self::Imitation => import::Layout::Imitation,
            Self::Npz => import::Layout::Npz,
            Self::Parquet => import::Layout::Parquet,
            Self::Csv => import::Layout::Csv,
        })
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "What the source does not say (environment, behaviour, licence) comes from the flags, then from a TOML of the same
name beside the source. A failed import leaves nothing behind. Pickles are never opened.

Examples:
  assay dataset import hopper_medium-v2.hdf5 --id hopper/medium-local-v0 --environment hopper/d4rl-v4
  assay dataset import minari/local/halfcheetah/medium-v0 --id halfcheetah/medium-minari-v0 --convert-f64
  assay dataset import pointmaze-medium-navigate-v0.npz --id pointmaze/medium-navigate-local-v0 --environment pointmaze/ogbench-medium-v0
  assay dataset import pointmaze-medium-navigate-v0-val.npz --id pointmaze/medium-navigate-local-val-v0 --environment pointmaze/ogbench-medium-v0
  assay dataset import exorl/walker/mixed --id walker/run-mixed-v0 --environment dmc/walker-v0 --relabel walker_run
  assay dataset import neorl-halfcheetah.npz --id halfcheetah/neorl-v0 --environment halfcheetah/neorl-v0
  assay dataset import cartpole_random.h5 --id cartpole/random-v0 --environment cartpole-v0
  assay dataset import rollouts.npz --layout imitation --id cartpole/expert-v0 --environment cartpole-v0 --convert-f64
  assay dataset import log.csv --id plant/log-v0 --environment plant-v0 --map episode=run --map 'observation=obs_*' --map action=u --map reward=r --map truncated=last
  assay dataset import log.parquet --id plant/log-v0 --environment plant-v0 --mapping columns.toml"
)]
pub(super) struct ImportArgs {
    /// The file or folder
    source: PathBuf,
    /// Id of the new dataset, family/name-vN
    #[arg(long)]
    id: String,
    /// Layout of the source
    #[arg(long, value_enum, default_value = "auto")]
    layout: Layout,
    /// Environment id
    #[arg(long)]
    environment: Option<String>,
    /// Licence of the data
    #[arg(long)]
    licence: Option<String>,
    /// Where the data come from
    #[arg(long = "source", value_name = "SOURCE")]
    obtained: Option<String>,
    /// Steps after which an episode was cut, for files that mark no time limits
    #[arg(long)]
    episode_length: Option<u32>,
    /// Metadata file instead of the one beside the data
    #[arg(long)]
    metadata: Option<PathBuf>,
    /// Key of a side array (infos/..., qpos) to leave out; may be repeated
    #[arg(long)]
    exclude: Vec<String>,
    /// Columns of a table: observation=a,b action=u reward= terminated= truncated= episode= next_observation= side.NAME=; may be
    /// repeated, and `obs_*` stands for obs_0, obs_1, ...
    #[arg(long, value_name = "KEY=COLUMNS")]
    map: Vec<String>,
    /// The same as a TOML file
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Rewards of this task, computed from the states of the simulator (ExoRL): walker_stand, walker_walk, walker_run,
    /// walker_flip, cheetah_run, cheetah_run_backward
    #[arg(long, value_name = "TASK")]
    relabel: Option<String>,
    /// Round double-precision arrays to single
    #[arg(long)]
    convert_f64: bool,
    /// End the episode where the next observation is not the following row's, instead of refusing the file
    #[arg(long)]
    split_discontinuities: bool,
    /// Replace a dataset of the same id with other content
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    flags: Flags,
}

/// The mapping of a file and of flags; flags win.
fn mapping(file: Option<&Path>, entries: &[String]) -> Result<Option<Mapping>, Refusal> {
    let wrong = |path: &Path, problem: String| {
        let problem = Box::new(ImportProblem::Mapping { problem });
        let file = path.to_owned();
        let refusal = Refusal::from(Error::Import { file, problem });
        let exit = Exit::Usage;
        Refusal { exit, ..refusal }
    };
    let mut mapping = None;
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Io {
            path: path.to_owned(),
            action: "read the mapping",
            source,
        })?;
        let parsed = Mapping::parse(&text);
        mapping = Some(parsed.map_err(|text| wrong(path, format!("is wrong: {text}")))?);
    }
    for entry in entries {
        let added = mapping.get_or_insert_default().add(entry);
        added.map_err(|text| wrong(Path::new("--map"), format!("is wrong: {text}")))?;
    }
    Ok(mapping)
}

/// `assay dataset import ...`
pub(super) fn run(args: ImportArgs, settings: &Settings) -> Outcome {
    let options = ImportOptions {
        environment: args.environment,
        licence: args.licence,
        source: args.obtained,
        episode_length: args.episode_length,
        exclude: args.exclude,
        mapping: mapping(args.mapping.as_deref(), &args.map)?,
        relabel: args.relabel,
        convert_f64: args.convert_f64,
        split_discontinuities: args.split_discontinuities,
        side_file: args.metadata.map_or(SideFile::Beside, SideFile::At),
        write: WriteOptions {
            overwrite: args.overwrite,
            ..WriteOptions::default()
        },
        ..ImportOptions::new(id(&args.id)?)
    };
    let mut bar = Download::new();
    let name = args
        .source
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let layout = args.layout.named();
    let written = import::import(
        &settings.data,
        &args.source,
        layout,
        &options,
        &mut |rows, total| {
            bar.advance(&name, rows, total, false);
        },
    )?;
    let outcome = match written.outcome {
        dataset::Outcome::Created => "imported",
        dataset::Outcome::Unchanged => "already there, unchanged",
        dataset::Outcome::Replaced => "replaced",
    };
    let text = if args.flags.json {
        json(&written.metadata)
    } else {
        format!("{outcome}: {}", line(&written.metadata))
    };
    output::data(&text);
    Ok(Exit::Ok)
}
