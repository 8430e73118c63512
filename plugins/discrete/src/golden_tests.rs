//! Losses, gradients and updates against an independent implementation: `tests/golden/learners/discrete.py`.

use crate::{Ascent, Cloning, DiscreteIql, Extraction, Rule, WeightedCloning};
use nn::Minibatch;
use nn::testing::{Driver, Golden};
use plugin_api::serve::Instance;
use plugin_api::{
    ActMode, Array, DiscreteCritic, DiscretePolicy, Dtype, Goals, Network, Outcome, Policy,
    Precision, Provide, Reduce, StateValue, View,
};

/// K of the cases.
const ACTIONS: usize = 4;

/// Two members `Q_ik(s) = w (s_0 - c_i k)^2 + 0.1 sum(s)` with `c = (0.3, -0.4)` and `w = -1` online, `-0.5` in the target
/// network; `V(s) = -0.2 + 0.5 s_0`. The goal counts as part of s.
struct Known;

fn rows(observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Vec<Vec<f64>>> {
    let width = |view: View<'_>| view.shape()[1] as usize;
    let (s, mut all) = (observation.to_f64()?, Vec::new());
    all.extend(s.chunks(width(observation)).map(<[f64]>::to_vec));
    if let Some(goal) = goal {
        let g = goal.to_f64()?;
        for (row, g) in all.iter_mut().zip(g.chunks(width(goal))) {
            row.extend_from_slice(g);
        }
    }
    Ok(all)
}

fn array(like: View<'_>, values: Vec<f64>, shape: &[i64]) -> Array {
    let precision = match like.dtype() {
        Dtype::F32 => Precision::F32,
        _ => Precision::F64,
    };
    Array::from_f64(values, shape, precision)
}

impl DiscreteCritic for Known {
    fn q_all(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        network: Network,
        reduce: Reduce,
    ) -> Outcome<Array> {
        let w = match network {
            Network::Online => -1.0,
            Network::Target => -0.5,
        };
        let mut q = Vec::new();
        for s in rows(observation, goal)? {
            let member = |c: f64, k: usize| w * (s[0] - c * k as f64).powi(2);
            let rest = 0.1 * s.iter().sum::<f64>();
            q.extend((0..ACTIONS).map(|k| {
                let (one, other) = (member(0.3, k), member(-0.4, k));
                rest + match reduce {
                    Reduce::Mean => 0.5 * (one + other),
                    _ => one.min(other),
                }
            }));
        }
        let shape = [observation.shape()[0], ACTIONS as i64];
        Ok(array(observation, q, &shape))
    }
}

impl StateValue for Known {
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array> {
        let rows = rows(observation, goal)?;
        let v = rows.iter().map(|s| -0.2 + 0.5 * s[0]).collect();
        Ok(array(observation, v, &[rows.len() as i64]))
    }
}

impl Provide for Known {
    fn discrete_critic(&mut self) -> Option<&mut dyn DiscreteCritic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        Some(self)
    }
}

fn golden(text: &str) -> Golden {
    let golden: Golden = serde_json::from_str(text).expect("parses");
    assert!(!golden.cases.is_empty());
    golden
}

fn floats(answer: Outcome<Array>) -> Vec<f64> {
    let answer = answer.expect("answers");
    answer.view().to_f64().expect("floats")
}

fn check<R: Rule>(text: &str) {
    let golden = golden(text);
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut known = Instance::new(Known);
        let mut driver = Driver::<Extraction<R>>::bound(&host, golden.horizon, hyper, &mut known)
            .expect("creates");
        let learner = driver.learner();
        case.start("online", &mut learner.actor.params)
            .expect("fits");
        let service = host.host();
        let dims = learner.space.dims;
        let batch = Minibatch::draw_for(&service, dims, "train", 0, Goals::Policy).expect("draws");
        let raw = batch.raw();
        let (s, g) = (raw.observation, raw.goal);
        case.check_answer("log_probs", &floats(learner.actor.log_probs(s, g)));
        case.check_answer("greedy", &floats(learner.actor.act(s, g, ActMode::Greedy)));
        learner.rule.prepare(&service).expect("estimates");
        let loss = learner.loss(&batch).expect("computes").total;
        case.check_loss(R::LOSS, loss.double_value(&[]));
        case.check_gradients(&learner.actor.params, &loss);
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            case.check_after(total, "online", &driver.learner().actor.params);
        }
        let recorded = host.metric(R::LOSS);
        assert_eq!(recorded.len(), 3, "{}", case.name);
        case.check_loss(R::LOSS, recorded[0].1);
    }
}

#[test]
fn cloning_equals_the_reference() {
    check::<Cloning>(include_str!(
        "../../../tests/golden/learners/discrete-bc.json"
    ));
}

#[test]
fn weighted_cloning_equals_the_reference() {
    check::<WeightedCloning>(include_str!(
        "../../../tests/golden/learners/discrete-awr.json"
    ));
}

#[test]
fn ascent_equals_the_reference() {
    check::<Ascent>(include_str!(
        "../../../tests/golden/learners/discrete-pg-bc.json"
    ));
}

#[test]
fn values_equal_the_reference() {
    let golden = golden(include_str!(
        "../../../tests/golden/learners/discrete-iql.json"
    ));
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut driver = Driver::<DiscreteIql>::new(&host, golden.horizon, hyper).expect("creates");
        let iql = driver.learner();
        case.start("online", &mut iql.q).expect("fits");
        case.start("target", &mut iql.q_target).expect("fits");
        case.start("online", &mut iql.v).expect("fits");
        let (service, dims) = (host.host(), iql.space.dims);
        let batch = Minibatch::draw_for(&service, dims, "train", 0, Goals::Value).expect("draws");
        let v_loss = iql.value_loss(&batch).expect("computes");
        let q_loss = iql.critic_loss(&batch).expect("computes");
        case.check_loss("v_loss", v_loss.double_value(&[]));
        case.check_loss("q_loss", q_loss.double_value(&[]));
        case.check_gradients(&iql.v, &v_loss);
        case.check_gradients(&iql.q, &q_loss);
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            let iql = driver.learner();
            case.check_after(total, "online", &iql.q);
            case.check_after(total, "target", &iql.q_target);
            case.check_after(total, "online", &iql.v);
        }
        assert_eq!(host.metric("q_loss").len(), 3, "{}", case.name);
    }
}
