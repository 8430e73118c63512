use crate::{Cql, Noise, losses};
use nn::Minibatch;
use nn::testing::{
    Case, Data, Driver, FakeHost, Golden, check_bad_reward, check_resume, check_terminal_rows,
    numbers,
};
use plugin_api::{ActMode, Precision};
use tch::Tensor;

/// One-step episodes of uniform actions with the reward `-|a - s / 2|^2`.
fn bandit(rows: usize) -> Data {
    let reward = |s: &[f64], a: &[f64]| -(a[0] - 0.5 * s[0]).powi(2);
    Data::bandit((1, 1, rows), 1.0, |_, _| 0.0, reward)
}

#[test]
fn resumed_training_equals_uninterrupted() {
    for precision in [Precision::F32, Precision::F64] {
        let host = FakeHost::new(bandit(200), precision, 32, 5);
        let hyper = r#"{"hidden": [16, 16], "schedule": "cosine", "cql_actions": 3}"#;
        check_resume(|| Driver::<Cql>::new(&host, 20, hyper).expect("creates"));
    }
}

/// A learner on the bandit after 2,500 updates.
fn trained(host: &FakeHost, cql_alpha: f64, target_entropy: f64) -> Driver<'_, Cql> {
    let hyper = format!(
        r#"{{"hidden": [64, 64], "schedule": "cosine", "learning_rate": 2e-3, "critic_learning_rate": 2e-3, "cql_alpha": {cql_alpha}, "target_entropy": {target_entropy}, "output_scale": 1.0}}"#
    );
    let mut driver = Driver::<Cql>::new(host, 2500, &hyper).expect("creates");
    driver.update(2500).expect("trains");
    driver
}

/// Without the conservative term the policy is that of maximum entropy: its mode is the best action where its entropy is small.  Stated tolerance:
/// 0.1.
#[test]
fn without_conservatism_the_policy_finds_the_best_action() {
    let host = FakeHost::new(bandit(4000), Precision::F32, 64, 5);
    let mut driver = trained(&host, 0.0, -1.0);
    for s in [0.8, -0.4] {
        let state = host.array(&[s], &[1, 1]);
        let mut policy = driver.policy().expect("offers a policy");
        let action = policy.act(state.view(), None, ActMode::Greedy);
        let a = action.expect("acts").to_f64().expect("f32")[0];
        assert!((a - 0.5 * s).abs() < 0.1, "{a} in {s}");
    }
}

/// Where an action's derivative of `E[(r - Q)^2] + cql_alpha (log int exp Q - E[Q])` vanishes for uniform data of density 1/2:
/// `Q(a) = r(a) + cql_alpha / 2 - cql_alpha exp(Q(a)) / Z`, `Z = int exp Q`. Values at `actions`.
fn fixed_point(s: f64, cql_alpha: f64, actions: &[f64]) -> Vec<f64> {
    // The left side minus the right grows in Q: bisection.
    let q = |a: f64, z: f64| {
        let r = -(a - 0.5 * s).powi(2) + 0.5 * cql_alpha;
        let (mut low, mut high) = (-50.0, 50.0);
        for _ in 0..80 {
            let q: f64 = 0.5 * (low + high);
            if q + cql_alpha * q.exp() / z > r {
                high = q;
            } else {
                low = q;
            }
        }
        low
    };
    let mass = |z: f64| {
        (0..400)
            .map(|i| (q((i as f64 + 0.5) / 200.0 - 1.0, z)).exp() / 200.0)
            .sum::<f64>()
    };
    let (mut low, mut high) = (1e-6, 1e6f64);
    for _ in 0..60 {
        let z = (low * high).sqrt();
        if mass(z) > z { low = z } else { high = z }
    }
    actions.iter().map(|&a| q(a, low)).collect()
}

/// On uniform data the conservative term flattens the critic towards the data's density, by an amount that is known.  The policy's entropy is held
/// near that of uniform actions: weights by the density of a narrow policy have no finite variance, and estimate the integral badly.  Stated tolerance: 0.1, where
/// the term moves a value by 0.3 and more.
#[test]
fn the_critic_is_the_conservative_fixed_point() {
    let host = FakeHost::new(bandit(4000), Precision::F32, 64, 5);
    let actions = [-0.9, -0.3, 0.3, 0.9];
    let plain = fixed_point(0.6, 1e-9, &actions);
    for cql_alpha in [0.0, 2.0] {
        let mut driver = trained(&host, cql_alpha, 0.6);
        let nets = &driver.learner().nets;
        let states = Tensor::from_slice(&[0.6f32; 4]).view([4, 1]);
        let asked = Tensor::from_slice(&actions).to_kind(tch::Kind::Float);
        let q = nets
            .critic
            .members(nets.q.frozen(), &states, &asked.view([4, 1]));
        let q = numbers(&q.select(0, 0));
        let expected = fixed_point(0.6, cql_alpha.max(1e-9), &actions);
        for (found, expected) in q.iter().zip(&expected) {
            assert!(
                (found - expected).abs() < 0.1,
                "{cql_alpha}: {q:?}, expected {expected}"
            );
        }
        let moved = expected.iter().zip(&plain).map(|(e, p)| (e - p).abs());
        let moved = moved.fold(0.0, f64::max);
        assert!(moved > 0.3 || cql_alpha == 0.0, "{moved}: nothing to see");
    }
}

