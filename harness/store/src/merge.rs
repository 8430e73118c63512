//! Joining the long tables of one study that was computed in parts.

use crate::error::Error;
use crate::observations::Observation;
use std::collections::BTreeMap;

/// A cell: benchmark, pipeline, seed, whether values are chosen on it, point.
type Cell<'a> = (&'a str, &'a str, i64, bool, &'a str);

/// The rows of `parts`, in their order, each cell once. `[(name, rows)]` to rows.
///
/// A cell that several parts measured is one computation and is taken from the first of them. A part without a value (failed, skipped, not
/// computed yet) gives way to one with a value, and else to an earlier part.
///
/// # Errors
/// `TwoResults` where two parts measured a cell by different computations.
pub fn merge_observations(parts: &[(String, Vec<Observation>)]) -> Result<Vec<Observation>, Error> {
    let mut chosen: BTreeMap<Cell<'_>, (usize, &str)> = BTreeMap::new();
    for (index, (name, rows)) in parts.iter().enumerate() {
        for row in rows {
            let id = if row.status == "ok" {
                row.evaluation_id.as_str()
            } else {
                ""
            };
            let Some((before, known)) = chosen.get_mut(&cell(row)) else {
                chosen.insert(cell(row), (index, id));
                continue;
            };
            if known.is_empty() && !id.is_empty() {
                (*before, *known) = (index, id);
            } else if !id.is_empty() && *known != id {
                return Err(Error::TwoResults {
                    cell: format!("{} on {}, seed {}", row.pipeline, row.benchmark, row.seed),
                    first: parts[*before].0.clone(),
                    second: name.clone(),
                });
            }
        }
    }
    let mut merged = Vec::new();
    for (index, (_, rows)) in parts.iter().enumerate() {
        let own = |row: &&Observation| {
            chosen
                .get(&cell(row))
                .is_some_and(|(part, _)| *part == index)
        };
        merged.extend(rows.iter().filter(own).cloned());
    }
    Ok(merged)
}

fn cell(row: &Observation) -> Cell<'_> {
    (
        &row.benchmark,
        &row.pipeline,
        row.seed,
        row.tuning,
        &row.point,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seed: i64, id: &str, value: Option<f64>) -> Observation {
        Observation {
            benchmark: "a/x-v0".into(),
            pipeline: "BC".into(),
            seed,
            tuning: false,
            point: "{}".into(),
            reference: true,
            update: 5,
            last: true,
            metric: if value.is_some() { "regret" } else { "" }.into(),
            value,
            status: if value.is_some() { "ok" } else { "skipped" }.into(),
            reason: value.is_none().then(|| "not computed yet".into()),
            evaluation_id: id.into(),
        }
    }

    fn merged(parts: &[&[Observation]]) -> Result<Vec<Observation>, Error> {
        let named = |(i, rows): (usize, &&[Observation])| (format!("part {i}"), rows.to_vec());
        merge_observations(&parts.iter().enumerate().map(named).collect::<Vec<_>>())
    }

    #[test]
    fn every_cell_is_there_once_and_values_go_before_holes() {
        let (one, two) = (row(1, "e1", Some(0.5)), row(2, "e2", Some(0.7)));
        let hole = row(2, "e2", None);
        let first = [one.clone(), hole.clone()];
        let second = [two.clone(), one.clone(), row(3, "", None)];
        let expected = [one.clone(), two.clone(), row(3, "", None)];
        assert_eq!(merged(&[&first, &second]).unwrap(), expected);
        let expected = [two.clone(), one.clone(), row(3, "", None)];
        assert_eq!(merged(&[&second, &first]).unwrap(), expected);
        let holes = [hole];
        assert_eq!(merged(&[&holes, &holes]).unwrap(), holes);
    }

    #[test]
    fn two_computations_of_a_cell_are_refused() {
        let error = merged(&[&[row(1, "e1", Some(0.5))], &[row(1, "other", Some(0.5))]]);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("BC on a/x-v0, seed 1"), "{text}");
        assert!(text.contains("part 0") && text.contains("part 1"), "{text}");
    }

    #[test]
    fn the_table_comes_back_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("observations.parquet");
        let rows = [row(1, "e1", Some(0.5)), row(2, "", None)];
        crate::write_observations(&path, &rows).unwrap();
        assert_eq!(crate::read_observations(&path).unwrap(), rows);
        std::fs::write(&path, b"PAR1 not really").unwrap();
        assert!(crate::read_observations(&path).is_err());
    }
}
