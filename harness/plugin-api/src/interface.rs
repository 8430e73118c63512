//! The interfaces of learners as an author implements them.

use crate::failure::{Failure, Outcome};
use crate::tensor::{Array, View};

/// Which copy of a critic answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// The trained weights.
    Online,
    /// Their moving average.
    Target,
}

/// How the members of a critic ensemble become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// Smallest member.
    Min,
    /// Mean over members.
    Mean,
    /// No reduction: `[M, B]`.
    Member,
}

/// How a policy acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActMode {
    /// Mean or mode.
    Greedy,
    /// A sample whose noise is addressed by this position.
    Sampled(u64),
}

/// State-action inputs of a critic.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// `[B, S]`
    pub observation: View<'a>,
    /// `[B, G]`, if there is a goal.
    pub goal: Option<View<'a>>,
    /// `[B, A]`
    pub action: View<'a>,
    /// Which copy answers.
    pub network: Network,
    /// How members are reduced.
    pub reduce: Reduce,
}

/// `critic/1`, to be implemented by an author. Values are those of a frozen function.
pub trait Critic {
    /// `Q(s, a)`: `[B]`, or `[M, B]` with [`Reduce::Member`].
    fn q(&mut self, query: &Query<'_>) -> Outcome<Array>;
    /// `Q(s, a)` `[B]` and its gradient in the action `[B, A]`.
    fn q_gradient(&mut self, query: &Query<'_>) -> Outcome<(Array, Array)>;
}

/// `state-value/1`, to be implemented by an author.
pub trait StateValue {
    /// `V(s)`: `[B]`.
    fn v(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array>;
}

/// `policy/1`, to be implemented by an author.
pub trait Policy {
    /// Actions `[B, A]`, finite and within bounds.
    fn act(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        mode: ActMode,
    ) -> Outcome<Array>;
    /// Log density `[B]` of `action`.
    fn log_prob(
        &mut self,
        _observation: View<'_>,
        _goal: Option<View<'_>>,
        _action: View<'_>,
    ) -> Outcome<Array> {
        Err(Failure::unsupported("this policy has no density"))
    }
    /// Mean and standard deviation `[B, A]` before clipping, for diagonal Gaussians.
    fn distribution(
        &mut self,
        _observation: View<'_>,
        _goal: Option<View<'_>>,
    ) -> Outcome<(Array, Array)> {
        Err(Failure::unsupported(
            "this policy is not a diagonal Gaussian",
        ))
    }
}

/// `q-all/1`, to be implemented by an author: the values of every discrete action.
pub trait DiscreteCritic {
    /// `Q(s, .)`: `[B, K]`, or `[M, B, K]` with [`Reduce::Member`].
    fn q_all(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        network: Network,
        reduce: Reduce,
    ) -> Outcome<Array>;
}

/// `policy-discrete/1`, to be implemented by an author: a policy over discrete actions.
pub trait DiscretePolicy {
    /// `log pi(. | s)`: `[B, K]`; the probabilities of a row sum to 1.
    fn log_probs(&mut self, observation: View<'_>, goal: Option<View<'_>>) -> Outcome<Array>;
}

/// `policy-update/1`, to be implemented by an author: gradient steps that start from the trained policy `pi_off`. They
/// change what the policy of the instance answers and nothing that `save` writes.
pub trait PolicyUpdate {
    /// Back to `pi_off` with a fresh optimiser of this learning rate (>= 0).
    fn begin(&mut self, learning_rate: f64) -> Outcome<()>;
    /// One ascent step on `mean_b <dq_da_b, mu(s_b)> - kl_weight * mean_b KL(pi_off || pi)(s_b)`, where `mu` is the
    /// greedy action and `dq_da` is `[B, A]`; gives the mean KL before the step.
    fn step(
        &mut self,
        observation: View<'_>,
        goal: Option<View<'_>>,
        dq_da: View<'_>,
        kl_weight: f64,
    ) -> Outcome<f64>;
    /// Back to `pi_off`, bit for bit, with a fresh optimiser of the same learning rate.
    fn reset(&mut self) -> Outcome<()>;
}

/// What acting has cost since the instance was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TestTimeCounts {
    /// Needs one environment per batch and episodes in the order of their index.
    pub sequential: bool,
    /// Rows of `dQ/da` that were asked for; never falls.
    pub critic_gradients: u64,
    /// Steps of `policy-update/1`; never falls.
    pub policy_updates: u64,
}

/// `test-time/1`, to be implemented by an author: a policy that works on itself while it acts. A fresh instance that is
/// asked the same repeats the same actions.
pub trait TestTime {
    /// The next act belongs to this episode.
    fn begin_episode(&mut self, episode: u64) -> Outcome<()>;
    /// What acting has cost so far.
    fn counts(&self) -> TestTimeCounts;
}

/// `encoder/1`, to be implemented by an author: a representation of observations.
pub trait Encoder {
    /// `[B, E]`, the same `E` in every call.
    fn encode(&mut self, observation: View<'_>) -> Outcome<Array>;
}

/// Whatever can offer interfaces: learners and the harness's own oracle.
pub trait Provide {
    /// The critic, if this instance offers one.
    fn critic(&mut self) -> Option<&mut dyn Critic> {
        None
    }
    /// The state value, if this instance offers one.
    fn state_value(&mut self) -> Option<&mut dyn StateValue> {
        None
    }
    /// The policy, if this instance offers one.
    fn policy(&mut self) -> Option<&mut dyn Policy> {
        None
    }
    /// The values of discrete actions, if this instance offers them.
    fn discrete_critic(&mut self) -> Option<&mut dyn DiscreteCritic> {
        None
    }
    /// The policy over discrete actions, if this instance offers one.
    fn discrete_policy(&mut self) -> Option<&mut dyn DiscretePolicy> {
        None
    }
    /// Steps of the policy after training, if this instance offers them.
    fn policy_update(&mut self) -> Option<&mut dyn PolicyUpdate> {
        None
    }
    /// Work while acting, if this instance does any.
    fn test_time(&mut self) -> Option<&mut dyn TestTime> {
        None
    }
    /// The representation of observations, if this instance offers one.
    fn encoder(&mut self) -> Option<&mut dyn Encoder> {
        None
    }
}
