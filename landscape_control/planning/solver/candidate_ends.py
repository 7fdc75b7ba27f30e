"""Candidate ends of plans: places looked for at every scale that the horizon can pay for.

A plan of horizon T that goes a distance R within it pays at least gR²/2ητ, τ = (1 - e^{-γT})/γ, g
the smallest eigenvalue of the metric, and saves at most τ times the fall of the cost of rest r = kL
+ fᵀGf/2η, and the fall of κΦ. That bounds R, up to how low r and Φ may be where nobody has looked:
as low as anything seen within ten thousand natural lengths, or zero where all that was seen is
positive. Inside, r, Φ and what is paid shortly before the end, κΦ + τ'r, are sampled on rays with
radii in geometric progression (and on lattices in one to three dimensions, in clouds in four to six), and the lowest samples
around are followed downhill.
"""

from dataclasses import dataclass, field

import numpy as np

from ...model.landscape import distinct_points
from ...model.landscape.search import Descended, descend, unrepeated
from ...model.problem import ControlProblem
from ...support.arrays import freeze
from .end_costs import PLAIN, EndCost, as_functions, end_costs
from .resting import resting
from .samples import FARTHEST, Samples, lowest_around, lowest_in_cloud, samples_around
from .scales import counted_time, is_bowl, natural_length

NODES = 32  # of a curve
ITERATIONS = 40
_FLAT = 1e-13  # curvatures below this fraction of the largest are rounding
_SAME = 1e-4  # of the natural length: points closer than this are one
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
    curves : (W, S, n), curves from ``home`` that cost less than straight ones
    curve_aims : (W,), the aims that they lead to; -1 for a fixed end
    found : int, how many places the search found before the least promising were dropped
    problem : the problem they were looked for, which stands for a class of numbers; None where that
        is not known
    timed : {starts: guesses}, the timed curves of that problem, kept for all of its class;
        {"obeying": guesses} of those that obey the dynamics; what ``another_way`` remembers
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
    declared = _declared_minima(problem)
    if is_bowl(problem):
        return _bowl(problem, declared)
    known = declared if declared is not None else np.zeros((0, problem.dimension))
    declared = declared if trusting else None
    functions = end_costs(problem, declared)
    if not functions:
        return plain_places(problem, known, known)
    length = natural_length(problem)
    same = _SAME * length  # points closer than this are one
    samples = samples_around(problem, length, seed)
    weighed = _weighed(problem, samples, length)
    if declared is None and problem.objective.loss_weight > 0:
        functions += [EndCost(rest=1.0, terminal=0.0, way=way) for way in weighed.ways]
    minima, aims = [known], []
    for cost in functions:
        sampled = cost.of(weighed.rest, weighed.terminal) + cost.way * samples.distance**2
        seeds = _seeds(problem, samples, sampled, weighed.value, weighed.reach, length, seed)
        value, derivatives = as_functions(problem, cost)
        result = descend(
            value,
            derivatives,
            seeds,
            centre=problem.start,
            reach=weighed.reach,
            iterations=ITERATIONS,
        )
        aims.append(distinct_points(result.points, result.values, same))
        if cost == PLAIN and not problem.model.has_drift:
            minima.append(_settled(result, same))
    if declared is None and len(minima) == 1:  # basins are those of L, whatever the drift
        minima.append(_own_minima(problem, samples, weighed.reach, length, seed))
    all_minima = unrepeated(np.vstack(minima), same)
    all_aims = unrepeated(np.vstack([all_minima, *aims]), same)
    return plain_places(problem, all_minima, all_aims, weighed.reach)


def _declared_minima(problem: ControlProblem) -> np.ndarray | None:
    """The minima (M, n) that the landscape knows by itself."""
    minima = problem.landscape.minima  # computed by now, where a function was declared
    return minima if isinstance(minima, np.ndarray) else None


def _settled(result: Descended, same: float) -> np.ndarray:
    """The distinct points at which a descent has come to rest."""
    return distinct_points(result.points[result.settled], result.values[result.settled], same)


def _bowl(problem: ControlProblem, declared: np.ndarray | None) -> Places:
    """One quadratic function decides: its minimum, or the nearest point of a valley of minima."""
    if declared is not None:
        return plain_places(problem, declared, declared)
    _, gradient, hessian = problem.start_derivatives
    values, vectors = np.linalg.eigh(hessian[0])
    largest = np.abs(values).max()
    bent = values > _FLAT * largest
    along = vectors.T @ gradient[0]
    nearest = (problem.start - vectors[:, bent] @ (along[bent] / values[bent]))[None]
    none = np.zeros((0, problem.dimension))
    # where nothing bends down, and no slope is left along what does not bend
    size = np.abs(along).max() + largest * np.abs(problem.start).max()
    is_level = np.abs(along[~bent]).max(initial=0.0) <= 1e-9 * size
    has_valley = values[0] >= -_FLAT * largest and is_level
    minima = nearest if bent.all() else none
    aims = nearest if has_valley and bent.any() else none
    return plain_places(problem, minima, aims)


def _own_minima(
    problem: ControlProblem, samples: Samples, reach: float, length: float, seed: int
) -> np.ndarray:
    """Local minima of L itself."""
    landscape = problem.landscape
    loss = landscape.loss(samples.points)
    seeds = _seeds(problem, samples, loss, loss, reach, length, seed)
    result = descend(
        landscape.loss, landscape.derivatives, seeds, centre=problem.start, reach=reach
    )
    return _settled(result, _SAME * length)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Weighed:
    """What the samples are worth.

    Attributes
    ----------
    value : (S,), estimate of J of going there; infinite where that does not pay or is not defined
    rest, terminal : (S,), r and Φ
    reach : float, the distance beyond which nothing pays
    ways : weights of |θ - θ₀|² beside r
    """

    value: np.ndarray
    rest: np.ndarray
    terminal: np.ndarray
    reach: float
    ways: list[float]


