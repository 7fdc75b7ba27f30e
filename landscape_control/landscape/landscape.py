"""The loss landscape L(θ): one CasADi expression with its gradient and Hessian."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import casadi as ca
import numpy as np

from ..arrays import freeze, matrix, whole
from ..errors import ProblemError
from ..pointwise import Pointwise

_KINKS = {ca.OP_FABS: "fabs", ca.OP_SIGN: "sign", ca.OP_FMIN: "fmin", ca.OP_FMAX: "fmax", ca.OP_FLOOR: "floor",
          ca.OP_CEIL: "ceil", ca.OP_FMOD: "fmod", ca.OP_IF_ELSE_ZERO: "if_else", ca.OP_LT: "<", ca.OP_LE: "<="}


@dataclass(frozen=True, kw_only=True, eq=False)
class Landscape:
    """A loss L: Rⁿ -> R, twice continuously differentiable.

    Attributes
    ----------
    dimension : int
        Number n of parameters θ.
    expression : callable
        CasADi-traceable: maps a CasADi vector of length n to a scalar expression.
    name, formula : str
        How the landscape is called and written in descriptions.
    minima : array (M, n) or None
        Known minima, used as candidate ends by the multi-start; searched for when None.
    allow_kinks : bool
        Accept operations that are not twice differentiable (fabs, fmax, if_else ...), at the user's risk.

    Raises
    ------
    ProblemError
        If the expression is not scalar, cannot be traced, uses kinks, or ``minima`` has the wrong shape.
    """

    dimension: int
    expression: Callable
    name: str = "landscape"
    formula: str = "L(θ)"
    minima: np.ndarray | None = None
    allow_kinks: bool = False
    _loss: ca.Function = field(init=False, repr=False)

    def __post_init__(self):
        whole("landscape dimension", self.dimension)
        object.__setattr__(self, "_loss", _trace(self.expression, self.dimension))
        if not self.allow_kinks:
            _refuse_kinks(self._loss)
        if self.minima is not None:
            minima = matrix("landscape minima", np.atleast_2d(self.minima), (None, self.dimension))
            object.__setattr__(self, "minima", freeze(minima))

    @classmethod
    def from_expression(cls, expression: Callable, *, dimension: int, name: str = "custom landscape",
                        formula: str = "L(θ)", minima=None, allow_kinks: bool = False) -> "Landscape":
        """Landscape of a function of one CasADi vector, e.g. ``lambda θ: (θ[0]**2 - 1)**2 + θ[1]**2``."""
        return cls(dimension=dimension, expression=expression, name=name, formula=formula, minima=minima,
                   allow_kinks=allow_kinks)

    def above(self, value: float) -> "Landscape":
        """The same landscape lowered by ``value``: L(θ) - value.

        Infinite-horizon problems without discount need the loss to vanish at the minimum.
        """
        original = self.expression
        return Landscape(dimension=self.dimension, expression=lambda theta: original(theta) - value, name=self.name,
                         formula=f"{self.formula} - ({value:g})", minima=self.minima, allow_kinks=self.allow_kinks)

    def symbolic(self, theta):
        """The loss as a CasADi expression at the CasADi vector ``theta``."""
        return self._loss(theta)

    @cached_property
    def _derivatives(self) -> Pointwise:
        theta = ca.SX.sym("theta", self.dimension)
        hessian, gradient = ca.hessian(self._loss(theta), theta)
        return Pointwise(ca.Function("loss_derivatives", [theta], [self._loss(theta), gradient, hessian]))

    @cached_property
    def _value(self) -> Pointwise:
        return Pointwise(self._loss)

    @cached_property
    def _slope(self) -> Pointwise:
        theta = ca.SX.sym("theta", self.dimension)
        return Pointwise(ca.Function("loss_gradient", [theta], [ca.gradient(self._loss(theta), theta)]))

    def loss(self, points) -> np.ndarray:
        """L at points (S, n): shape (S,)."""
        return self._value(np.atleast_2d(points))

    def gradient(self, points) -> np.ndarray:
        """∇L at points (S, n): shape (S, n)."""
        return self._slope(np.atleast_2d(points)).reshape(-1, self.dimension)

    def derivatives(self, points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(L, ∇L, ∇²L) at points (S, n): shapes (S,), (S, n), (S, n, n)."""
        loss, gradient, hessian = self._derivatives(np.atleast_2d(points))
        return loss, gradient.reshape(-1, self.dimension), hessian.reshape(-1, self.dimension, self.dimension)

    def hessian(self, points) -> np.ndarray:
        """∇²L at points (S, n): shape (S, n, n)."""
        return self.derivatives(points)[2]

    @cached_property
    def is_quadratic(self) -> bool:
        """Whether the Hessian is the same matrix everywhere (read off the expression, not sampled)."""
        theta = ca.SX.sym("theta", self.dimension)
        return not ca.symvar(ca.hessian(self._loss(theta), theta)[0])


def _trace(expression, dimension) -> ca.Function:
    theta = ca.SX.sym("theta", dimension)
    advice = "write the loss with CasADi operations (casadi.exp, casadi.dot, ...) on the vector it is given"
    try:
        value = ca.SX(expression(theta))
    except ProblemError:
        raise
    except Exception as error:
        raise ProblemError("loss expression", expected=f"a function of a CasADi vector of length {dimension}",
                           received=f"{type(error).__name__}: {str(error).strip().splitlines()[0]}", advice=advice) from error
    if value.numel() != 1:
        raise ProblemError("loss expression", expected="a scalar", received=f"shape {value.shape}",
                           advice="sum or average the entries, e.g. casadi.sumsqr(...)")
    if not ca.depends_on(value, theta):
        raise ProblemError("loss expression", expected="an expression that depends on θ", received=f"the constant {value}",
                           advice=advice)
    if ca.symvar(value) and not set(map(str, ca.symvar(value))) <= set(map(str, ca.symvar(theta))):
        raise ProblemError("loss expression", expected="an expression in θ alone",
                           received=f"free symbols {ca.symvar(value)}", advice="replace them by numbers")
    return ca.Function("loss", [theta], [ca.densify(value)])


def _refuse_kinks(loss: ca.Function):
    used = {_KINKS[op] for op in map(loss.instruction_id, range(loss.n_instructions())) if op in _KINKS}
    if used:
        raise ProblemError("loss expression", expected="a twice continuously differentiable function",
                           received=f"an expression that uses {', '.join(sorted(used))}",
                           advice="smooth it, e.g. sqrt(x**2 + eps**2) for |x|, or pass allow_kinks=True if the pieces join smoothly")
