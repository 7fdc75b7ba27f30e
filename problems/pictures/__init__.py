"""The pictures of the claims: the picture NAME is the function NAME of the module NAME beside this
file.

A drawing function takes one flat mapping of arrays, the ``data`` of a claim's evidence, and returns
a Figure. :func:`~landscape_control.display.plotting.data.draws` declares and checks the keys. It
draws with the building blocks of ``landscape_control.display.plotting``; matplotlib itself is
imported there only. Several claims may name one picture, and a claim may name a general figure of
``plotting.overviews``.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...display.plotting import overviews
from ...support.errors import ProblemError, check_choice

Draw = Callable[[Mapping[str, Any]], Any]  # figure data -> matplotlib Figure


def own_names() -> tuple[str, ...]:
    """Names of the pictures in this folder."""
    return tuple(sorted(entry.name for entry in pkgutil.iter_modules(__path__)))


def find_picture(name: str) -> Draw:
    """The drawing function of the picture called ``name``.

    Raises ProblemError with the near matches for an unknown name, and where a module does not
    define the function of its own name.
    """
    if name in overviews.FIGURES:
        return overviews.FIGURES[name]
    check_choice("picture", name, [*own_names(), *overviews.FIGURES])
    module = importlib.import_module(f"{__name__}.{name}")
    draw = getattr(module, name, None)
    if not hasattr(draw, "keys"):
        raise ProblemError(
            module.__name__,
            expected=f"a function {name}(d) that declares its data",
            received="none",
            advice="define it, decorated with plotting.data.draws(Key(...), ...)",
        )
    return draw


def all_pictures() -> Mapping[str, Draw]:
    """Every drawing function by name, those of the claims first."""
    own = {name: find_picture(name) for name in own_names()}
    return MappingProxyType({**own, **overviews.FIGURES})
