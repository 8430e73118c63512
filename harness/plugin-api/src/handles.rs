//! Handles of interfaces: how a consumer calls an instance of another stage.

#![allow(unsafe_code, reason = "this module is part of the C boundary")]

mod appended;

use crate::abi;
use crate::failure::{Failure, Outcome};
use crate::interface::{ActMode, Query};
use crate::raw;
use crate::tensor::View;
use std::ffi::c_void;
use std::marker::PhantomData;

fn empty() -> abi::DLTensor {
    abi::DLTensor {
        data: std::ptr::null_mut(),
        device: abi::DLDevice {
            device_type: 1,
            device_id: 0,
        },
        ndim: 0,
        dtype: abi::DLDataType {
            code: 2,
            bits: 32,
            lanes: 1,
        },
        shape: std::ptr::null_mut(),
        strides: std::ptr::null_mut(),
        byte_offset: 0,
    }
}

fn goal_pointer(goal: Option<&View<'_>>) -> *const abi::DLTensor {
    goal.map_or(std::ptr::null(), |g| std::ptr::from_ref(g.as_dl()))
}

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $table:ty, $id:expr) => {
        $(#[$doc])*
        ///
        /// Results are views that stay valid until the next call on the same instance; every method takes `&mut self`
        /// so that the compiler enforces it.
        pub struct $name<'a> {
            table: &'a $table,
            instance: *mut c_void,
            life: PhantomData<&'a mut ()>,
        }

        impl $name<'_> {
            /// The interface id.
            pub const ID: &'static str = $id;

            /// Adopts a function table and its instance.
            ///
            /// # Safety
            /// `table` must be a valid table of this interface and `instance` the instance it belongs to; both must
            /// outlive the handle, and nothing else may call the instance while a result is in use.
            pub unsafe fn from_raw(table: *const c_void, instance: *mut c_void) -> Outcome<Self> {
                // SAFETY: the caller vouches for the table; its first field is its size.
                let size = if table.is_null() { 0 } else { unsafe { *table.cast::<u32>() } };
                if (size as usize) < size_of::<$table>() {
                    return Err(Failure::invalid_argument(format!(
                        "the table of {} has {size} bytes, expected at least {}", $id, size_of::<$table>())));
                }
                // SAFETY: non-NULL and large enough.
                Ok(Self { table: unsafe { &*table.cast::<$table>() }, instance, life: PhantomData })
            }
        }
    };
}

handle!(
    /// A critic of another stage.
    CriticHandle, abi::CriticV1, abi::CRITIC_V1
);
handle!(
    /// A state value of another stage.
    StateValueHandle, abi::StateValueV1, abi::STATE_VALUE_V1
);
handle!(
    /// A policy of another stage.
    PolicyHandle, abi::PolicyV1, abi::POLICY_V1
);
handle!(
    /// Values of discrete actions of another stage.
    DiscreteCriticHandle, abi::QAllV1, abi::Q_ALL_V1
);
handle!(
    /// A policy over discrete actions of another stage.
    DiscretePolicyHandle, abi::PolicyDiscreteV1, abi::POLICY_DISCRETE_V1
);
handle!(
    /// Steps of a trained policy of another stage.
    PolicyUpdateHandle, abi::PolicyUpdateV1, abi::POLICY_UPDATE_V1
);
handle!(
    /// A policy that works while it acts.
    TestTimeHandle, abi::TestTimeV1, abi::TEST_TIME_V1
);
handle!(
    /// A representation of another stage.
    EncoderHandle, abi::EncoderV1, abi::ENCODER_V1
);

