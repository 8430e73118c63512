//! Checks of `q-all/1`, `policy-discrete/1` and `encoder/1`.

use crate::bench::Bench;
use crate::outcome::{Verdict, fail, require};
use crate::policy::{expect_dtype, expect_finite, expect_shape};
use crate::probe::{Answer, Probe, ROWS, answer};
use crate::subject::Context;
use crate::world::ACTION_COUNT;
use plugin_api::{Code, Network, Precision, Reduce};

const B: i64 = ROWS as i64;
const K: i64 = ACTION_COUNT as i64;

/// `q-all`
pub(crate) fn q_all(context: &Context) -> Verdict {
    let (bench, bound) = Bench::offering(context, "q-all/1", 3)?;
    expect_dtype(&bench)?;
    let probe = bench.probe();
    let mut critic = bound.discrete_critic()?;
    for (name, network) in [("online", Network::Online), ("target", Network::Target)] {
        let mut ask = |reduce: Reduce| {
            critic
                .q_all(probe.observation.view(), probe.goal(), network, reduce)
                .map(|view| {
                    let question = format!("q of all actions ({name}, {reduce:?})");
                    answer(question.to_lowercase(), &view)
                })
        };
        let min = match ask(Reduce::Min) {
            Err(f) if f.code == Code::Unsupported && network == Network::Target => continue,
            other => other??,
        };
        let mean = ask(Reduce::Mean)??;
        let members = ask(Reduce::Member)??;
        for reduced in [&min, &mean] {
            expect_shape(reduced, &[B, K])?;
            expect_finite(reduced)?;
        }
        let fits =
            members.shape.len() == 3 && members.shape[0] >= 1 && members.shape[1..] == [B, K];
        require(
            fits,
            || format!("{} of shape [M, {B}, {K}]", members.question),
            || format!("shape {:?}", members.shape),
        )?;
        expect_finite(&members)?;
        check_members(&min, &mean, &members)?;
    }
    Ok(())
}

/// Minimum and mean must be those of the members, up to rounding.
fn check_members(min: &Answer, mean: &Answer, members: &Answer) -> Verdict {
    let count = min.values.len();
    for i in 0..count {
        let column: Vec<f64> = members
            .values
            .iter()
            .skip(i)
            .step_by(count)
            .copied()
            .collect();
        let lowest = column.iter().copied().fold(f64::INFINITY, f64::min);
        let average = column.iter().sum::<f64>() / column.len() as f64;
        for (reduced, expected) in [(min, lowest), (mean, average)] {
            let found = reduced.values[i];
            require(
                (found - expected).abs() <= 1e-5 * (1.0 + expected.abs()),
                || {
                    format!(
                        "{} to be {expected} at element {i}, from its members",
                        reduced.question
                    )
                },
                || found.to_string(),
            )?;
        }
    }
    Ok(())
}

/// `log-probabilities`
pub(crate) fn log_probs(context: &Context) -> Verdict {
    let (bench, bound) = Bench::offering(context, "policy-discrete/1", 3)?;
    expect_dtype(&bench)?;
    let probe = bench.probe();
    let mut policy = bound.discrete_policy()?;
    let view = policy.log_probs(probe.observation.view(), probe.goal())?;
    let rows = answer("log probabilities", &view)?;
    expect_shape(&rows, &[B, K])?;
    for (i, row) in rows.values.chunks_exact(ACTION_COUNT).enumerate() {
        // An impossible action has minus infinity.
        let total: f64 = row.iter().map(|x| x.exp()).sum();
        require(
            (total - 1.0).abs() <= 1e-4,
            || format!("probabilities that sum to 1 in row {i}"),
            || total.to_string(),
        )?;
    }
    Ok(())
}

/// `encoder`
pub(crate) fn encoder(context: &Context) -> Verdict {
    let (bench, bound) = Bench::offering(context, "encoder/1", 3)?;
    expect_dtype(&bench)?;
    let mut encoder = bound.encoder()?;
    let mut encode = |rows: usize| {
        let probe = Probe::sized(context.world, Precision::F32, rows);
        let view = encoder.encode(probe.observation.view())?;
        answer(format!("the code of {rows} observations"), &view)
    };
    let all = encode(ROWS)?;
    let fits = all.shape.len() == 2 && all.shape[0] == B && all.shape[1] >= 1;
    require(
        fits,
        || format!("{} of shape [{B}, E]", all.question),
        || format!("shape {:?}", all.shape),
    )?;
    expect_finite(&all)?;
    // The first rows of the fixed inputs are the same whatever their number.
    let first = encode(1)?;
    expect_shape(&first, &[1, all.shape[1]])?;
    for (i, (x, y)) in first.values.iter().zip(&all.values).enumerate() {
        if (x - y).abs() > 1e-5 * (1.0 + y.abs()) {
            return fail(
                format!(
                    "one observation to have the code that it has among others, {y} at element {i}"
                ),
                x.to_string(),
            );
        }
    }
    Ok(())
}
