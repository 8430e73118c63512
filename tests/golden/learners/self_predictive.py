"""Golden numbers for `self-predictive`: see reference.py."""

import numpy as np
import torch

from images import FEATURES, IMAGE, SHAPE, declare_image, features, image_data, shaped
from reference import A, HIDDEN, NET, S, as_case, declare, make_data, mlp, optimiser, tensors, write

PREDICTOR = [4]


def layers(h, hidden):
    return {**h, "hidden": hidden}


def code(p, s, h):
    if h["image_encoder"] == "conv" and s.shape[1] != S:
        s = features(p, "phi", s, h)
    return mlp(p, "phi", s, h)


def terms(p, target, d, h):
    z = code(p, d["observation"], h)
    after = torch.cat([z, d["action"]], 1)
    predicted = z + mlp(p, "dynamics", after, layers(h, PREDICTOR))
    with torch.no_grad():
        wanted = code(target, d["next_observation"], h)
    goes_on = d["terminated"] == 0
    prediction = ((predicted - wanted)[goes_on] ** 2).mean()
    variance = torch.relu(1 - (z.var(0, correction=1) + 1e-4).sqrt()).mean()
    cov = torch.cov(z.T)
    covariance = ((cov**2).sum() - (cov.diag() ** 2).sum()) / h["latent"]
    loss = prediction + h["variance_weight"] * variance + h["covariance_weight"] * covariance
    if h["reward_weight"] > 0:
        r = mlp(p, "reward", after, layers(h, PREDICTOR)).squeeze(-1)
        loss = loss + h["reward_weight"] * ((r - d["reward"]) ** 2).mean()
    return {"loss": loss, "prediction_loss": prediction, "variance_loss": variance, "covariance_loss": covariance}


def run(p, target, d, h):
    now = terms(p, target, d, h)
    gradients = dict(zip(p, torch.autograd.grad(now["loss"], list(p.values()))))
    out = {
        "losses": {k: x.item() for k, x in now.items()},
        "answers": {"code": code(p, d["observation"], h)},
        "gradients": {f"online/{k}": g for k, g in gradients.items()},
    }
    adam, schedule = optimiser(p, h)
    for update in (1, 2, 3):
        adam.zero_grad()
        terms(p, target, d, h)["loss"].backward()
        adam.step()
        schedule.step()
        with torch.no_grad():
            for k in target:
                target[k].copy_((1 - h["target_rate"]) * target[k] + h["target_rate"] * p[k])
        if update in (1, 3):
            out[f"after_{update}"] = {f"online/{k}": x.detach().clone() for k, x in p.items()}
            out[f"after_{update}"] |= {f"target/{k}": x.clone() for k, x in target.items()}
    return out


def make(name, base, change, dtype, seed):
    change = dict(change)
    image = change.pop("image", False)
    h, rng = {**base, **change}, np.random.default_rng(300 + seed)
    ends = [0, 1, 0, 0, 0]
    data = image_data(rng, False, ends) if image else make_data(rng, False, ends)
    inputs, latent = FEATURES if image else S, h["latent"]
    encoder = lambda: (declare_image(rng, "phi") if image else {}) | declare(rng, "phi", [inputs, *HIDDEN, latent], h)
    phi, target = encoder(), encoder()
    heads = declare(rng, "dynamics", [latent + A, *PREDICTOR, latent], h)
    if h["reward_weight"] > 0:
        heads |= declare(rng, "reward", [latent + A, *PREDICTOR, 1], h)
    start = {f"online/{k}": x for k, x in {**phi, **heads}.items()} | {f"target/{k}": x for k, x in target.items()}
    result = run(tensors({**phi, **heads}, dtype), tensors(target, dtype, False), tensors(data, dtype, False), h)
    case = as_case(name, dtype, h, data, start, result)
    return shaped(case) if image else case


BASE = {**NET, **IMAGE, "latent": 3, "target_rate": 0.1, "variance_weight": 1.0, "covariance_weight": 0.04,
        "reward_weight": 0.0, "predictor_hidden": PREDICTOR}
CHANGES = {
    "plain": {},
    "reward-norm": {"reward_weight": 0.5, "layer_norm": "after-activation", "activation": "gelu", "latent": 4},
    "image-cosine": {"image": True, "schedule": "cosine", "covariance_weight": 0.7},
}

if __name__ == "__main__":
    write("self-predictive", BASE, CHANGES, make)
