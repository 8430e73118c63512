"""Golden numbers for `cql`: see reference.py."""

import numpy as np
import torch
from torch.distributions import Normal, TransformedDistribution
from torch.distributions.transforms import TanhTransform

from reference import A, B, DISCOUNT, HIDDEN, POLICY, S, as_case, declare, make_data, mlp, optimiser, step, tensors, write

UPDATES = (1, 2, 3)


def policy(p, s, h, count=None):
    """The distribution of actions in states, or in states repeated `count` times."""
    if count is not None:
        s = s.unsqueeze(1).repeat_interleave(count, dim=1)
    mean, raw = mlp(p, "policy", s, h).split(A, dim=-1)
    log_std = (raw * p["policy.log_std_scale"] + p["policy.log_std_offset"]).clamp(h["log_std_min"], h["log_std_max"])
    base = Normal(mean, log_std.exp())
    return base, TransformedDistribution(base, TanhTransform(cache_size=1))


def sample(p, s, h, epsilon, count=None):
    base, squashed = policy(p, s, h, count)
    u = base.mean + base.stddev * epsilon
    a = squashed.transforms[0](u)  # the cache of the transform gives its exact inverse to log_prob
    return a, squashed.log_prob(a).sum(-1)


def losses(p, q, q_target, log_alpha, d, noise, h):
    s, a = d["observation"], d["action"]
    s2 = torch.where(d["terminated"].unsqueeze(1) > 0, s, d["next_observation"])
    n = h["cql_actions"]
    normed = {**h, "layer_norm": h["critic_layer_norm"]}

    def member(w, i, s, a):
        own = {k: x[i].squeeze(0) if k.endswith(("bias", "scale", "shift")) else x[i] for k, x in w.items()}
        return mlp(own, "critic", torch.cat([s, a], -1), normed).squeeze(-1)

    def least(w, s, a):
        return torch.stack([member(w, i, s, a) for i in range(h["ensemble"])]).min(0).values

    def y(update):
        with torch.no_grad():
            following = least(q_target, s2, sample(p, s2, h, noise[f"target-{update}"])[0])
            return d["reward"] + DISCOUNT * (1 - d["terminated"]) * following

    def r(update):
        with torch.no_grad():
            uniform = 2 * noise[f"uniform-{update}"] - 1
            current, log_current = sample(p, s, h, noise[f"current-{update}"], n)
            following, log_following = sample(p, s2, h, noise[f"next-{update}"], n)
            log_uniform = torch.full((B, n), np.log(0.5**A), dtype=s.dtype)
        repeated = s.unsqueeze(1).repeat_interleave(n, dim=1)
        total = 0
        for i in range(h["ensemble"]):
            values = []
            for actions, log_p in ((uniform, log_uniform), (following, log_following), (current, log_current)):
                value = member(q, i, repeated, actions)
                values.append(value - log_p if h["importance_sampling"] else value)
            tau = h["cql_temperature"]
            outside = torch.logsumexp(torch.cat(values, 1) / tau, dim=1) * tau
            total = total + (outside - member(q, i, s, a)).mean()
        return total

    def q_loss(update):
        td = sum(((member(q, i, s, a) - y(update)) ** 2).mean() for i in range(h["ensemble"]))
        return td + h["cql_alpha"] * r(update)

    def actor_loss(update):
        action, log_pi = sample(p, s, h, noise[f"policy-{update}"])
        alpha = log_alpha["log_alpha"].detach().exp()
        return (alpha * log_pi - least(q, s, action)).mean()

    def alpha_loss(update):
        log_pi = sample(p, s, h, noise[f"policy-{update}"])[1].detach()
        return -(log_alpha["log_alpha"] * (log_pi + A * h["target_entropy"])).mean()

    return y, r, q_loss, actor_loss, alpha_loss


