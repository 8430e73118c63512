#!/usr/bin/env python3
"""Golden stretches of gymnasium's Hopper, Walker2d and HalfCheetah: v4, v5, and with the capsules of MuJoCo 2.0.

Usage: locomotion.py [--out FOLDER] [--seed N]; needs exactly gymnasium==1.4.0 mujoco==3.9.0 numpy==2.3.5 (and what
gymnasium imports: imageio, packaging).

Start states: after up to 60 random steps of an episode (of every second: up to 8), plus noise; every third near the bounds of termination, every
fourth with velocities beyond the clipping of observations. Actions, by stretch modulo 3: uniform in [-1, 1], uniform
in [-2, 2], small. `reference.py` has hopper and halfcheetah v4, from states of D4RL's data.
"""

import mujoco
import numpy as np
from gymnasium.envs.mujoco.half_cheetah_v4 import HalfCheetahEnv as HalfCheetah4
from gymnasium.envs.mujoco.half_cheetah_v5 import HalfCheetahEnv as HalfCheetah5
from gymnasium.envs.mujoco.hopper_v4 import HopperEnv as Hopper4
from gymnasium.envs.mujoco.hopper_v5 import HopperEnv as Hopper5
from gymnasium.envs.mujoco.walker2d_v4 import Walker2dEnv as Walker4
from gymnasium.envs.mujoco.walker2d_v5 import Walker2dEnv as Walker5

import golden

STRETCHES = 36
STEPS = 12
# File: constructor, environments with raw actions, environments with clipped actions, old capsules.
FILES = {
    "walker2d-v4": (Walker4, ["walker2d/gymnasium-v4"], ["walker2d/d4rl-v4"], False),
    "walker2d-v5": (Walker5, ["walker2d/gymnasium-v5"], [], False),
    "hopper-v5": (Hopper5, ["hopper/gymnasium-v5"], [], False),
    "halfcheetah-v5": (HalfCheetah5, ["halfcheetah/gymnasium-v5"], [], False),
    "hopper-mj20": (Hopper4, [], ["hopper/d4rl-mj20-v4"], True),
    "walker2d-mj20": (Walker4, [], ["walker2d/d4rl-mj20-v4"], True),
    "halfcheetah-mj20": (HalfCheetah4, [], ["halfcheetah/d4rl-mj20-v4"], True),
}


def with_old_capsules(env):
    """Capsules as cylinders of length 2 h + r (MuJoCo's changelog, 2.1.1, item 7), given to the compiler."""
    model, spec = env.model, mujoco.MjSpec.from_file(env.fullpath)
    spec.compiler.inertiafromgeom = mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_FALSE
    for body in range(1, model.nbody):
        parts = []
        for geom in np.flatnonzero(model.geom_bodyid == body):
            assert model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_CAPSULE
            r, h = model.geom_size[geom][:2]
            length = 2 * h + r
            mass = 1000.0 * np.pi * r**2 * length
            across = mass * (3 * r**2 + length**2) / 12
            rotation = np.zeros(9)
            mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
            rotation = rotation.reshape(3, 3)
            local = rotation @ np.diag([across, across, mass * r**2 / 2]) @ rotation.T
            parts.append((mass, model.geom_pos[geom], local))
        mass = sum(part[0] for part in parts)
        centre = sum(part[0] * part[1] for part in parts) / mass
        inertia = np.zeros((3, 3))
        for part_mass, position, local in parts:
            d = position - centre
            inertia += local + part_mass * (d @ d * np.eye(3) - np.outer(d, d))
        target = spec.body(model.body(body).name)
        target.explicitinertial, target.mass, target.ipos = True, mass, centre
        target.fullinertia = inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
    env.model = spec.compile()
    env.data = mujoco.MjData(env.model)


def start_state(rng, env, stretch):
    env.reset(seed=int(rng.integers(2**31)))
    for _ in range(int(rng.integers(0, [61, 9][stretch % 2]))):
        env.step(rng.uniform(-1, 1, env.model.nu).astype(np.float32))
    qpos, qvel = env.data.qpos.copy(), env.data.qvel.copy()
    qpos[0] = rng.uniform(-50, 50)
    qpos[1:] += rng.normal(0, 0.02, len(qpos) - 1)
    if stretch % 3 == 0 and env.model.jnt_range.shape[0] < 10 and "Cheetah" not in type(env).__name__:
        limit = 0.2 if "Hopper" in type(env).__name__ else 1.0
        qpos[2] = rng.choice([-1, 1]) * limit * rng.uniform(0.9, 1.0)
        qvel[2] = np.sign(qpos[2]) * rng.uniform(0, 5)
    if stretch % 4 == 1:
        qvel += rng.normal(0, 8, len(qvel))
    return np.concatenate([qpos, qvel])


def draw_actions(rng, env, stretch):
    scale = [1.0, 2.0, 0.2][stretch % 3]
    return rng.uniform(-scale, scale, (STEPS, env.model.nu)).astype(np.float32)


def roll(env, state, actions):
    mujoco.mj_resetData(env.model, env.data)
    env.set_state(state[: env.model.nq], state[env.model.nq :])
    observations, rewards, terminated, contacts = [env._get_obs()], [], [], 0
    for action in actions:
        observation, reward, end, _, _ = env.step(action)
        observations.append(observation)
        rewards.append(np.float64(reward))
        terminated.append(bool(end))
        contacts += env.data.ncon > 0
    return np.array(observations), np.array(rewards), np.array(terminated, np.uint8), contacts


def main():
    made_with = golden.check_pins("gymnasium", "mujoco", "numpy")
    arguments = golden.arguments(__doc__)
    for number, (name, (make, raw, clipping, capsules)) in enumerate(FILES.items()):
        env = make()
        if capsules:
            with_old_capsules(env)
        rng = np.random.default_rng([arguments.seed, number])
        rewards = {f"reward:{id}": [] for id in raw + clipping}
        columns = {"state": [], "action": [], "observation": [], "terminated": [], **rewards}
        facts = dict.fromkeys(
            ["stretches_out_of_bounds", "stretches_through_termination", "steps_in_contact", "steps_with_clipped_velocity"], 0
        )
        for stretch in range(STRETCHES):
            state = start_state(rng, env, stretch)
            actions = draw_actions(rng, env, stretch)
            for id in raw + clipping:
                played = golden.clipped(actions) if id in clipping else actions
                observations, reward, terminated, contacts = roll(env, state, played)
                columns[f"reward:{id}"].append(reward)
            for key, value in zip(columns, (state, actions, observations, terminated), strict=False):
                columns[key].append(value)
            facts["stretches_out_of_bounds"] += bool((np.abs(actions) > 1).any())
            facts["stretches_through_termination"] += bool(terminated.any())
            facts["steps_in_contact"] += contacts
            facts["steps_with_clipped_velocity"] += int((np.abs(observations[1:, -env.model.nv :]) == 10).any(axis=1).sum())
        tolerance = 1e-9 if capsules else 0.0
        golden.write(arguments.out, name, raw + clipping, made_with, columns, facts, tolerance)


if __name__ == "__main__":
    main()
