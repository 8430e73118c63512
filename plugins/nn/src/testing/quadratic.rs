//! Earlier stages in closed form and without libtorch: a quadratic critic, a Gaussian policy, and updates of its mean.

use plugin_api::{
    ActMode, Array, Critic, Dtype, Failure, Outcome, Policy, PolicyUpdate, Precision, Provide,
    Query, Reduce, StateValue, View,
};

/// Everything that a stage without training may require, from one instance.
///
/// Critic: `Q_i(s, a) = o_i - |a - t_i s'|^2` with `s'` the first `A` entries of `s` and `(t_i, o_i)` of member `i`;
/// `V(s) = 0`. Policy: `N(g s' + b, sigma^2)`, clipped to `[-1, 1]`. Updates: plain gradient ascent in `b`.
pub struct Quadratic {
    /// `(t_i, o_i)` of every member.
    pub members: Vec<(f64, f64)>,
    /// g
    pub gain: f64,
    /// b: `[A]`
    pub bias: Vec<f64>,
    /// sigma
    pub std: f64,
    /// What was asked for so far.
    pub asked: Asked,
    offline: Option<(f64, Vec<f64>)>, // learning rate, bias
}

/// Calls, and rows of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Calls of `q`.
    pub q: usize,
    /// Rows of `q_gradient`.
    pub gradient_rows: usize,
    /// Steps of the policy.
    pub updates: usize,
    /// Times that the policy went back.
    pub resets: usize,
}

fn like(view: View<'_>, values: Vec<f64>, shape: &[i64]) -> Array {
    let precision = match view.dtype() {
        Dtype::F32 => Precision::F32,
        Dtype::F64 | Dtype::I64 => Precision::F64,
    };
    Array::from_f64(values, shape, precision)
}

impl Quadratic {
    /// One member that is largest at `target s'`, and a policy with mean `gain s'` and deviation 0.2 in `action_dim`
    /// dimensions.
    pub fn new(target: f64, gain: f64, action_dim: usize) -> Self {
        Self {
            members: vec![(target, 0.0)],
            gain,
            bias: vec![0.0; action_dim],
            std: 0.2,
            asked: Asked::default(),
            offline: None,
        }
    }

    /// The unclipped mean of every row, `[B, A]`.
    fn mean(&self, observation: View<'_>, bias: &[f64]) -> Outcome<Vec<f64>> {
        let (s, width) = (observation.to_f64()?, observation.shape()[1] as usize);
        let row = |s: &[f64]| -> Vec<f64> {
            let shifted = s.iter().zip(bias);
            shifted.map(|(s, b)| self.gain * s + b).collect()
        };
        Ok(s.chunks_exact(width).flat_map(row).collect())
    }

    /// `Q_i` `[M, B]` and its gradient `[M, B, A]`.
    fn each(&self, query: &Query<'_>) -> Outcome<[Vec<Vec<f64>>; 2]> {
        let (s, a) = (query.observation.to_f64()?, query.action.to_f64()?);
        let (width, actions) = (query.observation.shape()[1] as usize, self.bias.len());
        let (mut values, mut gradients) = (Vec::new(), Vec::new());
        for (target, offset) in &self.members {
            let rows = s.chunks_exact(width).zip(a.chunks_exact(actions));
            let away: Vec<f64> = rows
                .flat_map(|(s, a)| a.iter().zip(s).map(|(a, s)| a - target * s))
                .collect();
            let value = |away: &[f64]| offset - away.iter().map(|d| d * d).sum::<f64>();
            values.push(away.chunks_exact(actions).map(value).collect());
            gradients.push(away.iter().map(|d| -2.0 * d).collect());
        }
        Ok([values, gradients])
    }
}

