"""Golden numbers for the built-in environments, computed independently of the Rust code.

Needs numpy and scipy. Run in this folder: python make.py
Writes cbandit.json, lqr_nav.json and point_maze.json. Inputs are drawn here and stored with the outputs.
"""

import csv
import json
import pathlib

import numpy as np
from scipy import integrate, linalg, stats

HERE = pathlib.Path(__file__).parent
DATA = HERE.parents[2] / "harness" / "envs" / "data"


def write(name, content):
    def plain(x):
        return x.tolist() if isinstance(x, np.ndarray) else float(x)

    (HERE / name).write_text(json.dumps(content, default=plain, separators=(",", ":")) + "\n")


# --- cbandit -------------------------------------------------------------------------------------


def cbandit():
    w = {"w1": np.zeros((4, 8)), "b": np.zeros((1, 8)), "w2": np.zeros((8, 6))}
    with open(DATA / "cbandit_constants.csv") as file:
        for line in csv.DictReader(file):
            w[line["name"]][int(line["row"]), int(line["column"])] = float(line["value"])
    rng = np.random.default_rng(1)
    states = rng.uniform(-1, 1, (50, 4))
    best = 0.7 * np.tanh(1.5 * np.sin(states @ w["w1"] + w["b"]) @ w["w2"])
    actions = rng.uniform(-1.3, 1.3, (50, 6))
    clipped = np.clip(actions, -1, 1)
    rewards = -np.sum((clipped - best) ** 2, axis=1)
    gradients = np.where(np.abs(actions) > 1, 0.0, -2 * (actions - best))

    def value(optimal, gain, bias, noise):
        """The mean reward by numerical integration over the noise, entry by entry."""
        total = 0.0
        for a in optimal:
            mean = gain * a + bias
            edges = sorted({-9.0, 9.0, *(float(np.clip((e - mean) / noise, -9, 9)) for e in (-1, 1))})
            for low, high in zip(edges[:-1], edges[1:]):
                loss = lambda z: (np.clip(mean + noise * z, -1, 1) - a) ** 2 * stats.norm.pdf(z)
                total -= integrate.quad(loss, low, high, epsabs=1e-13, epsrel=1e-13)[0]
        return total

    behaviours = [(0.3, 0.2, 0.25), (1.0, 0.0, 0.05), (1.4, 0.3, 0.6)]
    values = [[value(optimal, *behaviour) for optimal in best[:10]] for behaviour in behaviours]
    write(
        "cbandit.json",
        {
            "states": states,
            "optimal_actions": best,
            "actions": actions,
            "rewards": rewards,
            "gradients": gradients,
            "behaviours": [list(b) for b in behaviours],
            "behaviour_values": values,
        },
    )


# --- lqr-nav: the full eight-dimensional problem ---------------------------------------------------


