//! Choices and checks that the hyperparameters of many learners share.

use crate::failure::{Failure, Outcome};
use crate::interface::{Network, Reduce};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::ops::RangeBounds;

/// Which copy of a critic is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CriticNetwork {
    /// The trained weights.
    Online,
    /// Their moving average.
    Target,
}

/// How a critic's members become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CriticReduce {
    /// The smallest member.
    Min,
    /// The mean over members.
    Mean,
}

impl From<CriticNetwork> for Network {
    fn from(choice: CriticNetwork) -> Self {
        match choice {
            CriticNetwork::Online => Self::Online,
            CriticNetwork::Target => Self::Target,
        }
    }
}

impl From<CriticReduce> for Reduce {
    fn from(choice: CriticReduce) -> Self {
        match choice {
            CriticReduce::Min => Self::Min,
            CriticReduce::Mean => Self::Mean,
        }
    }
}

/// Errors unless `value` lies in `range`; `name` is the hyperparameter.
pub fn require<T: PartialOrd + Debug>(
    name: &str,
    value: &T,
    range: impl RangeBounds<T> + Debug,
) -> Outcome<()> {
    if range.contains(value) {
        return Ok(());
    }
    Err(Failure::invalid_argument(format!(
        "hyperparameter `{name}` is {value:?}, expected a value in {range:?}"
    )))
}
