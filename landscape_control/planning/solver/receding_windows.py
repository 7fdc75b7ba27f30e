"""Long finite horizons under strong discount: one window after another, by the principle of
optimality.

What happens at γt > 20 hardly enters the cost, so no optimiser that sees only the cost can get it
right. But an optimal plan stays optimal from each of its points on: it is solved on a window,
trusted as far as its own cost determines it, and solved again from there with the time that
remains.
"""

import itertools
import math
from dataclasses import replace
from typing import Protocol

import numpy as np
from scipy.linalg import expm

from ...model.problem import (
    LATE_END,
    ControlProblem,
    ends_late,
    largest_growth,
    reachable_directions,
    typical_mass,
    unit_growth,
)
from ...support.arrays import freeze
from ...support.errors import ProblemError
from ..certificate.examination import examine
from ..solution import Plan, Status
from .guess import Guess
from .refinement import solve_plan
from .subproblem import CompiledPrograms, Subproblem

TRUSTED = 10.0  # γt up to which a window's plan is kept
LEAST_VISIBLE = 0.25  # of γ: the rate at which parts of the horizon fade where windows are of use
WINDOW = 24.0  # γt of a window
LAST = TRUSTED + 2.0  # γt of the longest window that is kept whole
MOST_WINDOWS = 1000
_FAR, _LARGEST_POWER = 1e8, 140  # of the parameters, relative to the start; as a power of ten


class Costed(Protocol):
    """What is read of the examination of a joined path."""

    @property
    def cost(self) -> float: ...

    @property
    def cost_scale(self) -> float: ...

    @property
    def element_costs(self) -> np.ndarray: ...

    @property
    def following(self) -> float: ...


Pieces = list[tuple[float, Plan]]  # consecutive windows: when each begins, and its plan
_CAUTION = 30.0  # times an estimate that is right within a factor


def needs_windows(subproblem: Subproblem) -> bool:
    """Whether the horizon is so long, in units of 1/γ, that its late part does not show in the
    cost.

    Where the drift lets displacements grow nearly as fast as their share in the cost fades, windows
    would be as long; then the unit of length grows instead, so that every part of the horizon shows
    (see ``unit_growth``).
    """
    rate, discount = visible_rate(subproblem.problem), subproblem.problem.objective.discount
    shows = (
        rate < LEAST_VISIBLE * discount
        and unit_growth(subproblem.problem, subproblem.horizon) == discount / 2
    )
    return rate * subproblem.horizon > LAST and not shows


def visible_rate(problem: ControlProblem) -> float:
    """Rate at which a displacement's share in the cost fades: γ, less twice the growth rate of an
    uncontrolled drift.

    A quadratic loss of a state that grows like e^{at} is worth e^{(2a - γ)t}; where that grows, all
    of it is seen.
    """
    growth = largest_growth(problem.model, problem.start)
    return max(problem.objective.discount - 2 * max(growth, 0.0), 0.0)


def first_window(programs: CompiledPrograms, subproblem: Subproblem, guess: Guess) -> Plan:
    """What of the first window's plan is kept: guesses that agree about it lead to the same plan,
    unless an end matters.
    """
    window = WINDOW / visible_rate(subproblem.problem)
    if window >= subproblem.horizon:
        return solve_plan(programs, subproblem, guess)
    piece = window_piece(subproblem, subproblem.problem.start, window, subproblem.horizon)
    plan = solve_plan(programs, piece, part_of(guess, 0.0, window, subproblem.horizon))
    return trusted(plan, visible_rate(subproblem.problem))


def chain_plan(programs: CompiledPrograms, subproblem: Subproblem, guess: Guess) -> Plan:
    """The plan over the whole horizon, window by window; its cost is the integral along all of them
    and the end.

    Where an end matters so long before that windows without it may have lost something, the last
    window is longer, in a unit of length that grows (see ``unit_growth``).
    """
    discount, horizon = visible_rate(subproblem.problem), subproblem.horizon
    if discount * horizon > MOST_WINDOWS * TRUSTED:
        raise ProblemError(
            "horizon",
            expected=f"γT <= {MOST_WINDOWS * TRUSTED:g}",
            received=f"γT = {discount * horizon:g}",
            advice=(
                "with so strong a discount use horizon=math.inf, which reports the part of the plan"
                " that matters"
            ),
        )
    plan = _chained(programs, subproblem, guess, LAST)
    if plan.status is Status.NOT_STATIONARY and ends_late(subproblem.problem):
        longer = _chained(programs, subproblem, guess, LATE_END)
        return longer if longer.status.ok else plan
    return plan


