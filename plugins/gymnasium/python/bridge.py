"""The Python side of Assay's bridge to Gymnasium; see README.md beside for frames and names.

Run as `python -s -c THIS parent_pid`. Frames come on stdin and go to stdout; whatever else prints goes to stderr.
Each frame is a header of five little-endian uint32 (magic, kind, sequence, instance, length of payload) and the payload.
"""

import os
import sys

# With -c, the current folder is on the path; nothing of it may be imported by accident.
sys.path[:] = [folder for folder in sys.path if folder]

import difflib
import functools
import importlib
import importlib.metadata
import importlib.util
import random
import re
import struct
import traceback

MAGIC = 0x59534741  # "AGSY"
HEADER = struct.Struct("<5I")
DESCRIPTION = struct.Struct("<4Q2I3II2d")
DESCRIBE, RESET, STEP, SET_STATE, CLOSE, PACKAGES = range(1, 7)
REPLY, ERROR = 0x100, 0x1FF
UNKNOWN_NAME, PACKAGE_MISSING, UNSUPPORTED, RAISED, MISUSED = range(1, 6)

DEFAULT_HORIZON = 1000
# Imported, where they are installed, before a name counts as unknown: importing them registers their environments.
MODULES = ["gymnasium_robotics", "ogbench"]
# No environment computes with these.
TOOLS = {"pip", "setuptools", "wheel"}


class Refusal(Exception):
    """A failure with a code of its own."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def packages():
    """The interpreter and everything installed for it, one `name==version` a line, sorted."""
    found = set()
    for distribution in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"] or "").lower()
        if name and name not in TOOLS:
            found.add(f"{name}=={distribution.version}")
    version = ".".join(str(part) for part in sys.version_info[:3])
    return "\n".join([f"{sys.implementation.name} {version}", *sorted(found)]) + "\n"


def imported(module, package):
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] != module.split(".")[0]:
            package = error.name
        raise Refusal(PACKAGE_MISSING, f"{package}\nModuleNotFoundError: {error}") from error


def canonical(name):
    """The Assay name of a Gymnasium id: `phys2d/CartPole-v1` is `phys2d-cartpole-v1`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def registered(gym, name, accept=lambda spec: True):
    """The Gymnasium ids whose Assay name is `name`."""
    return [key for key, spec in gym.registry.items() if canonical(key) == name and accept(spec)]


def the_one(gym, name, accept, missing):
    found = registered(gym, name, accept)
    if len(found) == 1:
        return found[0]
    if found:
        raise Refusal(UNKNOWN_NAME, f"`{name}` stands for several environments: {', '.join(sorted(found))}")
    known = sorted({canonical(key) for key, spec in gym.registry.items() if accept(spec)})
    near = difflib.get_close_matches(name, known, 5, 0.6)
    text = f"no environment `{name}` among the {len(known)} registered ones"
    if near:
        text += f"; near: {', '.join(near)}"
    if missing:
        text += f"; not installed, and so not searched: {', '.join(missing)}"
    raise Refusal(UNKNOWN_NAME, text)


def gymnasium_name(gym, name):
    """The Gymnasium id of `gymnasium/<name>`. `a--b--env-v0` imports the module `a.b` first."""
    *modules, name = name.split("--")
    missing = []
    if modules:
        module = ".".join(part.replace("-", "_") for part in modules)
        imported(module, module)
    elif not registered(gym, name):
        for module in MODULES:
            if importlib.util.find_spec(module):
                importlib.import_module(module)
            else:
                missing.append(module)
    return the_one(gym, name, lambda spec: True, missing)


def ogbench_name(gym, name):
    """The Gymnasium id of `ogbench/<name>` and the task, where the name has one: `cube-single-task1-v0`."""
    imported("ogbench", "ogbench")

    def accept(spec):
        return str(spec.entry_point).startswith("ogbench.")

    parts = re.fullmatch(r"(.+)-task([0-9]+)(-v[0-9]+)", name)
    if parts and not registered(gym, name, accept):
        return the_one(gym, parts[1] + parts[3], accept, []), int(parts[2])
    return the_one(gym, name, accept, []), None


def repeatable_entropy():
    """Where gymnasium would ask the system for entropy, the running instance's seed decides.

    OGBench's manipulation environments make an unseeded action space whenever they are asked for it, and sample from it
    in every reset.
    """
    from gymnasium.utils import seeding

    original = seeding.np_random
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def np_random(seed=None):
        return original(Instance.current.entropy.getrandbits(32) if seed is None else seed)

    seeding.np_random = np_random


def image_shape(space):
    """Channels, height, width of an image space, and how its axes are moved there; else None."""
    import numpy as np

    if space.dtype != np.uint8 or len(space.shape) not in (2, 3):
        return None
    if len(space.shape) == 2:
        return (1, *space.shape), None
    a, b, c = space.shape
    if a < b and a < c:
        return (a, b, c), None
    return (c, a, b), (2, 0, 1)


