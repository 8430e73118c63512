//! `assay dataset lint`: the historical defects of offline data, in a dataset or in a file before it is imported.

use super::import::Layout;
use super::last_words;
use crate::commands::session::{myself, physics_request};
use crate::exit::{Exit, Outcome, Refusal};
use crate::output;
use crate::settings::Settings;
use clap::Args;
use dataset::import::ImportOptions;
use dataset::lint::{self, Code, Finding, Rows, Severity};
use dataset::{Dataset, DatasetId};
use runner::{Deviation, PhysicsReport};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(
    after_help = "A file is imported into a temporary folder, with the fixes that let it be read; nothing is kept.

Examples:
  assay dataset lint hopper/medium-local-v0
  assay dataset lint hopper/medium-local-v0 --physics     replay its states in the simulator
  assay dataset lint hopper_medium-v2.hdf5 --environment hopper/d4rl-v4

Exit codes: 0 nothing found, 1 something found, 2 the target is not there or cannot be read, 4 the simulator failed."
)]
pub(super) struct LintArgs {
    /// A dataset id, family/name-vN, or a file or folder that `assay dataset import` reads
    target: String,
    /// Layout of a file
    #[arg(long, value_enum, default_value = "auto")]
    layout: Layout,
    /// Environment of a file
    #[arg(long)]
    environment: Option<String>,
    /// Steps after which an episode of a file was cut, where it does not say
    #[arg(long)]
    episode_length: Option<u32>,
    /// Replay stored simulator states and actions in the environment, where it is a plugin
    #[arg(long)]
    physics: bool,
    /// Machine-readable output
    #[arg(long)]
    json: bool,
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    target: String,
    environment: String,
    transitions: u64,
    episodes: u64,
    findings: Vec<Finding>,
    physics: Option<PhysicsReport>,
}

/// `assay dataset lint`
pub(super) fn run(args: &LintArgs, settings: &Settings) -> Outcome {
    let path = Path::new(&args.target);
    let scratch = tempfile::tempdir().map_err(|e| {
        Refusal::new(
            Exit::Execution,
            format!("cannot make a temporary folder: {e}"),
        )
    })?;
    // An id wins over a file of that name: inside the data root every dataset is a folder, too.
    let id = DatasetId::new(&args.target);
    let stored = match &id {
        Ok(id) => Some(Dataset::open(&settings.data, id)),
        Err(_) => None,
    };
    let (dataset, mut findings) = match (stored, id) {
        (Some(Ok(dataset)), _) => {
            let findings = lint::dataset(&dataset)?;
            (dataset, findings)
        }
        _ if path.exists() => from_file(args, path, scratch.path())?,
        (Some(Err(error)), _) => return Err(error.into()),
        (None, id) => {
            let why = id.err().map(|e| format!(", and {e}")).unwrap_or_default();
            let problem = format!("`{}` is no file{why}", args.target);
            return Err(Refusal::new(Exit::Usage, problem));
        }
    };
    let metadata = dataset.metadata();
    let environment = metadata.description.environment.clone();
    findings.extend(normalizer(&environment));
    let physics = if args.physics {
        let report = replay(&dataset, settings)?;
        findings.extend(judged(&report));
        Some(report)
    } else {
        None
    };
    findings.sort_by_key(|f| (f.severity, f.code));
    let report = Report {
        target: args.target.clone(),
        environment,
        transitions: metadata.counts.transitions,
        episodes: metadata.counts.episodes,
        findings,
        physics,
    };
    output::data(&if args.json {
        serde_json::to_string_pretty(&report).unwrap_or_default()
    } else {
        text(&report)
    });
    Ok(if report.findings.is_empty() {
        Exit::Ok
    } else {
        Exit::Negative
    })
}

fn from_file(
    args: &LintArgs,
    path: &Path,
    scratch: &Path,
) -> Result<(Dataset, Vec<Finding>), Refusal> {
    let id = DatasetId::new("lint/file-v0").map_err(Refusal::from)?;
    let options = ImportOptions {
        environment: args.environment.clone(),
        episode_length: args.episode_length,
        ..ImportOptions::new(id)
    };
    let examined = lint::source(scratch, path, args.layout.named(), &options)?;
    Ok((examined.dataset, examined.findings))
}

