//! The environments of this family and what their ids mean.

use super::Robot;
use super::layout::{Cell, Layout};
use plugin_api::EnvironmentInfo;

/// Whose rules of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// OGBench: this task, or one drawn from the episode's seed.
    Ogbench { task: Option<usize> },
    /// D4RL: the start is the origin; the goal lies in this cell and is observed if `shown`.
    D4rl { goal: Cell, shown: bool },
}

/// What an id says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) robot: Robot,
    pub(super) layout: &'static Layout,
    pub(super) rules: Rules,
    horizon: u32,
}

impl Setting {
    pub(super) fn of_id(id: &str) -> Option<Self> {
        let known = INFOS.iter().any(|info| info.id == id);
        let (robot, rest) = id.split_once('/').filter(|_| known)?;
        let robot = match robot {
            "antmaze" => Robot::Ant,
            _ => Robot::Point,
        };
        let (name, _) = rest.rsplit_once("-v")?;
        let mut parts = name.split('-');
        let (family, maze) = (parts.next()?, parts.next()?);
        let last = parts.next();
        let layout = Layout::of_name(maze)?;
        let (rules, horizon) = match family {
            "ogbench" => {
                let number = last.and_then(|task| task.strip_prefix("task"));
                let task = number.and_then(|n| n.parse::<usize>().ok()?.checked_sub(1));
                (Rules::Ogbench { task }, 1000)
            }
            _ => {
                let (goal, horizon) = match maze {
                    "umaze" => ((3, 1), 700),
                    "medium" => ((6, 6), 1000),
                    _ => ((7, 9), 1000),
                };
                let shown = last == Some("goals");
                (Rules::D4rl { goal, shown }, horizon)
            }
        };
        Some(Self {
            robot,
            layout,
            rules,
            horizon,
        })
    }

    /// Steps until truncation.
    pub(super) const fn horizon(&self) -> u32 {
        self.horizon
    }

    /// Length of the goal that a policy sees.
    pub(super) const fn goal_dim(&self) -> usize {
        match self.rules {
            Rules::D4rl { shown: false, .. } => 0,
            _ => self.robot.observation_dim(),
        }
    }

    /// Length of the goal in the vector of `set_state`.
    pub(super) const fn state_goal_dim(&self) -> usize {
        match self.goal_dim() {
            0 => 2,
            dim => dim,
        }
    }
}

const ANT: &[&str] = &["ogbench-1.2.1/ant.xml"];
const POINT: &[&str] = &["ogbench-1.2.1/point.xml"];

const fn info(
    id: &'static str,
    description: &'static str,
    model_files: &'static [&'static str],
) -> EnvironmentInfo {
    EnvironmentInfo {
        id,
        version: "1.0.0",
        description,
        model_files,
    }
}

/// The six environments of one robot in one of OGBench's mazes, before the list `$rest`.
macro_rules! ogbench {
    ($($robot:literal $text:literal $files:ident $maze:literal;)* ; $($rest:expr,)*) => {
        &[
            $(
                info(
                    concat!($robot, "/ogbench-", $maze, "-v0"),
                    concat!($text, " in OGBench's maze `", $maze, "`; one of five tasks, drawn from the seed."),
                    $files,
                ),
                info(
                    concat!($robot, "/ogbench-", $maze, "-task1-v0"),
                    concat!($text, " in OGBench's maze `", $maze, "`, task 1."),
                    $files,
                ),
                info(
                    concat!($robot, "/ogbench-", $maze, "-task2-v0"),
                    concat!($text, " in OGBench's maze `", $maze, "`, task 2."),
                    $files,
                ),
                info(
                    concat!($robot, "/ogbench-", $maze, "-task3-v0"),
                    concat!($text, " in OGBench's maze `", $maze, "`, task 3."),
                    $files,
                ),
                info(
                    concat!($robot, "/ogbench-", $maze, "-task4-v0"),
                    concat!($text, " in OGBench's maze `", $maze, "`, task 4."),
                    $files,
                ),
                info(
                    concat!($robot, "/ogbench-", $maze, "-task5-v0"),
                    concat!($text, " in OGBench's maze `", $maze, "`, task 5."),
                    $files,
                ),
            )*
            $($rest,)*
        ]
    };
}

pub(super) const INFOS: &[EnvironmentInfo] = ogbench! {
    "pointmaze" "A point" POINT "medium";
    "pointmaze" "A point" POINT "large";
    "pointmaze" "A point" POINT "giant";
    "pointmaze" "A point" POINT "teleport";
    "antmaze" "An ant" ANT "medium";
    "antmaze" "An ant" ANT "large";
    "antmaze" "An ant" ANT "giant";
    "antmaze" "An ant" ANT "teleport";
    ;
    info(
        "antmaze/d4rl-umaze-v2",
        "D4RL's ant in the maze `umaze`; the goal is not observed.",
        ANT,
    ),
    info(
        "antmaze/d4rl-medium-v2",
        "D4RL's ant in the maze `medium`; the goal is not observed.",
        ANT,
    ),
    info(
        "antmaze/d4rl-large-v2",
        "D4RL's ant in the maze `large`; the goal is not observed.",
        ANT,
    ),
    info(
        "antmaze/d4rl-umaze-goals-v2",
        "As antmaze/d4rl-umaze-v2, with the goal shown: the reset pose at the goal's place.",
        ANT,
    ),
    info(
        "antmaze/d4rl-medium-goals-v2",
        "As antmaze/d4rl-medium-v2, with the goal shown: the reset pose at the goal's place.",
        ANT,
    ),
    info(
        "antmaze/d4rl-large-goals-v2",
        "As antmaze/d4rl-large-v2, with the goal shown: the reset pose at the goal's place.",
        ANT,
    ),
};
