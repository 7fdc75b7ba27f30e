"""One pass over a path by the problem's own functions: what the certificate is made from, and where to refine."""

import math
from dataclasses import dataclass
from functools import lru_cache

import casadi as ca
import numpy as np

from .curvature import is_tested_by_hessians, second_derivatives
from .inside import FinePath, fine_path
from .interpolation import integration_matrix
from .pointwise import Pointwise
from .problem import (
    ControlProblem,
    Model,
    hamiltonian_derivatives,
    inverse_metric,
    largest_growth,
    resting_length,
    typical_mass,
    unit_growth,
)
from .solution import Tail
from .transcription.action import eliminated_control

_TAIL_ERROR = 0.1  # of what is paid on the way to rest: the expansion leaves out the third order
_SCALARS = 6  # numbers per point before the vectors, see ``_measured``


@dataclass(frozen=True, kw_only=True, eq=False)
class Examination:
    """What one pass over a path finds, before anyone says what its cost should be.

    Attributes
    ----------
    residuals : {name: value}, the five of :class:`Certificate`
    element_costs : (K,), ∫ e^{-γt} [min_u H(θ, u, λ) - λᵀθ̇] dt per element. At the solution this Lagrangian is stationary
        in θ and λ, so the sum estimates the running cost with an error of second order in the path's error (dual-weighted
        residuals, Becker & Rannacher 2001).
    path_cost : float, cost of following the path with the control it implies, end included
    following : float, present value of what follows the last node: terminal cost, or the tail's cost to go
    unseen : float, how much of ``following`` is not known
    cost_scale : float, see :class:`Certificate`
    fine : FinePath, where it was measured
    measured : what ``_measured`` gives there
    hessians : what the test of the second variation reads there, None where it reads something else
    """

    residuals: dict[str, float]
    element_costs: np.ndarray
    path_cost: float
    following: float
    unseen: float
    cost_scale: float
    fine: FinePath
    measured: np.ndarray
    hessians: np.ndarray | None

    @property
    def cost(self) -> float:
        """The certificate's own value of J."""
        return float(self.element_costs.sum()) + self.following

    def unpaid_per_element(self) -> np.ndarray:
        """What makes the residuals of dynamics and stationarity, by element: (K,); where to refine when they are too
        large."""
        n = self.fine.theta.shape[-1]
        defect = (self.measured[:, _SCALARS + n : _SCALARS + 2 * n] ** 2).sum(axis=1)
        both = np.column_stack([self.measured[:, 4], defect])
        relative = both / np.maximum(both.max(axis=0), np.finfo(float).tiny)
        return (self.fine.weights * relative.sum(axis=1).reshape(self.fine.times.shape)).sum(axis=1)

    def largest_residual(self) -> float:
        """NaN where one of them is."""
        largest = max(self.residuals.values())
        return largest if not any(map(math.isnan, self.residuals.values())) else math.nan


@np.errstate(all="ignore")  # failed plans are examined too: their residuals may be infinite
def examine(problem: ControlProblem, path, tail: Tail | None) -> Examination:
    """Measure a plan or a transcription's path, and the tail that continues it, by the problem's own functions."""
    model, objective = problem.model, problem.objective
    n, eta = problem.dimension, objective.learning_rate
    fine = fine_path(path)
    arguments = map(_rows, (fine.theta, fine.velocity, fine.controls, fine.costates))
    measured = _measured(model)(*arguments, [eta, objective.loss_weight])
    fade = fine.weights * np.exp(-objective.discount * fine.times)
    _, effort, loss, size, unpaid, _ = (fade.ravel() @ measured[:, :_SCALARS]).tolist()
    following, unseen = _following(problem, path, tail)

    # what moving by no more than rounding would cost, with its discount: nothing is judged relative to less
    mass, duration = typical_mass(problem), float(path.times[-1])
    last = math.exp(-objective.discount / 2 * duration) * float(np.abs(path.parameters[-1]).max())
    resting = resting_length(max(float(np.abs(problem.start).max()), last))
    kept = min(duration, 1 / objective.discount) if objective.discount > 0 else duration
    stiffness = (
        mass / (eta * duration)
        + objective.loss_weight * float(np.abs(problem.start_derivatives[2]).max()) * kept
    )
    scale = max(size + abs(following), stiffness * resting**2)
    # an amplitude a at time t is worth a² e^{-γt}: what is late in a discounted plan counts by the square root of that
    late = np.exp(-objective.discount / 2 * path.times)
    extent = max(
        float((late * np.abs(path.parameters - path.parameters[0]).max(axis=1)).max()), resting
    )
    largest = max(float((late * np.abs(path.costates).max(axis=1)).max()), stiffness * resting)
    late = late[: -1 : path.degree]  # at the beginning of each element

    jumps = _costate_jumps(objective, path, fine, measured[:, _SCALARS : _SCALARS + n])
    defect = measured[:, _SCALARS + n : _SCALARS + 2 * n].reshape(*fade.shape, n)
    gaps = (fine.weights[:, None] @ defect)[:, 0]
    residuals = {
        "dynamics": _dynamics(
            late * np.abs(gaps).max(axis=1),
            path,
            extent,
            math.sqrt(2 * eta * scale * kept / mass),
            kept,
        ),
        "stationarity": _amplitude(unpaid, scale),
        "costate": float((late * np.abs(jumps).max(axis=1)).max()) / largest,
        "transversality": _transversality(problem, path, tail, extent, largest),
        "energy_law": _energy_law(
            objective, fine, measured, stiffness * resting**2 / kept, scale / kept
        ),
    }
    return Examination(
        residuals=residuals,
        element_costs=(fade * measured[:, 0].reshape(fade.shape)).sum(1),
        path_cost=effort + loss + following,
        following=following,
        unseen=unseen,
        cost_scale=scale,
        fine=fine,
        measured=measured,
        hessians=measured[:, _SCALARS + 2 * n :] if is_tested_by_hessians(model) else None,
    )


