"""The front door of the library: plans with full information, and policies of beliefs whose cost
has been simulated.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from ..arguments import Whole, checked
from ..errors import ProblemError, SolveError
from ..planning import dispatch as planning
from ..planning.advice import CARRIED_OUT
from ..planning.confirmation import CostKind
from ..planning.dispatch import METHODS
from ..planning.solution import BeliefSolution
from ..problem import ControlProblem
from ..solution import Status
from ..transcription import Transcription

Episodes = Annotated[int, Whole(low=2)]
_OWN = ("confirm", "episodes")
_SLOW = {"episodes": 12, "steps": 24}  # a simulation that solves a plan per episode and step


@checked
def solve(
    problem: ControlProblem,
    *,
    method: str | Transcription = "auto",
    throw: bool = True,
    confirm: bool = True,
    episodes: Episodes | None = None,
    **options: object,
):
    """The optimal plan, or, where the landscape has hidden variables, a policy of (θ, belief) with
    a cost to rely on.

    Parameters
    ----------
    problem : ControlProblem
    method : str
        Nothing hidden: as for :class:`~landscape_control.solver.Solver`. Hidden variables: "lqg"
        (exact; linear-quadratic with linear observations, verified from the expressions),
        "transcription" (belief-space direct transcription), "replanning", "dynamic programming"
        (grids of up to three dimensions), or "auto": exact LQG where it holds, dynamic programming
        for one weight and two tasks, otherwise transcription. The long names in
        ``BeliefSolution.method`` are accepted too.
    throw : bool, raise SolveError when the status is not converged
    confirm : bool
        Hidden variables: hold a cost that is not exact against a short simulation of the policy
        (common random numbers, its standard error and step error stated in ``confirmation``). Where
        they disagree, beyond three errors and 5 % of the size of the cost, the status is
        NOT_CONFIRMED and ``cost`` is the simulated one; "auto" then also tries other methods and
        returns the one that is cheapest in simulation.
    episodes : int, how many are simulated; None is 256, or up to 2048 where chance decides, and
    none for "replanning", which
        solves a plan per episode and step: it has no planned cost, and gets the simulated one where
        ``episodes`` is given
    options : of the method chosen: tolerance, seed, ...

    Returns a Solution, or a BeliefSolution (``method`` and ``assumes`` say which and on what
    grounds).

    Raises
    ------
    ProblemError
        A method asked for beyond its assumptions, with the reason; an unknown method or option.
    SolveError
        See ``throw``; its ``solution`` keeps what was computed.
    """
    if problem.is_known:
        _refuse_own(problem, confirm, episodes)
        return planning.solve(problem, method=method, throw=throw, **options)
    method = planning.check_method(method, options)
    solution = planning.solve(problem, method=method, throw=False, **options)
    if confirm and (solution.status.ok or solution.status in CARRIED_OUT):
        solution = _confirmed(solution, method, episodes, options)
    if throw and not solution.status.ok:
        raise SolveError(f"{solution.explanation}. {solution.message}".rstrip(), solution)
    return solution


@checked
def check_method(method: str, options: Mapping) -> str:
    """The short name of a method for hidden variables; refuses unknown ones, and options that
    ``solve`` would refuse.
    """
    return planning.check_method(
        method, {name: value for name, value in options.items() if name not in _OWN}
    )


def _refuse_own(problem, confirm, episodes):
    if confirm is not True or episodes is not None:
        raise ProblemError(
            "confirm, episodes",
            expected="hidden variables, for a cost that is held against a simulation",
            received="a known landscape",
            advice="leave them out: a plan on a known landscape has a certificate",
        )


def _confirmed(solution: BeliefSolution, method, episodes, options) -> BeliefSolution:
    """The solution with its simulation; the cheapest of several policies where its own cost is not
    confirmed.
    """
    seed = options.get("seed", 0)
    if solution.cost_kind == CostKind.EXACT:
        return solution
    if solution.cost_kind == CostKind.NONE:
        slow = solution.method == METHODS["replanning"] and episodes is None
        return (
            solution
            if slow
            else _with_note(_with_cost_of(solution, _simulated(solution, episodes, seed)))
        )
    found = _simulated(solution, episodes, seed)
    solution = _with_note(replace(solution, confirmation=found))
    if found.agrees or math.isnan(found.simulated):
        return solution
    solution = _unconfirmed(solution)
    return _cheapest(solution, episodes, seed) if method == "auto" else solution


def _simulated(solution, episodes, seed):
    from .simulated import InsideBox, simulated_cost  # imported when it is needed

    slow = solution.method == METHODS["replanning"]
    settings = (
        {"episodes": episodes or _SLOW["episodes"], "steps": _SLOW["steps"]}
        if slow
        else {"episodes": episodes}
    )
    watched = InsideBox(solution) if isinstance(solution, planning.GridSolution) else None
    found = simulated_cost(
        solution.problem,
        solution.policy if watched is None else watched,
        method=solution.policy_name,
        planned=solution.cost,
        is_bound=solution.cost_kind == CostKind.UPPER_BOUND,
        seed=seed,
        **settings,
    )
    if not found.episodes:
        return found
    return replace(found, note=watched.note if watched else getattr(solution, "trouble", ""))


def _with_note(solution):
    """The solution, with what its simulation noted in its message."""
    note = solution.confirmation.note
    return (
        replace(solution, message=f"{solution.message}; {note}" if solution.message else note)
        if note
        else solution
    )


def _with_cost_of(solution, found):
    """The solution with the simulated cost in place of a planned one."""
    if not math.isfinite(found.simulated):
        return replace(solution, confirmation=found)
    return replace(solution, cost=found.simulated, cost_kind=CostKind.SIMULATED, confirmation=found)


def _unconfirmed(solution):
    found = solution.confirmation
    said = f"planned {found.planned:.6g}, {found}"
    if found.could_agree:
        said += ", too scattered to confirm anything"
    message = f"{solution.message}; {said}" if solution.message else said
    return replace(_with_cost_of(solution, found), status=Status.NOT_CONFIRMED, message=message)


def _cheapest(first, episodes, seed):
    """The cheapest policy in simulation of those that can be tried; its status is its own if its
    cost is confirmed.
    """
    from .alternatives import alternatives, standing_still

    candidates = [first]
    for other in alternatives(first, seed):
        found = _simulated(other, episodes, seed)
        other = replace(other, confirmation=found)
        confirmed = found.agrees and other.status.ok
        candidates.append(
            other
            if confirmed
            else replace(_with_cost_of(other, found), status=Status.NOT_CONFIRMED)
        )
    still = standing_still(first.problem, episodes, seed)
    best = min(candidates, key=lambda one: _rank(one.confirmation))
    tried = tuple(one.confirmation for one in candidates) + (still,)
    said = "; ".join(f"{one.method}: {one}" for one in tried)
    message = f"{first.message}; compared in simulation: {said}"
    if _rank(still) < _rank(best.confirmation):
        message += "; standing still is the cheapest of them"
    return replace(best, tried=tried, message=message)


def _rank(found):
    return found.simulated if math.isfinite(found.simulated) else math.inf