def _weighed(problem: ControlProblem, samples: Samples, length: float) -> _Weighed:
    objective, model = problem.objective, problem.model
    points = np.vstack([problem.start[None], samples.points])
    rest, metric, _ = resting(model, points, objective)
    terminal = np.zeros(len(points))
    if objective.terminal is not None and problem.end is None:
        terminal = objective.terminal_weight * model.terminal_cost(points)
    smallest = _least_price(metric)
    counted = counted_time(problem)
    reach = _reach(problem, rest, terminal, counted, smallest, length)
    near = samples.distance <= reach
    fall = rest[0] - _finite(rest[1:][near]).min()
    whole = counted  # the time that a plan has
    if not np.isfinite(counted):  # as long as ten natural lengths take, by the energy law
        pull = objective.learning_rate * max(fall, 1e-300)
        whole = 10 * length * np.sqrt(smallest / pull)
    distance = samples.distance
    if problem.end is not None:  # there and on to the end
        distance = distance + np.linalg.norm(samples.points - problem.end, axis=1)
    fade = 0.0
    if np.isfinite(objective.horizon):
        fade = np.exp(-objective.discount * objective.horizon)
    with np.errstate(all="ignore"):
        effort = smallest * distance**2 / (2 * objective.learning_rate)
        # per unit time of being there sooner, on average over the way
        saved = (rest[0] - rest[1:]) / 2
        # effort/t + saved·t is least at t = √(effort/saved)
        moving = np.where(saved > 0, np.minimum(np.sqrt(effort / saved), whole), whole)
        going = effort / np.maximum(moving, 1e-300) + moving * saved
        value = going + whole * rest[1:] + fade * terminal[1:]
    value = np.where(np.isfinite(value) & near, value, np.inf)
    plain = np.zeros(len(points)) if objective.terminal is None else model.terminal_cost(points)
    return _Weighed(
        value=value,
        rest=rest[1:],
        terminal=plain[1:],
        reach=reach,
        ways=_ways(problem, fall, smallest, length, whole),
    )


def _least_price(metric: np.ndarray | None) -> float:
    """The smallest eigenvalue of the metric at the start among directions that can be pushed."""
    if metric is None:
        return 1.0
    values = np.linalg.eigvalsh(metric[0])
    return float(values[values > 1e-9 * values[-1]].min(initial=values[-1]))


def _ways(
    problem: ControlProblem, fall: float, smallest: float, length: float, counted: float
) -> list[float]:
    """Weights of |θ - θ₀|² beside r.

    By the energy law going a distance d costs about d√(2gΔr/η)/2 in all.
    """
    if not fall > 0 or problem.dimension > MANY:
        return []
    momentum = np.sqrt(2 * smallest * fall / problem.objective.learning_rate)
    typical = momentum / (2 * length * counted)
    return [typical] if problem.dimension <= 2 else [typical, 0.1 * typical]


def _finite(values: np.ndarray) -> np.ndarray:
    """The finite ones, or a zero where there are none."""
    kept = values[np.isfinite(values)]
    return kept if len(kept) else np.zeros(1)


def _reach(
    problem: ControlProblem,
    rest: np.ndarray,
    terminal: np.ndarray,
    counted: float,
    smallest: float,
    length: float,
) -> float:
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
    # gR²/2ητ, the effort of going so far, against what it can save
    reach = float(np.sqrt(2 * objective.learning_rate * counted * fall / smallest))
    if problem.end is not None:
        reach = max(reach, 2 * float(np.linalg.norm(problem.end - problem.start)))
    if problem.model.has_drift:  # which carries without effort
        reach = max(reach, 10 * length)
    return min(max(reach, 1e-3 * length), farthest)


def _seeds(
    problem: ControlProblem,
    samples: Samples,
    function: np.ndarray,
    value: np.ndarray,
    reach: float,
    length: float,
    seed: int,
) -> np.ndarray:
    """Where descents begin: lowest samples of their neighbourhood, the ends, and random places."""
    n, start = problem.dimension, problem.start
    rng = np.random.default_rng(seed)
    inside = np.isfinite(value) & np.isfinite(function)
    function = np.where(inside, function, np.inf)
    lowest = np.concatenate(
        [
            first + lowest_around(function, first, shape, closed)
            for first, shape, closed in samples.families
        ]
    )
    lowest = lowest[np.argsort(value[lowest], kind="stable")]
    nearest = lowest[np.argsort(samples.distance[lowest], kind="stable")][:4]
    most = MOST_SEEDS.get(n, 16 if n <= MANY else 4)
    in_clouds = [lowest_in_cloud(function, samples.points, first) for first in samples.clouds]
    picked = np.concatenate([nearest, lowest[:most], *_lowest_of(in_clouds, value, most)])
    picked = np.unique(picked)
    size = min(reach, length)
    clouds = [
        start + scale * size * rng.standard_normal((_clouds(n), n)) for scale in (0.3, 1.0, 3.0)
    ]
    centres = [start[None]] if problem.end is None else [start[None], problem.end[None]]
    return np.vstack([*centres, samples.points[picked], *clouds])


def _lowest_of(several: list[np.ndarray], value: np.ndarray, most: int) -> list[np.ndarray]:
    """The indices of the ``most`` lowest samples of each."""
    return [own[np.argsort(value[own], kind="stable")[:most]] for own in several]


def _clouds(n: int) -> int:
    """How many random places at each scale."""
    if n <= 2:
        return 2
    return 10 if n <= MANY else 2
