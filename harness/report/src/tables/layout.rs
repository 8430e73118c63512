//! A table as short texts, before any format: the same texts appear in Markdown, LaTeX and on the terminal.

use std::collections::BTreeMap;

use analysis::words::{decimals, fixed, metric, significant};
use analysis::{Cell, Entry, Estimate, Interval, LowN, Standing, Table};

use super::Standings;

/// A table in words.
pub(crate) struct Layout {
    pub(crate) caption: String,
    /// Row dimension and column labels.
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<(String, Vec<CellText>)>,
    /// Footnotes, numbered from 1 in this order.
    pub(crate) notes: Vec<String>,
}

/// A cell in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CellText {
    /// The estimate, or the word for its absence; empty where no pipeline belongs.
    pub(crate) value: String,
    /// `[low, high]`, empty without interval.
    pub(crate) interval: String,
    /// `n = 4` where the table's caption does not say it.
    pub(crate) count: String,
    /// Numbers of footnotes.
    pub(crate) notes: Vec<usize>,
    /// How it stands to the best it is compared with.
    pub(crate) standing: Option<Standing>,
}

impl Layout {
    pub(crate) fn new(table: &Table, standings: Option<&Standings>) -> Self {
        let mut notes = Vec::new();
        let counts = usual_count(table);
        let rows = table.rows.iter().enumerate().map(|(r, label)| {
            let cells = table.cells[r].iter().enumerate();
            let texts = cells.map(|(c, entry)| CellText {
                standing: standings.and_then(|all| all[r][c]),
                ..cell_text(table, (r, c), entry.as_ref(), counts, &mut notes)
            });
            (label.clone(), texts.collect())
        });
        let rows = rows.collect();
        let mut header = vec![table.row_dimension.clone()];
        header.extend(table.columns.iter().cloned());
        Self {
            caption: caption(table, counts),
            header,
            rows,
            notes,
        }
    }
}

/// What the marks on cells mean, where there are any.
pub(crate) const MARKS: &str = "Bold: the best on its benchmark, or over all of them where they are pooled. †: not significantly worse, as the 95 % \
interval of the paired difference to the best over common seeds holds zero, one comparison at a time.";

impl Layout {
    /// Whether any cell is marked as the best.
    pub(crate) fn is_marked(&self) -> bool {
        let cells = || self.rows.iter().flat_map(|(_, cells)| cells);
        cells().any(|cell| cell.standing == Some(Standing::Best))
    }
}

impl CellText {
    /// `†` behind a cell that is not significantly worse than the best.
    pub(crate) fn dagger(&self) -> &'static str {
        if self.standing == Some(Standing::NotWorse) {
            "†"
        } else {
            ""
        }
    }

    /// Whether it is the best of what it is compared with.
    pub(crate) fn is_best(&self) -> bool {
        self.standing == Some(Standing::Best)
    }

    /// The cell without footnotes, e.g. `0.64 [0.63, 0.65] (n = 4)`.
    pub(crate) fn plain(&self) -> String {
        let mut text = self.value.clone();
        if !self.interval.is_empty() {
            text = format!("{text} {}", self.interval);
        }
        if !self.count.is_empty() {
            text = format!("{text} ({})", self.count);
        }
        text
    }
}

/// An estimate with its interval, to the digits that the interval supports.
///
/// Half the width is shown with one digit, or two where that digit is 1 or 2; the estimate with at least two digits
/// and at most four; each bound with at least one, so that a bound near zero keeps its sign.
pub(crate) fn number(value: f64, interval: Option<Interval>) -> (String, String) {
    let Some(interval) = interval else {
        return (significant(value, 3), String::new());
    };
    let half = (interval.high - interval.low) / 2.0;
    let width = match half {
        half if half > 0.0 => decimals(half, if leading(half) < 3 { 2 } else { 1 }),
        _ => decimals(value, 3),
    };
    let common = width
        .max(decimals(value, 2).min(width + 1))
        .min(decimals(value, 4));
    let text = |x, digits| fixed(x, common.max(decimals(x, digits).min(width + 4)));
    (
        text(value, 2),
        format!("[{}, {}]", text(interval.low, 1), text(interval.high, 1)),
    )
}

/// The first digit of `x` after rounding to one digit.
fn leading(x: f64) -> u32 {
    let digit = format!("{x:.0e}").chars().next();
    digit.and_then(|c| c.to_digit(10)).unwrap_or(0)
}

/// An [`Estimate`] as `0.05 [0.04, 0.06]`.
pub(crate) fn estimate(estimate: &Estimate) -> String {
    let (value, interval) = number(estimate.value, estimate.interval);
    format!("{value} {interval}").trim_end().to_owned()
}

fn measured(table: &Table) -> impl Iterator<Item = &Cell> {
    table
        .cells
        .iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.cell.as_ref())
}

