"""How a cell ended, and what is kept of what was raised in it."""

import traceback
from collections.abc import Mapping

from ..support.errors import ProblemError, SolveError
from .measures import Measure

COMPUTED, REFUSED, RAISED, MEASURE, LOST, PENDING = (
    "computed",
    "refused",
    "raised",
    "measure raised",
    "lost",
    "not run",
)
FINE = ("converged", COMPUTED)
# right, but not to the tolerance
USABLE = (*FINE, "refinement cap", "quadrature cap", "optimism", "grid too coarse")
LONGEST = 4000  # characters of a traceback that are kept


def named_parts(measure: Measure, value: object) -> dict:
    """{column: value} of a measure's value; several values are called name.key."""
    if isinstance(value, Mapping):
        return {f"value {measure.name}.{key}": part for key, part in value.items()}
    return {f"value {measure.name}": value}


def note(row: dict, raised: dict) -> None:
    """Put what a measure raised into a row; a solver's own failure keeps the status."""
    status = raised["status"] if row["status"] in FINE else row["status"]
    joined = {
        name: "; ".join(filter(None, (row[name], raised[name])))
        for name in ("message", "traceback")
    }
    row |= {"status": status, **joined}


def failure(error: Exception | SystemExit, status: str, prefix: str = "") -> dict:
    """Status, message and traceback of a cell in which something was raised."""
    message, trace = str(error), ""
    if not isinstance(error, ProblemError | SolveError):
        message = f"{type(error).__name__}: {error}"
    if prefix and not message.startswith(prefix):
        message = f"{prefix}: {message}"
    if not isinstance(error, ProblemError):
        trace = "".join(traceback.format_exception(error))[-LONGEST:]
    return {"status": status, "message": message[:LONGEST], "traceback": trace}
