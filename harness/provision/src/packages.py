# The function is that of plugins/gymnasium/python/bridge.py, letter by letter: the process refuses to serve where
# what it finds differs from what was written down here.
import importlib.metadata
import re
import sys

TOOLS = {"pip", "setuptools", "wheel"}


def packages():
    """The interpreter and everything installed for it, one `name==version` a line, sorted."""
    found = set()
    for distribution in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"] or "").lower()
        if name and name not in TOOLS:
            found.add(f"{name}=={distribution.version}")
    version = ".".join(str(part) for part in sys.version_info[:3])
    return "\n".join([f"{sys.implementation.name} {version}", *sorted(found)]) + "\n"


if __name__ == "__main__":
    sys.path[:] = [folder for folder in sys.path if folder]
    sys.stdout.write(packages())
