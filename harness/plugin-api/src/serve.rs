//! Instances behind the C boundary: poisoning, lent results, and the function tables of the interfaces.

#![allow(unsafe_code, reason = "this module is part of the C boundary")]

mod appended;

use crate::abi;
use crate::failure::{Code, Failure, Outcome};
use crate::interface::{ActMode, Network, Provide, Query, Reduce};
use crate::raw;
use crate::tensor::{Array, View};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A provider with what the boundary adds: results on loan and the memory of a panic.
pub struct Instance<P> {
    provider: P,
    lent: Vec<Array>,
    poisoned: Option<String>,
}

impl<P> Instance<P> {
    /// Wraps a provider.
    pub fn new(provider: P) -> Self {
        Self {
            provider,
            lent: Vec::new(),
            poisoned: None,
        }
    }

    /// The provider itself, for callers on the same side of the boundary.
    pub fn provider_mut(&mut self) -> &mut P {
        &mut self.provider
    }

    /// The address to pass as `instance`.
    pub fn as_raw(&mut self) -> *mut c_void {
        std::ptr::from_mut(self).cast()
    }
}

/// Runs `body` on an instance; after a panic every later call answers `POISONED`.
///
/// # Safety
/// `instance` must come from `Instance::<P>::as_raw` or be a leaked box of it; `error` as for [`raw::report`].
pub unsafe fn with_instance<P>(
    instance: *mut c_void,
    error: *mut abi::Error,
    body: impl FnOnce(&mut P, &mut Vec<Array>) -> Outcome<()>,
) -> abi::Status {
    // SAFETY: the caller vouches for the pointer; calls happen on one thread, one at a time.
    let Some(instance) = (unsafe { instance.cast::<Instance<P>>().as_mut() }) else {
        // SAFETY: forwarded from the caller.
        return unsafe { raw::report(&Failure::invalid_argument("the instance is NULL"), error) };
    };
    let outcome = match &instance.poisoned {
        Some(reason) => Err(Failure::new(
            Code::Poisoned,
            format!("the instance {reason} in an earlier call"),
        )),
        None => {
            let (provider, lent) = (&mut instance.provider, &mut instance.lent);
            catch_unwind(AssertUnwindSafe(|| body(provider, lent))).unwrap_or_else(|payload| {
                let failure = raw::panic_failure(&*payload);
                instance.poisoned = Some(failure.message.clone());
                Err(failure)
            })
        }
    };
    match outcome {
        Ok(()) => abi::OK,
        // SAFETY: forwarded from the caller.
        Err(failure) => unsafe { raw::report(&failure, error) },
    }
}

/// Answers a question with `N` arrays, which stay valid until the next call. Those of the call before may be what it asks
/// about, so they are released after `body`.
///
/// # Safety
/// As for [`with_instance`]; every entry of `out` must be NULL or writable.
unsafe fn answer<P, const N: usize>(
    instance: *mut c_void,
    error: *mut abi::Error,
    out: [*mut abi::DLTensor; N],
    body: impl FnOnce(&mut P) -> Outcome<[Array; N]>,
) -> abi::Status {
    // SAFETY: forwarded from the caller.
    unsafe {
        with_instance::<P>(instance, error, |provider, lent| {
            let arrays = body(provider)?;
            lent.clear();
            for (array, out) in arrays.into_iter().zip(out) {
                if out.is_null() {
                    return Err(Failure::invalid_argument("an output tensor is NULL"));
                }
                // The array is boxed inside, so moving it keeps the view valid.
                *out = *array.view().as_dl();
                lent.push(array);
            }
            Ok(())
        })
    }
}

/// Runs what changes an instance and answers with no array; earlier answers end before it.
///
/// # Safety
/// As for [`with_instance`].
unsafe fn change<P>(
    instance: *mut c_void,
    error: *mut abi::Error,
    body: impl FnOnce(&mut P) -> Outcome<()>,
) -> abi::Status {
    // SAFETY: forwarded from the caller.
    unsafe {
        with_instance::<P>(instance, error, |provider, lent| {
            lent.clear();
            body(provider)
        })
    }
}

