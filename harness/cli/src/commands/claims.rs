//! `assay claims`: verdicts on a file of claims by a study's results.

use crate::commands::session::read_manifest;
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use analysis::Results;
use analysis::claims::{ClaimsFile, Evidence, Registration, Verdict, evaluate, register};
use clap::{Args, ValueEnum};
use report::ClaimsFormat;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay claims manifests/study/claims.toml                      by the largest of its studies that has results
  assay claims manifests/study/claims.toml --study study-smoke  by this one
  assay claims manifests/study/claims.toml --format markdown > claims.md

The file's digest is kept in claims.json in each study's folder when the file is first seen: run the command once before the
study. Claims that are edited later are marked.

Exit codes, after Holm's adjustment: 0 every claim is supported, 1 one is contradicted, 3 otherwise: something is
inconclusive or not testable, or nothing is measured. 2 the file is not valid.")]
pub(crate) struct ClaimsArgs {
    /// A claims file
    file: PathBuf,
    /// The study, by its name or by the name of its manifest
    #[arg(long)]
    study: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value = "console")]
    format: Format,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Console,
    Markdown,
    Json,
}

impl Format {
    /// The format of a report; `json` wins.
    pub(crate) fn of(self, json: bool) -> ClaimsFormat {
        match (json, self) {
            (true, _) | (_, Self::Json) => ClaimsFormat::Json,
            (_, Self::Markdown) => ClaimsFormat::Markdown,
            (_, Self::Console) => ClaimsFormat::Console,
        }
    }
}

/// A study that the claims file names.
struct Study {
    manifest: String,
    id: String,
    folder: PathBuf,
    measured: bool,
}

/// `assay claims`
pub(crate) fn run(args: &ClaimsArgs, settings: &Settings) -> Outcome {
    let name = args.file.display().to_string();
    let text = std::fs::read_to_string(&args.file).map_err(|e| {
        Refusal::new(Exit::Usage, format!("cannot read claims file {name}: {e}"))
            .hint("name a TOML file, for example manifests/study/claims.toml")
    })?;
    let file = ClaimsFile::parse(&text, &name)?;
    let studies = studies(
        &file,
        args.file.parent().unwrap_or(Path::new(".")),
        settings,
    )?;
    let mut registrations = Vec::new();
    for study in &studies {
        registrations.push(registered(study, &file)?);
    }
    let chosen = choose(&studies, args.study.as_deref(), &name)?;
    let Some(index) = chosen else {
        let names: Vec<&str> = studies.iter().map(|s| s.id.as_str()).collect();
        return Err(Refusal::new(
            Exit::NothingMeasured,
            format!(
                "{name}: none of its studies has results: {}; its digest {} is registered",
                names.join(", "),
                file.digest()
            ),
        )
        .hint("run one of its manifests, then this command again"));
    };
    let (study, registration) = (&studies[index], &registrations[index]);
    output::note(&format!("study {} in {}", study.id, study.folder.display()));
    let results = Results::open(&study.folder).map_err(report::Error::from)?;
    let evidence = Evidence::of(&results, &file).map_err(report::Error::from)?;
    let verdicts = evaluate(&file, &evidence, Some(&study.manifest));
    let markdown = report::claims(&verdicts, registration, ClaimsFormat::Markdown)?;
    store::replace_file(&study.folder.join("claims.md"), markdown.as_bytes())?;
    let text = report::claims(&verdicts, registration, args.format.of(args.json))?;
    output::data(&text);
    let has = |verdict| verdicts.claims.iter().any(|c| c.verdict_holm == verdict);
    Ok(if has(Verdict::Contradicted) {
        Exit::Negative
    } else if has(Verdict::Inconclusive) || has(Verdict::NotTestable) || verdicts.claims.is_empty()
    {
        Exit::NothingMeasured
    } else {
        Exit::Ok
    })
}

/// The studies of the file whose manifests are there.
fn studies(file: &ClaimsFile, folder: &Path, settings: &Settings) -> Result<Vec<Study>, Refusal> {
    let mut all = Vec::new();
    for name in &file.manifests {
        let path = folder.join(name);
        if !path.is_file() {
            output::note(&format!("no manifest {}, left out", path.display()));
            continue;
        }
        let (manifest, _) = read_manifest(&path)?;
        let folder = settings.results.join(&manifest.study.id);
        all.push(Study {
            manifest: name.clone(),
            measured: folder.join("study.json").is_file(),
            id: manifest.study.id,
            folder,
        });
    }
    Ok(all)
}

/// The index of the asked study, or of the last one with results.
fn choose(studies: &[Study], asked: Option<&str>, file: &str) -> Result<Option<usize>, Refusal> {
    let Some(asked) = asked else {
        return Ok(studies.iter().rposition(|s| s.measured));
    };
    let found = studies.iter().position(|s| {
        s.id == asked || s.manifest == asked || s.manifest == format!("{asked}.toml")
    });
    let known: Vec<&str> = studies.iter().map(|s| s.id.as_str()).collect();
    match found {
        None => Err(
            Refusal::new(Exit::Usage, format!("{file} names no study `{asked}`"))
                .hint(format!("its studies are {}", known.join(", "))),
        ),
        Some(i) if !studies[i].measured => Err(Refusal::new(
            Exit::NothingMeasured,
            format!(
                "study `{asked}` has no results in {}",
                studies[i].folder.display()
            ),
        )
        .hint("run its manifest first")),
        found => Ok(found),
    }
}

/// Compares the file with `claims.json` of the study, which is written where the file is new.
fn registered(study: &Study, file: &ClaimsFile) -> Result<Registration, Refusal> {
    let path = study.folder.join("claims.json");
    let known = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => {
            return Err(Refusal::new(
                Exit::Execution,
                format!("cannot read {}: {e}", path.display()),
            ));
        }
    };
    let (registration, write) = register(known.as_deref(), file, !study.measured).map_err(|e| {
        Refusal::new(
            Exit::Usage,
            format!("{} is no registration of claims: {e}", path.display()),
        )
        .hint("move the file away; the claims then count as registered today")
    })?;
    if let Some(registered) = write {
        let fail = |e: std::io::Error| {
            Refusal::new(
                Exit::Execution,
                format!("cannot make {}: {e}", study.folder.display()),
            )
        };
        std::fs::create_dir_all(&study.folder).map_err(fail)?;
        let text = serde_json::to_string_pretty(&registered).map_err(|e| {
            Refusal::new(Exit::Bug, format!("cannot write {}: {e}", path.display()))
        })?;
        store::replace_file(&path, text.as_bytes())?;
    }
    Ok(registration)
}
