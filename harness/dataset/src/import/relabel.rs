//! Rewards of dm_control's walker and cheetah from positions and velocities alone.
//!
//! Both are planar trees of rigid bodies, so the velocity of the centre of mass and the angular momentum about it, which
//! the rewards ask for, follow in closed form from joint angles, masses, offsets and inertias. These are the numbers of
//! dm_control 1.0.39's models; `tests/golden/dataset/relabel_reference.py` prints them and the rewards of dm_control to
//! compare with. The functions are those of `dm_control.suite` (`stand`, `walk`, `run`), of ExoRL's own task `flip`
//! (`denisyarats/exorl:custom_dmc_tasks/walker.py`) and of `run_backward`
//! (`rll-research/url_benchmark:custom_dmc_tasks/cheetah.py`).

use std::fmt;
use std::path::Path;

use super::problem;
use crate::error::{ImportProblem, Result};

/// Positions, then as many velocities.
const DEGREES: usize = 9;

/// A body: its parent (none for the torso), the direction of its joint, its place in the parent, the joint in the body,
/// the centre of mass in the body (x and z each), mass, and moment of inertia about y.
struct Body {
    parent: usize,
    turn: f64,
    place: [f64; 2],
    joint: [f64; 2],
    centre: [f64; 2],
    mass: f64,
    inertia: f64,
}

const fn body(
    parent: usize,
    turn: f64,
    place: [f64; 2],
    joint: [f64; 2],
    centre: [f64; 2],
    (mass, inertia): (f64, f64),
) -> Body {
    Body {
        parent,
        turn,
        place,
        joint,
        centre,
        mass,
        inertia,
    }
}

const O: [f64; 2] = [0.0, 0.0];

const WALKER: [Body; 7] = [
    body(
        0,
        1.0,
        [0.0, 1.3],
        O,
        O,
        (10.673037441795724, 0.44315580337296034),
    ),
    body(
        0,
        -1.0,
        [0.0, -0.3],
        O,
        [0.0, -0.225],
        (4.057890510886818, 0.09329875682692193),
    ),
    body(
        1,
        -1.0,
        [0.0, -0.7],
        [0.0, 0.25],
        O,
        (2.7813566959781637, 0.07230254017320971),
    ),
    body(
        2,
        -1.0,
        [0.06, -0.25],
        [-0.06, 0.0],
        O,
        (2.094395102393196, 0.013940817400304714),
    ),
    body(
        0,
        -1.0,
        [0.0, -0.3],
        O,
        [0.0, -0.225],
        (4.057890510886818, 0.09329875682692193),
    ),
    body(
        4,
        -1.0,
        [0.0, -0.7],
        [0.0, 0.25],
        O,
        (2.7813566959781637, 0.07230254017320971),
    ),
    body(
        5,
        -1.0,
        [0.06, -0.25],
        [-0.06, 0.0],
        O,
        (2.094395102393196, 0.013940817400304714),
    ),
];

const CHEETAH: [Body; 7] = [
    body(
        0,
        1.0,
        [0.0, 0.7],
        O,
        [0.15238987816307403, 0.025398313027179008],
        (6.25020920502092, 0.8971176881117434),
    ),
    body(
        0,
        1.0,
        [-0.5, 0.0],
        O,
        [0.1, -0.13],
        (1.5435146443514645, 0.01684433958158996),
    ),
    body(
        1,
        1.0,
        [0.16, -0.25],
        O,
        [-0.14, -0.07],
        (1.5874476987447697, 0.018267419079497905),
    ),
    body(
        2,
        1.0,
        [-0.28, -0.14],
        O,
        [0.03, -0.097],
        (1.0953974895397491, 0.0063524232635983275),
    ),
    body(
        0,
        1.0,
        [0.5, 0.0],
        O,
        [-0.07, -0.12],
        (1.4380753138075317, 0.013739643347280341),
    ),
    body(
        4,
        1.0,
        [-0.14, -0.24],
        O,
        [0.065, -0.09],
        (1.200836820083682, 0.008222108619246861),
    ),
    body(
        5,
        1.0,
        [0.13, -0.18],
        O,
        [0.045, -0.07],
        (0.8845188284518829, 0.003529109456066946),
    ),
];

