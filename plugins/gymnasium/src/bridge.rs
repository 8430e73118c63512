//! The environments of this plugin: each is an instance in the child that a worker's environments share.

use crate::behaviour::{self, BEHAVIOURS};
use crate::child::{Child, Limits, SOURCE};
use crate::frame::{self, Description, Request, STEP_HEAD, StepReply};
use crate::interpreter::{Interpreter, PACKAGES};
use crate::trouble::Trouble;
use plugin_api::{
    BehaviourInfo, BehaviourRequest, Environment, EnvironmentInfo, EnvironmentSpec, Failure, Host,
    Outcome, Step,
};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

/// A child that environments share, and how many it has had.
struct Shared {
    child: Child,
    instances: u32,
}

thread_local! {
    /// The child of this thread, if it runs. All calls into a plugin happen on one thread.
    static CURRENT: RefCell<Weak<RefCell<Shared>>> = const { RefCell::new(Weak::new()) };
}

/// The running child of `interpreter`, or a new one.
fn shared(interpreter: &Interpreter) -> Result<Rc<RefCell<Shared>>, Trouble> {
    let fits = |shared: &Rc<RefCell<Shared>>| {
        let child = &shared.borrow().child;
        child.is_usable() && child.interpreter.python == interpreter.python
    };
    let running = CURRENT.with_borrow(Weak::upgrade);
    if let Some(running) = running.filter(fits) {
        running
            .borrow()
            .child
            .interpreter
            .check(&interpreter.packages)?;
        return Ok(running);
    }
    let child = Child::start(interpreter, SOURCE, Limits::default())?;
    let started = Rc::new(RefCell::new(Shared {
        child,
        instances: 0,
    }));
    CURRENT.set(Rc::downgrade(&started));
    Ok(started)
}

/// One Gymnasium environment.
///
/// Observations are `[S]` float64: flattened, images as numbers from 0 to 255, channels first. Actions are `[A]` float32,
/// or one index.
pub struct Bridge {
    id: String,
    shared: Rc<RefCell<Shared>>,
    instance: u32,
    description: Description,
    goal: Option<Vec<f64>>,
    /// Whether the running episode is one of a behaviour.
    scripted: bool,
    /// Where the child was started, for the log.
    python: PathBuf,
    request: Vec<u8>,
}

impl Bridge {
    /// The environment `id`; `model_dir` says which interpreter runs it.
    pub fn open(id: &str, model_dir: &Path) -> Outcome<Self> {
        let interpreter = Interpreter::of_folder(model_dir)?;
        let shared = shared(&interpreter)?;
        let (instance, description) = {
            let mut shared = shared.borrow_mut();
            shared.instances += 1;
            let instance = shared.instances;
            let payload = id.as_bytes();
            let reply = shared
                .child
                .ask(Request::Describe, instance, payload, None, id)?;
            let description = Description::decode(reply).ok_or_else(|| Trouble::Rubbish {
                call: Request::Describe,
                reason: "a description that ends early".into(),
            })?;
            (instance, description)
        };
        Ok(Self {
            id: id.to_owned(),
            shared,
            instance,
            description,
            goal: None,
            scripted: false,
            python: interpreter.python,
            request: Vec::new(),
        })
    }

    /// The id in Gymnasium's registry.
    pub fn registry_id(&self) -> &str {
        &self.description.registry_id
    }

    /// The interpreter that runs the environment.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// Starts an episode by `request` and takes observation and goal from the reply.
    fn start(&mut self, request: Request, payload: &[u8], observation: &mut [f64]) -> Outcome<()> {
        self.expect_room(observation)?;
        (self.goal, self.scripted) = (None, false);
        let mut goal = vec![0.0; self.description.goal_dim];
        let bytes = 8 * (observation.len() + goal.len());
        let mut shared = self.shared.borrow_mut();
        let child = &mut shared.child;
        let reply = child.ask(request, self.instance, payload, Some(bytes), &self.id)?;
        let (first, rest) = reply.split_at(8 * observation.len());
        frame::numbers(first, observation);
        frame::numbers(rest, &mut goal);
        finite(request, "observation", observation)?;
        finite(request, "goal", &goal)?;
        self.goal = Some(goal);
        Ok(())
    }

    fn expect_room(&self, observation: &[f64]) -> Outcome<()> {
        if observation.len() == self.description.observation_dim {
            return Ok(());
        }
        Err(Failure::invalid_argument(format!(
            "an observation of {} numbers, expected {}",
            observation.len(),
            self.description.observation_dim
        )))
    }
}

fn finite(call: Request, what: &'static str, numbers: &[f64]) -> Result<(), Trouble> {
    match numbers.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Trouble::NonFinite { call, what, index }),
    }
}