def _measured(model: Model) -> Pointwise:
    """(θ, θ̇, u, λ, [η, k]) -> a row of 6 + 2n numbers or more, with u* = -ηG⁻¹Bᵀλ and w the control that the path implies:

    density (effort(u*) + kL + λᵀ(f + Bu* - θ̇)), effort(w), kL, effort(w) + k|L|, effort(w - u*), λᵀ(f + Bw); ∂H/∂θ at w,
    θ̇ - f - Bu; then the second derivatives that the test of the second variation reads, if any.
    """
    if "measured" not in model.cache:
        n, m = model.dimension, model.controls
        sizes = (("theta", n), ("velocity", n), ("u", m), ("costate", n), ("eta_k", 2))
        theta, velocity, u, costate, pair = (ca.SX.sym(name, size) for name, size in sizes)
        w = ca.SX.sym("w", m)
        drift, push, metric = (
            model.drift_at(theta),
            model.actuation_at(theta),
            model.metric_at(theta),
        )
        best = -pair[0] * inverse_metric(model, theta, push.T @ costate)
        loss = pair[1] * model.loss_at(theta)

        def effort(control):
            return ca.dot(control, metric @ control) / (2 * pair[0])

        density = effort(best) + loss + ca.dot(costate, drift + push @ best - velocity)
        power = ca.dot(costate, drift + push @ w)
        slope = ca.gradient(effort(w) + loss + power, theta)
        scalars = [density, effort(w), loss, effort(w) + ca.fabs(loss), effort(w - best), power]
        defect = velocity - drift - push @ u
        implied = eliminated_control(model, theta, velocity) if model.is_invertible else u
        row = ca.substitute(ca.vertcat(*scalars, slope, defect), w, implied)
        if is_tested_by_hessians(model):
            row = ca.vertcat(
                row, ca.vec(ca.densify(second_derivatives(model, theta, velocity, pair)))
            )
        model.cache["measured"] = Pointwise(
            ca.Function("measured", [theta, velocity, u, costate, pair], [ca.densify(row)])
        )
    return model.cache["measured"]


def _dynamics(gaps, path, extent, affordable, kept) -> float:
    """The largest gap over the extent, or, where that is less, over what closing it within its element would cost.

    A displacement of ``affordable`` √(h/τ) within an element of length h costs as much effort as the whole plan.
    """
    within = np.sqrt(np.minimum((path.vertices[1:] - path.vertices[:-1]) / kept, 1.0))
    return float(np.minimum(gaps / extent, gaps / (affordable * within)).max())


def _costate_jumps(objective, path, fine, slope):
    """e^{-γh} λ(t₁) - λ(t₀) + ∫ e^{-γ(t - t₀)} ∂H/∂θ dt over every element: (K, n), in current value at its left end.

    The discount is integrated exactly, so that elements may be long in units of 1/γ.
    """
    at_vertices = path.costates[:: path.degree]
    begins = path.vertices[:-1, None]
    fade = np.exp(-objective.discount * (fine.times - begins))
    whole = np.exp(-objective.discount * (path.vertices[1:, None] - begins))
    driven = ((fine.weights * fade)[:, None] @ slope.reshape(*fine.times.shape, -1))[:, 0]
    return whole * at_vertices[1:] - at_vertices[:-1] + driven


