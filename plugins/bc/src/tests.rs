use crate::Bc;
use nn::testing::{Data, Driver, FakeHost, Golden, check_resume};
use plugin_api::{ActMode, Code, Goals, Precision};

fn data() -> Data {
    Data::bandit((3, 2, 5000), 0.2, |s, i| 0.8 * s[i] * s[2], |_, _| 0.0)
}

#[test]
fn resumed_training_equals_uninterrupted() {
    for precision in [Precision::F32, Precision::F64] {
        let host = FakeHost::new(data(), precision, 32, 5);
        let hyper = r#"{"hidden": [16, 16], "std": "learned", "schedule": "cosine"}"#;
        check_resume(|| Driver::<Bc>::new(&host, 20, hyper).expect("creates"));
    }
}

#[test]
fn the_policy_becomes_the_mean_of_the_data() {
    let host = FakeHost::new(data(), Precision::F32, 64, 5);
    let hyper = r#"{"hidden": [32, 32], "learning_rate": 0.01, "output_scale": 1.0, "init": "torch-linear"}"#;
    let mut bc = Driver::<Bc>::new(&host, 600, hyper).expect("creates");
    bc.update(600).expect("trains");
    let states = [0.5, -0.5, 0.8, -0.2, 0.9, -0.6];
    let observation = host.array(&states, &[2, 3]);
    let mut policy = bc.policy().expect("offers a policy");
    let found = policy
        .act(observation.view(), None, ActMode::Greedy)
        .expect("acts");
    let found = found.as_slice::<f32>().expect("float32");
    for (row, action) in states.chunks(3).zip(found.chunks(2)) {
        for i in 0..2 {
            let expected = 0.8 * row[i] * row[2];
            assert!(
                (f64::from(action[i]) - expected).abs() < 0.08,
                "{row:?} {action:?}"
            );
        }
    }
}

#[test]
fn a_learned_deviation_becomes_that_of_the_data() {
    let host = FakeHost::new(data(), Precision::F64, 64, 5);
    let hyper = r#"{"hidden": [32, 32], "learning_rate": 0.01, "std": "learned"}"#;
    let mut bc = Driver::<Bc>::new(&host, 1500, hyper).expect("creates");
    bc.update(1500).expect("trains");
    let observation = host.array(&[0.1, 0.2, 0.3], &[1, 3]);
    let mut policy = bc.policy().expect("offers a policy");
    let (_, std) = policy
        .distribution(observation.view(), None)
        .expect("gaussian");
    for std in std.as_slice::<f64>().expect("float64") {
        let expected = 0.2 / 3.0f64.sqrt(); // of a uniform number in [-0.2, 0.2]
        assert!((std / expected - 1.0).abs() < 0.15, "{std} {expected}");
    }
}

