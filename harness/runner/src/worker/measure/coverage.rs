//! How far the states that a policy visits lie from the data.
//!
//! `coverage_distance = mean_s min_d |(s - d) / sigma|` over visited states s (at most 1,000) and states d of the policy's
//! training view (at most 10,000), with the Euclidean norm over observation entries and sigma their standard deviation in
//! the view. Entries that never vary in the view are left as they are.

/// Visited states that are searched for, at most.
pub(crate) const VISITED_CAP: usize = 1_000;
/// Observation entries above which distances are not taken: in pixels they mean little and cost much.
pub(crate) const WIDTH_CAP: usize = 512;

/// Mean distance of `visited` `[m, S]` to the nearest of `data` `[n, S]`; none where one of both is empty.
pub(crate) fn distance(width: usize, visited: &[f32], data: &[f32]) -> Option<f64> {
    if visited.is_empty() || data.is_empty() {
        return None;
    }
    let scale = scales(width, data);
    let index = Index::new(width, scaled(&scale, data));
    let visited = scaled(&scale, visited);
    let sum: f64 = visited.chunks_exact(width).map(|s| index.nearest(s)).sum();
    Some(sum / (visited.len() / width) as f64)
}

fn scales(width: usize, data: &[f32]) -> Vec<f64> {
    let n = (data.len() / width) as f64;
    let mut mean = vec![0.0; width];
    let mut square = vec![0.0; width];
    for row in data.chunks_exact(width) {
        for (sum, &x) in mean.iter_mut().zip(row) {
            *sum += f64::from(x) / n;
        }
    }
    for row in data.chunks_exact(width) {
        for ((sum, m), &x) in square.iter_mut().zip(&mean).zip(row) {
            *sum += (f64::from(x) - m) * (f64::from(x) - m) / n;
        }
    }
    let scale = |v: f64| if v > 0.0 { 1.0 / libm::sqrt(v) } else { 1.0 };
    square.into_iter().map(scale).collect()
}

fn scaled(scale: &[f64], values: &[f32]) -> Vec<f64> {
    let rows = values.chunks_exact(scale.len());
    rows.flat_map(|row| row.iter().zip(scale).map(|(&x, s)| f64::from(x) * s))
        .collect()
}

/// Points in the order of their first entry, so that a search can stop where that entry alone is too far.
struct Index {
    width: usize,
    points: Vec<f64>,
}

impl Index {
    fn new(width: usize, points: Vec<f64>) -> Self {
        let mut order: Vec<&[f64]> = points.chunks_exact(width).collect();
        order.sort_by(|a, b| a[0].total_cmp(&b[0]));
        Self {
            width,
            points: order.concat(),
        }
    }

    fn point(&self, i: usize) -> &[f64] {
        &self.points[i * self.width..][..self.width]
    }

    /// Distance to the nearest point; there is at least one.
    fn nearest(&self, to: &[f64]) -> f64 {
        let n = self.points.len() / self.width;
        let (mut low, mut high) = (0, n);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.point(middle)[0] < to[0] {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut best = f64::INFINITY;
        let (mut left, mut right) = (low, low);
        loop {
            let gap = |i: usize| (self.point(i)[0] - to[0]) * (self.point(i)[0] - to[0]);
            let below = if left > 0 {
                gap(left - 1)
            } else {
                f64::INFINITY
            };
            let above = if right < n { gap(right) } else { f64::INFINITY };
            if below.min(above) >= best || (left == 0 && right == n) {
                return libm::sqrt(best);
            }
            let at = if below <= above {
                left -= 1;
                left
            } else {
                right += 1;
                right - 1
            };
            best = best.min(squared(self.point(at), to, best));
        }
    }
}

/// The squared distance, or some number above `limit` once it is known to be above.
fn squared(a: &[f64], b: &[f64], limit: f64) -> f64 {
    let mut sum = 0.0;
    for (x, y) in a.iter().zip(b) {
        sum += (x - y) * (x - y);
        if sum > limit {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifest::random::Stream;

    #[test]
    fn visited_data_states_are_at_no_distance_and_others_at_standardised_ones() {
        let data = [0.0, 5.0, 2.0, 5.0, 4.0, 5.0, 6.0, 5.0];
        assert_eq!(distance(2, &data, &data), Some(0.0));
        // The first entry has deviation sqrt(5), the second never varies.
        let found = distance(2, &[8.0, 5.0, 6.0, 8.0], &data).unwrap();
        assert!((found - (2.0 / libm::sqrt(5.0) + 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(distance(2, &[], &data), None);
    }

    #[test]
    fn the_search_finds_what_looking_at_every_point_finds() {
        let mut stream = Stream::new(1, &["test", "coverage"]);
        let mut draw = |n: usize| -> Vec<f64> { (0..n * 3).map(|_| stream.normal()).collect() };
        let (points, queries) = (draw(300), draw(50));
        let index = Index::new(3, points.clone());
        for query in queries.chunks_exact(3) {
            let every = points.chunks_exact(3);
            let least = every
                .map(|p| squared(p, query, f64::INFINITY))
                .fold(f64::INFINITY, f64::min);
            assert_eq!(index.nearest(query), libm::sqrt(least));
        }
    }
}
