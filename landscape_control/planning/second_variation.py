"""Around a plan: the value to second order, the feedback it implies, and the price of what will be seen.

With δ = z - z(t), V(z, t) ≈ V + λᵀδ + ½δᵀSδ, where along the plan (Bryson & Ho 1975, ch. 6, discounted)

    -Ṡ = Q + AᵀS + SA - γS - (SB + N)R⁻¹(BᵀS + Nᵀ),   u = u(t) - K δ,   K = R⁻¹(BᵀS + Nᵀ),

with A = ∂ż/∂z, Q = ∂²H/∂z², N = ∂²H/∂z∂u, R = ∂²H/∂u². Innovations of diffusion D cost ½∫e^{-γt} tr(SDDᵀ)dt.
"""

from dataclasses import dataclass

import casadi as ca
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import expm

from ..arrays import freeze
from ..pointwise import Pointwise
from ..problem import ControlProblem, Model
from ..solution import Plan

_STEP = 0.25  # longest step, as a fraction of the time scale of the Riccati flow
_MOST = 32  # steps per element


@dataclass(frozen=True, kw_only=True, eq=False)
class SecondVariation:
    """S and K at times along a plan; ``conjugate`` is the time at which S escapes to infinity, if it does.

    Attributes
    ----------
    times : (N+1,)
    value_hessian : (N+1, n, n), S
    gains : (N+1, m, n), K
    conjugate : float or None; where it is a number the plan is no local minimum over longer horizons
    """

    times: np.ndarray
    value_hessian: np.ndarray
    gains: np.ndarray
    conjugate: float | None

    def innovation_cost(self, discount: float, diffusion: np.ndarray, rows: slice) -> float:
        """½∫e^{-γt} tr(S D Dᵀ)dt for D (N+1, size, q) acting on the states ``rows``."""
        faded = np.exp(-discount * self.times) * self.innovation_rate(diffusion, rows)
        return float(CubicSpline(self.times, faded).integrate(self.times[0], self.times[-1]))

    def innovation_rate(self, diffusion: np.ndarray, rows: slice) -> np.ndarray:
        """½ tr(S D Dᵀ) at the times."""
        return 0.5 * np.einsum("tij,tiq,tjq->t", self.value_hessian[:, rows, rows], diffusion, diffusion)


def second_variation(problem: ControlProblem, plan: Plan) -> SecondVariation:
    """S and K along a plan: fourth-order Magnus steps of the linear Hamiltonian flow, S = YX⁻¹ (Möbius scheme)."""
    middle, nodes = _coefficients(problem, plan, _gauss_times(plan.times)), _coefficients(problem, plan, plan.times)
    times = _refined(plan.times, middle.flow)
    if len(times) != len(plan.times):
        middle, nodes = _coefficients(problem, plan, _gauss_times(times)), _coefficients(problem, plan, times)
    steps = expm(-_magnus(middle.flow, np.diff(times)))
    found, conjugate = _backwards(steps, times, _end(problem, plan))
    gains = np.linalg.solve(nodes.effort, nodes.push.transpose(0, 2, 1) @ found + nodes.cross.transpose(0, 2, 1))
    return SecondVariation(times=freeze(times), value_hessian=freeze(found), gains=freeze(gains), conjugate=conjugate)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Coefficients:
    """B, N, R and the Hamiltonian matrix at some times."""

    push: np.ndarray
    cross: np.ndarray
    effort: np.ndarray
    flow: np.ndarray


def _coefficients(problem, plan, times):
    n, m, objective = problem.dimension, problem.controls, problem.objective
    z, u, costate = plan.at(times)
    drift, push, state, cross, effort = (part.reshape(len(times), *shape) for part, shape in zip(
        _second_order(problem.model)(z, u, costate, [objective.learning_rate, objective.loss_weight]),
        ((n, n), (n, m), (n, n), (n, m), (m, m)), strict=True))
    shift = np.linalg.solve(effort, cross.transpose(0, 2, 1))
    free = drift - push @ shift - objective.discount / 2 * np.eye(n)
    spread = push @ np.linalg.solve(effort, push.transpose(0, 2, 1))
    flow = np.block([[free, -spread], [cross @ shift - state, -free.transpose(0, 2, 1)]])
    return _Coefficients(push=push, cross=cross, effort=effort, flow=flow)


def _second_order(model: Model) -> Pointwise:
    """(z, u, λ, [η, k]) -> A, B, Q, N, R, compiled once per model."""
    if "second variation" not in model.cache:
        z, u, costate, pair = (ca.SX.sym(*args) for args in (
            ("z", model.dimension), ("u", model.controls), ("costate", model.dimension), ("eta_k", 2)))
        velocity = model.drift_at(z) + model.actuation_at(z) @ u
        value = ca.dot(u, model.metric_at(z) @ u) / (2 * pair[0]) + pair[1] * model.loss_at(z) + ca.dot(costate, velocity)
        slope = ca.gradient(value, z)
        outputs = [ca.jacobian(velocity, z), model.actuation_at(z), ca.jacobian(slope, z), ca.jacobian(slope, u),
                   ca.hessian(value, u)[0]]
        model.cache["second variation"] = Pointwise(
            ca.Function("second_variation", [z, u, costate, pair], [ca.densify(o) for o in outputs]))
    return model.cache["second variation"]


def _gauss_times(times):
    middle, half = (times[1:] + times[:-1]) / 2, np.diff(times) / 2 / np.sqrt(3)
    return np.column_stack([middle - half, middle + half]).ravel()


def _refined(times, flow):
    """Times between which the flow turns little."""
    rate = np.abs(np.linalg.eigvals(flow)).max(1).reshape(-1, 2).max(1)
    counts = np.clip(np.ceil(rate * np.diff(times) / _STEP), 1, _MOST).astype(int)
    inner = [np.linspace(a, b, count, endpoint=False) for a, b, count in zip(times[:-1], times[1:], counts, strict=True)]
    return np.append(np.concatenate(inner), times[-1])


def _magnus(flow, lengths):
    first, second, h = flow[0::2], flow[1::2], lengths[:, None, None]
    return h / 2 * (first + second) + np.sqrt(3) / 12 * h**2 * (second @ first - first @ second)


def _end(problem, plan):
    objective = problem.objective
    if plan.tail is not None:
        return np.array(plan.tail.value_hessian)
    if objective.terminal is None:
        return np.zeros((problem.dimension, problem.dimension))
    return objective.terminal_weight * problem.model.terminal_derivatives(plan.parameters[-1:])[1][0]


def _backwards(steps, times, end):
    """S at the times, and the latest time at which X turned singular (S is held from there on)."""
    n, found, conjugate = len(end), np.empty((len(times), *end.shape)), None
    found[-1] = later = end
    for k in range(len(steps) - 1, -1, -1):
        if conjugate is None:
            upper = steps[k, :n, :n] + steps[k, :n, n:] @ later
            lower = steps[k, n:, :n] + steps[k, n:, n:] @ later
            sign = np.linalg.slogdet(upper)[0]
            if sign > 0:
                later = np.linalg.solve(upper.T, lower.T).T
                later = (later + later.T) / 2
            else:
                conjugate = float(times[k])
        found[k] = later
    return found, conjugate
