//! A maze seen from above.

use super::{Map, STATE_DIM};
use crate::environment::check_length;
use crate::error::Error;

/// Size of an image. It has three channels, each row by row, with entries in [0, 1]:
///
/// 0. the share of the pixel that is wall, and half the share that is the goal's cell;
/// 1. the mass: a Gaussian blob at its position, 1 at its centre, with a deviation of .8 pixels;
/// 2. the same blob where the mass would be after [`AHEAD`] steps at its present velocity, walls ignored.
///
/// The third channel makes the velocity visible, so that one image holds the whole state. [`Image::state`] reads it back to
/// about 1e-6 cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

/// Channels of an image.
pub const CHANNELS: usize = 3;
/// Steps between the second and the third channel's blob.
pub const AHEAD: f64 = 5.0;
/// Deviation of a blob in pixels.
const DEVIATION: f64 = 0.8;
/// Fainter entries are zero.
const FAINTEST: f64 = 1e-4;

impl Image {
    /// Length of an image as an observation.
    pub const fn len(&self) -> usize {
        CHANNELS * self.height * self.width
    }

    /// Whether there are no pixels.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Channels, height, width.
    pub const fn shape(&self) -> [usize; 3] {
        [CHANNELS, self.height, self.width]
    }

    /// Draws a state (`len` entries).
    pub fn render(&self, map: &Map, state: &[f64; STATE_DIM], out: &mut [f32]) {
        let area = self.height * self.width;
        self.background(map, &mut out[..area]);
        let scale = self.pixels_per_cell(map);
        for (channel, steps) in [(1, 0.0), (2, AHEAD)] {
            let centre: [f64; 2] =
                std::array::from_fn(|i| (state[i] + steps * state[2 + i]) * scale[i]);
            self.blob(centre, &mut out[channel * area..][..area]);
        }
    }

    /// Reads a state back.
    ///
    /// # Errors
    /// A wrong length, or a channel without a blob.
    pub fn state(
        &self,
        environment: &'static str,
        map: &Map,
        observation: &[f32],
    ) -> Result<[f64; STATE_DIM], Error> {
        check_length(environment, "observation", self.len(), observation.len())?;
        let area = self.height * self.width;
        let scale = self.pixels_per_cell(map);
        let mut points = [[0.0; 2]; 2];
        for (channel, point) in points.iter_mut().enumerate() {
            let pixels = &observation[(channel + 1) * area..][..area];
            let centre = self.centre(pixels).ok_or(Error::NoMass { environment })?;
            *point = std::array::from_fn(|i| centre[i] / scale[i]);
        }
        let [here, ahead] = points;
        Ok(std::array::from_fn(|i| {
            if i < 2 {
                here[i]
            } else {
                (ahead[i - 2] - here[i - 2]) / AHEAD
            }
        }))
    }

    fn pixels_per_cell(&self, map: &Map) -> [f64; 2] {
        [
            self.width as f64 / map.width() as f64,
            self.height as f64 / map.height() as f64,
        ]
    }

    fn background(&self, map: &Map, out: &mut [f32]) {
        let scale = self.pixels_per_cell(map);
        let share = |pixel: usize, cell: usize, scale: f64| {
            let low = (pixel as f64 / scale).max(cell as f64);
            let high = ((pixel + 1) as f64 / scale).min((cell + 1) as f64);
            (high - low).max(0.0) * scale
        };
        let cells = |pixel: usize, scale: f64| {
            let end = libm::ceil((pixel + 1) as f64 / scale) as usize;
            (pixel as f64 / scale) as usize..end
        };
        let goal = map.goal_cell();
        for (at, slot) in out.iter_mut().enumerate() {
            let (column, row) = (at % self.width, at / self.width);
            let mut shade = 0.0;
            let columns = cells(column, scale[0]);
            for cell in cells(row, scale[1]).flat_map(|y| columns.clone().map(move |x| (x, y))) {
                let weight = match map.is_free(cell) {
                    false => 1.0,
                    true if cell == goal => 0.5,
                    true => continue,
                };
                shade += weight * share(column, cell.0, scale[0]) * share(row, cell.1, scale[1]);
            }
            *slot = shade.min(1.0) as f32;
        }
    }

