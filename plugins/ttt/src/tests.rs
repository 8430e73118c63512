use crate::Ttt;
use nn::testing::{Data, Driver, FakeHost, bits, check_stateless, stages};
use plugin_api::{ActMode, Code, Goals, Precision, TestTime};

const STATE: [f64; 3] = [0.5, 0.5, 0.8];

/// Data states are 0, where the critic's best action is 0.
fn host(precision: Precision) -> Box<FakeHost> {
    let mut data = Data::bandit((3, 2, 40), 0.9, |_, _| 0.0, |_, _| 0.0);
    data.observation.fill(0.0);
    FakeHost::new(data, precision, 16, 3)
}

/// One step in the environment, in state `s`.
fn step(ttt: &mut Driver<'_, Ttt>, host: &FakeHost, s: &[f64], mode: ActMode) -> Vec<f64> {
    let state = host.array(s, &[1, 3]);
    let mut policy = ttt.policy().expect("offers a policy");
    let action = policy.act(state.view(), None, mode).expect("acts");
    action.to_f64().expect("floats")
}

/// The first entry of the actions of `steps` steps in [`STATE`], after the beginning of an episode.
fn episode(ttt: &mut Driver<'_, Ttt>, host: &FakeHost, index: u64, steps: usize) -> Vec<f64> {
    ttt.learner().begin_episode(index).expect("begins");
    let mut act = || step(ttt, host, &STATE, ActMode::Greedy)[0];
    (0..steps).map(|_| act()).collect()
}

#[test]
fn the_policy_climbs_to_the_critics_best_action_of_the_visited_states() {
    let (host, mut base) = (host(Precision::F64), stages());
    let hyper = r#"{"data_share": 0.0, "beta": 0.0, "learning_rate": 0.05}"#;
    let mut ttt = Driver::<Ttt>::bound(&host, 0, hyper, &mut base).expect("creates");
    let actions = episode(&mut ttt, &host, 0, 60);
    // The first state is learned from before the first action: a = 0.1 + 0.05 * 2 * (0.3 - 0.1).
    assert!((actions[0] - 0.12).abs() < 1e-12, "{}", actions[0]);
    assert!(actions.windows(2).all(|w| w[1] >= w[0]));
    assert!((actions[59] - 0.3).abs() < 1e-3, "{}", actions[59]);
    let counts = ttt.learner().counts();
    assert_eq!(
        (counts.critic_gradients, counts.policy_updates),
        (60 * 16, 60)
    );
    assert!(counts.sequential);
}

