//! The nodes of a maze's grid and the interpolation between them.

use super::{Cell, Map, V_MAX, slide};

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
    /// What the oracle uses for the medium map with goals, where there are 26 cells to solve.
    pub const COARSE: Self = Self {
        position: 6,
        velocity: 7,
    };
}

pub(super) const NONE: u32 = u32::MAX;

/// The up to four position nodes around a point: node, weight, derivative of the weight with respect to x and y.
pub(super) type Stencil = [(usize, f64, [f64; 2]); 4];

/// Position nodes at the middles of sub-cells, so that none lies on a wall, times velocity nodes. Beside a wall the missing nodes'
/// weight goes to the others, and nodes around a corner that the mass cannot turn are not used.
#[derive(Debug)]
pub struct Mesh {
    pub(super) map: &'static Map,
    pub(super) resolution: Resolution,
    /// Sub-cell (column, row) of every position node.
    pub(super) nodes: Vec<(usize, usize)>,
    /// The nodes around every lower-left sub-cell as seen from each of the four cells that they may lie in; `NONE`: not used.
    corners: Vec<[u32; 4]>,
}

/// Where a velocity node and an acceleration lead along one axis.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Move {
    /// The next position.
    pub(super) position: f64,
    pub(super) cell: usize,
    /// Lower sub-cell, and how far beyond its middle.
    corner: usize,
    weight: f64,
    /// Lower velocity node, and how far beyond it.
    velocity: usize,
    velocity_weight: f64,
}

impl Mesh {
    /// The nodes of a map.
    pub fn new(map: &'static Map, resolution: Resolution) -> Self {
        let n = resolution.position;
        let (columns, rows) = (map.width() * n, map.height() * n);
        let mut index = vec![NONE; columns * rows];
        let mut nodes = Vec::new();
        for (at, slot) in index.iter_mut().enumerate() {
            let (column, row) = (at % columns, at / columns);
            if map.is_free((column / n, row / n)) {
                *slot = nodes.len() as u32;
                nodes.push((column, row));
            }
        }
        let mut corners = vec![[NONE; 4]; columns * rows * 4];
        for (at, nodes) in corners.iter_mut().enumerate() {
            let (quadrant, column, row) = (at % 4, at / 4 % columns, at / 4 / columns);
            if column + 1 == columns || row + 1 == rows {
                continue;
            }
            let sub = |which: usize| (column + which % 2, row + which / 2);
            let here = sub(quadrant);
            let here = (here.0 / n, here.1 / n);
            for (which, node) in nodes.iter_mut().enumerate() {
                let (x, y) = sub(which);
                if connected(map, here, (x / n, y / n)) {
                    *node = index[y * columns + x];
                }
            }
        }
        Self {
            map,
            resolution,
            nodes,
            corners,
        }
    }

