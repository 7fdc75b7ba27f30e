"""solve_grid: the optimal learner in (θ, belief) by stochastic dynamic programming."""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ....model.problem import ControlProblem
from ....support.arguments import Count, Matrix, NonNegative, Positive, checked
from ....support.arrays import freeze, whole
from ....support.errors import ProblemError
from ..box import node_counts, refuse_outside
from ..mesh import Grid
from .coordinates import belief_system
from .domain import Domain, derived_domain, given_domain
from .march import march
from .quality import Quality
from .result import GridPolicy
from .scheme import Motion, Scheme
from .solved import Solved
from .stationary import evaluated, stationary_levels

POINTS = {1: (401,), 2: (101, 101), 3: (41, 41, 21)}


@checked
def solve_grid(
    problem: ControlProblem,
    *,
    points: Count | Sequence[Count] | None = None,
    box: Matrix | None = None,
    margin: NonNegative = 0.3,
    order: int = 2,
    tolerance: Positive = 1e-06,
    accuracy: Positive = 0.01,
    covariance: str = "auto",
    steps: Count = 100,
) -> GridPolicy:
    """Solve the stochastic HJB equation of a partially observed problem on a grid.

        γV - V_t = min_u [uᵀGu/2η + k E[L|x] + ∇_θVᵀ(f + Bu) + bᵀ∇_zV + ½ tr(DDᵀ∇²_zV)],
        x = (θ, belief z)

    T = ∞: policy iteration on nested grids (Howard 1960; Kushner & Dupuis 2001). Finite T: implicit
    in time (BDF2). The belief coordinates are p₁ for two tasks; the mean, where the covariance
    settles whatever the learner does; and mean and variance of one hidden variable otherwise. Three
    coordinates at most.

    Parameters
    ----------
    problem : ControlProblem with hidden variables and noisy observations
    points
        Odd number of nodes per axis, or one for each; default 101 x 101 in two dimensions, 41 x 41
        x 21 in three.
    box
        [(low, high), …] for θ, then the belief, instead of the derived box; see
        ``derived_domain``.
    margin : by which fraction of its longest side the derived box exceeds the places named there
    order : 2, or 1 for the monotone upwind scheme, which settles also where V has kinks
    tolerance : change of V, relative to its range, at which the policy iteration stops
    accuracy
        Difference of two grids, relative to the range of V in the core, above which the status is
        "grid too coarse".
    covariance
        "steady" (held at its steady value), "coordinate", or "auto": steady where T = ∞ and it
        settles at a value above zero, or where the prior is there already.
    steps : time steps for a finite horizon, even

    Raises
    ------
    ProblemError
        More than three coordinates; nothing hidden; noise-free observations; a fixed end; T = ∞
        with γ = 0; functions not finite in the box; a start outside it.
    """
    began = time.perf_counter()
    order, steps = _checked(order, steps)
    system, coordinates, assumes = belief_system(problem, covariance)
    domain = _domain(problem, coordinates, box, margin)
    counts = node_counts(
        points,
        len(system.names),
        default=POINTS[len(system.names)],
        least=11,
        advice="one entry per coordinate: θ, then the belief",
    )
    grid = Grid.over(domain.box, counts)
    refuse_outside(grid, {"start": np.concatenate([problem.start, coordinates.start])})
    solved = _optimal(system, grid, order, tolerance, steps)
    return _result(
        problem, (system, coordinates, assumes), domain, solved, (tolerance, accuracy), began
    )


