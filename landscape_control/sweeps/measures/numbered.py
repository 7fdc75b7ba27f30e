"""A kept solver with the numbers of one cell, for measures that solve from other starts."""

from typing import Any

from ...model.objective import OBJECTIVE_NUMBERS
from ...model.problem.control_problem import ControlProblem
from .measure import Cell


class Numbered:
    """``solve(start=...)`` of a kept solver, with the numbers of one cell in place of its own."""

    def __init__(self, solver: Any, numbers: dict[str, float]) -> None:
        self.solver, self.numbers = solver, numbers

    def solve(self, **changes: object) -> Any:
        """The solution at the cell's numbers, but for ``changes``."""
        return self.solver.solve(**{**self.numbers, **changes})


def solver_of(cell: Cell) -> Numbered | None:
    """The cell's kept solver with the numbers of the cell; None where it was built for another
    structure.
    """
    kept, problem = cell.solver, cell.problem
    own = getattr(kept, "problem", None)
    if not isinstance(own, ControlProblem) or own.landscape is not problem.landscape:
        return None
    if (own.end is None) != (problem.end is None):
        return None
    numbers = {name: getattr(problem.objective, name) for name in OBJECTIVE_NUMBERS}
    return Numbered(kept, numbers)
