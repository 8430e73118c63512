use crate::{AutoExtract, losses};
use nn::testing::{Data, Driver, FakeHost, Quadratic, check_resume};
use plugin_api::serve::Instance;
use plugin_api::{ActMode, Code, Precision};
use std::cell::RefCell;
use tch::Tensor;

/// Every state is (0.5, 0.5, 0.5), actions are uniform in +-0.2.
fn data() -> Data {
    let mut data = Data::bandit((3, 2, 400), 0.2, |_, _| 0.0, |_, _| 0.0);
    data.observation.fill(0.5);
    data.next_observation.fill(0.5);
    data
}

/// Two members whose mean is `-|a - s'|^2` up to a constant and whose deviation is `4 |s'a|`: the best action of the mean
/// is (0.5, 0.5), out of the data's reach, and the members agree about the data's middle only.
fn stages() -> Instance<Quadratic> {
    let mut quadratic = Quadratic::new(0.0, 0.0, 2);
    let offset = 4.0 * 0.5;
    quadratic.members = vec![(3.0, offset), (-1.0, -offset)];
    Instance::new(quadratic)
}

const HYPER: &str = r#""hidden": [8], "learning_rate": 0.01, "critic_reduce": "mean",
    "q_normalization": "none", "selection_batches": 2"#;

fn trained(more: &str) -> (Box<FakeHost>, Vec<f64>) {
    let host = FakeHost::new(data(), Precision::F64, 64, 5);
    let mut stages = stages();
    let alpha = if more.contains("alpha") {
        ""
    } else {
        r#", "alpha": 0.01"#
    };
    let hyper = format!("{{{HYPER}{alpha}, {more}}}");
    let mut learner =
        Driver::<AutoExtract>::bound(&host, 300, &hyper, &mut stages).expect("creates");
    learner.update(300).expect("trains");
    let action = act(&host, &mut learner);
    drop(learner);
    (host, action)
}

fn act(host: &FakeHost, learner: &mut Driver<'_, AutoExtract>) -> Vec<f64> {
    let state = host.array(&[0.5; 3], &[1, 3]);
    let mut policy = learner.policy().expect("offers a policy");
    let action = policy.act(state.view(), None, ActMode::Greedy);
    action.expect("acts").to_f64().expect("floats")
}

fn last(host: &FakeHost, metric: &str) -> f64 {
    host.metric(metric).last().expect("recorded").1
}

