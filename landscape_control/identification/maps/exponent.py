"""The preconditioner exponent p = 1 - d log r/d log h of the numerical policy.

0 is gradient descent, ½ ballistic, 1 Newton.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...model.landscape import find_minima, quadratic
from ...model.objective import Objective
from ...model.problem import ControlProblem
from ...planning.solution import Plan, Solution
from ...rules import metric_modes, optimal_gain
from ...support.arguments import Duration, Entries, NonNegative, Positive, Vector, checked
from ...support.arrays import freeze, number, vector
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError, shown
from ...support.results import Result

_NUDGE = 1e-4  # logarithmic step in the closed form, whose error is its square


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Exponents(Result):
    """How hard the optimal policy pulls on modes of different curvature.

    Attributes
    ----------
    curvature : (K,), h, eigenvalues of G^(-1/2) BᵀHB G^(-1/2) at the minimum, ascending
    gain : (K,), r(h): u = -r·displacement along the mode, measured
    exponent : (K,), p = 1 - d log r/d log h, measured
    theory_gain, theory : (K,), the same for the quadratic without drift (p = r/(2r+γ) for T = ∞);
        NaN with a drift
    directions : (K, n), the displacements of θ along the modes, unit length
    minimum : (n,), where they were measured
    """

    curvature: Entries
    gain: Entries
    exponent: Entries
    theory_gain: Entries
    theory: Entries
    directions: Entries
    minimum: Entries

    def __str__(self) -> str:
        rows = [
            f"{h:>10.4g} {r:>10.4g} {p:>9.4f} {t:>9.4f}"
            for h, r, p, t in zip(
                self.curvature, self.gain, self.exponent, self.theory, strict=True
            )
        ]
        return "\n".join(["curvature h     gain r         p    theory", *rows])


@settings_kept
@checked
def preconditioner_exponent(
    problem: ControlProblem,
    *,
    displacement: Positive | None = None,
    step: Positive = 0.01,
    minimum: Vector | None = None,
    solver: object = None,
) -> Exponents:
    """Measure r(h) and p(h) on the eigen-directions of the curvature, in the metric, at a minimum
    of the landscape.

    Theory: equation :eq:`exponent`.

    The policy is read at small displacements to both sides of the minimum (the quadratic part of
    the policy cancels), on the plans that stay there, should a better one leave for another basin.
    The gain depends on curvature only through ηh (kL and κΦ alike), so p = 1 - d log r/d log η, by
    a central difference over η·e^{±step}: every mode of the landscape itself gets its exponent,
    with an error of order step².

    Parameters
    ----------
    displacement : length of the displacement of θ; None is 1 % of the distance between start and
        minimum (0.01 if zero)
    step : logarithmic change of η
    minimum : (n,), where to measure; None is the minimum nearest to the problem's start
    solver : None, or an object with ``solve(start=..., learning_rate=...) -> Solution`` for the
        problem with L lowered to vanish at the minimum

    Raises
    ------
    ProblemError
        A fixed end, no minimum, a minimum whose curvature along the controls is not positive.
    """
    if problem.end is not None:
        raise ProblemError(
            "preconditioner exponent",
            expected="a free end",
            received="a fixed end",
            advice="set end=None",
        )
    if minimum is None:
        minimum = _nearest_minimum(problem)
    minimum = vector("minimum", minimum, problem.dimension)
    curvature, basis, metric = _modes(problem, minimum)
    if displacement is None:
        displacement = _span(problem, minimum)
    span = number("displacement", displacement, low=0, low_open=True)
    # for T = ∞ without discount only a loss of zero at the minimum has a finite cost
    lowered = problem.landscape.above(float(problem.landscape.loss(minimum)[0]))
    solver = _build(problem.changed(landscape=lowered)) if solver is None else _that_solves(solver)
    directions = (problem.model.actuation(minimum)[0] @ basis).T
    lengths = np.linalg.norm(directions, axis=1)
    eta = problem.objective.learning_rate

    def gain(mode, scale):
        offset = span / lengths[mode]
        controls = []
        for side in (offset, -offset):
            start = minimum + side * directions[mode]
            solution = solver.solve(start=start, learning_rate=scale * eta)
            controls.append(_local_control(solution, minimum))
        ahead, behind = controls
        # u = -r·displacement: the even part of the policy drops out of the difference
        return float(basis[:, mode] @ metric @ (behind - ahead) / (2 * offset))

    return _exponents(gain, step, problem, curvature, directions / lengths[:, None], minimum)


@settings_kept
@checked
def exponent_curve(
    curvatures: Vector,
    *,
    horizon: Duration = math.inf,
    discount: NonNegative = 0.0,
    learning_rate: Duration = 1.0,
    loss_weight: NonNegative = 1.0,
    step: Positive = 0.01,
    solver: object = None,
) -> Exponents:
    """Measured gain and exponent of quadratic modes of given curvatures (K,), each on its own time
    scale.

    The modes of a quadratic do not see each other; each is solved as L = ½θ² with loss weight kh.
    ``solver`` may be given for that problem. See :func:`preconditioner_exponent` for how p is
    measured.
    """
    if (curvatures <= 0).any():
        raise ProblemError(
            "curvatures",
            expected="positive numbers",
            received=f"{curvatures.min():g}",
            advice="leave out the others",
        )
    objective = Objective(
        horizon=horizon, discount=discount, learning_rate=learning_rate, loss_weight=loss_weight
    )
    problem = ControlProblem(
        landscape=quadratic(hessian=np.eye(1)), objective=objective, start=np.ones(1)
    )
    solver = _build(problem) if solver is None else _that_solves(solver)

    def gain(mode, scale):
        solution = solver.solve(
            loss_weight=loss_weight * curvatures[mode], learning_rate=scale * learning_rate
        )
        return -float(solution.controls[0, 0])

    ones = np.ones((len(curvatures), 1))
    return _exponents(gain, step, problem, curvatures, ones, np.zeros(1))


def _local_control(solution: Solution, minimum: np.ndarray) -> np.ndarray:
    """First control of the plan that ends nearest to the minimum.

    A better plan may leave the basin altogether.
    """

    def distance(plan: Plan) -> float:
        return float(np.linalg.norm(plan.parameters[-1] - minimum))

    return min(solution.plans, key=distance).controls[0]


def _exponents(
    gain: Callable[[int, float], float],
    step: float,
    problem: ControlProblem,
    curvature: np.ndarray,
    directions: np.ndarray,
    minimum: np.ndarray,
) -> Exponents:
    modes = range(len(curvature))
    base = np.array([gain(mode, 1.0) for mode in modes])
    high, low = (
        np.array([gain(mode, math.exp(sign * step)) for mode in modes]) for sign in (1, -1)
    )
    with np.errstate(invalid="ignore"):
        exponent = 1 - (np.log(high) - np.log(low)) / (2 * step)
    theory_gain, theory = _theory(curvature, problem)
    arrays = {
        "curvature": curvature,
        "gain": base,
        "exponent": exponent,
        "theory_gain": theory_gain,
        "theory": theory,
        "directions": directions,
        "minimum": minimum,
    }
    return Exponents(**{name: freeze(array) for name, array in arrays.items()})


def _theory(curvature: np.ndarray, problem: ControlProblem) -> tuple[np.ndarray, np.ndarray]:
    """Gain and exponent of the quadratic; the gain depends on ηh alone, so the nudge goes to η."""
    objective = problem.objective
    if problem.model.has_drift or objective.terminal not in (None, "loss"):
        unknown = np.full(len(curvature), np.nan)
        return unknown, unknown

    def nudged_gain(nudge: float) -> np.ndarray:
        rate = objective.learning_rate * math.exp(nudge)
        return optimal_gain(curvature, replace(objective, learning_rate=rate))

    slope = (np.log(nudged_gain(_NUDGE)) - np.log(nudged_gain(-_NUDGE))) / (2 * _NUDGE)
    return optimal_gain(curvature, objective), 1 - slope


def _modes(
    problem: ControlProblem, minimum: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    actuation, metric = problem.model.actuation(minimum)[0], problem.model.metric(minimum)[0]
    hessian = actuation.T @ problem.landscape.hessian(minimum)[0] @ actuation
    curvature, basis = (part[0] for part in metric_modes(hessian[None], metric[None]))
    if not curvature[0] > 1e-12 * curvature[-1]:
        raise ProblemError(
            "curvature at the minimum",
            expected="positive along every control",
            received=f"{curvature.min():.3g}",
            advice="remove the flat direction from B, or add weight decay to the loss",
        )
    return curvature, basis, metric


def _nearest_minimum(problem):
    minima = problem.landscape.minima
    if minima is None:
        minima = find_minima(problem.landscape, problem.start[None])
    if not len(minima):
        raise ProblemError(
            "minimum",
            expected="a landscape with a minimum near the start",
            received="none found",
            advice="pass minimum=... or start closer to it",
        )
    return minima[np.linalg.norm(minima - problem.start, axis=1).argmin()]


def _span(problem: ControlProblem, minimum: np.ndarray) -> float:
    distance = float(np.linalg.norm(problem.start - minimum))
    return distance / 100 if distance > 0 else 0.01


def _that_solves(solver):
    if isinstance(solver, type) or not callable(getattr(solver, "solve", None)):
        raise ProblemError(
            "solver",
            expected="None, or an object with a method solve",
            received=shown(solver),
            advice=(
                "pass a landscape_control.Solver of the problem that is said above, or leave it out"
            ),
        )
    return solver


def _build(problem):
    from ...planning.solver import Solver  # built only when none is given

    return Solver(problem)
