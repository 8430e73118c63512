//! Which colour, dash and marker a pipeline has: the same in every panel of every figure of a study.

use std::collections::{BTreeMap, BTreeSet};

use analysis::Study;

use super::colour::SERIES;

/// How a pipeline is drawn: no two of a study alike, up to the product of all shapes. Where labels decide, colour and
/// marker go together, so no reading needs colour.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) colour: &'static str,
    pub(super) marker: usize,
    /// Empty for a solid line.
    pub(super) dash: &'static str,
}

/// Where pipelines stand when drawn side by side, and how they look.
pub(super) struct Styles {
    by_pipeline: BTreeMap<String, (Style, (usize, usize))>,
    columns: usize,
}

const DASHES: [&str; 6] = ["", "6 3", "2 2.5", "8 3 2 3", "12 4", "1 4"];
/// Shapes that a marker can have.
pub(super) const MARKERS: usize = 5;
/// Matrices beside each other where labels do not say how to arrange them.
const FLOW: usize = 4;

impl Styles {
    /// Labels that the study's first table uses decide: column labels give colour, row labels give the dash. Without
    /// such labels every pipeline has its own colour.
    pub(super) fn new(study: &Study) -> Self {
        Self::by_labels(study).unwrap_or_else(|| Self::by_order(study))
    }

    fn by_labels(study: &Study) -> Option<Self> {
        let table = study.tables.iter().find(|t| {
            let known = |key: &String| study.pipelines.iter().all(|p| p.labels.contains_key(key));
            known(&t.rows) && known(&t.columns)
        })?;
        let (mut rows, mut columns) = (Vec::new(), Vec::new());
        let mut by_pipeline: BTreeMap<String, (Style, (usize, usize))> = BTreeMap::new();
        for pipeline in &study.pipelines {
            let place = (
                index(&mut rows, &pipeline.labels[&table.rows]),
                index(&mut columns, &pipeline.labels[&table.columns]),
            );
            let mut style = Style {
                colour: SERIES[place.1 % SERIES.len()],
                marker: place.1 % MARKERS,
                dash: DASHES[place.0 % DASHES.len()],
            };
            // Pipelines of one place of the table (a base and what is added at test time) differ in their marker.
            let taken = |style: &Style| by_pipeline.values().any(|(other, _)| other == style);
            for _ in 1..MARKERS {
                if taken(&style) {
                    style.marker = (style.marker + 1) % MARKERS;
                }
            }
            by_pipeline.insert(pipeline.name.clone(), (style, place));
        }
        Some(Self {
            by_pipeline,
            columns: columns.len(),
        })
    }

    fn by_order(study: &Study) -> Self {
        let style = |i: usize| Style {
            colour: SERIES[i % SERIES.len()],
            marker: i,
            dash: DASHES[(i / SERIES.len()) % DASHES.len()],
        };
        let place = |i: usize| (i / FLOW, i % FLOW);
        let all = study.pipelines.iter().enumerate();
        let by_pipeline = all
            .map(|(i, p)| (p.name.clone(), (style(i), place(i))))
            .collect();
        Self {
            by_pipeline,
            columns: FLOW,
        }
    }

    pub(super) fn style(&self, pipeline: &str) -> Style {
        let known = self
            .by_pipeline
            .get(pipeline)
            .map(|(style, _)| style.clone());
        known.unwrap_or(Style {
            colour: SERIES[6],
            marker: 0,
            dash: "",
        })
    }

    /// Rows of items with their columns, as matrices stand beside each other: a row per row label, a column per
    /// column label. Rows that fit into each other's gaps share one line (a pipeline without critic beside those with
    /// the first critic); where there are too many columns, items follow each other.
    pub(super) fn arrange<'a, T>(
        &self,
        items: &'a [T],
        pipeline: impl Fn(&T) -> &str,
    ) -> Vec<Vec<(usize, &'a T)>> {
        if self.columns > FLOW {
            return items
                .chunks(FLOW)
                .map(|chunk| chunk.iter().enumerate().collect())
                .collect();
        }
        let mut rows: BTreeMap<usize, Vec<(usize, &T)>> = BTreeMap::new();
        for item in items {
            let (row, column) = self
                .by_pipeline
                .get(pipeline(item))
                .map_or((0, 0), |(_, place)| *place);
            rows.entry(row).or_default().push((column, item));
        }
        let mut lines: Vec<Vec<(usize, &T)>> = Vec::new();
        for row in rows.into_values() {
            let free = |line: &Vec<(usize, &T)>| {
                row.iter()
                    .all(|(c, _)| line.iter().all(|(taken, _)| taken != c))
            };
            match lines.last_mut() {
                Some(line) if free(line) => line.extend(row),
                _ => lines.push(row),
            }
        }
        // Columns that nothing uses are closed up.
        let used: BTreeSet<usize> = lines.iter().flatten().map(|(column, _)| *column).collect();
        let position = |column: usize| used.iter().take_while(|c| **c < column).count();
        for line in &mut lines {
            line.sort_by_key(|(column, _)| *column);
            line.iter_mut()
                .for_each(|(column, _)| *column = position(*column));
        }
        lines
    }
}

fn index<'a>(known: &mut Vec<&'a str>, label: &'a str) -> usize {
    known.iter().position(|k| *k == label).unwrap_or_else(|| {
        known.push(label);
        known.len() - 1
    })
}
