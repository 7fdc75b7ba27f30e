"""One pass over a path by the problem's own functions: what a certificate is made from."""

import math
from dataclasses import dataclass

import numpy as np

from ...model.problem import (
    ControlProblem,
    hamiltonian_derivatives,
    largest_growth,
    resting_length,
    typical_mass,
    unit_growth,
)
from ..solution import Plan, Tail
from ..transcription import Path
from .inspection import Inspection, inspect_path

_TAIL_ERROR = 0.1  # of what is paid on the way to rest: the expansion leaves out the third order


@dataclass(frozen=True, kw_only=True, eq=False)
class Examination:
    """What one pass over a path finds, before anyone says what its cost should be.

    Attributes
    ----------
    residuals : {name: value}, the five of :class:`Certificate`
    element_costs : (K,), ∫ e^{-γt} [min_u H(θ, u, λ) - λᵀθ̇] dt per element. At the solution this
        Lagrangian is stationary in θ and λ, so the sum estimates the running cost with an error of
        second order in the path's error (dual-weighted residuals, Becker & Rannacher 2001).
    path_cost : float, cost of following the path with the control it implies, end included
    following : float, present value of what follows the last node: terminal cost, or the tail's
        cost to go
    unseen : float, how much of ``following`` is not known
    cost_scale : float, see :class:`Certificate`
    inspection : Inspection, what all of this was made from
    """

    residuals: dict[str, float]
    element_costs: np.ndarray
    path_cost: float
    following: float
    unseen: float
    cost_scale: float
    inspection: Inspection

    @property
    def cost(self) -> float:
        """The certificate's own value of J."""
        return float(self.element_costs.sum()) + self.following

    def unpaid_per_element(self) -> np.ndarray:
        """What makes the residuals of dynamics and stationarity, by element: (K,).

        It says where to refine when they are too large.
        """
        both = np.array([self.inspection.unpaid, self.inspection.defect])
        relative = both / np.maximum(both.max(axis=(1, 2), keepdims=True), np.finfo(float).tiny)
        return (self.inspection.weights * relative.sum(axis=0)).sum(axis=1)

    def largest_residual(self) -> float:
        """NaN where one of them is."""
        values = self.residuals.values()
        return math.nan if any(map(math.isnan, values)) else max(values)


@np.errstate(all="ignore")  # failed plans are examined too: their residuals may be infinite
def examine(problem: ControlProblem, path: Plan | Path, tail: Tail | None) -> Examination:
    """Measure a path, and the tail that continues it, by the problem's own functions."""
    objective = problem.objective
    eta, discount = objective.learning_rate, objective.discount
    seen = inspect_path(problem.model, path, eta, objective.loss_weight, discount)
    _, effort, loss, size, unpaid, _ = seen.sums.tolist()
    following, unseen = _following(problem, path, tail)

    # what moving by no more than rounding would cost, with its discount, in effort and, at the
    # curvature of the start, in loss: nothing is judged relative to less
    mass, duration = typical_mass(problem), float(path.times[-1])
    last = math.exp(-discount / 2 * duration) * float(np.abs(path.parameters[-1]).max())
    resting = resting_length(max(float(np.abs(problem.start).max()), last))
    kept = min(duration, 1 / discount) if discount > 0 else duration
    bend = objective.loss_weight * float(np.abs(problem.start_derivatives[2]).max())
    stiffness = mass / (eta * duration) + bend * kept
    scale = max(size + abs(following), stiffness * resting**2)
    # an amplitude a at time t is worth a² e^{-γt}: what is late in a discounted plan counts by the
    # square root of that
    extent = max(float(np.abs(seen.moved).max()), resting)
    largest = max(float(np.abs(seen.costates).max()), stiffness * resting)
    affordable = math.sqrt(2 * eta * scale * kept / mass)
    residuals = {
        "dynamics": _dynamics(np.abs(seen.gaps).max(axis=0), path, extent, affordable, kept),
        "stationarity": _amplitude(unpaid, scale),
        "costate": float(np.abs(seen.jumps).max()) / largest,
        "transversality": _transversality(problem, path, tail, extent, largest),
        "energy_law": _energy_law(discount, seen, stiffness * resting**2 / kept, scale / kept),
    }
    return Examination(
        residuals=residuals,
        element_costs=seen.element_costs,
        path_cost=effort + loss + following,
        following=following,
        unseen=unseen,
        cost_scale=scale,
        inspection=seen,
    )


