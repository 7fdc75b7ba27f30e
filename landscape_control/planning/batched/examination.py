"""Certificates of many plans at once: the numbers of ``certificate.examination``, cell by cell.

Largest values are taken by NumPy, where NaN stays NaN.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...model.problem import Model
from ...model.problem.scales import RESTING, SMALLEST
from ..certificate.action_variation import is_varied
from .cells import Cells, smallest, summed
from .element import ElementFunctions, node_times
from .inspection import Inspections, condensed_variation, inspected
from .path_functions import Paths

RESIDUALS = ("dynamics", "stationarity", "costate", "transversality", "energy_law")


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """What the examination needs of B cells beside their numbers.

    Attributes
    ----------
    start : (n, B); end : (n, B), or None where the end is free
    bend : (B,), largest |∂²L| at the start
    terminal_weight : (B,), κ
    """

    start: np.ndarray
    end: np.ndarray | None
    bend: np.ndarray
    terminal_weight: np.ndarray

    def taken(self, index: np.ndarray) -> "Known":
        """Some of the cells."""
        return Known(
            start=np.take(self.start, index, axis=1),
            end=None if self.end is None else np.take(self.end, index, axis=1),
            bend=self.bend[index],
            terminal_weight=self.terminal_weight[index],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Examinations:
    """What one pass over B paths finds.

    Attributes
    ----------
    residuals : (5, B), in the order of ``RESIDUALS``
    element_costs : (K, B), the certificate's own
    element_errors : (K, B), cost errors
    mismatch : (B,), |reported cost - the certificate's own|
    cost_scale : (B,)
    inspections : Inspections
    """

    residuals: np.ndarray
    element_costs: np.ndarray
    element_errors: np.ndarray
    mismatch: np.ndarray
    cost_scale: np.ndarray
    inspections: Inspections

    @cached_property
    def cost_error(self) -> np.ndarray:
        """(B,)"""
        return summed(self.element_errors)

    @cached_property
    def largest_residual(self) -> np.ndarray:
        """(B,), NaN where one is."""
        return self.residuals.max(axis=0)

    def unpaid_per_element(self) -> np.ndarray:
        """(K, B): what makes the residuals of dynamics and stationarity, by element."""
        seen = self.inspections
        relative = np.zeros_like(seen.unpaid)
        for part in (seen.unpaid, seen.defect):
            relative += part / np.maximum(part.max(axis=(0, 1)), np.finfo(float).tiny)
        return summed(seen.weights * relative)


@np.errstate(all="ignore")  # failed plans are examined too
def examined(
    model: Model,
    functions: ElementFunctions,
    cells: Cells,
    known: Known,
    paths: Paths,
    degree: int,
) -> Examinations:
    """Measure paths by the problem's own functions."""
    n = model.dimension
    eta, weight, discount = cells.numbers
    vertices = cells.vertices
    seen = inspected(model, cells, paths.parameters, paths.controls, paths.costates, degree)
    sums = summed(seen.sums.swapaxes(0, 1))
    _, _, _, size, unpaid, _ = sums
    following = paths.ending_cost

    # what moving by no more than rounding would cost: nothing is judged relative to less
    duration, mass = vertices[-1], cells.mass * eta
    theta = paths.parameters.reshape(-1, n, *paths.parameters.shape[1:])
    last_place = np.exp(-discount / 2 * duration) * np.abs(theta[-1, :, -1]).max(axis=0)
    farthest = np.maximum(np.abs(known.start).max(axis=0), last_place)
    resting = RESTING * np.maximum(farthest, SMALLEST)
    kept = np.minimum(duration, np.where(discount > 0, 1 / discount, np.inf))
    stiffness = mass / (eta * duration) + weight * known.bend * kept
    scale = np.maximum(size + np.abs(following), stiffness * resting**2)
    half_fade = np.exp(-discount / 2 * node_times(vertices[:-1], vertices[1:], degree))
    costates = paths.costates.reshape(theta.shape)
    moved = half_fade[:, None] * (theta - theta[0, :, 0][:, None])
    extent = np.maximum(np.abs(moved).max(axis=(0, 1, 2)), resting)
    size_of_costate = np.abs(half_fade[:, None] * costates).max(axis=(0, 1, 2))
    largest = np.maximum(size_of_costate, stiffness * resting)

    late = np.exp(-discount / 2 * vertices[:-1])
    gaps = np.abs(seen.gaps * late).max(axis=0)
    affordable = np.sqrt(2 * eta * scale * kept / mass)
    within = np.sqrt(np.minimum((vertices[1:] - vertices[:-1]) / kept, 1.0))
    dynamics = np.minimum(gaps / extent, gaps / (affordable * within)).max(axis=0)
    stationarity = np.sqrt(np.maximum(unpaid, 0.0) / scale)
    costate = np.abs(seen.jumps * late).max(axis=(0, 1)) / largest
    ends = _transversality(functions, known, theta, costates, extent, largest)
    energy = _energy_law(seen, cells, stiffness * resting**2 / kept, scale / kept, degree)
    own_costs = seen.sums[0]
    return Examinations(
        residuals=np.stack([dynamics, stationarity, costate, ends, energy]),
        element_costs=own_costs,
        element_errors=np.abs(own_costs - paths.element_costs),
        mismatch=np.abs(summed(own_costs) + following - paths.cost),
        cost_scale=scale,
        inspections=seen,
    )


