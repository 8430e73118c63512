//! Which units each replicate of a stratum takes: drawn in blocks, kept row by row and, for the interquartile mean, side by side.

use std::sync::OnceLock;

use manifest::random::{Family, Stream};

use super::iqm;
use super::panel::Member;

/// Replicates that one stream draws, in order, and that are averaged together: starting a stream costs as much as a few of them.
pub(super) const BLOCK: usize = 64;

/// The draws of one stratum.
#[derive(Debug)]
pub(super) struct Draws {
    units: usize,
    /// Multiplicities of the units, `[R, n]` row-major.
    all: Vec<u16>,
    /// What [`Draws::blocks`] answers, once it was asked for.
    blocks: OnceLock<Vec<Block>>,
}

impl Draws {
    /// `replicates` resamples of `units` units.
    pub(super) fn new(family: &Family, units: usize, replicates: usize) -> Self {
        let mut all = vec![0u16; units * replicates];
        for (block, rows) in (0..).zip(all.chunks_mut(units * BLOCK)) {
            let mut stream = family.at(block);
            for counts in rows.chunks_exact_mut(units) {
                draw(&mut stream, counts);
            }
        }
        Self {
            units,
            all,
            blocks: OnceLock::new(),
        }
    }

    /// How often each unit is taken in a replicate, `[n]`.
    pub(super) fn row(&self, replicate: usize) -> &[u16] {
        &self.all[replicate * self.units..][..self.units]
    }

    /// The replicates of a stratum that stands alone, equal ones once where many are: 5 units have only 126 different.
    pub(super) fn blocks(&self) -> &[Block] {
        self.blocks.get_or_init(|| {
            let rows = || self.all.chunks_exact(self.units);
            if self.units > PACKED || multisets(self.units) >= rows().len() as f64 {
                let rows: Vec<&[u16]> = rows().collect();
                return rows.chunks(BLOCK).map(|rows| block(rows, &[])).collect();
            }
            let mut keys: Vec<u128> = rows().map(pack).collect();
            keys.sort_unstable();
            let (mut different, mut times) = (Vec::new(), Vec::new());
            for group in keys.chunk_by(|a, b| a == b) {
                different.push(unpack(group[0], self.units));
                times.push(group.len() as u32);
            }
            let blocks = different.chunks(BLOCK).zip(times.chunks(BLOCK));
            blocks.map(|(rows, times)| block(rows, times)).collect()
        })
    }
}

/// A block of rows that occur so many times each, once where `times` ends.
fn block(rows: &[impl AsRef<[u16]>], times: &[u32]) -> Block {
    let mut block = Block::new(rows.first().map_or(0, |row| row.as_ref().len()));
    for (k, row) in rows.iter().enumerate() {
        block.push([row.as_ref()], times.get(k).copied().unwrap_or(1));
    }
    block
}

/// Units whose multiplicities fit into one number, eight bits each: sorting numbers is several times faster than sorting rows.
const PACKED: usize = 16;

fn pack(row: &[u16]) -> u128 {
    row.iter().fold(0, |key, &n| key << 8 | u128::from(n))
}

fn unpack(key: u128, units: usize) -> Vec<u16> {
    let shift = |unit: usize| 8 * (units - 1 - unit);
    (0..units)
        .map(|unit| (key >> shift(unit) & 0xff) as u16)
        .collect()
}

/// In how many ways `n` of `n` units can be taken with replacement, `(2n - 1)! / (n! (n - 1)!)`.
fn multisets(n: usize) -> f64 {
    (1..n).map(|k| (n + k) as f64 / k as f64).product()
}

/// Up to [`BLOCK`] replicates side by side, a lane each.
#[derive(Debug)]
pub(super) struct Block {
    /// Multiplicities, `[units, BLOCK]`.
    counts: Vec<[u16; BLOCK]>,
    /// How often each replicate occurs.
    times: Vec<u32>,
}

impl Block {
    /// An empty one.
    pub(super) fn new(units: usize) -> Self {
        Self {
            counts: vec![[0; BLOCK]; units],
            times: Vec::with_capacity(BLOCK),
        }
    }

