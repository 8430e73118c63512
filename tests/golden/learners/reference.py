"""Golden numbers for the learner plugins, from an independent PyTorch implementation of their equations.

Writes bc.json, awr.json, ddpg-bc.json and iql.json beside this file; the other scripts do the same for theirs with what is
here. Each holds cases: hyperparameters (JSON text, as the plugin gets them), a batch that is the whole dataset, parameters, the
losses, answers and gradients at those parameters, and the parameters after one and after three updates on that batch.

    pip install torch==2.11.0 numpy
    for script in *.py; do python $script; done

Made with torch 2.11.0 on the CPU. Tolerances, applied by the plugins' tests: float64 every element to 1e-10 (relative to
max(1, |x|)); float32 every tensor to 1e-5 of its norm. Parameters are row-major; a linear layer is x W + b with W
[in, out], an ensemble's [member, in, out].
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
B, S, A, G = 5, 3, 2, 2
DISCOUNT, HORIZON = 0.9, 4
HIDDEN = [6, 5]


# ---------------------------------------------------------------- networks


def activation(name, x):
    return {
        "relu": F.relu,
        "gelu": F.gelu,
        "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
        "silu": F.silu,
        "mish": F.mish,
        "tanh": torch.tanh,
        "elu": F.elu,
    }[name](x)


def mlp(p, prefix, x, h, members=None):
    """One network, or a list of them stacked: the ensemble is evaluated member by member."""
    if members is not None:
        outs = []
        for i in range(members):
            own = {k: v[i].squeeze(0) if k.endswith(("bias", "scale", "shift")) else v[i]
                   for k, v in p.items() if k.startswith(prefix)}
            outs.append(mlp(own, prefix, x, h))
        return torch.stack(outs)
    layers = len(h["hidden"]) + 1
    for i in range(layers):
        x = x @ p[f"{prefix}.{i}.weight"] + p[f"{prefix}.{i}.bias"]
        if i + 1 == layers:
            return x
        norm = lambda x: F.layer_norm(x, x.shape[-1:], p[f"{prefix}.{i}.scale"], p[f"{prefix}.{i}.shift"], eps=1e-6)
        if h["layer_norm"] == "before-activation":
            x = norm(x)
        x = activation(h["activation"], x)
        if h["layer_norm"] == "after-activation":
            x = norm(x)


def declare(rng, prefix, sizes, h, members=None):
    p = {}
    lead, row = ([], []) if members is None else ([members], [members, 1])
    for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:])):
        p[f"{prefix}.{i}.weight"] = rng.normal(size=lead + [n_in, n_out]) * 0.6
        p[f"{prefix}.{i}.bias"] = rng.normal(size=row + [n_out]) * 0.3
        if i + 2 < len(sizes) and h["layer_norm"] != "none":
            p[f"{prefix}.{i}.scale"] = 1 + 0.2 * rng.normal(size=row + [n_out])
            p[f"{prefix}.{i}.shift"] = 0.2 * rng.normal(size=row + [n_out])
    return p


# ---------------------------------------------------------------- data and the known critic


def make_data(rng, goal, terminated):
    d = {
        "observation": rng.normal(size=(B, S)),
        "action": rng.uniform(-0.9, 0.9, size=(B, A)),
        "reward": rng.normal(size=B),
        "terminated": np.array(terminated, dtype=float),
        "next_observation": rng.normal(size=(B, S)),
    }
    d["goal"] = rng.normal(size=(B, G)) if goal else np.zeros((B, 0))
    return d


def state(d, key="observation"):
    return torch.cat([d[key], d["goal"]], 1)


def known_q(s, a, network, reduce):
    """The closed-form critic of the plugins' tests."""
    w = {"online": -1.0, "target": -0.5}[network]
    q = torch.stack([w * ((a - c * s[:, :A]) ** 2).sum(1) + 0.1 * s.sum(1) for c in (0.3, -0.4)])
    return q.min(0).values if reduce == "min" else q.mean(0)


def known_v(s):
    return -0.2 + 0.5 * s[:, 0]


# ---------------------------------------------------------------- policies


def policy_mean(p, d, h):
    out = mlp(p, "policy", state(d), h)
    return torch.tanh(out) if h["mean"] == "tanh" else out