def lqr():
    eye, zero = np.eye(4), np.zeros((4, 4))
    A = np.block([[eye, 0.3 * eye], [zero, eye]])
    B = np.vstack([0.045 * eye, 0.3 * eye])
    Q = np.diag([1.0] * 4 + [0.1] * 4)
    R = np.eye(4)
    rng = np.random.default_rng(2)
    states = rng.uniform(-1, 1, (40, 8)) * ([1.0] * 4 + [0.2] * 4)
    actions = rng.uniform(-1.2, 1.2, (40, 4))
    inside = np.clip(actions, -1, 1)
    next_states = states @ A.T + inside @ B.T
    rewards = -np.einsum("ni,ij,nj->n", states, Q, states) - np.sum(inside**2, axis=1)
    problems = []
    for discount in (0.9, 0.95, 0.99):
        root = np.sqrt(discount)
        P = linalg.solve_discrete_are(root * A, root * B, Q, R)
        K = discount * np.linalg.solve(R + discount * B.T @ P @ B, B.T @ P @ A)
        values = -np.einsum("ni,ij,nj->n", states, P, states)
        q_values = rewards - discount * np.einsum("ni,ij,nj->n", next_states, P, next_states)
        gradients = np.where(np.abs(actions) > 1, 0.0, -2 * actions - 2 * discount * next_states @ P @ B)
        behaviours = []
        for gain, bias, noise in ((0.35, 0.0, 0.25), (1.0, 0.0, 0.08), (0.6, 0.1, 0.2)):
            F, drift = gain * K, B @ np.full(4, bias)
            C = A - B @ F
            W = linalg.solve_discrete_lyapunov(root * C.T, Q + F.T @ F)
            linear = np.linalg.solve(np.eye(8) - discount * C.T, -F.T @ np.full(4, bias) + discount * C.T @ W @ drift)
            spread = noise**2 * np.trace(B.T @ W @ B)
            one_step = 4 * (bias**2 + noise**2) + discount * (drift @ W @ drift + 2 * linear @ drift + spread)
            constant = one_step / (1 - discount)
            v = -(np.einsum("ni,ij,nj->n", states, W, states) + 2 * states @ linear + constant)
            behaviours.append({"gain": gain, "bias": bias, "noise": noise, "values": v})
        problems.append(
            {
                "discount": discount,
                "gain": [K[0, 0], K[0, 4]],
                "P": [P[0, 0], P[0, 4], P[4, 4]],
                "values": values,
                "q_values": q_values,
                "gradients": gradients,
                "behaviours": behaviours,
            }
        )
    write(
        "lqr_nav.json",
        {"states": states, "actions": actions, "next_states": next_states, "rewards": rewards, "problems": problems},
    )


# --- point-maze ------------------------------------------------------------------------------------

MAPS = {
    "point-maze/umaze-v0": "#####|#G..#|###.#|#...#|#####",
    "point-maze/medium-v0": "########|#..##..#|#..#...#|##...###|#..#...#|#.#..#.#|#...#.G#|########",
    "point-maze/large-v0": "############|#....#.....#|#.##.#.#.#.#|#......#...#|#.####.###.#|#..#.#.....#|##.#.#.#.###|#..#...#.G.#"
    "|############",
}
GAP = 2.0**-16


def maze_step(wall, state, action):
    """One step, written over integer cells: wall[row, column]."""
    position, velocity = list(state[:2]), list(state[2:])
    for axis in (0, 1):
        v = 0.8 * velocity[axis] + (1.0 - 0.8) * 0.2 * min(max(action[axis], -1.0), 1.0)
        cell = [int(np.floor(position[0])), int(np.floor(position[1]))]
        before, after = cell.copy(), cell.copy()
        before[axis] -= 1
        after[axis] += 1
        lowest = cell[axis] + GAP if wall[before[1], before[0]] else -np.inf
        highest = cell[axis] + 1 - GAP if wall[after[1], after[0]] else np.inf
        target = position[axis] + v
        if target < lowest or target > highest:
            target, v = min(max(target, lowest), highest), 0.0
        position[axis], velocity[axis] = float(np.float32(target)), float(np.float32(v))
    return position + velocity


def mazes():
    rng = np.random.default_rng(3)
    trajectories = []
    for name, text in MAPS.items():
        rows = text.split("|")
        wall = np.array([[c == "#" for c in row] for row in rows])
        (goal,) = [(r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell == "G"]
        for start in ([1.5, 1.25, 0.0, 0.0], [2.75, 1.5, 0.0, 0.0]) if len(rows) == 5 else ([1.5, 1.25, 0.0, 0.0], [2.25, 1.5, 0.0, 0.0]):
            states, actions, at_goal = [start], [], []
            for t in range(300):
                if t % 12 == 0:
                    angle = rng.uniform(0, 2 * np.pi)
                action = [float(np.float32(1.3 * f(angle) + 0.3 * rng.normal())) for f in (np.cos, np.sin)]
                states.append(maze_step(wall, states[-1], action))
                actions.append(action)
                distance = np.hypot(states[-1][0] - goal[1] - 0.5, states[-1][1] - goal[0] - 0.5)
                at_goal.append(bool(distance <= 0.45))
            trajectories.append({"map": name, "states": states, "actions": actions, "at_goal": at_goal})
    write("point_maze.json", trajectories)


if __name__ == "__main__":
    cbandit()
    lqr()
    mazes()