/// At the optimum the ascent balances the divergence: `2 (0.3 - a) = beta (a - 0.1) / 0.2^2`.
#[test]
fn the_weight_of_the_divergence_keeps_the_policy_near() {
    for beta in [0.04, 0.4, 40.0] {
        let (host, mut base) = (host(Precision::F64), stages());
        let hyper = format!(r#"{{"data_share": 0.0, "beta": {beta}, "learning_rate": 0.001}}"#);
        let mut ttt = Driver::<Ttt>::bound(&host, 0, &hyper, &mut base).expect("creates");
        let last = episode(&mut ttt, &host, 0, 4000)[3999];
        let pull = beta / 0.04;
        let expected = (0.6 + 0.1 * pull) / (2.0 + pull);
        assert!((last - expected).abs() < 1e-3, "{beta}: {last} {expected}");
    }
}

/// A share of the update's states comes from the data, where the best action is 0 and the policy's is b.
#[test]
fn states_of_the_data_take_part_by_their_share() {
    let (host, mut base) = (host(Precision::F64), stages());
    let hyper = r#"{"data_share": 0.25, "beta": 0.0, "learning_rate": 0.05}"#;
    let mut ttt = Driver::<Ttt>::bound(&host, 0, hyper, &mut base).expect("creates");
    let last = episode(&mut ttt, &host, 0, 200)[199];
    // 0.75 (0.3 - 0.1 - b) - 0.25 b = 0
    assert!((last - (0.1 + 0.15)).abs() < 1e-6, "{last}");
    assert_eq!(host.request("data").map(|r| r.goals), Some(Goals::None));
}

#[test]
fn a_learning_rate_of_zero_is_the_base_policy_bit_for_bit_on_the_same_path() {
    for precision in [Precision::F32, Precision::F64] {
        let (host, mut base) = (host(precision), stages());
        let hyper = r#"{"learning_rate": 0.0, "updates_per_step": 2, "data_share": 0.5}"#;
        let mut alone = Vec::new();
        for (t, mode) in modes().enumerate() {
            let state = host.array(&[0.1 * t as f64, -0.3, 0.2], &[1, 3]);
            let policy: &mut dyn plugin_api::Policy = base.provider_mut();
            let action = policy.act(state.view(), None, mode).expect("acts");
            alone.extend(action.view().to_f64().expect("floats"));
        }
        let mut ttt = Driver::<Ttt>::bound(&host, 0, hyper, &mut base).expect("creates");
        ttt.learner().begin_episode(0).expect("begins");
        let mut found = Vec::new();
        for (t, mode) in modes().enumerate() {
            found.extend(step(&mut ttt, &host, &[0.1 * t as f64, -0.3, 0.2], mode));
        }
        assert_eq!(bits(&found), bits(&alone));
        let counts = ttt.learner().counts();
        assert_eq!(
            (counts.critic_gradients, counts.policy_updates),
            (6 * 2 * 16, 12)
        );
        assert_eq!(base.provider_mut().asked.updates, 12);
        assert_eq!(base.provider_mut().asked.gradient_rows, 6 * 2 * 16);
    }
}

fn modes() -> impl Iterator<Item = ActMode> {
    (0..6).map(|t| {
        if t % 2 == 0 {
            ActMode::Greedy
        } else {
            ActMode::Sampled(t)
        }
    })
}

#[test]
fn episodes_start_anew_or_carry_over() {
    let run = |reset: &str| {
        let (host, mut base) = (host(Precision::F64), stages());
        let hyper = format!(r#"{{"reset": "{reset}", "beta": 0.0, "learning_rate": 0.02}}"#);
        let mut ttt = Driver::<Ttt>::bound(&host, 0, &hyper, &mut base).expect("creates");
        let first = episode(&mut ttt, &host, 4, 20);
        let other = episode(&mut ttt, &host, 5, 20);
        let again = episode(&mut ttt, &host, 4, 20);
        (first, other, again, base.provider_mut().asked.resets)
    };
    let (first, other, again, resets) = run("episode");
    assert_eq!(first, again, "a function of the episode alone");
    assert!((other[0] - first[0]).abs() < 0.05 && resets == 2);
    let (first, other, again, resets) = run("never");
    assert!(other[0] > first[10] && again[0] > other[10] && resets == 0);
}

#[test]
fn updates_come_in_rounds() {
    let (host, mut base) = (host(Precision::F64), stages());
    let hyper = r#"{"interval": 4, "updates_per_step": 3, "beta": 0.0, "learning_rate": 0.01}"#;
    let mut ttt = Driver::<Ttt>::bound(&host, 0, hyper, &mut base).expect("creates");
    let actions = episode(&mut ttt, &host, 0, 12);
    for (t, pair) in actions.windows(2).enumerate() {
        // Action t + 1 follows a round when it belongs to the 4th, 8th or 12th step.
        assert_eq!(pair[0] != pair[1], (t + 2) % 4 == 0, "{t}");
    }
    assert_eq!(ttt.learner().counts().policy_updates, 9);
}

#[test]
fn questions_outside_episodes_and_about_batches_change_nothing() {
    let (host, mut base) = (host(Precision::F64), stages());
    let hyper = r#"{"beta": 0.0, "learning_rate": 0.05}"#;
    let mut ttt = Driver::<Ttt>::bound(&host, 0, hyper, &mut base).expect("creates");
    for _ in 0..3 {
        assert_eq!(step(&mut ttt, &host, &STATE, ActMode::Greedy), [0.1, 0.1]);
    }
    assert_eq!(ttt.learner().counts().policy_updates, 0);
    episode(&mut ttt, &host, 0, 5);
    let batch = host.array(&STATE.repeat(4), &[4, 3]);
    let mut ask = || {
        let mut policy = ttt.policy().expect("offers a policy");
        let action = policy.act(batch.view(), None, ActMode::Greedy);
        action.expect("acts").to_f64().expect("floats")
    };
    assert_eq!(ask(), ask());
    assert!(ask()[0] > 0.1, "of the policy as it is now");
    assert_eq!(ttt.learner().counts().policy_updates, 5);
}

#[test]
fn the_mean_of_q_divides_the_gradient() {
    let first = |normalization: &str| {
        let (host, mut base) = (host(Precision::F64), stages());
        let hyper = format!(
            r#"{{"q_normalization": "{normalization}", "data_share": 0.0, "learning_rate": 0.001}}"#
        );
        let mut ttt = Driver::<Ttt>::bound(&host, 0, &hyper, &mut base).expect("creates");
        episode(&mut ttt, &host, 0, 1)[0] - 0.1
    };
    // |Q| = 2 (0.3 - 0.1)^2 in the one visited state.
    assert!((first("none") / first("mean-abs-q") - 0.08).abs() < 1e-9);
}

#[test]
fn goals_go_with_their_states() {
    let mut data = Data::bandit((3, 2, 40), 0.9, |_, _| 0.0, |_, _| 0.0);
    data.goal_dim = 1;
    data.goal = vec![0.5; 40];
    let host = FakeHost::new(data, Precision::F32, 16, 3);
    let mut base = stages();
    let mut ttt = Driver::<Ttt>::bound(&host, 0, "{}", &mut base).expect("creates");
    ttt.learner().begin_episode(0).expect("begins");
    let (state, goal) = (host.array(&STATE, &[1, 3]), host.array(&[0.7], &[1, 1]));
    let mut policy = ttt.policy().expect("offers a policy");
    policy
        .act(state.view(), Some(goal.view()), ActMode::Greedy)
        .expect("acts");
    let missing = policy.act(state.view(), None, ActMode::Greedy).err();
    assert_eq!(missing.map(|f| f.code), Some(Code::InvalidArgument));
    assert_eq!(host.request("data").map(|r| r.goals), Some(Goals::Policy));
    assert_eq!(ttt.learner().counts().policy_updates, 1);
}

#[test]
fn there_is_no_state_to_save() {
    let (host, mut base) = (host(Precision::F32), stages());
    check_stateless(|| Driver::<Ttt>::bound(&host, 0, "{}", &mut base).expect("creates"));
}

#[test]
fn a_gradient_that_is_not_finite_stops_with_its_update_and_episode() {
    let (host, mut base) = (host(Precision::F32), stages());
    base.provider_mut().members = vec![(f64::NAN, 0.0)];
    let mut ttt = Driver::<Ttt>::bound(&host, 0, "{}", &mut base).expect("creates");
    ttt.learner().begin_episode(3).expect("begins");
    let state = host.array(&STATE, &[1, 3]);
    let mut policy = ttt.policy().expect("offers a policy");
    let failure = policy.act(state.view(), None, ActMode::Greedy).err();
    let failure = failure.expect("stops");
    assert_eq!(failure.code, Code::NonFinite);
    let words = ["dQ/da", "in update 0 of episode 3"];
    assert!(
        words.iter().all(|w| failure.message.contains(w)),
        "{failure}"
    );
}

#[test]
fn impossible_arguments_are_refused() {
    let host = host(Precision::F32);
    for (hyper, named) in [
        (r#"{"beta": -1.0}"#, "beta"),
        (r#"{"learning_rate": -1.0}"#, "learning_rate"),
        (r#"{"interval": 0}"#, "interval"),
        (r#"{"updates_per_step": 0}"#, "updates_per_step"),
        (r#"{"memory": 0}"#, "memory"),
        (r#"{"data_share": 1.5}"#, "data_share"),
        (r#"{"reset": "always"}"#, "always"),
    ] {
        let mut base = stages();
        let failure = Driver::<Ttt>::bound(&host, 0, hyper, &mut base).err();
        let failure = failure.expect("refused");
        assert_eq!(failure.code, Code::InvalidArgument);
        assert!(failure.message.contains(named), "{failure}");
    }
    let failure = Driver::<Ttt>::new(&host, 0, "{}").err().expect("refused");
    assert!(
        failure.message.contains("critic/1 is not bound"),
        "{failure}"
    );
    let mut base = stages();
    let mut ttt = Driver::<Ttt>::bound(&host, 0, "{}", &mut base).expect("creates");
    ttt.learner().begin_episode(0).expect("begins");
    let nan = host.array(&[f64::NAN; 3], &[1, 3]);
    let mut policy = ttt.policy().expect("offers a policy");
    let failure = policy.act(nan.view(), None, ActMode::Greedy).err();
    assert_eq!(failure.map(|f| f.code), Some(Code::NonFinite));
}
