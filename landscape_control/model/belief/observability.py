"""Which combinations of hidden variables no observation will ever show."""

import numpy as np

from ...support.arguments import checked
from ..problem import ControlProblem
from .directions import UNSEEN, readable, unseen_directions
from .model import belief_model
from .observation import Observation

_PLACES, _VALUES = 16, 12  # how many θ and φ are looked at


@checked
def unobservable(problem: ControlProblem) -> np.ndarray:
    """Changes of the hidden variables that leave all observations as they are.

    Orthonormal rows (d, p). Kalman's test with the derivative of the observation at many θ around
    the start and many φ from the prior, so that it holds for the observation model as a whole, not
    for one place. For a task chain the rows (d, K) are eᵢ - eⱼ over √2 for pairs of tasks that look
    the same everywhere. Empty (0, p) where everything shows; :func:`combination` names a row.
    """
    model = belief_model(problem)
    observation, hidden = model.observation, model.hidden
    rng = np.random.default_rng(0)
    distances = rng.standard_normal((_PLACES, problem.dimension)) * (1 + np.abs(problem.start))
    places = problem.start + distances
    if hidden.is_finite:
        return _look_alike(observation, places, hidden.tasks)
    values = hidden.sample(rng, _VALUES, np.zeros(1))[:, 0]
    theta, phi = np.repeat(places, _VALUES, axis=0), np.tile(values, (_PLACES, 1))
    slopes = observation.white_slope(theta, phi)
    slopes = slopes.reshape(-1, observation.dimension, hidden.dimension)
    return unseen_directions(slopes, hidden.reversion)


def _look_alike(observation: Observation, places: np.ndarray, tasks: np.ndarray) -> np.ndarray:
    """(eᵢ - eⱼ)/√2 for pairs of tasks with equal observations at all places."""
    seen = np.stack([observation.white_value(places, task) for task in tasks])
    seen = seen[:, np.isfinite(seen).all((0, 2))]
    scale = max(np.abs(seen).max(), 1e-300)
    unit = np.eye(len(tasks))
    rows = [
        (unit[i] - unit[j]) / np.sqrt(2)
        for i in range(len(tasks))
        for j in range(i)
        if np.abs(seen[i] - seen[j]).max() <= UNSEEN * scale
    ]
    return readable(np.array(rows).reshape(-1, len(tasks)))
