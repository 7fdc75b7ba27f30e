"""``landscape_control.solve``: plans, and policies of beliefs whose cost was simulated."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, TypeVar

from ..model.problem import ControlProblem
from ..planning.beliefs import dispatch as planning
from ..planning.beliefs.advice import CARRIED_OUT
from ..planning.beliefs.confirmation import Confirmation, CostKind
from ..planning.beliefs.dispatch import METHODS
from ..planning.beliefs.solution import BeliefSolution, delivered, with_message
from ..planning.solution import Solution, Status
from ..planning.transcription import Transcription
from ..support.arguments import Whole, checked
from ..support.call_settings import settings_kept
from ..support.errors import ProblemError

AnySolution = TypeVar("AnySolution", bound=BeliefSolution)
Episodes = Annotated[int, Whole(low=2)]
_OWN = ("confirm", "episodes")
_SLOW = {"episodes": 12, "steps": 24}  # a simulation that solves a plan per episode and step


@settings_kept
@checked
def solve(
    problem: ControlProblem,
    *,
    method: str | Transcription = "auto",
    throw: bool = True,
    confirm: bool = True,
    episodes: Episodes | None = None,
    **options: object,
) -> Solution | BeliefSolution:
    """The optimal plan, or a policy of (θ, belief) with a cost to rely on.

    A policy is what a landscape with hidden variables has.

    Parameters
    ----------
    problem : ControlProblem
    method : str
        Nothing hidden: as for :class:`~landscape_control.planning.solver.Solver`. Hidden variables: "lqg"
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
    episodes : int
        How many are simulated. None is 256, or up to 2048 where chance decides, and none for
        "replanning", which solves a plan per episode and step: it has no planned cost, and gets the
        simulated one where ``episodes`` is given.
    options : of the method chosen.
        Nothing hidden, as for ``Solver`` and :meth:`Solver.solve`: tolerance, seed, starts, guess,
        solver, max_elements, max_doublings, time_limit, options, keep_log.
        "lqg": tolerance, seed.
        "transcription" and "auto": tolerance, seed, innovations, covariance, aims, rounds, response,
        and solver, max_elements, max_doublings, time_limit, options, keep_log of ``Solver``.
        "replanning": tolerance, seed, inner, covariance, aims, and the same of ``Solver``.
        "dynamic programming": seed, and accuracy, box, covariance, margin, order, points, steps,
        tolerance of :func:`landscape_control.stochastic.solve_grid`.

    Returns
    -------
    A Solution, or a BeliefSolution (``method`` and ``assumes`` say which and on what grounds).

    Raises
    ------
    ProblemError
        A method asked for beyond its assumptions, with the reason; an unknown method or option.
    SolveError
        See ``throw``; its ``solution`` keeps what was computed.
    """
    if problem.is_known:
        _refuse_own(confirm, episodes)
        return planning.solve(problem, method=method, throw=throw, **options)
    name = planning.check_method(method, options)
    solution = planning.planned(problem, name, options)
    if confirm and (solution.status.ok or solution.status in CARRIED_OUT):
        solution = _confirmed(solution, name, episodes, options)
    return delivered(solution, throw)


@checked
def check_method(method: str, options: Mapping) -> str:
    """The short name of a method for hidden variables.

    Refuses unknown ones, and options that ``solve`` would refuse.
    """
    of_method = {name: value for name, value in options.items() if name not in _OWN}
    return planning.check_method(method, of_method)


def _refuse_own(confirm: bool, episodes: int | None) -> None:
    """Refuse the options that only hidden variables give a meaning."""
    if confirm is not True or episodes is not None:
        raise ProblemError(
            "confirm, episodes",
            expected="hidden variables, for a cost that is held against a simulation",
            received="a known landscape",
            advice="leave them out: a plan on a known landscape has a certificate",
        )


def _confirmed(solution: BeliefSolution, method, episodes, options) -> BeliefSolution:
    """The solution with its simulation.

    The cheapest of several policies where its own cost is not confirmed.
    """
    seed = options.get("seed", 0)
    if solution.cost_kind == CostKind.EXACT:
        return solution
    if solution.cost_kind == CostKind.NONE:
        is_slow = solution.method == METHODS["replanning"]
        if is_slow and episodes is None:
            return solution
        return _with_note(_with_cost_of(solution, _simulated(solution, episodes, seed)))
    confirmation = _simulated(solution, episodes, seed)
    solution = _with_note(replace(solution, confirmation=confirmation))
    if confirmation.agrees or math.isnan(confirmation.simulated):
        return solution
    solution = _unconfirmed(solution, confirmation)
    return _cheapest(solution, episodes, seed) if method == "auto" else solution


def _simulated(solution: BeliefSolution, episodes: int | None, seed: int) -> Confirmation:
    """The cost of the solution's policy in a simulation, and what was noticed on the way."""
    from .simulated import InsideBox, simulated_cost  # imported when it is needed

    inside = InsideBox(solution) if isinstance(solution, planning.GridSolution) else None
    steps = None
    if solution.method == METHODS["replanning"]:
        episodes, steps = episodes or _SLOW["episodes"], _SLOW["steps"]
    confirmation = simulated_cost(
        solution.problem,
        solution.policy if inside is None else inside,
        method=solution.policy_name,
        planned=solution.cost,
        is_bound=solution.cost_kind == CostKind.UPPER_BOUND,
        episodes=episodes,
        steps=steps,
        seed=seed,
    )
    if not confirmation.episodes:
        return confirmation
    return replace(confirmation, note=solution.trouble if inside is None else inside.note)


