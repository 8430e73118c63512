//! A finite decision process whose values can be computed exactly, with data that visit it in known proportions.

use super::host::Data;

/// Actions are -1, 0 and 1.
const ACTIONS: usize = 3;
const STATES: usize = 3;
const DISCOUNT: f64 = 0.9; // of `FakeHost::problem`

/// A number for each state and action.
pub type Table = [[f64; ACTIONS]; STATES];

/// Reward and next state (none: terminal) of two equally likely outcomes.
type Outcomes = [(f64, Option<usize>); 2];

/// Three states (one-hot observations) and three actions (one number: -1, 0 or 1). Each pair leads with equal probability
/// to one of two outcomes. In the first state the data never hold action 1, which would be the best.
pub struct Tabular {
    /// How often the data take each action in each state, of [`Tabular::VISITS`].
    counts: [[usize; ACTIONS]; STATES],
    outcomes: [[Outcomes; ACTIONS]; STATES],
}

impl Tabular {
    /// Visits of each state in the data.
    pub const VISITS: usize = 4;

    /// The process; without its terminal outcomes it goes on for ever.
    pub fn new(terminal: bool) -> Self {
        let end = if terminal { None } else { Some(0) };
        Self {
            counts: [[3, 1, 0], [1, 1, 2], [2, 1, 1]],
            outcomes: [
                [
                    [(0.0, Some(0)), (0.2, Some(1))],
                    [(0.0, Some(1)), (0.4, Some(2))],
                    [(9.0, Some(2)), (9.0, Some(2))],
                ],
                [
                    [(-0.5, Some(0)), (0.0, Some(2))],
                    [(0.3, Some(1)), (0.3, Some(2))],
                    [(0.6, end), (-0.2, Some(0))],
                ],
                [
                    [(0.1, Some(2)), (-0.3, Some(0))],
                    [(1.0, end), (1.0, end)],
                    [(0.4, Some(1)), (-0.6, Some(1))],
                ],
            ],
        }
    }

    /// Every transition with every action that follows it, in exactly the proportions of process and behaviour: as one
    /// batch, the expectation over the data has no error.
    pub fn data(&self) -> Data {
        let mut data = Data {
            observation_dim: STATES,
            action_dim: 1,
            ..Data::default()
        };
        for s in 0..STATES {
            for a in self.taken(s) {
                for (reward, next) in self.outcomes[s][a] {
                    let following = next.map_or(vec![1; Self::VISITS], |s| self.taken(s));
                    for next_action in following {
                        data.observation.extend(one_hot(s));
                        data.action.push(number(a));
                        data.reward.push(reward);
                        data.terminated.push(f64::from(next.is_none()));
                        data.next_observation.extend(one_hot(next.unwrap_or(0)));
                        data.next_action.push(number(next_action));
                    }
                }
            }
        }
        data
    }

    /// Each action of state `s` as often as the data take it.
    fn taken(&self, s: usize) -> Vec<usize> {
        (0..ACTIONS)
            .flat_map(|a| std::iter::repeat_n(a, self.counts[s][a]))
            .collect()
    }

    /// The pairs that occur in the data.
    pub fn supported(&self) -> Vec<(usize, usize)> {
        let pairs = (0..STATES).flat_map(|s| (0..ACTIONS).map(move |a| (s, a)));
        pairs.filter(|(s, a)| self.counts[*s][*a] > 0).collect()
    }

    /// Observations and actions of pairs, row-major: `[n, 3]`, `[n, 1]`.
    pub fn rows(pairs: &[(usize, usize)]) -> (Vec<f64>, Vec<f64>) {
        let observations = pairs.iter().flat_map(|(s, _)| one_hot(*s)).collect();
        let actions = pairs.iter().map(|(_, a)| number(*a)).collect();
        (observations, actions)
    }

