//! `policy-update/1` of an actor: the direction of a step, the divergence, and the way back.

use nn::testing::{Data, FakeHost};
use nn::{
    Activation, Actor, ActorOptions, AdamOptions, Init, LayerNorm, MeanKind, PolicyOptions,
    Schedule, StateReader, StateWriter, StdKind, kl,
};
use plugin_api::{ActMode, Code, Policy, PolicyUpdate, Precision};
use tch::{Kind, Tensor};

const ROWS: usize = 6;

fn host() -> Box<FakeHost> {
    let data = Data::bandit((3, 2, ROWS), 0.4, |s, i| s[i], |_, a| -a[0]);
    FakeHost::whole(data, Precision::F64)
}

fn actor(host: &FakeHost, std: StdKind, hidden: &[i64]) -> Actor {
    nn::single_thread();
    let policy = PolicyOptions {
        hidden: hidden.to_vec(),
        activation: Activation::Tanh,
        layer_norm: LayerNorm::None,
        init: Init::TorchLinear,
        output_scale: 1.0,
        mean: MeanKind::Tanh,
        std,
        std_value: 0.5,
        log_std_min: -5.0,
        log_std_max: 2.0,
    };
    let adam = AdamOptions::new(1e-3, Schedule::Constant, 10);
    Actor::create(
        host.host(),
        &host.problem(10),
        ActorOptions { policy, adam },
    )
    .expect("creates")
}

fn greedy(actor: &mut Actor, host: &FakeHost) -> Vec<f64> {
    let s = host.array(&host.data().observation, &[ROWS as i64, 3]);
    let action = actor.act(s.view(), None, ActMode::Greedy).expect("acts");
    action.view().to_f64().expect("float64")
}

