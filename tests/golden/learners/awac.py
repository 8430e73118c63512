"""Golden numbers for `awac`: see reference.py."""

import math

import numpy as np
import torch

from reference import A, B, DISCOUNT, HIDDEN, POLICY, S, as_case, declare, make_data, mlp, optimiser, policy_log_prob, step, tensors, write

UPDATES = (1, 2, 3)


def losses(p, q, q_target, d, noise, h):
    s, s2, a = d["observation"], d["next_observation"], d["action"]
    normed = {**h, "layer_norm": h["critic_layer_norm"]}

    def members(w, s, a):
        return mlp(w, "critic", torch.cat([s, a], 1), normed, h["ensemble"]).squeeze(-1)

    def mean(s):
        out = mlp(p, "policy", s, h)
        return torch.tanh(out) if h["mean"] == "tanh" else out

    def sample(s, epsilon):
        std = p["policy.log_std"].clamp(h["log_std_min"], h["log_std_max"]).exp() if h["std"] == "learned" else h["std_value"]
        return (mean(s) + std * epsilon).clamp(-1, 1)

    def y(update):
        with torch.no_grad():
            following = members(q_target, s2, sample(s2, noise[f"next-{update}"])).min(0).values
            return d["reward"] + DISCOUNT * (1 - d["terminated"]) * following

    def q_loss(update):
        return sum(((y(update) - member) ** 2).mean() for member in members(q, s, a))

    def w(update):
        with torch.no_grad():
            v = members(q, s, sample(s, noise[f"current-{update}"])).min(0).values
            advantage = members(q, s, a).min(0).values - v
            return torch.clamp_max(torch.exp(advantage / h["lambda"]), h["clip"])

    def actor_loss(update):
        return (-policy_log_prob(p, mean(s), a, h) * w(update)).mean()

    return y, w, q_loss, actor_loss


def run(p, q, q_target, d, noise, h):
    y, w, q_loss, actor_loss = losses(p, q, q_target, d, noise, h)
    loss = {"q_loss": q_loss(1), "actor_loss": actor_loss(1)}
    gradients = dict(zip(q, torch.autograd.grad(loss["q_loss"], list(q.values()))))
    gradients |= dict(zip(p, torch.autograd.grad(loss["actor_loss"], list(p.values()))))
    out = {
        "losses": {k: x.item() for k, x in loss.items()},
        "answers": {"y": y(1), "w": w(1)},
        "gradients": {f"online/{k}": g for k, g in gradients.items()},
    }
    (p_adam, p_schedule), (q_adam, q_schedule) = optimiser(p, h), optimiser(q, {**h, "learning_rate": h["critic_learning_rate"]})
    for update in UPDATES:
        step(q_adam, q_schedule, q_loss(update))
        step(p_adam, p_schedule, actor_loss(update))
        with torch.no_grad():
            for k in q:
                q_target[k].copy_((1 - h["target_rate"]) * q_target[k] + h["target_rate"] * q[k])
        if update in (1, 3):
            out[f"after_{update}"] = {f"online/{k}": x.detach().clone() for k, x in {**p, **q}.items()}
            out[f"after_{update}"] |= {f"target/{k}": x.clone() for k, x in q_target.items()}
    return out


def make(name, base, change, dtype, seed):
    change = dict(change)
    terminated = change.pop("terminated", [0, 1, 0, 0, 1])
    h, rng = {**base, **change}, np.random.default_rng(360 + seed)
    data = make_data(rng, False, terminated)
    normed = {**h, "layer_norm": h["critic_layer_norm"]}
    p = declare(rng, "policy", [S, *HIDDEN, A], h)
    if h["std"] == "learned":
        p["policy.log_std"] = np.full(A, math.log(h["std_value"])) + np.array([0.1, -0.2])
    q, q_target = (declare(rng, "critic", [S + A, *HIDDEN, 1], normed, h["ensemble"]) for _ in range(2))
    noise = {f"{key}-{update}": rng.normal(size=(B, A)) for update in UPDATES for key in ("next", "current")}
    start = {f"online/{k}": x for k, x in {**p, **q}.items()} | {f"target/{k}": x for k, x in q_target.items()}
    result = run(tensors(p, dtype), tensors(q, dtype), tensors(q_target, dtype, False), tensors(data, dtype, False),
                 tensors(noise, dtype, False), h)
    return as_case(name, dtype, h, data, start | noise, result)


AWAC = {**POLICY, "mean": "unsquashed", "std": "learned", "std_value": 0.7, "log_std_min": -20.0, "lambda": 1.0, "clip": 100.0,
        "critic_learning_rate": 0.02, "target_rate": 0.1, "ensemble": 2, "critic_layer_norm": "none"}
CHANGES = {
    "plain": {},
    "clipped": {"lambda": 0.05, "clip": 1.5},
    "tanh-constant-three": {"mean": "tanh", "std": "constant", "std_value": 0.4, "ensemble": 3, "activation": "tanh"},
    "norm-cosine": {"layer_norm": "before-activation", "critic_layer_norm": "after-activation", "activation": "elu",
                    "schedule": "cosine"},
    "one-step": {"terminated": [1, 1, 1, 1, 1], "lambda": 3.0},
}

if __name__ == "__main__":
    write("awac", AWAC, CHANGES, make)
