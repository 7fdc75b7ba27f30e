"""Is a stationary plan a minimum? The second variation of the cost along it is tested.

A stationary plan is a strict weak minimum if the second variation of J is positive for every
admissible variation, and none if it is negative for one (Jacobi's condition: no conjugate point on
the way; Bryson & Ho 1975, ch. 6). Here the variations are piecewise polynomials on the plan's own
mesh. They are a subspace of all variations, so that a negative direction among them is one, up to
quadrature that is exact for polynomials of twice their degree.

* B square and invertible: variations of θ alone, a banded matrix, one Cholesky factorisation.
* Otherwise: variations of u, with the linearised dynamics between. A banded Cholesky factorisation
  with departures from the dynamics penalised shows most minima as such; one Riccati step per
  element decides the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy.linalg import eig_banded, solveh_banded
from scipy.linalg.lapack import dpbtrf

from ...model.problem import ControlProblem
from ..solution import Plan
from .action_variation import NEUTRAL, is_convex, is_positive, with_end
from .controlled_variation import controlled_variation_is_positive, falling_variation
from .inspection import Inspection, inspect_path
from .penalised_variation import penalised_is_positive

MOST_EIGEN = 1500  # unknowns up to which the lowest eigenvector is computed


@dataclass(frozen=True, kw_only=True, eq=False)
class Curvature:
    """What the second variation says.

    Attributes
    ----------
    positive : bool, whether every variation on the plan's mesh costs something, or at least does
        not save more than 1e-5 of its own effort: where a symmetry lets a plan be moved at no cost,
        the second variation is zero up to rounding
    method : str, by which argument
    find_direction : () -> ``direction``, which takes longer than the test and is seldom asked for
    """

    positive: bool
    method: str
    find_direction: Callable[[], np.ndarray | None] = lambda: None

    @cached_property
    def direction(self) -> np.ndarray | None:
        """Where ``positive`` is False, a variation (N+1, n) of θ along which the cost falls; or None.

        Its largest entry is one.
        """
        return self.find_direction()


CONVEX = Curvature(positive=True, method="the problem is convex")
FACTORED = Curvature(positive=True, method="banded Cholesky factorisation")
_PENALISED = Curvature(
    positive=True, method="banded Cholesky factorisation, departures from the dynamics penalised"
)
_RECURRED = Curvature(positive=True, method="Riccati recursion over the elements")


@np.errstate(all="ignore")  # plans that failed are tested too
def curvature_along(
    problem: ControlProblem, plan: Plan, seen: Inspection | None = None
) -> Curvature:
    """Test the second variation along a stationary plan; see the module for how.

    ``seen`` is what the pass over the plan has found, where that is at hand.
    """
    if is_convex(problem.model):
        return CONVEX
    if not problem.model.is_invertible:
        return _controlled_curvature(problem, plan)
    return _banded_curvature(problem, plan, seen or _inspected(problem, plan))


def _inspected(problem: ControlProblem, plan: Plan) -> Inspection:
    objective = problem.objective
    numbers = objective.learning_rate, objective.loss_weight, objective.discount
    return inspect_path(problem.model, plan, *numbers)


# --- B invertible: the action's own Hessian


def _banded_curvature(problem: ControlProblem, plan: Plan, seen: Inspection) -> Curvature:
    band = _action_hessian(problem, plan, seen)
    if is_positive(band):
        return FACTORED
    find = partial(_falling_direction, problem, plan, band)
    return Curvature(positive=False, method=FACTORED.method, find_direction=find)


def _falling_direction(problem: ControlProblem, plan: Plan, band: np.ndarray) -> np.ndarray | None:
    """A variation of θ (N+1, n) along which the cost falls; None where there is none.

    The eigenvector of the lowest eigenvalue; on large meshes, which would take too much time and
    memory, the direction that the factorisation meets first: of the smallest leading block that is
    not positive, [[A, c], [cᵀ, a]], it is (-A⁻¹c, 1).
    """
    size = band.shape[1]
    if not np.isfinite(band).all():
        return None
    if size <= MOST_EIGEN:
        values, vectors = eig_banded(band, lower=True, select="i", select_range=(0, 0))
        lowest = vectors[:, 0] if values[0] < 0 else None
    else:
        lowest = _first_negative(band)
    if lowest is None:
        return None
    n = problem.dimension
    fixed = 0 if problem.end is None else n
    full = np.concatenate([np.zeros(n), lowest, np.zeros(fixed)]).reshape(-1, n)
    # back from the scaled nodes
    full *= np.exp(problem.objective.discount / 2 * (plan.times - plan.times[-1]))[:, None]
    largest = np.abs(full).max()
    return full / largest if largest > 0 else None


def _first_negative(band: np.ndarray) -> np.ndarray | None:
    """(-A⁻¹c, 1, 0, …) of the smallest leading block [[A, c], [cᵀ, a]] that is not positive."""
    _, failed = dpbtrf(band, lower=1)  # the order of that block, 0 where there is none
    if not failed:
        return None
    before = failed - 1
    lowest = np.zeros(band.shape[1])
    lowest[before] = 1.0
    if before:
        width = band.shape[0] - 1
        column = np.zeros(before)
        for below in range(1, min(width, before) + 1):
            column[before - below] = band[below, before - below]
        leading = np.array(band[:, :before])
        lowest[:before] = -solveh_banded(leading, column, lower=True)
    return lowest


def _action_hessian(problem: ControlProblem, plan: Plan, seen: Inspection) -> np.ndarray:
    """∂²J/∂θ∂θ over the nodes that are free, scaled by e^{γt/2}.

    In LAPACK's lower band storage (bandwidth + 1, size).
    """
    if seen.band is None:
        raise TypeError("an inspection without the second variation, which is read where B inverts")
    end = _end_curvature(problem, plan)
    return with_end(seen.band, problem, end)


def _end_curvature(problem: ControlProblem, plan: Plan) -> np.ndarray | None:
    """∂²/∂θ_T² of what follows the last node, in its current value; None where nothing does.

    That is the terminal cost or the tail's cost to go.
    """
    objective = problem.objective
    if plan.tail is not None:
        return plan.tail.value_hessian
    if objective.terminal is None:
        return None
    hessian = problem.model.terminal_derivatives(plan.parameters[-1:])[1][0]
    return objective.terminal_weight * hessian


# --- otherwise: the controls are varied


def _controlled_curvature(problem: ControlProblem, plan: Plan) -> Curvature:
    end = _end_curvature(problem, plan)
    if penalised_is_positive(problem, plan, end):
        return _PENALISED
    if controlled_variation_is_positive(problem, plan, end, NEUTRAL):
        return _RECURRED
    find = partial(falling_variation, problem, plan, end, NEUTRAL)
    return Curvature(positive=False, method=_RECURRED.method, find_direction=find)
