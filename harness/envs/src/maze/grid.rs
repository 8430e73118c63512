//! The values of one goal on a grid over position and velocity, with multilinear interpolation.

use std::path::Path;
use std::sync::Arc;

use super::kept;
use super::mesh::{Mesh, Resolution};
use super::solver::{Noise, Solution, Solver};
use super::{
    ACCELERATIONS, ACTION_DIM, Cell, MOMENTUM, Map, STATE_DIM, V_MAX, at_goal, centre, dynamics,
};

/// V of one policy towards one goal.
#[derive(Clone, Debug)]
pub struct Grid {
    mesh: Arc<Mesh>,
    goal: Cell,
    discount: f64,
    solution: Arc<Solution>,
    /// The values of another policy than the optimal one.
    other: Option<Vec<f64>>,
}

impl Grid {
    /// Solves a map with its own goal.
    pub fn solve(map: &'static Map, discount: f64, resolution: Resolution) -> Self {
        Self::towards(
            Arc::new(Mesh::new(map, resolution)),
            map.goal_cell(),
            discount,
            None,
        )
    }

    /// Solves the way to the centre of a cell: modified policy iteration, Gauss-Seidel sweeps outward from the goal, until no
    /// value changes by more than 1e-4 when actions are chosen anew. With `kept`, solutions are read from and written to that folder.
    pub fn towards(mesh: Arc<Mesh>, goal: Cell, discount: f64, kept: Option<&Path>) -> Self {
        let solve = || Solver::new(&mesh, goal, discount).optimal();
        let solution = Arc::new(kept::solution(kept, &mesh, goal, discount, solve));
        Self {
            mesh,
            goal,
            discount,
            solution,
            other: None,
        }
    }

    /// The values when the discrete action is the one nearest to `gain u + bias + noise N(0, 1)`, `u` the best of nine, and when V is the
    /// expectile of Q over these actions (the mean at .5).
    pub(super) fn noisy(&self, noise: &Noise, expectile: f64) -> Self {
        let solver = Solver::new(&self.mesh, self.goal, self.discount);
        Self {
            other: Some(solver.noisy(&self.solution, noise, expectile)),
            ..self.clone()
        }
    }

    /// Sweeps that chose actions anew until convergence.
    pub fn sweeps(&self) -> usize {
        self.solution.sweeps
    }

    #[cfg(test)]
    pub(super) fn solution(&self) -> &Solution {
        &self.solution
    }

    fn values(&self) -> &[f64] {
        self.other.as_ref().unwrap_or(&self.solution.values)
    }

    /// Whether a state is at the goal.
    pub fn reached(&self, state: &[f64; STATE_DIM]) -> bool {
        at_goal(centre(self.goal), [state[0], state[1]])
    }

    /// V(s) and its derivative with respect to (x, y, vx, vy).
    pub fn value(&self, state: &[f64; STATE_DIM]) -> (f64, [f64; STATE_DIM]) {
        let m = self.mesh.resolution.velocity;
        let (kx, fx) = self.mesh.velocity_cell(state[2]);
        let (ky, fy) = self.mesh.velocity_cell(state[3]);
        let scale = (m - 1) as f64 / (2.0 * V_MAX);
        let (mut total, mut sum, mut slope_x, mut slope_y) = (0.0, 0.0, [0.0; 2], [0.0; 2]);
        let (mut d_vx, mut d_vy) = (0.0, 0.0);
        for (node, weight, derivative) in self.mesh.stencil([state[0], state[1]]) {
            if weight == 0.0 && derivative == [0.0; 2] {
                continue;
            }
            let v = &self.values()[(node * m + ky) * m + kx..][..m + 2];
            let (v00, v10, v01, v11) = (v[0], v[1], v[m], v[m + 1]);
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

    /// Q(s, a) by one step of the true dynamics.
    pub fn q_value(&self, state: &[f64; STATE_DIM], action: &[f64; ACTION_DIM]) -> f64 {
        let next = dynamics(self.mesh.map, state, action).state;
        if self.reached(&next) {
            0.0
        } else {
            self.discount * self.value_only(&next) - 1.0
        }
    }

    fn value_only(&self, state: &[f64; STATE_DIM]) -> f64 {
        let m = self.mesh.resolution.velocity;
        let (kx, fx) = self.mesh.velocity_cell(state[2]);
        let (ky, fy) = self.mesh.velocity_cell(state[3]);
        let (mut total, mut sum) = (0.0, 0.0);
        for (node, weight, _) in self.mesh.stencil([state[0], state[1]]) {
            let v = &self.values()[(node * m + ky) * m + kx..][..m + 2];
            let (low, high) = (v[0] + fx * (v[1] - v[0]), v[m] + fx * (v[m + 1] - v[m]));
            sum += weight * (low + fy * (high - low));
            total += weight;
        }
        sum / total
    }

    /// Q(s, a) by one step of the true dynamics, and dQ/da.
    pub fn q(
        &self,
        state: &[f64; STATE_DIM],
        action: &[f64; ACTION_DIM],
    ) -> (f64, [f64; ACTION_DIM]) {
        let moved = dynamics(self.mesh.map, state, action);
        if self.reached(&moved.state) {
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

    /// The expectile of Q over noisy actions around the discrete action `optimal` (an index).
    pub(super) fn noisy_value(
        &self,
        state: &[f64; STATE_DIM],
        optimal: usize,
        noise: &Noise,
        expectile: f64,
    ) -> f64 {
        noise.value(optimal, expectile, |index| {
            let mut action = [0.0; ACTION_DIM];
            ACCELERATIONS.write(index, &mut action);
            self.q_value(state, &action)
        })
    }
}

/// `steps` x `steps` actions on an even grid over [-1, 1]^2.
fn actions(steps: usize) -> impl Iterator<Item = [f64; ACTION_DIM]> {
    let entry = move |k: usize| 2.0 * k as f64 / (steps - 1) as f64 - 1.0;
    (0..steps * steps).map(move |k| [entry(k % steps), entry(k / steps)])
}
