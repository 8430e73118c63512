//! An encoder known in closed form, and the proof that a learner behind it learns from codes.

use super::critic::KnownCritic;
use super::driver::Driver;
use super::host::{Data, FakeHost};
use crate::batch::Dims;
use plugin_api::serve::Instance;
use plugin_api::{
    ActMode, Array, Critic, Encoder, Failure, Learner, Network, Outcome, Precision, Provide, Query,
    Reduce, StateValue, View,
};

/// S
const OBSERVATION: usize = 3;
/// E
const CODE: usize = 2;

/// Codes `(s_0 - s_1, s_2 / 2)` of three numbers, and a [`KnownCritic`] of codes. It refuses what is not finite.
pub struct Coded {
    critic: KnownCritic,
    encodes: bool,
    /// Calls of `encode` so far.
    pub calls: usize,
}

impl Coded {
    /// For a stage whose codes and actions have these sizes. With `encodes` it offers `encoder/1` and its critic is asked
    /// about observations, without it about codes.
    pub fn new(codes: Dims, encodes: bool) -> Self {
        Self {
            critic: KnownCritic::new(codes),
            encodes,
            calls: 0,
        }
    }

    /// `[n, S] -> [n, E]`
    pub fn codes(observations: &[f64]) -> Vec<f64> {
        let rows = observations.chunks_exact(OBSERVATION);
        rows.flat_map(|s| [s[0] - s[1], 0.5 * s[2]]).collect()
    }

    fn seen(&self, observation: View<'_>) -> Outcome<Array> {
        let values = observation.to_f64()?;
        let codes = if self.encodes {
            Self::codes(&values)
        } else {
            values
        };
        let rows = codes.len() / CODE;
        Ok(Array::from_vec(codes, &[rows as i64, CODE as i64]))
    }
}

impl Encoder for Coded {
    fn encode(&mut self, observation: View<'_>) -> Outcome<Array> {
        observation.expect_finite("observation")?;
        self.calls += 1;
        self.seen(observation)
    }
}

impl Critic for Coded {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        let code = self.seen(query.observation)?;
        let observation = code.view();
        self.critic.q(&Query {
            observation,
            ..*query
        })
    }

    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        let code = self.seen(query.observation)?;
        let observation = code.view();
        self.critic.q_gradient(&Query {
            observation,
            ..*query
        })
    }
}

impl StateValue for Coded {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let code = self.seen(observation)?;
        self.critic.v(code.view(), goal)
    }
}

impl Provide for Coded {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
    fn encoder(&mut self) -> Option<&mut dyn Encoder> {
        if self.encodes { Some(self) } else { None }
    }
}

/// 60 transitions with observations of three numbers, every third of them terminal, and with goals of one number or none.
fn transitions(goals: bool) -> Data {
    let shape = (OBSERVATION, 2, 60);
    let mut data = Data::bandit(shape, 0.5, |s, i| 0.4 * s[i], |s, a| s[0] - a[1]);
    data.next_observation.rotate_left(OBSERVATION);
    data.next_action = data.action.iter().map(|a| 0.5 * a).collect();
    for (i, terminated) in data.terminated.iter_mut().enumerate() {
        *terminated = f64::from(u8::from(i % 3 == 0));
    }
    if goals {
        data.goal_dim = 1;
        data.goal = data.reward.clone();
    }
    data
}

/// Asserts that a learner behind an encoder has the state and gives the answers, byte for byte, of one that is given codes
/// for observations; whatever is observed after the end of an episode.
pub fn check_encoded<L: Learner>(hyperparameters: &str) {
    for goals in [false, true] {
        let mut data = transitions(goals);
        let mut codes = data.clone();
        codes.observation_dim = CODE;
        codes.observation = Coded::codes(&data.observation);
        codes.next_observation = Coded::codes(&data.next_observation);
        for (i, next) in data
            .next_observation
            .chunks_exact_mut(OBSERVATION)
            .enumerate()
        {
            if data.terminated[i] == 1.0 {
                next.fill(f64::NAN);
            }
        }
        let behind = trained::<L>(data, hyperparameters, true);
        let plain = trained::<L>(codes, hyperparameters, false);
        assert!(behind.0 == plain.0, "the states differ, goals {goals}");
        assert_eq!(behind.1, plain.1, "the answers differ, goals {goals}");
        assert!(!behind.1.is_empty(), "nothing was asked");
    }
}

/// The saved state after ten updates, and what every interface answers about the first four rows.
fn trained<L: Learner>(data: Data, hyperparameters: &str, encodes: bool) -> (Vec<u8>, Vec<f64>) {
    let host = FakeHost::new(data, Precision::F64, 16, 5);
    let mut dims = Dims::continuous(&host.problem(1)).expect("continuous");
    dims.observation = CODE as i64;
    let mut stages = Instance::new(Coded::new(dims, encodes));
    let mut driver = Driver::<L>::bound(&host, 10, hyperparameters, &mut stages).expect("creates");
    driver.update(10).expect("trains");
    let state = driver.save().expect("saves");
    let answers = answers(driver.learner(), &host).expect("answers");
    drop(driver);
    assert_eq!(stages.provider_mut().calls > 0, encodes);
    (state, answers)
}

fn answers<L: Learner>(learner: &mut L, host: &FakeHost) -> Outcome<Vec<f64>> {
    const ROWS: usize = 4;
    let data = host.data();
    let array = |values: &[f64], width: usize| {
        host.array(&values[..ROWS * width], &[ROWS as i64, width as i64])
    };
    let observation = array(&data.observation, data.observation_dim);
    let action = array(&data.action, data.action_dim);
    let goal = (data.goal_dim > 0).then(|| array(&data.goal, data.goal_dim));
    let goal = || goal.as_ref().map(Array::view);
    let mut all = Vec::new();
    if let Some(policy) = learner.policy() {
        let actions = policy.act(observation.view(), goal(), ActMode::Greedy)?;
        all.extend(actions.view().to_f64()?);
        let (mean, _) = policy.distribution(observation.view(), goal())?;
        all.extend(mean.view().to_f64()?);
        all.extend(
            policy
                .log_prob(observation.view(), goal(), action.view())?
                .view()
                .to_f64()?,
        );
    }
    if let Some(update) = learner.policy_update() {
        update.begin(0.1)?;
        all.push(update.step(observation.view(), goal(), action.view(), 0.5)?);
        all.push(update.step(observation.view(), goal(), action.view(), 0.5)?);
    }
    if let Some(critic) = learner.critic() {
        let query = Query {
            observation: observation.view(),
            goal: goal(),
            action: action.view(),
            network: Network::Target,
            reduce: Reduce::Min,
        };
        let (q, dq_da) = critic.q_gradient(&query)?;
        all.extend(q.view().to_f64()?);
        all.extend(dq_da.view().to_f64()?);
    }
    if let Some(value) = learner.state_value() {
        all.extend(value.v(observation.view(), goal())?.view().to_f64()?);
    }
    if all.iter().all(|x| x.is_finite()) {
        return Ok(all);
    }
    Err(Failure::non_finite(format!("{all:?}")))
}
