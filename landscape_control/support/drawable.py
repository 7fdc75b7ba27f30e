"""Objects that draw themselves and show themselves in a notebook.

How they look is the business of ``display``, which comes after all of them and is imported when
something is drawn or shown: a class says which function of it is its method ``plot``.
"""

from collections.abc import Callable
from importlib import import_module
from types import MethodType
from typing import TYPE_CHECKING

_PACKAGE = __package__.partition(".")[0]

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    Draw = Callable[..., Axes]
else:
    Draw = Callable


class drawn_by:  # noqa: N801 - reads like the decorators property and cached_property
    """A method that is a function of ``display.plotting.one_line``, of the name given.

    ``help`` and ``inspect.signature`` show that function, with its options. Nothing of it is
    imported before the method is asked for.
    """

    def __init__(self, function: str):
        self.function = function

    def __get__(self, instance: object, owner: type | None = None) -> Draw:
        module = import_module(f"{_PACKAGE}.display.plotting.one_line")
        draw: Draw = getattr(module, self.function)
        return draw if instance is None else MethodType(draw, instance)


class Shown:
    """Something that a notebook shows as a table, see ``display.notebook``."""

    def _repr_html_(self) -> str:
        html: str = import_module(f"{_PACKAGE}.display.notebook").html_of(self)
        return html
