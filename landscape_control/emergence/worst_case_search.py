"""The search for minimax coefficients: an epigraph program on a grid of curvatures, from many
starts.
"""

import math
from typing import NamedTuple

import numpy as np

from ..errors import SolveError
from ..solver import BoundedOptimiser, optima_from
from .programs import (
    FLOOR,
    REFERENCE,
    ROUND_OFF,
    MomentProgram,
    layout_of,
    pack_modes,
    worst_case_nlp,
)
from .quadrature import largest_curvature
from .replay import diverging, mode_costs
from .starting import bounds_with, guess_entries, nearby_starts, settled_starts, stretch
from .status import PolicyStatus, status_of

ALIKE = 1e-6  # worst values that differ by less, relatively, are one
MOST = 8  # rounds of starts around the best
# solve again in the result's own units until it is at least this, so that its digits count
_RESCALED = 1e-2


class Found(NamedTuple):
    """One end of the search: the worst value over the grid, its coefficients, and how many starts
    led there.
    """

    worst: float
    entries: np.ndarray
    status: PolicyStatus
    count: int


def agreeing(found: list[Found]) -> int:
    """How many starts reached the best value."""
    return sum(
        one.count for one in found if abs(one.worst - found[0].worst) <= ALIKE * found[0].worst
    )


class Search:
    """The epigraph program on one grid, solved in the units of its own answer and of the largest
    curvature.
    """

    def __init__(self, program, measure, grid, clock):
        self.program, self.measure, self.grid, self.clock = program, measure, grid, clock
        self.moments = MomentProgram(
            family=program.family, horizon=program.steps, layout=layout_of(program)
        )
        self.layout, self.curvature = self.moments.coefficients, largest_curvature(program)
        self.units = stretch(self.layout, self.curvature)
        self.optimiser = BoundedOptimiser(
            hessian="exact", **_named(worst_case_nlp(self.moments, len(grid)))
        )
        self.average = BoundedOptimiser(
            hessian="exact", **_named(self.moments.nlp(len(grid), exact=True))
        )
        self.bounds = bounds_with(self.layout, None) * self.units[:, None]
        task = program.task
        self.start = task.start_variance + task.start_mean * task.start_mean or 1.0
        self.at_rest = self.values(np.zeros(self.layout.size), grid).max()
        self.packed = pack_modes(
            self.moments,
            program,
            grid,
            self._weights(grid) * self.curvature,
            [self.at_rest, FLOOR],
            self.curvature,
        )

    def run(self, guess, starts, seed) -> tuple[list[Found], int]:
        """(ends, best first, and the number of starts).

        A cost of T steps has up to T humps over the spectrum, and as many optima side by side.
        Unless most starts agree, rounds of starts around the best follow until one finds nothing
        better.
        """
        found, used = self._ends(guesses := self._guesses(guess, starts, seed)), len(guesses)
        rng = np.random.default_rng([seed, 1])
        for _ in range(MOST if starts else 0):
            before = found[0].worst
            if 2 * agreeing(found) >= used or self.clock.is_over():
                break
            nearby = nearby_starts(self.layout, found[0].entries, starts, rng, 1 / self.curvature)
            found, used = _sorted(found + self._ends(nearby)), used + starts
            if agreeing(found) > 1 and found[0].worst >= before * (1 - ALIKE):
                break
        return found, used

    def values(self, entries, grid):
        """Value of every mode, in NumPy."""
        return mode_costs(
            self.program.family, self.layout, entries, self.program, grid
        ) * self._weights(grid)

    def _guesses(self, guess, starts, seed):
        entries = guess_entries(self.layout, guess, starts)
        if entries is not None and not np.isfinite(self.values(entries, self.grid)).all():
            raise diverging(self.program.family, self.layout.split(entries), self.program)
        found = ([] if entries is None else [entries]) + (
            self._drawn(starts, seed) if starts else []
        )
        if not found:
            raise SolveError(PolicyStatus.DIVERGES.value)
        return found

    def _drawn(self, starts, seed):
        def worst(one):
            return self.values(one, self.grid).max()

        return list(
            settled_starts(self.layout, starts, seed, worst, 10 * self.at_rest, 1 / self.curvature)
        )

    def _ends(self, guesses):
        """Ends from these guesses: first to the best mean over the grid, which is near and quickly
        found.
        """
        near = optima_from(
            self.average,
            [one * self.units for one in guesses],
            self.packed,
            bounds=self.bounds,
            closeness=ALIKE,
            clock=self.clock,
        )
        found = []
        for one in near:
            if not (found and self.clock.is_over()):
                found.append(Found(*self._solve(one.variables / self.units), one.count))
        return _sorted(found)

    def _solve(self, entries):
        """(worst value, coefficients, status) from one start, solved again in the units of the
        answer.
        """
        for _ in range(40):
            scale = self.values(entries, self.grid).max()
            if scale <= ROUND_OFF * self.at_rest:
                return scale, entries, PolicyStatus.CONVERGED
            if not scale < math.inf:
                return math.inf, entries, PolicyStatus.DIVERGES
            optimum = self._step(entries, scale)
            entries = optimum.variables[:-1] / self.units
            fallen = self.values(entries, self.grid).max() / scale
            done = not fallen < 1 - 1e-9 or fallen > _RESCALED and optimum.result.success
            if done or self.clock.is_over():
                break
        return self.values(entries, self.grid).max(), entries, status_of(optimum.result)

    def _step(self, entries, scale):
        packed, rows = self.packed.copy(), np.tile([-np.inf, 0.0], (len(self.grid), 1))
        packed[REFERENCE] = scale
        begin = np.append(entries * self.units, 1.0)
        bounds = np.vstack([self.bounds, [0.0, np.inf]])
        return optima_from(
            self.optimiser,
            [begin],
            packed,
            bounds=bounds,
            rows=rows,
            closeness=0.0,
            clock=self.clock,
        )[0]

    def _weights(self, grid):
        return (2 / grid if self.measure == "distance" else np.ones(len(grid))) / self.start


def _named(pair):
    return dict(zip(("nlp", "derivatives"), pair, strict=True))


def _sorted(found):
    return sorted(found, key=lambda one: (not one.worst < math.inf, one.worst))
