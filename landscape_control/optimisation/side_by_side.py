"""Many programs of one structure solved side by side, and with the help of their neighbours."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..planning.solver import Optimum, SolveClock
from ..support.side_by_side import Asking, all_driven, driven, together
from .policy_solver import PolicySolver, has_moments
from .program import PolicyProgram
from .programs import follows_loss
from .quadrature import first_nodes
from .result import PolicyResult
from .search_options import SearchOptions
from .stages import StagePrograms
from .stages.costs import answered
from .stagewise import is_varied
from .status import PolicyStatus


class SolverOfMany(PolicySolver):
    """Solves by stages whatever can be: what compiling saves is little where programs are many."""

    def _is_by_stages(self, program: PolicyProgram) -> bool:
        if is_varied(program) or follows_loss(program):
            return super()._is_by_stages(program)
        return not self.limits.limited


def pays_side_by_side(program: PolicyProgram) -> bool:
    """Whether programs like this are solved sooner together.

    Rules with numbers of their own at every step are not: most of a run is linear algebra of its
    own, and the longest of many runs goes on alone.
    """
    return has_moments(program) and not is_varied(program)


@dataclass(kw_only=True, eq=False)
class _Cell:
    """A program on its way to a result.

    Attributes
    ----------
    program, options : what is solved, and how
    result : PolicyResult, None where it has to be solved by itself
    entries, cost : the best coefficients so far and log(J/standing still) of them
    from_neighbour : whether a neighbour led there
    """

    program: PolicyProgram
    options: SearchOptions
    result: PolicyResult | None = None
    entries: np.ndarray | None = None
    cost: float = math.inf
    from_neighbour: bool = False

    @property
    def usable(self) -> PolicyResult | None:
        """The result, unless its search has not come to an end."""
        if self.result is None or self.result.status in (
            PolicyStatus.ITERATION_LIMIT,
            PolicyStatus.NOT_STATIONARY,
        ):
            return None
        return self.result


class SideBySide:
    """Programs by exact moments that differ in numbers, in an order in which neighbours are alike.

    Each is solved as if by itself, to the same bits whatever the others are. Then Newton's method is
    begun from the coefficients of both neighbours, and again wherever that led to lower costs; a
    result is replaced only where it did by more than the tolerance.

    Parameters
    ----------
    solver : PolicySolver, which keeps what is compiled
    starts : fresh starts of every program, None for the default
    """

    def __init__(self, solver: PolicySolver, starts: int | None):
        self.solver, self.starts = solver, starts
        self._cells: list[_Cell | None] = []

    def add(self, numbers: Mapping[str, Any] | None, seed: int) -> None:
        """One more program, None for one that this solver does not take."""
        program = None if numbers is None else self.solver.changed(**numbers)
        if program is None or not isinstance(self.solver.programs_of(program), StagePrograms):
            self._cells.append(None)
            return
        options = SearchOptions(seed=seed)
        if self.starts is not None:
            options = replace(options, starts=self.starts)
        self._cells.append(_Cell(program=program, options=options))

    def results(self) -> list[PolicyResult | None]:
        """What was found for each; None where it has to be solved by itself."""
        cells = [cell for cell in self._cells if cell is not None]
        for cell, result in zip(cells, self._solved(cells), strict=True):
            cell.result = result
        self._look_at(cells)
        changed = {k for k, cell in enumerate(self._cells) if cell and cell.entries is not None}
        while changed:
            changed = self._improved(changed)
        better = [cell for cell in cells if cell.from_neighbour]
        for cell, result in zip(better, self._solved(better), strict=True):
            if result is not None and cell.result is not None and result.status.ok:
                cell.result = replace(result, starts=cell.result.starts + result.starts)
        return [None if cell is None else cell.usable for cell in self._cells]

    def _solved(self, cells: list[_Cell]) -> list[PolicyResult | None]:
        """The results of some cells; from their coefficients where a neighbour led to these."""
        seconds = self.solver.time_limit * len(cells)  # of all: they take turns
        runs = []
        for cell in cells:
            options = cell.options
            if cell.from_neighbour and cell.entries is not None:
                layout = self.solver.programs_of(cell.program).coefficients
                options = replace(options, starts=0, guess=layout.split(cell.entries))
            runs.append(self.solver.solving(cell.program, options, seconds=seconds))
        results = driven(together(runs, caught=(Exception,)), answered)
        return [result if isinstance(result, PolicyResult) else None for result in results]

    def _look_at(self, cells: list[_Cell]) -> None:
        """Note the coefficients and costs of cells that neighbours may begin from."""
        found = [cell for cell in cells if cell.result is not None and cell.result.status.ok]

        def cost_of(cell: _Cell) -> Asking[list[float]]:
            assert cell.result is not None
            programs = self.solver.programs_of(cell.program)
            cell.entries = programs.coefficients.join(dict(cell.result.coefficients))
            nodes = first_nodes(cell.program)
            return programs.costing(cell.program, nodes, [cell.entries])

        costs = all_driven([cost_of(cell) for cell in found], answered)
        for cell, (cost,) in zip(found, costs, strict=True):
            cell.cost = cost

    def _improved(self, changed: set[int]) -> set[int]:
        """Begin at both neighbours of some places from there; which of them got better."""
        begun: dict[int, list[np.ndarray]] = {}
        for k in sorted(changed):
            source = self._solved_at(k)
            for there in (k - 1, k + 1):
                if source is not None and self._solved_at(there) is not None:
                    begun.setdefault(there, []).append(source[1])
        cells = {there: solved[0] for there in begun if (solved := self._solved_at(there))}
        runs = [self._run(cell, begun[there]) for there, cell in cells.items()]
        better: set[int] = set()
        for (there, cell), optima in zip(cells.items(), all_driven(runs, answered), strict=True):
            best = optima[0]
            if best.result.success and best.cost < cell.cost - self.solver.tolerance:
                cell.entries, cell.cost, cell.from_neighbour = best.variables, best.cost, True
                better.add(there)
        return better

    def _solved_at(self, place: int) -> tuple[_Cell, np.ndarray] | None:
        """The program at a place and its coefficients; None where there is no solved one."""
        cell = self._cells[place] if 0 <= place < len(self._cells) else None
        return None if cell is None or cell.entries is None else (cell, cell.entries)

    def _run(self, cell: _Cell, guesses: list[np.ndarray]) -> Asking[tuple[Optimum, ...]]:
        programs, nodes = self.solver.programs_of(cell.program), first_nodes(cell.program)
        return programs.optimising(
            cell.program,
            nodes,
            guesses,
            programs.coefficients.bounds,
            self.solver.tolerance,
            SolveClock(limit=self.solver.time_limit * len(self._cells)),
        )
