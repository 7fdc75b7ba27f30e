"""All claims at a glance: of each the check that uses most of its tolerance."""

from collections.abc import Sequence

import numpy as np

from .check import Check
from .runner import Outcome


def overview_data(outcomes: Sequence[Outcome]) -> dict:
    """Of every claim with evidence the check that uses most of its tolerance: arrays (C,).

    NaN stands where nothing finite was computed.
    """
    worst = {
        outcome.claim.name: max(outcome.evidence.checks, key=_share)
        for outcome in outcomes
        if outcome.evidence is not None
    }
    checks = list(worst.values())
    numbers = {
        "theory": [check.theory for check in checks],
        "computed": [check.computed for check in checks],
        "errors": [check.error for check in checks],
        "tolerances": [check.tolerance for check in checks],
    }
    finite = {key: np.where(np.isfinite(row), row, np.nan) for key, row in numbers.items()}
    return {"claims": list(worst), **finite}


def _share(check: Check) -> float:
    """The part of its tolerance that a check uses."""
    if check.tolerance:
        return check.error / check.tolerance
    return 0.0 if check.passed else np.inf
