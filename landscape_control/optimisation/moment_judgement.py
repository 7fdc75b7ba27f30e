"""From the optima of a moment search to its result: the quadrature refined, the status judged."""

import math

import numpy as np

from ..planning.solver import Optimum, RawResult
from .certificate import certify_policy
from .identifiability import identify_coefficients
from .moment_search import MomentSearch
from .program import spectrum_of
from .quadrature import enough_nodes, largest_curvature
from .replays import mode_costs
from .result import PolicyResult
from .starting import at_bound, escaping, held
from .status import PolicyStatus, status_of, stopped

# quadrature is refined until its error is this much below the tolerance: coefficients settle after
# costs
SETTLED = 1e-3
# a coefficient that runs away ends where twice as much of it saves less than about this share of
# the cost
LEAST_CURVED = 1e-3
_UNIT = np.finfo(float).eps / 2
_MOVES = 4  # by round-off, to see what a sum that cancels makes of it


def judged(search: MomentSearch, *, most_nodes: int) -> PolicyResult:
    """The result of a search that has found an optimum; its times are left blank."""
    program, programs, layout = search.program, search.programs, search.layout
    best, error, nodes = _refined(search, most_nodes)
    entries = best.variables
    learnt = programs.learnt(program, nodes, best)
    cost, round_off, left = _cost(search, nodes, entries)
    running_away = "" if learnt else _running_away(search, nodes, entries)
    agreed, others = 0, []
    for optimum in search.optima:
        if _is_alike(search, optimum, learnt):
            agreed += optimum.count
        else:
            others.append(optimum)
    coefficients = layout.split(entries)
    status = PolicyStatus.CONVERGED
    if not learnt:
        status = _status(search, best, error, cost, running_away)
        if status.ok and search.undercut:
            status = PolicyStatus.NOT_STATIONARY
        if status.ok and max(round_off, left) > search.tolerance * cost:
            status = PolicyStatus.ROUND_OFF
    return PolicyResult(
        program=program,
        coefficients=coefficients,
        cost=cost,
        cost_error=error + left,
        nodes=programs.node_count(program, nodes),
        status=status,
        starts=search.begun,
        agreed=agreed,
        optima=(
            (cost, coefficients, agreed),
            *(_listed(search, optimum) for optimum in others),
        ),
        at_bound=at_bound(layout, entries, search.bounds),
        fixed=held(layout, search.bounds),
        limits=programs.limits,
        method="exact moments",
        build_seconds=0.0,
        solve_seconds=0.0,
        tolerance=search.tolerance,
        learnt=learnt,
        begun_from=search.begun_from,
        standing_still=programs.at_rest(program, nodes),
        message=f"{best.reason} after {best.iterations} iterations{running_away}{search.range_note}",
        _certify=certify_policy,
        _identify=identify_coefficients,
    )


def _cost(search: MomentSearch, nodes: int, entries: np.ndarray) -> tuple[float, float, float]:
    """(J, what of it the search could not see for round-off, the round-off that is left in J).

    Where second moments cancel by more than the tolerance J is taken from factors of them. Their
    round-off is that of a run of the rule: e in the square root of a part of J, with e² of the
    order of Tu times the round-off of the second moments; and how far J moves where the
    coefficients move by round-off, as differences like 1 - αh do.
    """
    program, programs = search.program, search.programs
    round_off = programs.round_off(program, nodes, entries)
    cost = max(programs.cost(program, nodes, entries) - round_off, 0.0)
    if round_off <= search.tolerance * cost or not math.isfinite(round_off):
        return cost, round_off, round_off
    curvatures, weights = spectrum_of(program).nodes(nodes)
    rng = np.random.default_rng(0)

    def moved(by: float) -> float:
        near = entries * (1 + by * rng.standard_normal(len(entries)))
        costs = mode_costs(program.family, search.layout, near, program, curvatures, weights)
        return float(costs @ weights)

    cost = moved(0.0)
    scatter = max(abs(moved(8 * _UNIT) - cost) for _ in range(_MOVES))
    square = program.steps * programs.moments.layout.dimension**2 * _UNIT * round_off
    return cost, round_off, 2 * math.sqrt(cost * square) + square + 3 * scatter


def _refined(search: MomentSearch, most_nodes: int) -> tuple[RawResult, float, int]:
    """(result, quadrature error of J, nodes): nodes are doubled until J no longer moves."""
    program, programs, nodes = search.program, search.programs, search.nodes
    best = search.optima[0].result
    while True:
        cost = programs.cost(program, nodes, best.variables)
        finer = enough_nodes(program, nodes)
        if finer is None or not math.isfinite(cost):
            return best, 0.0, nodes
        error = abs(programs.cost(program, finer, best.variables) - cost)
        settled = error <= SETTLED * search.tolerance * cost
        if settled or finer > most_nodes or search.clock.is_over():
            return best, error, nodes
        nodes = finer
        optima = programs.optimise(
            program, nodes, [best.variables], search.inner, search.tolerance, search.clock
        )
        best = optima[0].result


def _is_alike(search: MomentSearch, optimum: Optimum, learnt: bool) -> bool:
    """Whether an optimum is the best one: also another rule that learns everything, where it does."""
    if optimum is search.optima[0]:
        return True
    return learnt and search.programs.learnt(search.program, search.nodes, optimum.result)


def _listed(search: MomentSearch, optimum: Optimum) -> tuple:
    cost = search.programs.cost_of(search.program, search.nodes, optimum.cost)
    return cost, search.layout.split(optimum.variables), optimum.count


def _running_away(search: MomentSearch, nodes: int, entries: np.ndarray) -> str:
    """Coefficients that are far out, in words, where the cost is all but flat; else "".

    An optimum may well lie far out: then the cost is curved there.
    """
    program = search.program
    far_out = escaping(search.layout, entries, 1 / largest_curvature(program))
    if not far_out or search.programs.hessian != "exact":
        return far_out
    cost, hessian = search.programs.curvature(program, nodes, entries)
    relative = hessian * np.outer(entries, entries) / max(cost, np.finfo(float).tiny)
    is_curved = np.isfinite(relative).all() and np.linalg.eigvalsh(relative)[0] > LEAST_CURVED
    return "" if is_curved else far_out


def _status(
    search: MomentSearch, best: RawResult, error: float, cost: float, running_away: str
) -> PolicyStatus:
    status = stopped(status_of(best), search.clock)
    if status in (PolicyStatus.TIME_LIMIT, PolicyStatus.INTERRUPTED):
        return status
    if running_away and status is not PolicyStatus.DIVERGES:
        return PolicyStatus.NOT_ATTAINED
    if status.ok and error > search.tolerance * cost:
        return PolicyStatus.QUADRATURE_CAP
    return status
