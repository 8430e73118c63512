//! The interfaces of earlier stages that are bound to a learner.

#![allow(unsafe_code, reason = "this module is part of the C boundary")]

use crate::abi;
use crate::failure::{Failure, Outcome};
use crate::handles::{
    CriticHandle, DiscreteCriticHandle, DiscretePolicyHandle, EncoderHandle, PolicyHandle,
    PolicyUpdateHandle, StateValueHandle, TestTimeHandle,
};
use crate::raw;
use std::ffi::c_void;

macro_rules! accessor {
    ($(#[$doc:meta])* $name:ident, $handle:ident, $id:ident) => {
        $(#[$doc])*
        pub fn $name(&self) -> Outcome<$handle<'static>> {
            let b = self.find(abi::$id)?;
            // SAFETY: the header promises table and instance for the life of the instance being created.
            unsafe { $handle::from_raw(b.table, b.instance) }
        }
    };
}

pub(crate) struct Binding {
    role: String,
    interface_id: String,
    table: *const c_void,
    instance: *mut c_void,
}

/// The interfaces of earlier stages bound to this learner.
pub struct Upstream {
    bindings: Vec<Binding>,
}

impl Upstream {
    pub(crate) fn find(&self, interface_id: &str) -> Outcome<&Binding> {
        self.bindings
            .iter()
            .find(|b| b.interface_id == interface_id)
            .ok_or_else(|| {
                let bound: Vec<String> = self
                    .bindings
                    .iter()
                    .map(|b| format!("{} from `{}`", b.interface_id, b.role))
                    .collect();
                Failure::invalid_argument(format!(
                    "{interface_id} is not bound; bound are: [{}]",
                    bound.join(", ")
                ))
            })
    }

    /// Whether an interface is bound.
    pub fn has(&self, interface_id: &str) -> bool {
        self.find(interface_id).is_ok()
    }

    accessor!(
        /// The bound critic.
        critic, CriticHandle, CRITIC_V1
    );
    accessor!(
        /// The bound state value.
        state_value, StateValueHandle, STATE_VALUE_V1
    );
    accessor!(
        /// The bound policy.
        policy, PolicyHandle, POLICY_V1
    );
    accessor!(
        /// The bound values of discrete actions.
        discrete_critic, DiscreteCriticHandle, Q_ALL_V1
    );
    accessor!(
        /// The bound policy over discrete actions.
        discrete_policy, DiscretePolicyHandle, POLICY_DISCRETE_V1
    );
    accessor!(
        /// The bound steps of a trained policy.
        policy_update, PolicyUpdateHandle, POLICY_UPDATE_V1
    );
    accessor!(
        /// The bound work while acting.
        test_time, TestTimeHandle, TEST_TIME_V1
    );
    accessor!(
        /// The bound representation of observations.
        encoder, EncoderHandle, ENCODER_V1
    );
}

/// # Safety
/// `upstream` must point to `count` valid entries, or `count` must be 0.
pub(crate) unsafe fn bindings(upstream: *const abi::Upstream, count: u64) -> Outcome<Upstream> {
    let entries = if count == 0 {
        &[]
    } else {
        // SAFETY: the caller vouches for `count` entries.
        unsafe { std::slice::from_raw_parts(upstream, count as usize) }
    };
    let bind = |entry: &abi::Upstream| -> Outcome<Binding> {
        // SAFETY: strings are valid for the call by the header's contract.
        let (role, interface_id) =
            unsafe { (raw::text(entry.role)?, raw::text(entry.interface_id)?) };
        Ok(Binding {
            role: role.into(),
            interface_id: interface_id.into(),
            table: entry.table,
            instance: entry.instance,
        })
    };
    Ok(Upstream {
        bindings: entries.iter().map(bind).collect::<Outcome<_>>()?,
    })
}
