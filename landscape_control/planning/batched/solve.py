"""Many cells of one problem structure solved together, with the results of ``Solver.solve``.

Starts, meshes, tolerances and checks are those of the Solver; Newton's method takes the optimiser's
place. A cell is left to the Solver where one of its starts does not converge, its mesh has to be
refined beyond the cap, a plan does not pass its certificate, or its problem is of a kind that is
solved by itself.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ...model.problem import ControlProblem
from ...support.errors import ProblemError
from ...support.pointwise import LOCK
from ..certificate.action_variation import is_convex
from ..certificate.certificate import ROUNDING, residual_limit
from ..solution import Plan, Solution
from ..solver.candidate_ends import Places
from ..solver.guess import Guess
from ..solver.guesses import default_guesses
from ..solver.mesh import fastest_rate, initial_vertices
from ..solver.mesh_plan import SAFETY
from ..solver.plans import distinct, with_basin
from ..solver.refinement import refined_guess, refined_mesh
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
from .selection import Comparison


@dataclass(kw_only=True, eq=False)
class _Draft:
    """One plan of a cell on its present mesh."""

    guess: Guess
    group: Group
    plans: GroupPlans
    lane: int
    iterations: int
    names: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class _Cell:
    """A cell on its way: its problem, its guesses, and the distinct plans so far, best first."""

    place: int  # among those asked for
    problem: ControlProblem
    rate: float
    guesses: list[Guess]
    places: Places
    drafts: list[_Draft] = field(default_factory=list)
    refined: bool = False


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
            if not cells:
                return solutions
            cells = self._drafted(cells)
            cells = self._refined(cells)
            cells = self._certified(cells)
            seconds = (time.perf_counter() - began) / len(numbers)
            basins = EndBasins(self.solver.problem.model)
            for cell in cells:
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
        rate = fastest_rate(problem, places.minima)
        subproblem = Subproblem(
            problem=problem,
            horizon=problem.objective.horizon,
            rest=None,
            tolerance=solver.tolerance,
            max_elements=solver.max_elements,
            fastest_rate=rate,
        )
        if cell_obstacle(problem, subproblem):
            return None
        guesses = default_guesses(problem, places, starts, seed)
        return _Cell(place=place, problem=problem, rate=rate, guesses=guesses, places=places)

    # -- the first mesh

    def _drafted(self, cells: list[_Cell]) -> list[_Cell]:
        """The cells of which all starts converged, with their distinct plans on the first mesh."""
        has_end = self._drafting.fixed_end
        rows: list[np.ndarray] = []
        problems, guesses, lanes = [], [], []
        for cell in cells:
            horizon = cell.problem.objective.horizon
            vertices = initial_vertices(self._elements, horizon, cell.rate, has_end)
            lanes.append(list(range(len(rows), len(rows) + len(cell.guesses))))
            rows += [vertices] * len(cell.guesses)
            problems += [cell.problem] * len(cell.guesses)
            guesses += cell.guesses
        group = self._drafting.made(problems, guesses, np.array(rows).T)
        plans = GroupPlans(group, self._degree)
        converged = group.found.converged & np.isfinite(group.examinations.cost_scale)
        good = [bool(converged[own].all()) for own in lanes]
        comparison = Comparison(group, lanes, self._drafting.model.dimension)
        iterations = group.found.iterations.tolist()
        kept = []
        for cell, own, is_good in zip(cells, lanes, good, strict=True):
            chosen = comparison.distinct(own) if is_good else None
            if chosen is None:
                continue
            for one in chosen:
                cell.drafts.append(
                    _Draft(
                        guess=guesses[one.lane],
                        group=group,
                        plans=plans,
                        lane=one.lane,
                        iterations=iterations[one.lane],
                        names=tuple(guesses[lane].name for lane in one.twins),
                    )
                )
            kept.append(cell)
        return kept

    # -- finer meshes

    def _refined(self, cells: list[_Cell]) -> list[_Cell]:
        """The cells all of whose plans are good enough, refined where they were not."""
        doubtful = [cell for cell in cells if any(map(self._is_doubtful, cell.drafts))]
        while doubtful:
            waiting = []
            for cell in doubtful:
                own = [draft for draft in cell.drafts if self._is_doubtful(draft)]
                caps = [self._cap(draft is cell.drafts[0]) for draft in own]
                count = [2 * draft.group.elements for draft in own]
                if any(more > cap for more, cap in zip(count, caps, strict=True)):
                    cells = [other for other in cells if other is not cell]
                    continue
                cell.refined = True
                waiting += [(cell, draft) for draft in own]
            self._made_finer(waiting)
            doubtful = [
                cell
                for cell in dict.fromkeys(cell for cell, _ in waiting)
                if any(map(self._is_doubtful, cell.drafts))
            ]
            failed = {id(cell) for cell, draft in waiting if not _has_converged(draft)}
            cells = [cell for cell in cells if id(cell) not in failed]
            doubtful = [cell for cell in doubtful if id(cell) not in failed]
        return cells

    def _cap(self, is_best: bool) -> int:
        most = self.solver.max_elements
        return most if is_best else min(most, 4 * self._elements)

    def _is_doubtful(self, draft: _Draft) -> bool:
        """Whether error or residuals of a plan are too large; as ``MeshPlan.doubts``."""
        seen, lane = draft.group.examinations, draft.lane
        allowed = SAFETY * self.solver.tolerance * float(seen.cost_scale[lane])
        if not float(seen.cost_error[lane]) <= allowed:
            return True
        return not float(seen.largest_residual[lane]) <= residual_limit(self.solver.tolerance)

    def _made_finer(self, waiting: list[tuple[_Cell, _Draft]]) -> None:
        """Every draft on a mesh of twice as many elements, from the plan it had."""
        by_size: dict[int, list[tuple[_Cell, _Draft]]] = {}
        for cell, draft in waiting:
            by_size.setdefault(draft.group.elements, []).append((cell, draft))
        for own in by_size.values():
            problems, guesses, rows = [], [], []
            for cell, draft in own:
                plan = self._plan(cell, draft)
                rows.append(self._finer_vertices(cell, draft, plan))
                guesses.append(refined_guess(plan))
                problems.append(cell.problem)
            group = self._drafting.made(problems, guesses, np.array(rows).T)
            plans = GroupPlans(group, self._degree)
            for lane, (_, draft) in enumerate(own):
                draft.group, draft.plans, draft.lane = group, plans, lane
                draft.iterations += int(group.found.iterations[lane])

    def _finer_vertices(self, cell: _Cell, draft: _Draft, plan: Plan) -> np.ndarray:
        seen, lane = draft.group.examinations, draft.lane
        errors = seen.element_errors[:, lane]
        allowed = SAFETY * self.solver.tolerance * float(seen.cost_scale[lane])
        if float(seen.cost_error[lane]) <= allowed:
            errors = seen.unpaid_per_element()[:, lane]
        horizon = cell.problem.objective.horizon
        order = self.solver.programs.transcription.order
        return refined_mesh(plan, errors, horizon, order)

    # -- certificates

    def _certified(self, cells: list[_Cell]) -> list[_Cell]:
        """The cells all of whose plans pass their certificates."""
        drafts = [draft for cell in cells for draft in cell.drafts]
        by_group: dict[int, list[_Draft]] = {}
        for draft in drafts:
            by_group.setdefault(id(draft.group), []).append(draft)
        failed: set[int] = set()
        for own in by_group.values():
            passed = self._passed(own[0].group, np.array([draft.lane for draft in own]))
            failed |= {id(d) for d, good in zip(own, passed.tolist(), strict=True) if not good}
        return [cell for cell in cells if not any(id(draft) in failed for draft in cell.drafts)]

    def _passed(self, group: Group, lanes: np.ndarray) -> np.ndarray:
        """As ``Certificate.passed``, and whether the metric is definite along the plan."""
        seen, tolerance = group.examinations, self.solver.tolerance
        scale, error = seen.cost_scale[lanes], seen.cost_error[lanes]
        good = (seen.residuals[:, lanes] <= residual_limit(tolerance)).all(axis=0)
        good &= error <= tolerance * scale
        good &= seen.mismatch[lanes] <= tolerance * scale + error + ROUNDING * scale
        good &= self._drafting.are_minima(group, lanes)
        model = self._drafting.model
        if not model.constant["metric"]:
            n = model.dimension
            for place, lane in enumerate(lanes.tolist()):
                nodes = group.paths.parameters[..., lane].reshape(-1, n, group.elements)
                points = nodes.transpose(0, 2, 1).reshape(-1, n)
                good[place] &= bool((np.linalg.eigvalsh(model.metric(points))[:, 0] > 0).all())
        return good

    # -- results

    def _plan(self, cell: _Cell, draft: _Draft) -> Plan:
        return draft.plans.plan(
            draft.lane,
            iterations=draft.iterations,
            names=draft.names,
            tolerance=self.solver.tolerance,
            is_convex=self._is_convex,
            find_basin=None,
        )

    def _solution(self, cell: _Cell, basins: EndBasins, seconds: float) -> Solution:
        plans = [self._plan(cell, draft) for draft in cell.drafts]
        if cell.refined:  # another order, or the same by now
            plans = [plan for plan, _ in distinct(plans)]
        minima = cell.places.minima
        best, *others = plans
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


def _has_converged(draft: _Draft) -> bool:
    scale = draft.group.examinations.cost_scale[draft.lane]
    return bool(draft.group.found.converged[draft.lane]) and math.isfinite(scale)
