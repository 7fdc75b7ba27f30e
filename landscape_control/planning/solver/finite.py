"""Guesses that an optimiser can start from: at every node every function is finite.

Its slope and curvature are finite, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ...model.problem import ControlProblem, Model
from ...support.errors import ProblemError
from ...support.pointwise import Pointwise

_SHRINKINGS = (0.99, 0.9, 0.75, 0.5, 0.25, 0.1, 0.01, 0.0)
_BENDS = (0.03, 0.1, 0.3, 1.0)
_HESSIANS_UP_TO = 200  # parameters; beyond, only values and slopes are looked at


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """The first node where a function is not finite."""

    what: str  # such as "loss", "slope of the metric G"
    node: int

    def __str__(self) -> str:
        return f"the {self.what} is not finite"


def first_trouble(model: Model, points: np.ndarray) -> Trouble | None:
    """The first of the points (S, n) where a function, its slope or curvature is not finite.

    None if there is none. B⁻¹ counts as one of them where B is square and depends on θ.
    """
    troubles = []
    orders = ("", "slope of the ", "curvature of the ")
    for name, function in _checks(model).items():
        for order, values in zip(orders, function(points), strict=False):
            bad = ~np.isfinite(values.reshape(len(points), -1)).all(axis=1)
            if bad.any():
                troubles.append((int(np.argmax(bad)), f"{order}{name}"))
                break  # where a value is not finite, neither is its slope
    if not troubles:
        return None
    node, what = min(troubles)
    return Trouble(node=node, what=what)


def finite_guess(
    problem: ControlProblem, states: np.ndarray, times: np.ndarray, name: str
) -> tuple[np.ndarray, str]:
    """(states, name) of a guess (K, d+1, n) at times (K, d+1), moved off singular points.

    A guess with a free end shrinks towards the start, where everything is finite, as little as one
    of a few factors allows; one with a fixed end bends aside. Problems without singular points
    (``Model.is_total``) are not looked at.

    Raises
    ------
    ProblemError
        If there is no such guess: says which function is not finite, when and where.
    """
    model = problem.model
    if model.is_total:
        return states, name
    trouble = first_trouble(model, states.reshape(-1, problem.dimension))
    if trouble is None:
        return states, name
    for moved in _moved(problem, states, times):
        if first_trouble(model, moved.reshape(-1, problem.dimension)) is None:
            return moved, f"{name}, moved off a point where {trouble}"
    node = trouble.node
    theta = np.round(states.reshape(-1, problem.dimension)[node], 4).tolist()
    raise ProblemError(
        "guess",
        expected=(
            "a path along which loss, metric, drift, actuation and terminal cost are finite, with"
            " slope and curvature"
        ),
        received=f"'{name}': {trouble} at t = {times.ravel()[node]:.4g}, θ = {theta}",
        advice="move the end, or pass a guess that goes round that point",
    )


def _moved(problem: ControlProblem, states: np.ndarray, times: np.ndarray) -> Iterator[np.ndarray]:
    """Candidates, nearest first."""
    if problem.end is None:
        for factor in _SHRINKINGS:
            yield problem.start + factor * (states - problem.start)
        return
    extent = np.ptp(states.reshape(-1, problem.dimension), axis=0).max()
    s = (times / times.max())[..., None]
    directions = np.random.default_rng(0).standard_normal((4, problem.dimension))
    for size in _BENDS:
        for direction in directions:
            length = np.linalg.norm(direction)
            for sign in (1.0, -1.0):  # to both sides; nothing at the ends, most half-way
                yield states + sign * size * extent * 4 * s * (1 - s) * direction / length


def _checks(model: Model) -> dict[str, Pointwise]:
    """Per function of the problem its entries, their slopes and curvatures at θ.

    Compiled once per model.
    Slopes and curvatures are those of a weighted sum of the entries, which is finite only if all of
    them are.
    """
    if "finite checks" not in model.cache:
        theta = ca.SX.sym("theta", model.dimension)
        parts = {
            "loss": model.loss_at(theta),
            "metric G": model.metric_at(theta),
            "drift f": model.drift_at(theta),
            "actuation B": model.actuation_at(theta),
            "terminal cost": model.terminal_at(theta),
        }
        if model.is_invertible and not model.constant["actuation"]:
            parts["inverse of the actuation B"] = ca.solve(
                model.actuation_at(theta), ca.SX.eye(model.dimension)
            )
        model.cache["finite checks"] = {
            name: _check(name, theta, expression)
            for name, expression in parts.items()
            if ca.depends_on(expression, theta)
        }
    return model.cache["finite checks"]


def _check(name: str, theta: ca.SX, expression: ca.SX) -> Pointwise:
    entries = ca.vec(ca.densify(expression))
    # different weights, so that entries of opposite sign do not cancel
    total = ca.dot(entries, ca.DM(1 + 0.1 * np.arange(entries.numel())))
    outputs = [entries, ca.densify(ca.gradient(total, theta))]
    if theta.numel() <= _HESSIANS_UP_TO:
        outputs.append(ca.densify(ca.hessian(total, theta)[0]))
    return Pointwise(ca.Function(f"finite_{name.split()[0]}", [theta], outputs))