impl Critic for Quadratic {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        self.asked.q += 1;
        let [values, _] = self.each(query)?;
        let (members, rows) = (values.len(), values[0].len());
        let column = |row: usize| values.iter().map(move |q| q[row]);
        let (q, shape): (Vec<f64>, Vec<i64>) = match query.reduce {
            Reduce::Member => (values.concat(), vec![members as i64, rows as i64]),
            Reduce::Min => (
                (0..rows)
                    .map(|row| column(row).fold(f64::INFINITY, f64::min))
                    .collect(),
                vec![rows as i64],
            ),
            Reduce::Mean => (
                (0..rows)
                    .map(|row| column(row).sum::<f64>() / members as f64)
                    .collect(),
                vec![rows as i64],
            ),
        };
        Ok(like(query.observation, q, &shape))
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        if query.reduce == Reduce::Member {
            return Err(Failure::unsupported("the gradient needs a reduction"));
        }
        let [values, gradients] = self.each(query)?;
        let (rows, actions) = (values[0].len(), self.bias.len());
        self.asked.gradient_rows += rows;
        let reduced = |i: usize| {
            let of_member = |m: usize| gradients[m][i];
            let members = 0..values.len();
            match query.reduce {
                Reduce::Mean => members.map(of_member).sum::<f64>() / values.len() as f64,
                _ => {
                    let row = i / actions;
                    let smallest = members
                        .min_by(|x, y| values[*x][row].total_cmp(&values[*y][row]))
                        .unwrap_or(0);
                    of_member(smallest)
                }
            }
        };
        let gradient = (0..rows * actions).map(reduced).collect();
        let gradient = like(query.observation, gradient, query.action.shape());
        Ok((self.q(query)?, gradient))
    }
}

impl StateValue for Quadratic {
    fn v(&mut self, observation: View<'_>, _goal: Option<View<'_>>) -> Outcome<Array> {
        let rows = observation.shape()[0];
        Ok(like(observation, vec![0.0; rows as usize], &[rows]))
    }
}

/// A number of about unit deviation that is a function of position and index.
fn noise(position: u64, index: usize) -> f64 {
    let mut x = position.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (index as u64).rotate_left(32);
    let mut unit = || {
        x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let y = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let y = (y ^ (y >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((y ^ (y >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..12).map(|_| unit()).sum::<f64>() - 6.0
}

impl Policy for Quadratic {
    fn act(
        &mut self,
        observation: View<'_>,
        _goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array> {
        let mut action = self.mean(observation, &self.bias)?;
        if let ActMode::Sampled(position) = mode {
            for (i, a) in action.iter_mut().enumerate() {
                *a += self.std * noise(position, i);
            }
        }
        action.iter_mut().for_each(|a| *a = a.clamp(-1.0, 1.0));
        let shape = [observation.shape()[0], self.bias.len() as i64];
        Ok(like(observation, action, &shape))
    }
}

impl PolicyUpdate for Quadratic {
    fn begin(&mut self, learning_rate: f64) -> Outcome<()> {
        self.reset()?;
        self.offline = Some((learning_rate, self.bias.clone()));
        Ok(())
    }

    fn step(
        &mut self,
        observation: View<'_>,
        _goal: Option<View<'_>>,
        dq_da: View<'_>,
        kl_weight: f64,
    ) -> Outcome<f64> {
        let Some((learning_rate, offline)) = self.offline.clone() else {
            return Err(Failure::invalid_argument("a step before begin"));
        };
        self.asked.updates += 1;
        let (dq_da, actions, rows) = (
            dq_da.to_f64()?,
            self.bias.len(),
            observation.shape()[0] as f64,
        );
        let variance = self.std * self.std;
        let mut kl = 0.0;
        for (i, off) in offline.iter().enumerate() {
            let away = self.bias[i] - off;
            let ascent: f64 = dq_da.iter().skip(i).step_by(actions).sum::<f64>() / rows;
            kl += away * away / (2.0 * variance);
            self.bias[i] += learning_rate * (ascent - kl_weight * away / variance);
        }
        Ok(kl)
    }

    fn reset(&mut self) -> Outcome<()> {
        if let Some((_, offline)) = &self.offline {
            self.bias.clone_from(offline);
            self.asked.resets += 1;
        }
        Ok(())
    }
}

impl Provide for Quadratic {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
    fn policy_update(&mut self) -> Option<&mut dyn PolicyUpdate> {
        Some(self)
    }
}
