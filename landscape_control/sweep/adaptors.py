"""How each kind of problem is solved cell by cell: what is a mere number to its solver, and how neighbours help."""

from collections.abc import Mapping
from typing import Protocol

from ..errors import ProblemError, check_choice, check_options
from ..policies import PolicyProgram
from ..problem import ControlProblem
from .layout import share
from .paths import with_values
from .trajectories import Trajectories

_BELIEF_METHODS = ("auto", "lqg", "transcription", "replanning", "dynamic programming")
_POLICY_SOLVER = ("tolerance", "most_nodes", "hessian")


class Runner(Protocol):
    """Solves the cells of one structure; kept in the process that made it. ``solver`` is what measures may use."""

    solver: object

    def solve(self, changes: dict, seed: int, neighbour):
        """The solution with other values {path: value}; ``neighbour`` is that of the cell before, or None."""


class Adaptor(Protocol):
    """What the sweep must know about one kind of problem."""

    kind: str

    def is_number(self, problem, path: str, column) -> bool:
        """Whether other values at a path need no other solver."""

    def chunk(self, problem, cells: int) -> int:
        """Cells per chunk at most: enough work to make handing out cheap, enough chunks to share the work evenly."""

    def check(self, problem, options: Mapping, starts: int | None) -> None:
        """Refuse options that its runners would refuse; loads no optimiser, so that processes can still be forked."""

    def runner(self, problem, options: Mapping, starts: int | None) -> Runner:
        """What solves problems of this structure."""


def adaptor_of(problem, *, closed_form: bool) -> Adaptor:
    """The adaptor of a problem; ``closed_form`` when nothing has to be solved and all cells are evaluated at once."""
    if not isinstance(problem, ControlProblem | PolicyProgram):
        raise ProblemError("problem", expected="a ControlProblem or a PolicyProgram", received=type(problem).__name__,
                           advice="build it with landscape_control.ControlProblem(...)")
    if closed_form:
        return ClosedForm()
    if isinstance(problem, PolicyProgram):
        return Policies()
    return Trajectories() if problem.is_known else Beliefs()


class Beliefs:
    """Policies for hidden landscapes: each cell is planned by itself with ``landscape_control.solve``."""

    kind = "belief"

    def is_number(self, problem, path, column):
        return True

    def chunk(self, problem, cells):
        return share(cells, 1, 8)

    def check(self, problem, options, starts):
        check_choice("method", options.get("method", "auto"), _BELIEF_METHODS)

    def runner(self, problem, options, starts):
        return BeliefRunner(problem, options, starts)


class BeliefRunner:
    """No solver is kept: beliefs of other numbers are other programs."""

    solver = None

    def __init__(self, problem, options, starts):
        self.problem, self.options = problem, dict(options)
        if starts is not None and self.options.get("method", "auto") in ("auto", "transcription", "replanning"):
            self.options["aims"] = starts

    def solve(self, changes, seed, neighbour):
        from ..planning import solve

        return solve(with_values(self.problem, changes), seed=seed, throw=False, **self.options)


class Policies:
    """Best coefficients of policy families: one PolicySolver per horizon and family."""

    kind = "policy"

    def is_number(self, problem, path, column):
        return path.partition(".")[0] != "family" and path not in ("objective.horizon", "task")

    def chunk(self, problem, cells):
        return share(cells, 4, 16)

    def check(self, problem, options, starts):
        from ..emergence import has_moments

        if has_moments(problem):
            check_options("policy solver", options, _POLICY_SOLVER)

    def runner(self, problem, options, starts):
        return PolicyRunner(problem, options, starts)


class PolicyRunner:
    """Fresh starts in every cell, and the neighbour's coefficients as one more."""

    def __init__(self, program, options, starts):
        from ..emergence import PolicySolver, has_moments

        self.program, self.options = program, dict(options)
        self.extra = {} if starts is None else {"starts": starts}
        self.solver = PolicySolver(program, **self.options) if has_moments(program) else None

    def solve(self, changes, seed, neighbour):
        program = with_values(self.program, changes)
        common = {"guess": neighbour, "seed": seed, "throw": False, **self.extra}
        if self.solver is None:
            from ..emergence import solve_program

            return solve_program(program, **common, **self.options)
        from ..emergence.policy_solver import OBJECTIVE, TASK

        numbers = {name: getattr(program.objective, name) for name in OBJECTIVE}
        numbers |= {name: getattr(program.task, name) for name in TASK}
        return self.solver.solve(**numbers, sees=program.sees, cost=program.cost, **common)


class ClosedForm:
    """Measures that are formulas: whole chunks at once, nothing solved."""

    kind = "closed form"

    def is_number(self, problem, path, column):
        return column.dtype.kind in "fi"

    def chunk(self, problem, cells):
        return 65536

    def check(self, problem, options, starts):
        check_options("closed forms", options, ())

    def runner(self, problem, options, starts):
        return FormulaRunner()


class FormulaRunner:
    """Nothing to solve."""

    solver = None

    def solve(self, changes, seed, neighbour):
        return None
