"""What a status means for a problem with hidden variables, and what to try next.

Only options that such a solve accepts are advised.
"""

from typing import TYPE_CHECKING

from ..solution import Status

if TYPE_CHECKING:
    from ..dynamic_programming.diffusive.result import GridStatus

CARRIED_OUT = {  # plans that can be carried out, though not all are as good as was asked for
    Status.CONVERGED,
    Status.REFINEMENT_CAP,
    Status.NOT_CERTIFIED,
    Status.CHEAPER_PATH_SEEN,
}
_OTHER_METHOD = "or plan by another method=..."
_ADVICE = {
    Status.REFINEMENT_CAP: "raise max_elements=... or loosen tolerance=...",
    Status.NOT_CERTIFIED: (
        f"raise max_elements=..., try another tolerance=..., take solver='ipopt', {_OTHER_METHOD}"
    ),
    Status.NOT_A_MINIMUM: f"head for more places with aims=..., {_OTHER_METHOD}",
    Status.CHEAPER_PATH_SEEN: "head for more places with aims=... or raise max_elements=...",
    Status.TIME_LIMIT: "raise time_limit=... or simplify the problem",
    Status.INTERRUPTED: "call again to start anew",
    Status.ITERATION_LIMIT: (
        "head for more places with aims=..., let the optimiser go on with "
        "options={'max_iter': 10000}, take "
        f"solver='ipopt', shorten the horizon, {_OTHER_METHOD}"
    ),
    Status.INFEASIBLE: (
        "check that drift and actuation are finite on the way, head for more places with aims=..., "
        f"{_OTHER_METHOD}"
    ),
    Status.UNBOUNDED: "add weight decay, bound the loss, or shorten the horizon",
    Status.METRIC_NOT_DEFINITE: "repair G(θ) where 'message' says",
    Status.NOT_STATIONARY: (
        f"head for more places with aims=..., take solver='ipopt', {_OTHER_METHOD}"
    ),
    Status.HORIZON_NOT_SETTLED: (
        "raise max_doublings=..., use a finite horizon, "
        "or check that the landscape holds the learner back from infinity"
    ),
    Status.NOT_CONFIRMED: (
        "rely on the simulated cost, simulate more episodes=..., let a transcribed plan answer"
        f" less to beliefs (its option 'response'), {_OTHER_METHOD}"
    ),
}


def explained(status: "Status | GridStatus") -> str:
    """What happened, and what to do; the statuses of a grid carry advice of their own."""
    if not isinstance(status, Status) or status.ok:
        return status.value
    happened = status.value.partition(": ")[0]
    advice = _ADVICE.get(status, f"head for more places with aims=..., {_OTHER_METHOD}")
    return f"{happened}: {advice}"
