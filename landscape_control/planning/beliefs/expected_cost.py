"""What noise and uncertainty add to the cost of a linear-quadratic plan.

Integrals over the filter's covariance.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import expm, solve_continuous_lyapunov

from ...support.errors import ProblemError
from .hidden_moments import Moments, dual, integrated, riccati
from .linear_model import LinearModel

if TYPE_CHECKING:
    from ...model.objective import Objective

OverTime = Callable[[np.ndarray], np.ndarray]  # times (N,) -> one value or matrix at each

_DISCOUNTED_AWAY = 45.0  # γt beyond which e^{-γt} is below the last digit


class Uncertainty:
    """The filter of a linear model in covariance form.

    ``covariance(times)`` is P(t), ``gain(P)`` = PCᵀR⁻¹, ``innovation(P)`` = PCᵀR⁻¹CP, the noise
    intensity of the belief mean. Where observations are exact and show every hidden variable, P = 0
    and the mean moves as the hidden state does. ``information`` is CᵀR⁻¹C per unit time.
    """

    def __init__(self, model: LinearModel):
        self.model, self.moments = model, model.hidden
        self.exact = model.noise is None
        size, (_, slope, _) = len(self.moments.mean), model.sight
        if model.noise is None:
            rank = np.linalg.matrix_rank(slope)
            if rank < size:
                raise ProblemError(
                    "exact observations",
                    expected=f"observations that show every hidden variable (∂h/∂φ of rank {size})",
                    received=f"rank {rank}: a filter without noise",
                    advice="use NoisyGradient(noise=...) with a small noise, or hide fewer variables",
                )
            self.information = np.full((size, size), np.inf)
        else:
            self.information = slope.T @ np.linalg.solve(model.noise, slope)

    def gain(self, covariance: np.ndarray) -> np.ndarray:
        """K = PCᵀR⁻¹ (d, q): dm = (ν - Λm)dt + K(dY - (Fθ + Cm + e)dt)."""
        noise, (_, slope, _) = self.model.noise, self.model.sight
        assert noise is not None  # where observations are exact, no filter runs
        return np.linalg.solve(noise, slope @ covariance).T

    def covariance(self, times: np.ndarray) -> np.ndarray:
        """P (N, d, d) at ascending times (N,)."""
        moments, size = self.moments, len(self.moments.mean)
        if self.exact:
            return np.zeros((len(times), size, size))
        if not moments.is_stationary:
            return integrated(moments, self.information, times)
        if _is_constant(moments):
            return _learned(moments.covariance, self.information, times)
        if self.steady is not None:
            return self._about_steady(np.asarray(times, dtype=float))
        return self._by_riccati(times)

    def _by_riccati(self, times: np.ndarray) -> np.ndarray:
        moments = self.moments
        return riccati(
            moments.reversion, moments.diffusion, self.information, moments.covariance, times
        )

    def _about_steady(self, times):
        """P - P∞ = EΔ(I + WΔ)⁻¹Eᵀ with Δ = P(0) - P∞: all bounded.

        E = e^{Ft}, F = -Λ - P∞CᵀR⁻¹C and W = ∫₀ᵗEᵀCᵀR⁻¹CE ds.
        """
        settling = -self.moments.reversion - self.steady @ self.information
        slowest = np.linalg.eigvals(settling).real.max()
        if slowest >= -1e-9 * np.abs(settling).max():  # some part of P never settles
            return self._by_riccati(times)
        # W(∞), from which W(t) = W(∞) - EᵀW(∞)E
        total = solve_continuous_lyapunov(settling.T, -self.information)
        flow, gap = expm(times[:, None, None] * settling), self.moments.covariance - self.steady
        turned = flow.transpose(0, 2, 1)
        seen = np.eye(len(gap)) + (total - turned @ total @ flow) @ gap
        left = flow @ gap @ np.linalg.solve(seen, turned)
        return self.steady + (left + left.transpose(0, 2, 1)) / 2

    def innovation(self, covariances: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Noise intensity (N, d, d) of the belief mean."""
        if not self.exact:
            return covariances @ self.information @ covariances
        if self.moments.is_stationary:
            return np.broadcast_to(self.moments.diffusion, covariances.shape)
        pairs = zip(self.moments.means(times), self.moments.covariances(times), strict=True)
        return np.array([self.moments.spread(mean, covariance) for mean, covariance in pairs])

    @cached_property
    def steady(self) -> np.ndarray | None:
        """P where the filter settles.

        None where an unseen hidden combination gathers noise for ever.
        """
        moments, size = self.moments, len(self.moments.mean)
        if self.exact:
            return np.zeros((size, size))
        if _is_constant(moments):
            return _never_learned(moments.covariance, self.information)
        control = dual(moments.reversion, moments.diffusion, self.information)
        try:
            return control.infinite().value_hessian
        except ProblemError:
            return None

    def unobserved(self) -> np.ndarray:
        """Orthonormal basis (d, j) of the hidden combinations that no observation shows.

        Kalman's test of observability.
        """
        size = len(self.moments.mean)
        sight, blocks = self.model.sight[1], []
        scale = max(np.abs(self.moments.reversion).max(), 1e-300)
        # the rows C, CΛ, …, CΛ^{d-1}, scaled so that high powers neither vanish nor overflow
        for _ in range(size):
            blocks.append(sight)
            sight = sight @ self.moments.reversion / scale
        _, values, rows = np.linalg.svd(np.vstack(blocks))
        rank = int((values > 1e-10 * max(values.max(initial=0.0), 1e-300)).sum())
        return rows[rank:].T

    @property
    def fastest(self) -> float:
        """The fastest rate of P(t), roughly."""
        rate = _norm(self.moments.reversion)
        if self.exact:
            return rate
        strength = _norm(self.information)
        # √(|CᵀR⁻¹C||Q|) about the steady covariance, |CᵀR⁻¹C||P(0)| on the way there
        settling = math.sqrt(strength * _norm(self.moments.diffusion))
        return rate + settling + strength * _norm(self.moments.covariance)


