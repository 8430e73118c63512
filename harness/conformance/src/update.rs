//! Checks of `policy-update/1`.

use crate::bench::Bench;
use crate::outcome::{Stop, Verdict, fail, require};
use crate::probe::{Answer, Probe, ROWS, answer, normal};
use crate::subject::Context;
use crate::world::ACTION_DIM;
use plugin_api::{ActMode, Array, Code, Outcome, PolicyUpdateHandle};
use plugin_host::Bound;

const STEPS: usize = 3;

/// A trained instance that offers updates, and its policy.
struct Trial {
    bench: Bench,
    update: Bound,
    policy: Bound,
    probe: Probe,
    dq_da: Array,
}

impl Trial {
    fn new(context: &Context) -> Result<Self, Stop> {
        let (bench, update) = Bench::offering(context, "policy-update/1", 3)?;
        if !bench.provides("policy/1") {
            return fail(
                "policy/1 beside policy-update/1",
                "a learner that provides the second alone",
            );
        }
        let probe = bench.probe();
        Ok(Self {
            policy: bench.bind("policy/1")?,
            update,
            dq_da: normal("dq-da", ROWS, ACTION_DIM, probe.dtype),
            probe,
            bench,
        })
    }

    fn handle(&self) -> Result<PolicyUpdateHandle<'_>, Stop> {
        Ok(self.update.policy_update()?)
    }

    fn answers(&self) -> Result<Vec<Answer>, Stop> {
        let mut answers = Vec::new();
        self.probe.policy_answers(&self.policy, &mut answers)?;
        Ok(answers)
    }

    fn attempt(&self, kl_weight: f64) -> Outcome<f64> {
        let (observation, goal) = (self.probe.observation.view(), self.probe.goal());
        let mut update = self.update.policy_update()?;
        update.step(observation, goal, self.dq_da.view(), kl_weight)
    }

    /// One step; the divergence before it.
    fn step(&self, kl_weight: f64) -> Result<f64, Stop> {
        Ok(self.attempt(kl_weight)?)
    }

    /// `sum_b <dq_da_b, mu(s_b)>`
    fn score(&self) -> Result<f64, Stop> {
        let (observation, goal) = (self.probe.observation.view(), self.probe.goal());
        let mut policy = self.policy.policy()?;
        let action = policy.act(observation, goal, ActMode::Greedy)?;
        let action = answer("the greedy action", &action)?;
        let slope = answer("dq/da", &self.dq_da.view())?;
        let terms = action.values.iter().zip(&slope.values);
        Ok(terms.map(|(a, g)| a * g).sum())
    }
}

fn differs(before: &[Answer], after: &[Answer]) -> Option<String> {
    before.iter().zip(after).find_map(|(a, b)| a.difference(b))
}

/// At the trained policy the divergence from it is zero, up to rounding.
fn expect_no_divergence(kl: f64) -> Verdict {
    require(
        kl.abs() <= 1e-6,
        || "a KL of 0 at the trained policy".into(),
        || format!("step gave {kl}"),
    )
}

/// `update-still`
pub(crate) fn still(context: &Context) -> Verdict {
    let mut trial = Trial::new(context)?;
    let early = trial.attempt(0.5);
    require(
        early
            .as_ref()
            .is_err_and(|f| f.code == Code::InvalidArgument),
        || {
            format!(
                "a step before begin to fail with code {}",
                Code::InvalidArgument.name()
            )
        },
        || match &early {
            Ok(_) => "it succeeded".into(),
            Err(failure) => failure.to_string(),
        },
    )?;
    let (before, state) = (trial.answers()?, trial.bench.learner.save()?);
    trial.handle()?.begin(0.0)?;
    for _ in 0..STEPS {
        expect_no_divergence(trial.step(0.5)?)?;
    }
    let expected = "steps with a learning rate of 0 to change nothing";
    if let Some(difference) = differs(&before, &trial.answers()?) {
        return fail(expected, difference);
    }
    require(
        trial.bench.learner.save()? == state,
        || expected.into(),
        || "another saved state".into(),
    )
}

/// `update-ascent`
pub(crate) fn ascent(context: &Context) -> Verdict {
    let trial = Trial::new(context)?;
    trial.handle()?.begin(1e-3)?;
    let before = trial.score()?;
    expect_no_divergence(trial.step(0.0)?)?;
    let after = trial.score()?;
    require(
        after > before,
        || format!("a small step to raise <dq_da, mu> above {before}"),
        || format!("{after}"),
    )?;
    let kl = trial.step(0.0)?;
    require(
        kl.is_finite() && kl > 0.0,
        || "a KL above 0 once the policy has moved".into(),
        || format!("step gave {kl}"),
    )
}

/// `update-reset`
pub(crate) fn reset(context: &Context) -> Verdict {
    let mut trial = Trial::new(context)?;
    let (before, state) = (trial.answers()?, trial.bench.learner.save()?);
    let steps = |trial: &Trial| -> Result<Vec<Answer>, Stop> {
        for _ in 0..STEPS {
            trial.step(0.1)?;
        }
        trial.answers()
    };
    trial.handle()?.begin(0.01)?;
    let moved = steps(&trial)?;
    require(
        differs(&before, &moved).is_some(),
        || format!("{STEPS} steps to change the actions"),
        || "the same actions".into(),
    )?;
    require(
        trial.bench.learner.save()? == state,
        || "save() to write the trained policy whatever was done since".into(),
        || format!("another state after {STEPS} steps"),
    )?;
    trial.handle()?.reset()?;
    if let Some(difference) = differs(&before, &trial.answers()?) {
        return fail(
            "reset to return to the trained policy, bit for bit",
            difference,
        );
    }
    if let Some(difference) = differs(&moved, &steps(&trial)?) {
        return fail(
            "the same steps after reset to give the same actions: its optimiser is fresh",
            difference,
        );
    }
    trial.handle()?.begin(0.01)?;
    match differs(&before, &trial.answers()?) {
        None => Ok(()),
        Some(difference) => fail(
            "begin to return to the trained policy, bit for bit",
            difference,
        ),
    }
}
