use crate::{Awr, losses};
use nn::testing::{Data, Driver, FakeHost, Golden, KnownCritic, check_resume};
use nn::{Dims, Minibatch};
use plugin_api::serve::Instance;
use plugin_api::{ActMode, Goals, Precision};
use std::cell::RefCell;

fn data(rows: usize) -> Data {
    Data::bandit((3, 2, rows), 0.9, |_, _| 0.0, |_, _| 0.0)
}

fn critic(host: &FakeHost) -> Instance<KnownCritic> {
    let dims = Dims::continuous(&host.problem(1)).expect("continuous");
    Instance::new(KnownCritic::new(dims))
}

#[test]
fn resumed_training_equals_uninterrupted_with_rows_seen_and_unseen() {
    let host = FakeHost::new(data(300), Precision::F32, 16, 5);
    let critic = RefCell::new(critic(&host));
    for normalization in ["none", "std"] {
        let hyper = format!(r#"{{"hidden": [8], "advantage_normalization": "{normalization}"}}"#);
        check_resume(|| {
            Driver::<Awr>::bound(&host, 20, &hyper, &mut critic.borrow_mut()).expect("creates")
        });
    }
}

/// Q has its maximum at `-0.05 s` (between the members' `0.3 s` and `-0.4 s`, where their minimum is largest): a high
/// temperature goes there from data that is uniform around 0, and further than a low one.
#[test]
fn a_higher_temperature_goes_further_towards_the_best_actions() {
    let spread = |temperature: f64| {
        let host = FakeHost::new(data(4000), Precision::F32, 128, 5);
        let mut critic = critic(&host);
        let hyper = format!(
            r#"{{"hidden": [32], "learning_rate": 0.01, "std": "learned", "temperature": {temperature}}}"#
        );
        let mut awr = Driver::<Awr>::bound(&host, 600, &hyper, &mut critic).expect("creates");
        awr.update(600).expect("trains");
        let state = host.array(&[0.0; 3], &[1, 3]);
        let mut policy = awr.policy().expect("offers a policy");
        let mean = policy
            .act(state.view(), None, ActMode::Greedy)
            .expect("acts");
        assert!(
            mean.as_slice::<f32>()
                .expect("f32")
                .iter()
                .all(|a| a.abs() < 0.1)
        );
        let (_, std) = policy.distribution(state.view(), None).expect("gaussian");
        f64::from(std.as_slice::<f32>().expect("f32")[0])
    };
    let (cloning, low, high) = (spread(0.0), spread(2.0), spread(10.0));
    // Uniform on +-0.9 has deviation 0.52; exp(-10 a^2) has 1 / sqrt(20) = 0.22.
    assert!((cloning - 0.52).abs() < 0.05, "{cloning}");
    assert!((high - 0.224).abs() < 0.04, "{high}");
    assert!(high < low && low < cloning);
}

#[test]
fn cached_weights_equal_recomputed_ones_bit_for_bit() {
    for precision in [Precision::F32, Precision::F64] {
        let host = FakeHost::new(data(40), precision, 16, 5);
        let (mut known, updates) = (critic(&host), 30);
        let hyper = r#"{"hidden": [8], "temperature": 3.0}"#;
        let train = |known: &mut Instance<KnownCritic>, forget: bool| {
            let mut awr = Driver::<Awr>::bound(&host, updates, hyper, known).expect("creates");
            for _ in 0..updates {
                if forget {
                    awr.learner().weights.forget();
                }
                awr.update(1).expect("trains");
            }
            let learner = awr.learner();
            let weights = learner
                .actor
                .params
                .values("policy.0.weight")
                .expect("exists");
            weights.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        };
        let cached = train(&mut known, false);
        let cached_calls = std::mem::take(&mut known.provider_mut().calls);
        assert_eq!(train(&mut known, true), cached);
        assert_eq!(known.provider_mut().calls as u64, updates);
        assert!(
            cached_calls < 12,
            "40 rows in batches of 16 are soon seen: {cached_calls}"
        );
    }
}

#[test]
fn weights_are_clipped_and_a_nan_stays_a_nan() {
    assert_eq!(losses::weight(0.0, 3.0, 100.0), 1.0);
    assert!((losses::weight(0.5, 3.0, 100.0) - 1.5f64.exp()).abs() < 1e-15);
    assert_eq!(losses::weight(1e9, 3.0, 100.0), 100.0);
    assert!(losses::weight(f64::NAN, 3.0, 100.0).is_nan());
}

#[test]
fn a_critic_and_a_state_value_are_required() {
    let host = FakeHost::new(data(10), Precision::F32, 4, 5);
    let failure = Driver::<Awr>::new(&host, 1, "{}").err().expect("refused");
    assert!(
        failure.message.contains("critic/1 is not bound"),
        "{failure}"
    );
    let mut critic = critic(&host);
    critic.provider_mut().with_value = false;
    let failure = Driver::<Awr>::bound(&host, 1, "{}", &mut critic)
        .err()
        .expect("refused");
    assert!(
        failure.message.contains("state-value/1 is not bound"),
        "{failure}"
    );
}

/// Two goals, and a critic that depends on them: the same row weighs differently when it is drawn with another goal.
#[test]
fn with_goals_weights_are_computed_anew() {
    let mut data = data(4000);
    data.goal_dim = 1;
    data.goal = (0..4000)
        .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let host = FakeHost::new(data, Precision::F32, 128, 5);
    let dims = Dims::continuous(&host.problem(1)).expect("continuous");
    let mut critic = Instance::new(KnownCritic::new(dims));
    let hyper = r#"{"hidden": [8]}"#;
    let mut awr = Driver::<Awr>::bound(&host, 60, hyper, &mut critic).expect("creates");
    awr.update(60).expect("trains");
    assert_eq!(critic.provider_mut().calls, 60);
    assert_eq!(host.request("train").expect("drawn").goals, Goals::Policy);
    let (rows, kept) = (host.problem(1).row_count, awr.save().expect("saves").len());
    assert!(kept < 8 * rows, "no weight is kept: {kept} bytes");
    // The critic adds a tenth of the goal to Q, and V does not know it.
    let service = host.host();
    let draw = |step| Minibatch::draw_for(&service, dims, "train", step, Goals::Policy);
    let learner = awr.learner();
    for step in [0, 1] {
        let batch = draw(step).expect("draws");
        let w = learner
            .weights
            .of(&batch, &mut learner.critic)
            .expect("weighs");
        let w = Vec::<f32>::try_from(&w).expect("float32");
        let adv = learner.critic.advantage(&batch).expect("answers");
        let adv = Vec::<f32>::try_from(&adv).expect("float32");
        for (w, adv) in w.iter().zip(adv) {
            let expected = losses::weight(f64::from(adv), 3.0, 100.0) as f32;
            assert_eq!(*w, expected);
        }
    }
}

#[test]
fn with_goals_resumed_training_equals_uninterrupted() {
    let mut data = data(300);
    data.goal_dim = 1;
    data.goal = data.observation.iter().take(300).copied().collect();
    let host = FakeHost::new(data, Precision::F32, 16, 5);
    let critic = RefCell::new(critic(&host));
    let hyper = r#"{"hidden": [8], "advantage_normalization": "std"}"#;
    check_resume(|| {
        Driver::<Awr>::bound(&host, 20, hyper, &mut critic.borrow_mut()).expect("creates")
    });
}

#[test]
fn losses_gradients_and_updates_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/awr.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut critic = critic(&host);
        let mut driver =
            Driver::<Awr>::bound(&host, golden.horizon, hyper, &mut critic).expect("creates");
        let learner = driver.learner();
        case.start("online", &mut learner.actor.params)
            .expect("fits");
        let service = host.host();
        let batch = learner.batch(&service, 0).expect("draws");
        learner.normalize().expect("spreads");
        let w = learner
            .weights
            .of(&batch, &mut learner.critic)
            .expect("weighs");
        let loss = learner.loss(&batch, &w).expect("computes");
        case.check_loss("awr_loss", loss.double_value(&[]));
        case.check_gradients(&learner.actor.params, &loss);
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            case.check_after(total, "online", &driver.learner().actor.params);
        }
        assert_eq!(host.metric("awr_loss").len(), 3, "{}", case.name);
    }
}

#[test]
fn behind_an_encoder_it_learns_from_codes() {
    nn::testing::check_encoded::<Awr>(r#"{"hidden": [8, 8], "learning_rate": 0.01}"#);
}
