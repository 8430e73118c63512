//! Binding: which earlier stage serves each requirement of a stage.

use super::needs::of_benchmark;
use super::resolve::LearnerFacts;
use manifest::{Error, Pipeline, Position};

const POLICY: &str = "policy/1";
const POLICY_UPDATE: &str = "policy-update/1";

/// For each stage, the indices of the earlier stages it is bound to, ascending.
///
/// A requirement binds to the stage named by `from` if that provides it, else to the nearest earlier stage that provides
/// it. All interfaces of a bound stage come along. A requirement with a `?` at its end (`encoder/1?`) binds the same way
/// where an earlier stage provides it, and to nothing elsewhere.
///
/// # Errors
/// A requirement that no earlier stage provides, or a last stage without a policy.
pub(crate) fn bind(
    pipeline: &Pipeline,
    learners: &[LearnerFacts],
    all: &[LearnerFacts],
    locate: &dyn Fn(usize) -> Position,
) -> Result<Vec<Vec<usize>>, Error> {
    let mut bound = Vec::new();
    for (i, learner) in learners.iter().enumerate() {
        let from = pipeline.stages[i].from.as_ref();
        let named = from.and_then(|role| pipeline.stages[..i].iter().position(|s| &s.role == role));
        let mut sources: Vec<usize> = Vec::new();
        let find = |interface: &str| {
            let provides = |j: &usize| learners[*j].provides.iter().any(|p| p == interface);
            named
                .filter(|j| provides(j))
                .or_else(|| (0..i).rev().find(provides))
        };
        for interface in learner.requires.iter().filter(|r| !of_benchmark(r)) {
            if let Some(interface) = interface.strip_suffix('?') {
                sources.extend(find(interface));
                continue;
            }
            let source = find(interface)
                .ok_or_else(|| missing(pipeline, i, learner, interface, all, locate))?;
            // These two are of one policy: what updates another one than the policy that acts is no use.
            let policy = find(POLICY).filter(|_| interface == POLICY_UPDATE);
            if let Some(policy) = policy.filter(|p| *p != source) {
                return Err(fixed_policy(
                    pipeline,
                    (i, learner),
                    &learners[policy],
                    all,
                    locate,
                ));
            }
            sources.push(source);
        }
        sources.sort_unstable();
        sources.dedup();
        bound.push(sources);
    }
    let last = learners.len() - 1;
    if !learners[last].provides.iter().any(|p| p == "policy/1") {
        return Err(Error::Pipeline {
            at: locate(last),
            pipeline: pipeline.name.clone(),
            reason: format!(
                "the last stage `{}` provides no policy/1, so there is nothing to evaluate",
                learners[last].id
            ),
            hint: who_provides("policy/1", all).map(|who| format!("end the pipeline with {who}")),
        });
    }
    Ok(bound)
}

/// A policy that has no updates, bound where one that has is required.
fn fixed_policy(
    pipeline: &Pipeline,
    (i, learner): (usize, &LearnerFacts),
    policy: &LearnerFacts,
    all: &[LearnerFacts],
    locate: &dyn Fn(usize) -> Position,
) -> Error {
    Error::Pipeline {
        at: locate(i),
        pipeline: pipeline.name.clone(),
        reason: format!(
            "stage `{}` requires `{POLICY_UPDATE}` of the policy that it is bound to, `{}` does not provide it",
            learner.id, policy.id
        ),
        hint: who_provides(POLICY_UPDATE, all)
            .map(|who| format!("bind it to {who} with `from = \"<role>\"`")),
    }
}

fn missing(
    pipeline: &Pipeline,
    i: usize,
    learner: &LearnerFacts,
    interface: &str,
    all: &[LearnerFacts],
    locate: &dyn Fn(usize) -> Position,
) -> Error {
    let earlier: Vec<String> = pipeline.stages[..i]
        .iter()
        .map(|s| format!("`{}`", s.learner))
        .collect();
    let found = if earlier.is_empty() {
        "there is none".to_owned()
    } else {
        format!("found {}", earlier.join(", "))
    };
    Error::Pipeline {
        at: locate(i),
        pipeline: pipeline.name.clone(),
        reason: format!(
            "stage `{}` requires `{interface}` from an earlier stage, {found}",
            learner.id
        ),
        hint: who_provides(interface, all).map(|who| format!("put {who} before it")),
    }
}

fn who_provides(interface: &str, all: &[LearnerFacts]) -> Option<String> {
    let mut ids: Vec<String> = all
        .iter()
        .filter(|l| l.provides.iter().any(|p| p == interface))
        .map(|l| format!("`{}`", l.id))
        .collect();
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        None
    } else {
        Some(ids.join(" or "))
    }
}
