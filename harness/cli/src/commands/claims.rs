//! `assay claims`: verdicts on a file of claims by a study's results.

use crate::commands::session::read_manifest;
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use analysis::Results;
use analysis::claims::{
    ClaimsFile, Evidence, Registration, Verdict, evaluate, fits, forecast, register,
};
use clap::{Args, ValueEnum};
use report::ClaimsFormat;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay claims manifests/study/claims.toml                      by the largest of its studies that has results
  assay claims manifests/study/claims.toml --study study-smoke  by this one
  assay claims manifests/study/claims.toml --format markdown > claims.md
  assay claims manifests/study/claims.toml --forecast 'hopper/*=32' --forecast 'halfcheetah/*=32'

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
    /// How likely each claim would be decided if these benchmarks had so many seeds; may be repeated, the first that fits counts
    #[arg(long, value_name = "BENCHMARK=SEEDS", value_parser = seeds_of)]
    forecast: Vec<(String, usize)>,
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
    if !args.forecast.is_empty() {
        let text = foreseen(&file, &evidence, &study.manifest, args)?;
        output::data(&text);
        return Ok(Exit::Ok);
    }
    let verdicts = evaluate(&file, &evidence, Some(&study.manifest));
    let markdown = report::claims(&verdicts, registration, ClaimsFormat::Markdown)?;
    store::replace_file(&study.folder.join("claims.md"), markdown.as_bytes())?;
    keep(
        study,
        &report::claims(&verdicts, registration, ClaimsFormat::Json)?,
    )?;
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

/// Keeps the verdicts for the study's page, with the digest of the results that they are about.
fn keep(study: &Study, verdicts: &str) -> Result<(), Refusal> {
    let bug = |e: serde_json::Error| Refusal::new(Exit::Bug, e.to_string());
    let mut record: serde_json::Value = serde_json::from_str(verdicts).map_err(bug)?;
    let table = study.folder.join("observations.parquet");
    let bytes = std::fs::read(&table).map_err(|e| {
        let problem = format!("cannot read {}: {e}", table.display());
        Refusal::new(Exit::Execution, problem)
    })?;
    record["observations"] = manifest::identity::sha256_hex(&bytes).into();
    let path = study.folder.join(report::CLAIMS_RECORD);
    Ok(store::replace_file(&path, record.to_string().as_bytes())?)
}

/// `hopper/*=32`.
fn seeds_of(text: &str) -> Result<(String, usize), String> {
    let wrong = || format!("`{text}` is not BENCHMARK=SEEDS, for example hopper/*=32");
    let (benchmark, seeds) = text.rsplit_once('=').ok_or_else(wrong)?;
    Ok((benchmark.to_owned(), seeds.parse().map_err(|_| wrong())?))
}

/// Studies drawn for a forecast: a share of .8 is known to .04.
const FORECAST_DRAWS: u32 = 400;

fn foreseen(
    file: &ClaimsFile,
    evidence: &Evidence,
    manifest: &str,
    args: &ClaimsArgs,
) -> Result<String, Refusal> {
    let larger = args.forecast.as_slice();
    let known: Vec<&str> = (evidence.shape().benchmarks.keys())
        .map(String::as_str)
        .collect();
    if let Some((pattern, _)) = (larger.iter()).find(|(p, _)| !known.iter().any(|b| fits(p, b))) {
        let problem = format!("the study has no benchmark `{pattern}`");
        return Err(Refusal::new(Exit::Usage, problem)
            .hint(format!("its benchmarks are {}", known.join(", "))));
    }
    let seeds = |name: &str| {
        let found = larger.iter().find(|(pattern, _)| fits(pattern, name));
        found.map_or(0, |(_, seeds)| *seeds)
    };
    let all = forecast(file, evidence, Some(manifest), &seeds, FORECAST_DRAWS);
    Ok(report::forecast(&all, larger, FORECAST_DRAWS, args.json)?)
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
