//! What an environment's author implements, and its export as a C descriptor.

#![allow(unsafe_code, reason = "this module is part of the C boundary")]

use crate::abi;
use crate::behaviour::{self, BehaviourInfo, BehaviourRequest};
use crate::failure::{Failure, Outcome};
use crate::host::Host;
use crate::raw;
use crate::serve::{Instance, with_instance};
use crate::tensor::{View, output_slice};
use std::ffi::c_void;
use std::path::Path;

/// Static facts of one environment of a plugin.
pub struct EnvironmentInfo {
    /// `family/name-vN`, or `family/*` for every id of that family
    pub id: &'static str,
    /// Semantic version; raise it when trajectories change.
    pub version: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Files below the model folder that the environment reads.
    pub model_files: &'static [&'static str],
}

/// Sizes and limits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EnvironmentSpec {
    /// S
    pub observation_dim: usize,
    /// A
    pub action_dim: usize,
    /// Length of the vector of `set_state`; 0 if states cannot be set.
    pub state_dim: usize,
    /// Lower bound of every action dimension.
    pub action_low: f64,
    /// Upper bound of every action dimension.
    pub action_high: f64,
    /// Steps until truncation.
    pub horizon: u32,
    /// Size of a finite action set, whose actions are one entry that holds an index; 0 where actions are continuous.
    pub action_count: usize,
    /// G; 0 where there is no goal.
    pub goal_dim: usize,
    /// Channels, height and width where an observation is an image (in that order, row by row); zeros otherwise.
    pub observation_shape: [usize; 3],
}

impl EnvironmentSpec {
    /// Whether `spaces/1` has something to say.
    fn has_spaces(&self) -> bool {
        self.action_count > 0 || self.goal_dim > 0 || self.observation_shape != [0; 3]
    }
}

/// The result of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Reward of this step.
    pub reward: f64,
    /// The episode ended in a terminal state.
    pub terminated: bool,
    /// The episode was cut by the time limit.
    pub truncated: bool,
}

/// A simulator; one type may serve several ids.
pub trait Environment: Sized + 'static {
    /// The environments of this type.
    const INFOS: &'static [EnvironmentInfo];

    /// Makes the environment `id`, one of `INFOS` or of a family that `INFOS` offers; `model_dir` holds its model files.
    fn create(host: Host, id: &str, model_dir: &Path) -> Outcome<Self>;
    /// Sizes and limits.
    fn spec(&self) -> EnvironmentSpec;
    /// Starts an episode that is a function of `seed` alone and writes its observation `[S]`.
    fn reset(&mut self, seed: u64, observation: &mut [f64]) -> Outcome<()>;
    /// Advances one step with `action` `[A]` and writes the observation `[S]`.
    fn step(&mut self, action: &[f32], observation: &mut [f64]) -> Outcome<Step>;
    /// Puts the simulator into `state` as a running episode with its step counter at zero.
    fn set_state(&mut self, _state: &[f64], _observation: &mut [f64]) -> Outcome<()> {
        Err(Failure::unsupported(
            "states of this environment cannot be set",
        ))
    }
    /// Writes the goal of the running episode `[G]`; called where `spec` has goals. In an episode of a behaviour it is the
    /// one that is pursued now.
    fn goal(&mut self, _goal: &mut [f64]) -> Outcome<()> {
        Err(Failure::unsupported("this environment has no goals"))
    }
    /// Exact values, where the environment knows them.
    fn oracle(&mut self) -> Option<&mut dyn Oracle> {
        None
    }
    /// Scripted behaviours with which datasets can be made; the same in every call.
    fn behaviours(&self) -> &'static [BehaviourInfo] {
        &[]
    }
    /// Starts an episode of one of `behaviours`, a function of `request` and `seed` alone, and writes its observation
    /// `[S]`. Until the next `reset` or `set_state`, no goal and no horizon ends the episode.
    fn begin_behaviour(
        &mut self,
        request: &BehaviourRequest,
        _seed: u64,
        _observation: &mut [f64],
    ) -> Outcome<()> {
        Err(Failure::unsupported(format!(
            "behaviour `{}` cannot be begun",
            request.name
        )))
    }
    /// Writes the action `[A]` of the behaviour that was begun, without noise, and changes nothing.
    fn behaviour_action(&mut self, _action: &mut [f32]) -> Outcome<()> {
        Err(Failure::unsupported("this environment has no behaviours"))
    }
}

/// Whose values an oracle reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Functional<'a> {
    /// Q* and V*.
    Optimal,
    /// Those of the behaviour described by this JSON text.
    Behaviour(&'a str),
}