def policy_log_prob(p, mean, a, h):
    if h["std"] == "constant":
        std = torch.full((A,), h["std_value"], dtype=mean.dtype)
    else:
        std = p["policy.log_std"].clamp(h["log_std_min"], h["log_std_max"]).exp()
    return torch.distributions.Normal(mean, std.expand_as(mean)).log_prob(a).sum(1)


def cloning(p, mean, a, h, form):
    if form == "log-prob":
        return -policy_log_prob(p, mean, a, h).mean()
    if form == "log-prob-mean":
        return -policy_log_prob(p, mean, a, h).mean() / A
    if form == "sum-mse":
        return ((mean - a) ** 2).sum(1).mean()
    return ((mean - a) ** 2).mean()


def bc_loss(p, d, h):
    return cloning(p, policy_mean(p, d, h), d["action"], h, h["loss"])


def awr_loss(p, d, h):
    s = state(d)
    advantage = known_q(s, d["action"], h["critic_network"], h["critic_reduce"]) - known_v(s)
    if h["advantage_normalization"] == "std":
        advantage = advantage / advantage.std(correction=0)
    weight = (h["temperature"] * advantage).exp().clamp(max=h["clip"])
    return -(weight * policy_log_prob(p, policy_mean(p, d, h), d["action"], h)).mean()


def ddpg_bc_loss(p, d, h):
    s, mean = state(d), policy_mean(p, d, h)
    q = known_q(s, mean.clamp(-1, 1), h["critic_network"], h["critic_reduce"])
    if h["q_normalization"] == "mean-abs-q":
        q = q / q.abs().mean().detach()
    elif h["q_normalization"] == "advantage-std":
        advantage = known_q(s, d["action"], h["critic_network"], h["critic_reduce"]) - known_v(s)
        q = q / advantage.std(correction=0)
    return -q.mean() + h["alpha"] * cloning(p, mean, d["action"], h, h["bc_loss"])


def optimiser(p, h):
    adam = torch.optim.Adam(list(p.values()), lr=h["learning_rate"])
    course = (lambda t: 0.5 * (1 + math.cos(math.pi * min(t, HORIZON) / HORIZON))) if h["schedule"] == "cosine" else (
        lambda t: 1.0)
    return adam, torch.optim.lr_scheduler.LambdaLR(adam, course)


def step(adam, schedule, loss):
    adam.zero_grad()
    loss.backward()
    adam.step()
    schedule.step()


def run_policy(loss_of, loss_name, p, d, h):
    loss = loss_of(p, d, h)
    gradients = dict(zip(p, torch.autograd.grad(loss, list(p.values()), allow_unused=True)))
    out = {"losses": {loss_name: loss.item()}, "gradients": {f"online/{k}": v for k, v in gradients.items()}}
    adam, schedule = optimiser(p, h)
    for update in (1, 2, 3):
        step(adam, schedule, loss_of(p, d, h))
        if update in (1, 3):
            out[f"after_{update}"] = {f"online/{k}": v.detach().clone() for k, v in p.items()}
    return out


# ---------------------------------------------------------------- IQL


def iql_losses(q, q_target, v, d, h):
    s, s2, a = state(d), state(d, "next_observation"), d["action"]

    def v_loss():
        with torch.no_grad():
            p = q_target if h["value_network"] == "target" else q
            members = mlp(p, "critic", torch.cat([s, a], 1), h, h["ensemble"]).squeeze(-1)
            value = members.min(0).values if h["value_reduce"] == "min" else members.mean(0)
        u = value - mlp(v, "value", s, h).squeeze(-1)
        return torch.where(u < 0, (1 - h["expectile"]) * u**2, h["expectile"] * u**2).mean()

    def q_loss():
        with torch.no_grad():
            y = d["reward"] + DISCOUNT * (1 - d["terminated"]) * mlp(v, "value", s2, h).squeeze(-1)
        total = 0
        for member in mlp(q, "critic", torch.cat([s, a], 1), h, h["ensemble"]).squeeze(-1):
            total = total + ((y - member) ** 2).mean()
        return total if h["q_loss"] == "sum" else total / h["ensemble"]

    return v_loss, q_loss


