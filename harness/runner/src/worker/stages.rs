//! Live stages of a job: upstream stages loaded from the store, bound in order.

use super::failure::Stop;
use super::oracle::{ExactValues, Setup};
use super::replay::Replay;
use super::reward::RewardScale;
use super::sampler::{Sampler, Source};
use super::services::StageServices;
use super::transform::Transform;
use crate::job::{DataJob, Job, StageJob, ViewJob};
use dataset::{Dataset, DatasetId, Side, Transitions, View};
use manifest::PolicyView;
use plugin_api::{Precision, Problem};
use plugin_host::{Bound, Learner, Library, Served};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use store::{FailureKind, Store};

/// All interfaces that stages exchange.
const INTERFACES: [&str; 8] = [
    "critic/1",
    "state-value/1",
    "policy/1",
    "q-all/1",
    "policy-discrete/1",
    "policy-update/1",
    "test-time/1",
    "encoder/1",
];

/// A stage that can be called.
pub(crate) enum Live {
    Plugin {
        learner: Box<Learner>,
        services: Rc<RefCell<StageServices>>,
    },
    Oracle(Box<Served<ExactValues>>),
}

impl Live {
    pub(crate) fn bind(&mut self, role: &str, interface_id: &str) -> Option<Bound> {
        match self {
            Self::Plugin { learner, .. } => learner.bind(role, interface_id),
            Self::Oracle(served) => served.bind(role, interface_id),
        }
    }
}

/// The dataset of a job, loaded and checked.
pub(crate) struct Data {
    /// With the states as they are.
    pub(crate) transitions: Rc<Transitions>,
    /// With the states and rewards as learners see them.
    encoded: Rc<Transitions>,
    pub(crate) transform: Transform,
    pub(crate) rewards: RewardScale,
    /// Sampleable rows of the held-out trajectories.
    pub(crate) validation: Rc<Vec<u32>>,
    pub(crate) behaviour: Option<envs::BehaviourSpec>,
}

impl Data {
    pub(crate) fn load(job: &DataJob) -> Result<Self, Stop> {
        let dataset = Dataset::open(&job.root, &DatasetId::new(&job.dataset)?)?;
        let found = dataset.metadata().logical_digest.to_string();
        if found != job.digest {
            let message = format!(
                "dataset `{}` changed: planned with {}, found {found}",
                job.dataset, job.digest
            );
            return Err(Stop::new(FailureKind::Failed, message));
        }
        let behaviour = crate::data::recipe_of(dataset.metadata())
            .and_then(|recipe| recipe.behaviour().cloned());
        let transitions = Rc::new(dataset.load()?);
        let dim = transitions.observation_dim();
        let refused = |reason: String| Stop::new(FailureKind::Refused, reason);
        let transform = match &job.transform {
            Some(spec) => Transform::new(spec, dim, transitions.observation()).map_err(refused)?,
            None => Transform::identity(dim),
        };
        if let Some(beyond) = job
            .goal
            .iter()
            .flat_map(|g| &g.observation)
            .find(|&&i| i >= dim)
        {
            return Err(refused(format!(
                "the benchmark's goals are made of entry {beyond} of observations that have {dim} entries"
            )));
        }
        let rewards = match &job.reward {
            Some(spec) => RewardScale::new(spec, &transitions).map_err(refused)?,
            None => RewardScale::IDENTITY,
        };
        let mut encoded = transitions.clone();
        if !transform.is_identity() {
            let encode = |from: &[f32], to: &mut [f32]| transform.encode(from, to);
            encoded = Rc::new(transitions.encoded(transform.dim(), encode));
        }
        if rewards != RewardScale::IDENTITY {
            encoded = Rc::new(encoded.with_rewards(|r| rewards.of(r)));
        }
        let validation = dataset::split(&transitions).validation().rows().to_vec();
        Ok(Self {
            transitions,
            encoded,
            transform,
            rewards,
            validation: Rc::new(validation),
            behaviour,
        })
    }

