//! Playing episodes: batches of environments stepped together under one policy.

use super::evaluate::Scorer;
use super::failure::Stop;
use super::measure::call::Rows;
use super::measure::{Visits, cost};
use crate::clock::Stopwatch;
use manifest::random::Family;
use plugin_api::{ActMode, TestTimeCounts};
use plugin_host::Bound;
use store::EpisodeRow;

/// An episode under way in one simulator.
struct Running {
    simulator: usize,
    episode: u64,
    observation: Vec<f32>,
    goal: Vec<f32>,
    episode_return: f64,
    episode_length: u64,
}

/// What the episodes of a snapshot gave.
struct Played {
    update: u64,
    scores: Vec<EpisodeRow>,
    /// Episodes that ended by the task's own rule.
    terminated: u64,
    visits: Visits,
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
    ) -> Result<Visits, Stop> {
        let episodes = u64::from(self.evaluation.episodes);
        let starts = Family::new(self.evaluation.seed, &["evaluation", "episode"]);
        let mut played = Played {
            update,
            scores: Vec::new(),
            terminated: 0,
            visits: Visits::new(&self.form),
        };
        let before = counts(test_time)?;
        let acted = self.acting.actions;
        let sequential = before.is_some_and(|c| c.sequential);
        let together = if sequential { 1 } else { self.simulators.len() };
        let mut round = 0;
        for first in (0..episodes).step_by(together) {
            let batch = first..(first + together as u64).min(episodes);
            if let Some(bound) = test_time {
                let mut handle = bound.test_time()?;
                batch.clone().try_for_each(|e| handle.begin_episode(e))?;
            }
            let mut running = self.start(batch, &starts)?;
            while !running.is_empty() {
                self.step(policy, round, &mut running, &mut played)?;
                round += 1;
                progress(played.scores.len() as u64);
            }
        }
        if let (Some(before), Some(after)) = (before, counts(test_time)?) {
            let rows = cost::per_action(before, after, self.acting.actions - acted);
            self.record(update, rows);
        }
        played.scores.sort_by_key(|row| row.episode);
        self.summarise(&played);
        self.episodes.extend(played.scores);
        Ok(played.visits)
    }

    fn start(
        &mut self,
        episodes: std::ops::Range<u64>,
        starts: &Family,
    ) -> Result<Vec<Running>, Stop> {
        let start = |(simulator, episode): (usize, u64)| {
            let mut observation = vec![0.0; self.form.observation_dim];
            let mut goal = vec![0.0; self.form.goal_dim];
            self.simulators[simulator].reset(starts.at(episode).next_u64(), &mut observation)?;
            self.simulators[simulator].goal(&mut goal)?;
            Ok(Running {
                simulator,
                episode,
                observation,
                goal,
                episode_return: 0.0,
                episode_length: 0,
            })
        };
        episodes.enumerate().map(start).collect()
    }

    /// One step of every running episode; finished ones move to the scores.
    fn step(
        &mut self,
        policy: &Bound,
        round: u64,
        running: &mut Vec<Running>,
        played: &mut Played,
    ) -> Result<(), Stop> {
        let all = |pick: fn(&Running) -> &Vec<f32>| -> Vec<f32> {
            running.iter().flat_map(|r| pick(r).clone()).collect()
        };
        let (observation, goal) = (all(|r| &r.observation), all(|r| &r.goal));
        let mode = if self.evaluation.sampled {
            ActMode::Sampled(round)
        } else {
            ActMode::Greedy
        };
        let watch = Stopwatch::start();
        let rows = Rows {
            observation: &observation,
            goal: &goal,
        };
        let actions = self.form.act(policy, rows, mode)?;
        self.acting.seconds += watch.seconds();
        self.acting.actions += running.len() as u64;
        let mut going = Vec::with_capacity(running.len());
        for (mut r, action) in running
            .drain(..)
            .zip(actions.chunks_exact(self.form.action_dim))
        {
            played.visits.add(&r.observation, &r.goal, action);
            let step = self.simulators[r.simulator].step(action, &mut r.observation)?;
            r.episode_return += step.reward;
            r.episode_length += 1;
            if step.terminated || step.truncated {
                played.terminated += u64::from(step.terminated);
                played.scores.push(EpisodeRow {
                    update: played.update,
                    episode: r.episode,
                    episode_return: r.episode_return,
                    episode_length: r.episode_length,
                });
            } else {
                going.push(r);
            }
        }
        *running = going;
        Ok(())
    }

    fn summarise(&mut self, played: &Played) {
        let n = played.scores.len() as f64;
        let mean = |pick: fn(&EpisodeRow) -> f64| played.scores.iter().map(pick).sum::<f64>() / n;
        let update = played.update;
        self.metric(update, "episode_return_mean", mean(|r| r.episode_return));
        self.metric(
            update,
            "episode_length_mean",
            mean(|r| r.episode_length as f64),
        );
        if self.form.goal_dim > 0 {
            self.metric(update, "success_rate", played.terminated as f64 / n);
        }
    }
}

fn counts(test_time: Option<&Bound>) -> Result<Option<TestTimeCounts>, Stop> {
    match test_time {
        Some(bound) => Ok(Some(bound.test_time()?.counts()?)),
        None => Ok(None),
    }
}
