//! Checks of `test-time/1`.

use crate::bench::Bench;
use crate::outcome::{Stop, Verdict, fail, require};
use crate::probe::{Answer, Probe, answer};
use crate::subject::Context;
use plugin_api::{ActMode, Precision, TestTimeCounts};
use plugin_host::Bound;

const EPISODES: u64 = 3;
const STEPS: usize = 4;

/// A trained instance that acts while it learns.
struct Trial {
    _bench: Bench,
    test_time: Bound,
    policy: Bound,
    /// One row for each step.
    probes: Vec<Probe>,
    question: Probe,
}

/// What was seen after one step.
struct Seen {
    action: Answer,
    counts: TestTimeCounts,
}

impl Trial {
    fn new(context: &Context) -> Result<Self, Stop> {
        let (bench, test_time) = Bench::offering(context, "test-time/1", 3)?;
        if !bench.provides("policy/1") {
            return fail(
                "policy/1 beside test-time/1",
                "a learner that provides the second alone",
            );
        }
        let step = |i: usize| {
            let mut probe = Probe::sized(context.world, Precision::F32, 1);
            let name = format!("step-{i}");
            let dtype = probe.dtype;
            probe.observation =
                crate::probe::normal(&name, 1, crate::world::OBSERVATION_DIM, dtype);
            probe
        };
        Ok(Self {
            policy: bench.bind("policy/1")?,
            test_time,
            probes: (0..STEPS).map(step).collect(),
            question: Probe::new(context.world, Precision::F32),
            _bench: bench,
        })
    }

    fn act(&self, probe: &Probe) -> Result<Answer, Stop> {
        let mut policy = self.policy.policy()?;
        let action = policy.act(probe.observation.view(), probe.goal(), ActMode::Greedy)?;
        answer("the action", &action)
    }

    fn counts(&self) -> Result<TestTimeCounts, Stop> {
        Ok(self.test_time.test_time()?.counts()?)
    }

    /// Plays the episodes; with `ask`, a batch of eight rows is asked about before every step.
    fn play(&self, ask: bool) -> Result<Vec<Seen>, Stop> {
        let mut seen = Vec::new();
        for episode in 0..EPISODES {
            self.test_time.test_time()?.begin_episode(episode)?;
            for probe in &self.probes {
                if ask {
                    self.act(&self.question)?;
                }
                let action = self.act(probe)?;
                let counts = self.counts()?;
                seen.push(Seen { action, counts });
            }
        }
        Ok(seen)
    }
}

/// `test-time-counts`
pub(crate) fn counts(context: &Context) -> Verdict {
    let trial = Trial::new(context)?;
    let mut last = trial.counts()?;
    for (i, seen) in trial.play(false)?.iter().enumerate() {
        let now = seen.counts;
        require(
            now.critic_gradients >= last.critic_gradients
                && now.policy_updates >= last.policy_updates,
            || format!("counts that never fall, {last:?} before"),
            || format!("{now:?} after step {i}"),
        )?;
        require(
            now.sequential == last.sequential,
            || format!("sequential to stay {}", last.sequential),
            || format!("{} after step {i}", now.sequential),
        )?;
        last = now;
    }
    Ok(())
}

fn difference(a: &[Seen], b: &[Seen]) -> Option<String> {
    a.iter().zip(b).enumerate().find_map(|(i, (a, b))| {
        let (episode, step) = (i / STEPS, i % STEPS);
        let difference = a.action.difference(&b.action)?;
        Some(format!("step {step} of episode {episode}: {difference}"))
    })
}

/// `test-time-repeats`
pub(crate) fn repeats(context: &Context) -> Verdict {
    let first = Trial::new(context)?.play(false)?;
    let second = Trial::new(context)?.play(false)?;
    if let Some(difference) = difference(&first, &second) {
        return fail(
            "a fresh instance to repeat the same actions, bit for bit",
            difference,
        );
    }
    for (a, b) in first.iter().zip(&second) {
        require(
            a.counts == b.counts,
            || format!("a fresh instance to repeat the counts {:?}", a.counts),
            || format!("{:?}", b.counts),
        )?;
    }
    let asked = Trial::new(context)?.play(true)?;
    match difference(&first, &asked) {
        None => Ok(()),
        Some(difference) => fail(
            "a batch of several rows to be a question that changes no later action",
            difference,
        ),
    }
}
