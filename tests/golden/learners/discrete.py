"""Golden numbers for `discrete-iql`, `discrete-awr`, `discrete-pg-bc` and `discrete-bc`: see reference.py. Actions are
indices below K; the known critic of the tests is `Q_ik(s) = w (s_0 - c_i k)^2 + 0.1 sum(s)`."""

import numpy as np
import torch

from reference import (B, DISCOUNT, G, HIDDEN, NET, S, as_case, declare, known_v, make_data, mlp, run_policy, run_value,
                       state, tensors, write)

K = 4


def known_q_all(s, network, reduce):
    w = {"online": -1.0, "target": -0.5}[network]
    k = torch.arange(K, dtype=s.dtype)
    q = torch.stack([w * (s[:, :1] - c * k) ** 2 + 0.1 * s.sum(1, keepdim=True) for c in (0.3, -0.4)])
    return q.min(0).values if reduce == "min" else q.mean(0)


def chosen(x, d):
    """The entry of each row's own action, picked one by one."""
    return torch.stack([x[..., i, int(a)] for i, a in enumerate(d["action"][:, 0])], -1)


def log_policy(p, d, h):
    return torch.log_softmax(mlp(p, "policy", state(d), h), 1)


def advantage(d, h):
    s = state(d)
    return chosen(known_q_all(s, h["critic_network"], h["critic_reduce"]), d) - known_v(s)


def bc_loss(p, d, h):
    return torch.nn.functional.nll_loss(log_policy(p, d, h), d["action"][:, 0].long())


def awr_loss(p, d, h):
    weight = (h["temperature"] * advantage(d, h)).exp().clamp(max=h["clip"])
    return -(weight * chosen(log_policy(p, d, h), d)).mean()


def pg_bc_loss(p, d, h):
    pi = torch.distributions.Categorical(logits=mlp(p, "policy", state(d), h)).probs
    q = (pi * known_q_all(state(d), h["critic_network"], h["critic_reduce"])).sum(1)
    if h["q_normalization"] == "mean-abs-q":
        q = q / q.detach().abs().mean()
    elif h["q_normalization"] == "advantage-std":
        q = q / advantage(d, h).std(correction=0)
    return -q.mean() + h["alpha"] * bc_loss(p, d, h)


def iql_losses(q, q_target, v, d, h):
    s, s2 = state(d), state(d, "next_observation")

    def v_loss():
        with torch.no_grad():
            p = q_target if h["value_network"] == "target" else q
            members = chosen(mlp(p, "critic", s, h, h["ensemble"]), d)
            value = members.min(0).values if h["value_reduce"] == "min" else members.mean(0)
        u = value - mlp(v, "value", s, h).squeeze(-1)
        return torch.where(u < 0, (1 - h["expectile"]) * u**2, h["expectile"] * u**2).mean()

    def q_loss():
        with torch.no_grad():
            y = d["reward"] + DISCOUNT * (1 - d["terminated"]) * mlp(v, "value", s2, h).squeeze(-1)
        return sum(((y - member) ** 2).mean() for member in chosen(mlp(q, "critic", s, h, h["ensemble"]), d))

    return v_loss, q_loss


LOSSES = {"discrete-bc": (bc_loss, "bc_loss"), "discrete-awr": (awr_loss, "awr_loss"),
          "discrete-pg-bc": (pg_bc_loss, "actor_loss")}


def make(learner, name, base, change, dtype, seed):
    change = dict(change)
    goal, terminated = change.pop("goal", False), change.pop("terminated", [0, 1, 0, 0, 1])
    h, rng = {**base, **change}, np.random.default_rng(500 + seed)
    data, inputs = make_data(rng, goal, terminated), S + (G if goal else 0)
    data["action"] = rng.integers(0, K, size=(B, 1)).astype(float)
    d = tensors(data, dtype, False)
    if learner == "discrete-iql":
        members = h["ensemble"]
        q, q_target = (declare(rng, "critic", [inputs, *HIDDEN, K], h, members) for _ in range(2))
        v = declare(rng, "value", [inputs, *HIDDEN, 1], h)
        start = {f"online/{k}": x for k, x in {**q, **v}.items()} | {f"target/{k}": x for k, x in q_target.items()}
        result = run_value(iql_losses, tensors(q, dtype), tensors(q_target, dtype, False), tensors(v, dtype), d, h)
    else:
        p = declare(rng, "policy", [inputs, *HIDDEN, K], h)
        start = {f"online/{k}": x for k, x in p.items()}
        p = tensors(p, dtype)
        log_pi = log_policy(p, d, h).detach()
        result = run_policy(*LOSSES[learner], p, d, h)
        result["answers"] = {"log_probs": log_pi, "greedy": log_pi.argmax(1).to(dtype)}
    case = as_case(name, dtype, h, data, start, result)
    case["data"] |= {"action_dim": 1, "action_count": K}
    return case


ASKED = {"critic_network": "online", "critic_reduce": "min"}
CASES = {
    "discrete-bc": (NET, {
        "plain": {},
        "goal-norm-after-cosine": {"layer_norm": "after-activation", "activation": "gelu", "schedule": "cosine",
                                   "goal": True},
    }),
    "discrete-awr": ({**NET, **ASKED, "temperature": 1.5, "clip": 100.0}, {
        "plain": {},
        "clipped": {"temperature": 30.0, "clip": 2.0},
        "target-mean-goal": {"critic_network": "target", "critic_reduce": "mean", "activation": "mish", "goal": True},
    }),
    "discrete-pg-bc": ({**NET, **ASKED, "alpha": 0.7, "q_normalization": "mean-abs-q"}, {
        "mean-abs-q": {},
        "none": {"q_normalization": "none", "critic_reduce": "mean", "layer_norm": "before-activation",
                 "activation": "tanh"},
        "advantage-std": {"q_normalization": "advantage-std", "goal": True},
        "without-cloning": {"alpha": 0.0, "critic_network": "target", "schedule": "cosine"},
    }),
    "discrete-iql": ({**NET, "expectile": 0.7, "target_rate": 0.1, "ensemble": 2, "value_network": "target",
                      "value_reduce": "min"}, {
        "plain": {},
        "online-mean-goal": {"value_network": "online", "value_reduce": "mean", "expectile": 0.9, "goal": True,
                             "layer_norm": "after-activation", "activation": "gelu-tanh"},
        "three-cosine": {"ensemble": 3, "schedule": "cosine", "activation": "silu"},
        "one-step": {"terminated": [1, 1, 1, 1, 1]},
    }),
}

if __name__ == "__main__":
    for learner, (base, changes) in CASES.items():
        write(learner, base, changes, lambda *case: make(learner, *case))