/// The number of evaluations that most cells have; the larger one of equally frequent ones.
fn usual_count(table: &Table) -> Option<usize> {
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    for cell in measured(table) {
        *times.entry(cell.n).or_default() += 1;
    }
    times
        .into_iter()
        .max_by_key(|&(n, times)| (times, n))
        .map(|(n, _)| n)
}

fn caption(table: &Table, usual: Option<usize>) -> String {
    let place = table.benchmark.as_deref().unwrap_or("all benchmarks");
    let direction = table.better.words();
    let all = measured(table).all(|cell| Some(cell.n) == usual);
    let count = match usual {
        Some(n) if all => format!("n = {n}"),
        Some(n) => format!("n = {n} unless stated"),
        None => "nothing measured".into(),
    };
    let head = if [&table.row_dimension, &table.column_dimension]
        .iter()
        .any(|d| *d == "benchmark")
    {
        String::new()
    } else {
        format!("{place}, ")
    };
    let only: Vec<String> = table
        .only
        .iter()
        .map(|(k, v)| format!("{k} = {v}"))
        .collect();
    let only = if only.is_empty() {
        String::new()
    } else {
        format!(", where {}", only.join(" and "))
    };
    let by = match &table.normalizer {
        Some(normalizer) => format!(" by {normalizer}"),
        None => String::new(),
    };
    format!(
        "{head}{}{by} ({direction}){only}, IQM [95 % interval], {count}",
        metric(&table.metric)
    )
}

fn cell_text(
    table: &Table,
    place: (usize, usize),
    entry: Option<&Entry>,
    usual: Option<usize>,
    notes: &mut Vec<String>,
) -> CellText {
    let Some(entry) = entry else {
        return CellText::default();
    };
    let mut text = CellText::default();
    let mut text_notes: Vec<String> = Vec::new();
    match &entry.cell {
        Some(cell) => {
            (text.value, text.interval) = number(cell.iqm, cell.interval);
            if usual != Some(cell.n) {
                text.count = format!("n = {}", cell.n);
            }
            let pooled = ![&table.row_dimension, &table.column_dimension]
                .iter()
                .any(|d| *d == "benchmark");
            if pooled && cell.benchmarks < table.scope.len() {
                let text = format!(
                    "covers {} of {} benchmarks",
                    cell.benchmarks,
                    table.scope.len()
                );
                text_notes.push(text);
            }
            if cell.low_n == Some(LowN::Strong) {
                text_notes
                    .push("fewer than 5 seeds: the interval may cover much less than 95 %".into());
            }
        }
        None => {
            let kind = entry
                .missing
                .first()
                .map_or("not measured", |missing| missing.kind.word());
            kind.clone_into(&mut text.value);
        }
    }
    text_notes.extend(entry.reasons());
    if let Some(group) = table
        .shared
        .iter()
        .find(|group| group.places.contains(&place))
    {
        let names = group
            .places
            .iter()
            .map(|&(r, c)| format!("{} / {}", table.rows[r], table.columns[c]));
        let names: Vec<String> = names.collect();
        text_notes.push(format!(
            "{} are the same evaluations: one observation",
            names.join(" and ")
        ));
    }
    text.notes = text_notes
        .into_iter()
        .map(|text| note(notes, text))
        .collect();
    text
}

fn note(notes: &mut Vec<String>, text: String) -> usize {
    let index = notes
        .iter()
        .position(|known| *known == text)
        .unwrap_or_else(|| {
            notes.push(text);
            notes.len() - 1
        });
    index + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_the_interval() {
        let interval = |low, high| Some(Interval { low, high });
        let rows = [
            (
                (0.6384, interval(0.6312, 0.6523)),
                ("0.638", "[0.631, 0.652]"),
            ),
            (
                (0.00712, interval(0.0061, 0.0085)),
                ("0.0071", "[0.0061, 0.0085]"),
            ),
            ((64.9, interval(56.1, 73.64)), ("65", "[56, 74]")),
            (
                (100.0, interval(99.9979, 100.0021)),
                ("100.0", "[100.0, 100.0]"),
            ),
            ((0.25, interval(0.25, 0.25)), ("0.250", "[0.250, 0.250]")),
            ((0.25, None), ("0.250", "")),
            (
                (-1.23456, interval(-400.0, 400.0)),
                ("-1.2", "[-400.0, 400.0]"),
            ),
            ((0.0022, interval(0.0014, 8.4)), ("0.0022", "[0.001, 8.4]")),
            ((3.31, interval(1.05, 6.8)), ("3.3", "[1.1, 6.8]")),
            (
                (-0.23, interval(-0.351, 0.0083)),
                ("-0.23", "[-0.35, 0.008]"),
            ),
            ((1e-17, interval(-1.0, 1.0)), ("0.00000", "[-1.00, 1.00]")),
        ];
        for ((value, interval), (expected, bounds)) in rows {
            assert_eq!(
                number(value, interval),
                (expected.to_owned(), bounds.to_owned())
            );
        }
    }
}
