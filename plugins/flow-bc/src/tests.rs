use crate::FlowBc;
use nn::Minibatch;
use nn::testing::{Data, Driver, FakeHost, Golden, check_resume};
use plugin_api::{ActMode, Code, Goals, Policy, Precision};

/// Actions of one dimension around `+-0.6` (by a coin) with a uniform spread of 0.1, whatever the state.
fn two_peaks() -> Data {
    let mut data = Data::bandit((2, 1, 4000), 1.0, |_, _| 0.0, |_, _| 0.0);
    for a in &mut data.action {
        *a = 0.6 * a.signum() + 0.2 * (a.abs() - 0.5);
    }
    data
}

#[test]
fn resumed_training_equals_uninterrupted() {
    for precision in [Precision::F32, Precision::F64] {
        let host = FakeHost::new(two_peaks(), precision, 32, 5);
        let hyper = r#"{"hidden": [16, 16], "schedule": "cosine"}"#;
        check_resume(|| Driver::<FlowBc>::new(&host, 20, hyper).expect("creates"));
    }
}

fn trained<'h>(host: &'h FakeHost, more: &str) -> Driver<'h, FlowBc> {
    let hyper =
        format!(r#"{{"hidden": [64, 64], "learning_rate": 0.003, "schedule": "cosine"{more}}}"#);
    let mut flow = Driver::<FlowBc>::new(host, 3000, &hyper).expect("creates");
    flow.update(3000).expect("trains");
    flow
}

