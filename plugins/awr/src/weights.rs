//! Weights of dataset rows. The critic is frozen, so the weight of a row is computed once, when the row is first seen;
//! except with goals, which differ whenever a row is drawn.

use crate::{Hyper, losses};
use nn::{FrozenCritic, Minibatch, StateReader, StateWriter};
use plugin_api::{Failure, Outcome};
use tch::{Kind, Tensor};

/// The rule that turns an advantage into a weight, and the weights of the rows seen so far.
pub struct Weights {
    temperature: f64,
    clip: f64,
    kind: Kind,
    /// Of the advantage.
    pub divisor: f64,
    cache: Vec<f64>, // NaN where the row was not seen
}

impl Weights {
    /// No row seen yet. `row_count` is the dataset's, or 0 where rows have goals: then nothing is kept.
    pub fn new(hyper: &Hyper, kind: Kind, row_count: usize) -> Self {
        Self {
            temperature: hyper.temperature,
            clip: hyper.clip,
            kind,
            divisor: 1.0,
            cache: vec![f64::NAN; row_count],
        }
    }

    fn weigh(&self, adv: f64) -> f64 {
        losses::weight(adv, self.temperature / self.divisor, self.clip)
    }

    /// The weights `[B]` of a batch. The critic is asked about the whole batch or not at all: products of matrices of
    /// one shape round alike, those of the unseen rows alone would not.
    pub fn of(&mut self, batch: &Minibatch<'_>, critic: &mut FrozenCritic) -> Outcome<Tensor> {
        if batch.raw().goal.is_some() {
            let weights = advantages(batch, critic)?.into_iter();
            let weights: Vec<f64> = weights.map(|adv| self.weigh(adv)).collect();
            return Ok(Tensor::from_slice(&weights).to_kind(self.kind));
        }
        let rows = batch.row()?;
        if let Some(row) = rows
            .iter()
            .find(|r| **r < 0 || **r as usize >= self.cache.len())
        {
            let count = self.cache.len();
            let message = format!("batch row {row} is not below the dataset's {count} rows");
            return Err(Failure::invalid_argument(message));
        }
        if rows.iter().any(|r| self.cache[*r as usize].is_nan()) {
            for (row, adv) in rows.iter().zip(advantages(batch, critic)?) {
                let row = *row as usize;
                if self.cache[row].is_nan() {
                    self.cache[row] = self.weigh(adv);
                }
            }
        }
        let weights: Vec<f64> = rows.iter().map(|r| self.cache[*r as usize]).collect();
        Ok(Tensor::from_slice(&weights).to_kind(self.kind))
    }

    /// Forgets every row, as a learner without this cache would.
    #[cfg(test)]
    pub(crate) fn forget(&mut self) {
        self.cache.fill(f64::NAN);
    }

    /// Writes divisor and weights.
    pub fn save(&self, out: &mut StateWriter<'_>) -> Outcome<()> {
        out.number("divisor", self.divisor)?;
        out.tensor("weights", &Tensor::from_slice(&self.cache))
    }

    /// Restores what `save` wrote.
    pub fn load(&mut self, from: &mut StateReader<'_>) -> Outcome<()> {
        self.divisor = from.number("divisor")?;
        let mut weights = Tensor::from_slice(&self.cache);
        from.tensor("weights", &mut weights)?;
        weights.copy_data(&mut self.cache, weights.numel());
        Ok(())
    }
}

/// `Q(s, a) - V(s)` of every row, in float64.
fn advantages(batch: &Minibatch<'_>, critic: &mut FrozenCritic) -> Outcome<Vec<f64>> {
    let advantage = critic.advantage(batch)?.to_kind(Kind::Double);
    Vec::<f64>::try_from(&advantage)
        .map_err(|e| Failure::invalid_argument(format!("the advantage: {e}")))
}
