//! An ant or a point that seeks a goal in a maze: OGBench's environments and D4RL's antmaze.

mod behaviour;
mod gait;
mod ids;
mod layout;
mod model;
mod route;

pub use gait::{FEATURES as GAIT_FEATURES, Gait, GaitWeights};

use crate::calls::{self, Counter};
use crate::simulation::{Simulation, Sizes, forward_warnings};
use behaviour::{BEHAVIOURS, Running};
use ids::{Rules, Setting};
use layout::{Cell, TELEPORT_RADIUS, UNIT, centre};
use plugin_api::{
    BehaviourInfo, BehaviourRequest, Environment, EnvironmentInfo, EnvironmentSpec, Host, Outcome,
    Step,
};
use std::path::Path;

/// Simulation steps of an environment step: .1 s.
const FRAME_SKIP: u32 = 5;
/// Metres that an action of 1 moves the point, as a float32.
const POINT_STEP: f32 = 0.2;
/// Random steps after which OGBench takes the ant's pose into the goal.
const GOAL_STEPS: usize = 5;
/// Scale of the reset noise.
const NOISE: f64 = 0.1;

/// Which robot walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Robot {
    /// Eight joints, torques.
    Ant,
    /// A ball that actions move directly.
    Point,
}

impl Robot {
    const fn file(self) -> &'static str {
        match self {
            Self::Ant => "ogbench-1.2.1/ant.xml",
            Self::Point => "ogbench-1.2.1/point.xml",
        }
    }

    const fn sizes(self) -> Sizes {
        let (coordinates, velocities, controls) = match self {
            Self::Ant => (15, 14, 8),
            Self::Point => (2, 2, 2),
        };
        Sizes {
            coordinates,
            velocities,
            controls,
        }
    }

    const fn observation_dim(self) -> usize {
        match self {
            Self::Ant => 29,
            Self::Point => 2,
        }
    }

    /// Distance (m) at which a goal is reached.
    const fn tolerance_m(self) -> f64 {
        match self {
            Self::Ant => 0.5,
            Self::Point => 1.0,
        }
    }
}

/// A maze with a goal (`seohongpark/ogbench:ogbench/locomaze/{maze,ant,point}.py`,
/// `Farama-Foundation/D4RL:d4rl/locomotion/{maze_env,ant,goal_reaching_env}.py`).
///
/// Observations are float64: `qpos ++ qvel` `[29]` of the ant, the position `[2]` (m) of the point. The goal is an
/// observation whose first two numbers are the place to reach. States are `qpos ++ qvel ++ goal`; where no goal is
/// shown, `goal` is the place alone. The reward is 1 on the step that reaches the place, else 0; that step ends the
/// episode. The point's actions are clipped to `[-1, 1]`, as OGBench's evaluation does; the ant's act as if they were.
pub struct Maze {
    host: Host,
    setting: Setting,
    simulation: Simulation,
    /// The goal observation, or the place alone.
    goal: Vec<f64>,
    seed: u64,
    teleports: usize,
    steps: Counter,
    /// The behaviour whose episode runs, if it is one's.
    running: Option<Running>,
}

impl Environment for Maze {
    const INFOS: &'static [EnvironmentInfo] = ids::INFOS;

    fn create(host: Host, id: &str, model_dir: &Path) -> Outcome<Self> {
        let setting = Setting::of_id(id).ok_or_else(|| calls::unknown(id, Self::INFOS))?;
        let robot = setting.robot;
        let created = Simulation::load_by(model_dir, robot.file(), robot.sizes(), |path| {
            model::compile(path, setting.layout)
        });
        forward_warnings(&host);
        Ok(Self {
            host,
            simulation: created?,
            goal: vec![0.0; setting.state_goal_dim()],
            setting,
            seed: 0,
            teleports: 0,
            steps: Counter::default(),
            running: None,
        })
    }

    fn spec(&self) -> EnvironmentSpec {
        let robot = self.setting.robot;
        let sizes = robot.sizes();
        EnvironmentSpec {
            observation_dim: robot.observation_dim(),
            action_dim: sizes.controls,
            state_dim: sizes.coordinates + sizes.velocities + self.setting.state_goal_dim(),
            action_low: -1.0,
            action_high: 1.0,
            horizon: self.setting.horizon(),
            goal_dim: self.setting.goal_dim(),
            ..EnvironmentSpec::default()
        }
    }

    fn reset(&mut self, seed: u64, observation: &mut [f64]) -> Outcome<()> {
        let dim = self.setting.robot.observation_dim();
        calls::expect_length("observation", observation.len(), dim)?;
        self.steps.stop();
        self.running = None;
        let begun = self.begin(seed);
        forward_warnings(&self.host);
        begun?;
        self.steps.start();
        self.observe(observation);
        Ok(())
    }

