//! The tasks: which coordinates belong to which element of the kitchen, and where they shall be
//! (`Farama-Foundation/D4RL:d4rl/kitchen/kitchen_envs.py`).

use super::COORDINATES;

/// Distance at which an element counts as done.
const THRESHOLD: f64 = 0.3;

/// A part of the kitchen that a task is about.
#[derive(Debug, PartialEq)]
pub(super) struct Element {
    /// The first of its coordinates.
    first: usize,
    /// Where its coordinates shall be (rad, m).
    goal: &'static [f64],
}

const BOTTOM_BURNER: Element = Element {
    first: 11,
    goal: &[-0.88, -0.01],
};
const LIGHT_SWITCH: Element = Element {
    first: 17,
    goal: &[-0.69, -0.05],
};
const SLIDE_CABINET: Element = Element {
    first: 19,
    goal: &[0.37],
};
const MICROWAVE: Element = Element {
    first: 22,
    goal: &[-0.75],
};
/// Position and orientation (a quaternion).
const KETTLE: Element = Element {
    first: 23,
    goal: &[-0.23, 0.75, 1.62, 0.99, 0.0, 0.0, -0.06],
};

/// The tasks of `complete` and `partial`.
pub(super) static PARTIAL: [Element; 4] = [MICROWAVE, KETTLE, LIGHT_SWITCH, SLIDE_CABINET];
/// The tasks of `mixed`.
pub(super) static MIXED: [Element; 4] = [MICROWAVE, KETTLE, BOTTOM_BURNER, LIGHT_SWITCH];

impl Element {
    /// Whether the element is close to where it shall be.
    pub(super) fn complete(&self, coordinates: &[f64; COORDINATES]) -> bool {
        let found = coordinates.iter().skip(self.first).zip(self.goal);
        let square: f64 = found.map(|(x, g)| (x - g) * (x - g)).sum();
        square.sqrt() < THRESHOLD
    }
}

/// The goals of all `elements` at their coordinates, 0 elsewhere.
pub(super) fn goal(elements: &[Element]) -> [f64; COORDINATES] {
    let mut goal = [0.0; COORDINATES];
    for element in elements {
        let places = goal.iter_mut().skip(element.first);
        places.zip(element.goal).for_each(|(out, g)| *out = *g);
    }
    goal
}