#[test]
fn samples_are_addressed_by_position_and_stay_in_bounds() {
    let host = FakeHost::new(data(), Precision::F32, 64, 5);
    let mut bc = Driver::<Bc>::new(&host, 1, r#"{"hidden": [8]}"#).expect("creates");
    let observation = host.array(&vec![0.3; 300], &[100, 3]);
    let mut policy = bc.policy().expect("offers a policy");
    let mut sample = |position| {
        let actions = policy.act(observation.view(), None, ActMode::Sampled(position));
        actions
            .expect("acts")
            .as_slice::<f32>()
            .expect("float32")
            .to_vec()
    };
    let (one, again, other) = (sample(1), sample(1), sample(2));
    assert_eq!(one, again);
    assert_ne!(one, other);
    assert!(one.iter().all(|a| (-1.0..=1.0).contains(a)));
    assert!(one.contains(&1.0) && one.iter().any(|a| a.abs() < 0.9));
}

#[test]
fn bad_requests_are_refused() {
    let host = FakeHost::new(data(), Precision::F32, 8, 5);
    let refuse = |hyper: &str, code: Code, part: &str| {
        let failure = Driver::<Bc>::new(&host, 1, hyper).err().expect("refused");
        assert_eq!(failure.code, code);
        assert!(failure.message.contains(part), "{failure}");
    };
    refuse(
        r#"{"layers": 2}"#,
        Code::InvalidArgument,
        "unknown field `layers`",
    );
    refuse(r#"{"hidden": [0]}"#, Code::InvalidArgument, "`hidden` is 0");
    refuse(
        r#"{"std_value": -1.0}"#,
        Code::InvalidArgument,
        "`std_value`",
    );

    let mut bc = Driver::<Bc>::new(&host, 1, r#"{"hidden": [4]}"#).expect("creates");
    let wide = host.array(&[0.0; 4], &[1, 4]);
    let mut policy = bc.policy().expect("offers a policy");
    let failure = policy
        .act(wide.view(), None, ActMode::Greedy)
        .err()
        .expect("refused");
    assert_eq!(failure.code, Code::InvalidArgument);
    let nan = host.array(&[f64::NAN; 3], &[1, 3]);
    let failure = policy
        .act(nan.view(), None, ActMode::Greedy)
        .err()
        .expect("refused");
    assert_eq!(failure.code, Code::NonFinite);
}

#[test]
fn a_non_finite_action_stops_training_with_the_name_of_the_term() {
    let mut data = data();
    data.action.fill(f64::INFINITY);
    let host = FakeHost::new(data, Precision::F32, 8, 5);
    let mut bc = Driver::<Bc>::new(&host, 1, r#"{"hidden": [4]}"#).expect("creates");
    let failure = bc.update(1).expect_err("stops");
    assert_eq!(failure.code, Code::NonFinite);
    assert!(
        failure.message.contains("bc_loss is inf in update 1"),
        "{failure}"
    );
}

#[test]
fn cancellation_stops_between_two_updates() {
    let host = FakeHost::new(data(), Precision::F32, 8, 5);
    let mut bc = Driver::<Bc>::new(&host, 9, r#"{"hidden": [4]}"#).expect("creates");
    bc.update(2).expect("trains");
    host.cancel();
    assert_eq!(bc.update(1).expect_err("stops").code, Code::Cancelled);
    assert_eq!(host.metric("bc_loss").len(), 2);
}

#[test]
fn with_goals_the_policy_goes_where_the_goal_says() {
    let mut data = Data::bandit((1, 1, 4000), 0.0, |_, _| 0.0, |_, _| 0.0);
    data.goal_dim = 1;
    data.goal = data.observation.iter().rev().copied().collect();
    let toward = |s: f64, g: f64| 0.5 * (g - s);
    data.action = (0..4000)
        .map(|i| toward(data.observation[i], data.goal[i]))
        .collect();
    let host = FakeHost::new(data, Precision::F32, 64, 5);
    let hyper = r#"{"hidden": [32, 32], "learning_rate": 0.01, "output_scale": 1.0}"#;
    let mut bc = Driver::<Bc>::new(&host, 600, hyper).expect("creates");
    bc.update(600).expect("trains");
    assert_eq!(host.request("train").expect("drawn").goals, Goals::Policy);
    let mut policy = bc.policy().expect("offers a policy");
    for (s, g) in [(-0.7, 0.2), (0.2, 0.2), (0.8, -0.9)] {
        let (state, goal) = (host.array(&[s], &[1, 1]), host.array(&[g], &[1, 1]));
        let action = policy.act(state.view(), Some(goal.view()), ActMode::Greedy);
        let action = action.expect("acts").to_f64().expect("f32")[0];
        assert!((action - toward(s, g)).abs() < 0.05, "{s} {g} {action}");
    }
    let state = host.array(&[0.1], &[1, 1]);
    let refused = policy.act(state.view(), None, ActMode::Greedy).err();
    assert_eq!(refused.expect("refused").code, Code::InvalidArgument);
}

#[test]
fn losses_gradients_and_updates_equal_the_reference() {
    check_golden(include_str!("../../../tests/golden/learners/bc.json"));
}

#[test]
fn those_of_images_equal_the_reference() {
    check_golden(include_str!("../../../tests/golden/learners/bc-image.json"));
}

fn check_golden(text: &str) {
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut driver = Driver::<Bc>::new(&host, golden.horizon, hyper).expect("creates");
        let learner = driver.learner();
        case.start("online", &mut learner.actor.params)
            .expect("fits");
        let service = host.host();
        let batch = learner.batch(&service, 0).expect("draws");
        let loss = learner.loss(&batch).expect("computes");
        case.check_loss("bc_loss", loss.double_value(&[]));
        case.check_gradients(&learner.actor.params, &loss);
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            case.check_after(total, "online", &driver.learner().actor.params);
        }
        assert_eq!(host.metric("bc_loss").len(), 3, "{}", case.name);
    }
}

#[test]
fn a_deviation_that_the_loss_does_not_know_stays() {
    let host = FakeHost::new(data(), Precision::F64, 16, 5);
    let hyper = r#"{"hidden": [4], "loss": "mean-mse", "std": "learned", "std_value": 0.5}"#;
    let mut bc = Driver::<Bc>::new(&host, 5, hyper).expect("creates");
    bc.update(5).expect("trains");
    let log_std = bc
        .learner()
        .actor
        .params
        .values("policy.log_std")
        .expect("exists");
    assert_eq!(log_std, [0.5f64.ln(); 2]);
}

#[test]
fn behind_an_encoder_it_learns_from_codes() {
    nn::testing::check_encoded::<Bc>(r#"{"hidden": [8, 8], "learning_rate": 0.01}"#);
}