/// `steps` updates with the same gradient for all rows; gives the divergences reported.
fn climb(actor: &mut Actor, host: &FakeHost, dq_da: [f64; 2], beta: f64, steps: usize) -> Vec<f64> {
    let s = host.array(&host.data().observation, &[ROWS as i64, 3]);
    let dq_da = host.array(&dq_da.repeat(ROWS), &[ROWS as i64, 2]);
    (0..steps)
        .map(|_| {
            actor
                .step(s.view(), None, dq_da.view(), beta)
                .expect("steps")
        })
        .collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn saved(actor: &Actor) -> Vec<u8> {
    let mut bytes = Vec::new();
    actor
        .save(&mut StateWriter::new(&mut bytes))
        .expect("saves");
    bytes
}

#[test]
fn actions_move_along_the_gradient_and_back_bit_for_bit() {
    for std in [StdKind::Constant, StdKind::Learned] {
        let host = host();
        let mut actor = actor(&host, std, &[8]);
        let (before, state) = (greedy(&mut actor, &host), saved(&actor));
        actor.begin(0.01).expect("begins");
        let kls = climb(&mut actor, &host, [1.0, -1.0], 0.0, 20);
        assert_eq!(kls[0], 0.0);
        assert!(kls.windows(2).all(|w| w[1] > w[0]), "{kls:?}");
        let after = greedy(&mut actor, &host);
        for (old, new) in before.chunks(2).zip(after.chunks(2)) {
            assert!(new[0] > old[0] + 0.02 && new[1] < old[1] - 0.02);
        }
        assert_eq!(saved(&actor), state, "a saved state is the trained one");
        actor.reset().expect("resets");
        assert_eq!(bits(&greedy(&mut actor, &host)), bits(&before));
        // A fresh optimiser repeats itself.
        assert_eq!(
            bits(&climb(&mut actor, &host, [1.0, -1.0], 0.0, 20)),
            bits(&kls)
        );
        actor.begin(0.01).expect("begins again");
        assert_eq!(bits(&greedy(&mut actor, &host)), bits(&before));
        climb(&mut actor, &host, [1.0, -1.0], 0.0, 1);
        actor
            .load(&mut StateReader::new(&mut state.as_slice()))
            .expect("loads");
        assert_eq!(bits(&greedy(&mut actor, &host)), bits(&before));
    }
}

#[test]
fn a_learning_rate_of_zero_changes_nothing() {
    let host = host();
    let mut actor = actor(&host, StdKind::Learned, &[8]);
    let before = greedy(&mut actor, &host);
    actor.begin(0.0).expect("begins");
    assert_eq!(climb(&mut actor, &host, [3.0, -5.0], 0.7, 5), [0.0; 5]);
    assert_eq!(bits(&greedy(&mut actor, &host)), bits(&before));
}

/// The first step of Adam moves every parameter by the learning rate against the sign of its gradient, so differences of
/// the objective tell whether the gradient has the right sign everywhere; from a displaced policy, all terms count.
#[test]
fn a_step_follows_the_gradient_of_the_whole_objective() {
    for (std, beta) in [(StdKind::Constant, 0.6), (StdKind::Learned, 0.6)] {
        let host = host();
        let mut actor = actor(&host, std, &[]);
        let rows = ROWS as i64;
        let s = Tensor::from_slice(&host.data().observation).view([rows, 3]);
        let dq_da = Tensor::from_slice(&[0.3, -0.2].repeat(ROWS)).view([rows, 2]);
        actor.begin(0.05).expect("begins");
        let offline = actor.params.duplicate();
        climb(&mut actor, &host, [1.0, 0.5], beta, 3);
        let moved = actor.params.duplicate();
        let objective = |params: &nn::ParamSet| {
            let mu = actor.policy.mean(params.frozen(), &s);
            let mu_off = actor.policy.mean(offline.frozen(), &s);
            let (sigma_off, sigma) = (
                actor.policy.std(offline.frozen()),
                actor.policy.std(params.frozen()),
            );
            let ascent = (&dq_da * &mu).sum(Kind::Double) / rows as f64;
            let kl = kl(&mu_off, &sigma_off, &mu, &sigma).mean(Kind::Double);
            (ascent - beta * kl).double_value(&[])
        };
        let mut expected = Vec::new();
        for (name, _) in moved.shapes() {
            let values = moved.values(name).expect("exists");
            for i in 0..values.len() {
                let at = |h: f64| {
                    let (mut params, mut values) = (moved.duplicate(), values.clone());
                    values[i] += h;
                    params.assign(name, &values).expect("fits");
                    objective(&params)
                };
                expected.push((at(1e-6) - at(-1e-6)) / 2e-6);
            }
        }
        // A fresh optimiser at the displaced policy: begin would go back, so the actor is made anew around it.
        let mut other = self::actor(&host, std, &[]);
        other.begin(0.05).expect("begins");
        for (name, _) in moved.shapes() {
            let values = moved.values(name).expect("exists");
            other.params.assign(name, &values).expect("fits");
        }
        climb(&mut other, &host, [0.3, -0.2], beta, 1);
        let mut found = Vec::new();
        for (name, _) in moved.shapes() {
            let (old, new) = (moved.values(name), other.params.values(name));
            let pairs = old.expect("exists").into_iter().zip(new.expect("exists"));
            found.extend(pairs.map(|(old, new)| new - old));
        }
        assert_eq!(found.len(), expected.len());
        for (step, gradient) in found.iter().zip(&expected) {
            if gradient.abs() > 1e-5 {
                assert!(
                    (step - 0.05 * gradient.signum()).abs() < 1e-3,
                    "{step} {gradient}"
                );
            }
        }
    }
}

#[test]
fn a_large_weight_keeps_the_policy_near() {
    let host = host();
    let distance = |beta: f64| {
        let mut actor = actor(&host, StdKind::Constant, &[8]);
        let before = greedy(&mut actor, &host);
        actor.begin(0.003).expect("begins");
        climb(&mut actor, &host, [1.0, -1.0], beta, 300);
        let after = greedy(&mut actor, &host);
        let far = before.iter().zip(&after).map(|(b, a)| (a - b).abs());
        far.fold(0.0, f64::max)
    };
    let (free, near, nearer) = (distance(0.0), distance(2.0), distance(50.0));
    assert!(free > 0.3, "{free}");
    // At the optimum dq_da = beta (mu - mu_off) / sigma^2.
    assert!((near - 0.25 / 2.0).abs() < 0.02, "{near}");
    assert!(nearer < 0.02, "{nearer}");
}

#[test]
fn the_divergence_is_that_of_two_gaussians() {
    let row = |x: &[f64]| Tensor::from_slice(x).view([1, 2]);
    let (mu_off, mu) = (row(&[0.1, -0.4]), row(&[0.5, 0.2]));
    let (sigma_off, sigma) = (
        Tensor::from_slice(&[0.3, 0.8]),
        Tensor::from_slice(&[0.5, 0.6]),
    );
    let expected: f64 = [(0.1f64, 0.5f64, 0.3f64, 0.5f64), (-0.4, 0.2, 0.8, 0.6)]
        .iter()
        .map(|(m0, m, s0, s)| (s / s0).ln() + (s0 * s0 + (m0 - m) * (m0 - m)) / (2.0 * s * s) - 0.5)
        .sum();
    let found = kl(&mu_off, &sigma_off, &mu, &sigma).double_value(&[0]);
    assert!((found - expected).abs() < 1e-14, "{found} {expected}");
    let same = kl(&mu, &sigma, &mu, &sigma).double_value(&[0]);
    assert_eq!(same, 0.0);
    let shifted = kl(&mu_off, &sigma, &mu, &sigma).double_value(&[0]);
    let distance = 0.4f64.powi(2) / (2.0 * 0.25) + 0.6f64.powi(2) / (2.0 * 0.36);
    assert!((shifted - distance).abs() < 1e-14);
}

#[test]
fn impossible_steps_are_refused() {
    let host = host();
    let mut actor = actor(&host, StdKind::Constant, &[8]);
    let s = host.array(&host.data().observation, &[ROWS as i64, 3]);
    let mut ask = |values: &[f64], shape: &[i64], beta: f64| {
        let dq_da = host.array(values, shape);
        let failure = actor.step(s.view(), None, dq_da.view(), beta).err();
        let code = failure.map(|f| f.code);
        actor.begin(0.1).expect("begins");
        code
    };
    let (shape, fine) = ([ROWS as i64, 2], [0.0; 2 * ROWS]);
    assert_eq!(
        ask(&fine, &shape, 0.0),
        Some(Code::InvalidArgument),
        "before begin"
    );
    assert_eq!(ask(&fine, &shape, 0.0), None);
    assert_eq!(ask(&fine, &shape, -1.0), Some(Code::InvalidArgument));
    assert_eq!(ask(&[0.0; 4], &[2, 2], 0.0), Some(Code::InvalidArgument));
    assert_eq!(
        ask(&[f64::NAN; 2 * ROWS], &shape, 0.0),
        Some(Code::NonFinite)
    );
    assert_eq!(
        actor.begin(-0.1).err().map(|f| f.code),
        Some(Code::InvalidArgument)
    );
}
