//! `template` against a critic known in closed form.

use nn::Dims;
use nn::testing::{Data, Driver, FakeHost, KnownCritic, check_resume};
use plugin_api::serve::Instance;
use plugin_api::{ActMode, Precision};
use std::cell::RefCell;
use template::Template;

fn critic(host: &FakeHost) -> Instance<KnownCritic> {
    let dims = Dims::continuous(&host.problem(1)).expect("continuous");
    Instance::new(KnownCritic::new(dims))
}

/// Actions are uniform in +-0.9. In state 0 the critic has Q = -|a|^2 and V = -0.2, so that a threshold of 0 copies the
/// disc of radius 0.45, and in state (0.4, 0, 0), where V = 0, nothing is left but the best action's neighbourhood.
#[test]
fn only_better_actions_are_copied() {
    let data = Data::bandit((3, 2, 4000), 0.9, |_, _| 0.0, |_, _| 0.0);
    let host = FakeHost::new(data, Precision::F32, 128, 5);
    let mut critic = critic(&host);
    let share = |threshold: &str, critic: &mut Instance<KnownCritic>| {
        let hyper = format!(r#"{{"hidden": [8], "threshold": {threshold}}}"#);
        let mut learner = Driver::<Template>::bound(&host, 50, &hyper, critic).expect("creates");
        learner.update(50).expect("trains");
        host.metric("copied").last().expect("recorded").1
    };
    let (all, some, none) = (
        share("-100.0", &mut critic),
        share("0.0", &mut critic),
        share("100.0", &mut critic),
    );
    assert_eq!((all, none), (1.0, 0.0));
    assert!(some > 0.05 && some < 0.6, "{some}");
}

#[test]
fn the_policy_moves_from_the_data_to_the_critics_side() {
    let data = Data::bandit((3, 2, 4000), 0.5, |_, _| 0.3, |_, _| 0.0);
    let host = FakeHost::new(data, Precision::F32, 128, 5);
    let mut critic = critic(&host);
    let mut act = |threshold: f64| {
        let hyper =
            format!(r#"{{"hidden": [16], "learning_rate": 0.01, "threshold": {threshold}}}"#);
        let mut learner =
            Driver::<Template>::bound(&host, 500, &hyper, &mut critic).expect("creates");
        learner.update(500).expect("trains");
        let state = host.array(&[0.0; 3], &[1, 3]);
        let mut policy = learner.policy().expect("offers a policy");
        let action = policy
            .act(state.view(), None, ActMode::Greedy)
            .expect("acts");
        f64::from(action.as_slice::<f32>().expect("f32")[0])
    };
    let (cloned, filtered) = (act(-100.0), act(0.0));
    assert!((cloned - 0.3).abs() < 0.08, "{cloned}");
    assert!(
        filtered < cloned - 0.08,
        "the critic's best action is 0: {filtered}"
    );
}

#[test]
fn resumed_training_equals_uninterrupted() {
    let data = Data::bandit((3, 2, 200), 0.9, |_, _| 0.0, |_, _| 0.0);
    let host = FakeHost::new(data, Precision::F64, 16, 5);
    let critic = RefCell::new(critic(&host));
    check_resume(|| {
        let critic = &mut critic.borrow_mut();
        Driver::<Template>::bound(&host, 20, r#"{"hidden": [8]}"#, critic).expect("creates")
    });
}
