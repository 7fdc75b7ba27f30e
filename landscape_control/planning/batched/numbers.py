"""Problems of many cells that differ in the numbers of the objective, checked all at once."""

import math
from collections.abc import Sequence

from ...model.objective import OBJECTIVE_NUMBERS, Objective
from ...model.problem import ControlProblem
from ...support.errors import ProblemError
from ..solver.signatures import ProblemNumbers
from ..solver.solver import Solver
from .plans import made


class CheckedNumbers:
    """What problems of these numbers can be made from without looking at every one.

    The domain of each number is an interval: where the least and the largest of the cells are in
    it, all are.
    """

    def __init__(self, solver: Solver, cells: Sequence[ProblemNumbers]) -> None:
        self._solver = solver
        self._base = vars(solver.problem)
        self._objective = vars(solver.problem.objective)
        self._checked = {name for name in OBJECTIVE_NUMBERS if self._is_checked(name, cells)}

    def problem(self, numbers: ProblemNumbers) -> ControlProblem:
        """The problem of one cell; raises ProblemError where its numbers are refused."""
        if not self._checked.issuperset(numbers):
            return self._solver.numbered(numbers)
        own = {name: float(value) for name, value in numbers.items()}  # type: ignore[arg-type]
        objective = made(Objective, self._objective | own)
        return made(ControlProblem, self._base | {"objective": objective})

    def _is_checked(self, name: str, cells: Sequence[ProblemNumbers]) -> bool:
        values = {cell[name] for cell in cells if name in cell}  # type: ignore[literal-required]
        if not values:
            return True
        # a weight of zero and an infinite horizon are checked together with the other numbers
        if not all(isinstance(value, float) and 0 <= value < math.inf for value in values):
            return False
        if name == "loss_weight" and 0.0 in values:
            return False
        try:
            for value in (min(values), max(values)):
                self._solver.numbered({name: value})  # type: ignore[misc]
        except ProblemError:
            return False
        return True
