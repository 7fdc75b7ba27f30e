"""How each kind of problem is solved cell by cell: what is a number to its solver, what neighbours do."""

from typing import Any, Protocol

import numpy as np

from ..model.objective import OBJECTIVE_NUMBERS
from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..support.arguments import option_names
from ..support.errors import ProblemError, check_options
from .layout import share
from .paths import with_values
from .trajectories import Trajectories

# fresh starts of an exact program beside the neighbour's coefficients (measured: a 20 x 20 atlas
# ends as with 8)
WITH_NEIGHBOUR = 3

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


class Policies:
    """Best coefficients of policy families: one PolicySolver per horizon and family."""

    name = "policy"

    def is_number(self, problem: Any, path: str, column: Column) -> bool:
        return path.partition(".")[0] != "family" and path not in ("objective.horizon", "task")

    def chunk(self, problem: Any, cells: int, group: int) -> int:
        return share(cells, 4, 16)

    def check(self, problem: Any, options: dict, starts: int | None) -> None:
        from ..optimisation.policy_solver import PolicySolver, has_moments
        from ..optimisation.scenarios import ScenarioSolver

        if has_moments(problem):
            check_options("policy solver", options, option_names(PolicySolver))
        else:
            check_options("scenario solver", options, option_names(ScenarioSolver))

    def runner(self, problem: Any, options: dict, starts: int | None) -> Runner:
        return PolicyRunner(problem, options, starts)


class PolicyRunner:
    """Fresh starts in every cell, and the neighbour's coefficients as one more.

    Unless ``starts`` says otherwise, rules with exact moments take 8 fresh starts where there is no
    neighbour and WITH_NEIGHBOUR beside one; scenario programs take 8 everywhere.
    """

    def __init__(self, program: PolicyProgram, options: dict, starts: int | None) -> None:
        from ..optimisation.policy_solver import PolicySolver, has_moments
        from ..optimisation.scenarios import ScenarioSolver

        self.program, self.options, self.starts = program, dict(options), starts
        self.exact = has_moments(program)
        solver = PolicySolver if self.exact else ScenarioSolver
        self.solver = solver(program, **self.options)

    def solve(self, changes: dict, seed: int, neighbour: Any) -> Any:
        from ..optimisation.optimise import solve_program
        from ..optimisation.policy_solver import has_moments
        from ..optimisation.program_numbers import OBJECTIVE, TASK

        program = with_values(self.program, changes)
        common = {"guess": neighbour, "seed": seed, "throw": False, **self._starts(neighbour)}
        # the kept solver takes other numbers of quadratics, but no other landscapes
        same = program.task.is_quadratic or program.task is self.program.task
        if has_moments(program) != self.exact or not same:
            return solve_program(program, **common, **self.options)
        numbers = {name: getattr(program.objective, name) for name in OBJECTIVE}
        if program.task.is_quadratic:
            numbers |= {name: getattr(program.task, name) for name in TASK}
        return self.solver.solve(**numbers, sees=program.sees, cost=program.cost, **common)

    def _starts(self, neighbour: Any) -> dict[str, int]:
        if self.starts is not None:
            return {"starts": self.starts}
        if self.exact and neighbour is not None:
            return {"starts": WITH_NEIGHBOUR}
        return {}


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
