//! Function tables of the interfaces that ABI 1.1 appended.

use super::{Tables, lend, missing, network_of, reduce_of, with_instance};
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
        with_instance::<P>(instance, error, |provider, lent| {
            let (network, reduce) = (network_of(network)?, reduce_of(reduce)?);
            let (observation, goal) =
                (View::from_raw(observation)?, View::from_raw_optional(goal)?);
            let q = provider
                .discrete_critic()
                .ok_or_else(|| missing(abi::Q_ALL_V1))?
                .q_all(observation, goal, network, reduce)?;
            lent.clear();
            lend(lent, q, out)
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
        with_instance::<P>(instance, error, |provider, lent| {
            let (observation, goal) =
                (View::from_raw(observation)?, View::from_raw_optional(goal)?);
            let log_probs = provider
                .discrete_policy()
                .ok_or_else(|| missing(abi::POLICY_DISCRETE_V1))?
                .log_probs(observation, goal)?;
            lent.clear();
            lend(lent, log_probs, out)
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
        with_instance::<P>(instance, error, |provider, lent| {
            if !(learning_rate.is_finite() && learning_rate >= 0.0) {
                return Err(Failure::invalid_argument(format!(
                    "the learning rate is {learning_rate}, expected a finite number of at least 0"
                )));
            }
            lent.clear();
            provider
                .policy_update()
                .ok_or_else(|| missing(abi::POLICY_UPDATE_V1))?
                .begin(learning_rate)
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
        with_instance::<P>(instance, error, |provider, lent| {
            if kl.is_null() {
                return Err(Failure::invalid_argument("the output for the KL is NULL"));
            }
            let (observation, goal) =
                (View::from_raw(observation)?, View::from_raw_optional(goal)?);
            let dq_da = View::from_raw(dq_da)?;
            lent.clear();
            *kl = provider
                .policy_update()
                .ok_or_else(|| missing(abi::POLICY_UPDATE_V1))?
                .step(observation, goal, dq_da, kl_weight)?;
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
        with_instance::<P>(instance, error, |provider, lent| {
            lent.clear();
            provider
                .policy_update()
                .ok_or_else(|| missing(abi::POLICY_UPDATE_V1))?
                .reset()
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
        with_instance::<P>(instance, error, |provider, lent| {
            lent.clear();
            provider
                .test_time()
                .ok_or_else(|| missing(abi::TEST_TIME_V1))?
                .begin_episode(episode)
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
            let counts = provider
                .test_time()
                .ok_or_else(|| missing(abi::TEST_TIME_V1))?
                .counts();
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
        with_instance::<P>(instance, error, |provider, lent| {
            let code = provider
                .encoder()
                .ok_or_else(|| missing(abi::ENCODER_V1))?
                .encode(View::from_raw(observation)?)?;
            lent.clear();
            lend(lent, code, out)
        })
    }
}
