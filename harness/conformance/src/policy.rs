//! Checks of `policy/1`, and of arguments of the wrong size.

use crate::bench::{Bench, Setup};
use crate::outcome::{Verdict, fail, require, skip};
use crate::probe::{Answer, Probe, ROWS, answer, dtype};
use crate::problem::{ACTION_DIM, OBSERVATION_DIM, problem};
use crate::subject::Context;
use crate::upstream::array;
use plugin_api::{ActMode, Code, Failure, Network, Precision, Reduce, View};
use plugin_host::Bound;

/// Requires a shape.
pub(crate) fn expect_shape(answer: &Answer, expected: &[i64]) -> Verdict {
    require(
        answer.shape == expected,
        || format!("{} of shape {expected:?}", answer.question),
        || format!("shape {:?}", answer.shape),
    )
}

/// Requires finite elements.
pub(crate) fn expect_finite(answer: &Answer) -> Verdict {
    match answer.values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => fail(
            format!("{} to be finite", answer.question),
            format!("element {i} is {}", answer.values[i]),
        ),
    }
}

/// Requires answers in the element type of the problem.
pub(crate) fn expect_dtype(bench: &Bench) -> Verdict {
    let probe = Probe::new(bench.precision());
    let expected = dtype(bench.precision());
    let check = |what: &str, view: &View<'_>| {
        require(
            view.dtype() == expected,
            || format!("{what} in {expected:?}, the precision of the problem"),
            || format!("{:?}", view.dtype()),
        )
    };
    let observation = probe.observation.view();
    if bench.provides("policy/1") {
        let bound = bench.bind("policy/1")?;
        let mut policy = bound.policy()?;
        check("actions", &policy.act(observation, None, ActMode::Greedy)?)?;
    }
    if bench.provides("critic/1") {
        let bound = bench.bind("critic/1")?;
        let mut critic = bound.critic()?;
        let query = probe.query(Network::Online, Reduce::Mean);
        let (q, gradient) = critic.q_gradient(&query)?;
        check("q", &q)?;
        check("dq/da", &gradient)?;
    }
    if bench.provides("state-value/1") {
        let bound = bench.bind("state-value/1")?;
        check("v", &bound.state_value()?.v(observation, None)?)?;
    }
    Ok(())
}

fn act(
    bound: &Bound,
    probe: &Probe,
    mode: ActMode,
    question: &str,
) -> Result<Answer, crate::outcome::Stop> {
    let mut policy = bound.policy()?;
    answer(question, &policy.act(probe.observation.view(), None, mode)?)
}

/// `actions`
pub(crate) fn actions(context: &Context) -> Verdict {
    for updates in [0, 5] {
        let (bench, bound) = Bench::offering(context, "policy/1", updates)?;
        expect_dtype(&bench)?;
        let far: Vec<f64> = (0..ROWS * OBSERVATION_DIM)
            .map(|i| if i % 2 == 0 { 100.0 } else { -100.0 })
            .collect();
        let shape = [ROWS as i64, OBSERVATION_DIM as i64];
        let mut extreme = Probe::new(Precision::F32);
        extreme.observation = array(far, &shape, extreme.dtype);
        let probes = [
            ("", Probe::new(Precision::F32)),
            (" far from the data", extreme),
        ];
        for (place, probe) in &probes {
            for (name, mode) in [
                ("greedy", ActMode::Greedy),
                ("sampled", ActMode::Sampled(3)),
            ] {
                let question = format!("{name} actions{place}");
                check_actions(&act(&bound, probe, mode, &question)?)?;
            }
        }
    }
    Ok(())
}

fn check_actions(answer: &Answer) -> Verdict {
    let problem = problem(1, Precision::F32);
    expect_shape(answer, &[ROWS as i64, ACTION_DIM as i64])?;
    expect_finite(answer)?;
    let (low, high) = (problem.action_low, problem.action_high);
    match answer.values.iter().position(|x| *x < low || *x > high) {
        None => Ok(()),
        Some(i) => fail(
            format!("{} within [{low}, {high}]", answer.question),
            format!("element {i} is {}", answer.values[i]),
        ),
    }
}

/// `greedy`
pub(crate) fn greedy(context: &Context) -> Verdict {
    let (_bench, bound) = Bench::offering(context, "policy/1", 3)?;
    let probe = Probe::new(Precision::F32);
    let first = act(&bound, &probe, ActMode::Greedy, "greedy action")?;
    act(&bound, &probe, ActMode::Sampled(1), "sampled action")?;
    let second = act(&bound, &probe, ActMode::Greedy, "greedy action")?;
    match first.difference(&second) {
        None => Ok(()),
        Some(difference) => fail("the same greedy actions when asked twice", difference),
    }
}

