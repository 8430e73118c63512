//! Searches the weights of the ant's gait and writes `gaits/ant.json` with the recipe `gaits/ant.toml`:
//!
//! ```console
//! cargo xtask test -p mujoco --example gait_search -- SEED ITERATIONS
//! ```
//!
//! Augmented random search (Mania, Guy and Recht, "Simple random search provides a competitive approach to reinforcement
//! learning", 2018, algorithm V1-t): an iteration tries the weights moved to and fro along random directions and steps along
//! those that mattered most, weighted by the difference of the two returns. A trial is a walk on open ground that is asked
//! for six directions one after the other, with noise on actions; its return is the way made good as far as it is not faster
//! than it need be, less what leaning and falling over cost. Every few iterations a running average of the weights is tested on walks that turn off to one side and back; that
//! whose worst direction makes most way is kept. The same seed gives the same weights.

#![allow(
    clippy::print_stdout,
    reason = "a program for a terminal: it shows how far the search is"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "set up like a test, by the environment variables of `cargo xtask test`"
)]

use manifest::random::{Family, Stream};
use mujoco::{GAIT_FEATURES, Gait, GaitWeights};
use mujoco_rs::prelude::{MjData, MjModel};
use std::error::Error;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI, TAU};
use std::fmt::Write as _;
use std::path::Path;

const MODEL: &str = "ogbench-1.2.1/ant.xml";
const ROWS: usize = 8;
const PERIOD_STEPS: u32 = 8;
/// Simulation steps of an environment step of .1 s.
const FRAME_SKIP: u32 = 5;

/// Random directions of an iteration, and how many of them count.
const TRIED: usize = 16;
const COUNTED: usize = 8;
/// How far weights are moved to and fro, and the step size at first; it falls linearly to a fifth.
const SPREAD: f64 = 0.05;
const STEP: f64 = 0.03;
/// Share of the present weights in the running average that is tested: single iterates fall now and then.
const FRESH: f64 = 0.05;
/// The largest standard deviation of the noise on actions.
const ACTION_NOISE: f64 = 0.3;
/// Steps of a trial, and directions that it is asked for one after the other.
const TRIAL_STEPS: u32 = 150;
const TRIAL_DIRECTIONS: usize = 6;
/// Steps of a test walk, walks of a test in each direction, and iterations between tests.
const TEST_STEPS: u32 = 150;
const TEST_WALKS: i32 = 6;
const TEST_EVERY: u64 = 10;
/// More way in a step than this (m) counts for nothing: a gait that is fast enough shall rather not fall.
const ENOUGH_M: f64 = 0.12;
/// What a fall costs (m), and the upright part of the body's vertical axis below which it is one.
const FALL_M: f64 = 10.0;
const UPRIGHT: f64 = 0.3;
/// What a step costs (m) by as much as that part is below 1.
const LEAN_M: f64 = 0.2;

/// Coordinates at the start; the file's own first numbers are those of an ant in the air.
const INITIAL: [f64; 15] = [
    0.0, 0.0, 0.55, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, -1.0, 0.0, 1.0,
];

/// Open ground with an ant.
struct Ground {
    data: MjData<Box<MjModel>>,
}

/// One walk: where it starts, what it is asked for, and the noise on its actions.
struct Walk {
    qpos: [f64; 15],
    qvel: [f64; 14],
    /// Angles (rad) of the directions, each for the same number of steps.
    directions: Vec<f64>,
    noise: Vec<f64>,
    steps: u32,
}

impl Walk {
    fn new(random: &mut Stream, directions: Vec<f64>, steps: u32, noise: f64) -> Self {
        let mut qpos = INITIAL.map(|x| x + random.uniform_in(-0.1, 0.1));
        let yaw = random.uniform_in(-PI, PI);
        qpos[3..7].copy_from_slice(&[libm::cos(yaw / 2.0), 0.0, 0.0, libm::sin(yaw / 2.0)]);
        Self {
            qpos,
            qvel: std::array::from_fn(|_| 0.1 * random.normal()),
            directions,
            noise: (0..ROWS as u32 * steps)
                .map(|_| noise * random.normal())
                .collect(),
            steps,
        }
    }
}

impl Ground {
    fn load(model: &Path) -> Result<Self, Box<dyn Error>> {
        let model = MjModel::from_xml(model)?;
        Ok(Self {
            data: MjData::try_new(Box::new(model))?,
        })
    }

