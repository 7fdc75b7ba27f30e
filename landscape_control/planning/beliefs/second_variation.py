"""Around a plan: the value to second order, and the feedback it implies.

And the price of what will be seen.

With δ = z - z(t), V(z, t) ≈ V + λᵀδ + ½δᵀSδ, where along the plan (Bryson & Ho 1975, ch. 6,
discounted)

    -Ṡ = Q + AᵀS + SA - γS - (SB + N)R⁻¹(BᵀS + Nᵀ),   u = u(t) - K δ,   K = R⁻¹(BᵀS + Nᵀ),

with A = ∂ż/∂z, Q = ∂²H/∂z², N = ∂²H/∂z∂u, R = ∂²H/∂u². Innovations of diffusion D cost ½∫e^{-γt}
tr(SDDᵀ)dt. Where they are priced in the plan, Q gains ½ ∂² tr(SDDᵀ)/∂z², linear in S itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import expm

from ...model.problem import ControlProblem, second_order
from ...support.arrays import freeze
from ..solution import Plan

_STEP = 0.25  # longest step, as a fraction of the time scale of the Riccati flow
_MOST = 32  # steps per element


@dataclass(frozen=True, kw_only=True, eq=False)
class SecondVariation:
    """S and K at times along a plan.

    ``conjugate`` is the time at which S escapes to infinity, if it does.

    Attributes
    ----------
    times : (N+1,)
    value_hessian : (N+1, n, n), S
    gains : (N+1, m, n), K
    conjugate : float or None
        Where it is a number, the plan is no local minimum over longer horizons.
    """

    times: np.ndarray
    value_hessian: np.ndarray
    gains: np.ndarray
    conjugate: float | None

    def innovation_cost(self, discount: float, diffusion: np.ndarray, rows: slice) -> float:
        """½∫e^{-γt} tr(S D Dᵀ)dt for D (N+1, size, q) acting on the states ``rows``."""
        faded = np.exp(-discount * self.times) * self.innovation_rate(diffusion, rows)
        if not np.isfinite(faded).all():
            return np.nan
        return float(CubicSpline(self.times, faded).integrate(self.times[0], self.times[-1]))

    def innovation_rate(self, diffusion: np.ndarray, rows: slice) -> np.ndarray:
        """½ tr(S D Dᵀ) at the times."""
        return 0.5 * np.einsum(
            "tij,tiq,tjq->t", self.value_hessian[:, rows, rows], diffusion, diffusion
        )


# a plan that failed may lead anywhere; its status says so
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def second_variation(
    problem: ControlProblem,
    plan: Plan,
    surprise: Callable[[np.ndarray], np.ndarray] | None = None,
) -> SecondVariation:
    """S and K along a plan, by fourth-order Magnus steps of the linear Hamiltonian flow.

    S = YX⁻¹ (Möbius scheme).

    ``surprise`` maps z (S, n) to the curvature of innovations, (S, n, n, n, n) with entries ½
    ∂²(DDᵀ)_ab/∂z_i∂z_j; its term is split off each step symmetrically, which makes the scheme
    second order. A clock behind z is left out.
    """
    middle = _coefficients(problem, plan, _gauss_times(plan.times))
    nodes = _coefficients(problem, plan, plan.times)
    if not np.isfinite(middle.flow).all():
        return _undefined(problem, plan.times)
    sources = None if surprise is None else surprise(nodes.states)
    times = _refined(plan.times, middle.flow, sources)
    if len(times) != len(plan.times):
        middle = _coefficients(problem, plan, _gauss_times(times))
        nodes = _coefficients(problem, plan, times)
        sources = None if surprise is None else surprise(nodes.states)
    steps = expm(-_magnus(middle.flow, np.diff(times)))
    hessians, conjugate = _backwards(steps, times, _end(problem, plan), sources)
    # K = R⁻¹(BᵀS + Nᵀ)
    pull = nodes.push.transpose(0, 2, 1) @ hessians + nodes.cross.transpose(0, 2, 1)
    return SecondVariation(
        times=freeze(times),
        value_hessian=freeze(hessians),
        gains=freeze(np.linalg.solve(nodes.effort, pull)),
        conjugate=conjugate,
    )


def _undefined(problem: ControlProblem, times: np.ndarray) -> SecondVariation:
    """NaN throughout: the plan leads where the functions are not finite."""
    n, m = problem.dimension, problem.controls
    return SecondVariation(
        times=freeze(times),
        value_hessian=freeze(np.full((len(times), n, n), np.nan)),
        gains=freeze(np.full((len(times), m, n), np.nan)),
        conjugate=None,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Coefficients:
    """z, B, N, R and the Hamiltonian matrix at some times."""

    states: np.ndarray
    push: np.ndarray
    cross: np.ndarray
    effort: np.ndarray
    flow: np.ndarray


def _coefficients(problem: ControlProblem, plan: Plan, times: np.ndarray) -> _Coefficients:
    n, m, objective = problem.dimension, problem.controls, problem.objective
    z, u, costate = plan.at(times)
    z, costate = z[:, :n], costate[:, :n]  # a clock behind z is left out
    derivatives = second_order(problem.model)
    parts = derivatives(z, u, costate, [objective.learning_rate, objective.loss_weight])
    shapes = ((n, n), (n, m), (n, n), (n, m), (m, m))
    drift, push, state, cross, effort = (
        part.reshape(len(times), *shape) for part, shape in zip(parts, shapes, strict=True)
    )
    # half of the discount on either side keeps the flow Hamiltonian, so that S stays symmetric
    shift = np.linalg.solve(effort, cross.transpose(0, 2, 1))
    free = drift - push @ shift - objective.discount / 2 * np.eye(n)
    spread = push @ np.linalg.solve(effort, push.transpose(0, 2, 1))
    flow = np.block([[free, -spread], [cross @ shift - state, -free.transpose(0, 2, 1)]])
    return _Coefficients(states=z, push=push, cross=cross, effort=effort, flow=flow)


def _gauss_times(times: np.ndarray) -> np.ndarray:
    """The two Gauss-Legendre points of every interval, one after the other: (2N,)."""
    middle, half = (times[1:] + times[:-1]) / 2, np.diff(times) / 2 / np.sqrt(3)
    return np.column_stack([middle - half, middle + half]).ravel()


def _refined(times: np.ndarray, flow: np.ndarray, sources: np.ndarray | None) -> np.ndarray:
    """Times between which the flow turns little."""
    # the faster of the two Gauss points of each interval
    rate = np.abs(np.linalg.eigvals(flow)).max(1).reshape(-1, 2).max(1)
    if sources is not None:
        strength = np.abs(sources).sum((1, 2)).max((1, 2))
        rate = rate + np.maximum(strength[:-1], strength[1:])
    counts = np.clip(np.ceil(rate * np.diff(times) / _STEP), 1, _MOST).astype(int)
    inner = [
        np.linspace(a, b, count, endpoint=False)
        for a, b, count in zip(times[:-1], times[1:], counts, strict=True)
    ]
    return np.append(np.concatenate(inner), times[-1])


def _magnus(flow: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """h(A₁ + A₂)/2 + √3h²[A₂, A₁]/12, whose exponential is a step of fourth order."""
    first, second, h = flow[0::2], flow[1::2], lengths[:, None, None]
    commutator = second @ first - first @ second
    return h / 2 * (first + second) + np.sqrt(3) / 12 * h**2 * commutator


def _end(problem: ControlProblem, plan: Plan) -> np.ndarray:
    """S at the end of the plan."""
    objective = problem.objective
    if plan.tail is not None:
        return np.array(plan.tail.value_hessian)
    if objective.terminal is None:
        return np.zeros((problem.dimension, problem.dimension))
    _, hessian = problem.model.terminal_derivatives(plan.parameters[-1:])
    return objective.terminal_weight * hessian[0]


def _backwards(
    steps: np.ndarray, times: np.ndarray, end: np.ndarray, sources: np.ndarray | None
) -> tuple[np.ndarray, float | None]:
    """S at the times, and the latest time at which X turned singular (S is held from there on)."""
    n, hessians = len(end), np.empty((len(times), *end.shape))
    conjugate, later = None, end
    hessians[-1] = end
    for k in range(len(steps) - 1, -1, -1):
        if conjugate is None:
            half = (times[k + 1] - times[k]) / 2
            begun = _surprised(later, sources, k + 1, half)
            upper = steps[k, :n, :n] + steps[k, :n, n:] @ begun
            lower = steps[k, n:, :n] + steps[k, n:, n:] @ begun
            # X starts at I: its determinant passes zero where S = YX⁻¹ escapes to infinity
            if np.linalg.slogdet(upper)[0] > 0:
                moved = np.linalg.solve(upper.T, lower.T).T
                later = _surprised((moved + moved.T) / 2, sources, k, half)
            else:
                conjugate = float(times[k])
        hessians[k] = later
    return hessians, conjugate


def _surprised(
    hessian: np.ndarray, sources: np.ndarray | None, k: int, duration: float
) -> np.ndarray:
    """S after the term of innovations has acted for a while.

    Exponential series to second order.
    """
    if sources is None:
        return hessian
    first = duration * np.einsum("ab,abij->ij", hessian, sources[k])
    return hessian + first + duration / 2 * np.einsum("ab,abij->ij", first, sources[k])