/// The interface, or the refusal of an instance without it.
fn offered<T>(interface: Option<T>, interface_id: &str) -> Outcome<T> {
    interface.ok_or_else(|| Failure::unsupported(format!("this instance offers no {interface_id}")))
}

/// Observation and goal.
///
/// # Safety
/// The tensors must be NULL or valid for the call.
unsafe fn state<'a>(
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
) -> Outcome<(View<'a>, Option<View<'a>>)> {
    // SAFETY: forwarded from the caller.
    unsafe { Ok((View::from_raw(observation)?, View::from_raw_optional(goal)?)) }
}

/// The static table of an interface for provider type `P`, or NULL for an unknown id.
pub fn table<P: Provide + 'static>(interface_id: &str) -> *const c_void {
    match interface_id {
        abi::CRITIC_V1 => std::ptr::from_ref(Tables::<P>::CRITIC).cast(),
        abi::STATE_VALUE_V1 => std::ptr::from_ref(Tables::<P>::STATE_VALUE).cast(),
        abi::POLICY_V1 => std::ptr::from_ref(Tables::<P>::POLICY).cast(),
        abi::Q_ALL_V1 => std::ptr::from_ref(Tables::<P>::Q_ALL).cast(),
        abi::POLICY_DISCRETE_V1 => std::ptr::from_ref(Tables::<P>::POLICY_DISCRETE).cast(),
        abi::POLICY_UPDATE_V1 => std::ptr::from_ref(Tables::<P>::POLICY_UPDATE).cast(),
        abi::TEST_TIME_V1 => std::ptr::from_ref(Tables::<P>::TEST_TIME).cast(),
        abi::ENCODER_V1 => std::ptr::from_ref(Tables::<P>::ENCODER).cast(),
        _ => std::ptr::null(),
    }
}

/// Whether this instance offers the interface (hyperparameters may decide).
pub fn offers(provider: &mut dyn Provide, interface_id: &str) -> bool {
    match interface_id {
        abi::CRITIC_V1 => provider.critic().is_some(),
        abi::STATE_VALUE_V1 => provider.state_value().is_some(),
        abi::POLICY_V1 => provider.policy().is_some(),
        abi::Q_ALL_V1 => provider.discrete_critic().is_some(),
        abi::POLICY_DISCRETE_V1 => provider.discrete_policy().is_some(),
        abi::POLICY_UPDATE_V1 => provider.policy_update().is_some(),
        abi::TEST_TIME_V1 => provider.test_time().is_some(),
        abi::ENCODER_V1 => provider.encoder().is_some(),
        _ => false,
    }
}

struct Tables<P>(P);

impl<P: Provide + 'static> Tables<P> {
    const CRITIC: &'static abi::CriticV1 = &abi::CriticV1 {
        struct_size: size_of::<abi::CriticV1>() as u32,
        reserved: 0,
        q: q::<P>,
        q_gradient: q_gradient::<P>,
    };
    const STATE_VALUE: &'static abi::StateValueV1 = &abi::StateValueV1 {
        struct_size: size_of::<abi::StateValueV1>() as u32,
        reserved: 0,
        v: v::<P>,
    };
    const POLICY: &'static abi::PolicyV1 = &abi::PolicyV1 {
        struct_size: size_of::<abi::PolicyV1>() as u32,
        reserved: 0,
        act: act::<P>,
        log_prob: log_prob::<P>,
        distribution: distribution::<P>,
    };
}

fn network_of(network: u32) -> Outcome<Network> {
    match network {
        abi::NETWORK_ONLINE => Ok(Network::Online),
        abi::NETWORK_TARGET => Ok(Network::Target),
        other => Err(Failure::invalid_argument(format!(
            "unknown network {other}; expected 0 or 1"
        ))),
    }
}