    /// Way made good (m) along the wanted directions; and as it counts: up to `ENOUGH_M` a step, less what leaning and a
    /// fall cost. A fall ends the walk.
    fn walk(&mut self, weights: &GaitWeights, walk: &Walk) -> (f64, f64) {
        let Some(mut gait) = Gait::new(weights.clone()) else {
            return (f64::NEG_INFINITY, f64::NEG_INFINITY);
        };
        self.data.reset();
        self.data.qpos_mut().copy_from_slice(&walk.qpos);
        self.data.qvel_mut().copy_from_slice(&walk.qvel);
        self.data.forward();
        let (mut made, mut counted) = (0.0, 0.0);
        let noises = walk.noise.chunks_exact(ROWS);
        for (step, noise) in (0..walk.steps).zip(noises) {
            let leg = step as usize * walk.directions.len() / walk.steps as usize;
            let (c, s) = (
                libm::cos(walk.directions[leg]),
                libm::sin(walk.directions[leg]),
            );
            let (qpos, qvel) = (self.data.qpos(), self.data.qvel());
            let (x, y) = (qpos[0], qpos[1]);
            let action = gait.action(qpos, qvel, [c, s], step);
            let controls = self.data.ctrl_mut().iter_mut();
            controls
                .zip(action.iter().zip(noise))
                .for_each(|(u, (a, n))| *u = (a + n).clamp(-1.0, 1.0));
            for _ in 0..FRAME_SKIP {
                self.data.step();
            }
            let qpos = self.data.qpos();
            let step_m = (qpos[0] - x) * c + (qpos[1] - y) * s;
            let upright = 1.0 - 2.0 * (qpos[4] * qpos[4] + qpos[5] * qpos[5]);
            made += step_m;
            counted += step_m.min(ENOUGH_M) - LEAN_M * (1.0 - upright);
            if upright < UPRIGHT {
                return (made, counted - FALL_M);
            }
        }
        (made, counted)
    }

    /// Counted way (m) in the worst of eight directions, as the mean of walks that turn off to one side for a third of
    /// the time, with more and more noise.
    fn worst_test_m(&mut self, weights: &GaitWeights) -> f64 {
        let mut random = Stream::new(0, &["gait", "test"]);
        let mut worst = f64::INFINITY;
        for k in 0..8 {
            let ahead = f64::from(k) * FRAC_PI_4;
            let mut sum = 0.0;
            for walk in 0..TEST_WALKS {
                let side = if walk % 2 == 0 { FRAC_PI_2 } else { -FRAC_PI_2 };
                let directions = vec![ahead, ahead + side, ahead];
                let noise = ACTION_NOISE * f64::from(walk / 2) / f64::from(TEST_WALKS / 2 - 1);
                let walk = Walk::new(&mut random, directions, TEST_STEPS, noise);
                sum += self.walk(weights, &walk).1;
            }
            worst = (sum / f64::from(TEST_WALKS)).min(worst);
        }
        worst
    }

    /// Speeds (m/s) of straight walks of 10 s in eight directions, without noise.
    fn speeds_m_s(&mut self, weights: &GaitWeights) -> Vec<f64> {
        let mut random = Stream::new(0, &["gait", "speed"]);
        let mut speed = |k: i32| {
            let walk = Walk::new(&mut random, vec![f64::from(k) * FRAC_PI_4], 100, 0.0);
            self.walk(weights, &walk).0 / 10.0
        };
        (0..8).map(&mut speed).collect()
    }
}

/// `base + scale * direction`, both row-major.
fn moved(base: &GaitWeights, scale: f64, direction: &[f64]) -> GaitWeights {
    let rows = base
        .weights
        .iter()
        .zip(direction.chunks_exact(GAIT_FEATURES));
    let row =
        |(row, d): (&Vec<f64>, &[f64])| row.iter().zip(d).map(|(w, d)| w + scale * d).collect();
    GaitWeights {
        period_steps: base.period_steps,
        weights: rows.map(row).collect(),
    }
}

fn flat(weights: &GaitWeights) -> Vec<f64> {
    weights.weights.concat()
}

