"""Two quadratic tasks in sequence: every usual rule against forgetting, and what it costs exactly.

Each rule is a jump (or none) followed by a flow θ̇ = -M(θ-c). With z = (θ, 1) the flow is ż = Az,
its cost zᵀPz with AᵀP + PA - γP + Q = 0: analytic in the coefficients, so that complex steps give
slopes to the last digit.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import sqrtm
from scipy.optimize import minimize

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
TINY = 1e-30  # imaginary step of a derivative
AT_END = 1e-9  # of a range


def _bowl(away, hessian):
    return ((away @ hessian) * away).sum(-1) / 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Sequence:
    """Task A, learned from ``first`` until its minimum ``old``; then task B is seen, both count.

    L_A = ½(θ-a)ᵀH_A(θ-a) with ``old_hessian`` and a = ``old``, L_B likewise with ``new_hessian``
    and ``new``; J = ∫ e^{-γt}[|θ̇|²/2η + k(L_B + ωL_A)]dt from θ = a on, ω = ``worth``.
    """

    old_hessian: np.ndarray
    old: np.ndarray
    new_hessian: np.ndarray
    new: np.ndarray
    first: np.ndarray
    worth: float = 1.0
    discount: float = 0.5
    rate: float = 1.0
    weight: float = 1.0

    def changed(self, **changes) -> "Sequence":
        """The same with other numbers."""
        return replace(self, **changes)

    @property
    def hessian(self) -> np.ndarray:
        """H = H_B + ωH_A."""
        return self.new_hessian + self.worth * self.old_hessian

    @property
    def compromise(self) -> np.ndarray:
        """The minimum of L_B + ωL_A."""
        pull = self.new_hessian @ self.new + self.worth * self.old_hessian @ self.old
        return np.linalg.solve(self.hessian, pull)

    def old_loss(self, theta):
        """L_A at θ (..., n)."""
        return _bowl(theta - self.old, self.old_hessian)

    def new_loss(self, theta):
        """L_B at θ (..., n)."""
        return _bowl(theta - self.new, self.new_hessian)

    def loss(self, theta):
        """L_B + ωL_A at θ (..., n)."""
        return self.new_loss(theta) + self.worth * self.old_loss(theta)


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """What a rule does with its coefficients: a straight jump to ``target`` in ``duration``, then
    θ̇ = -M(θ-c) with ``matrix`` M and ``rest`` c. Without a jump the duration is 0.
    """

    matrix: np.ndarray
    rest: np.ndarray
    target: np.ndarray | None = None
    duration: complex = 0.0


def flow_cost(tasks: Sequence, matrix, rest, start) -> complex:
    """∫ e^{-γt}[|θ̇|²/2η + kL] dt of θ̇ = -M(θ-c) from ``start``."""
    size = len(start) + 1
    system = np.zeros((size, size), dtype=np.result_type(matrix, rest))
    system[:-1, :-1], system[:-1, -1] = -matrix, matrix @ rest
    moved = system[:-1]
    running = moved.T @ moved / (2 * tasks.rate) + tasks.weight * _loss_form(tasks)
    # AᵀP + PA - γP as a matrix on the entries of P, row after row
    eye, shifted = np.eye(size), system.T - tasks.discount / 2 * np.eye(size)
    operator = np.einsum("ik,jl->ijkl", shifted, eye) + np.einsum("ik,jl->ijkl", eye, shifted)
    value = np.linalg.solve(operator.reshape(size**2, -1), -running.ravel()).reshape(size, size)
    place = np.append(start, 1.0)
    return place @ value @ place


def _loss_form(tasks: Sequence) -> np.ndarray:
    """Q with zᵀQz = L_B + ωL_A, z = (θ, 1)."""
    form = np.zeros((len(tasks.old) + 1,) * 2)
    pairs = (
        (tasks.new_hessian, tasks.new),
        (tasks.worth * tasks.old_hessian, tasks.old),
    )
    for hessian, minimum in pairs:
        form[:-1, :-1] += hessian / 2
        form[:-1, -1] -= hessian @ minimum / 2
        form[-1, :-1] -= hessian @ minimum / 2
        form[-1, -1] += minimum @ hessian @ minimum / 2
    return form


def course_cost(tasks: Sequence, course: Course) -> complex:
    """J of a jump and the flow after it."""
    if course.target is None:
        return flow_cost(tasks, course.matrix, course.rest, tasks.old)
    jump, span = course.target - tasks.old, course.duration
    # the loss along the line is a parabola in the share that is done
    first, middle, last = tasks.loss(tasks.old + np.outer([0.0, 0.5, 1.0], jump))
    parabola = np.array([first, -3 * first + 4 * middle - last, 2 * (first - 2 * middle + last)])
    effort = jump @ jump / (2 * tasks.rate * span**2)
    powers = faded_powers(tasks.discount * span)
    total = span * (effort * powers[0] + tasks.weight * parabola @ powers)
    after = flow_cost(tasks, course.matrix, course.rest, course.target)
    return total + np.exp(-tasks.discount * span) * after


def faded_powers(x: complex) -> np.ndarray:
    """∫₀¹ τᵏ e^{-xτ} dτ for k = 0, 1, 2: by parts, and by quadrature where that cancels."""
    if abs(x) < 1:
        places = (NODES + 1) / 2
        return np.vander(places, 3, increasing=True).T @ (WEIGHTS / 2 * np.exp(-x * places))
    end = np.exp(-x)
    zeroth = (1 - end) / x
    linear = (zeroth - end) / x
    return np.array([zeroth, linear, (2 * linear - end) / x])


def optimal_matrix(tasks: Sequence, hessian) -> np.ndarray:
    """R = √(γ²/4 + ηkH) - γ/2."""
    eye = np.eye(len(hessian))
    root = sqrtm(tasks.discount**2 / 4 * eye + tasks.rate * tasks.weight * hessian)
    return np.real(root) - tasks.discount / 2 * eye


def optimal_cost(tasks: Sequence) -> float:
    """J* of θ̇ = -R(θ-μ), μ the compromise."""
    matrix = optimal_matrix(tasks, tasks.hessian)
    return float(flow_cost(tasks, matrix, tasks.compromise, tasks.old))


def lost(tasks: Sequence, cost: float) -> float:
    """(J - J*)/(J_stay - J*): the share that is lost of what moving can gain over resting at a."""
    best, stay = optimal_cost(tasks), tasks.weight * tasks.loss(tasks.old) / tasks.discount
    return (cost - best) / (stay - best)


def fisher(tasks: Sequence) -> np.ndarray:
    """v⁻¹ of independent Gaussian weights after task A: the diagonal of H_A."""
    return np.diag(tasks.old_hessian).copy()


def path_integral(tasks: Sequence) -> np.ndarray:
    """Twice ∫ -∂_iL_A θ̇_i dt/(a-θ₀)_i² along gradient flow on A from θ₀: synaptic intelligence.

    X = ∫ ggᵀdt solves H_AX + XH_A = H_A D DᵀH_A, D = a-θ₀.
    """
    hessian, moved = tasks.old_hessian, tasks.old - tasks.first
    sizes, modes = np.linalg.eigh(hessian)
    slopes = sizes * (modes.T @ moved)
    integral = modes @ (np.outer(slopes, slopes) / np.add.outer(sizes, sizes)) @ modes.T
    return 2 * np.diag(integral) / moved**2


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule: how its coefficients make a course, and their ranges on the scale of the search."""

    course: Callable
    ranges: tuple[tuple[float, float], ...]
    starts: tuple[tuple[float, ...], ...]


