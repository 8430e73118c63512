//! Safe handles of environment instances.

#![allow(unsafe_code, reason = "this crate is the host side of the C boundary")]

mod behaviour;

pub use behaviour::Behaviour;

use crate::error::Error;
use crate::library::Library;
use crate::services::{HostContext, SharedServices};
use plugin_api::{Buffer, EnvironmentSpec, Failure, Precision, Step, View, abi, raw};
use std::cell::RefCell;
use std::ffi::c_void;
use std::path::Path;

/// A simulator inside a plugin. Observations are float64, actions float32.
pub struct Environment {
    id: String,
    spec: EnvironmentSpec,
    descriptor: &'static abi::EnvironmentDescriptor,
    instance: *mut c_void,
    spaces: Option<&'static abi::SpacesV1>,
    _host: Box<RefCell<HostContext>>,
}

impl Environment {
    /// Creates an instance of environment `id`; `model_dir` holds its model files.
    pub fn create(
        library: &Library,
        id: &str,
        services: SharedServices,
        model_dir: &Path,
    ) -> Result<Self, Error> {
        let descriptor = library.environment(id)?;
        let host = HostContext::new(services, Precision::F64, false, library.abi_minor());
        let host_table = std::ptr::from_ref(&host.borrow().table).cast_mut();
        let model_dir = model_dir.to_string_lossy();
        let mut instance = std::ptr::null_mut();
        let failed = |function, failure| Error::Call {
            function,
            id: id.into(),
            failure,
        };
        // SAFETY: all pointers live through the call; the host context is boxed and outlives the instance.
        raw::call(|error| unsafe {
            (descriptor.create)(
                host_table,
                raw::string(id),
                raw::string(&model_dir),
                &raw mut instance,
                error,
            )
        })
        .map_err(|failure| failed("create", failure))?;
        let mut spec = abi::EnvironmentSpec::default();
        // SAFETY: the instance is live.
        raw::call(|error| unsafe { (descriptor.spec)(instance, &raw mut spec, error) })
            .map_err(|failure| failed("spec", failure))?;
        let spec = EnvironmentSpec {
            observation_dim: spec.observation_dim as usize,
            action_dim: spec.action_dim as usize,
            state_dim: spec.state_dim as usize,
            action_low: spec.action_low,
            action_high: spec.action_high,
            horizon: spec.horizon,
            ..EnvironmentSpec::default()
        };
        let mut environment = Self {
            id: id.into(),
            spec,
            descriptor,
            instance,
            spaces: None,
            _host: host,
        };
        environment.describe_spaces()?;
        Ok(environment)
    }

    /// Completes the spec by `spaces/1`, where it is offered.
    fn describe_spaces(&mut self) -> Result<(), Error> {
        // SAFETY: a non-NULL table is static and of this interface by the header's contract.
        let table = unsafe { self.table(abi::SPACES_V1).cast::<abi::SpacesV1>().as_ref() };
        let complete =
            |table: &&abi::SpacesV1| table.struct_size as usize >= size_of::<abi::SpacesV1>();
        let Some(table) = table.filter(complete) else {
            return Ok(());
        };
        let mut spaces = abi::Spaces {
            struct_size: size_of::<abi::Spaces>() as u32,
            ..abi::Spaces::default()
        };
        // SAFETY: the instance is live.
        self.call("describe", |error| unsafe {
            (table.describe)(self.instance, &raw mut spaces, error)
        })?;
        self.spec.action_count = spaces.action_count as usize;
        self.spec.goal_dim = spaces.goal_dim as usize;
        self.spec.observation_shape = spaces.observation_shape.map(|n| n as usize);
        self.spaces = Some(table);
        Ok(())
    }

    /// The table of an interface, or NULL.
    fn table(&self, interface_id: &str) -> *const c_void {
        // SAFETY: the instance is live.
        unsafe { (self.descriptor.interface_table)(self.instance, raw::string(interface_id)) }
    }

    /// Sizes and limits.
    pub fn spec(&self) -> &EnvironmentSpec {
        &self.spec
    }

    fn call(
        &self,
        function: &'static str,
        body: impl FnOnce(*mut abi::Error) -> abi::Status,
    ) -> Result<(), Error> {
        raw::call(body).map_err(|failure| self.failed(function, failure))
    }

    fn failed(&self, function: &'static str, failure: Failure) -> Error {
        Error::Call {
            function,
            id: self.id.clone(),
            failure,
        }
    }

    fn finite(&self, function: &'static str, numbers: &[f64]) -> Result<(), Error> {
        let Some(i) = numbers.iter().position(|x| !x.is_finite()) else {
            return Ok(());
        };
        let what = if function == "goal" {
            "goal"
        } else {
            "observation"
        };
        let failure = Failure::non_finite(format!("{what} is not finite at element {i}"));
        Err(self.failed(function, failure))
    }

    /// Starts the episode of `seed` and writes its observation `[S]`.
    pub fn reset(&mut self, seed: u64, observation: &mut [f64]) -> Result<(), Error> {
        let shape = [observation.len() as i64];
        let mut buffer = Buffer::new(observation, &shape);
        // SAFETY: the instance is live; the buffer lives through the call.
        self.call("reset", |error| unsafe {
            (self.descriptor.reset)(self.instance, seed, buffer.as_dl_mut(), error)
        })?;
        self.finite("reset", observation)
    }

