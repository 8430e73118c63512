//! Sweeps over a grid's nodes: value iteration, and the values of a stochastic policy.

use super::mesh::{Mesh, Move};
use super::{ACCELERATIONS, ACTION_DIM, Cell, at_goal, centre};
use crate::expectile;

/// Far below the discretisation error.
const TOLERANCE: f64 = 1e-4;
const MAX_SWEEPS: usize = 1_000;
/// Sweeps that follow the last greedy actions between two sweeps that choose them anew (modified policy iteration).
const FOLLOWING_SWEEPS: usize = 6;
/// Accelerations that the nodes choose from.
const ACTIONS: usize = ACCELERATIONS.count();

/// How a node's value comes from its action values.
trait Backup {
    fn value(&mut self, at: usize, q: impl Fn(usize) -> f64) -> f64;
}

/// The best action, remembered; the first of equals.
struct Choose<'a>(&'a mut [u8]);

impl Backup for Choose<'_> {
    fn value(&mut self, at: usize, q: impl Fn(usize) -> f64) -> f64 {
        let mut best = f64::NEG_INFINITY;
        for action in 0..ACTIONS {
            let value = q(action);
            if value > best {
                best = value;
                self.0[at] = action as u8;
            }
        }
        best
    }
}

/// The action chosen last.
struct Follow<'a>(&'a [u8]);

impl Backup for Follow<'_> {
    fn value(&mut self, at: usize, q: impl Fn(usize) -> f64) -> f64 {
        q(usize::from(self.0[at]))
    }
}

/// Random actions around the optimal one.
struct Mix<'a> {
    optimal: &'a [u8],
    noise: &'a Noise,
    expectile: f64,
}

impl Backup for Mix<'_> {
    fn value(&mut self, at: usize, q: impl Fn(usize) -> f64) -> f64 {
        self.noise
            .value(usize::from(self.optimal[at]), self.expectile, q)
    }
}

/// The probabilities of all actions given the optimal one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Noise([[f64; ACTIONS]; ACTIONS]);

impl Noise {
    /// Of the level nearest to `gain u + bias + noise N(0, 1)`, where `u` is the optimal acceleration.
    pub(super) fn new(gain: f64, bias: f64, noise: f64) -> Self {
        let mut table = [[0.0; ACTIONS]; ACTIONS];
        for (index, row) in table.iter_mut().enumerate() {
            let mut u = [0.0; ACTION_DIM];
            ACCELERATIONS.write(index, &mut u);
            ACCELERATIONS.probabilities(&u.map(|u| gain * u + bias), noise, row);
        }
        Self(table)
    }

    /// The expectile of the action values; their mean at .5.
    pub(super) fn value(&self, optimal: usize, expectile: f64, q: impl Fn(usize) -> f64) -> f64 {
        let sample: [(f64, f64); ACTIONS] =
            std::array::from_fn(|action| (self.0[optimal][action], q(action)));
        let mean = sample.iter().map(|(p, q)| p * q).sum();
        expectile::solve(expectile, mean, &sample)
    }
}

/// Values and greedy actions of all nodes, node by node, then vy, then vx.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Solution {
    pub(super) values: Vec<f64>,
    pub(super) actions: Vec<u8>,
    /// Sweeps that chose actions anew.
    pub(super) sweeps: usize,
}

/// Gauss-Seidel sweeps outward from the goal.
pub(super) struct Solver<'a> {
    mesh: &'a Mesh,
    goal: [f64; 2],
    discount: f64,
    order: Vec<usize>,
}

impl<'a> Solver<'a> {
    pub(super) fn new(mesh: &'a Mesh, goal: Cell, discount: f64) -> Self {
        let distances = mesh.map.distances(goal);
        let middle = centre(goal);
        // Position nodes by distance from the goal, then in index order.
        let mut order: Vec<(u32, u64, usize)> = (0..mesh.nodes.len())
            .map(|node| {
                let cell = distances[mesh.map.index(mesh.cell(node))].unwrap_or(u32::MAX);
                let point = mesh.point(node);
                let far = (point[0] - middle[0]).abs() + (point[1] - middle[1]).abs();
                (cell, (far * 1e6) as u64, node)
            })
            .collect();
        order.sort_unstable();
        Self {
            mesh,
            goal: middle,
            discount,
            order: order.into_iter().map(|(_, _, node)| node).collect(),
        }
    }

    /// Modified policy iteration, until no value changes by more than 1e-4 when actions are chosen anew.
    pub(super) fn optimal(&self) -> Solution {
        // Zero is an upper bound of V*: values fall monotonically to the fixed point.
        let mut solution = Solution {
            values: vec![0.0; self.mesh.len()],
            actions: vec![0; self.mesh.len()],
            sweeps: 0,
        };
        while solution.sweeps < MAX_SWEEPS {
            solution.sweeps += 1;
            let Solution {
                values, actions, ..
            } = &mut solution;
            if self.sweep(values, &mut Choose(actions)) <= TOLERANCE {
                break;
            }
            for _ in 0..FOLLOWING_SWEEPS {
                self.sweep(values, &mut Follow(actions));
            }
        }
        solution
    }

    /// The values of noisy optimal actions, or what implicit Q-learning makes of them, until no value changes by more than 1e-4.
    pub(super) fn noisy(&self, optimal: &Solution, noise: &Noise, expectile: f64) -> Vec<f64> {
        let mut values = optimal.values.clone();
        for _ in 0..MAX_SWEEPS {
            let mut mix = Mix {
                optimal: &optimal.actions,
                noise,
                expectile,
            };
            if self.sweep(&mut values, &mut mix) <= TOLERANCE {
                break;
            }
        }
        values
    }

    fn sweep(&self, values: &mut [f64], backup: &mut impl Backup) -> f64 {
        let mesh = self.mesh;
        let m = mesh.resolution.velocity;
        let (mut xs, mut change) = (Vec::new(), 0.0f64);
        // Moves along y depend on the column that the move along x leads to.
        let mut ys: [Vec<Move>; 3] = Default::default();
        for &node in &self.order {
            let (point, cell) = (mesh.point(node), mesh.cell(node));
            if at_goal(self.goal, point) {
                continue;
            }
            mesh.moves(0, cell, point[0], &mut xs);
            for (side, ys) in ys.iter_mut().enumerate() {
                mesh.moves(1, (cell.0 + side - 1, cell.1), point[1], ys);
            }
            for k in 0..m * m {
                let (kx, ky) = (k % m, k / m);
                let at = node * m * m + k;
                let value = backup.value(at, |action| {
                    let x = &xs[3 * kx + action % 3];
                    let y = &ys[x.cell + 1 - cell.0][3 * ky + action / 3];
                    if at_goal(self.goal, [x.position, y.position]) {
                        0.0
                    } else {
                        self.discount * mesh.value_after(values, x, y) - 1.0
                    }
                });
                change = change.max((value - values[at]).abs());
                values[at] = value;
            }
        }
        change
    }
}