RATE_RANGE = (math.log(1e-4), math.log(1e5))  # of log α
SHARE_RANGE = (0.0, 0.9999)  # of w = c/(1+c)
DURATION_RANGE = (math.log(1e-4), math.log(1e2))
_PAIRS = tuple((rate, share) for rate in (-1.0, 0.5) for share in (0.2, 0.6))


def plain(tasks: Sequence, x) -> Course:
    """θ̇ = -α∇L_B."""
    return Course(matrix=np.exp(x[0]) * tasks.new_hessian, rest=tasks.new)


def natural(tasks: Sequence, x) -> Course:
    """θ̇ = -α v ∇L_B, v⁻¹ = diag H_A: the Fisher metric of Gaussian weights, no second loss."""
    matrix = np.exp(x[0]) * tasks.new_hessian / fisher(tasks)[:, None]
    return Course(matrix=matrix, rest=tasks.new)


def penalised(penalty: Callable, centre: str = "old") -> Callable:
    """θ̇ = -α[∇L_B + cF(θ-θ')], F the ``penalty`` matrix, θ' the old minimum or θ₀."""

    def course(tasks: Sequence, x) -> Course:
        added = x[1] / (1 - x[1]) * penalty(tasks)
        matrix = tasks.new_hessian + added
        pull = tasks.new_hessian @ tasks.new + added @ getattr(tasks, centre)
        return Course(matrix=np.exp(x[0]) * matrix, rest=np.linalg.solve(matrix, pull))

    return course