/// `oracle/1`, to be implemented by an author. Rows are independent; all arrays float64.
pub trait Oracle {
    /// pi*(s): observation `[S]` to action `[A]`.
    fn optimal_action(&mut self, observation: &[f64], action: &mut [f64]) -> Outcome<()>;
    /// Q(s, a), and dQ/da into `gradient` `[A]` if asked for.
    fn q(
        &mut self,
        functional: Functional<'_>,
        observation: &[f64],
        action: &[f64],
        gradient: Option<&mut [f64]>,
    ) -> Outcome<f64>;
    /// V(s).
    fn v(&mut self, functional: Functional<'_>, observation: &[f64]) -> Outcome<f64>;
}

/// The C descriptors of an environment type, one per id. Allocated once and leaked.
pub fn descriptors<E: Environment>() -> Vec<&'static abi::EnvironmentDescriptor> {
    let describe = |info: &'static EnvironmentInfo| -> &'static abi::EnvironmentDescriptor {
        let files: &'static [abi::Str] = Box::leak(
            info.model_files
                .iter()
                .map(|f| raw::string(f))
                .collect::<Vec<_>>()
                .into_boxed_slice(),
        );
        Box::leak(Box::new(abi::EnvironmentDescriptor {
            struct_size: size_of::<abi::EnvironmentDescriptor>() as u32,
            determinism: abi::DETERMINISM_BITWISE,
            id: raw::string(info.id),
            version: raw::string(info.version),
            description: raw::string(info.description),
            model_files: files.as_ptr(),
            model_file_count: files.len() as u64,
            create: create::<E>,
            spec: spec::<E>,
            reset: reset::<E>,
            step: step::<E>,
            set_state: set_state::<E>,
            interface_table: interface_table::<E>,
            destroy: destroy::<E>,
        }))
    };
    E::INFOS.iter().map(describe).collect()
}

unsafe extern "C" fn create<E: Environment>(
    host: *const abi::Host,
    id: abi::Str,
    model_dir: abi::Str,
    out: *mut *mut c_void,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        raw::guard(error, || {
            let environment = E::create(
                Host::from_raw(host)?,
                raw::text(id)?,
                Path::new(raw::text(model_dir)?),
            )?;
            *out = Box::into_raw(Box::new(Instance::new(environment))).cast();
            Ok(())
        })
    }
}

unsafe extern "C" fn spec<E: Environment>(
    instance: *mut c_void,
    out: *mut abi::EnvironmentSpec,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let spec = environment.spec();
            *out = abi::EnvironmentSpec {
                struct_size: size_of::<abi::EnvironmentSpec>() as u32,
                horizon: spec.horizon,
                observation_dim: spec.observation_dim as u64,
                action_dim: spec.action_dim as u64,
                state_dim: spec.state_dim as u64,
                action_low: spec.action_low,
                action_high: spec.action_high,
            };
            Ok(())
        })
    }
}

unsafe extern "C" fn reset<E: Environment>(
    instance: *mut c_void,
    seed: u64,
    observation: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let expected = environment.spec().observation_dim;
            let observation = sized(
                "observation",
                output_slice(observation, "observation")?,
                expected,
            )?;
            environment.reset(seed, observation)
        })
    }
}

pub(crate) fn sized<'a, T>(
    name: &str,
    slice: &'a mut [T],
    expected: usize,
) -> Outcome<&'a mut [T]> {
    if slice.len() == expected {
        return Ok(slice);
    }
    Err(Failure::invalid_argument(format!(
        "{name} has {} numbers, expected {expected}",
        slice.len()
    )))
}

unsafe extern "C" fn step<E: Environment>(
    instance: *mut c_void,
    action: *const abi::DLTensor,
    observation: *mut abi::DLTensor,
    out: *mut abi::Step,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let spec = environment.spec();
            let action = View::from_raw(action)?;
            action.expect_shape("action", &[spec.action_dim as i64])?;
            action.expect_finite("action")?;
            let observation = sized(
                "observation",
                output_slice(observation, "observation")?,
                spec.observation_dim,
            )?;
            let step = environment.step(action.as_slice()?, observation)?;
            *out = abi::Step {
                struct_size: size_of::<abi::Step>() as u32,
                terminated: u32::from(step.terminated),
                truncated: u32::from(step.truncated),
                reserved: 0,
                reward: step.reward,
            };
            Ok(())
        })
    }
}

unsafe extern "C" fn set_state<E: Environment>(
    instance: *mut c_void,
    state: *const abi::DLTensor,
    observation: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let spec = environment.spec();
            let state = View::from_raw(state)?;
            state.expect_shape("state", &[spec.state_dim as i64])?;
            let observation = sized(
                "observation",
                output_slice(observation, "observation")?,
                spec.observation_dim,
            )?;
            environment.set_state(state.as_slice()?, observation)
        })
    }
}

unsafe extern "C" fn interface_table<E: Environment>(
    instance: *mut c_void,
    interface_id: abi::Str,
) -> *const c_void {
    let mut found = std::ptr::null();
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, std::ptr::null_mut(), |environment, _| {
            match raw::text(interface_id)? {
                abi::ORACLE_V1 if environment.oracle().is_some() => {
                    found = std::ptr::from_ref(Tables::<E>::ORACLE).cast();
                }
                abi::SPACES_V1 if environment.spec().has_spaces() => {
                    found = std::ptr::from_ref(Tables::<E>::SPACES).cast();
                }
                abi::BEHAVIOUR_V1 if !environment.behaviours().is_empty() => {
                    found = std::ptr::from_ref(behaviour::table::<E>()).cast();
                }
                _ => {}
            }
            Ok(())
        });
    }
    found
}

