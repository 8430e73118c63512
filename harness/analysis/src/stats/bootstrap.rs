//! Stratified bootstrap: strata are benchmarks, the unit is a seed with all its cells.
//!
//! Replicate `r` draws, in each stratum of `n` units, `n` units with replacement; every cell of the stratum sees the
//! same draw, so paired comparisons stay paired and shared stages stay shared. (Resampling the cells of a 4x4 matrix
//! independently covers 54 % for a nominal 95 %.) The draw is a function of (seed, stratum, n, r) by the counter-based
//! generator, a block of replicates a stream, so neither the number of threads nor the order of the work can change an interval.
//!
//! Interval: percentiles 2.5 and 97.5 of the replicates, widened as [`super::small_sample`] says.
//! Reference: Efron 1979; stratification by task as in rliable (`StratifiedBootstrap`).
//! No unit: no estimate. One unit: an estimate without interval. All values equal: both ends equal the estimate.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use manifest::random::Family;

use super::draws::{BLOCK, Block, Draws};
use super::panel::Panel;
use super::percentile::percentiles;
use super::small_sample::{LowN, factor, factor_at, freedom};
use super::{Estimate, Interval, iqm};

/// Draws the resamples of a whole report, so that equal strata share their draws.
#[derive(Debug)]
pub struct Resampler {
    seed: u64,
    replicates: u32,
    threads: usize,
    draws: RefCell<BTreeMap<(String, usize), Arc<Draws>>>,
}

/// The replicates of an interval.
pub const REPLICATES: u32 = 50_000;

impl Default for Resampler {
    fn default() -> Self {
        Self::new(0, REPLICATES)
    }
}

/// On which scale distances to the estimate are widened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Differences and levels.
    Linear,
    /// Ratios: an interval of a ratio stays positive, and that of its inverse is the inverse interval.
    Log,
}

impl Resampler {
    /// Resamples addressed by `seed`, `replicates` of them.
    pub fn new(seed: u64, replicates: u32) -> Self {
        Self {
            seed,
            replicates,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            draws: RefCell::default(),
        }
    }

    /// The same with so many threads for an interval, at least one; without it, those that the machine has.
    #[must_use]
    pub fn on_threads(self, threads: usize) -> Self {
        Self {
            threads: threads.max(1),
            ..self
        }
    }

    /// Estimate and interval of `combine([K] interquartile means)` over `panel`; none without values or where
    /// `combine` is undefined on the sample itself.
    pub fn estimate(
        &self,
        panel: &Panel,
        scale: Scale,
        combine: impl Fn(&[f64]) -> Option<f64> + Sync,
    ) -> Option<Estimate> {
        let mut means = vec![0.0; panel.cells.len()];
        let statistic =
            |counts: &[u16]| aggregate(panel, counts, &mut means).and_then(|()| combine(&means));
        widened(panel, scale, statistic, |_| {
            self.replicates_of_means(panel, &combine).and_then(ends)
        })
    }

    /// The interquartile means of the cells of `panel`, `[K]`; none when a cell has no value.
    pub fn means(&self, panel: &Panel) -> Option<Vec<f64>> {
        let mut means = vec![0.0; panel.cells.len()];
        aggregate(panel, &vec![1u16; panel.units()], &mut means).map(|()| means)
    }

    /// Estimate and interval of a statistic of `panel`, given how often each unit is taken, `[units]`; none where it is undefined on
    /// the sample itself.
    pub fn estimate_of(
        &self,
        panel: &Panel,
        scale: Scale,
        mut statistic: impl FnMut(&[u16]) -> Option<f64>,
    ) -> Option<Estimate> {
        widened(panel, scale, &mut statistic, |statistic| {
            self.percentiles_of(panel, statistic)
        })
    }

    /// As [`Resampler::estimate_of`] with the plain percentile interval, as rliable gives it.
    pub fn plain_estimate_of(
        &self,
        panel: &Panel,
        mut statistic: impl FnMut(&[u16]) -> Option<f64>,
    ) -> Option<Estimate> {
        let value = statistic(&vec![1u16; panel.units()])?;
        let units = panel.units_by_stratum();
        // One unit a stratum: every replicate is the sample itself.
        let varied = units.iter().any(|&n| n > 1);
        Some(Estimate {
            value,
            interval: if varied {
                self.percentiles_of(panel, statistic)
            } else {
                None
            },
            n: panel.units(),
            low_n: units.iter().copied().min().and_then(LowN::of),
        })
    }

