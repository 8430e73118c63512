//! Maps: which cells are free, where the goal is.

use crate::error::Error;

/// A maze of unit cells. Text row = y, text column = x; the outermost cells are walls.
#[derive(Debug, PartialEq, Eq)]
pub struct Map {
    /// The environment's id.
    pub id: &'static str,
    /// Rows of `#` (wall), `.` (free) and `G` (goal cell).
    pub rows: &'static [&'static str],
    /// Steps after which an episode is truncated.
    pub horizon: u32,
}

/// D4RL's U-shaped map: 7 free cells.
pub const UMAZE: Map = Map {
    id: "point-maze/umaze-v0",
    rows: &[
        "#####", //
        "#G..#", //
        "###.#", //
        "#...#", //
        "#####",
    ],
    horizon: 200,
};

/// D4RL's medium map: 26 free cells.
pub const MEDIUM: Map = Map {
    id: "point-maze/medium-v0",
    rows: &[
        "########", //
        "#..##..#", //
        "#..#...#", //
        "##...###", //
        "#..#...#", //
        "#.#..#.#", //
        "#...#.G#", //
        "########",
    ],
    horizon: 400,
};

/// D4RL's large map: 46 free cells.
pub const LARGE: Map = Map {
    id: "point-maze/large-v0",
    rows: &[
        "############", //
        "#....#.....#", //
        "#.##.#.#.#.#", //
        "#......#...#", //
        "#.####.###.#", //
        "#..#.#.....#", //
        "##.#.#.#.###", //
        "#..#...#.G.#", //
        "############",
    ],
    horizon: 600,
};

/// The map of an environment.
///
/// # Errors
/// An id that is not a point maze.
pub fn map(id: &str) -> Result<&'static Map, Error> {
    const MAPS: [&Map; 3] = [&UMAZE, &MEDIUM, &LARGE];
    MAPS.into_iter()
        .find(|map| map.id == id)
        .ok_or_else(|| Error::UnknownEnvironment {
            id: id.to_owned(),
            nearest: None,
        })
}

/// A cell: column, row.
pub type Cell = (usize, usize);

impl Map {
    /// Cells from left to right.
    pub fn width(&self) -> usize {
        self.rows[0].len()
    }

    /// Cells from top to bottom.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Whether a cell can be entered; everything outside the map is wall.
    pub fn is_free(&self, (column, row): Cell) -> bool {
        self.rows
            .get(row)
            .and_then(|r| r.as_bytes().get(column))
            .is_some_and(|&c| c != b'#')
    }

    /// All free cells, row by row.
    pub fn free_cells(&self) -> Vec<Cell> {
        let all =
            (0..self.height()).flat_map(|row| (0..self.width()).map(move |column| (column, row)));
        all.filter(|&cell| self.is_free(cell)).collect()
    }

    /// The goal's cell.
    pub fn goal_cell(&self) -> Cell {
        let found = self
            .rows
            .iter()
            .enumerate()
            .find_map(|(row, text)| Some((text.find('G')?, row)));
        found.expect("every built-in map has a goal")
    }

    /// The goal's position: the centre of its cell.
    pub fn goal(&self) -> [f64; 2] {
        centre(self.goal_cell())
    }

    /// The cell that holds a point.
    pub fn cell_of(&self, point: [f64; 2]) -> Cell {
        (point[0].max(0.0) as usize, point[1].max(0.0) as usize)
    }

    /// Free cells that share an edge with `cell`.
    pub fn neighbours(&self, (column, row): Cell) -> impl Iterator<Item = Cell> + '_ {
        // Border cells are walls, so a free cell never has a negative neighbour.
        let around = [
            (column + 1, row),
            (column - 1, row),
            (column, row + 1),
            (column, row - 1),
        ];
        around.into_iter().filter(|&cell| self.is_free(cell))
    }

    /// Number of cell-to-cell moves from every cell to `target` (`None`: wall or unreachable), row-major.
    pub fn distances(&self, target: Cell) -> Vec<Option<u32>> {
        let mut distance = vec![None; self.width() * self.height()];
        let mut frontier = vec![target];
        distance[self.index(target)] = Some(0);
        let mut steps = 0;
        while !frontier.is_empty() {
            steps += 1;
            let mut next = Vec::new();
            for cell in frontier {
                for neighbour in self.neighbours(cell) {
                    let slot = &mut distance[self.index(neighbour)];
                    if slot.is_none() {
                        *slot = Some(steps);
                        next.push(neighbour);
                    }
                }
            }
            frontier = next;
        }
        distance
    }

    /// Row-major index of a cell.
    pub fn index(&self, (column, row): Cell) -> usize {
        row * self.width() + column
    }
}

/// The centre of a cell.
pub fn centre((column, row): Cell) -> [f64; 2] {
    [column as f64 + 0.5, row as f64 + 0.5]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_rectangular_walled_connected_and_have_one_goal() {
        for (map, free) in [(&UMAZE, 7), (&MEDIUM, 26), (&LARGE, 46)] {
            assert!(map.rows.iter().all(|row| row.len() == map.width()));
            assert_eq!(
                map.rows
                    .iter()
                    .flat_map(|row| row.bytes())
                    .filter(|&c| c == b'G')
                    .count(),
                1
            );
            let cells = map.free_cells();
            assert_eq!(cells.len(), free, "{}", map.id);
            assert!(
                cells
                    .iter()
                    .all(|&(c, r)| c > 0 && r > 0 && c + 1 < map.width() && r + 1 < map.height())
            );
            let distances = map.distances(map.goal_cell());
            assert!(
                cells
                    .iter()
                    .all(|&cell| distances[map.index(cell)].is_some())
            );
        }
    }

    #[test]
    fn the_long_way_round_the_u_is_six_moves() {
        assert_eq!(
            UMAZE.distances(UMAZE.goal_cell())[UMAZE.index((1, 3))],
            Some(6)
        );
    }
}
