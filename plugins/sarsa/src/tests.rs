use crate::{Sarsa, losses};
use nn::testing::{Data, Driver, FakeHost, Golden, Tabular, check_resume};
use plugin_api::{
    BatchRequest, Code, Critic, Goals, Network, Precision, Query, Reduce, StateValue,
};

fn walk(rows: usize, terminated: f64) -> Data {
    let mut data = Data::bandit((3, 2, rows), 0.8, |s, i| 0.3 * s[i], |s, a| s[0] - a[1]);
    data.terminated.fill(terminated);
    data.next_action = data.action.iter().map(|a| 0.5 * a).collect();
    data
}

#[test]
fn resumed_training_equals_uninterrupted() {
    for precision in [Precision::F32, Precision::F64] {
        let host = FakeHost::new(walk(200, 0.0), precision, 32, 5);
        let hyper = r#"{"hidden": [16, 16], "schedule": "cosine"}"#;
        check_resume(|| Driver::<Sarsa>::new(&host, 20, hyper).expect("creates"));
    }
}

/// Stated tolerance: 0.02, where values span more than 1.
#[test]
fn q_and_v_are_those_of_the_behaviour_policy() {
    let process = Tabular::new(true);
    let host = FakeHost::whole(process.data(), Precision::F64);
    let hyper = r#"{"hidden": [64], "activation": "tanh", "learning_rate": 0.01, "schedule": "cosine",
        "target_rate": 0.05}"#;
    let mut sarsa = Driver::<Sarsa>::new(&host, 4000, hyper).expect("creates");
    sarsa.update(4000).expect("trains");
    let pairs = process.supported();
    let (s, a) = Tabular::rows(&pairs);
    let count = pairs.len() as i64;
    let (s, a) = (host.array(&s, &[count, 3]), host.array(&a, &[count, 1]));
    let learner = sarsa.learner();
    let query = Query {
        observation: s.view(),
        goal: None,
        action: a.view(),
        network: Network::Online,
        reduce: Reduce::Mean,
    };
    let q = learner.q(&query).expect("answers");
    let v = learner.v(s.view(), None).expect("answers");
    let (q, v) = (
        q.view().to_f64().expect("f64"),
        v.view().to_f64().expect("f64"),
    );
    let (exact_q, exact_v) = process.behaviour();
    for (i, (s, a)) in pairs.into_iter().enumerate() {
        let expected = (exact_q[s][a], exact_v[s]);
        let error = (q[i] - expected.0).abs().max((v[i] - expected.1).abs());
        assert!(error < 0.02, "({s}, {a}): {} {} {expected:?}", q[i], v[i]);
    }
    let best = process.best_supported().1;
    assert!(
        (0..3).all(|s| best[s] > exact_v[s] + 0.1),
        "{best:?} {exact_v:?}"
    );
}

#[test]
fn rows_are_asked_for_with_their_next_actions() {
    let asked = |data: Data| {
        let host = FakeHost::new(data, Precision::F32, 8, 5);
        let mut sarsa = Driver::<Sarsa>::new(&host, 1, r#"{"hidden": [4]}"#).expect("creates");
        sarsa.update(1).expect("trains");
        host.request("train").expect("a batch was drawn")
    };
    let expected = BatchRequest {
        next_action: true,
        ..BatchRequest::default()
    };
    assert_eq!(asked(walk(20, 0.0)), expected);
    let mut data = walk(20, 0.0);
    data.goal_dim = 1;
    data.goal = vec![0.5; 20];
    let goals = Goals::Value;
    assert_eq!(asked(data), BatchRequest { goals, ..expected });

    let mut data = walk(20, 0.0);
    data.next_action.clear();
    let host = FakeHost::new(data, Precision::F32, 8, 5);
    let mut sarsa = Driver::<Sarsa>::new(&host, 1, r#"{"hidden": [4]}"#).expect("creates");
    assert_eq!(
        sarsa.update(1).expect_err("refused").code,
        Code::InvalidArgument
    );
}

#[test]
fn what_follows_a_terminal_row_is_never_used() {
    let mut data = walk(64, 1.0);
    data.terminated[3] = 0.0;
    let train = |data: Data| {
        let host = FakeHost::whole(data, Precision::F64);
        let mut sarsa = Driver::<Sarsa>::new(&host, 5, r#"{"hidden": [8]}"#).expect("creates");
        sarsa.update(5).expect("trains");
        sarsa.save().expect("saves")
    };
    let plain = train(data.clone());
    data.next_observation[..9].fill(f64::NAN);
    data.next_action[..6].fill(0.7);
    assert!(train(data.clone()) == plain);
    data.next_action[6] += 0.1;
    assert!(train(data) != plain, "row 3 goes on");
}

#[test]
fn bad_numbers_and_ranges_are_named() {
    let mut data = walk(16, 0.0);
    data.next_action[4] = f64::NAN;
    let host = FakeHost::whole(data, Precision::F32);
    let mut sarsa = Driver::<Sarsa>::new(&host, 5, r#"{"hidden": [8]}"#).expect("creates");
    let failure = sarsa.update(5).expect_err("stops");
    assert_eq!(failure.code, Code::NonFinite);
    let expected = "q_loss is NaN in update 1";
    assert!(failure.message.contains(expected), "{failure}");
    let failure = Driver::<Sarsa>::new(&host, 5, r#"{"ensemble": 0}"#).err();
    let failure = failure.expect("refused");
    assert!(failure.message.contains("`ensemble` is 0"), "{failure}");
}

#[test]
fn losses_gradients_and_updates_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/sarsa.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut driver = Driver::<Sarsa>::new(&host, golden.horizon, hyper).expect("creates");
        let learner = &mut driver.learner().trainer;
        case.start("online", &mut learner.nets.q).expect("fits");
        case.start("target", &mut learner.nets.q_target)
            .expect("fits");
        case.start("online", &mut learner.nets.v).expect("fits");
        let service = host.host();
        let batch = learner.batch(&service, 0).expect("draws");
        let (nets, hyper) = (&learner.nets, &learner.losses);
        let v_loss = losses::value_loss(nets, &batch, hyper).expect("computes");
        let q_loss = losses::critic_loss(nets, &batch, hyper, learner.discount).expect("computes");
        case.check_loss("v_loss", v_loss.double_value(&[]));
        case.check_loss("q_loss", q_loss.double_value(&[]));
        case.check_gradients(&nets.v, &v_loss);
        case.check_gradients(&nets.q, &q_loss);
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            let nets = &driver.learner().trainer.nets;
            case.check_after(total, "online", &nets.q);
            case.check_after(total, "target", &nets.q_target);
            case.check_after(total, "online", &nets.v);
        }
        assert_eq!(host.metric("q_loss").len(), 3, "{}", case.name);
    }
}

#[test]
fn behind_an_encoder_it_learns_from_codes() {
    nn::testing::check_encoded::<Sarsa>(r#"{"hidden": [8, 8], "learning_rate": 0.01}"#);
}
