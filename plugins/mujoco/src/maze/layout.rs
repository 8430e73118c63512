//! Walls, tasks and teleporters of the mazes.
//!
//! Cells are (row, column); the centre of cell (i, j) lies at x = 4 j - 4, y = 4 i - 4 (m). Sources:
//! `seohongpark/ogbench:ogbench/locomaze/maze.py`, `Farama-Foundation/D4RL:d4rl/locomotion/maze_env.py`.

/// A cell: row, column.
pub(super) type Cell = (usize, usize);

/// Side of a cell (m).
pub(super) const UNIT: f64 = 4.0;
/// What is subtracted from both coordinates of a cell's corner (m).
const OFFSET: f64 = 4.0;

/// One maze.
#[derive(Debug, PartialEq)]
pub(super) struct Layout {
    /// `#` is a wall.
    pub(super) rows: &'static [&'static str],
    /// Start and goal of each of OGBench's tasks.
    pub(super) tasks: &'static [(Cell, Cell)],
    /// Cells that teleport, and cells they teleport to.
    pub(super) teleporters: Option<(&'static [Cell], &'static [Cell])>,
}

/// Radius (m) of a teleporter as it is drawn; it acts within one and a half times that.
pub(super) const TELEPORT_RADIUS: f64 = 1.0;

static UMAZE: Layout = Layout {
    rows: &["#####", "#   #", "### #", "#   #", "#####"],
    tasks: &[],
    teleporters: None,
};

static MEDIUM: Layout = Layout {
    rows: &[
        "########", "#  ##  #", "#  #   #", "##   ###", "#  #   #", "# #  # #", "#   #  #",
        "########",
    ],
    tasks: &[
        ((1, 1), (6, 6)),
        ((6, 1), (1, 6)),
        ((5, 3), (4, 2)),
        ((6, 5), (6, 1)),
        ((2, 6), (1, 1)),
    ],
    teleporters: None,
};

static LARGE: Layout = Layout {
    rows: &[
        "############",
        "#    #     #",
        "# ## # # # #",
        "#      #   #",
        "# #### ### #",
        "#  # #     #",
        "## # # # ###",
        "#  #   #   #",
        "############",
    ],
    tasks: &[
        ((1, 1), (7, 10)),
        ((5, 4), (7, 1)),
        ((7, 4), (1, 10)),
        ((3, 8), (5, 4)),
        ((1, 1), (5, 4)),
    ],
    teleporters: None,
};

static GIANT: Layout = Layout {
    rows: &[
        "################",
        "# #      ##    #",
        "# # ## # #  ## #",
        "#   #  #   #   #",
        "# ### ###### # #",
        "#   #   #    # #",
        "### # #  # # ###",
        "#   #  #   #   #",
        "# # # ###### # #",
        "# ###   #   ## #",
        "#     #   #    #",
        "################",
    ],
    tasks: &[
        ((1, 1), (10, 14)),
        ((1, 14), (10, 1)),
        ((8, 14), (1, 1)),
        ((8, 3), (5, 12)),
        ((5, 9), (3, 8)),
    ],
    teleporters: None,
};

static TELEPORT: Layout = Layout {
    rows: &[
        "############",
        "#     # #  #",
        "## #   #  ##",
        "## ###     #",
        "#    # # # #",
        "# ## # # # #",
        "# ## # # # #",
        "#    #   # #",
        "############",
    ],
    tasks: &[
        ((1, 10), (7, 1)),
        ((1, 1), (7, 10)),
        ((5, 6), (7, 10)),
        ((7, 1), (7, 10)),
        ((5, 6), (7, 1)),
    ],
    teleporters: Some((&[(4, 6), (5, 1)], &[(1, 7), (6, 1), (6, 10)])),
};

impl Layout {
    pub(super) fn of_name(name: &str) -> Option<&'static Self> {
        Some(match name {
            "umaze" => &UMAZE,
            "medium" => &MEDIUM,
            "large" => &LARGE,
            "giant" => &GIANT,
            "teleport" => &TELEPORT,
            _ => return None,
        })
    }

    pub(super) fn columns(&self) -> usize {
        self.rows.first().map_or(0, |row| row.len())
    }

    /// Whether a cell is inside and no wall.
    pub(super) fn is_free(&self, (i, j): Cell) -> bool {
        let row = self.rows.get(i).map(|row| row.as_bytes());
        row.and_then(|row| row.get(j)).is_some_and(|c| *c != b'#')
    }

    /// Cells with walls, row by row.
    pub(super) fn walls(&self) -> impl Iterator<Item = Cell> + '_ {
        self.rows.iter().enumerate().flat_map(|(i, row)| {
            let columns = row.bytes().enumerate();
            columns.filter_map(move |(j, c)| (c == b'#').then_some((i, j)))
        })
    }
}

/// Centre of a cell (m).
pub(super) fn centre((i, j): Cell) -> [f64; 2] {
    [j as f64 * UNIT - OFFSET, i as f64 * UNIT - OFFSET]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mazes_are_closed_rectangles_with_free_starts_and_goals() {
        for name in ["umaze", "medium", "large", "giant", "teleport"] {
            let layout = Layout::of_name(name).expect("a known maze");
            let (rows, columns) = (layout.rows.len(), layout.columns());
            assert!(layout.rows.iter().all(|row| row.len() == columns), "{name}");
            let walls: Vec<Cell> = layout.walls().collect();
            for i in 0..rows {
                for j in 0..columns {
                    let edge = i == 0 || j == 0 || i + 1 == rows || j + 1 == columns;
                    assert!(!edge || walls.contains(&(i, j)), "{name} ({i}, {j})");
                }
            }
            for (start, goal) in layout.tasks {
                assert!(!walls.contains(start) && !walls.contains(goal), "{name}");
            }
        }
    }

    #[test]
    fn the_first_free_cell_is_the_origin() {
        assert_eq!(centre((1, 1)), [0.0, 0.0]);
        assert_eq!(centre((7, 9)), [32.0, 24.0]);
    }
}
