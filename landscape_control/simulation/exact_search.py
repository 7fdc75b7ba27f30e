"""The best coefficients of a linear learner on a linear-quadratic problem, without simulation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np

from ..model.problem import ControlProblem
from ..support.arguments import (
    AnyNumber,
    Count,
    Filled,
    Matrix,
    Positive,
    Vector,
    Words,
    checked,
)
from ..support.arrays import freeze
from ..support.call_settings import settings_kept
from ..support.errors import SolveError, check_choice
from ..support.results import Result
from .actors import check_raw
from .box_newton import descend
from .coefficient_scales import Scale, free_names
from .exact_linear import ExactCost, cost_on
from .linear_loop import LinearLoop, time_grid
from .natural_units import natural_units
from .raw_learner import RawLearner

_SCREENED = 128  # points of the ranges at which the cost is looked at before any descent
_APART = 0.15  # of a range, how far starts are from one another
_TINY = 1e-30  # imaginary step of a derivative
_NUDGE = 1e-5  # of a range, real step of a second derivative
_AGREE = 1e-6  # of the cost, within which starts are said to have found the same
_AT_END = 1e-6  # of a range
_FLAT = 1e-6  # of the cost per whole range: largest slope of a minimum inside the ranges


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class ExactTuned(Result):
    """Best coefficients, and what they cost exactly.

    Attributes
    ----------
    learner : RawLearner with them
    coefficients : {name: value} of those that were searched
    result : ExactCost of the learner
    converged : whether no slope is left inside the ranges, and the cost bends upwards there
    at_bounds : names of coefficients that ended at an end of their range
    slope : (P,), ∂J/∂x by the position x of a coefficient on the scale of its range, in [0, 1]
    curvature : (P, P), ∂²J/∂x∂x'; a small eigenvalue is a direction that the cost hardly feels
    agreed, starts : how many of the descents ended at this cost, out of how many
    evaluations : costs computed, those of derivatives included
    """

    learner: RawLearner
    coefficients: dict[str, AnyNumber]
    result: ExactCost = field(repr=False)
    converged: bool
    at_bounds: tuple[str, ...]
    slope: Vector = field(repr=False)
    curvature: Matrix = field(repr=False)
    agreed: int
    starts: int
    evaluations: int

    @property
    def cost(self) -> float:
        """J."""
        return float(self.result.cost)

    def summary(self) -> str:
        """The coefficients, the cost, and how the search ended, in a line."""
        found = ", ".join(f"{name} = {value:.4g}" for name, value in self.coefficients.items())
        ends = f"; at an end of its range: {', '.join(self.at_bounds)}" if self.at_bounds else ""
        settled = "" if self.converged else "; not converged"
        return f"{found}: {self.result.summary()}; {self.agreed} of {self.starts} starts agree{ends}{settled}"


@settings_kept
@checked
def exact_best_coefficients(
    problem: ControlProblem,
    learner: RawLearner,
    *,
    free: Annotated[
        Sequence[str] | None, Filled(), Words(expected="at least one coefficient, by name")
    ] = None,
    bounds: Mapping[str, Vector] | None = None,
    step: Positive | None = None,
    horizon: Positive | None = None,
    starts: Count = 4,
) -> ExactTuned:
    """Coefficients of a linear learner with the least :func:`exact_cost`.

    The cost is a smooth function of the coefficients, and its derivatives are those of the moment
    recursion (or of the Lyapunov equation) itself, to the last digit. 128 points of the ranges are
    looked at; Newton's method within the ranges leaves from the learner's own coefficients and from the
    best of those points that lie apart, all side by side. Coefficients are searched on the scale of
    their range, a :class:`Coefficient`; ranges with a unit are measured in the problem's own
    gradients, speeds and times (:func:`.natural_units`).

    Parameters
    ----------
    learner : the family, by one member; see :func:`exact_cost` for those that are linear
    free : names of the coefficients to search; None is all of ``learner.coefficients``
    bounds : {name: (least, most)} that replace the default ranges, in the learner's own numbers
    step, horizon : as of :func:`exact_cost`
    starts : descents

    Raises
    ------
    ProblemError
        As :func:`exact_cost`; unknown names, no coefficient to search.
    SolveError
        No coefficients in the ranges have a finite cost.
    """
    check_raw(problem, learner, type(learner).__name__)
    names = free_names(learner, free)
    grid = time_grid(problem, step, horizon, learner.own_step)
    return best_on(LinearLoop(problem, grid), learner, names, bounds or {}, starts)


def best_on(
    loop: LinearLoop,
    learner: RawLearner,
    names: Sequence[str],
    bounds: Mapping[str, Any],
    starts: int,
) -> ExactTuned:
    """The best coefficients on a problem that has been read already."""
    search = _Search(loop, learner, names, bounds)
    ends = descend(search.local, search.starts(starts))
    place = int(np.argmin(ends.values))
    best, least = ends.points[place], ends.values[place]
    slope, curvature = ends.slopes[place], ends.curvatures[place]
    inside = (best > _AT_END) & (best < 1 - _AT_END)
    bends = np.linalg.eigvalsh(curvature[np.ix_(inside, inside)])
    level = np.abs(slope[inside]).max(initial=0.0) <= _FLAT * abs(least)
    found = learner.with_coefficients(search.values(best))
    return ExactTuned(
        learner=found,
        coefficients={name: float(found.coefficients[name]) for name in names},
        result=cost_on(loop, found),
        converged=bool(level and bends.min(initial=0.0) >= -_FLAT * abs(least)),
        at_bounds=tuple(name for name, within in zip(names, inside, strict=True) if not within),
        slope=freeze(search.unit * slope),
        curvature=freeze(search.unit * curvature),
        agreed=int((ends.values <= least + _AGREE * abs(least)).sum()),
        starts=len(ends.values),
        evaluations=search.evaluations,
    )


class _Search:
    """The cost and its derivatives on the unit cube of the ranges."""

    def __init__(
        self,
        loop: LinearLoop,
        learner: RawLearner,
        names: Sequence[str],
        bounds: Mapping[str, Any],
    ):
        self.loop, self.learner, self.names = loop, learner, names
        for name in bounds:
            check_choice("bounds of a coefficient", name, names)
        units = natural_units(loop.problem, learner, loop.grid.step)
        ranges = [units.measured(learner.all_bounds[name]) for name in names]
        self.scales = [
            Scale(each, bounds.get(name)) for each, name in zip(ranges, names, strict=True)
        ]
        self.evaluations, self.unit = 0, 1.0

    def values(self, point: np.ndarray) -> dict[str, float]:
        """The coefficients at one point."""
        pairs = zip(self.names, self.scales, point, strict=True)
        return {name: scale.value(x) for name, scale, x in pairs}

    def costs(self, points: np.ndarray) -> np.ndarray:
        """J (B,) at points (B, P), complex ones included."""
        self.evaluations += len(points)
        values = {
            name: scale.continued(x)
            for name, scale, x in zip(self.names, self.scales, points.T, strict=True)
        }
        return self.loop.costs(self.loop.form(self.learner, values))

    def cost(self, point: np.ndarray) -> float:
        """J at one point."""
        return float(self.costs(point[None])[0])

    def slopes(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(J (B,), ∂J/∂x (B, P)) at points (B, P)."""
        count, size = points.shape
        turned = points[:, None, :] + 1j * _TINY * np.eye(size)
        costs = self.costs(turned.reshape(-1, size)).reshape(count, size)
        return costs[:, 0].real, costs.imag / _TINY

    def local(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(J (B,), slopes (B, P), curvatures (B, P, P)) at points (B, P), in units of ``unit``; slopes
        are exact, curvatures differences of these.
        """
        count, size = points.shape
        nudges = _NUDGE * np.vstack([np.zeros(size), np.eye(size)])
        around = (points[:, None] + nudges).reshape(-1, size)
        costs, slopes = self.slopes(around)
        costs, slopes = costs.reshape(count, -1), slopes.reshape(count, -1, size)
        with np.errstate(invalid="ignore"):  # ∞ - ∞ beside an unstable rule
            curvatures = (slopes[:, 1:] - slopes[:, :1]) / _NUDGE
        symmetric = (curvatures + curvatures.swapaxes(-1, -2)) / 2
        return costs[:, 0] / self.unit, slopes[:, 0] / self.unit, symmetric / self.unit

    def starts(self, count: int) -> np.ndarray:
        """The learner's own coefficients, and the best points screened that are apart: (S, P)."""
        own = np.array(
            [
                scale.position(self.learner.coefficients[name])
                for name, scale in zip(self.names, self.scales, strict=True)
            ]
        )
        points = np.vstack([own, np.random.default_rng(0).random((_SCREENED, len(own)))])
        costs = self.costs(points)
        order = np.argsort(costs)
        if not np.isfinite(costs[order[0]]):
            raise SolveError(
                f"{type(self.learner).__name__} has no finite cost at any of {len(points)} points of"
                " its ranges: every one of them is unstable. What to do: give bounds with smaller"
                " learning rates, or a smaller step"
            )
        self.unit = max(abs(float(costs[order[0]])), 1e-300)
        chosen = [own] if np.isfinite(costs[0]) else []
        for i in order[np.isfinite(costs[order])]:
            if len(chosen) == count:
                break
            if all(np.abs(points[i] - other).max() > _APART for other in chosen):
                chosen.append(points[i])
        return np.array(chosen)
