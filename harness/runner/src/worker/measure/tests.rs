//! Measures of policies and critics whose errors are known.

use super::call::Form;
use super::coverage;
use super::errors::errors;
use super::probe::probe;
use super::value::Learned;
use super::{CriticOf, Data, Measures, Named, Reference, States, Visits};
use crate::worker::environment::Simulator;
use crate::worker::oracle::{ExactValues, Setup};
use crate::worker::transform::Transform;
use dataset::{Batch, Transition, Transitions};
use envs::{BehaviourSpec, Functional};
use manifest::random::Stream;
use plugin_api::{
    ActMode, Array, Code, Critic, Network, Outcome, Policy, Precision, Problem, Provide, Query,
    Reduce, View,
};
use plugin_host::{Bound, Served};
use std::collections::BTreeMap;

const BANDIT: &str = "cbandit/default-v0";
const LQR: &str = "lqr-nav/default-v0";
const BEHAVIOUR: BehaviourSpec = BehaviourSpec::ScaledOptimal {
    gain: 0.5,
    bias: 0.1,
    noise: 0.2,
};

fn form(id: &str) -> Form {
    let info = envs::info(id).unwrap();
    Form::plain(info.observation_dim, info.action_dim)
}

fn reference(id: &str) -> Reference {
    let info = envs::info(id).unwrap();
    Reference::new(envs::oracle(id, info.discount, None).unwrap().unwrap())
}

fn simulator(id: &str) -> Simulator {
    Simulator::BuiltIn(envs::make(id).unwrap())
}

/// The harness's own oracle with these hyperparameters.
fn exact(id: &str, params: serde_json::Value) -> Served<ExactValues> {
    let info = envs::info(id).unwrap();
    let problem = Problem {
        precision: Precision::F32,
        observation_dim: info.observation_dim,
        action_dim: info.action_dim,
        action_count: 0,
        goal_dim: 0,
        action_low: -1.0,
        action_high: 1.0,
        discount: info.discount,
        batch_size: 1,
        updates: 0,
        row_count: 1,
        observation_shape: [0; 3],
    };
    Served::new(
        ExactValues::new(Setup {
            oracle: envs::oracle(id, info.discount, None).unwrap().unwrap(),
            params: params.as_object().unwrap(),
            behaviour: Some(&BEHAVIOUR),
            environment: id,
            problem: &problem,
            transform: &Transform::identity(info.observation_dim),
            goal_entries: &[],
        })
        .unwrap(),
    )
}

fn optimal() -> serde_json::Value {
    serde_json::json!({"functional": "optimal", "state_value": "optimal"})
}

/// A critic that knows nothing: Q and dQ/da are noise addressed by the row.
struct Shuffled {
    action_dim: usize,
    calls: u64,
}

impl Shuffled {
    fn noise(&mut self, count: usize, shape: &[i64]) -> Array {
        self.calls += 1;
        let mut stream = Stream::new(self.calls, &["test", "shuffled"]);
        Array::from_vec((0..count).map(|_| stream.normal() as f32).collect(), shape)
    }
}

impl Critic for Shuffled {
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array> {
        let rows = query.action.len() / self.action_dim;
        Ok(self.noise(rows, &[rows as i64]))
    }
    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)> {
        let rows = query.action.len() / self.action_dim;
        let q = self.noise(rows, &[rows as i64]);
        let all = rows * self.action_dim;
        Ok((q, self.noise(all, &[rows as i64, self.action_dim as i64])))
    }
}

impl Provide for Shuffled {
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        Some(self)
    }
}

/// A policy whose every action entry is one number, at the bound.
struct Saturated(usize);

impl Policy for Saturated {
    fn act(
        &mut self,
        observation: View<'_>,
        _goal: Option<View<'_>>,
        _mode: ActMode,
    ) -> Outcome<Array> {
        let rows = observation.shape()[0];
        let values = vec![1.0f32; rows as usize * self.0];
        Ok(Array::from_vec(values, &[rows, self.0 as i64]))
    }
}

impl Provide for Saturated {
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        Some(self)
    }
}

fn critic(bound: Bound) -> CriticOf {
    CriticOf {
        bound,
        expectile: None,
    }
}

/// States of the probe set with random actions.
fn states(id: &str) -> States {
    let form = form(id);
    let mut states = probe(&form, &reference(id), &mut simulator(id)).unwrap();
    let mut stream = Stream::new(9, &["test", "actions"]);
    for a in &mut states.action {
        *a = stream.uniform_in(-0.8, 0.8) as f32;
    }
    states
}

