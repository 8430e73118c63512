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

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use manifest::random::{Family, Stream};

use super::panel::Panel;
use super::percentile::percentile;
use super::small_sample::{LowN, factor, factor_at, freedom};
use super::{Estimate, Interval, iqm};

/// Draws the resamples of a whole report, so that equal strata share their draws.
#[derive(Debug)]
pub struct Resampler {
    seed: u64,
    replicates: u32,
    draws: RefCell<BTreeMap<(String, usize), Rc<Draws>>>,
}

/// The draws of one stratum.
#[derive(Debug)]
pub(super) struct Draws {
    /// Multiplicities of the units, `[R, n]` row-major.
    all: Vec<u16>,
    /// What [`Draws::different`] answers, once it was asked for.
    different: OnceCell<Different>,
}

/// Different rows of draws, and how often each occurs.
#[derive(Debug)]
struct Different {
    /// `[D, n]` row-major, ascending.
    rows: Vec<u16>,
    times: Vec<u32>,
}

impl Draws {
    /// Its different rows: 5 units have only 126. Only a stratum that stands alone needs them.
    fn different(&self, units: usize) -> &Different {
        self.different.get_or_init(|| {
            let mut all: Vec<&[u16]> = self.all.chunks_exact(units).collect();
            all.sort_unstable();
            let (mut rows, mut times) = (Vec::new(), Vec::new());
            for group in all.chunk_by(|a, b| a == b) {
                rows.extend_from_slice(group[0]);
                times.push(group.len() as u32);
            }
            Different { rows, times }
        })
    }

    /// How often each of `units` units is taken in a replicate.
    pub(super) fn row(&self, replicate: usize, units: usize) -> &[u16] {
        &self.all[replicate * units..][..units]
    }
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
            draws: RefCell::default(),
        }
    }

    /// Estimate and interval of `combine([K] interquartile means)` over `panel`; none without values or where
    /// `combine` is undefined on the sample itself.
    pub fn estimate(
        &self,
        panel: &Panel,
        scale: Scale,
        combine: impl Fn(&[f64]) -> Option<f64>,
    ) -> Option<Estimate> {
        let mut means = vec![0.0; panel.cells.len()];
        self.estimate_of(panel, scale, |counts| {
            aggregate(panel, counts, &mut means).and_then(|()| combine(&means))
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
        let value = statistic(&vec![1u16; panel.units()])?;
        let units = panel.units_by_stratum();
        let low_n = units.iter().copied().min().and_then(LowN::of);
        let factor = match units.len() {
            0 | 1 => factor(&units),
            _ => jackknife(panel, &mut statistic)
                .and_then(|variances| factor_at(&units, freedom(&units, &variances))),
        };
        let interval = factor.and_then(|factor| {
            let Interval { low, high } = self.percentiles_of(panel, statistic)?;
            Some(widen(value, low, high, factor, scale))
        });
        Some(Estimate {
            value,
            interval,
            n: panel.units(),
            low_n,
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
        let mut means = vec![0.0; panel.cells.len()];
        self.percentiles_of(panel, |counts| {
            aggregate(panel, counts, &mut means).and_then(|()| means.first().copied())
        })
    }

    /// Plain percentile interval of a statistic of `panel`, as [`Resampler::estimate_of`] takes it; none if it is undefined in a
    /// replicate.
    pub fn percentiles_of(
        &self,
        panel: &Panel,
        statistic: impl FnMut(&[u16]) -> Option<f64>,
    ) -> Option<Interval> {
        let replicates = self.replicates(panel, statistic)?;
        Some(Interval {
            low: percentile(&replicates, 0.025)?,
            high: percentile(&replicates, 0.975)?,
        })
    }

    /// The replicates of a statistic with multiplicities, ascending; none if any is undefined.
    fn replicates(
        &self,
        panel: &Panel,
        mut statistic: impl FnMut(&[u16]) -> Option<f64>,
    ) -> Option<Vec<(f64, u32)>> {
        let mut values = Vec::new();
        let mut add =
            |counts: &[u16], times: u32| statistic(counts).map(|x| values.push((x, times)));
        let draws: Vec<Rc<Draws>> = panel
            .strata
            .iter()
            .map(|s| self.draws(&s.name, s.units))
            .collect();
        if let ([only], [draws]) = (panel.strata.as_slice(), draws.as_slice()) {
            let Different { rows, times } = draws.different(only.units);
            for (counts, &times) in rows.chunks_exact(only.units).zip(times) {
                add(counts, times)?;
            }
        } else {
            let mut counts = Vec::with_capacity(panel.units());
            for replicate in 0..self.replicates as usize {
                counts.clear();
                for (stratum, draws) in panel.strata.iter().zip(&draws) {
                    counts.extend_from_slice(draws.row(replicate, stratum.units));
                }
                add(&counts, 1)?;
            }
        }
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Some(values)
    }

    /// Replicates of an interval.
    pub(super) fn replicate_count(&self) -> usize {
        self.replicates as usize
    }

    /// The draws of one stratum; every cell with as many units sees the same ones.
    pub(super) fn draws(&self, stratum: &str, units: usize) -> Rc<Draws> {
        let key = (stratum.to_owned(), units);
        if let Some(draws) = self.draws.borrow().get(&key) {
            return Rc::clone(draws);
        }
        let family = Family::new(self.seed, &["bootstrap", stratum, &units.to_string()]);
        let mut all = vec![0u16; units * self.replicates as usize];
        for (block, rows) in (0..).zip(all.chunks_mut(units * BLOCK)) {
            let mut stream = family.at(block);
            for counts in rows.chunks_exact_mut(units) {
                draw(&mut stream, counts);
            }
        }
        let draws = Rc::new(Draws {
            all,
            different: OnceCell::new(),
        });
        self.draws.borrow_mut().insert(key, Rc::clone(&draws));
        draws
    }
}

/// Replicates that one stream draws, in order: starting a stream costs as much as a few of them.
const BLOCK: usize = 64;

/// Draws `counts.len()` units with replacement, two of 64 bits; the bias is below `n / 2^32`.
fn draw(stream: &mut Stream, counts: &mut [u16]) {
    let n = counts.len() as u64;
    let mut left = counts.len();
    while left > 0 {
        let bits = stream.next_u64();
        for half in [bits & 0xffff_ffff, bits >> 32].into_iter().take(left) {
            counts[((half * n) >> 32) as usize] += 1;
            left -= 1;
        }
    }
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
