"""The least that losses can cost: what a rule pays above it is what is still to be gained."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import casadi as ca
import numpy as np

from ..rules.families import Policy
from .held_out import episode_costs
from .program import PolicyProgram
from .programs import Scenarios, Scene, time_weights
from .scenario_sets import scenes

MOST, TIMES = 48, 4  # scenarios per scene, and times, that are looked at
DESCENTS = 60  # steps of Newton's method at most

# (θ (P, n), φ (P, p)) -> loss (P,), slope (P, n), curvature (P, n, n)
Model = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


class LeastCost:
    """J of sitting at the lowest point of every landscape at all times, on a sample of scenarios.

    The lowest points are searched by Newton's method from the starts, then from where the others
    came to, so that it is an upper bound of the least cost where a landscape has lower wells
    elsewhere.

    Attributes
    ----------
    values : per scene (R,), the least costs of the sample
    """

    def __init__(self, program: PolicyProgram, drawn: Sequence[Scenarios]):
        weights = time_weights(program)[0]
        self.program = program
        self._sample: list[Scenarios] = []
        self.values: list[np.ndarray] = []
        for scene, scenarios in zip(scenes(program), drawn, strict=True):
            looked_at = _spaced(scenarios.count, MOST)
            sample = replace(
                scenarios,
                starts=scenarios.starts[looked_at],
                hidden=scenarios.hidden[looked_at],
                noise=scenarios.noise[looked_at],
                weights=scenarios.weights[looked_at],
                blocks=scenarios.blocks[looked_at],
            )
            self._sample.append(sample)
            self.values.append(_least(scene, sample, weights))
        self._shares = [scenarios.weights.sum() for scenarios in drawn]

    def excess(self, policy: Policy, cost: float) -> float:
        """What a rule with the expected cost J = ``cost`` pays above the least; at least 0.

        Pair by pair over the sample, where costs have no long tail; but within three standard
        errors of J less the mean of the least costs, which is exact where the lowest points are
        equally low.
        """
        costs = episode_costs(policy, self.program, self._sample)
        parts = list(zip(self._shares, costs, self.values, strict=True))
        paired = sum(share * np.maximum(paid - least, 0.0).mean() for share, paid, least in parts)
        mean = sum(share * least.mean() for share, _, least in parts)
        error = math.sqrt(sum(share**2 * least.var() / len(least) for share, _, least in parts))
        lowest, highest = cost - mean - 3 * error, cost - mean + 3 * error
        return float(max(min(max(paired, lowest), highest), 0.0))


def _spaced(count: int, most: int) -> np.ndarray:
    """At most so many of the places 0 … count-1, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(int))


def _least(scene: Scene, drawn: Scenarios, weights: np.ndarray) -> np.ndarray:
    """(R,): Σ_t a_t min L(·, φ_t) of the scenarios, at a few of the times that count."""
    times = np.flatnonzero(weights)
    stands_still = not scene.hidden or bool((drawn.hidden == drawn.hidden[:, :1]).all())
    looked_at = times[-1:]
    if not stands_still:
        looked_at = times[np.unique(np.linspace(0, len(times) - 1, TIMES).astype(int))]
    # each of these times stands for those around it
    shares = weights[looked_at] * weights.sum() / weights[looked_at].sum()
    hidden = drawn.hidden[:, looked_at + 1]
    points = np.repeat(drawn.starts, len(looked_at), axis=0)
    fields = hidden.reshape(len(points), scene.hidden)
    model = _model(scene)
    least, places = _descend(model, points, fields)
    if scene.hidden:  # each again from the lowest of the places that any of them came to
        size = len(fields)
        losses, _, _ = model(np.tile(places, (size, 1)), np.repeat(fields, size, axis=0))
        everywhere = losses.reshape(size, size)  # of field i at place j
        best = np.argmin(np.where(np.isfinite(everywhere), everywhere, np.inf), axis=1)
        least = np.minimum(least, _descend(model, places[best], fields)[0])
    else:
        least = np.full_like(least, least.min())
    return least.reshape(drawn.count, len(looked_at)) @ shares


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _descend(model: Model, points: np.ndarray, fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(loss (P,), places (P, n)) at the end of damped Newton steps.

    Curvatures are taken by their absolute value, so that steps lead downhill from saddles too.
    """
    points, damping = points.copy(), np.full(len(points), 1e-3)
    loss, slope, curvature = model(points, fields)
    scale = np.maximum(np.abs(np.where(np.isfinite(loss), loss, 0.0)), 1e-300)
    for _ in range(DESCENTS):
        usable = np.logical_and(np.isfinite(slope).all(1), np.isfinite(curvature).all((1, 2)))
        values, vectors = np.linalg.eigh(np.where(usable[:, None, None], curvature, 0.0))
        size = np.abs(values)
        stiff = size + damping[:, None] * size.max(1, keepdims=True) + 1e-300
        along = np.einsum("pij,pi->pj", vectors, np.where(usable[:, None], slope, 0.0))
        step = -np.einsum("pij,pj->pi", vectors, along / stiff)
        after = model(points + step, fields)
        better = after[0] < loss  # false for NaN, so that such steps are not taken
        gained = np.where(better, loss - after[0], 0.0)
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-12, 1e12)
        points = np.where(better[:, None], points + step, points)
        loss = np.where(better, after[0], loss)
        slope = np.where(better[:, None], after[1], slope)
        curvature = np.where(better[:, None, None], after[2], curvature)
        all_tried = (better | (damping > 1e6)).all()
        if all_tried and (gained <= 1e-14 * scale).all():
            break
    return np.where(np.isfinite(loss), loss, np.inf), points


def _model(scene: Scene) -> Model:
    """Loss, slope and curvature of a scene at many points."""
    theta, hidden = ca.SX.sym("theta", scene.dimension), ca.SX.sym("hidden", scene.hidden)
    loss = scene.loss(theta, hidden)
    curvature, slope = ca.hessian(loss, theta)
    column = ca.vertcat(loss, ca.densify(slope), ca.vec(ca.densify(curvature)))
    function = ca.Function("model", [theta, hidden], [column], {"cse": True})
    n = scene.dimension

    def evaluate(
        points: np.ndarray, fields: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = np.array(function.map(len(points))(points.T, fields.T)).T
        return rows[:, 0], rows[:, 1 : n + 1], rows[:, n + 1 :].reshape(-1, n, n)

    return evaluate
