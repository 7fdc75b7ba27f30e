"""The measures that read a number off a solution: cost, effort, and how far it can be trusted."""

from typing import TYPE_CHECKING, Any, NoReturn

from ...support.errors import ProblemError
from .measure import Cell, Measure, register

if TYPE_CHECKING:
    from ...planning.solution import Plan


def read(solution: object, name: str, *, what: str = "") -> Any:
    """solution.name, or a refusal that names the kind of solution."""
    value = getattr(solution, name, None)
    if value is None:
        refuse(solution, what or name, expected=f"a solution that has {name!r}")
    return value


def refuse(
    solution: object,
    what: str,
    *,
    expected: str,
    advice: str = "leave this measure out for problems of this kind",
) -> NoReturn:
    """Raise ProblemError: this measure cannot be read off this kind of solution."""
    raise ProblemError(
        f"measure {what!r}", expected=expected, received=type(solution).__name__, advice=advice
    )


def plan_of(cell: Cell, what: str) -> "Plan":
    """The best plan of a Solution, or a refusal."""
    plans = getattr(cell.solution, "plans", None)
    if not plans:
        refuse(cell.solution, what, expected="a Solution of a known landscape, with plans")
    return plans[0]


def _cost(cell: Cell) -> float:
    return float(read(cell.solution, "cost"))


def _cost_error(cell: Cell) -> float:
    if hasattr(cell.solution, "plans"):
        return float(plan_of(cell, "cost_error").cost_error)
    return float(read(cell.solution, "cost_error"))


def _iterations(cell: Cell) -> int:
    return int(plan_of(cell, "iterations").iterations)


def _seconds(cell: Cell) -> float:
    return float(
        read(cell.solution, "build_seconds", what="seconds")
        + read(cell.solution, "solve_seconds", what="seconds")
    )


def _certificate(cell: Cell) -> dict[str, float | bool]:
    certificate = read(cell.solution, "certificate")
    residuals = getattr(certificate, "residuals", None)
    if residuals is None:  # of a policy program: its numbers are residuals, but for these
        residuals = {
            name: value
            for name, value in vars(certificate).items()
            if isinstance(value, float)
            and name not in ("cost", "tolerance", "replayed", "replay_error")
        }
    numbers: dict[str, float | bool] = {name: float(value) for name, value in residuals.items()}
    return numbers | {"passed": bool(certificate.passed)}


def _standard_error(cell: Cell) -> float:
    return float(read(cell.solution, "standard_error"))


def _optimism_gap(cell: Cell) -> float:
    return float(read(cell.solution, "optimism_gap"))


def _agreed(cell: Cell) -> int:
    return int(read(cell.solution, "agreed"))


cost = register(
    Measure(
        name="cost",
        function=_cost,
        units="loss × time",
        description="J of the optimal plan; the expected cost of a policy",
    )
)
cost_error = register(
    Measure(
        name="cost_error",
        function=_cost_error,
        units="loss × time",
        description=(
            "estimated error of the cost from the time discretisation, or from the quadrature over"
            " landscapes"
        ),
    )
)
iterations = register(
    Measure(
        name="iterations",
        function=_iterations,
        description="iterations of the optimiser for the best plan",
    )
)
seconds = register(
    Measure(
        name="seconds",
        function=_seconds,
        units="s",
        description="time to build and to solve this cell",
    )
)
certificate_residuals = register(
    Measure(
        name="certificate_residuals",
        function=_certificate,
        description=(
            "relative residuals of Pontryagin's conditions, or of a policy program's cost and its"
            " slope, checked without the optimiser, and whether all passed"
        ),
    )
)
standard_error = register(
    Measure(
        name="standard_error",
        function=_standard_error,
        units="loss × time",
        description=(
            "standard error of an expected cost estimated from held-out scenarios; 0 where moments"
            " are exact"
        ),
    )
)
optimism_gap = register(
    Measure(
        name="optimism_gap",
        function=_optimism_gap,
        units="loss × time",
        description="cost on held-out scenarios minus cost on those planned for",
    )
)
agreed = register(
    Measure(
        name="agreed",
        function=_agreed,
        description="how many starts of the optimisation reached the best cost",
    )
)
