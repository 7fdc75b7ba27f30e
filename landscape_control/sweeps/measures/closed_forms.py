"""Exact answers for quadratic landscapes without drift: no solve, any number of cells at once.

In coordinates z of the modes of H in the metric G, θ - μ = Wz with WᵀGW = 1, each curvature h has
the gain

    r = [ηkh S + ηκh (C - γS/2)] / [C + (γ/2 + ηκh) S],   w = √(γ²/4 + ηkh), C = cosh(wT), S =
                                                          sinh(wT)/w

(κ = 0 without terminal cost; T = ∞: r = w - γ/2), V = Σ r z²/2η plus the cost of the loss's own
minimum (Anderson & Moore, *Optimal Control: Linear Quadratic Methods*, ch. 3; VGR25 for T = ∞).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ...identification.maps import preconditioner_exponent as measured_exponent
from ...model.objective import OBJECTIVE_NUMBERS
from ...model.problem import ControlProblem
from ...rules import metric_modes
from ...support.errors import ProblemError, check_choice
from .measure import Cell, Measure, register
from .numbered import Numbered, solver_of

CURVATURE = "landscape.hessian"  # of one parameter
_NUDGE = 1e-4  # logarithmic step of the derivative, whose error is its square


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """Per cell (N,) or one number each: T, γ, η, k, κ, and the factor on the curvatures."""

    horizon: np.ndarray
    discount: np.ndarray
    learning_rate: np.ndarray
    loss_weight: np.ndarray
    terminal_weight: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Modes:
    """Of a quadratic problem: curvatures h (m,) ascending, z² (m,) of the start, least loss."""

    curvature: np.ndarray
    square: np.ndarray
    least: float


def mode_gain(curvature: float | np.ndarray, numbers: Numbers) -> np.ndarray:
    """r at t = 0 for curvatures that broadcast against the numbers.

    NaN beyond the conjugate point of a concave mode, where no plan is optimal.
    """
    eta, half, horizon = numbers.learning_rate, numbers.discount / 2, numbers.horizon
    square = half**2 + eta * numbers.loss_weight * curvature
    root = np.sqrt(np.abs(square))
    with np.errstate(all="ignore"):
        angle = root * horizon
        infinite = np.isinf(horizon)
        # tangent = S/C of the module's formula, which is divided by C throughout
        tangent = np.where(angle > 1e-8, np.tanh(angle) / root, horizon)
        concave = np.where(angle < np.pi, np.tan(angle) / root, np.nan)
        tangent = np.where(square < 0, concave, tangent)
        endless = np.where(square > 0, 1 / root, np.where(square == 0, np.inf, np.nan))
        tangent = np.where(infinite, endless, tangent)
        running = eta * numbers.loss_weight * curvature
        end = eta * numbers.terminal_weight * curvature
        below = 1 + (half + end) * tangent
        gain = (running * tangent + end * (1 - half * tangent)) / below
        gain = np.where(infinite & (square >= 0), root - half, gain)
        valid = (square >= 0) | ((angle < np.pi) & (np.cos(angle) * below > 0))
        return np.where(valid, gain, np.nan)


def mode_exponent(curvature: float | np.ndarray, numbers: Numbers) -> np.ndarray:
    """p = 1 - d log r / d log h by a central difference (T = ∞: r/(2r + γ), exactly)."""
    more, less = (mode_gain(curvature * math.exp(nudge), numbers) for nudge in (_NUDGE, -_NUDGE))
    with np.errstate(all="ignore"):
        slope = 1 - (np.log(more) - np.log(less)) / (2 * _NUDGE)
        rate = mode_gain(curvature, numbers)
        return np.where(np.isinf(numbers.horizon), rate / (2 * rate + numbers.discount), slope)


def total_cost(modes: Modes, numbers: Numbers) -> np.ndarray:
    """J* (N,)."""
    shape = np.broadcast_shapes(
        *(np.shape(getattr(numbers, name)) for name in Numbers.__dataclass_fields__)
    )
    cost = np.zeros(shape)
    for h, square in zip(modes.curvature, modes.square, strict=True):
        cost = cost + mode_gain(h * numbers.scale, numbers) * square / (2 * numbers.learning_rate)
    if modes.least:
        cost = cost + modes.least * (numbers.loss_weight * _duration(numbers) + _final(numbers))
    return cost


def read_modes(problem: ControlProblem) -> Modes:
    """The modes of a quadratic problem with a free end, no drift, constant G and B square.

    Raises ProblemError, naming what the closed form cannot do, for any other problem.
    """
    reason = _obstacle(problem)
    if reason:
        raise ProblemError(
            "closed form",
            expected=(
                "a known quadratic landscape with a free end, constant metric, every "
                "direction pushable, no drift, and no terminal cost but the loss"
            ),
            received=reason,
            advice="use the measures 'cost' and 'preconditioner_exponent', which solve the cell",
        )
    start = problem.start
    loss, gradient, hessian = problem.start_derivatives
    actuation, metric = problem.model.actuation(start)[0], problem.model.metric(start)[0]
    # start - minimum, where the loss sees it
    offset = np.linalg.lstsq(hessian[0], gradient[0], rcond=1e-13)[0]
    curvature, basis = (
        part[0] for part in metric_modes((actuation.T @ hessian[0] @ actuation)[None], metric[None])
    )
    displacement = basis.T @ metric @ np.linalg.solve(actuation, offset)
    return Modes(
        curvature=curvature,
        square=displacement**2,
        least=_round_off(loss[0], 0.5 * gradient[0] @ offset),
    )


def _round_off(loss: float, above: float) -> float:
    least = float(loss - above)
    return least if abs(least) > 1e-13 * (abs(loss) + abs(above)) else 0.0


def _obstacle(problem: ControlProblem) -> str | None:
    if not getattr(problem, "is_known", False):
        return "hidden variables, or no control problem"
    checks = (
        (problem.end is None, "a fixed end"),
        (problem.landscape.is_quadratic, "a loss that is not quadratic"),
        (not problem.model.has_drift, "a drift"),
        (problem.objective.terminal in (None, "loss"), "a terminal cost"),
        (
            problem.model.is_invertible and problem.model.constant["actuation"],
            "directions that cannot be pushed",
        ),
        (problem.model.constant["metric"], "a metric that depends on θ"),
    )
    return next((words for good, words in checks if not good), None)


def _numbers(problem: ControlProblem, values: Mapping[str, object]) -> Numbers:
    """Numbers of the objective, replaced by arrays given by path ("objective." may be left out)."""
    objective, given = problem.objective, {}
    for path, value in values.items():
        short = path.removeprefix("objective.")
        check_choice(
            "path of a closed form",
            short,
            (*OBJECTIVE_NUMBERS, CURVATURE) if problem.dimension == 1 else OBJECTIVE_NUMBERS,
        )
        given[short] = np.asarray(value, dtype=float)
    numbers = {
        name: given.get(name, np.asarray(getattr(objective, name))) for name in OBJECTIVE_NUMBERS
    }
    if objective.terminal is None:
        numbers["terminal_weight"] = np.asarray(0.0)
    scale = np.asarray(1.0)
    if CURVATURE in given:  # of one parameter: another curvature is a factor on the base one
        scale = given[CURVATURE] / problem.start_derivatives[2].item()
    return Numbers(scale=scale, **numbers)


def _duration(numbers: Numbers) -> np.ndarray:
    """∫ e^{-γt}dt over the horizon."""
    gamma, horizon = numbers.discount, numbers.horizon
    with np.errstate(all="ignore"):
        faded = -np.expm1(-gamma * horizon) / np.where(gamma > 0, gamma, 1.0)
        return np.where(gamma > 0, faded, horizon)


def _final(numbers: Numbers) -> np.ndarray:
    with np.errstate(all="ignore"):
        final = numbers.terminal_weight * np.exp(-numbers.discount * numbers.horizon)
        return np.where(numbers.terminal_weight > 0, final, 0.0)


def _batch_cost(problem: ControlProblem, values: Mapping[str, object]) -> np.ndarray:
    return total_cost(read_modes(problem), _numbers(problem, values))


def _batch_gain(problem: ControlProblem, values: Mapping[str, object]) -> dict[str, np.ndarray]:
    return _ends(mode_gain, problem, values)


def _batch_exponent(problem: ControlProblem, values: Mapping[str, object]) -> np.ndarray:
    modes, numbers = read_modes(problem), _numbers(problem, values)
    return np.mean([mode_exponent(h * numbers.scale, numbers) for h in modes.curvature], axis=0)


def _ends(
    function: Callable, problem: ControlProblem, values: Mapping[str, object]
) -> dict[str, np.ndarray]:
    curvature, numbers = read_modes(problem).curvature, _numbers(problem, values)
    return {
        "flattest": function(curvature[0] * numbers.scale, numbers),
        "steepest": function(curvature[-1] * numbers.scale, numbers),
    }


def _single(batch: Callable) -> Callable[[Cell], float | dict[str, float]]:
    def measure(cell):
        value = batch(cell.problem, {})
        if isinstance(value, dict):
            return {key: float(number) for key, number in value.items()}
        return float(value)

    return measure


def _exponent(cell: Cell) -> float:
    """The closed form where it holds, else measured at the minimum nearest to the start."""
    if not getattr(cell.problem, "is_known", False):
        received = type(cell.problem).__name__
        if hasattr(cell.problem, "is_known"):
            received += ", hidden variables"
        raise ProblemError(
            "measure 'preconditioner_exponent'",
            expected="a ControlProblem on a known landscape",
            received=received,
            advice="leave this measure out for problems of this kind",
        )
    if _obstacle(cell.problem) is None:
        return float(_batch_exponent(cell.problem, {}))
    return float(np.mean(measured_exponent(cell.problem, solver=_near_minimum(cell)).exponent))


def _near_minimum(cell: Cell) -> Numbered | None:
    """The cell's kept solver; None where a cost without end needs a loss that vanishes there."""
    objective = cell.problem.objective
    endless = math.isinf(objective.horizon) and objective.discount == 0
    return None if endless or cell.problem.end is not None else solver_of(cell)


exact_cost = register(
    Measure(
        name="exact_cost",
        function=_single(_batch_cost),
        batch=_batch_cost,
        needs="problem",
        units="loss × time",
        description="J* of a quadratic landscape without drift, in closed form",
    )
)
exact_gain = register(
    Measure(
        name="exact_gain",
        function=_single(_batch_gain),
        batch=_batch_gain,
        needs="problem",
        units="1/time",
        description=(
            "rate at which the optimal first control reduces a displacement along the flattest and"
            " the steepest mode"
        ),
    )
)
exact_exponent = register(
    Measure(
        name="exact_exponent",
        function=_single(_batch_exponent),
        batch=_batch_exponent,
        needs="problem",
        description=(
            "preconditioner exponent of a quadratic landscape without drift in closed form, mean"
            " over its modes"
        ),
    )
)
preconditioner_exponent = register(
    Measure(
        name="preconditioner_exponent",
        function=_exponent,
        needs="problem",
        description=(
            "p = 1 - d log r/d log h at the minimum, mean over modes: 0 gradient descent, ½"
            " ballistic and Adam-like, 1 Newton; closed form on quadratics, elsewhere measured on"
            " the numerical policy"
        ),
    )
)
