//! The host services of a stage inside a worker.

use super::sampler::Sampler;
use manifest::random::Family;
use plugin_api::{Failure, Outcome};
use plugin_host::{BatchBuffers, BatchRequest, Random, Services};
use store::MetricRow;

/// Services of one stage: batches from its view, random numbers of its role, metrics and log collected.
pub(crate) struct StageServices {
    seed: u64,
    role: String,
    data: Option<Sampler>,
    pub(crate) metrics: Vec<MetricRow>,
    pub(crate) log: String,
}

impl StageServices {
    pub(crate) fn new(seed: u64, role: &str, data: Option<Sampler>) -> Self {
        Self {
            seed,
            role: role.to_owned(),
            data,
            metrics: Vec::new(),
            log: String::new(),
        }
    }
}

impl Services for StageServices {
    fn batch(
        &mut self,
        stream: &str,
        step: u64,
        request: BatchRequest,
        out: &mut BatchBuffers,
    ) -> Outcome<()> {
        let Some(sampler) = &mut self.data else {
            return Err(Failure::invalid_argument(
                "this instance has no data: it is loaded, not trained",
            ));
        };
        sampler.fill(stream, step, request, out)
    }

    fn random(
        &mut self,
        stream: &str,
        position: u64,
        kind: Random,
        out: &mut [f64],
    ) -> Outcome<()> {
        let mut random = Family::new(self.seed, &["learner", &self.role, stream]).at(position);
        for x in out {
            *x = match kind {
                Random::Uniform => random.uniform(),
                Random::Normal => random.normal(),
            };
        }
        Ok(())
    }

    fn log(&mut self, warning: bool, text: &str) {
        self.log.push_str(if warning { "warning: " } else { "" });
        self.log.push_str(text);
        self.log.push('\n');
    }

    fn metric(&mut self, name: &str, update: u64, value: f64) -> Outcome<()> {
        if !value.is_finite() {
            return Err(Failure::non_finite(format!(
                "metric `{name}` is {value} at update {update}"
            )));
        }
        self.metrics.push(MetricRow {
            update,
            metric: name.to_owned(),
            value,
        });
        Ok(())
    }

    fn cancelled(&mut self) -> bool {
        false
    }
}