#[test]
fn the_gradient_is_chosen_where_the_critic_is_believed() {
    let (host, action) = trained(r#""pessimism": 0.0"#);
    assert!(action.iter().all(|a| (a - 0.5).abs() < 0.05), "{action:?}");
    assert_eq!(last(&host, "chosen_gradient"), 1.0);
    assert!(last(&host, "score_gradient") > last(&host, "score_cloning"));
    assert_eq!(host.request("held-out").map(|r| r.held_out), Some(true));
    assert_eq!(host.request("train").map(|r| r.held_out), Some(false));
}

#[test]
fn cloning_is_chosen_where_the_members_disagree_about_the_gradients_actions() {
    let (host, action) = trained(r#""pessimism": 1.0"#);
    assert!(action.iter().all(|a| a.abs() < 0.2), "{action:?}");
    assert_eq!(last(&host, "chosen_gradient"), 0.0);
    // One state, so that the scores are those of two actions: mean - 4 k |s'a|.
    let found = last(&host, "score_cloning");
    let mean = |a: &[f64]| {
        // -((a - 3s)^2 + (a + s)^2) / 2 = -|a - s|^2 - 4 |s|^2
        -a.iter().map(|a| (a - 0.5) * (a - 0.5)).sum::<f64>() - 4.0 * 0.5
    };
    let deviation = 4.0 * (0.5 * action[0] + 0.5 * action[1]).abs();
    assert!(
        (found - (mean(&action) - deviation)).abs() < 1e-9,
        "{found}"
    );
    assert!(last(&host, "score_difference_se").abs() < 1e-9);
}

#[test]
fn the_sum_is_one_policy_between_both() {
    let (host, action) = trained(r#""mode": "sum", "alpha": 5.0, "temperature": 0.0"#);
    // -|a - s|^2 + alpha (-|a|^2 / 2) at its best, with weights of 1 and data around 0
    let expected = 2.0 * 0.5 / (2.0 + 5.0);
    assert!(
        action.iter().all(|a| (a - expected).abs() < 0.03),
        "{action:?} {expected}"
    );
    assert!(host.metric("chosen_gradient").is_empty());
    assert!(host.metric("awr_loss").is_empty());
    let (_, weighted) = trained(r#""mode": "sum", "alpha": 5.0, "temperature": 3.0"#);
    assert!(weighted[0] > action[0] || weighted[1] > action[1]);
}

#[test]
fn resumed_training_equals_uninterrupted() {
    let host = FakeHost::new(data(), Precision::F32, 16, 5);
    let stages = RefCell::new(stages());
    for more in [
        r#""mode": "choose""#,
        r#""mode": "sum""#,
        r#""mode": "choose", "pessimism": 0.0, "std": "learned""#,
    ] {
        let hyper = format!("{{{HYPER}, {more}}}");
        check_resume(|| {
            Driver::<AutoExtract>::bound(&host, 20, &hyper, &mut stages.borrow_mut())
                .expect("creates")
        });
    }
}

#[test]
fn the_choice_is_saved() {
    let host = FakeHost::new(data(), Precision::F32, 16, 5);
    for pessimism in [0.0, 1.0] {
        let (mut first_stages, mut second_stages) = (stages(), stages());
        let hyper = format!(r#"{{{HYPER}, "alpha": 0.01, "pessimism": {pessimism}}}"#);
        let mut first =
            Driver::<AutoExtract>::bound(&host, 200, &hyper, &mut first_stages).expect("creates");
        first.update(200).expect("trains");
        let state = first.save().expect("saves");
        let mut second =
            Driver::<AutoExtract>::bound(&host, 200, &hyper, &mut second_stages).expect("creates");
        second.load(&state).expect("loads");
        assert_eq!(act(&host, &mut first), act(&host, &mut second));
    }
}

#[test]
fn the_lower_bound_is_mean_minus_deviations() {
    let q = Tensor::from_slice2(&[[1.0, -2.0], [4.0, -2.0], [7.0, -2.0]]);
    let found = Vec::<f64>::try_from(losses::lower_bound(&q, 0.5)).expect("float64");
    assert!((found[0] - (4.0 - 0.5 * 6.0f64.sqrt())).abs() < 1e-12);
    assert_eq!(found[1], -2.0);
    assert_eq!(losses::weight(1.0, 100.0, 7.0), 7.0);
    assert!(losses::weight(f64::NAN, 1.0, 7.0).is_nan());
}

#[test]
fn impossible_arguments_are_refused() {
    let host = FakeHost::new(data(), Precision::F32, 16, 5);
    for (hyper, named) in [
        (r#"{"temperature": -1.0}"#, "temperature"),
        (r#"{"pessimism": -1.0}"#, "pessimism"),
        (r#"{"selection_batches": 0}"#, "selection_batches"),
        (r#"{"mode": "guess"}"#, "guess"),
    ] {
        let mut stages = stages();
        let failure = Driver::<AutoExtract>::bound(&host, 1, hyper, &mut stages).err();
        let failure = failure.expect("refused");
        assert_eq!(failure.code, Code::InvalidArgument);
        assert!(failure.message.contains(named), "{failure}");
    }
    let failure = Driver::<AutoExtract>::new(&host, 1, "{}").err();
    assert!(failure.expect("refused").message.contains("critic/1"));
}

#[test]
fn behind_an_encoder_it_learns_from_codes() {
    nn::testing::check_encoded::<AutoExtract>(r#"{"hidden": [8, 8], "learning_rate": 0.01}"#);
}
