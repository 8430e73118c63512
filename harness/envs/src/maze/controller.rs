//! The waypoint controller behind the `navigate` behaviour.

use manifest::random::Stream;

use super::{ACTION_DIM, Cell, MOMENTUM, Map, STATE_DIM, V_MAX, centre};

/// Distance from a waypoint, in cells along each axis, at which the next one is taken.
const WAYPOINT_REACHED: f64 = 0.3;
/// Desired speed per cell of distance.
const POSITION_GAIN: f64 = 0.5;

/// Drives from cell to random cell along shortest paths.
#[derive(Debug)]
pub struct Navigator {
    map: &'static Map,
    distances: Vec<Option<u32>>,
    target: Cell,
    cells: Vec<Cell>,
}

impl Navigator {
    /// Chooses a first target.
    pub fn new(map: &'static Map, stream: &mut Stream) -> Self {
        let cells = map.free_cells();
        let target = cells[stream.below(cells.len() as u64) as usize];
        Self {
            map,
            distances: map.distances(target),
            target,
            cells,
        }
    }

    /// The action towards the target; a new target is drawn when the old one is reached.
    pub fn action(&mut self, state: &[f64; STATE_DIM], stream: &mut Stream) -> [f64; ACTION_DIM] {
        let cell = self.map.cell_of([state[0], state[1]]);
        if cell == self.target && near(state, centre(cell)) {
            self.target = self.cells[stream.below(self.cells.len() as u64) as usize];
            self.distances = self.map.distances(self.target);
        }
        let here = self.distances[self.map.index(cell)];
        let closer = |next: &Cell| self.distances[self.map.index(*next)] < here;
        // Ties go to the first neighbour, so the path is a function of the cell and the target.
        let waypoint = self.map.neighbours(cell).find(closer).unwrap_or(cell);
        steer(state, centre(waypoint))
    }
}

/// The action on the shortest path to a point: towards the next cell's centre, in the goal's own cell towards the point itself. `distances` are
/// those of the goal's cell. The declared expert of the larger mazes with goals.
pub fn waypoint_action(
    map: &Map,
    distances: &[Option<u32>],
    goal: [f64; 2],
    state: &[f64; STATE_DIM],
) -> [f64; ACTION_DIM] {
    let cell = map.cell_of([state[0], state[1]]);
    let here = distances[map.index(cell)];
    let closer = |next: &Cell| distances[map.index(*next)] < here;
    match map.neighbours(cell).find(closer) {
        Some(next) => steer(state, centre(next)),
        None => steer(state, goal),
    }
}

fn near(state: &[f64; STATE_DIM], point: [f64; 2]) -> bool {
    (state[0] - point[0]).abs() < WAYPOINT_REACHED && (state[1] - point[1]).abs() < WAYPOINT_REACHED
}

/// The clipped action whose next velocity comes closest to `0.5 (waypoint - position)`, clipped to `V_MAX`.
pub fn steer(state: &[f64; STATE_DIM], waypoint: [f64; 2]) -> [f64; ACTION_DIM] {
    std::array::from_fn(|i| {
        let desired = (POSITION_GAIN * (waypoint[i] - state[i])).clamp(-V_MAX, V_MAX);
        ((desired - MOMENTUM * state[2 + i]) / ((1.0 - MOMENTUM) * V_MAX)).clamp(-1.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maze::{LARGE, dynamics};

    #[test]
    fn it_visits_every_cell_of_the_largest_map() {
        let mut stream = Stream::new(1, &["test", "navigate"]);
        let mut navigator = Navigator::new(&LARGE, &mut stream);
        let mut state = [1.5, 1.5, 0.0, 0.0];
        let mut visited = std::collections::BTreeSet::new();
        for _ in 0..20_000 {
            let action = navigator.action(&state, &mut stream);
            state = dynamics(&LARGE, &state, &action).state;
            visited.insert(LARGE.cell_of([state[0], state[1]]));
        }
        assert_eq!(visited.len(), LARGE.free_cells().len());
    }
}
