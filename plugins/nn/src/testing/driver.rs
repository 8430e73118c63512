//! Drives a learner through its C descriptor, as a host does.

#![allow(
    unsafe_code,
    reason = "the driver calls the C functions of the boundary"
)]

use super::host::FakeHost;
use plugin_api::abi::{self, LearnerDescriptor};
use plugin_api::learner::descriptor;
use plugin_api::serve::{Instance, offers, table};
use plugin_api::{Learner, Outcome, PolicyHandle, Precision, Problem, Provide, raw};
use std::ffi::c_void;
use std::marker::PhantomData;

/// A learner instance behind the boundary, with the upstream interfaces it was given.
pub struct Driver<'h, L: Learner> {
    table: &'static LearnerDescriptor,
    instance: *mut c_void,
    // The instance refers to it.
    _host: Box<abi::Host>,
    life: PhantomData<(&'h FakeHost, L)>,
}

fn entries<P: Provide + 'static>(upstream: &mut Instance<P>) -> Vec<abi::Upstream> {
    let ids = abi::LEARNER_INTERFACES;
    let offered: Vec<&str> = ids
        .into_iter()
        .filter(|id| offers(upstream.provider_mut(), id))
        .collect();
    let bind = |id: &&str| abi::Upstream {
        struct_size: size_of::<abi::Upstream>() as u32,
        reserved: 0,
        role: raw::string("upstream"),
        interface_id: raw::string(id),
        table: table::<P>(id),
        instance: upstream.as_raw(),
    };
    offered.iter().map(bind).collect()
}

/// Offers nothing.
pub struct Nothing;
impl Provide for Nothing {}

impl<'h, L: Learner> Driver<'h, L> {
    /// An instance without upstream interfaces. `hyperparameters` is a JSON object.
    pub fn new(host: &'h FakeHost, updates: u64, hyperparameters: &str) -> Outcome<Self> {
        Self::bound(host, updates, hyperparameters, &mut Instance::new(Nothing))
    }

    /// An instance bound to everything that `upstream` offers; `upstream` must outlive it.
    pub fn bound<P: Provide + 'static>(
        host: &'h FakeHost,
        updates: u64,
        hyperparameters: &str,
        upstream: &mut Instance<P>,
    ) -> Outcome<Self> {
        let (learner, upstream) = (descriptor::<L>(), entries(upstream));
        let (table, problem) = (Box::new(host.table()), c_problem(&host.problem(updates)));
        let mut instance = std::ptr::null_mut();
        // SAFETY: every argument is valid for the call; the host table is boxed and kept.
        raw::call(|error| unsafe {
            (learner.create)(
                &raw const *table,
                &raw const problem,
                raw::string(hyperparameters),
                upstream.as_ptr(),
                upstream.len() as u64,
                &raw mut instance,
                error,
            )
        })?;
        Ok(Self {
            table: learner,
            instance,
            _host: table,
            life: PhantomData,
        })
    }

    /// Runs updates.
    pub fn update(&mut self, count: u64) -> Outcome<()> {
        // SAFETY: the instance is alive.
        raw::call(|error| unsafe { (self.table.update)(self.instance, count, error) })
    }

    /// The saved state.
    pub fn save(&mut self) -> Outcome<Vec<u8>> {
        let mut bytes: Vec<u8> = Vec::new();
        let writer = abi::Writer {
            struct_size: size_of::<abi::Writer>() as u32,
            reserved: 0,
            ctx: (&raw mut bytes).cast(),
            write,
        };
        // SAFETY: the instance is alive, the writer valid for the call.
        raw::call(|error| unsafe { (self.table.save)(self.instance, &raw const writer, error) })?;
        Ok(bytes)
    }

    /// Restores a saved state.
    pub fn load(&mut self, bytes: &[u8]) -> Outcome<()> {
        let mut rest = bytes;
        let reader = abi::Reader {
            struct_size: size_of::<abi::Reader>() as u32,
            reserved: 0,
            ctx: (&raw mut rest).cast(),
            read,
        };
        // SAFETY: the instance is alive, the reader valid for the call.
        raw::call(|error| unsafe { (self.table.load)(self.instance, &raw const reader, error) })
    }

    /// The learner itself.
    pub fn learner(&mut self) -> &mut L {
        // SAFETY: the SDK's `create` made this instance of this type, and `&mut self` is exclusive.
        unsafe { &mut *self.instance.cast::<Instance<L>>() }.provider_mut()
    }

    /// The learner's policy through the boundary.
    pub fn policy(&mut self) -> Outcome<PolicyHandle<'_>> {
        // SAFETY: the table is static, and the instance outlives the borrow.
        unsafe {
            let id = raw::string(abi::POLICY_V1);
            let policy = (self.table.interface_table)(self.instance, id);
            PolicyHandle::from_raw(policy, self.instance)
        }
    }
}

impl<L: Learner> Drop for Driver<'_, L> {
    fn drop(&mut self) {
        // SAFETY: the instance is alive and not used again.
        unsafe { (self.table.destroy)(self.instance) }
    }
}

fn c_problem(p: &Problem) -> abi::Problem {
    abi::Problem {
        struct_size: size_of::<abi::Problem>() as u32,
        precision: match p.precision {
            Precision::F32 => abi::FLOAT32,
            Precision::F64 => abi::FLOAT64,
        },
        observation_dim: p.observation_dim as u64,
        action_dim: p.action_dim as u64,
        action_count: p.action_count as u64,
        goal_dim: p.goal_dim as u64,
        action_low: p.action_low,
        action_high: p.action_high,
        discount: p.discount,
        batch_size: p.batch_size as u64,
        updates: p.updates,
        row_count: p.row_count as u64,
        observation_shape: p.observation_shape.map(|n| n as u64),
    }
}

unsafe extern "C" fn write(
    ctx: *mut c_void,
    bytes: *const c_void,
    size: u64,
    written: *mut u64,
) -> abi::Status {
    // SAFETY: `ctx` is the vector of `save`, the rest is valid by the header's contract.
    unsafe {
        let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), size as usize);
        (*ctx.cast::<Vec<u8>>()).extend_from_slice(bytes);
        *written = size;
    }
    abi::OK
}

unsafe extern "C" fn read(
    ctx: *mut c_void,
    bytes: *mut c_void,
    capacity: u64,
    read: *mut u64,
) -> abi::Status {
    // SAFETY: `ctx` is the slice of `load`, the rest is valid by the header's contract.
    unsafe {
        let rest = &mut *ctx.cast::<&[u8]>();
        // Few bytes at a time: a learner must not rely on whole reads.
        let count = rest.len().min(capacity as usize).min(4093);
        std::ptr::copy_nonoverlapping(rest.as_ptr(), bytes.cast::<u8>(), count);
        *rest = &rest[count..];
        *read = count as u64;
    }
    abi::OK
}
