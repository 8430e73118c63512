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

use super::failure::Stop;
use super::measure::Reference;
use envs::{Environment, Functional};
use manifest::random::{Family, Stream};
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
        };
        (dials.value > 0.0 || dials.gradient > 0.0).then_some(dials)
    }
}

/// A perturbation of Q and of its gradient.
pub(crate) struct Noise {
    /// Mean and reciprocal deviation of the entries of state and goal.
    scale: Vec<(f64, f64)>,
    low: f64,
    high: f64,
    action_dim: usize,
    action_count: usize,
    /// Amplitude and function added to Q.
    value: (f64, Waves),
    /// Amplitude and one function per action entry, added to dQ/da.
    gradient: (f64, Vec<Waves>),
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
        let mut noise = Self {
            scale: scales(&states, state_dim),
            low: f64::from(spec.action_low),
            high: f64::from(spec.action_high),
            action_dim,
            action_count,
            value: (
                0.0,
                Waves::draw(width, dials.length, dials.seed, &["oracle", "value"]),
            ),
            gradient: (0.0, Vec::new()),
        };
        let (advantage, slope) =
            noise.deviations(reference, functional, &states, spec.observation_dim)?;
        noise.value.0 = dials.value * advantage;
        if dials.gradient > 0.0 && action_count == 0 {
            let wave = |k: usize| {
                let name = k.to_string();
                Waves::draw(
                    width,
                    dials.length,
                    dials.seed,
                    &["oracle", "gradient", &name],
                )
            };
            noise.gradient = (
                dials.gradient * slope / libm::sqrt(action_dim as f64),
                (0..action_dim).map(wave).collect(),
            );
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

    /// What is added to Q at one state and action; `gradient` (`[A]`, of the exact Q) becomes that of the sum.
    pub(crate) fn perturb(
        &self,
        observation: &[f32],
        goal: &[f32],
        action: &[f32],
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        let x = self.input(observation, goal, action);
        let Some(gradient) = gradient else {
            return self.value.0 * self.value.1.value(&x);
        };
        let start = self.scale.len();
        let mut slope = vec![0.0; self.action_dim];
        let value = self.value.1.value_and_slope(&x, start, &mut slope);
        let half = 0.5 * (self.high - self.low);
        for (k, g) in gradient.iter_mut().enumerate() {
            // Beyond the bounds the action is clipped, and nothing changes with it.
            let a = f64::from(action[k]);
            if (self.low..=self.high).contains(&a) {
                let alone = self.gradient.1.get(k).map_or(0.0, |w| w.value(&x));
                let added = self.value.0 * slope[k] / half + self.gradient.0 * alone;
                *g = (f64::from(*g) + added) as f32;
            }
        }
        self.value.0 * value
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
mod tests {
    use super::*;

    const ID: &str = "lqr-nav/default-v0";

    fn noise(value: f64, gradient: f64) -> Noise {
        let dials = Dials {
            value,
            gradient,
            length: 1.0,
            seed: 3,
        };
        let reference = Reference::new(envs::oracle(ID, 0.95, None).unwrap().unwrap());
        let mut environment = envs::make(ID).unwrap();
        Noise::draw(
            dials,
            &reference,
            &Functional::Optimal,
            environment.as_mut(),
        )
        .unwrap()
    }

    fn draws(n: usize) -> Vec<([f32; 8], [f32; 4])> {
        let mut stream = Stream::new(5, &["test", "noise"]);
        let mut one = || stream.uniform_in(-0.6, 0.6) as f32;
        (0..n)
            .map(|_| {
                (
                    std::array::from_fn(|_| one()),
                    std::array::from_fn(|_| one()),
                )
            })
            .collect()
    }

    #[test]
    fn the_gradient_of_the_noise_is_that_of_its_value() {
        let noise = noise(0.5, 0.0);
        for (s, a) in draws(20) {
            let mut gradient = [0.0f32; 4];
            let value = noise.perturb(&s, &[], &a, Some(&mut gradient));
            assert_eq!(value, noise.perturb(&s, &[], &a, None));
            for k in 0..4 {
                let at = |h: f32| {
                    let mut b = a;
                    b[k] += h;
                    (f64::from(b[k]), noise.perturb(&s, &[], &b, None))
                };
                let ((a1, q1), (a0, q0)) = (at(1e-2), at(-1e-2));
                let slope = (q1 - q0) / (a1 - a0);
                assert!((slope - f64::from(gradient[k])).abs() < 2e-3 * (1.0 + slope.abs()));
            }
        }
    }

    #[test]
    fn amplitudes_are_relative_to_the_advantage_and_the_gradient() {
        let (loud, quiet) = (noise(1.0, 0.0), noise(0.25, 0.0));
        for (s, a) in draws(5) {
            let (x, y) = (
                loud.perturb(&s, &[], &a, None),
                quiet.perturb(&s, &[], &a, None),
            );
            assert!((x - 4.0 * y).abs() < 1e-12);
        }
        let reference = Reference::new(envs::oracle(ID, 0.95, None).unwrap().unwrap());
        let alone = noise(0.0, 1.0);
        let (mut exact, mut added) = (0.0, 0.0);
        for (s, a) in draws(2_000) {
            let mut g = [0.0f32; 4];
            reference
                .q(&Functional::Optimal, &s, &[], &a, Some(&mut g))
                .unwrap();
            let mut h = g;
            assert_eq!(alone.perturb(&s, &[], &a, Some(&mut h)), 0.0);
            for k in 0..4 {
                exact += f64::from(g[k]).powi(2);
                added += f64::from(h[k] - g[k]).powi(2);
            }
        }
        // Other states than those behind the scale, and one draw of the functions: the order of magnitude is what holds.
        let ratio = libm::sqrt(added / exact);
        assert!((0.3..3.0).contains(&ratio), "{ratio}");
    }

    #[test]
    fn clipped_entries_stay_flat() {
        let noise = noise(1.0, 1.0);
        let mut gradient = [0.0f32; 4];
        let far = [2.0, 0.1, 0.1, 0.1];
        let value = noise.perturb(&[0.1; 8], &[], &far, Some(&mut gradient));
        assert_eq!(gradient[0], 0.0);
        assert!(gradient[1] != 0.0);
        let edge = [1.0, 0.1, 0.1, 0.1];
        assert_eq!(value, noise.perturb(&[0.1; 8], &[], &edge, None));
    }

    #[test]
    fn no_amplitude_is_no_noise() {
        let params = serde_json::json!({"value_noise": 0.0, "gradient_noise": 0.0});
        assert_eq!(Dials::of(params.as_object().unwrap()), None);
    }
}
