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

    def next_window(self) -> tuple[Subproblem, Guess, bool]:
        """The next window, its guess, and whether it is the last one."""
        rate, horizon = visible_rate(self.subproblem.problem), self.subproblem.horizon
        remaining = horizon - self.begin
        is_last = rate * remaining <= LAST
        is_short = is_last or rate * remaining <= WINDOW
        window = remaining if is_short else WINDOW / rate
        piece = window_piece(self.subproblem, self.start, window, remaining)
        return piece, part_of(self.guess, self.begin, window, horizon), is_last

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

    def plans(self, cells: Sequence[WindowCell]) -> dict[int, list[Plan]]:
        """{place: distinct certified plans, best first} of the cells that were settled."""
        for cell in cells:
            start = cell.subproblem.problem.start
            cell.chains = [
                _Chain(guess=guess, subproblem=cell.subproblem, start=start)
                for guess in cell.guesses
            ]
        self._advance(cells)
        for cell in cells:
            if not cell.failed and len(cell.chains) > 1:
                cell.chains = _that_differ(cell.chains)
        waiting = [cell for cell in cells if not cell.failed]
        while waiting:
            self._advance(waiting)
            waiting = [cell for cell in waiting if not cell.failed and _is_running(cell)]
        return self._certified([cell for cell in cells if not cell.failed])

    def _advance(self, cells: Sequence[WindowCell]) -> None:
        """The next window of every chain that is not over."""
        running = [(cell, chain) for cell in cells for chain in cell.chains if not chain.is_over]
        if not running:
            return
        windows = [chain.next_window() for _, chain in running]
        pieces, guesses = [window[0] for window in windows], [window[1] for window in windows]
        drafts = self._drafts(pieces, guesses)
        failed = {id(draft) for draft in drafts if not draft.has_converged}
        sound = [draft for draft in drafts if id(draft) not in failed]
        failed |= self._refinement.failed(sound)
        for (cell, chain), draft, (_, _, is_last) in zip(running, drafts, windows, strict=True):
            if id(draft) in failed:
                cell.failed = True
            else:
                chain.take(self._refinement.plan(draft), is_last)

    def _drafts(self, pieces: list[Subproblem], guesses: list[Guess]) -> list[Draft]:
        rows = [
            initial_vertices(self._elements, piece.horizon, piece.fastest_rate) for piece in pieces
        ]
        problems = [piece.problem for piece in pieces]
        group = self._drafting.made(problems, guesses, np.array(rows).T)
        plans = GroupPlans(group, self._drafting.degree)
        return [
            Draft(
                problem=piece.problem,
                guess=guess,
                group=group,
                plans=plans,
                lane=lane,
                iterations=int(group.found.iterations[lane]),
                names=(guess.name,),
                cap=min(self._most, 4 * self._elements),
                negligible=piece.negligible,
            )
            for lane, (piece, guess) in enumerate(zip(pieces, guesses, strict=True))
        ]

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


def _is_running(cell: WindowCell) -> bool:
    return any(not chain.is_over for chain in cell.chains)


def _that_differ(chains: list[_Chain]) -> list[_Chain]:
    """The chains to go on with after the first window, the cheapest that differ in it."""
    chain_of = {id(chain.pieces[0][1]): chain for chain in chains}
    firsts = [chain.pieces[0][1] for chain in chains]
    return [chain_of[id(source)] for _, source in distinct(firsts)][:MOST_CONTINUED]
