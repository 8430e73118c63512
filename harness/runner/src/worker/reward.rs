//! Rewards as learners see them: `r -> factor r + shift`.

use dataset::Transitions;
use manifest::{RewardDivisor, RewardSpec};

/// An affine map of rewards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RewardScale {
    factor: f64,
    shift: f64,
}

impl RewardScale {
    /// Rewards as they are.
    pub(crate) const IDENTITY: Self = Self {
        factor: 1.0,
        shift: 0.0,
    };

    /// What `spec` says of these data.
    ///
    /// # Errors
    /// A range of returns that is 0.
    pub(crate) fn new(spec: &RewardSpec, transitions: &Transitions) -> Result<Self, String> {
        let divisor = match spec.divide_by {
            None => 1.0,
            Some(RewardDivisor::ReturnRange) => return_range(transitions)?,
        };
        Ok(Self {
            factor: spec.scale / divisor,
            shift: spec.shift,
        })
    }

    /// One reward.
    pub(crate) fn of(self, reward: f32) -> f32 {
        if self == Self::IDENTITY {
            return reward;
        }
        (self.factor * f64::from(reward) + self.shift) as f32
    }
}

/// Largest less smallest return of the trajectories that ended; a last one that the recording cut off has no return yet.
fn return_range(transitions: &Transitions) -> Result<f64, String> {
    let ended = |rows: &std::ops::Range<usize>| {
        let last = rows.end - 1;
        transitions.terminated()[last] || transitions.truncated()[last]
    };
    let returns = transitions.episodes().filter(ended).map(|rows| {
        let rewards = &transitions.reward()[rows];
        rewards.iter().map(|&r| f64::from(r)).sum::<f64>()
    });
    let (low, high) = returns.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    if high > low {
        return Ok(high - low);
    }
    Err(if low.is_finite() {
        format!(
            "every trajectory that ended has the return {low}: rewards cannot be divided by the range of returns"
        )
    } else {
        "no trajectory ended: there is no range of returns to divide rewards by".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataset::Transition;

    /// Trajectories of these rewards; the last one goes on.
    fn data(episodes: &[&[f32]]) -> Transitions {
        let mut all = Transitions::empty(1, 1);
        for (episode, rewards) in episodes.iter().enumerate() {
            for (i, &reward) in rewards.iter().enumerate() {
                let ends = i + 1 == rewards.len() && episode + 1 < episodes.len();
                all.push(Transition {
                    episode: episode as u32,
                    observation: &[0.0],
                    action: &[0.0],
                    reward,
                    terminated: ends && episode % 2 == 0,
                    truncated: ends && episode % 2 == 1,
                    final_observation: ends.then_some(&[0.0][..]),
                });
            }
        }
        all
    }

    fn spec(divide_by: Option<RewardDivisor>) -> RewardSpec {
        RewardSpec {
            divide_by,
            scale: 1000.0,
            shift: -1.0,
        }
    }

    #[test]
    fn rewards_are_divided_by_the_range_of_returns_of_ended_trajectories() {
        // Returns 3, 7 and, cut off, 100.
        let data = data(&[&[1.0, 2.0], &[3.0, 4.0], &[100.0]]);
        let scale = RewardScale::new(&spec(Some(RewardDivisor::ReturnRange)), &data).unwrap();
        assert_eq!(scale.of(2.0), 499.0); // 1000 * 2 / 4 - 1
        let plain = RewardScale::new(&spec(None), &data).unwrap();
        assert_eq!(plain.of(2.0), 1999.0);
        assert_eq!(RewardScale::IDENTITY.of(0.1), 0.1);
    }

    #[test]
    fn equal_returns_and_data_without_an_end_are_refused() {
        let by = spec(Some(RewardDivisor::ReturnRange));
        let equal = RewardScale::new(&by, &data(&[&[1.0], &[1.0], &[0.0]])).unwrap_err();
        assert!(equal.contains("has the return 1"), "{equal}");
        let endless = RewardScale::new(&by, &data(&[&[1.0, 2.0]])).unwrap_err();
        assert!(endless.contains("no trajectory ended"), "{endless}");
    }
}
