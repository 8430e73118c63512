//! Steps of `policy-update/1` and episodes of updates against an independent implementation:
//! `tests/golden/learners/test_time.py`.

use crate::Ttt;
use nn::testing::{Driver, FakeHost, Golden, KnownCritic};
use nn::{
    Activation, Actor, ActorOptions, AdamOptions, Dims, Init, LayerNorm, MeanKind, Minibatch,
    PolicyOptions, Schedule, StdKind,
};
use plugin_api::serve::Instance;
use plugin_api::{ActMode, Critic, Goals, Outcome, Policy, PolicyUpdate, Provide, TestTime, View};
use serde::Deserialize;

/// The episode of the cases.
const EPISODE: u64 = 2;

/// The form of a policy, as the cases give it.
#[derive(Deserialize)]
struct Form {
    hidden: Vec<i64>,
    activation: Activation,
    layer_norm: LayerNorm,
    mean: MeanKind,
    std: StdKind,
    std_value: f64,
    log_std_min: f64,
    log_std_max: f64,
}

impl Form {
    fn actor(self, host: &FakeHost) -> Actor {
        let policy = PolicyOptions {
            hidden: self.hidden,
            activation: self.activation,
            layer_norm: self.layer_norm,
            init: Init::VarianceScaling,
            output_scale: 1.0,
            mean: self.mean,
            std: self.std,
            std_value: self.std_value,
            log_std_min: self.log_std_min,
            log_std_max: self.log_std_max,
        };
        let adam = AdamOptions::new(1e-3, Schedule::Constant, 1);
        let options = ActorOptions { policy, adam };
        Actor::create(host.host(), &host.problem(1), options).expect("creates")
    }
}

fn dims(host: &FakeHost) -> Dims {
    Dims::continuous(&host.problem(1)).expect("continuous")
}

#[test]
fn a_step_of_policy_update_equals_the_reference() {
    #[derive(Deserialize)]
    struct Hyper {
        learning_rate: f64,
        kl_weight: f64,
    }
    let text = include_str!("../../../tests/golden/learners/policy-update.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let host = case.host();
        let form: Form = serde_json::from_str(&case.hyperparameters).expect("parses");
        let hyper: Hyper = serde_json::from_str(&case.hyperparameters).expect("parses");
        let mut actor = form.actor(&host);
        case.start("offline", &mut actor.params).expect("fits");
        actor.begin(hyper.learning_rate).expect("begins");
        case.start("online", &mut actor.params).expect("fits");
        let service = host.host();
        let batch =
            Minibatch::draw_for(&service, dims(&host), "train", 0, Goals::Policy).expect("draws");
        // The data's actions stand for dQ/da.
        let (state, dq_da) = (batch.state().expect("fits"), batch.action().expect("fits"));
        let ascended = actor.objective(&state, &dq_da, hyper.kl_weight);
        let (objective, _) = ascended.expect("computes");
        case.check_loss("objective", objective.double_value(&[]));
        case.check_gradients(&actor.params, &objective);
        let raw = batch.raw();
        for update in 1..=3 {
            let kl = actor.step(raw.observation, raw.goal, raw.action, hyper.kl_weight);
            let kl = kl.expect("steps");
            if update == 1 {
                case.check_loss("kl", kl);
            }
            if update != 2 {
                case.check_after(update, "online", &actor.params);
            }
        }
    }
    assert!(!golden.cases.is_empty());
}

/// A policy that takes down the divergences of its updates, below the known critic.
struct Base {
    actor: Actor,
    critic: KnownCritic,
    kl: Vec<f64>,
}

impl PolicyUpdate for Base {
    fn begin(&mut self, learning_rate: f64) -> Outcome<()> {
        self.actor.begin(learning_rate)
    }

    fn step(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        dq_da: View<'_>,
        kl_weight: f64,
    ) -> Outcome<f64> {
        let kl = self.actor.step(observation, goal, dq_da, kl_weight)?;
        self.kl.push(kl);
        Ok(kl)
    }

    fn reset(&mut self) -> Outcome<()> {
        self.actor.reset()
    }
}

impl Provide for Base {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(&mut self.critic)
    }
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(&mut self.actor)
    }
    fn policy_update(&mut self) -> Option<&mut dyn PolicyUpdate> {
        Some(self)
    }
}

#[test]
fn an_episode_of_updates_equals_the_reference() {
    let text = include_str!("../../../tests/golden/learners/ttt.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let host = case.host();
        let mut both: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&case.hyperparameters).expect("parses");
        let form: Form = serde_json::from_value(both["policy"].take()).expect("parses");
        let mut actor = form.actor(&host);
        case.start("online", &mut actor.params).expect("fits");
        let mut base = Instance::new(Base {
            actor,
            critic: KnownCritic::new(dims(&host)),
            kl: Vec::new(),
        });
        let mut ttt =
            Driver::<Ttt>::bound(&host, 0, &both["ttt"].to_string(), &mut base).expect("creates");
        ttt.learner().begin_episode(EPISODE).expect("begins");
        let data = host.data();
        let (s, g) = (data.observation_dim, data.goal_dim);
        let goal = host.array(&data.goal[..g], &[1, g as i64]);
        let (mut step, mut updates) = (0, 0);
        while updates < 3 {
            let row = step % data.rows();
            let visit = host.array(&data.next_observation[row * s..][..s], &[1, s as i64]);
            let mut policy = ttt.policy().expect("offers a policy");
            let goal = (g > 0).then(|| goal.view());
            let action = policy.act(visit.view(), goal, ActMode::Greedy);
            let action = action.expect("acts").to_f64().expect("floats");
            let before = std::mem::replace(&mut updates, ttt.learner().counts().policy_updates);
            if updates > before && updates != 2 {
                case.check_answer(&format!("action after {updates}"), &action);
                case.check_after(updates, "online", &base.provider_mut().actor.params);
            }
            step += 1;
        }
        case.check_answer("kl", &base.provider_mut().kl);
    }
    assert!(!golden.cases.is_empty());
}
