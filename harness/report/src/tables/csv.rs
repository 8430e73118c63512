//! One line per cell, all digits (shortest text that reads back as the same number), RFC 4180 quoting. A last column
//! `normalizer` is there where scores are by another normaliser than the study's own.

use analysis::{Entry, Interval, Table};

use super::Content;

const HEADER: [&str; 19] = [
    "table",
    "benchmark",
    "metric",
    "row_dimension",
    "row",
    "column_dimension",
    "column",
    "status",
    "iqm",
    "low",
    "high",
    "mean",
    "sd",
    "n",
    "units",
    "low_n",
    "reason",
    "seeds",
    "evaluation_ids",
];

pub(crate) fn render(content: &Content<'_>) -> String {
    let exchanged = content.tables.iter().any(|t| t.normalizer.is_some());
    let mut out = HEADER.join(",");
    out += if exchanged { ",normalizer\n" } else { "\n" };
    for table in &content.tables {
        for (r, row) in table.cells.iter().enumerate() {
            for (c, entry) in row.iter().enumerate() {
                if let Some(entry) = entry {
                    let mut fields = fields(table, r, c, entry);
                    if exchanged {
                        fields.push(table.normalizer.clone().unwrap_or_default());
                    }
                    out += &line(&fields);
                }
            }
        }
    }
    out
}

fn fields(table: &Table, r: usize, c: usize, entry: &Entry) -> Vec<String> {
    let mut fields: Vec<String> = [
        &table.id,
        table.benchmark.as_deref().unwrap_or("all"),
        &table.metric,
        &table.row_dimension,
        &table.rows[r],
        &table.column_dimension,
        &table.columns[c],
    ]
    .map(str::to_owned)
    .into();
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    let word = entry
        .missing
        .first()
        .map_or("not measured", |m| m.kind.word());
    if let Some(cell) = &entry.cell {
        fields.push("ok".into());
        let bounds = [cell.interval.map(|i| i.low), cell.interval.map(|i| i.high)];
        fields.extend(
            [
                Some(cell.iqm),
                bounds[0],
                bounds[1],
                Some(cell.mean),
                cell.sd,
            ]
            .map(number),
        );
        fields.extend([cell.n.to_string(), cell.units.to_string()]);
        fields.push(
            cell.low_n
                .map(|mark| format!("{mark:?}").to_lowercase())
                .unwrap_or_default(),
        );
    } else {
        fields.push(word.into());
        fields.extend(vec![String::new(); 5]);
        fields.extend(["0".into(), "0".into(), String::new()]);
    }
    fields.push(entry.reasons().join("; "));
    let seeds = entry
        .cell
        .iter()
        .flat_map(|cell| &cell.seeds)
        .map(ToString::to_string);
    fields.push(seeds.collect::<Vec<_>>().join(" "));
    let ids = entry
        .cell
        .iter()
        .flat_map(|cell| &cell.evaluation_ids)
        .cloned();
    fields.push(ids.collect::<Vec<_>>().join(" "));
    fields
}

fn line(fields: &[String]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| quote(field)).collect();
    quoted.join(",") + "\n"
}

/// Both ends of an interval, all digits; empty without one.
pub(crate) fn bounds(interval: Option<Interval>) -> (String, String) {
    let end = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    (end(interval.map(|i| i.low)), end(interval.map(|i| i.high)))
}

pub(crate) fn quote(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
