"""Golden numbers for `auto-extract`: see reference.py. Parameters, gradients and results of the policy by weighted cloning
are named `cloning/...`, those of the other (or only) policy `gradient/...`; gradients stand among the answers. The held-out
batches are the batch itself."""

import math

import numpy as np
import torch

from reference import (A, AWR, DDPG, G, HIDDEN, LEARNED, POLICY, S, as_case, cloning, declare, known_q, known_v, make_data,
                       optimiser, policy_log_prob, policy_mean, state, step, tensors, write)


def members(s, a, network):
    """The two members of `known_q`, one below the other."""
    low, mean = known_q(s, a, network, "min"), known_q(s, a, network, "mean")
    return torch.stack([low, 2 * mean - low])


def weights(d, h):
    s = state(d)
    q = known_q(s, d["action"], h["critic_network"], h["critic_reduce"])
    return (h["temperature"] * (q - known_v(s))).exp().clamp(max=h["clip"])


def cloning_loss(p, d, h):
    return -(weights(d, h) * policy_log_prob(p, policy_mean(p, d, h), d["action"], h)).mean()


def gradient_loss(p, d, h):
    s, mean = state(d), policy_mean(p, d, h)
    q = known_q(s, mean.clamp(-1, 1), h["critic_network"], h["critic_reduce"])
    if h["q_normalization"] == "mean-abs-q":
        q = q / q.abs().mean().detach()
    elif h["q_normalization"] == "advantage-std":
        advantage = known_q(s, d["action"], h["critic_network"], h["critic_reduce"]) - known_v(s)
        q = q / advantage.std(correction=0)
    near = cloning_loss(p, d, h) if h["mode"] == "sum" else cloning(p, mean, d["action"], h, "log-prob")
    return -q.mean() + h["alpha"] * near


def scores(p, d, h):
    """The mean of `mean_i Q_i - pessimism sd_i Q_i` at a policy's actions, of every state."""
    with torch.no_grad():
        q = members(state(d), policy_mean(p, d, h).clamp(-1, 1), h["critic_network"]).double()
        return q.mean(0) - h["pessimism"] * q.std(0, correction=0)


def judged(policies, d, h):
    score = {k: scores(p, d, h).repeat(h["selection_batches"]) for k, p in policies.items()}
    difference = score["gradient"] - score["cloning"]
    out = {f"score_{k}": x.mean().item() for k, x in score.items()}
    out["score_difference_se"] = difference.std(correction=0).item() / math.sqrt(len(difference))
    out["chosen_gradient"] = float(out["score_gradient"] > out["score_cloning"])
    return out


def make(name, base, change, dtype, seed):
    change = dict(change)
    goal = change.pop("goal", False)
    h, rng = {**base, **change}, np.random.default_rng(400 + seed)
    data, inputs = make_data(rng, goal, [0, 1, 0, 0, 1]), S + (G if goal else 0)
    losses = {"cloning": cloning_loss, "gradient": gradient_loss} if h["mode"] == "choose" else {"gradient": gradient_loss}
    start, d = {}, tensors(data, dtype, False)
    for policy in losses:
        start[policy] = declare(rng, "policy", [inputs, *HIDDEN, A], h)
        if h["std"] == "learned":
            start[policy]["policy.log_std"] = np.full(A, math.log(h["std_value"])) + np.array([0.1, -0.2])
    named = lambda policies: {f"{k}/{name}": x for k, p in policies.items() for name, x in p.items()}
    policies = {k: tensors(p, dtype) for k, p in start.items()}
    result = {"losses": {}, "answers": {}, "gradients": {}}
    courses = {k: optimiser(p, h) for k, p in policies.items()}
    names = {"cloning": "awr_loss", "gradient": "actor_loss"}
    for k, loss in losses.items():
        value = loss(policies[k], d, h)
        result["losses"][names[k]] = value.item()
        gradients = torch.autograd.grad(value, list(policies[k].values()))
        result["answers"] |= {f"{k}/{n}": g for n, g in zip(policies[k], gradients)}
    for update in (1, 2, 3):
        for k, loss in losses.items():
            step(*courses[k], loss(policies[k], d, h))
        if update in (1, 3):
            result[f"after_{update}"] = {n: x.detach().clone() for n, x in named(policies).items()}
            if h["mode"] == "choose":
                result["losses"] |= {f"{n} after {update}": x for n, x in judged(policies, d, h).items()}
    return as_case(name, dtype, h, data, named(start), result)


AUTO = {**POLICY, "mode": "choose", "pessimism": 1.0, "selection_batches": 2}
AUTO |= {k: x for k, x in {**AWR, **DDPG}.items() if k not in ("advantage_normalization", "bc_loss")}
CHANGES = {
    "choose": {},
    "choose-clipped-none": {"temperature": 30.0, "clip": 2.0, "q_normalization": "none", "pessimism": 0.3},
    "choose-learned-goal-mean": {**LEARNED, "goal": True, "critic_reduce": "mean", "pessimism": 0.0},
    "choose-advantage-std-unsquashed": {"q_normalization": "advantage-std", "mean": "unsquashed", "schedule": "cosine",
                                        "critic_network": "target"},
    "sum": {"mode": "sum"},
    "sum-learned-std": {**LEARNED, "mode": "sum", "q_normalization": "advantage-std", "activation": "mish"},
}

if __name__ == "__main__":
    write("auto-extract", AUTO, CHANGES, make)
