"""Public names of a package that are imported when they are first used, so that using one of them
does not load what the others need.
"""

from collections.abc import Mapping
from importlib import import_module


def late_attribute(package: str, homes: Mapping[str, str], name: str) -> object:
    """What ``package.name`` is: the attribute of that name in the module ``homes[name]``, a dotted
    name relative to the package (one dot more for each level above it). For a package's
    ``__getattr__``.
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(import_module(f".{homes[name]}", package), name)
