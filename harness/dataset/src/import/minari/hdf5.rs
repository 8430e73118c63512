//! Minari's HDF5 format: a group `episode_<n>` for each episode.

use std::path::{Path, PathBuf};

use super::super::ImportOptions;
use super::super::arrays::{Archive, Array, Kind};
use super::super::d4rl_source::column_name;
use super::super::hdf5::Hdf5;
use super::{Episode, Episodes, Schema, damaged};
use crate::batch::SideValues;
use crate::error::Result;
use crate::schema::Column;

pub(super) struct Source {
    path: PathBuf,
    archive: Archive,
    groups: Vec<String>,
    convert_f64: bool,
    exclude: Vec<String>,
}

impl Source {
    pub(super) fn open(path: &Path, options: &ImportOptions) -> Result<Self> {
        let file = Hdf5::open(path)?;
        let mut numbered: Vec<(u64, String)> = file
            .groups()?
            .into_iter()
            .filter_map(|name| Some((name.strip_prefix("episode_")?.parse().ok()?, name)))
            .collect();
        numbered.sort();
        Ok(Self {
            path: path.to_owned(),
            archive: Archive::Hdf5(Box::new(file)),
            groups: numbered.into_iter().map(|(_, name)| name).collect(),
            convert_f64: options.convert_f64,
            exclude: options.exclude.clone(),
        })
    }

    fn array(&self, group: &str, key: &str) -> Result<Array> {
        let array = self.archive.require(&format!("{group}/{key}"))?;
        array.require_held()?;
        Ok(array)
    }

    fn numbers(&self, group: &str, key: &str) -> Result<Array> {
        let array = self.array(group, key)?;
        array.require_vectors()?;
        array.require_number(self.convert_f64)?;
        Ok(array)
    }

    fn scalars(&self, group: &str, key: &str, rows: u64) -> Result<Array> {
        let array = self.numbers(group, key)?;
        array.require_scalars()?;
        self.rows(array, rows)
    }

    fn rows(&self, array: Array, rows: u64) -> Result<Array> {
        if array.rows() == rows {
            return Ok(array);
        }
        let found = format!("{} rows where {rows} are expected", array.rows());
        Err(damaged(
            &self.path,
            &format!("array `{}`", array.key()),
            found,
        ))
    }

    fn side(&self, group: &str, key: &str, column: &Column, steps: u64) -> Result<SideValues> {
        let array = self.array(group, key)?;
        let same = array.float() == Some(column.dtype) && array.width() == column.width;
        if !same || !array.is_vectors() {
            let found = format!(
                "{} values a row of {}, unlike the first episode's",
                array.width(),
                array.dtype()
            );
            return Err(damaged(
                &self.path,
                &format!("array `{group}/{key}`"),
                found,
            ));
        }
        let mut array = self.rows(array, steps + 1)?;
        array.floats(0, steps)
    }
}

impl Episodes for Source {
    fn count(&self) -> usize {
        self.groups.len()
    }

    fn file(&self) -> &Path {
        &self.path
    }

    fn schema(&mut self) -> Result<Schema> {
        let group = &self.groups[0];
        let (observations, actions) = (
            self.numbers(group, "observations")?,
            self.numbers(group, "actions")?,
        );
        let rewards = self.numbers(group, "rewards")?;
        let mut schema = Schema {
            widths: (observations.width(), actions.width()),
            discrete: matches!(actions.kind(), Kind::Int { .. }),
            ..Schema::default()
        };
        for (key, array) in [
            ("observations", &observations),
            ("actions", &actions),
            ("rewards", &rewards),
        ] {
            schema.dtypes.push((key.to_owned(), array.dtype()));
        }
        let prefix = format!("{group}/");
        for key in self.archive.keys() {
            let Some(inner) = key.strip_prefix(&prefix) else {
                continue;
            };
            let Some(name) = inner.strip_prefix("infos/") else {
                continue;
            };
            let Some(array) = self.archive.find(key)? else {
                continue;
            };
            if self.exclude.iter().any(|k| k == inner) {
                schema.notes.push(format!("`{inner}` left out on request"));
                continue;
            }
            match array.float() {
                Some(dtype) if array.is_vectors() && array.rows() == observations.rows() => {
                    let column = Column::new(&column_name(name), dtype, array.width());
                    schema.dtypes.push((inner.to_owned(), array.dtype()));
                    schema.side.push((inner.to_owned(), column));
                }
                _ => schema.notes.push(format!(
                    "`{inner}` left out: {} of rank {}",
                    array.dtype(),
                    array.rank()
                )),
            }
        }
        Ok(schema)
    }

    fn episode(&mut self, index: usize, schema: &Schema) -> Result<Episode> {
        let group = self.groups[index].clone();
        let mut observations = self.numbers(&group, "observations")?;
        let mut actions = self.numbers(&group, "actions")?;
        let widths = (observations.width(), actions.width());
        if widths != schema.widths {
            let found = format!(
                "widths {widths:?}, unlike the first episode's {:?}",
                schema.widths
            );
            return Err(damaged(&self.path, &format!("group `{group}`"), found));
        }
        let steps = actions.rows();
        observations = self.rows(observations, steps.saturating_add(1))?;
        let side = schema
            .side
            .iter()
            .map(|(key, column)| self.side(&group, key, column, steps))
            .collect::<Result<_>>()?;
        Ok(Episode {
            observations: observations.singles(0, steps + 1)?,
            actions: actions.singles(0, steps)?,
            rewards: self.scalars(&group, "rewards", steps)?.singles(0, steps)?,
            terminations: self
                .scalars(&group, "terminations", steps)?
                .flags(0, steps)?,
            truncations: self
                .scalars(&group, "truncations", steps)?
                .flags(0, steps)?,
            side,
        })
    }
}