def run(p, q, q_target, log_alpha, d, noise, h):
    y, r, q_loss, actor_loss, alpha_loss = losses(p, q, q_target, log_alpha, d, noise, h)
    loss = {"q_loss": q_loss(1), "cql_loss": r(1), "actor_loss": actor_loss(1), "alpha_loss": alpha_loss(1)}
    gradients = dict(zip(q, torch.autograd.grad(loss["q_loss"], list(q.values()))))
    gradients |= dict(zip(p, torch.autograd.grad(loss["actor_loss"], list(p.values()))))
    gradients |= dict(zip(log_alpha, torch.autograd.grad(loss["alpha_loss"], list(log_alpha.values()))))
    with torch.no_grad():
        density = policy(p, d["observation"], h)[1].log_prob(d["action"]).sum(-1)
    out = {
        "losses": {k: x.item() for k, x in loss.items()},
        "answers": {"y": y(1), "log_prob": density},
        "gradients": {f"online/{k}": g for k, g in gradients.items()},
    }
    critic_h = {**h, "learning_rate": h["critic_learning_rate"]}
    optimisers = [(optimiser(w, own), own_loss) for w, own, own_loss in
                  ((log_alpha, h, alpha_loss), (p, h, actor_loss), (q, critic_h, q_loss))]
    for update in UPDATES:
        values = [own_loss(update) for _, own_loss in optimisers]
        for weights, value in zip((log_alpha, p, q), values):
            for x, g in zip(weights.values(), torch.autograd.grad(value, list(weights.values()), retain_graph=True)):
                x.grad = g
        for (adam, schedule), _ in optimisers:
            adam.step()
            schedule.step()
        with torch.no_grad():
            for k in q:
                q_target[k].copy_((1 - h["target_rate"]) * q_target[k] + h["target_rate"] * q[k])
        if update in (1, 3):
            out[f"after_{update}"] = {f"online/{k}": x.detach().clone() for k, x in {**p, **q, **log_alpha}.items()}
            out[f"after_{update}"] |= {f"target/{k}": x.clone() for k, x in q_target.items()}
    return out


def make(name, base, change, dtype, seed):
    change = dict(change)
    terminated = change.pop("terminated", [0, 1, 0, 0, 1])
    h, rng = {**base, **change}, np.random.default_rng(480 + seed)
    data = make_data(rng, False, terminated)
    normed = {**h, "layer_norm": h["critic_layer_norm"]}
    p = declare(rng, "policy", [S, *HIDDEN, 2 * A], h)
    p |= {"policy.log_std_scale": np.array([0.8]), "policy.log_std_offset": np.array([-0.7])}
    q, q_target = (declare(rng, "critic", [S + A, *HIDDEN, 1], normed, h["ensemble"]) for _ in range(2))
    log_alpha = {"log_alpha": np.array([-0.3])}
    many = (B, h["cql_actions"], A)
    noise = {f"{key}-{update}": rng.normal(size=(B, A)) for update in UPDATES for key in ("policy", "target")}
    noise |= {f"{key}-{update}": rng.normal(size=many) for update in UPDATES for key in ("current", "next")}
    noise |= {f"uniform-{update}": rng.uniform(size=many) for update in UPDATES}
    start = {f"online/{k}": x for k, x in {**p, **q, **log_alpha}.items()} | {f"target/{k}": x for k, x in q_target.items()}
    result = run(tensors(p, dtype), tensors(q, dtype), tensors(q_target, dtype, False), tensors(log_alpha, dtype),
                 tensors(data, dtype, False), tensors(noise, dtype, False), h)
    return as_case(name, dtype, h, data, start | noise, result)


OWN = ("hidden", "learning_rate", "schedule", "activation", "layer_norm")
CQL = {**{k: POLICY[k] for k in OWN}, "cql_alpha": 2.0, "cql_temperature": 1.0, "cql_actions": 4, "importance_sampling": True,
       "target_entropy": -1.0, "target_rate": 0.1, "ensemble": 2, "critic_learning_rate": 0.02, "critic_layer_norm": "none",
       "log_std_min": -20.0, "log_std_max": 2.0}
CHANGES = {
    "plain": {},
    "strong-cold": {"cql_alpha": 10.0, "cql_temperature": 0.3, "target_entropy": -0.5},
    "no-weights-three": {"importance_sampling": False, "ensemble": 3, "activation": "tanh", "cql_actions": 1},
    "norm-cosine": {"layer_norm": "before-activation", "critic_layer_norm": "after-activation", "activation": "elu",
                    "schedule": "cosine"},
    "one-step-bounded": {"terminated": [1, 1, 1, 1, 1], "log_std_max": -0.5, "log_std_min": -1.0},
}

if __name__ == "__main__":
    write("cql", CQL, CHANGES, make)
