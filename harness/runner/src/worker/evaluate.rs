//! Scoring a policy: episodes in the environment, and its errors against the exact solution where there is one.
//!
//! `action_mse` is the squared distance to pi*(s), summed over action dimensions, averaged over states: on the states
//! of the stage's own training view (`_train`), of the held-out trajectories (`_validation`), and of the states that the
//! policy itself visits in evaluation (`_evaluation`), each state counted once per visit. Actions are compared as the
//! policy gives them, within the bounds. `regret_evaluation` is the mean of V*(s) - Q*(s, a) over visited states.

use super::Reporter;
use super::environment::Simulator;
use super::failure::Stop;
use super::stages::{Data, Live, Stages};
use super::train::node;
use crate::clock::Stopwatch;
use crate::job::{EvaluationJob, Job};
use crate::machine;
use dataset::Transitions;
use envs::Oracle;
use plugin_api::{ActMode, Array, Precision};
use plugin_host::Bound;
use std::sync::Arc;
use store::{EpisodeRow, FailureKind, MetricRow, Store, write_episodes, write_metrics};

/// States on which training and validation errors are taken, at most; views are in random order of trajectories.
const ERROR_STATES: usize = 10_000;

/// Scores every snapshot of the job's policy and publishes the node.
pub(crate) fn evaluate(
    job: &Job,
    evaluation: &EvaluationJob,
    store: &Store,
    reporter: &mut Reporter,
) -> Result<(), Stop> {
    let watch = Stopwatch::start();
    let data = Data::load(&job.data)?;
    let mut stages = Stages::create(job, &data, store)?;
    let mut libraries = stages.libraries.clone();
    if let Some((path, sha256)) = &evaluation.library {
        libraries.insert(
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            sha256.clone(),
        );
    }
    let count = evaluation.environments_per_batch.min(evaluation.episodes) as usize;
    let mut scorer = Scorer {
        evaluation,
        simulators: Simulator::make(&job.data.environment, evaluation, count)?,
        oracle: envs_oracle(job)?,
        double: job.stages.last().is_some_and(|s| s.double),
        steps: 0,
        metrics: Vec::new(),
        episodes: Vec::new(),
    };
    scorer.check_spec(job, &data.transitions)?;
    let stage = job
        .stages
        .last()
        .ok_or_else(|| Stop::new(FailureKind::Failed, "the job has no stages"))?;
    let train = data.view(&stage.view)?.rows().to_vec();
    let validation = dataset::split(&data.transitions)
        .validation()
        .rows()
        .to_vec();
    for (i, &update) in evaluation.snapshots.iter().enumerate() {
        load_snapshot(&mut stages, store, &stage.run_id, update, stage.updates)?;
        let policy = bind_policy(&mut stages, &stage.role)?;
        scorer.dataset_error(
            "action_mse_train",
            update,
            &policy,
            &data.transitions,
            &train,
        )?;
        scorer.dataset_error(
            "action_mse_validation",
            update,
            &policy,
            &data.transitions,
            &validation,
        )?;
        let test_time = stages.last()?.bind(&stage.role, "test-time/1");
        scorer.play(update, &policy, test_time.as_ref(), |finished| {
            let total = u64::from(evaluation.episodes) * evaluation.snapshots.len() as u64;
            reporter.progress(
                i as u64 * u64::from(evaluation.episodes) + finished,
                total,
                0.0,
            );
        })?;
    }
    let rate = scorer.steps as f64 / watch.seconds().max(1e-9);
    let mut writer = store.writer(&job.run_id).map_err(Stop::store)?;
    let mut add = |name: &str, bytes: Vec<u8>| writer.add(name, &bytes).map_err(Stop::store);
    add(
        "metrics.parquet",
        write_metrics(&scorer.metrics).map_err(Stop::store)?,
    )?;
    add(
        "episodes.parquet",
        write_episodes(&scorer.episodes).map_err(Stop::store)?,
    )?;
    let provenance = machine::provenance(watch.seconds(), rate, libraries);
    writer
        .publish(node(job, "evaluation", provenance))
        .map_err(Stop::store)
}

/// The exact solution, for built-in environments that have one.
fn envs_oracle(job: &Job) -> Result<Option<Arc<dyn Oracle>>, Stop> {
    if envs::info(&job.data.environment).is_err() {
        return Ok(None);
    }
    Ok(envs::oracle(&job.data.environment, job.data.discount)?)
}

fn load_snapshot(
    stages: &mut Stages,
    store: &Store,
    run_id: &str,
    update: u64,
    last: u64,
) -> Result<(), Stop> {
    let Live::Plugin { learner, .. } = stages.last()? else {
        return Ok(());
    };
    // A stage without training has no node: as created is all it is.
    if run_id.is_empty() {
        return Ok(());
    }
    let name = if update == last {
        "checkpoint.bin".to_owned()
    } else {
        format!("snapshots/{update}.bin")
    };
    let state = store
        .node(run_id)
        .and_then(|n| n.file(&name))
        .map_err(Stop::store)?;
    Ok(learner.load(&state)?)
}

