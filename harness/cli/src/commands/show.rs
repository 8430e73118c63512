//! `assay show`: one node in full.

use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use clap::Args;
use store::Store;

#[derive(Debug, Args)]
#[command(after_help = "Example:
  assay show 81c2f0          the stage or evaluation whose id starts so, or its failure with the log")]
pub(crate) struct ShowArgs {
    /// The start of an id
    id: String,
    /// Machine-readable output
    #[arg(long)]
    json: bool,
}

/// `assay show`
pub(crate) fn show(args: &ShowArgs, settings: &Settings) -> Outcome {
    let store = Store::open(&settings.results)?;
    let mut found = store.find(&args.id)?;
    found.extend(store.find_failures(&args.id)?);
    found.sort();
    found.dedup();
    let id = match found.as_slice() {
        [id] => id,
        [] => {
            return Err(Refusal::new(Exit::Usage, format!("no node in {} starts with `{}`", settings.results.display(), args.id))
                .hint("`assay status <manifest>` lists the ids of failed nodes; table.json those behind every cell"));
        }
        many => {
            let list: Vec<&str> = many.iter().map(|id| &id[..16]).collect();
            return Err(Refusal::new(
                Exit::Usage,
                format!(
                    "`{}` is the start of {} ids: {}",
                    args.id,
                    many.len(),
                    list.join(", ")
                ),
            ));
        }
    };
    let text = if store.has(id) {
        complete(&store, id, args.json)?
    } else {
        failed(&store, id, args.json)?
    };
    output::data(&text);
    Ok(Exit::Ok)
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn complete(store: &Store, id: &str, json: bool) -> Result<String, Refusal> {
    let node = store.node(id)?;
    if json {
        return Ok(pretty(&node));
    }
    let p = &node.provenance;
    let files: Vec<String> = node
        .files
        .iter()
        .map(|(name, f)| format!("  {name}  {} bytes  sha256 {}", f.size_bytes, f.sha256))
        .collect();
    let libraries: Vec<String> = p
        .libraries
        .iter()
        .map(|(name, sha)| format!("  {name}  sha256 {sha}"))
        .collect();
    Ok(format!(
        "{} {}\nspec     {}\nfolder   {}\nmade by  assay {} on {} ({}), {:.1} s, {:.0}/s\nupstream {}\n\nidentity\n{}\n\nfiles\n{}\n\nlibraries\n{}",
        node.kind,
        node.run_id,
        node.spec_id,
        node.folder.display(),
        p.assay_version,
        p.cpu,
        p.system,
        p.wall_time_s,
        p.rate_per_s,
        pretty(&node.upstream),
        pretty(&node.identity),
        files.join("\n"),
        libraries.join("\n"),
    ))
}

fn failed(store: &Store, id: &str, json: bool) -> Result<String, Refusal> {
    let Some((failure, folder)) = store.failure(id) else {
        return Err(Refusal::new(
            Exit::Usage,
            format!("node {id} has neither a result nor a failure"),
        ));
    };
    if json {
        return Ok(pretty(&failure));
    }
    let log = std::fs::read(folder.join("log.txt")).unwrap_or_default();
    Ok(format!(
        "{} {id} after {:.1} s\n{}\n\nidentity\n{}\n\nlog ({})\n{}",
        failure.kind.name(),
        failure.wall_time_s,
        failure.message,
        pretty(&failure.identity),
        folder.display(),
        String::from_utf8_lossy(&log)
    ))
}
