//! Checks of `policy/1`.

use crate::bench::Bench;
use crate::outcome::{Verdict, fail, require, skip};
use crate::probe::{Answer, Probe, ROWS, answer, dtype};
use crate::subject::Context;
use crate::upstream::array;
use crate::world::{OBSERVATION_DIM, World};
use plugin_api::{ActMode, Network, Precision, Reduce, View};
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
    let probe = bench.probe();
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
        check(
            "actions",
            &policy.act(observation, probe.goal(), ActMode::Greedy)?,
        )?;
    }
    if bench.provides("critic/1") {
        let bound = bench.bind("critic/1")?;
        let mut critic = bound.critic()?;
        let query = probe.query(Network::Online, Reduce::Mean);
        check("q", &critic.q(&query)?)?;
        if !bench.world().is_discrete() {
            check("dq/da", &critic.q_gradient(&query)?.1)?;
        }
    }
    if bench.provides("state-value/1") {
        let bound = bench.bind("state-value/1")?;
        check("v", &bound.state_value()?.v(observation, probe.goal())?)?;
    }
    if bench.provides("q-all/1") {
        let bound = bench.bind("q-all/1")?;
        let mut critic = bound.discrete_critic()?;
        let q = critic.q_all(observation, probe.goal(), Network::Online, Reduce::Min)?;
        check("q of all actions", &q)?;
    }
    if bench.provides("policy-discrete/1") {
        let bound = bench.bind("policy-discrete/1")?;
        let mut policy = bound.discrete_policy()?;
        check(
            "log probabilities",
            &policy.log_probs(observation, probe.goal())?,
        )?;
    }
    if bench.provides("encoder/1") {
        let bound = bench.bind("encoder/1")?;
        check("codes", &bound.encoder()?.encode(observation)?)?;
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
    answer(
        question,
        &policy.act(probe.observation.view(), probe.goal(), mode)?,
    )
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
        let mut extreme = Probe::new(context.world, Precision::F32);
        extreme.observation = array(far, &shape, extreme.dtype);
        let probes = [
            ("", Probe::new(context.world, Precision::F32)),
            (" far from the data", extreme),
        ];
        for (place, probe) in &probes {
            for (name, mode) in [
                ("greedy", ActMode::Greedy),
                ("sampled", ActMode::Sampled(3)),
            ] {
                let question = format!("{name} actions{place}");
                check_actions(context.world, &act(&bound, probe, mode, &question)?)?;
            }
        }
    }
    Ok(())
}

fn check_actions(world: World, answer: &Answer) -> Verdict {
    expect_shape(answer, &[ROWS as i64, world.action_width() as i64])?;
    expect_finite(answer)?;
    let problem = world.problem(1, Precision::F32);
    let wrong = |x: &f64| {
        if world.is_discrete() {
            x.fract() != 0.0 || *x < 0.0 || *x >= problem.action_count as f64
        } else {
            *x < problem.action_low || *x > problem.action_high
        }
    };
    let Some(i) = answer.values.iter().position(wrong) else {
        return Ok(());
    };
    let range = if world.is_discrete() {
        format!("to be indices 0 to {}", problem.action_count - 1)
    } else {
        format!("within [{}, {}]", problem.action_low, problem.action_high)
    };
    fail(
        format!("{} {range}", answer.question),
        format!("element {i} is {}", answer.values[i]),
    )
}

/// `greedy`
pub(crate) fn greedy(context: &Context) -> Verdict {
    let (_bench, bound) = Bench::offering(context, "policy/1", 3)?;
    let probe = Probe::new(context.world, Precision::F32);
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
    let probe = Probe::new(context.world, Precision::F32);
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