    /// What a stage with this view draws its batches from.
    fn source(&self, job: &DataJob, view: &ViewJob) -> Result<Source, Stop> {
        Ok(Source {
            raw: self.transitions.clone(),
            encoded: self.encoded.clone(),
            training: Rc::new(self.view(view)?.rows().to_vec()),
            validation: self.validation.clone(),
            goals: job.goal.clone(),
            transform: self.transform.clone(),
            discount: job.discount,
            replay: None,
        })
    }

    /// The training view of a stage.
    pub(crate) fn view(&self, view: &ViewJob) -> Result<View, Stop> {
        let split = dataset::split(&self.transitions);
        let side = match view.view {
            PolicyView::Shared => Side::Prefix,
            PolicyView::Disjoint => Side::Suffix,
            PolicyView::Best => Side::Best,
        };
        Ok(View::new(
            &split,
            view.data_fraction,
            view.subset_seed,
            side,
        )?)
    }
}

/// The interaction that stages draw from while it grows.
pub(crate) type Interacted = Rc<RefCell<Replay>>;

/// Stages in order. Later ones hold pointers into earlier ones, so they are dropped last to first.
pub(crate) struct Stages {
    live: Vec<Live>,
    pub(crate) libraries: BTreeMap<String, String>,
}

impl Drop for Stages {
    fn drop(&mut self) {
        while self.live.pop().is_some() {}
    }
}

impl Stages {
    /// Creates all stages of the job and loads the trained state of those before the last. Stages that are trained in turn are fresh. Stages without
    /// training have no state to load; they are made live with the batches of their view, as the stage under training is.
    pub(crate) fn create(job: &Job, data: &Data, store: &Store) -> Result<Self, Stop> {
        Self::create_with(job, data, store, None)
    }

    /// Creates all stages of an online phase with the state that offline training left. Those that go on learning draw the
    /// given share of their batches from the interaction.
    pub(crate) fn create_online(
        job: &Job,
        data: &Data,
        store: &Store,
        (replay, share): (&Interacted, f64),
    ) -> Result<Self, Stop> {
        Self::create_with(job, data, store, Some((replay.clone(), share)))
    }

    fn create_with(
        job: &Job,
        data: &Data,
        store: &Store,
        replay: Option<(Interacted, f64)>,
    ) -> Result<Self, Stop> {
        let mut stages = Self {
            live: Vec::new(),
            libraries: BTreeMap::new(),
        };
        for runtime in &job.runtimes {
            for library in &runtime.libraries {
                stages.record(&library.path, &library.sha256);
            }
        }
        let last = job.stages.len() - 1;
        for (i, stage) in job.stages.iter().enumerate() {
            let scored = i == last && job.evaluation.is_some();
            let turns = job.joint.as_ref().is_some_and(|j| j.trained.contains(&i));
            let trained_now = turns && job.evaluation.is_none();
            let fresh = trained_now || (i == last && !scored && replay.is_none());
            let untrained = stage.run_id.is_empty();
            let continued = job.online.as_ref().map(|o| o.continued.contains(&i));
            let replay = replay.as_ref().filter(|_| continued == Some(true));
            let source = if fresh || untrained || replay.is_some() {
                let mut source = data.source(&job.data, &stage.view)?;
                source.replay = replay.cloned();
                Some(source)
            } else {
                None
            };
            let mut live = stages.create_one(job, stage, data, source)?;
            // What stages in turn became is loaded snapshot by snapshot.
            let loads = !fresh && !scored && !untrained && !turns;
            if let (Live::Plugin { learner, .. }, true) = (&mut live, loads) {
                learner.load(
                    &store
                        .node(&stage.run_id)
                        .and_then(|n| n.file("checkpoint.bin"))
                        .map_err(Stop::store)?,
                )?;
            }
            stages.live.push(live);
        }
        Ok(stages)
    }

