//! The layout of d3rlpy-benchmarks: a folder a run, `IQL_hopper-medium-v0_4_20220523084247`, with `environment.csv` inside: a
//! row an evaluation, (epoch, step, return), without a line of names.

use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{Collected, CurveRun, Evaluation};
use crate::error::Error;

/// Reads every run below a folder, or the run that the folder is.
///
/// # Errors
/// `Io` for a folder that cannot be read, `Source` for one without runs, with two recordings of one run, or with a file that is
/// no CSV, `Cell` for a value of another type.
pub fn read_d3rlpy(folder: &Path) -> Result<Vec<CurveRun>, Error> {
    let wrong = |reason: String| Error::Source {
        path: folder.to_owned(),
        reason,
    };
    let mut folders = Vec::new();
    if Name::of(folder).is_some() {
        folders.push(folder.to_owned());
    } else {
        for entry in std::fs::read_dir(folder).map_err(Error::io("reading", folder))? {
            let path = entry.map_err(Error::io("reading", folder))?.path();
            if path.is_dir() && Name::of(&path).is_some() {
                folders.push(path);
            }
        }
    }
    folders.sort();
    let mut runs: Vec<CurveRun> = Vec::new();
    let mut sources: Vec<PathBuf> = Vec::new();
    for path in folders {
        let Some(name) = Name::of(&path) else {
            continue;
        };
        let run = run(&path.join("environment.csv"), &name)?;
        let same = |r: &CurveRun| {
            (&r.algorithm, &r.benchmark, r.seed) == (&run.algorithm, &run.benchmark, run.seed)
        };
        if let Some(index) = runs.iter().position(same) {
            return Err(wrong(format!(
                "{} and {} are the same run",
                sources[index].display(),
                path.display()
            )));
        }
        runs.push(run);
        sources.push(path);
    }
    if runs.is_empty() {
        return Err(wrong(
            "it has no folder named <algorithm>_<benchmark>_<seed>_<timestamp>".into(),
        ));
    }
    Ok(runs)
}

/// What the name of a run's folder says.
struct Name {
    algorithm: String,
    benchmark: String,
    seed: i64,
}

impl Name {
    fn of(folder: &Path) -> Option<Self> {
        let name = folder.file_name()?.to_str()?;
        let mut parts = name.rsplitn(4, '_');
        let timestamp = parts.next()?;
        if timestamp.len() != 14 || !timestamp.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let seed = parts.next()?.parse().ok()?;
        let benchmark = parts.next().filter(|b| !b.is_empty())?.to_owned();
        let algorithm = parts.next().filter(|a| !a.is_empty())?.to_owned();
        Some(Self {
            algorithm,
            benchmark,
            seed,
        })
    }
}

fn run(file: &Path, name: &Name) -> Result<CurveRun, Error> {
    let wrong = |error: csv::Error| Error::Source {
        path: file.to_owned(),
        reason: error.to_string(),
    };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .trim(Trim::All)
        .from_path(file)
        .map_err(wrong)?;
    let mut record = StringRecord::new();
    let mut collected = Collected::new(file);
    while reader.read_record(&mut record).map_err(wrong)? {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != 3 {
            let reason = format!(
                "line {line}: expected epoch, step, return, found {} fields",
                record.len()
            );
            let path = file.to_owned();
            return Err(Error::Source { path, reason });
        }
        let evaluation = Evaluation {
            algorithm: &name.algorithm,
            benchmark: &name.benchmark,
            environment: None,
            seed: name.seed,
            update: cell(file, line, "step", "an integer", &record[1])?,
            value: cell(file, line, "return", "a number", &record[2])?,
        };
        collected.add(line, &evaluation);
    }
    let mut runs = collected.finish()?;
    Ok(runs.remove(0))
}

fn cell<T: std::str::FromStr>(
    file: &Path,
    row: u64,
    column: &str,
    expected: &'static str,
    text: &str,
) -> Result<T, Error> {
    text.parse().map_err(|_| Error::Cell {
        path: file.to_owned(),
        row,
        column: column.to_owned(),
        expected,
        found: format!("`{}`", text.chars().take(40).collect::<String>()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_are_taken_from_the_end() {
        let of = |name: &str| Name::of(Path::new(name)).map(|n| (n.algorithm, n.benchmark, n.seed));
        let iql = ("IQL".to_owned(), "hopper-medium-v0".to_owned(), 4);
        assert_eq!(of("raw/IQL_hopper-medium-v0_4_20220523084247"), Some(iql));
        let long = ("MY_ALGO".to_owned(), "hopper-medium-v0".to_owned(), 10);
        assert_eq!(of("MY_ALGO_hopper-medium-v0_10_20220523084247"), Some(long));
        for name in [
            "raw_run",
            "IQL_hopper_4",
            "IQL_hopper_4_2022",
            "_hopper_4_20220523084247",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
