"""The rule that is best at its worst curvature: the least largest cost of a mode."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np

from ..planning.solver import SECONDS, SolveClock
from ..rules.families import Policy
from ..support.arguments import AnyNumber, Duration, Entries, Index, Numbers, Whole, checked
from ..support.call_settings import settings_kept
from ..support.errors import ProblemError, SolveError, SolveInterrupted, check_choice
from ..support.results import Result
from .program import PolicyProgram, spectrum_of
from .programs import check_linear, check_paid, check_separate
from .result import coefficients_in_words
from .search_options import SearchOptions
from .status import PolicyStatus, stopped
from .worst_case_search import WorstCaseSearch, agreeing

MEASURES = ("loss", "distance")
FINER = 10  # times as many curvatures, on which the error of the grid is measured


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class WorstCaseResult(Result):
    """Minimax coefficients.

    Attributes
    ----------
    program : PolicyProgram
    coefficients : {name: float or array}
    worst : float, the largest value over the spectrum: of the mode's cost ("loss"), or of the cost
        over h/2, which is the squared distance E(θ-μ)² for a terminal cost ("distance"): its root is
        what is left of a distance. In units of E θ_0², one unit for all modes: that of the largest
        start variance where each mode has its own
    curvature : float, where it is largest
    measure : "loss" or "distance"
    grid_error : float, how much larger the worst value is on a grid ten times finer
    status : PolicyStatus
    starts, agreed : int, how many starting points were optimised from, and how many of them reached
        this value
    solve_seconds : float
    """

    program: PolicyProgram
    coefficients: Mapping[str, AnyNumber | Entries]
    worst: AnyNumber
    curvature: AnyNumber
    measure: str
    grid_error: AnyNumber
    status: PolicyStatus
    starts: int
    agreed: int
    solve_seconds: AnyNumber

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", MappingProxyType(dict(self.coefficients)))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "coefficients": dict(self.coefficients)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        object.__setattr__(self, "coefficients", MappingProxyType(state["coefficients"]))

    @property
    def policy(self) -> Policy:
        """The rule to run."""
        return Policy(
            family=self.program.family, coefficients=self.coefficients, horizon=self.program.steps
        )

    @checked
    def summary(self) -> str:
        """One line: coefficients, worst value and where, its error, status, how many starts agreed."""
        agreed = f"{self.agreed} of {self.starts} start(s) agree"
        doubt = "" if self.agreed > 1 else ": other optima may be better, give more starts"
        return (
            f"{self.program.family.name}, T = {self.program.steps}:"
            f" {coefficients_in_words(self.coefficients)}; largest {self._measured()} ="
            f" {self.worst:.6g} (grid error {self.grid_error:.1g}) at h = {self.curvature:.4g},"
            f" {self.status};"
            f" {agreed}{doubt}; solve {self.solve_seconds * 1e3:.0f} ms"
        )

    def _measured(self) -> str:
        """What ``worst`` is the largest value of: a square, in units of that at the start."""
        if self.measure == "loss":
            return "expected cost of a mode, over E θ_0²,"
        if self.program.cost == "terminal":
            return "squared distance E(θ_T - μ)²/E θ_0²"
        return "expected cost of a mode over ½h E θ_0²"

    def __repr__(self) -> str:
        return f"WorstCaseResult({self.summary()})"


@settings_kept
@checked
def worst_case(
    program: PolicyProgram,
    *,
    measure: Literal["distance", "loss"] = "distance",
    points: Annotated[int, Whole(low=2)] | None = None,
    starts: Index = SearchOptions.starts,
    seed: Index = SearchOptions.seed,
    guess: Mapping[str, float | Numbers] | object = None,
    throw: bool = True,
    time_limit: Duration = SECONDS,
) -> WorstCaseResult:
    """Minimise over the coefficients the maximum over curvatures of the expected cost of a mode.

    Where each mode has a start variance of its own, a mode that starts far out counts for more: what
    is compared are costs, not factors by which each mode shrinks.

    Parameters
    ----------
    program : PolicyProgram of a linear family on random quadratics; only the support of its
        spectrum counts
    measure : "distance" (cost over h/2: Chebyshev's problem for a terminal cost without noise) or
        "loss"
    points : int, curvatures in the grid, gathered at the ends like Chebyshev's nodes; by default
        4 T + 1, at least 64, and always so that the extrema of Chebyshev's polynomial of degree T
        are among them
    starts : int, drawn at first; unless most of them agree, rounds of as many around the best
        follow, up to eight, until one finds nothing better
    seed, guess, throw : as for optimize_policy
    time_limit : float, seconds; the best so far is returned then, with status TIME_LIMIT

    Raises ProblemError for "distance" with a price on movement, which has no curvature to divide
    by; SolveError with throw; SolveInterrupted, which holds the best so far, on Ctrl-C.

    Source: Chebyshev 1854, Young 1953 (schedules); Polyak 1964 (constant heavy ball, as the horizon
    grows).
    """
    _check(program, measure)
    began = time.perf_counter()
    if points is None:
        # a multiple of T intervals: the extrema of Chebyshev's polynomial of degree T are among them
        points = program.steps * max(4, math.ceil(64 / program.steps)) + 1
    options = SearchOptions(guess=guess, starts=starts, seed=seed)
    clock = SolveClock(limit=time_limit)
    search = WorstCaseSearch(program, measure, _grid(program, points), options, clock)
    try:
        search.run()
    except KeyboardInterrupt as stop:  # between two runs of the optimiser
        clock.interrupt()
        if not search.ends:
            raise SolveInterrupted(PolicyStatus.INTERRUPTED.value, solution=None) from stop
    result = _result(search, began)
    if clock.interrupted:
        raise SolveInterrupted(result.status.value, solution=result)
    if throw and not result.status.ok:
        raise SolveError(result.status.value, solution=result)
    return result


def _check(program: PolicyProgram, measure: str) -> None:
    check_linear(program)
    check_paid(program)
    check_separate(program)
    check_choice("measure", measure, MEASURES)
    if measure == "distance" and math.isfinite(program.objective.learning_rate):
        raise ProblemError(
            "measure",
            expected="'loss' where movement costs",
            received="'distance'",
            advice="use measure='loss', or learning_rate=math.inf",
        )


def _result(search: WorstCaseSearch, began: float) -> WorstCaseResult:
    program, grid, best = search.program, search.grid, search.ends[0]
    fine = search.values(best.entries, _grid(program, FINER * len(grid)))
    return WorstCaseResult(
        program=program,
        coefficients=search.layout.split(best.entries),
        worst=best.worst,
        measure=search.measure,
        curvature=float(grid[np.argmax(search.values(best.entries, grid))]),
        status=stopped(best.status, search.clock),
        starts=search.begun,
        grid_error=float(max(fine.max() - best.worst, 0.0)),
        agreed=agreeing(search.ends),
        solve_seconds=time.perf_counter() - began,
    )


def _grid(program: PolicyProgram, points: int) -> np.ndarray:
    """Curvatures with both ends of the support among them."""
    spectrum = spectrum_of(program)
    if spectrum.exact:
        return np.unique(spectrum.nodes(points)[0])
    low, high = spectrum.support
    return (low + high) / 2 - (high - low) / 2 * np.cos(np.linspace(0, np.pi, points))