    fn record(&mut self, path: &std::path::Path, sha256: &str) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        self.libraries.insert(name, sha256.to_owned());
    }

    fn create_one(
        &mut self,
        job: &Job,
        stage: &StageJob,
        data: &Data,
        source: Option<Source>,
    ) -> Result<Live, Stop> {
        let problem = problem(job, stage, data);
        let Some((path, sha256)) = &stage.library else {
            let oracle = envs::oracle(
                &job.data.environment,
                job.data.discount,
                Some(&job.solutions()),
            )?
            .ok_or_else(|| {
                let message = format!(
                    "environment `{}` has no exact solution",
                    job.data.environment
                );
                Stop::new(FailureKind::Refused, message)
            })?;
            let entries = job.data.goal.as_ref().map(|g| g.observation.as_slice());
            let exact = ExactValues::new(Setup {
                oracle,
                params: &stage.params,
                behaviour: data.behaviour.as_ref(),
                environment: &job.data.environment,
                problem: &problem,
                transform: &data.transform,
                goal_entries: entries.unwrap_or_default(),
            })?;
            return Ok(Live::Oracle(Box::new(Served::new(exact))));
        };
        let library = Library::open(path, Some(sha256))?;
        self.record(path, library.sha256());
        let sampler =
            source.map(|source| Sampler::new(stage.seed, &stage.role, problem.batch_size, source));
        let services = Rc::new(RefCell::new(StageServices::new(
            stage.seed,
            &stage.role,
            sampler,
        )));
        let mut bound = Vec::new();
        for role in &stage.bound_roles {
            let position = job.stages.iter().position(|s| &s.role == role);
            let live = position.and_then(|p| self.live.get_mut(p)).ok_or_else(|| {
                Stop::new(
                    FailureKind::Failed,
                    format!(
                        "stage `{}` is bound to `{role}`, which is not earlier",
                        stage.role
                    ),
                )
            })?;
            bound.extend(INTERFACES.iter().filter_map(|id| live.bind(role, id)));
        }
        let params = serde_json::Value::Object(stage.params.clone()).to_string();
        let learner = Learner::create(
            &library,
            &stage.learner,
            services.clone(),
            &problem,
            &params,
            &bound,
        )?;
        Ok(Live::Plugin {
            learner: Box::new(learner),
            services,
        })
    }

    /// An interface of the stage at `position`, if it offers it.
    pub(crate) fn bind(
        &mut self,
        position: usize,
        role: &str,
        interface_id: &str,
    ) -> Option<Bound> {
        self.live.get_mut(position)?.bind(role, interface_id)
    }

    /// The stage at `position`.
    pub(crate) fn at(&mut self, position: usize) -> Result<&mut Live, Stop> {
        self.live
            .get_mut(position)
            .ok_or_else(|| Stop::new(FailureKind::Failed, "the job lacks a stage"))
    }

    /// The learner of the stage at `position`.
    pub(crate) fn learner(&mut self, position: usize) -> Result<&mut plugin_host::Learner, Stop> {
        match self.at(position)? {
            Live::Plugin { learner, .. } => Ok(learner.as_mut()),
            Live::Oracle(_) => Err(Stop::new(FailureKind::Failed, "the oracle does not learn")),
        }
    }

    /// The stage that is trained or evaluated.
    pub(crate) fn last(&mut self) -> Result<&mut Live, Stop> {
        self.live
            .last_mut()
            .ok_or_else(|| Stop::new(FailureKind::Failed, "the job has no stages"))
    }
}

fn problem(job: &Job, stage: &StageJob, data: &Data) -> Problem {
    let discrete = job.data.action_count > 0;
    let interaction = job.online.as_ref().map_or(0, |o| o.rules.steps);
    let entries = job.data.goal.as_ref().map(|g| g.observation.as_slice());
    Problem {
        precision: if stage.double {
            Precision::F64
        } else {
            Precision::F32
        },
        observation_dim: data.transform.dim(),
        action_dim: if discrete {
            0
        } else {
            data.transitions.action_dim()
        },
        action_count: job.data.action_count,
        goal_dim: data.transform.goal_dim(entries.unwrap_or_default()),
        action_low: job.data.action_low,
        action_high: job.data.action_high,
        discount: job.data.discount,
        batch_size: stage.batch_size as usize,
        updates: stage.updates,
        row_count: data.transitions.len() + interaction as usize,
        observation_shape: job.data.observation_shape,
    }
}