def run_value(losses, q, q_target, v, d, h):
    v_loss, q_loss = losses(q, q_target, v, d, h)
    online = {**q, **v}
    loss = {"v_loss": v_loss(), "q_loss": q_loss()}
    gradients = dict(zip(v, torch.autograd.grad(loss["v_loss"], list(v.values()))))
    gradients |= dict(zip(q, torch.autograd.grad(loss["q_loss"], list(q.values()))))
    out = {
        "losses": {k: x.item() for k, x in loss.items()},
        "gradients": {f"online/{k}": g for k, g in gradients.items()},
    }
    (v_adam, v_schedule), (q_adam, q_schedule) = optimiser(v, h), optimiser(q, h)
    for update in (1, 2, 3):
        if h.get("update_order", "value-first") == "value-first":
            step(v_adam, v_schedule, v_loss())
            step(q_adam, q_schedule, q_loss())
        else:
            both = v_loss(), q_loss()
            step(v_adam, v_schedule, both[0])
            step(q_adam, q_schedule, both[1])
        with torch.no_grad():
            for k in q:
                q_target[k].copy_((1 - h["target_rate"]) * q_target[k] + h["target_rate"] * q[k])
        if update in (1, 3):
            out[f"after_{update}"] = {f"online/{k}": x.detach().clone() for k, x in online.items()}
            out[f"after_{update}"] |= {f"target/{k}": x.clone() for k, x in q_target.items()}
    return out


# ---------------------------------------------------------------- cases

NET = {"hidden": HIDDEN, "activation": "relu", "layer_norm": "none", "learning_rate": 0.01, "schedule": "constant"}
POLICY = {**NET, "mean": "tanh", "std": "constant", "std_value": 1.0, "log_std_min": -5.0, "log_std_max": 2.0}
LEARNED = {"std": "learned", "std_value": 0.7}
BC = {**POLICY, "loss": "log-prob"}
AWR = {**POLICY, "temperature": 1.5, "clip": 100.0, "advantage_normalization": "none", "critic_network": "online",
       "critic_reduce": "min"}
DDPG = {**POLICY, "alpha": 0.7, "q_normalization": "mean-abs-q", "bc_loss": "log-prob", "critic_network": "online",
        "critic_reduce": "min"}
IQL = {**NET, "expectile": 0.7, "target_rate": 0.1, "ensemble": 2, "value_network": "target", "value_reduce": "min",
       "q_loss": "sum", "update_order": "value-first"}

CASES = {
    "bc": (BC, {
        "log-prob": {},
        "learned-std": LEARNED,
        "learned-std-at-bound": {**LEARNED, "log_std_min": 0.1},
        "log-prob-mean": {"loss": "log-prob-mean", "std_value": 0.5, "activation": "mish"},
        "sum-mse": {"loss": "sum-mse", "mean": "unsquashed", "schedule": "cosine"},
        "mean-mse-norm-before": {"loss": "mean-mse", "layer_norm": "before-activation", "activation": "silu"},
        "norm-after": {"layer_norm": "after-activation", "activation": "gelu", "goal": True},
    }),
    "awr": (AWR, {
        "plain": {},
        "clipped": {"temperature": 30.0, "clip": 2.0},
        "target-mean-std": {"critic_network": "target", "critic_reduce": "mean", "advantage_normalization": "std"},
        "learned-std": {**LEARNED, "goal": True},
    }),
    "ddpg-bc": (DDPG, {
        "mean-abs-q": {},
        "none-sum": {"q_normalization": "none", "bc_loss": "sum-mse", "critic_reduce": "mean"},
        "advantage-std": {"q_normalization": "advantage-std", "bc_loss": "log-prob-mean", "goal": True},
        "unsquashed": {"mean": "unsquashed", "bc_loss": "mean-mse", "critic_network": "target"},
        "learned-std": {**LEARNED, "activation": "elu"},
    }),
    "iql": (IQL, {
        "plain": {},
        "simultaneous-mean": {"update_order": "simultaneous", "q_loss": "mean", "expectile": 0.9},
        "online-mean-norm-after": {"value_network": "online", "value_reduce": "mean", "layer_norm": "after-activation",
                                   "activation": "gelu-tanh", "goal": True},
        "three-norm-before": {"ensemble": 3, "layer_norm": "before-activation", "activation": "tanh",
                              "schedule": "cosine"},
        "one-step": {"terminated": [1, 1, 1, 1, 1]},
    }),
}
LOSSES = {"bc": (bc_loss, "bc_loss"), "awr": (awr_loss, "awr_loss"), "ddpg-bc": (ddpg_bc_loss, "actor_loss")}


