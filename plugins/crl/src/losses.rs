//! The equations of contrastive reinforcement learning. Letters: `B` batch, `M` members (absent for V); `x` is `(s, a)` for
//! the critic and `s` for V; `g` is a goal of the row's own future.

use crate::hyper::{Answer, Hyper, Negatives};
use crate::nets::{Bilinear, Nets};
use nn::Minibatch;
use plugin_api::Outcome;
use tch::Tensor;

/// `L = E_ij[ -1(i = j) log sigma(f_ij) - 1(i != j) log sigma(-f_ij) ]`, the mean over the whole matrix and its members.
/// `f: [M, B, B] -> []`
pub fn matrix(f: &Tensor) -> Tensor {
    let softplus = -(-f).log_sigmoid(); // -log sigma(f) = softplus(f) - f
    let own = f.diagonal(0, -2, -1);
    softplus.mean(f.kind()) - own.sum(f.kind()) / f.numel() as f64
}

/// `L = E[ -log sigma(f(x, g)) - log sigma(-f(x, g-)) ]`, the mean over rows and members.
/// `own: [M, B]`, `other: [M, B] -> []`
pub fn single(own: &Tensor, other: &Tensor) -> Tensor {
    -(own.log_sigmoid() + (-other).log_sigmoid()).mean(own.kind())
}

/// The loss of one function.  `x: [B, X]`, `g: [B, G] -> []`
pub fn contrastive(
    f: &Bilinear,
    weights: &[Tensor],
    x: &Tensor,
    g: &Tensor,
    form: Negatives,
) -> Tensor {
    match form {
        Negatives::Matrix => matrix(&f.pairs(weights, x, g)),
        Negatives::Single => {
            let other = g.roll([1], [0]); // rows are independent draws, so a neighbour's goal is a draw from the marginal
            single(&f.rows(weights, x, g), &f.rows(weights, x, &other))
        }
    }
}

/// `L_Q` of `f(s, a, g)`.  -> `[]`
pub fn critic_loss(n: &Nets, b: &Minibatch<'_>, h: &Hyper) -> Outcome<Tensor> {
    let (s, a, g) = (b.observation()?, b.action()?, b.goal()?);
    let x = Tensor::cat(&[&*s, &*a], 1);
    Ok(contrastive(&n.critic, n.q.live(), &x, &g, h.negatives))
}

/// `L_V` of `f_V(s, g)`, with the same goals.  -> `[]`
pub fn value_loss(n: &Nets, b: &Minibatch<'_>, h: &Hyper) -> Outcome<Tensor> {
    let (s, g) = (b.observation()?, b.goal()?);
    Ok(contrastive(&n.value, n.v.live(), &s, &g, h.negatives))
}

/// What is answered for f: `u = max(f - c, log floor)`, or `exp u`; `c` is 0 where the constant is kept.
pub fn answer(f: &Tensor, constant: f64, h: &Hyper) -> Tensor {
    let mut u = f - constant;
    if h.floor > 0.0 {
        u = u.clamp_min(libm::log(h.floor));
    }
    match h.answer {
        Answer::F => u,
        Answer::Exp => u.exp(),
    }
}
