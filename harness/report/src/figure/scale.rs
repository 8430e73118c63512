//! From numbers to positions, with ticks at round numbers.

use analysis::words::{decimals, fixed};

/// A linear or logarithmic map from `low..high` to `0..1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
}

impl Scale {
    /// Covers `values` with `pad` (a share of the span) at both ends; logarithmic when all are positive and
    /// `log_from` times apart. None without values.
    pub(super) fn covering(
        values: impl IntoIterator<Item = f64>,
        pad: f64,
        log_from: f64,
    ) -> Option<Self> {
        let (low, high) = values
            .into_iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| {
                (l.min(x), h.max(x))
            });
        if low > high {
            return None;
        }
        let log = low > 0.0 && high / low >= log_from;
        let plain = Self { low, high, log };
        if low == high {
            let margin = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            return Some(Self {
                low: low - margin,
                high: high + margin,
                log: false,
            });
        }
        Some(Self {
            low: plain.value(-pad),
            high: plain.value(1.0 + pad),
            log,
        })
    }

    /// Position of `x`.
    pub(super) fn position(&self, x: f64) -> f64 {
        if self.log {
            let low = libm::log10(self.low);
            (libm::log10(x) - low) / (libm::log10(self.high) - low)
        } else {
            (x - self.low) / (self.high - self.low)
        }
    }

    fn value(&self, t: f64) -> f64 {
        if self.log {
            let (low, high) = (libm::log10(self.low), libm::log10(self.high));
            libm::pow(10.0, low + t * (high - low))
        } else {
            self.low + t * (self.high - self.low)
        }
    }

    /// About `wanted` round values inside, with their labels.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        if self.log {
            self.log_ticks(wanted)
        } else {
            self.linear_ticks(wanted)
        }
    }

    fn linear_ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let power = libm::pow(10.0, libm::floor(libm::log10(rough)));
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|m| m * power)
            .into_iter()
            .find(|s| *s >= rough * 0.999);
        let step = step.unwrap_or(10.0 * power);
        let digits = decimals(step, 1);
        let (first, last) = (
            libm::ceil(self.low / step) as i64,
            libm::floor(self.high / step) as i64,
        );
        (first..=last)
            .map(|k| k as f64 * step)
            .map(|x| (x, fixed(x, digits)))
            .collect()
    }

    fn log_ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        let decades = (
            libm::floor(libm::log10(self.low)) as i32,
            libm::ceil(libm::log10(self.high)) as i32,
        );
        let sets: [&[f64]; 4] = [
            &[1.0, 2.0, 5.0],
            &[1.0, 3.0],
            &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
            &[1.0],
        ];
        let inside = |set: &[f64]| -> Vec<(f64, String)> {
            let all = (decades.0..=decades.1).flat_map(|d| set.iter().map(move |m| (*m, d)));
            // Text first, then the number it says: a power is not exact, a label is.
            let labels =
                all.map(|(m, d)| fixed(m * libm::pow(10.0, f64::from(d)), (-d).max(0) as usize));
            labels
                .filter_map(|label| Some((label.parse::<f64>().ok()?, label)))
                .filter(|(x, _)| self.low <= *x && *x <= self.high)
                .collect()
        };
        let fits = |set: &&&[f64]| (2..=wanted + 3).contains(&inside(set).len());
        let narrow = libm::log10(self.high / self.low) < 0.7;
        let order: [&[f64]; 4] = if narrow {
            [sets[2], sets[0], sets[1], sets[3]]
        } else {
            sets
        };
        order
            .iter()
            .find(fits)
            .map_or_else(|| inside(sets[3]), |set| inside(set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, wanted: usize) -> Vec<String> {
        scale
            .ticks(wanted)
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn ticks_are_round_numbers_inside() {
        let linear = Scale {
            low: -3.0,
            high: 104.0,
            log: false,
        };
        assert_eq!(labels(linear, 5), ["0", "50", "100"]);
        assert_eq!(
            labels(
                Scale {
                    low: 0.12,
                    high: 0.31,
                    log: false
                },
                4
            ),
            ["0.15", "0.20", "0.25", "0.30"]
        );
        assert_eq!(
            labels(
                Scale {
                    low: 0.008,
                    high: 1.3,
                    log: true
                },
                4
            ),
            ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]
        );
        assert_eq!(
            labels(
                Scale {
                    low: 1e-4,
                    high: 20.0,
                    log: true
                },
                4
            ),
            ["0.0001", "0.001", "0.01", "0.1", "1", "10"]
        );
    }

    #[test]
    fn a_scale_covers_its_values() {
        assert_eq!(Scale::covering([], 0.05, 20.0), None);
        let log = Scale::covering([0.01, 1.0], 0.0, 20.0).unwrap();
        assert!(log.log && (log.position(0.1) - 0.5).abs() < 1e-12);
        let flat = Scale::covering([4.0], 0.05, 20.0).unwrap();
        assert!((flat.position(4.0) - 0.5).abs() < 1e-12);
    }
}
