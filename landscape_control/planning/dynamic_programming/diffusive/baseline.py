"""What certainty equivalence costs: planning as if nothing more were to be seen."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import casadi as ca

from ....model.observation import Observe
from ....model.problem import ControlProblem
from ....support.arguments import AnyNumber, Count, Matrix, NonNegative, Positive, checked
from ....support.errors import ProblemError
from ..two_grids import difference, estimated_error
from .coordinates import belief_system
from .march import march
from .quality import in_core
from .result import GridPolicy
from .scheme import Motion, Scheme
from .setting import Setting, setting_of
from .solve import optimal_levels, solve_grid
from .solved import Solved
from .stationary import evaluated
from .task_coordinates import PROBABILITIES

_COVARIANCES = {"mean and variance": "coordinate"} | dict.fromkeys(PROBABILITIES, "auto")


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class CertaintyEquivalence:
    """What the certainty-equivalent learner costs more than the optimal one.

    Build with :func:`certainty_equivalence`.

    Attributes
    ----------
    optimum : GridPolicy, the optimal learner
    plan : GridPolicy, the best policy if nothing more were to be seen, with the cost of that
    carried_out : GridPolicy, the same policy with what it costs where it is fed what is seen
    excess : J_ce - J*, from start and prior
    error
        Estimated error of the excess: 1.5 times its largest change inside the core from the grid of
        twice the spacing. It is counted as of first order, as grids that resolve V well enough may
        not yet resolve the layers of a probability near 0 and 1, whose width is the rate of
        switching over the information per unit time.
    """

    optimum: GridPolicy
    plan: GridPolicy
    carried_out: GridPolicy
    excess: AnyNumber
    error: AnyNumber

    @property
    def regret(self) -> float:
        """(J_ce - J*)/|J*|."""
        return float(self.excess / abs(self.optimum.cost))

    @property
    def value_of_information(self) -> float:
        """What seeing saves the optimal learner: the cost of seeing nothing, minus J*."""
        return float(self.plan.cost - self.optimum.cost)


@checked
def certainty_equivalence(
    problem: ControlProblem,
    *,
    points: Count | Sequence[Count] | None = None,
    box: Matrix | None = None,
    margin: NonNegative = 0.3,
    order: int = 2,
    tolerance: Positive = 1e-06,
    covariance: str = "auto",
    steps: Count = 100,
    accuracy: Positive = 0.01,
) -> CertaintyEquivalence:
    """The excess cost of the certainty-equivalent learner, without sampling.

    It filters as the optimal learner does, but from every belief it acts as the best plan would if
    nothing more were to be seen: u_ce = -ηG⁻¹Bᵀ∂V₀/∂θ, with V₀ the value of the problem without
    observations. What that costs where things are seen is a linear equation
    (:func:`evaluate_policy`); where the effort is uᵀGu/2η, the excess is also

        J_ce - J* = E ∫ e^{-γt} (u_ce - u*)ᵀG(u_ce - u*)/2η dt    along the learner's own paths.

    Zero where the control does not change what will be known (Feldbaum 1960; Bar-Shalom & Tse
    1974): known curvature, tasks that differ in their minima alone.

    Parameters
    ----------
    problem, points, box, margin, order, tolerance, covariance, steps, accuracy
        As in :func:`solve_grid`.

    Raises
    ------
    ProblemError
        What :func:`solve_grid` refuses; a belief whose variance is held at its
        steady value, which it would not keep if nothing were seen (``covariance="coordinate"``).
    """
    began = time.perf_counter()
    setting = setting_of(
        problem,
        points=points,
        box=box,
        margin=margin,
        order=order,
        covariance=covariance,
        steps=steps,
    )
    unseeing = _blind_setting(setting)
    best, plans = (optimal_levels(one, tolerance) for one in (setting, unseeing))
    followed = [
        _followed(scheme, count, plan)
        for (scheme, count), plan in zip(setting.schemes, plans, strict=True)
    ]
    optimum, plan, carried_out = (
        where.result(levels, tolerance=tolerance, accuracy=accuracy, began=began)
        for where, levels in ((setting, best), (unseeing, plans), (setting, followed))
    )
    return CertaintyEquivalence(
        optimum=optimum,
        plan=plan,
        carried_out=carried_out,
        excess=carried_out.cost - optimum.cost,
        error=_error_of_the_excess(setting, best, followed),
    )


def _blind_setting(setting: Setting) -> Setting:
    """The same grid for the learner that sees nothing."""
    kind = setting.coordinates.kind
    _refuse_steady(kind)
    system, coordinates, assumes = belief_system(blind(setting.problem), _COVARIANCES[kind])
    return replace(setting, system=system, coordinates=coordinates, assumes=assumes)


def _followed(scheme: Scheme, steps: int, plan: Solved) -> Solved:
    """What the plan's controls cost where things are seen, on the plan's own grid."""
    horizon = scheme.system.horizon
    if math.isinf(horizon):
        return evaluated(scheme, scheme.motion_of(plan.motion.control))

    def motion(to_go: float) -> Motion:
        instant = round(to_go / horizon * steps)
        return scheme.motion_of(plan.motions[instant].control)

    return march(scheme, steps, motion)


def _error_of_the_excess(
    setting: Setting, best: Sequence[Solved], followed: Sequence[Solved]
) -> float:
    """The largest change of the excess inside the core from the coarse grid to the fine one."""
    coarse, fine = (
        (other.value - one.value).reshape(one.scheme.grid.shape)
        for one, other in zip(best, followed, strict=True)
    )
    inside = in_core(best[0].scheme.grid, setting.domain)
    largest = difference(fine, coarse, setting.grid)[inside].max()
    return estimated_error(float(largest), order=1)


def blind(problem: ControlProblem) -> ControlProblem:
    """The same problem for a learner that sees nothing but noise, and acts on the prior alone."""
    return problem.changed(learner=replace(problem.learner, sees=Observe(_nothing, 1.0)))


def blind_grid(problem: ControlProblem, like: GridPolicy) -> GridPolicy:
    """The solution without observations, on the nodes of a solution with them.

    Raises
    ------
    ProblemError
        The variance is held at its steady value on that grid, and is another one for the blind.
    """
    kind = like.coordinates.kind
    _refuse_steady(kind)
    return solve_grid(
        blind(problem),
        points=[len(axis) for axis in like.axes],
        box=like.box,
        order=like.order,
        covariance=_COVARIANCES[kind],
        steps=max(2 * (like.iterations // 2), 10),
    )


def _nothing(theta: ca.SX, hidden: ca.SX) -> ca.SX:
    """An observation that does not depend on the hidden variables."""
    return 0 * theta[0]


def _refuse_steady(kind: str) -> None:
    if kind not in _COVARIANCES:
        raise ProblemError(
            "certainty equivalence on a grid",
            expected="a grid over all that the belief is made of",
            received="a covariance held at its steady value, which the blind would not keep",
            advice="pass covariance='coordinate'",
        )
