use crate::common::{Losses, Trainer};
use crate::{Rebrac, Td3, Td3Bc, losses};
use nn::testing::{
    Data, Driver, FakeHost, Golden, check_bad_reward, check_resume, check_terminal_rows, numbers,
};
use plugin_api::{ActMode, Precision};
use tch::Tensor;

/// One-step episodes of uniform actions with the reward `-|a - s / 2|^2`.
fn bandit(rows: usize) -> Data {
    let reward = |s: &[f64], a: &[f64]| -(0..2).map(|i| (a[i] - 0.5 * s[i]).powi(2)).sum::<f64>();
    Data::bandit((2, 2, rows), 1.0, |_, _| 0.0, reward)
}

#[test]
fn resumed_training_equals_uninterrupted() {
    let mut data = bandit(200);
    data.next_action = data.action.iter().map(|a| 0.5 * a).collect();
    for precision in [Precision::F32, Precision::F64] {
        let host = FakeHost::new(data.clone(), precision, 32, 5);
        let hyper = r#"{"hidden": [16, 16], "schedule": "cosine"}"#;
        check_resume(|| Driver::<Td3>::new(&host, 20, hyper).expect("creates"));
        check_resume(|| Driver::<Td3Bc>::new(&host, 20, hyper).expect("creates"));
        check_resume(|| Driver::<Rebrac>::new(&host, 20, hyper).expect("creates"));
    }
}

/// Stated tolerance: 0.06, where optimal actions span 1.
#[test]
fn the_policy_finds_the_best_action_of_a_bandit() {
    let host = FakeHost::new(bandit(4000), Precision::F32, 128, 5);
    let hyper = r#"{"hidden": [64, 64], "schedule": "cosine", "learning_rate": 2e-3, "critic_learning_rate": 3e-3}"#;
    let mut td3 = Driver::<Td3>::new(&host, 3000, hyper).expect("creates");
    td3.update(3000).expect("trains");
    let mut policy = td3.policy().expect("offers a policy");
    for s in [[0.8, -0.6], [-0.4, 0.2], [0.0, 0.9]] {
        let state = host.array(&s, &[1, 2]);
        let action = policy.act(state.view(), None, ActMode::Greedy);
        let action = action.expect("acts").to_f64().expect("f32");
        for (a, s) in action.iter().zip(s) {
            assert!((a - 0.5 * s).abs() < 0.06, "{s:?}: {action:?}");
        }
    }
}

#[test]
fn what_follows_a_terminal_row_is_never_used() {
    check_terminal_rows::<Td3>(bandit(64), r#"{"hidden": [8]}"#);
    check_terminal_rows::<Td3Bc>(bandit(64), r#"{"hidden": [8]}"#);
}

#[test]
fn bad_numbers_and_ranges_are_named() {
    check_bad_reward::<Td3>(bandit(16), "q_loss", r#"{"hidden": [8]}"#);
    let host = FakeHost::whole(bandit(16), Precision::F32);
    let failure = Driver::<Td3>::new(&host, 5, r#"{"policy_delay": 0}"#).err();
    let failure = failure.expect("refused");
    assert!(failure.message.contains("`policy_delay` is 0"), "{failure}");
}

/// Between the best action and the data's, as the weights say: at a distance d from the best, TD3+BC's loss is
/// `lambda d^2` against a cloning term, so that much cloning stays at the data's mean and little goes to the best.
#[test]
fn cloning_holds_the_policy_at_the_data() {
    let reward = |s: &[f64], a: &[f64]| -(0..2).map(|i| (a[i] - 0.5 * s[i]).powi(2)).sum::<f64>();
    let mut data = Data::bandit((2, 2, 4000), 0.3, |_, _| 0.6, reward);
    data.next_action = data.action.clone();
    let host = FakeHost::new(data, Precision::F32, 128, 5);
    let network = r#""hidden": [64], "schedule": "cosine", "learning_rate": 3e-3, "critic_learning_rate": 3e-3"#;
    let alpha = |alpha: f64| format!(r#"{{{network}, "alpha": {alpha}}}"#);
    assert!(distance::<Td3Bc>(&host, &alpha(0.01)) < 0.1);
    assert!(distance::<Td3Bc>(&host, &alpha(100.0)) > 0.2);
    let weights = r#""actor_bc_weight": 100.0, "critic_bc_weight": 0.1"#;
    assert!(distance::<Rebrac>(&host, &format!("{{{network}, {weights}}}")) < 0.1);
}

/// How far the trained policy's action lies from the data's mean, .6, in one state.
fn distance<L: plugin_api::Learner>(host: &FakeHost, hyper: &str) -> f64 {
    let mut driver = Driver::<L>::new(host, 1500, hyper).expect("creates");
    driver.update(1500).expect("trains");
    let state = host.array(&[0.2, -0.4], &[1, 2]);
    let mut policy = driver.policy().expect("offers a policy");
    let action = policy.act(state.view(), None, ActMode::Greedy);
    let action = action.expect("acts").to_f64().expect("f32");
    action.iter().map(|a| (a - 0.6).abs()).fold(0.0, f64::max)
}

/// Compares one learner with its reference; `trainer` finds the networks in it.
fn check<T: plugin_api::Learner, L: Losses>(
    text: &str,
    trainer: impl Fn(&mut T) -> &mut Trainer<L>,
) {
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut driver = Driver::<T>::new(&host, golden.horizon, hyper).expect("creates");
        let learner = trainer(driver.learner());
        let nets = &mut learner.nets;
        case.start("online", &mut nets.actor.params).expect("fits");
        case.start("target", &mut nets.mu_target).expect("fits");
        case.start("online", &mut nets.q).expect("fits");
        case.start("target", &mut nets.q_target).expect("fits");
        let service = host.host();
        let batch = learner.batch(&service, 0).expect("draws");
        let noise = Tensor::from_slice(case.parameter("noise"))
            .to_kind(learner.inputs.dims().kind)
            .view([batch.rows(), learner.inputs.dims().action]);
        let y = learner
            .losses
            .target(&learner.nets, &batch, &noise)
            .expect("computes");
        case.check_answer("y", &numbers(&y));
        let q_loss = losses::critic_loss(&learner.nets, &batch, &y).expect("computes");
        let actor_loss = learner
            .losses
            .actor_loss(&learner.nets, &batch)
            .expect("computes");
        case.check_loss("q_loss", q_loss.double_value(&[]));
        case.check_loss("actor_loss", actor_loss.double_value(&[]));
        case.check_gradients(&learner.nets.q, &q_loss);
        case.check_gradients(&learner.nets.actor.params, &actor_loss);
        if learner.losses.common().target_noise > 0.0 {
            continue; // the host's noise is not the case's
        }
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            let nets = &trainer(driver.learner()).nets;
            case.check_after(total, "online", &nets.q);
            case.check_after(total, "target", &nets.q_target);
            case.check_after(total, "online", &nets.actor.params);
            case.check_after(total, "target", &nets.mu_target);
        }
    }
}

#[test]
fn losses_gradients_and_updates_equal_the_reference() {
    let file = include_str!("../../../tests/golden/learners/td3.json");
    check(file, |learner: &mut Td3| &mut learner.trainer);
    let file = include_str!("../../../tests/golden/learners/td3-bc.json");
    check(file, |learner: &mut Td3Bc| &mut learner.trainer);
    let file = include_str!("../../../tests/golden/learners/rebrac.json");
    check(file, |learner: &mut Rebrac| &mut learner.trainer);
}
