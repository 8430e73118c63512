//! Ways through a maze: free cells, and distances along them.

use super::layout::{Cell, Layout, UNIT, centre};

/// Order in which neighbours are looked at (row, column), as in OGBench; among equals the first is taken.
const NEIGHBOURS: [(isize, isize); 4] = [(-1, 0), (0, -1), (1, 0), (0, 1)];

/// The cell in which a place (m) lies.
pub(super) fn cell_of([x, y]: [f64; 2]) -> Cell {
    let [left, top] = centre((0, 0));
    // Half a cell before the first centre; below 0 the conversion gives 0.
    let index = |at: f64, first: f64| ((at - first) / UNIT + 0.5) as usize;
    (index(y, top), index(x, left))
}

/// Free cells beside a cell.
fn beside(layout: &Layout, (i, j): Cell) -> impl Iterator<Item = Cell> + '_ {
    NEIGHBOURS.iter().filter_map(move |(di, dj)| {
        let cell = (i.checked_add_signed(*di)?, j.checked_add_signed(*dj)?);
        layout.is_free(cell).then_some(cell)
    })
}

/// Free cells, row by row.
pub(super) fn free_cells(layout: &Layout) -> Vec<Cell> {
    let columns = layout.columns();
    let cells = (0..layout.rows.len()).flat_map(|i| (0..columns).map(move |j| (i, j)));
    cells.filter(|cell| layout.is_free(*cell)).collect()
}

/// Free cells that are more than a passage between two opposite neighbours: corners, crossings and dead ends. OGBench
/// draws the goals of its data among them.
pub(super) fn junctions(layout: &Layout) -> Vec<Cell> {
    let mut cells = free_cells(layout);
    cells.retain(|&(i, j)| {
        let around: Vec<Cell> = beside(layout, (i, j)).collect();
        match around.as_slice() {
            [one, other] => one.0 != other.0 && one.1 != other.1,
            _ => true,
        }
    });
    cells
}

/// Distances, in cells, of all cells from one.
#[derive(Clone, Debug)]
pub(super) struct Distances {
    from: Cell,
    columns: usize,
    /// Row by row; none for walls and what cannot be reached.
    steps: Vec<Option<u32>>,
}

impl Distances {
    pub(super) fn new(layout: &Layout, from: Cell) -> Self {
        let columns = layout.columns();
        let mut found = Self {
            from,
            columns,
            steps: vec![None; columns * layout.rows.len()],
        };
        found.set(from, 0);
        let mut queue = vec![from];
        let mut next = 0;
        while let Some(&cell) = queue.get(next) {
            next += 1;
            let steps = found.get(cell).unwrap_or(0) + 1;
            for near in beside(layout, cell) {
                if found.get(near).is_none() {
                    found.set(near, steps);
                    queue.push(near);
                }
            }
        }
        found
    }

    fn set(&mut self, (i, j): Cell, steps: u32) {
        if let Some(entry) = self.steps.get_mut(i * self.columns + j) {
            *entry = Some(steps);
        }
    }

    pub(super) fn get(&self, (i, j): Cell) -> Option<u32> {
        self.steps.get(i * self.columns + j).copied().flatten()
    }

    /// Cells at this distance, row by row.
    pub(super) fn at(&self, steps: u32) -> Vec<Cell> {
        let all = self.steps.iter().enumerate();
        all.filter(|(_, found)| **found == Some(steps))
            .map(|(k, _)| (k / self.columns, k % self.columns))
            .collect()
    }

    /// The cell beside `cell` that is nearest to where distances start from; `cell` itself there, and where no way leads.
    pub(super) fn next(&self, layout: &Layout, cell: Cell) -> Cell {
        let Some(own) = self.get(cell) else {
            return cell;
        };
        let nearer = beside(layout, cell).find(|near| self.get(*near) == Some(own.wrapping_sub(1)));
        nearer.unwrap_or(cell)
    }

    /// Where distances start from.
    pub(super) const fn from(&self) -> Cell {
        self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(name: &str) -> &'static Layout {
        Layout::of_name(name).expect("a known maze")
    }

    #[test]
    fn places_lie_in_the_cell_whose_centre_is_nearest() {
        for cell in [(0, 0), (1, 1), (3, 7)] {
            let [x, y] = centre(cell);
            assert_eq!(cell_of([x + 1.9, y - 1.9]), cell);
            assert_eq!(cell_of([x + 2.1, y]), (cell.0, cell.1 + 1));
        }
    }

    #[test]
    fn the_way_through_the_umaze_goes_around_its_wall() {
        let umaze = layout("umaze");
        let distances = Distances::new(umaze, (3, 1));
        assert_eq!(distances.get((1, 1)), Some(6));
        assert_eq!(distances.get((2, 1)), None);
        let mut cell = (1, 1);
        let mut way = Vec::new();
        while cell != (3, 1) {
            cell = distances.next(umaze, cell);
            way.push(cell);
        }
        assert_eq!(way, [(1, 2), (1, 3), (2, 3), (3, 3), (3, 2), (3, 1)]);
        assert_eq!(distances.next(umaze, (3, 1)), (3, 1));
        assert_eq!(distances.next(umaze, (0, 0)), (0, 0));
        assert_eq!(distances.at(4), [(1, 3)]);
    }

    #[test]
    fn passages_are_no_junctions() {
        let umaze = layout("umaze");
        assert_eq!(junctions(umaze), [(1, 1), (1, 3), (3, 1), (3, 3)]);
        assert_eq!(free_cells(umaze).len(), 7);
    }

    #[test]
    fn every_cell_can_be_reached_but_the_closed_one_that_a_teleporter_leads_to() {
        for name in ["umaze", "medium", "large", "giant", "teleport"] {
            let mut closed = free_cells(layout(name));
            let distances = Distances::new(layout(name), closed[0]);
            closed.retain(|cell| distances.get(*cell).is_none());
            let expected: &[Cell] = if name == "teleport" { &[(1, 7)] } else { &[] };
            assert_eq!(closed, expected, "{name}");
        }
    }
}
