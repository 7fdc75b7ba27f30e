"""Newton's method in a box with the exact Hessian, shifted until it is positive and the cost falls.

Source: K. Levenberg 1944, D. Marquardt 1963 for the shift and its control by the ratio of what the
cost falls by to what its model says; D. Bertsekas, *Projected Newton methods*, 1982 for bounds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.lapack import dposv

from ...planning.solver import SolveClock
from ...support.side_by_side import Asking, driven

LEAST, MOST = 1e-12, 1e12  # of the shift, in variables in which curvatures are of order one
FIRST = 1e-2  # shift of a run
# of what a step gains and what the model said: below the first it is not made, the others say how far
# the model can be trusted
LEAST_RATIO, POOR_RATIO, GOOD_RATIO = 1e-4, 0.25, 0.75
NEAR = 1e-4  # a step that promises less near a saddle leaves it
BENT = 1e-7  # a curvature below minus this, in the same variables, is no round-off
LENGTHS = (1.0, 0.1, 1e-2, 1e-3)  # of steps away from a saddle, in them
PASSES = 8  # of a step whose entries meet their bounds one after the other
SCALED = 1e-20  # of the largest curvature: the least that a variable is scaled by


class Objective(Protocol):
    """A function with derivatives; ``bend`` is asked for where ``slope`` was last."""

    def slope(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient (n,)."""

    def bend(self) -> np.ndarray:
        """(n, n), the Hessian where the slope was taken last."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """What a run asks next.

    Attributes
    ----------
    kind : "value"; "slope", of which the answer is the value and the gradient (n,); or "bend", the
        Hessian (n, n), asked for where the slope was last
    of : whose
    point : (n,), where
    """

    kind: Literal["value", "slope", "bend"]
    of: Any
    point: np.ndarray


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
    """The end of a run from ``begin`` (n,) inside ``bounds`` (n, 2), of one function alone."""

    def answered(questions: list[Question]) -> list[Any]:
        return [
            function.slope(question.point) if question.kind == "slope" else function.bend()
            for question in questions
        ]

    run = minimising(function, begin, bounds, enough=enough, most=most, clock=clock)
    return driven(run, answered)


def minimising(
    function: object,
    begin: np.ndarray,
    bounds: np.ndarray,
    *,
    enough: float,
    most: int,
    clock: SolveClock,
    tell: Callable[[float], None] | None = None,
) -> Asking[End]:
    """The same as a run that asks for what it needs to know of a function.

    It is finished when no step of the model promises a gain above ``enough``, and stopped after
    ``most`` iterations or when the clock is over; an interruption is noted on the clock. ``tell``
    is called with the value after every iteration.
    """
    run = _Run(function, np.clip(begin, *bounds.T), bounds)
    finished, iteration = False, 0
    yield from run.start()
    try:
        while run.can_go_on and iteration < most and not (finished or clock.is_over()):
            finished = yield from run.advance(enough)
            iteration += 1
            if tell is not None:
                tell(run.value)
    except KeyboardInterrupt:
        clock.interrupt()
    return End(
        x=run.x, value=run.value, iterations=iteration, promised=run.promised, finished=finished
    )


class _Run:
    """Where a run stands: x, the value there, and the derivatives of the last point that was better."""

    def __init__(self, function: object, begin: np.ndarray, bounds: np.ndarray):
        self.function, self.x, self.bounds = function, begin, bounds
        self.value, self._slope = math.nan, np.empty(0)
        self.shift, self.promised = FIRST, math.inf
        self._bend = self._scale = np.empty(0)
        self._is_bent = self._has_tried_all = False

    def start(self) -> Asking[None]:
        """Look at where the run begins; a run that diverges there cannot go on."""
        self.value, self._slope = yield from self._asked("slope", self.x)
        if self.can_go_on:
            yield from self._bend_here()

    def _asked(self, kind: Literal["slope", "bend"], point: np.ndarray) -> Asking[Any]:
        (answer,) = yield [Question(kind=kind, of=self.function, point=point)]
        return answer

    def _bend_here(self) -> Asking[None]:
        self._bend = yield from self._asked("bend", self.x)
        self._scale = _scale(self._bend)

    @property
    def can_go_on(self) -> bool:
        """Whether there is a slope to follow, and a shift that is of use."""
        finite = math.isfinite(self.value) and bool(np.isfinite(self._slope).all())
        return finite and self.shift <= MOST

    def advance(self, enough: float) -> Asking[bool]:
        """One step, or a larger shift; whether there is nothing more to be gained."""
        step = self._proposed(self.shift)
        if self._is_bent and self.promised < NEAR:
            has_left = yield from self._leaves_saddle()
            if has_left:
                return False
        if abs(self.promised) <= enough:
            if self._has_tried_all:
                yield from self._take_last(step)
                return True
            self._has_tried_all = True  # unless it is the shift that makes the step short
            step = self._proposed(LEAST)
            if abs(self.promised) <= enough and self._fall() <= 2 * len(self.x) * enough:
                yield from self._take_last(step)
                return True
        if self.promised <= 0:  # bounds have bent the step: a shorter one
            self.shift = 4 * max(self.shift, LEAST)
            return False
        ratio = yield from self._tried(step, self.promised)
        if ratio > GOOD_RATIO:
            self.shift = max(self.shift / 5, LEAST)
        elif ratio < POOR_RATIO:
            self.shift *= 4
        return False

    def _tried(self, step: np.ndarray, promised: float) -> Asking[float]:
        """What a step gains over what was promised; it is made where that is enough."""
        there = np.clip(self.x + step, *self.bounds.T)
        value, slope = yield from self._asked("slope", there)
        if not (math.isfinite(value) and np.isfinite(slope).all()):
            return -math.inf
        ratio = (self.value - value) / promised
        if ratio > LEAST_RATIO:
            self.x, self.value, self._slope = there, value, slope
            self._has_tried_all = False
            yield from self._bend_here()
        return ratio

    def _take_last(self, step: np.ndarray) -> Asking[None]:
        """The step that promises no gain that matters, where it makes the slope smaller.

        The cost is as low without it, but where it is strongly bent the slope is not yet zero.
        """
        there = np.clip(self.x + step, *self.bounds.T)
        value, slope = yield from self._asked("slope", there)
        moved = step != 0
        units = 1 / np.sqrt(self._scale[moved])
        before, after = (np.linalg.norm(units * part[moved]) for part in (self._slope, slope))
        if value - self.value <= abs(self.promised) and after < before:
            self.x, self.value, self._slope = there, value, slope

    def _leaves_saddle(self) -> Asking[bool]:
        """Whether the cost falls along the direction in which it is most bent downwards."""
        free = self.bounds[:, 0] < self.bounds[:, 1]
        free &= ((self.x > self.bounds[:, 0]) | (self._slope < 0)) & (
            (self.x < self.bounds[:, 1]) | (self._slope > 0)
        )
        units = 1 / np.sqrt(self._scale[free])
        scaled = self._bend[np.ix_(free, free)] * np.outer(units, units)
        lowest, vectors = eigh(scaled, subset_by_index=[0, 0])
        if not len(lowest) or lowest[0] >= -BENT:
            return False
        direction = np.zeros(len(self.x))
        direction[free] = units * vectors[:, 0]
        if direction @ self._slope > 0:
            direction = -direction
        for length in LENGTHS:
            for sign in (1, -1):
                promised = -lowest[0] * length**2 / 2
                ratio = yield from self._tried(sign * length * direction, promised)
                if ratio > LEAST_RATIO:
                    self.shift = FIRST
                    return True
        return False

    def _proposed(self, shift: float) -> np.ndarray:
        """The step (n,) of the model; what it promises and the shift it needs are kept."""
        box = self.bounds - self.x[:, None]
        step, self.promised, self.shift = _step(self._slope, self._bend, self._scale, box, shift)
        self._is_bent = self.shift > shift  # downwards, in some direction
        return step

    def _fall(self) -> float:
        """What a step down the slope, each variable by its own curvature, gains to first order."""
        box = self.bounds - self.x[:, None]
        return float(-self._slope @ np.clip(-self._slope / self._scale, *box.T))


def _scale(bend: np.ndarray) -> np.ndarray:
    """(n,): the curvature along each variable, the unit of the shift."""
    diagonal = np.abs(np.diag(bend))
    return np.maximum(diagonal, SCALED * diagonal.max(initial=0.0) + np.finfo(float).tiny)


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
        inside, rest = bend, slope
        if held.any():
            inside = bend[np.ix_(free, free)]
            rest = slope[free] + bend[np.ix_(free, held)] @ step[held]
        solved, shift = _solved(inside, rest, scale[free], shift)
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
        _, solved, failed = dposv(shifted, units * right, overwrite_a=True)
        if not failed and np.isfinite(solved).all():
            return units * solved, shift
        shift = 4 * max(shift, LEAST)
        if shift > MOST:
            return right / scale / shift, shift
