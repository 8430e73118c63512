"""Golden numbers for `flow-bc`: see reference.py. The noise is that of the test host, computed here again; actions
are sampled at position 3."""

import math

import numpy as np
import torch

from reference import A, B, G, HIDDEN, NET, S, as_case, declare, make_data, mlp, optimiser, state, step, tensors, write

MASK = 2**64 - 1


def uniform(seed, stream, position):
    """The test host's uniform numbers: SplitMix64's finaliser over seed, stream and position."""
    x = seed ^ 0x9E3779B97F4A7C15
    for byte in stream.encode():
        x = ((x ^ byte) * 0x100000001B3) & MASK
    for word in (position, ((position << 32) | (position >> 32)) & MASK):
        x = ((x ^ word) + 0x9E3779B97F4A7C15) & MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
        x ^= x >> 31
    return (x >> 11) / 2**53


def uniforms(stream, position, count):
    return np.array([uniform(position, stream, i) for i in range(count)])


def normals(stream, position, count):
    unit = lambda i: uniform(position, stream, i)
    return np.array([math.sqrt(-2 * math.log(1 - unit(2 * i))) * math.cos(math.tau * unit(2 * i + 1))
                     for i in range(count)])


def loss_of(p, d, h, update):
    a = d["action"]
    noise = torch.tensor(normals("noise", update, B * A)).to(a.dtype).reshape(B, A)
    time = torch.tensor(uniforms("time", update, B)).to(a.dtype)
    total = 0
    for i in range(B):
        x = noise[i] + time[i] * (a[i] - noise[i])
        out = mlp(p, "velocity", torch.cat([state(d)[i], x, time[i : i + 1]])[None], h)[0]
        total = total + ((out - (a[i] - noise[i])) ** 2).mean() / B
    return total


def act(p, d, h, noise):
    x = torch.tensor(noise).to(d["action"].dtype).reshape(B, A)
    for k in range(h["flow_steps"]):
        time = torch.full((B, 1), k / h["flow_steps"], dtype=x.dtype)
        x = x + mlp(p, "velocity", torch.cat([state(d), x, time], 1), h) / h["flow_steps"]
    return x.clamp(-1, 1)


def make(name, base, change, dtype, seed):
    change = dict(change)
    goal = change.pop("goal", False)
    h, rng = {**base, **change}, np.random.default_rng(300 + seed)
    data, inputs = make_data(rng, goal, [0, 1, 0, 0, 1]), S + (G if goal else 0) + A + 1
    start = declare(rng, "velocity", [inputs, *HIDDEN, A], h)
    p, d = tensors(start, dtype), tensors(data, dtype, False)
    loss = loss_of(p, d, h, 0)
    gradients = torch.autograd.grad(loss, list(p.values()))
    result = {"losses": {"flow_loss": loss.item()}, "gradients": {f"online/{k}": g for k, g in zip(p, gradients)}}
    result["answers"] = {"act": act(p, d, h, normals("act", 3, B * A)), "greedy": act(p, d, h, np.zeros(B * A))}
    adam, schedule = optimiser(p, h)
    for update in (1, 2, 3):
        step(adam, schedule, loss_of(p, d, h, update - 1))
        if update in (1, 3):
            result[f"after_{update}"] = {f"online/{k}": x.detach().clone() for k, x in p.items()}
    return as_case(name, dtype, h, data, {f"online/{k}": x for k, x in start.items()}, result)


FLOW = {**NET, "flow_steps": 10}
CHANGES = {
    "plain": {},
    "goal": {"goal": True, "flow_steps": 1},
    "norm-after-cosine": {"layer_norm": "after-activation", "activation": "gelu", "schedule": "cosine",
                          "flow_steps": 3},
}

if __name__ == "__main__":
    write("flow-bc", FLOW, CHANGES, make)