/// Whether scores in this environment can be normalised.
fn normalizer(environment: &str) -> Option<Finding> {
    let known = envs::normalizers().iter().any(|n| n.matches(environment));
    (!known).then(|| {
        let seen = if environment == lint::UNKNOWN {
            "the source names no environment; name it with `--environment`".to_owned()
        } else {
            format!("no normalizer has reference scores of environment `{environment}`")
        };
        Finding::new(Code::NoNormalizer, seen, Rows::default())
    })
}

/// Runs the replay in a child process, because the simulator is a plugin.
fn replay(dataset: &Dataset, settings: &Settings) -> Result<PhysicsReport, Refusal> {
    let request = physics_request(dataset, settings)?;
    let failed = |what: String| Refusal::new(Exit::Execution, format!("the replay failed: {what}"));
    let text = serde_json::to_string(&request).map_err(|e| failed(e.to_string()))?;
    let folder = tempfile::tempdir().map_err(|e| failed(e.to_string()))?;
    let (asked, answered) = (folder.path().join("request"), folder.path().join("report"));
    std::fs::write(&asked, text).map_err(|e| failed(e.to_string()))?;
    let child = myself()?
        .arg("physics")
        .args([&asked, &answered])
        .output()
        .map_err(|e| failed(e.to_string()))?;
    if !child.status.success() {
        let words = last_words(&child.stderr);
        return Err(failed(format!("{}; {words}", child.status)));
    }
    let text = std::fs::read_to_string(&answered).map_err(|e| failed(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| failed(e.to_string()))
}

#[derive(Debug, Args)]
pub(crate) struct PhysicsArgs {
    /// What to replay
    request: PathBuf,
    /// Where the answer goes
    report: PathBuf,
}

/// The child of `assay dataset lint --physics`.
pub(crate) fn physics(args: &PhysicsArgs) -> Outcome {
    let failed = |e: &dyn std::fmt::Display| Refusal::new(Exit::Execution, e.to_string());
    let text = std::fs::read_to_string(&args.request).map_err(|e| failed(&e))?;
    let request = serde_json::from_str(&text).map_err(|e| failed(&e))?;
    let report = runner::replay_physics(&request)?;
    let text = serde_json::to_string(&report).map_err(|e| failed(&e))?;
    std::fs::write(&args.report, text).map_err(|e| failed(&e))?;
    Ok(Exit::Ok)
}

/// Next observations are right up to this share of their standard deviation, in all but a hundredth of the rows.
const OBSERVATION_TOLERANCE: f64 = 0.02;
/// Another shift explains rewards if it leaves a tenth of the difference.
const SHIFT_LEAVES: f64 = 0.1;

/// What a replay finds.
fn judged(report: &PhysicsReport) -> Vec<Finding> {
    let mut all = Vec::new();
    let at_zero = |all: &[Deviation]| all.iter().find(|d| d.shift == 0).copied();
    if let (Some(here), Some(best)) = (
        at_zero(&report.observation),
        PhysicsReport::best(&report.observation),
    ) && here.percentile_99 > OBSERVATION_TOLERANCE
    {
        let seen = format!(
            "replayed next observations differ from the data by up to {} standard deviations in 99 % of {} rows{}",
            number(here.percentile_99),
            report.rows,
            agree(best)
        );
        all.push(Finding::new(Code::PhysicsDiffers, seen, Rows::default()));
    }
    if let (Some(here), Some(best)) = (at_zero(&report.reward), PhysicsReport::best(&report.reward))
        && best.shift != 0
        && best.percentile_99 < SHIFT_LEAVES * here.percentile_99
    {
        let seen = format!(
            "replayed rewards differ from the data by up to {} in 99 % of {} rows{}",
            number(here.percentile_99),
            report.rows,
            agree(best)
        );
        all.push(Finding::new(Code::RewardShifted, seen, Rows::default()));
    }
    if !report.terminated_differs.is_empty() {
        let seen =
            "the simulator terminates where the data go on, or the other way round".to_owned();
        let rows = report.terminated_differs.iter().copied().collect();
        all.push(Finding::new(Code::PhysicsDiffers, seen, rows));
    }
    all
}

fn agree(best: Deviation) -> String {
    let place = match best.shift {
        0 => return String::new(),
        1 => "one row later",
        _ => "one row earlier",
    };
    format!(
        "; they agree best with those {place} ({})",
        number(best.percentile_99)
    )
}

fn number(x: f64) -> String {
    analysis::words::significant(x, 2)
}

fn text(report: &Report) -> String {
    let mut out = format!(
        "{}: {} transitions, {} episodes, {}\n",
        report.target, report.transitions, report.episodes, report.environment
    );
    for finding in &report.findings {
        let word = match finding.severity {
            Severity::Defect => "defect   ",
            Severity::Suspicion => "suspicion",
        };
        out += &format!(
            "\n{word}  {}\n  seen    {}\n",
            finding.code.name(),
            finding.seen
        );
        if finding.rows.count > 0 {
            out += &format!("  rows    {}\n", rows(&finding.rows));
        }
        out += &format!(
            "  effect  {}\n  remedy  {}\n",
            finding.effect, finding.remedy
        );
    }
    if let Some(physics) = &report.physics {
        out += &format!(
            "\nphysics   {} rows replayed; 99 % differ by at most\n",
            physics.rows
        );
        for (name, all) in [
            ("observation (in standard deviations)", &physics.observation),
            ("reward", &physics.reward),
        ] {
            if all.is_empty() {
                continue;
            }
            let each: Vec<String> = all
                .iter()
                .map(|d| format!("{} at shift {}", number(d.percentile_99), d.shift))
                .collect();
            out += &format!("  {name}: {}\n", each.join(", "));
        }
    }
    let defects = report
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Defect)
        .count();
    out += &format!(
        "\n{defects} defects, {} suspicions\n",
        report.findings.len() - defects
    );
    out
}

