//! How actions are chosen in an environment that a plugin offers.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A policy that collects data. `noise` is the standard deviation of Gaussian noise on every action entry, in halves of the
/// action range; actions are clipped to the bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SimulatedBehaviour {
    /// Uniform actions, each held for some steps.
    Uniform {
        /// Steps for which an action is held.
        #[serde(default = "one")]
        hold: u32,
    },
    /// A trained policy as it was at some age.
    Trained {
        /// Name of the training.
        training: String,
        /// The age.
        at: Age,
        /// Noise on the action.
        #[serde(default)]
        noise: f64,
    },
    /// The interaction of a training itself, from its start.
    Replay {
        /// Name of the training.
        training: String,
    },
    /// A scripted behaviour that the environment offers.
    Scripted {
        /// Its name.
        name: String,
        /// Its parameters.
        #[serde(default)]
        params: BTreeMap<String, Value>,
        /// Noise on the action.
        #[serde(default)]
        noise: f64,
    },
    /// A policy in a file that the user has; the same one wherever it occurs.
    File {
        /// SHA-256 of the file; absent in a recipe that takes any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
        /// Noise on the action.
        #[serde(default)]
        noise: f64,
    },
    /// One of several policies, drawn anew for every episode.
    Mixture {
        /// The policies; shares sum to 1.
        parts: Vec<SimulatedPart>,
    },
}

fn one() -> u32 {
    1
}

/// A part of a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedPart {
    /// Probability of this policy in an episode.
    pub share: f64,
    /// The policy; neither a mixture nor a replay.
    pub behaviour: SimulatedBehaviour,
}

/// Which of a training's snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Age {
    /// The one with the highest mean return.
    Best,
    /// The last.
    Last,
    /// The one after this many steps.
    Steps(u64),
    /// The first whose mean return has come this share of the way from the untrained policy's to the highest.
    Progress(f64),
}

impl SimulatedBehaviour {
    /// The kind as it is written in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Uniform { .. } => "uniform",
            Self::Trained { .. } => "trained",
            Self::Replay { .. } => "replay",
            Self::Scripted { .. } => "scripted",
            Self::File { .. } => "file",
            Self::Mixture { .. } => "mixture",
        }
    }

    /// The policies that take part, with their shares.
    pub fn parts(&self) -> Vec<(f64, &SimulatedBehaviour)> {
        match self {
            Self::Mixture { parts } => parts
                .iter()
                .map(|part| (part.share, &part.behaviour))
                .collect(),
            single => vec![(1.0, single)],
        }
    }

    /// Says which file is meant by every behaviour that takes one. Whether there is such a behaviour; the digest that one of them
    /// asks for, where it is another.
    pub(super) fn set_file(&mut self, sha256: &str) -> Result<bool, String> {
        match self {
            Self::File { sha256: asked, .. } => match asked {
                Some(asked) if asked != sha256 => Err(asked.clone()),
                _ => {
                    *asked = Some(sha256.to_owned());
                    Ok(true)
                }
            },
            Self::Mixture { parts } => {
                let set = |part: &mut SimulatedPart| part.behaviour.set_file(sha256);
                let all: Result<Vec<bool>, String> = parts.iter_mut().map(set).collect();
                Ok(all?.contains(&true))
            }
            _ => Ok(false),
        }
    }

    /// Whether it takes a file.
    pub fn takes_file(&self) -> bool {
        self.parts()
            .iter()
            .any(|(_, b)| matches!(b, Self::File { .. }))
    }

    /// The training it needs, if any.
    pub fn training(&self) -> Option<&str> {
        match self {
            Self::Trained { training, .. } | Self::Replay { training } => Some(training),
            _ => None,
        }
    }
}

impl std::fmt::Display for SimulatedBehaviour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Uniform { hold: 1 } => f.write_str("uniform actions"),
            Self::Uniform { hold } => write!(f, "uniform actions held for {hold} steps"),
            Self::Trained {
                training,
                at,
                noise,
            } => {
                write!(f, "{training}, ")?;
                match at {
                    Age::Best => f.write_str("best snapshot")?,
                    Age::Last => f.write_str("last snapshot")?,
                    Age::Steps(steps) => write!(f, "after {steps} steps")?,
                    Age::Progress(share) => {
                        write!(f, "first snapshot with {share} of the progress")?
                    }
                }
                noisy(f, *noise)
            }
            Self::Replay { training } => write!(f, "interaction of {training}"),
            Self::Scripted { name, noise, .. } => {
                f.write_str(name)?;
                noisy(f, *noise)
            }
            Self::File { noise, .. } => {
                f.write_str("policy of a file")?;
                noisy(f, *noise)
            }
            Self::Mixture { parts } => write!(f, "mixture of {}", parts.len()),
        }
    }
}

fn noisy(f: &mut std::fmt::Formatter<'_>, noise: f64) -> std::fmt::Result {
    if noise > 0.0 {
        write!(f, ", noise {noise}")?;
    }
    Ok(())
}
