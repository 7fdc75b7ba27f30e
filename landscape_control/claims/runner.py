"""Run claims and keep what became of each: no failing or raising claim ends the run."""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..support.arguments import AnyNumber, Count, checked
from ..support.arrays import whole
from ..support.processes import run_all
from .claim import Claim
from .evidence import Evidence


class Verdict(enum.Enum):
    """How a claim fared; the value is the word for it."""

    HOLDS = "holds"
    FAILS = "fails"
    BROKEN = "broken"  # could not be evaluated

    def __str__(self) -> str:
        return self.value


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """A claim after evaluation.

    Attributes
    ----------
    claim : Claim
    evidence : Evidence, or None if the evaluation raised
    error, traceback : str, empty unless it raised
    seconds : float, evaluation time
    """

    claim: Claim
    evidence: Evidence | None = None
    error: str = ""
    traceback: str = ""
    seconds: AnyNumber = 0.0

    @property
    def verdict(self) -> Verdict:
        """HOLDS if every check passes, FAILS if one does not, BROKEN if there is no evidence."""
        if self.evidence is None:
            return Verdict.BROKEN
        return Verdict.HOLDS if self.evidence.passed else Verdict.FAILS


@checked
def run_claims(
    claims: Sequence[Claim],
    *,
    workers: Count = 1,
    progress: Callable[[Claim], None] | None = None,
) -> tuple[Outcome, ...]:
    """Evaluate the claims in ``workers`` processes (one: in this process), in the order given.

    ``progress`` is called with each claim as it is done. Exceptions, results that cannot be pickled
    and dying worker processes become BROKEN outcomes with their traceback. KeyboardInterrupt ends
    the run.
    """
    claims, workers = tuple(claims), whole("workers", workers)
    report = None if progress is None else lambda index: progress(claims[index])
    results = run_all(_examine, claims, workers=workers, progress=report)
    return tuple(
        Outcome(
            claim=claim,
            evidence=result.value,
            error=result.error,
            traceback=result.traceback,
            seconds=result.seconds,
        )
        for claim, result in zip(claims, results, strict=True)
    )


def _examine(claim: Claim) -> Evidence:
    return claim.examine()
