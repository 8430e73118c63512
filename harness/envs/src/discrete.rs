//! Finite action sets over the entries of a continuous action.

use crate::environment::check_length;
use crate::error::Error;

/// All combinations of a few levels per entry. An action is an index, held as a float: the first entry's level counts
/// fastest, so entry `i` has level `index / levels^i mod levels`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Entries of the continuous action.
    pub entries: usize,
    /// Values that each entry may take, rising and evenly spaced.
    pub values: &'static [f64],
}

impl Levels {
    /// Size of the set.
    pub const fn count(&self) -> usize {
        self.values.len().pow(self.entries as u32)
    }

    /// Writes the continuous action behind an index.
    pub fn write(&self, index: usize, out: &mut [f64]) {
        let mut rest = index;
        for slot in out.iter_mut().take(self.entries) {
            *slot = self.values[rest % self.values.len()];
            rest /= self.values.len();
        }
    }

    /// The index of the nearest combination; the lower level of two that are equally near.
    pub fn nearest(&self, action: impl DoubleEndedIterator<Item = f64>) -> usize {
        let level = |a: f64| self.upper_edges().filter(|edge| a > *edge).count();
        action
            .rev()
            .fold(0, |index, a| index * self.values.len() + level(a))
    }

    /// The index that a single entry holds.
    ///
    /// # Errors
    /// Another length, or a number that is no index.
    pub fn read(&self, environment: &'static str, action: &[f32]) -> Result<usize, Error> {
        check_length(environment, "action", 1, action.len())?;
        let last = self.count() - 1;
        let found = action[0];
        if (0.0..=last as f32).contains(&found) && libm::floorf(found) == found {
            return Ok(found as usize);
        }
        Err(Error::ActionIndex {
            environment,
            found,
            last,
        })
    }

    /// Writes the probability of every index (`count` entries) when each entry of `mean` gets noise of deviation `sd` and goes to the
    /// nearest level.
    pub fn probabilities(&self, mean: &[f64], sd: f64, out: &mut [f64]) {
        let levels = self.values.len();
        let entry = |&m: &f64| self.level_probabilities(m, sd);
        let entries: Vec<Vec<f64>> = mean.iter().take(self.entries).map(entry).collect();
        for (index, slot) in out.iter_mut().enumerate() {
            let mut rest = index;
            *slot = entries.iter().fold(1.0, |product, probabilities| {
                let p = probabilities[rest % levels];
                rest /= levels;
                product * p
            });
        }
    }

    /// The probability of every level of one entry.
    pub(crate) fn level_probabilities(&self, mean: f64, sd: f64) -> Vec<f64> {
        if sd == 0.0 {
            let hit = self.upper_edges().filter(|edge| mean > *edge).count();
            return (0..self.values.len())
                .map(|level| f64::from(u8::from(level == hit)))
                .collect();
        }
        let below =
            |edge: f64| 0.5 * libm::erfc((mean - edge) / sd * std::f64::consts::FRAC_1_SQRT_2);
        let mut edges = vec![0.0];
        edges.extend(self.upper_edges().map(below));
        edges.push(1.0);
        edges.windows(2).map(|e| e[1] - e[0]).collect()
    }

    /// Where one level gives way to the next.
    fn upper_edges(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.windows(2).map(|pair| 0.5 * (pair[0] + pair[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifest::random::Stream;

    const THREE: Levels = Levels {
        entries: 2,
        values: &[-1.0, 0.0, 1.0],
    };

    #[test]
    fn every_index_is_its_own_nearest() {
        for index in 0..THREE.count() {
            let mut action = [0.0; 2];
            THREE.write(index, &mut action);
            assert_eq!(THREE.nearest(action.into_iter()), index);
            assert_eq!(THREE.read("e", &[index as f32]).unwrap(), index);
        }
        assert_eq!(THREE.nearest([0.4, -0.9].into_iter()), 1);
        assert_eq!(THREE.nearest([9.0, 9.0].into_iter()), 8);
    }

    #[test]
    fn what_is_no_index_is_refused() {
        for bad in [-1.0, 9.0, 0.5, f32::NAN] {
            assert!(matches!(
                THREE.read("e", &[bad]),
                Err(Error::ActionIndex { last: 8, .. })
            ));
        }
        assert!(matches!(
            THREE.read("e", &[0.0, 1.0]),
            Err(Error::Shape { .. })
        ));
    }

    #[test]
    fn probabilities_are_the_frequencies_of_noisy_actions() {
        let (mean, sd) = ([0.3, -0.7], 0.6);
        let mut p = [0.0; 9];
        THREE.probabilities(&mean, sd, &mut p);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        let mut stream = Stream::new(1, &["test", "levels"]);
        let n = 100_000;
        let mut counts = [0.0; 9];
        for _ in 0..n {
            let noisy = mean.map(|m| m + sd * stream.normal());
            counts[THREE.nearest(noisy.into_iter())] += 1.0;
        }
        for (count, p) in counts.iter().zip(p) {
            let deviation = libm::sqrt(p * (1.0 - p) / f64::from(n));
            assert!((count / f64::from(n) - p).abs() < 5.0 * deviation);
        }
        THREE.probabilities(&mean, 0.0, &mut p);
        assert_eq!(
            p.iter().position(|&p| p == 1.0),
            Some(THREE.nearest(mean.into_iter()))
        );
    }
}
