//! The states that the policy met.

/// Visited states and their goals; the newest `capacity` of them.
pub(crate) struct Visited {
    width: usize, // S + G
    capacity: usize,
    numbers: Vec<f64>,
    next: usize, // slot of the next state
}

impl Visited {
    pub(crate) fn new(width: usize, capacity: usize) -> Self {
        Self {
            width,
            capacity,
            numbers: Vec::new(),
            next: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.numbers.clear();
        self.next = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len() / self.width
    }

    /// Adds a state, observation and goal in one.
    pub(crate) fn push(&mut self, state: &[f64]) {
        debug_assert_eq!(state.len(), self.width);
        if self.len() < self.capacity {
            self.numbers.extend_from_slice(state);
        } else {
            let start = self.next * self.width;
            self.numbers[start..start + self.width].copy_from_slice(state);
        }
        self.next = (self.next + 1) % self.capacity;
    }

    /// The state that a uniform number in `[0, 1)` points at.
    pub(crate) fn at(&self, uniform: f64) -> &[f64] {
        let count = self.len();
        let slot = ((uniform * count as f64) as usize).min(count - 1);
        &self.numbers[slot * self.width..(slot + 1) * self.width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_states_are_kept() {
        let mut visited = Visited::new(2, 3);
        for i in 0..5 {
            visited.push(&[f64::from(i), -f64::from(i)]);
            assert_eq!(visited.len(), (i as usize + 1).min(3));
        }
        let mut kept: Vec<f64> = [0.0, 0.4, 0.9].map(|u| visited.at(u)[0]).into();
        kept.sort_by(f64::total_cmp);
        assert_eq!(kept, [2.0, 3.0, 4.0]);
        assert_eq!(visited.at(0.999_999_999), visited.at(0.9));
        visited.clear();
        assert_eq!(visited.len(), 0);
        visited.push(&[7.0, 8.0]);
        assert_eq!(visited.at(0.5), [7.0, 8.0]);
    }
}