def _chained(
    programs: CompiledPrograms, subproblem: Subproblem, guess: Guess, longest: float
) -> Plan:
    """Windows, the last of which is at most ``longest`` in units of the visible rate."""
    discount, horizon = visible_rate(subproblem.problem), subproblem.horizon
    pieces, begin, start = [], 0.0, subproblem.problem.start
    while True:
        remaining = horizon - begin
        last = discount * remaining <= longest
        window = remaining if last or discount * remaining <= WINDOW else WINDOW / discount
        piece = solve_plan(
            programs,
            window_piece(subproblem, start, window, remaining),
            part_of(guess, begin, window, horizon),
        )
        if not last:
            piece = trusted(piece, discount)
        pieces.append((begin, piece))  # its cost is still that of the whole window
        before = np.abs(start).max()
        begin, start = begin + piece.times[-1], piece.parameters[-1]
        _check_range(
            subproblem.problem, np.abs(start).max(), before, (horizon - begin) / piece.times[-1]
        )
        over = last or horizon - begin <= 1e-9 * horizon
        if over or piece.status not in (Status.CONVERGED, Status.REFINEMENT_CAP):
            return _joined(subproblem, pieces, guess.name)
        subproblem = replace(
            subproblem,
            negligible=max(subproblem.negligible, 1e-2 * subproblem.tolerance * abs(piece.cost)),
        )


def _check_range(problem: ControlProblem, size: float, before: float, windows: float) -> None:
    """Refuse what a drift carries, in so many more windows like the last, to where squares are no
    longer numbers.
    """
    if size <= _FAR * max(np.abs(problem.start).max(), 1.0) or size <= before:
        return
    if math.log10(size) + windows * math.log10(size / before) > _LARGEST_POWER:
        raise ProblemError(
            "horizon",
            expected=f"parameters below 1e{_LARGEST_POWER} until the horizon",
            received=f"parameters that the drift has carried to {size:.1e}, and on",
            advice=(
                "with so strong a discount use horizon=math.inf, which reports the part of the plan"
                " that matters"
            ),
        )


def window_piece(
    subproblem: Subproblem, start: np.ndarray, window: float, remaining: float
) -> Subproblem:
    """The same problem from ``start`` on; the end belongs to the window that reaches the horizon."""
    reaches = math.isclose(window, remaining)
    end = subproblem.problem.end if reaches else None
    objective = replace(subproblem.problem.objective, horizon=window)
    if not reaches and objective.loss_weight > 0:
        objective = replace(objective, terminal_weight=0.0)
    return replace(
        subproblem,
        problem=subproblem.problem.changed(start=start, end=end, objective=objective),
        horizon=window,
    )


def part_of(guess: Guess, begin: float, window: float, horizon: float) -> Guess:
    def path(fractions: np.ndarray) -> np.ndarray:
        of_all = np.minimum((begin + fractions * window) / horizon, 1.0)
        return guess.states(of_all, horizon)

    return Guess(name=guess.name, path=path)


def trusted(piece: Plan, discount: float) -> Plan:
    keep = max(1, int(np.searchsorted(piece.vertices * discount, TRUSTED)))
    nodes = keep * piece.degree + 1
    return replace(
        piece,
        times=piece.times[:nodes],
        parameters=piece.parameters[:nodes],
        controls=piece.controls[:nodes],
        costates=piece.costates[:nodes],
        vertices=piece.vertices[: keep + 1],
    )


def _joined(subproblem: Subproblem, pieces: Pieces, name: str) -> Plan:
    """One plan from consecutive windows, examined."""
    pieces = _with_one_costate(subproblem.problem, pieces)
    plan = join(pieces, name, subproblem.problem.objective.discount)
    return settled_join(subproblem, pieces, plan, examine(subproblem.problem, plan, None))