#[test]
fn an_exact_critic_has_no_error_and_agrees_in_order_and_direction() {
    for id in [BANDIT, LQR] {
        let (form, states) = (form(id), states(id));
        let mut served = exact(id, optimal());
        let bound = served.bind("value", "critic/1").unwrap();
        let learned = Learned::ask(&form, &bound, &states, Some(&states.action)).unwrap();
        let found = learned
            .compare(&reference(id), &Functional::Optimal)
            .unwrap()
            .unwrap();
        // Values of a few units in single precision.
        assert!(found.error < 1e-5 && found.bias.abs() < 1e-5, "{found:?}");
        assert!(found.rank_correlation.unwrap() > 0.999, "{found:?}");
        assert!(found.gradient_cosine.unwrap() > 0.999_999, "{found:?}");
    }
}

#[test]
fn a_critic_that_knows_nothing_has_no_order_and_no_direction() {
    let (form, states) = (form(LQR), states(LQR));
    let mut served = Served::new(Shuffled {
        action_dim: form.action_dim,
        calls: 0,
    });
    let bound = served.bind("value", "critic/1").unwrap();
    let learned = Learned::ask(&form, &bound, &states, Some(&states.action)).unwrap();
    let found = learned
        .compare(&reference(LQR), &Functional::Optimal)
        .unwrap()
        .unwrap();
    // 1,000 states: standard errors are .012 (eight ranks) and .016 (four entries).
    assert!(found.rank_correlation.unwrap().abs() < 0.06, "{found:?}");
    assert!(found.gradient_cosine.unwrap().abs() < 0.08, "{found:?}");
    assert!(found.error > 0.5, "{found:?}");
}

#[test]
fn a_shift_of_all_values_is_bias_and_no_error() {
    let (form, states) = (form(LQR), states(LQR));
    let reference = reference(LQR);
    let mut served = exact(
        LQR,
        serde_json::json!({"functional": "behaviour", "state_value": "behaviour"}),
    );
    let bound = served.bind("value", "critic/1").unwrap();
    let learned = Learned::ask(&form, &bound, &states, None).unwrap();
    let own = Functional::Behaviour(BEHAVIOUR);
    let same = learned.compare(&reference, &own).unwrap().unwrap();
    assert!(same.error < 1e-4 && same.bias.abs() < 1e-4, "{same:?}");
    assert_eq!(same.gradient_cosine, None);
    // Q of the behaviour is below Q* everywhere, by a different amount at different states.
    let other = learned
        .compare(&reference, &Functional::Optimal)
        .unwrap()
        .unwrap();
    assert!(other.bias < -0.1 && other.error > 1e-3, "{other:?}");
}

#[test]
fn the_dials_of_the_oracle_lower_what_is_measured() {
    let (form, states) = (form(LQR), states(LQR));
    let measured = |value: f64, gradient: f64| {
        let mut params = optimal();
        params["value_noise"] = value.into();
        params["gradient_noise"] = gradient.into();
        let mut served = exact(LQR, params);
        let bound = served.bind("value", "critic/1").unwrap();
        let learned = Learned::ask(&form, &bound, &states, Some(&states.action)).unwrap();
        let found = learned.compare(&reference(LQR), &Functional::Optimal);
        found.unwrap().unwrap()
    };
    let (some, much) = (measured(0.3, 0.0), measured(3.0, 0.0));
    assert!(some.error > 1e-3 && (much.error / some.error - 10.0).abs() < 1e-3);
    let (some_rank, much_rank) = (some.rank_correlation, much.rank_correlation);
    assert!(
        some_rank.unwrap() < 0.999 && much_rank < some_rank,
        "{some_rank:?} {much_rank:?}"
    );
    assert!(much.gradient_cosine < some.gradient_cosine);
    let alone = measured(0.0, 1.0);
    assert!(alone.error < 1e-5 && alone.rank_correlation.unwrap() > 0.999);
    let cosine = alone.gradient_cosine.unwrap();
    assert!((0.2..0.97).contains(&cosine), "{cosine}");
    // The same dials give the same critic.
    assert_eq!(measured(0.3, 0.0), some);
}

