//! What a statistic sees: the values of one or more cells, in resampling units.
//!
//! A unit is a set of seeds that share no evaluation with seeds outside it, within one stratum (a benchmark). Usually
//! that is one seed. Where cells share a computation (behaviour cloning does not depend on the critic, so neither do
//! its cells), the shared evaluation is one observation: it enters a cell once, and the seeds that share it are drawn
//! together. So sharing can never make `n` larger. Cells of one panel are compared over the seeds that all have.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};

/// One measured number.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The benchmark.
    pub stratum: String,
    /// The seed of the run.
    pub seed: i64,
    /// Equal for observations that are one computation.
    pub evaluation_id: String,
    /// The number; finite.
    pub value: f64,
}

/// K cells over the same strata, in resampling units.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    pub(crate) strata: Vec<Stratum>,
    /// Per cell: values ascending, with the unit they belong to, counted over all strata.
    pub(crate) cells: Vec<Vec<Member>>,
    /// Per cell: its distinct evaluations, sorted.
    pub(crate) evaluation_ids: Vec<Vec<String>>,
    pub(crate) seeds: Vec<i64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stratum {
    pub(crate) name: String,
    pub(crate) units: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) value: f64,
    pub(crate) unit: usize,
}

/// Seeds of one stratum by the evaluation that they share.
type Links = BTreeMap<String, BTreeSet<i64>>;

impl Panel {
    /// Groups `cells` (`[K]` lists of observations of `metric`) into units. The order of observations and repeated
    /// observations of one evaluation change nothing.
    ///
    /// # Errors
    /// `Conflict` when one evaluation has two values.
    pub fn new(metric: &str, cells: &[Vec<Observed>]) -> Result<Self> {
        let common = common_seeds(cells);
        let mut panel = Self {
            strata: Vec::new(),
            cells: vec![Vec::new(); cells.len()],
            evaluation_ids: vec![Vec::new(); cells.len()],
            seeds: Vec::new(),
        };
        let mut offset = 0;
        for (name, seeds) in &common {
            let inside = |o: &&Observed| o.stratum == *name && seeds.contains(&o.seed);
            let mut links = Links::new();
            for observed in cells.iter().flatten().filter(inside) {
                links
                    .entry(observed.evaluation_id.clone())
                    .or_default()
                    .insert(observed.seed);
            }
            let unit_of = units(seeds, &links);
            for (index, cell) in cells.iter().enumerate() {
                for (id, (seed, value)) in distinct(metric, cell.iter().filter(inside))? {
                    panel.cells[index].push(Member {
                        value,
                        unit: offset + unit_of[&seed],
                    });
                    panel.evaluation_ids[index].push(id);
                }
            }
            let units = unit_of.values().max().map_or(0, |last| last + 1);
            panel.strata.push(Stratum {
                name: name.clone(),
                units,
            });
            panel.seeds.extend(seeds);
            offset += units;
        }
        for members in &mut panel.cells {
            members.sort_by(|a, b| a.value.total_cmp(&b.value).then(a.unit.cmp(&b.unit)));
        }
        for ids in &mut panel.evaluation_ids {
            ids.sort();
        }
        panel.seeds.sort_unstable();
        panel.seeds.dedup();
        Ok(panel)
    }

    /// Resampling units over all strata.
    pub fn units(&self) -> usize {
        self.strata.iter().map(|s| s.units).sum()
    }

    /// Resampling units of each stratum.
    pub fn units_by_stratum(&self) -> Vec<usize> {
        self.strata.iter().map(|s| s.units).collect()
    }

    /// The values of cell `index` by unit; a unit without any in this cell is empty.
    pub(crate) fn by_unit(&self, index: usize) -> Vec<Vec<f64>> {
        let mut units = vec![Vec::new(); self.units()];
        for member in &self.cells[index] {
            units[member.unit].push(member.value);
        }
        units
    }

    /// The values of cell `index`, ascending.
    pub fn values(&self, index: usize) -> Vec<f64> {
        self.cells[index].iter().map(|m| m.value).collect()
    }
}

/// Per stratum, the seeds that every cell has; strata without any are left out.
fn common_seeds(cells: &[Vec<Observed>]) -> BTreeMap<String, BTreeSet<i64>> {
    let mut common: Option<BTreeMap<String, BTreeSet<i64>>> = None;
    for cell in cells {
        let mut own: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for observed in cell {
            own.entry(observed.stratum.clone())
                .or_default()
                .insert(observed.seed);
        }
        common = Some(match common {
            None => own,
            Some(mut before) => {
                before.retain(|name, seeds| {
                    let others = own.get(name);
                    seeds.retain(|seed| others.is_some_and(|o| o.contains(seed)));
                    !seeds.is_empty()
                });
                before
            }
        });
    }
    common.unwrap_or_default()
}

/// Numbers the connected groups of seeds in order of their lowest seed.
fn units(seeds: &BTreeSet<i64>, links: &Links) -> BTreeMap<i64, usize> {
    let mut lowest: BTreeMap<i64, i64> = seeds.iter().map(|&s| (s, s)).collect();
    loop {
        let mut changed = false;
        for group in links.values() {
            let low = group.iter().map(|seed| lowest[seed]).min();
            for seed in group {
                if low.is_some_and(|low| low < lowest[seed]) {
                    changed |= lowest.insert(*seed, low.unwrap_or(*seed)).is_some();
                }
            }
        }
        if !changed {
            break;
        }
    }
    let roots: BTreeSet<i64> = lowest.values().copied().collect();
    let number: BTreeMap<i64, usize> = roots
        .into_iter()
        .enumerate()
        .map(|(i, root)| (root, i))
        .collect();
    lowest
        .into_iter()
        .map(|(seed, root)| (seed, number[&root]))
        .collect()
}

/// One entry per evaluation: its lowest seed and its value.
fn distinct<'a>(
    metric: &str,
    observed: impl Iterator<Item = &'a Observed>,
) -> Result<BTreeMap<String, (i64, f64)>> {
    let mut by_id: BTreeMap<String, (i64, f64)> = BTreeMap::new();
    for o in observed {
        let entry = by_id
            .entry(o.evaluation_id.clone())
            .or_insert((o.seed, o.value));
        if entry.1.to_bits() != o.value.to_bits() {
            return Err(Error::Conflict {
                evaluation_id: o.evaluation_id.clone(),
                metric: metric.to_owned(),
                first: entry.1.min(o.value),
                second: entry.1.max(o.value),
            });
        }
        entry.0 = entry.0.min(o.seed);
    }
    Ok(by_id)
}