def _transversality(
    functions: ElementFunctions,
    known: Known,
    theta: np.ndarray,
    costates: np.ndarray,
    extent: np.ndarray,
    largest: np.ndarray,
) -> np.ndarray:
    if known.end is not None:
        way = np.abs(theta - theta[0, :, 0][:, None]).max(axis=(0, 1, 2))
        return np.abs(theta[-1, :, -1] - known.end).max(axis=0) / np.maximum(way, extent)
    wanted: np.ndarray | float = 0.0
    if functions.ending is not None:
        _, slope, _ = functions.ending([theta[-1, :, -1], known.terminal_weight[None]])
        wanted = slope
    return np.abs(costates[-1, :, -1] - wanted).max(axis=0) / largest


def _energy_law(
    seen: Inspections, cells: Cells, least: np.ndarray, rate: np.ndarray, degree: int
) -> np.ndarray:
    """Largest violation of H(t) - H(0) = γ∫λᵀθ̇ dt, relative."""
    discount, vertices = cells.numbers[2], cells.vertices
    gained = np.zeros_like(seen.powers)
    for k in range(1, len(gained)):
        gained[k] = gained[k - 1] + seen.powers[k - 1]
    drift = seen.energy - discount * gained
    highest, lowest = seen.loss.max(axis=(0, 1)), seen.loss.min(axis=(0, 1))
    size = np.maximum(seen.effort.max(axis=(0, 1)) + highest - lowest, least)
    rounding = 1e-14 * np.maximum(np.abs(highest), np.abs(lowest))
    points = gauss_times(vertices, degree)
    drift = (drift - drift[0, 0]) * np.exp(-discount / 2 * points)
    violation = np.maximum(drift.max(axis=(0, 1)) - drift.min(axis=(0, 1)) - rounding, 0.0)
    return violation / np.sqrt(size * np.maximum(size, rate))


def gauss_times(vertices: np.ndarray, degree: int) -> np.ndarray:
    """Times (q, K, B) of the Gauss points inside the elements."""
    points = (np.polynomial.legendre.leggauss(degree + 2)[0] + 1) / 2
    left, right = vertices[:-1], vertices[1:]
    return left + (right - left) * points[:, None, None]


@np.errstate(all="ignore")
def is_minimum(
    model: Model,
    functions: ElementFunctions,
    cells: Cells,
    known: Known,
    parameters: np.ndarray,
    degree: int,
) -> np.ndarray:
    """Whether the second variation along each path is positive, (B,)."""
    n, total = model.dimension, parameters.shape[2]
    if not is_varied(model):
        return np.ones(total, dtype=bool)
    lowest, schur = condensed_variation(model, cells, parameters, degree)
    end = None
    if known.end is None:
        end = np.zeros((n * (n + 1) // 2, total))
        if functions.ending is not None:
            end = functions.ending([parameters[-n:, -1], cells.ending[None]])[2]
    pivots = functions.chain.smallest_pivots(schur, end)
    return (np.minimum(smallest(lowest), pivots) > 0) & np.isfinite(pivots)