    /// Plain percentile interval of the interquartile mean of one cell, as rliable gives it.
    pub fn percentile_interval(&self, panel: &Panel) -> Option<Interval> {
        ends(self.replicates_of_means(panel, &|means: &[f64]| means.first().copied())?)
    }

    /// Plain percentile interval of a statistic of `panel`, as [`Resampler::estimate_of`] takes it; none if it is undefined in a
    /// replicate.
    pub fn percentiles_of(
        &self,
        panel: &Panel,
        statistic: impl FnMut(&[u16]) -> Option<f64>,
    ) -> Option<Interval> {
        ends(self.replicates(panel, statistic)?)
    }

    /// The replicates of a statistic with multiplicities; none if any is undefined.
    fn replicates(
        &self,
        panel: &Panel,
        mut statistic: impl FnMut(&[u16]) -> Option<f64>,
    ) -> Option<Vec<(f64, u32)>> {
        let drawn = self.drawn(panel);
        let mut counts = vec![0; panel.units()];
        let mut values = Vec::new();
        for index in 0..drawn.blocks() {
            drawn.with(index, |block| {
                for (lane, &times) in block.times().iter().enumerate() {
                    block.row(lane, &mut counts);
                    values.push((statistic(&counts)?, times));
                }
                Some(())
            })?;
        }
        Some(values)
    }

    /// The replicates of `combine([K] interquartile means)` with multiplicities, on all threads; none if any is undefined.
    fn replicates_of_means(
        &self,
        panel: &Panel,
        combine: &(impl Fn(&[f64]) -> Option<f64> + Sync),
    ) -> Option<Vec<(f64, u32)>> {
        let drawn = self.drawn(panel);
        let blocks = drawn.blocks();
        let share = blocks.div_ceil(self.threads).max(LEAST_BLOCKS);
        let part = &|first: usize| drawn.means(first..blocks.min(first + share), combine);
        let mut starts = (0..blocks).step_by(share);
        let own = starts.next();
        std::thread::scope(|scope| {
            let others: Vec<_> = starts.map(|s| scope.spawn(move || part(s))).collect();
            let mut values = own.map_or(Some(Vec::new()), part);
            for other in others {
                let more = other
                    .join()
                    .unwrap_or_else(|e| std::panic::resume_unwind(e));
                values = values.zip(more).map(|(mut all, more)| {
                    all.extend(more);
                    all
                });
            }
            values
        })
    }

    fn drawn<'a>(&self, panel: &'a Panel) -> Drawn<'a> {
        let draws = panel.strata.iter().map(|s| self.draws(&s.name, s.units));
        Drawn {
            panel,
            draws: draws.collect(),
            replicates: self.replicates as usize,
        }
    }

    /// Replicates of an interval.
    pub(super) fn replicate_count(&self) -> usize {
        self.replicates as usize
    }

    /// The draws of one stratum; every cell with as many units sees the same ones.
    pub(super) fn draws(&self, stratum: &str, units: usize) -> Arc<Draws> {
        let key = (stratum.to_owned(), units);
        if let Some(draws) = self.draws.borrow().get(&key) {
            return Arc::clone(draws);
        }
        let family = Family::new(self.seed, &["bootstrap", stratum, &units.to_string()]);
        let draws = Arc::new(Draws::new(&family, units, self.replicates as usize));
        self.draws.borrow_mut().insert(key, Arc::clone(&draws));
        draws
    }
}

/// Fewer blocks than this are not worth a thread.
const LEAST_BLOCKS: usize = 64;

/// The replicates of a panel, in blocks.
struct Drawn<'a> {
    panel: &'a Panel,
    /// Of each stratum.
    draws: Vec<Arc<Draws>>,
    replicates: usize,
}