    fn step(&mut self, action: &[f32], observation: &mut [f64]) -> Outcome<Step> {
        self.steps.expect_running()?;
        let robot = self.setting.robot;
        calls::expect_action(action, robot.sizes().controls)?;
        calls::expect_length("observation", observation.len(), robot.observation_dim())?;
        let advanced = self.advance(action);
        forward_warnings(&self.host);
        advanced?;
        self.observe(observation);
        let reached = self.distance_m(self.place()) <= robot.tolerance_m();
        self.teleport()?;
        let late = self.steps.count() >= self.setting.horizon();
        let free = self.running.is_some();
        if reached && free {
            self.next_goal()?;
        }
        Ok(Step {
            reward: if reached { 1.0 } else { 0.0 },
            terminated: reached && !free,
            truncated: late && !free,
        })
    }

    fn set_state(&mut self, state: &[f64], observation: &mut [f64]) -> Outcome<()> {
        let dim = self.setting.robot.observation_dim();
        calls::expect_length("observation", observation.len(), dim)?;
        calls::expect_state(state, self.spec().state_dim)?;
        let sizes = self.setting.robot.sizes();
        let (new_qpos, rest) = state.split_at(sizes.coordinates);
        let (new_qvel, goal) = rest.split_at(sizes.velocities);
        self.steps.stop();
        self.running = None;
        let started = self.simulation.start(|qpos, qvel| {
            qpos.copy_from_slice(new_qpos);
            qvel.copy_from_slice(new_qvel);
            Ok(())
        });
        forward_warnings(&self.host);
        started?;
        self.goal.copy_from_slice(goal);
        (self.seed, self.teleports) = (0, 0);
        self.steps.start();
        self.observe(observation);
        Ok(())
    }

    fn goal(&mut self, out: &mut [f64]) -> Outcome<()> {
        calls::expect_length("goal", out.len(), self.setting.goal_dim())?;
        out.iter_mut().zip(&self.goal).for_each(|(o, g)| *o = *g);
        Ok(())
    }

    fn behaviours(&self) -> &'static [BehaviourInfo] {
        BEHAVIOURS
    }

    fn begin_behaviour(
        &mut self,
        request: &BehaviourRequest,
        seed: u64,
        observation: &mut [f64],
    ) -> Outcome<()> {
        self.begin_running(request, seed, observation)
    }

    fn behaviour_action(&mut self, action: &mut [f32]) -> Outcome<()> {
        self.act(action)
    }
}

impl Maze {
    fn begin(&mut self, seed: u64) -> Outcome<()> {
        match self.setting.rules {
            Rules::Ogbench { task } => {
                let (start, place) = self.ogbench_task(task, seed)?;
                self.set_out(seed, Some(start), place)
            }
            Rules::D4rl { goal, .. } => self.set_out(seed, None, self.d4rl_place(goal, seed)?),
        }
    }

    /// Starts an episode at a place, or at the origin as far as noise leaves it there, with a goal at another.
    fn set_out(&mut self, seed: u64, start: Option<[f64; 2]>, place: [f64; 2]) -> Outcome<()> {
        (self.seed, self.teleports) = (seed, 0);
        match self.setting.rules {
            // The point's observation is its place.
            Rules::Ogbench { .. } if self.setting.robot == Robot::Point => {
                self.goal.copy_from_slice(&place);
                self.start(seed, "reset", start)
            }
            Rules::Ogbench { .. } => {
                self.start(seed, "goal", None)?;
                let actions = self.host.uniform("goal/action", seed, 8 * GOAL_STEPS)?;
                for action in actions.chunks_exact(8) {
                    let controls = action.iter().map(|u| f64::from((2.0 * u - 1.0) as f32));
                    self.simulation.control(controls);
                    self.simulation.advance(FRAME_SKIP)?;
                }
                self.keep_goal(place);
                self.start(seed, "reset", start)
            }
            Rules::D4rl { .. } => {
                self.start(seed, "reset", start)?;
                self.keep_goal(place);
                Ok(())
            }
        }
    }

    /// Start and goal places of an episode: the task's cells, moved by up to 1 m along each axis.
    fn ogbench_task(&self, task: Option<usize>, seed: u64) -> Outcome<([f64; 2], [f64; 2])> {
        let tasks = self.setting.layout.tasks;
        let drawn = self.host.uniform("reset/task", seed, 1)?;
        let drawn = drawn
            .first()
            .map_or(0, |u| (u * tasks.len() as f64) as usize);
        let index = task.unwrap_or_else(|| drawn.min(tasks.len().saturating_sub(1)));
        let (start, goal) = tasks.get(index).copied().unwrap_or_default();
        let noisy = |cell: Cell, stream| -> Outcome<[f64; 2]> {
            let draws = self.host.uniform(stream, seed, 2)?;
            let [x, y] = centre(cell);
            let moved =
                |x: f64, u: Option<&f64>| x + (-1.0 + 2.0 * u.copied().unwrap_or(0.5)) * UNIT / 4.0;
            Ok([moved(x, draws.first()), moved(y, draws.get(1))])
        };
        Ok((noisy(start, "reset/start")?, noisy(goal, "reset/place")?))
    }

