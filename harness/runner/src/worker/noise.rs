//! The value-quality axis: exact values made worse by a known amount.
//!
//! `value_noise = e` adds `e sigma_A f(s, a)` to Q, and its derivative to dQ/da. `f` is a smooth random function with mean 0
//! and variance 1 over draws of its seed: a sum of 128 random Fourier features `sqrt(2 / 128) sum cos(w x + b)`, `w ~ N(0, 1 /
//! l^2)`, `b ~ U[0, 2 pi)`, which is close to a Gaussian process with kernel `exp(-|x - x'|^2 / (2 l^2))`; `l` is
//! `noise_length`. `x` holds the state (and goal) in standard deviations and the action in half ranges. `sigma_A` is the
//! deviation of the advantage: the root mean square over states of the deviation of Q(s, .) under uniform actions.
//!
//! `gradient_noise = e` adds to dQ/da alone, entry by entry, `e sigma_G f_k(s, a) / sqrt(A)` with functions of the same
//! kind and `sigma_G` the root mean square of |dQ/da|: at 1 noise and gradient are equally long.
//!
//! States behind all scales are those that pi* meets in 64 episodes, at most 256, with 8 uniform actions each; so the noise
//! is a function of environment, discount, functional and `noise_seed`. Actions beyond the bounds count as
//! clipped. A finite action set enters `x` as one indicator per action and has no gradient.
//!
//! `members = M` gives the critic M members, each with functions of its own in both places: member i is off by
//! `sqrt(c) f_common + sqrt(1 - c) f_i` with `c = shared_noise`, so every member is as far off as a critic of one member is,
//! and two of them have errors that correlate by `c`. Without shared noise member 0 is the critic of one member.

use super::failure::Stop;
use super::measure::Reference;
use envs::{Environment, Functional};
use manifest::random::{Family, Stream};
use plugin_api::Reduce;
use serde_json::{Map, Value};

const FEATURES: usize = 128;
const EPISODES: u64 = 64;
const STATES: usize = 256;
const ACTIONS: usize = 8;

/// Amplitudes and shape of the perturbation of one oracle stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dials {
    value: f64,
    gradient: f64,
    length: f64,
    seed: u64,
    members: usize,
    shared: f64,
}

impl Dials {
    /// The dials among the oracle's hyperparameters; none where both amplitudes are zero.
    pub(crate) fn of(params: &Map<String, Value>) -> Option<Self> {
        let number = |name: &str| params.get(name).and_then(Value::as_f64);
        let dials = Self {
            value: number("value_noise").unwrap_or(0.0),
            gradient: number("gradient_noise").unwrap_or(0.0),
            length: number("noise_length").unwrap_or(1.0),
            seed: params
                .get("noise_seed")
                .and_then(Value::as_u64)
                .unwrap_or(0),
            members: members(params),
            shared: number("shared_noise").unwrap_or(0.0),
        };
        (dials.value > 0.0 || dials.gradient > 0.0).then_some(dials)
    }
}

/// Members of the critic among the oracle's hyperparameters.
pub(crate) fn members(params: &Map<String, Value>) -> usize {
    let members = params.get("members").and_then(Value::as_u64);
    members.map_or(1, |members| members.max(1) as usize)
}

/// A perturbation of Q and of its gradient.
pub(crate) struct Noise {
    /// Mean and reciprocal deviation of the entries of state and goal.
    scale: Vec<(f64, f64)>,
    low: f64,
    high: f64,
    action_dim: usize,
    action_count: usize,
    /// Amplitude of what is added to Q.
    value: f64,
    /// Amplitude of what is added to dQ/da alone.
    gradient: f64,
    /// Each member's own functions.
    own: Vec<Field>,
    /// Functions of all members, and the factors on these and on a member's own.
    common: Option<(Field, f64, f64)>,
}

/// One draw of all functions.
struct Field {
    value: Waves,
    /// One for each entry of an action; none where gradients have no noise of their own.
    gradient: Vec<Waves>,
}

impl Noise {
    /// Draws the perturbation of `functional` in `environment` by `dials`.
    pub(crate) fn draw(
        dials: Dials,
        reference: &Reference,
        functional: &Functional,
        environment: &mut dyn Environment,
    ) -> Result<Self, Stop> {
        let states = met(reference, environment)?;
        let spec = environment.spec();
        let (state_dim, action_count) = (spec.observation_dim + spec.goal_dim, spec.action_count);
        let action_dim = if action_count > 0 { 1 } else { spec.action_dim };
        let width = state_dim + action_dim.max(action_count);
        let entries = if dials.gradient > 0.0 && action_count == 0 {
            action_dim
        } else {
            0
        };
        let field = |path: &[&str]| Field::draw(width, entries, dials, path);
        let own = |i: usize| match i {
            0 => field(&["oracle"]),
            _ => field(&["oracle", "member", &i.to_string()]),
        };
        let mut noise = Self {
            scale: scales(&states, state_dim),
            low: f64::from(spec.action_low),
            high: f64::from(spec.action_high),
            action_dim,
            action_count,
            value: 0.0,
            gradient: 0.0,
            own: (0..dials.members).map(own).collect(),
            common: (dials.shared > 0.0).then(|| {
                let (all, each) = (libm::sqrt(dials.shared), libm::sqrt(1.0 - dials.shared));
                (field(&["oracle", "common"]), all, each)
            }),
        };
        let (advantage, slope) =
            noise.deviations(reference, functional, &states, spec.observation_dim)?;
        noise.value = dials.value * advantage;
        if entries > 0 {
            noise.gradient = dials.gradient * slope / libm::sqrt(action_dim as f64);
        }
        Ok(noise)
    }

