"""Newton's method in a box with the exact Hessian, shifted until it is positive and the cost falls.

Source: K. Levenberg 1944, D. Marquardt 1963 for the shift and its control by the ratio of what the
cost falls by to what its model says; D. Bertsekas, *Projected Newton methods*, 1982 for bounds.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ...planning.solver import SolveClock

LEAST, MOST = 1e-9, 1e12  # of the shift, in variables in which curvatures are of order one
FIRST = 1e-2  # shift of a run
# of what a step gains and what the model said: below the first it is not made, the others say how far
# the model can be trusted
LEAST_RATIO, POOR_RATIO, GOOD_RATIO = 1e-4, 0.25, 0.75
PASSES = 8  # of a step whose entries meet their bounds one after the other
SCALED = 1e-8  # of the largest curvature: the least that a variable is scaled by


class Objective(Protocol):
    """A function with derivatives; ``bend`` is asked for where ``slope`` was last."""

    def slope(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient (n,)."""

    def bend(self) -> np.ndarray:
        """(n, n), the Hessian where the slope was taken last."""


@dataclass(frozen=True, kw_only=True, eq=False)
class End:
    """Where a run ended.

    Attributes
    ----------
    x : (n,)
    value : float
    iterations : int
    promised : float, what the model says is still to be gained
    finished : bool, whether it is less than what was asked for
    """

    x: np.ndarray
    value: float
    iterations: int
    promised: float
    finished: bool


def minimised(
    function: Objective,
    begin: np.ndarray,
    bounds: np.ndarray,
    *,
    enough: float,
    most: int,
    clock: SolveClock,
) -> End:
    """The end of a run from ``begin`` (n,) inside ``bounds`` (n, 2).

    It is finished when no step of the model promises a gain above ``enough``, and stopped after
    ``most`` iterations or when the clock is over; an interruption is noted on the clock.
    """
    run = _Run(function, np.clip(begin, *bounds.T), bounds)
    finished, iteration = False, 0
    try:
        while run.can_go_on and iteration < most and not (finished or clock.is_over()):
            finished = run.advance(enough)
            iteration += 1
    except KeyboardInterrupt:
        clock.interrupt()
    return End(
        x=run.x, value=run.value, iterations=iteration, promised=run.promised, finished=finished
    )


class _Run:
    """Where a run stands: x, the value there, and the derivatives of the last point that was better."""

    def __init__(self, function: Objective, begin: np.ndarray, bounds: np.ndarray):
        self.function, self.x, self.bounds = function, begin, bounds
        self.value, self._slope = function.slope(begin)
        self.shift, self.promised = FIRST, math.inf
        self._bend = self._scale = np.empty(0)
        if self.can_go_on:
            self._bend = function.bend()
            self._scale = _scale(self._bend)

    @property
    def can_go_on(self) -> bool:
        """Whether there is a slope to follow, and a shift that is of use."""
        finite = math.isfinite(self.value) and bool(np.isfinite(self._slope).all())
        return finite and self.shift <= MOST

    def advance(self, enough: float) -> bool:
        """One step, or a larger shift; whether there is nothing more to be gained."""
        box = self.bounds - self.x[:, None]
        step, self.promised, self.shift = _step(
            self._slope, self._bend, self._scale, box, self.shift
        )
        least = 2 * len(self.x) * enough
        if abs(self.promised) <= enough and _fall(self._slope, self._scale, box) <= least:
            return True
        if self.promised <= 0:  # bounds have bent the step: a shorter one
            self.shift = 4 * max(self.shift, LEAST)
            return False
        there = np.clip(self.x + step, *self.bounds.T)
        value, slope = self.function.slope(there)
        usable = math.isfinite(value) and np.isfinite(slope).all()
        ratio = (self.value - value) / self.promised if usable else -math.inf
        if ratio > LEAST_RATIO:
            self.x, self.value, self._slope = there, value, slope
            self._bend = self.function.bend()
            self._scale = np.maximum(self._scale, _scale(self._bend))
        if ratio > GOOD_RATIO:
            self.shift = max(self.shift / 5, LEAST)
        elif ratio < POOR_RATIO:
            self.shift *= 4
        return False


def _scale(bend: np.ndarray) -> np.ndarray:
    """(n,): the curvature along each variable, the unit of the shift."""
    diagonal = np.abs(np.diag(bend))
    return np.maximum(diagonal, SCALED * diagonal.max(initial=0.0) + np.finfo(float).tiny)


def _fall(slope: np.ndarray, scale: np.ndarray, box: np.ndarray) -> float:
    """What a step down the slope, each variable by its own curvature, gains to first order."""
    step = np.clip(-slope / scale, *box.T)
    return float(-slope @ step)


def _step(
    slope: np.ndarray, bend: np.ndarray, scale: np.ndarray, box: np.ndarray, shift: float
) -> tuple[np.ndarray, float, float]:
    """(step inside the box (n, 2), what the model gains by it, the shift that made it positive)."""
    step = np.zeros(len(slope))
    held = ((box[:, 0] >= 0) & (slope > 0)) | ((box[:, 1] <= 0) & (slope < 0))
    held |= box[:, 0] == box[:, 1]
    for _ in range(PASSES):
        free = ~held
        if not free.any():
            break
        rest = slope[free] + bend[np.ix_(free, held)] @ step[held]
        solved, shift = _solved(bend[np.ix_(free, free)], rest, scale[free], shift)
        step[free] = np.clip(-solved, box[free, 0], box[free, 1])
        outside = np.zeros_like(held)
        outside[free] = (-solved < box[free, 0]) | (-solved > box[free, 1])
        if not outside.any():
            break
        held |= outside
    gain = -(slope @ step + 0.5 * step @ (bend @ step))
    return step, float(gain), shift


def _solved(
    matrix: np.ndarray, right: np.ndarray, scale: np.ndarray, shift: float
) -> tuple[np.ndarray, float]:
    """(matrix + shift·scale)⁻¹ right with the least shift, from the given one on, that allows it."""
    units = 1 / np.sqrt(scale)
    scaled = matrix * np.outer(units, units)
    places = np.arange(len(scaled))
    while True:
        shifted = scaled.copy()
        shifted[places, places] += shift
        try:
            return units * cho_solve(cho_factor(shifted), units * right), shift
        except (LinAlgError, ValueError):
            shift = 4 * max(shift, LEAST)
            if shift > MOST:
                return right / scale / shift, shift
