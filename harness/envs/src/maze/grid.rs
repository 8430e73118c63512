//! Value iteration on a grid over position and velocity, with multilinear interpolation.

use super::{ACTION_DIM, Cell, MOMENTUM, Map, STATE_DIM, V_MAX, dynamics, reached};

/// How fine the grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Nodes per cell along each position axis.
    pub position: usize,
    /// Nodes from `-V_MAX` to `V_MAX` along each velocity axis.
    pub velocity: usize,
}

impl Resolution {
    /// What the oracle uses.
    pub const DEFAULT: Self = Self {
        position: 8,
        velocity: 9,
    };
}

/// Far below the discretisation error.
const TOLERANCE: f64 = 1e-4;
const MAX_SWEEPS: usize = 1_000;
/// Sweeps that follow the last greedy actions between two sweeps that choose them anew (modified policy iteration).
const FOLLOWING_SWEEPS: usize = 6;

/// V* on a grid. Position nodes lie at the middles of sub-cells, so none lies on a wall; beside a wall the missing
/// nodes' weight goes to the others, and nodes around a corner that the mass cannot turn are not used.
#[derive(Debug)]
pub struct Grid {
    map: &'static Map,
    resolution: Resolution,
    discount: f64,
    /// Position node at (column, row) of sub-cells, row-major; `NONE` inside walls.
    index: Vec<u32>,
    /// Values, position node by position node, then vy, then vx.
    values: Vec<f64>,
    /// Sweeps that chose actions anew.
    sweeps: usize,
}

const NONE: u32 = u32::MAX;

/// The up to four position nodes around a point: node, weight, derivative of the weight with respect to x and y.
type Stencil = [(usize, f64, [f64; 2]); 4];

impl Grid {
    /// Solves the maze: modified policy iteration, Gauss-Seidel sweeps outward from the goal, until no value
    /// changes by more than 1e-4 when actions are chosen anew.
    pub fn solve(map: &'static Map, discount: f64, resolution: Resolution) -> Self {
        let n = resolution.position;
        let columns = map.width() * n;
        let mut index = vec![NONE; columns * map.height() * n];
        let mut nodes: Vec<(usize, usize)> = Vec::new();
        for (at, slot) in index.iter_mut().enumerate() {
            let (column, row) = (at % columns, at / columns);
            if map.is_free((column / n, row / n)) {
                *slot = nodes.len() as u32;
                nodes.push((column, row));
            }
        }
        let velocities = resolution.velocity * resolution.velocity;
        // Zero is an upper bound of V*: values fall monotonically to the fixed point.
        let values = vec![0.0; nodes.len() * velocities];
        let mut grid = Self {
            map,
            resolution,
            discount,
            index,
            values,
            sweeps: 0,
        };
        let order = grid.outward(&nodes);
        let mut policy = vec![[0.0; ACTION_DIM]; grid.values.len()];
        while grid.sweeps < MAX_SWEEPS {
            grid.sweeps += 1;
            if grid.sweep(&nodes, &order, &mut policy, true) <= TOLERANCE {
                break;
            }
            for _ in 0..FOLLOWING_SWEEPS {
                grid.sweep(&nodes, &order, &mut policy, false);
            }
        }
        grid
    }

    /// Sweeps that chose actions anew until convergence.
    pub fn sweeps(&self) -> usize {
        self.sweeps
    }