    /// Deviation of the advantage and root mean square of the gradient's norm.
    fn deviations(
        &self,
        reference: &Reference,
        functional: &Functional,
        states: &[Vec<f32>],
        observation_dim: usize,
    ) -> Result<(f64, f64), Stop> {
        let mut stream = Stream::new(0, &["oracle", "scale"]);
        let (mut variance, mut square) = (0.0, 0.0);
        let mut gradient = vec![0.0f32; self.action_dim];
        for state in states {
            let (observation, goal) = state.split_at(observation_dim);
            let mut q = Vec::with_capacity(ACTIONS);
            for _ in 0..ACTIONS {
                let action: Vec<f32> = (0..self.action_dim)
                    .map(|_| match self.action_count {
                        0 => stream.uniform_in(self.low, self.high) as f32,
                        count => stream.below(count as u64) as f32,
                    })
                    .collect();
                let slot = (self.action_count == 0).then_some(gradient.as_mut_slice());
                q.push(reference.q(functional, observation, goal, &action, slot)?);
                square += gradient
                    .iter()
                    .map(|&g| f64::from(g) * f64::from(g))
                    .sum::<f64>();
            }
            let mean = q.iter().sum::<f64>() / ACTIONS as f64;
            variance += q.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        }
        let n = (states.len() * ACTIONS).max(1) as f64;
        Ok((libm::sqrt(variance / n), libm::sqrt(square / n)))
    }

    /// What is added to the smallest or the mean Q at one state and action; `gradient` (`[A]`, of the exact Q) becomes that
    /// of the sum. All members have the same exact Q, so the smallest is the one with the smallest error.
    pub(crate) fn perturb(
        &self,
        observation: &[f32],
        goal: &[f32],
        action: &[f32],
        reduce: Reduce,
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        let x = self.input(observation, goal, action);
        let mut slopes = gradient.is_some().then(Vec::new);
        let errors = self.errors(&x, slopes.as_mut());
        let smallest = smallest(&errors);
        let of = |i: usize, all: &[f64], width: usize| match reduce {
            Reduce::Min => all[smallest * width + i],
            _ => all.iter().skip(i).step_by(width).sum::<f64>() / errors.len() as f64,
        };
        if let (Some(gradient), Some(slopes)) = (gradient, slopes) {
            for (k, g) in gradient.iter_mut().enumerate() {
                // Beyond the bounds the action is clipped, and nothing changes with it.
                if (self.low..=self.high).contains(&f64::from(action[k])) {
                    *g = (f64::from(*g) + of(k, &slopes, self.action_dim)) as f32;
                }
            }
        }
        of(0, &errors, 1)
    }

    /// What is added to Q of each member at one state and action: `[M]`.
    pub(crate) fn of_members(&self, observation: &[f32], goal: &[f32], action: &[f32]) -> Vec<f64> {
        self.errors(&self.input(observation, goal, action), None)
    }

    /// What is added to Q of each member at `x`: `[M]`; `slopes` becomes what is added to dQ/da, `[M, A]`.
    fn errors(&self, x: &[f64], mut slopes: Option<&mut Vec<f64>>) -> Vec<f64> {
        let mut slope = slopes.is_some().then(|| vec![0.0; self.action_dim]);
        let common = self.common.as_ref().map(|(field, all, each)| {
            let value = self.of_field(field, x, slope.as_deref_mut());
            (value, slope.clone().unwrap_or_default(), *all, *each)
        });
        let error = |field: &Field| {
            let value = self.of_field(field, x, slope.as_deref_mut());
            let mixed = |own: f64, shared: f64, all: f64, each: f64| all * shared + each * own;
            if let (Some(slopes), Some(slope)) = (slopes.as_deref_mut(), &slope) {
                slopes.extend(slope.iter().enumerate().map(|(k, own)| match &common {
                    None => *own,
                    Some((_, shared, all, each)) => mixed(*own, shared[k], *all, *each),
                }));
            }
            match &common {
                None => value,
                Some((shared, _, all, each)) => mixed(value, *shared, *all, *each),
            }
        };
        self.own.iter().map(error).collect()
    }

