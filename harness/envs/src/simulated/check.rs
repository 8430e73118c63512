//! What a recipe may say.

use super::{Age, SimulatedBehaviour, SimulatedRecipe, Training};
use crate::error::Error;

/// Makes the errors of one recipe.
struct Checker<'a> {
    file: &'a str,
}

impl Checker<'_> {
    fn fail<T>(&self, key: &str, expected: &str, found: impl ToString) -> Result<T, Error> {
        Err(Error::RecipeValue {
            file: self.file.to_owned(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            found: found.to_string(),
        })
    }

    fn number(&self, key: &str, value: f64, range: (f64, f64)) -> Result<(), Error> {
        if value.is_finite() && (range.0..=range.1).contains(&value) {
            return Ok(());
        }
        let expected = match range {
            (low, f64::MAX) => format!("a finite number >= {low}"),
            (low, high) => format!("a number from {low} to {high}"),
        };
        self.fail(key, &expected, value)
    }

    fn positive(&self, key: &str, value: u64) -> Result<(), Error> {
        if value > 0 {
            return Ok(());
        }
        self.fail(key, "a positive number", value)
    }
}

impl SimulatedRecipe {
    pub(crate) fn check(&self, file: &str) -> Result<(), Error> {
        let checker = Checker { file };
        if self.format != 1 {
            return checker.fail("format", "1", self.format);
        }
        if !crate::recipe::is_versioned_id(&self.id) {
            return checker.fail("id", "`family/name-vN`", format!("`{}`", self.id));
        }
        checker.positive("transitions", self.transitions)?;
        checker.positive("episode_steps", self.episode_steps.map_or(1, u64::from))?;
        for (name, training) in &self.trainings {
            training.check(&checker, &format!("trainings.{name}"))?;
        }
        self.check_behaviour(&checker, &self.behaviour, "behaviour", true)
    }

    fn check_behaviour(
        &self,
        checker: &Checker<'_>,
        behaviour: &SimulatedBehaviour,
        key: &str,
        alone: bool,
    ) -> Result<(), Error> {
        if let Some(name) = behaviour.training() {
            let Some(training) = self.trainings.get(name) else {
                let known: Vec<&str> = self.trainings.keys().map(String::as_str).collect();
                let expected = format!("one of [trainings]: {}", known.join(", "));
                return checker.fail(&format!("{key}.training"), &expected, format!("`{name}`"));
            };
            self.check_use(checker, behaviour, training, key)?;
        }
        match behaviour {
            SimulatedBehaviour::Uniform { hold } => {
                checker.positive(&format!("{key}.hold"), u64::from(*hold))
            }
            SimulatedBehaviour::Scripted { .. } if self.episode_steps.is_none() => checker.fail(
                "episode_steps",
                "a number, because a script goes on until it is ended",
                "none",
            ),
            SimulatedBehaviour::Trained { noise, .. }
            | SimulatedBehaviour::File { noise, .. }
            | SimulatedBehaviour::Scripted { noise, .. } => {
                checker.number(&format!("{key}.noise"), *noise, (0.0, f64::MAX))
            }
            SimulatedBehaviour::Replay { .. } if alone => Ok(()),
            SimulatedBehaviour::Mixture { parts } if alone => {
                for (i, part) in parts.iter().enumerate() {
                    let key = format!("{key}.parts[{i}]");
                    checker.number(&format!("{key}.share"), part.share, (0.0, 1.0))?;
                    let key = format!("{key}.behaviour");
                    self.check_behaviour(checker, &part.behaviour, &key, false)?;
                }
                let total: f64 = parts.iter().map(|part| part.share).sum();
                if (total - 1.0).abs() <= 1e-9 {
                    return Ok(());
                }
                let found = format!("a sum of {total}");
                checker.fail(&format!("{key}.parts"), "shares that sum to 1", found)
            }
            other => {
                let expected = "a policy that is neither a mixture nor a replay";
                checker.fail(
                    &format!("{key}.kind"),
                    expected,
                    format!("`{}`", other.name()),
                )
            }
        }
    }

    fn check_use(
        &self,
        checker: &Checker<'_>,
        behaviour: &SimulatedBehaviour,
        training: &Training,
        key: &str,
    ) -> Result<(), Error> {
        match behaviour {
            SimulatedBehaviour::Replay { .. } if self.transitions > training.steps => {
                let expected = format!("at most the {} steps of the training", training.steps);
                checker.fail("transitions", &expected, self.transitions)
            }
            SimulatedBehaviour::Replay { .. } if training.environment != self.environment => {
                let expected = "a training in the recipe's own environment";
                checker.fail(&format!("{key}.training"), expected, &training.environment)
            }
            SimulatedBehaviour::Replay { .. } if self.episode_steps.is_some() => {
                checker.fail("episode_steps", "no entry for a replay", "a number")
            }
            SimulatedBehaviour::Trained { at, .. } => training.check_age(checker, *at, key),
            _ => Ok(()),
        }
    }
}

impl Training {
    fn check(&self, checker: &Checker<'_>, key: &str) -> Result<(), Error> {
        let at = |name: &str| format!("{key}.{name}");
        checker.positive(&at("steps"), self.steps)?;
        checker.positive(&at("batch_size"), u64::from(self.batch_size))?;
        let interval = self.snapshot_interval_steps;
        checker.positive(&at("snapshot_interval_steps"), interval)?;
        let episodes = u64::from(self.evaluation_episodes);
        checker.positive(&at("evaluation_episodes"), episodes)?;
        checker.number(&at("noise"), self.noise, (0.0, f64::MAX))?;
        if !(0.0..1.0).contains(&self.discount) {
            return checker.fail(&at("discount"), "a number in [0, 1)", self.discount);
        }
        if !self.steps.is_multiple_of(interval) {
            let expected = format!("a divisor of the {} steps", self.steps);
            return checker.fail(&at("snapshot_interval_steps"), &expected, interval);
        }
        if self.warmup_steps >= self.steps {
            let expected = format!("fewer than the {} steps", self.steps);
            return checker.fail(&at("warmup_steps"), &expected, self.warmup_steps);
        }
        Ok(())
    }

    fn check_age(&self, checker: &Checker<'_>, age: Age, key: &str) -> Result<(), Error> {
        let at = |name: &str| format!("{key}.at.{name}");
        match age {
            Age::Progress(share) => checker.number(&at("progress"), share, (0.0, 1.0)),
            Age::Steps(steps)
                if steps > self.steps || !steps.is_multiple_of(self.snapshot_interval_steps) =>
            {
                let (interval, last) = (self.snapshot_interval_steps, self.steps);
                let expected = format!("a multiple of {interval} up to {last}");
                checker.fail(&at("steps"), &expected, steps)
            }
            _ => Ok(()),
        }
    }
}
