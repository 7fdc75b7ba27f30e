"""Where plans may want to end: places looked for at every scale that the horizon can pay for.

A plan of horizon T that goes a distance R within it pays at least gR²/2ητ, τ = (1 - e^{-γT})/γ, g
the smallest eigenvalue of the metric, and saves at most τ times the fall of the cost of rest r = kL
+ fᵀGf/2η, and the fall of κΦ. That bounds R, up to how low r and Φ may be where nobody has looked:
as low as anything seen within ten thousand natural lengths, or zero where all that was seen is
positive. Inside, r, Φ and what is faced shortly before the end, κΦ + τ'r, are sampled on rays with
radii in geometric progression (and on lattices in one to three dimensions), and the lowest samples
around are followed downhill.
"""

from dataclasses import dataclass, field

import numpy as np

from ...model.landscape import distinct_points
from ...model.landscape.search import descend, unrepeated
from ...model.problem import ControlProblem
from ...support.arrays import freeze
from .end_costs import PLAIN, EndCost, callables, end_costs
from .resting import resting
from .samples import FARTHEST, lowest_around, samples_around
from .scales import counted_time, is_bowl, natural_length

NODES = 32  # of a curve
ITERATIONS = 40
_FLAT = 1e-13  # curvatures below this fraction of the largest are rounding
MANY = 10  # parameters beyond which every descent costs much
# per function, followed downhill; 16 in more dimensions, 4 beyond ten
MOST_SEEDS = {1: 32, 2: 48, 3: 32}


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """What is known of the landscape: candidate ends of plans.

    Attributes
    ----------
    minima : (M, n), local minima of L (of flat valleys some points), lowest first
    aims : (A, n), ends worth considering: those minima, minima of the terminal cost and of both
        together, and low places at the edge of what can be reached
    reach : float, the distance from the start within which they were looked for
    labels : (A,), equal for aims between which r and Φ do not rise: one basin
    home : (n,), the start that they were looked for from
    curves : (W, S, n), curves from there that cost less than straight ones
    curve_aims : (W,), the aims that they lead to; -1 for a fixed end
    found : int, how many places the search found before the least promising were dropped
    problem : the problem they were looked for, which stands for a class of numbers; None where that
        is not known
    timed : {starts: guesses}, the timed curves of that problem, kept for all of its class
    """

    minima: np.ndarray
    aims: np.ndarray
    reach: float
    labels: np.ndarray
    home: np.ndarray
    curves: np.ndarray
    curve_aims: np.ndarray
    found: int
    problem: ControlProblem | None = None
    timed: dict = field(default_factory=dict)


def plain_places(
    problem: ControlProblem, minima: np.ndarray, aims: np.ndarray, reach: float = np.inf
) -> Places:
    """Places with nothing known of the ways to them."""
    n = problem.dimension
    return Places(
        minima=freeze(minima.reshape(-1, n)),
        aims=freeze(aims.reshape(-1, n)),
        reach=float(reach),
        labels=np.arange(len(aims)),
        home=problem.start,
        curves=np.zeros((0, NODES, n)),
        curve_aims=np.zeros(0, dtype=int),
        found=len(aims),
    )


def places_of(problem: ControlProblem, seed: int, *, trusting: bool = True) -> Places:
    """All candidate ends of plans of this problem that the search finds; deterministic for a seed.

    ``trusting``: minima that the landscape declares are taken to be all it has; else others are
    searched for.
    """
    declared = problem.landscape.minima
    if is_bowl(problem):
        return _bowl(problem, declared)
    known = declared if declared is not None else np.zeros((0, problem.dimension))
    declared = declared if trusting else None
    functions = end_costs(problem, declared)
    if not functions:
        return plain_places(problem, known, known)
    length = natural_length(problem)
    samples = samples_around(problem, length, seed)
    values, rest, terminal, reach, ways = _weighed(problem, samples, length)
    if declared is None and problem.objective.loss_weight > 0:
        functions += [EndCost(rest=1.0, terminal=0.0, way=way) for way in ways]
    minima, aims = [known], []
    for faced in functions:
        function = faced.of(rest, terminal) + faced.way * samples.distance**2
        seeds = _seeds(problem, samples, function, values, reach, length, seed)
        result = descend(
            *callables(problem, faced),
            seeds,
            centre=problem.start,
            reach=reach,
            iterations=ITERATIONS,
        )
        aims.append(distinct_points(result.points, result.values, 1e-4 * length))
        if faced == PLAIN and not problem.model.has_drift:
            minima.append(
                distinct_points(
                    result.points[result.settled], result.values[result.settled], 1e-4 * length
                )
            )
    if declared is None and len(minima) == 1:  # basins are those of L, whatever the drift
        minima.append(_own_minima(problem, samples, reach, length, seed))
    minima = unrepeated(np.vstack(minima), 1e-4 * length)
    aims = np.vstack([minima, *aims])
    return plain_places(problem, minima, unrepeated(aims, 1e-4 * length), reach)


def _bowl(problem, declared):
    """One quadratic function decides: its minimum, or the nearest point of the valley of its
    minima, if it has any.
    """
    if declared is not None:
        return plain_places(problem, declared, declared)
    _, gradient, hessian = problem.start_derivatives
    values, vectors = np.linalg.eigh(hessian[0])
    largest = np.abs(values).max()
    bent = values > _FLAT * largest
    along = vectors.T @ gradient[0]
    nearest = (problem.start - vectors[:, bent] @ (along[bent] / values[bent]))[None]
    none = np.zeros((0, problem.dimension))
    size = np.abs(along).max() + largest * np.abs(problem.start).max()
    has_valley = (
        values[0] >= -_FLAT * largest and np.abs(along[~bent]).max(initial=0.0) <= 1e-9 * size
    )
    return plain_places(
        problem, nearest if bent.all() else none, nearest if has_valley and bent.any() else none
    )


