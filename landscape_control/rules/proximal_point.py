"""The proximal oracle of a terminal cost: where a learner that pays for the way and for the end
would go.
"""

import numpy as np

from ..model.objective import Objective
from ..model.problem import ControlProblem

_ITERATIONS = 60


def effective_time(objective: Objective) -> float:
    """∫₀ᵀ e^{γt} dt = (e^{γT} - 1)/γ: constant discounted costates make the optimal control grow as
    e^{γt}.
    """
    gamma, horizon = objective.discount, objective.horizon
    return horizon if gamma == 0 else float(np.expm1(gamma * horizon) / gamma)


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
    energy = _Energy(
        problem.model, points, metric / (objective.learning_rate * spread), actuation, weight
    )
    guesses = [np.zeros((len(points), problem.controls))]
    if objective.terminal == "loss" and problem.landscape.minima is not None:
        guesses += [
            np.einsum("smn,sn->sm", np.linalg.pinv(actuation), minimum - points)
            for minimum in problem.landscape.minima
        ]
    found = [_descend(energy, z) for z in guesses]
    values = np.array([np.where(np.isfinite(value), value, np.inf) for _, value in found])
    best = values.argmin(axis=0)
    moves = np.array([z for z, _ in found])[best, np.arange(len(points))]
    return np.where(np.isfinite(values.min(axis=0))[:, None], moves / spread, np.nan)


class _Energy:
    """zᵀQz/2 + weight·Φ(θ + Bz) for many points at once."""

    def __init__(self, model, points, quadratic, actuation, weight):
        self.model, self.points, self.quadratic, self.actuation, self.weight = (
            model,
            points,
            quadratic,
            actuation,
            weight,
        )

    def ends(self, z):
        return self.points + np.einsum("snm,sm->sn", self.actuation, z)

    def value(self, z):
        return np.einsum(
            "si,sij,sj->s", z, self.quadratic, z
        ) / 2 + self.weight * self.model.terminal_cost(self.ends(z))

    def derivatives(self, z):
        gradient, hessian = self.model.terminal_derivatives(self.ends(z))
        slope = np.einsum("sij,sj->si", self.quadratic, z) + self.weight * np.einsum(
            "snm,sn->sm", self.actuation, gradient
        )
        pushed = np.einsum("snm,snk,skl->sml", self.actuation, hessian, self.actuation)
        return slope, self.quadratic + self.weight * pushed


def _descend(energy, z):
    """(z, value), value NaN where the iteration did not end at a minimum."""
    value = energy.value(z)
    for _ in range(_ITERATIONS):
        slope, hessian = energy.derivatives(z)
        good = np.isfinite(slope).all(1) & np.isfinite(hessian).all((1, 2))
        values, vectors = np.linalg.eigh(np.where(good[:, None, None], hessian, 0.0))
        size = np.maximum(
            np.abs(values), 1e-10 * np.abs(values).max(1, initial=0)[:, None] + 1e-300
        )
        step = -np.einsum(
            "sij,sj,skj,sk->si", vectors, 1 / size, vectors, np.where(good[:, None], slope, 0.0)
        )
        small = np.abs(step).max(1) <= 1e-12 * (1 + np.abs(z).max(1))
        if small.all():
            break
        z, value = _halve(energy, z, value, step)
    return z, np.where(
        good & (values[:, 0] > 0) & (np.abs(step).max(1) <= 1e-7 * (1 + np.abs(z).max(1))),
        value,
        np.nan,
    )


def _halve(energy, z, value, step):
    factor = np.ones(len(z))
    for _ in range(30):
        moved = energy.value(z + factor[:, None] * step)
        worse = ~(moved <= value + 1e-14 * np.abs(value))
        if not worse.any():
            break
        factor[worse] /= 2
    return z + factor[:, None] * step, np.where(worse, value, moved)
