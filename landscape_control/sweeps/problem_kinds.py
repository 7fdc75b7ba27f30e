"""How each kind of problem is solved cell by cell: what is a number to its solver, what neighbours do."""

from typing import Any, Protocol

import numpy as np

from ..model.objective import OBJECTIVE_NUMBERS
from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..support.errors import ProblemError, check_options
from .layout import share
from .paths import with_values
from .policies import Policies
from .trajectories import Trajectories

Column = np.ndarray | tuple  # values of a parameter along an axis: numbers or words, else objects


class Runner(Protocol):
    """Solves the cells of one structure; kept in the process that made it. ``solver`` is what
    measures may use.
    """

    @property
    def solver(self) -> Any: ...

    def solve(self, changes: dict, seed: int, neighbour: Any) -> Any:
        """The solution with other values {path: value}.

        ``neighbour`` is that of the cell before, or None.
        """


class ProblemKind(Protocol):
    """What the sweep must know about one kind of problem."""

    name: str

    def is_number(self, problem: Any, path: str, column: Column) -> bool:
        """Whether other values at a path need no other solver."""

    def chunk(self, problem: Any, cells: int, group: int) -> int:
        """Cells per chunk at most: handing one out must be cheap, and the work shared evenly.

        ``group`` cells have one structure.
        """

    def check(self, problem: Any, options: dict, starts: int | None) -> None:
        """Refuse options that its runners would refuse.

        Loads no optimiser, so that processes can still be forked.
        """

    def runner(self, problem: Any, options: dict, starts: int | None) -> Runner:
        """What solves problems of this structure."""


def kind_of(problem: object, *, closed_form: bool, any_path: bool = False) -> ProblemKind:
    """The kind of a problem; ``closed_form`` when all cells are evaluated at once, and not solved.

    ``any_path`` when all formulas are the user's own, which are given every parameter that varies
    as an array.
    """
    if not isinstance(problem, ControlProblem | PolicyProgram):
        raise ProblemError(
            "problem",
            expected="a ControlProblem or a PolicyProgram",
            received=type(problem).__name__,
            advice="build it with landscape_control.ControlProblem(...)",
        )
    if closed_form:
        return ClosedForm(any_path)
    if isinstance(problem, PolicyProgram):
        return Policies()
    return Trajectories() if problem.is_known else Beliefs()


class Beliefs:
    """Policies for hidden landscapes: each cell is planned by itself, with ``verification.solve``."""

    name = "belief"

    def is_number(self, problem: Any, path: str, column: Column) -> bool:
        return True

    def chunk(self, problem: Any, cells: int, group: int) -> int:
        return share(cells, 1, 8)

    def check(self, problem: Any, options: dict, starts: int | None) -> None:
        from ..verification import check_method

        check_method(
            options.get("method", "auto"),
            {name: value for name, value in options.items() if name != "method"},
        )

    def runner(self, problem: Any, options: dict, starts: int | None) -> Runner:
        return BeliefRunner(problem, options, starts)


class BeliefRunner:
    """No solver is kept: beliefs of other numbers are other programs."""

    solver = None

    def __init__(self, problem: ControlProblem, options: dict, starts: int | None) -> None:
        self.problem, self.options = problem, dict(options)
        method = self.options.get("method", "auto")
        if starts is not None and method in ("auto", "transcription", "replanning"):
            self.options["aims"] = starts

    def solve(self, changes: dict, seed: int, neighbour: Any) -> Any:
        from ..verification import solve

        return solve(with_values(self.problem, changes), seed=seed, throw=False, **self.options)


class ClosedForm:
    """Measures that are formulas: whole chunks at once, nothing solved.

    Formulas of this library take the numbers of the objective; other parameters make another
    problem at each point.
    """

    name = "closed form"

    def __init__(self, any_path: bool = False) -> None:
        self.any_path = any_path

    def is_number(self, problem: Any, path: str, column: Column) -> bool:
        if not isinstance(column, np.ndarray) or column.dtype.kind not in "fi":
            return False
        part, _, name = path.partition(".")
        return self.any_path or (part == "objective" and name in OBJECTIVE_NUMBERS)

    def chunk(self, problem: Any, cells: int, group: int) -> int:
        return 65536

    def check(self, problem: Any, options: dict, starts: int | None) -> None:
        check_options("closed forms", options, ())

    def runner(self, problem: Any, options: dict, starts: int | None) -> Runner:
        return FormulaRunner()


class FormulaRunner:
    """Nothing to solve."""

    solver = None

    def solve(self, changes: dict, seed: int, neighbour: Any) -> None:
        return None
