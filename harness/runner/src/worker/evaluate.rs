//! Scoring a policy: episodes in the environment, and what [`measure`](super::measure) says about policy and critic.

use super::Reporter;
use super::environment::Simulator;
use super::failure::Stop;
use super::measure::{self, CriticOf, Form, Measures, Named, Reference};
use super::stages::{Data, Live, Stages};
use super::together::load_together;
use super::train::node;
use crate::clock::Stopwatch;
use crate::job::{EvaluationJob, Job, StageJob};
use crate::machine;
use dataset::Transitions;
use plugin_host::Bound;
use store::{EpisodeRow, FailureKind, MetricRow, Store, write_episodes, write_metrics};

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
    if let Some((path, sha256)) = &evaluation.world.library {
        libraries.insert(
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            sha256.clone(),
        );
    }
    let count = evaluation.environments_per_batch.min(evaluation.episodes) as usize;
    let mut simulators = Simulator::make(&job.data.environment, &evaluation.world, count)?;
    check_spec(&simulators[0], job, &data.transitions)?;
    let stage = job
        .stages
        .last()
        .ok_or_else(|| Stop::new(FailureKind::Failed, "the job has no stages"))?;
    // Outlives the measures, which call its policy.
    let mut expert = Expert::load(job, store)?;
    let reference = match &mut expert {
        Some(expert) => Some(expert.reference(&simulators[0])?),
        None => solution(job)?,
    };
    let measures = measures(job, &data, stage, reference, &mut simulators[0])?;
    let mut scorer = Scorer {
        evaluation,
        simulators,
        form: measures.form().clone(),
        acting: measure::cost::Acting::default(),
        metrics: Vec::new(),
        episodes: Vec::new(),
    };
    for (i, &update) in evaluation.snapshots.iter().enumerate() {
        let together = job.online.as_ref().map(|phase| &phase.run_id);
        let together = together.or(job.joint.as_ref().map(|turns| &turns.run_id));
        match together {
            Some(run_id) => load_together(&mut stages, store, run_id, update)?,
            None => load_snapshot(&mut stages, store, &stage.run_id, update, stage.updates)?,
        }
        let policy = bind_policy(&mut stages, &stage.role)?;
        let test_time = stages.last()?.bind(&stage.role, "test-time/1");
        let adapts = match &test_time {
            Some(bound) => bound.test_time()?.counts()?.sequential,
            None => false,
        };
        if !adapts {
            scorer.record(update, measures.on_fixed_states(&policy)?);
        }
        let visits = scorer.play(update, &policy, test_time.as_ref(), |finished| {
            let total = u64::from(evaluation.episodes) * evaluation.snapshots.len() as u64;
            reporter.progress(
                i as u64 * u64::from(evaluation.episodes) + finished,
                total,
                0.0,
            );
        })?;
        scorer.record(update, measures.on_visits(&visits)?);
        if i + 1 == evaluation.snapshots.len() {
            let critic = critic_of(&mut stages, job)?;
            let rows = measures.at_the_end(&policy, adapts, critic.as_ref(), &visits)?;
            scorer.record(update, rows);
        }
    }
    let rate = scorer.acting.actions as f64 / watch.seconds().max(1e-9);
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
    let mut provenance = machine::provenance(watch.seconds(), rate, libraries);
    provenance.ms_per_action = scorer.acting.ms_per_action();
    writer
        .publish(node(job, "evaluation", provenance))
        .map_err(Stop::store)
}

/// Everything that is the same for all snapshots.
fn measures(
    job: &Job,
    data: &Data,
    stage: &StageJob,
    reference: Option<Reference>,
    simulator: &mut Simulator,
) -> Result<Measures, Stop> {
    let form = form(job, data, stage, simulator);
    let train = data.view(&stage.view)?.rows().to_vec();
    let sets = measure::Data {
        transitions: &data.transitions,
        train: &train,
        validation: &data.validation,
        goals: job.data.goal.as_ref(),
        discount: job.data.discount,
        behaviour: data.behaviour.as_ref(),
    };
    Measures::new(form, reference, &sets, simulator)
}

/// What the stage's policy is called with.
pub(super) fn form(job: &Job, data: &Data, stage: &StageJob, simulator: &Simulator) -> Form {
    let spec = simulator.spec();
    let entries = job.data.goal.as_ref().map(|g| g.observation.clone());
    Form {
        observation_dim: spec.observation_dim,
        goal_dim: spec.goal_dim,
        goal_entries: entries.unwrap_or_default(),
        transform: data.transform.clone(),
        action_dim: spec.action_dim,
        action_count: spec.action_count,
        action_low: spec.action_low,
        action_high: spec.action_high,
        double: stage.double,
    }
}