    /// V*(s) and its derivative with respect to (x, y, vx, vy).
    pub fn value(&self, state: &[f64; STATE_DIM]) -> (f64, [f64; STATE_DIM]) {
        let m = self.resolution.velocity;
        let (kx, fx) = self.velocity_cell(state[2]);
        let (ky, fy) = self.velocity_cell(state[3]);
        let scale = (m - 1) as f64 / (2.0 * V_MAX);
        let (mut total, mut sum, mut slope_x, mut slope_y) = (0.0, 0.0, [0.0; 2], [0.0; 2]);
        let (mut d_vx, mut d_vy) = (0.0, 0.0);
        for (node, weight, derivative) in self.stencil([state[0], state[1]]) {
            if weight == 0.0 && derivative == [0.0; 2] {
                continue;
            }
            let base = (node * m + ky) * m + kx;
            let (v00, v10) = (self.values[base], self.values[base + 1]);
            let (v01, v11) = (self.values[base + m], self.values[base + m + 1]);
            let (low, high) = (v00 + fx * (v10 - v00), v01 + fx * (v11 - v01));
            let value = low + fy * (high - low);
            sum += weight * value;
            total += weight;
            d_vx += weight * ((1.0 - fy) * (v10 - v00) + fy * (v11 - v01)) * scale;
            d_vy += weight * (high - low) * scale;
            for i in 0..2 {
                slope_x[i] += derivative[i] * value;
                slope_y[i] += derivative[i];
            }
        }
        let value = sum / total;
        let position: [f64; 2] = std::array::from_fn(|i| (slope_x[i] - value * slope_y[i]) / total);
        (
            value,
            [position[0], position[1], d_vx / total, d_vy / total],
        )
    }

    /// Q*(s, a) by one step of the true dynamics.
    fn q_value(&self, state: &[f64; STATE_DIM], action: &[f64; ACTION_DIM]) -> f64 {
        let next = dynamics(self.map, state, action).state;
        if reached(self.map, &next) {
            0.0
        } else {
            self.discount * self.value_only(&next) - 1.0
        }
    }

    fn value_only(&self, state: &[f64; STATE_DIM]) -> f64 {
        let m = self.resolution.velocity;
        let (kx, fx) = self.velocity_cell(state[2]);
        let (ky, fy) = self.velocity_cell(state[3]);
        let (mut total, mut sum) = (0.0, 0.0);
        for (node, weight, _) in self.stencil([state[0], state[1]]) {
            let v = &self.values[(node * m + ky) * m + kx..][..m + 2];
            let (low, high) = (v[0] + fx * (v[1] - v[0]), v[m] + fx * (v[m + 1] - v[m]));
            sum += weight * (low + fy * (high - low));
            total += weight;
        }
        sum / total
    }

    /// Q*(s, a) by one step of the true dynamics, and dQ/da.
    pub fn q(
        &self,
        state: &[f64; STATE_DIM],
        action: &[f64; ACTION_DIM],
    ) -> (f64, [f64; ACTION_DIM]) {
        let moved = dynamics(self.map, state, action);
        if reached(self.map, &moved.state) {
            return (0.0, [0.0; ACTION_DIM]);
        }
        let (value, slope) = self.value(&moved.state);
        let gain = (1.0 - MOMENTUM) * V_MAX;
        let gradient = std::array::from_fn(|i| {
            // An action entry moves its axis's velocity and position alike, unless a wall or a bound absorbs it.
            if moved.hit[i] || action[i].abs() > 1.0 {
                0.0
            } else {
                self.discount * gain * (slope[i] + slope[2 + i])
            }
        });
        (self.discount * value - 1.0, gradient)
    }

    /// argmax over `steps` x `steps` actions spread over the square; the first of equals.
    pub fn greedy(&self, state: &[f64; STATE_DIM], steps: usize) -> ([f64; ACTION_DIM], f64) {
        let mut best = ([0.0; ACTION_DIM], f64::NEG_INFINITY);
        for action in actions(steps) {
            let q = self.q_value(state, &action);
            if q > best.1 {
                best = (action, q);
            }
        }
        best
    }

