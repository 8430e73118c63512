//! A declared expert: the policy that all methods are compared with where no solution is known.

use crate::types::{PolicyView, StageSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Role of the expert's stage, which names its random streams.
pub const EXPERT_ROLE: &str = "expert";

/// A policy trained on other data of the same environment. It must not be one of the compared methods on more data: then the
/// error would say how much data a method has, not how good it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertSpec {
    /// Learner of its policy; it must need no other stage, e.g. `bc`.
    pub learner: String,
    /// Id of its dataset, e.g. `hopper/expert-local-v0`.
    pub dataset: String,
    /// Budget of updates.
    #[schemars(range(min = 1))]
    pub updates: u64,
    /// Hyperparameters; the learner's schema gives the defaults of the rest.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Its one run seed, the same for all methods and seeds of the study.
    #[serde(default)]
    pub seed: u64,
}

impl ExpertSpec {
    /// Its only stage.
    pub fn stage(&self) -> StageSpec {
        StageSpec {
            role: EXPERT_ROLE.into(),
            learner: self.learner.clone(),
            updates: self.updates,
            params: self.params.clone(),
            from: None,
            data_fraction: 1.0,
            view: PolicyView::Shared,
        }
    }
}