/// Motion of the whole body.
struct Motion {
    /// Forward velocity of the centre of mass.
    forward: f64,
    /// Angular momentum about the centre of mass, about y.
    spin: f64,
    /// Cosine of the torso's pitch.
    upright: f64,
    /// Height of the torso.
    height: f64,
}

/// A vector of the plane that turns by `angle` about y.
fn turned([x, z]: [f64; 2], angle: f64) -> [f64; 2] {
    let (s, c) = (libm::sin(angle), libm::cos(angle));
    [x * c + z * s, z * c - x * s]
}

/// The velocity at `arm` from the centre of a rotation about y.
fn swung([x, z]: [f64; 2], rate: f64) -> [f64; 2] {
    [rate * z, -rate * x]
}

fn sum(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] + b[0], a[1] + b[1]]
}

fn difference(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

/// `x` and `z` are where the positions of the root are.
fn motion(bodies: &[Body; 7], state: &[f64], (x, z): (usize, usize)) -> Motion {
    let (q, v) = state.split_at(DEGREES);
    // Origin, its velocity, angle and its rate of each body; centre of mass and its velocity.
    let mut frames = [(O, O, 0.0, 0.0); 7];
    let mut centres = [(O, O); 7];
    let (mut mass, mut centre, mut velocity) = (0.0, O, O);
    for (i, body) in bodies.iter().enumerate() {
        let (origin, speed, angle, rate) = if i == 0 {
            (sum(body.place, [q[x], q[z]]), [v[x], v[z]], q[2], v[2])
        } else {
            let (origin, speed, angle, rate) = frames[body.parent];
            let arm = turned(sum(body.place, body.joint), angle);
            let anchor = sum(origin, arm);
            let anchor_speed = sum(speed, swung(arm, rate));
            let angle = angle + body.turn * q[i + 2];
            let rate = rate + body.turn * v[i + 2];
            let back = turned([-body.joint[0], -body.joint[1]], angle);
            (
                sum(anchor, back),
                sum(anchor_speed, swung(back, rate)),
                angle,
                rate,
            )
        };
        frames[i] = (origin, speed, angle, rate);
        let arm = turned(body.centre, angle);
        centres[i] = (sum(origin, arm), sum(speed, swung(arm, rate)));
        mass += body.mass;
        for k in 0..2 {
            centre[k] += body.mass * centres[i].0[k];
            velocity[k] += body.mass * centres[i].1[k];
        }
    }
    let (centre, velocity) = (centre.map(|c| c / mass), velocity.map(|c| c / mass));
    let spin = bodies.iter().zip(&frames).zip(&centres);
    let spin = spin.map(|((body, frame), &(place, speed))| {
        let (r, u) = (difference(place, centre), difference(speed, velocity));
        body.inertia * frame.3 + body.mass * (r[1] * u[0] - r[0] * u[1])
    });
    Motion {
        forward: velocity[0],
        spin: spin.sum(),
        upright: libm::cos(q[2]),
        height: frames[0].0[1],
    }
}

/// A task whose reward can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    WalkerStand,
    WalkerWalk,
    WalkerRun,
    WalkerFlip,
    CheetahRun,
    CheetahRunBackward,
}

const TASKS: [(&str, Task); 6] = [
    ("walker_stand", Task::WalkerStand),
    ("walker_walk", Task::WalkerWalk),
    ("walker_run", Task::WalkerRun),
    ("walker_flip", Task::WalkerFlip),
    ("cheetah_run", Task::CheetahRun),
    ("cheetah_run_backward", Task::CheetahRunBackward),
];

