"""How each kind of problem is solved cell by cell: what is a mere number to its solver, and how neighbours help."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ..errors import ProblemError, check_options
from ..policies import PolicyProgram
from ..problem import ControlProblem
from .paths import with_values

NUMBERS = ("horizon", "discount", "learning_rate", "loss_weight", "terminal_weight")
_SOLVER = ("tolerance", "method", "solver", "max_elements", "max_doublings", "options", "keep_log")
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


class Trajectories:
    """Optimal plans on known landscapes: one Solver per structure, other numbers without rebuilding."""

    kind = "trajectory"

    def is_number(self, problem, path, column):
        part, _, name = path.partition(".")
        if part == "objective":
            return name in NUMBERS
        return part == "start" or (part == "end" and problem.end is not None)

    def chunk(self, problem, cells):
        return _share(cells, 8, 64 if problem.dimension <= 12 else 16)

    def runner(self, problem, options, starts):
        return TrajectoryRunner(problem, options, starts)


class TrajectoryRunner:
    """Every cell is solved from the cold starts of ``Solver.solve``; where its best plan does not continue the
    neighbour's, the neighbour's plan is tried as a start too, and the better one kept. So no cell is worse than a solve of
    its own, and a plan that cold starts miss travels through the grid once it has been found."""

    def __init__(self, problem, options, starts):
        from ..solver import Solver

        check_options("solver", options, _SOLVER)
        self.problem, self.solver, self.starts = problem, Solver(problem, **options), starts

    def solve(self, changes, seed, neighbour):
        numbers = self._numbers(changes)
        cold = self.solver.solve(starts=self.starts, seed=seed, throw=False, **numbers)
        if neighbour is None or not np.isfinite(neighbour.cost) or _continues(neighbour.best, cold.best):
            return cold
        try:
            warm = self.solver.solve(guess=neighbour, seed=seed, throw=False, **numbers)
        except ProblemError:  # the neighbour's plan leads nowhere here
            return cold
        return warm if _is_better(warm, cold) else cold

    def _numbers(self, changes):
        numbers = {path.partition(".")[2]: value for path, value in changes.items() if path.startswith("objective.")}
        for part in ("start", "end"):
            given = {path: value for path, value in changes.items() if path.partition(".")[0] == part}
            if part in given:
                numbers[part] = np.atleast_1d(given[part])
            elif given:
                numbers[part] = np.array(getattr(self.problem, part))
                for path, value in given.items():
                    numbers[part][int(path.partition(".")[2])] = value
        return numbers


def _is_better(one, other) -> bool:
    """A converged plan before one that is not, then the cheaper one by more than both are uncertain."""
    if one.status.ok != other.status.ok:
        return one.status.ok
    margin = one.best.cost_error + other.best.cost_error + 1e-9 * abs(other.cost)
    return bool(one.cost < other.cost - margin)


def _continues(plan, other, allowed=0.25, longest=2.5) -> bool:
    """Whether two plans of neighbouring cells are plainly one branch: alike in reach, in where they end relative to it, and
    in shape, in stretched time or over the time that both have."""
    if not other.status.ok:
        return False
    shared = min(plan.times[-1], other.times[-1])
    mine, theirs = _displacements(plan, plan.times[-1]), _displacements(other, other.times[-1])
    reach, other_reach = np.abs(mine).max(), np.abs(theirs).max()
    if not min(reach, other_reach) * longest >= max(reach, other_reach) > 0:
        return False
    mine, theirs = mine / reach, theirs / other_reach
    if np.abs(mine - theirs).max() <= allowed:
        return True
    begin, other_begin = _displacements(plan, shared) / reach, _displacements(other, shared) / other_reach
    return bool(max(np.abs(mine[-1] - theirs[-1]).max(), np.abs(begin - other_begin).max()) <= allowed)


def _displacements(plan, last):
    """θ(t) - θ(0) at nine times up to ``last``."""
    return plan.parameters_at(np.linspace(0, last, 9)) - plan.parameters[0]


class Beliefs:
    """Policies for hidden landscapes: each cell is planned by itself with ``landscape_control.solve``."""

    kind = "belief"

    def is_number(self, problem, path, column):
        return True

    def chunk(self, problem, cells):
        return _share(cells, 1, 8)

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
        return _share(cells, 4, 16)

    def runner(self, problem, options, starts):
        return PolicyRunner(problem, options, starts)


class PolicyRunner:
    """Fresh starts in every cell, and the neighbour's coefficients as one more."""

    def __init__(self, program, options, starts):
        from ..emergence import PolicySolver, has_moments

        self.program, self.options = program, dict(options)
        self.extra = {} if starts is None else {"starts": starts}
        self.solver = None
        if has_moments(program):
            check_options("policy solver", options, _POLICY_SOLVER)
            self.solver = PolicySolver(program, **self.options)

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

    def runner(self, problem, options, starts):
        check_options("closed forms", options, ())
        return FormulaRunner()


class FormulaRunner:
    """Nothing to solve."""

    solver = None

    def solve(self, changes, seed, neighbour):
        return None


def _share(cells, least, most):
    """Cells per chunk: some thirty chunks where that is between these, more of a grid that would make thousands of files."""
    return max(least, min(max(most, cells // 1024), -(-cells // 32)))
