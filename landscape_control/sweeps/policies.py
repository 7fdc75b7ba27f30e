"""Best coefficients of policy families, cell by cell or side by side."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ..optimisation.program import PolicyProgram
from ..support.arguments import option_names
from ..support.errors import check_options
from .layout import share
from .paths import with_values

# fresh starts of an exact program beside the neighbour's coefficients, where cells are solved one
# after another (measured: a 20 x 20 atlas ends as with 8)
WITH_NEIGHBOUR = 3


class Policies:
    """Best coefficients of policy families: one PolicySolver per horizon and family."""

    name = "policy"

    def is_number(self, problem: Any, path: str, column: object) -> bool:
        return path.partition(".")[0] != "family" and path not in ("objective.horizon", "task")

    def chunk(self, problem: Any, cells: int, group: int) -> int:
        from ..optimisation.side_by_side import pays_side_by_side

        if pays_side_by_side(problem):
            return share(cells, 32, 64)
        return share(cells, 4, 16)

    def check(self, problem: Any, options: dict, starts: int | None) -> None:
        from ..optimisation.policy_solver import PolicySolver, has_moments
        from ..optimisation.scenarios import ScenarioSolver

        if has_moments(problem):
            check_options("policy solver", options, option_names(PolicySolver))
        else:
            check_options("scenario solver", options, option_names(ScenarioSolver))

    def runner(self, problem: Any, options: dict, starts: int | None) -> "PolicyRunner":
        return PolicyRunner(problem, options, starts)


class PolicyRunner:
    """Fresh starts in every cell, and the neighbours' coefficients besides.

    Rules with exact moments by stages are solved side by side, each cell as if by itself; then each
    is begun once more from the coefficients of both of its neighbours, as long as that leads to
    lower costs anywhere. Others are solved one after another, the neighbour's coefficients being
    one more start: unless ``starts`` says otherwise, exact moments then take WITH_NEIGHBOUR fresh
    starts beside it. Elsewhere there are 8 fresh starts.
    """

    least_together = 2

    def __init__(self, program: PolicyProgram, options: dict, starts: int | None) -> None:
        from ..optimisation.policy_solver import has_moments

        self.program, self.options, self.starts = program, dict(options), starts
        self.exact = has_moments(program)

    @cached_property
    def solver(self) -> Any:
        """Solves cells one after another, and is what measures may use."""
        from ..optimisation.optimise import solver_of

        return solver_of(self.program)(self.program, **self.options)

    @cached_property
    def _solver_of_many(self) -> Any:
        from ..optimisation.side_by_side import SolverOfMany

        return SolverOfMany(self.program, **self.options)

    def solve(self, changes: dict, seed: int, neighbour: Any) -> Any:
        from ..optimisation.optimise import solve_program

        program = with_values(self.program, changes)
        common = {"guess": neighbour, "seed": seed, "throw": False, **self._starts(neighbour)}
        if not self._is_alike(program):
            return solve_program(program, **common, **self.options)
        return self.solver.solve(**_numbers(program), **common)

    def solve_together(self, cells: Sequence[tuple[dict, int]]) -> list[Any]:
        """The results for these (changes, seed), each the neighbour of the next; None: not found so."""
        from ..optimisation.side_by_side import SideBySide, pays_side_by_side

        if not pays_side_by_side(self.program):
            return [None] * len(cells)
        beside = SideBySide(self._solver_of_many, self.starts)
        for changes, seed in cells:
            program = with_values(self.program, changes)
            beside.add(_numbers(program) if self._is_alike(program) else None, seed)
        return beside.results()

    def _is_alike(self, program: PolicyProgram) -> bool:
        """Whether the kept solver takes it: other numbers of quadratics, but no other landscapes."""
        from ..optimisation.policy_solver import has_moments

        same = program.task.is_quadratic or program.task is self.program.task
        return has_moments(program) == self.exact and same

    def _starts(self, neighbour: Any) -> dict[str, int]:
        if self.starts is not None:
            return {"starts": self.starts}
        if self.exact and neighbour is not None:
            return {"starts": WITH_NEIGHBOUR}
        return {}


def _numbers(program: PolicyProgram) -> dict[str, Any]:
    """What a kept solver is told of a program."""
    from ..optimisation.program_numbers import OBJECTIVE, TASK

    numbers = {name: getattr(program.objective, name) for name in OBJECTIVE}
    if program.task.is_quadratic:
        numbers |= {name: getattr(program.task, name) for name in TASK}
    return {**numbers, "sees": program.sees, "cost": program.cost}