def _dynamics(
    gaps: np.ndarray, path: Plan | Path, extent: float, affordable: float, kept: float
) -> float:
    """The largest gap over the extent, or, if less, over what closing it would cost.

    A displacement of ``affordable`` √(h/τ) within an element of length h costs as much effort as
    the whole plan.
    """
    lengths = path.vertices[1:] - path.vertices[:-1]
    within = np.sqrt(np.minimum(lengths / kept, 1.0))
    return float(np.minimum(gaps / extent, gaps / (affordable * within)).max())


def _amplitude(cost: float, scale: float) -> float:
    """a of a cost a² of the scale; rounding may leave a cost below zero."""
    return math.sqrt(max(cost, 0.0) / scale) if math.isfinite(cost) else math.nan


def _following(
    problem: ControlProblem, path: Plan | Path, tail: Tail | None
) -> tuple[float, float]:
    """(present value of what follows the last node, how much of it is not known)."""
    objective = problem.objective
    if tail is not None:
        value, approach = _value_at_rest(problem, path, tail)
        unknown = _TAIL_ERROR * approach if tail.reliable else value
        return value, abs(unknown)
    if objective.terminal is None:
        return 0.0, 0.0
    fade = math.exp(-objective.discount * objective.horizon)
    final = problem.model.terminal_cost(path.parameters[-1])[0]
    return float(fade * objective.terminal_weight * final), 0.0


def _value_at_rest(problem: ControlProblem, path: Plan | Path, tail: Tail) -> tuple[float, float]:
    """e^{-γt} V at the last node, and of it what is paid on the way to rest, λᵀδ + ½δᵀSδ.

    By the expansion around rest V ≈ V₀ + λᵀδ + ½δᵀSδ, V₀ = (cost rate at rest)/γ.
    """
    objective = problem.objective
    offset = path.parameters[-1] - tail.steady_state
    pair = [objective.learning_rate, objective.loss_weight]
    at_rest = (tail.steady_state[None], tail.steady_control[None], tail.steady_costate[None])
    rate = float(hamiltonian_derivatives(problem.model)(*at_rest, pair)[0][0])
    if tail.velocity is not None:
        rate += float(tail.steady_costate @ tail.velocity)
    resting = rate / objective.discount if objective.discount > 0 else 0.0
    approach = tail.steady_costate @ offset + offset @ tail.value_hessian @ offset / 2
    fade = math.exp(-objective.discount * path.times[-1])
    return float(fade * (resting + approach)), float(fade * approach)


def _energy_law(discount: float, seen: Inspection, smallest: float, rate: float) -> float:
    """Largest violation of H(t) - H(0) = γ∫λᵀθ̇ dt, relative; see :class:`Certificate`."""
    drift = seen.energy  # H, less what it should have gained since t = 0
    if discount > 0:
        drift = drift - discount * (np.cumsum(seen.powers) - seen.powers)[:, None]
    highest, lowest = float(seen.loss.max()), float(seen.loss.min())
    size = max(float(seen.effort.max()) + highest - lowest, smallest)
    rounding = 1e-14 * max(abs(highest), abs(lowest))  # L is known no better than this
    drift = (drift - drift[0, 0]) * seen.half_fade
    violation = max(float(drift.max() - drift.min()) - rounding, 0.0)
    # slow parts of a costly plan: an error a of the velocity is worth a² of the effort, not of the
    # cost
    return violation / math.sqrt(size * max(size, rate))


def _transversality(
    problem: ControlProblem, path: Plan | Path, tail: Tail | None, extent: float, largest: float
) -> float:
    """What the end lacks: of the costate relative to the ``largest``, or of θ to the extent."""
    objective, last = problem.objective, path.costates[-1]
    if problem.end is not None:
        # however late: nothing fades what an end asks for
        way = float(np.abs(path.parameters - path.parameters[0]).max())
        return float(np.abs(path.parameters[-1] - problem.end).max() / max(way, extent))
    if tail is not None:
        offset = path.parameters[-1] - tail.steady_state
        of_tail = tail.steady_costate + tail.value_hessian @ offset
        # an error of the costate there is worth what a drift makes of displacements until then;
        # e^700 is about the largest number there is
        growth = max(largest_growth(problem.model, problem.start), 0.0)
        fade = math.exp(min((growth - objective.discount) * path.times[-1], 700.0))
        return float(fade * np.abs(last - of_tail).max() / largest)
    wanted: np.ndarray | float = 0.0
    if objective.terminal is not None:
        slope = problem.model.terminal_derivatives(path.parameters[-1])[0][0]
        wanted = objective.terminal_weight * slope
    return float(_fade_of_growing(problem) * np.abs(last - wanted).max() / largest)


def _fade_of_growing(problem: ControlProblem) -> float:
    """What an error of the last costate is worth where the unit of length grows, else 1."""
    horizon = problem.objective.horizon
    return math.exp(-unit_growth(problem, horizon) * horizon)