@checked
def evaluate_policy(
    problem: ControlProblem,
    policy: Callable,
    like: GridPolicy,
    *,
    accuracy: Positive = 0.01,
) -> GridPolicy:
    """The expected cost to go of any policy, on the grid of another result.

    By the linear equation that it obeys:

        γV - V_t = uᵀGu/2η + k E[L|x] + ∇_θVᵀ(f + Bu) + bᵀ∇_zV + ½ tr(DDᵀ∇²_zV),
        u = policy(θ, belief, time)

    No sampling: two policies on one grid differ by what they are worth,
    ``evaluate_policy(...).value - like.value``.

    Parameters
    ----------
    problem : the problem that ``like`` solves
    policy
        Callable (θ (E, n), belief, time) -> u (E, m); the belief is a GaussianBelief or a
        TaskBelief.
    like : GridPolicy, whose grid, order and time steps are used
    accuracy : as in :func:`solve_grid`
    """
    began = time.perf_counter()
    covariance = {"mean": "steady", "mean and variance": "coordinate"}
    parts = belief_system(problem, covariance.get(like.coordinates.kind, "auto"))
    system, coordinates, _ = parts
    n, endless = system.controlled, math.isinf(system.horizon)

    def motion(scheme: Scheme, to_go: float) -> Motion:
        """Of the given policy, on the nodes of a scheme's grid."""
        points = scheme.grid.points
        at = 0.0 if endless else system.horizon - to_go
        control = np.asarray(policy(points[:, :n], coordinates.beliefs(points[:, n:]), at))
        return scheme.motion_of(control.reshape(len(points), -1).T)

    grid, solved = Grid(axes=like.axes), []
    for here, steps in ((grid.coarser(), like.iterations // 2), (grid, like.iterations)):
        scheme = Scheme(system=system, grid=here, order=like.order)
        if endless:
            solved.append(evaluated(scheme, motion(scheme, math.inf)))
        else:
            solved.append(march(scheme, steps, partial(motion, scheme)))
    domain = Domain(core=like.core, box=like.box, unreachable=like.natural)
    return _result(problem, parts, domain, solved, (1.0, accuracy), began)


def _result(problem, parts, domain, solved, limits, began) -> GridPolicy:
    system, coordinates, assumes = parts
    coarse, fine = solved
    grid = fine.scheme.grid
    start = np.concatenate([problem.start, coordinates.start])
    quality = Quality.of(coarse, fine, domain, start)
    status, message = quality.judged(*limits)
    controls = np.array([motion.control.reshape(-1, *grid.shape) for motion in fine.motions])
    return GridPolicy(
        axes=grid.axes,
        names=system.names,
        to_go=freeze(fine.to_go),
        values=freeze(fine.values.reshape(-1, *grid.shape)),
        controls=freeze(controls),
        error=quality.error,
        policy_error=quality.policy_error,
        status=status,
        message=message,
        residual=fine.change,
        iterations=fine.iterations,
        box=freeze(domain.box),
        core=freeze(domain.core),
        natural=domain.unreachable,
        wall_share=quality.wall_share,
        order=fine.scheme.order,
        assumes=assumes,
        seconds=time.perf_counter() - began,
        start=problem.start,
        coordinates=coordinates,
    )


def _checked(order: int, steps: int) -> tuple[int, int]:
    if order not in (1, 2):
        raise ProblemError(
            "order",
            expected="1 or 2",
            received=repr(order),
            advice="2 is more accurate, 1 more robust",
        )
    if whole("steps", steps, low=10) % 2:
        raise ProblemError(
            "steps",
            expected="an even number (every other step makes the coarser solve)",
            received=str(steps),
            advice=f"use {steps + 1}",
        )
    return order, steps


def _domain(problem, coordinates, box, margin) -> Domain:
    if box is None:
        return derived_domain(problem, coordinates, margin)
    return given_domain(problem, coordinates, box)


def _optimal(system, grid, order, tolerance, steps) -> list[Solved]:
    """On the grid of twice the spacing, and on ``grid``."""
    if math.isinf(system.horizon):
        return list(stationary_levels(system, grid, order=order, tolerance=tolerance))
    coarse, fine = (Scheme(system=system, grid=g, order=order) for g in (grid.coarser(), grid))
    return [march(coarse, steps // 2), march(fine, steps)]
