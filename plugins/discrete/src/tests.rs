//! Tables: states are one-hot and models linear, so that every learner can represent its answer exactly.

use crate::{DiscreteAwr, DiscreteBc, DiscreteIql, DiscretePgBc};
use nn::testing::{Data, Driver, FakeHost, check_resume};
use plugin_api::serve::Instance;
use plugin_api::{
    ActMode, Array, Code, DiscreteCritic, DiscretePolicy, Learner, Network, Outcome, Policy,
    Precision, Provide, Reduce, StateValue, View,
};
use std::cell::RefCell;

const STATES: usize = 3;
const ACTIONS: usize = 4;
/// How often each action occurs in each state.
const COUNTS: [[usize; ACTIONS]; STATES] = [[4, 1, 2, 1], [1, 3, 3, 1], [2, 2, 1, 3]];
const REWARDS: [[f64; ACTIONS]; STATES] = [
    [0.2, 1.0, -0.5, 0.0],
    [-1.0, 0.3, 0.6, 0.1],
    [0.4, -0.2, 0.9, 0.7],
];
const Q: [[f64; ACTIONS]; STATES] = [
    [0.5, 1.5, -0.5, 0.25],
    [-1.0, 0.5, 1.0, 0.0],
    [0.3, -0.2, 0.8, 0.1],
];

fn one_hot(state: usize) -> [f64; STATES] {
    std::array::from_fn(|i| f64::from(u8::from(i == state)))
}

/// The state after an action, or none where it ends the episode.
fn next(state: usize, action: usize) -> Option<usize> {
    match (state + action) % 4 {
        3 => None,
        other => Some(other % STATES),
    }
}

fn data() -> Data {
    let mut data = Data {
        observation_dim: STATES,
        action_dim: 1,
        action_count: ACTIONS,
        ..Data::default()
    };
    for s in 0..STATES {
        for a in 0..ACTIONS {
            for _ in 0..COUNTS[s][a] {
                data.observation.extend(one_hot(s));
                data.action.push(a as f64);
                data.reward.push(REWARDS[s][a]);
                data.terminated
                    .push(f64::from(u8::from(next(s, a).is_none())));
                data.next_observation
                    .extend(next(s, a).map_or([f64::NAN; STATES], one_hot));
            }
        }
    }
    data
}

fn host(precision: Precision) -> Box<FakeHost> {
    FakeHost::whole(data(), precision)
}

/// Offers [`Q`], or NaN where it is broken, and V = 0.25 in every state.
struct Table {
    with_value: bool,
    broken: bool,
}

fn row_of(s: &[f64]) -> usize {
    s.iter().position(|x| *x == 1.0).expect("one-hot")
}

fn array(like: View<'_>, values: Vec<f64>, shape: &[i64]) -> Array {
    let precision = match like.dtype() {
        plugin_api::Dtype::F32 => Precision::F32,
        _ => Precision::F64,
    };
    Array::from_f64(values, shape, precision)
}

impl DiscreteCritic for Table {
    fn q_all(
        &mut self,
        observation: View<'_>,
        _goal: Option<View<'_>>,
        _network: Network,
        _reduce: Reduce,
    ) -> Outcome<Array> {
        let states = observation.to_f64()?;
        let rows = states.chunks(STATES);
        let mut q: Vec<f64> = rows.flat_map(|s| Q[row_of(s)]).collect();
        if self.broken {
            q.fill(f64::NAN);
        }
        let shape = [observation.shape()[0], ACTIONS as i64];
        Ok(array(observation, q, &shape))
    }
}

impl StateValue for Table {
    fn v(&mut self, observation: View<'_>, _goal: Option<View<'_>>) -> Outcome<Array> {
        let rows = observation.shape()[0];
        Ok(array(observation, vec![0.25; rows as usize], &[rows]))
    }
}

impl Provide for Table {
    fn discrete_critic(&mut self) -> Option<&mut dyn DiscreteCritic> {
        Some(self)
    }
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        if self.with_value { Some(self) } else { None }
    }
}

fn table() -> Instance<Table> {
    Instance::new(Table {
        with_value: true,
        broken: false,
    })
}

/// Every state once.
fn all_states(host: &FakeHost) -> Array {
    let states: Vec<f64> = (0..STATES).flat_map(one_hot).collect();
    host.array(&states, &[STATES as i64, STATES as i64])
}

