//! Safe handles of learner instances and of the harness's own providers.

#![allow(unsafe_code, reason = "this crate is the host side of the C boundary")]

use crate::error::Error;
use crate::library::Library;
use crate::services::{HostContext, SharedServices};
use plugin_api::serve::{Instance, offers, table};
use plugin_api::{
    CriticHandle, DiscreteCriticHandle, DiscretePolicyHandle, EncoderHandle, Failure, Outcome,
    PolicyHandle, PolicyUpdateHandle, Precision, Provide, StateValueHandle, TestTimeHandle, abi,
    raw,
};
use std::cell::RefCell;
use std::ffi::c_void;

/// What a learner is created for; see `assay_problem` in the header.
pub type ProblemSpec = plugin_api::Problem;

/// An interface of a live instance, to be bound by a later stage. Must not outlive that instance.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Role of the stage that provides it.
    pub role: String,
    /// e.g. `critic/1`
    pub interface_id: String,
    table: *const c_void,
    instance: *mut c_void,
}

macro_rules! interface {
    ($(#[$doc:meta])* $name:ident, $handle:ident, $id:ident) => {
        $(#[$doc])*
        pub fn $name(&self) -> Outcome<$handle<'_>> {
            self.expect(abi::$id)?;
            // SAFETY: table and instance come from a live provider.
            unsafe { $handle::from_raw(self.table, self.instance) }
        }
    };
}

impl Bound {
    interface!(
        /// The interface as a critic.
        critic, CriticHandle, CRITIC_V1
    );
    interface!(
        /// The interface as a state value.
        state_value, StateValueHandle, STATE_VALUE_V1
    );
    interface!(
        /// The interface as a policy.
        policy, PolicyHandle, POLICY_V1
    );
    interface!(
        /// The interface as values of discrete actions.
        discrete_critic, DiscreteCriticHandle, Q_ALL_V1
    );
    interface!(
        /// The interface as a policy over discrete actions.
        discrete_policy, DiscretePolicyHandle, POLICY_DISCRETE_V1
    );
    interface!(
        /// The interface as steps of a trained policy.
        policy_update, PolicyUpdateHandle, POLICY_UPDATE_V1
    );
    interface!(
        /// The interface as work while acting.
        test_time, TestTimeHandle, TEST_TIME_V1
    );
    interface!(
        /// The interface as a representation of observations.
        encoder, EncoderHandle, ENCODER_V1
    );

    fn expect(&self, id: &str) -> Outcome<()> {
        if self.interface_id == id {
            return Ok(());
        }
        Err(Failure::invalid_argument(format!(
            "expected {id}, bound is {}",
            self.interface_id
        )))
    }
}

/// A provider implemented by the harness itself (the oracle), behind the same tables as a plugin.
pub struct Served<P: Provide + 'static> {
    instance: Box<Instance<P>>,
}

impl<P: Provide + 'static> Served<P> {
    /// Wraps a provider.
    pub fn new(provider: P) -> Self {
        Self {
            instance: Box::new(Instance::new(provider)),
        }
    }

    /// An interface for a later stage, if offered.
    pub fn bind(&mut self, role: &str, interface_id: &str) -> Option<Bound> {
        offers(self.instance.provider_mut(), interface_id).then(|| Bound {
            role: role.into(),
            interface_id: interface_id.into(),
            table: table::<P>(interface_id),
            instance: self.instance.as_raw(),
        })
    }
}

/// A learner instance of a plugin.
pub struct Learner {
    id: String,
    descriptor: &'static abi::LearnerDescriptor,
    instance: *mut c_void,
    // Outlives the instance: fields drop after `Drop::drop` has destroyed it.
    _host: Box<RefCell<HostContext>>,
}

impl Learner {
    /// Creates an instance. `upstream` must outlive it.
    pub fn create(
        library: &Library,
        id: &str,
        services: SharedServices,
        problem: &ProblemSpec,
        hyperparameters: &str,
        upstream: &[Bound],
    ) -> Result<Self, Error> {
        let descriptor = library.learner(id)?;
        let host = HostContext::new(
            services,
            problem.precision,
            problem.goal_dim > 0,
            library.abi_minor(),
        );
        let host_table = std::ptr::from_ref(&host.borrow().table).cast_mut();
        let c_upstream: Vec<abi::Upstream> = upstream.iter().map(upstream_entry).collect();
        let c_problem = problem_struct(problem);
        let mut instance = std::ptr::null_mut();
        // SAFETY: all pointers live through the call; the host context is boxed and outlives the instance.
        raw::call(|error| unsafe {
            (descriptor.create)(
                host_table,
                &raw const c_problem,
                raw::string(hyperparameters),
                c_upstream.as_ptr(),
                c_upstream.len() as u64,
                &raw mut instance,
                error,
            )
        })
        .and_then(|()| {
            if instance.is_null() {
                Err(Failure::invalid_argument(
                    "create succeeded without an instance",
                ))
            } else {
                Ok(())
            }
        })
        .map_err(|failure| Error::Call {
            function: "create",
            id: id.into(),
            failure,
        })?;
        Ok(Self {
            id: id.into(),
            descriptor,
            instance,
            _host: host,
        })
    }

