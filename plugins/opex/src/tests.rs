use crate::Opex;
use nn::testing::{Data, Driver, FakeHost, Quadratic, STATES, bits, check_stateless, stages};
use plugin_api::serve::Instance;
use plugin_api::{ActMode, Code, Policy, Precision, TestTime};

fn host(precision: Precision) -> Box<FakeHost> {
    let data = Data::bandit((3, 2, 40), 0.9, |_, _| 0.0, |_, _| 0.0);
    FakeHost::whole(data, precision)
}

/// The actions in [`STATES`], and the gradients that were counted.
fn act(host: &FakeHost, hyper: &str, base: &mut Instance<Quadratic>, mode: ActMode) -> Vec<f64> {
    let mut opex = Driver::<Opex>::bound(host, 0, hyper, base).expect("creates");
    let states = host.array(&STATES, &[2, 3]);
    let mut policy = opex.policy().expect("offers a policy");
    let action = policy.act(states.view(), None, mode).expect("acts");
    action
        .expect_shape("action", &[2, 2])
        .expect("has A columns");
    action.to_f64().expect("floats")
}

fn greedy(hyper: &str) -> Vec<f64> {
    act(&host(Precision::F64), hyper, &mut stages(), ActMode::Greedy)
}

/// `f(s_i)` for the first two entries of both states.
fn each(f: impl Fn(f64) -> f64) -> Vec<f64> {
    [0, 1, 3, 4].iter().map(|i| f(STATES[*i])).collect()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() < tolerance, "{found:?} {expected:?}");
    }
}

