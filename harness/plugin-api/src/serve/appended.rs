//! Function tables of the interfaces that ABI 1.1 appended.

use super::{Tables, answer, change, network_of, offered, reduce_of, state, with_instance};
use crate::abi;
use crate::failure::{Failure, Outcome};
use crate::interface::Provide;
use crate::tensor::View;
use std::ffi::c_void;

impl<P: Provide + 'static> Tables<P> {
    pub(super) const Q_ALL: &'static abi::QAllV1 = &abi::QAllV1 {
        struct_size: size_of::<abi::QAllV1>() as u32,
        reserved: 0,
        q_all: q_all::<P>,
    };
    pub(super) const POLICY_DISCRETE: &'static abi::PolicyDiscreteV1 = &abi::PolicyDiscreteV1 {
        struct_size: size_of::<abi::PolicyDiscreteV1>() as u32,
        reserved: 0,
        log_probs: log_probs::<P>,
    };
    pub(super) const POLICY_UPDATE: &'static abi::PolicyUpdateV1 = &abi::PolicyUpdateV1 {
        struct_size: size_of::<abi::PolicyUpdateV1>() as u32,
        reserved: 0,
        begin: begin::<P>,
        step: step::<P>,
        reset: reset::<P>,
    };
    pub(super) const TEST_TIME: &'static abi::TestTimeV1 = &abi::TestTimeV1 {
        struct_size: size_of::<abi::TestTimeV1>() as u32,
        reserved: 0,
        begin_episode: begin_episode::<P>,
        counts: counts::<P>,
    };
    pub(super) const ENCODER: &'static abi::EncoderV1 = &abi::EncoderV1 {
        struct_size: size_of::<abi::EncoderV1>() as u32,
        reserved: 0,
        encode: encode::<P>,
    };
}

unsafe extern "C" fn q_all<P: Provide + 'static>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
    network: u32,
    reduce: u32,
    out: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        answer::<P, 1>(instance, error, [out], |provider| {
            let (network, reduce) = (network_of(network)?, reduce_of(reduce)?);
            let (observation, goal) = state(observation, goal)?;
            let critic = offered(provider.discrete_critic(), abi::Q_ALL_V1)?;
            Ok([critic.q_all(observation, goal, network, reduce)?])
        })
    }
}

unsafe extern "C" fn log_probs<P: Provide + 'static>(
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
            let policy = offered(provider.discrete_policy(), abi::POLICY_DISCRETE_V1)?;
            Ok([policy.log_probs(observation, goal)?])
        })
    }
}

unsafe extern "C" fn begin<P: Provide + 'static>(
    instance: *mut c_void,
    learning_rate: f64,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        change::<P>(instance, error, |provider| {
            if !(learning_rate.is_finite() && learning_rate >= 0.0) {
                return Err(Failure::invalid_argument(format!(
                    "the learning rate is {learning_rate}, expected a finite number of at least 0"
                )));
            }
            offered(provider.policy_update(), abi::POLICY_UPDATE_V1)?.begin(learning_rate)
        })
    }
}

unsafe extern "C" fn step<P: Provide + 'static>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    goal: *const abi::DLTensor,
    dq_da: *const abi::DLTensor,
    kl_weight: f64,
    kl: *mut f64,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        change::<P>(instance, error, |provider| {
            if kl.is_null() {
                return Err(Failure::invalid_argument("the output for the KL is NULL"));
            }
            let (observation, goal) = state(observation, goal)?;
            let dq_da = View::from_raw(dq_da)?;
            let policy = offered(provider.policy_update(), abi::POLICY_UPDATE_V1)?;
            *kl = policy.step(observation, goal, dq_da, kl_weight)?;
            Ok(())
        })
    }
}

unsafe extern "C" fn reset<P: Provide + 'static>(
    instance: *mut c_void,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        change::<P>(instance, error, |provider| {
            offered(provider.policy_update(), abi::POLICY_UPDATE_V1)?.reset()
        })
    }
}

unsafe extern "C" fn begin_episode<P: Provide + 'static>(
    instance: *mut c_void,
    episode: u64,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        change::<P>(instance, error, |provider| {
            offered(provider.test_time(), abi::TEST_TIME_V1)?.begin_episode(episode)
        })
    }
}

/// Writes `counts` into the room that its owner gives.
///
/// # Safety
/// `out` must be NULL or point to a struct with `struct_size` set and as many writable bytes.
unsafe fn put_counts(counts: abi::TestTimeCounts, out: *mut abi::TestTimeCounts) -> Outcome<()> {
    if out.is_null() {
        return Err(Failure::invalid_argument("the output for counts is NULL"));
    }
    // SAFETY: non-NULL; the first field is the size.
    let size = unsafe { (&raw const (*out).struct_size).read() };
    if (size as usize) < size_of::<abi::TestTimeCounts>() {
        return Err(Failure::invalid_argument(format!(
            "the output for counts has {size} bytes, expected at least {}",
            size_of::<abi::TestTimeCounts>()
        )));
    }
    // SAFETY: large enough.
    unsafe { out.write(counts) };
    Ok(())
}

unsafe extern "C" fn counts<P: Provide + 'static>(
    instance: *mut c_void,
    out: *mut abi::TestTimeCounts,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<P>(instance, error, |provider, _| {
            let counts = offered(provider.test_time(), abi::TEST_TIME_V1)?.counts();
            let counts = abi::TestTimeCounts {
                struct_size: size_of::<abi::TestTimeCounts>() as u32,
                sequential: u32::from(counts.sequential),
                critic_gradients: counts.critic_gradients,
                policy_updates: counts.policy_updates,
            };
            put_counts(counts, out)
        })
    }
}

unsafe extern "C" fn encode<P: Provide + 'static>(
    instance: *mut c_void,
    observation: *const abi::DLTensor,
    out: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        answer::<P, 1>(instance, error, [out], |provider| {
            let encoder = offered(provider.encoder(), abi::ENCODER_V1)?;
            Ok([encoder.encode(View::from_raw(observation)?)?])
        })
    }
}
