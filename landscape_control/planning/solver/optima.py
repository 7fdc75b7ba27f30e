"""Distinct optima from many guesses: the ends of several runs, merged where they cost the same."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ...support.errors import ProblemError
from .bounded import BoundedOptimiser
from .buffers import RawResult
from .clock import SolveClock


@dataclass(frozen=True, kw_only=True, eq=False)
class Optimum:
    """One distinct end of the optimisation: the best run that reached it and how many did."""

    result: RawResult
    count: int

    @property
    def cost(self) -> float:
        """The objective of the run."""
        return self.result.cost

    @property
    def variables(self) -> np.ndarray:
        """(n,), where the run ended."""
        return self.result.variables


@np.errstate(invalid="ignore", over="ignore")
def optima_from(
    optimiser: BoundedOptimiser,
    guesses: Iterable[np.ndarray],
    parameters: Sequence[float] | np.ndarray = (),
    *,
    bounds: np.ndarray | None = None,
    rows: np.ndarray | None = None,
    closeness: float,
    clock: SolveClock | None = None,
    tell: Callable[[float], None] | None = None,
) -> tuple[Optimum, ...]:
    """Run from every guess (S, n), and give the distinct ends, best first.

    Ends whose objectives differ by at most ``closeness`` are one. Guesses that are left when the
    ``clock`` is over are not run from, but for the first. Each end is represented by a run that
    reached stationarity, if one did. Ends that differ in their coefficients but not in cost are one
    optimum here: which coefficients matter is a question of identifiability. ``tell`` is called
    with the objective at the end of every run.
    """
    clock = SolveClock() if clock is None else clock
    ends: list[Optimum] = []
    for guess in guesses:
        if ends and clock.is_over():
            break
        result = optimiser.run(guess, parameters, bounds=bounds, rows=rows, clock=clock)
        ends.append(Optimum(result=result, count=1))
        if tell is not None:
            tell(result.cost)
    if not ends:
        raise ProblemError(
            "starts", expected="at least one", received="0", advice="give starts >= 1 or a guess"
        )
    return merged_optima(ends, closeness)


def merged_optima(optima: Iterable[Optimum], closeness: float) -> tuple[Optimum, ...]:
    """Distinct optima, best first: objectives within ``closeness`` of a group's best are one."""
    ordered = sorted(optima, key=lambda optimum: (not np.isfinite(optimum.cost), optimum.cost))
    groups: list[list[Optimum]] = []
    for optimum in ordered:
        if groups and _cost_alike(groups[-1][0], optimum, closeness):
            groups[-1].append(optimum)
        else:
            groups.append([optimum])
    return tuple(map(_represented, groups))


def _cost_alike(best: Optimum, optimum: Optimum, closeness: float) -> bool:
    # equal costs first: the difference of two infinite ones is not a number
    return best.cost == optimum.cost or abs(optimum.cost - best.cost) <= closeness


def _represented(group: Sequence[Optimum]) -> Optimum:
    """The first of a group that reached stationarity, or else its best, for all of them."""
    representative = min(group, key=lambda optimum: not optimum.result.success)
    count = sum(optimum.count for optimum in group)
    return Optimum(result=representative.result, count=count)
