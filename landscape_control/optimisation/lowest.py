"""The least that losses can cost: what a rule pays above it is what is still to be gained, in any
unit and from anywhere.
"""

import math
from dataclasses import replace

import casadi as ca
import numpy as np

from ..rules.families import Policy
from .held_out import episode_costs
from .program import PolicyProgram
from .programs import time_weights
from .scenario_sets import scenes

MOST, TIMES = 48, 4  # scenarios per scene, and times, that are looked at
DESCENTS = 60  # steps of Newton's method at most


class LeastCost:
    """J of sitting at the lowest point of every landscape at all times, on a sample of scenarios.

    The lowest points are searched by Newton's method from the starts, then from where the others
    came to, so that it is an upper bound of the least cost where a landscape has lower wells
    elsewhere.

    Attributes
    ----------
    values : per scene (R,), the least costs of the sample
    """

    def __init__(self, program: PolicyProgram, drawn):
        weights = time_weights(program)[0]
        self.program, self._sample, self.values = program, [], []
        for scene, scenarios in zip(scenes(program), drawn, strict=True):
            rows = np.unique(
                np.linspace(0, scenarios.count - 1, min(MOST, scenarios.count)).astype(int)
            )
            self.values.append(_least(scene, scenarios, rows, weights))
            self._sample.append(
                replace(
                    scenarios,
                    starts=scenarios.starts[rows],
                    hidden=scenarios.hidden[rows],
                    noise=scenarios.noise[rows],
                    weights=scenarios.weights[rows],
                    blocks=scenarios.blocks[rows],
                )
            )
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
        return float(max(min(max(paired, cost - mean - 3 * error), cost - mean + 3 * error), 0.0))


def _least(scene, drawn, rows, weights):
    """(R,): Σ_t a_t min L(·, φ_t) of some scenarios, at a few of the times that count."""
    times = np.flatnonzero(weights)
    still = not scene.hidden or bool((drawn.hidden[rows] == drawn.hidden[rows][:, :1]).all())
    looked = (
        times[-1:] if still else times[np.unique(np.linspace(0, len(times) - 1, TIMES).astype(int))]
    )
    shares = weights[looked] * weights.sum() / weights[looked].sum()
    hidden = drawn.hidden[rows][:, looked + 1]
    points, fields = (
        np.repeat(drawn.starts[rows], len(looked), axis=0),
        hidden.reshape(len(rows) * len(looked), scene.hidden),
    )
    model = _model(scene)
    least, places = _descend(model, points, fields)
    if scene.hidden:  # each from the lowest of the places that any of them came to
        size = len(fields)
        everywhere = model(np.tile(places, (size, 1)), np.repeat(fields, size, axis=0))[0].reshape(
            size, size
        )
        best = np.argmin(np.where(np.isfinite(everywhere), everywhere, np.inf), axis=1)
        least = np.minimum(least, _descend(model, places[best], fields)[0])
    else:
        least = np.full_like(least, least.min())
    return least.reshape(len(rows), len(looked)) @ shares


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _descend(model, points, fields):
    """(loss (P,), places (P, n)) at the end of damped Newton steps, curvatures taken by their
    absolute value.
    """
    points, damping = points.copy(), np.full(len(points), 1e-3)
    loss, slope, curvature = model(points, fields)
    scale = np.maximum(np.abs(np.where(np.isfinite(loss), loss, 0.0)), 1e-300)
    for _ in range(DESCENTS):
        usable = np.isfinite(slope).all(1) & np.isfinite(curvature).all((1, 2))
        values, vectors = np.linalg.eigh(np.where(usable[:, None, None], curvature, 0.0))
        size = np.abs(values)
        stiff = size + damping[:, None] * size.max(1, keepdims=True) + 1e-300
        along = np.einsum("pij,pi->pj", vectors, np.where(usable[:, None], slope, 0.0))
        step = -np.einsum("pij,pj->pi", vectors, along / stiff)
        after = model(points + step, fields)
        better = after[0] < loss
        gained = np.where(better, loss - after[0], 0.0)
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-12, 1e12)
        points = np.where(better[:, None], points + step, points)
        loss, slope, curvature = (
            np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)
            for new, old in zip(after, (loss, slope, curvature), strict=True)
        )
        if (gained <= 1e-14 * scale).all() and (better | (damping > 1e6)).all():
            break
    return np.where(np.isfinite(loss), loss, np.inf), points


def _model(scene):
    """(θ (P, n), φ (P, p)) -> loss (P,), slope (P, n), curvature (P, n, n)."""
    theta, hidden = ca.SX.sym("theta", scene.dimension), ca.SX.sym("hidden", scene.hidden)
    curvature, slope = ca.hessian(scene.loss(theta, hidden), theta)
    function = ca.Function(
        "model",
        [theta, hidden],
        [ca.vertcat(scene.loss(theta, hidden), ca.densify(slope), ca.vec(ca.densify(curvature)))],
        {"cse": True},
    )
    n = scene.dimension

    def evaluate(points, fields):
        rows = np.array(function.map(len(points))(points.T, fields.T)).T
        return rows[:, 0], rows[:, 1 : n + 1], rows[:, n + 1 :].reshape(-1, n, n)

    return evaluate
