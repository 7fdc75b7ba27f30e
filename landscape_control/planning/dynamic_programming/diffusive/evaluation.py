"""What a given policy costs: the linear equation that its cost to go obeys, on a grid."""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ....model.problem import ControlProblem
from ....support.arguments import Count, Matrix, NonNegative, Positive, checked
from ....support.errors import ProblemError
from ....support.returned import called, rows
from .march import march
from .result import GridPolicy
from .scheme import Motion, Scheme
from .setting import Setting, setting_like, setting_of
from .solved import Solved
from .stationary import evaluated


@checked
def evaluate_policy(
    problem: ControlProblem,
    policy: Callable,
    like: GridPolicy | None = None,
    *,
    points: Count | Sequence[Count] | None = None,
    box: Matrix | None = None,
    margin: NonNegative | None = None,
    order: int | None = None,
    covariance: str | None = None,
    steps: Count | None = None,
    accuracy: Positive = 0.01,
) -> GridPolicy:
    """The expected cost of any policy of a partially observed problem, without sampling.

    By the linear equation that its cost to go obeys:

        γV - V_t = uᵀGu/2η + k E[L|x] + ∇_θVᵀ(f + Bu) + bᵀ∇_zV + ½ tr(DDᵀ∇²_zV),
        u = policy(θ, belief, time),   x = (θ, belief z)

    T = ∞: one sparse linear solve on each of two grids. Finite T: one per time step, implicit
    (BDF2). The result's ``cost`` is V(start, prior) and its ``error`` the estimate from the two
    grids. What two policies on one grid differ by has less error than either cost:
    ``evaluate_policy(problem, policy, like).value - like.value``.

    Parameters
    ----------
    problem : ControlProblem with hidden variables and noisy observations
    policy
        Callable (θ (E, n), belief, time) -> u (E, m); the belief is a GaussianBelief or a
        TaskBelief with E entries. ``solution.policy`` of any method is one.
    like : GridPolicy, whose grid, order and time steps are used
    points, box, margin, order, covariance, steps
        As in :func:`solve_grid`, with its defaults, where ``like`` is left out.
    accuracy : as in :func:`solve_grid`

    Raises
    ------
    ProblemError
        A policy that raises, that returns another shape or no finite real numbers, or that depends
        on the time where T = ∞; ``like`` together with a grid of one's own, or of another problem; what
        :func:`solve_grid` refuses.

    Source: the backward equation of a controlled diffusion, Kushner & Dupuis (2001), chapter 5.
    """
    began = time.perf_counter()
    asked = {"points": points, "box": box, "margin": margin, "order": order}
    asked |= {"covariance": covariance, "steps": steps}
    own = {name: value for name, value in asked.items() if value is not None}
    setting = _setting(problem, like, own)
    motion = _motion(setting, policy)
    solved = [_evaluated(scheme, count, motion) for scheme, count in setting.schemes]
    return setting.result(solved, tolerance=1.0, accuracy=accuracy, began=began)


def _setting(problem: ControlProblem, like: GridPolicy | None, own: dict[str, Any]) -> Setting:
    if like is None:
        return setting_of(problem, **own)
    if own:
        raise ProblemError(
            "like",
            expected="the grid of another result, or one of its own, not both",
            received=f"like together with {', '.join(own)}",
            advice="leave out one of the two",
        )
    return setting_like(problem, like)


def _evaluated(scheme: Scheme, steps: int, motion: Callable[[Scheme, float], Motion]) -> Solved:
    if math.isinf(scheme.system.horizon):
        return evaluated(scheme, motion(scheme, math.inf))
    return march(scheme, steps, partial(motion, scheme))


def _motion(setting: Setting, policy: Callable) -> Callable[[Scheme, float], Motion]:
    """(scheme, time-to-go) -> the motion of the policy on the scheme's nodes."""
    system, coordinates = setting.system, setting.coordinates
    n, endless = system.controlled, math.isinf(system.horizon)

    def controls(scheme: Scheme, at: float) -> np.ndarray:
        points = scheme.grid.points.copy()  # a policy may write into what it is given
        belief = coordinates.beliefs(points[:, n:])
        given = called("policy", policy, points[:, :n], belief, at, where=f"t = {at:g}")
        return _checked_controls(given, (len(points), scheme.fields.actuation.shape[1]))

    def motion(scheme: Scheme, to_go: float) -> Motion:
        now = controls(scheme, 0.0 if endless else system.horizon - to_go)
        if endless:
            _refuse_clock(now, controls(scheme, 1 / system.discount))
        return scheme.motion_of(now.T)

    return motion


def _checked_controls(given: object, shape: tuple[int, int]) -> np.ndarray:
    """The controls (E, m) that a policy returned."""
    if isinstance(given, np.ndarray) and given.ndim == 1 and shape[1] == 1:
        given = given[:, None]  # one control for each point
    control = rows(
        "policy",
        given,
        shape,
        where="the nodes of the grid",
        expected="policy(θ (E, n), belief, time) -> controls u of shape (E, m) =",
    )
    if not np.isfinite(control).all():
        raise ProblemError(
            "policy",
            expected="finite controls everywhere on the grid",
            received=f"{np.count_nonzero(~np.isfinite(control))} entries NaN or infinite",
            advice="check the policy at the walls of the box, or pass a smaller box",
        )
    return control


def _refuse_clock(now: np.ndarray, later: np.ndarray) -> None:
    """A policy that changes with time has no steady cost to go."""
    change = np.abs(later - now).max()
    if change > 1e-9 * max(np.abs(now).max(), 1e-300):
        raise ProblemError(
            "policy",
            expected="one that does not depend on the time, as T = ∞",
            received=f"controls that change by {change:.3g} from t = 0 to t = 1/γ",
            advice="evaluate it over a finite horizon, problem.changed(horizon=...)",
        )