impl Drawn<'_> {
    fn blocks(&self) -> usize {
        match self.draws.as_slice() {
            [only] => only.blocks().len(),
            _ => self.replicates.div_ceil(BLOCK),
        }
    }

    /// What `f` makes of a block.
    fn with<T>(&self, index: usize, f: impl FnOnce(&Block) -> T) -> T {
        if let [only] = self.draws.as_slice() {
            return f(&only.blocks()[index]);
        }
        let mut block = Block::new(self.panel.units());
        for replicate in (index * BLOCK..self.replicates).take(BLOCK) {
            block.push(self.draws.iter().map(|d| d.row(replicate)), 1);
        }
        f(&block)
    }

    /// `combine([K] interquartile means)` in the replicates of some blocks.
    fn means(
        &self,
        blocks: Range<usize>,
        combine: &impl Fn(&[f64]) -> Option<f64>,
    ) -> Option<Vec<(f64, u32)>> {
        let cells = &self.panel.cells;
        let mut lanes = vec![[0.0; BLOCK]; cells.len()];
        let mut means = vec![0.0; cells.len()];
        let mut values = Vec::with_capacity(blocks.len() * BLOCK);
        for index in blocks {
            self.with(index, |block| {
                for (cell, lanes) in cells.iter().zip(&mut lanes) {
                    block.means(cell, lanes)?;
                }
                for (lane, &times) in block.times().iter().enumerate() {
                    for (mean, lanes) in means.iter_mut().zip(&lanes) {
                        *mean = lanes[lane];
                    }
                    values.push((combine(&means)?, times));
                }
                Some(())
            })?;
        }
        Some(values)
    }
}

/// The interval between the outer percentiles of replicates.
fn ends(replicates: Vec<(f64, u32)>) -> Option<Interval> {
    let [low, high] = percentiles(replicates, [0.025, 0.975]);
    Some(Interval {
        low: low?,
        high: high?,
    })
}

/// A statistic of `panel`, with its plain percentile interval widened for few units.
fn widened<S: FnMut(&[u16]) -> Option<f64>>(
    panel: &Panel,
    scale: Scale,
    mut statistic: S,
    plain: impl FnOnce(S) -> Option<Interval>,
) -> Option<Estimate> {
    let value = statistic(&vec![1u16; panel.units()])?;
    let units = panel.units_by_stratum();
    let low_n = units.iter().copied().min().and_then(LowN::of);
    let factor = match units.len() {
        0 | 1 => factor(&units),
        _ => jackknife(panel, &mut statistic)
            .and_then(|variances| factor_at(&units, freedom(&units, &variances))),
    };
    let interval = factor.and_then(|factor| {
        let Interval { low, high } = plain(statistic)?;
        Some(widen(value, low, high, factor, scale))
    });
    Some(Estimate {
        value,
        interval,
        n: panel.units(),
        low_n,
    })
}

/// Interquartile mean of every cell when unit `u` is taken `counts[u]` times; none when a cell gets no value.
fn aggregate(panel: &Panel, counts: &[u16], means: &mut [f64]) -> Option<()> {
    for (cell, out) in panel.cells.iter().zip(means) {
        let total = cell.iter().map(|m| u64::from(counts[m.unit])).sum();
        *out = iqm::weighted(
            cell.iter().map(|m| (m.value, u32::from(counts[m.unit]))),
            total,
        )?;
    }
    Some(())
}

/// The variance that each stratum gives a statistic, `(n - 1) / n sum_i (x_i - mean x)^2` over the values `x_i` without its i-th unit. None
/// where the statistic is undefined without a unit; a stratum of one unit gives nothing.
fn jackknife(panel: &Panel, statistic: &mut impl FnMut(&[u16]) -> Option<f64>) -> Option<Vec<f64>> {
    let mut counts = vec![1u16; panel.units()];
    let mut first = 0;
    let mut variances = Vec::new();
    for stratum in &panel.strata {
        let n = stratum.units;
        let mut without = Vec::with_capacity(n);
        for unit in (first..first + n).filter(|_| n > 1) {
            counts[unit] = 0;
            without.push(statistic(&counts)?);
            counts[unit] = 1;
        }
        first += n;
        let mean = without.iter().sum::<f64>() / without.len().max(1) as f64;
        let squares: f64 = without.iter().map(|x| (x - mean) * (x - mean)).sum();
        variances.push(squares * n.saturating_sub(1) as f64 / n as f64);
    }
    Some(variances)
}

/// Moves both ends away from `value` by `factor`.
pub(super) fn widen(value: f64, low: f64, high: f64, factor: f64, scale: Scale) -> Interval {
    // Rounding in a mean of equal values can put the estimate beyond a percentile by one bit.
    let (low, high) = (low.min(value), high.max(value));
    match scale {
        Scale::Linear => Interval {
            low: value - factor * (value - low),
            high: value + factor * (high - value),
        },
        Scale::Log => Interval {
            low: value * libm::pow(low / value, factor),
            high: value * libm::pow(high / value, factor),
        },
    }
}
