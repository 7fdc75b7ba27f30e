"""Checks of a plan made without the optimiser: from its θ, u and λ alone, on points it was not computed at."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.integrate import DOP853

from .interpolation import differentiation_matrix, integration_matrix, lagrange_matrix, node_index
from .problem import ControlProblem, Model, hamiltonian_derivatives, implied_control, lagrangian_density


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Residuals of Pontryagin's conditions, all relative and dimensionless, and the estimated cost error.

    Attributes
    ----------
    dynamics : largest gap at an element's end after re-integrating θ̇ = f + Bu (Dormand-Prince 8) through it,
        over the extent of the path
    stationarity : root mean square (over discounted time) of ∂H/∂u = Gu/η + Bᵀλ between the nodes, over that of Gu/η,
        at the control that the path itself implies, u = B⁺(θ̇ - f)
    costate : largest gap of λ(t₁) - λ(t₀) = ∫ (γλ - ∂H/∂θ) dt over an element, over the largest |λ|
    transversality : |λ(T) - κ∇Φ(θ(T))| over the largest |λ| for a free end (present value against the tail's for an
        infinite horizon); |θ(T) - end| over the path's extent for a fixed one
    energy_law : largest violation of H(t) - H(0) = γ∫λᵀθ̇ dt over the largest (effort + k·range of L); without drift
        this is dE/dt = (γ/η)|θ̇|²_G for E = |θ̇|²_G/2η - kL (VGR25), conservation of E at γ = 0
    cost_error : dual-weighted estimate of the discretisation error of the cost (user units)
    cost_scale : ∫ e^{-γt}(effort + k|L|) dt + |terminal|, what the tolerance is relative to
    tolerance : the cost tolerance asked for; residuals must stay below three times its square root, because the cost of
        a stationary path is second order in the path's error
    """

    dynamics: float
    stationarity: float
    costate: float
    transversality: float
    energy_law: float
    cost_error: float
    cost_scale: float
    tolerance: float

    @property
    def residuals(self) -> dict[str, float]:
        """The five residuals by name."""
        return {
            name: getattr(self, name) for name in ("dynamics", "stationarity", "costate", "transversality", "energy_law")
        }

    @property
    def passed(self) -> bool:
        """Cost error within the tolerance and every residual below three times the tolerance's square root."""
        return (
            self.cost_error <= self.tolerance * self.cost_scale and max(self.residuals.values()) <= 3 * self.tolerance**0.5
        )

    def __str__(self):
        rows = [f"{name.replace('_', ' '):15s} {value:9.2e}" for name, value in self.residuals.items()]
        rows.append(f"{'cost error':15s} {self.cost_error:9.2e}   (allowed {self.tolerance * self.cost_scale:.2e})")
        return "\n".join([f"certificate {'passed' if self.passed else 'NOT passed'}", *rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class FinePath:
    """A plan's polynomials on Gauss points inside each element: arrays (K, q, …)."""

    times: np.ndarray
    weights: np.ndarray  # (K, q), in time units
    theta: np.ndarray
    velocity: np.ndarray
    controls: np.ndarray
    costates: np.ndarray


def fine_path(plan) -> FinePath:
    """Evaluate θ, θ̇, u, λ of a plan (or Path) at degree + 2 Gauss points per element."""
    points, weights, to_points, slopes = _fine_matrices(tuple(plan.positions))
    lengths, index = np.diff(plan.vertices), _node_index(plan)
    return FinePath(
        times=plan.vertices[:-1, None] + lengths[:, None] * points,
        weights=lengths[:, None] * weights,
        theta=to_points @ plan.parameters[index],
        velocity=slopes @ plan.parameters[index] / lengths[:, None, None],
        controls=to_points @ plan.controls[index],
        costates=to_points @ plan.costates[index],
    )


def _node_index(plan):
    return node_index(len(plan.vertices) - 1, plan.degree)


@lru_cache(maxsize=64)
def _fine_matrices(positions):
    """Gauss points and weights on [0, 1], and the matrices that give values and slopes there from those at the nodes."""
    points, weights = np.polynomial.legendre.leggauss(len(positions) + 1)
    points, nodes = (points + 1) / 2, np.array(positions)
    to_points = lagrange_matrix(nodes, points)
    return points, weights / 2, to_points, to_points @ differentiation_matrix(nodes)


def dual_weighted_cost(model: Model, plan, objective) -> tuple[np.ndarray, float]:
    """Per element ∫ e^{-γt} [min_u H(θ, u, λ) - λᵀθ̇] dt, and ∫ e^{-γt}(effort + k|L|) dt over all.

    At the solution this Lagrangian is stationary in θ and λ, so its sum estimates the exact running cost with an
    error of second order in the path's error (dual-weighted residuals, Becker & Rannacher 2001).
    """
    points, weights, to_points, slopes = _fine_matrices(tuple(plan.positions))
    n, lengths = plan.parameters.shape[1], plan.vertices[1:] - plan.vertices[:-1]
    nodes = np.hstack([plan.parameters, plan.costates])[_node_index(plan)]
    inside, velocity = to_points @ nodes, slopes @ nodes[..., :n] / lengths[:, None, None]
    density, size = lagrangian_density(model)(
        _rows(inside[..., :n]), _rows(velocity), _rows(inside[..., n:]), [objective.learning_rate, objective.loss_weight]
    )
    times = plan.vertices[:-1, None] + lengths[:, None] * points
    fade = lengths[:, None] * weights * np.exp(-objective.discount * times)
    return (fade * density.reshape(fade.shape)).sum(1), float((fade * size.reshape(fade.shape)).sum())


@np.errstate(all="ignore")  # failed plans are checked too: their residuals may be infinite
def certify(problem: ControlProblem, plan, *, tolerance: float) -> Certificate:
    """Check a plan against the problem's own functions; see :class:`Certificate` for what each number means."""
    model, objective = problem.model, problem.objective
    fine = fine_path(plan)
    pair = [objective.learning_rate, objective.loss_weight]
    theta, u, costates = _rows(fine.theta), _rows(fine.controls), _rows(fine.costates)
    implied = implied_control(model, theta, _rows(fine.velocity))
    push = hamiltonian_derivatives(model)(theta, implied, costates, pair)[2].reshape(u.shape)
    running, slope, _, velocity = hamiltonian_derivatives(model)(theta, u, costates, pair)
    slope, velocity = slope.reshape(theta.shape), velocity.reshape(theta.shape)
    extent = max(np.abs(plan.parameters - plan.parameters[0]).max(), 1e-12 * (1 + np.abs(plan.parameters[0]).max()))
    largest = max(np.abs(plan.costates).max(), 1e-12)
    measure = (fine.weights * np.exp(-objective.discount * fine.times)).reshape(-1, 1)
    marginal = u if model.learner.metric is None else np.einsum("sij,sj->si", model.metric(theta), u)
    marginal = marginal / objective.learning_rate
    elementwise, scale = dual_weighted_cost(model, plan, objective)
    drive = (objective.discount * costates - slope).reshape(fine.costates.shape)
    jumps = np.diff(plan.costates[:: plan.degree], axis=0) - np.einsum("kq,kqn->kn", fine.weights, drive)
    return Certificate(
        dynamics=_reintegrate(model, plan) / extent,
        stationarity=_rms(push, measure) / max(_rms(marginal, measure), 1e-12 * largest, 1e-300),
        costate=float(np.abs(jumps).max() / largest),
        transversality=_transversality(problem, plan, extent, largest),
        energy_law=_energy_law(objective, fine, running, costates, velocity, model),
        cost_error=plan.cost_error,
        cost_scale=scale + _terminal_size(problem, plan),
        tolerance=tolerance,
    )


def _energy_law(objective, fine, running, costates, velocity, model):
    power = (costates * velocity).sum(1).reshape(fine.times.shape)
    energy = running.reshape(fine.times.shape) + power
    # ∫ from 0 to every Gauss point: whole elements before it, plus the polynomial through this element's points
    points = (np.polynomial.legendre.leggauss(fine.times.shape[1])[0] + 1) / 2
    partial = integration_matrix(points, points)
    whole = (fine.weights * power).sum(1)
    inside = fine.weights.sum(1)[:, None] * (power @ partial.T)
    gained = objective.discount * (np.concatenate([[0.0], np.cumsum(whole)[:-1]])[:, None] + inside)
    loss = objective.loss_weight * model.landscape.loss(_rows(fine.theta))
    size = np.abs(running - loss).max() + np.ptp(loss)
    drift = energy - gained
    return float(np.ptp(drift) / max(size, 1e-300)) if size > 1e-14 * np.abs(loss).max(initial=0) else 0.0


def _transversality(problem, plan, extent, largest):
    if problem.end is not None:
        return float(np.abs(plan.parameters[-1] - problem.end).max() / extent)
    fade = 1.0
    if plan.tail is not None:
        fade = np.exp(-problem.objective.discount * plan.times[-1])
        wanted = plan.tail.steady_costate + plan.tail.value_hessian @ (plan.parameters[-1] - plan.tail.steady_state)
    else:
        wanted = problem.objective.terminal_weight * problem.model.terminal_derivatives(plan.parameters[-1])[0][0]
    return float(fade * np.abs(plan.costates[-1] - wanted).max() / largest)


def _terminal_size(problem, plan):
    objective = problem.objective
    if problem.objective.terminal is None:
        return 0.0
    fade = np.exp(-objective.discount * objective.horizon)
    return float(abs(fade * objective.terminal_weight * problem.model.terminal_cost(plan.parameters[-1])[0]))


def _reintegrate(model, plan):
    """Largest end gap over all elements, integrated side by side with two Dormand-Prince 8 steps each."""
    positions, lengths = plan.positions, np.diff(plan.vertices)
    controls, pair = plan.controls[_node_index(plan)], [1.0, 1.0]
    state = plan.parameters[:: plan.degree][:-1]
    velocity, zero, step = hamiltonian_derivatives(model), np.zeros_like(state), lengths[:, None] / 2
    for half in range(2):
        slopes: list[np.ndarray] = []
        for row, c in zip(DOP853.A, DOP853.C, strict=True):
            at = state + step * sum((a * s for a, s in zip(row, slopes, strict=False)), zero)
            u = np.einsum("q,kqm->km", lagrange_matrix(positions, np.array([(half + c) / 2]))[0], controls)
            slopes.append(velocity(at, u, zero, pair)[3].reshape(state.shape))
        state = state + step * sum(b * s for b, s in zip(DOP853.B, slopes, strict=True))
    return float(np.abs(state - plan.parameters[:: plan.degree][1:]).max())


def _rows(array):
    return array.reshape(-1, array.shape[-1])


def _rms(array, measure):
    return float(np.sqrt((measure * array**2).sum() / measure.sum()))
