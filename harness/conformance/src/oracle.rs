//! Checks of `oracle/1`.

use crate::environment::make;
use crate::outcome::{Stop, Verdict, require, skip};
use crate::subject::Context;
use plugin_api::{Array, Code, EnvironmentSpec};
use plugin_host::{Environment, PluginOracle};

const ROWS: usize = 6;

/// Initial observations of a few seeds, row-major.
fn observations(environment: &mut Environment) -> Result<Vec<f64>, Stop> {
    let mut rows = Vec::new();
    for seed in 0..ROWS as u64 {
        let mut observation = vec![0.0; environment.spec().observation_dim];
        environment.reset(seed, &mut observation)?;
        rows.extend(observation);
    }
    Ok(rows)
}

struct Values<'a> {
    oracle: PluginOracle<'a>,
    spec: EnvironmentSpec,
    observations: Vec<f64>,
}

impl Values<'_> {
    fn observation(&self) -> Array {
        let shape = [ROWS as i64, self.spec.observation_dim as i64];
        Array::from_vec(self.observations.clone(), &shape)
    }

    /// Q* and its gradient; skips where the environment does not know Q*.
    fn q(&self, actions: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Stop> {
        let shape = [ROWS as i64, self.spec.action_dim as i64];
        let actions = Array::from_vec(actions.to_vec(), &shape);
        let observation = self.observation();
        match self.oracle.q(None, observation.view(), actions.view()) {
            Err(e) if e.failure().is_some_and(|f| f.code == Code::Unsupported) => {
                skip("the environment does not know Q*")
            }
            other => Ok(other?),
        }
    }
}

fn with_values(context: &Context, body: impl Fn(&Values<'_>) -> Verdict) -> Verdict {
    let mut environment = make(context)?;
    let spec = *environment.spec();
    let observations = observations(&mut environment)?;
    let Some(oracle) = environment.oracle() else {
        return skip("the environment offers no oracle/1");
    };
    body(&Values {
        oracle,
        spec,
        observations,
    })
}

/// Actions at a given part of the range: 0 is the lower bound, 1 the upper.
fn actions_at(spec: &EnvironmentSpec, part: impl Fn(usize) -> f64) -> Vec<f64> {
    let width = spec.action_high - spec.action_low;
    (0..ROWS * spec.action_dim)
        .map(|i| spec.action_low + width * part(i))
        .collect()
}

/// `oracle-gradient`
pub(crate) fn gradient(context: &Context) -> Verdict {
    with_values(context, |values| {
        let spec = &values.spec;
        let base = actions_at(spec, |i| 0.3 + 0.4 * ((i * 7 % 11) as f64 / 11.0));
        let (_, gradient) = values.q(&base)?;
        let step = 1e-5 * (spec.action_high - spec.action_low);
        for j in 0..spec.action_dim {
            let moved = |by: f64| {
                let mut actions = base.clone();
                actions
                    .iter_mut()
                    .skip(j)
                    .step_by(spec.action_dim)
                    .for_each(|a| *a += by);
                values.q(&actions)
            };
            let ((up, _), (down, _)) = (moved(step)?, moved(-step)?);
            for row in 0..ROWS {
                let expected = (up[row] - down[row]) / (2.0 * step);
                let found = gradient[row * spec.action_dim + j];
                require(
                    (found - expected).abs() <= 1e-4 * (1.0 + expected.abs()),
                    || format!("dQ*/da = {expected:.8} from differences of Q*"),
                    || format!("{found:.8} in row {row}, dimension {j}"),
                )?;
            }
        }
        Ok(())
    })
}

/// `oracle-optimal`: V* = Q*(s, pi*(s)), and no tried action is better.
pub(crate) fn optimal(context: &Context) -> Verdict {
    with_values(context, |values| {
        let observation = values.observation();
        let best = values.oracle.optimal_action(observation.view())?;
        let (spec, slack) = (&values.spec, 1e-6);
        let inside = |a: &f64| *a >= spec.action_low - slack && *a <= spec.action_high + slack;
        require(
            best.iter().all(inside),
            || {
                format!(
                    "optimal actions within [{}, {}]",
                    spec.action_low, spec.action_high
                )
            },
            || format!("{best:?}"),
        )?;
        let (q_best, _) = values.q(&best)?;
        let v = values.oracle.v(None, observation.view())?;
        for row in 0..ROWS {
            require(
                (q_best[row] - v[row]).abs() <= 1e-6 * (1.0 + v[row].abs()),
                || format!("V* = Q*(s, pi*(s)) = {} in row {row}", q_best[row]),
                || v[row].to_string(),
            )?;
        }
        for k in 0..5 {
            let tried = actions_at(spec, |i| ((i * 13 + k * 29) % 31) as f64 / 30.0);
            let (q, _) = values.q(&tried)?;
            for row in 0..ROWS {
                require(
                    q[row] <= q_best[row] + slack * (1.0 + q_best[row].abs()),
                    || format!("no action better than pi*(s), whose Q* is {}", q_best[row]),
                    || format!("Q* = {} for another action in row {row}", q[row]),
                )?;
            }
        }
        Ok(())
    })
}
