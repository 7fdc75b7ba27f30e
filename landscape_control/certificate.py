"""Checks of a plan made without the optimiser: from its θ, u and λ alone, on points it was not computed at."""

import math
from dataclasses import dataclass
from functools import lru_cache

import casadi as ca
import numpy as np

from .curvature import curvature_along, is_tested_by_hessians, second_derivatives
from .inside import FinePath, fine_path
from .interpolation import integration_matrix
from .pointwise import Pointwise
from .problem import (
    ControlProblem,
    Model,
    hamiltonian_derivatives,
    inverse_metric,
    resting_length,
    typical_mass,
)
from .solution import Plan, Status, Tail
from .transcription.action import eliminated_control

_SCALARS = 6  # numbers per point before the vectors, see ``_measured``
_ROUNDING = 1e-12  # of the cost scale: what sums of this many terms lose


def residual_limit(tolerance: float) -> float:
    """3√tolerance: the cost of a stationary path is second order in the path's error."""
    return 3 * tolerance**0.5


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Residuals of Pontryagin's conditions, all relative and dimensionless, the cost's error, and the second variation.

    The residuals are measured by what they cost: an amplitude a of a residual is worth about a² of the cost
    scale, because the cost of a stationary path is second order in the path's error. So a plan at rest, on a plateau or
    over a tiny horizon is judged by its cost like any other. Movements below 1e-9 of |θ| are rounding, and so is what
    they cost in effort and, at the curvature of the start, in loss: no residual is relative to less. In dynamics, costate
    and energy law a time t counts by e^{-γt/2}, in the sizes that they are relative to as well.

    Attributes
    ----------
    dynamics : largest |∫ (θ̇ - f - Bu) dt| over an element, with the plan's own u between the nodes, over the path's
        extent or, where that is more, over the displacement whose effort within the element is the cost scale
    stationarity : square root of ∫ e^{-γt} (w - u*)ᵀG(w - u*)/2η dt over the cost scale, where u* = -ηG⁻¹Bᵀλ, and w is
        the control that the path implies, B⁻¹(θ̇ - f), or the plan's own where B is not invertible
    costate : largest gap of λ(t₀) = e^{-γh} λ(t₁) + ∫ e^{-γ(t - t₀)} ∂H/∂θ dt over an element of length h, over the
        largest |λ|
    transversality : |λ(T) - κ∇Φ(θ(T))| over the largest |λ| for a free end (present value against the tail's for an
        infinite horizon); |θ(T) - end| over the path's extent for a fixed one
    energy_law : largest violation of H(t) - H(0) = γ∫λᵀθ̇ dt over the largest (effort + k·range of L), or over the
        geometric mean of that and the mean cost per unit time where that is more; without drift this is
        dE/dt = (γ/η)|θ̇|²_G for E = |θ̇|²_G/2η - kL (VGR25), conservation of E at γ = 0
    cost_error : dual-weighted estimate of the discretisation error of the cost (user units)
    cost_mismatch : |reported cost - the certificate's own integral along the whole path, with its end| (user units)
    cost_scale : ∫ e^{-γt}(effort + k|L|) dt + |terminal|, what the tolerance is relative to
    unseen : bound on what follows the last node and was not integrated (infinite horizons; user units)
    minimum : whether the second variation is positive (see ``curvature``), so that the plan is a local minimum
    second_variation : by which argument that was decided
    tolerance : the cost tolerance asked for; residuals must stay below three times its square root

    Mismatch and second variation are None in records written before they were looked at; they are then not judged.
    """

    dynamics: float
    stationarity: float
    costate: float
    transversality: float
    energy_law: float
    cost_error: float
    cost_scale: float
    tolerance: float
    cost_mismatch: float | None = None
    unseen: float | None = None
    minimum: bool | None = None
    second_variation: str = "not examined"

    @property
    def residuals(self) -> dict[str, float]:
        """The five residuals by name."""
        names = ("dynamics", "stationarity", "costate", "transversality", "energy_law")
        return {name: getattr(self, name) for name in names}

    @property
    def failures(self) -> tuple[str, ...]:
        """What does not pass, in words with numbers; empty where everything does."""
        allowed, limit = self.tolerance * self.cost_scale, residual_limit(self.tolerance)
        failed = [
            f"{name.replace('_', ' ')} {value:.2g} > {limit:.2g}"
            for name, value in self.residuals.items()
            if not value <= limit  # NaN is not
        ]
        if not self.cost_error <= allowed:
            failed.append(f"cost error {self.cost_error:.2g} > {allowed:.2g}")
        if self.cost_mismatch is not None:
            matching = allowed + self.cost_error + self.unseen + _ROUNDING * self.cost_scale
            if not self.cost_mismatch <= matching:
                failed.append(f"the cost along the path differs by {self.cost_mismatch:.2g} > {matching:.2g}")
        if self.minimum is False:
            failed.append("the second variation is not positive: a neighbouring path is cheaper")
        return tuple(failed)

    @property
    def passed(self) -> bool:
        """Cost error and mismatch within the tolerance, residuals below 3√tolerance, second variation positive."""
        return not self.failures

    def __str__(self):
        allowed = self.tolerance * self.cost_scale
        rows = [f"{name.replace('_', ' '):15s} {value:9.2e}" for name, value in self.residuals.items()]
        rows.append(f"{'cost error':15s} {self.cost_error:9.2e}   (allowed {allowed:.2e})")
        if self.cost_mismatch is not None:
            rows.append(f"{'cost mismatch':15s} {self.cost_mismatch:9.2e}   (against the integral along the path)")
        verdicts = {True: "a minimum", False: "NOT a minimum", None: "unknown"}
        rows.append(f"second variation: {verdicts[self.minimum]} ({self.second_variation})")
        return "\n".join([f"certificate {'passed' if self.passed else 'NOT passed'}", *rows])


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
        """What makes the residuals of dynamics and stationarity, by element: (K,); where to refine when they are too large."""
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
    stiffness = mass / (eta * duration) + objective.loss_weight * float(np.abs(problem.start_derivatives[2]).max()) * kept
    scale = max(size + abs(following), stiffness * resting**2)
    # an amplitude a at time t is worth a² e^{-γt}: what is late in a discounted plan counts by the square root of that
    late = np.exp(-objective.discount / 2 * path.times)
    extent = max(float((late * np.abs(path.parameters - path.parameters[0]).max(axis=1)).max()), resting)
    largest = max(float((late * np.abs(path.costates).max(axis=1)).max()), stiffness * resting)
    late = late[: -1 : path.degree]  # at the beginning of each element

    jumps = _costate_jumps(objective, path, fine, measured[:, _SCALARS : _SCALARS + n])
    defect = measured[:, _SCALARS + n : _SCALARS + 2 * n].reshape(*fade.shape, n)
    gaps = (fine.weights[:, None] @ defect)[:, 0]
    residuals = {
        "dynamics": _dynamics(late * np.abs(gaps).max(axis=1), path, extent, math.sqrt(2 * eta * scale * kept / mass), kept),
        "stationarity": _amplitude(unpaid, scale),
        "costate": float((late * np.abs(jumps).max(axis=1)).max()) / largest,
        "transversality": _transversality(problem, path, tail, extent, largest),
        "energy_law": _energy_law(objective, fine, measured, stiffness * resting**2 / kept, scale / kept),
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


def certify(problem: ControlProblem, plan, *, tolerance: float, examination: Examination | None = None) -> Certificate:
    """Check a plan against the problem's own functions; see :class:`Certificate` for what each number means.

    ``examination`` where the plan has been examined already.
    """
    found = examine(problem, plan, plan.tail) if examination is None else examination
    curvature = curvature_along(problem, plan, found.fine, found.hessians)
    return Certificate(
        **found.residuals,
        cost_error=float(plan.cost_error),
        cost_mismatch=abs(found.cost - float(plan.cost)),
        cost_scale=found.cost_scale,
        unseen=found.unseen,
        minimum=curvature.positive,
        second_variation=curvature.method,
        tolerance=tolerance,
    )


def judged(plan: Plan, certificate: Certificate) -> Plan:
    """The plan with its certificate. One that converged but does not pass has a status that says so, and why; one that was
    refined up to the cap in parts, and passes as a whole, has converged."""
    if plan.status is Status.REFINEMENT_CAP and certificate.passed:
        return plan.revised(certificate=certificate, status=Status.CONVERGED, message="")
    if plan.status is not Status.CONVERGED or certificate.passed:
        return plan.revised(certificate=certificate)
    status = Status.NOT_CERTIFIED if certificate.minimum else Status.NOT_A_MINIMUM
    return plan.revised(certificate=certificate, status=status, message="; ".join(certificate.failures))


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
        drift, push, metric = model.drift_at(theta), model.actuation_at(theta), model.metric_at(theta)
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
            row = ca.vertcat(row, ca.vec(ca.densify(second_derivatives(model, theta, velocity, pair))))
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
        value = _value_at_rest(problem, plan, tail)
        return value, 0.0 if tail.reliable else abs(value)
    if objective.terminal is None:
        return 0.0, 0.0
    fade = np.exp(-objective.discount * objective.horizon)
    return float(fade * objective.terminal_weight * problem.model.terminal_cost(plan.parameters[-1])[0]), 0.0


def _value_at_rest(problem, plan, tail):
    """e^{-γt} V at the last node, by the expansion around rest V ≈ V₀ + λᵀδ + ½δᵀSδ, V₀ = (cost rate at rest)/γ."""
    objective = problem.objective
    offset = plan.parameters[-1] - tail.steady_state
    pair = [objective.learning_rate, objective.loss_weight]
    at_rest = (tail.steady_state[None], tail.steady_control[None], tail.steady_costate[None])
    rate = float(hamiltonian_derivatives(problem.model)(*at_rest, pair)[0][0])
    if tail.velocity is not None:
        rate += float(tail.steady_costate @ tail.velocity)
    resting = rate / objective.discount if objective.discount > 0 else 0.0
    value = resting + tail.steady_costate @ offset + offset @ tail.value_hessian @ offset / 2
    return float(np.exp(-objective.discount * plan.times[-1]) * value)


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
        return float(np.abs(plan.parameters[-1] - problem.end).max() / extent)
    if tail is not None:
        fade = np.exp(-objective.discount * plan.times[-1])
        wanted = tail.steady_costate + tail.value_hessian @ (plan.parameters[-1] - tail.steady_state)
        return float(fade * np.abs(last - wanted).max() / largest)
    if objective.terminal is None:
        return float(np.abs(last).max() / largest)
    wanted = objective.terminal_weight * problem.model.terminal_derivatives(plan.parameters[-1])[0][0]
    return float(np.abs(last - wanted).max() / largest)


def _rows(array):
    return array.reshape(-1, array.shape[-1])
