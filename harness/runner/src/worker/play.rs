//! Playing episodes: batches of environments stepped together under one policy.

use super::evaluate::{Scorer, squared_distance};
use super::failure::Stop;
use envs::Oracle;
use manifest::random::Family;
use plugin_api::ActMode;
use plugin_host::Bound;
use store::EpisodeRow;

/// An episode under way in one simulator.
struct Running {
    simulator: usize,
    episode: u64,
    observation: Vec<f32>,
    episode_return: f64,
    episode_length: u64,
}

/// Sums over the states that a policy visits.
#[derive(Default)]
struct Visited {
    states: u64,
    squared_error: f64,
    regret: f64,
}

impl Scorer<'_> {
    /// Plays all episodes of a snapshot. A batch of environments starts together, and the next batch starts when the
    /// last episode of it is over: which states stand in one batch is a function of protocol and policy alone. A policy
    /// that learns while it acts is told of every episode; where it asks for it, episodes are played one by one.
    pub(super) fn play(
        &mut self,
        update: u64,
        policy: &Bound,
        test_time: Option<&Bound>,
        mut progress: impl FnMut(u64),
    ) -> Result<(), Stop> {
        let episodes = u64::from(self.evaluation.episodes);
        let starts = Family::new(self.evaluation.seed, &["evaluation", "episode"]);
        let mut visited = Visited::default();
        let mut scores = Vec::new();
        let mut round = 0;
        let sequential = match test_time {
            Some(bound) => bound.test_time()?.counts()?.sequential,
            None => false,
        };
        let together = if sequential { 1 } else { self.simulators.len() };
        for first in (0..episodes).step_by(together) {
            let batch = first..(first + together as u64).min(episodes);
            if let Some(bound) = test_time {
                let mut handle = bound.test_time()?;
                batch.clone().try_for_each(|e| handle.begin_episode(e))?;
            }
            let mut running = self.start(batch, &starts)?;
            while !running.is_empty() {
                self.step(
                    policy,
                    round,
                    &mut running,
                    &mut scores,
                    update,
                    &mut visited,
                )?;
                round += 1;
                progress(scores.len() as u64);
            }
        }
        scores.sort_by_key(|row| row.episode);
        self.summarise(update, &visited, scores);
        Ok(())
    }

    fn start(
        &mut self,
        episodes: std::ops::Range<u64>,
        starts: &Family,
    ) -> Result<Vec<Running>, Stop> {
        let start = |(simulator, episode): (usize, u64)| {
            let mut observation = vec![0.0; self.simulators[simulator].spec().observation_dim];
            self.simulators[simulator].reset(starts.at(episode).next_u64(), &mut observation)?;
            Ok(Running {
                simulator,
                episode,
                observation,
                episode_return: 0.0,
                episode_length: 0,
            })
        };
        episodes.enumerate().map(start).collect()
    }

    /// One step of every running episode; finished ones move to `scores`.
    fn step(
        &mut self,
        policy: &Bound,
        round: u64,
        running: &mut Vec<Running>,
        scores: &mut Vec<EpisodeRow>,
        update: u64,
        visited: &mut Visited,
    ) -> Result<(), Stop> {
        let states: Vec<f32> = running
            .iter()
            .flat_map(|r| r.observation.iter().copied())
            .collect();
        let mode = if self.evaluation.sampled {
            ActMode::Sampled(round)
        } else {
            ActMode::Greedy
        };
        let actions = self.act(policy, &states, mode)?;
        let action_dim = self.simulators[0].spec().action_dim;
        let mut going = Vec::with_capacity(running.len());
        for (mut r, action) in running.drain(..).zip(actions.chunks_exact(action_dim)) {
            if let Some(oracle) = &self.oracle {
                visited.add(oracle.as_ref(), &r.observation, action)?;
            }
            let step = self.simulators[r.simulator].step(action, &mut r.observation)?;
            self.steps += 1;
            r.episode_return += step.reward;
            r.episode_length += 1;
            if step.terminated || step.truncated {
                let (episode_return, episode_length) = (r.episode_return, r.episode_length);
                scores.push(EpisodeRow {
                    update,
                    episode: r.episode,
                    episode_return,
                    episode_length,
                });
            } else {
                going.push(r);
            }
        }
        *running = going;
        Ok(())
    }

    fn summarise(&mut self, update: u64, visited: &Visited, scores: Vec<EpisodeRow>) {
        let n = scores.len() as f64;
        let mean = |pick: fn(&EpisodeRow) -> f64| scores.iter().map(pick).sum::<f64>() / n;
        self.metric(update, "episode_return_mean", mean(|r| r.episode_return));
        self.metric(
            update,
            "episode_length_mean",
            mean(|r| r.episode_length as f64),
        );
        if visited.states > 0 {
            let states = visited.states as f64;
            self.metric(
                update,
                "action_mse_evaluation",
                visited.squared_error / states,
            );
            self.metric(update, "regret_evaluation", visited.regret / states);
        }
        self.episodes.extend(scores);
    }
}

impl Visited {
    fn add(&mut self, oracle: &dyn Oracle, state: &[f32], action: &[f32]) -> Result<(), Stop> {
        let mut optimal = vec![0.0; action.len()];
        oracle.optimal_action(state, None, &mut optimal)?;
        self.states += 1;
        self.squared_error += squared_distance(action, &optimal);
        self.regret += oracle.regret(state, None, action)?;
        Ok(())
    }
}
