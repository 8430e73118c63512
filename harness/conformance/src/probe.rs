//! Fixed inputs for the interfaces of a learner, and everything that can be observed of an instance.

use crate::bench::Bench;
use crate::outcome::Stop;
use crate::problem::Metric;
use crate::upstream::{array, numbers};
use crate::world::{ACTION_COUNT, ACTION_DIM, GOAL_DIM, OBSERVATION_DIM, World};
use manifest::random::Stream;
use plugin_api::{ActMode, Array, Dtype, Network, Precision, Query, Reduce, View};
use plugin_host::Bound;

/// Rows of the fixed inputs.
pub(crate) const ROWS: usize = 8;

/// Fixed observations `[8, S]`, goals `[8, G]` where there are goals, and actions `[8, A]`.
pub(crate) struct Probe {
    pub(crate) world: World,
    pub(crate) observation: Array,
    pub(crate) goal: Option<Array>,
    pub(crate) action: Array,
    pub(crate) dtype: Dtype,
}

/// An answer on the fixed inputs: what was asked, shape, elements.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) question: String,
    pub(crate) shape: Vec<i64>,
    pub(crate) values: Vec<f64>,
}

pub(crate) fn dtype(precision: Precision) -> Dtype {
    match precision {
        Precision::F32 => Dtype::F32,
        Precision::F64 => Dtype::F64,
    }
}

/// Copies a view.
pub(crate) fn answer(question: impl Into<String>, view: &View<'_>) -> Result<Answer, Stop> {
    Ok(Answer {
        question: question.into(),
        shape: view.shape().to_vec(),
        values: numbers(view)?,
    })
}

/// The element values of the fixed actions, row-major: continuous ones, or indices.
pub(crate) fn action_values(world: World, rows: usize) -> Vec<f64> {
    if world.is_discrete() {
        return (0..rows).map(|i| (i % ACTION_COUNT) as f64).collect();
    }
    let mut stream = Stream::new(0, &["conformance", "probe", "action"]);
    // Multiples of 2^-10 are exact in both precisions.
    let draw = |_| (stream.uniform_in(-0.9, 0.9) * 1024.0).round() / 1024.0;
    (0..rows * ACTION_DIM).map(draw).collect()
}

fn normal_values(name: &str, count: usize) -> Vec<f64> {
    let mut stream = Stream::new(0, &["conformance", "probe", name]);
    let draw = |_| (stream.normal() * 1024.0).round() / 1024.0;
    (0..count).map(draw).collect()
}

/// Fixed normal numbers `[rows, width]`.
pub(crate) fn normal(name: &str, rows: usize, width: usize, dtype: Dtype) -> Array {
    let shape = [rows as i64, width as i64];
    array(normal_values(name, rows * width), &shape, dtype)
}

impl Probe {
    pub(crate) fn new(world: World, precision: Precision) -> Self {
        Self::sized(world, precision, ROWS)
    }

    /// As many rows as asked for.
    pub(crate) fn sized(world: World, precision: Precision, rows: usize) -> Self {
        let dtype = dtype(precision);
        let shape = [rows as i64, world.action_width() as i64];
        Self {
            world,
            observation: normal("observation", rows, OBSERVATION_DIM, dtype),
            goal: world
                .has_goals()
                .then(|| normal("goal", rows, GOAL_DIM, dtype)),
            action: array(action_values(world, rows), &shape, dtype),
            dtype,
        }
    }

