"""Golden numbers for `crl`: see reference.py."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from reference import A, B, G, HIDDEN, NET, S, as_case, declare, make_data, mlp, optimiser, step, tensors, write

LATENT = 4


def f_pairs(p, name, x, g, h, members):
    """[M, B, B]: entry (i, j) pairs x_i with g_j, computed pair by pair."""
    phi = mlp(p, f"{name}.phi", x, h, members)
    psi = mlp(p, f"{name}.psi", g, h, members)
    if members is None:
        phi, psi = phi[None], psi[None]
    return torch.stack([torch.stack([torch.stack([torch.dot(phi[m, i], psi[m, j]) for j in range(B)])
                                     for i in range(B)]) for m in range(len(phi))]) / math.sqrt(LATENT)


def contrastive(p, name, x, g, h, members):
    f = f_pairs(p, name, x, g, h, members)
    if h["negatives"] == "matrix":
        labels = torch.eye(B, dtype=f.dtype).expand_as(f)
        return F.binary_cross_entropy_with_logits(f, labels)
    own = torch.stack([f[:, i, i] for i in range(B)])
    other = torch.stack([f[:, i, (i - 1) % B] for i in range(B)])
    ones, zeros = torch.ones_like(own), torch.zeros_like(other)
    return F.binary_cross_entropy_with_logits(own, ones) + F.binary_cross_entropy_with_logits(other, zeros)


def answer(f, h):
    if h["offset"] == "removed" and h["negatives"] == "matrix":
        f = f + math.log(B - 1)
    ratio = f.exp().clamp(min=h["floor"])
    return ratio if h["answer"] == "exp" else ratio.log()


def make(name, base, change, dtype, seed):
    h, rng = {**base, **change}, np.random.default_rng(200 + seed)
    data, members = make_data(rng, True, [0, 1, 0, 0, 1]), h["ensemble"]
    net = lambda name, inputs, members=None: {
        **declare(rng, f"{name}.phi", [inputs, *HIDDEN, LATENT], h, members),
        **declare(rng, f"{name}.psi", [G, *HIDDEN, LATENT], h, members)}
    start_q, start_v = net("critic", S + A, members), net("value", S)
    q, v, d = tensors(start_q, dtype), tensors(start_v, dtype), tensors(data, dtype, False)
    s, g = d["observation"], d["goal"]
    sa = torch.cat([s, d["action"]], 1)
    q_loss = lambda: contrastive(q, "critic", sa, g, h, members)
    v_loss = lambda: contrastive(v, "value", s, g, h, None)
    own = lambda f: f.diagonal(dim1=1, dim2=2)
    min_q = answer(own(f_pairs(q, "critic", sa, g, h, members)), h).min(0).values
    value = answer(own(f_pairs(v, "value", s, g, h, None)), h)[0]
    result = {"losses": {"q_loss": q_loss().item(), "v_loss": v_loss().item()}, "answers": {"q": min_q, "v": value}}
    gradients = dict(zip(q, torch.autograd.grad(q_loss(), list(q.values()))))
    gradients |= dict(zip(v, torch.autograd.grad(v_loss(), list(v.values()))))
    result["gradients"] = {f"online/{k}": x for k, x in gradients.items()}
    courses = [(q_loss, *optimiser(q, h)), (v_loss, *optimiser(v, h))]
    for update in (1, 2, 3):
        for loss, adam, schedule in courses:
            step(adam, schedule, loss())
        if update in (1, 3):
            result[f"after_{update}"] = {f"online/{k}": x.detach().clone() for k, x in {**q, **v}.items()}
    start = {f"online/{k}": x for k, x in {**start_q, **start_v}.items()}
    return as_case(name, dtype, h, data, start, result)


CRL = {**NET, "ensemble": 2, "latent": LATENT, "negatives": "matrix", "offset": "kept", "answer": "f", "floor": 0.0}
CHANGES = {
    "plain": {},
    "single-negative": {"negatives": "single", "offset": "removed", "activation": "mish"},
    "exp-removed": {"answer": "exp", "offset": "removed", "ensemble": 1},
    "floored-norm-after": {"floor": 0.7, "layer_norm": "after-activation", "activation": "gelu-tanh"},
    "exp-floored-cosine": {"answer": "exp", "floor": 0.7, "schedule": "cosine", "activation": "tanh"},
}

if __name__ == "__main__":
    write("crl", CRL, CHANGES, make)
