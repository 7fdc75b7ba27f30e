"""The measures that read one number off a solution: its cost and how far it can be trusted."""

from ..errors import ProblemError
from .measure import Measure, register


def read(solution, name: str):
    """solution.name, or a refusal that names the kind of solution."""
    value = getattr(solution, name, None)
    if value is None:
        raise ProblemError(f"measure {name!r}", expected=f"a solution that has {name!r}",
                           received=type(solution).__name__, advice="leave this measure out for problems of this kind")
    return value


def _cost(cell):
    return float(read(cell.solution, "cost"))


cost = register(Measure(
    name="cost", function=_cost, units="loss x time",
    description="J of the optimal plan; the expected cost of a policy"))
