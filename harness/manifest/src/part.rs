//! Part of a study: some of its benchmarks and seeds, to be computed here and joined with the rest later.

use crate::error::{Error, Position, nearest};
use crate::types::Manifest;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Run seeds from the first to the last, both included; written `0-7`, and `3` for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedRange {
    /// First seed.
    pub first: u64,
    /// Last seed.
    pub last: u64,
}

impl FromStr for SeedRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str| digits.trim().parse::<u64>().ok();
        let ends = match text.split_once('-') {
            Some((first, last)) => number(first).zip(number(last)),
            None => number(text).map(|seed| (seed, seed)),
        };
        match ends {
            Some((first, last)) if first <= last => Ok(Self { first, last }),
            _ => Err(format!(
                "`{text}` is no range of seeds: expected FIRST-LAST, e.g. 0-7, or one seed"
            )),
        }
    }
}

impl fmt::Display for SeedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// What of a study is meant; the default is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Names of benchmarks; none: all.
    pub benchmarks: Vec<String>,
    /// Run seeds; absent: all.
    pub seeds: Option<SeedRange>,
}

impl Part {
    /// Whether it is the whole study.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// `manifest` with this part's benchmarks and seeds alone. Tables, figures and findings of other benchmarks go, and every
    /// node keeps its id. Runs on which values are chosen belong to the part with the study's first seed.
    ///
    /// # Errors
    /// A benchmark that the manifest does not have; seeds that none of the chosen benchmarks has.
    pub fn of(&self, manifest: &Manifest) -> Result<Manifest, Error> {
        let mut part = manifest.clone();
        if self.is_whole() {
            return Ok(part);
        }
        let known: Vec<&str> = manifest.benchmarks.iter().map(|b| b.name()).collect();
        if let Some(unknown) = self
            .benchmarks
            .iter()
            .find(|b| !known.contains(&b.as_str()))
        {
            return Err(Error::UnknownName {
                at: option("--benchmark"),
                what: "benchmark".into(),
                name: unknown.clone(),
                nearest: nearest(unknown, known.iter().copied()),
                known: known.iter().map(|&name| name.to_owned()).collect(),
            });
        }
        part.benchmarks.retain(|b| {
            self.benchmarks.is_empty() || self.benchmarks.iter().any(|n| n == b.name())
        });
        if let Some(range) = self.seeds {
            choose_seeds(&mut part, range)?;
        }
        keep_benchmarks(&mut part);
        Ok(part)
    }
}

/// An option of the command line, in the place of a position in a file.
fn option(name: &str) -> Position {
    Position {
        file: name.to_owned(),
        ..Position::default()
    }
}

fn choose_seeds(part: &mut Manifest, range: SeedRange) -> Result<(), Error> {
    let study = part.study.clone();
    let base = range.first.max(study.seeds.base);
    let count = |benchmark: &crate::types::BenchmarkRef| {
        let seeds = benchmark.seeds(&study);
        let end = (seeds.base + seeds.count).min(range.last.saturating_add(1));
        end.saturating_sub(base)
    };
    part.benchmarks.retain(|b| count(b) > 0);
    if part.benchmarks.is_empty() {
        return Err(Error::Value {
            at: option("--seeds"),
            reason: format!("no benchmark has a seed in {range}"),
            hint: Some(format!("the study's seeds begin at {}", study.seeds.base)),
        });
    }
    for benchmark in &mut part.benchmarks {
        benchmark.seed_count = Some(count(benchmark));
    }
    if base > study.seeds.base {
        part.study.tuning = None;
    }
    part.study.seeds.base = base;
    Ok(())
}

