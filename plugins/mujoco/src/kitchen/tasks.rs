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

static BOTTOM_BURNER: Element = Element {
    first: 11,
    goal: &[-0.88, -0.01],
};
static LIGHT_SWITCH: Element = Element {
    first: 17,
    goal: &[-0.69, -0.05],
};
static SLIDE_CABINET: Element = Element {
    first: 19,
    goal: &[0.37],
};
static MICROWAVE: Element = Element {
    first: 22,
    goal: &[-0.75],
};
/// Position and orientation (a quaternion).
static KETTLE: Element = Element {
    first: 23,
    goal: &[-0.23, 0.75, 1.62, 0.99, 0.0, 0.0, -0.06],
};

/// A task by name, and the site by which its element is moved.
pub(super) struct Target {
    pub(super) name: &'static str,
    pub(super) handle: &'static str,
    pub(super) element: &'static Element,
}

/// What the behaviour `plan` is asked for.
pub(super) static ALL: [Target; 5] = [
    Target {
        name: "slide cabinet",
        handle: "slide_site",
        element: &SLIDE_CABINET,
    },
    Target {
        name: "light switch",
        handle: "light_site",
        element: &LIGHT_SWITCH,
    },
    Target {
        name: "bottom burner",
        handle: "knob2_site",
        element: &BOTTOM_BURNER,
    },
    Target {
        name: "microwave",
        handle: "microhandle_site",
        element: &MICROWAVE,
    },
    Target {
        name: "kettle",
        handle: "kettle_site",
        element: &KETTLE,
    },
];

/// The tasks of `complete` and `partial`.
pub(super) static PARTIAL: [&Element; 4] = [&MICROWAVE, &KETTLE, &LIGHT_SWITCH, &SLIDE_CABINET];
/// The tasks of `mixed`.
pub(super) static MIXED: [&Element; 4] = [&MICROWAVE, &KETTLE, &BOTTOM_BURNER, &LIGHT_SWITCH];

impl Element {
    /// Distance of the element's coordinates from where they shall be.
    pub(super) fn distance(&self, coordinates: &[f64; COORDINATES]) -> f64 {
        let found = coordinates.iter().skip(self.first).zip(self.goal);
        let square: f64 = found.map(|(x, g)| (x - g) * (x - g)).sum();
        square.sqrt()
    }

    /// Whether the element is close to where it shall be.
    pub(super) fn complete(&self, coordinates: &[f64; COORDINATES]) -> bool {
        self.distance(coordinates) < THRESHOLD
    }
}

/// The goals of all `elements` at their coordinates, 0 elsewhere.
pub(super) fn goal(elements: &[&Element]) -> [f64; COORDINATES] {
    let mut goal = [0.0; COORDINATES];
    for element in elements {
        let places = goal.iter_mut().skip(element.first);
        places.zip(element.goal).for_each(|(out, g)| *out = *g);
    }
    goal
}