unsafe extern "C" fn destroy<E: Environment>(instance: *mut c_void) {
    if instance.is_null() {
        return;
    }
    // SAFETY: `create` leaked this box, and the header forbids calls after destroy. A panic in a destructor is caught.
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<E>>()) };
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(instance)));
}

struct Tables<E>(E);

impl<E: Environment> Tables<E> {
    const SPACES: &'static abi::SpacesV1 = &abi::SpacesV1 {
        struct_size: size_of::<abi::SpacesV1>() as u32,
        reserved: 0,
        describe: describe::<E>,
        goal: goal::<E>,
    };
    const ORACLE: &'static abi::OracleV1 = &abi::OracleV1 {
        struct_size: size_of::<abi::OracleV1>() as u32,
        reserved: 0,
        optimal_action: optimal_action::<E>,
        q: q::<E>,
        v: v::<E>,
    };
}

unsafe extern "C" fn describe<E: Environment>(
    instance: *mut c_void,
    out: *mut abi::Spaces,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let spec = environment.spec();
            *out = abi::Spaces {
                struct_size: size_of::<abi::Spaces>() as u32,
                action_count: spec.action_count as u32,
                goal_dim: spec.goal_dim as u64,
                observation_shape: spec.observation_shape.map(|n| n as u32),
                reserved: 0,
            };
            Ok(())
        })
    }
}

unsafe extern "C" fn goal<E: Environment>(
    instance: *mut c_void,
    goal: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let expected = environment.spec().goal_dim;
            environment.goal(sized("goal", output_slice(goal, "goal")?, expected)?)
        })
    }
}

fn oracle_of<E: Environment>(environment: &mut E) -> Outcome<&mut dyn Oracle> {
    environment
        .oracle()
        .ok_or_else(|| Failure::unsupported("this environment offers no oracle/1"))
}

fn functional(kind: u32, behaviour: &str) -> Outcome<Functional<'_>> {
    match kind {
        abi::ORACLE_OPTIMAL => Ok(Functional::Optimal),
        abi::ORACLE_BEHAVIOUR => Ok(Functional::Behaviour(behaviour)),
        other => Err(Failure::invalid_argument(format!(
            "unknown functional {other}; expected 0 or 1"
        ))),
    }
}

/// Rows of an observation batch `[B, S]`.
fn rows<'a, E: Environment>(
    environment: &E,
    observation: View<'a>,
) -> Outcome<(std::slice::ChunksExact<'a, f64>, usize)> {
    let spec = environment.spec();
    observation.expect_shape("observation", &[-1, spec.observation_dim as i64])?;
    Ok((
        observation
            .as_slice::<f64>()?
            .chunks_exact(spec.observation_dim),
        spec.action_dim,
    ))
}

unsafe extern "C" fn optimal_action<E: Environment>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    action: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let (rows, action_dim) = rows(environment, View::from_raw(observation)?)?;
            let oracle = oracle_of(environment)?;
            let out = output_slice::<f64>(action, "action")?;
            rows.zip(out.chunks_exact_mut(action_dim))
                .try_for_each(|(s, a)| oracle.optimal_action(s, a))
        })
    }
}

unsafe extern "C" fn q<E: Environment>(
    instance: *mut c_void,
    kind: u32,
    behaviour: abi::Str,
    observation: *const abi::DLTensor,
    action: *const abi::DLTensor,
    q: *mut abi::DLTensor,
    dq_da: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let functional = functional(kind, raw::text(behaviour)?)?;
            let (rows, action_dim) = rows(environment, View::from_raw(observation)?)?;
            let oracle = oracle_of(environment)?;
            let actions = View::from_raw(action)?;
            actions.expect_shape("action", &[-1, action_dim as i64])?;
            let out = output_slice::<f64>(q, "q")?;
            let mut gradient = if dq_da.is_null() {
                None
            } else {
                Some(output_slice::<f64>(dq_da, "dq_da")?)
            };
            for (i, (s, a)) in rows
                .zip(actions.as_slice::<f64>()?.chunks_exact(action_dim))
                .enumerate()
            {
                let row = gradient
                    .as_deref_mut()
                    .and_then(|g| g.get_mut(i * action_dim..(i + 1) * action_dim));
                let value = oracle.q(functional, s, a, row)?;
                *out.get_mut(i)
                    .ok_or_else(|| Failure::invalid_argument("q is too short"))? = value;
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn v<E: Environment>(
    instance: *mut c_void,
    kind: u32,
    behaviour: abi::Str,
    observation: *const abi::DLTensor,
    v: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let functional = functional(kind, raw::text(behaviour)?)?;
            let (rows, _) = rows(environment, View::from_raw(observation)?)?;
            let oracle = oracle_of(environment)?;
            let out = output_slice::<f64>(v, "v")?;
            rows.zip(out).try_for_each(|(s, v)| {
                *v = oracle.v(functional, s)?;
                Ok(())
            })
        })
    }
}
