"""Objects that save, copy and pickle themselves.

Some do so with the help of ``records``, which comes after all of them and is imported late.
"""

import pathlib
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Self

from .arguments import Path, checked
from .errors import ProblemError
from .expressions import located

_PACKAGE = __package__.partition(".")[0]


class Unchanging:
    """A frozen object, with read-only arrays: its copies are itself."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class Recordable(Unchanging):
    """A result with ``save(path)``. The format lives in ``records``, imported when something is
    saved.
    """

    @checked
    def save(self, path: Path) -> pathlib.Path:
        """Write this to ``path`` as NetCDF, which ``landscape_control.load(path)`` reads; the path of
        the file.
        """
        written: pathlib.Path = import_module(f"{_PACKAGE}.records").save(self, path)
        return written


class PickledAsRecord(Unchanging):
    """Pickles in the form of its record: functions, lambdas too, as lists of operations."""

    def __reduce__(self) -> tuple[Callable, tuple[str]]:
        return from_record, (import_module(f"{_PACKAGE}.records.pickling").to_text(self),)


def from_record(text: str) -> Any:
    """The object that a pickle holds in the form of its record."""
    return import_module(f"{_PACKAGE}.records.pickling").from_text(text)


class HoldsFunctions(Unchanging):
    """A part of a problem that may hold functions of the user's.

    By itself it pickles if pickle finds these by name.
    """

    def __getstate__(self) -> dict[str, Any]:
        if _has_cloudpickle():  # which takes any function
            return self.__dict__
        for name, value in self.__dict__.items():
            if callable(value) and not _is_found_by_name(value):
                raise ProblemError(
                    f"pickle of {type(self).__name__}",
                    expected="functions that pickle finds by name",
                    received=f"{name} = {located(value)}",
                    advice=(
                        "pickle the whole ControlProblem, whose functions travel as lists of"
                        " operations, or use problem.save(path) and"
                        " landscape_control.load(path); or define the function at the top of a"
                        " module"
                    ),
                )
        return self.__dict__


def _has_cloudpickle() -> bool:
    """Whether it is loaded, also as a part of another library (joblib.externals.cloudpickle)."""
    return any(name.rpartition(".")[2] == "cloudpickle" for name in sys.modules)


def _is_found_by_name(function: Callable) -> bool:
    path = getattr(function, "__qualname__", None)
    if path is None:  # an object that is called: pickle asks it how
        return True
    place: object = sys.modules.get(function.__module__)
    for name in path.split("."):
        place = getattr(place, name, None)
    return place is function
