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
            let mut all: Vec<&[u16]> = self.all.chunks_exact(self.units).collect();
            if multisets(self.units) < all.len() as f64 {
                all.sort_unstable();
            }
            let groups: Vec<&[&[u16]]> = all.chunk_by(|a, b| a == b).collect();
            let block = |groups: &[&[&[u16]]]| {
                let mut block = Block::new(self.units);
                for group in groups {
                    block.push([group[0]], group.len() as u32);
                }
                block
            };
            groups.chunks(BLOCK).map(block).collect()
        })
    }
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
        let mut total = [0i32; BLOCK];
        for member in cell {
            let counts = &self.counts[member.unit];
            total
                .iter_mut()
                .zip(counts)
                .for_each(|(n, &c)| *n += i32::from(c));
        }
        if total[..self.times.len()].contains(&0) {
            return None;
        }
        let first = total.map(|n| n / iqm::CUT as i32);
        let (mut seen, mut sum) = ([0i32; BLOCK], [0f64; BLOCK]);
        for member in cell {
            let counts = &self.counts[member.unit];
            for lane in 0..BLOCK {
                let next = seen[lane] + i32::from(counts[lane]);
                let (first, last) = (first[lane], total[lane] - first[lane]);
                let kept = (next.min(last) - seen[lane].max(first)).max(0);
                sum[lane] += member.value * f64::from(kept);
                seen[lane] = next;
            }
        }
        for lane in 0..BLOCK {
            means[lane] = sum[lane] / f64::from(total[lane] - 2 * first[lane]);
        }
        Some(())
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
