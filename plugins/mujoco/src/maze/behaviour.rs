//! Behaviours with which OGBench's maze data were made (`seohongpark/ogbench:data_gen_scripts/generate_locomaze.py`): a
//! robot that walks along the shortest way from cell to cell, or at random.

use super::gait::Gait;
use super::layout::{Cell, UNIT, centre};
use super::route::{Distances, cell_of, free_cells, junctions};
use super::{Maze, Robot};
use crate::calls;
use crate::simulation::forward_warnings;
use plugin_api::{BehaviourInfo, BehaviourRequest, Failure, Outcome};
use serde::Deserialize;

pub(super) const BEHAVIOURS: &[BehaviourInfo] = &[
    BehaviourInfo {
        name: "navigate",
        description: "From any cell to a drawn corner, crossing or dead end; where it is reached, another one is drawn.",
        parameters: "{}",
    },
    BehaviourInfo {
        name: "stitch",
        description: "From any cell to one that is `distance` cells away along the way, and stays there.",
        parameters: r#"{"distance": 4}"#,
    },
    BehaviourInfo {
        name: "explore",
        description: "From any cell in directions that are drawn anew every `hold` steps.",
        parameters: r#"{"hold": 10}"#,
    },
];

#[derive(Deserialize)]
struct Stitch {
    distance: u32,
}

#[derive(Deserialize)]
struct Explore {
    hold: u32,
}

/// How the direction of a step is chosen.
enum Rule {
    /// Towards goals, one after the other.
    Navigate,
    /// Towards one goal.
    Stitch,
    /// As drawn, for so many steps.
    Explore { hold: u32 },
}

/// The running episode of a behaviour.
pub(super) struct Running {
    rule: Rule,
    /// To the goal's cell.
    distances: Distances,
    goals_drawn: u64,
    /// The ant's gait; the point needs none.
    gait: Option<Gait>,
}

impl Maze {
    pub(super) fn begin_episode(&mut self, request: &BehaviourRequest, seed: u64) -> Outcome<()> {
        let layout = self.setting.layout;
        let (start_cell, start) = self.drawn_cell("behaviour/start", seed, &free_cells(layout))?;
        let (rule, goals) = match request.name {
            "stitch" => {
                let Stitch { distance } = request.parameters()?;
                (
                    Rule::Stitch,
                    Distances::new(layout, start_cell).at(distance),
                )
            }
            "explore" => {
                let Explore { hold } = request.parameters()?;
                if hold == 0 {
                    return Err(Failure::invalid_argument(
                        "parameter `hold` of behaviour `explore` is 0, expected at least 1",
                    ));
                }
                (Rule::Explore { hold }, junctions(layout))
            }
            _ => (Rule::Navigate, junctions(layout)),
        };
        // As in OGBench, the goal is the start where no cell is so far away.
        let goals = if goals.is_empty() {
            vec![start_cell]
        } else {
            goals
        };
        let (goal_cell, goal) = self.drawn_cell("behaviour/goal/0", seed, &goals)?;
        let gait = match self.setting.robot {
            Robot::Ant => Some(Gait::committed()?),
            Robot::Point => None,
        };
        self.set_out(seed, Some(start), goal)?;
        self.running = Some(Running {
            rule,
            distances: Distances::new(layout, goal_cell),
            goals_drawn: 1,
            gait,
        });
        Ok(())
    }

    /// One of `cells` and a place in it, up to 1 m from its centre along each axis.
    fn drawn_cell(&self, stream: &str, seed: u64, cells: &[Cell]) -> Outcome<(Cell, [f64; 2])> {
        let draws = self.host.uniform(stream, seed, 3)?;
        let draw = |k: usize| draws.get(k).copied().unwrap_or(0.5);
        let index = ((draw(0) * cells.len() as f64) as usize).min(cells.len().saturating_sub(1));
        let cell = cells.get(index).copied().unwrap_or((1, 1));
        let [x, y] = centre(cell);
        let moved = |at: f64, u: f64| at + (2.0 * u - 1.0) * UNIT / 4.0;
        Ok((cell, [moved(x, draw(1)), moved(y, draw(2))]))
    }