impl Environment for Bridge {
    const INFOS: &'static [EnvironmentInfo] = &[
        EnvironmentInfo {
            id: "gymnasium/*",
            version: "1.0.0",
            description: "Any environment of Gymnasium's registry.",
            model_files: &[PACKAGES],
        },
        EnvironmentInfo {
            id: "ogbench/*",
            version: "1.0.0",
            description: "OGBench's environments with their goals and tasks.",
            model_files: &[PACKAGES],
        },
    ];

    fn create(host: Host, id: &str, model_dir: &Path) -> Outcome<Self> {
        let bridge = Self::open(id, model_dir)?;
        host.log(&format!(
            "{id} is {} on {}",
            bridge.registry_id(),
            bridge.python.display()
        ));
        Ok(bridge)
    }

    fn spec(&self) -> EnvironmentSpec {
        let found = &self.description;
        EnvironmentSpec {
            observation_dim: found.observation_dim,
            action_dim: found.action_dim,
            state_dim: found.state_dim,
            action_low: found.action_low,
            action_high: found.action_high,
            horizon: found.horizon,
            action_count: found.action_count,
            goal_dim: found.goal_dim,
            observation_shape: found.observation_shape,
        }
    }

    fn reset(&mut self, seed: u64, observation: &mut [f64]) -> Outcome<()> {
        self.start(Request::Reset, &seed.to_le_bytes(), observation)
    }

    fn step(&mut self, action: &[f32], observation: &mut [f64]) -> Outcome<Step> {
        self.expect_room(observation)?;
        if !action.iter().all(|a| a.is_finite()) {
            return Err(Failure::non_finite("the action holds a NaN or an infinity"));
        }
        self.request.clear();
        let bytes = action.iter().flat_map(|a| a.to_le_bytes());
        self.request.extend(bytes);
        let expected = STEP_HEAD + 8 * observation.len();
        let mut shared = self.shared.borrow_mut();
        let reply = shared.child.ask(
            Request::Step,
            self.instance,
            &self.request,
            Some(expected),
            &self.id,
        )?;
        let (step, rest) = StepReply::decode(reply).ok_or_else(|| Trouble::Rubbish {
            call: Request::Step,
            reason: "a step that ends early".into(),
        })?;
        frame::numbers(rest, observation);
        finite(Request::Step, "reward", &[step.reward])?;
        finite(Request::Step, "observation", observation)?;
        Ok(Step {
            reward: step.reward,
            terminated: step.terminated,
            truncated: step.truncated,
        })
    }

    fn set_state(&mut self, state: &[f64], observation: &mut [f64]) -> Outcome<()> {
        if self.description.state_dim == 0 {
            return Err(Failure::unsupported(
                "states can be set in gymnasium's MuJoCo environments only",
            ));
        }
        if !state.iter().all(|x| x.is_finite()) {
            return Err(Failure::invalid_argument(
                "the state holds a NaN or an infinity",
            ));
        }
        let bytes: Vec<u8> = state.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.start(Request::SetState, &bytes, observation)
    }

    fn goal(&mut self, goal: &mut [f64]) -> Outcome<()> {
        match &self.goal {
            Some(found) if found.len() == goal.len() => {
                goal.copy_from_slice(found);
                Ok(())
            }
            Some(found) => Err(Failure::invalid_argument(format!(
                "a goal of {} numbers, expected {}",
                goal.len(),
                found.len()
            ))),
            None if self.scripted => Err(Failure::unsupported(
                "OGBench's scripts pursue targets that are no goal of this environment",
            )),
            None => Err(Failure::invalid_argument("no episode has begun")),
        }
    }

    fn behaviours(&self) -> &'static [BehaviourInfo] {
        if self.description.scripted {
            BEHAVIOURS
        } else {
            &[]
        }
    }

    fn begin_behaviour(
        &mut self,
        request: &BehaviourRequest,
        seed: u64,
        observation: &mut [f64],
    ) -> Outcome<()> {
        behaviour::check(request)?;
        self.expect_room(observation)?;
        (self.goal, self.scripted) = (None, false);
        let mut payload = seed.to_le_bytes().to_vec();
        payload.extend(format!("{}\n{}", request.name, request.json()).as_bytes());
        let bytes = 8 * observation.len();
        let mut shared = self.shared.borrow_mut();
        let child = &mut shared.child;
        let reply = child.ask(
            Request::Begin,
            self.instance,
            &payload,
            Some(bytes),
            &self.id,
        )?;
        frame::numbers(reply, observation);
        finite(Request::Begin, "observation", observation)?;
        self.scripted = true;
        Ok(())
    }

    fn behaviour_action(&mut self, action: &mut [f32]) -> Outcome<()> {
        let bytes = 4 * action.len();
        let mut shared = self.shared.borrow_mut();
        let child = &mut shared.child;
        let reply = child.ask(Request::Act, self.instance, &[], Some(bytes), &self.id)?;
        frame::short_numbers(reply, action);
        Ok(())
    }
}

impl Drop for Bridge {
    /// Frees the environment; the child goes with its last one.
    fn drop(&mut self) {
        if Rc::strong_count(&self.shared) > 1 {
            let mut shared = self.shared.borrow_mut();
            let _ = shared
                .child
                .ask(Request::Close, self.instance, &[], Some(0), &self.id);
        }
    }
}