    fn call(
        &self,
        function: &'static str,
        body: impl FnOnce(*mut abi::Error) -> abi::Status,
    ) -> Result<(), Error> {
        raw::call(body).map_err(|failure| Error::Call {
            function,
            id: self.id.clone(),
            failure,
        })
    }

    /// Runs `count` further updates.
    pub fn update(&mut self, count: u64) -> Result<(), Error> {
        // SAFETY: the instance is live.
        self.call("update", |error| unsafe {
            (self.descriptor.update)(self.instance, count, error)
        })
    }

    /// The whole state.
    pub fn save(&mut self) -> Result<Vec<u8>, Error> {
        self.save_in_pieces(usize::MAX)
    }

    /// As [`Learner::save`], through a stream that accepts at most `piece` bytes a call.
    pub fn save_in_pieces(&mut self, piece: usize) -> Result<Vec<u8>, Error> {
        let mut sink = Sink {
            bytes: Vec::new(),
            piece,
        };
        let writer = abi::Writer {
            struct_size: size_of::<abi::Writer>() as u32,
            reserved: 0,
            ctx: (&raw mut sink).cast(),
            write: sink_write,
        };
        // SAFETY: the instance is live; writer and sink live through the call.
        self.call("save", |error| unsafe {
            (self.descriptor.save)(self.instance, &raw const writer, error)
        })?;
        Ok(sink.bytes)
    }

    /// Restores a saved state.
    pub fn load(&mut self, state: &[u8]) -> Result<(), Error> {
        self.load_in_pieces(state, usize::MAX)
    }

    /// As [`Learner::load`], through a stream that delivers at most `piece` bytes a call.
    pub fn load_in_pieces(&mut self, state: &[u8], piece: usize) -> Result<(), Error> {
        let mut source = Source {
            bytes: state,
            piece,
        };
        let reader = abi::Reader {
            struct_size: size_of::<abi::Reader>() as u32,
            reserved: 0,
            ctx: (&raw mut source).cast(),
            read: source_read,
        };
        // SAFETY: the instance is live; reader and source live through the call.
        self.call("load", |error| unsafe {
            (self.descriptor.load)(self.instance, &raw const reader, error)
        })
    }

    /// An interface for a later stage or for evaluation, if this instance offers it.
    pub fn bind(&self, role: &str, interface_id: &str) -> Option<Bound> {
        // SAFETY: the instance is live.
        let table =
            unsafe { (self.descriptor.interface_table)(self.instance, raw::string(interface_id)) };
        (!table.is_null()).then(|| Bound {
            role: role.into(),
            interface_id: interface_id.into(),
            table,
            instance: self.instance,
        })
    }
}

impl Drop for Learner {
    fn drop(&mut self) {
        // SAFETY: the instance is live and never used again.
        unsafe { (self.descriptor.destroy)(self.instance) }
    }
}

fn upstream_entry(bound: &Bound) -> abi::Upstream {
    abi::Upstream {
        struct_size: size_of::<abi::Upstream>() as u32,
        reserved: 0,
        role: raw::string(&bound.role),
        interface_id: raw::string(&bound.interface_id),
        table: bound.table,
        instance: bound.instance,
    }
}

fn problem_struct(problem: &ProblemSpec) -> abi::Problem {
    abi::Problem {
        struct_size: size_of::<abi::Problem>() as u32,
        precision: match problem.precision {
            Precision::F32 => abi::FLOAT32,
            Precision::F64 => abi::FLOAT64,
        },
        observation_dim: problem.observation_dim as u64,
        action_dim: problem.action_dim as u64,
        action_count: problem.action_count as u64,
        goal_dim: problem.goal_dim as u64,
        action_low: problem.action_low,
        action_high: problem.action_high,
        discount: problem.discount,
        batch_size: problem.batch_size as u64,
        updates: problem.updates,
        row_count: problem.row_count as u64,
        observation_shape: problem.observation_shape.map(|n| n as u64),
    }
}

struct Sink {
    bytes: Vec<u8>,
    piece: usize,
}

unsafe extern "C" fn sink_write(
    ctx: *mut c_void,
    bytes: *const c_void,
    size: u64,
    written: *mut u64,
) -> abi::Status {
    // SAFETY: `ctx` is the sink of a running `save`; `bytes` has `size` readable bytes by the header's contract.
    unsafe {
        let sink = &mut *ctx.cast::<Sink>();
        let count = (size as usize).min(sink.piece);
        if count > 0 {
            sink.bytes
                .extend_from_slice(std::slice::from_raw_parts(bytes.cast::<u8>(), count));
        }
        *written = count as u64;
    }
    abi::OK
}

struct Source<'a> {
    bytes: &'a [u8],
    piece: usize,
}

unsafe extern "C" fn source_read(
    ctx: *mut c_void,
    out: *mut c_void,
    capacity: u64,
    read: *mut u64,
) -> abi::Status {
    // SAFETY: `ctx` is the source of a running `load`; `out` has `capacity` writable bytes by the header's contract.
    unsafe {
        let source = &mut *ctx.cast::<Source<'_>>();
        let count = (capacity as usize)
            .min(source.piece)
            .min(source.bytes.len());
        std::ptr::copy_nonoverlapping(source.bytes.as_ptr(), out.cast::<u8>(), count);
        source.bytes = &source.bytes[count..];
        *read = count as u64;
    }
    abi::OK
}
