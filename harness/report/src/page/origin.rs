//! The data block of the page: what stands behind every cell, each id, digest and word once.
//!
//! Runs are numbered in the order in which cells first name them, so that a cell's runs are a range or two. Ids of 32 bytes
//! are one base64 text; of the nodes behind a run only the first eight, as the run's own id is a hash of theirs. `page.js` is the only reader; the layout is nobody else's business.

use std::collections::BTreeMap;

use analysis::{Entry, LowN, Run};
use serde::Serialize;
use serde_json::{Value, json};
use store::Origins;

use super::base64;

/// Collects cells and their runs.
pub(super) struct Trail<'a> {
    evaluations: &'a BTreeMap<String, Run>,
    origins: Option<&'a Origins>,
    texts: Texts,
    /// Ids of runs in the order of their numbers.
    runs: Vec<String>,
    numbers: BTreeMap<String, usize>,
    sets: Texts,
    reasons: Texts,
    cells: Vec<CellRow>,
}

/// `[set, n, units, iqm, low, high, mean, sd, mark, seeds, reasons]`.
#[derive(Serialize)]
struct CellRow(
    Option<usize>,
    usize,
    usize,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    u8,
    usize,
    Vec<usize>,
);

/// Different texts by number.
#[derive(Default)]
struct Texts {
    all: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        if let Some(&known) = self.numbers.get(text) {
            return known;
        }
        self.all.push(text.to_owned());
        self.numbers.insert(text.to_owned(), self.all.len() - 1);
        self.all.len() - 1
    }
}

impl<'a> Trail<'a> {
    pub(super) fn new(
        evaluations: &'a BTreeMap<String, Run>,
        origins: Option<&'a Origins>,
    ) -> Self {
        Self {
            evaluations,
            origins,
            texts: Texts::default(),
            runs: Vec::new(),
            numbers: BTreeMap::new(),
            sets: Texts::default(),
            reasons: Texts::default(),
            cells: Vec::new(),
        }
    }

    /// Takes a cell in, and returns its number.
    pub(super) fn number(&mut self, entry: &Entry) -> usize {
        let reasons = entry.reasons();
        let reasons = reasons.iter().map(|r| self.reasons.number(r)).collect();
        let row = match &entry.cell {
            None => CellRow(None, 0, 0, None, None, None, None, None, 0, 0, reasons),
            Some(cell) => {
                let mark = match cell.low_n {
                    None => 0,
                    Some(LowN::Strong) => 2,
                    Some(_) => 1,
                };
                CellRow(
                    Some(self.set(&cell.evaluation_ids)),
                    cell.n,
                    cell.units,
                    Some(cell.iqm),
                    cell.interval.map(|i| i.low),
                    cell.interval.map(|i| i.high),
                    Some(cell.mean),
                    cell.sd,
                    mark,
                    self.texts.number(&ranges(&cell.seeds, "–", ", ")),
                    reasons,
                )
            }
        };
        self.cells.push(row);
        self.cells.len() - 1
    }

    fn set(&mut self, ids: &[String]) -> usize {
        let mut members: Vec<i64> = Vec::with_capacity(ids.len());
        for id in ids {
            let number = match self.numbers.get(id) {
                Some(&known) => known,
                None => {
                    self.runs.push(id.clone());
                    self.numbers.insert(id.clone(), self.runs.len() - 1);
                    self.runs.len() - 1
                }
            };
            members.push(number as i64);
        }
        self.sets.number(&ranges(&members, "-", ","))
    }

