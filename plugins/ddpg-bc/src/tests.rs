use crate::DdpgBc;
use nn::Dims;
use nn::testing::{Data, Driver, FakeHost, Golden, KnownCritic, check_resume};
use plugin_api::serve::Instance;
use plugin_api::{ActMode, Code, Goals, Precision};
use std::cell::RefCell;

fn data(rows: usize) -> Data {
    Data::bandit((3, 2, rows), 0.3, |_, _| 0.6, |_, _| 0.0)
}

fn critic(host: &FakeHost) -> Instance<KnownCritic> {
    let dims = Dims::continuous(&host.problem(1)).expect("continuous");
    Instance::new(KnownCritic::new(dims))
}

#[test]
fn resumed_training_equals_uninterrupted() {
    let host = FakeHost::new(data(300), Precision::F32, 16, 5);
    let critic = RefCell::new(critic(&host));
    for normalization in ["none", "mean-abs-q", "advantage-std"] {
        let hyper = format!(r#"{{"hidden": [8], "q_normalization": "{normalization}"}}"#);
        check_resume(|| {
            Driver::<DdpgBc>::bound(&host, 20, &hyper, &mut critic.borrow_mut()).expect("creates")
        });
    }
}

fn trained(hyper: &str) -> Vec<f64> {
    let host = FakeHost::new(data(2000), Precision::F32, 128, 5);
    let mut critic = critic(&host);
    let hyper =
        format!(r#"{{"hidden": [32], "learning_rate": 0.01, "output_scale": 1.0, {hyper}}}"#);
    let mut learner = Driver::<DdpgBc>::bound(&host, 800, &hyper, &mut critic).expect("creates");
    learner.update(800).expect("trains");
    let state = host.array(&[0.5, -0.4, 0.0], &[1, 3]);
    let mut policy = learner.policy().expect("offers a policy");
    let action = policy
        .act(state.view(), None, ActMode::Greedy)
        .expect("acts");
    action
        .as_slice::<f32>()
        .expect("f32")
        .iter()
        .map(|a| f64::from(*a))
        .collect()
}

fn check(hyper: &str, expected: [f64; 2]) {
    let found = trained(hyper);
    for (f, e) in found.iter().zip(expected) {
        assert!(
            (f - e).abs() < 0.06,
            "{hyper}: {found:?}, expected {expected:?}"
        );
    }
}

/// With Q = -|a - c s|^2 (mean over members: c = -0.05) and L_BC = |mu - 0.6|^2, the loss is smallest at
/// `(c s + alpha n 0.6) / (1 + alpha n)`.
#[test]
fn the_policy_lies_between_the_critics_maximum_and_the_data_as_alpha_says() {
    let common = r#""critic_reduce": "mean", "q_normalization": "none", "bc_loss": "sum-mse""#;
    let best = [-0.05 * 0.5, 0.05 * 0.4];
    check(&format!(r#"{common}, "alpha": 0.0"#), best);
    for alpha in [1.0, 3.0] {
        let expected = best.map(|b| (b + alpha * 0.6) / (1.0 + alpha));
        check(&format!(r#"{common}, "alpha": {alpha}"#), expected);
        // The mean over two dimensions weighs half as much as the sum, and so does unit-deviation likelihood.
        let halved = best.map(|b| (b + alpha / 2.0 * 0.6) / (1.0 + alpha / 2.0));
        let mean = common.replace("sum-mse", "mean-mse");
        check(&format!(r#"{mean}, "alpha": {alpha}"#), halved);
        let nll = common.replace("sum-mse", "log-prob");
        check(&format!(r#"{nll}, "alpha": {alpha}"#), halved);
        let quarter = best.map(|b| (b + alpha / 4.0 * 0.6) / (1.0 + alpha / 4.0));
        let nll_mean = common.replace("sum-mse", "log-prob-mean");
        check(&format!(r#"{nll_mean}, "alpha": {alpha}"#), quarter);
        // The target copy of this critic is half the online one.
        let target = format!(r#"{common}, "critic_network": "target", "alpha": {alpha}"#);
        check(
            &target,
            best.map(|b| (b + 2.0 * alpha * 0.6) / (1.0 + 2.0 * alpha)),
        );
    }
}

#[test]
fn an_unsquashed_mean_gets_no_gradient_of_q_beyond_the_bounds() {
    let host = FakeHost::whole(data(8), Precision::F64);
    let mut critic = critic(&host);
    let hyper = r#"{"hidden": [], "mean": "unsquashed", "alpha": 0.0, "q_normalization": "none"}"#;
    let mut learner = Driver::<DdpgBc>::bound(&host, 1, hyper, &mut critic).expect("creates");
    let params = &mut learner.learner().actor.params;
    params.assign("policy.0.weight", &[0.0; 6]).expect("fits");
    params.assign("policy.0.bias", &[1.5, 0.5]).expect("fits");
    learner.update(1).expect("trains");
    let bias = learner
        .learner()
        .actor
        .params
        .values("policy.0.bias")
        .expect("exists");
    assert_eq!(bias[0], 1.5);
    assert!(bias[1] < 0.5);
}

#[test]
fn refusals_name_their_cause() {
    let host = FakeHost::new(data(10), Precision::F32, 4, 5);
    let failure = Driver::<DdpgBc>::new(&host, 1, "{}")
        .err()
        .expect("refused");
    assert!(
        failure.message.contains("critic/1 is not bound"),
        "{failure}"
    );
    let mut critic = critic(&host);
    let failure = Driver::<DdpgBc>::bound(&host, 1, r#"{"alpha": -1.0}"#, &mut critic).err();
    assert!(
        failure
            .expect("refused")
            .message
            .contains("`alpha` is -1.0")
    );
}

#[test]
fn a_constant_critic_has_no_advantage_to_divide_by() {
    let mut flat = data(10);
    flat.observation.fill(0.0);
    flat.action.fill(0.0);
    let host = FakeHost::new(flat, Precision::F32, 4, 5);
    let mut critic = critic(&host);
    let hyper = r#"{"hidden": [4], "q_normalization": "advantage-std"}"#;
    let mut learner = Driver::<DdpgBc>::bound(&host, 1, hyper, &mut critic).expect("creates");
    let failure = learner.update(1).expect_err("stops");
    assert_eq!(failure.code, Code::NonFinite);
}

/// As without goals; the goal is part of the critic's state and of the policy's.
#[test]
fn with_goals_the_policy_ascends_the_critic_of_its_goal() {
    let mut data = Data::bandit((1, 2, 2000), 0.3, |_, _| 0.6, |_, _| 0.0);
    data.goal_dim = 1;
    data.goal = data.observation.iter().rev().copied().collect();
    let host = FakeHost::new(data, Precision::F32, 128, 5);
    let mut critic = critic(&host);
    let hyper = r#"{"hidden": [32], "learning_rate": 0.01, "output_scale": 1.0, "alpha": 0.0,
        "critic_reduce": "mean", "q_normalization": "none"}"#;
    let mut learner = Driver::<DdpgBc>::bound(&host, 800, hyper, &mut critic).expect("creates");
    learner.update(800).expect("trains");
    assert_eq!(host.request("train").expect("drawn").goals, Goals::Policy);
    let mut policy = learner.policy().expect("offers a policy");
    for (s, g) in [(0.8, -0.8), (-0.5, 0.9)] {
        let (state, goal) = (host.array(&[s], &[1, 1]), host.array(&[g], &[1, 1]));
        let action = policy.act(state.view(), Some(goal.view()), ActMode::Greedy);
        let action = action.expect("acts").to_f64().expect("f32");
        // The maximum is at -0.05 of the joined state (s, g).
        assert!(
            (action[0] + 0.05 * s).abs() < 0.04 && (action[1] + 0.05 * g).abs() < 0.04,
            "{action:?}"
        );
    }
}

#[test]
fn losses_gradients_and_updates_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/ddpg-bc.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut critic = critic(&host);
        let mut driver =
            Driver::<DdpgBc>::bound(&host, golden.horizon, hyper, &mut critic).expect("creates");
        let learner = driver.learner();
        case.start("online", &mut learner.actor.params)
            .expect("fits");
        let service = host.host();
        let batch = learner.batch(&service, 0).expect("draws");
        learner.normalize().expect("spreads");
        let loss = learner.terms(&batch).expect("computes").loss;
        case.check_loss("actor_loss", loss.double_value(&[]));
        case.check_gradients(&learner.actor.params, &loss);
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            case.check_after(total, "online", &driver.learner().actor.params);
        }
        assert_eq!(host.metric("actor_loss").len(), 3, "{}", case.name);
    }
}

#[test]
fn behind_an_encoder_it_learns_from_codes() {
    nn::testing::check_encoded::<DdpgBc>(r#"{"hidden": [8, 8], "learning_rate": 0.01}"#);
}
