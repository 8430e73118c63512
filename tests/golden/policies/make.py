"""Policies of Stable-Baselines3 with the actions that it gives: small networks, untrained, for each kind of actor that is read.

    pip install stable-baselines3==VERSION gymnasium torch      (versions: see policies.json)
    python make.py

Writes ../../fixtures/data/sb3/*.zip and policies.json: for each file observations [n, S] and `model.predict(deterministic=True)` [n, 1] in an
environment with actions in [-bound, bound]. Tolerance of the test: 1e-6. The other members of the zip files (optimisers) are left out.
"""

import io
import json
import pathlib
import zipfile

import gymnasium
import numpy as np
import stable_baselines3
import torch
from stable_baselines3 import PPO, SAC, TD3

HERE = pathlib.Path(__file__).parent
OUT = HERE / "../../fixtures/data/sb3"
KEEP = ("data", "policy.pth", "_stable_baselines3_version")

# Actions in [-2, 2] and in [-1, 1].
PENDULUM, CAR = "Pendulum-v1", "MountainCarContinuous-v0"
CASES = {
    "sac": (SAC, PENDULUM, {}, {}),
    "sac-sde": (SAC, PENDULUM, {}, {"use_sde": True}),
    "td3": (TD3, PENDULUM, {}, {}),
    "ppo": (PPO, PENDULUM, {}, {}),
    "ppo-elu": (PPO, PENDULUM, {"activation_fn": torch.nn.ELU}, {}),
    "sac-car": (SAC, CAR, {}, {}),
}


def slim(path):
    """The file without optimisers, and with a fixed date in its members, so that it is the same every time."""
    with zipfile.ZipFile(path) as z:
        members = {name: z.read(name) for name in KEEP}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    out = {"versions": {"stable-baselines3": stable_baselines3.__version__, "torch": torch.__version__,
                        "gymnasium": gymnasium.__version__}, "cases": {}}
    for name, (kind, environment, policy, options) in CASES.items():
        model = kind("MlpPolicy", environment, seed=1, device="cpu",
                     policy_kwargs={"net_arch": [6, 5], **policy}, **options)
        with torch.no_grad():
            for parameter in model.policy.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
        model.save(OUT / name)
        slim(OUT / f"{name}.zip")
        observation = rng.normal(size=(8, model.observation_space.shape[0])).astype(np.float32) * 2
        action, _ = model.predict(observation, deterministic=True)
        out["cases"][name] = {
            "bound": float(model.action_space.high[0]), "observation_dim": observation.shape[1],
            "observation": observation.ravel().tolist(), "action": action.ravel().tolist()}
    # Things that are refused: a tensor of double precision, and a pickle that would call something.
    model.policy.double()
    model.save(OUT / "double")
    slim(OUT / "double.zip")
    buffer = io.BytesIO()
    torch.save({"weight": np.zeros(2)}, buffer)
    with zipfile.ZipFile(OUT / "call.zip", "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in (("data", "{}"), ("policy.pth", buffer.getvalue())):
            z.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    (HERE / "policies.json").write_text(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
