"""Golden numbers for `sarsa`: see reference.py."""

import numpy as np
import torch

from reference import A, DISCOUNT, HIDDEN, NET, S, G, as_case, declare, make_data, mlp, run_value, state, tensors, write


def losses(q, q_target, v, d, h):
    s, s2, a, a2 = state(d), state(d, "next_observation"), d["action"], d["next_action"]

    def members(p, s, a):
        return mlp(p, "critic", torch.cat([s, a], 1), h, h["ensemble"]).squeeze(-1)

    def reduced(q, how):
        return q.min(0).values if how == "min" else q.mean(0)

    def v_loss():
        with torch.no_grad():
            value = reduced(members(q_target if h["value_network"] == "target" else q, s, a), h["value_reduce"])
        return 0.5 * ((value - mlp(v, "value", s, h).squeeze(-1)) ** 2).mean()

    def q_loss():
        with torch.no_grad():
            next_q = reduced(members(q_target, s2, a2), h["bootstrap_reduce"])
            y = d["reward"] + DISCOUNT * (1 - d["terminated"]) * next_q
        total = sum(((y - member) ** 2).mean() for member in members(q, s, a))
        return total if h["q_loss"] == "sum" else total / h["ensemble"]

    return v_loss, q_loss


def make(name, base, change, dtype, seed):
    change = dict(change)
    goal, terminated = change.pop("goal", False), change.pop("terminated", [0, 1, 0, 0, 1])
    h, rng = {**base, **change}, np.random.default_rng(100 + seed)
    data, inputs = make_data(rng, goal, terminated), S + (G if goal else 0)
    data["next_action"] = rng.uniform(-0.9, 0.9, size=data["action"].shape) * (1 - data["terminated"][:, None])
    q = declare(rng, "critic", [inputs + A, *HIDDEN, 1], h, h["ensemble"])
    q_target = declare(rng, "critic", [inputs + A, *HIDDEN, 1], h, h["ensemble"])
    v = declare(rng, "value", [inputs, *HIDDEN, 1], h)
    start = {f"online/{k}": x for k, x in {**q, **v}.items()} | {f"target/{k}": x for k, x in q_target.items()}
    d, target = tensors(data, dtype, False), tensors(q_target, dtype, False)
    return as_case(name, dtype, h, data, start, run_value(losses, tensors(q, dtype), target, tensors(v, dtype), d, h))


SARSA = {**NET, "target_rate": 0.1, "ensemble": 2, "bootstrap_reduce": "mean", "value_network": "target",
         "value_reduce": "min", "q_loss": "sum"}
CHANGES = {
    "plain": {},
    "min-online-mean": {"bootstrap_reduce": "min", "value_network": "online", "q_loss": "mean"},
    "goal-norm-after": {"value_reduce": "mean", "layer_norm": "after-activation", "activation": "gelu-tanh",
                        "goal": True},
    "three-cosine": {"ensemble": 3, "schedule": "cosine", "activation": "mish"},
    "one-step": {"terminated": [1, 1, 1, 1, 1]},
}

if __name__ == "__main__":
    write("sarsa", SARSA, CHANGES, make)
