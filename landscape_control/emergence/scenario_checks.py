"""Checks of a rule fitted to scenarios: NumPy stepping against the program, slopes by differences, flat directions."""

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import freeze
from ..errors import ProblemError
from ..policies import Policy
from .held_out import episode_costs
from .identifiability import Identifiability
from .scenario_sets import block_means

STEP = 1e-5  # of central differences, relative to the coefficient


@dataclass(frozen=True, kw_only=True)
class ScenarioCertificate:
    """What stepping the rule in NumPy says of a result; relative to the cost unless said otherwise.

    Attributes
    ----------
    program : gap between the program's average over its scenarios and that of NumPy
    stationarity : largest |c ∂J/∂c|/J over free coefficients inside their ranges, by central differences of NumPy's average
    optimism, optimism_error : held-out minus in-sample cost and its standard error, in units of cost
    tolerance : allowed optimism
    """

    program: float
    stationarity: float
    optimism: float
    optimism_error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """The program is the rule (1e-8), the rule is stationary (1e-4), and it does as well on other scenarios."""
        return (self.program <= 1e-8 and self.stationarity <= 1e-4
                and self.optimism + 2 * self.optimism_error <= self.tolerance)

    def __str__(self):
        rows = [f"{name:13s} {getattr(self, name):9.2e}" for name in ("program", "stationarity")]
        rows.append(f"{'optimism':13s} {self.optimism:9.2e} ± {self.optimism_error:.1e}   (allowed {self.tolerance:g})")
        return "\n".join([f"certificate {'passed' if self.passed else 'NOT passed'}", *rows])


def certify_scenarios(current, free: np.ndarray, result) -> ScenarioCertificate:
    """Check a result against NumPy stepping on the scenarios ``current`` that it was fitted to; ``free`` (n,) as there."""
    program, layout = result.program, current.built.layout
    entries = layout.join(dict(result.coefficients))

    def average(one):
        policy = Policy(family=program.family, coefficients=layout.split(one), horizon=program.steps)
        return block_means(episode_costs(policy, program, current.drawn), current.drawn).mean()

    cost, steps = average(entries), STEP * np.maximum(np.abs(entries), 1e-3)
    slopes = [(average(entries + row) - average(entries - row)) / (2 * STEP)
              for row, inside in zip(np.diag(steps), free, strict=True) if inside]
    scale = abs(result.cost) or math.ulp(1.0)
    return ScenarioCertificate(
        program=abs(cost - result.in_sample_cost) / scale, stationarity=float(np.abs(slopes).max(initial=0.0)) / scale,
        optimism=result.optimism_gap / scale, optimism_error=result.gap_error / scale, tolerance=result.tolerance)


def identify_scenarios(current, free: np.ndarray, result) -> Identifiability:
    """Flat directions of the exact Hessian over the scenarios; refused where the program has too many coefficients for one.

    ``free`` (n,) bool: coefficients that are neither fixed nor at an edge of their range.
    """
    built = current.built
    layout, entries = built.layout, built.layout.join(dict(result.coefficients))
    if built.hessian is None:
        raise ProblemError("identifiability", expected="few enough coefficients for an exact Hessian",
                           received=f"{len(entries)}", advice="compare costs of families instead")
    x = built.scale.variables(entries)
    upper = np.array(built.hessian(x, current.numbers, 1.0, []))
    hessian = (upper + np.triu(upper, 1).T)[np.ix_(free, free)]
    relative = (np.maximum(np.abs(entries), 1e-3) / built.scale.slope(x))[free]
    stiffness, vectors = np.linalg.eigh(hessian * np.outer(relative, relative) / abs(result.cost))
    labels = tuple(label for label, one in zip(layout.labels, free, strict=True) if one)
    return Identifiability(stiffness=freeze(stiffness), directions=freeze(vectors.T), labels=labels, threshold=1e-6)