    /// `exp(-|p - centre|^2 / (2 DEVIATION^2))` at the pixels' centres, separable.
    fn blob(&self, centre: [f64; 2], out: &mut [f32]) {
        let profile = |n: usize, centre: f64| -> Vec<f64> {
            let at = |i: usize| {
                let d = (i as f64 + 0.5 - centre) / DEVIATION;
                libm::exp(-0.5 * d * d)
            };
            (0..n).map(at).collect()
        };
        let (across, down) = (
            profile(self.width, centre[0]),
            profile(self.height, centre[1]),
        );
        for (row, y) in down.iter().enumerate() {
            for (column, x) in across.iter().enumerate() {
                let value = x * y;
                out[row * self.width + column] = if value < FAINTEST { 0.0 } else { value as f32 };
            }
        }
    }

    /// A blob's centre in pixels. The logarithm of two neighbours' ratio is linear in the distance from the centre.
    fn centre(&self, pixels: &[f32]) -> Option<[f64; 2]> {
        let (at, peak) = pixels
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))?;
        if !(*peak > 0.0 && peak.is_finite()) {
            return None;
        }
        let (column, row) = (at % self.width, at / self.width);
        let along = |index: usize, n: usize, stride: usize| {
            // The brighter neighbour, so that its ratio is far from the faintest entries.
            let next = if index + 1 == n || (index > 0 && pixels[at - stride] > pixels[at + stride])
            {
                (at - stride, -1.0)
            } else {
                (at + stride, 1.0)
            };
            let ratio = f64::from(pixels[next.0]) / f64::from(*peak);
            let offset = 0.5 + DEVIATION * DEVIATION * libm::log(ratio);
            index as f64 + 0.5 + next.1 * offset
        };
        let centre = [
            along(column, self.width, 1),
            along(row, self.height, self.width),
        ];
        centre.iter().all(|x| x.is_finite()).then_some(centre)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maze::{UMAZE, V_MAX};
    use manifest::random::Stream;

    const IMAGE: Image = Image {
        height: 16,
        width: 16,
    };

    #[test]
    fn a_state_is_read_back_from_its_image() {
        let mut stream = Stream::new(1, &["test", "image"]);
        let cells = UMAZE.free_cells();
        let mut worst = 0.0f64;
        for _ in 0..2_000 {
            let cell = cells[stream.below(cells.len() as u64) as usize];
            let state = [
                cell.0 as f64 + stream.uniform_in(0.0001, 0.9999),
                cell.1 as f64 + stream.uniform_in(0.0001, 0.9999),
                stream.uniform_in(-V_MAX, V_MAX),
                stream.uniform_in(-V_MAX, V_MAX),
            ];
            let mut pixels = vec![9.0; IMAGE.len()];
            IMAGE.render(&UMAZE, &state, &mut pixels);
            assert!(pixels.iter().all(|p| (0.0..=1.0).contains(p)));
            let found = IMAGE.state("e", &UMAZE, &pixels).unwrap();
            for (a, b) in found.iter().zip(state) {
                worst = worst.max((a - b).abs());
            }
        }
        assert!(worst < 2e-6, "{worst}");
    }

    #[test]
    fn the_background_shows_walls_and_the_goal() {
        let mut pixels = vec![0.0; IMAGE.len()];
        IMAGE.render(&UMAZE, &[2.5, 1.5, 0.0, 0.0], &mut pixels);
        let at = |x: usize, y: usize| pixels[y * 16 + x];
        // 3.2 pixels a cell: pixel 0 is wall, pixel 4 lies in cell 1 (the goal), pixel 8 in cell 2.
        assert_eq!((at(0, 0), at(4, 4), at(8, 4)), (1.0, 0.5, 0.0));
        assert!(at(3, 4) > 0.5 && at(3, 4) < 1.0, "half wall, half goal");
    }

    #[test]
    fn an_image_without_a_mass_is_refused() {
        let pixels = vec![0.0; IMAGE.len()];
        assert!(matches!(
            IMAGE.state("e", &UMAZE, &pixels),
            Err(Error::NoMass { .. })
        ));
    }
}