def tensors(p, dtype, grad=True):
    return {k: torch.tensor(np.asarray(x, dtype=numpy_type(dtype)), requires_grad=grad) for k, x in p.items()}


def numpy_type(dtype):
    return np.float32 if dtype == torch.float32 else np.float64


def as_case(name, dtype, h, data, start, result):
    """A case as it is written; `data` and `start` are the numbers before they were rounded to `dtype`."""
    precision = "float32" if dtype == torch.float32 else "float64"
    digits = lambda e: float(f"{e:.9g}") if precision == "float32" else float(e)
    flat = lambda x: [digits(e) for e in np.asarray(x, dtype=numpy_type(dtype)).ravel()]
    listed = lambda p: {k: flat(x.detach().numpy() if torch.is_tensor(x) else x) for k, x in p.items()}
    return {
        "name": f"{name} {precision}",
        "precision": precision,
        "hyperparameters": json.dumps(h),
        "data": {"observation_dim": S, "action_dim": A, "goal_dim": data["goal"].shape[1], **listed(data)},
        "parameters": listed(start),
        "losses": result["losses"],
        **{key: listed(result[key]) for key in ("answers", "gradients", "after_1", "after_3") if key in result},
    }


def make_case(learner, name, base, change, dtype, seed):
    change = dict(change)
    goal, terminated = change.pop("goal", False), change.pop("terminated", [0, 1, 0, 0, 1])
    h, rng = {**base, **change}, np.random.default_rng(seed)
    data, inputs = make_data(rng, goal, terminated), S + (G if goal else 0)
    d = tensors(data, dtype, False)
    if learner == "iql":
        members = h["ensemble"]
        q = declare(rng, "critic", [inputs + A, *HIDDEN, 1], h, members)
        q_target = declare(rng, "critic", [inputs + A, *HIDDEN, 1], h, members)
        v = declare(rng, "value", [inputs, *HIDDEN, 1], h)
        start = {f"online/{k}": x for k, x in {**q, **v}.items()} | {f"target/{k}": x for k, x in q_target.items()}
        result = run_value(iql_losses, tensors(q, dtype), tensors(q_target, dtype, False), tensors(v, dtype), d, h)
    else:
        p = declare(rng, "policy", [inputs, *HIDDEN, A], h)
        if h["std"] == "learned":
            p["policy.log_std"] = np.full(A, math.log(h["std_value"])) + np.array([0.1, -0.2])
        start = {f"online/{k}": x for k, x in p.items()}
        loss_of, loss_name = LOSSES[learner]
        result = run_policy(loss_of, loss_name, tensors(p, dtype), d, h)
    return as_case(name, dtype, h, data, start, result)


def write(learner, base, changes, make):
    """`make(name, base, change, dtype, seed)` of every change in both precisions, to `<learner>.json`."""
    torch.set_num_threads(1)
    cases = []
    for seed, (name, change) in enumerate(changes.items()):
        for dtype in (torch.float64, torch.float32):
            cases.append(make(name, base, change, dtype, seed))
    text = {
        "made_by": f"{pathlib.Path(sys.argv[0]).name} with torch {torch.__version__}",
        "tolerance": {"float64_element": 1e-10, "float32_norm": 1e-5},
        "discount": DISCOUNT,
        "horizon": HORIZON,
        "cases": cases,
    }
    lines = json.dumps(text).replace('{"name"', '\n{"name"')
    (HERE / f"{learner}.json").write_text(lines + "\n")


def main():
    for learner, (base, changes) in CASES.items():
        write(learner, base, changes, lambda *case: make_case(learner, *case))


if __name__ == "__main__":
    main()