fn bind_policy(stages: &mut Stages, role: &str) -> Result<Bound, Stop> {
    let bound = stages.last()?.bind(role, "policy/1");
    bound.ok_or_else(|| {
        Stop::new(
            FailureKind::Failed,
            format!("stage `{role}` offers no policy/1 with these hyperparameters"),
        )
    })
}

/// What an evaluation has and collects.
pub(super) struct Scorer<'a> {
    pub(super) evaluation: &'a EvaluationJob,
    pub(super) simulators: Vec<Simulator>,
    pub(super) oracle: Option<Arc<dyn Oracle>>,
    double: bool,
    pub(super) steps: u64,
    metrics: Vec<MetricRow>,
    pub(super) episodes: Vec<EpisodeRow>,
}

impl Scorer<'_> {
    fn check_spec(&self, job: &Job, transitions: &Transitions) -> Result<(), Stop> {
        let spec = self.simulators[0].spec();
        let found = (spec.observation_dim, spec.action_dim);
        let expected = (transitions.observation_dim(), transitions.action_dim());
        if found != expected {
            let message = format!(
                "environment `{}` has (observation, action) dimensions {found:?}, dataset `{}` has {expected:?}",
                spec.id, job.data.dataset
            );
            return Err(Stop::new(FailureKind::Refused, message));
        }
        let bounds = (f64::from(spec.action_low), f64::from(spec.action_high));
        if bounds != (job.data.action_low, job.data.action_high) {
            let message = format!(
                "environment `{}` has action bounds {bounds:?}, the stages were trained for ({}, {})",
                spec.id, job.data.action_low, job.data.action_high
            );
            return Err(Stop::new(FailureKind::Refused, message));
        }
        Ok(())
    }

    /// The policy's actions on a batch of observations `[B, S]`, row-major `[B, A]`.
    pub(super) fn act(
        &self,
        policy: &Bound,
        observations: &[f32],
        mode: ActMode,
    ) -> Result<Vec<f32>, Stop> {
        let spec = self.simulators[0].spec();
        let rows = observations.len() / spec.observation_dim;
        let shape = [rows as i64, spec.observation_dim as i64];
        let precision = if self.double {
            Precision::F64
        } else {
            Precision::F32
        };
        let array = match precision {
            Precision::F32 => Array::from_vec(observations.to_vec(), &shape),
            Precision::F64 => {
                Array::from_vec(observations.iter().map(|&x| f64::from(x)).collect(), &shape)
            }
        };
        let mut handle = policy.policy()?;
        let view = handle.act(array.view(), None, mode)?;
        view.expect_shape("action", &[rows as i64, spec.action_dim as i64])?;
        view.expect_finite("action")?;
        let actions: Vec<f32> = match precision {
            Precision::F32 => view.as_slice::<f32>()?.to_vec(),
            Precision::F64 => view.as_slice::<f64>()?.iter().map(|&x| x as f32).collect(),
        };
        let (low, high) = (spec.action_low, spec.action_high);
        if let Some(outside) = actions.iter().find(|a| !(low..=high).contains(*a)) {
            let message = format!("the policy gave the action {outside}, outside [{low}, {high}]");
            return Err(Stop::new(FailureKind::Failed, message));
        }
        Ok(actions)
    }

    pub(super) fn metric(&mut self, update: u64, metric: &str, value: f64) {
        self.metrics.push(MetricRow {
            update,
            metric: metric.into(),
            value,
        });
    }

    /// The policy's error on states of the dataset.
    fn dataset_error(
        &mut self,
        name: &str,
        update: u64,
        policy: &Bound,
        transitions: &Transitions,
        rows: &[u32],
    ) -> Result<(), Stop> {
        let Some(oracle) = self.oracle.clone() else {
            return Ok(());
        };
        if rows.is_empty() {
            return Ok(());
        }
        let rows = &rows[..rows.len().min(ERROR_STATES)];
        let states: Vec<f32> = rows
            .iter()
            .flat_map(|&r| transitions.observation_at(r as usize).iter().copied())
            .collect();
        let actions = self.act(policy, &states, ActMode::Greedy)?;
        let mut optimal = vec![0.0; transitions.action_dim()];
        let mut sum = 0.0;
        let pairs = states
            .chunks_exact(transitions.observation_dim())
            .zip(actions.chunks_exact(optimal.len()));
        for (s, a) in pairs {
            oracle.optimal_action(s, None, &mut optimal)?;
            sum += squared_distance(a, &optimal);
        }
        self.metric(update, name, sum / rows.len() as f64);
        Ok(())
    }
}

pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| f64::from(x - y) * f64::from(x - y))
        .sum()
}
