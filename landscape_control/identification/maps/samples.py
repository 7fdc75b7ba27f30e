"""Samples of a policy: where the learner stands and what it does there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...model.landscape import find_minima
from ...model.problem import ControlProblem
from ...planning.solution import Solution
from ...support.arguments import (
    AnyNumber,
    Count,
    Entries,
    Index,
    NonNegative,
    Points,
    Positive,
    checked,
)
from ...support.arrays import matrix, number, whole
from ...support.errors import ProblemError, SolveError
from ...support.short_repr import short_repr


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class PolicySample:
    """What a policy does on one problem: at time 0 for a finite horizon, at any time for T = ∞.

    Attributes
    ----------
    problem : ControlProblem
    points : (S, n), θ
    controls : (S, m), u
    starts : (S,) integers, which start each point belongs to: points on one plan are resampled
        together
    hold : time over which the controls are averages; 0 for the instantaneous policy
    """

    problem: ControlProblem
    points: Entries
    controls: Entries
    starts: Entries
    hold: AnyNumber = 0.0

    __repr__ = short_repr

    def __post_init__(self) -> None:
        points = matrix("sample points", self.points, (None, self.problem.dimension))
        object.__setattr__(self, "points", points)
        object.__setattr__(
            self,
            "controls",
            matrix("sample controls", self.controls, (len(points), self.problem.controls)),
        )
        starts = np.array(self.starts, dtype=int)
        if starts.shape != (len(points),):
            raise ProblemError(
                "sample starts",
                expected=f"{len(points)} integers",
                received=f"shape {starts.shape}",
                advice="number the starts, one entry per point",
            )
        starts.setflags(write=False)
        object.__setattr__(self, "starts", starts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampling:
    """The optimal policy of one problem, with everything that went wrong while sampling it.

    Attributes
    ----------
    sample : PolicySample or None, None when no start could be solved
    optimum : cost of the plan from the problem's own start, None when that solve failed
    failures : tuple of (start, reason)
    words : how the starts were chosen
    """

    sample: PolicySample | None
    optimum: float | None
    failures: tuple[tuple[np.ndarray, str], ...]
    words: str


@checked
def sample_policy(
    problem: ControlProblem,
    solver: object,
    *,
    starts: Index | Points,
    spread: Positive | None,
    seed: Index,
    points_per_plan: Count,
    hold: NonNegative,
) -> Sampling:
    """Solve from the problem's start and from ``starts`` others, and read off the controls.

    Parameters
    ----------
    solver : has ``solve(start=...) -> Solution``
    starts : number of further starts, or array (S, n) of them
    spread : standard deviation of the starts around the problem's start, see :func:`draw_starts`
    points_per_plan : with T = ∞ the policy is stationary, and each plan is read at this many points
        that share its length equally; with finite T only the first control belongs to one policy
    hold : 0 for u at the point, Δt for the mean of u over the plan's next Δt
    """
    if hold > problem.objective.horizon:
        raise ProblemError(
            "hold Δt",
            expected=f"at most the horizon {problem.objective.horizon:g}",
            received=f"{hold:g}",
            advice="hold the plan no longer than it lasts",
        )
    chosen, words = _starts(problem, starts, spread, seed)
    count = points_per_plan if np.isinf(problem.objective.horizon) else 1
    rows, failures, optimum = [], [], None
    for index, start in enumerate(chosen):
        try:
            solution, points, controls = _read_plan(solver, start, count, hold)
        except (SolveError, ProblemError, ArithmeticError) as error:
            failures.append((start, str(error)))
            continue
        if index == 0:  # the problem's own start, whose cost is the J* that rules are compared with
            optimum = 0.0 if _has_no_digit(solution) else solution.cost
        rows.append((points, controls, np.full(len(points), index)))
    if not rows:
        return Sampling(sample=None, optimum=None, failures=tuple(failures), words=words)
    points, controls, owners = (np.concatenate(part) for part in zip(*rows, strict=True))
    sample = PolicySample(
        problem=problem, points=points, controls=controls, starts=owners, hold=hold
    )
    return Sampling(sample=sample, optimum=optimum, failures=tuple(failures), words=words)


@checked
def draw_starts(
    problem: ControlProblem,
    count: Index,
    *,
    spread: Positive | None = None,
    seed: Index = 0,
) -> tuple[np.ndarray, float]:
    """(starts (count, n), spread): normal around the problem's start with standard deviation
    ``spread`` per parameter.

    ``None`` is half the root-mean-square distance per parameter from the start to the nearest
    minimum of the landscape (known, or found from the start), and ½ where no minimum is found or
    the start sits on it.
    """
    if spread is None:
        spread = default_spread(problem)
    spread = number("spread", spread, low=0, low_open=True)
    count = whole("starts", count, low=1)
    noise = np.random.default_rng(seed).standard_normal((count, problem.dimension))
    return problem.start + spread * noise, spread


def default_spread(problem: ControlProblem) -> float:
    """See :func:`draw_starts`."""
    minima = problem.landscape.minima
    if minima is None:
        minima = find_minima(problem.landscape, problem.start[None])
    distance = np.sqrt(((minima - problem.start) ** 2).mean(axis=1)).min(initial=np.inf)
    return float(distance / 2) if 0 < distance < np.inf else 0.5


def _starts(
    problem: ControlProblem, starts: int | np.ndarray, spread: float | None, seed: int
) -> tuple[np.ndarray, str]:
    if isinstance(starts, (int, np.integer)) and not isinstance(starts, bool):
        drawn, scale = draw_starts(problem, starts, spread=spread, seed=seed)
        words = (
            f"{starts} starts drawn around the problem's own, standard deviation {scale:.3g} per"
            f" parameter, seed {seed}"
        )
    else:
        if spread is not None:
            raise ProblemError(
                "spread",
                expected="no spread when the starts are given as an array",
                received=f"{spread!r}",
                advice="pass a number of starts to draw, or the starts alone",
            )
        drawn = matrix("starts", np.atleast_2d(starts), (None, problem.dimension))
        words = f"{len(drawn)} starts given"
    return np.vstack([problem.start, drawn]), words


def _read_plan(
    solver: Any, start: np.ndarray, count: int, hold: float
) -> tuple[Solution, np.ndarray, np.ndarray]:
    solution = solver.solve(start=start)
    if not solution.status.ok:
        raise SolveError(f"{solution.status}: {solution.message}".rstrip(": "), solution)
    times = _reading_times(solution, count)
    return solution, solution.at(times)[0], _controls(solution, times, hold)


def _reading_times(solution: Solution, count: int) -> np.ndarray:
    """``count`` times, the first 0, that cut the plan into stretches of equal length in θ."""
    steps = np.linalg.norm(np.diff(solution.parameters, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    if count == 1 or length[-1] == 0:
        return np.zeros(1)
    return np.interp(np.arange(count) / count * length[-1], length, solution.times)


def _controls(solution: Solution, times: np.ndarray, hold: float) -> np.ndarray:
    if hold == 0:
        return solution.at(times)[1]
    return np.array([mean_over(lambda t: solution.at(t)[1], start, hold) for start in times])


def mean_over(function: Callable, start: float, hold: float, *, panels: int = 16) -> np.ndarray:
    """(1/Δt) ∫ function over [start, start + Δt].

    A 4-point Gauss rule on panels that grow quadratically: plans move fastest at their beginning.
    """
    nodes, weights = np.polynomial.legendre.leggauss(4)
    edges = np.linspace(0, 1, panels + 1) ** 2 * hold
    widths = np.diff(edges)
    times = start + edges[:-1, None] + widths[:, None] * (nodes + 1) / 2
    return ((widths[:, None] * weights / 2).ravel() @ function(times.ravel())) / hold


def _has_no_digit(solution: Solution) -> bool:
    """Whether a cost is zero up to its own error."""
    return abs(solution.cost) <= solution.best.cost_error
