"""Which coefficients the cost depends on, and which rules cost the same."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..support.arguments import AnyNumber, Entries, Index, Positive, checked
from ..support.arrays import freeze, number
from ..support.errors import ProblemError, shown
from ..support.short_repr import short_repr
from .cost_derivatives import cost_derivatives
from .program import PolicyProgram
from .programs import moment_program_of
from .quadrature import largest_curvature
from .result import PolicyResult
from .same import differing_fields
from .stages import StagePrograms
from .stagewise import is_stagewise
from .starting import coefficient_scales


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Identifiability:
    """Directions in coefficient space, by how much a change along them costs.

    Steps are relative to the scale of each coefficient: 1 for momentum and its like; for others the
    coefficient's own size, at least the smallest of its starts or their width. Costs are relative
    to J; to that of standing still where everything is learnt and J is zero.

    Attributes
    ----------
    stiffness : (m,), eigenvalues of s s' ∂²J/∂c∂c' / J, s the scales, ascending: a step of relative
        length r along a direction raises the cost by the fraction stiffness·r²/2
    directions : (m, n), the eigenvectors, one per row, over ``labels``
    labels : (n,) names of the coefficients that were free
    flat : number of directions whose stiffness is below ``threshold``
    threshold : float
    """

    stiffness: Entries
    directions: Entries
    labels: tuple[str, ...]
    threshold: AnyNumber

    __repr__ = short_repr

    @classmethod
    def of_hessian(
        cls,
        hessian: np.ndarray,
        scales: np.ndarray,
        labels: Sequence[str],
        *,
        unit: float,
        threshold: float,
    ) -> "Identifiability":
        """From ∂²J/∂c∂c' (m, m), the scales (m,) of the coefficients ``labels``, and J itself."""
        relative = np.asarray(hessian) * np.outer(scales, scales) / unit
        stiffness, vectors = np.linalg.eigh(relative)
        return cls(
            stiffness=freeze(stiffness),
            directions=freeze(vectors.T),
            labels=tuple(labels),
            threshold=number("threshold", threshold, low=0),
        )

    @property
    def resolution(self) -> float:
        """The threshold, or the round-off of the stiffest direction if that is larger."""
        stiffest = np.abs(self.stiffness).max(initial=0.0)
        return max(self.threshold, 1e-13 * len(self.stiffness) * stiffest)

    @property
    def flat(self) -> int:
        """How many directions the cost does not depend on."""
        return int((np.abs(self.stiffness) <= self.resolution).sum())

    @property
    def saddle(self) -> bool:
        """Whether the cost falls along some direction, so that the coefficients are no minimum."""
        return bool((self.stiffness < -self.resolution).any())

    @property
    def identifiable(self) -> bool:
        """Whether the coefficients are a minimum, and every combination of them changes the cost."""
        return self.flat == 0 and not self.saddle

    @checked
    def loads(self, direction: Index) -> tuple[str, ...]:
        """The coefficients that carry most of a direction, heaviest first.

        Those with at least a third of its largest entry.
        """
        weight = np.abs(self.directions[direction])
        least = weight.max() / 3
        heaviest_first = np.argsort(-weight, kind="stable")
        return tuple(self.labels[i] for i in heaviest_first if weight[i] >= least)

    def __str__(self) -> str:
        if not self.labels:
            return "identifiable: no coefficient was free"
        if self.saddle:
            return f"not a minimum: the cost falls along {self._named(0)}, {self._moved(0)}"
        if self.identifiable:
            return f"identifiable: the flattest direction is {self._named(0)}, {self._moved(0)}"
        places = np.flatnonzero(np.abs(self.stiffness) <= self.resolution)
        more = f" and {self.flat - 3} more" if self.flat > 3 else ""
        return (
            f"not identifiable: the cost does not depend on {self.flat} of {len(self.stiffness)}"
            f" directions: {'; '.join(self._named(k) for k in places[:3])}{more}"
        )

    def _named(self, direction: int) -> str:
        names = self.loads(direction)
        if len(names) == 1:
            return f"{names[0]} alone"
        more = " …" if len(names) > 3 else ""
        return f"{' with '.join(names[:3])}{more}"

    def _moved(self, direction: int) -> str:
        """What a step of 10 % does to the cost, in words."""
        stiffness = self.stiffness[direction]
        decaying = sorted(
            {label.split()[0] for label in self.labels if label.startswith(("momentum", "beta"))}
        )
        note = f" ({', '.join(decaying)}: by 0.1)" if decaying else ""
        done = "raises" if stiffness > 0 else "lowers"
        return (
            f"where moving by 10 %{note} {done} the cost by"
            f" {100 * abs(stiffness) * 0.1**2 / 2:.2g} %"
        )


@checked
def identify_coefficients(result: object, *, threshold: Positive = 1e-06) -> Identifiability:
    """Eigenvalues of the scaled Hessian of J at a result's coefficients.

    By exact second derivatives. Fixed coefficients and those at an edge of their range are left
    out.
    """
    result = _checked_result("result", result)
    program, layout = result.program, result.program.family.layout(result.program.steps)
    entries = layout.join(dict(result.coefficients))
    held = {*result.fixed, *result.at_bound}
    labels = [label for label in layout.labels if label not in held]
    free = np.flatnonzero([label not in held for label in layout.labels])
    cost, hessian = _curvature(program, entries, result.nodes)
    scales = coefficient_scales(layout, entries, 1 / largest_curvature(program))
    unit = result.standing_still if result.learnt else max(cost, np.finfo(float).tiny)
    return Identifiability.of_hessian(
        hessian[np.ix_(free, free)], scales[free], labels, unit=unit, threshold=threshold
    )


def _curvature(program: PolicyProgram, entries: np.ndarray, nodes: int) -> tuple[float, np.ndarray]:
    """(J, ∂²J/∂c∂c')."""
    if is_stagewise(program):
        stages = StagePrograms(moment_program_of(program), most_iterations=1)
        if stages.is_numpy:
            return stages.curvature(program, nodes, entries)
    cost, _, hessian = cost_derivatives(program, entries, nodes=nodes)
    return cost, hessian


@checked
def same_cost(first: object, second: object) -> bool:
    """Whether two results cost the same within their stated errors and tolerances.

    Then neither explains the other away. Raises ProblemError if they answer different questions:
    programs that differ in more than the family.
    """
    first, second = _checked_result("first", first), _checked_result("second", second)
    different = differing_fields(first.program, second.program)
    if different:
        raise ProblemError(
            "results",
            expected="programs that differ in nothing but the family",
            received=f"different {', '.join(different)}",
            advice="compare families on one task, with one observation, objective and cost",
        )
    allowed = first.uncertainty + second.uncertainty
    allowed += max(first.tolerance, second.tolerance) * min(first.cost, second.cost)
    return abs(first.cost - second.cost) <= allowed


def _checked_result(what: str, result: object) -> PolicyResult:
    """The result of an optimisation; anything else is refused."""
    if isinstance(result, PolicyResult):
        return result
    raise ProblemError(
        what,
        expected="a PolicyResult",
        received=shown(result),
        advice="pass what landscape_control.optimize_policy returns",
    )