    /// Adds a replicate, given as the rows of its strata.
    pub(super) fn push<'a>(&mut self, rows: impl IntoIterator<Item = &'a [u16]>, times: u32) {
        let lane = self.times.len();
        for (unit, &count) in self.counts.iter_mut().zip(rows.into_iter().flatten()) {
            unit[lane] = count;
        }
        self.times.push(times);
    }

    /// How often each replicate occurs.
    pub(super) fn times(&self) -> &[u32] {
        &self.times
    }

    /// The multiplicities of one replicate, into `counts` of `[units]`.
    pub(super) fn row(&self, lane: usize, counts: &mut [u16]) {
        for (count, unit) in counts.iter_mut().zip(&self.counts) {
            *count = unit[lane];
        }
    }

    /// The interquartile mean of a cell in every replicate; none where a replicate has no value of the cell. Equal to
    /// [`iqm::weighted`] in every bit.
    pub(super) fn means(&self, cell: &[Member], means: &mut [f64; BLOCK]) -> Option<()> {
        let mut total = [0u32; BLOCK];
        for member in cell {
            let lanes = total.iter_mut().zip(&self.counts[member.unit]);
            lanes.for_each(|(n, &c)| *n = n.wrapping_add(u32::from(c)));
        }
        if total[..self.times.len()].contains(&0) {
            return None;
        }
        if total.iter().all(|&n| n <= i16::MAX as u32) {
            self.narrow_means(cell, total.map(|n| n as i16), means);
            return Some(());
        }
        for (lane, (mean, &total)) in means.iter_mut().zip(&total).enumerate() {
            let count = |m: &Member| (m.value, u32::from(self.counts[m.unit][lane]));
            *mean = iqm::weighted(cell.iter().map(count), u64::from(total)).unwrap_or(f64::NAN);
        }
        Some(())
    }

    /// In 16 bits, of which every processor compares eight at once: more than twice as fast as in 32. No sum exceeds `total`, so
    /// none wraps; checked sums would be done one by one.
    fn narrow_means(&self, cell: &[Member], total: [i16; BLOCK], means: &mut [f64; BLOCK]) {
        let first = total.map(|n| n / iqm::CUT as i16);
        let (mut last, mut seen, mut kept) = ([0i16; BLOCK], [0i16; BLOCK], [0i16; BLOCK]);
        for lane in 0..BLOCK {
            last[lane] = total[lane].wrapping_sub(first[lane]);
        }
        let mut sum = [0f64; BLOCK];
        for member in cell {
            let counts = &self.counts[member.unit];
            for lane in 0..BLOCK {
                let next = seen[lane].wrapping_add(counts[lane] as i16);
                let end = next.min(last[lane]);
                kept[lane] = end.wrapping_sub(seen[lane].max(first[lane])).max(0);
                seen[lane] = next;
            }
            for lane in 0..BLOCK {
                sum[lane] += member.value * f64::from(kept[lane]);
            }
        }
        for lane in 0..BLOCK {
            means[lane] = sum[lane] / f64::from(last[lane].wrapping_sub(first[lane]));
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_units_have_few_multisets() {
        let count = |n| (multisets(n) + 0.5) as u64;
        assert_eq!([1, 2, 3, 5, 10].map(count), [1, 3, 10, 126, 92_378]);
        let draws = Draws::new(&Family::new(1, &["draws"]), 2, 150);
        assert_eq!(draws.blocks()[0].times().len(), 3);
        assert_eq!(unpack(pack(&[7, 0, 16]), 3), [7, 0, 16]);
    }

    #[test]
    fn many_values_are_counted_in_more_bits() {
        let mut block = Block::new(2);
        block.push([&[30_000, 40_000][..]], 1);
        block.push([&[1, 0][..]], 1);
        let of = |value, unit| Member { value, unit };
        let cell = [of(1.0, 0), of(2.0, 1), of(4.0, 0)];
        let mut means = [0.0; BLOCK];
        block.means(&cell, &mut means).unwrap();
        let counts = [(1.0, 30_000), (2.0, 40_000), (4.0, 30_000)];
        assert_eq!(Some(means[0]), iqm::weighted(counts, 100_000));
        assert!((means[1] - 2.5).abs() < 1e-12);
    }

    #[test]
    fn means_side_by_side_are_those_one_by_one() {
        let mut stream = Family::new(0, &["block"]).at(0);
        for units in [1, 2, 3, 7, 15] {
            let draws = Draws::new(&Family::new(1, &["draws"]), units, 150);
            // A unit may have several values of the cell, or none.
            let mut cell: Vec<Member> = (0..2 * units)
                .map(|_| Member {
                    value: stream.normal(),
                    unit: stream.below(units as u64) as usize,
                })
                .collect();
            cell.sort_by(|a, b| a.value.total_cmp(&b.value));
            let (mut counts, mut means) = (vec![0; units], [0.0; BLOCK]);
            let mut seen = 0;
            for block in draws.blocks() {
                let together = block.means(&cell, &mut means);
                let mut each = Vec::new();
                for (lane, &times) in block.times().iter().enumerate() {
                    block.row(lane, &mut counts);
                    seen += times;
                    let total = cell.iter().map(|m| u64::from(counts[m.unit])).sum();
                    let values = cell.iter().map(|m| (m.value, u32::from(counts[m.unit])));
                    each.push(iqm::weighted(values, total).map(f64::to_bits));
                }
                match together {
                    Some(()) => {
                        let bits = means.iter().map(|x| Some(x.to_bits()));
                        assert!(bits.take(each.len()).eq(each));
                    }
                    None => assert!(each.contains(&None)),
                }
            }
            assert_eq!(seen, 150);
        }
    }
}
