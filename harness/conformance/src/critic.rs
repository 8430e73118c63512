//! Checks of `critic/1` and `state-value/1`, and of how long views live.

use crate::bench::{Bench, Setup};
use crate::creation::double_precision;
use crate::outcome::{Stop, Verdict, fail, require, skip};
use crate::policy::{expect_dtype, expect_finite, expect_shape};
use crate::probe::{Answer, Probe, ROWS, action_values, answer};
use crate::subject::Context;
use crate::upstream::{array, numbers};
use crate::world::{ACTION_DIM, World};
use plugin_api::{ActMode, Code, CriticHandle, Network, Precision, Reduce};

const B: i64 = ROWS as i64;

/// `critic-values`
pub(crate) fn values(context: &Context) -> Verdict {
    let (bench, bound) = Bench::offering(context, "critic/1", 3)?;
    expect_dtype(&bench)?;
    let probe = Probe::new(context.world, Precision::F32);
    let mut critic = bound.critic()?;
    for (name, network) in [("online", Network::Online), ("target", Network::Target)] {
        let ask = |critic: &mut CriticHandle<'_>, reduce: Reduce| {
            critic
                .q(&probe.query(network, reduce))
                .map(|view| answer(format!("q ({name}, {reduce:?})").to_lowercase(), &view))
        };
        let min = match ask(&mut critic, Reduce::Min) {
            Err(f) if f.code == Code::Unsupported && network == Network::Target => continue,
            other => other??,
        };
        let mean = ask(&mut critic, Reduce::Mean)??;
        let members = ask(&mut critic, Reduce::Member)??;
        for reduced in [&min, &mean] {
            expect_shape(reduced, &[B])?;
            expect_finite(reduced)?;
        }
        expect_finite(&members)?;
        check_members(&min, &mean, &members)?;
    }
    let gradient = critic.q_gradient(&probe.query(Network::Online, Reduce::Member));
    match gradient {
        Err(f) if f.code == Code::Unsupported => Ok(()),
        Err(f) => fail(
            "code unsupported from q_gradient without a reduction",
            f.to_string(),
        ),
        Ok(_) => fail(
            "code unsupported from q_gradient without a reduction",
            "success",
        ),
    }
}

/// Minimum and mean must be those of the members, up to rounding.
fn check_members(min: &Answer, mean: &Answer, members: &Answer) -> Verdict {
    let fits = members.shape.len() == 2 && members.shape[0] >= 1 && members.shape[1] == B;
    require(
        fits,
        || format!("{} of shape [M, {B}]", members.question),
        || format!("shape {:?}", members.shape),
    )?;
    for row in 0..ROWS {
        let column: Vec<f64> = members
            .values
            .iter()
            .skip(row)
            .step_by(ROWS)
            .copied()
            .collect();
        let lowest = column.iter().copied().fold(f64::INFINITY, f64::min);
        let average = column.iter().sum::<f64>() / column.len() as f64;
        for (reduced, expected) in [(min, lowest), (mean, average)] {
            let found = reduced.values[row];
            require(
                (found - expected).abs() <= 1e-5 * (1.0 + expected.abs()),
                || {
                    format!(
                        "{} to be {expected} in row {row}, from its members",
                        reduced.question
                    )
                },
                || found.to_string(),
            )?;
        }
    }
    Ok(())
}

/// One row of a comparison between a gradient and differences of values.
struct Slope {
    forward: f64,
    backward: f64,
    gradient: f64,
}

fn slopes(
    critic: &mut CriticHandle<'_>,
    probe: &Probe,
    (world, reduce): (World, Reduce),
    step: f64,
) -> Result<Vec<Slope>, Stop> {
    let query = probe.query(Network::Online, reduce);
    let (q, gradient) = critic.q_gradient(&query)?;
    let (q, gradient) = (answer("q", &q)?, answer("dq/da", &gradient)?);
    expect_shape(&q, &[B])?;
    expect_shape(&gradient, &[B, ACTION_DIM as i64])?;
    expect_finite(&gradient)?;
    let base = numbers(&critic.q(&query)?)?;
    let mut slopes = Vec::new();
    for j in 0..ACTION_DIM {
        // Rows do not interact, so all rows move at once.
        let mut moved = |by: f64| {
            let mut values = action_values(world, ROWS);
            values
                .iter_mut()
                .skip(j)
                .step_by(ACTION_DIM)
                .for_each(|a| *a += by);
            let action = array(values, &[B, ACTION_DIM as i64], probe.dtype);
            let mut query = query;
            query.action = action.view();
            Ok::<_, Stop>(numbers(&critic.q(&query)?)?)
        };
        let (up, down) = (moved(step)?, moved(-step)?);
        for row in 0..ROWS {
            slopes.push(Slope {
                forward: (up[row] - base[row]) / step,
                backward: (base[row] - down[row]) / step,
                gradient: gradient.values[row * ACTION_DIM + j],
            });
        }
    }
    Ok(slopes)
}

