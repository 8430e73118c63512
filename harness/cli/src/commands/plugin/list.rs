//! `assay plugin list` and `assay plugin show`: sealed metadata only, nothing is loaded.

use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use clap::Args;
use plugin_host::{Candidate, EnvironmentMeta, Error, LearnerMeta, Search, Sidecar};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay plugin list                                     everything on the plugin path
  assay --plugin-dir target/release plugin list         and what was just built
  assay plugin list --json

Exit codes: 0 something was found, 3 nothing was.")]
pub(crate) struct ListArgs {
    /// Machine-readable output
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay plugin show iql                                 a learner: interfaces, hyperparameters, defaults
  assay plugin show target/release/libmy_awr.so         a library
  assay plugin show mujoco --json")]
pub(crate) struct ShowArgs {
    /// Id of a learner, environment or plugin, or a library file
    name: String,
    /// Machine-readable output
    #[arg(long)]
    json: bool,
}

/// `assay plugin list`
pub(crate) fn run(args: &ListArgs, settings: &Settings) -> Outcome {
    let search = Search::new(&settings.plugin_path);
    if args.json {
        let all: Vec<Value> = search.candidates.iter().map(candidate_json).collect();
        output::data(&Value::from(all).to_string());
    } else if !search.candidates.is_empty() {
        output::data(&table(&search));
    }
    if !search.candidates.is_empty() {
        return Ok(Exit::Ok);
    }
    output::note(&format!(
        "no plugin found; searched\n  {}\n\nhint: `cargo xtask plugins` builds those of this repository",
        search.trace().join("\n  ")
    ));
    Ok(Exit::NothingMeasured)
}

fn candidate_json(candidate: &Candidate) -> Value {
    match &candidate.sidecar {
        Ok(sidecar) => json!({ "library": candidate.library, "sidecar": sidecar }),
        Err(error) => json!({
            "library": candidate.library, "rejected": error.to_string(), "hint": error.hint(),
        }),
    }
}

fn table(search: &Search) -> String {
    let mut rows: Vec<[String; 4]> = vec![["id", "version", "offers", "plugin"].map(String::from)];
    let mut rejected = Vec::new();
    for candidate in &search.candidates {
        match &candidate.sidecar {
            Ok(sidecar) => rows.extend(offers(sidecar, &candidate.library)),
            Err(error) => rejected.push((candidate.library.display().to_string(), error)),
        }
    }
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max();
    let widths = [0, 1, 2].map(|c| width(c).unwrap_or_default());
    let mut text = String::new();
    for [id, version, offers, plugin] in &rows {
        let [a, b, c] = widths;
        let _ = writeln!(text, "{id:<a$}  {version:<b$}  {offers:<c$}  {plugin}");
    }
    for (library, error) in rejected {
        let _ = writeln!(text, "rejected  {library}\n    {error}");
        if let Some(hint) = error.hint() {
            let _ = writeln!(text, "    hint: {hint}");
        }
    }
    text
}

fn offers(sidecar: &Sidecar, library: &Path) -> Vec<[String; 4]> {
    let plugin = format!("{} {} ({})", sidecar.id, sidecar.version, library.display());
    let learner = |m: &LearnerMeta| {
        let needs = if m.requires.is_empty() {
            String::new()
        } else {
            format!(" from {}", m.requires.join(", "))
        };
        let offers = format!("{}{needs}", m.provides.join(", "));
        [m.id.clone(), m.version.clone(), offers, plugin.clone()]
    };
    let environment = |m: &EnvironmentMeta| {
        let offers = "environment".to_owned();
        [m.id.clone(), m.version.clone(), offers, plugin.clone()]
    };
    let learners = sidecar.learners.iter().map(learner);
    learners
        .chain(sidecar.environments.iter().map(environment))
        .collect()
}

/// `assay plugin show`
pub(crate) fn show(args: &ShowArgs, settings: &Settings) -> Outcome {
    let (library, sidecar) = find(&args.name, settings)?;
    if args.json {
        let sidecar = serde_json::to_value(&sidecar).unwrap_or_default();
        output::data(&json!({ "library": library, "sidecar": sidecar }).to_string());
        return Ok(Exit::Ok);
    }
    let one = |id: &str| *id == args.name;
    let learners: Vec<_> = sidecar.learners.iter().filter(|m| one(&m.id)).collect();
    let environments: Vec<_> = sidecar.environments.iter().filter(|m| one(&m.id)).collect();
    let whole = learners.is_empty() && environments.is_empty();
    let mut text = plugin_text(&sidecar, &library);
    for meta in sidecar.learners.iter().filter(|m| whole || one(&m.id)) {
        text.push_str(&learner_text(meta));
    }
    for meta in sidecar.environments.iter().filter(|m| whole || one(&m.id)) {
        let _ = writeln!(
            text,
            "\nenvironment `{}` {}: {}",
            meta.id, meta.version, meta.description
        );
        if !meta.model_files.is_empty() {
            let _ = writeln!(text, "  model files  {}", meta.model_files.join(", "));
        }
    }
    output::data(&text);
    Ok(Exit::Ok)
}

/// By file, else by learner, environment or plugin id.
fn find(name: &str, settings: &Settings) -> Result<(std::path::PathBuf, Sidecar), Refusal> {
    let path = Path::new(name);
    if path.is_file() {
        return Ok((path.to_owned(), Sidecar::read(path)?));
    }
    let search = Search::new(&settings.plugin_path);
    let by_plugin = search.candidates.iter().find_map(|c| {
        let sidecar = c.sidecar.as_ref().ok().filter(|s| s.id == name)?;
        Some((c.library.clone(), sidecar.clone()))
    });
    if let Ok(found) = search.environment(name) {
        return Ok((found.library, found.sidecar));
    }
    match (search.learner(name), by_plugin) {
        (Ok(found), _) => Ok((found.library, found.sidecar)),
        (Err(error @ Error::Ambiguous { .. }), _) => Err(error.into()),
        (Err(_), Some(found)) => Ok(found),
        (Err(error), None) => {
            let hint = error.hint();
            Err(Refusal::new(Exit::Usage, error.to_string()).maybe_hint(hint))
        }
    }
}

fn plugin_text(sidecar: &Sidecar, library: &Path) -> String {
    let runtimes = if sidecar.runtimes.is_empty() {
        "none".to_owned()
    } else {
        sidecar.runtimes.join(", ")
    };
    format!(
        "plugin `{}` {}: {}\n  library   {}\n  sha256    {}\n  licence   {}\n  ABI       {}.{} (needs {}.{} or later)\n  runtimes  {runtimes}\n",
        sidecar.id,
        sidecar.version,
        sidecar.description,
        library.display(),
        sidecar.library.sha256,
        sidecar.license,
        sidecar.abi.major,
        sidecar.abi.minor,
        sidecar.abi.major,
        sidecar.abi.minor_needed,
    )
}

fn learner_text(meta: &LearnerMeta) -> String {
    let list = |ids: &[String]| {
        if ids.is_empty() {
            "nothing".to_owned()
        } else {
            ids.join(", ")
        }
    };
    let mut text = format!(
        "\nlearner `{}` {}: {}\n  requires     {}\n  provides     {}\n  determinism  {}\n",
        meta.id,
        meta.version,
        meta.description,
        list(&meta.requires),
        list(&meta.provides),
        meta.determinism
    );
    let schema: Value = serde_json::from_str(&meta.hyperparameters).unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object);
    let rows: Vec<(&String, String, String)> = properties
        .into_iter()
        .flatten()
        .map(|(name, p)| {
            let default = p.get("default").map(ToString::to_string);
            let about = p
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default();
            (name, default.unwrap_or_default(), about.replace('\n', " "))
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("  hyperparameters (name, default, meaning)\n");
    }
    let name_width = rows.iter().map(|r| r.0.len()).max().unwrap_or_default();
    let default_width = rows.iter().map(|r| r.1.len()).max().unwrap_or_default();
    for (name, default, about) in rows {
        let line = format!("    {name:<name_width$}  {default:<default_width$}  {about}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