def _amplitude(cost, scale):
    return math.sqrt(max(cost, 0.0) / scale) if math.isfinite(cost) else math.nan


def _following(problem, plan, tail) -> tuple[float, float]:
    """(present value of what follows the last node, how much of it is not known)."""
    objective = problem.objective
    if tail is not None:
        value, approach = _value_at_rest(problem, plan, tail)
        return value, abs(_TAIL_ERROR * approach) if tail.reliable else abs(value)
    if objective.terminal is None:
        return 0.0, 0.0
    fade = np.exp(-objective.discount * objective.horizon)
    return float(
        fade * objective.terminal_weight * problem.model.terminal_cost(plan.parameters[-1])[0]
    ), 0.0


def _value_at_rest(problem, plan, tail):
    """e^{-γt} V at the last node, by the expansion around rest V ≈ V₀ + λᵀδ + ½δᵀSδ, V₀ = (cost rate at rest)/γ; and of it
    what is paid on the way to rest, λᵀδ + ½δᵀSδ."""
    objective = problem.objective
    offset = plan.parameters[-1] - tail.steady_state
    pair = [objective.learning_rate, objective.loss_weight]
    at_rest = (tail.steady_state[None], tail.steady_control[None], tail.steady_costate[None])
    rate = float(hamiltonian_derivatives(problem.model)(*at_rest, pair)[0][0])
    if tail.velocity is not None:
        rate += float(tail.steady_costate @ tail.velocity)
    resting = rate / objective.discount if objective.discount > 0 else 0.0
    approach = tail.steady_costate @ offset + offset @ tail.value_hessian @ offset / 2
    fade = math.exp(-objective.discount * plan.times[-1])
    return float(fade * (resting + approach)), float(fade * approach)


def _energy_law(objective, fine, measured, smallest, rate):
    effort, loss, power = measured[:, 1], measured[:, 2], measured[:, _SCALARS - 1]
    shape = fine.times.shape
    drift = (effort + loss + power).reshape(shape)  # H, less what it should have gained since t = 0
    if objective.discount > 0:
        drift -= objective.discount * _integrals(fine, power.reshape(shape))
    highest, lowest = float(loss.max()), float(loss.min())
    size = max(float(effort.max()) + highest - lowest, smallest)
    rounding = 1e-14 * max(abs(highest), abs(lowest))  # L is known no better than this
    drift -= drift[0, 0]
    if objective.discount > 0:
        drift *= np.exp(-objective.discount / 2 * fine.times)
    violation = max(float(drift.max() - drift.min()) - rounding, 0.0)
    # slow parts of a costly plan: an error a of the velocity is worth a² of the effort, not of the cost
    return violation / math.sqrt(size * max(size, rate))


def _integrals(fine, values):
    """∫ from 0 to every Gauss point: the elements before it, and the polynomial through this element's points."""
    whole = (fine.weights * values).sum(1)
    inside = fine.weights.sum(1)[:, None] * (values @ _partial_integrals(values.shape[1]).T)
    return (np.cumsum(whole) - whole)[:, None] + inside


@lru_cache(maxsize=64)
def _partial_integrals(count):
    points = (np.polynomial.legendre.leggauss(count)[0] + 1) / 2
    return integration_matrix(points, points)


def _transversality(problem, plan, tail, extent, largest):
    objective, last = problem.objective, plan.costates[-1]
    if problem.end is not None:
        way = float(np.abs(plan.parameters - plan.parameters[0]).max())  # however late: nothing fades what an end asks for
        return float(np.abs(plan.parameters[-1] - problem.end).max() / max(way, extent))
    if tail is not None:
        offset = plan.parameters[-1] - tail.steady_state
        wanted = tail.steady_costate + tail.value_hessian @ offset
        # what a drift makes of displacements until then is what an error of the costate there is worth
        growth = max(largest_growth(problem.model, problem.start), 0.0)
        fade = math.exp(min((growth - objective.discount) * plan.times[-1], 700.0))
    elif objective.terminal is None:
        wanted, fade = 0.0, _fade_of_growing(problem)
    else:
        slope = problem.model.terminal_derivatives(plan.parameters[-1])[0][0]
        wanted, fade = objective.terminal_weight * slope, _fade_of_growing(problem)
    return float(fade * np.abs(last - wanted).max() / largest)


def _fade_of_growing(problem):
    """What an error of the costate at the end is worth where late displacements count in a unit that grows, else 1."""
    horizon = problem.objective.horizon
    return math.exp(-unit_growth(problem, horizon) * horizon)


def _rows(array):
    return array.reshape(-1, array.shape[-1])