    /// `Q(s,a) = E[r + gamma V(s')]` for given V.
    pub fn backup(&self, v: &[f64; STATES]) -> Table {
        let expected = |pair: &Outcomes| {
            let value =
                |(r, next): &(f64, Option<usize>)| r + DISCOUNT * next.map_or(0.0, |s| v[s]);
            pair.iter().map(value).sum::<f64>() / 2.0
        };
        self.outcomes
            .each_ref()
            .map(|row| row.each_ref().map(expected))
    }

    fn fixed_point(&self, value: impl Fn(usize, &[f64; ACTIONS]) -> f64) -> (Table, [f64; STATES]) {
        let mut v = [0.0; STATES];
        for _ in 0..2000 {
            let q = self.backup(&v);
            v = std::array::from_fn(|s| value(s, &q[s]));
        }
        (self.backup(&v), v)
    }

    /// Q and V of the behaviour policy.
    pub fn behaviour(&self) -> (Table, [f64; STATES]) {
        self.fixed_point(|s, q| {
            let weighted = (0..ACTIONS).map(|a| self.counts[s][a] as f64 * q[a]);
            weighted.sum::<f64>() / Self::VISITS as f64
        })
    }

    /// Q and V of the best policy among those that take only actions of the data.
    pub fn best_supported(&self) -> (Table, [f64; STATES]) {
        self.fixed_point(|s, q| {
            let supported = (0..ACTIONS).filter(|a| self.counts[s][*a] > 0);
            supported.map(|a| q[a]).fold(f64::NEG_INFINITY, f64::max)
        })
    }

    /// The fixed point at which V(s) is the `tau`-expectile of Q(s, a) over the data's actions.
    pub fn expectile(&self, tau: f64) -> (Table, [f64; STATES]) {
        self.fixed_point(|s, q| {
            // The derivative of the expectile loss falls in v, so that halving finds its root.
            let slope = |v: f64| -> f64 {
                let part = |a: usize| {
                    let weight = if q[a] < v { 1.0 - tau } else { tau };
                    self.counts[s][a] as f64 * weight * (q[a] - v)
                };
                (0..ACTIONS).map(part).sum()
            };
            let (mut low, mut high) = (-100.0, 100.0);
            for _ in 0..100 {
                let middle = 0.5 * (low + high);
                if slope(middle) > 0.0 {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            0.5 * (low + high)
        })
    }

    /// `p(s_{t+k} = g | s, a)` under the behaviour policy, with `k >= 1` geometric: `(1 - discount) discount^(k-1)`. Needs
    /// a process without terminal outcomes.
    pub fn futures(&self, discount: f64) -> [[[f64; STATES]; ACTIONS]; STATES] {
        let step = |s: usize, a: usize| -> [f64; STATES] {
            let mut p = [0.0; STATES];
            for (_, next) in self.outcomes[s][a] {
                p[next.expect("the process goes on")] += 0.5;
            }
            p
        };
        let mixed = |f: &[[f64; STATES]; ACTIONS], s: usize, g: usize| -> f64 {
            let parts = (0..ACTIONS).map(|a| self.counts[s][a] as f64 * f[a][g]);
            parts.sum::<f64>() / Self::VISITS as f64
        };
        let mut future = [[[0.0; STATES]; ACTIONS]; STATES];
        for _ in 0..1000 {
            let old = future;
            for (s, row) in future.iter_mut().enumerate() {
                for (a, goals) in row.iter_mut().enumerate() {
                    let p = step(s, a);
                    *goals = std::array::from_fn(|g| {
                        let later: f64 = (0..STATES).map(|n| p[n] * mixed(&old[n], n, g)).sum();
                        (1.0 - discount) * p[g] + discount * later
                    });
                }
            }
        }
        future
    }

    /// The share of each action in each state of the data.
    pub fn policy(&self) -> Table {
        self.counts
            .map(|row| row.map(|n| n as f64 / Self::VISITS as f64))
    }
}

/// Observation (or goal) of state `s`.
pub fn one_hot(s: usize) -> [f64; STATES] {
    std::array::from_fn(|i| f64::from(i == s))
}

/// The number that stands for action `a`.
pub fn number(a: usize) -> f64 {
    a as f64 - 1.0
}