def _with_note(solution: AnySolution) -> AnySolution:
    """The solution, with what its simulation noted in its message."""
    confirmation = solution.confirmation
    if confirmation is None or not confirmation.note:
        return solution
    return with_message(solution, confirmation.note)


def _with_cost_of(solution: AnySolution, confirmation: Confirmation) -> AnySolution:
    """The solution with the simulated cost in place of a planned one."""
    if not math.isfinite(confirmation.simulated):
        return replace(solution, confirmation=confirmation)
    return replace(
        solution,
        cost=confirmation.simulated,
        cost_kind=CostKind.SIMULATED,
        confirmation=confirmation,
    )


def _unconfirmed(solution: BeliefSolution, confirmation: Confirmation) -> BeliefSolution:
    """The solution with its simulated cost, and both costs in its message."""
    difference = f"planned {confirmation.planned:.6g}, {confirmation}"
    if confirmation.could_agree:
        difference += ", too scattered to confirm anything"
    simulated = _with_cost_of(with_message(solution, difference), confirmation)
    return replace(simulated, status=Status.NOT_CONFIRMED)


def _cheapest(first: BeliefSolution, episodes: int | None, seed: int) -> BeliefSolution:
    """The cheapest policy in simulation of those that can be tried.

    Its status is its own if its cost is confirmed.
    """
    from .alternatives import alternatives, standing_still

    candidates = [first]
    for other in alternatives(first, seed):
        confirmation = _simulated(other, episodes, seed)
        if confirmation.agrees and other.status.ok:
            candidates.append(replace(other, confirmation=confirmation))
        else:
            unconfirmed = _with_cost_of(other, confirmation)
            candidates.append(replace(unconfirmed, status=Status.NOT_CONFIRMED))
    still = standing_still(first.problem, episodes, seed)
    best = min(candidates, key=lambda candidate: _rank(candidate.confirmation))
    tried = [candidate.confirmation for candidate in candidates if candidate.confirmation]
    tried.append(still)
    costs = "; ".join(f"{confirmation.method}: {confirmation}" for confirmation in tried)
    message = f"{first.message}; compared in simulation: {costs}"
    if _rank(still) < _rank(best.confirmation):
        message += "; standing still is the cheapest of them"
    return replace(best, tried=tuple(tried), message=message)


def _rank(confirmation: Confirmation | None) -> float:
    """The simulated cost; infinite where there is none, so that it is never the least."""
    if confirmation is None or not math.isfinite(confirmation.simulated):
        return math.inf
    return confirmation.simulated
