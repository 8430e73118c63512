//! CSV with a line of names.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::mapping::{CurveColumns, Place};
use super::{Collected, Evaluation};
use crate::error::Error;

pub(super) fn read(path: &Path, columns: &CurveColumns, out: &mut Collected) -> Result<(), Error> {
    let wrong = |error: csv::Error| Error::Source {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .from_path(path)
        .map_err(wrong)?;
    let head = reader.headers().map_err(wrong)?.clone();
    let names: Vec<&str> = head.iter().collect();
    if let Some(reason) = columns.missing(&names) {
        let path = path.to_owned();
        return Err(Error::Source { path, reason });
    }
    let mut record = StringRecord::new();
    let mut benchmark = String::new();
    while reader.read_record(&mut record).map_err(wrong)? {
        let row = Row {
            path,
            names: &names,
            record: &record,
            line: record.position().map_or(0, csv::Position::line),
        };
        benchmark.clear();
        for (index, place) in columns.benchmark.iter().enumerate() {
            if index > 0 {
                benchmark.push('-');
            }
            benchmark.push_str(row.name(place)?);
        }
        let evaluation = Evaluation {
            algorithm: row.name(&columns.algorithm)?,
            benchmark: &benchmark,
            environment: columns
                .environment
                .as_ref()
                .map(|p| row.name(p))
                .transpose()?,
            seed: row.number(&columns.seed, "an integer")?,
            update: row.number(&columns.update, "an integer")?,
            value: row.number(&columns.value, "a number")?,
        };
        out.add(row.line, &evaluation);
    }
    Ok(())
}

struct Row<'a> {
    path: &'a Path,
    names: &'a [&'a str],
    record: &'a StringRecord,
    line: u64,
}

impl<'a> Row<'a> {
    fn text(&self, place: &'a Place) -> &'a str {
        match place {
            Place::Constant(text) => text,
            Place::Column(name) => {
                // Every mapped column is there: the head was looked at.
                let at = self.names.iter().position(|known| known == name);
                at.and_then(|at| self.record.get(at)).unwrap_or_default()
            }
        }
    }

    fn name(&self, place: &'a Place) -> Result<&'a str, Error> {
        let text = self.text(place);
        if text.is_empty() {
            return Err(self.wrong(place, "a name", text));
        }
        Ok(text)
    }

    fn number<T: std::str::FromStr>(
        &self,
        place: &'a Place,
        expected: &'static str,
    ) -> Result<T, Error> {
        let text = self.text(place);
        text.parse().map_err(|_| self.wrong(place, expected, text))
    }

    fn wrong(&self, place: &Place, expected: &'static str, found: &str) -> Error {
        let (Place::Column(column) | Place::Constant(column)) = place;
        Error::Cell {
            path: self.path.to_owned(),
            row: self.line,
            column: column.clone(),
            expected,
            found: format!("`{}`", found.chars().take(40).collect::<String>()),
        }
    }
}
