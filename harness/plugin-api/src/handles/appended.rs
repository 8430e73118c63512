//! Calls of the interfaces that ABI 1.1 appended.

use super::{
    DiscreteCriticHandle, DiscretePolicyHandle, EncoderHandle, PolicyUpdateHandle, TestTimeHandle,
    empty, goal_pointer,
};
use crate::abi;
use crate::failure::Outcome;
use crate::interface::{Network, Reduce, TestTimeCounts};
use crate::raw;
use crate::tensor::View;

impl DiscreteCriticHandle<'_> {
    /// `Q(s, .)`: `[B, K]`, or `[M, B, K]` with [`Reduce::Member`].
    pub fn q_all(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        network: Network,
        reduce: Reduce,
    ) -> Outcome<View<'_>> {
        let mut q = empty();
        // SAFETY: the table is valid by `from_raw`'s contract; inputs are borrowed for the call.
        raw::call(|error| unsafe {
            (self.table.q_all)(
                self.instance,
                observation.as_dl(),
                goal_pointer(goal.as_ref()),
                network as u32,
                reduce as u32,
                &raw mut q,
                error,
            )
        })?;
        // SAFETY: valid until the next call on this instance, which needs `&mut self` again.
        unsafe { View::from_raw(&raw const q) }
    }
}

impl DiscretePolicyHandle<'_> {
    /// `log pi(. | s)`: `[B, K]`.
    pub fn log_probs(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
    ) -> Outcome<View<'_>> {
        let mut out = empty();
        // SAFETY: the table is valid by `from_raw`'s contract; inputs are borrowed for the call.
        raw::call(|error| unsafe {
            (self.table.log_probs)(
                self.instance,
                observation.as_dl(),
                goal_pointer(goal.as_ref()),
                &raw mut out,
                error,
            )
        })?;
        // SAFETY: valid until the next call on this instance, which needs `&mut self` again.
        unsafe { View::from_raw(&raw const out) }
    }
}

impl PolicyUpdateHandle<'_> {
    /// Back to the trained policy with a fresh optimiser of this learning rate (>= 0).
    pub fn begin(&mut self, learning_rate: f64) -> Outcome<()> {
        // SAFETY: the table is valid by `from_raw`'s contract.
        raw::call(|error| unsafe { (self.table.begin)(self.instance, learning_rate, error) })
    }

    /// One ascent step on `mean_b <dq_da_b, mu(s_b)> - kl_weight * mean_b KL(pi_off || pi)(s_b)`; `dq_da` is `[B, A]`.
    /// Gives the mean KL before the step.
    pub fn step(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        dq_da: View<'_>,
        kl_weight: f64,
    ) -> Outcome<f64> {
        let mut kl = f64::NAN;
        // SAFETY: the table is valid by `from_raw`'s contract; inputs are borrowed for the call.
        raw::call(|error| unsafe {
            (self.table.step)(
                self.instance,
                observation.as_dl(),
                goal_pointer(goal.as_ref()),
                dq_da.as_dl(),
                kl_weight,
                &raw mut kl,
                error,
            )
        })?;
        Ok(kl)
    }

    /// Back to the trained policy, bit for bit, with a fresh optimiser of the same learning rate.
    pub fn reset(&mut self) -> Outcome<()> {
        // SAFETY: the table is valid by `from_raw`'s contract.
        raw::call(|error| unsafe { (self.table.reset)(self.instance, error) })
    }
}

impl TestTimeHandle<'_> {
    /// The next act belongs to this episode.
    pub fn begin_episode(&mut self, episode: u64) -> Outcome<()> {
        // SAFETY: the table is valid by `from_raw`'s contract.
        raw::call(|error| unsafe { (self.table.begin_episode)(self.instance, episode, error) })
    }

    /// What acting has cost so far.
    pub fn counts(&mut self) -> Outcome<TestTimeCounts> {
        let mut out = abi::TestTimeCounts {
            struct_size: size_of::<abi::TestTimeCounts>() as u32,
            ..abi::TestTimeCounts::default()
        };
        // SAFETY: the table is valid by `from_raw`'s contract; the output lives on this stack frame.
        raw::call(|error| unsafe { (self.table.counts)(self.instance, &raw mut out, error) })?;
        Ok(TestTimeCounts {
            sequential: out.sequential != 0,
            critic_gradients: out.critic_gradients,
            policy_updates: out.policy_updates,
        })
    }
}

impl EncoderHandle<'_> {
    /// The representation `[B, E]` of observations.
    pub fn encode(&mut self, observation: View<'_>) -> Outcome<View<'_>> {
        let mut code = empty();
        // SAFETY: the table is valid by `from_raw`'s contract; inputs are borrowed for the call.
        raw::call(|error| unsafe {
            (self.table.encode)(self.instance, observation.as_dl(), &raw mut code, error)
        })?;
        // SAFETY: valid until the next call on this instance, which needs `&mut self` again.
        unsafe { View::from_raw(&raw const code) }
    }
}