def _own_minima(problem, samples, reach, length, seed):
    """Local minima of L itself."""
    landscape = problem.landscape
    loss = landscape.loss(samples.points)
    seeds = _seeds(problem, samples, loss, loss, reach, length, seed)
    result = descend(
        landscape.loss, landscape.derivatives, seeds, centre=problem.start, reach=reach
    )
    return distinct_points(
        result.points[result.settled], result.values[result.settled], 1e-4 * length
    )


def _weighed(problem, samples, length):
    """(estimate of J of going there, r, Φ, reach) at the samples; those that do not pay or are not
    defined: infinite.
    """
    objective, model = problem.objective, problem.model
    points = np.vstack([problem.start[None], samples.points])
    rest, metric, _ = resting(model, points, objective)
    terminal = np.zeros(len(points))
    if objective.terminal is not None and problem.end is None:
        terminal = objective.terminal_weight * model.terminal_cost(points)
    smallest = _least_price(metric)
    counted = counted_time(problem)
    reach = _reach(problem, samples, rest, terminal, counted, smallest, length)
    near = samples.distance <= reach
    fall = rest[0] - _finite(rest[1:][near]).min()
    whole = (
        counted
        if np.isfinite(counted)
        else 10 * length * np.sqrt(smallest / (objective.learning_rate * max(fall, 1e-300)))
    )
    distance = samples.distance
    if problem.end is not None:  # there and on to the end
        distance = distance + np.linalg.norm(samples.points - problem.end, axis=1)
    fade = (
        np.exp(-objective.discount * objective.horizon) if np.isfinite(objective.horizon) else 0.0
    )
    with np.errstate(all="ignore"):
        effort = smallest * distance**2 / (2 * objective.learning_rate)
        saved = (
            rest[0] - rest[1:]
        ) / 2  # per unit time of being there sooner, on average over the way
        moving = np.where(saved > 0, np.minimum(np.sqrt(effort / saved), whole), whole)
        value = (
            effort / np.maximum(moving, 1e-300)
            + moving * saved
            + whole * rest[1:]
            + fade * terminal[1:]
        )
    value = np.where(np.isfinite(value) & near, value, np.inf)
    plain = np.zeros(len(points)) if objective.terminal is None else model.terminal_cost(points)
    return value, rest[1:], plain[1:], reach, _ways(problem, fall, smallest, length, whole)


def _least_price(metric):
    """The smallest eigenvalue of the metric at the start among directions that can be pushed."""
    if metric is None:
        return 1.0
    values = np.linalg.eigvalsh(metric[0])
    return values[values > 1e-9 * values[-1]].min(initial=values[-1])


def _ways(problem, fall, smallest, length, counted):
    """Weights of |θ - θ₀|² beside r: by the energy law a way of length d costs about d√(2gΔr/η)/2
    in all.
    """
    if not fall > 0 or problem.dimension > MANY:
        return []
    typical = np.sqrt(2 * smallest * fall / problem.objective.learning_rate) / (
        2 * length * counted
    )
    return [typical] if problem.dimension <= 2 else [typical, 0.1 * typical]


def _finite(values):
    kept = values[np.isfinite(values)]
    return kept if len(kept) else np.zeros(1)


def _reach(problem, samples, rest, terminal, counted, smallest, length):
    """The radius beyond which going there costs more than it can save."""
    objective = problem.objective
    farthest = FARTHEST * length
    if not np.isfinite(counted):
        return farthest
    fall = 0.0
    for values, weight in ((rest, counted), (terminal, 1.0)):
        kept = _finite(values)
        floor = min(kept.min(), 0.0)
        fall += weight * max(float(np.nan_to_num(values[0])) - floor, 0.0)
    reach = np.sqrt(2 * objective.learning_rate * counted * fall / smallest)
    if problem.end is not None:
        reach = max(reach, 2 * np.linalg.norm(problem.end - problem.start))
    if problem.model.has_drift:  # which carries without effort
        reach = max(reach, 10 * length)
    return min(max(reach, 1e-3 * length), farthest)


def _seeds(problem, samples, function, value, reach, length, seed):
    """Where to begin the way down: lowest samples of their neighbourhood, the start, its sides, and
    random places.
    """
    n, start = problem.dimension, problem.start
    rng = np.random.default_rng(seed)
    inside = np.isfinite(value) & np.isfinite(function)
    function = np.where(inside, function, np.inf)
    found = np.concatenate(
        [
            first + lowest_around(function, first, shape, closed)
            for first, shape, closed in samples.families
        ]
    )
    found = found[np.argsort(value[found], kind="stable")]
    nearest = found[np.argsort(samples.distance[found], kind="stable")][:4]
    picked = np.unique(
        np.concatenate([nearest, found[: MOST_SEEDS.get(n, 16 if n <= MANY else 4)]])
    )
    size = min(reach, length)
    clouds = [
        start + scale * size * rng.standard_normal((_clouds(n), n)) for scale in (0.3, 1.0, 3.0)
    ]
    centres = [start[None]] if problem.end is None else [start[None], problem.end[None]]
    return np.vstack([*centres, samples.points[picked], *clouds])


def _clouds(n):
    if n <= 2:
        return 2
    return 10 if n <= MANY else 2
