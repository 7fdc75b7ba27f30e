"""How the optimisation of a policy ended, and what to try next."""

import enum

import numpy as np

from ..planning.solver import INTERRUPTED, TIME_LIMIT, RawResult, SolveClock


class PolicyStatus(enum.Enum):
    """How the optimisation of a policy ended; the value says what happened and what to try next."""

    CONVERGED = "converged: stationary, and the stated error of the cost is within the tolerance"
    QUADRATURE_CAP = (
        "stationary, but more quadrature nodes still move the cost by more than the tolerance:"
        " raise most_nodes, loosen tolerance, or narrow the spectrum"
    )
    OPTIMISM = (
        "stationary on its scenarios, but held-out scenarios cost more than the tolerance allows:"
        " raise most_scenarios or loosen tolerance"
    )
    ROUND_OFF = (
        "the cost is that of the rule returned, but its second moments cancel to fewer digits than"
        " the tolerance asks for (a transient grows and comes back): the search avoids such rules"
        " and may have missed better ones; narrow the ranges with within={name: (low, high)}, add"
        " noise, or loosen tolerance"
    )
    ITERATION_LIMIT = (
        "the optimiser ran out of iterations: give a guess (an earlier result), more starts or"
        " fewer steps; where coefficients drift without settling, narrow their ranges with"
        " within={name: (low, high)}"
    )
    NOT_ATTAINED = (
        "the cost still falls while a coefficient grows without limit (see 'message' for which): no"
        " rule of this family is best; narrow its range with within={name: (low, high)}, hold it,"
        " or use a family with more memory"
    )
    DIVERGES = (
        "second moments overflow at every start: the rule is unstable over the whole spectrum"
        " there; give a guess with a smaller learning rate, or shorten the horizon"
    )
    NOT_STATIONARY = (
        "the optimiser stopped short of stationarity: give another guess or more starts"
    )
    FELL_BACK = (
        "no member of this family was found that costs less than the best of a simpler family it"
        " contains (see 'message' for which), which is returned: more starts or scenarios, or a"
        " guess, may find a better one"
    )
    TIME_LIMIT = (
        "the time limit was reached before the optimiser converged; what is returned is the best so"
        " far: raise time_limit=, or give it as guess= to go on from it"
    )
    INTERRUPTED = (
        "interrupted before the optimiser converged; what is returned is the best so far: call"
        " again to start anew, with guess= to go on from it"
    )

    @property
    def ok(self) -> bool:
        """Whether the result meets what was asked for."""
        return self is PolicyStatus.CONVERGED

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


def status_of(result: RawResult) -> PolicyStatus:
    """The status of a run, before errors of quadrature or sampling are judged."""
    if result.success and np.isfinite(result.cost):
        return PolicyStatus.CONVERGED
    if result.reason in (TIME_LIMIT, INTERRUPTED):
        return PolicyStatus[result.reason]
    reason = result.reason.upper()
    if not np.isfinite(result.cost) or "NAN" in reason or "INVALID" in reason:
        return PolicyStatus.DIVERGES
    if reason == "SOLVER_RET_LIMITED":
        return PolicyStatus.ITERATION_LIMIT
    return PolicyStatus.NOT_STATIONARY


def stopped(status: PolicyStatus, clock: SolveClock) -> PolicyStatus:
    """The status of a whole search: that of its best run, unless the clock cut it short."""
    if not clock.cut_short or status is PolicyStatus.DIVERGES:
        return status
    return PolicyStatus[clock.stop_reason]