    /// The goals, where the problem has them.
    pub(crate) fn goal(&self) -> Option<View<'_>> {
        self.goal.as_ref().map(Array::view)
    }

    pub(crate) fn query(&self, network: Network, reduce: Reduce) -> Query<'_> {
        Query {
            observation: self.observation.view(),
            goal: self.goal(),
            action: self.action.view(),
            network,
            reduce,
        }
    }

    /// What every promised interface answers.
    pub(crate) fn answers(&self, bench: &Bench) -> Result<Vec<Answer>, Stop> {
        let mut answers = Vec::new();
        if bench.provides("policy/1") {
            self.policy_answers(&bench.bind("policy/1")?, &mut answers)?;
        }
        if bench.provides("critic/1") {
            self.critic_answers(&bench.bind("critic/1")?, &mut answers)?;
        }
        if bench.provides("state-value/1") {
            let bound = bench.bind("state-value/1")?;
            let mut handle = bound.state_value()?;
            let v = handle.v(self.observation.view(), self.goal())?;
            answers.push(answer("v", &v)?);
        }
        self.appended_answers(bench, &mut answers)?;
        Ok(answers)
    }

    fn appended_answers(&self, bench: &Bench, answers: &mut Vec<Answer>) -> Result<(), Stop> {
        let observation = self.observation.view();
        if bench.provides("q-all/1") {
            let bound = bench.bind("q-all/1")?;
            let mut critic = bound.discrete_critic()?;
            let q = critic.q_all(observation, self.goal(), Network::Online, Reduce::Min)?;
            answers.push(answer("q of all actions, min", &q)?);
        }
        if bench.provides("policy-discrete/1") {
            let bound = bench.bind("policy-discrete/1")?;
            let mut policy = bound.discrete_policy()?;
            let log_probs = policy.log_probs(observation, self.goal())?;
            answers.push(answer("log probabilities", &log_probs)?);
        }
        if bench.provides("encoder/1") {
            let bound = bench.bind("encoder/1")?;
            let mut encoder = bound.encoder()?;
            answers.push(answer("code", &encoder.encode(observation)?)?);
        }
        Ok(())
    }

    pub(crate) fn policy_answers(
        &self,
        bound: &Bound,
        answers: &mut Vec<Answer>,
    ) -> Result<(), Stop> {
        let mut policy = bound.policy()?;
        let modes = [
            ("greedy action", ActMode::Greedy),
            ("action sampled at position 0", ActMode::Sampled(0)),
            ("action sampled at position 7", ActMode::Sampled(7)),
        ];
        for (question, mode) in modes {
            let view = policy.act(self.observation.view(), self.goal(), mode)?;
            answers.push(answer(question, &view)?);
        }
        Ok(())
    }

    fn critic_answers(&self, bound: &Bound, answers: &mut Vec<Answer>) -> Result<(), Stop> {
        let mut critic = bound.critic()?;
        for reduce in [Reduce::Min, Reduce::Mean] {
            let query = self.query(Network::Online, reduce);
            let question = format!("q of the online network, {reduce:?}").to_lowercase();
            answers.push(answer(question, &critic.q(&query)?)?);
            if self.world.is_discrete() {
                continue;
            }
            let (_, gradient) = critic.q_gradient(&query)?;
            let question = format!("dq/da of the online network, {reduce:?}").to_lowercase();
            answers.push(answer(question, &gradient)?);
        }
        let query = self.query(Network::Target, Reduce::Min);
        match critic.q(&query) {
            Ok(view) => answers.push(answer("q of the target network, min", &view)?),
            Err(failure) if failure.code == plugin_api::Code::Unsupported => {}
            Err(failure) => return Err(failure.into()),
        }
        Ok(())
    }
}

/// Everything that can be observed of an instance.
pub(crate) struct Trace {
    pub(crate) state: Vec<u8>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) metrics: Vec<Metric>,
}

impl Trace {
    /// The first bitwise difference in words, or nothing.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        answers_difference(&self.answers, &other.answers)
            .or_else(|| bytes_difference(&self.state, &other.state))
            .or_else(|| metrics_difference(&self.metrics, &other.metrics))
    }
}

fn answers_difference(a: &[Answer], b: &[Answer]) -> Option<String> {
    if a.len() != b.len() {
        return Some(format!("{} answers against {}", a.len(), b.len()));
    }
    a.iter().zip(b).find_map(|(a, b)| a.difference(b))
}

impl Answer {
    /// The first bitwise difference in words, or nothing.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let what = &self.question;
        if self.shape != other.shape {
            return Some(format!(
                "{what}: shapes {:?} and {:?}",
                self.shape, other.shape
            ));
        }
        let differs = |(x, y): (&f64, &f64)| x.to_bits() != y.to_bits();
        let i = self.values.iter().zip(&other.values).position(differs)?;
        Some(format!(
            "{what}: element {i} is {:e} and {:e}",
            self.values[i], other.values[i]
        ))
    }
}

fn bytes_difference(a: &[u8], b: &[u8]) -> Option<String> {
    if a.len() != b.len() {
        return Some(format!("saved states of {} and {} bytes", a.len(), b.len()));
    }
    let i = a.iter().zip(b).position(|(x, y)| x != y)?;
    Some(format!(
        "saved states that differ from byte {i} of {}",
        a.len()
    ))
}

fn metrics_difference(a: &[Metric], b: &[Metric]) -> Option<String> {
    if a.len() != b.len() {
        return Some(format!("{} metrics against {}", a.len(), b.len()));
    }
    let same = |a: &Metric, b: &Metric| a.0 == b.0 && a.1 == b.1 && a.2.to_bits() == b.2.to_bits();
    let (a, b) = a.iter().zip(b).find(|(a, b)| !same(a, b))?;
    Some(format!(
        "metric {} = {:e} after update {} and {} = {:e} after update {}",
        a.0, a.2, a.1, b.0, b.2, b.1
    ))
}
