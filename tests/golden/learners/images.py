"""Golden numbers for learners that read images through convolutions: see reference.py.

Writes bc-image.json and iql-image.json. A kernel [out, in, 3, 3] is stored as [out, in * 9].
"""

import numpy as np
import torch
import torch.nn.functional as F

from reference import (A, BC, DISCOUNT, G, HIDDEN, IQL, activation, as_case, bc_loss, declare, make_data, mlp, run_policy,
                       run_value, tensors, write)

SHAPE, CHANNELS, FEATURES = (2, 5, 4), [3, 2], 2 * 2 * 1
IMAGE = {"image_encoder": "conv", "image_channels": CHANNELS}


def declare_image(rng, prefix):
    p, channels = {}, SHAPE[0]
    for i, out in enumerate(CHANNELS):
        p[f"{prefix}.image.{i}.weight"] = rng.normal(size=[out, channels * 9]) * 0.4
        p[f"{prefix}.image.{i}.bias"] = rng.normal(size=[out]) * 0.3
        channels = out
    return p


def features(p, prefix, pixels, h):
    """Kernels of 3 x 3 pixels, two pixels apart, with a border of zeros."""
    x = pixels.reshape(-1, *SHAPE)
    for i, out in enumerate(CHANNELS):
        weight = p[f"{prefix}.image.{i}.weight"].reshape(out, x.shape[1], 3, 3)
        x = activation(h["activation"], F.conv2d(x, weight, p[f"{prefix}.image.{i}.bias"], stride=2, padding=1))
    return x.reshape(len(x), -1)


def image_data(rng, goal, terminated):
    data = make_data(rng, goal, terminated)
    for key in ("observation", "next_observation"):
        data[key] = rng.uniform(size=(len(data["reward"]), int(np.prod(SHAPE))))
    return data


def image_bc_loss(p, d, h):
    return bc_loss(p, {**d, "observation": features(p, "policy", d["observation"], h)}, h)


def image_iql_losses(q, q_target, v, d, h):
    def members(p):
        s = torch.cat([features(p, "critic", d["observation"], h), d["goal"]], 1)
        heads = {k: x for k, x in p.items() if ".image." not in k}
        return mlp(heads, "critic", torch.cat([s, d["action"]], 1), h, h["ensemble"]).squeeze(-1)

    def value(key):
        return mlp(v, "value", torch.cat([features(v, "value", d[key], h), d["goal"]], 1), h).squeeze(-1)

    def v_loss():
        with torch.no_grad():
            best = members(q_target if h["value_network"] == "target" else q)
            best = best.min(0).values if h["value_reduce"] == "min" else best.mean(0)
        u = best - value("observation")
        return torch.where(u < 0, (1 - h["expectile"]) * u**2, h["expectile"] * u**2).mean()

    def q_loss():
        with torch.no_grad():
            y = d["reward"] + DISCOUNT * (1 - d["terminated"]) * value("next_observation")
        total = sum(((y - member) ** 2).mean() for member in members(q))
        return total if h["q_loss"] == "sum" else total / h["ensemble"]

    return v_loss, q_loss


def make_policy(name, base, change, dtype, seed):
    change = dict(change)
    goal = change.pop("goal", False)
    h, rng = {**base, **change}, np.random.default_rng(400 + seed)
    data = image_data(rng, goal, [0, 1, 0, 0, 1])
    p = declare_image(rng, "policy") | declare(rng, "policy", [FEATURES + (G if goal else 0), *HIDDEN, A], h)
    result = run_policy(image_bc_loss, "bc_loss", tensors(p, dtype), tensors(data, dtype, False), h)
    return shaped(as_case(name, dtype, h, data, {f"online/{k}": x for k, x in p.items()}, result))


def make_value(name, base, change, dtype, seed):
    change = dict(change)
    goal = change.pop("goal", False)
    h, rng = {**base, **change}, np.random.default_rng(500 + seed)
    data, inputs = image_data(rng, goal, [0, 1, 0, 0, 1]), FEATURES + (G if goal else 0)
    critic = lambda: declare_image(rng, "critic") | declare(rng, "critic", [inputs + A, *HIDDEN, 1], h, h["ensemble"])
    q, q_target = critic(), critic()
    v = declare_image(rng, "value") | declare(rng, "value", [inputs, *HIDDEN, 1], h)
    start = {f"online/{k}": x for k, x in {**q, **v}.items()} | {f"target/{k}": x for k, x in q_target.items()}
    d, target = tensors(data, dtype, False), tensors(q_target, dtype, False)
    return shaped(as_case(name, dtype, h, data, start,
                          run_value(image_iql_losses, tensors(q, dtype), target, tensors(v, dtype), d, h)))


def shaped(case):
    case["data"] |= {"observation_dim": int(np.prod(SHAPE)), "observation_shape": SHAPE}
    return case


CHANGES = {"plain": {}, "goal-norm": {"goal": True, "layer_norm": "before-activation", "activation": "silu"}}

if __name__ == "__main__":
    write("bc-image", {**BC, **IMAGE}, CHANGES, make_policy)
    write("iql-image", {**IQL, **IMAGE}, CHANGES, make_value)
