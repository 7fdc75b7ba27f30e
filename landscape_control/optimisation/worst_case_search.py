"""The search for minimax coefficients: an epigraph program on a grid of curvatures."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..planning.solver import BoundedOptimiser, Optimum, SolveClock, optima_from
from ..support.errors import SolveError
from .program import PolicyProgram
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
from .replays import diverging, mode_costs
from .search_options import SearchOptions
from .starting import nearby_starts, settled_starts, stretch
from .status import PolicyStatus, status_of

ALIKE = 1e-6  # worst values that differ by less, relatively, are one
MOST = 8  # rounds of starts around the best
MOST_UNITS = 40  # in which one start is solved again
# solve again in the result's own units until it is at least this, so that its digits count
_RESCALED = 1e-2


class End(NamedTuple):
    """One end of the search: its worst value over the grid, and how many starts led there."""

    worst: float
    entries: np.ndarray
    status: PolicyStatus
    starts: int


def agreeing(ends: list[End]) -> int:
    """How many starts reached the best value."""
    best = ends[0].worst
    return sum(end.starts for end in ends if abs(end.worst - best) <= ALIKE * best)


class WorstCaseSearch:
    """The epigraph program on one grid of curvatures.

    It is solved in the units of its own answer and of the largest curvature.

    Attributes
    ----------
    ends : of the runs so far, best first; empty before the first
    begun : int, how many starts led to them
    """

    def __init__(
        self,
        program: PolicyProgram,
        measure: str,
        grid: np.ndarray,
        options: SearchOptions,
        clock: SolveClock,
    ):
        self.program, self.measure, self.grid = program, measure, grid
        self.options, self.clock = options, clock
        self.ends: list[End] = []
        self.begun = 0
        self.moments = MomentProgram(
            family=program.family, horizon=program.steps, layout=layout_of(program)
        )
        self.layout, self.curvature = self.moments.coefficients, largest_curvature(program)
        self.units = stretch(self.layout, self.curvature)
        self.optimiser = _compiled(*worst_case_nlp(self.moments, len(grid)))
        self.average = _compiled(*self.moments.nlp(len(grid), exact=True))
        self.bounds = options.bounds(self.layout) * self.units[:, None]
        task = program.task
        # E θ_0² of every mode's start, or of the largest, which every value is relative to
        self.start = task.largest_start_variance + task.start_mean * task.start_mean or 1.0
        self.at_rest = self.values(np.zeros(self.layout.size), grid).max()
        self.packed = pack_modes(
            self.moments,
            program,
            grid,
            self._weights(grid) * self.curvature,
            [self.at_rest, FLOOR],
            self.curvature,
        )

    def run(self) -> None:
        """Fill ``ends``, best first, and ``begun``.

        A KeyboardInterrupt between two runs leaves there what was found. A cost of T steps has up
        to T humps over the spectrum, and as many optima side by side. Unless most starts agree,
        rounds of starts around the best follow until one finds nothing better.
        """
        guesses = self._guesses()
        self._keep(guesses)
        count = self.options.starts
        rng = np.random.default_rng([self.options.seed, 1])
        for _ in range(MOST if count else 0):
            best = self.ends[0]
            if 2 * agreeing(self.ends) >= self.begun or self.clock.is_over():
                break
            self._keep(nearby_starts(self.layout, best.entries, count, rng, 1 / self.curvature))
            if agreeing(self.ends) > 1 and self.ends[0].worst >= best.worst * (1 - ALIKE):
                break

    def _keep(self, guesses: Sequence[np.ndarray] | np.ndarray) -> None:
        self.ends = _sorted(self.ends + self._ends(guesses))
        self.begun += len(guesses)

    def values(self, entries: np.ndarray, grid: np.ndarray) -> np.ndarray:
        """Value of every mode, in NumPy."""
        family = self.program.family
        return mode_costs(family, self.layout, entries, self.program, grid) * self._weights(grid)

    def _guesses(self) -> list[np.ndarray]:
        entries = self.options.entries(self.layout)
        if entries is not None and not np.isfinite(self.values(entries, self.grid)).all():
            raise diverging(self.program.family, self.layout.split(entries), self.program)
        guesses = [] if entries is None else [entries]
        if self.options.starts:
            guesses += self._drawn()
        if not guesses:
            raise SolveError(PolicyStatus.DIVERGES.value)
        return guesses

    def _drawn(self) -> list[np.ndarray]:
        def worst(point: np.ndarray) -> float:
            return self.values(point, self.grid).max()

        starts, seed = self.options.starts, self.options.seed
        highest = 10 * self.at_rest
        return list(settled_starts(self.layout, starts, seed, worst, highest, 1 / self.curvature))

    def _ends(self, guesses: Sequence[np.ndarray] | np.ndarray) -> list[End]:
        """Ends from these guesses, by way of the best mean over the grid.

        That is near the minimax, and its program is smooth and quickly solved.
        """
        near = optima_from(
            self.average,
            [guess * self.units for guess in guesses],
            self.packed,
            bounds=self.bounds,
            closeness=ALIKE,
            clock=self.clock,
        )
        ends: list[End] = []
        for optimum in near:
            if ends and self.clock.is_over():
                break
            ends.append(End(*self._solve(optimum.variables / self.units), optimum.count))
        return _sorted(ends)

    def _solve(self, entries: np.ndarray) -> tuple[float, np.ndarray, PolicyStatus]:
        """(worst value, coefficients, status) from one start, again in the units of the answer."""
        worst = self.values(entries, self.grid).max()
        for _ in range(MOST_UNITS):
            if worst <= ROUND_OFF * self.at_rest:
                return worst, entries, PolicyStatus.CONVERGED
            if not worst < math.inf:
                return math.inf, entries, PolicyStatus.DIVERGES
            unit, optimum = worst, self._step(entries, worst)
            entries = optimum.variables[:-1] / self.units
            worst = self.values(entries, self.grid).max()
            stands_still = not worst / unit < 1 - 1e-9
            in_its_own_units = worst / unit > _RESCALED and optimum.result.success
            if stands_still or in_its_own_units or self.clock.is_over():
                break
        return worst, entries, status_of(optimum.result)

    def _step(self, entries: np.ndarray, unit: float) -> Optimum:
        """One run from here with the worst value in a unit."""
        packed = self.packed.copy()
        packed[REFERENCE] = unit
        optima = optima_from(
            self.optimiser,
            [np.append(entries * self.units, 1.0)],
            packed,
            bounds=np.vstack([self.bounds, [0.0, np.inf]]),
            rows=np.tile([-np.inf, 0.0], (len(self.grid), 1)),
            closeness=0.0,
            clock=self.clock,
        )
        return optima[0]

    def _weights(self, grid: np.ndarray) -> np.ndarray:
        """(N,): what a mode's cost is multiplied with; E(θ-μ)² is the cost over h/2."""
        per_mode = np.ones(len(grid))
        if self.measure == "distance":
            per_mode = 2 / grid
        return per_mode / self.start


def _compiled(nlp: dict, derivatives: dict) -> BoundedOptimiser:
    return BoundedOptimiser(hessian="exact", nlp=nlp, derivatives=derivatives)


def _sorted(ends: Iterable[End]) -> list[End]:
    """Best first; those without a number, NaN too, last."""
    return sorted(ends, key=lambda end: (not end.worst < math.inf, end.worst))
