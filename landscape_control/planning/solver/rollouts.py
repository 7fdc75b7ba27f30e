"""Starts that obey the dynamics: drawn controls are followed in time, and the cheapest varied
further.

Curves and their timing (see ``timing``) say where a learner goes who may go anywhere. With fewer
controls than parameters, or with a drift that bends the ways, what can be reached is another
question: which way round to turn, how often to swing before the top is reached, with which drift to
go. Here controls u(t), piecewise linear, are drawn at all sizes and durations and followed by
Runge-Kutta steps; those that end up cheapest, apart from each other, are varied, less and less
(evolution strategies; Hansen 2016). What is left are guesses that the optimiser has to mend little.
"""

import casadi as ca
import numpy as np

from ...model.problem import ControlProblem, Model, typical_mass
from ...support.interpolation import broken_line
from ...support.pointwise import Pointwise
from .guess import Guess, in_time
from .scales import is_bowl, natural_length
from .timing import counted_span

MOST_KEPT = 4
MANY = 10  # parameters beyond which so few draws are lost
KNOTS = 12  # of a drawn control
_SIZES = 4.0 ** np.arange(-3, 4)  # of controls, relative to what moves a natural length in its time
_SPANS = 0.5 ** np.arange(6)  # for how long they act, relative to the counted time
_DRAWS = 6  # per size and span
_ROUNDS, _PARENTS, _CHILDREN = 6, 12, 15
_STEPS_PER_RATE, _LEAST_STEPS, _MOST_STEPS = 4.0, 48, 160
_APART = 0.3  # of the extent of the better draws: paths that differ by less are one
_MISSED = 100.0  # weight of a fixed end that is missed, relative to the effort of going as far


def is_bound(problem: ControlProblem) -> bool:
    """Whether curves through the parameters say too little: not every way can be gone, or a drift
    bends them.
    """
    model = problem.model
    if is_bowl(problem) or problem.dimension > MANY:
        return False
    bends = model.has_drift and model.drift_matrix is None
    return bends or _rank(problem) < problem.dimension


def _rank(problem: ControlProblem) -> int:
    """Of B at the start, kept with the model until another start is asked for."""
    model = problem.model
    place, known = model.place_of(problem.start), model.cache.get("rank")
    if known is None or known[0] != place:
        rank = int(np.linalg.matrix_rank(model.effort_at(problem.start)[1]))
        known = model.cache["rank"] = place, rank
    return known[1]


@np.errstate(all="ignore")  # what leaves the domain is not finite and is left out
def rolled_out(problem: ControlProblem, rate: float, aims: np.ndarray, seed: int) -> list[Guess]:
    """At most ``MOST_KEPT`` paths that obey the dynamics, cheapest first; ``rate`` is the fastest
    one to resolve.

    ``aims`` (A, n) are where a path may come to rest where the horizon is infinite.
    """
    rate = max(rate, _drift_rate(problem))
    span = counted_span(problem, rate)
    steps = int(np.clip(_STEPS_PER_RATE * rate * span, _LEAST_STEPS, _MOST_STEPS))
    times = (min(span, steps / (2.0 * rate)) if rate > 0 else span) * np.linspace(0, 1, steps + 1)
    rng = np.random.default_rng(seed)
    controls, spans = _drawn(problem, times, rng)
    costs, paths = _followed(problem, times, controls, spans)
    extent = _extent(costs, paths)
    kept = _apart(costs, paths, extent, _PARENTS)
    controls, spans, costs, paths = controls[kept], spans[kept], costs[kept], paths[kept]
    for shrunk in 0.6 ** np.arange(_ROUNDS):  # every one competes with its own children only
        varied = _varied(controls, shrunk, rng)
        varied_costs, varied_paths = _followed(
            problem, times, varied, np.repeat(spans, _CHILDREN + 1)
        )
        each = np.arange(len(costs))
        families = np.where(np.isfinite(varied_costs), varied_costs, np.inf).reshape(len(costs), -1)
        best = each * (_CHILDREN + 1) + families.argmin(axis=1)
        controls, costs, paths = varied[best], varied_costs[best], varied_paths[best]
    return [
        _as_guess(problem, times, paths[i], aims, f"drawn control {rank}")
        for rank, i in enumerate(_apart(costs, paths, extent, MOST_KEPT))
    ]


