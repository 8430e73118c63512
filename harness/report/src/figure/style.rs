//! Which colour, dash and marker a pipeline has: the same in every panel of every figure of a study.

use std::collections::BTreeMap;

use analysis::Study;

use super::colour::SERIES;

/// How a pipeline is drawn. Colour and marker go together, so no reading needs colour.
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

const DASHES: [&str; 4] = ["", "6 3", "2 2.5", "8 3 2 3"];
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
        let mut by_pipeline = BTreeMap::new();
        for pipeline in &study.pipelines {
            let place = (
                index(&mut rows, &pipeline.labels[&table.rows]),
                index(&mut columns, &pipeline.labels[&table.columns]),
            );
            let style = Style {
                colour: SERIES[place.1 % SERIES.len()],
                marker: place.1,
                dash: DASHES[place.0 % DASHES.len()],
            };
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

    /// Rows of pipelines as matrices stand beside each other; empty rows and columns are closed up.
    pub(super) fn arrange<'a, T>(
        &self,
        items: &'a [T],
        pipeline: impl Fn(&T) -> &str,
    ) -> Vec<Vec<&'a T>> {
        let mut rows: BTreeMap<usize, Vec<(usize, &T)>> = BTreeMap::new();
        for item in items {
            let (row, column) = self
                .by_pipeline
                .get(pipeline(item))
                .map_or((0, 0), |(_, place)| *place);
            rows.entry(row).or_default().push((column, item));
        }
        if self.columns > FLOW {
            return items
                .chunks(FLOW)
                .map(|chunk| chunk.iter().collect())
                .collect();
        }
        rows.into_values()
            .map(|mut row| {
                row.sort_by_key(|(column, _)| *column);
                row.into_iter().map(|(_, item)| item).collect()
            })
            .collect()
    }
}

fn index<'a>(known: &mut Vec<&'a str>, label: &'a str) -> usize {
    known.iter().position(|k| *k == label).unwrap_or_else(|| {
        known.push(label);
        known.len() - 1
    })
}