/// `sampled`
pub(crate) fn sampled(context: &Context) -> Verdict {
    let (_bench, bound) = Bench::offering(context, "policy/1", 3)?;
    let probe = Probe::new(Precision::F32);
    let at = |position| act(&bound, &probe, ActMode::Sampled(position), "sampled action");
    let first = at(5)?;
    let other = at(6)?;
    let again = at(5)?;
    if let Some(difference) = first.difference(&again) {
        return fail(
            "the same actions when sampled twice at one position",
            difference,
        );
    }
    let greedy = act(&bound, &probe, ActMode::Greedy, "greedy action")?;
    if first.difference(&other).is_some() {
        return Ok(());
    }
    if first.values == greedy.values {
        return skip("the policy is deterministic: sampled actions equal greedy ones");
    }
    fail(
        "other noise at another position",
        "positions 5 and 6 give the same sampled actions, which are not the greedy ones",
    )
}

fn refused_call(result: Result<(), Failure>, what: &str) -> Verdict {
    let expected = format!("an error with code {}", Code::InvalidArgument.name());
    match result {
        Err(failure) if failure.code == Code::InvalidArgument => Ok(()),
        Err(failure) => fail(expected, format!("{what} failed with: {failure}")),
        Ok(()) => fail(expected, format!("{what} succeeded")),
    }
}

/// Inputs that do not fit the problem, in words.
fn misfits() -> Vec<(String, Probe)> {
    let (s, a) = (OBSERVATION_DIM, ACTION_DIM);
    let wide = Probe::sized(Precision::F32, 4, s + 1, a);
    let narrow = Probe::sized(Precision::F32, 4, s - 1, a);
    let mut flat = Probe::sized(Precision::F32, 4, s, a);
    flat.observation = array(vec![0.0; s], &[s as i64], flat.dtype);
    let mut double = Probe::sized(Precision::F32, 4, s, a);
    double.observation = array(vec![0.0; 4 * s], &[4, s as i64], plugin_api::Dtype::F64);
    vec![
        (format!("[4, {}] observations (S = {s})", s + 1), wide),
        (format!("[4, {}] observations (S = {s})", s - 1), narrow),
        (
            format!("[{s}] observations (expected two dimensions)"),
            flat,
        ),
        (
            "float64 observations (the problem is float32)".into(),
            double,
        ),
    ]
}

/// `wrong-dimensions`. A fresh instance for each call: one that panicked answers nothing else.
pub(crate) fn wrong_dimensions(context: &Context) -> Verdict {
    let make = || Bench::make(context, &Setup::default());
    for (name, probe) in misfits() {
        let observation = probe.observation.view();
        let bench = make()?;
        if bench.provides("policy/1") {
            let bound = bench.bind("policy/1")?;
            let result = bound
                .policy()?
                .act(observation, None, ActMode::Greedy)
                .map(|_| ());
            refused_call(result, &format!("act on {name}"))?;
        }
        let bench = make()?;
        if bench.provides("critic/1") {
            let bound = bench.bind("critic/1")?;
            let query = probe.query(Network::Online, Reduce::Mean);
            let result = bound.critic()?.q(&query).map(|_| ());
            refused_call(result, &format!("q on {name}"))?;
        }
        let bench = make()?;
        if bench.provides("state-value/1") {
            let bound = bench.bind("state-value/1")?;
            let result = bound.state_value()?.v(observation, None).map(|_| ());
            refused_call(result, &format!("v on {name}"))?;
        }
    }
    let bench = make()?;
    if bench.provides("critic/1") {
        let probe = Probe::sized(Precision::F32, 4, OBSERVATION_DIM, ACTION_DIM + 1);
        let query = probe.query(Network::Online, Reduce::Mean);
        for gradient in [false, true] {
            let bench = make()?;
            let bound = bench.bind("critic/1")?;
            let mut critic = bound.critic()?;
            let (what, result) = if gradient {
                ("q_gradient", critic.q_gradient(&query).map(|_| ()))
            } else {
                ("q", critic.q(&query).map(|_| ()))
            };
            let name = format!(
                "{what} on [4, {}] actions (A = {ACTION_DIM})",
                ACTION_DIM + 1
            );
            refused_call(result, &name)?;
        }
    }
    Ok(())
}