    /// Number of nodes over position and velocity.
    pub fn len(&self) -> usize {
        self.nodes.len() * self.resolution.velocity * self.resolution.velocity
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The position of a node.
    pub(super) fn point(&self, node: usize) -> [f64; 2] {
        let n = self.resolution.position as f64;
        let (column, row) = self.nodes[node];
        [(column as f64 + 0.5) / n, (row as f64 + 0.5) / n]
    }

    /// The cell of a node.
    pub(super) fn cell(&self, node: usize) -> Cell {
        let n = self.resolution.position;
        let (column, row) = self.nodes[node];
        (column / n, row / n)
    }

    /// Velocity node `k` of an axis.
    pub(super) fn velocity(&self, k: usize) -> f64 {
        V_MAX * (2.0 * k as f64 / (self.resolution.velocity - 1) as f64 - 1.0)
    }

    /// The lower velocity node beside `v`, and how far beyond it.
    pub(super) fn velocity_cell(&self, v: f64) -> (usize, f64) {
        let last = self.resolution.velocity - 1;
        let scaled = (v / V_MAX + 1.0) * 0.5 * last as f64;
        let k = (scaled.max(0.0) as usize).min(last - 1);
        (k, (scaled - k as f64).clamp(0.0, 1.0))
    }

    /// All moves of one axis from `position`, velocity node by velocity node, acceleration -1, 0, 1.
    pub(super) fn moves(&self, axis: usize, cell: Cell, position: f64, out: &mut Vec<Move>) {
        out.clear();
        for k in 0..self.resolution.velocity {
            for acceleration in [-1.0, 0.0, 1.0] {
                let (position, velocity, _) = slide(
                    self.map,
                    axis,
                    cell,
                    position,
                    self.velocity(k),
                    acceleration,
                );
                let (velocity, velocity_weight) = self.velocity_cell(velocity);
                let (corner, weight) = self.sub_cell(position);
                out.push(Move {
                    position,
                    cell: position as usize,
                    corner,
                    weight,
                    velocity,
                    velocity_weight,
                });
            }
        }
    }

    fn sub_cell(&self, position: f64) -> (usize, f64) {
        let scaled = position * self.resolution.position as f64 - 0.5;
        let corner = scaled as usize;
        (corner, scaled - corner as f64)
    }

    #[inline(always)]
    fn corner(&self, column: usize, row: usize, here: Cell) -> &[u32; 4] {
        let n = self.resolution.position;
        let columns = self.map.width() * n;
        // Which of the four sub-cells share the cell of the point itself.
        let right = usize::from(column / n != here.0);
        let up = usize::from(row / n != here.1);
        &self.corners[(row * columns + column) * 4 + 2 * up + right]
    }

    /// The interpolated value after a move along each axis. Nearly all time of a solution is spent here.
    #[inline(always)]
    pub(super) fn value_after(&self, values: &[f64], x: &Move, y: &Move) -> f64 {
        let m = self.resolution.velocity;
        let nodes = self.corner(x.corner, y.corner, (x.cell, y.cell));
        let (fx, fy) = (x.velocity_weight, y.velocity_weight);
        let (mut total, mut sum) = (0.0, 0.0);
        for (which, &node) in nodes.iter().enumerate() {
            if node == NONE {
                continue;
            }
            let wx = if which % 2 == 1 {
                x.weight
            } else {
                1.0 - x.weight
            };
            let wy = if which / 2 == 1 {
                y.weight
            } else {
                1.0 - y.weight
            };
            let v = &values[(node as usize * m + y.velocity) * m + x.velocity..][..m + 2];
            let (low, high) = (v[0] + fx * (v[1] - v[0]), v[m] + fx * (v[m + 1] - v[m]));
            sum += wx * wy * (low + fy * (high - low));
            total += wx * wy;
        }
        sum / total
    }

    pub(super) fn stencil(&self, point: [f64; 2]) -> Stencil {
        let n = self.resolution.position as f64;
        let [(column, x), (row, y)] = point.map(|p| self.sub_cell(p));
        let mut stencil = [(0, 0.0, [0.0; 2]); 4];
        let nodes = self.corner(column, row, self.map.cell_of(point));
        for (which, slot) in stencil.iter_mut().enumerate() {
            if nodes[which] == NONE {
                continue;
            }
            let (wx, sx) = if which % 2 == 1 {
                (x, n)
            } else {
                (1.0 - x, -n)
            };
            let (wy, sy) = if which / 2 == 1 {
                (y, n)
            } else {
                (1.0 - y, -n)
            };
            *slot = (nodes[which] as usize, wx * wy, [sx * wy, sy * wx]);
        }
        stencil
    }
}

/// Whether a neighbouring cell (also a diagonal one) can be entered from `here` directly.
fn connected(map: &Map, here: Cell, there: Cell) -> bool {
    here == there
        || here.0 == there.0
        || here.1 == there.1
        || map.is_free((here.0, there.1))
        || map.is_free((there.0, here.1))
}