def join(pieces: Pieces, name: str, discount: float) -> Plan:
    """Consecutive windows as one path: times shifted, shared nodes kept once."""
    first = pieces[0][1]

    def joined(field: str, shifted: bool = False) -> np.ndarray:
        parts = []
        for k, (begin, piece) in enumerate(pieces):
            own = getattr(piece, field)[min(k, 1) :]  # the first node is the last one before
            parts.append(own + (begin if shifted else 0.0))
        return freeze(np.concatenate(parts))

    worst = next((p for _, p in pieces if not p.status.ok), first)
    fade = [math.exp(-discount * begin) for begin, _ in pieces]
    return replace(
        first,
        times=joined("times", shifted=True),
        vertices=joined("vertices", shifted=True),
        parameters=joined("parameters"),
        controls=joined("controls"),
        costates=joined("costates"),
        status=worst.status,
        message=worst.message,
        iterations=sum(p.iterations for _, p in pieces),
        found_from=(name,),
        cost_error=sum(f * p.cost_error for f, (_, p) in zip(fade, pieces, strict=True)),
    )


def settled_join(subproblem: Subproblem, pieces: Pieces, plan: Plan, found: Costed) -> Plan:
    """The joined plan with its cost, and its status where it may have lost something."""
    plan = replace(plan, cost=found.cost)
    unseen = _unseen(subproblem.problem, pieces, found)
    # the certificate decides about the whole
    may_pass = plan.status in (Status.CONVERGED, Status.REFINEMENT_CAP)
    if may_pass and not unseen <= subproblem.tolerance * found.cost_scale:
        message = (
            f"solving window by window may have lost {unseen:.2g}: the end of the horizon matters"
            " long before"
        )
        return replace(plan, status=Status.NOT_STATIONARY, message=message)
    return plan


def _unseen(problem: ControlProblem, pieces: Pieces, found: Costed) -> float:
    """What is lost at most by solving window by window, in present value: the largest over the
    joins.

    Of two bounds the smaller. Where losses are not negative a window without the end costs less
    than any plan over the whole time that remains, so nothing is lost beyond what its cost to go
    exceeds that by. And where costates jump by δλ the plan can gain about ½ητ|δλ|²/m by moving the
    join, m the typical mass and τ the time that a window is kept.
    """
    objective, directions = problem.objective, reachable_directions(problem.model)
    seen = np.eye(problem.dimension) if directions is None else directions[0]
    to_go = np.cumsum(found.element_costs[::-1])[::-1] + found.following
    first, unseen = 0, 0.0
    for (begin, piece), (joined, following) in itertools.pairwise(pieces):
        known = math.exp(-objective.discount * begin) * piece.cost
        jump = (following.costates[0] - piece.costates[-1]) @ seen
        mobility = objective.learning_rate * (joined - begin) / typical_mass(problem)
        gain = math.exp(-objective.discount * joined) * mobility * float(jump @ jump) / 2
        unseen = max(unseen, min(abs(to_go[first] - known), _CAUTION * gain))
        first += len(piece.vertices) - 1
    return unseen


def _with_one_costate(problem: ControlProblem, pieces: Pieces) -> Pieces:
    """The pieces with costates that continue each other, where a fixed end leaves them free.

    In directions that no control reaches the multipliers of a fixed end are arbitrary, and those of
    a window without an end are what its own horizon makes of them. Their difference δ obeys δ' = (γ
    - Aᵀ)δ and is seen by no control: it is carried back from the last window to the first.
    """
    directions = reachable_directions(problem.model) if problem.end is not None else None
    drift = problem.model.drift_matrix
    if directions is None or drift is None or not directions[1].shape[1]:
        return pieces
    rest = directions[1]
    growth = problem.objective.discount * np.eye(len(rest)) - drift[0].T
    coasting = rest.T @ growth @ rest
    continued = [pieces[-1]]
    for begin, piece in reversed(pieces[:-1]):
        apart = rest.T @ (continued[0][1].costates[0] - piece.costates[-1])
        earlier = piece.times - piece.times[-1]
        shift = expm(earlier[:, None, None] * coasting) @ apart @ rest.T
        continued.insert(0, (begin, replace(piece, costates=freeze(piece.costates + shift))))
    return continued
