"""Which software decides the numbers of a sweep."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("landscape-control", "casadi", "numpy", "scipy")


@cache
def versions() -> dict[str, str]:
    """{package: version}."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
