"""Which software made a result."""

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("landscape-control", "casadi", "numpy", "scipy", "matplotlib")


def versions() -> dict[str, str]:
    """Names and versions of Python, the system and the packages that decide the numbers."""
    found = {
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
