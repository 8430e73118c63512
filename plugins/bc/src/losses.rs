//! The loss of behavioural cloning. Letters: `B` batch, `A` action dimension.

use nn::{Actor, BcLoss};
use tch::Tensor;

/// `L = E[ -log pi(a|s) ]`, or one of the other forms of [`BcLoss`].  `mu: [B, A]`, `a: [B, A]` -> `[]`
pub fn bc(pi: &Actor, mu: &Tensor, a: &Tensor, form: BcLoss) -> Tensor {
    pi.policy.cloning(pi.params.live(), mu, a, form)
}