    /// What one draw adds to Q at `x`; `slope` `[A]` becomes what it adds to dQ/da.
    fn of_field(&self, field: &Field, x: &[f64], slope: Option<&mut [f64]>) -> f64 {
        let Some(slope) = slope else {
            return self.value * field.value.value(x);
        };
        slope.fill(0.0);
        let value = field.value.value_and_slope(x, self.scale.len(), slope);
        let half = 0.5 * (self.high - self.low);
        for (k, d) in slope.iter_mut().enumerate() {
            let alone = field.gradient.get(k).map_or(0.0, |w| w.value(x));
            *d = self.value * *d / half + self.gradient * alone;
        }
        self.value * value
    }

    fn input(&self, observation: &[f32], goal: &[f32], action: &[f32]) -> Vec<f64> {
        let state = observation.iter().chain(goal).zip(&self.scale);
        let mut x: Vec<f64> = state
            .map(|(&s, (mean, factor))| (f64::from(s) - mean) * factor)
            .collect();
        if self.action_count > 0 {
            let chosen = action[0] as usize;
            x.extend((0..self.action_count).map(|k| f64::from(u8::from(k == chosen))));
        } else {
            let (middle, half) = (0.5 * (self.low + self.high), 0.5 * (self.high - self.low));
            let inside = action
                .iter()
                .map(|&a| f64::from(a).clamp(self.low, self.high));
            x.extend(inside.map(|a| (a - middle) / half));
        }
        x
    }
}

/// States with their goals behind them, `[n][S + G]`.
fn met(reference: &Reference, environment: &mut dyn Environment) -> Result<Vec<Vec<f32>>, Stop> {
    let seeds = Family::new(0, &["oracle", "states"]);
    let spec = environment.spec().clone();
    let mut all = Vec::new();
    let mut observation = vec![0.0; spec.observation_dim];
    let mut goal = vec![0.0; spec.goal_dim];
    let mut action = vec![0.0; spec.action_dim];
    for episode in 0..EPISODES {
        environment.reset(seeds.at(episode).next_u64(), &mut observation)?;
        environment.goal(&mut goal);
        loop {
            all.push([observation.as_slice(), &goal].concat());
            reference.action(&observation, &goal, &mut action)?;
            let step = environment.step(&action, &mut observation)?;
            if step.terminated || step.truncated {
                break;
            }
        }
    }
    let count = all.len().min(STATES);
    Ok((0..count)
        .map(|i| all[i * all.len() / count].clone())
        .collect())
}

fn scales(states: &[Vec<f32>], width: usize) -> Vec<(f64, f64)> {
    let n = states.len().max(1) as f64;
    let of = |k: usize| {
        let values = || states.iter().map(|s| f64::from(s[k]));
        let mean = values().sum::<f64>() / n;
        let variance = values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        let factor = if variance > 0.0 {
            1.0 / libm::sqrt(variance)
        } else {
            1.0
        };
        (mean, factor)
    };
    (0..width).map(of).collect()
}

/// The member with the smallest error, the first of equal ones.
fn smallest(errors: &[f64]) -> usize {
    let mut least = 0;
    for (i, error) in errors.iter().enumerate() {
        if *error < errors[least] {
            least = i;
        }
    }
    least
}

impl Field {
    fn draw(width: usize, entries: usize, dials: Dials, path: &[&str]) -> Self {
        let wave =
            |last: &[&str]| Waves::draw(width, dials.length, dials.seed, &[path, last].concat());
        Self {
            value: wave(&["value"]),
            gradient: (0..entries)
                .map(|k| wave(&["gradient", &k.to_string()]))
                .collect(),
        }
    }
}

/// A random smooth function.
struct Waves {
    /// `[FEATURES, width]`
    weights: Vec<f64>,
    phases: Vec<f64>,
}

impl Waves {
    fn draw(width: usize, length: f64, seed: u64, path: &[&str]) -> Self {
        let mut stream = Stream::new(seed, path);
        Self {
            weights: (0..FEATURES * width)
                .map(|_| stream.normal() / length)
                .collect(),
            phases: (0..FEATURES)
                .map(|_| stream.uniform_in(0.0, std::f64::consts::TAU))
                .collect(),
        }
    }

    fn angles<'a>(&'a self, x: &'a [f64]) -> impl Iterator<Item = (f64, &'a [f64])> + 'a {
        let rows = self.weights.chunks_exact(x.len()).zip(&self.phases);
        rows.map(move |(w, b)| (b + w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>(), w))
    }

    fn value(&self, x: &[f64]) -> f64 {
        amplitude()
            * self
                .angles(x)
                .map(|(angle, _)| libm::cos(angle))
                .sum::<f64>()
    }

    /// The value, and in `slope` the derivatives in the entries of `x` from `start` on.
    fn value_and_slope(&self, x: &[f64], start: usize, slope: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for (angle, w) in self.angles(x) {
            sum += libm::cos(angle);
            let sine = libm::sin(angle);
            for (d, w) in slope.iter_mut().zip(&w[start..]) {
                *d -= amplitude() * sine * w;
            }
        }
        amplitude() * sum
    }
}

fn amplitude() -> f64 {
    libm::sqrt(2.0 / FEATURES as f64)
}

#[cfg(test)]
mod tests;