    /// After a step of a behaviour that reached its goal: draws the next one, where the behaviour goes on.
    pub(super) fn next_goal(&mut self) -> Outcome<()> {
        let drawn = match &self.running {
            Some(Running {
                rule: Rule::Navigate,
                goals_drawn,
                ..
            }) => *goals_drawn,
            _ => return Ok(()),
        };
        let layout = self.setting.layout;
        let stream = format!("behaviour/goal/{drawn}");
        let (cell, place) = self.drawn_cell(&stream, self.seed, &junctions(layout))?;
        // OGBench, too, moves the goal's place alone: its pose stays that of the first goal.
        self.goal.iter_mut().zip(place).for_each(|(x, p)| *x = p);
        if let Some(running) = &mut self.running {
            running.distances = Distances::new(layout, cell);
            running.goals_drawn = drawn + 1;
        }
        Ok(())
    }

    pub(super) fn act(&mut self, action: &mut [f32]) -> Outcome<()> {
        let step = self.steps.expect_running()?;
        calls::expect_length("action", action.len(), self.setting.robot.sizes().controls)?;
        let direction = self.direction(step)?;
        let gait = self.running.as_mut().and_then(|r| r.gait.as_mut());
        let Some(gait) = gait else {
            // The point: an action moves it straight, and is clipped.
            action
                .iter_mut()
                .zip(direction)
                .for_each(|(a, d)| *a = d as f32);
            return Ok(());
        };
        let (qpos, qvel) = (self.simulation.qpos(), self.simulation.qvel());
        let torques = gait.action(qpos, qvel, direction, step);
        action
            .iter_mut()
            .zip(torques)
            .for_each(|(a, u)| *a = u as f32);
        Ok(())
    }

    /// The unit vector in which to move now.
    fn direction(&self, step: u32) -> Outcome<[f64; 2]> {
        let running = self.running.as_ref();
        let running = running.ok_or_else(|| {
            Failure::invalid_argument("act was called in an episode of no behaviour")
        })?;
        let [x, y] = match running.rule {
            Rule::Explore { hold } => {
                let stream = format!("behaviour/direction/{}", step / hold);
                let drawn = self.host.normal(&stream, self.seed, 2)?;
                std::array::from_fn(|k| drawn.get(k).copied().unwrap_or(0.0))
            }
            Rule::Navigate | Rule::Stitch => self.to_subgoal(&running.distances),
        };
        let length = (x * x + y * y).sqrt() + 1e-6;
        Ok([x / length, y / length])
    }

    /// From the robot to the centre of the next cell, or to the goal in its own cell. (OGBench heads for the centre
    /// there, too, from which the goal may be farther than an ant needs to come.)
    fn to_subgoal(&self, distances: &Distances) -> [f64; 2] {
        let own: [f64; 2] =
            std::array::from_fn(|k| self.simulation.qpos().get(k).copied().unwrap_or(0.0));
        let cell = cell_of(own);
        let target = if cell == distances.from() {
            self.place()
        } else {
            centre(distances.next(self.setting.layout, cell))
        };
        [target[0] - own[0], target[1] - own[1]]
    }

    /// The trait's `begin_behaviour`.
    pub(super) fn begin_running(
        &mut self,
        request: &BehaviourRequest,
        seed: u64,
        observation: &mut [f64],
    ) -> Outcome<()> {
        let dim = self.setting.robot.observation_dim();
        calls::expect_length("observation", observation.len(), dim)?;
        self.steps.stop();
        self.running = None;
        let begun = self.begin_episode(request, seed);
        forward_warnings(&self.host);
        begun?;
        self.steps.start();
        self.observe(observation);
        Ok(())
    }
}