    /// Advances one step with `action` `[A]` and writes the observation `[S]`.
    pub fn step(&mut self, action: &[f32], observation: &mut [f64]) -> Result<Step, Error> {
        let mut action = action.to_vec();
        let action_shape = [action.len() as i64];
        let mut action = Buffer::new(&mut action, &action_shape);
        let shape = [observation.len() as i64];
        let mut buffer = Buffer::new(observation, &shape);
        let mut step = abi::Step {
            struct_size: size_of::<abi::Step>() as u32,
            ..abi::Step::default()
        };
        // SAFETY: the instance is live; all buffers live through the call.
        self.call("step", |error| unsafe {
            (self.descriptor.step)(
                self.instance,
                action.as_dl_mut(),
                buffer.as_dl_mut(),
                &raw mut step,
                error,
            )
        })?;
        self.finite("step", observation)?;
        if !step.reward.is_finite() {
            return Err(self.failed("step", Failure::non_finite("reward is not finite")));
        }
        Ok(Step {
            reward: step.reward,
            terminated: step.terminated != 0,
            truncated: step.truncated != 0,
        })
    }

    /// Puts the simulator into `state` `[state_dim]` and writes the observation `[S]`.
    pub fn set_state(&mut self, state: &[f64], observation: &mut [f64]) -> Result<(), Error> {
        let mut state = state.to_vec();
        let state_shape = [state.len() as i64];
        let mut state = Buffer::new(&mut state, &state_shape);
        let shape = [observation.len() as i64];
        let mut buffer = Buffer::new(observation, &shape);
        // SAFETY: the instance is live; all buffers live through the call.
        self.call("set_state", |error| unsafe {
            (self.descriptor.set_state)(self.instance, state.as_dl_mut(), buffer.as_dl_mut(), error)
        })
    }

    /// Writes the goal of the running episode `[G]`; nothing where there are no goals.
    pub fn goal(&mut self, goal: &mut [f64]) -> Result<(), Error> {
        let Some(table) = self.spaces.filter(|_| self.spec.goal_dim > 0) else {
            return Ok(());
        };
        let shape = [goal.len() as i64];
        let mut buffer = Buffer::new(goal, &shape);
        // SAFETY: the instance is live; the buffer lives through the call.
        self.call("goal", |error| unsafe {
            (table.goal)(self.instance, buffer.as_dl_mut(), error)
        })?;
        self.finite("goal", goal)
    }

    /// The exact values of this environment, if it offers `oracle/1`.
    pub fn oracle(&self) -> Option<PluginOracle<'_>> {
        // SAFETY: a non-NULL table is static and of this interface by the header's contract.
        let table = unsafe { self.table(abi::ORACLE_V1).cast::<abi::OracleV1>().as_ref() }?;
        (table.struct_size as usize >= size_of::<abi::OracleV1>()).then_some(PluginOracle {
            environment: self,
            table,
        })
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // SAFETY: the instance is live and never used again.
        unsafe { (self.descriptor.destroy)(self.instance) }
    }
}

/// `oracle/1` of a plugin environment. Batches are row-major float64.
pub struct PluginOracle<'a> {
    environment: &'a Environment,
    table: &'a abi::OracleV1,
}

impl PluginOracle<'_> {
    /// pi*(s) for each row: `[B, S]` to `[B, A]`.
    pub fn optimal_action(&self, observation: View<'_>) -> Result<Vec<f64>, Error> {
        let rows = observation.shape().first().copied().unwrap_or_default();
        let columns = self.environment.spec.action_dim as i64;
        let mut out = vec![0.0; (rows * columns) as usize];
        let mut buffer = Buffer::new(&mut out, &[rows, columns]);
        // SAFETY: the instance is live; all buffers live through the call.
        self.environment.call("optimal_action", |error| unsafe {
            (self.table.optimal_action)(
                self.environment.instance,
                observation.as_dl(),
                buffer.as_dl_mut(),
                error,
            )
        })?;
        Ok(out)
    }

    /// Q and dQ/da for each row; `behaviour` is NULL-like empty for Q*.
    pub fn q(
        &self,
        behaviour: Option<&str>,
        observation: View<'_>,
        action: View<'_>,
    ) -> Result<(Vec<f64>, Vec<f64>), Error> {
        let rows = observation.shape().first().copied().unwrap_or_default();
        let (mut q, mut gradient) = (vec![0.0; rows as usize], vec![0.0; action.len()]);
        let mut q_buffer = Buffer::new(&mut q, &[rows]);
        let mut gradient_buffer = Buffer::new(&mut gradient, action.shape());
        let (kind, text) = functional(behaviour);
        // SAFETY: the instance is live; all buffers live through the call.
        self.environment.call("q", |error| unsafe {
            (self.table.q)(
                self.environment.instance,
                kind,
                raw::string(text),
                observation.as_dl(),
                action.as_dl(),
                q_buffer.as_dl_mut(),
                gradient_buffer.as_dl_mut(),
                error,
            )
        })?;
        Ok((q, gradient))
    }

    /// V for each row.
    pub fn v(&self, behaviour: Option<&str>, observation: View<'_>) -> Result<Vec<f64>, Error> {
        let rows = observation.shape().first().copied().unwrap_or_default();
        let mut v = vec![0.0; rows as usize];
        let mut buffer = Buffer::new(&mut v, &[rows]);
        let (kind, text) = functional(behaviour);
        // SAFETY: the instance is live; all buffers live through the call.
        self.environment.call("v", |error| unsafe {
            (self.table.v)(
                self.environment.instance,
                kind,
                raw::string(text),
                observation.as_dl(),
                buffer.as_dl_mut(),
                error,
            )
        })?;
        Ok(v)
    }
}

fn functional(behaviour: Option<&str>) -> (u32, &str) {
    behaviour.map_or((abi::ORACLE_OPTIMAL, ""), |text| {
        (abi::ORACLE_BEHAVIOUR, text)
    })
}
