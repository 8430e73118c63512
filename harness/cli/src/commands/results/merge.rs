//! `assay results merge`: one study from its parts.

use crate::commands::parts::{self, PartRecord};
use crate::commands::{keep_folder, render};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use analysis::study::Study;
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use store::{Observation, Origins};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay run study.toml --part first --seeds 0-3         here
  assay run study.toml --part second --seeds 4-7        on another machine; copy results/<study>/parts/second here
  assay results merge results/<study>                   writes results/<study> as if it had been run at once

Every cell is taken once. Refused: parts of different manifests, two different computations of one cell, and parts that were made with
different plugins, libraries or instruction paths, unless --mixed accepts that.
Exit codes: 0 merged; 2 the parts do not fit together, or there are none; 3 nothing was measured in any.")]
pub(crate) struct MergeArgs {
    /// Folder of the study, whose parts are in DIR/parts
    study: PathBuf,
    /// Join parts that were made with different binaries; the output names them
    #[arg(long)]
    mixed: bool,
    /// Print the tables and findings at the end
    #[arg(long)]
    show: bool,
}

struct PartFolder {
    name: String,
    record: PartRecord,
    study: Study,
    rows: Vec<Observation>,
    origins: Origins,
}

pub(super) fn run(args: &MergeArgs) -> Outcome {
    let found = read_parts(&args.study)?;
    let differing = differences(&found);
    if !differing.is_empty() {
        let list = differing.join("\n  ");
        if !args.mixed {
            let message = format!("the parts were not made alike\n  {list}");
            return Err(Refusal::new(Exit::Usage, message).hint(
                "run the older parts again; --mixed joins them all the same, if you know that no number depends on it",
            ));
        }
        output::note(&format!("joined, though not made alike:\n  {list}"));
    }
    let studies: Vec<_> = found
        .iter()
        .map(|p| (p.name.clone(), p.study.clone()))
        .collect();
    let study = analysis::merge_studies(&studies).map_err(report::Error::from)?;
    let (mut tables, mut origins) = (Vec::new(), Vec::new());
    for part in found {
        tables.push((part.name, part.rows));
        origins.push(part.origins);
    }
    let rows = store::merge_observations(&tables)?;
    keep_folder::keep(&args.study, &study, &rows, || Ok(Origins::merge(origins)))?;
    let missing = rows.iter().filter(|row| row.status != "ok").count();
    output::note(&format!(
        "{} from {} parts: {} rows, {missing} cells without a value",
        args.study.display(),
        tables.len(),
        rows.len() - missing
    ));
    if rows.len() == missing {
        return Err(Refusal::new(
            Exit::NothingMeasured,
            "nothing was measured in any part",
        ));
    }
    if args.show {
        render::print(&args.study)?;
    }
    Ok(Exit::Ok)
}

/// The parts in the order of their names.
fn read_parts(study: &Path) -> Result<Vec<PartFolder>, Refusal> {
    let folder = parts::all(study);
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    names.sort();
    if names.is_empty() {
        let message = format!(
            "{} has no parts: {} is missing or empty",
            study.display(),
            folder.display()
        );
        return Err(Refusal::new(Exit::Usage, message)
            .hint("`assay run MANIFEST --part NAME --seeds FIRST-LAST` makes one"));
    }
    names.iter().map(|path| read_part(path)).collect()
}

fn read_part(folder: &Path) -> Result<PartFolder, Refusal> {
    let record = parts::read(folder)?;
    let file = folder.join("study.json");
    let text = std::fs::read_to_string(&file)
        .map_err(|e| Refusal::new(Exit::Usage, format!("cannot read {}: {e}", file.display())))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(PartFolder {
        name: format!("part `{name}`"),
        record,
        study: Study::parse(&text, &file.display().to_string()).map_err(report::Error::from)?,
        rows: store::read_observations(&folder.join("observations.parquet"))?,
        origins: Origins::read(folder)?.unwrap_or_default(),
    })
}

/// What the parts were not made with alike, a line each.
fn differences(parts: &[PartFolder]) -> Vec<String> {
    let mut by_name: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for part in parts {
        for (name, digest) in &part.record.made_with {
            let digests = by_name.entry(name).or_default();
            digests.entry(digest).or_default().push(&part.name);
        }
    }
    let several = by_name.iter().filter(|(_, digests)| digests.len() > 1);
    let line = |(name, digests): (&&str, &BTreeMap<&str, Vec<&str>>)| {
        let each = digests.iter().map(|(digest, parts)| {
            let short = digest.get(..12).unwrap_or(digest);
            format!("{short} in {}", parts.join(", "))
        });
        format!("{name}: {}", each.collect::<Vec<_>>().join("; "))
    };
    several.map(line).collect()
}
