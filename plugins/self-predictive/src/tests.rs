use crate::SelfPredictive;
use nn::testing::{Data, Driver, FakeHost, Golden, check_resume, check_terminal_rows};
use plugin_api::{Code, Encoder, Precision};

/// `x' = A x + B a` in the first two entries; the third is noise, drawn anew in every step.
fn walk(rows: usize) -> Data {
    let mut data = Data::bandit((3, 1, rows), 1.0, |_, _| 0.0, |s, a| s[0] - a[0]);
    data.terminated.fill(0.0);
    for i in 0..rows {
        let s = data.observation[3 * i..][..3].to_vec();
        let a = data.action[i];
        let noise = data.observation[3 * (rows - 1 - i) + 2];
        let next = [
            0.8 * s[0] + 0.5 * s[1],
            -0.5 * s[0] + 0.8 * s[1] + 0.3 * a,
            noise,
        ];
        data.next_observation[3 * i..][..3].copy_from_slice(&next);
    }
    data
}

#[test]
fn resumed_training_equals_uninterrupted() {
    for precision in [Precision::F32, Precision::F64] {
        let host = FakeHost::new(walk(200), precision, 32, 5);
        let hyper = r#"{"hidden": [16], "predictor_hidden": [8], "latent": 4, "reward_weight": 0.5,
            "schedule": "cosine"}"#;
        check_resume(|| Driver::<SelfPredictive>::new(&host, 20, hyper).expect("creates"));
    }
}

/// With as many linear dimensions as the process has, prediction is perfect and every other term is least exactly where
/// the code holds the process and nothing of the noise, with uncorrelated dimensions.
#[test]
fn a_linear_code_keeps_what_can_be_predicted_and_drops_noise() {
    let host = FakeHost::new(walk(4000), Precision::F64, 256, 5);
    let hyper = r#"{"latent": 2, "hidden": [], "predictor_hidden": [], "learning_rate": 0.01, "schedule": "cosine",
        "target_rate": 0.05, "covariance_weight": 1.0}"#;
    let mut learner = Driver::<SelfPredictive>::new(&host, 3000, hyper).expect("creates");
    learner.update(3000).expect("trains");
    let last = |name: &str| host.metric(name).last().expect("recorded").1;
    assert!(
        last("prediction_loss") < 1e-3,
        "{}",
        last("prediction_loss")
    );
    assert!(last("variance_loss") < 0.05, "{}", last("variance_loss"));
    assert!(
        last("covariance_loss") < 0.02,
        "{}",
        last("covariance_loss")
    );
    let online = &learner.learner().nets.online;
    let weight = online.values("phi.0.weight").expect("exists"); // [3, 2]
    let norm = |row: usize| (weight[2 * row].powi(2) + weight[2 * row + 1].powi(2)).sqrt();
    let signal = norm(0).min(norm(1));
    assert!(norm(2) < 0.03 * signal, "{weight:?}");
    let determinant = weight[0] * weight[3] - weight[1] * weight[2];
    assert!(determinant.abs() > 1.0, "{weight:?}"); // deviation 1 of a uniform number needs a weight of sqrt 3
}

/// Observations that hardly differ: nothing but the variance term makes their codes differ more.
#[test]
fn the_variance_term_keeps_codes_apart() {
    let deviation = |weight: f64| {
        let mut data = walk(500);
        for x in data
            .observation
            .iter_mut()
            .chain(&mut data.next_observation)
        {
            *x *= 0.01;
        }
        let host = FakeHost::new(data, Precision::F64, 64, 5);
        let hyper = format!(
            r#"{{"latent": 4, "hidden": [16], "predictor_hidden": [], "learning_rate": 0.01, "variance_weight": {weight}}}"#
        );
        let mut learner = Driver::<SelfPredictive>::new(&host, 1000, &hyper).expect("creates");
        learner.update(1000).expect("trains");
        host.metric("code_deviation").last().expect("recorded").1
    };
    let (kept, free) = (deviation(1.0), deviation(0.0));
    assert!(kept > 0.9 && free < 0.3, "{kept} {free}");
}

#[test]
fn what_follows_a_terminal_row_is_never_used() {
    check_terminal_rows::<SelfPredictive>(walk(64), r#"{"hidden": [8], "latent": 3}"#);
}

#[test]
fn bad_numbers_and_ranges_are_named() {
    let mut data = walk(16);
    data.observation[4] = f64::NAN;
    let host = FakeHost::whole(data, Precision::F32);
    let mut learner =
        Driver::<SelfPredictive>::new(&host, 5, r#"{"hidden": [8]}"#).expect("creates");
    let failure = learner.update(5).expect_err("stops");
    assert_eq!(failure.code, Code::NonFinite);
    assert!(
        failure.message.contains("loss is NaN in update 1"),
        "{failure}"
    );
    let nan = host.array(&[f64::NAN; 3], &[1, 3]);
    let failure = learner.learner().encode(nan.view()).err();
    assert_eq!(failure.expect("refused").code, Code::NonFinite);
    for hyper in [
        r#"{"latent": 0}"#,
        r#"{"variance_weight": -1.0}"#,
        r#"{"predictor_hidden": [0]}"#,
    ] {
        let failure = Driver::<SelfPredictive>::new(&host, 5, hyper).err();
        assert_eq!(
            failure.expect("refused").code,
            Code::InvalidArgument,
            "{hyper}"
        );
    }
}

#[test]
fn losses_gradients_and_updates_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/self-predictive.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut driver =
            Driver::<SelfPredictive>::new(&host, golden.horizon, hyper).expect("creates");
        let learner = driver.learner();
        case.start("online", &mut learner.nets.online)
            .expect("fits");
        case.start("target", &mut learner.nets.target)
            .expect("fits");
        case.start("online", &mut learner.nets.heads).expect("fits");
        let service = host.host();
        let batch =
            nn::Minibatch::draw(&service, learner.inputs.dims(), "train", 0).expect("draws");
        let terms = learner.terms(&batch).expect("computes");
        let number = |x: &tch::Tensor| x.double_value(&[]);
        case.check_loss("loss", number(&terms.loss));
        case.check_loss("prediction_loss", number(&terms.prediction));
        case.check_loss("variance_loss", number(&terms.variance));
        case.check_loss("covariance_loss", number(&terms.covariance));
        case.check_gradients(&learner.nets.online, &terms.loss);
        case.check_gradients(&learner.nets.heads, &terms.loss);
        let shape = [
            host.data().rows() as i64,
            host.data().observation_dim as i64,
        ];
        let observation = host.array(&host.data().observation, &shape);
        let code = learner.encode(observation.view()).expect("encodes");
        case.check_answer("code", &code.view().to_f64().expect("floats"));
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            let nets = &driver.learner().nets;
            case.check_after(total, "online", &nets.online);
            case.check_after(total, "target", &nets.target);
            case.check_after(total, "online", &nets.heads);
        }
    }
}