/// The declared expert of the benchmark, as it was trained.
struct Expert<'a> {
    job: &'a Job,
    data: Data,
    stages: Stages,
}

impl<'a> Expert<'a> {
    fn load(job: &'a Job, store: &Store) -> Result<Option<Self>, Stop> {
        let Some(job) = job.expert.as_deref() else {
            return Ok(None);
        };
        let data = Data::load(&job.data)?;
        let mut stages = Stages::create(job, &data, store)?;
        for stage in &job.stages {
            load_snapshot(
                &mut stages,
                store,
                &stage.run_id,
                stage.updates,
                stage.updates,
            )?;
        }
        Ok(Some(Self { job, data, stages }))
    }

    fn reference(&mut self, simulator: &Simulator) -> Result<Reference, Stop> {
        check_spec(simulator, self.job, &self.data.transitions)?;
        let stage = self
            .job
            .stages
            .last()
            .ok_or_else(|| Stop::new(FailureKind::Failed, "the expert has no stage"))?;
        let form = form(self.job, &self.data, stage, simulator);
        let policy = bind_policy(&mut self.stages, &stage.role)?;
        Ok(Reference::expert(form, policy))
    }
}

/// The environment's own policy that all methods are compared with, for built-in environments that have one.
fn solution(job: &Job) -> Result<Option<Reference>, Stop> {
    if envs::info(&job.data.environment).is_err() {
        return Ok(None);
    }
    let oracle = envs::oracle(
        &job.data.environment,
        job.data.discount,
        Some(&job.solutions()),
    )?;
    Ok(oracle.map(Reference::new))
}

/// The critic nearest to the policy among its stages, if there is one.
fn critic_of(stages: &mut Stages, job: &Job) -> Result<Option<CriticOf>, Stop> {
    let interface = if job.data.action_count > 0 {
        "q-all/1"
    } else {
        "critic/1"
    };
    for (i, stage) in job.stages.iter().enumerate().rev() {
        if let Some(bound) = stages.bind(i, &stage.role, interface) {
            // The oracle has the key whatever it computes.
            let other = stage
                .params
                .get("functional")
                .is_some_and(|f| f != "expectile");
            let expectile = stage.params.get("expectile").filter(|_| !other);
            let expectile = expectile.and_then(serde_json::Value::as_f64);
            return Ok(Some(CriticOf { bound, expectile }));
        }
    }
    Ok(None)
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

pub(super) fn check_spec(
    simulator: &Simulator,
    job: &Job,
    transitions: &Transitions,
) -> Result<(), Stop> {
    let spec = simulator.spec();
    let refuse = |message: String| Err(Stop::new(FailureKind::Refused, message));
    let found = (spec.observation_dim, spec.action_dim);
    let expected = (transitions.observation_dim(), transitions.action_dim());
    if found != expected {
        return refuse(format!(
            "environment `{}` has (observation, action) dimensions {found:?}, dataset `{}` has {expected:?}",
            spec.id, job.data.dataset
        ));
    }
    if spec.action_count != job.data.action_count {
        return refuse(format!(
            "environment `{}` has {} discrete actions, the stages were trained for {}",
            spec.id, spec.action_count, job.data.action_count
        ));
    }
    let bounds = (f64::from(spec.action_low), f64::from(spec.action_high));
    if spec.action_count == 0 && bounds != (job.data.action_low, job.data.action_high) {
        return refuse(format!(
            "environment `{}` has action bounds {bounds:?}, the stages were trained for ({}, {})",
            spec.id, job.data.action_low, job.data.action_high
        ));
    }
    let goal_dim = job.data.goal.as_ref().map_or(0, |g| g.dim());
    if spec.goal_dim != goal_dim {
        return refuse(format!(
            "environment `{}` has goals of {} entries, the benchmark's goals have {goal_dim}",
            spec.id, spec.goal_dim
        ));
    }
    Ok(())
}

/// What an evaluation has and collects.
pub(super) struct Scorer<'a> {
    pub(super) evaluation: &'a EvaluationJob,
    pub(super) simulators: Vec<Simulator>,
    pub(super) form: Form,
    pub(super) acting: measure::cost::Acting,
    metrics: Vec<MetricRow>,
    pub(super) episodes: Vec<EpisodeRow>,
}

impl Scorer<'_> {
    pub(super) fn metric(&mut self, update: u64, metric: &str, value: f64) {
        self.record(update, vec![(metric.to_owned(), value)]);
    }

    pub(super) fn record(&mut self, update: u64, rows: Vec<Named>) {
        self.metrics
            .extend(rows.into_iter().map(|(metric, value)| MetricRow {
                update,
                metric,
                value,
            }));
    }
}