#[test]
fn an_ensemble_of_the_oracle_answers_by_member_and_by_reduction() {
    let (form, states) = (form(LQR), states(LQR));
    let (n, dims) = (6, (form.observation_dim, form.action_dim));
    let observation = Array::from_vec(
        states.observation[..n * dims.0].to_vec(),
        &[6, dims.0 as i64],
    );
    let action = Array::from_vec(states.action[..n * dims.1].to_vec(), &[6, dims.1 as i64]);
    let ask = |params: serde_json::Value, reduce: Reduce| {
        let mut served = exact(LQR, params);
        let bound = served.bind("value", "critic/1").unwrap();
        let mut critic = bound.critic().unwrap();
        let query = Query {
            observation: observation.view(),
            goal: None,
            action: action.view(),
            network: Network::Online,
            reduce,
        };
        let q = critic.q(&query).unwrap();
        let (shape, q) = (q.shape().to_vec(), q.to_f64().unwrap());
        let gradient = critic.q_gradient(&query).map(|(_, g)| g.to_f64().unwrap());
        (shape, q, gradient.map_err(|failure| failure.code))
    };
    let with = |members: u64, noise: f64| {
        let mut params = optimal();
        params["members"] = members.into();
        params["value_noise"] = noise.into();
        params
    };
    let (shape, members, refused) = ask(with(3, 0.5), Reduce::Member);
    assert_eq!((shape, refused), (vec![3, 6], Err(Code::Unsupported)));
    let (shape, least, _) = ask(with(3, 0.5), Reduce::Min);
    assert_eq!(shape, [6]);
    let (_, mean, slope) = ask(with(3, 0.5), Reduce::Mean);
    assert_eq!(slope.unwrap().len(), 6 * dims.1);
    let (_, one, _) = ask(with(1, 0.5), Reduce::Mean);
    assert_eq!(one, members[..6], "the first member is the critic of one");
    for i in 0..6 {
        let of: Vec<f64> = (0..3).map(|m| members[m * 6 + i]).collect();
        assert_eq!(least[i], of.iter().copied().fold(f64::INFINITY, f64::min));
        assert!((mean[i] - of.iter().sum::<f64>() / 3.0).abs() < 1e-6);
        assert!(of[0] != of[1] && of[1] != of[2], "{of:?}");
    }
    // Without noise all members are exact.
    let (shape, members, _) = ask(with(2, 0.0), Reduce::Member);
    assert_eq!(shape, [2, 6]);
    assert_eq!(members[..6], members[6..]);
    assert_eq!(members[..6], ask(optimal(), Reduce::Mean).1);
}

#[test]
fn the_optimal_policy_has_no_error_and_another_has_the_known_one() {
    for id in [BANDIT, LQR] {
        let (form, reference, states) = (form(id), reference(id), states(id));
        let target = reference.target(&form, &states, usize::MAX).unwrap();
        let none = errors(&form, &reference, &states, &target, &target.action).unwrap();
        assert_eq!(none.action_mse, Some(0.0));
        assert!(none.regret.unwrap().abs() < 1e-6, "{none:?}");
    }
    // On the bandit the regret of an action is its squared distance to pi*.
    let (form, reference, states) = (form(BANDIT), reference(BANDIT), states(BANDIT));
    let target = reference.target(&form, &states, usize::MAX).unwrap();
    let found = errors(&form, &reference, &states, &target, &states.action).unwrap();
    let (mse, regret) = (found.action_mse.unwrap(), found.regret.unwrap());
    assert!(mse > 0.1 && (mse - regret).abs() < 1e-6, "{found:?}");
}

/// Transitions of single steps at the probe states, with random actions.
fn transitions(states: &States, form: &Form) -> Transitions {
    let mut batch = Batch::default();
    for i in 0..states.len(form) {
        batch.push(Transition {
            episode: i as u32,
            observation: states.observation_at(form, i),
            action: states.action_at(form, i),
            reward: 0.0,
            terminated: true,
            truncated: false,
            final_observation: None,
        });
    }
    Transitions::from_batch(form.observation_dim as u32, form.action_dim as u32, batch).unwrap()
}

fn names(rows: Vec<Named>) -> BTreeMap<String, f64> {
    rows.into_iter().collect()
}

