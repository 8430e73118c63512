//! The model of a maze: OGBench's robot file with walls, as `ogbench/locomaze/maze.py` builds it.

use super::layout::{Cell, Layout, TELEPORT_RADIUS, UNIT, centre};
use mujoco_rs::prelude::MjModel;
use std::path::Path;

/// Height of the walls in units of a cell.
const HEIGHT: f64 = 0.5;

/// Compiles the robot file at `path` with the walls of `layout`.
pub(super) fn compile(path: &Path, layout: &Layout) -> Result<MjModel, String> {
    let robot = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let text = with_maze(&robot, layout).ok_or("no floor or no <worldbody>")?;
    MjModel::from_xml_string(&text).map_err(|error| error.to_string())
}

/// `robot` with the walls of `layout`, the floor below them, and marks for teleporters and the target, which touch
/// nothing.
fn with_maze(robot: &str, layout: &Layout) -> Option<String> {
    let (rows, columns) = (layout.rows.len(), layout.columns());
    let mut text = with_floor(robot, rows, columns)?;
    let end = text.rfind("</worldbody>")?;
    text.insert_str(end, &geoms(layout));
    Some(text)
}

fn geoms(layout: &Layout) -> String {
    let mut out = String::new();
    let mut add = |line: String| {
        out.push_str(&line);
        out.push('\n');
    };
    let (half, half_height) = (UNIT / 2.0, HEIGHT / 2.0 * UNIT);
    for (i, j) in layout.walls() {
        let [x, y] = centre((i, j));
        add(format!(
            r#"<geom name="block_{i}_{j}" pos="{x} {y} {half_height}" size="{half} {half} {half_height}" type="box" contype="1" conaffinity="1" material="wall"/>"#
        ));
    }
    let (inbound, outbound) = layout.teleporters.unwrap_or_default();
    for (kind, cells) in [("in", inbound), ("out", outbound)] {
        for (k, cell) in cells.iter().enumerate() {
            add(teleporter(kind, k, *cell));
        }
    }
    add(r#"<geom name="target" type="cylinder" size=".5 .05" pos="0 0 .05" material="target" contype="0" conaffinity="0"/>"#.to_owned());
    out
}

fn teleporter(kind: &str, index: usize, cell: Cell) -> String {
    let [x, y] = centre(cell);
    format!(
        r#"<geom name="teleport_{kind}_{index}" type="cylinder" size="{TELEPORT_RADIUS} .05" pos="{x} {y} .05" material="teleport_{kind}" contype="0" conaffinity="0"/>"#
    )
}

/// Moves and sizes the geom `floor` to lie below the maze.
fn with_floor(robot: &str, rows: usize, columns: usize) -> Option<String> {
    let start = robot.find(r#"<geom name="floor""#)?;
    let (before, rest) = robot.split_at(start);
    let (tag, after) = rest.split_once("/>")?;
    let kept = without(&without(tag, "pos"), "size");
    let (x, y) = (2 * columns as i64 - 6, 2 * rows as i64 - 6);
    let (size_x, size_y) = (2 * columns, 2 * rows);
    Some(format!(
        r#"{before}{kept} pos="{x} {y} 0" size="{size_x} {size_y} 0.2"/>{after}"#
    ))
}

/// `tag` without an attribute.
fn without(tag: &str, attribute: &str) -> String {
    let parts = tag
        .split_once(&format!(" {attribute}=\""))
        .and_then(|(before, rest)| Some((before, rest.split_once('"')?.1)));
    parts.map_or_else(
        || tag.to_owned(),
        |(before, after)| format!("{before}{after}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_replaced_and_walls_come_last() {
        let robot = r#"<mujoco><worldbody><geom name="floor" pos="0 0 0" size="100 100 .2" type="plane"/><body/></worldbody></mujoco>"#;
        let layout = Layout::of_name("umaze").expect("a known maze");
        let text = with_maze(robot, layout).expect("a floor and a worldbody");
        assert!(
            text.contains(
                r#"<geom name="floor" type="plane" pos="4 4 0" size="10 10 0.2"/><body/>"#
            )
        );
        assert!(text.contains(r#"name="block_0_1" pos="0 -4 1" size="2 2 1""#));
        assert_eq!(text.matches("block_").count(), 18);
        assert!(text.ends_with("conaffinity=\"0\"/>\n</worldbody></mujoco>"));
    }
}
