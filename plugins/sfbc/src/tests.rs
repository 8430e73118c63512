use crate::{Sfbc, select};
use nn::testing::{Data, Driver, FakeHost, Quadratic, STATES, bits, check_stateless, stages};
use plugin_api::serve::Instance;
use plugin_api::{ActMode, Array, Code, Policy, Precision, TestTime};

fn host(precision: Precision) -> Box<FakeHost> {
    let data = Data::bandit((3, 2, 40), 0.9, |_, _| 0.0, |_, _| 0.0);
    FakeHost::whole(data, precision)
}

fn act_on(
    host: &FakeHost,
    hyper: &str,
    base: &mut Instance<Quadratic>,
    mode: ActMode,
    states: &[f64],
) -> Vec<f64> {
    let mut sfbc = Driver::<Sfbc>::bound(host, 0, hyper, base).expect("creates");
    let rows = states.len() as i64 / 3;
    let states = host.array(states, &[rows, 3]);
    let mut policy = sfbc.policy().expect("offers a policy");
    let action = policy.act(states.view(), None, mode).expect("acts");
    action
        .expect_shape("action", &[rows, 2])
        .expect("has A columns");
    action.to_f64().expect("floats")
}

fn act(host: &FakeHost, hyper: &str, mode: ActMode) -> Vec<f64> {
    act_on(host, hyper, &mut stages(), mode, &STATES)
}

/// `-|a - 0.6 s'|^2`
fn value(state: &[f64], action: &[f64]) -> f64 {
    -(0..2)
        .map(|i| (action[i] - 0.6 * state[i]).powi(2))
        .sum::<f64>()
}