#[test]
fn an_evaluation_of_the_optimal_policy_reports_every_measure() {
    let (form, states) = (form(BANDIT), states(BANDIT));
    let transitions = transitions(&states, &form);
    let rows: Vec<u32> = (0..transitions.len() as u32).collect();
    let data = Data {
        transitions: &transitions,
        train: &rows[..900],
        validation: &rows[900..],
        goals: None,
        discount: 0.0,
        behaviour: Some(&BEHAVIOUR),
    };
    let mut served = exact(BANDIT, optimal());
    let policy = served.bind("policy", "policy/1").unwrap();
    let value = critic(served.bind("policy", "critic/1").unwrap());
    let reference = reference(BANDIT);
    let measures = Measures::new(
        form.clone(),
        Some(reference.clone()),
        &data,
        &mut simulator(BANDIT),
    )
    .unwrap();
    let fixed = names(measures.on_fixed_states(&policy).unwrap());
    let expected = [
        "action_mse_probe",
        "action_mse_train",
        "action_mse_validation",
    ];
    assert_eq!(fixed.keys().take(3).collect::<Vec<_>>(), expected);
    assert!(fixed.values().all(|x| x.abs() < 1e-6), "{fixed:?}");
    let mut visits = Visits::new(&form);
    for i in 0..100 {
        visits.add(
            states.observation_at(&form, i),
            &[],
            states.action_at(&form, i),
        );
    }
    let visited = names(measures.on_visits(&visits).unwrap());
    assert!(visited["action_mse_evaluation"] > 0.1);
    assert_eq!(visited["saturated_share"], 0.0);
    let end = names(
        measures
            .at_the_end(&policy, false, Some(&value), &visits)
            .unwrap(),
    );
    assert!(end["q_error_train"] < 1e-5 && end["q_error_train_behaviour"] < 1e-5);
    assert!(end["q_rank_correlation_validation"] > 0.999);
    assert!(end["q_gradient_cosine_evaluation"] > 0.999);
    assert_eq!(end["coverage_distance"], 0.0);
    assert!(end["behaviour_regret"] > 0.1);
    assert!(
        !end.contains_key("train_log_likelihood"),
        "the oracle has no density"
    );
}

#[test]
fn a_policy_that_adapts_is_measured_where_it_went_only() {
    let (form, states) = (form(LQR), states(LQR));
    let transitions = transitions(&states, &form);
    let rows: Vec<u32> = (0..transitions.len() as u32).collect();
    let data = Data {
        transitions: &transitions,
        train: &rows[..900],
        validation: &rows[900..],
        goals: None,
        discount: 0.95,
        behaviour: None,
    };
    let mut policy = Served::new(Saturated(form.action_dim));
    let policy = policy.bind("policy", "policy/1").unwrap();
    let mut served = exact(LQR, optimal());
    let value = critic(served.bind("value", "critic/1").unwrap());
    let measures = Measures::new(
        form.clone(),
        Some(reference(LQR)),
        &data,
        &mut simulator(LQR),
    )
    .unwrap();
    let mut visits = Visits::new(&form);
    visits.add(states.observation_at(&form, 3), &[], &[1.0; 4]);
    let visited = names(measures.on_visits(&visits).unwrap());
    assert_eq!(
        (visited["mean_abs_action"], visited["saturated_share"]),
        (1.0, 1.0)
    );
    assert!(visited["regret_evaluation"] > 0.0);
    let end = names(
        measures
            .at_the_end(&policy, true, Some(&value), &visits)
            .unwrap(),
    );
    assert!(end.contains_key("q_error_train") && end.contains_key("q_gradient_cosine_evaluation"));
    assert!(!end.contains_key("q_gradient_cosine_train"));
    assert!(!end.contains_key("q_error_train_behaviour"));
}

#[test]
fn the_probe_set_repeats_and_holds_states_of_the_reference_policy() {
    let form = form(LQR);
    let one = || probe(&form, &reference(LQR), &mut simulator(LQR)).unwrap();
    let (a, b) = (one(), one());
    assert_eq!(a.observation, b.observation);
    assert_eq!(a.len(&form), 1_000);
    let target = reference(LQR).target(&form, &a, 10).unwrap();
    assert_eq!(a.action, target.action);
    assert_eq!(target.value.len(), 10);
    // The first state of an episode is a start, and later ones are nearer to the origin.
    let size = |s: &[f32]| s.iter().map(|x| x * x).sum::<f32>();
    assert!(size(a.observation_at(&form, 0)) > size(a.observation_at(&form, 24)));
    let distance = coverage::distance(form.observation_dim, &a.observation, &b.observation);
    assert_eq!(distance, Some(0.0));
}
