"""Golden numbers for what happens while acting, in `opex`, `sfbc` and `ttt`, and for one step of `policy-update/1`: see
reference.py.

* opex.json: the closed-form stages of the plugins' tests, `Q_i(s, a) = o_i - |a - t_i s'|^2` and a base action
  `clip(g s' + b)` with `s'` the first entries of `s`, whose constants are parameters; the actions.
* sfbc.json: candidates of every state as parameters, `[B, N, A]`; the chosen ones, asked greedily and sampled at position 3.
* policy-update.json: a trained policy (`offline`) and where it was moved to (`online`); the data's actions stand for dQ/da.
* ttt.json: episode 2 in the states `next_observation`, under the goal of the first row; the policy after updates, its actions
  and the divergences. Draws are those of the test host, computed here again.
"""

import math
import struct

import numpy as np
import torch

from flow_bc import MASK, uniforms
from reference import (A, B, G, HIDDEN, LEARNED, POLICY, S, as_case, declare, known_q, make_data, numpy_type, policy_mean,
                       state, tensors, write)

EMPTY = {"losses": {}, "answers": {}, "gradients": {}, "after_1": {}, "after_3": {}}
BOUNDS = (-1, 1)


def split(change):
    change = dict(change)
    return change.pop("goal", False), change


# ---------------------------------------------------------------- opex


def ascended(q, h):
    """What the members `[M, B]` are reduced to."""
    if h["critic_reduce"] == "lower-bound":
        return q.mean(0) - h["pessimism"] * q.std(0, correction=0)
    return q.mean(0) if h["critic_reduce"] == "mean" else q.min(0).values


def opex_action(scene, d, h):
    near = d["observation"][:, :A]

    def members(a):
        away = [((a - t * near) ** 2).sum(1) for t in scene["critic/target"]]
        return torch.stack([o - x for o, x in zip(scene["critic/offset"], away)])

    advantage = ascended(members(d["action"]), {**h, "critic_reduce": "mean" if h["critic_reduce"] == "mean" else "min"})
    a = (scene["policy/gain"] * near + scene["policy/bias"]).clamp(*BOUNDS)
    for _ in range(h["steps"]):
        a = a.detach().requires_grad_()
        (g,) = torch.autograd.grad(ascended(members(a), h).sum(), a)
        g = {
            "none": lambda: g,
            "sign": lambda: g.sign(),
            "l2": lambda: torch.nn.functional.normalize(g, dim=1),
            "advantage-std": lambda: g / advantage.std(correction=0),
        }[h["normalization"]]()
        a = (a + h["beta"] * g).clamp(*BOUNDS)
    return a.detach()


def make_opex(name, base, change, dtype, seed):
    members = change.get("members", 2)
    h = {**base, **{k: x for k, x in change.items() if k != "members"}}
    rng = np.random.default_rng(600 + seed)
    data = make_data(rng, False, [0, 1, 0, 0, 1])
    scene = {"critic/target": rng.normal(size=members), "critic/offset": 0.3 * rng.normal(size=members),
             "policy/gain": rng.normal(size=1), "policy/bias": 0.2 * rng.normal(size=A)}
    result = {**EMPTY, "answers": {"greedy": opex_action(tensors(scene, dtype, False), tensors(data, dtype, False), h)}}
    return as_case(name, dtype, h, data, scene, result)


OPEX = {"beta": 0.1, "steps": 1, "normalization": "none", "critic_reduce": "min", "pessimism": 1.0}
OPEX_CHANGES = {
    "plain": {},
    "mean-three-steps": {"critic_reduce": "mean", "steps": 3},
    "sign": {"normalization": "sign"},
    "length": {"normalization": "l2", "beta": 0.3, "steps": 2},
    "advantage-std": {"normalization": "advantage-std", "beta": 0.4},
    "advantage-std-mean": {"normalization": "advantage-std", "critic_reduce": "mean"},
    "clipped": {"beta": 2.0},
    "lower-bound-of-two": {"critic_reduce": "lower-bound", "pessimism": 0.7},
    "lower-bound-of-four": {"critic_reduce": "lower-bound", "pessimism": 1.5, "members": 4, "steps": 2},
}


# ---------------------------------------------------------------- sfbc

CANDIDATES = 6


def position_of(numbers):
    """SplitMix64 over the bits of a state's numbers."""
    x = 0x9E3779B97F4A7C15
    for number in numbers:
        (bits,) = struct.unpack("<Q", struct.pack("<d", float(number) + 0.0))
        x = ((x ^ bits) + 0x9E3779B97F4A7C15) & MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
        x ^= x >> 31
    return x


