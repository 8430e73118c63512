"""Golden numbers for `td3`, `td3-bc` and `rebrac`: see reference.py."""

import numpy as np
import torch

from reference import A, B, DISCOUNT, HIDDEN, POLICY, S, as_case, declare, make_data, mlp, optimiser, step, tensors, write


def losses(kind, p, p_target, q, q_target, d, noise, h):
    s, s2, a = d["observation"], d["next_observation"], d["action"]
    normed = {**h, "layer_norm": h["critic_layer_norm"]}

    def members(w, s, a):
        return mlp(w, "critic", torch.cat([s, a], 1), normed, h["ensemble"]).squeeze(-1)

    def mu(w, s):
        return torch.tanh(mlp(w, "policy", s, h))

    def y():
        with torch.no_grad():
            epsilon = (noise * h["target_noise"]).clamp(-h["target_noise_clip"], h["target_noise_clip"])
            a2 = (mu(p_target, s2) + epsilon).clamp(-1, 1)
            following = members(q_target, s2, a2).min(0).values
            if kind == "rebrac":
                following = following - h["critic_bc_weight"] * ((a2 - d["next_action"]) ** 2).sum(1)
            return d["reward"] + DISCOUNT * (1 - d["terminated"]) * following

    def q_loss():
        return sum(((y() - member) ** 2).mean() for member in members(q, s, a))

    def actor_loss():
        frozen = {k: x.detach() for k, x in q.items()}
        action = mu(p, s)
        values = members(frozen, s, action)
        if kind == "td3":
            return -values[0].mean()
        if kind == "td3-bc":
            weight = h["alpha"] / values[0].abs().mean().detach()
            return -weight * values[0].mean() + torch.nn.functional.mse_loss(action, a)
        value = values.min(0).values
        weight = 1 / value.abs().mean().detach() if h["normalize_q"] else 1
        return (h["actor_bc_weight"] * ((action - a) ** 2).sum(1) - weight * value).mean()

    return y, q_loss, actor_loss


def run(kind, p, p_target, q, q_target, d, noise, h):
    y, q_loss, actor_loss = losses(kind, p, p_target, q, q_target, d, noise, h)
    loss = {"q_loss": q_loss(), "actor_loss": actor_loss()}
    gradients = dict(zip(q, torch.autograd.grad(loss["q_loss"], list(q.values()))))
    gradients |= dict(zip(p, torch.autograd.grad(loss["actor_loss"], list(p.values()))))
    out = {
        "losses": {k: x.item() for k, x in loss.items()},
        "answers": {"y": y()},
        "gradients": {f"online/{k}": g for k, g in gradients.items()},
    }
    (p_adam, p_schedule), (q_adam, q_schedule) = optimiser(p, h), optimiser(q, {**h, "learning_rate": h["critic_learning_rate"]})
    for update in (1, 2, 3):
        step(q_adam, q_schedule, q_loss())
        if update % h["policy_delay"] == 0:
            step(p_adam, p_schedule, actor_loss())
            with torch.no_grad():
                for online, target in ((p, p_target), (q, q_target)):
                    for k in online:
                        target[k].copy_((1 - h["target_rate"]) * target[k] + h["target_rate"] * online[k])
        if update in (1, 3):
            out[f"after_{update}"] = {f"online/{k}": x.detach().clone() for k, x in {**p, **q}.items()}
            out[f"after_{update}"] |= {f"target/{k}": x.clone() for k, x in {**p_target, **q_target}.items()}
    return out


def maker(kind):
    def make(name, base, change, dtype, seed):
        change = dict(change)
        terminated = change.pop("terminated", [0, 1, 0, 0, 1])
        h, rng = {**base, **change}, np.random.default_rng({"td3": 300, "td3-bc": 320, "rebrac": 340}[kind] + seed)
        data = make_data(rng, False, terminated)
        if kind == "rebrac":
            data["next_action"] = rng.uniform(-0.9, 0.9, size=data["action"].shape) * (1 - data["terminated"][:, None])
        normed = {**h, "layer_norm": h["critic_layer_norm"]}
        p, p_target = (declare(rng, "policy", [S, *HIDDEN, A], h) for _ in range(2))
        q, q_target = (declare(rng, "critic", [S + A, *HIDDEN, 1], normed, h["ensemble"]) for _ in range(2))
        noise = rng.normal(size=(B, A))
        start = {f"online/{k}": x for k, x in {**p, **q}.items()}
        start |= {f"target/{k}": x for k, x in {**p_target, **q_target}.items()}
        d, frozen = tensors(data, dtype, False), lambda w: tensors(w, dtype, False)
        result = run(kind, tensors(p, dtype), frozen(p_target), tensors(q, dtype), frozen(q_target), d,
                     tensors({"noise": noise}, dtype, False)["noise"], h)
        return as_case(name, dtype, h, data, start | {"noise": noise}, result)

    return make


TD3 = {**POLICY, "critic_learning_rate": 0.02, "policy_delay": 2, "target_noise": 0.0, "target_noise_clip": 0.5,
       "target_rate": 0.1, "ensemble": 2, "critic_layer_norm": "none"}
# Updates are compared without noise, which the host draws; the cases with noise compare target, losses and gradients.
CHANGES = {
    "plain": {},
    "every-update-three": {"policy_delay": 1, "ensemble": 3, "activation": "tanh"},
    "norm-cosine": {"layer_norm": "before-activation", "critic_layer_norm": "after-activation", "activation": "elu",
                    "schedule": "cosine"},
    "one-step": {"terminated": [1, 1, 1, 1, 1]},
    "noise": {"target_noise": 0.4},
    "noise-clipped": {"target_noise": 2.0, "target_noise_clip": 0.3},
}

TD3_BC = {**TD3, "alpha": 2.5}
TD3_BC_CHANGES = {"plain": {}, "strong-every-update": {"alpha": 0.4, "policy_delay": 1}, "noise": {"target_noise": 0.4}}
REBRAC = {**TD3, "critic_layer_norm": "after-activation", "actor_bc_weight": 0.3, "critic_bc_weight": 0.2, "normalize_q": True}
REBRAC_CHANGES = {"plain": {}, "not-normalised": {"normalize_q": False, "policy_delay": 1, "ensemble": 3},
                  "noise": {"target_noise": 0.4}, "one-step": {"terminated": [1, 1, 1, 1, 1]}}

if __name__ == "__main__":
    write("td3", TD3, CHANGES, maker("td3"))
    write("td3-bc", TD3_BC, TD3_BC_CHANGES, maker("td3-bc"))
    write("rebrac", REBRAC, REBRAC_CHANGES, maker("rebrac"))
