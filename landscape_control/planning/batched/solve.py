"""Many cells of one problem structure solved together, with the results of ``Solver.solve``.

Starts, meshes, tolerances and checks are those of the Solver; Newton's method takes the optimiser's
place. A cell is left to the Solver where one of its starts does not converge, its mesh has to be
refined beyond the cap, a plan does not pass its certificate, or its problem is of a kind that is
solved by itself.
"""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ...model.problem import ControlProblem
from ...support.errors import ProblemError
from ...support.pointwise import LOCK
from ..certificate.action_variation import is_convex
from ..solution import Plan, Solution
from ..solver.another_way import another_way
from ..solver.candidate_ends import Places
from ..solver.guess import Guess
from ..solver.guesses import default_guesses
from ..solver.mesh import fastest_rate, initial_vertices
from ..solver.plans import distinct, with_basin
from ..solver.receding_windows import needs_windows
from ..solver.search_summary import search_in_words
from ..solver.signatures import ProblemNumbers
from ..solver.solver import Solver
from ..solver.subproblem import Subproblem
from ..solver.targets import MOST_AIMS
from .drafts import Drafting, Group
from .element import element_functions
from .eligibility import cell_obstacle, structure_obstacle
from .end_basins import EndBasins
from .numbers import CheckedNumbers
from .plans import GroupPlans, solution
from .refinement import Draft, Refinement
from .selection import Comparison
from .windows import Window, WindowCell, WindowSearch


@dataclass(kw_only=True, eq=False)
class _Cell:
    """A cell on its way: its problem, its guesses, and the distinct plans so far, best first."""

    place: int  # among those asked for
    subproblem: Subproblem
    guesses: list[Guess]
    places: Places
    is_long: bool  # to be solved window by window
    drafts: list[Draft] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    @property
    def problem(self) -> ControlProblem:
        """The problem with the numbers of this cell."""
        return self.subproblem.problem


