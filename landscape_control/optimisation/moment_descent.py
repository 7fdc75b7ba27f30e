"""Descents by gradients alone, on each coefficient's own scale, before Newton steps.

Costs of long courses lie in narrow valleys: far from the optimum Newton steps take hundreds of
iterations, each ten times as expensive as a gradient.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from ..planning.solver import SolveClock
from .program import PolicyProgram
from .programs.variables import Scale

HEAVY = 12_000  # modes x steps x coefficients from which Hessians are left for the end
FEWEST = 3  # coefficients: with fewer the valleys are no problem
FIRST, LAST = 40, 300  # iterations of every guess, and of the best of them
BEST = 2  # guesses that are followed to the end
_WALL = 1e10  # of log J where it is not finite; a line search turns back

ValueAndSlope = Callable[[np.ndarray], tuple[float, np.ndarray]]


def needs_descent(program: PolicyProgram, nodes: int) -> bool:
    """Whether a steady rule's program is long enough for a descent to pay."""
    coefficients = program.family.coefficients
    steady = not any(each.varies or each.size > 1 for each in coefficients)
    size = len(coefficients)
    return steady and size >= FEWEST and nodes * program.steps * size > HEAVY


def descended(
    both: ValueAndSlope,
    scale: Scale,
    guesses: Sequence[np.ndarray] | np.ndarray,
    bounds: np.ndarray,
    clock: SolveClock,
) -> list[np.ndarray]:
    """The ends of BFGS from these guesses (n,), inside the bounds (n, 2), best first.

    All guesses go a short way, the BEST of them to the end; the others are dropped.
    """
    free = bounds[:, 0] < bounds[:, 1]
    if not free.any():
        return list(guesses)
    descent = _Descent(both, scale, bounds, free, clock)
    ends = [descent.run(np.clip(guess, *bounds.T), FIRST) for guess in guesses]
    ends.sort(key=lambda end: end[0])
    finished = [descent.run(entries, LAST) for _, entries in ends[:BEST]]
    return [entries for _, entries in sorted(finished, key=lambda end: end[0])]


class _Descent:
    """BFGS over the free coefficients as variables of their own scales."""

    def __init__(
        self,
        both: ValueAndSlope,
        scale: Scale,
        bounds: np.ndarray,
        free: np.ndarray,
        clock: SolveClock,
    ):
        self.both, self.scale, self.bounds = both, scale, bounds
        self.free, self.clock = free, clock

    def run(self, entries: np.ndarray, iterations: int) -> tuple[float, np.ndarray]:
        """(log J, coefficients) at the end; as they were where the clock is over."""
        start = self.scale.variables(entries)
        if self.clock.is_over() or not np.isfinite(start).all():
            return self.both(entries)[0], entries

        def function(part: np.ndarray) -> tuple[float, np.ndarray]:
            x = start.copy()
            x[self.free] = part
            value, slope = self.both(self.scale.coefficients(x))
            if not (np.isfinite(value) and np.isfinite(slope).all()):
                return _WALL, np.zeros(len(part))
            return value, (slope * self.scale.slope(x))[self.free]

        end = minimize(
            function,
            start[self.free],
            jac=True,
            method="BFGS",
            options={"maxiter": iterations, "gtol": 1e-6},
            callback=self._stop,
        )
        x = start.copy()
        x[self.free] = end.x
        found = np.clip(self.scale.coefficients(x), *self.bounds.T)
        return self.both(found)[0], found

    def _stop(self, _: np.ndarray) -> None:
        if self.clock.is_over():
            raise StopIteration
