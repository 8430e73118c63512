"""Writes rewards of dm_control's walker and cheetah in given states, and prints the constants of their models.

    python relabel_reference.py relabel_reference.json

Needs dm_control 1.0.39, mujoco 3.9.0, numpy 2.3.5. States are those of random play and of random numbers. `walker_flip`
and `cheetah_run_backward` are ExoRL's tasks (github.com/denisyarats/exorl, `custom_dmc_tasks`), written out here with
dm_control's own `tolerance` and MuJoCo's own centre-of-mass velocity and angular momentum.
"""

import json
import sys

import mujoco
import numpy as np
from dm_control import suite
from dm_control.utils import rewards


def constants(physics):
    model = physics.model
    for b in range(1, model.nbody):
        rotation = np.zeros(9)
        mujoco.mju_quat2Mat(rotation, model.body_iquat[b])
        rotation = rotation.reshape(3, 3)
        inertia = (rotation @ np.diag(model.body_inertia[b]) @ rotation.T)[1, 1]
        joint = model.jnt_pos[b + 1] if b > 1 else np.zeros(3)
        print(model.id2name(b, "body"), model.body_parentid[b] - 1, model.body_pos[b], joint, model.body_ipos[b], model.body_mass[b], repr(inertia))


def walker(physics, speed=None, flip=False):
    standing = rewards.tolerance(physics.torso_height(), bounds=(1.2, float("inf")), margin=0.6)
    stand = (3 * standing + (1 + physics.torso_upright()) / 2) / 4
    if flip:
        spin = physics.named.data.subtree_angmom["torso"][1]
        move = rewards.tolerance(spin, bounds=(5, float("inf")), margin=5, value_at_margin=0, sigmoid="linear")
        return stand * (5 * move + 1) / 6
    return stand


def cheetah(physics, sign):
    speed = sign * physics.speed()
    return rewards.tolerance(speed, bounds=(10, float("inf")), margin=10, value_at_margin=0, sigmoid="linear")


def main(path):
    rng = np.random.default_rng(20261129)
    cases = []
    for domain, tasks in [("walker", ["stand", "walk", "run", "flip"]), ("cheetah", ["run", "run_backward"])]:
        env = suite.load(domain, "walk" if domain == "walker" else "run", task_kwargs={"random": 3})
        constants(env.physics)
        states = []
        env.reset()
        for step in range(200):
            env.step(rng.uniform(-1, 1, env.physics.model.nu))
            if step % 25 == 24:
                states.append(env.physics.get_state().copy())
        for _ in range(8):
            state = rng.normal(size=18)
            state[9:] *= 5
            states.append(state)
        for task in tasks:
            own = suite.load(domain, task) if task in ("stand", "walk", "run") else env
            for state in states:
                with own.physics.reset_context():
                    own.physics.set_state(state)
                if task == "flip":
                    reward = walker(own.physics, flip=True)
                elif task == "run_backward":
                    reward = cheetah(own.physics, -1)
                else:
                    reward = own.task.get_reward(own.physics)
                cases.append({"task": f"{domain}_{task}", "state": state.tolist(), "reward": float(reward)})
    with open(path, "w") as file:
        json.dump(cases, file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