    /// Goal place of an episode of D4RL: the goal's cell, moved along each axis by U(0, 1) + U(0, .5) m.
    fn d4rl_place(&self, cell: Cell, seed: u64) -> Outcome<[f64; 2]> {
        let draws = self.host.uniform("reset/place", seed, 4)?;
        let draw = |k: usize| draws.get(k).copied().unwrap_or(0.0);
        let [x, y] = centre(cell);
        let moved =
            |x: f64, k| (x + draw(k) * UNIT * 0.25 + draw(k + 2) * 0.5 * 0.25 * UNIT).max(0.0);
        Ok([moved(x, 0), moved(y, 1)])
    }

    /// The initial state with noise, uniform within .1 on coordinates and normal with deviation .1 on velocities; then
    /// the robot is put to `place`.
    fn start(&mut self, seed: u64, stream: &str, place: Option<[f64; 2]>) -> Outcome<()> {
        let sizes = self.setting.robot.sizes();
        let uniform = self
            .host
            .uniform(&format!("{stream}/qpos"), seed, sizes.coordinates)?;
        let normal = self
            .host
            .normal(&format!("{stream}/qvel"), seed, sizes.velocities)?;
        self.simulation.start(|qpos, qvel| {
            let positions = qpos.iter_mut().zip(&uniform);
            positions.for_each(|(x, u)| *x += -NOISE + 2.0 * NOISE * u);
            qvel.iter_mut()
                .zip(&normal)
                .for_each(|(v, n)| *v += NOISE * n);
            Ok(())
        })?;
        match place {
            Some(place) => self.put(place),
            None => Ok(()),
        }
    }

    fn put(&mut self, place: [f64; 2]) -> Outcome<()> {
        self.simulation.place(|qpos, _| {
            qpos.iter_mut().zip(place).for_each(|(x, p)| *x = p);
            Ok(())
        })
    }

    /// Makes the present observation at `place` the goal.
    fn keep_goal(&mut self, place: [f64; 2]) {
        let mut goal = vec![0.0; self.setting.robot.observation_dim()];
        self.observe(&mut goal);
        goal.iter_mut().zip(place).for_each(|(x, p)| *x = p);
        let length = self.goal.len();
        self.goal
            .copy_from_slice(goal.get(..length).unwrap_or(&goal));
    }

    fn advance(&mut self, action: &[f32]) -> Outcome<()> {
        match self.setting.robot {
            Robot::Ant => {
                self.simulation
                    .control(action.iter().map(|a| f64::from(*a)));
                self.simulation.advance(FRAME_SKIP)
            }
            Robot::Point => {
                let moves = action.iter().map(|a| POINT_STEP * a.clamp(-1.0, 1.0));
                self.simulation.change(|qpos, qvel| {
                    qpos.iter_mut()
                        .zip(moves)
                        .for_each(|(x, a)| *x += f64::from(a));
                    qvel.fill(0.0);
                    Ok(())
                })?;
                self.simulation.step(FRAME_SKIP)
            }
        }
    }

    /// Moves a robot that is near an inbound teleporter to an outbound one, drawn at random. The observation of the step
    /// is that from before.
    fn teleport(&mut self) -> Outcome<()> {
        let Some((inbound, outbound)) = self.setting.layout.teleporters else {
            return Ok(());
        };
        let near = |cell: &Cell| self.distance_m(centre(*cell)) <= TELEPORT_RADIUS * 1.5;
        if !inbound.iter().any(near) {
            return Ok(());
        }
        self.teleports += 1;
        let draws = self
            .host
            .uniform("step/teleport", self.seed, self.teleports)?;
        let drawn = draws
            .last()
            .map_or(0, |u| (u * outbound.len() as f64) as usize);
        let cell = outbound.get(drawn.min(outbound.len().saturating_sub(1)));
        let moved = cell.map_or(Ok(()), |cell| self.put(centre(*cell)));
        forward_warnings(&self.host);
        moved
    }

    /// The place to reach (m).
    fn place(&self) -> [f64; 2] {
        std::array::from_fn(|k| self.goal.get(k).copied().unwrap_or(f64::NAN))
    }

    fn distance_m(&self, [x, y]: [f64; 2]) -> f64 {
        match self.simulation.qpos() {
            [own_x, own_y, ..] => ((own_x - x).powi(2) + (own_y - y).powi(2)).sqrt(),
            _ => f64::NAN,
        }
    }

    fn observe(&self, observation: &mut [f64]) {
        let (qpos, qvel) = (self.simulation.qpos(), self.simulation.qvel());
        let values = qpos.iter().chain(qvel);
        observation
            .iter_mut()
            .zip(values)
            .for_each(|(out, value)| *out = *value);
    }
}
