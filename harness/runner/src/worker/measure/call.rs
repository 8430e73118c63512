//! Calls of bound interfaces, in the precision of their stage and in blocks of rows.

use crate::worker::failure::Stop;
use crate::worker::transform::Transform;
use plugin_api::{ActMode, Array, Code, Dtype, Network, Query, Reduce, View};
use plugin_host::Bound;
use store::FailureKind;

/// Rows of a call: a method that weighs many candidate actions for each state multiplies them.
const BLOCK_ROWS: usize = 1_000;

/// Sizes, bounds and precision of what policies and critics are called with. States and goals are the environment's own
/// everywhere but in the call itself.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) observation_dim: usize,
    /// 0 where there is no goal.
    pub(crate) goal_dim: usize,
    /// Entries of a state that make a goal.
    pub(crate) goal_entries: Vec<usize>,
    /// How states are shown to policies and critics.
    pub(crate) transform: Transform,
    /// Entries of an action; 1, its index, where actions are discrete.
    pub(crate) action_dim: usize,
    /// Size of a finite action set; 0 where actions are continuous.
    pub(crate) action_count: usize,
    pub(crate) action_low: f32,
    pub(crate) action_high: f32,
    /// float64 instead of float32.
    pub(crate) double: bool,
}

/// States and goals of the environment, row-major: `[n, S]` and `[n, G]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) observation: &'a [f32],
    pub(crate) goal: &'a [f32],
}

/// One call's inputs as arrays.
struct Inputs {
    rows: usize,
    observation: Array,
    goal: Option<Array>,
}

impl Inputs {
    fn goal(&self) -> Option<View<'_>> {
        self.goal.as_ref().map(Array::view)
    }
}

impl Form {
    pub(crate) fn discrete(&self) -> bool {
        self.action_count > 0
    }

    /// The policy's actions in one call, row-major `[n, A]`; all rows stand in one batch.
    pub(crate) fn act(
        &self,
        policy: &Bound,
        rows: Rows<'_>,
        mode: ActMode,
    ) -> Result<Vec<f32>, Stop> {
        let inputs = self.inputs(rows);
        let mut handle = policy.policy()?;
        let view = handle.act(inputs.observation.view(), inputs.goal(), mode)?;
        view.expect_shape("action", &[inputs.rows as i64, self.action_dim as i64])?;
        view.expect_finite("action")?;
        let actions = single(view)?;
        let (low, high) = (self.action_low, self.action_high);
        if let Some(outside) = actions.iter().find(|a| !(low..=high).contains(*a)) {
            let message = format!("the policy gave the action {outside}, outside [{low}, {high}]");
            return Err(Stop::new(FailureKind::Failed, message));
        }
        Ok(actions)
    }

    /// The policy's greedy actions at any number of states, in blocks, row-major `[n, A]`.
    pub(crate) fn greedy(&self, policy: &Bound, rows: Rows<'_>) -> Result<Vec<f32>, Stop> {
        let mut actions = Vec::new();
        for (block, _) in self.blocks(rows, &[]) {
            actions.extend(self.act(policy, block, ActMode::Greedy)?);
        }
        Ok(actions)
    }

    /// Log densities `[n]` of `actions` `[n, A]`; none where the policy has no density.
    pub(crate) fn log_prob(
        &self,
        policy: &Bound,
        rows: Rows<'_>,
        actions: &[f32],
    ) -> Result<Option<Vec<f64>>, Stop> {
        let mut handle = policy.policy()?;
        let mut all = Vec::new();
        for (block, action) in self.blocks(rows, actions) {
            let inputs = self.inputs(block);
            let action = self.array(action, self.action_dim);
            match handle.log_prob(inputs.observation.view(), inputs.goal(), action.view()) {
                Err(failure) if failure.code == Code::Unsupported => return Ok(None),
                view => all.extend(double(view?, inputs.rows, "log_prob")?),
            }
        }
        Ok(Some(all))
    }

    /// Q `[n]` of `actions` `[n, A]`: the online network, the smallest member of an ensemble, as extraction uses it.
    pub(crate) fn q(
        &self,
        critic: &Bound,
        rows: Rows<'_>,
        actions: &[f32],
    ) -> Result<Vec<f64>, Stop> {
        let mut handle = critic.critic()?;
        let mut all = Vec::new();
        for (block, action) in self.blocks(rows, actions) {
            let inputs = self.inputs(block);
            let action = self.array(action, self.action_dim);
            let view = handle.q(&query(&inputs, &action))?;
            all.extend(double(view, inputs.rows, "q")?);
        }
        Ok(all)
    }