def selected(candidates, d, h, uniform_of):
    rows = []
    for b, of_row in enumerate(candidates):
        s = state(d)[b].expand(CANDIDATES, -1)
        q = known_q(s, of_row, h["critic_network"], h["critic_reduce"])
        if h["selection"] == "argmax":
            rows.append(of_row[q.argmax()])
        else:
            shares = torch.softmax(h["inverse_temperature"] * q.double(), 0).cumsum(0)
            rows.append(of_row[int(torch.searchsorted(shares, uniform_of(b), right=True))])
    return torch.stack(rows)


def make_sfbc(name, base, change, dtype, seed):
    goal, change = split(change)
    h, rng = {**base, **change}, np.random.default_rng(700 + seed)
    data = make_data(rng, goal, [0, 1, 0, 0, 1])
    # Positions are hashes of the states' bits, which must survive being written as decimals.
    data |= {k: np.round(64 * data[k]) / 64 for k in ("observation", "goal")}
    start = {"candidates": rng.uniform(-1, 1, size=(B, CANDIDATES, A))}
    d = tensors(data, dtype, False)
    candidates = tensors(start, dtype, False)["candidates"]
    of_state = lambda b: float(uniforms("select", position_of(state(d)[b].double().numpy()), 1)[0])
    of_position = lambda b: float(uniforms("select", 3, B)[b])
    answers = {"greedy": selected(candidates, d, h, of_state), "sampled": selected(candidates, d, h, of_position)}
    return as_case(name, dtype, h, data, start, {**EMPTY, "answers": answers})


SFBC = {"candidates": CANDIDATES, "selection": "argmax", "inverse_temperature": 100.0, "critic_network": "online",
        "critic_reduce": "min"}
SFBC_CHANGES = {
    "argmax": {},
    "argmax-mean-target-goal": {"critic_reduce": "mean", "critic_network": "target", "goal": True},
    "softmax": {"selection": "softmax", "inverse_temperature": 1.0},
    "softmax-goal": {"selection": "softmax", "inverse_temperature": 0.3, "goal": True},
    "softmax-sharp": {"selection": "softmax"},
}


# ---------------------------------------------------------------- policy-update/1


def gaussian(p, d, h):
    std = torch.full((A,), h["std_value"], dtype=d["observation"].dtype)
    if h["std"] == "learned":
        std = p["policy.log_std"].clamp(h["log_std_min"], h["log_std_max"]).exp()
    mean = policy_mean(p, d, h)
    return torch.distributions.Normal(mean, std.expand_as(mean))


def objective(p, offline, d, h, dq_da, weight):
    pi = gaussian(p, d, h)
    with torch.no_grad():
        pi_off = gaussian(offline, d, h)
    kl = torch.distributions.kl_divergence(pi_off, pi).sum(1).mean()
    return (dq_da * pi.mean.clamp(*BOUNDS)).sum(1).mean() - weight * kl, kl


def declare_policy(rng, inputs, h):
    p = declare(rng, "policy", [inputs, *HIDDEN, A], h)
    if h["std"] == "learned":
        p["policy.log_std"] = np.full(A, math.log(h["std_value"])) + np.array([0.1, -0.2])
    return p


def ascend(adam, value):
    adam.zero_grad()
    (-value).backward()
    adam.step()


def make_update(name, base, change, dtype, seed):
    goal, change = split(change)
    h, rng = {**base, **change}, np.random.default_rng(800 + seed)
    data, inputs = make_data(rng, goal, [0, 1, 0, 0, 1]), S + (G if goal else 0)
    offline = declare_policy(rng, inputs, h)
    moved = {k: x + 0.1 * rng.normal(size=x.shape) for k, x in offline.items()}
    p, off, d = tensors(moved, dtype), tensors(offline, dtype, False), tensors(data, dtype, False)
    of = lambda: objective(p, off, d, h, d["action"], h["kl_weight"])
    value, kl = of()
    gradients = torch.autograd.grad(value, list(p.values()))
    result = {**EMPTY, "losses": {"objective": value.item(), "kl": kl.item()}}
    result["gradients"] = {f"online/{k}": g for k, g in zip(p, gradients)}
    adam = torch.optim.Adam(list(p.values()), lr=h["learning_rate"])
    for update in (1, 2, 3):
        ascend(adam, of()[0])
        if update in (1, 3):
            result[f"after_{update}"] = {f"online/{k}": x.detach().clone() for k, x in p.items()}
    start = {f"offline/{k}": x for k, x in offline.items()} | {f"online/{k}": x for k, x in moved.items()}
    return as_case(name, dtype, h, data, start, result)