/// Takes what names other benchmarks out of the rest of the manifest.
fn keep_benchmarks(part: &mut Manifest) {
    let kept: BTreeSet<String> = part
        .benchmarks
        .iter()
        .map(|b| b.name().to_owned())
        .collect();
    let keep = |names: &mut Option<Vec<String>>| {
        if let Some(names) = names {
            names.retain(|name| kept.contains(name));
        }
    };
    part.pipelines
        .iter_mut()
        .for_each(|p| keep(&mut p.benchmarks));
    part.sweeps.iter_mut().for_each(|s| keep(&mut s.benchmarks));
    let here = |name: &Option<String>| name.as_ref().is_none_or(|name| kept.contains(name));
    part.tables.retain(|t| here(&t.benchmark));
    part.figures.retain(|f| here(&f.benchmark));
    part.findings.retain(|f| kept.contains(f.benchmark()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_manifest;

    const TEXT: &str = r#"
manifest_version = 1
[study]
id = "two"
seeds = { base = 10, count = 4 }
tuning = { seeds = { base = 50, count = 2 } }
[[benchmark]]
id = "a/x-v0"
[[benchmark]]
id = "b/y-v0"
seed_count = 8
[[pipeline]]
name = "BC"
benchmarks = ["b/y-v0"]
stages = [{ role = "policy", learner = "bc", updates = 5 }]
[[pipeline]]
name = "all"
stages = [{ role = "policy", learner = "bc", updates = 5 }]
[[sweep]]
parameter = "policy.updates"
values = [9]
tune = true
[[table]]
id = "x"
benchmark = "a/x-v0"
metric = "normalized_score"
rows = "pipeline"
columns = "benchmark"
better = "higher"
"#;

    fn of(benchmarks: &[&str], seeds: Option<&str>) -> Result<Manifest, Error> {
        let part = Part {
            benchmarks: benchmarks.iter().map(|&b| b.to_owned()).collect(),
            seeds: seeds.map(|text| text.parse().unwrap()),
        };
        part.of(&parse_manifest(TEXT, "two.toml").unwrap())
    }

    fn seeds(part: &Manifest) -> Vec<(String, u64, u64)> {
        let of = |b: &crate::BenchmarkRef| {
            let seeds = b.seeds(&part.study);
            (b.name().to_owned(), seeds.base, seeds.count)
        };
        part.benchmarks.iter().map(of).collect()
    }

    #[test]
    fn a_part_has_its_benchmarks_and_seeds_alone() {
        assert_eq!(
            of(&[], None).unwrap(),
            parse_manifest(TEXT, "two.toml").unwrap()
        );
        let first = of(&[], Some("0-11")).unwrap();
        let expected = [("a/x-v0".to_owned(), 10, 2), ("b/y-v0".to_owned(), 10, 2)];
        assert_eq!(seeds(&first), expected);
        assert!(first.study.tuning.is_some());
        let rest = of(&[], Some("12-99")).unwrap();
        let expected = [("a/x-v0".to_owned(), 12, 2), ("b/y-v0".to_owned(), 12, 6)];
        assert_eq!(seeds(&rest), expected);
        assert!(rest.study.tuning.is_none(), "values are chosen once");
        let one = of(&["b/y-v0"], Some("15")).unwrap();
        assert_eq!(seeds(&one), [("b/y-v0".to_owned(), 15, 1)]);
        assert!(one.tables.is_empty());
        assert_eq!(one.pipelines[0].benchmarks, Some(vec!["b/y-v0".to_owned()]));
        let other = of(&["a/x-v0"], None).unwrap();
        assert_eq!(other.pipelines[0].benchmarks, Some(Vec::new()));
        assert_eq!(other.tables.len(), 1);
    }

    #[test]
    fn names_and_seeds_that_are_not_there_are_refused() {
        let unknown = of(&["a/z-v0"], None).unwrap_err().to_string();
        assert!(unknown.contains("unknown benchmark `a/z-v0`"), "{unknown}");
        let none = of(&["a/x-v0"], Some("14-20")).unwrap_err().to_string();
        assert!(none.contains("no benchmark has a seed in 14-20"), "{none}");
        for text in ["", "a", "5-3", "1-2-3", "-4"] {
            assert!(text.parse::<SeedRange>().is_err(), "{text}");
        }
    }
}