/// `critic-gradient`
pub(crate) fn gradient(context: &Context) -> Verdict {
    if !context.learner()?.provides.iter().any(|p| p == "critic/1") {
        return skip("the learner provides no critic/1");
    }
    if context.world.is_discrete() {
        return skip("discrete actions have no gradient");
    }
    let (mut bench, step, smooth, tolerance) = match double_precision(context)? {
        Some(bench) => (bench, 1e-6, 1e-3, 1e-4),
        None => (
            Bench::make(context, &Setup::default())?,
            1.0 / 128.0,
            0.1,
            0.05,
        ),
    };
    bench.learner.update(3)?;
    let bound = bench.bind("critic/1")?;
    let mut critic = bound.critic()?;
    let probe = bench.probe();
    for reduce in [Reduce::Mean, Reduce::Min] {
        let slopes = slopes(&mut critic, &probe, (context.world, reduce), step)?;
        let total = slopes.len();
        // Kinks of piecewise functions, where one-sided differences disagree, have no gradient to compare with.
        let is_smooth = |s: &&Slope| {
            (s.forward - s.backward).abs() <= smooth * (1.0 + s.forward.abs().max(s.backward.abs()))
        };
        let smooth_slopes: Vec<&Slope> = slopes.iter().filter(is_smooth).collect();
        if smooth_slopes.len() * 2 < total {
            return skip("the critic has kinks at most of the places where it was probed");
        }
        for slope in smooth_slopes {
            let difference = f64::midpoint(slope.forward, slope.backward);
            require(
                (difference - slope.gradient).abs() <= tolerance * (1.0 + difference.abs()),
                || {
                    format!("dq/da = {difference:.6} from differences of q, {reduce:?}")
                        .to_lowercase()
                },
                || format!("q_gradient gives {:.6}", slope.gradient),
            )?;
        }
    }
    Ok(())
}

/// `state-value`
pub(crate) fn state_value(context: &Context) -> Verdict {
    let (_bench, bound) = Bench::offering(context, "state-value/1", 3)?;
    let probe = Probe::new(context.world, Precision::F32);
    let mut handle = bound.state_value()?;
    let v = answer("v", &handle.v(probe.observation.view(), probe.goal())?)?;
    expect_shape(&v, &[B])?;
    expect_finite(&v)
}

/// `views`: what one instance lends stays as it is while another instance works.
pub(crate) fn views(context: &Context) -> Verdict {
    let bench = Bench::trained(context, 2)?;
    let mut other = Bench::make(context, &Setup::seeded(2))?;
    let probe = Probe::new(context.world, Precision::F32);
    let mut disturb = || -> Result<(), Stop> {
        other.learner.update(2)?;
        other.trace(0)?;
        Ok(())
    };
    let mut looked = false;
    if bench.provides("policy/1") {
        let bound = bench.bind("policy/1")?;
        let mut policy = bound.policy()?;
        let view = policy.act(probe.observation.view(), probe.goal(), ActMode::Greedy)?;
        let before = answer("the view of an action", &view)?;
        disturb()?;
        unchanged(&before, &answer("the view of an action", &view)?)?;
        looked = true;
    }
    if bench.provides("critic/1") && !context.world.is_discrete() {
        let bound = bench.bind("critic/1")?;
        let mut critic = bound.critic()?;
        let (q, gradient) = critic.q_gradient(&probe.query(Network::Online, Reduce::Mean))?;
        let before = (
            answer("the view of q", &q)?,
            answer("the view of dq/da", &gradient)?,
        );
        disturb()?;
        unchanged(&before.0, &answer("the view of q", &q)?)?;
        unchanged(&before.1, &answer("the view of dq/da", &gradient)?)?;
        looked = true;
    }
    if looked {
        return Ok(());
    }
    skip("the learner provides neither policy/1 nor critic/1")
}

fn unchanged(before: &Answer, after: &Answer) -> Verdict {
    match before.difference(after) {
        None => Ok(()),
        Some(difference) => fail(
            "a view to stay as it is until the next call on its own instance",
            format!("it changed while another instance worked: {difference}"),
        ),
    }
}
