//! Minibatches: a function of (seed, role, stream, step, request) and the data alone.
//!
//! Rows are drawn uniformly with replacement from the rows that the request allows. Goals are drawn from a family of
//! their own, so that a stream draws the same rows whether or not it is relabelled.

use super::goals;
use super::transform::Transform;
use dataset::Transitions;
use manifest::GoalRules;
use manifest::random::Family;
use plugin_api::{BatchRequest, Failure, Goals, Outcome};
use plugin_host::BatchBuffers;
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
        if rows.is_empty() {
            return Err(Failure::invalid_argument(match request {
                BatchRequest { held_out: true, .. } => "no trajectory is held out",
                _ => "no row has a successor action",
            }));
        }
        let mut random = self.stream("batch", stream).at(step);
        let mut goal_random = self.stream("goal", stream).at(step);
        out.clear();
        for _ in 0..self.batch_size {
            let row = rows[random.below(rows.len() as u64) as usize] as usize;
            self.source.push(row, out);
            if request.next_action {
                self.source.push_next_action(row, out);
            }
            if let Some(rules) = &self.source.goals
                && let Some(rule) = goals::rule(rules, request.goals)
            {
                let source = &self.source;
                let view = source.view(request.held_out);
                let goal = goals::goal_row(
                    rule,
                    source.discount,
                    &source.raw,
                    view,
                    row,
                    &mut goal_random,
                );
                source.relabel(rules, row, goal, out);
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

    fn push(&self, row: usize, out: &mut BatchBuffers) {
        let data = &self.encoded;
        out.observation.extend_from_slice(data.observation_at(row));
        out.action.extend_from_slice(data.action_at(row));
        out.reward.push(data.reward()[row]);
        out.terminated.push(flag(data.terminated()[row]));
        out.next_observation
            .extend_from_slice(data.next_observation(row));
        out.row.push(row as i64);
    }

    fn push_next_action(&self, row: usize, out: &mut BatchBuffers) {
        let data = &self.encoded;
        if data.terminated()[row] {
            let zeros = out.next_action.len() + data.action_dim();
            out.next_action.resize(zeros, 0.0);
        } else {
            out.next_action.extend_from_slice(data.action_at(row + 1));
        }
    }

    /// Gives the last row of `out` the goal of `goal_row`, and the reward of the goal rule.
    fn relabel(&self, rules: &GoalRules, row: usize, goal_row: usize, out: &mut BatchBuffers) {
        let state = self.encoded.observation_at(goal_row);
        self.transform
            .goal_of(state, &rules.observation, &mut out.goal);
        let reached = goals::reached(rules, &self.raw, row, goal_row);
        let last = out.reward.len() - 1;
        out.reward[last] = if reached { 0.0 } else { -1.0 };
        out.terminated[last] = flag(reached);
    }
}

fn flag(set: bool) -> f32 {
    f32::from(u8::from(set))
}