def _norm(matrix: np.ndarray) -> float:
    """The largest singular value."""
    return float(np.linalg.norm(matrix, 2))


def _is_constant(moments: Moments) -> bool:
    """Whether the hidden variables stay as they are."""
    return not np.abs(moments.diffusion).max() and not np.abs(moments.reversion).max()


def _learned(covariance, information, times):
    """P(I + t·CᵀR⁻¹C·P)⁻¹: Bayes' rule for a constant."""
    elapsed = np.asarray(times, dtype=float)[:, None, None]
    seen = np.eye(len(covariance)) + elapsed * (information @ covariance)
    # covariance · seen⁻¹, transposed
    left = np.linalg.solve(seen.transpose(0, 2, 1), covariance[None])
    return (left + left.transpose(0, 2, 1)) / 2


def _never_learned(covariance, information):
    """A constant's covariance once everything observable is known: P - PO(OᵀPO)⁺OᵀP."""
    values, vectors = np.linalg.eigh(information)
    seen = vectors[:, values > 1e-12 * max(values[-1], 1e-300)]
    cross = covariance @ seen
    known = np.linalg.pinv(seen.T @ cross, rcond=1e-12, hermitian=True)
    return covariance - cross @ known @ cross.T


def added_cost(
    uncertainty: Uncertainty,
    objective: "Objective",
    curvature: np.ndarray,
    belief_hessian: OverTime,
    rate: float,
) -> float:
    """∫ e^{-γt}(k/2 tr(WP) + ½tr(S·innovation) + k·E own) dt, and what is not running.

    That is the terminal parts, and the first look of exact observations.

    ``curvature`` is W = XᵀH⁺X, ``belief_hessian(times)`` the mm-block of the value Hessian at these
    times, ``rate`` the fastest rate of the policy. Infinite without discount, unless nothing is
    left to learn.
    """
    gamma, k = objective.discount, objective.loss_weight
    if gamma == 0 and math.isinf(objective.horizon):
        return _undiscounted(uncertainty, k, curvature, belief_hessian)
    times, weights = quadrature(objective.horizon, gamma, uncertainty.fastest + rate + gamma)
    covariances = uncertainty.covariance(times)
    innovations = uncertainty.innovation(covariances, times)
    own = _own_loss(uncertainty.model, curvature)
    of_uncertainty = 0.5 * k * np.einsum("ij,tij->t", curvature, covariances)
    of_innovations = 0.5 * np.einsum("tij,tij->t", belief_hessian(times), innovations)
    running = of_uncertainty + of_innovations + k * own(times)
    total = float(weights @ (np.exp(-gamma * times) * running))
    if objective.terminal == "loss":
        last = np.array([objective.horizon])
        left = 0.5 * np.sum(curvature * uncertainty.covariance(last)[0]) + own(last)[0]
        total += objective.terminal_weight * math.exp(-gamma * objective.horizon) * left
    return total + _first_look(uncertainty, belief_hessian)


