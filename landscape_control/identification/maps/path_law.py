"""The second-order law of optimal paths, θ̈ = aθ̇ + b M∇L, fitted with shared coefficients."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...model.problem import ControlProblem
from ...planning.solution import Plan, Solution
from ...support.arguments import AnyNumber, Filled, checked
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError
from ...support.interpolation import differentiation_matrix, lagrange_matrix
from ...support.results import Result
from .fitting import condition_number, relative

_ROUND_OFF = 1e-10  # no plan is known better than this
_CERTAIN = 0.05  # coefficients known to within 5 % are called identified


@checked
@dataclass(frozen=True, kw_only=True)
class PathLaw(Result):
    """θ̈ = a θ̇ + b BG⁻¹Bᵀ∇L along optimal paths.

    On these paths the costate is the momentum, θ̇ = p, ṗ = γp + ηk∇L: a law that the paths obey
    backwards from their end. It is no recipe for updates: read as heavy ball, θ_{t+1} - θ_t = β(θ_t
    - θ_{t-1}) - α∇L, it would have β ≈ 1 + aΔt > 1 and α ≈ -bΔt² < 0, and run away when integrated
    forward.

    Attributes
    ----------
    a, b : shared by all paths
    predicted_a, predicted_b : γ and ηk for f = 0 and constant G and B (G = I: θ̈ = γθ̇ + ηk∇L), None
        otherwise
    residual : rms |θ̈ - aθ̇ - bM∇L| / rms |θ̈|
    condition : condition number of [θ̇, M∇L] with columns of unit length
    roughness : rms jump of θ̈ between neighbouring elements / rms |θ̈|: how well the plans know θ̈ at
        all
    paths, points : how much data
    """

    a: AnyNumber
    b: AnyNumber
    predicted_a: AnyNumber | None
    predicted_b: AnyNumber | None
    residual: AnyNumber
    condition: AnyNumber
    roughness: AnyNumber
    paths: int
    points: int

    @property
    def uncertainty(self) -> float:
        """condition · residual: relative size of the coefficient errors that the residual allows."""
        return self.condition * max(self.residual, _ROUND_OFF)

    @property
    def identifiable(self) -> bool:
        """Whether the data determine a and b to within 5 %. One quadratic mode never does: there θ̇
        is a multiple of ∇L.
        """
        return self.uncertainty <= _CERTAIN

    def __str__(self) -> str:
        law = "Path law θ̈ = aθ̇ + b∇L"
        data = (
            f"residual {self.residual:.1e}, condition number {self.condition:.1e}, "
            f"{self.points} points on {self.paths} path(s)"
        )
        if self.predicted_a is not None:
            data += f"; theory a = γ = {self.predicted_a:.4g}, b = ηk = {self.predicted_b:.4g}"
        if self.identifiable:
            return (
                f"{law} with a = {self.a:.6g}, b = {self.b:.6g} ({data}). A law of the optimal"
                " path, on which the costate is the momentum; not heavy-ball coefficients: as"
                " updates it would have β > 1 and a negative learning rate."
            )
        if self.residual <= _CERTAIN:
            return (
                f"{law}: not identifiable, θ̇ and ∇L are nearly parallel on these paths ({data});"
                " add curvatures (several modes or several landscapes), or solve with a smaller"
                " tolerance."
            )
        if self.residual <= 3 * self.roughness:
            return (
                f"{law}: the plans are too coarse to decide, θ̈ jumps by {self.roughness:.1e} of"
                f" its size between elements ({data}); solve with a smaller tolerance."
            )
        return f"{law} does not hold on these paths ({data})."


@settings_kept
@checked
def path_law(
    solutions: Solution | Plan | Annotated[Sequence[Solution | Plan], Filled()],
    *,
    problems: ControlProblem | Sequence[ControlProblem] | None = None,
) -> PathLaw:
    """Fit the second-order law to one or several solutions (or plans), with (a, b) shared between
    them.

    Theory: equation :eq:`secondorder`.

    θ̇ = f + Bu exactly and θ̈ as the derivative of its polynomial on each element of the plan, at
    two Gauss points per element. M = BG⁻¹Bᵀ, the identity for G = B = I.

    Parameters
    ----------
    solutions : Solution or Plan, or a sequence of them; several curvatures (modes or landscapes)
        are needed to identify a, b
    problems : their problems, when they do not carry them
    """
    given = list(solutions) if isinstance(solutions, Sequence) else [solutions]
    posed = _problems_of(given, problems)
    plans = [each.best if isinstance(each, Solution) else each for each in given]
    parts = [_derivatives(*pair) for pair in zip(posed, plans, strict=True)]
    velocity, acceleration, slope, jumps = (
        np.concatenate([part.ravel() for part in of_all]) for of_all in zip(*parts, strict=True)
    )
    features = np.stack([velocity, slope], axis=1)
    sizes = np.linalg.norm(features, axis=0)
    if not sizes.all():
        raise ProblemError(
            "paths",
            expected="paths that move on a slope",
            received="paths at rest",
            advice="start elsewhere",
        )
    scaled, *_ = np.linalg.lstsq(features / sizes, acceleration, rcond=None)
    a, b = (scaled / sizes).tolist()
    gamma, push = _prediction(posed)
    roughness = _rms(jumps) / _rms(acceleration) if jumps.size else 0.0
    return PathLaw(
        a=a,
        b=b,
        predicted_a=gamma,
        predicted_b=push,
        condition=condition_number(features),
        paths=len(plans),
        residual=relative(acceleration - features @ (a, b), acceleration),
        points=sum(len(part[0]) for part in parts),
        roughness=roughness,
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _derivatives(problem: ControlProblem, plan: Plan) -> tuple[np.ndarray, ...]:
    """(θ̇, θ̈, M∇L), each (2K, n), at two Gauss points of each of K elements, and jumps (K-1, n).

    The jumps are those of θ̈ from the end of one element to the beginning of the next.
    """
    model, widths, degree = problem.model, np.diff(plan.vertices), plan.degree
    push = np.einsum("snm,sm->sn", model.actuation(plan.parameters), plan.controls)
    velocity = model.drift(plan.parameters) + push
    # (K, degree + 1), the nodes of each element; neighbours share one
    nodes = np.arange(len(widths))[:, None] * degree + np.arange(degree + 1)
    # two inside, two ends
    places = np.concatenate([(np.polynomial.legendre.leggauss(2)[0] + 1) / 2, [0.0, 1.0]])
    reading = lagrange_matrix(plan.positions, places)
    slope = reading @ differentiation_matrix(plan.positions)
    acceleration = slope @ velocity[nodes] / widths[:, None, None]

    def inside(values: np.ndarray) -> np.ndarray:
        return values[:, :2].reshape(-1, problem.dimension)

    theta = inside(reading @ plan.parameters[nodes])
    jumps = acceleration[1:, 2] - acceleration[:-1, 3]
    velocity_inside = inside(reading @ velocity[nodes])
    return velocity_inside, inside(acceleration), _mobile_slope(problem, theta), jumps


def _mobile_slope(problem: ControlProblem, theta: np.ndarray) -> np.ndarray:
    """M∇L = BG⁻¹Bᵀ∇L, (S, n)."""
    model = problem.model
    actuation = model.actuation(theta)
    slope = np.einsum("snm,sn->sm", actuation, problem.landscape.gradient(theta))
    steepest = np.linalg.solve(model.metric(theta), slope[..., None])[..., 0]
    return np.einsum("snm,sm->sn", actuation, steepest)


def _prediction(problems: Sequence[ControlProblem]) -> tuple[float | None, float | None]:
    """(γ, ηk), where theory gives the law and all problems share the numbers; else (None, None)."""
    objectives = [problem.objective for problem in problems]
    numbers = {(o.discount, o.learning_rate * o.loss_weight) for o in objectives}
    models = [problem.model for problem in problems]
    plain = all(
        not m.has_drift and m.constant["metric"] and m.constant["actuation"] for m in models
    )
    if not plain or len(numbers) > 1:
        return None, None
    return next(iter(numbers))


def _problems_of(
    solutions: Sequence[Solution | Plan],
    problems: ControlProblem | Sequence[ControlProblem] | None,
) -> list[ControlProblem]:
    """One problem per solution: those given, or the solutions' own."""
    if problems is None:
        given = [getattr(solution, "problem", None) for solution in solutions]
    else:
        given = list(problems) if isinstance(problems, Sequence) else [problems]
    posed = [problem for problem in given if problem is not None]
    if not solutions or len(given) != len(solutions) or len(posed) < len(given):
        raise ProblemError(
            "path_law",
            expected="solutions that carry their problem, or problems=... of the same number",
            received=f"{len(solutions)} solutions, {len(posed)} problems",
            advice="pass problems=[...] in the same order",
        )
    return posed
