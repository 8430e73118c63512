//! Transitions of an online phase, in the order in which they were made.

use super::reward::RewardScale;
use super::sampler::Part;
use super::transform::Transform;
use dataset::{Transition, Transitions};
use plugin_api::Failure;

/// The interaction so far, with the rows that can be drawn.
pub(crate) struct Replay {
    raw: Transitions,
    encoded: Transitions,
    transform: Transform,
    rewards: RewardScale,
    /// Rows whose next observation is known.
    rows: Vec<u32>,
    /// Those of them with a successor action, or terminated.
    with_next_action: Vec<u32>,
}

/// One step in the environment.
pub(crate) struct Step<'a> {
    pub(crate) observation: &'a [f32],
    pub(crate) action: &'a [f32],
    pub(crate) reward: f32,
    pub(crate) terminated: bool,
    pub(crate) truncated: bool,
    pub(crate) next_observation: &'a [f32],
}

impl Replay {
    /// For states of `observation_dim` entries before encoding.
    pub(crate) fn new(transform: &Transform, observation_dim: usize, action_dim: usize) -> Self {
        Self {
            raw: Transitions::empty(observation_dim, action_dim),
            encoded: Transitions::empty(transform.dim(), action_dim),
            transform: transform.clone(),
            rewards: RewardScale::IDENTITY,
            rows: Vec::new(),
            with_next_action: Vec::new(),
        }
    }

    /// The same, with rewards in batches as `rewards` shows them.
    pub(crate) fn rewarded(self, rewards: RewardScale) -> Self {
        Self { rewards, ..self }
    }

    /// All steps, with states and rewards as they are.
    pub(crate) fn raw(&self) -> &Transitions {
        &self.raw
    }

    /// Steps so far.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    /// Appends a step; a step after one that ended its episode begins the next.
    pub(crate) fn push(&mut self, step: &Step<'_>) {
        let row = self.len();
        let before = row.checked_sub(1);
        let goes_on = before.filter(|&r| !self.raw.terminated()[r] && !self.raw.truncated()[r]);
        let episode = self.raw.episode_count() - usize::from(goes_on.is_some());
        if let Some(before) = goes_on {
            self.rows.push(before as u32);
            self.with_next_action.push(before as u32);
        }
        let ended = step.terminated || step.truncated;
        let code = self.transform.encode_all(step.observation);
        let last = self.transform.encode_all(step.next_observation);
        let transition = Transition {
            episode: episode as u32,
            observation: step.observation,
            action: step.action,
            reward: step.reward,
            terminated: step.terminated,
            truncated: step.truncated,
            final_observation: ended.then_some(step.next_observation),
        };
        self.raw.push(transition);
        self.encoded.push(Transition {
            observation: &code,
            reward: self.rewards.of(step.reward),
            final_observation: ended.then_some(&last),
            ..transition
        });
        if ended {
            self.rows.push(row as u32);
        }
        if step.terminated {
            self.with_next_action.push(row as u32);
        }
    }

    /// What batches are drawn from; `offset` numbers its rows behind those of the dataset.
    pub(crate) fn part(&self, next_action: bool, offset: usize) -> Part<'_> {
        Part {
            raw: &self.raw,
            encoded: &self.encoded,
            rows: if next_action {
                &self.with_next_action
            } else {
                &self.rows
            },
            view: &self.rows,
            offset,
        }
    }

    /// All steps as bytes. The last step must have ended its episode.
    pub(crate) fn save(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for row in 0..self.len() {
            let flags = [self.raw.terminated()[row], self.raw.truncated()[row]];
            bytes.extend(flags.map(u8::from));
            let numbers = [
                self.raw.observation_at(row),
                self.raw.action_at(row),
                &self.raw.reward()[row..=row],
                self.raw.next_observation(row),
            ];
            for x in numbers.concat() {
                bytes.extend(x.to_le_bytes());
            }
        }
        bytes
    }

    /// Takes over what [`Self::save`] wrote.
    pub(crate) fn load(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let (s, a) = (self.raw.observation_dim(), self.raw.action_dim());
        let size = 2 + 4 * (2 * s + a + 1);
        if !bytes.len().is_multiple_of(size) {
            return Err(Failure::invalid_state("the saved interaction is cut"));
        }
        for record in bytes.chunks_exact(size) {
            let numbers: Vec<f32> = record[2..]
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            self.push(&Step {
                observation: &numbers[..s],
                action: &numbers[s..s + a],
                reward: numbers[s + a],
                terminated: record[0] == 1,
                truncated: record[1] == 1,
                next_observation: &numbers[s + a + 1..],
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Episodes of three steps: the first terminated, the second truncated, the third under way.
    fn replay(steps: usize) -> Replay {
        let mut replay = Replay::new(&Transform::identity(1), 1, 1);
        for i in 0..steps {
            replay.push(&Step {
                observation: &[i as f32],
                action: &[10.0 + i as f32],
                reward: 0.5,
                terminated: i == 2,
                truncated: i == 5,
                next_observation: &[i as f32 + 0.5],
            });
        }
        replay
    }

    #[test]
    fn rows_can_be_drawn_once_their_successor_is_known() {
        let replay = replay(8);
        assert_eq!(replay.part(false, 0).rows, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(replay.part(true, 0).rows, [0, 1, 2, 3, 4, 6]);
        assert_eq!(replay.raw.next_observation(1), [2.0]);
        assert_eq!(replay.raw.next_observation(5), [5.5]);
        assert_eq!(replay.raw.episode(), [0, 0, 0, 1, 1, 1, 2, 2]);
        assert_eq!(replay.raw.episode_rows(1), 3..6);
    }

    #[test]
    fn a_saved_interaction_comes_back() {
        let (saved, mut fresh) = (replay(6), replay(0));
        fresh.load(&saved.save()).unwrap();
        assert_eq!(fresh.rows, saved.rows);
        assert_eq!(fresh.with_next_action, saved.with_next_action);
        assert_eq!(fresh.raw.observation(), saved.raw.observation());
        assert_eq!(fresh.save(), saved.save());
        assert!(fresh.load(&saved.save()[1..]).is_err());
    }
}