def _first_look(uncertainty, belief_hessian):
    """Exact observations turn the prior mean into the truth at t = 0: ½ tr(S(0)P(0))."""
    if not uncertainty.exact:
        return 0.0
    hessian = belief_hessian(np.zeros(1))[0]
    return 0.5 * np.sum(hessian * uncertainty.moments.covariance)


def _undiscounted(uncertainty, k, curvature, belief_hessian):
    """The cost at T = ∞ and γ = 0, where it is finite.

    That is where nothing moves, nothing is left to learn, and the loss can vanish.
    """
    moments = uncertainty.moments
    uncertain = max(
        np.abs(part @ moments.covariance).max()
        for part in (curvature, belief_hessian(np.zeros(1))[0])
    )
    rest = k * _own_loss(uncertainty.model, curvature)(np.zeros(1))[0]
    moving = np.abs(moments.diffusion).max() > 0 or not moments.is_stationary
    learning = uncertain > 0 and not uncertainty.exact
    losing = abs(rest) > 1e-12 * k * abs(uncertainty.model.own[2])
    if moving or learning or losing:
        raise ProblemError(
            "infinite horizon without discount",
            expected=(
                "an expected cost that ends: nothing left to learn, and a loss that vanishes at its"
                " minimum"
            ),
            received=(
                "a learner that stays uncertain, so that E[J] = ∞ (for a constant hidden variable"
                " it grows like log T)"
            ),
            advice="use discount > 0 (a tiny one costs least per unit time) or a finite horizon",
        )
    return _first_look(uncertainty, belief_hessian)


def _own_loss(model: LinearModel, curvature: np.ndarray) -> OverTime:
    """E of the part of the loss that no control changes, at times (N,).

    Without what the completed square holds.
    """
    (quadratic, linear, constant), shift = model.own, model.pull[1]
    left, tilt = quadratic - curvature, linear - model.cross.T @ shift
    base = constant - 0.5 * model.slope @ shift
    moments = model.hidden

    # where the square is complete, the covariances, which may grow without end, do not matter
    square_left = np.abs(left).max(initial=0.0) > 1e-14 * np.abs(quadratic).max(initial=0.0)

    def expected(times: np.ndarray) -> np.ndarray:
        means = moments.means(times)
        values = base + means @ tilt + 0.5 * np.einsum("ti,ij,tj->t", means, left, means)
        if square_left:
            values += 0.5 * np.einsum("ij,tij->t", left, moments.covariances(times))
        return values

    return expected


def quadrature(horizon: float, discount: float, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on [0, T].

    The panels double from the fastest time scale on, from both ends.
    """
    finite = math.isfinite(horizon)
    end = horizon if finite else _DISCOUNTED_AWAY / discount
    half, edge = (end / 2 if finite else end), min(end / 4, 0.5 / rate)
    edges = [0.0]
    while edge < half:
        edges.append(edge)
        edge *= 2
    # with an endless horizon nothing happens at the end, and ``half`` is all of it
    mirrored = [end - e for e in reversed(edges)] if finite else []
    edges = [*edges, half, *mirrored]
    nodes, weights = np.polynomial.legendre.leggauss(16)
    lower, upper = np.array(edges[:-1])[:, None], np.array(edges[1:])[:, None]
    times = ((upper + lower) + (upper - lower) * nodes) / 2
    return times.ravel(), ((upper - lower) / 2 * weights).ravel()