/// One iteration: the weights after a step of size `step`.
fn improved(
    ground: &mut Ground,
    weights: &GaitWeights,
    step: f64,
    random: &mut Stream,
) -> GaitWeights {
    let mut trials: Vec<(Vec<f64>, f64, f64)> = Vec::new();
    for _ in 0..TRIED {
        let direction: Vec<f64> = (0..ROWS * GAIT_FEATURES).map(|_| random.normal()).collect();
        let wanted = (0..TRIAL_DIRECTIONS).map(|_| random.uniform_in(0.0, TAU));
        let wanted = wanted.collect();
        let noise = random.uniform_in(0.0, ACTION_NOISE);
        let walk = Walk::new(random, wanted, TRIAL_STEPS, noise);
        let (_, forth) = ground.walk(&moved(weights, SPREAD, &direction), &walk);
        let (_, back) = ground.walk(&moved(weights, -SPREAD, &direction), &walk);
        trials.push((direction, forth, back));
    }
    trials.sort_by(|a, b| b.1.max(b.2).total_cmp(&a.1.max(a.2)));
    trials.truncate(COUNTED);
    let returns: Vec<f64> = trials.iter().flat_map(|t| [t.1, t.2]).collect();
    let scale = step / (COUNTED as f64 * (deviation(&returns) + 1e-6));
    trials
        .iter()
        .fold(weights.clone(), |weights, (direction, forth, back)| {
            moved(&weights, scale * (forth - back), direction)
        })
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt()
}

/// The weights as the file will hold them.
fn rounded(weights: &GaitWeights) -> GaitWeights {
    let round = |w: &f64| (w * 1e5).round() / 1e5;
    GaitWeights {
        period_steps: weights.period_steps,
        weights: weights
            .weights
            .iter()
            .map(|row| row.iter().map(round).collect())
            .collect(),
    }
}

/// The file of weights, one row a line.
fn json(weights: &GaitWeights) -> Result<String, Box<dyn Error>> {
    let rows: Result<Vec<String>, _> = weights.weights.iter().map(serde_json::to_string).collect();
    Ok(format!(
        "{{\n  \"period_steps\": {},\n  \"weights\": [\n    {}\n  ]\n}}\n",
        weights.period_steps,
        rows?.join(",\n    ")
    ))
}

fn recipe(seed: u64, iterations: u64, best: (u64, f64), speeds: &[f64]) -> String {
    let mut text =
        String::from("# How `ant.json` was made; written with it by `examples/gait_search.rs`.\n");
    let worst = speeds.iter().copied().fold(f64::INFINITY, f64::min);
    let mean = speeds.iter().sum::<f64>() / speeds.len() as f64;
    let _ = write!(
        text,
        "command = \"cargo xtask test -p mujoco --example gait_search -- {seed} {iterations}\"\n\
         seed = {seed}\niterations = {iterations}\nkept_iteration = {}\n\
         # Counted way in the worst of eight directions: walks of 15 s that turn off to one side for 5 s.\nworst_turning_walk_m = {:.2}\n\
         # Straight walks of 10 s without noise in eight directions.\nworst_speed_m_s = {worst:.2}\n\
         mean_speed_m_s = {mean:.2}\n",
        best.0, best.1,
    );
    text
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Some(seed), Some(iterations)) = (arguments.next(), arguments.next()) else {
        return Err("usage: gait_search SEED ITERATIONS".into());
    };
    let (seed, iterations) = (seed?, iterations?);
    let models = std::env::var_os("ASSAY_TEST_MODELS").ok_or("ASSAY_TEST_MODELS is not set")?;
    let mut ground = Ground::load(&Path::new(&models).join(MODEL))?;
    let family = Family::new(seed, &["gait", "search"]);
    let mut weights = GaitWeights {
        period_steps: PERIOD_STEPS,
        weights: vec![vec![0.0; GAIT_FEATURES]; ROWS],
    };
    let mut average = weights.clone();
    let mut best = (weights.clone(), 0, f64::NEG_INFINITY);
    for iteration in 1..=iterations {
        let step = STEP * (1.0 - 0.8 * iteration as f64 / iterations as f64);
        weights = improved(&mut ground, &weights, step, &mut family.at(iteration));
        average = moved(
            &moved(&average, -FRESH, &flat(&average)),
            FRESH,
            &flat(&weights),
        );
        if iteration % TEST_EVERY != 0 {
            continue;
        }
        let candidate = rounded(&average);
        let worst = ground.worst_test_m(&candidate);
        if worst > best.2 {
            best = (candidate, iteration, worst);
        }
        println!(
            "iteration {iteration}: worst test {worst:.2} m, best so far {:.2} m",
            best.2
        );
    }
    let (weights, iteration, worst) = best;
    let speeds = ground.speeds_m_s(&weights);
    let gaits = Path::new(env!("CARGO_MANIFEST_DIR")).join("gaits");
    std::fs::write(gaits.join("ant.json"), json(&weights)?)?;
    let recipe = recipe(seed, iterations, (iteration, worst), &speeds);
    std::fs::write(gaits.join("ant.toml"), &recipe)?;
    println!("{recipe}speeds {speeds:.2?}");
    Ok(())
}
