"""Measures of where a plan ends: its minimum, whether it left its basin, or overlooked a better."""

from typing import Any

import numpy as np

from ...model.landscape import end_basin as follow
from ...model.landscape import find_minima
from ...support.errors import ProblemError
from ...support.shared import kept_on_first
from .library import plan_of
from .measure import Cell, Measure, register
from .numbered import solver_of

SECOND_LOOK = 8  # starts of it, with another seed: more than the default tries
_BETTER = 1e-4  # of the cost scale: a plan cheaper by more was overlooked


@kept_on_first(32)
def _minima(landscape, start):
    """The landscape's minima, lowest loss first, or those found around the start."""
    if landscape.minima is not None:
        return landscape.minima[np.argsort(landscape.loss(landscape.minima), kind="stable")]
    centre, rng = np.array(start), np.random.default_rng(0)
    reach = 1.0 + np.abs(centre).max()
    clouds = [
        centre + scale * reach * rng.standard_normal((24, len(centre))) for scale in (0.3, 1.0, 3.0)
    ]
    return find_minima(landscape, np.vstack([centre[None], *clouds]))


@kept_on_first(256)
def _start_basin(landscape, start):
    minima = _minima(landscape, start)
    return _index(follow(landscape, np.array(start), minima), minima)


def _index(point: np.ndarray | None, minima: np.ndarray) -> int:
    """Place of a minimum in the list, -1 if it is none of them."""
    if point is None or not len(minima):
        return -1
    gap = np.abs(minima - point).max(axis=1)
    if gap.min() > 1e-3 * (1 + np.abs(minima).max()):
        return -1
    return int(gap.argmin())


def _where(cell: Cell, what: str) -> tuple[int, np.ndarray | None]:
    """(index, minimum) of the basin that holds the plan's end."""
    plan, problem = plan_of(cell, what), cell.problem
    minima = _minima(problem.landscape, tuple(problem.start))
    point = plan.end_basin
    if point is None:
        point = follow(problem.landscape, plan.parameters[-1], minima)
    return _index(point, minima), point


def _end_basin(cell: Cell) -> dict[str, float]:
    index, point = _where(cell, "end_basin")
    if point is None:
        point = np.full(cell.problem.dimension, np.nan)
    return {"index": index, **{f"theta_{i + 1}": float(value) for i, value in enumerate(point)}}


def _escaped(cell: Cell) -> bool:
    index, _ = _where(cell, "escaped")
    begun = _start_basin(cell.problem.landscape, tuple(cell.problem.start))
    if -1 in (index, begun):
        raise ProblemError(
            "measure 'escaped'",
            expected="a start and an end that belong to basins of known minima",
            received=f"start in basin {begun}, end in basin {index}",
            advice="give the landscape its minima",
        )
    return index != begun


def _hidden_basin(cell: Cell) -> bool:
    solution = cell.solution
    if hasattr(solution, "agreed"):  # a policy program: did one start alone find it?
        return int(solution.agreed) == 1
    plan = plan_of(cell, "hidden_basin")
    again = _second_look(cell)
    return bool(again.plans[0].cost < plan.cost - _BETTER * abs(plan.cost))


def _second_look(cell: Cell) -> Any:
    problem = cell.problem
    solver: Any = solver_of(cell)
    if solver is None:
        from ...planning.solver import Solver  # imported when nothing kept can be used

        solver = Solver(problem)
    ends = {"start": problem.start}
    if problem.end is not None:
        ends["end"] = problem.end
    return solver.solve(starts=SECOND_LOOK, seed=cell.seed + 1, throw=False, **ends)


def _basin_margin(cell: Cell) -> float:
    plan, problem = plan_of(cell, "basin_margin"), cell.problem
    minima = _minima(problem.landscape, tuple(problem.start))
    own = _where(cell, "basin_margin")[0]
    others = [
        other.cost
        for other in cell.solution.plans[1:]
        if _index(follow(problem.landscape, other.parameters[-1], minima), minima) != own
    ]
    if not others or not plan.cost:
        return np.nan
    return float((min(others) - plan.cost) / abs(plan.cost))


end_basin = register(
    Measure(
        name="end_basin",
        function=_end_basin,
        units={"index": ""},
        description=(
            "the minimum whose basin holds the end of the plan: place by loss (0 lowest, -1 none)"
            " and coordinates"
        ),
    )
)
escaped = register(
    Measure(
        name="escaped",
        function=_escaped,
        description="whether the plan ends in another basin than it starts in",
    )
)
hidden_basin = register(
    Measure(
        name="hidden_basin",
        function=_hidden_basin,
        description=(
            "warning: a second look from other starts finds a plan cheaper by 1e-4 of the cost; for"
            " policy programs, one start alone found the optimum"
        ),
    )
)
basin_margin = register(
    Measure(
        name="basin_margin",
        function=_basin_margin,
        description=(
            "how much more the best plan into another basin costs, relative to |J|; NaN where none"
            " was found"
        ),
    )
)
