"""Measures that say which closed form the optimal policy is: by its controls at many starts, not by
the cost of one path.
"""

from functools import lru_cache

from ...identification.maps import Verdict, compare
from ...support.errors import ProblemError
from .measure import Cell, Measure, register
from .numbered import solver_of

STARTS = 12  # drawn around the problem's own, with the cell's seed
RESAMPLES = 1  # of the bootstrap: these measures report no intervals


@lru_cache(maxsize=2)
def _verdict(cell: Cell) -> Verdict:
    """The verdict of one cell, computed once for all measures that ask."""
    # with the kept solver: one of its own would be built at every cell
    return compare(
        cell.problem,
        starts=STARTS,
        seed=cell.seed,
        run=False,
        solver=solver_of(cell),
        resamples=RESAMPLES,
    )


def _known_verdict(cell: Cell, what: str) -> Verdict:
    if not getattr(cell.problem, "is_known", False):
        raise ProblemError(
            f"measure {what!r}",
            expected="a ControlProblem on a known landscape",
            received=type(cell.problem).__name__,
            advice="leave this measure out for problems of this kind",
        )
    return _verdict(cell)


def _policy_rule(cell: Cell) -> str:
    return _known_verdict(cell, "policy_rule").selection.answer


def _policy_error(cell: Cell) -> dict[str, float]:
    verdict = _known_verdict(cell, "policy_error")
    return {row.key: float(row.error) for row in verdict.rows}


policy_rule = register(
    Measure(
        name="policy_rule",
        function=_policy_rule,
        needs="problem",
        description=(
            f"which closed form the optimal policy is, by its controls at {STARTS} starts around"
            " the problem's own (lc.compare): a key; none where no rule's controls fit to 5 %; not"
            " identifiable where several do that the landscape cannot tell apart"
        ),
    )
)
policy_error = register(
    Measure(
        name="policy_error",
        function=_policy_error,
        needs="problem",
        description=(
            "relative error rms|u - û| / rms|u| of each closed form, fitted to the optimal"
            f" controls at {STARTS} starts around the problem's own, on starts that were left out"
            " of the fit"
        ),
    )
)