/// A Gaussian would put most of its actions where the data have none.
#[test]
fn samples_have_both_peaks_of_the_data_in_their_proportion() {
    let host = FakeHost::new(two_peaks(), Precision::F32, 128, 5);
    let mut flow = trained(&host, r#", "flow_steps": 20"#);
    let states = host.array(&vec![0.2; 4000], &[2000, 2]);
    let mut policy = flow.policy().expect("offers a policy");
    let actions = policy.act(states.view(), None, ActMode::Sampled(1));
    let actions = actions.expect("acts").to_f64().expect("f32");
    let share = |range: std::ops::Range<f64>| {
        actions.iter().filter(|a| range.contains(a)).count() as f64 / actions.len() as f64
    };
    let (left, right) = (share(-0.75..-0.45), share(0.45..0.75));
    assert!(
        (left - 0.5).abs() < 0.08 && (right - 0.5).abs() < 0.08,
        "{left} {right}"
    );
    assert!(share(-0.3..0.3) < 0.06, "{}", share(-0.3..0.3));
}

/// The deviation of what `n` Euler steps make of unit noise when the velocity is that of a Gaussian of deviation `sigma`:
/// each step is linear in the distance to the path of the mean.
fn euler_deviation(sigma: f64, n: u32) -> f64 {
    let factor = |k: u32| {
        let t = f64::from(k) / f64::from(n);
        let variance = (1.0 - t).powi(2) + (t * sigma).powi(2);
        1.0 + (t * sigma * sigma - (1.0 - t)) / variance / f64::from(n)
    };
    (0..n).map(factor).product()
}

/// Where the data are a Gaussian around a function of the state, so are the samples, and the greedy action is its mean:
/// the straight paths of a Gaussian map zero noise to the mean.
#[test]
fn samples_of_gaussian_data_have_its_moments_and_greedy_actions_its_mean() {
    let mut data = Data::bandit((2, 2, 6000), 0.0, |_, _| 0.0, |_, _| 0.0);
    let host = FakeHost::new(data.clone(), Precision::F64, 1, 9);
    let noise = host.host().normal("data", 0, 12_000).expect("draws");
    for (i, a) in data.action.iter_mut().enumerate() {
        *a = 0.2 * data.observation[i] + 0.3 * noise[i];
    }
    let host = FakeHost::new(data, Precision::F32, 128, 5);
    let mut flow = trained(&host, r#", "flow_steps": 10"#);
    let mut policy = flow.policy().expect("offers a policy");
    for state in [[0.5, -0.5], [-0.8, 0.1]] {
        let states = host.array(&state.repeat(3000), &[3000, 2]);
        let samples = policy.act(states.view(), None, ActMode::Sampled(4));
        let samples = samples.expect("acts").to_f64().expect("f32");
        let one = host.array(&state, &[1, 2]);
        let greedy = policy.act(one.view(), None, ActMode::Greedy);
        let greedy = greedy.expect("acts").to_f64().expect("f32");
        for i in 0..2 {
            let column: Vec<f64> = samples.iter().skip(i).step_by(2).copied().collect();
            let mean = column.iter().sum::<f64>() / 3000.0;
            let variance = column.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / 3000.0;
            let expected = 0.2 * state[i];
            assert!((mean - expected).abs() < 0.03, "{mean} {expected}");
            assert!((greedy[i] - expected).abs() < 0.03, "{greedy:?} {expected}");
            let (std, expected) = (variance.sqrt(), euler_deviation(0.3, 10));
            // Trained networks differ between processors; without Euler's shrinking it would be 0.3, that is 0.053 away.
            assert!((std - expected).abs() < 0.03, "{std} {expected}");
        }
    }
}

#[test]
fn samples_are_addressed_by_position_and_stay_in_bounds() {
    let host = FakeHost::new(two_peaks(), Precision::F32, 64, 5);
    let mut flow = Driver::<FlowBc>::new(&host, 1, r#"{"hidden": [8]}"#).expect("creates");
    let states = host.array(&[0.3; 200], &[100, 2]);
    let mut policy = flow.policy().expect("offers a policy");
    let mut act = |mode| {
        let actions = policy.act(states.view(), None, mode).expect("acts");
        actions.to_f64().expect("f32")
    };
    let (one, other) = (act(ActMode::Sampled(1)), act(ActMode::Sampled(2)));
    assert_eq!(one, act(ActMode::Sampled(1)));
    assert_ne!(one, other);
    assert!(one.iter().all(|a| (-1.0..=1.0).contains(a)));
    assert!(one.contains(&1.0), "an untrained flow leaves the bounds");
    assert_eq!(act(ActMode::Greedy), act(ActMode::Greedy));
}

#[test]
fn there_is_no_density_and_bad_requests_are_refused() {
    let host = FakeHost::new(two_peaks(), Precision::F32, 64, 5);
    let refuse = |hyper: &str, part: &str| {
        let failure = Driver::<FlowBc>::new(&host, 1, hyper)
            .err()
            .expect("refused");
        assert_eq!(failure.code, Code::InvalidArgument);
        assert!(failure.message.contains(part), "{failure}");
    };
    refuse(r#"{"flow_steps": 0}"#, "`flow_steps` is 0");
    refuse(r#"{"std": "learned"}"#, "unknown field `std`");
    let mut flow = Driver::<FlowBc>::new(&host, 1, r#"{"hidden": [8]}"#).expect("creates");
    let (s, a) = (host.array(&[0.0; 2], &[1, 2]), host.array(&[0.0], &[1, 1]));
    let learner = flow.learner();
    let refused = learner.log_prob(s.view(), None, a.view());
    assert_eq!(refused.err().expect("refused").code, Code::Unsupported);
    let nan = host.array(&[f64::NAN; 2], &[1, 2]);
    let refused = learner.act(nan.view(), None, ActMode::Greedy);
    assert_eq!(refused.err().expect("refused").code, Code::NonFinite);
}

#[test]
fn a_loss_that_is_not_finite_stops_with_its_name_and_update() {
    let mut data = two_peaks();
    data.action[7] = f64::NAN;
    let host = FakeHost::whole(data, Precision::F32);
    let mut flow = Driver::<FlowBc>::new(&host, 5, r#"{"hidden": [8]}"#).expect("creates");
    let failure = flow.update(5).expect_err("stops");
    assert_eq!(failure.code, Code::NonFinite);
    let expected = "flow_loss is NaN in update 1";
    assert!(failure.message.contains(expected), "{failure}");
}

#[test]
fn losses_gradients_updates_and_actions_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/flow-bc.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut driver = Driver::<FlowBc>::new(&host, golden.horizon, hyper).expect("creates");
        let learner = driver.learner();
        case.start("online", &mut learner.params).expect("fits");
        let service = host.host();
        let batch =
            Minibatch::draw_for(&service, learner.dims, "train", 0, Goals::Policy).expect("draws");
        let raw = batch.raw();
        for (name, mode) in [("act", ActMode::Sampled(3)), ("greedy", ActMode::Greedy)] {
            let actions = learner.act(raw.observation, raw.goal, mode).expect("acts");
            let actions = actions.view().to_f64().expect("floats");
            case.check_answer(name, &actions);
        }
        let loss = learner.loss(&batch, 0).expect("computes");
        case.check_loss("flow_loss", loss.double_value(&[]));
        case.check_gradients(&learner.params, &loss);
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            case.check_after(total, "online", &driver.learner().params);
        }
        assert_eq!(host.metric("flow_loss").len(), 3, "{}", case.name);
    }
}