def _drift_rate(problem: ControlProblem) -> float:
    """The fastest rate of the drift alone at the start, 1/time."""
    jacobian = problem.model.drift_jacobian(problem.start)[0]
    return float(np.linalg.norm(jacobian, 2)) if np.isfinite(jacobian).all() else 0.0


def _extent(costs: np.ndarray, paths: np.ndarray) -> np.ndarray:
    """How far the better half of the paths goes in every parameter; (n,)."""
    order = np.argsort(costs, kind="stable")
    order = order[np.isfinite(costs[order])]
    better = paths[order[: max(len(order) // 2, 1)]]
    return np.maximum(np.ptp(better.reshape(-1, paths.shape[2]), axis=0), 1e-300)


def _drawn(
    problem: ControlProblem, times: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Controls at the knots (P, KNOTS, m), of all sizes, and for how long they act (P,); the first
    is none at all.
    """
    objective, m = problem.objective, problem.controls
    length, last = natural_length(problem), times[-1]
    fall = length / last * np.sqrt(typical_mass(problem))
    at_rest = objective.loss_weight * np.ptp(problem.landscape.loss(_around(problem, length)))
    typical = max(fall, np.sqrt(2 * objective.learning_rate * at_rest)) / np.sqrt(_price(problem))
    found, spans = [np.zeros((1, KNOTS, m))], [last]
    for span in _SPANS:
        for size in _SIZES:
            found.append(typical * size * rng.standard_normal((_DRAWS, KNOTS, m)))
            spans += [span * last] * _DRAWS
    return np.concatenate(found), np.array(spans)


def _around(problem: ControlProblem, length: float) -> np.ndarray:
    steps = length * np.vstack([np.eye(problem.dimension), -np.eye(problem.dimension)])
    points = np.vstack([problem.start[None], problem.start + steps])
    loss = problem.landscape.loss(points)
    return points[np.isfinite(loss)]


def _price(problem: ControlProblem) -> float:
    """The smallest eigenvalue of G at the start."""
    return max(np.linalg.eigvalsh(problem.model.effort_at(problem.start)[0])[0], 1e-300)


def _varied(parents: np.ndarray, shrunk: float, rng: np.random.Generator) -> np.ndarray:
    """Each parent and its children: all knots, or only some of them, moved by a part of the
    control's own size.
    """
    shape = (len(parents), _CHILDREN + 1, *parents.shape[1:])
    size = np.sqrt((parents**2).mean(axis=(1, 2)))[:, None, None, None]
    floor = size[size > 0].min(initial=1.0)
    moves = rng.standard_normal(shape) * np.maximum(size, floor) * shrunk
    some = rng.random(shape[:3] + (1,)) < rng.choice([0.3, 1.0], size=(*shape[:2], 1, 1))
    some[:, 0] = False
    return (parents[:, None] + moves * some).reshape(-1, *parents.shape[1:])


def _apart(costs: np.ndarray, paths: np.ndarray, extent: np.ndarray, most: int) -> list[int]:
    """Indices of the cheapest paths that differ from each other, at most so many."""
    kept: list[int] = []
    for i in np.argsort(costs, kind="stable"):
        if len(kept) == most or not np.isfinite(costs[i]):
            break
        if all((np.abs(paths[i] - paths[j]) / extent).max() > _APART for j in kept):
            kept.append(i)
    return kept


def _followed(
    problem: ControlProblem, times: np.ndarray, controls: np.ndarray, spans: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What controls that act for ``spans`` (P,) cost (P,), and where they lead (P, K+1, n)."""
    objective = problem.objective
    step = _step(problem.model)
    pushes = _pushes(times, controls, spans)
    state, cost = np.tile(problem.start, (len(controls), 1)), np.zeros(len(controls))
    paths = [state]
    for k, (begin, end) in enumerate(zip(times[:-1], times[1:], strict=True)):
        numbers = [
            begin,
            end - begin,
            objective.learning_rate,
            objective.loss_weight,
            objective.discount,
        ]
        state, paid = step(state, pushes[k], pushes[k + 1], np.array(numbers))
        state, cost = state.reshape(len(controls), -1), cost + paid
        paths.append(state)
    return cost + _at_the_end(problem, times[-1], state), np.stack(paths, axis=1)


def _pushes(times: np.ndarray, controls: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """u at all times (K+1, P, m): piecewise linear while a control acts, zero afterwards."""
    at = times[:, None] / spans * (KNOTS - 1)
    left = np.minimum(at.astype(int), KNOTS - 2)
    fraction = np.minimum(at - left, 1.0)[..., None]
    rows = np.arange(len(controls))
    pushes = controls[rows, left] * (1 - fraction) + controls[rows, left + 1] * fraction
    pushes[times[:, None] > spans * (1 + 1e-9)] = 0.0
    return pushes


def _at_the_end(problem: ControlProblem, last: float, state: np.ndarray) -> np.ndarray:
    """What is still to be paid after the last time (P,): the end, or resting there as long as it
    counts.
    """
    objective = problem.objective
    if problem.end is not None:
        missed = ((state - problem.end) ** 2).sum(axis=1)
        return _MISSED * typical_mass(problem) * missed / (2 * objective.learning_rate * last)
    remaining = objective.horizon - last
    value = np.zeros(len(state))
    if remaining > 1e-9 * last:
        counted = (
            remaining
            if objective.discount == 0
            else -np.expm1(-objective.discount * remaining) / objective.discount
        )
        if np.isfinite(counted):
            fade = np.exp(-objective.discount * last)
            value = value + fade * counted * objective.loss_weight * problem.landscape.loss(state)
    if objective.terminal is not None:
        fade = np.exp(-objective.discount * objective.horizon)
        value = value + fade * objective.terminal_weight * problem.model.terminal_cost(state)
    return value


def _step(model: Model) -> Pointwise:
    """(θ, u at both ends, [t, h, η, k, γ]) -> (θ after h, ∫ e^{-γt} (effort + kL) dt over it): one
    step of the classical Runge-Kutta method."""
    if "rollout step" not in model.cache:
        theta = ca.SX.sym("theta", model.dimension)
        first, last = ca.SX.sym("u0", model.controls), ca.SX.sym("u1", model.controls)
        numbers = ca.SX.sym("t_h_eta_k_gamma", 5)
        begin, length = numbers[0], numbers[1]
        middle = (first + last) / 2

        def rates(state: ca.SX, push: ca.SX, time: ca.SX) -> ca.SX:
            velocity = model.drift_at(state) + model.actuation_at(state) @ push
            effort = ca.dot(push, model.metric_at(state) @ push) / (2 * numbers[2])
            paid = ca.exp(-numbers[4] * time) * (effort + numbers[3] * model.loss_at(state))
            return ca.vertcat(velocity, paid)

        n = model.dimension
        rate_1 = rates(theta, first, begin)
        rate_2 = rates(theta + length / 2 * rate_1[:n], middle, begin + length / 2)
        rate_3 = rates(theta + length / 2 * rate_2[:n], middle, begin + length / 2)
        rate_4 = rates(theta + length * rate_3[:n], last, begin + length)
        change = length / 6 * (rate_1 + 2 * rate_2 + 2 * rate_3 + rate_4)
        outputs = [theta + change[:n], change[n]]
        step = ca.Function(
            "rollout_step", [theta, first, last, numbers], [ca.densify(o) for o in outputs]
        )
        model.cache["rollout step"] = Pointwise(step)
    return model.cache["rollout step"]


def _as_guess(
    problem: ControlProblem, times: np.ndarray, path: np.ndarray, aims: np.ndarray, name: str
) -> Guess:
    """A path (K+1, n) at ``times``, led to the nearest aim (T = ∞) or sheared to a fixed end."""
    horizon = problem.objective.horizon
    last = horizon if np.isfinite(horizon) else times[-1]
    if not np.isfinite(horizon) and len(aims):  # who comes to rest does so at the nearest of them
        nearest = aims[np.argmin(np.linalg.norm(aims - path[-1], axis=1))]
        last = 1.5 * times[-1]
        times, path = np.append(times, last), np.vstack([path, nearest])
    if problem.end is not None:
        path = path + (times / times[-1])[:, None] * (problem.end - path[-1])
    return in_time(problem, name, broken_line(times, path), last)
