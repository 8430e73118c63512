use crate::{Awac, Noise, losses};
use nn::Minibatch;
use nn::testing::{
    Case, Data, Driver, FakeHost, Golden, check_bad_reward, check_resume, check_terminal_rows,
    numbers,
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
    for precision in [Precision::F32, Precision::F64] {
        let host = FakeHost::new(bandit(200), precision, 32, 5);
        let hyper = r#"{"hidden": [16, 16], "schedule": "cosine"}"#;
        check_resume(|| Driver::<Awac>::new(&host, 20, hyper).expect("creates"));
    }
}

/// The mean of the policy's action in a state.
fn action(host: &FakeHost, driver: &mut Driver<'_, Awac>, state: [f64; 2]) -> Vec<f64> {
    let state = host.array(&state, &[1, 2]);
    let mut policy = driver.policy().expect("offers a policy");
    let action = policy.act(state.view(), None, ActMode::Greedy);
    action.expect("acts").to_f64().expect("f32")
}

/// The mean of actions that are uniform between -1 and 1, weighted by `exp(-(a - c)^2 / lambda)`.
fn weighted_mean(c: f64, lambda: f64) -> f64 {
    let grid = (0..=2000).map(|i| f64::from(i) / 1000.0 - 1.0);
    let (mut sum, mut total) = (0.0, 0.0);
    for a in grid {
        let weight = (-(a - c).powi(2) / lambda).exp();
        sum += weight * a;
        total += weight;
    }
    sum / total
}

/// Whatever action of its own the policy is compared with, data of a state are weighted by `exp(Q / lambda)` among themselves: the mean goes to
/// the best action `s / 2` for a small lambda and to that of the data, 0, for a large one.  Stated tolerance: 0.08.
#[test]
fn the_policy_is_the_weighted_mean_of_the_data() {
    let host = FakeHost::new(bandit(4000), Precision::F32, 128, 5);
    for lambda in [0.3, 100.0] {
        let hyper = format!(
            r#"{{"hidden": [64, 64], "schedule": "cosine", "learning_rate": 2e-3, "critic_learning_rate": 3e-3, "lambda": {lambda}, "clip": 1e6}}"#
        );
        let mut driver = Driver::<Awac>::new(&host, 3000, &hyper).expect("creates");
        driver.update(3000).expect("trains");
        for state in [[0.8, -0.6], [-0.4, 0.2]] {
            for (a, s) in action(&host, &mut driver, state).iter().zip(state) {
                let expected = weighted_mean(0.5 * s, lambda);
                assert!(
                    (a - expected).abs() < 0.08,
                    "{lambda}: {a} in {s}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn what_follows_a_terminal_row_is_never_used() {
    check_terminal_rows::<Awac>(bandit(64), r#"{"hidden": [8]}"#);
}

#[test]
fn bad_numbers_and_ranges_are_named() {
    check_bad_reward::<Awac>(bandit(16), "q_loss", r#"{"hidden": [8]}"#);
    let host = FakeHost::whole(bandit(16), Precision::F32);
    let failure = Driver::<Awac>::new(&host, 5, r#"{"lambda": 0.0}"#).err();
    let failure = failure.expect("refused");
    assert!(failure.message.contains("`lambda` is 0"), "{failure}");
}

/// The noise of an update in a case, `[B, A]` each.
fn noise(case: &Case, learner: &Awac, batch: &Minibatch<'_>, update: u64) -> Noise {
    let dims = learner.inputs.dims();
    let read = |name: &str| {
        Tensor::from_slice(case.parameter(&format!("{name}-{update}")))
            .to_kind(dims.kind)
            .view([batch.rows(), dims.action])
    };
    Noise {
        next: read("next"),
        current: read("current"),
    }
}

#[test]
fn losses_gradients_and_updates_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/awac.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    assert!(golden.cases.len() >= 8);
    for case in &golden.cases {
        let host = case.host();
        let hyper = &case.hyperparameters;
        let mut driver = Driver::<Awac>::new(&host, golden.horizon, hyper).expect("creates");
        let learner = driver.learner();
        case.start("online", &mut learner.nets.actor.params)
            .expect("fits");
        case.start("online", &mut learner.nets.q).expect("fits");
        case.start("target", &mut learner.nets.q_target)
            .expect("fits");
        let service = host.host();
        let batch = learner.batch(&service, 0).expect("draws");
        let first = noise(case, learner, &batch, 1);
        let nets = &learner.nets;
        let y = losses::target(nets, &batch, &first.next).expect("computes");
        case.check_answer("y", &numbers(&y));
        let bounds = (learner.hyper.lambda, learner.hyper.clip);
        let w = losses::weights(nets, &batch, &first.current, bounds).expect("computes");
        case.check_answer("w", &numbers(&w));
        let q_loss = losses::critic_loss(nets, &batch, &y).expect("computes");
        let actor_loss = losses::actor_loss(nets, &batch, &w).expect("computes");
        case.check_loss("q_loss", q_loss.double_value(&[]));
        case.check_loss("actor_loss", actor_loss.double_value(&[]));
        case.check_gradients(&nets.q, &q_loss);
        case.check_gradients(&nets.actor.params, &actor_loss);
        for update in 1..=3 {
            let drawn = noise(case, learner, &batch, update);
            learner.step(&batch, &drawn).expect("trains");
            if update != 2 {
                case.check_after(update, "online", &learner.nets.q);
                case.check_after(update, "target", &learner.nets.q_target);
                case.check_after(update, "online", &learner.nets.actor.params);
            }
        }
    }
}
