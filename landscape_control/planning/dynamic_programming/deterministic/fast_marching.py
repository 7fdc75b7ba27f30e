"""Fast marching for γ = 0, T = ∞: the value is a geodesic length and obeys an eikonal equation."""

import math

import numpy as np

from ....model.landscape import find_minima
from ....model.problem import ControlProblem
from ....model.problem.mobility import mobility
from ....support.errors import ProblemError
from ..bounds.beyond import Beyond
from ..mesh import Grid

# the quadratic source around a minimum reaches at least this many cells along every axis
_CELLS = 3.0


def eikonal_value(problem: ControlProblem, grid: Grid, beyond: Beyond | None = None) -> np.ndarray:
    """V on the nodes, (N_1, …), from |∇V| = √(2kLg/η), V = 0 at the minima of L.

    By scikit-fmm (Sethian 1996; order 2).

    Without discount, drift and deadline the optimal path has no energy, speed √(2ηkL/g), and V is
    the length of the geodesic to the cheapest minimum in the metric (2k/η) L G. The front starts on
    a small level set of V ≈ ½δᵀSδ, S = √(kg∇²L/η), around every minimum with L = 0. With ``beyond``
    (:class:`Beyond`) a path may also run to a wall, be moved outside free of charge, and come back
    from the wall node of least value.

    Raises
    ------
    ProblemError
        Unless T = ∞, γ = 0, f = 0, BG⁻¹Bᵀ = (1/g)·I everywhere and min L = 0 in the box; if
        scikit-fmm is missing.
    """
    push = _isotropic_mobility(problem, grid)
    minima, hessians, loss = _sources(problem, grid)
    k = problem.objective.loss_weight
    curvatures = [_root(k * hessian / push) for hessian in hessians]
    near = [
        _quadratic(point, curvature, grid)
        for point, curvature in zip(minima, curvatures, strict=True)
    ]
    level = max(_level(curvature, grid) for curvature in curvatures)
    nearest = np.min(near, axis=0)
    lowered = loss
    if beyond is not None:
        lowered = beyond.lowered_loss(loss.ravel(), grid).reshape(grid.shape)
    # a front needs a finite speed also where L = 0
    slowness = np.sqrt(2 * k * np.maximum(lowered, 1e-12 * loss.max()) / push)
    fmm = _scikit_fmm()
    travelled = fmm.travel_time(nearest - level, 1 / slowness, dx=list(grid.spacing), order=2)
    value = np.where(nearest <= level, nearest, level + np.asarray(travelled))
    if beyond is None:
        return value
    from_wall = np.min([_wall_distance(axis, grid) for axis in range(grid.dimension)], axis=0)
    outwards = fmm.travel_time(from_wall, 1 / slowness, dx=list(grid.spacing), order=2)
    return np.minimum(value, np.asarray(outwards) + value[grid.walls].min())


def _wall_distance(axis, grid):
    """Distance to the surface half a cell inside the walls across one axis."""
    low, high = grid.box[axis]
    nodes = np.minimum(grid.axes[axis] - low, high - grid.axes[axis]) - grid.spacing[axis] / 2
    along_axis = [1] * grid.dimension
    along_axis[axis] = -1
    return np.broadcast_to(nodes.reshape(along_axis), grid.shape)


def _scikit_fmm():
    try:
        import skfmm
    except ImportError as error:
        raise ProblemError(
            "grid certificate with γ = 0 and T = inf",
            expected="the optional package scikit-fmm",
            received="not installed",
            advice="pip install landscape-control[grid]",
        ) from error
    return skfmm


def _isotropic_mobility(problem, grid):
    """η/g, after checking every assumption of the eikonal equation."""
    objective, model = problem.objective, problem.model
    if math.isfinite(objective.horizon) or objective.discount > 0:
        _refuse("γ = 0 and T = inf", f"γ = {objective.discount:g}, T = {objective.horizon:g}")
    drift = np.abs(model.drift(grid.points)).max()
    if drift > 0:
        _refuse("no drift", f"a drift of size up to {drift:.3g}")
    pushes = mobility(model.actuation(grid.points), model.metric(grid.points))
    scale = pushes[0, 0, 0]
    if np.abs(pushes - scale * np.eye(grid.dimension)).max() > 1e-12 * abs(scale):
        _refuse(
            "a metric and actuation with BG⁻¹Bᵀ = (1/g)·I everywhere",
            "a direction- or θ-dependent one",
        )
    return objective.learning_rate * scale


def _refuse(expected, received):
    raise ProblemError(
        "grid certificate with γ = 0 and T = inf (fast marching)",
        expected=expected,
        received=received,
        advice=(
            "use a discount γ > 0 or a finite horizon, for which the grid solves the full equation"
        ),
    )


def _sources(problem, grid):
    """(minima with L = 0 (K, n), Hessians there, L on the nodes)."""
    landscape = problem.landscape
    loss = landscape.loss(grid.points)
    seeds = landscape.minima
    if seeds is None:
        seeds = grid.points[np.argsort(loss)[:50]]
    minima = find_minima(landscape, seeds)
    if len(minima):  # room for the quadratic source around each
        minima = minima[grid.wall_distance(minima) > 2 * _CELLS]
    tolerance = 1e-9 * max(np.ptp(loss), 1e-300)
    lowest = landscape.loss(minima).min() if len(minima) else np.inf
    if not abs(lowest) <= tolerance or loss.min() < -tolerance:
        received = "none"
        if len(minima):
            received = f"lowest loss {min(lowest, loss.min()):.6g}"
        raise ProblemError(
            "infinite horizon without discount",
            received=received,
            expected="a landscape with min L = 0 at a minimum inside the box",
            advice="subtract the lowest loss, landscape.above(value), or use a discount γ > 0",
        )
    zero = landscape.loss(minima) <= tolerance
    return minima[zero], landscape.hessian(minima[zero]), loss.reshape(grid.shape)


def _root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values)) @ vectors.T


def _quadratic(minimum, matrix, grid):
    offset = grid.points - minimum
    return np.einsum("si,ij,sj->s", offset, matrix, offset).reshape(grid.shape) / 2


def _level(matrix, grid):
    """V on the ellipsoid that reaches _CELLS cells along every axis.

    Its half-extent along i is √(2V (S⁻¹)_ii).
    """
    return float(((_CELLS * grid.spacing) ** 2 / (2 * np.diag(np.linalg.inv(matrix)))).max())
