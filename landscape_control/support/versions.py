"""Which software is installed here."""

import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version

_PACKAGE = __package__.partition(".")[0]
_NAMED = {"casadi": "CasADi", "numpy": "NumPy", "scipy": "SciPy", "python": "Python"}


@cache
def package_version(name: str) -> str:
    """Of an installed package, or "not installed"; "python" is the interpreter."""
    if name == "python":
        return platform.python_version()
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


@cache
def software() -> str:
    """This library and what computes for it, with versions, in one line."""
    own = sys.modules[_PACKAGE].__version__
    others = [f"{name} {package_version(key)}" for key, name in _NAMED.items()]
    return f"{_PACKAGE} {own}, {', '.join(others)}"
