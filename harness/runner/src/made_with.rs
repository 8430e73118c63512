//! What a plan's results are made with, so that parts computed at different places can be told apart.

use crate::plan::Plan;
use crate::{EVALUATOR_SOURCE, JOINT_SOURCE, ONLINE_SOURCE, SAMPLER_SOURCE};
use std::collections::BTreeMap;

/// Digests by name: `plugin iql`, `library libmujoco.so of mujoco 3.9.0`, `evaluator`, ...; and `numeric`, the instruction path. Two parts of a
/// study whose values differ under one name are not made alike.
pub fn made_with(plan: &Plan) -> BTreeMap<String, String> {
    let mut found = BTreeMap::from([
        ("evaluator".to_owned(), EVALUATOR_SOURCE.to_owned()),
        ("sampler".to_owned(), SAMPLER_SOURCE.to_owned()),
        ("online phase".to_owned(), ONLINE_SOURCE.to_owned()),
    ]);
    for node in plan.nodes.values() {
        let job = &node.job;
        if job.joint.is_some() {
            found.insert("joint training".into(), JOINT_SOURCE.to_owned());
        }
        found.insert("numeric".into(), job.numeric.instruction_path.clone());
        for stage in &job.stages {
            if let Some((_, digest)) = &stage.library {
                found.insert(format!("plugin {}", stage.learner), digest.clone());
            }
        }
        for runtime in &job.runtimes {
            for library in &runtime.libraries {
                let file = library.path.file_name().unwrap_or_default();
                let name = format!("library {} of {}", file.to_string_lossy(), runtime.name);
                found.insert(name, library.sha256.clone());
            }
        }
        let world = job
            .evaluation
            .as_ref()
            .and_then(|e| e.world.library.as_ref());
        if let Some((_, digest)) = world {
            found.insert(
                format!("environment {}", job.data.environment),
                digest.clone(),
            );
        }
    }
    found
}
