"""The box a belief grid covers.

Where the learner and its belief could want to go, and a margin around it.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ....model.problem import ControlProblem
from ....support.errors import ProblemError
from ..box import derived_box, given_box
from .coordinates import BeliefCoordinates
from .task_coordinates import PROBABILITIES

_DEVIATIONS = 2.5  # prior standard deviations that the core covers on either side of the mean


@dataclass(frozen=True, kw_only=True, eq=False)
class Domain:
    """What a belief grid covers.

    Attributes
    ----------
    core : (d, 2), where answers are wanted
    box : (d, 2), what the grid covers
    unreachable : (d, 2), sides that the belief cannot cross by its own law, such as probabilities 0
        and 1, so that no margin is needed
    """

    core: np.ndarray
    box: np.ndarray
    unreachable: np.ndarray


def derived_domain(
    problem: ControlProblem, coordinates: BeliefCoordinates, margin: float
) -> Domain:
    """The box from the problem, widened beyond sides that can be reached.

    By ``margin`` times the longest side of the core.

    Means cover 2.5 standard deviations of the hidden variables' prior (or stationary law, if wider)
    around prior mean and centre, probabilities [0, 1], the variance [0, its largest value without
    observations], θ the start and the minima of the loss for the hidden variables at the corners
    and the centre of that.
    """
    n = problem.dimension
    belief, unreachable = _belief_core(problem, coordinates)
    hidden_values = _corners(problem, coordinates, belief)
    core = np.vstack([_parameter_core(problem, hidden_values), belief])
    unreachable = np.vstack([np.zeros((n, 2), dtype=bool), unreachable])
    # the longest side of θ's part for all of θ, and its own side for each belief coordinate
    longest = np.ptp(core[:n], axis=1).max()
    reach = np.concatenate([np.full(n, longest), np.ptp(core[n:], axis=1)])
    widened = core + margin * reach[:, None] * np.array([-1, 1])
    return Domain(core=core, box=np.where(unreachable, core, widened), unreachable=unreachable)


def given_domain(problem: ControlProblem, coordinates: BeliefCoordinates, box: object) -> Domain:
    """A user's box; its core keeps a tenth of every side away from sides that can be reached."""
    belief, unreachable = _belief_core(problem, coordinates)
    n, d = problem.dimension, problem.dimension + len(coordinates.names)
    box = given_box(box, d, "write box=[(low, high), …] for θ, then the belief")
    bounds = _bounds(coordinates)
    if (box[n:, 0] < bounds[:, 0]).any() or (box[n:, 1] > bounds[:, 1]).any():
        raise ProblemError(
            "box",
            expected=f"{', '.join(coordinates.names)} inside {bounds.tolist()}",
            received=str(box[n:].tolist()),
            advice="keep to the values that a belief can have",
        )
    unreachable = np.vstack([np.zeros((n, 2), dtype=bool), unreachable & (box[n:] == belief)])
    inner = box + np.ptp(box, axis=1)[:, None] * np.array([0.1, -0.1])
    return Domain(core=np.where(unreachable, box, inner), box=box, unreachable=unreachable)


def _bounds(coordinates):
    """Values a belief can have, (d, 2)."""
    if coordinates.kind in PROBABILITIES:
        return np.tile([0.0, 1.0], (len(coordinates.names), 1))
    by_name = {"P": (0.0, math.inf)}
    return np.array([by_name.get(name, (-math.inf, math.inf)) for name in coordinates.names])


def _belief_core(problem, coordinates):
    if coordinates.kind in PROBABILITIES:
        bounds = _bounds(coordinates)
        return bounds, np.ones_like(bounds, dtype=bool)
    hidden = problem.landscape.hidden
    variance, bounded = _widest(hidden, problem.objective)
    # the mean moves from the prior's to the centre, and by innovations to either side
    both = np.stack([hidden.prior_mean, hidden.centre])
    spread = _DEVIATIONS * np.sqrt(variance)
    core = np.column_stack([both.min(axis=0) - spread, both.max(axis=0) + spread])
    unreachable = np.zeros_like(core, dtype=bool)
    if coordinates.kind == "mean and variance":
        core = np.vstack([core, [[0.0, variance[0]]]])
        unreachable = np.vstack([unreachable, [[True, bounded]]])
    return core, unreachable


def _widest(hidden, objective):
    """(largest variances without observations (p,), whether they are reached for good)."""
    prior, rates = np.diag(hidden.prior_covariance), np.diag(hidden.reversion)
    gained = np.diag(hidden.diffusion)
    if (rates > 0).all():
        return np.maximum(prior, gained / (2 * rates)), True
    faded = 2 / objective.discount if objective.discount else math.inf
    span = min(objective.horizon, faded)
    return prior + gained * span, not gained.any()


def _corners(problem, coordinates, belief):
    """Values of the hidden variables at the corners and the centre of the core."""
    if problem.landscape.hidden.is_finite:
        return problem.landscape.hidden.tasks
    means = belief[: coordinates.size]
    return np.array([*itertools.product(*means), means.mean(axis=1)])


def _parameter_core(problem, hidden_values):
    places = [problem.start[None]]
    for values in hidden_values:
        try:
            places.append(derived_box(problem.known(values), (), 0.0).T)
        except ProblemError:  # no minimum other than the start
            continue
    places = np.vstack(places)
    low, high = places.min(axis=0), places.max(axis=0)
    if (high - low).max() <= 0:
        raise ProblemError(
            "belief grid's box",
            expected="a start away from the only place worth going to",
            received="nothing but one point",
            advice="pass box=[(low, high), …] for θ, then the belief",
        )
    return np.column_stack([low, high])
