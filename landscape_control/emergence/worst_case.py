"""The rule that is best at its worst curvature: minimise the largest cost of a mode over the support of the spectrum."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import whole
from ..errors import ProblemError, SolveError, check_choice
from ..policies import Policy, PolicyProgram
from ..solver.policies import PolicyOptimiser, PolicyStatus, optima_from, status_of
from ..transcription.moment_model import check_linear, layout_of, noise_variance
from ..transcription.moment_worst import worst_case_nlp
from ..transcription.moments import FLOOR, MomentProgram, pack
from .replay import mode_costs
from .starting import bounds_with, guess_entries, settled_starts

MEASURES = ("loss", "distance")
_RESCALED = 1e-2  # solve again in the result's own units until it is at least this, so that its digits count


@dataclass(frozen=True, kw_only=True, eq=False)
class WorstCaseResult:
    """Minimax coefficients.

    Attributes
    ----------
    program : PolicyProgram
    coefficients : {name: float or array}
    worst : float, the largest value over the spectrum, per unit of E θ_0²: of the mode's cost ("loss"), or of the cost over
        h/2, which is E(θ-μ)² for a terminal cost ("distance")
    curvature : float, where it is largest
    measure : "loss" or "distance"
    grid_error : float, how much larger the worst value is on a grid ten times finer
    status : PolicyStatus
    starts, agreed : int
    solve_seconds : float
    """

    program: PolicyProgram
    coefficients: Mapping[str, float | np.ndarray]
    worst: float
    curvature: float
    measure: str
    grid_error: float
    status: PolicyStatus
    starts: int
    agreed: int
    solve_seconds: float

    @property
    def policy(self) -> Policy:
        """The rule to run."""
        return Policy(family=self.program.family, coefficients=self.coefficients, horizon=self.program.steps)

    def __repr__(self):
        return (f"WorstCaseResult({self.program.family.name}, T = {self.program.steps}: {self.measure} at worst "
                f"{self.worst:.6g} at h = {self.curvature:.4g}, {self.status}, {self.agreed} of {self.starts} agree)")


def worst_case(
    program: PolicyProgram,
    *,
    measure: str = "distance",
    points: int | None = None,
    starts: int = 8,
    seed: int = 0,
    guess=None,
    throw: bool = True,
) -> WorstCaseResult:
    """Minimise over the coefficients the maximum over curvatures of the expected cost of a mode.

    Parameters
    ----------
    program : PolicyProgram of a linear family on random quadratics; only the support of its spectrum counts
    measure : "distance" (cost over h/2: Chebyshev's problem for a terminal cost without noise) or "loss"
    points : int, curvatures in the grid, gathered at the ends like Chebyshev's nodes; by default 4 T + 1, at least 64, and
        always so that the extrema of Chebyshev's polynomial of degree T are among them
    starts, seed, guess, throw : as for optimize_policy

    Raises ProblemError for "distance" with a price on movement, which has no curvature to divide by; SolveError with throw.

    Source: Chebyshev 1854, Young 1953 (schedules); Polyak 1964 (constant heavy ball, as the horizon grows).
    """
    check_linear(program)
    check_choice("measure", measure, MEASURES)
    if measure == "distance" and math.isfinite(program.objective.learning_rate):
        raise ProblemError("measure", expected="'loss' where movement costs", received="'distance'",
                           advice="use measure='loss', or learning_rate=math.inf")
    began = time.perf_counter()
    grid = _grid(program, whole("points", points or program.steps * max(4, math.ceil(64 / program.steps)) + 1, low=2))
    search = _Search(program, measure, grid)
    guesses = search.guesses(guess, whole("starts", starts, low=0), seed)
    optima = sorted(((*search.solve(entries), count) for entries, count in search.averaged(guesses)),
                    key=lambda found: (not found[0] < math.inf, found[0]))
    worst, entries, status, _ = optima[0]
    fine = search.values(entries, _grid(program, 10 * len(grid)))
    result = WorstCaseResult(
        program=program, coefficients=search.layout.split(entries), worst=worst, measure=measure, status=status,
        curvature=float(grid[np.argmax(search.values(entries, grid))]), grid_error=float(max(fine.max() - worst, 0.0)),
        starts=len(guesses), agreed=sum(one[3] for one in optima if abs(one[0] - worst) <= 1e-6 * worst),
        solve_seconds=time.perf_counter() - began,
    )
    if throw and not status.ok:
        raise SolveError(status.value, solution=result)
    return result


def _grid(program, points):
    """Curvatures with both ends of the support among them."""
    if program.task.curvatures.exact:
        return np.unique(program.task.curvatures.nodes(points)[0])
    low, high = program.task.curvatures.support
    return (low + high) / 2 - (high - low) / 2 * np.cos(np.linspace(0, np.pi, points))


class _Search:
    """The epigraph program on one grid, solved in the units of its own answer."""

    def __init__(self, program, measure, grid):
        self.program, self.measure, self.grid = program, measure, grid
        self.moments = MomentProgram(family=program.family, horizon=program.steps, layout=layout_of(program))
        self.layout = self.moments.coefficients
        nlp, derivatives = worst_case_nlp(self.moments, len(grid))
        self.optimiser = PolicyOptimiser(nlp=nlp, hessian="exact", derivatives=derivatives)
        self.bounds = np.vstack([bounds_with(self.layout, None), [0.0, np.inf]])
        task = program.task
        self.unit = task.start_variance + task.start_mean**2 or 1.0
        shared = pack(self.moments, program, 1)[:self.moments.shared_size]
        self.packed = np.concatenate([shared, grid, noise_variance(program, grid), self._weights(grid), [1.0, FLOOR]])

    def guesses(self, guess, starts, seed):
        """Vectors to begin with."""
        entries = guess_entries(self.layout, guess)
        found = [] if entries is None else [entries]
        limit = 10 * self.values(np.zeros(self.layout.size), self.grid).max()
        if starts:
            found += list(settled_starts(self.layout, starts, seed, lambda one: self.values(one, self.grid).max(), limit))
        if not found:
            raise ProblemError("starts", expected="at least one start, or a guess", received="none", advice="give starts=8")
        return found

    def averaged(self, guesses):
        """(distinct optima of the mean over the grid, how many guesses led there): near the minimax, and quickly found."""
        nlp, derivatives = self.moments.nlp(len(self.grid), exact=True)
        optimiser = PolicyOptimiser(nlp=nlp, hessian="exact", derivatives=derivatives)
        optima = optima_from(optimiser, guesses, self.packed, bounds=self.bounds[:-1], closeness=1e-6)
        return [(one.variables, one.count) for one in optima]

    def solve(self, entries):
        """(worst value, coefficients, status) from one start, solved again in the units of the answer."""
        for _ in range(40):
            scale = self.values(entries, self.grid).max()
            if not 0 < scale < math.inf:
                return scale, entries, PolicyStatus.DIVERGES
            self.packed[-2] = scale
            (optimum,) = optima_from(self.optimiser, [np.append(entries, 1.0)], self.packed, bounds=self.bounds,
                                     rows=np.tile([-np.inf, 0.0], (len(self.grid), 1)), closeness=0.0)
            entries, fallen = optimum.variables[:-1], self.values(optimum.variables[:-1], self.grid).max() / scale
            if not fallen < 1 - 1e-9 or fallen > _RESCALED and optimum.result.success:
                break
        return self.values(entries, self.grid).max(), entries, status_of(optimum.result)

    def values(self, entries, grid):
        """Value of every mode, in NumPy."""
        return mode_costs(self.program.family, self.layout, entries, self.program, grid) * self._weights(grid)

    def _weights(self, grid):
        return (2 / grid if self.measure == "distance" else np.ones(len(grid))) / self.unit
