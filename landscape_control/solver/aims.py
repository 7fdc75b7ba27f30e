"""Where plans may want to end: the local minima of the landscape, those worth the way first."""

import numpy as np

from ..landscape import distinct_points, find_minima
from ..problem import ControlProblem, hamiltonian_derivatives, implied_control

MOST_AIMS = 6


def known_minima(problem: ControlProblem, seed: int) -> np.ndarray:
    """Local minima worth aiming at, (M, n): the landscape's own, or searched from seeds around start and end."""
    landscape = problem.landscape
    if landscape.minima is not None:
        return landscape.minima
    centres = [problem.start] + ([problem.end] if problem.end is not None else [])
    natural = _natural_length(problem)
    found = [
        find_minima(landscape, _seeds(centre, reach, seed))
        for centre in centres
        for reach in {natural, 1.0 + np.abs(problem.start).max()}
    ]
    points = np.vstack(found)
    return distinct_points(points, landscape.loss(points), 1e-4 * natural) if len(points) else points


def _natural_length(problem):
    """How far the start is from where its own curvature would put the minimum, or from the origin: a length in θ's units."""
    _, gradient, hessian = problem.landscape.derivatives(problem.start)
    values, vectors = np.linalg.eigh(hessian[0])
    size = np.maximum(np.abs(values), 1e-8 * np.abs(values).max() + 1e-300)
    newton = np.linalg.norm(vectors.T @ gradient[0] / size)
    return max(min(newton, 1e6 * (1 + np.abs(problem.start).max())), np.abs(problem.start).max(), 1e-12)


def _seeds(centre, reach, seed):
    """The centre, Gaussian clouds of three sizes around it, and in one or two dimensions a lattice."""
    n, rng = len(centre), np.random.default_rng(seed)
    count = 12 if n <= 10 else 2
    clouds = [centre + scale * reach * rng.standard_normal((count, n)) for scale in (0.3, 1.0, 3.0)]
    if n > 2:
        return np.vstack([centre[None], *clouds])
    ticks = np.linspace(-8, 8, 81 if n == 1 else 11) * reach
    lattice = np.stack(np.meshgrid(*[ticks] * n), axis=-1).reshape(-1, n)
    return np.vstack([centre[None], *clouds, centre + lattice])


def worthwhile(problem: ControlProblem, minima: np.ndarray) -> np.ndarray:
    """At most six minima: the nearest one, then those whose straight path costs least at the best of three speeds."""
    if len(minima) <= 1:
        return minima
    distance = np.linalg.norm(minima - problem.start, axis=1)
    nearest = int(np.argmin(distance))
    if len(minima) == 2:  # both are tried, the nearest first
        return minima[[nearest, 1 - nearest]]
    costs = _straight_costs(problem, minima)
    costs[nearest] = -np.inf
    return minima[np.argsort(costs, kind="stable")[:MOST_AIMS]]


def _straight_costs(problem, minima):
    """J of walking straight to each minimum within the horizon, a third of it or a tenth, and resting there; (M,)."""
    objective, model = problem.objective, problem.model
    horizon = _span(problem)
    s, weights = np.polynomial.legendre.leggauss(16)
    s, weights = (s + 1) / 2, weights / 2
    costs = []
    for fraction in (1.0, 0.3, 0.1):
        duration = fraction * horizon
        offset = minima - problem.start
        points = (problem.start + s[:, None, None] * offset).reshape(-1, problem.dimension)
        u = implied_control(model, points, np.tile(offset / duration, (len(s), 1)))
        running = hamiltonian_derivatives(model)(
            points, u, np.zeros_like(points), [objective.learning_rate, objective.loss_weight]
        )[0]
        fade = np.exp(-objective.discount * duration * s) * weights * duration
        rest = (
            _discounted_time(objective.discount, duration, horizon) * objective.loss_weight * problem.landscape.loss(minima)
        )
        costs.append(fade @ running.reshape(len(s), -1) + rest)
    final = np.exp(-objective.discount * horizon) * objective.terminal_weight * model.terminal_cost(minima)
    return np.min(costs, axis=0) + final


def _discounted_time(discount, begin, end):
    return end - begin if discount == 0 else (np.exp(-discount * begin) - np.exp(-discount * end)) / discount


def _span(problem):
    """The horizon, or for T = ∞ the time in which most of the cost is decided."""
    objective = problem.objective
    if np.isfinite(objective.horizon):
        return objective.horizon
    curvature = np.abs(problem.landscape.hessian(problem.start)).max()
    relaxation = 10 / np.sqrt(max(objective.learning_rate * objective.loss_weight * curvature, 1e-12))
    return min(relaxation, 5 / objective.discount) if objective.discount else relaxation
