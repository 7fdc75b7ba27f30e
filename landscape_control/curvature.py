"""Is a stationary plan a minimum? The second variation of the cost along it, tested for positive definiteness.

A stationary plan is a strict weak minimum if the second variation of J is positive for every admissible variation, and
none if it is negative for one (Jacobi's condition: no conjugate point on the way; Bryson & Ho 1975, ch. 6). Here the
variations are piecewise polynomials on the plan's own mesh. They are a subspace of all variations, so that a negative
direction among them is one, up to quadrature that is exact for polynomials of twice their degree.

* B square and invertible: variations of θ alone, a banded matrix, one Cholesky factorisation.
* Otherwise: variations of u, with the linearised dynamics between, one Riccati step per element.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import casadi as ca
import numpy as np
from scipy.linalg import eig_banded, solveh_banded
from scipy.linalg.lapack import dpbtrf

from .controlled_variation import controlled_variation_is_positive
from .inside import FinePath, fine_path, inner_matrices
from .interpolation import node_index
from .learner import Learner
from .pointwise import Pointwise
from .problem import ControlProblem, Model, typical_mass
from .transcription.action import eliminated_control

MOST_EIGEN = 1500  # unknowns up to which the lowest eigenvector is computed
NEUTRAL = 1e-5  # curvatures down to minus this fraction of the effort of a variation count as zero, see ``Curvature``


@dataclass(frozen=True, kw_only=True, eq=False)
class Curvature:
    """What the second variation says.

    Attributes
    ----------
    positive : bool, whether every variation on the plan's mesh costs something, or at least does not save more than 1e-5
        of its own effort: where a symmetry lets a plan be moved at no cost, the second variation is zero up to rounding
    method : str, by which argument
    direction : array like the plan's ``parameters``, or None: where ``positive`` is False, a variation of θ of unit size
        along which the cost falls (exact where B is invertible, else of the problem in which everything can be pushed)
    """

    positive: bool
    method: str
    direction: np.ndarray | None = None


_CONVEX = Curvature(positive=True, method="the problem is convex")
_FACTORED = Curvature(positive=True, method="banded Cholesky factorisation")
_RECURRED = Curvature(positive=True, method="Riccati recursion over the elements")


@np.errstate(all="ignore")  # plans that failed are tested too
def curvature_along(
    problem: ControlProblem, plan, fine: FinePath | None = None, hessians=None
) -> Curvature:
    """Test the second variation along a stationary plan; see the module for how.

    ``fine`` is the plan inside its elements and ``hessians`` what ``second_derivatives`` gives there, where they are
    at hand.
    """
    if is_convex(problem):
        return _CONVEX
    if not problem.model.is_invertible:
        return _controlled_curvature(problem, plan)
    fine = fine_path(plan) if fine is None else fine
    if hessians is None:
        hessians = _evaluated(problem, fine)
    return _banded_curvature(problem, plan, fine, hessians)


def is_tested_by_hessians(model: Model) -> bool:
    """Whether the test reads ``second_derivatives`` of the model at the points inside the elements."""
    return model.is_invertible and not _model_is_convex(model)


def is_convex(problem: ControlProblem) -> bool:
    """Whether J is convex because of what the problem is: L and Φ convex quadratics, f affine, G and B constant."""
    return _model_is_convex(problem.model)


def _model_is_convex(model: Model) -> bool:
    if "convex" not in model.cache:
        model.cache["convex"] = _is_linear_quadratic(model) and _quadratics_are_convex(model)
    return model.cache["convex"]


def _is_linear_quadratic(model: Model) -> bool:
    if not (
        model.constant["metric"] and model.constant["actuation"] and model.landscape.is_quadratic
    ):
        return False
    return model.drift_matrix is not None and (
        model.terminal is None or model.terminal_is_quadratic
    )


def _quadratics_are_convex(model: Model) -> bool:
    origin = np.zeros((1, model.dimension))
    hessians = [model.landscape.hessian(origin)[0]]
    if model.terminal is not None:
        hessians.append(model.terminal_derivatives(origin)[1][0])
    return all(_is_semidefinite(hessian) for hessian in hessians)


def _is_semidefinite(hessian: np.ndarray) -> bool:
    values = np.linalg.eigvalsh(hessian)
    return bool(values[0] >= -1e-13 * np.abs(values).max())


# --- B invertible: the action's own Hessian ---------------------------------------------------------------------------


def _banded_curvature(problem, plan, fine, hessians):
    band = _action_hessian(problem, plan, fine, hessians)
    _, failed = dpbtrf(band, lower=1)
    if (
        not failed and np.isfinite(band[0]).all()
    ):  # a diagonal that is finite and factors bounds the rest
        return _FACTORED
    direction = _falling_direction(problem, plan, band) if np.isfinite(band).all() else None
    return Curvature(positive=False, method=_FACTORED.method, direction=direction)


def _falling_direction(problem, plan, band):
    """A variation of θ (N+1, n) along which the cost falls, largest entry one; None where there is none.

    The eigenvector of the lowest eigenvalue; on large meshes, which would take too much time and memory, the direction that
    the factorisation meets first: of the smallest leading block that is not positive, [[A, c], [cᵀ, a]], it is (-A⁻¹c, 1).
    """
    size = band.shape[1]
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
    full *= np.exp(problem.objective.discount / 2 * (plan.times - plan.times[-1]))[
        :, None
    ]  # back from the scaled nodes
    largest = np.abs(full).max()
    return full / largest if largest > 0 else None


def _first_negative(band):
    _, failed = dpbtrf(band, lower=1)
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


def _action_hessian(problem, plan, fine, hessians) -> np.ndarray:
    """∂²J/∂θ∂θ over the nodes that are free, in LAPACK's lower band storage (bandwidth + 1, size).

    Nodes are scaled by e^{γt/2}: a congruence, which keeps late ones in sight however long the horizon is in units of 1/γ.
    """
    n, count, degree = problem.dimension, len(plan.vertices) - 1, plan.degree
    entries = _element_hessians(problem, plan, fine, hessians)
    index, kept, size, width = _band_index(count, degree, n, problem.end is not None)
    band = np.bincount(index, weights=entries.ravel()[kept], minlength=size * (width + 1)).reshape(
        width + 1, size
    )
    end = _end_curvature(problem, plan)
    if problem.end is None and end is not None:
        for row, column in zip(*np.tril_indices(n), strict=True):
            band[row - column, size - n + column] += end[row, column]
    return band


@lru_cache(maxsize=32)
def _band_index(count, degree, n, fixed_end):
    """Where the entries (K, D, D) of the elements go in the band; which are kept; size and bandwidth."""
    nodes = node_index(count, degree)
    unknowns = (nodes[:, :, None] * n + np.arange(n)).reshape(
        count, -1
    ) - n  # the start does not vary
    size = count * degree * n - (n if fixed_end else 0)
    rows, columns = np.broadcast_arrays(unknowns[:, :, None], unknowns[:, None, :])
    kept = ((rows >= columns) & (columns >= 0) & (rows < size)).ravel()
    rows, columns = rows.ravel()[kept], columns.ravel()[kept]
    return (rows - columns) * size + columns, np.flatnonzero(kept), size, (degree + 1) * n - 1


def _element_hessians(problem, plan, fine, hessians) -> np.ndarray:
    """∫ over each element of the second variation's density, in its nodes' θ: (K, D, D), D = (degree + 1) n."""
    n, count = problem.dimension, len(fine.times)
    density = _density(problem, fine, hessians)
    # variations are taken in τ, the fraction of the element: d/dt = (d/dτ)/h
    units = np.ones((count, 2 * n))
    units[:, n:] /= (plan.vertices[1:] - plan.vertices[:-1])[:, None]
    discount, begins = problem.objective.discount, plan.vertices[:-1, None]
    fade = fine.weights * np.exp(-discount * (fine.times - begins))
    density *= fade[:, :, None, None] * (units[:, None, :, None] * units[:, None, None, :])
    variations = _variations(tuple(plan.positions), n)
    pushed = density @ variations  # (K, q, 2n, D)
    flat = variations.reshape(-1, variations.shape[-1])
    entries = flat.T @ pushed.reshape(count, len(flat), -1)
    if discount > 0:
        lengths = plan.vertices[1:] - plan.vertices[:-1]
        scales = np.repeat(np.exp(discount / 2 * lengths[:, None] * plan.positions), n, axis=1)
        entries *= scales[:, :, None] * scales[:, None, :]
    return entries


def _density(problem, fine, hessians) -> np.ndarray:
    """The Hessian of effort + kL in (θ, θ̇) at the points inside the elements, slightly stiffer: (K, q, 2n, 2n)."""
    n = problem.dimension
    kinetic = _constant_kinetic(problem.model)
    if kinetic is None:
        density = hessians.reshape(*fine.times.shape, 2 * n, 2 * n).copy()
        density[:, :, n:, n:] *= 1 + NEUTRAL
        return density
    density = np.empty((*fine.times.shape, 2 * n, 2 * n))
    density[...] = kinetic / problem.objective.learning_rate
    density[:, :, :n, :n] += hessians.reshape(*fine.times.shape, n, n)
    return density


def second_derivatives(model: Model, theta, velocity, pair):
    """What the test needs of the density effort + kL at one point, as an expression: k∇²L (n, n) where effort has the same
    Hessian everywhere, else the Hessian in (θ, θ̇) (2n, 2n), with u = B⁻¹(θ̇ - f); ``pair`` is [η, k]."""
    loss = pair[1] * model.loss_at(theta)
    if _constant_kinetic(model) is not None:
        return ca.hessian(loss, theta)[0]
    u = eliminated_control(model, theta, velocity)
    value = ca.dot(u, model.metric_at(theta) @ u) / (2 * pair[0]) + loss
    return ca.hessian(value, ca.vertcat(theta, velocity))[0]


def _evaluated(problem, fine) -> np.ndarray:
    """``second_derivatives`` at the points inside the elements; compiled once per model."""
    model, n, objective = problem.model, problem.dimension, problem.objective
    if "second derivatives" not in model.cache:
        theta, velocity, pair = (
            ca.SX.sym("theta", n),
            ca.SX.sym("velocity", n),
            ca.SX.sym("eta_k", 2),
        )
        hessian = ca.densify(second_derivatives(model, theta, velocity, pair))
        model.cache["second derivatives"] = Pointwise(
            ca.Function("second_derivatives", [theta, velocity, pair], [hessian])
        )
    pair = [objective.learning_rate, objective.loss_weight]
    return model.cache["second derivatives"](
        fine.theta.reshape(-1, n), fine.velocity.reshape(-1, n), pair
    )


def _constant_kinetic(model: Model) -> np.ndarray | None:
    """The Hessian of ½(θ̇ - Aθ - c)ᵀM(θ̇ - Aθ - c) in (θ, θ̇), M = B⁻ᵀGB⁻¹; None where it depends on θ."""
    if "constant kinetic" not in model.cache:
        model.cache["constant kinetic"] = _kinetic(model)
    return model.cache["constant kinetic"]


def _kinetic(model):
    if not (model.constant["metric"] and model.constant["actuation"]) or model.drift_matrix is None:
        return None
    origin = np.zeros(model.dimension)
    inverse = np.linalg.inv(model.actuation(origin)[0])
    mass = inverse.T @ model.metric(origin)[0] @ inverse
    velocity = np.hstack([-model.drift_matrix[0], np.eye(model.dimension)])
    kinetic = velocity.T @ mass @ velocity
    kinetic[model.dimension :, model.dimension :] *= 1 + NEUTRAL
    return kinetic


@lru_cache(maxsize=64)
def _variations(positions, n):
    """(q, 2n, D): nodes' θ to (θ, dθ/dτ) at the points inside an element."""
    _, _, to_points, slopes = inner_matrices(positions, len(positions) + 1)
    identity = np.eye(n)
    pairs = zip(to_points, slopes, strict=True)
    return np.stack([np.vstack([np.kron(p, identity), np.kron(s, identity)]) for p, s in pairs])


def _end_curvature(problem, plan) -> np.ndarray | None:
    """∂²/∂θ_T² of what follows the last node, in its current value: terminal cost or the tail's cost to go."""
    objective = problem.objective
    if plan.tail is not None:
        return plan.tail.value_hessian
    if objective.terminal is None:
        return None
    return (
        objective.terminal_weight * problem.model.terminal_derivatives(plan.parameters[-1:])[1][0]
    )


# --- otherwise ------------------------------------------------------------------------------------------------------------


def _controlled_curvature(problem, plan) -> Curvature:
    if controlled_variation_is_positive(problem, plan, _end_curvature(problem, plan), NEUTRAL):
        return _RECURRED
    direction = _direction_if_all_were_pushed(problem, plan)
    return Curvature(positive=False, method=_RECURRED.method, direction=direction)


def _direction_if_all_were_pushed(problem, plan):
    """The lowest direction of ½m|θ̇|²/η + kL alone: where to step off, exact only if everything could be pushed."""
    mass, n = typical_mass(problem), problem.dimension
    free = replace(problem, learner=Learner(metric=mass * np.eye(n)))
    fine = fine_path(plan)
    return _falling_direction(free, plan, _action_hessian(free, plan, fine, _evaluated(free, fine)))