class BatchSolver:
    """Solves many cells of a Solver's structure together.

    Attributes
    ----------
    obstacle : why none of them can be, in words; empty where they can
    """

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self.obstacle = structure_obstacle(solver)
        if self.obstacle:
            return
        problem, transcription = solver.problem, solver.programs.transcription
        self._degree, self._elements = transcription.degree, transcription.elements
        self._is_convex = is_convex(problem.model)
        self._drafting = Drafting(
            model=problem.model,
            functions=element_functions(problem.model, self._degree),
            degree=self._degree,
            fixed_end=problem.end is not None,
            tolerance=solver.tolerance,
        )
        self._refinement = Refinement(
            drafting=self._drafting,
            order=transcription.order,
            tolerance=solver.tolerance,
            is_convex=self._is_convex,
        )

        self._windows = WindowSearch(self._refinement, self._elements, solver.max_elements)

    def solve(
        self,
        numbers: Sequence[ProblemNumbers],
        *,
        starts: int | None = None,
        seeds: Sequence[int] | None = None,
    ) -> list[Solution | None]:
        """The solution for each of these numbers; None where the Solver has to find it."""
        solutions: list[Solution | None] = [None] * len(numbers)
        if self.obstacle or not len(numbers):
            return solutions
        began = time.perf_counter()
        with LOCK:
            self._numbers = CheckedNumbers(self.solver, numbers)
            cells = self._cells(numbers, starts, seeds or [0] * len(numbers))
            long = [cell for cell in cells if cell.is_long]
            short = [cell for cell in cells if not cell.is_long]
            settled = self._settled(short, long)
            seconds = (time.perf_counter() - began) / len(numbers)
            basins = EndBasins(self.solver.problem.model)
            for cell in settled:
                solutions[cell.place] = self._solution(cell, basins, seconds)
        return solutions

    # -- what is solved, and from where

    def _cells(
        self, numbers: Sequence[ProblemNumbers], starts: int | None, seeds: Sequence[int]
    ) -> list[_Cell]:
        cells = []
        for place, (own, seed) in enumerate(zip(numbers, seeds, strict=True)):
            try:
                cell = self._cell(place, own, starts, seed)
            except ProblemError:  # said by the Solver
                continue
            if cell is not None:
                cells.append(cell)
        return cells

    def _cell(
        self, place: int, numbers: ProblemNumbers, starts: int | None, seed: int
    ) -> _Cell | None:
        solver = self.solver
        problem = self._numbers.problem(numbers)
        trusting = starts is None or starts <= MOST_AIMS
        places = solver.surveys.of(problem, seed, trusting=trusting)
        subproblem = Subproblem(
            problem=problem,
            horizon=problem.objective.horizon,
            rest=None,
            tolerance=solver.tolerance,
            max_elements=solver.max_elements,
            fastest_rate=fastest_rate(problem, places.minima),
        )
        is_long = needs_windows(subproblem)
        if cell_obstacle(problem, is_long):
            return None
        guesses = default_guesses(problem, places, starts, seed)
        if starts is None:
            guesses = guesses + another_way(problem, places)
        return _Cell(
            place=place, subproblem=subproblem, guesses=guesses, places=places, is_long=is_long
        )

    # -- the whole horizon at once, and window by window

    def _settled(self, short: list[_Cell], long: list[_Cell]) -> list[_Cell]:
        """The cells all of whose plans are good enough and pass their certificates.

        ``long`` ones are solved window by window, their first windows together with the others.
        """
        parts = [
            WindowCell(place=cell.place, subproblem=cell.subproblem, guesses=cell.guesses)
            for cell in long
        ]
        first = self._windows.first(parts)
        lanes = list(itertools.accumulate((len(cell.guesses) for cell in short), initial=0))
        if not lanes[-1] and not first:
            return []
        group = self._first_group(short, first)
        window_lanes = range(lanes[-1], lanes[-1] + len(first))
        drafts = self._windows.drafts(first, group, window_lanes)
        by_windows = self._windows.plans(parts, first, drafts)
        for cell in long:
            cell.plans = by_windows.get(cell.place, [])
        own = [list(range(*pair)) for pair in itertools.pairwise(lanes)]
        self._draft(short, group, own)
        return [*self._certified(short), *(cell for cell in long if cell.plans)]

    def _first_group(self, short: list[_Cell], first: list[Window]) -> Group:
        """All starts of all cells on their first meshes."""
        has_end = self._drafting.fixed_end
        rows: list[np.ndarray] = []
        problems: list[ControlProblem] = []
        guesses: list[Guess] = []
        for cell in short:
            horizon = cell.problem.objective.horizon
            vertices = initial_vertices(
                self._elements, horizon, cell.subproblem.fastest_rate, has_end
            )
            rows += [vertices] * len(cell.guesses)
            problems += [cell.problem] * len(cell.guesses)
            guesses += cell.guesses
        rows += [window.vertices(self._elements) for window in first]
        problems += [window.piece.problem for window in first]
        guesses += [window.guess for window in first]
        return self._drafting.made(problems, guesses, np.array(rows).T)

    def _draft(self, cells: list[_Cell], group: Group, lanes: list[list[int]]) -> None:
        """Give the cells of which all starts converged their distinct plans on the first mesh."""
        plans = GroupPlans(group, self._degree)
        converged = group.found.converged & np.isfinite(group.examinations.cost_scale)
        comparison = Comparison(group, lanes, self._drafting.model.dimension)
        iterations = group.found.iterations.tolist()
        is_good = converged.tolist()
        for cell, own in zip(cells, lanes, strict=True):
            chosen = comparison.distinct(own) if all(is_good[lane] for lane in own) else None
            for one in chosen or ():
                guess = cell.guesses[one.lane - own[0]]
                draft = Draft(
                    problem=cell.problem,
                    guess=guess,
                    group=group,
                    plans=plans,
                    lane=one.lane,
                    iterations=iterations[one.lane],
                    names=tuple(cell.guesses[lane - own[0]].name for lane in one.twins),
                    cap=self._cap(is_best=not cell.drafts),
                )
                cell.drafts.append(draft)

    def _certified(self, cells: list[_Cell]) -> list[_Cell]:
        """The cells whose drafts pass after refinement, with their plans."""
        cells = [cell for cell in cells if cell.drafts]
        failed = self._refinement.failed([draft for cell in cells for draft in cell.drafts])
        cells = _without(cells, failed)
        drafts = [draft for cell in cells for draft in cell.drafts]
        cells = _without(cells, self._refinement.uncertified(drafts))
        for cell in cells:
            cell.plans = [self._refinement.plan(draft) for draft in cell.drafts]
            if any(draft.group.elements > self._elements for draft in cell.drafts):
                # another order, or the same by now
                cell.plans = [plan for plan, _ in distinct(cell.plans)]
        return cells

    def _cap(self, *, is_best: bool) -> int:
        most = self.solver.max_elements
        return most if is_best else min(most, 4 * self._elements)

    # -- results

    def _solution(self, cell: _Cell, basins: EndBasins, seconds: float) -> Solution:
        minima = cell.places.minima
        best, *others = cell.plans
        number = basins.add(best.parameters[-1], minima)
        best = best.revised(_find_basin=partial(basins.of, number))
        return solution(
            cell.problem,
            (best, *(with_basin(cell.problem, plan, minima) for plan in others)),
            tolerance=self.solver.tolerance,
            method=self.solver.programs.transcription.name,
            starts=len(cell.guesses),
            seconds=seconds,
            is_convex=self._is_convex,
            describe=partial(search_in_words, cell.problem, cell.places, cell.guesses),
        )


def _without(cells: list[_Cell], failed: set[int]) -> list[_Cell]:
    """The cells none of whose drafts have failed."""
    return [cell for cell in cells if not any(id(draft) in failed for draft in cell.drafts)]
