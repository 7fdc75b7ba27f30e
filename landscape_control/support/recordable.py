"""Objects that save, copy and pickle themselves, some with the help of ``records``, which comes
after all of them.
"""

import sys
from importlib import import_module

from .arguments import Path, checked
from .errors import ProblemError
from .expressions import located

_PACKAGE = __package__.partition(".")[0]


class Unchanging:
    """A frozen object, with read-only arrays: its copies are itself."""

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


class Recordable(Unchanging):
    """A result with ``save(path)``. The format lives in ``records``, imported when something is
    saved.
    """

    @checked
    def save(self, path: Path):
        """Write this to ``path`` as NetCDF; ``landscape_control.load(path)`` gives a working object
        back.
        """
        return import_module(f"{_PACKAGE}.records").save(self, path)


class PickledAsRecord(Unchanging):
    """Pickles in the form of its record: functions as lists of operations, with which lambdas
    travel too.
    """

    def __reduce__(self):
        return from_record, (import_module(f"{_PACKAGE}.records.pickling").to_text(self),)


def from_record(text: str):
    """The object that a pickle holds in the form of its record."""
    return import_module(f"{_PACKAGE}.records.pickling").from_text(text)


class HoldsFunctions(Unchanging):
    """A part of a problem that may hold functions of the user's; alone it pickles if pickle finds
    these by name.
    """

    def __getstate__(self):
        # which takes any function
        if not any(name.rpartition(".")[2] == "cloudpickle" for name in sys.modules):
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


def _is_found_by_name(function):
    name = getattr(function, "__qualname__", None)
    if name is None:  # an object that is called: pickle asks it how
        return True
    found = sys.modules.get(function.__module__)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is function
