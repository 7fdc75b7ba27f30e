"""Where the elements go: fine where the plan moves fast."""

import math
from functools import lru_cache

import numpy as np

from ...model.problem import ControlProblem, Model
from ...support.arrays import freeze


def initial_vertices(
    elements: int, horizon: float, fastest_rate: float, both_ends: bool = False
) -> np.ndarray:
    """Vertices on [0, 1]: geometric from a first element that resolves the start's boundary layer.

    The optimal path relaxes at rate r = √(γ²/4 + ηkh) - γ/2 or slower, so the first element is at
    most about 1/r long; where uniform elements are that short already, a mild grading t = s^1.5
    still pays. A fixed end has a layer too.
    """
    if both_ends and elements >= 4 and fastest_rate * horizon > elements:
        half = initial_vertices(elements // 2, horizon / 2, fastest_rate) / 2
        other = initial_vertices(elements - elements // 2, horizon / 2, fastest_rate) / 2
        return np.concatenate([half, 1 - other[-2::-1]])
    mild = _mild(elements)
    wanted = 1.0 / max(fastest_rate * horizon, 1e-12)
    if elements == 1 or mild[1] <= wanted:
        return mild
    return _geometric(elements, wanted)


@lru_cache(maxsize=64)
def _mild(elements: int) -> np.ndarray:
    return freeze(np.linspace(0.0, 1.0, elements + 1) ** 1.5)


def _geometric(elements: int, first: float) -> np.ndarray:
    """x_k = (q^k - 1)/(q^K - 1) with x_1 = first, the ratio found by bisection on its logarithm."""
    low, high = 1e-9, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        if math.expm1(middle) / math.expm1(min(middle * elements, 700.0)) > first:
            low = middle
        else:
            high = middle
    return np.expm1(low * np.arange(elements + 1)) / np.expm1(low * elements)


def refined_vertices(
    vertices: np.ndarray, errors: np.ndarray, elements: int, order: int
) -> np.ndarray:
    """``elements`` new vertices that share out the error estimates evenly.

    Equidistribution (de Boor 1973). The error of an element of length h is taken as c·h^(order +
    1), so elements of density (error)^{1/(order+1)}/h carry equal shares; a floor keeps neighbours
    from differing wildly.
    """
    share = np.maximum(errors, 1e-6 * max(errors.max(), 1e-300)) ** (1.0 / (order + 1))
    share = np.maximum(share, 0.2 * share.mean())
    cumulative = np.concatenate([[0.0], np.cumsum(share)])
    wanted = np.linspace(0.0, cumulative[-1], elements + 1)
    new = np.interp(wanted, cumulative, vertices)
    new[0], new[-1] = vertices[0], vertices[-1]
    return new


def fastest_rate(problem: ControlProblem, minima: np.ndarray) -> float:
    """Upper estimate of the relaxation rate √(ηk h b²/g) along plans.

    The curvatures h are those at the start and at the minima.
    """
    objective = problem.objective
    at_start = float(np.abs(problem.start_derivatives[2]).max())
    curvature = max(at_start, _curvature(problem.model, minima))
    mobility, drift = _mobility(problem)
    return math.sqrt(objective.learning_rate * objective.loss_weight * curvature * mobility) + drift


def _curvature(model: Model, minima: np.ndarray) -> float:
    """Largest |∂²L| at these minima, kept with the model until others are asked for."""
    known = model.cache.get("curvature at minima")
    if known is None or known[0] is not minima:
        largest = float(np.abs(model.landscape.hessian(minima)).max()) if len(minima) else 0.0
        known = model.cache["curvature at minima"] = minima, largest
    return known[1]


def _mobility(problem: ControlProblem) -> tuple[float, float]:
    """(b²/g, largest entry of the drift matrix) at the start.

    Kept with the model until another start is asked for.
    """
    model = problem.model
    key = model.place_of(problem.start)
    known = model.cache.get("mobility")
    if known is None or known[0] != key:
        metric, actuation = model.effort_at(problem.start)
        push = np.linalg.norm(actuation, 2) ** 2 / np.linalg.eigvalsh(metric)[0]
        drift = 0.0
        if model.drift_matrix is not None:
            drift = float(np.abs(model.drift_matrix[0]).max())
        known = model.cache["mobility"] = key, (float(push), drift)
    return known[1]