const STAND_HEIGHT: f64 = 1.2;
const WALK_SPEED: f64 = 1.0;
const RUN_SPEED: f64 = 8.0;
const SPIN_SPEED: f64 = 5.0;
const CHEETAH_SPEED: f64 = 10.0;

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = TASKS.iter().find(|(_, task)| task == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

impl Task {
    /// The task of this name, if the states are wide enough for it and the environment, where named, is of its domain.
    pub(super) fn find(
        file: &Path,
        name: &str,
        environment: Option<&str>,
        width: Option<u32>,
    ) -> Result<Self> {
        let found = TASKS.iter().find(|(known, _)| *known == name);
        let domains = ["walker", "cheetah"];
        let fits = |task: &str| {
            let named = environment.and_then(|e| domains.into_iter().find(|d| e.contains(d)));
            named.is_none_or(|domain| task.starts_with(domain))
        };
        match found {
            Some((known, task)) if width == Some(2 * DEGREES as u32) && fits(known) => Ok(*task),
            _ => {
                let domain = match (environment, width) {
                    (_, None) => "episodes without `physics`".to_owned(),
                    (Some(name), Some(width)) => {
                        format!("`{name}` with {width} values of `physics`")
                    }
                    (None, Some(width)) => format!("episodes with {width} values of `physics`"),
                };
                Err(problem(
                    file,
                    ImportProblem::Relabel {
                        task: name.to_owned(),
                        domain,
                        known: TASKS.iter().map(|(name, _)| (*name).to_owned()).collect(),
                    },
                ))
            }
        }
    }

    /// The reward in a state of positions and velocities.
    pub(super) fn reward(self, state: &[f64]) -> f32 {
        let reward = match self {
            Self::CheetahRun | Self::CheetahRunBackward => {
                let forward = motion(&CHEETAH, state, (0, 1)).forward;
                let speed = if self == Self::CheetahRun {
                    forward
                } else {
                    -forward
                };
                above(speed, CHEETAH_SPEED, CHEETAH_SPEED, 0.0)
            }
            _ => self.walker(&motion(&WALKER, state, (1, 0))),
        };
        reward as f32
    }

    fn walker(self, motion: &Motion) -> f64 {
        let upright = (1.0 + motion.upright) / 2.0;
        let stand = (3.0 * standing(motion.height) + upright) / 4.0;
        let speed = |wanted: f64| above(motion.forward, wanted, wanted / 2.0, 0.5);
        let moving = match self {
            Self::WalkerWalk => speed(WALK_SPEED),
            Self::WalkerRun => speed(RUN_SPEED),
            Self::WalkerFlip => above(motion.spin, SPIN_SPEED, SPIN_SPEED, 0.0),
            _ => return stand,
        };
        stand * (5.0 * moving + 1.0) / 6.0
    }
}

/// 1 from `bound` up; below it falls in a line, to `at_margin` at `margin` below.
fn above(x: f64, bound: f64, margin: f64, at_margin: f64) -> f64 {
    if x >= bound {
        return 1.0;
    }
    let scaled = (bound - x) / margin * (1.0 - at_margin);
    if scaled < 1.0 { 1.0 - scaled } else { 0.0 }
}

/// 1 from the height of standing up; below it falls as a Gaussian, to .1 at half that height.
fn standing(height: f64) -> f64 {
    if height >= STAND_HEIGHT {
        return 1.0;
    }
    let distance = (STAND_HEIGHT - height) / (STAND_HEIGHT / 2.0);
    // exp(-.5 (d sqrt(-2 ln .1))^2)
    libm::pow(0.1, distance * distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        task: String,
        state: Vec<f64>,
        reward: f64,
    }

    #[test]
    fn rewards_equal_those_of_dm_control() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/golden/dataset/relabel_reference.json");
        let text = std::fs::read_to_string(path).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
        assert!(cases.len() >= 60);
        for case in cases {
            let task = Task::find(Path::new(""), &case.task, None, Some(18)).unwrap();
            let found = f64::from(task.reward(&case.state));
            let error = (found - case.reward).abs();
            assert!(error < 1e-6, "{}: {found}, not {}", case.task, case.reward);
        }
    }

    #[test]
    fn tasks_of_another_domain_are_refused() {
        let find = |env, width| Task::find(Path::new("x"), "walker_walk", env, width);
        assert!(find(Some("dmc/walker-v0"), Some(18)).is_ok());
        for (env, width) in [
            (Some("dmc/cheetah-v0"), Some(18)),
            (None, Some(12)),
            (None, None),
        ] {
            assert!(
                find(env, width)
                    .unwrap_err()
                    .to_string()
                    .contains("walker_flip")
            );
        }
    }
}
