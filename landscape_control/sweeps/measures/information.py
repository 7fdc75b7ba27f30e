"""What it is worth to look, and to plan for what will be seen: the optimum against learners that do
without.
"""

from typing import Any

from ...planning.beliefs.confirmation import CostKind
from ...planning.beliefs.dispatch import GridSolution
from ...planning.beliefs.lqg import LQGSolution, solve_lqg
from ...planning.dynamic_programming.diffusive.baseline import blind, blind_grid
from ...planning.dynamic_programming.diffusive.evaluation import evaluate_policy
from ...planning.dynamic_programming.diffusive.result import GridPolicy
from .library import refuse
from .measure import Cell, Measure, register

_SOLVED = "an exact LQG solution, or one of dynamic programming"


def _blind_grid(solution: GridSolution, what: str) -> tuple[GridPolicy, GridPolicy]:
    """(the grid of the solution, that of the blind problem on the same nodes)."""
    grid: Any = solution.grid
    problem: Any = solution.problem
    if grid.coordinates.kind == "mean":
        refuse(
            solution,
            what,
            expected="a grid over all that the belief is made of",
            advice="pass covariance='coordinate' to solve: the variance of the blind is another",
        )
    return grid, blind_grid(problem, grid)


def _value_of_information(cell: Cell) -> float:
    what, solution = "value_of_information", cell.solution
    if isinstance(solution, GridSolution):
        grid, other = _blind_grid(solution, what)
        return float(other.cost - grid.cost)
    if not isinstance(solution, LQGSolution):
        refuse(solution, what, expected=_SOLVED)
    if solution.cost_kind is not CostKind.EXACT:
        refuse(
            solution,
            what,
            expected="a cost that is exact, and not a bound or an approximation",
            advice="simulate its policy and that of the problem without sight, and compare",
        )
    return float(solve_lqg(blind(cell.problem)).cost - solution.cost)


def _certainty_equivalent_regret(cell: Cell) -> float:
    what, solution = "certainty_equivalent_regret", cell.solution
    if isinstance(solution, LQGSolution):
        return 0.0  # its policy does not depend on what will be seen
    if not isinstance(solution, GridSolution):
        refuse(solution, what, expected=_SOLVED)
    grid, other = _blind_grid(solution, what)
    cost = evaluate_policy(solution.problem, other.policy, like=grid).cost
    return float((cost - grid.cost) / abs(grid.cost))


value_of_information = register(
    Measure(
        name="value_of_information",
        function=_value_of_information,
        description=(
            "J of the best learner that sees nothing - J*: what the observations of the hidden"
            " variables save; exact for LQG, to the error of the grid for dynamic programming"
        ),
    )
)
certainty_equivalent_regret = register(
    Measure(
        name="certainty_equivalent_regret",
        function=_certainty_equivalent_regret,
        description=(
            "(J - J*)/|J*| of a learner that plans as if it would see nothing more, and then acts on"
            " what it has seen: what it is worth to probe; 0 for LQG, where certainty equivalence"
            " holds, and by one linear solve on the grid of dynamic programming"
        ),
    )
)
