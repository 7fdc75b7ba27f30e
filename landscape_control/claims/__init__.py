"""Claims: statements of the paper checked by numbers, each with its source and tolerance.

A module in problems/ defines ``CLAIM`` (or ``CLAIMS``) and ``problem()``; see :class:`Claim`.
"""

from .check import BOUNDS, KINDS, REFERENCES, RELATIONS, Check, fitted_slope
from .claim import THEMES, Claim
from .discovery import all_claims, claim_problem, find_claim
from .evidence import Evidence
from .own import claims_at
from .runner import Outcome, Verdict, run_claims

__all__ = [
    "BOUNDS",
    "KINDS",
    "REFERENCES",
    "RELATIONS",
    "THEMES",
    "Check",
    "Claim",
    "Evidence",
    "Outcome",
    "Verdict",
    "all_claims",
    "claim_problem",
    "claims_at",
    "find_claim",
    "fitted_slope",
    "run_claims",
]


def __dir__() -> list[str]:
    return __all__
