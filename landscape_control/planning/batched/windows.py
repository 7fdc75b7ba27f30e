"""Long horizons under discount, window by window, for many cells at once.

As ``solver.receding_windows`` and ``solver.plan_search``: every guess is solved over the first
window, those that differ are followed over the whole horizon, and the joined paths are certified.
The windows of all cells that are next are solved together. A cell is left to the Solver where one
of its windows fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...model.problem import ControlProblem, ends_late
from ..solution import Plan, Status
from ..solver.guess import Guess
from ..solver.mesh import initial_vertices
from ..solver.plan_search import MOST_CONTINUED
from ..solver.plans import distinct
from ..solver.receding_windows import (
    LAST,
    WINDOW,
    Pieces,
    join,
    part_of,
    settled_join,
    trusted,
    visible_rate,
    window_piece,
)
from ..solver.subproblem import Subproblem
from .drafts import Group
from .joined import examined_plans
from .plans import GroupPlans
from .refinement import Draft, Refinement

MOST_WINDOWS = 100.0  # γT up to which cells are solved so in batches
SAME_HORIZON = 1e-9


@dataclass(kw_only=True, eq=False)
class _Chain:
    """One guess on its way over the horizon.

    Attributes
    ----------
    pieces : the windows so far, as far as they are kept
    begin, start : where the next one begins
    is_over : whether the horizon is reached
    """

    guess: Guess
    subproblem: Subproblem
    pieces: Pieces = field(default_factory=list)
    begin: float = 0.0
    start: np.ndarray
    is_over: bool = False

    def next_window(self, cell: "WindowCell") -> "Window":
        """The next window."""
        rate, horizon = visible_rate(self.subproblem.problem), self.subproblem.horizon
        remaining = horizon - self.begin
        is_last = rate * remaining <= LAST
        is_short = is_last or rate * remaining <= WINDOW
        window = remaining if is_short else WINDOW / rate
        piece = window_piece(self.subproblem, self.start, window, remaining)
        guess = part_of(self.guess, self.begin, window, horizon)
        return Window(cell=cell, chain=self, piece=piece, guess=guess, is_last=is_last)

    def take(self, plan: Plan, is_last: bool) -> None:
        """Go on behind this window."""
        piece = plan if is_last else trusted(plan, visible_rate(self.subproblem.problem))
        self.pieces.append((self.begin, piece))
        self.begin, self.start = self.begin + float(piece.times[-1]), piece.parameters[-1]
        left = self.subproblem.horizon - self.begin
        self.is_over = is_last or left <= SAME_HORIZON * self.subproblem.horizon
        self.subproblem = _less_precise(self.subproblem, piece)


def _less_precise(subproblem: Subproblem, piece: Plan) -> Subproblem:
    """What follows need not be known better than what came before allows."""
    own = dict(vars(subproblem))
    least = 1e-2 * subproblem.tolerance * abs(piece.cost)
    own["negligible"] = max(subproblem.negligible, least)
    return Subproblem(**own)


@dataclass(kw_only=True, eq=False)
class WindowCell:
    """A cell with a long horizon: its subproblem, its guesses, and what came of them."""

    place: int
    subproblem: Subproblem
    guesses: list[Guess]
    chains: list[_Chain] = field(default_factory=list)
    failed: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """A window that is solved next: whose it is, what it is, and whether it is the last one."""

    cell: WindowCell
    chain: _Chain
    piece: Subproblem
    guess: Guess
    is_last: bool

    def vertices(self, elements: int) -> np.ndarray:
        """Vertices of its first mesh, in fractions of it."""
        return initial_vertices(elements, self.piece.horizon, self.piece.fastest_rate)


def is_for_windows(problem: ControlProblem) -> bool:
    """Whether a problem that needs windows is solved here."""
    rate = visible_rate(problem)
    is_plain = problem.end is None and not ends_late(problem) and not problem.model.has_drift
    return is_plain and rate * problem.objective.horizon <= MOST_WINDOWS


class WindowSearch:
    """Solves cells with long horizons together."""

    def __init__(self, refinement: Refinement, elements: int, max_elements: int) -> None:
        self._refinement, self._drafting = refinement, refinement.drafting
        self._elements, self._most = elements, max_elements

    def first(self, cells: Sequence[WindowCell]) -> list[Window]:
        """The first window of every guess."""
        for cell in cells:
            start = cell.subproblem.problem.start
            cell.chains = [
                _Chain(guess=guess, subproblem=cell.subproblem, start=start)
                for guess in cell.guesses
            ]
        return _next(cells)

    def plans(
        self, cells: Sequence[WindowCell], first: list[Window], drafts: list[Draft]
    ) -> dict[int, list[Plan]]:
        """{place: distinct certified plans, best first} of the cells that were settled, from drafts
        of their first windows.
        """
        self._take(first, drafts)
        for cell in cells:
            if not cell.failed and len(cell.chains) > 1:
                cell.chains = _that_differ(cell.chains)
        waiting = [cell for cell in cells if not cell.failed and _is_running(cell)]
        while waiting:
            windows = _next(waiting)
            self._take(windows, self._drafts(windows))
            waiting = [cell for cell in waiting if not cell.failed and _is_running(cell)]
        return self._certified([cell for cell in cells if not cell.failed])

    def drafts(self, windows: Sequence[Window], group: Group, lanes: Sequence[int]) -> list[Draft]:
        """Windows that were solved in these lanes of a group."""
        plans = GroupPlans(group, self._drafting.degree)
        return [
            Draft(
                problem=window.piece.problem,
                guess=window.guess,
                group=group,
                plans=plans,
                lane=lane,
                iterations=int(group.found.iterations[lane]),
                names=(window.guess.name,),
                cap=min(self._most, 4 * self._elements),
                negligible=window.piece.negligible,
            )
            for lane, window in zip(lanes, windows, strict=True)
        ]

    def _drafts(self, windows: Sequence[Window]) -> list[Draft]:
        rows = [window.vertices(self._elements) for window in windows]
        problems = [window.piece.problem for window in windows]
        guesses = [window.guess for window in windows]
        group = self._drafting.made(problems, guesses, np.array(rows).T)
        return self.drafts(windows, group, range(len(windows)))

    def _take(self, windows: Sequence[Window], drafts: Sequence[Draft]) -> None:
        """Refine the drafts of windows, and go on behind them; cells fail where one of them does."""
        failed = {id(draft) for draft in drafts if not draft.has_converged}
        sound = [draft for draft in drafts if id(draft) not in failed]
        failed |= self._refinement.failed(sound)
        for window, draft in zip(windows, drafts, strict=True):
            if id(draft) in failed:
                window.cell.failed = True
            else:
                window.chain.take(self._refinement.plan(draft), window.is_last)

    def _certified(self, cells: Sequence[WindowCell]) -> dict[int, list[Plan]]:
        """The chains joined; cells are left out where a joined path does not pass."""
        chains = [(cell, chain) for cell in cells for chain in cell.chains]
        joined = [
            join(chain.pieces, chain.guess.name, cell.subproblem.problem.objective.discount)
            for cell, chain in chains
        ]
        problems = [cell.subproblem.problem for cell, _ in chains]
        found = examined_plans(self._drafting, problems, joined, self._refinement.tolerance)
        kept: dict[int, list[Plan]] = {cell.place: [] for cell in cells}
        for (cell, chain), path, seen in zip(chains, joined, found, strict=True):
            plan = settled_join(cell.subproblem, chain.pieces, path, seen)
            certificate = seen.certificate(plan, self._refinement.is_convex)
            if plan.status is not Status.CONVERGED or not certificate.passed:
                kept.pop(cell.place, None)
            elif cell.place in kept:
                kept[cell.place].append(plan.revised(certificate=certificate))
        return {place: [plan for plan, _ in distinct(plans)] for place, plans in kept.items()}


def _next(cells: Sequence[WindowCell]) -> list[Window]:
    """The next window of every chain that is not over."""
    return [chain.next_window(cell) for cell in cells for chain in cell.chains if not chain.is_over]


def _is_running(cell: WindowCell) -> bool:
    return any(not chain.is_over for chain in cell.chains)


def _that_differ(chains: list[_Chain]) -> list[_Chain]:
    """The chains to go on with after the first window, the cheapest that differ in it."""
    chain_of = {id(chain.pieces[0][1]): chain for chain in chains}
    firsts = [chain.pieces[0][1] for chain in chains]
    return [chain_of[id(source)] for _, source in distinct(firsts)][:MOST_CONTINUED]