#[test]
fn an_action_moves_uphill_by_beta_times_the_gradient() {
    // dQ/da = -2 (0.2 - 0.6) s = 0.8 s at the base policy's action.
    let found = greedy(r#"{"beta": 0.125}"#);
    assert_close(&found, &each(|s| 0.2 * s + 0.125 * 0.8 * s), 1e-15);
    // Each step leaves 1 - 2 beta of the distance to the best action.
    let found = greedy(r#"{"beta": 0.125, "steps": 3}"#);
    assert_close(&found, &each(|s| s * (0.6 - 0.4 * 0.75f64.powi(3))), 1e-14);
}

#[test]
fn normalisations_set_the_length_of_a_step() {
    let found = greedy(r#"{"beta": 0.125, "normalization": "sign"}"#);
    assert_close(&found, &each(|s| 0.2 * s + 0.125 * s.signum()), 1e-15);
    let found = greedy(r#"{"beta": 0.125, "normalization": "l2"}"#);
    let base = each(|s| 0.2 * s);
    for (found, base) in found.chunks(2).zip(base.chunks(2)) {
        let length = (found[0] - base[0]).hypot(found[1] - base[1]);
        assert!((length - 0.125).abs() < 1e-14, "{length}");
    }
}

#[test]
fn the_advantages_deviation_divides_the_gradient() {
    let host = host(Precision::F64);
    let data = host.data();
    let rows = data.observation.chunks(3).zip(data.action.chunks(2));
    let q: Vec<f64> = rows
        .map(|(s, a)| -(0..2).map(|i| (a[i] - 0.6 * s[i]).powi(2)).sum::<f64>())
        .collect();
    let mean = q.iter().sum::<f64>() / q.len() as f64;
    let variance = q.iter().map(|q| (q - mean).powi(2)).sum::<f64>() / q.len() as f64;
    let hyper = r#"{"beta": 0.125, "normalization": "advantage-std"}"#;
    let found = act(&host, hyper, &mut stages(), ActMode::Greedy);
    let step = 0.125 * 0.8 / variance.sqrt();
    assert_close(&found, &each(|s| (0.2 + step) * s), 1e-13);
}

#[test]
fn actions_stay_within_their_bounds() {
    let found = greedy(r#"{"beta": 100.0}"#);
    assert_eq!(found, each(f64::signum));
}

#[test]
fn beta_zero_is_the_base_policy_bit_for_bit_on_the_same_path() {
    for precision in [Precision::F32, Precision::F64] {
        for mode in [ActMode::Greedy, ActMode::Sampled(11)] {
            for normalization in ["none", "sign", "l2", "advantage-std"] {
                let (host, mut base) = (host(precision), stages());
                base.provider_mut().bias = vec![-0.0, 0.7];
                let states = host.array(&STATES, &[2, 3]);
                let alone = base.provider_mut().act(states.view(), None, mode);
                let alone = alone.expect("acts").view().to_f64().expect("floats");
                let hyper = format!(r#"{{"beta": 0.0, "normalization": "{normalization}"}}"#);
                let found = act(&host, &hyper, &mut base, mode);
                assert_eq!(bits(&found), bits(&alone));
                assert_eq!(base.provider_mut().asked.gradient_rows, 2);
            }
        }
    }
}

#[test]
fn the_mode_of_acting_is_the_bases() {
    let (host, hyper) = (host(Precision::F64), r#"{"beta": 0.125}"#);
    let mut base = stages();
    let mut at = |mode| act(&host, hyper, &mut base, mode);
    let (first, again, other) = (
        at(ActMode::Sampled(1)),
        at(ActMode::Sampled(1)),
        at(ActMode::Sampled(2)),
    );
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert_ne!(first, at(ActMode::Greedy));
}

#[test]
fn gradients_are_counted_by_rows() {
    let (host, mut base) = (host(Precision::F32), stages());
    let hyper = r#"{"steps": 3, "critic_reduce": "mean"}"#;
    let mut opex = Driver::<Opex>::bound(&host, 0, hyper, &mut base).expect("creates");
    let states = host.array(&STATES, &[2, 3]);
    for _ in 0..4 {
        let mut policy = opex.policy().expect("offers a policy");
        policy
            .act(states.view(), None, ActMode::Greedy)
            .expect("acts");
    }
    let counts = opex.learner().counts();
    assert_eq!((counts.critic_gradients, counts.policy_updates), (24, 0));
    assert!(!counts.sequential);
    assert_eq!(base.provider_mut().asked.gradient_rows, 24);
}

/// The gradient of `mean - k sd` over members `Q_i = o_i - |a - t_i s'|^2` at `a = 0.2 s'`.
fn lower_bound(members: &[(f64, f64)], k: f64, state: &[f64]) -> Vec<f64> {
    let n = members.len() as f64;
    let away = |t: f64, i: usize| (0.2 - t) * state[i];
    let q = |(t, o): &(f64, f64)| o - away(*t, 0).powi(2) - away(*t, 1).powi(2);
    let mean = members.iter().map(q).sum::<f64>() / n;
    let sd = (members.iter().map(|m| (q(m) - mean).powi(2)).sum::<f64>() / n).sqrt();
    let gradient = |i: usize| {
        let of = |t: f64| -2.0 * away(t, i);
        let mean_gradient = members.iter().map(|(t, _)| of(*t)).sum::<f64>() / n;
        let products = members.iter().map(|m| (q(m) - mean) * of(m.0));
        mean_gradient - k * products.sum::<f64>() / (n * sd)
    };
    vec![gradient(0), gradient(1)]
}

#[test]
fn the_lower_bound_is_ascended_for_any_number_of_members() {
    let cases: [(&[(f64, f64)], f64); 2] = [
        (&[(0.9, 0.1), (-0.3, 0.0)], 1e-13),
        (&[(0.9, 0.1), (-0.3, 0.0), (0.1, -0.2)], 1e-8),
    ];
    for (members, tolerance) in cases {
        for k in [0.0, 0.5, 2.0] {
            let mut base = stages();
            base.provider_mut().members = members.to_vec();
            let hyper =
                format!(r#"{{"beta": 0.01, "critic_reduce": "lower-bound", "pessimism": {k}}}"#);
            let found = act(&host(Precision::F64), &hyper, &mut base, ActMode::Greedy);
            let expected = STATES.chunks(3).flat_map(|state| {
                let gradient = lower_bound(members, k, state).into_iter().zip(state);
                gradient.map(|(g, s)| 0.2 * s + 0.01 * g)
            });
            assert_close(&found, &expected.collect::<Vec<_>>(), tolerance);
        }
    }
    // One member has no deviation.
    let found = greedy(r#"{"beta": 0.125, "critic_reduce": "lower-bound", "pessimism": 3.0}"#);
    assert_close(&found, &greedy(r#"{"beta": 0.125}"#), 1e-15);
}

#[test]
fn differences_in_single_precision_are_close() {
    let members = [(0.9, 0.1), (-0.3, 0.0), (0.1, -0.2)];
    let mut base = stages();
    base.provider_mut().members = members.to_vec();
    let hyper = r#"{"beta": 0.125, "critic_reduce": "lower-bound"}"#;
    let found = act(&host(Precision::F32), hyper, &mut base, ActMode::Greedy);
    let expected = STATES.chunks(3).flat_map(|state| {
        let gradient = lower_bound(&members, 1.0, state).into_iter().zip(state);
        gradient.map(|(g, s)| 0.2 * s + 0.125 * g)
    });
    assert_close(&found, &expected.collect::<Vec<_>>(), 1e-4);
}

#[test]
fn there_is_no_state_to_save() {
    let (host, mut base) = (host(Precision::F32), stages());
    check_stateless(|| Driver::<Opex>::bound(&host, 0, "{}", &mut base).expect("creates"));
}

#[test]
fn impossible_arguments_are_refused() {
    let host = host(Precision::F32);
    for (hyper, named) in [
        (r#"{"beta": -1.0}"#, "beta"),
        (r#"{"steps": 0}"#, "steps"),
        (r#"{"pessimism": -0.5}"#, "pessimism"),
        (r#"{"normalization": "l1"}"#, "l1"),
    ] {
        let mut base = stages();
        let failure = Driver::<Opex>::bound(&host, 0, hyper, &mut base).err();
        let failure = failure.expect("refused");
        assert_eq!(failure.code, Code::InvalidArgument);
        assert!(failure.message.contains(named), "{failure}");
    }
    let failure = Driver::<Opex>::new(&host, 0, "{}").err().expect("refused");
    assert!(
        failure.message.contains("critic/1 is not bound"),
        "{failure}"
    );
    let mut base = stages();
    let mut opex = Driver::<Opex>::bound(&host, 0, "{}", &mut base).expect("creates");
    let mut ask = |states: plugin_api::Array| {
        let mut policy = opex.policy().expect("offers a policy");
        let result = policy.act(states.view(), None, ActMode::Greedy);
        result.err().expect("refused").code
    };
    assert_eq!(ask(host.array(&STATES, &[3, 2])), Code::InvalidArgument);
    let double = plugin_api::Array::from_vec(STATES.to_vec(), &[2, 3]);
    assert_eq!(ask(double), Code::InvalidArgument);
    let nan = host.array(&[f64::NAN; 3], &[1, 3]);
    assert_eq!(ask(nan), Code::NonFinite);
}
