//! Where a learner stands in its budget: cancellation, the guard against non-finite losses, and when metrics are due.

use crate::state::{StateReader, StateWriter};
use plugin_api::{Code, Failure, Host, Outcome, Problem};
use tch::Tensor;

/// Metrics are recorded about this many times in a stage.
const RECORDS: u64 = 50;

/// The update counter of a learner.
pub struct Progress {
    host: Host,
    completed: u64,
    interval: u64,
}

impl Progress {
    /// At the start of the stage.
    pub fn new(host: Host, problem: &Problem) -> Self {
        Self {
            host,
            completed: 0,
            interval: (problem.updates / RECORDS).max(1),
        }
    }

    /// Completed updates: the step of the next batch. Errors when the host asks to stop.
    pub fn next(&self) -> Outcome<u64> {
        if self.host.cancelled() {
            return Err(Failure::new(
                Code::Cancelled,
                format!("stopped by the host after update {}", self.completed),
            ));
        }
        Ok(self.completed)
    }

    /// The value of the scalar `loss`; errors naming `term` and the update when it is not finite.
    pub fn finite(&self, term: &str, loss: &Tensor) -> Outcome<f64> {
        let value = loss.double_value(&[]);
        if value.is_finite() {
            return Ok(value);
        }
        Err(Failure::non_finite(format!(
            "{term} is {value} in update {}",
            self.completed + 1
        )))
    }

    /// Counts one update; true when metrics are due after it.
    pub fn advance(&mut self) -> bool {
        self.completed += 1;
        self.completed.is_multiple_of(self.interval)
    }

    /// Records a metric under the number of completed updates.
    pub fn metric(&self, name: &str, value: f64) -> Outcome<()> {
        self.host.metric(name, self.completed, value)
    }

    /// Writes the counter.
    pub fn save(&self, out: &mut StateWriter<'_>) -> Outcome<()> {
        out.integer("updates", self.completed)
    }

    /// Restores the counter.
    pub fn load(&mut self, from: &mut StateReader<'_>) -> Outcome<()> {
        self.completed = from.integer("updates")?;
        Ok(())
    }
}