impl CriticHandle<'_> {
    /// `Q(s, a)`: `[B]`, or `[M, B]` with [`Reduce::Member`](crate::Reduce::Member).
    pub fn q(&mut self, query: &Query<'_>) -> Outcome<View<'_>> {
        let mut q = empty();
        // SAFETY: the table is valid by `from_raw`'s contract; inputs are borrowed for the call.
        raw::call(|error| unsafe {
            (self.table.q)(
                self.instance,
                query.observation.as_dl(),
                goal_pointer(query.goal.as_ref()),
                query.action.as_dl(),
                query.network as u32,
                query.reduce as u32,
                &raw mut q,
                error,
            )
        })?;
        // SAFETY: valid until the next call on this instance, which needs `&mut self` again.
        unsafe { View::from_raw(&raw const q) }
    }

    /// `Q(s, a)` `[B]` and `dQ/da` `[B, A]`.
    pub fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(View<'_>, View<'_>)> {
        let (mut q, mut dq_da) = (empty(), empty());
        // SAFETY: as in `q`.
        raw::call(|error| unsafe {
            (self.table.q_gradient)(
                self.instance,
                query.observation.as_dl(),
                goal_pointer(query.goal.as_ref()),
                query.action.as_dl(),
                query.network as u32,
                query.reduce as u32,
                &raw mut q,
                &raw mut dq_da,
                error,
            )
        })?;
        // SAFETY: as in `q`.
        unsafe {
            Ok((
                View::from_raw(&raw const q)?,
                View::from_raw(&raw const dq_da)?,
            ))
        }
    }
}

impl StateValueHandle<'_> {
    /// `V(s)`: `[B]`.
    pub fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<View<'_>> {
        let mut v = empty();
        // SAFETY: the table is valid by `from_raw`'s contract; inputs are borrowed for the call.
        raw::call(|error| unsafe {
            (self.table.v)(
                self.instance,
                observation.as_dl(),
                goal_pointer(goal.as_ref()),
                &raw mut v,
                error,
            )
        })?;
        // SAFETY: valid until the next call on this instance, which needs `&mut self` again.
        unsafe { View::from_raw(&raw const v) }
    }
}

impl PolicyHandle<'_> {
    /// Actions `[B, A]`.
    pub fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<View<'_>> {
        let mut action = empty();
        let (mode, position) = match mode {
            ActMode::Greedy => (abi::ACT_GREEDY, 0),
            ActMode::Sampled(position) => (abi::ACT_SAMPLED, position),
        };
        // SAFETY: the table is valid by `from_raw`'s contract; inputs are borrowed for the call.
        raw::call(|error| unsafe {
            (self.table.act)(
                self.instance,
                observation.as_dl(),
                goal_pointer(goal.as_ref()),
                mode,
                position,
                &raw mut action,
                error,
            )
        })?;
        // SAFETY: valid until the next call on this instance, which needs `&mut self` again.
        unsafe { View::from_raw(&raw const action) }
    }

    /// Log density `[B]` of `action` `[B, A]`.
    pub fn log_prob(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        action: View<'_>,
    ) -> Outcome<View<'_>> {
        let mut out = empty();
        // SAFETY: as in `act`.
        raw::call(|error| unsafe {
            (self.table.log_prob)(
                self.instance,
                observation.as_dl(),
                goal_pointer(goal.as_ref()),
                action.as_dl(),
                &raw mut out,
                error,
            )
        })?;
        // SAFETY: as in `act`.
        unsafe { View::from_raw(&raw const out) }
    }

    /// Mean and standard deviation `[B, A]` of a diagonal Gaussian.
    pub fn distribution(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
    ) -> Outcome<(View<'_>, View<'_>)> {
        let (mut mean, mut std) = (empty(), empty());
        // SAFETY: as in `act`.
        raw::call(|error| unsafe {
            (self.table.distribution)(
                self.instance,
                observation.as_dl(),
                goal_pointer(goal.as_ref()),
                &raw mut mean,
                &raw mut std,
                error,
            )
        })?;
        // SAFETY: as in `act`.
        unsafe {
            Ok((
                View::from_raw(&raw const mean)?,
                View::from_raw(&raw const std)?,
            ))
        }
    }
}
