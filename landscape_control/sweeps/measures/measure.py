"""Cell and Measure: what one point of a sweep holds, and a named function of it with units."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from ...support.arguments import checked
from ...support.errors import ProblemError, check_choice
from ...support.short_repr import short_repr

NEEDS = ("solution", "problem")
# what a measure may give: a number, truth value, word or array, or several of them by name
Plain = float | int | bool | str | np.ndarray | dict[str, "Plain"]


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """One point of a sweep, as a measure sees it.

    Attributes
    ----------
    problem : ControlProblem or PolicyProgram of this point
    solution : Solution, BeliefSolution or PolicyResult; None where nothing was solved
    solver : the kept Solver or PolicySolver of this structure, or None; its ``solve`` takes other
        numbers
    seed : of this point, for measures that draw
    """

    problem: Any
    solution: Any = None
    solver: Any = None
    seed: int = 0


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Measure:
    """A named number (truth value, word, array, or several of them) of a cell.

    Attributes
    ----------
    name : what the variable of the dataset is called; several values are called name.key
    function : Cell -> number, bool, str, array, or a mapping from short keys to these
    units : of the value; a mapping by key where there are several
    description : one sentence
    needs : "solution", or "problem" when nothing has to be solved
    batch : None, or for closed forms a function (problem, {dotted path: (N,)}) -> (N,) or a mapping
        of (N,) by key, where the paths name what varies over the cells and ``problem`` is the base
        problem
    dims : names of the axes of an array value, () for single values, a mapping by key where there
        are several values; the lengths must be the same in all cells
    coords : {axis name: its labels}, for axes of ``dims`` that have any
    """

    name: str
    function: Callable[[Cell], Any]
    units: str | Mapping[str, str] = ""
    description: str = ""
    needs: str = "solution"
    batch: Callable[[Any, dict], Any] | None = None
    dims: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ()
    coords: Mapping[str, tuple] = field(default_factory=dict)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name.isidentifier()):
            raise ProblemError(
                "measure name",
                expected="a word that could name a variable",
                received=repr(self.name),
                advice="use letters, digits and underscores",
            )
        if not callable(self.function):
            raise ProblemError(
                f"measure {self.name!r}",
                expected="a function of a Cell",
                received=type(self.function).__name__,
                advice="see landscape_control.sweeps.measures.Cell",
            )
        check_choice(f"needs of measure {self.name!r}", self.needs, NEEDS)

    def __call__(self, cell: object) -> Any:
        """The value in a Cell; a bare solution is taken as a cell of its own problem."""
        if not isinstance(cell, Cell):
            cell = Cell(
                problem=getattr(cell, "problem", None) or getattr(cell, "program", None),
                solution=cell,
            )
        if self.needs == "solution" and cell.solution is None:
            raise ProblemError(
                f"measure {self.name!r}",
                expected="a solved cell",
                received="a cell without a solution",
                advice="use a measure with needs='problem', or solve the cell",
            )
        return self.function(cell)

    def __reduce__(self) -> tuple:
        """The measures of this package are pickled by name, so that they are the same ones in every process."""
        if ALL.get(self.name) is self:
            return by_name, (self.name,)
        return _rebuilt, (dict(self.__dict__),)

    @checked
    def unit(self, key: str = "") -> str:
        """Units of the value called ``key``."""
        if isinstance(self.units, Mapping):
            return self.units.get(key, "")
        return self.units

    @checked
    def axes(self, key: str = "") -> tuple[str, ...]:
        """Names of the axes of the value called ``key``."""
        if isinstance(self.dims, Mapping):
            return tuple(self.dims.get(key, ()))
        return tuple(self.dims)

    @property
    def address(self) -> str:
        """What :func:`as_measure` turns back into this measure: a name, or "module:function".

        Empty where there is nothing to import: a lambda, a function inside another one, a callable
        object.
        """
        if ALL.get(self.name) is self:
            return self.name
        function = self.function.function if isinstance(self.function, OfSolution) else None
        name = getattr(function, "__qualname__", "<none>")
        return "" if "<" in name else f"{function.__module__}:{name}"


@dataclass(frozen=True, kw_only=True, eq=False)
class OfSolution:
    """A user's function of a solution, as a function of a cell (it pickles when the function does)."""

    function: Callable = field(repr=False)

    def __call__(self, cell: Cell) -> Any:
        return self.function(cell.solution)


_KNOWN: dict[str, Measure] = {}
ALL = MappingProxyType(_KNOWN)  # name -> Measure; the modules of this package register theirs


def register(measure: Measure) -> Measure:
    """Put a measure of this package under its name into ``ALL``."""
    _KNOWN[measure.name] = measure
    return measure


@checked
def by_name(name: str) -> Measure:
    """The measure called so; near matches on a misspelling."""
    return ALL[check_choice("measure", name, ALL)]


def _rebuilt(fields: dict) -> Measure:
    return Measure(**fields)


@checked
def as_measure(value: object) -> Measure:
    """A Measure from one, a name ("cost"), an address "module:function", or a function of a solution.

    Raises
    ------
    ProblemError
        An unknown name, an address that does not lead to a function, or something that is no
        function.
    """
    if isinstance(value, Measure):
        return value
    if isinstance(value, str):
        return as_measure(_at(value)) if ":" in value else by_name(value)
    if not callable(value):
        raise ProblemError(
            "measure",
            expected="a Measure, a name, 'module:function', or a function of a solution",
            received=type(value).__name__,
            advice="pass a function: solution -> number, say",
        )
    name = getattr(value, "__name__", type(value).__name__).strip("<>")
    words = (getattr(value, "__doc__", None) or "").strip()
    return Measure(
        name=name,
        function=OfSolution(function=value),
        description=words.splitlines()[0] if words else "",
    )


@checked
def plain_value(value: object) -> Plain:
    """A measure's value as float, int, bool, str, array of numbers or a dict of these.

    Raises
    ------
    ProblemError
        Anything else (None, objects, nested mappings).
    """
    if not isinstance(value, Mapping):
        return _one_plain_value(value)
    if any(isinstance(item, Mapping) for item in value.values()):
        _refuse_value(value, "a mapping of mappings")
    return {str(key): _one_plain_value(item) for key, item in value.items()}


def _one_plain_value(value: object) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 0 or isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float | str):
        return value
    array = np.asarray(value)
    if array.ndim == 0 or array.dtype.kind not in "biuf":
        _refuse_value(value, type(value).__name__)
    return array


def _refuse_value(value: object, received: str) -> NoReturn:
    raise ProblemError(
        "value of a measure",
        expected="a number, bool, word, array of numbers, or a mapping to these",
        received=received,
        advice="return plain numbers",
    )


def _at(address: str) -> object:
    module, _, name = address.partition(":")
    try:
        thing: object = import_module(module)
        for part in name.split("."):
            thing = getattr(thing, part)
        return thing
    except (Exception, SystemExit) as error:  # the module is the user's and may do anything
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ProblemError(
            "measure",
            expected="'module:function' that can be imported",
            received=f"{address!r} ({said})",
            advice=(
                "put the function into an installed module or one in the working folder, "
                f"and see that 'python -c \"import {module}\"' works"
            ),
        ) from error