def jumping(tasks: Sequence, x) -> Course:
    """θ → θ₀ + shrink·(θ-θ₀) in a time d, then θ̇ = -α∇L_B; x = (log α, log d, shrink)."""
    shrink = x[2] if len(x) > 2 else 0.0
    target = tasks.first + shrink * (tasks.old - tasks.first)
    return Course(
        matrix=np.exp(x[0]) * tasks.new_hessian,
        rest=tasks.new,
        target=target,
        duration=np.exp(x[1]),
    )


def _with_penalty(penalty: Callable, centre: str = "old") -> Rule:
    return Rule(course=penalised(penalty, centre), ranges=(RATE_RANGE, SHARE_RANGE), starts=_PAIRS)


_ALONE = {"ranges": (RATE_RANGE,), "starts": ((-1.0,), (1.0,))}
RULES: Mapping[str, Rule] = {
    "plain_descent": Rule(course=plain, **_ALONE),
    "full_reset": Rule(
        course=jumping,
        ranges=(RATE_RANGE, DURATION_RANGE),
        starts=((-1.0, 0.0), (0.5, -1.0), (0.5, 3.0)),
    ),
    "shrink_and_perturb": Rule(
        course=jumping,
        ranges=(RATE_RANGE, DURATION_RANGE, (0.0, 1.0)),
        starts=((-1.0, 0.0, 0.2), (0.5, 0.0, 0.8), (-1.0, -8.0, 1.0)),
    ),
    "l2_decay": _with_penalty(lambda tasks: np.eye(len(tasks.old)), "first"),
    "gaussian_weights": Rule(course=natural, **_ALONE),
    "synaptic_intelligence": _with_penalty(lambda tasks: np.diag(path_integral(tasks))),
    "ewc": _with_penalty(lambda tasks: np.diag(fisher(tasks))),
    "both_losses": _with_penalty(lambda tasks: tasks.old_hessian),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A rule at its best coefficients.

    Attributes
    ----------
    x : on the scale of the search
    cost : J
    course : what it does
    steepest : largest |∂J/∂x_i| that still leads downwards inside the ranges, over J_stay - J*
    """

    x: np.ndarray
    cost: float
    course: Course
    steepest: float

    @property
    def importance(self) -> float:
        """c of the penalty."""
        return float(self.x[1] / (1 - self.x[1]))


def slopes(tasks: Sequence, rule: Rule, x) -> tuple[float, np.ndarray]:
    """(J, ∂J/∂x)."""
    turned = [
        course_cost(tasks, rule.course(tasks, x + 1j * TINY * unit)) for unit in np.eye(len(x))
    ]
    return float(np.real(turned[0])), np.imag(turned) / TINY


def best(tasks: Sequence, key: str) -> Found:
    """The coefficients of least J, from several starts."""
    rule = RULES[key]
    scale = tasks.weight * tasks.loss(tasks.old) / tasks.discount - optimal_cost(tasks)

    def scaled(x):
        cost, slope = slopes(tasks, rule, x)
        return cost / scale, slope / scale

    def descended(start):
        return minimize(
            scaled,
            start,
            jac=True,
            bounds=rule.ranges,
            method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-9},
        )

    end = min((descended(start) for start in rule.starts), key=lambda end: end.fun)
    x = descended(end.x).x  # once more, with a fresh estimate of the curvature
    cost, slope = slopes(tasks, rule, x)
    low, high = np.array(rule.ranges).T
    free = ~((x - low < AT_END) & (slope > 0)) & ~((high - x < AT_END) & (slope < 0))
    return Found(
        x=x,
        cost=cost,
        course=rule.course(tasks, x),
        steepest=float(np.abs(slope * free).max() / scale),
    )