class Instance:
    """One environment."""

    # The one whose call is running.
    current = None

    def __init__(self, family, name):
        gym = imported("gymnasium", "gymnasium")
        import numpy as np
        from gymnasium import spaces

        Instance.current, self.entropy = self, random.Random(0)
        repeatable_entropy()

        self.np, self.spaces, self.ogbench = np, spaces, family == "ogbench"
        self.running, self.steps, self.goal_dim = False, 0, 0
        # Generators of its own behind the global functions; see Server.activate.
        self.bits, self.python_random = np.random.MT19937(0), None
        np.random.set_bit_generator(self.bits)
        key, self.options = (ogbench_name if self.ogbench else lambda *a: (gymnasium_name(*a), None))(gym, name)
        self.options = None if self.options is None else {"task_id": self.options}
        try:
            self.env = gym.make(key, disable_env_checker=True)
        except ModuleNotFoundError as error:
            raise Refusal(PACKAGE_MISSING, f"{error.name}\nModuleNotFoundError: {error}") from error
        self.horizon = int(getattr(self.env.spec, "max_episode_steps", None) or DEFAULT_HORIZON)
        self.read_observations()
        self.read_actions()
        if self.ogbench and "singletask" not in key:
            # The goal is in no space: an episode says how long it is.
            self.start(0)
            self.goal_dim = self.goal_of(self.info).size
            self.running = False
        self.mujoco_state()

    def read_observations(self):
        spaces, space = self.spaces, self.env.observation_space
        self.goal_space = None
        if isinstance(space, spaces.Dict) and {"observation", "desired_goal"} <= set(space.spaces):
            self.goal_space = space["desired_goal"]
            self.goal_dim = self.flat_size(self.goal_space)
            space = space["observation"]
        self.space = space
        image = image_shape(space) if isinstance(space, spaces.Box) else None
        self.image, self.axes = image or ((0, 0, 0), None)
        self.observation_dim = self.flat_size(space)

    def flat_size(self, space):
        try:
            return self.spaces.flatdim(space)
        except (NotImplementedError, ValueError) as error:
            raise Refusal(UNSUPPORTED, f"the space {space} has no fixed number of entries") from error

    def read_actions(self):
        np, spaces, space = self.np, self.spaces, self.env.action_space
        self.action_count, self.low, self.high, self.clip = 0, 0.0, 0.0, None
        if isinstance(space, spaces.Discrete):
            self.action_dim, self.action_count = 1, int(space.n)
            self.high = float(space.n - 1)
            return
        if not isinstance(space, spaces.Box):
            raise Refusal(UNSUPPORTED, f"the action space {space} is neither a Box nor Discrete")
        if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
            raise Refusal(UNSUPPORTED, f"the action space {space} has no bounds")
        self.action_dim = int(np.prod(space.shape))
        self.low, self.high = float(space.low.min()), float(space.high.max())
        if (space.low != self.low).any() or (space.high != self.high).any():
            self.clip = (space.low, space.high)

    def mujoco_state(self):
        """States can be set where the environment is one of gymnasium's on MuJoCo, or made as they are."""
        inner = self.env.unwrapped
        has = all(hasattr(inner, name) for name in ("set_state", "_get_obs", "model", "data"))
        self.state_dim = 0
        if has and self.goal_dim == 0 and isinstance(self.space, self.spaces.Box):
            self.state_dim = int(inner.model.nq + inner.model.nv)

    def describe(self):
        numbers = DESCRIPTION.pack(
            self.observation_dim, self.action_dim, self.state_dim, self.goal_dim,
            self.action_count, self.horizon, *self.image, 0, self.low, self.high,
        )
        return numbers + f"{self.env.spec.id}".encode()

    def flat(self, observation):
        if self.goal_space is not None:
            observation = observation["observation"]
        if self.axes:
            observation = observation.transpose(self.axes)
        if isinstance(self.space, self.spaces.Box):
            flat = self.np.asarray(observation, "<f8").ravel()
        else:
            flat = self.np.asarray(self.spaces.flatten(self.space, observation), "<f8")
        if flat.size != self.observation_dim:
            raise ValueError(f"an observation has {flat.size} numbers, its space has {self.observation_dim}")
        return flat.tobytes()

    def goal_of(self, info):
        return self.np.asarray(info["goal"], "<f8").ravel()

    def started(self, observation):
        """Payload of the first observation of an episode: observation, then goal."""
        payload = self.flat(observation)
        if self.goal_space is not None:
            goal = self.spaces.flatten(self.goal_space, observation["desired_goal"])
            payload += self.np.asarray(goal, "<f8").tobytes()
        elif self.goal_dim:
            goal = self.goal_of(self.info)
            if goal.size != self.goal_dim:
                raise ValueError(f"a goal has {goal.size} numbers, that of the first episode had {self.goal_dim}")
            payload += goal.tobytes()
        self.running, self.steps = True, 0
        return payload

    def start(self, seed):
        # Old generators take 32 bits: smaller seeds are passed as they are, others are folded.
        seed = seed if seed < 1 << 32 else (seed ^ seed >> 32) & 0xFFFFFFFF
        random.seed(seed)
        self.entropy.seed(seed)
        self.np.random.seed(seed)
        self.env.action_space.seed(seed)
        self.env.unwrapped.action_space.seed(seed)
        observation, self.info = self.env.reset(seed=seed, options=self.options)
        return observation

    def reset(self, seed):
        self.running = False
        return self.started(self.start(seed))

    def set_state(self, payload):
        state = self.np.frombuffer(payload, "<f8")
        inner = self.env.unwrapped
        if not self.state_dim or state.size != self.state_dim:
            raise Refusal(MISUSED, f"a state has {state.size} numbers, expected {self.state_dim} (0: cannot be set)")
        self.running = False
        self.start(0)
        # Neither the warm start nor the controls of the episode that was just begun may remain.
        import mujoco

        mujoco.mj_resetData(inner.model, inner.data)
        inner.set_state(state[: inner.model.nq].copy(), state[inner.model.nq :].copy())
        return self.started(inner._get_obs())

    def action_of(self, payload):
        action = self.np.frombuffer(payload, "<f4")
        space = self.env.action_space
        if action.size != self.action_dim:
            raise Refusal(MISUSED, f"an action has {action.size} numbers, expected {self.action_dim}")
        if self.action_count:
            index = float(action[0])
            if not (index.is_integer() and 0 <= index < self.action_count):
                raise Refusal(MISUSED, f"action {index} is no index below {self.action_count}")
            return space.start + int(index)
        # A copy: environments may keep or change what they are given.
        action = action.reshape(space.shape).astype(space.dtype)
        return action if self.clip is None else self.np.clip(action, *self.clip)

    def step(self, payload):
        if not self.running:
            raise Refusal(MISUSED, "step was called before reset")
        observation, reward, terminated, truncated, _ = self.env.step(self.action_of(payload))
        self.steps += 1
        truncated = bool(truncated) or self.steps >= self.horizon
        flags = bool(terminated) | truncated << 1
        return struct.pack("<dII", float(reward), flags, 0) + self.flat(observation)

    def close(self):
        self.env.close()


