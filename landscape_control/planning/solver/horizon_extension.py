"""Infinite horizons: lengthen the computed horizon until it no longer matters."""

import math
from dataclasses import replace

import numpy as np

from ...model.problem import ControlProblem, resting_length, typical_mass
from ...support.errors import ProblemError
from ..solution import Plan, Status
from .guess import Curve, Guess, read_guess
from .infinite import Rest, find_rest
from .plans import continued, near, settled, tail_is_exact
from .refinement import solve_plan
from .subproblem import CompiledPrograms, Subproblem

NO_RATE = 1e-6  # of the plan's fastest rate
# γT of the first computational horizon, and of the part of the plan that is reported
LONGEST_DISCOUNTED = 14.0
# of the logarithm of what is let go, by the first horizon: e^{4·4.6} = 10⁸ times the cost's
# rounding
MOST_GROWTH = 4.6


def settle_plan(
    programs: CompiledPrograms, subproblem: Subproblem, guess: Guess, max_doublings: int
) -> Plan:
    """Solve with the cost to go at the rest, and double the horizon until the first control settles.

    The cost to go is the linear-quadratic one.
    """
    subproblem, rest = _first_subproblem(subproblem, guess)
    plan, moved = solve_plan(programs, subproblem, guess), math.nan
    for _ in range(max_doublings):
        if plan.status is not Status.CONVERGED:
            return plan
        known = abs(plan.cost) if plan.cost else math.inf
        rest = _closer_rest(subproblem.problem, plan, rest)
        subproblem = replace(
            subproblem, horizon=2 * subproblem.horizon, rest=rest, known_cost=known
        )
        longer = solve_plan(
            programs,
            subproblem,
            read_guess(subproblem.problem, continued(plan), subproblem.horizon),
        )
        longer = replace(longer, found_from=(guess.name,))
        moved = _sizes(subproblem.problem, longer.controls[:1] - plan.controls[:1])[0]
        if _has_settled(subproblem, rest, plan, longer, moved):
            return settled(subproblem.problem, longer, LONGEST_DISCOUNTED)
        plan = longer
    status = Status.HORIZON_NOT_SETTLED if plan.status.ok else plan.status
    message = f"last horizon {subproblem.horizon:.4g}, first control still moved by {moved:.2g}"
    return replace(plan, status=status, message=message)


def _first_subproblem(subproblem: Subproblem, guess: Guess) -> tuple[Subproblem, Rest]:
    rest = find_rest(subproblem.problem, guess.path(np.array([1.0]))[0])
    least = 1e-9 * np.abs(rest.rates).max()  # others are let go for ever
    # a rest without curvature, as that of θ⁴, has no rate but rounding
    if not tail_is_exact(subproblem.problem):
        least = max(least, NO_RATE * subproblem.fastest_rate)
    settling = rest.rates[rest.rates > least]
    known = subproblem.fastest_rate if subproblem.fastest_rate > 0 else 1.0
    slow, fast = (settling.min(), settling.max()) if settling.size else (known, known)
    discount = subproblem.problem.objective.discount
    longest = LONGEST_DISCOUNTED / discount if discount else math.inf
    horizon = min(4 / slow, 40 / fast, longest)
    growing = -rest.rates.min() - discount / 2
    # what no loss depends on may grow for ever: not beyond what digits allow
    if growing > 0 and tail_is_exact(subproblem.problem):
        horizon = min(horizon, MOST_GROWTH / growing)
    # the way there may be long compared with how fast rest is approached
    if guess.timed is not None:
        arrival = _arrival(guess.timed, min(longest, 1e3 * horizon))
        horizon = max(horizon, min(arrival, longest))
    fastest = max(fast, subproblem.fastest_rate)
    return replace(subproblem, rest=rest, horizon=horizon, fastest_rate=fastest), rest


def _arrival(timed: Curve, latest: float) -> float:
    """When a curve in time has come within 2 % of where it ends, with a tenth to spare."""
    times = np.geomspace(1e-4 * latest, latest, 120)
    path = timed(times)
    away = np.abs(path - path[-1]).max(axis=1)
    extent = max(away[0], np.ptp(path, axis=0).max())
    return 1.1 * times[np.flatnonzero(away > 0.02 * extent).max(initial=0)]


def _has_settled(
    subproblem: Subproblem, rest: Rest, plan: Plan, longer: Plan, moved: float
) -> bool:
    """First control and cost no longer move and the plan is near its rest, or the rest is faded."""
    if longer.status is not Status.CONVERGED:
        return False
    # below this it is rounding
    speed = resting_length(np.abs(longer.parameters).max()) / subproblem.horizon
    resting = math.sqrt(typical_mass(subproblem.problem)) * speed
    largest = _sizes(subproblem.problem, longer.controls).max()
    still = moved <= max(1e-7, 3e-2 * subproblem.tolerance**0.5) * largest + resting
    allowed = subproblem.tolerance * abs(longer.cost) + plan.cost_error + longer.cost_error
    allowed += _rounding(subproblem.problem, longer)
    discounted = subproblem.problem.objective.discount * subproblem.horizon
    faded = discounted >= 2 * LONGEST_DISCOUNTED * (1 - 1e-9)
    arrived = near(longer, rest) or tail_is_exact(subproblem.problem)
    return faded or (still and arrived and abs(longer.cost - plan.cost) <= allowed)


def _sizes(problem: ControlProblem, controls: np.ndarray) -> np.ndarray:
    """√(uᵀGu) of controls (N, m), with G at the start: (N,); moving at a speed v takes about √m v,
    m the typical mass.
    """
    metric = problem.model.metric(problem.start)[0]
    return np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", controls, metric, controls), 0.0))


def _rounding(problem: ControlProblem, plan: Plan) -> float:
    """What rounding of θ costs in effort over the plan."""
    resting = resting_length(np.abs(plan.parameters).max())
    return typical_mass(problem) * resting**2 / (problem.objective.learning_rate * plan.times[-1])


def _closer_rest(problem: ControlProblem, plan: Plan, rest: Rest) -> Rest:
    """The rest near the plan's end, if it is another one; a plan cut short by the discount may be
    far from any.
    """
    if near(plan, rest):
        return rest
    try:
        return find_rest(problem, plan.parameters[-1])
    except ProblemError:
        return rest
