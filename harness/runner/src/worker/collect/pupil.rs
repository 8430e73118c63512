//! A learner that draws its batches from interaction alone, and acts.

use crate::generate::{GenerateRequest, TrainingLearner};
use crate::worker::environment::Simulator;
use crate::worker::failure::Stop;
use crate::worker::measure::call::{Form, Rows};
use crate::worker::replay::Replay;
use crate::worker::sampler::{Sampler, Source};
use crate::worker::services::StageServices;
use crate::worker::transform::Transform;
use dataset::Transitions;
use envs::{Spec, Training};
use plugin_api::{ActMode, Precision};
use plugin_host::{Bound, Learner, Library, ProblemSpec};
use std::cell::RefCell;
use std::rc::Rc;
use store::FailureKind;

/// Role of the one learner of a training, for random numbers.
const ROLE: &str = "policy";

/// A learner with its policy. The policy points into the learner, so it is dropped first.
pub(super) struct Pupil {
    policy: Bound,
    pub(super) learner: Learner,
    form: Form,
}

impl Pupil {
    /// A fresh learner of the training `name` in `simulator`'s environment; it learns from `replay`.
    pub(super) fn create(
        request: &GenerateRequest,
        name: &str,
        simulator: &Simulator,
        replay: &Rc<RefCell<Replay>>,
    ) -> Result<Self, Stop> {
        let spec = simulator.spec();
        let training = &request.recipe.trainings[name];
        check(training, spec)?;
        let TrainingLearner { library, params } = &request.learners[name];
        let (path, sha256) = library;
        let library = Library::open(path, Some(sha256))?;
        let problem = problem(training, spec);
        let source = source(training, spec, replay);
        let sampler = Sampler::new(request.seed, ROLE, problem.batch_size, source);
        let services = StageServices::new(request.seed, ROLE, Some(sampler));
        let params = serde_json::Value::Object(params.clone()).to_string();
        let learner = Learner::create(
            &library,
            &training.learner,
            Rc::new(RefCell::new(services)),
            &problem,
            &params,
            &[],
        )?;
        let policy = learner.bind(ROLE, "policy/1").ok_or_else(|| {
            let message = format!("learner `{}` offers no policy/1", training.learner);
            Stop::new(FailureKind::Refused, message)
        })?;
        Ok(Self {
            policy,
            learner,
            form: form(spec),
        })
    }

    /// Greedy actions at `observations` `[n, S]`, row-major `[n, A]`.
    pub(super) fn act(&self, observations: &[f32]) -> Result<Vec<f32>, Stop> {
        let rows = Rows {
            observation: observations,
            goal: &[],
        };
        self.form.act(&self.policy, rows, ActMode::Greedy)
    }
}

/// Goals, images and discrete actions are not trained for.
fn check(training: &Training, spec: &Spec) -> Result<(), Stop> {
    let plain = spec.goal_dim == 0 && spec.action_count == 0 && spec.observation_shape == [0; 3];
    if plain {
        return Ok(());
    }
    let message = format!(
        "a training needs vectors as observations, continuous actions and no goals, and environment `{}` has others",
        training.environment
    );
    Err(Stop::new(FailureKind::Refused, message))
}

fn problem(training: &Training, spec: &Spec) -> ProblemSpec {
    ProblemSpec {
        precision: Precision::F32,
        observation_dim: spec.observation_dim,
        action_dim: spec.action_dim,
        action_count: 0,
        goal_dim: 0,
        action_low: f64::from(spec.action_low),
        action_high: f64::from(spec.action_high),
        discount: training.discount,
        batch_size: training.batch_size as usize,
        updates: (training.steps - training.warmup_steps) * training.updates_per_step,
        row_count: training.steps as usize,
        observation_shape: [0; 3],
    }
}

fn source(training: &Training, spec: &Spec, replay: &Rc<RefCell<Replay>>) -> Source {
    let nothing = Rc::new(Transitions::empty(spec.observation_dim, spec.action_dim));
    Source {
        raw: nothing.clone(),
        encoded: nothing,
        training: Rc::default(),
        validation: Rc::default(),
        goals: None,
        transform: Transform::identity(spec.observation_dim),
        discount: training.discount,
        replay: Some((replay.clone(), 1.0)),
    }
}

fn form(spec: &Spec) -> Form {
    Form {
        observation_dim: spec.observation_dim,
        goal_dim: 0,
        goal_entries: Vec::new(),
        transform: Transform::identity(spec.observation_dim),
        action_dim: spec.action_dim,
        action_count: 0,
        action_low: spec.action_low,
        action_high: spec.action_high,
        double: false,
    }
}
