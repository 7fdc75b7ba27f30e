"""The box a belief grid covers: where the learner and its belief could want to go, and a margin
around it.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ..arrays import matrix, whole
from ..errors import ProblemError
from ..grid.box import derived_box
from .coordinates import BeliefCoordinates

POINTS = {1: (401,), 2: (101, 101), 3: (41, 41, 21)}
_DEVIATIONS = 2.5  # prior standard deviations that the core covers on either side of the mean


@dataclass(frozen=True, kw_only=True, eq=False)
class Walls:
    """``core`` (d, 2): where answers are wanted; ``box`` (d, 2): what the grid covers; ``natural``
    (d, 2): walls that the belief cannot cross by its own law, such as probabilities 0 and 1, so
    that no margin is needed.
    """

    core: np.ndarray
    box: np.ndarray
    natural: np.ndarray


def derived_walls(problem, coordinates: BeliefCoordinates, margin: float) -> Walls:
    """The box from the problem: ``margin`` times the longest side of the core is added beyond walls
    that are not natural.

    Means cover 2.5 standard deviations of the hidden variables' prior (or stationary law, if wider)
    around prior mean and centre, probabilities [0, 1], the variance [0, its largest value without
    observations], θ the start and the minima of the loss for the hidden variables at the corners
    and the centre of that.
    """
    belief, natural = _belief_core(problem, coordinates)
    core = np.vstack([_parameter_core(problem, _corners(problem, coordinates, belief)), belief])
    n = problem.dimension
    natural = np.vstack([np.zeros((n, 2), dtype=bool), natural])
    reach = np.concatenate([np.full(n, np.ptp(core[:n], axis=1).max()), np.ptp(core[n:], axis=1)])
    widened = core + margin * reach[:, None] * np.array([-1, 1])
    return Walls(core=core, box=np.where(natural, core, widened), natural=natural)


def given_walls(problem, coordinates: BeliefCoordinates, box) -> Walls:
    """A user's box; its core keeps a tenth of every side away from walls that are not natural."""
    belief, natural = _belief_core(problem, coordinates)
    n, d = problem.dimension, problem.dimension + len(coordinates.names)
    box = matrix("box", np.asarray(box, dtype=float), (d, 2))
    if (box[:, 0] >= box[:, 1]).any():
        raise ProblemError(
            "box",
            expected="low < high along every axis",
            received=str(box.tolist()),
            advice="write box=[(low, high), …] for θ, then the belief",
        )
    bounds = _bounds(coordinates)
    if (box[n:, 0] < bounds[:, 0]).any() or (box[n:, 1] > bounds[:, 1]).any():
        raise ProblemError(
            "box",
            expected=f"{', '.join(coordinates.names)} inside {bounds.tolist()}",
            received=str(box[n:].tolist()),
            advice="keep to the values that a belief can have",
        )
    natural = np.vstack([np.zeros((n, 2), dtype=bool), natural & (box[n:] == belief)])
    inner = box + np.ptp(box, axis=1)[:, None] * np.array([0.1, -0.1])
    return Walls(core=np.where(natural, box, inner), box=box, natural=natural)


def refuse_outside(problem, coordinates: BeliefCoordinates, walls: Walls):
    """Refuse a start that lies outside the box."""
    start = np.concatenate([problem.start, coordinates.start])
    if ((start < walls.box[:, 0]) | (start > walls.box[:, 1])).any():
        raise ProblemError(
            "start in the grid's box",
            expected=f"a point of {np.round(walls.box, 4).tolist()}",
            received=f"{np.round(start, 4).tolist()}",
            advice="enlarge the box or the margin",
        )


def counts(points, dimension: int) -> tuple[int, ...]:
    """Odd numbers of nodes, one per axis."""
    given = np.atleast_1d(POINTS[dimension] if points is None else points).tolist()
    given = tuple(given) * dimension if len(given) == 1 else tuple(given)
    if len(given) != dimension:
        raise ProblemError(
            "points",
            expected=f"one number, or {dimension}",
            received=repr(points),
            advice="one entry per coordinate: θ, then the belief",
        )
    for count in given:
        if whole("points per axis", count, low=11) % 2 == 0:
            raise ProblemError(
                "points per axis",
                expected="an odd number (every other node makes the coarser grid)",
                received=str(count),
                advice=f"use {count + 1}",
            )
    return given


def _bounds(coordinates):
    """Values a belief can have, (d, 2)."""
    by_name = {"p₁": (0.0, 1.0), "P": (0.0, math.inf)}
    return np.array([by_name.get(name, (-math.inf, math.inf)) for name in coordinates.names])


def _belief_core(problem, coordinates):
    if coordinates.kind == "probability":
        return np.array([[0.0, 1.0]]), np.array([[True, True]])
    hidden = problem.landscape.hidden
    variance, bounded = _widest(hidden, problem.objective)
    both = np.stack([hidden.prior_mean, hidden.centre])
    spread = _DEVIATIONS * np.sqrt(variance)
    core = np.column_stack([both.min(axis=0) - spread, both.max(axis=0) + spread])
    natural = np.zeros_like(core, dtype=bool)
    if coordinates.kind == "mean and variance":
        core = np.vstack([core, [[0.0, variance[0]]]])
        natural = np.vstack([natural, [[True, bounded]]])
    return core, natural


def _widest(hidden, objective):
    """(largest variances without observations (p,), whether they are reached for good)."""
    prior, rates, gained = (
        np.diag(hidden.prior_covariance),
        np.diag(hidden.reversion),
        np.diag(hidden.diffusion),
    )
    if (rates > 0).all():
        return np.maximum(prior, gained / (2 * rates)), True
    span = min(objective.horizon, 2 / objective.discount if objective.discount else math.inf)
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
