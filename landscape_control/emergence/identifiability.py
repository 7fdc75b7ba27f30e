"""Which coefficients the cost feels: flat directions of its Hessian at the optimum, and rules that cost the same."""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from ..arrays import freeze, number
from ..errors import ProblemError
from ..transcription.moment_model import layout_of
from ..transcription.moments import MomentProgram, pack


@dataclass(frozen=True, kw_only=True, eq=False)
class Identifiability:
    """Directions in coefficient space, by how much a change of the order of the coefficients themselves costs.

    Relative to the cost; to that of standing still where everything is learnt and the cost is zero.

    Attributes
    ----------
    stiffness : (m,), eigenvalues of c c' ∂²J/∂c∂c' / J, ascending: a step of relative length s along a direction raises the
        cost by the fraction stiffness·s²/2
    directions : (m, n), the eigenvectors, one per row, over ``labels``
    labels : (n,) names of the coefficients that were free
    flat : number of directions whose stiffness is below ``threshold``
    threshold : float
    """

    stiffness: np.ndarray
    directions: np.ndarray
    labels: tuple[str, ...]
    threshold: float

    @property
    def resolution(self) -> float:
        """The threshold, or the round-off of the stiffest direction if that is larger."""
        return max(self.threshold, 1e-13 * len(self.stiffness) * np.abs(self.stiffness).max(initial=0.0))

    @property
    def flat(self) -> int:
        """How many directions the cost does not feel."""
        return int((np.abs(self.stiffness) <= self.resolution).sum())

    @property
    def saddle(self) -> bool:
        """Whether the cost falls along some direction, so that the coefficients are no minimum."""
        return bool((self.stiffness < -self.resolution).any())

    @property
    def identifiable(self) -> bool:
        """Whether every combination of coefficients changes the cost."""
        return self.flat == 0

    def loads(self, direction: int) -> tuple[str, ...]:
        """The coefficients that carry most of a direction: those with at least a third of its largest entry."""
        weight = np.abs(self.directions[direction])
        return tuple(self.labels[i] for i in np.argsort(-weight, kind="stable") if weight[i] >= weight.max() / 3)

    def __str__(self):
        if self.identifiable:
            least = f"every direction costs at least {self.stiffness[0]:.2g} s²/2 of the cost"
            return f"identifiable: {least if self.labels else 'no coefficient was free'}"
        said, places = [], np.flatnonzero(np.abs(self.stiffness) <= self.resolution)
        for k in places[:3]:
            names = self.loads(k)
            words = f"{names[0]} alone" if len(names) == 1 else f"{' with '.join(names[:3])}{' …' if len(names) > 3 else ''}"
            said.append(words)
        more = f" and {self.flat - 3} more" if self.flat > 3 else ""
        return (f"not identifiable: the cost does not feel {self.flat} of {len(self.stiffness)} directions: "
                f"{'; '.join(said)}{more}")


def identify_coefficients(result, *, threshold: float = 1e-6) -> Identifiability:
    """Eigenvalues of the scaled Hessian of J at a result's coefficients, by exact second derivatives.

    Fixed coefficients and those at an edge of their range are left out.
    """
    program, layout = result.program, result.program.family.layout(result.program.steps)
    entries = layout.join(dict(result.coefficients))
    free = np.array([label not in (*result.fixed, *result.at_bound) for label in layout.labels], dtype=bool)
    cost, _, hessian = cost_derivatives(program, entries, nodes=result.nodes)
    scale = np.maximum(np.abs(entries), 1e-3)[free]
    unit = result.standing_still if result.learnt else max(cost, np.finfo(float).tiny)
    scaled = hessian[np.ix_(free, free)] * np.outer(scale, scale) / unit
    stiffness, vectors = np.linalg.eigh(scaled)
    labels = tuple(label for label, one in zip(layout.labels, free, strict=True) if one)
    return Identifiability(stiffness=freeze(stiffness), directions=freeze(vectors.T), labels=labels,
                           threshold=number("threshold", threshold, low=0))


def cost_derivatives(program, entries, *, nodes: int) -> tuple[float, np.ndarray, np.ndarray]:
    """(J, ∂J/∂c (n,), ∂²J/∂c² (n, n)) by CasADi."""
    moments = MomentProgram(family=program.family, horizon=program.steps, layout=layout_of(program))
    packed = pack(moments, program, nodes)
    count, n = moments.count_nodes(packed), len(entries)
    x, p = ca.MX.sym("x", n), ca.MX.sym("p", len(packed))
    weights = p[moments.shared_size + 2 * count:-2]
    parts = ca.Function("derivatives", [x, p], [part @ weights for part in moments.mapped("curvature", count, x, p)])
    cost, slope, curved = (np.array(part) for part in parts(entries, packed))
    return float(cost[0, 0]), slope.ravel(), curved.reshape(n, n)


def same_cost(first, second) -> bool:
    """Whether two results cost the same within their stated errors and tolerances: then neither explains the other away.

    Raises ProblemError if they answer different questions.
    """
    for name in ("horizon", "discount", "learning_rate", "loss_weight", "terminal_weight"):
        if getattr(first.program.objective, name) != getattr(second.program.objective, name):
            raise ProblemError("results", expected=f"programs with the same {name}", received="different ones",
                               advice="compare families on one task, objective and cost")
    if first.program.cost != second.program.cost:
        raise ProblemError("results", expected="the same kind of cost", 
                           received=f"{first.program.cost}, {second.program.cost}",
                           advice="compare families on one task, objective and cost")
    allowed = first.uncertainty + second.uncertainty
    allowed += max(first.tolerance, second.tolerance) * min(first.cost, second.cost)
    return abs(first.cost - second.cost) <= allowed