/// `pi(.|s)` of every state after `updates` updates.
fn trained<L: Learner>(host: &FakeHost, hyper: &str, updates: u64) -> Vec<Vec<f64>> {
    let mut upstream = table();
    let mut driver = Driver::<L>::bound(host, updates, hyper, &mut upstream).expect("creates");
    driver.update(updates).expect("trains");
    let states = all_states(host);
    let policy = driver.learner().discrete_policy().expect("offered");
    let log_pi = policy.log_probs(states.view(), None).expect("answers");
    let log_pi = log_pi.view().to_f64().expect("floats");
    let rows = log_pi.chunks(ACTIONS);
    rows.map(|row| row.iter().map(|l| l.exp()).collect())
        .collect()
}

fn shares(weights: [f64; ACTIONS]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() < tolerance, "{found:?} {expected:?}");
    }
}

const LINEAR: &str = r#""hidden": [], "learning_rate": 0.02"#;

#[test]
fn cloning_gives_the_shares_of_the_data() {
    let host = host(Precision::F64);
    let found = trained::<DiscreteBc>(&host, &format!("{{{LINEAR}}}"), 1500);
    for (s, found) in found.iter().enumerate() {
        assert_close(found, &shares(COUNTS[s].map(|c| c as f64)), 1e-3);
    }
}