class Server:
    """Answers requests, each about one instance, until the parent closes the pipe."""

    def __init__(self, requests, replies):
        self.requests, self.replies = requests, replies
        self.instances, self.active, self.buffer = {}, None, b""

    def activate(self, number):
        """Gives the instance the global generators as it left them: instances share a process and nothing else."""
        if number == self.active:
            return
        before, after = self.instances.get(self.active), self.instances.get(number)
        if before:
            before.python_random = random.getstate()
        if after:
            Instance.current = after
            after.np.random.set_bit_generator(after.bits)
            random.setstate(after.python_random)
        self.active = number

    def answer(self, kind, number, payload):
        if kind == PACKAGES:
            return packages().encode()
        if kind == DESCRIBE:
            family, _, name = payload.decode().partition("/")
            self.activate(None)
            self.instances[number] = Instance(family, name)
            self.active = number
            return self.instances[number].describe()
        if number not in self.instances:
            raise Refusal(MISUSED, f"there is no instance {number}")
        self.activate(number)
        instance = self.instances[number]
        if kind == RESET:
            return instance.reset(*struct.unpack("<Q", payload))
        if kind == STEP:
            return instance.step(payload)
        if kind == SET_STATE:
            return instance.set_state(payload)
        if kind == CLOSE:
            self.activate(None)
            self.instances.pop(number).close()
            return b""
        raise Refusal(MISUSED, f"unknown request {kind}")

    def run(self):
        while header := self.read(HEADER.size):
            _, kind, sequence, number, length = HEADER.unpack(header)
            payload = self.read(length)
            try:
                reply, payload = kind | REPLY, self.answer(kind, number, payload)
            except Refusal as error:
                reply, payload = ERROR, struct.pack("<I", error.code) + str(error).encode()
            except Exception as error:  # Whatever an environment raises is reported, not died of.
                reply, payload = ERROR, struct.pack("<I", RAISED) + described(error).encode()
            frame = HEADER.pack(MAGIC, reply, sequence, number, len(payload)) + payload
            view = memoryview(frame)
            while view:
                view = view[os.write(self.replies, view) :]

    def read(self, length):
        """`length` bytes; nothing once the parent has closed the pipe."""
        while len(self.buffer) < length:
            more = os.read(self.requests, 1 << 16)
            if not more:
                return b""
            self.buffer += more
        data, self.buffer = self.buffer[:length], self.buffer[length:]
        return data


def described(error):
    """`ValueError: text (file.py:12 in step)`, the innermost place."""
    text = f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        place = frames[-1]
        text += f" ({os.path.basename(place.filename)}:{place.lineno} in {place.name})"
    return text


def die_with(parent):
    """The parent's end is seen on stdin between calls; the kernel sees to it within one."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        sys.exit(1)


def main():
    # The pipes are kept for frames; an environment that prints or asks reaches stderr or nothing.
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    die_with(int(sys.argv[1]))
    Server(requests, replies).run()


if __name__ == "__main__":
    main()
