"""What it is worth to look: the optimum without observations against the optimum with them."""

from dataclasses import replace

import casadi as ca

from ...model.observation import Observe
from ...model.problem import ControlProblem
from ...planning.beliefs.confirmation import CostKind
from ...planning.beliefs.lqg import LQGSolution, solve_lqg
from .library import refuse
from .measure import Cell, Measure, register


def _nothing(theta: ca.SX, hidden: ca.SX) -> ca.SX:
    """An observation that does not depend on the hidden variables."""
    return 0 * theta[0]


def blind(problem: ControlProblem) -> ControlProblem:
    """The same problem for a learner that sees nothing but noise, and acts on the prior alone."""
    return problem.changed(learner=replace(problem.learner, sees=Observe(_nothing, 1.0)))


def _value_of_information(cell: Cell) -> float:
    solution = cell.solution
    if not isinstance(solution, LQGSolution):
        refuse(solution, "value_of_information", expected="an exact LQG solution")
    if solution.cost_kind is not CostKind.EXACT:
        refuse(
            solution,
            "value_of_information",
            expected="a cost that is exact, and not a bound or an approximation",
            advice="simulate its policy and that of the problem without sight, and compare",
        )
    return float(solve_lqg(blind(cell.problem)).cost - solution.cost)


value_of_information = register(
    Measure(
        name="value_of_information",
        function=_value_of_information,
        description=(
            "J of the best learner that sees nothing - J*, both exact: what the observations of the"
            " hidden variables save. Not negative; a learner whose sight costs more is better off"
            " blind"
        ),
    )
)
