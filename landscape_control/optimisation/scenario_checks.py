"""Checks of a rule fitted to scenarios: its cost, its slopes and its flat directions."""

from dataclasses import dataclass

import numpy as np

from ..support.errors import ProblemError
from .identifiability import Identifiability
from .intervals import WIDE, wide_differences
from .scenario_descent import STATIONARY
from .scenario_result import ScenarioResult
from .scenario_round import Round
from .starting import coefficient_scales

# of central differences over the size of each variable: where J bends much, where it nearly cancels
STEPS = (1e-5, 1e-8)


@dataclass(frozen=True, kw_only=True)
class ScenarioCertificate:
    """What stepping the rule in NumPy says of a result; relative to the cost unless said otherwise.

    Attributes
    ----------
    program : gap between the program's average over its scenarios and that of NumPy
    stationarity : largest |∂J/∂x|/J over free coefficients inside their ranges, by central
        differences of NumPy's average, the smaller of a wide and a narrow one; x is the coefficient
        on its own scale, log c or -log(1-c), say. Where the average has kinks, ``rough``, it has no
        slope to judge
    optimism, optimism_error : held-out minus in-sample cost and its standard error, in units of
        cost
    tolerance : allowed optimism
    """

    program: float
    stationarity: float
    optimism: float
    optimism_error: float
    tolerance: float
    rough: bool = False

    @property
    def passed(self) -> bool:
        """The program is the rule (1e-8), it is stationary (1e-4), and as good on other scenarios."""
        is_stationary = self.rough or self.stationarity <= STATIONARY
        does_as_well = self.optimism + 2 * self.optimism_error <= self.tolerance
        return self.program <= 1e-8 and is_stationary and does_as_well

    def __str__(self) -> str:
        rows = [f"{name:13s} {getattr(self, name):9.2e}" for name in ("program", "stationarity")]
        rows.append(
            f"{'optimism':13s} {self.optimism:9.2e} ± {self.optimism_error:.1e}   (held-out"
            f" minus in-sample cost, ± one standard error, allowed {self.tolerance:g})"
        )
        verdict = "passed" if self.passed else "NOT passed"
        return "\n".join([f"certificate {verdict} (numbers relative to J)", *rows])


def certify_scenarios(
    current: Round, free: np.ndarray, result: ScenarioResult
) -> ScenarioCertificate:
    """Check a result against NumPy stepping on the scenarios ``current`` that it was fitted to.

    ``free`` (n,) bool: coefficients that are neither fixed nor at an edge of their range.
    """
    layout = current.built.layout
    entries = layout.join(dict(result.coefficients))

    def average(coefficients: np.ndarray) -> float:
        return current.block_costs(current.policy(coefficients)).mean()

    scale = current.built.scale
    x = scale.variables(entries)

    def slope(row: np.ndarray) -> float:
        ahead, behind = scale.coefficients(x + row), scale.coefficients(x - row)
        return abs(average(ahead) - average(behind)) / 2

    rows = np.diag(current.sizes(x))[free]
    slopes = [min(slope(step * row) / step for step in STEPS) for row in rows]
    return ScenarioCertificate(
        program=abs(average(entries) - result.in_sample_cost) / result.scale,
        stationarity=max(slopes, default=0.0) / result.scale,
        optimism=result.optimism_gap / result.scale,
        optimism_error=result.gap_error / result.scale,
        tolerance=result.tolerance,
        rough=result.rough,
    )


def identify_scenarios(current: Round, free: np.ndarray, result: ScenarioResult) -> Identifiability:
    """Flat directions of the exact Hessian over the scenarios.

    Refused where the program has too many coefficients for one. ``free`` (n,) bool: coefficients
    that are neither fixed nor at an edge of their range.
    """
    built = current.built
    layout, entries = built.layout, built.layout.join(dict(result.coefficients))
    if built.curvature is None:
        raise ProblemError(
            "identifiability",
            expected="few enough coefficients for an exact Hessian",
            received=f"{len(entries)}",
            advice="compare costs of families instead",
        )
    x = built.scale.variables(entries)
    relative = (coefficient_scales(layout, entries, current.length) / built.scale.slope(x))[free]
    hessian = built.bent(x, current.numbers)[np.ix_(free, free)]
    if result.rough:
        sizes = current.sizes(x)[free]
        hessian = wide_differences(current, x, free, WIDE[0])[0] / np.outer(sizes, sizes)
    labels = tuple(label for label, is_free in zip(layout.labels, free, strict=True) if is_free)
    return Identifiability.of_hessian(hessian, relative, labels, unit=result.scale, threshold=1e-6)
