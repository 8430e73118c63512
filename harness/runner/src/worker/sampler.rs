//! Minibatches: a function of (seed, role, stream, step) and the data view alone.

use dataset::Transitions;
use manifest::random::Family;
use plugin_host::BatchBuffers;
use std::collections::BTreeMap;

/// Draws minibatches from the rows of a data view, uniformly with replacement.
pub(crate) struct Sampler {
    seed: u64,
    role: String,
    batch_size: usize,
    rows: Vec<u32>,
    streams: BTreeMap<String, Family>,
}

impl Sampler {
    pub(crate) fn new(seed: u64, role: &str, batch_size: usize, rows: Vec<u32>) -> Self {
        Self {
            seed,
            role: role.to_owned(),
            batch_size,
            rows,
            streams: BTreeMap::new(),
        }
    }

    /// Fills `out` with the batch of `stream` at `step`. The view must have rows.
    pub(crate) fn fill(
        &mut self,
        transitions: &Transitions,
        stream: &str,
        step: u64,
        out: &mut BatchBuffers,
    ) {
        if !self.streams.contains_key(stream) {
            let family = Family::new(self.seed, &["batch", &self.role, stream]);
            self.streams.insert(stream.to_owned(), family);
        }
        let mut random = self.streams[stream].at(step);
        clear(out);
        for _ in 0..self.batch_size {
            let row = self.rows[random.below(self.rows.len() as u64) as usize] as usize;
            out.observation
                .extend_from_slice(transitions.observation_at(row));
            out.action.extend_from_slice(transitions.action_at(row));
            out.reward.push(transitions.reward()[row]);
            out.terminated
                .push(f32::from(u8::from(transitions.terminated()[row])));
            out.next_observation
                .extend_from_slice(transitions.next_observation(row));
            out.row.push(row as i64);
        }
    }
}

fn clear(out: &mut BatchBuffers) {
    for buffer in [
        &mut out.observation,
        &mut out.action,
        &mut out.reward,
        &mut out.terminated,
        &mut out.next_observation,
    ] {
        buffer.clear();
    }
    out.row.clear();
}
