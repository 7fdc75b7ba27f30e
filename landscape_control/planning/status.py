"""How a solve ended, and what to try next."""

import enum


class Status(enum.Enum):
    """How a solve ended; the value says what happened and what to try next.

    Records keep the names: a status that is renamed makes older files unreadable.
    """

    CONVERGED = (
        "converged: the discretised problem is stationary and the cost error estimate is below the"
        " tolerance"
    )
    REFINEMENT_CAP = (
        "stationary, but the cost error estimate is still above the tolerance at the refinement"
        " cap: raise max_elements, loosen tolerance, or use a higher degree"
    )
    ITERATION_LIMIT = (
        "the optimiser ran out of iterations: try another guess (guess='gradient descent', a"
        " previous solution, or starts=...), a shorter horizon first, or solver options with more"
        " iterations"
    )
    INFEASIBLE = (
        "no path satisfies the constraints: the end may be unreachable with this actuation; free"
        " the end, lengthen the horizon or add a column to B"
    )
    UNBOUNDED = (
        "the cost falls without limit along the iterates: the loss is unbounded below along the"
        " plan; add weight decay, shorten the horizon, or fix the end"
    )
    METRIC_NOT_DEFINITE = (
        "the metric is not positive definite somewhere along the plan (see 'message' for where): "
        "moving there would be free or worse; repair G(θ)"
    )
    NOT_STATIONARY = (
        "the optimiser stopped short of stationarity: try another guess, more starts, or"
        " solver='ipopt'"
    )
    HORIZON_NOT_SETTLED = (
        "doubling the computational horizon still moves the first control: raise max_doublings, or "
        "check that the landscape holds the learner back from infinity"
    )
    NOT_CERTIFIED = (
        "the optimiser stopped as converged, but the plan fails its own certificate (see 'message'"
        " for what): try a tighter or looser tolerance, another guess, or solver='ipopt'"
    )
    NOT_A_MINIMUM = (
        "the plan is stationary, but a neighbouring path is cheaper (saddle or maximum of the"
        " cost): use starts=... or another guess"
    )
    CHEAPER_PATH_SEEN = (
        "another start met a cheaper path than the best converged plan without converging itself"
        " (see 'message'): raise starts or max_elements, or hand that path over as guess"
    )
    TIME_LIMIT = (
        "the time limit was reached before the optimiser converged; what is returned is the best so"
        " far: raise time_limit=, or simplify the problem"
    )
    INTERRUPTED = (
        "interrupted before the optimiser converged; what is returned is the best so far: call"
        " again to start anew, with guess= to go on from it"
    )
    NOT_CONFIRMED = (
        "the planned cost is not confirmed by a simulation of the planned policy (see 'message' for"
        " both): the policy leaves the neighbourhood in which its plan holds; use another method,"
        " or the simulated cost"
    )

    @property
    def ok(self) -> bool:
        """Whether the result meets what was asked for."""
        return self is Status.CONVERGED

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")
