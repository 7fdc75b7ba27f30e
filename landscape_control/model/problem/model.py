"""The functions of a problem, L, G, f, B and Φ: as CasADi expressions, and on many points."""

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, Literal

import casadi as ca
import numpy as np

from ...support.arguments import ArrayLike
from ...support.domain import is_total
from ...support.errors import ProblemError
from ...support.expressions import Expression, call_traced
from ...support.kinks import refuse_kinks
from ...support.pointwise import Pointwise
from ...support.recordable import Unchanging
from ...support.shared import shared
from ..landscape import Landscape
from ..learner import Learner, LinearDrift

Terminal = Literal["loss"] | Callable | None  # Φ


class Model(Unchanging):
    """Everything about a problem that does not depend on its numbers (T, γ, η, k, κ, start, end).

    Problems that share landscape, learner and terminal cost share one model, see :func:`model_of`.
    """

    def __init__(self, landscape: Landscape, learner: Learner, terminal: Terminal):
        self.landscape, self.learner, self.terminal = landscape, learner, terminal
        self.dimension = n = landscape.dimension
        theta = ca.SX.sym("theta", n)
        self._actuation = _function("actuation B", learner.actuation, theta, np.eye(n), (n, None))
        self.controls = m = self._actuation.size2_out(0)
        if m < 1:
            raise ProblemError(
                "actuation B",
                expected="at least one column, one for every control",
                received="none",
                advice="give B a non-zero column",
            )
        self._metric = _function("metric G", learner.metric, theta, np.eye(m), (m, m))
        self._drift = _function("drift f", learner.drift, theta, np.zeros(n), (n, 1))
        # compiled functions that later packages derive from this model
        self.cache: dict[Hashable, Any] = {}
        self._terminal = ca.Function("terminal", [theta], [_terminal(terminal, landscape, theta)])
        if not landscape.allow_kinks:
            self._refuse_kinks()

    def _refuse_kinks(self) -> None:
        own = (
            ("actuation B", self.learner.actuation, self._actuation),
            ("metric G", self.learner.metric, self._metric),
            ("drift f", self.learner.drift, self._drift),
            ("terminal cost Φ", self.terminal, self._terminal),
        )
        for what, given, function in own:
            if callable(given):
                refuse_kinks(what, function)

    def loss_at(self, theta: Expression) -> Expression:
        return self.landscape.symbolic(theta)

    def metric_at(self, theta: Expression) -> Expression:
        return self._metric(theta)

    def drift_at(self, theta: Expression) -> Expression:
        return self._drift(theta)

    def actuation_at(self, theta: Expression) -> Expression:
        return self._actuation(theta)

    def terminal_at(self, theta: Expression) -> Expression:
        return self._terminal(theta)

    @cached_property
    def constant(self) -> dict[str, bool]:
        """Which of metric, drift and actuation do not depend on θ."""
        functions = {"metric": self._metric, "drift": self._drift, "actuation": self._actuation}
        return {name: not f.sparsity_jac(0, 0).nnz() for name, f in functions.items()}

    def place_of(self, point: np.ndarray) -> bytes:
        """A key that two points share if G and B are the same there."""
        return b"" if self.has_constant_effort else point.tobytes()

    def effort_at(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """G (m, m) and B (n, m) at one point (n,), kept until they are asked for elsewhere."""
        place, known = self.place_of(point), self.cache.get("effort at")
        if known is None or known[0] != place:
            effort = self.metric(point)[0], self.actuation(point)[0]
            known = self.cache["effort at"] = place, effort
        return known[1]

    @cached_property
    def has_constant_effort(self) -> bool:
        """Whether G and B do not depend on θ."""
        return self.constant["metric"] and self.constant["actuation"]

    @cached_property
    def is_linear_quadratic(self) -> bool:
        """Whether L is quadratic, f affine, G and B constant (Φ aside), read off the expressions."""
        return (
            self.has_constant_effort
            and self.drift_matrix is not None
            and self.landscape.is_quadratic
        )

    @cached_property
    def drift_growth(self) -> float:
        """How fast a drift Aθ + c lets displacements grow; ∞ where f is not affine.

        The largest eigenvalue of (A + Aᵀ)/2.
        """
        if self.drift_matrix is None:
            return np.inf
        matrix = self.drift_matrix[0]
        return float(np.linalg.eigvalsh((matrix + matrix.T) / 2)[-1])

    @property
    def has_drift(self) -> bool:
        return self.learner.drift is not None

    @cached_property
    def is_invertible(self) -> bool:
        """Whether B is square and well-conditioned; where it varies, at some of a few points."""
        if self.controls != self.dimension:
            return False
        points = np.zeros((1, self.dimension))
        if not self.constant["actuation"]:
            points = _generic_points(self.dimension)
        actuation = self.actuation(points)
        actuation = actuation[np.isfinite(actuation).all(axis=(1, 2))]
        return bool(len(actuation)) and bool((np.linalg.cond(actuation) < 1e8).any())

    @cached_property
    def is_total(self) -> bool:
        """Whether all functions and their derivatives are finite for every θ, overflow aside.

        So is B⁻¹ then, where B is square and depends on θ. Read off the operations, see
        :func:`is_total` in ``domain``.
        """
        theta, velocity = ca.SX.sym("theta", self.dimension), ca.SX.sym("velocity", self.dimension)
        parts = {"metric": self._metric, "drift": self._drift, "actuation": self._actuation}
        functions = [parts[name] for name, is_constant in self.constant.items() if not is_constant]
        functions += [ca.Function("loss", [theta], [self.loss_at(theta)]), self._terminal]
        if self.is_invertible and not self.constant["actuation"]:
            eliminated = ca.solve(self.actuation_at(theta), velocity)
            functions.append(ca.Function("eliminated", [theta, velocity], [eliminated]))
        return all(map(is_total, functions))

    @cached_property
    def drift_matrix(self) -> tuple[np.ndarray, np.ndarray] | None:
        """(A, c) of a drift f = Aθ + c that is exactly affine, else None."""
        if isinstance(self.learner.drift, LinearDrift):
            return self.learner.drift.matrix, self.learner.drift.offset
        theta = ca.SX.sym("theta", self.dimension)
        jacobian = ca.jacobian(self._drift(theta), theta)
        if ca.symvar(jacobian):
            return None
        return np.array(ca.DM(jacobian)), self.drift(np.zeros(self.dimension))[0]

    @cached_property
    def terminal_is_quadratic(self) -> bool:
        """Whether Φ has the same Hessian everywhere (read off the expression, not sampled)."""
        theta = ca.SX.sym("theta", self.dimension)
        return not ca.symvar(ca.hessian(self._terminal(theta), theta)[0])

    def metric(self, points: ArrayLike) -> np.ndarray:
        """G at points (S, n): shape (S, m, m)."""
        return self._on_points(self._metric, points, (self.controls, self.controls))

    def drift(self, points: ArrayLike) -> np.ndarray:
        """f at points (S, n): shape (S, n)."""
        return self._on_points(self._drift, points, (self.dimension,))

    @cached_property
    def _drift_jacobian(self) -> ca.Function:
        theta = ca.SX.sym("theta", self.dimension)
        return ca.Function(
            "drift_jacobian", [theta], [ca.densify(ca.jacobian(self._drift(theta), theta))]
        )

    def drift_jacobian(self, points: ArrayLike) -> np.ndarray:
        """∂f/∂θ at points (S, n): shape (S, n, n)."""
        return self._on_points(self._drift_jacobian, points, (self.dimension, self.dimension))

    def actuation(self, points: ArrayLike) -> np.ndarray:
        """B at points (S, n): shape (S, n, m)."""
        return self._on_points(self._actuation, points, (self.dimension, self.controls))

    def terminal_cost(self, points: ArrayLike) -> np.ndarray:
        """Φ (without its weight κ) at points (S, n): shape (S,)."""
        return self._on_points(self._terminal, points, ())

    @cached_property
    def _terminal_derivatives(self) -> Pointwise:
        theta = ca.SX.sym("theta", self.dimension)
        hessian, gradient = ca.hessian(self._terminal(theta), theta)
        return Pointwise(ca.Function("terminal_derivatives", [theta], [gradient, hessian]))

    def terminal_derivatives(self, points: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """(∇Φ, ∇²Φ) at points (S, n): shapes (S, n), (S, n, n)."""
        n = self.dimension
        gradient, hessian = self._terminal_derivatives(np.atleast_2d(points))
        return gradient.reshape(-1, n), hessian.reshape(-1, n, n)

    def _on_points(
        self, function: ca.Function, points: ArrayLike, shape: tuple[int, ...]
    ) -> np.ndarray:
        """Values at points (S, n): shape (S, *shape)."""
        rows = np.atleast_2d(np.asarray(points, dtype=float))
        return self._pointwise(function)(rows).reshape(len(rows), *shape)

    def _pointwise(self, function: ca.Function) -> Pointwise:
        if function.name() not in self.cache:
            self.cache[function.name()] = Pointwise(function)
        return self.cache[function.name()]


def _generic_points(dimension: int) -> np.ndarray:
    """Points where a matrix that is singular only somewhere is not; (8, n), half of them positive."""
    points = np.random.default_rng(0).standard_normal((8, dimension))
    points[::2] = np.abs(points[::2])
    return points


@shared(recent=8)
def model_of(landscape: Landscape, learner: Learner, terminal: Terminal) -> Model:
    """The model of this landscape, learner and terminal cost, built once."""
    return Model(landscape, learner, terminal)


def _function(
    what: str,
    value: Any,
    theta: ca.SX,
    default: np.ndarray,
    shape: tuple[int, int | None],
) -> ca.Function:
    """θ -> the matrix that a learner states as None, an array or a function of θ."""
    rows, cols = shape
    wanted = f"shape {rows} x {'m' if cols is None else cols}"
    if callable(value):
        expression = call_traced(
            what,
            value,
            [theta],
            wanted=f"{wanted}, from a function of a vector θ of length {theta.numel()}",
            advice=(
                "build it with numpy.stack, numpy.diag or casadi.vertcat, casadi.horzcat,"
                " casadi.diag from the vector it is given"
            ),
        )
    else:
        expression = ca.SX(ca.DM(default if value is None else value))
    expression = ca.densify(expression)
    if expression.size1() != rows or (cols is not None and expression.size2() != cols):
        hint = ""
        if what.startswith("metric"):
            hint = (
                " A metric of parameter space (n x n) acts on a control of m < n entries as B.T @ G"
                " @ B."
            )
        if what.startswith("drift") and expression.shape == (rows, rows) and rows > 1:
            hint = " For f = Aθ + c use landscape_control.linear_drift(A, c)."
        raise ProblemError(
            what,
            expected=wanted,
            received=f"shape {expression.shape}",
            advice=f"match it to the landscape and the actuation.{hint}",
        )
    is_array = value is not None and not callable(value)
    if is_array and not np.isfinite(np.asarray(value, dtype=float)).all():
        raise ProblemError(
            what,
            expected="finite numbers",
            received="NaN or infinity",
            advice=f"check how {what} was computed",
        )
    return ca.Function(what.split()[0], [theta], [expression])


def _terminal(terminal: Terminal, landscape: Landscape, theta: ca.SX) -> ca.SX:
    """Φ(θ) as an expression."""
    if terminal is None:
        return ca.SX(0)
    if not callable(terminal):  # "loss"
        return ca.densify(landscape.symbolic(theta))
    value = call_traced(
        "terminal cost Φ",
        terminal,
        [theta],
        wanted=f"a scalar, from a function of a vector θ of length {theta.numel()}",
        advice=(
            "write it with NumPy or CasADi operations (numpy.exp, casadi.exp, ...) on the vector"
            " it is given"
        ),
    )
    if value.numel() != 1:
        raise ProblemError(
            "terminal cost Φ",
            expected="a scalar",
            received=f"shape {value.shape}",
            advice="sum the entries",
        )
    return ca.densify(value)
