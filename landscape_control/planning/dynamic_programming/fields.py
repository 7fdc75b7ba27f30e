"""What every problem on a grid evaluates at its nodes.

How large the mobility is, and whether the functions are defined there.
"""

from collections.abc import Callable

import numpy as np

from ...model.problem import ControlProblem
from ...model.problem.mobility import mobility
from ...support.errors import ProblemError

FINITE = "finite values in the whole box"


def largest_mobility(problem: ControlProblem) -> float:
    """The largest entry of BG⁻¹Bᵀ at the start."""
    model, start = problem.model, problem.start
    moved = mobility(model.actuation(start)[0], model.metric(start)[0])
    return float(np.abs(moved).max())


def require_defined(
    what: str, defined: np.ndarray, received: Callable[[int], str], *, expected: str = FINITE
) -> None:
    """Refuse functions that are not ``defined`` (S,) at some node.

    ``received`` says in words what is there at the first of them.
    """
    if defined.all():
        return
    raise ProblemError(
        f"{what} on the grid",
        expected=expected,
        received=received(int(np.argmin(defined))),
        advice="pass a smaller box=[(low, high), …] inside the domain of the problem's functions",
    )
