"""The search for a plan: descents on finer and finer meshes, then the examination."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from ...model.objective import Objective
from ...planning.status import Status
from ...support.arrays import freeze
from ...support.errors import ProblemError
from .examination import energy_error
from .geometry import arc_lengths
from .grid import grading_of, time_of_start
from .memory import bytes_free, bytes_needed
from .network_loss import NetworkLoss
from .progress import PlanProgress
from .search import FIRST_ELEMENTS, Found, Search, first_offsets, refined, settled
from .training_plan import TrainingPlan

# The cost is of second order in the path's error, the energy of first: an error of tolerance in the
# one is of its square root in the other.
_ENERGY_FACTOR = 1.0
# tolerance, in single precision: on a perceptron of 10 950 weights line searches ended by rounding at
# ½|∂J/∂y|² = 1e-5 of the cost, a tenth of it
_FINEST_SINGLE = 1e-4


def planned(
    model: torch.nn.Module,
    loss_fn: Callable,
    loader: object,
    objective: Objective,
    *,
    tolerance: float,
    degree: int,
    max_elements: int,
    max_iterations: int,
    time_limit: float,
    guess: TrainingPlan | None,
    progress: Callable[[PlanProgress], object] | None,
) -> TrainingPlan:
    """See :func:`landscape_control.plan_training`."""
    began = time.perf_counter()
    if torch.is_inference_mode_enabled():
        raise ProblemError(
            "plan_training",
            expected="a call outside torch.inference_mode, in which nothing is differentiated",
            received="one inside it",
            advice="use torch.no_grad there, or plan before",
        )
    # attention by plain matrix products, as the fused kernels have no second derivatives
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        loss = NetworkLoss(model, loss_fn, loader)
        _check_precision(loss, tolerance)
        start_loss, start_gradient = _start_of(loss)
        search = Search(
            loss=loss,
            objective=objective,
            start_loss=start_loss,
            grading=grading_of(
                objective,
                time_of_start(objective, start_loss, float(np.linalg.norm(start_gradient))),
            ),
            tolerance=tolerance,
            degree=degree,
            max_elements=max_elements,
            max_iterations=max_iterations,
            deadline=began + time_limit,
            progress=progress,
        )
        _check_memory(search)
        found = refined(search, first_offsets(search, guess))
        if found.descent.status is Status.CONVERGED:
            found = settled(search, found)
    plan = _plan(search, found, start_gradient, time.perf_counter() - began)
    return _judged(plan, found.reached.size, tolerance)


def _start_of(loss: NetworkLoss) -> tuple[float, np.ndarray]:
    """(L, ∇L) at the start, which must be finite and not zero."""
    value, gradient = loss.at(np.zeros(loss.count))
    if not np.isfinite(value) or not np.isfinite(gradient).all():
        raise ProblemError(
            "model",
            expected="a finite loss and gradient at the start",
            received=f"loss {value:g}, |gradient| {np.linalg.norm(gradient):g}",
            advice="training has diverged, or the loss has no derivative here",
        )
    if not gradient.any():
        raise ProblemError(
            "model",
            expected="a start with a gradient that is not zero",
            received="a zero gradient, so that staying there is a stationary path",
            advice="start elsewhere, e.g. from weights that are not all zero",
        )
    return value, gradient


def _check_precision(loss: NetworkLoss, tolerance: float) -> None:
    if loss.start.dtype == torch.float32 and tolerance < _FINEST_SINGLE:
        raise ProblemError(
            "tolerance",
            expected=f"at least {_FINEST_SINGLE:g} for a model of torch.float32",
            received=f"{tolerance:g}",
            advice="plan with model.double() and inputs of torch.float64",
        )


def _check_memory(search: Search) -> None:
    """Refuse what does not fit with the two meshes that an error estimate takes."""
    elements = 2 * FIRST_ELEMENTS
    if not search.fits(elements):
        nodes = elements * search.degree
        needed = bytes_needed(search.loss.count, nodes)
        raise ProblemError(
            "model",
            expected=f"free memory of {needed / 1e9:.2g} GB for {search.loss.count} weights at"
            f" {nodes} nodes",
            received=f"{bytes_free() / 1e9:.2g} GB",
            advice="lower the degree, or plan a smaller network",
        )


def _plan(search: Search, found: Found, start_gradient: np.ndarray, seconds: float) -> TrainingPlan:
    grid, reached, loss = found.action.grid, found.reached, search.loss
    variation = found.variation
    start = loss.start.double().cpu().numpy()
    offsets = np.vstack([np.zeros(loss.count), found.action.offsets(reached.point)])
    gradients = _gradients(found, start_gradient)
    lengths = np.append(0.0, np.cumsum(arc_lengths(grid, offsets)))
    residual = np.sqrt(reached.squared_residual)
    force = np.sqrt(2 * reached.kinetic)
    return TrainingPlan(
        objective=search.objective,
        cost=reached.cost,
        kinetic=reached.kinetic,
        potential=reached.potential,
        times=freeze(grid.times),
        parameters=freeze(start + offsets),
        losses=freeze(reached.losses),
        vertices=freeze(grid.vertices),
        positions=freeze(grid.positions),
        arc_lengths=freeze(lengths),
        status=found.descent.status,
        message=found.descent.message,
        cost_error=found.cost_error,
        remaining=variation.remaining,
        lowest=variation.lowest,
        residual=float(residual / force) if force > 0 else float("inf"),
        energy_error=energy_error(grid, offsets, gradients, reached.losses),
        layers=tuple(loss.network.parameters),
        layer_weights=freeze(loss.network.sizes),
        iterations=found.iterations,
        evaluations=loss.evaluations,
        seconds=seconds,
    )


def _gradients(found: Found, start_gradient: np.ndarray) -> np.ndarray:
    """(N+1, P): ∇L at the nodes, read off ∂J/∂y = y + R⁻ᵀ (c_i ∇L_i); 0 where c_i is."""
    grid, reached = found.action.grid, found.reached
    pulled = (reached.gradient - reached.point).reshape(len(grid.root), -1)
    forces = grid.root.T @ pulled
    weights = grid.loss_weights[1:, None]
    gradients = np.divide(forces, weights, out=np.zeros_like(forces), where=weights != 0)
    return np.vstack([start_gradient, gradients])


def _judged(plan: TrainingPlan, size: float, tolerance: float) -> TrainingPlan:
    """A converged search whose path fails its examination is not called converged."""
    if plan.status is not Status.CONVERGED:
        return plan
    status, message = Status.CONVERGED, ""
    energy_limit = _ENERGY_FACTOR * np.sqrt(tolerance)
    if plan.remaining > tolerance * size / 2:
        is_saddle = plan.lowest <= 0
        status = Status.NOT_A_MINIMUM if is_saddle else Status.NOT_CERTIFIED
        message = f"J could be lowered by about {plan.remaining:.2g}"
    elif plan.energy_error > energy_limit:
        status = Status.NOT_CERTIFIED
        message = (
            f"the energy law is violated by {plan.energy_error:.2g}, more than {energy_limit:.2g}"
        )
    return replace(plan, status=status, message=message)
