//! What a learner requires of the benchmark rather than of an earlier stage.

use super::graph::{Builder, runs_on};
use super::resolve::EnvironmentFacts;
use crate::error::Error;
use manifest::{BenchmarkDefinition, Pipeline, PolicyView};

/// A requirement without a version: the benchmark meets it, or nothing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Goals,
    Rewards,
    DiscreteActions,
    ContinuousActions,
}

/// Whether a requirement is of the benchmark: interfaces have a version after a `/`.
pub(super) fn of_benchmark(requirement: &str) -> bool {
    !requirement.contains('/')
}

impl Need {
    fn parse(requirement: &str) -> Option<Self> {
        match requirement {
            "goals" => Some(Self::Goals),
            "discrete-actions" => Some(Self::DiscreteActions),
            "continuous-actions" => Some(Self::ContinuousActions),
            _ => None,
        }
    }

    fn met(self, definition: &BenchmarkDefinition, action_count: usize) -> bool {
        match self {
            Self::Goals => definition.goal.is_some(),
            Self::Rewards => definition.goal.is_none(),
            Self::DiscreteActions => action_count > 0,
            Self::ContinuousActions => action_count == 0,
        }
    }

    /// What a benchmark that does not meet it has instead.
    fn instead(self) -> &'static str {
        match self {
            Self::Goals => "has none",
            Self::Rewards => "has goals that its rewards depend on",
            Self::DiscreteActions => "has continuous ones",
            Self::ContinuousActions => "has discrete ones",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Goals => "goals",
            Self::Rewards => "rewards of the data's own",
            Self::DiscreteActions => "discrete actions",
            Self::ContinuousActions => "continuous actions",
        }
    }

    /// Benchmarks that meet it, for a hint. Environments of plugins have what the benchmark says of them.
    fn who(self, known: &[BenchmarkDefinition]) -> Option<String> {
        let count = |d: &BenchmarkDefinition| {
            let declared = d.spaces.unwrap_or_default().action_count;
            envs::make(&d.environment).map_or(declared, |e| e.spec().action_count)
        };
        let ids: Vec<String> = known
            .iter()
            .filter(|d| self.met(d, count(d)))
            .map(|d| format!("`{}`", d.id))
            .collect();
        let what = self.words();
        (!ids.is_empty()).then(|| {
            format!(
                "benchmarks with {what}: {}; or give the pipeline `benchmarks = [...]` of those it fits",
                ids.join(", ")
            )
        })
    }
}

impl Builder<'_> {
    /// Every benchmark that the pipeline runs on has what its learners require of it.
    pub(super) fn check_needs(
        &self,
        i: usize,
        pipeline: &Pipeline,
        definitions: &[BenchmarkDefinition],
        environments: &[EnvironmentFacts],
        known: &[BenchmarkDefinition],
    ) -> Result<(), Error> {
        for (j, stage) in pipeline.stages.iter().enumerate() {
            let learner = &self.learners[&stage.learner];
            let of_learner = learner.requires.iter().filter(|r| of_benchmark(r));
            let of_learner = of_learner.map(|r| (r.as_str(), Need::parse(r)));
            // The best trajectories are those of the highest returns.
            let of_view =
                (stage.view == PolicyView::Best).then_some(("rewards", Some(Need::Rewards)));
            for (requirement, need) in of_learner.chain(of_view) {
                let fail = |reason: String, hint: Option<String>| {
                    Err(Error::Manifest(manifest::Error::Pipeline {
                        at: (self.resolver.locate)(&format!("pipeline[{i}].stages[{j}].learner")),
                        pipeline: pipeline.name.clone(),
                        reason,
                        hint,
                    }))
                };
                let Some(need) = need else {
                    return fail(
                        format!(
                            "stage `{}` requires `{requirement}`, which this version does not know",
                            learner.id
                        ),
                        None,
                    );
                };
                let scenes = self.manifest.benchmarks.iter().zip(definitions);
                for ((reference, definition), environment) in scenes.zip(environments) {
                    let here = runs_on(pipeline, reference.name());
                    if here && !need.met(definition, environment.action_count) {
                        let view = match need {
                            Need::Rewards => " with `view = \"best\"`",
                            _ => "",
                        };
                        let reason = format!(
                            "stage `{}`{view} requires {}, benchmark `{}` {}",
                            learner.id,
                            need.words(),
                            reference.name(),
                            need.instead()
                        );
                        return fail(reason, need.who(known));
                    }
                }
            }
        }
        Ok(())
    }
}