fn reduce_of(reduce: u32) -> Outcome<Reduce> {
    match reduce {
        abi::REDUCE_MIN => Ok(Reduce::Min),
        abi::REDUCE_MEAN => Ok(Reduce::Mean),
        abi::REDUCE_MEMBER => Ok(Reduce::Member),
        other => Err(Failure::invalid_argument(format!(
            "unknown reduction {other}; expected 0, 1 or 2"
        ))),
    }
}

/// # Safety
/// The tensors must be NULL or valid for the call.
unsafe fn query<'a>(
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
    action: *const abi::DLTensor,
    network: u32,
    reduce: u32,
) -> Outcome<Query<'a>> {
    let (network, reduce) = (network_of(network)?, reduce_of(reduce)?);
    // SAFETY: forwarded from the caller.
    let (observation, goal, action) = unsafe {
        let (observation, goal) = state(observation, goal)?;
        (observation, goal, View::from_raw(action)?)
    };
    Ok(Query {
        observation,
        goal,
        action,
        network,
        reduce,
    })
}

fn mode_of(mode: u32, position: u64) -> Outcome<ActMode> {
    match mode {
        abi::ACT_GREEDY => Ok(ActMode::Greedy),
        abi::ACT_SAMPLED => Ok(ActMode::Sampled(position)),
        other => Err(Failure::invalid_argument(format!(
            "unknown act mode {other}; expected 0 or 1"
        ))),
    }
}

unsafe extern "C" fn q<P: Provide + 'static>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
    action: *const abi::DLTensor,
    network: u32,
    reduce: u32,
    out: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        answer::<P, 1>(instance, error, [out], |provider| {
            let query = query(observation, goal, action, network, reduce)?;
            let critic = offered(provider.critic(), abi::CRITIC_V1)?;
            Ok([critic.q(&query)?])
        })
    }
}

unsafe extern "C" fn q_gradient<P: Provide + 'static>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
    action: *const abi::DLTensor,
    network: u32,
    reduce: u32,
    q_out: *mut abi::DLTensor,
    dq_da_out: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        answer::<P, 2>(instance, error, [q_out, dq_da_out], |provider| {
            let query = query(observation, goal, action, network, reduce)?;
            let critic = offered(provider.critic(), abi::CRITIC_V1)?;
            critic.q_gradient(&query).map(<[Array; 2]>::from)
        })
    }
}

unsafe extern "C" fn v<P: Provide + 'static>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
    out: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        answer::<P, 1>(instance, error, [out], |provider| {
            let (observation, goal) = state(observation, goal)?;
            let value = offered(provider.state_value(), abi::STATE_VALUE_V1)?;
            Ok([value.v(observation, goal)?])
        })
    }
}

unsafe extern "C" fn act<P: Provide + 'static>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
    mode: u32,
    position: u64,
    out: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        answer::<P, 1>(instance, error, [out], |provider| {
            let mode = mode_of(mode, position)?;
            let (observation, goal) = state(observation, goal)?;
            let policy = offered(provider.policy(), abi::POLICY_V1)?;
            Ok([policy.act(observation, goal, mode)?])
        })
    }
}

unsafe extern "C" fn log_prob<P: Provide + 'static>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
    action: *const abi::DLTensor,
    out: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        answer::<P, 1>(instance, error, [out], |provider| {
            let (observation, goal) = state(observation, goal)?;
            let policy = offered(provider.policy(), abi::POLICY_V1)?;
            let action = View::from_raw(action)?;
            Ok([policy.log_prob(observation, goal, action)?])
        })
    }
}

unsafe extern "C" fn distribution<P: Provide + 'static>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
    mean_out: *mut abi::DLTensor,
    std_out: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        answer::<P, 2>(instance, error, [mean_out, std_out], |provider| {
            let (observation, goal) = state(observation, goal)?;
            let policy = offered(provider.policy(), abi::POLICY_V1)?;
            policy
                .distribution(observation, goal)
                .map(<[Array; 2]>::from)
        })
    }
}