    /// dQ/da `[n, A]` at `actions` `[n, A]`, of the same function as [`Self::q`].
    pub(crate) fn q_gradient(
        &self,
        critic: &Bound,
        rows: Rows<'_>,
        actions: &[f32],
    ) -> Result<Vec<f64>, Stop> {
        let mut handle = critic.critic()?;
        let mut all = Vec::new();
        for (block, action) in self.blocks(rows, actions) {
            let inputs = self.inputs(block);
            let action = self.array(action, self.action_dim);
            let (_, gradient) = handle.q_gradient(&query(&inputs, &action))?;
            all.extend(double(gradient, inputs.rows * self.action_dim, "dq_da")?);
        }
        Ok(all)
    }

    /// Q `[n, K]` of every action of a finite set.
    pub(crate) fn q_all(&self, critic: &Bound, rows: Rows<'_>) -> Result<Vec<f64>, Stop> {
        let mut handle = critic.discrete_critic()?;
        let mut all = Vec::new();
        for (block, _) in self.blocks(rows, &[]) {
            let inputs = self.inputs(block);
            let view = handle.q_all(
                inputs.observation.view(),
                inputs.goal(),
                Network::Online,
                Reduce::Min,
            )?;
            all.extend(double(view, inputs.rows * self.action_count, "q_all")?);
        }
        Ok(all)
    }

    fn blocks<'a>(
        &self,
        rows: Rows<'a>,
        actions: &'a [f32],
    ) -> impl Iterator<Item = (Rows<'a>, &'a [f32])> + use<'a> {
        let (s, g, a) = (self.observation_dim, self.goal_dim, self.action_dim);
        let n = rows.observation.len() / s;
        (0..n).step_by(BLOCK_ROWS).map(move |first| {
            let end = (first + BLOCK_ROWS).min(n);
            let block = Rows {
                observation: &rows.observation[first * s..end * s],
                goal: &rows.goal[first * g..end * g],
            };
            let actions = if actions.is_empty() {
                actions
            } else {
                &actions[first * a..end * a]
            };
            (block, actions)
        })
    }

    fn inputs(&self, rows: Rows<'_>) -> Inputs {
        Inputs {
            rows: rows.observation.len() / self.observation_dim,
            observation: self.array(
                &self.transform.encode_all(rows.observation),
                self.transform.dim(),
            ),
            goal: (self.goal_dim > 0).then(|| {
                let goals = self.transform.encode_goals(rows.goal, &self.goal_entries);
                self.array(&goals, self.transform.goal_dim(&self.goal_entries))
            }),
        }
    }

    fn array(&self, values: &[f32], width: usize) -> Array {
        let shape = [(values.len() / width) as i64, width as i64];
        if self.double {
            Array::from_vec(values.iter().map(|&x| f64::from(x)).collect(), &shape)
        } else {
            Array::from_vec(values.to_vec(), &shape)
        }
    }
}

fn query<'a>(inputs: &'a Inputs, action: &'a Array) -> Query<'a> {
    Query {
        observation: inputs.observation.view(),
        goal: inputs.goal(),
        action: action.view(),
        network: Network::Online,
        reduce: Reduce::Min,
    }
}

/// Entries of a view in single precision, in which observations and actions are kept.
pub(crate) fn single(view: View<'_>) -> Result<Vec<f32>, Stop> {
    Ok(match view.dtype() {
        Dtype::F32 => view.as_slice::<f32>()?.to_vec(),
        _ => view.as_slice::<f64>()?.iter().map(|&x| x as f32).collect(),
    })
}

fn double(view: View<'_>, expected: usize, name: &str) -> Result<Vec<f64>, Stop> {
    if view.len() != expected {
        let message = format!("{name} has {} entries, expected {expected}", view.len());
        return Err(Stop::new(FailureKind::Failed, message));
    }
    Ok(match view.dtype() {
        Dtype::F32 => view
            .as_slice::<f32>()?
            .iter()
            .map(|&x| f64::from(x))
            .collect(),
        _ => view.as_slice::<f64>()?.to_vec(),
    })
}

#[cfg(test)]
impl Form {
    /// Continuous actions in [-1, 1], no goals, states as they are, float32.
    pub(crate) fn plain(observation_dim: usize, action_dim: usize) -> Self {
        Self {
            observation_dim,
            goal_dim: 0,
            goal_entries: Vec::new(),
            transform: Transform::identity(observation_dim),
            action_dim,
            action_count: 0,
            action_low: -1.0,
            action_high: 1.0,
            double: false,
        }
    }
}