    /// Position nodes by distance from the goal, then in index order.
    fn outward(&self, nodes: &[(usize, usize)]) -> Vec<usize> {
        let n = self.resolution.position;
        let distances = self.map.distances(self.map.goal_cell());
        let goal = self.map.goal();
        let mut order: Vec<(u32, u64, usize)> = Vec::with_capacity(nodes.len());
        for (at, &(column, row)) in nodes.iter().enumerate() {
            let cell = distances[self.map.index((column / n, row / n))].unwrap_or(u32::MAX);
            let point = self.point((column, row));
            let far = (point[0] - goal[0]).abs() + (point[1] - goal[1]).abs();
            order.push((cell, (far * 1e6) as u64, at));
        }
        order.sort_unstable();
        order.into_iter().map(|(_, _, at)| at).collect()
    }

    fn point(&self, (column, row): (usize, usize)) -> [f64; 2] {
        let n = self.resolution.position as f64;
        [(column as f64 + 0.5) / n, (row as f64 + 0.5) / n]
    }

    fn sweep(
        &mut self,
        nodes: &[(usize, usize)],
        order: &[usize],
        policy: &mut [[f64; ACTION_DIM]],
        choose: bool,
    ) -> f64 {
        let m = self.resolution.velocity;
        let velocity = |k: usize| V_MAX * (2.0 * k as f64 / (m - 1) as f64 - 1.0);
        let mut change = 0.0f64;
        for &node in order {
            let point = self.point(nodes[node]);
            if reached(self.map, &[point[0], point[1], 0.0, 0.0]) {
                continue;
            }
            for k in 0..m * m {
                let state = [point[0], point[1], velocity(k % m), velocity(k / m)];
                let at = node * m * m + k;
                let value = if choose {
                    let (action, value) = self.greedy(&state, 3);
                    policy[at] = action;
                    value
                } else {
                    self.q_value(&state, &policy[at])
                };
                change = change.max((value - self.values[at]).abs());
                self.values[at] = value;
            }
        }
        change
    }

    fn velocity_cell(&self, v: f64) -> (usize, f64) {
        let last = self.resolution.velocity - 1;
        let scaled = (v / V_MAX + 1.0) * 0.5 * last as f64;
        let k = (scaled.max(0.0) as usize).min(last - 1);
        (k, (scaled - k as f64).clamp(0.0, 1.0))
    }

    fn stencil(&self, point: [f64; 2]) -> Stencil {
        let n = self.resolution.position;
        let columns = self.map.width() * n;
        let here = self.map.cell_of(point);
        let corner: [f64; 2] = point.map(|x| (x * n as f64 - 0.5) as usize as f64);
        let f: [f64; 2] = std::array::from_fn(|i| point[i] * n as f64 - 0.5 - corner[i]);
        let mut stencil = [(0, 0.0, [0.0; 2]); 4];
        for (which, slot) in stencil.iter_mut().enumerate() {
            let (dx, dy) = (which % 2, which / 2);
            let (column, row) = (corner[0] as usize + dx, corner[1] as usize + dy);
            let node = self.index[row * columns + column];
            if node == NONE || !self.connected(here, (column / n, row / n)) {
                continue;
            }
            let (wx, sx) = if dx == 1 {
                (f[0], 1.0)
            } else {
                (1.0 - f[0], -1.0)
            };
            let (wy, sy) = if dy == 1 {
                (f[1], 1.0)
            } else {
                (1.0 - f[1], -1.0)
            };
            *slot = (
                node as usize,
                wx * wy,
                [sx * wy * n as f64, sy * wx * n as f64],
            );
        }
        stencil
    }

    /// Whether a neighbouring cell (also a diagonal one) can be entered from `here` directly.
    fn connected(&self, here: Cell, there: Cell) -> bool {
        here == there
            || here.0 == there.0
            || here.1 == there.1
            || self.map.is_free((here.0, there.1))
            || self.map.is_free((there.0, here.1))
    }
}

/// `steps` x `steps` actions on an even grid over [-1, 1]^2.
fn actions(steps: usize) -> impl Iterator<Item = [f64; ACTION_DIM]> {
    let entry = move |k: usize| 2.0 * k as f64 / (steps - 1) as f64 - 1.0;
    (0..steps * steps).map(move |k| [entry(k % steps), entry(k / steps)])
}
