"""The proximal oracle of a terminal cost: where a learner that pays for way and end would go."""

from typing import TYPE_CHECKING

import numpy as np

from ..model.objective import Objective
from ..model.problem import ControlProblem

if TYPE_CHECKING:
    from ..model.problem.model import Model

_ITERATIONS = 60  # of Newton's method
_HALVINGS = 30  # of one step


def effective_time(objective: Objective) -> float:
    """∫₀ᵀ e^{γt} dt = (e^{γT} - 1)/γ.

    Discounted costates are constant without a running loss, so that the optimal control grows as
    e^{γt}.
    """
    gamma, horizon = objective.discount, objective.horizon
    if gamma == 0:
        return horizon
    return float(np.expm1(gamma * horizon) / gamma)


def proximal_control(
    problem: ControlProblem, points: np.ndarray, objective: Objective
) -> np.ndarray:
    """First control z/T̃ at points (S, n): shape (S, m), with

        z = argmin_z zᵀG z / 2ηT̃ + e^{-γT} κ Φ(θ + Bz),    T̃ = (e^{γT} - 1)/γ  (T for γ = 0).

    Exact for the problem without running loss and drift and with constant G and B (VGR25; Parikh &
    Boyd 2014 for the proximal operator). Newton's method with step halving from z = 0 and, when Φ =
    L, towards the known minima; the lowest value wins. NaN where none of them reaches a minimum.
    The caller makes sure that Φ and a finite T are there.
    """
    spread = effective_time(objective)
    weight = objective.terminal_weight * np.exp(-objective.discount * objective.horizon)
    metric, actuation = problem.model.metric(points), problem.model.actuation(points)
    quadratic = metric / (objective.learning_rate * spread)
    energy = _Energy(problem.model, points, quadratic, actuation, weight)
    ends = [_descend(energy, guess) for guess in _guesses(problem, points, actuation, objective)]
    values = np.array([np.where(np.isfinite(value), value, np.inf) for _, value in ends])
    best = values.argmin(axis=0)
    moves = np.array([z for z, _ in ends])[best, np.arange(len(points))]
    return np.where(np.isfinite(values.min(axis=0))[:, None], moves / spread, np.nan)


def _guesses(
    problem: ControlProblem, points: np.ndarray, actuation: np.ndarray, objective: Objective
) -> list[np.ndarray]:
    """z (S, m) to descend from: standing still, and the moves to the minima that are known."""
    at_rest = np.zeros((len(points), problem.controls))
    minima = problem.landscape.minima
    if objective.terminal != "loss" or minima is None or callable(minima):
        return [at_rest]
    inverse = np.linalg.pinv(actuation)
    return [at_rest, *(np.einsum("smn,sn->sm", inverse, minimum - points) for minimum in minima)]


class _Energy:
    """zᵀQz/2 + weight·Φ(θ + Bz) for many points at once: z (S, m), Q (S, m, m), B (S, n, m)."""

    def __init__(
        self,
        model: "Model",
        points: np.ndarray,
        quadratic: np.ndarray,
        actuation: np.ndarray,
        weight: float,
    ):
        self.model, self.points = model, points
        self.quadratic, self.actuation, self.weight = quadratic, actuation, weight

    def ends(self, z: np.ndarray) -> np.ndarray:
        return self.points + np.einsum("snm,sm->sn", self.actuation, z)

    def value(self, z: np.ndarray) -> np.ndarray:
        moving = np.einsum("si,sij,sj->s", z, self.quadratic, z) / 2
        return moving + self.weight * self.model.terminal_cost(self.ends(z))

    def derivatives(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gradient, hessian = self.model.terminal_derivatives(self.ends(z))
        pushed = np.einsum("snm,sn->sm", self.actuation, gradient)
        slope = np.einsum("sij,sj->si", self.quadratic, z) + self.weight * pushed
        bent = np.einsum("snm,snk,skl->sml", self.actuation, hessian, self.actuation)
        return slope, self.quadratic + self.weight * bent


def _descend(energy: _Energy, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(z, value), value NaN where the iteration did not end at a minimum."""
    value = energy.value(z)
    for _ in range(_ITERATIONS):
        slope, hessian = energy.derivatives(z)
        usable = np.isfinite(slope).all(1) & np.isfinite(hessian).all((1, 2))
        slope = np.where(usable[:, None], slope, 0.0)
        curvatures, vectors = np.linalg.eigh(np.where(usable[:, None, None], hessian, 0.0))
        # by absolute curvature, so that the step leads downhill from saddles too; the floor keeps
        # flat directions finite
        size = np.abs(curvatures)
        size = np.maximum(size, 1e-10 * size.max(1, initial=0)[:, None] + 1e-300)
        step = -np.einsum("sij,sj,skj,sk->si", vectors, 1 / size, vectors, slope)
        length = np.abs(step).max(1)
        if (length <= 1e-12 * (1 + np.abs(z).max(1))).all():
            break
        z, value = _halve(energy, z, value, step)
    settled = length <= 1e-7 * (1 + np.abs(z).max(1))
    is_minimum = usable & (curvatures[:, 0] > 0) & settled
    return z, np.where(is_minimum, value, np.nan)


def _halve(
    energy: _Energy, z: np.ndarray, value: np.ndarray, step: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(z, value) after the step, halved point by point until the value does not rise."""
    factor = np.ones(len(z))
    for _ in range(_HALVINGS):
        moved = energy.value(z + factor[:, None] * step)
        worse = ~(moved <= value + 1e-14 * np.abs(value))
        if not worse.any():
            break
        factor[worse] /= 2
    return z + factor[:, None] * step, np.where(worse, value, moved)