    /// The block as JSON that can stand inside a script element.
    pub(super) fn finish(mut self, foreign: &str, manifest: &str) -> serde_json::Result<String> {
        let (mut seeds, mut benchmarks) = (Vec::new(), Vec::new());
        let (mut sources, mut nodes_of) = (Vec::new(), Vec::new());
        let mut nodes = Texts::default();
        let runs = std::mem::take(&mut self.runs);
        for id in &runs {
            let run = self.evaluations.get(id);
            seeds.push(run.map(|r| r.seed));
            let benchmark = run.map_or("", |r| r.benchmark.as_str());
            benchmarks.push(self.texts.number(benchmark));
            let origin = self.origins.and_then(|o| o.evaluations.get(id));
            sources.push(origin.map(|o| o.source));
            let behind = origin.map_or(&[][..], |o| &o.nodes);
            let each = behind
                .iter()
                .flat_map(|(role, id)| [self.texts.number(role), nodes.number(id)]);
            nodes_of.push(each.collect::<Vec<usize>>());
        }
        let known = self.origins.map_or(&[][..], |o| &o.sources);
        let sources_of: Vec<Value> = known.iter().map(|s| source(s, &mut self.texts)).collect();
        let block = json!({
            "manifest": manifest,
            "foreign": foreign,
            "runs": {
                "ids": packed(&runs, 32), "seed": seeds, "benchmark": benchmarks, "source": sources, "nodes": nodes_of,
            },
            "nodes": packed(&nodes.all, 8),
            "sources": sources_of,
            "sets": self.sets.all,
            "reasons": self.reasons.all,
            "cells": self.cells,
            "texts": self.texts.all,
        });
        // Neither `</script` nor `<!--` may end or change the element.
        Ok(serde_json::to_string(&block)?.replace('<', "\\u003c"))
    }
}

fn source(source: &store::Source, texts: &mut Texts) -> Value {
    let mut pairs = |map: &BTreeMap<String, String>| -> Vec<[usize; 2]> {
        let each = map.iter();
        each.map(|(k, v)| [texts.number(k), texts.number(v)])
            .collect()
    };
    let (datasets, libraries, code) = (
        pairs(&source.datasets),
        pairs(&source.libraries),
        pairs(&source.code),
    );
    let stages: Vec<usize> = source.stages.iter().map(|s| texts.number(s)).collect();
    let makers = source.made_by.iter().map(super::environment::maker);
    let made_by: Vec<usize> = makers.map(|text: String| texts.number(&text)).collect();
    json!({
        "datasets": datasets, "libraries": libraries, "code": code, "stages": stages, "made_by": made_by,
        "environment": texts.number(&source.environment), "protocol": texts.number(&source.protocol),
    })
}

/// The first `kept` bytes of ids as one base64 text where all are 32 bytes in hexadecimal, else a list.
fn packed(ids: &[String], kept: usize) -> Value {
    let bytes: Option<Vec<[u8; 32]>> = ids.iter().map(|id| bytes_of(id)).collect();
    match bytes {
        Some(bytes) => {
            let kept: Vec<u8> = bytes.iter().flat_map(|b| &b[..kept]).copied().collect();
            json!(base64::encode(&kept))
        }
        None => json!(ids),
    }
}

/// The bytes of 64 hexadecimal digits.
pub(super) fn bytes_of(id: &str) -> Option<[u8; 32]> {
    let digits = id.as_bytes();
    let plain = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 64 || !digits.iter().all(plain) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |b: u8| if b <= b'9' { b - b'0' } else { b - b'a' + 10 };
        *byte = 16 * digit(pair[0]) + digit(pair[1]);
    }
    Some(bytes)
}

/// `[7, 0, 1, 2]` as `0–2, 7`.
pub(super) fn ranges(numbers: &[i64], to: &str, and: &str) -> String {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut parts: Vec<(i64, i64)> = Vec::new();
    for n in sorted {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => parts.push((n, n)),
        }
    }
    let text = |(a, b): (i64, i64)| {
        if a == b {
            a.to_string()
        } else {
            format!("{a}{to}{b}")
        }
    };
    let parts: Vec<String> = parts.into_iter().map(text).collect();
    parts.join(and)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_ranges_and_ids_become_bytes() {
        assert_eq!(ranges(&[7, 0, 1, 2, 1], "-", ","), "0-2,7");
        assert_eq!(ranges(&[], "-", ","), "");
        assert_eq!(packed(&["import/x".into()], 8), json!(["import/x"]));
        let id = format!("ff00{}", "1a".repeat(30));
        let bytes = bytes_of(&id).unwrap();
        assert_eq!((bytes[0], bytes[1], bytes[31]), (255, 0, 26));
    }
}