#[test]
fn weighted_cloning_gives_shares_times_weights() {
    let host = host(Precision::F64);
    for (beta, clip) in [(2.0f64, 100.0f64), (2.0, 3.0), (0.0, 100.0)] {
        let hyper = format!(r#"{{{LINEAR}, "temperature": {beta}, "clip": {clip}}}"#);
        let found = trained::<DiscreteAwr>(&host, &hyper, 2000);
        for (s, found) in found.iter().enumerate() {
            let weight = |a: usize| (beta * (Q[s][a] - 0.25)).exp().min(clip);
            let expected: [f64; ACTIONS] = std::array::from_fn(|a| COUNTS[s][a] as f64 * weight(a));
            assert_close(found, &shares(expected), 2e-3);
        }
    }
}

/// Where the gradient in the logits vanishes, `pi_a (Q_a - sum_b pi_b Q_b) / n = alpha (pi_a - share_a)`.
#[test]
fn ascent_of_the_expected_value_ends_where_its_gradient_vanishes() {
    let host = host(Precision::F64);
    for alpha in [0.3, 1.0, 10.0] {
        let hyper = format!(r#"{{{LINEAR}, "alpha": {alpha}, "q_normalization": "none"}}"#);
        let found = trained::<DiscretePgBc>(&host, &hyper, 4000);
        for (s, pi) in found.iter().enumerate() {
            let mean: f64 = pi.iter().zip(&Q[s]).map(|(p, q)| p * q).sum();
            let share = shares(COUNTS[s].map(|c| c as f64));
            for a in 0..ACTIONS {
                let left = pi[a] * (Q[s][a] - mean) - alpha * (pi[a] - share[a]);
                assert!(left.abs() < 2e-3, "{alpha} {s} {a}: {left}");
            }
        }
    }
}

#[test]
fn without_cloning_the_best_action_is_found_and_normalisers_change_no_order() {
    let host = host(Precision::F64);
    for normalization in ["none", "mean-abs-q", "advantage-std"] {
        let hyper = format!(r#"{{{LINEAR}, "alpha": 0.0, "q_normalization": "{normalization}"}}"#);
        let found = trained::<DiscretePgBc>(&host, &hyper, 2500);
        for (s, pi) in found.iter().enumerate() {
            let best = (0..ACTIONS).max_by(|a, b| Q[s][*a].total_cmp(&Q[s][*b]));
            assert!(pi[best.expect("actions")] > 0.97, "{normalization} {pi:?}");
        }
    }
}

/// The fixed point of `V(s) = expectile_tau(Q(s, .))` under the data's shares and `Q = r + gamma V(s')`.
fn exact(tau: f64) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut v = vec![0.0; STATES];
    let mut q = vec![vec![0.0; ACTIONS]; STATES];
    for _ in 0..500 {
        for s in 0..STATES {
            for a in 0..ACTIONS {
                q[s][a] = REWARDS[s][a] + next(s, a).map_or(0.0, |next| 0.9 * v[next]);
            }
        }
        for s in 0..STATES {
            for _ in 0..100 {
                let weigh = |a: usize| {
                    let side = if q[s][a] < v[s] { 1.0 - tau } else { tau };
                    COUNTS[s][a] as f64 * side
                };
                let total: f64 = (0..ACTIONS).map(weigh).sum();
                v[s] = (0..ACTIONS).map(|a| weigh(a) * q[s][a]).sum::<f64>() / total;
            }
        }
    }
    (v, q)
}

#[test]
fn values_are_the_expectile_fixed_point() {
    for tau in [0.5, 0.7, 0.95] {
        let (host, (v, q)) = (host(Precision::F64), exact(tau));
        let hyper = format!(
            r#"{{{LINEAR}, "expectile": {tau}, "target_rate": 0.05, "value_reduce": "mean"}}"#
        );
        let mut driver = Driver::<DiscreteIql>::new(&host, 6000, &hyper).expect("creates");
        driver.update(6000).expect("trains");
        let (states, iql) = (all_states(&host), driver.learner());
        let found = iql.state_value().expect("offered").v(states.view(), None);
        let found = found.expect("answers").view().to_f64().expect("floats");
        assert_close(&found, &v, 5e-3);
        for network in [Network::Online, Network::Target] {
            let critic = iql.discrete_critic().expect("offered");
            let found = critic.q_all(states.view(), None, network, Reduce::Min);
            let found = found.expect("answers").view().to_f64().expect("floats");
            assert_close(&found, &q.concat(), 5e-3);
        }
    }
}

#[test]
fn members_and_their_reductions_have_the_promised_shapes() {
    let host = host(Precision::F32);
    let mut driver = Driver::<DiscreteIql>::new(&host, 1, r#"{"ensemble": 3}"#).expect("creates");
    let states = all_states(&host);
    let mut ask = |reduce| {
        let critic = driver.learner().discrete_critic().expect("offered");
        let q = critic.q_all(states.view(), None, Network::Online, reduce);
        let q = q.expect("answers");
        (
            q.view().shape().to_vec(),
            q.view().to_f64().expect("floats"),
        )
    };
    let (shape, members) = ask(Reduce::Member);
    assert_eq!(shape, [3, STATES as i64, ACTIONS as i64]);
    let (shape, least) = ask(Reduce::Min);
    assert_eq!(shape, [STATES as i64, ACTIONS as i64]);
    let (_, mean) = ask(Reduce::Mean);
    for i in 0..STATES * ACTIONS {
        let of: Vec<f64> = (0..3).map(|m| members[m * STATES * ACTIONS + i]).collect();
        assert_eq!(least[i], of.iter().copied().fold(f64::INFINITY, f64::min));
        assert!((mean[i] - of.iter().sum::<f64>() / 3.0).abs() < 1e-6);
    }
}

#[test]
fn actions_are_indices_drawn_by_their_probability() {
    for precision in [Precision::F32, Precision::F64] {
        let host = host(precision);
        let mut driver =
            Driver::<DiscreteBc>::new(&host, 600, &format!("{{{LINEAR}}}")).expect("creates");
        driver.update(600).expect("trains");
        let rows = 4000;
        let states = host.array(&one_hot(0).repeat(rows), &[rows as i64, STATES as i64]);
        let actor = driver.learner().actor();
        let log_pi = actor.log_probs(states.view(), None).expect("answers");
        let pi: Vec<f64> = log_pi.view().to_f64().expect("floats")[..ACTIONS]
            .iter()
            .map(|l| l.exp())
            .collect();
        assert!((pi.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        let mut act = |mode| {
            let action = actor.act(states.view(), None, mode).expect("acts");
            assert_eq!(action.view().shape(), [rows as i64, 1]);
            action
        };
        let greedy = act(ActMode::Greedy).view().to_f64().expect("floats");
        assert!(greedy.iter().all(|a| *a == 0.0), "the most frequent action");
        let sampled = act(ActMode::Sampled(3));
        let again = act(ActMode::Sampled(3)).view().to_f64().expect("floats");
        let numbers = sampled.view().to_f64().expect("floats");
        assert_eq!(numbers, again);
        for (a, p) in pi.iter().enumerate() {
            let share = numbers.iter().filter(|x| **x == a as f64).count() as f64 / rows as f64;
            assert!((share - p).abs() < 4.0 * (p * (1.0 - p) / rows as f64).sqrt());
        }
        let log_prob = actor.log_prob(states.view(), None, sampled.view());
        let log_prob = log_prob.expect("answers").view().to_f64().expect("floats");
        let of_row = log_pi.view().to_f64().expect("floats");
        for (row, action) in numbers.iter().enumerate() {
            assert_eq!(log_prob[row], of_row[row * ACTIONS + *action as usize]);
        }
        let outside = [-1.0, 4.0, 0.5].map(|bad| (bad, Code::InvalidArgument));
        for (bad, code) in outside.into_iter().chain([(f64::NAN, Code::NonFinite)]) {
            let action = host.array(&vec![bad; rows], &[rows as i64, 1]);
            let failure = actor.log_prob(states.view(), None, action.view()).err();
            assert_eq!(failure.map(|f| f.code), Some(code));
        }
    }
}

#[test]
fn resumed_training_equals_uninterrupted() {
    let host = FakeHost::new(data(), Precision::F32, 16, 5);
    let hyper = r#"{"hidden": [8], "schedule": "cosine"}"#;
    check_resume(|| Driver::<DiscreteBc>::new(&host, 20, hyper).expect("creates"));
    check_resume(|| Driver::<DiscreteIql>::new(&host, 20, hyper).expect("creates"));
    let upstream = RefCell::new(table());
    check_resume(|| {
        Driver::<DiscreteAwr>::bound(&host, 20, hyper, &mut upstream.borrow_mut()).expect("creates")
    });
    for normalization in ["none", "mean-abs-q", "advantage-std"] {
        let hyper = format!(r#"{{"hidden": [8], "q_normalization": "{normalization}"}}"#);
        check_resume(|| {
            Driver::<DiscretePgBc>::bound(&host, 20, &hyper, &mut upstream.borrow_mut())
                .expect("creates")
        });
    }
}

/// Trains until it stops; gives the words.
fn stopped<L: Learner>(data: Data, broken: bool) -> String {
    let host = FakeHost::whole(data, Precision::F32);
    let mut upstream = table();
    upstream.provider_mut().broken = broken;
    let mut driver =
        Driver::<L>::bound(&host, 5, r#"{"hidden": [8]}"#, &mut upstream).expect("creates");
    let failure = driver.update(5).expect_err("stops");
    assert_eq!(failure.code, Code::NonFinite);
    failure.message
}

#[test]
fn a_loss_that_is_not_finite_stops_with_its_name_and_update() {
    let mut rewards = data();
    rewards.reward[4] = f64::NAN;
    let mut states = data();
    states.observation[0] = f64::NAN;
    for (found, expected) in [
        (stopped::<DiscreteIql>(rewards, false), "q_loss"),
        (stopped::<DiscreteIql>(states.clone(), false), "v_loss"),
        (stopped::<DiscreteBc>(states, false), "bc_loss"),
        (stopped::<DiscreteAwr>(data(), true), "awr_loss"),
        (stopped::<DiscretePgBc>(data(), true), "actor_loss"),
    ] {
        let expected = format!("{expected} is NaN in update 1");
        assert!(found.contains(&expected), "{found}");
    }
}

fn refused<L: Learner>(host: &FakeHost, hyper: &str, upstream: &mut Instance<Table>) -> String {
    let failure = Driver::<L>::bound(host, 1, hyper, upstream).err();
    let failure = failure.expect("refused");
    assert_eq!(failure.code, Code::InvalidArgument);
    failure.message
}

#[test]
fn what_does_not_fit_is_refused() {
    let (discrete, mut upstream) = (host(Precision::F32), table());
    let continuous = Data::bandit((3, 2, 10), 0.5, |_, _| 0.0, |_, _| 0.0);
    let continuous = FakeHost::new(continuous, Precision::F32, 4, 5);
    let message = refused::<DiscreteBc>(&continuous, "{}", &mut upstream);
    assert!(message.contains("discrete actions"), "{message}");
    refused::<DiscreteIql>(&continuous, "{}", &mut upstream);
    let message = refused::<DiscreteIql>(&discrete, r#"{"expectile": 1.5}"#, &mut upstream);
    assert!(message.contains("expectile"), "{message}");
    let message = refused::<DiscretePgBc>(&discrete, r#"{"alpha": -1.0}"#, &mut upstream);
    assert!(message.contains("alpha"), "{message}");
    let message = refused::<DiscreteAwr>(&discrete, r#"{"hidden": [0]}"#, &mut upstream);
    assert!(message.contains("hidden"), "{message}");
    upstream.provider_mut().with_value = false;
    let message = refused::<DiscreteAwr>(&discrete, "{}", &mut upstream);
    assert!(message.contains("state-value/1 is not bound"), "{message}");
    Driver::<DiscretePgBc>::bound(&discrete, 1, "{}", &mut upstream).expect("needs no V");
}
