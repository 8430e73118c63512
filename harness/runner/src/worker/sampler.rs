//! Minibatches: a function of (seed, role, stream, step, request) and the data alone.
//!
//! Rows are drawn uniformly with replacement from the rows that the request allows. Goals are drawn from a family of
//! their own, so that a stream draws the same rows whether or not it is relabelled.

use super::goals;
use super::replay::Replay;
use super::transform::Transform;
use dataset::Transitions;
use manifest::GoalRules;
use manifest::random::Family;
use plugin_api::{BatchRequest, Failure, Goals, Outcome};
use plugin_host::BatchBuffers;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What batches are drawn from.
#[derive(Clone)]
pub(crate) struct Source {
    /// Transitions with the states as they are.
    pub(crate) raw: Rc<Transitions>,
    /// The same with the states as learners see them.
    pub(crate) encoded: Rc<Transitions>,
    /// Sampleable rows of the stage's training view.
    pub(crate) training: Rc<Vec<u32>>,
    /// Sampleable rows of the validation trajectories.
    pub(crate) validation: Rc<Vec<u32>>,
    /// Rules of the benchmark, if it has goals.
    pub(crate) goals: Option<GoalRules>,
    /// How states are encoded.
    pub(crate) transform: Transform,
    /// Discount factor, the ratio of geometric futures.
    pub(crate) discount: f64,
    /// Transitions of an online phase, and their share of a batch.
    pub(crate) replay: Option<(Rc<RefCell<Replay>>, f64)>,
}

/// Transitions from which rows are drawn.
pub(crate) struct Part<'a> {
    pub(crate) raw: &'a Transitions,
    pub(crate) encoded: &'a Transitions,
    /// Rows that the request allows.
    pub(crate) rows: &'a [u32],
    /// Rows of the whole view, for random goals.
    pub(crate) view: &'a [u32],
    /// What is added to a row to make its index in batches.
    pub(crate) offset: usize,
}

/// Draws the minibatches of one stage.
pub(crate) struct Sampler {
    seed: u64,
    role: String,
    batch_size: usize,
    source: Source,
    /// Rows with a successor action, made when first asked for; by `held_out`.
    with_next_action: BTreeMap<bool, Rc<Vec<u32>>>,
    streams: BTreeMap<(&'static str, String), Family>,
}

impl Sampler {
    pub(crate) fn new(seed: u64, role: &str, batch_size: usize, source: Source) -> Self {
        Self {
            seed,
            role: role.to_owned(),
            batch_size,
            source,
            with_next_action: BTreeMap::new(),
            streams: BTreeMap::new(),
        }
    }

    /// Fills `out` with the batch of `stream` at `step`.
    ///
    /// # Errors
    /// Goals of a benchmark that has none, or no row that the request allows.
    pub(crate) fn fill(
        &mut self,
        stream: &str,
        step: u64,
        request: BatchRequest,
        out: &mut BatchBuffers,
    ) -> Outcome<()> {
        if request.goals != Goals::None && self.source.goals.is_none() {
            return Err(Failure::invalid_argument(
                "goals were asked for, but the benchmark has none",
            ));
        }
        let rows = self.rows(request);
        let interacts = self.source.replay.is_some() && !request.held_out;
        if rows.is_empty() && !interacts {
            return Err(Failure::invalid_argument(match request {
                BatchRequest { held_out: true, .. } => "no trajectory is held out",
                _ => "no row has a successor action",
            }));
        }
        let mut random = self.stream("batch", stream).at(step);
        let mut goal_random = self.stream("goal", stream).at(step);
        let source = &self.source;
        let offline = source.offline(&rows, request.held_out);
        let replay = source.replay.as_ref().filter(|_| !request.held_out);
        let replay = replay.map(|(replay, share)| (replay.borrow(), *share));
        let online = replay
            .as_ref()
            .map(|(replay, share)| (replay.part(request.next_action, source.raw.len()), *share))
            .filter(|(part, _)| !part.rows.is_empty());
        if rows.is_empty() && online.is_none() {
            return Err(Failure::invalid_argument("there is no interaction yet"));
        }
        out.clear();
        for _ in 0..self.batch_size {
            let part = match &online {
                Some((part, share)) if random.uniform() < *share => part,
                _ => &offline,
            };
            let row = part.rows[random.below(part.rows.len() as u64) as usize] as usize;
            part.push(row, request.next_action, out);
            if let Some(rules) = &source.goals
                && let Some(rule) = goals::rule(rules, request.goals)
            {
                let discount = source.discount;
                let goal =
                    goals::goal_row(rule, discount, part.raw, part.view, row, &mut goal_random);
                source.relabel(part, rules, (row, goal), out);
            }
        }
        Ok(())
    }

    fn stream(&mut self, kind: &'static str, stream: &str) -> &Family {
        let key = (kind, stream.to_owned());
        let (seed, role) = (self.seed, &self.role);
        self.streams
            .entry(key)
            .or_insert_with(|| Family::new(seed, &[kind, role, stream]))
    }

    fn rows(&mut self, request: BatchRequest) -> Rc<Vec<u32>> {
        let view = self.source.view(request.held_out);
        if !request.next_action {
            return view.clone();
        }
        let raw = &self.source.raw;
        self.with_next_action
            .entry(request.held_out)
            .or_insert_with(|| {
                let allowed =
                    |&&row: &&u32| !raw.is_last(row as usize) || raw.terminated()[row as usize];
                Rc::new(view.iter().filter(allowed).copied().collect())
            })
            .clone()
    }
}

impl Source {
    fn view(&self, held_out: bool) -> &Rc<Vec<u32>> {
        if held_out {
            &self.validation
        } else {
            &self.training
        }
    }

    fn offline<'a>(&'a self, rows: &'a [u32], held_out: bool) -> Part<'a> {
        Part {
            raw: &self.raw,
            encoded: &self.encoded,
            rows,
            view: self.view(held_out),
            offset: 0,
        }
    }

    /// Gives the last row of `out` the goal of a row, and the reward of the goal rule. `rows`: its own and the goal's.
    fn relabel(
        &self,
        part: &Part<'_>,
        rules: &GoalRules,
        (row, goal_row): (usize, usize),
        out: &mut BatchBuffers,
    ) {
        let state = part.encoded.observation_at(goal_row);
        self.transform
            .goal_of(state, &rules.observation, &mut out.goal);
        let reached = goals::reached(rules, part.raw, row, goal_row);
        let last = out.reward.len() - 1;
        out.reward[last] = if reached { 0.0 } else { -1.0 };
        out.terminated[last] = flag(reached);
    }
}

impl Part<'_> {
    fn push(&self, row: usize, next_action: bool, out: &mut BatchBuffers) {
        let data = self.encoded;
        out.observation.extend_from_slice(data.observation_at(row));
        out.action.extend_from_slice(data.action_at(row));
        out.reward.push(data.reward()[row]);
        out.terminated.push(flag(data.terminated()[row]));
        out.next_observation
            .extend_from_slice(data.next_observation(row));
        out.row.push((self.offset + row) as i64);
        if !next_action {
            return;
        }
        if data.terminated()[row] {
            let zeros = out.next_action.len() + data.action_dim();
            out.next_action.resize(zeros, 0.0);
        } else {
            out.next_action.extend_from_slice(data.action_at(row + 1));
        }
    }
}

fn flag(set: bool) -> f32 {
    f32::from(u8::from(set))
}

#[cfg(test)]
#[path = "sampler_tests.rs"]
mod tests;