#[test]
fn what_follows_a_terminal_row_is_never_used() {
    check_terminal_rows::<Cql>(bandit_of_two(64), r#"{"hidden": [8], "cql_actions": 2}"#);
}

/// As [`bandit`], with three entries of an observation.
fn bandit_of_two(rows: usize) -> Data {
    Data::bandit((3, 2, rows), 1.0, |_, _| 0.0, |s, a| s[0] - a[0] * a[1])
}

#[test]
fn bad_numbers_and_ranges_are_named() {
    check_bad_reward::<Cql>(bandit(16), "q_loss", r#"{"hidden": [8]}"#);
    let host = FakeHost::whole(bandit(16), Precision::F32);
    let failure = Driver::<Cql>::new(&host, 5, r#"{"cql_temperature": 0.0}"#).err();
    let failure = failure.expect("refused");
    let expected = "`cql_temperature` is 0";
    assert!(failure.message.contains(expected), "{failure}");
}

/// What an update draws in a case.
fn noise(case: &Case, learner: &Cql, batch: &Minibatch<'_>, update: u64) -> Noise {
    let (dims, n) = (learner.inputs.dims(), learner.hyper.cql_actions);
    let read = |name: &str, shape: &[i64]| {
        Tensor::from_slice(case.parameter(&format!("{name}-{update}")))
            .to_kind(dims.kind)
            .view(shape)
    };
    let one = [batch.rows(), dims.action];
    let many = [batch.rows(), n, dims.action];
    Noise {
        policy: read("policy", &one),
        target: read("target", &one),
        uniform: read("uniform", &many),
        current: read("current", &many),
        next: read("next", &many),
    }
}

/// The learner's losses on a batch against those of a case.
fn check_losses(case: &Case, learner: &Cql, batch: &Minibatch<'_>, first: &Noise) {
    let nets = &learner.nets;
    let entropy = learner.hyper.target_entropy * learner.inputs.dims().action as f64;
    let y = losses::target(nets, batch, &first.target).expect("computes");
    case.check_answer("y", &numbers(&y));
    let (actions, log_p) = losses::drawn(nets, batch, first).expect("computes");
    let how = learner.hyper.conservatism();
    let drawn = (&actions, &log_p);
    let (q_loss, r) = losses::critic_loss(nets, batch, &y, drawn, how).expect("computes");
    let actor = losses::actor_loss(nets, batch, &first.policy);
    let (actor_loss, log_pi) = actor.expect("computes");
    let alpha_loss = losses::temperature_loss(nets, &log_pi, entropy);
    case.check_loss("q_loss", q_loss.double_value(&[]));
    case.check_loss("cql_loss", r.double_value(&[]));
    case.check_loss("actor_loss", actor_loss.double_value(&[]));
    case.check_loss("alpha_loss", alpha_loss.double_value(&[]));
    case.check_gradients(&nets.q, &q_loss);
    case.check_gradients(&nets.pi, &actor_loss);
    case.check_gradients(&nets.log_alpha, &alpha_loss);
    let (s, a) = (
        batch.state().expect("there"),
        batch.action().expect("there"),
    );
    let gaussian = nets.policy.distribution(nets.pi.frozen(), &s);
    let density = nets.policy.log_prob(&gaussian, &a);
    case.check_answer("log_prob", &numbers(&density));
}

#[test]
fn losses_gradients_and_updates_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/cql.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    assert!(golden.cases.len() >= 8);
    for case in &golden.cases {
        let host = case.host();
        let hyper = &case.hyperparameters;
        let mut driver = Driver::<Cql>::new(&host, golden.horizon, hyper).expect("creates");
        let learner = driver.learner();
        for params in [
            &mut learner.nets.pi,
            &mut learner.nets.q,
            &mut learner.nets.log_alpha,
        ] {
            case.start("online", params).expect("fits");
        }
        case.start("target", &mut learner.nets.q_target)
            .expect("fits");
        let service = host.host();
        let batch = learner.batch(&service, 0).expect("draws");
        check_losses(case, learner, &batch, &noise(case, learner, &batch, 1));
        for update in 1..=3 {
            let drawn = noise(case, learner, &batch, update);
            learner.step(&batch, &drawn).expect("trains");
            if update != 2 {
                let nets = &learner.nets;
                case.check_after(update, "online", &nets.q);
                case.check_after(update, "target", &nets.q_target);
                case.check_after(update, "online", &nets.pi);
                case.check_after(update, "online", &nets.log_alpha);
            }
        }
    }
}
