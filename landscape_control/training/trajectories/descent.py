"""L-BFGS on the discretised action, ended by criteria of the path's cost."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ...planning.status import Status
from .action import Action, Reached

LOOK_BACK = 10  # iterations over which the fall of the cost is looked at
_AT_ONCE = 1e-3  # of the residual allowed: so small that there is no need to look back
# Curvature pairs that SciPy keeps. On networks with 1000 weights 12 took 250 gradients of the path
# whatever the mesh; each pair is two arrays of the path's size.
PAIRS = 12
_WINDOW = 100  # iterations, in which the residual of a descent that gets anywhere falls by a tenth
_STALLED = (
    "after {count} iterations half the squared residual is {gap:.2g} times the cost and falls no more:"
    " the loss outweighs movement by far. Lower loss_weight, learning_rate or the horizon, or begin"
    " from the plan of a lower loss_weight (guess)"
)
_MOST_TRIALS = 10**9  # the limit is the number of iterations


@dataclass(frozen=True, kw_only=True, eq=False)
class Descent:
    """Where a descent ended; ``status`` is CONVERGED where both criteria were met."""

    reached: Reached
    status: Status
    iterations: int
    message: str = ""


class _Ended(Exception):
    """Thrown through SciPy, whose older versions end no run of L-BFGS from a callback."""


class _Watch:
    """Looks at every iterate of a run and ends it."""

    def __init__(
        self,
        action: Action,
        tolerance: float,
        iterations: int,
        has_time: Callable[[], bool],
        report: Callable[[int, Reached], None],
    ):
        self.action, self.tolerance = action, tolerance
        self.most, self.has_time, self.report = iterations, has_time, report
        self.costs: deque[float] = deque(maxlen=LOOK_BACK + 1)
        self.iterations = 0
        self.gaps: list[float] = []
        self.status, self.message = Status.NOT_STATIONARY, ""
        self.tried: Reached | None = None
        self.best: Reached | None = None

    def value(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """(J, ∂J/∂y) for SciPy."""
        self.tried = self.action(point.copy())
        if not np.isfinite(self.tried.cost) or not np.isfinite(self.tried.gradient).all():
            self.message = "the loss is not finite on a path that was tried"
            raise _Ended
        if self.best is None:
            self.best = self.tried
            self.costs.append(self.tried.cost)
            self._end_where_done()
        return self.tried.cost, self.tried.gradient

    def iterate(self, point: np.ndarray) -> None:
        """SciPy's callback after every iteration."""
        is_tried = self.tried is not None and np.array_equal(point, self.tried.point)
        self.best = self.tried if is_tried else self.action(point.copy())
        assert self.best is not None
        self.iterations += 1
        self.costs.append(self.best.cost)
        self.report(self.iterations, self.best)
        self._end_where_done()
        self._end_where_stalled()
        if self.iterations >= self.most:
            self.status = Status.ITERATION_LIMIT
            raise _Ended
        if not self.has_time():
            self.status = Status.TIME_LIMIT
            raise _Ended

    def is_stationary(self, factor: float = 1.0) -> bool:
        """Whether half the squared residual is at most ``factor`` times what is allowed."""
        assert self.best is not None
        allowed = self.tolerance * self.best.size
        return self.best.squared_residual / 2 <= factor * allowed

    def has_settled(self) -> bool:
        """Whether the cost has fallen by no more than that over the last iterations."""
        assert self.best is not None
        fall = self.costs[0] - self.costs[-1]
        return len(self.costs) > LOOK_BACK and fall <= self.tolerance * self.best.size

    def _end_where_done(self) -> None:
        if self.is_stationary(_AT_ONCE) or (self.is_stationary() and self.has_settled()):
            self.status = Status.CONVERGED
            raise _Ended

    def _end_where_stalled(self) -> None:
        """Where the residual exceeds the cost and the last iterations have not lowered it."""
        assert self.best is not None
        gap = self.best.squared_residual / 2 / self.best.size
        self.gaps.append(gap)
        if len(self.gaps) % _WINDOW or len(self.gaps) == _WINDOW:
            return
        lowest = min(self.gaps[-_WINDOW:])
        if lowest > 1 and lowest > 0.9 * min(self.gaps[:-_WINDOW]):
            self.message = _STALLED.format(count=self.iterations, gap=lowest)
            raise _Ended


def descend(
    action: Action,
    point: np.ndarray,
    *,
    tolerance: float,
    iterations: int,
    has_time: Callable[[], bool],
    report: Callable[[int, Reached], None],
) -> Descent:
    """From a path until ½|∂J/∂y|² and the fall of J over ten iterations are ≤ tolerance · size.

    Or until the first is a thousandth of that.

    Half the squared residual bounds J - min J where L is convex, as the Hessian of J in y is then at
    least the identity. SciPy's L-BFGS-B without bounds: D. C. Liu, J. Nocedal, *On the limited
    memory BFGS method for large scale optimization*, 1989; its first inverse Hessian in y is
    s'y/y'y, in x the kinetic operator's inverse times s'Sy/y'y.
    """
    watch = _Watch(action, tolerance, iterations, has_time, report)
    options = {
        "maxcor": PAIRS,
        "maxiter": iterations + 1,
        "maxfun": _MOST_TRIALS,
        "ftol": 0.0,
        "gtol": 0.0,
    }
    try:
        run = minimize(
            watch.value,
            point,
            jac=True,
            method="L-BFGS-B",
            callback=watch.iterate,
            options=options,
        )
    except _Ended:
        pass
    except KeyboardInterrupt:
        watch.status = Status.INTERRUPTED
    else:
        # a line search that rounding has stopped, where nothing is left to gain
        watch.message = (
            f"SciPy's L-BFGS-B ended with {str(run.message).strip()!r}: where rounding has stopped its"
            " line search, a model of torch.float64 or a larger tolerance goes further"
        )
        if watch.is_stationary():
            watch.status, watch.message = Status.CONVERGED, ""
    assert watch.best is not None or watch.tried is not None
    reached = watch.best or watch.tried
    assert reached is not None
    return Descent(
        reached=reached, status=watch.status, iterations=watch.iterations, message=watch.message
    )