UPDATE = {k: x for k, x in POLICY.items() if k != "schedule"} | {"kl_weight": 0.6}
UPDATE_CHANGES = {
    "constant": {"std_value": 0.5},
    "learned": LEARNED,
    "learned-goal-norm": {**LEARNED, "goal": True, "layer_norm": "after-activation", "activation": "gelu"},
    "unsquashed-no-weight": {"mean": "unsquashed", "kl_weight": 0.0},
    "unsquashed-learned": {**LEARNED, "mean": "unsquashed", "kl_weight": 3.0},
}


# ---------------------------------------------------------------- ttt

EPISODE = 2


def dq_da(p, d, h, form):
    a = policy_mean(p, d, form).detach().clamp(*BOUNDS).requires_grad_()
    q = known_q(state(d), a, h["critic_network"], h["critic_reduce"])
    (g,) = torch.autograd.grad(q.sum(), a)
    return g / q.abs().mean().detach() if h["q_normalization"] == "mean-abs-q" else g


def make_ttt(name, base, change, dtype, seed):
    goal, change = split(change)
    form = {k: x for k, x in {**POLICY, **change.pop("policy", {})}.items() if k not in ("schedule", "learning_rate")}
    h, rng = {**base, **change}, np.random.default_rng(900 + seed)
    data, inputs = make_data(rng, goal, [0, 1, 0, 0, 1]), S + (G if goal else 0)
    offline = declare_policy(rng, inputs, form)
    p, off, d = tensors(offline, dtype), tensors(offline, dtype, False), tensors(data, dtype, False)
    adam = torch.optim.Adam(list(p.values()), lr=h["learning_rate"])
    kept, updates, result = [], 0, {**EMPTY, "answers": {}}
    kls, from_data = [], round(h["data_share"] * B)
    for steps in range(1, 3 * h["interval"] + 1):
        visit = {"observation": d["next_observation"][(steps - 1) % B][None], "goal": d["goal"][:1]}
        kept = (kept + [visit])[-h["memory"]:]
        if steps % h["interval"]:
            continue
        draws = uniforms("visited", (EPISODE << 32) | updates, B - from_data)
        drawn = [kept[int(u * len(kept))] for u in draws]
        batch = {k: torch.cat([d[k][:from_data]] + [x[k] for x in drawn]) for k in ("observation", "goal")}
        value, kl = objective(p, off, batch, form, dq_da(p, batch, h, form), h["beta"])
        kls.append(kl.detach().reshape(1))
        ascend(adam, value)
        updates += 1
        if updates in (1, 3):
            result[f"after_{updates}"] = {f"online/{k}": x.detach().clone() for k, x in p.items()}
            result["answers"][f"action after {updates}"] = policy_mean(p, visit, form).detach().clamp(*BOUNDS)
    result["answers"]["kl"] = torch.cat(kls)
    case = as_case(name, dtype, {"ttt": h, "policy": form}, data, {f"online/{k}": x for k, x in offline.items()}, result)
    return case


TTT = {"beta": 1.0, "learning_rate": 0.01, "interval": 1, "data_share": 0.6, "memory": 10, "q_normalization": "none",
       "critic_network": "online", "critic_reduce": "min"}
TTT_CHANGES = {
    "plain": {"policy": {"std_value": 0.5}},
    "learned-goal-mean-abs-q": {"policy": LEARNED, "goal": True, "q_normalization": "mean-abs-q", "critic_reduce": "mean"},
    "interval-visited-only": {"interval": 2, "data_share": 0.0, "beta": 0.2, "policy": {"mean": "unsquashed"}},
    "data-only-target": {"data_share": 1.0, "critic_network": "target", "policy": {"activation": "tanh"}},
    "short-memory": {"interval": 2, "memory": 1, "data_share": 0.2, "beta": 0.0},
}

if __name__ == "__main__":
    write("opex", OPEX, OPEX_CHANGES, make_opex)
    write("sfbc", SFBC, SFBC_CHANGES, make_sfbc)
    write("policy-update", UPDATE, UPDATE_CHANGES, make_update)
    write("ttt", TTT, TTT_CHANGES, make_ttt)