/// `6: 999, 1999, ...`
fn rows(rows: &Rows) -> String {
    let first: Vec<String> = rows.first.iter().map(u64::to_string).collect();
    let more = if rows.count > rows.first.len() as u64 {
        ", ..."
    } else {
        ""
    };
    format!("{}: {}{more}", rows.count, first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A replay whose 99th percentiles are given at shifts -1, 0, 1.
    fn report(
        observation: [f64; 3],
        reward: [f64; 3],
        terminated_differs: &[u64],
    ) -> PhysicsReport {
        let deviations = |all: [f64; 3]| {
            let pairs = (-1..).zip(all);
            pairs
                .map(|(shift, percentile_99)| Deviation {
                    shift,
                    median: percentile_99 / 2.0,
                    percentile_99,
                    largest: 2.0 * percentile_99,
                })
                .collect()
        };
        PhysicsReport {
            rows: 100,
            observation: deviations(observation),
            reward: deviations(reward),
            terminated_differs: terminated_differs.to_vec(),
        }
    }

    fn codes(report: &PhysicsReport) -> Vec<Code> {
        judged(report).iter().map(|f| f.code).collect()
    }

    #[test]
    fn a_replay_is_judged_by_where_it_agrees() {
        let right = [2.0, 1e-6, 2.0];
        assert_eq!(codes(&report(right, right, &[])), []);
        let late = report(right, [2.0, 2.0, 1e-6], &[]);
        assert_eq!(codes(&late), [Code::RewardShifted]);
        assert!(judged(&late)[0].seen.contains("one row later"));
        // Another task's rewards agree nowhere: they are not shifted.
        assert_eq!(codes(&report(right, [2.0, 1.9, 2.0], &[])), []);
        let moved = report([1e-6, 2.0, 3.0], right, &[]);
        assert_eq!(codes(&moved), [Code::PhysicsDiffers]);
        assert!(judged(&moved)[0].seen.contains("one row earlier"));
        assert_eq!(codes(&report(right, right, &[7])), [Code::PhysicsDiffers]);
        // Environments with goals give no rewards to compare.
        let goals = PhysicsReport {
            reward: Vec::new(),
            ..report(right, right, &[])
        };
        assert_eq!(codes(&goals), []);
    }
}