#[test]
fn the_best_candidate_of_a_state_is_chosen() {
    let host = host(Precision::F64);
    let found = act(&host, r#"{"candidates": 16}"#, ActMode::Greedy);
    for (state, action) in STATES.chunks(3).zip(found.chunks(2)) {
        let observation = host.array(&state.repeat(16), &[16, 3]);
        let mode = ActMode::Sampled(select::position_of(state));
        let candidates = stages()
            .provider_mut()
            .act(observation.view(), None, mode)
            .expect("acts");
        let candidates = candidates.view().to_f64().expect("floats");
        let best = candidates
            .chunks(2)
            .max_by(|a, b| value(state, a).total_cmp(&value(state, b)))
            .expect("candidates");
        assert_eq!(action, best);
    }
}

#[test]
fn sampled_candidates_lie_at_positions_of_their_own() {
    let host = host(Precision::F64);
    let found = act(&host, r#"{"candidates": 5}"#, ActMode::Sampled(3));
    let states = host.array(&STATES, &[2, 3]);
    let candidates: Vec<Vec<f64>> = (0..5)
        .map(|i| {
            let mode = ActMode::Sampled(3 * 5 + i);
            let action = stages().provider_mut().act(states.view(), None, mode);
            action.expect("acts").view().to_f64().expect("floats")
        })
        .collect();
    for row in 0..2 {
        let state = &STATES[row * 3..row * 3 + 3];
        let of_row = candidates.iter().map(|c| &c[row * 2..row * 2 + 2]);
        let best = of_row.max_by(|a, b| value(state, a).total_cmp(&value(state, b)));
        assert_eq!(&found[row * 2..row * 2 + 2], best.expect("candidates"));
    }
}

#[test]
fn one_candidate_is_the_behaviour_policy_bit_for_bit() {
    for precision in [Precision::F32, Precision::F64] {
        let (host, mut base) = (host(precision), stages());
        let states = host.array(&STATES, &[2, 3]);
        let mode = ActMode::Sampled(9);
        let alone = base.provider_mut().act(states.view(), None, mode);
        let alone = alone.expect("acts").view().to_f64().expect("floats");
        let found = act_on(&host, r#"{"candidates": 1}"#, &mut base, mode, &STATES);
        assert_eq!(bits(&found), bits(&alone));
        assert_eq!(
            base.provider_mut().asked.q,
            2,
            "the critic was asked all the same"
        );
    }
}

#[test]
fn a_greedy_action_is_a_function_of_its_state() {
    let host = host(Precision::F32);
    let (hyper, mode) = (r#"{"candidates": 8}"#, ActMode::Greedy);
    let both = act(&host, hyper, mode);
    assert_eq!(both, act(&host, hyper, mode));
    let second = act_on(&host, hyper, &mut stages(), mode, &STATES[3..]);
    assert_eq!(&both[2..], second, "whatever else is in the batch");
    for selection in ["argmax", "softmax"] {
        let hyper = format!(r#"{{"selection": "{selection}", "inverse_temperature": 1.0}}"#);
        assert_eq!(act(&host, &hyper, mode), act(&host, &hyper, mode));
        let (one, other) = (ActMode::Sampled(1), ActMode::Sampled(2));
        assert_eq!(act(&host, &hyper, one), act(&host, &hyper, one));
        assert_ne!(act(&host, &hyper, one), act(&host, &hyper, other));
    }
}

#[test]
fn more_candidates_come_closer_to_the_critics_best_action() {
    let host = host(Precision::F32);
    let mean_value = |candidates: usize, selection: &str, alpha: f64| {
        let hyper = format!(
            r#"{{"candidates": {candidates}, "selection": "{selection}", "inverse_temperature": {alpha}}}"#
        );
        let states: Vec<f64> = host.data().observation.clone();
        let actions = act_on(&host, &hyper, &mut stages(), ActMode::Greedy, &states);
        let pairs = states.chunks(3).zip(actions.chunks(2));
        pairs.map(|(s, a)| value(s, a)).sum::<f64>() / 40.0
    };
    let (one, four, many) = (
        mean_value(1, "argmax", 0.0),
        mean_value(4, "argmax", 0.0),
        mean_value(64, "argmax", 0.0),
    );
    assert!(one < four && four < many, "{one} {four} {many}");
    let soft = mean_value(64, "softmax", 3.0);
    assert!(one < soft && soft < many, "{one} {soft} {many}");
    assert_eq!(mean_value(64, "softmax", 1e9), many);
}

#[test]
fn selection_asks_for_no_gradient() {
    let (host, mut base) = (host(Precision::F32), stages());
    let mut sfbc = Driver::<Sfbc>::bound(&host, 0, "{}", &mut base).expect("creates");
    sfbc.learner().begin_episode(0).expect("begins");
    let states = host.array(&STATES, &[2, 3]);
    let mut policy = sfbc.policy().expect("offers a policy");
    policy
        .act(states.view(), None, ActMode::Greedy)
        .expect("acts");
    let counts = sfbc.learner().counts();
    assert_eq!((counts.critic_gradients, counts.policy_updates), (0, 0));
    assert!(!counts.sequential);
}

#[test]
fn there_is_no_state_to_save() {
    let (host, mut base) = (host(Precision::F32), stages());
    check_stateless(|| Driver::<Sfbc>::bound(&host, 0, "{}", &mut base).expect("creates"));
}

#[test]
fn impossible_arguments_are_refused() {
    let host = host(Precision::F32);
    for (hyper, named) in [
        (r#"{"candidates": 0}"#, "candidates"),
        (r#"{"inverse_temperature": -1.0}"#, "inverse_temperature"),
    ] {
        let mut base = stages();
        let failure = Driver::<Sfbc>::bound(&host, 0, hyper, &mut base).err();
        let failure = failure.expect("refused");
        assert_eq!(failure.code, Code::InvalidArgument);
        assert!(failure.message.contains(named), "{failure}");
    }
    let failure = Driver::<Sfbc>::new(&host, 0, "{}").err().expect("refused");
    assert!(
        failure.message.contains("critic/1 is not bound"),
        "{failure}"
    );
    let mut base = stages();
    let mut sfbc = Driver::<Sfbc>::bound(&host, 0, "{}", &mut base).expect("creates");
    let mut ask = |states: Array| {
        let mut policy = sfbc.policy().expect("offers a policy");
        let result = policy.act(states.view(), None, ActMode::Greedy);
        result.err().expect("refused").code
    };
    assert_eq!(ask(host.array(&STATES, &[3, 2])), Code::InvalidArgument);
    assert_eq!(
        ask(Array::from_vec(STATES.to_vec(), &[2, 3])),
        Code::InvalidArgument
    );
    assert_eq!(ask(host.array(&[f64::NAN; 3], &[1, 3])), Code::NonFinite);
}
