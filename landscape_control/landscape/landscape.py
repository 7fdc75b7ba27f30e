"""The loss landscape L(θ): one CasADi expression with its gradient and Hessian."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import casadi as ca
import numpy as np

from ..arrays import freeze, matrix, vector, whole
from ..errors import ProblemError
from ..pointwise import Pointwise
from .hidden import Hidden

_KINKS = {
    ca.OP_FABS: "fabs",
    ca.OP_SIGN: "sign",
    ca.OP_FMIN: "fmin",
    ca.OP_FMAX: "fmax",
    ca.OP_FLOOR: "floor",
    ca.OP_CEIL: "ceil",
    ca.OP_FMOD: "fmod",
    ca.OP_IF_ELSE_ZERO: "if_else",
    ca.OP_LT: "<",
    ca.OP_LE: "<=",
}


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
    hidden : Hidden or None
        Hidden variables φ that the loss depends on; ``expression`` then takes two vectors, (θ, φ).

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
    hidden: Hidden | None = None
    _loss: ca.Function = field(init=False, repr=False)

    def __post_init__(self):
        whole("landscape dimension", self.dimension)
        if self.hidden is not None and not isinstance(self.hidden, Hidden):
            raise ProblemError(
                "hidden",
                expected="GaussianPrior, RandomWalk, OrnsteinUhlenbeck, JumpProcess or TaskChain",
                received=type(self.hidden).__name__,
                advice="declare how the hidden variables move",
            )
        sizes = (self.dimension,) if self.hidden is None else (self.dimension, self.hidden.dimension)
        object.__setattr__(self, "_loss", _trace(self.expression, sizes))
        if not self.allow_kinks:
            _refuse_kinks(self._loss)
        if self.minima is not None:
            minima = matrix("landscape minima", np.atleast_2d(self.minima), (None, self.dimension))
            object.__setattr__(self, "minima", freeze(minima))

    @classmethod
    def from_expression(
        cls,
        expression: Callable,
        *,
        dimension: int,
        name: str = "custom landscape",
        formula: str = "as the function given",
        minima=None,
        allow_kinks: bool = False,
        hidden: Hidden | None = None,
    ) -> "Landscape":
        """Landscape of a function of one CasADi vector, e.g. ``lambda θ: (θ[0]**2 - 1)**2 + θ[1]**2``.

        With ``hidden`` the function takes two vectors, (θ, φ).
        """
        return cls(
            dimension=dimension,
            expression=expression,
            name=name,
            formula=formula,
            minima=minima,
            allow_kinks=allow_kinks,
            hidden=hidden,
        )

    def above(self, value: float) -> "Landscape":
        """The same landscape lowered by ``value``: L(θ) - value.

        Infinite-horizon problems without discount need the loss to vanish at the minimum.
        """
        original = self.expression
        return Landscape(
            dimension=self.dimension,
            expression=lambda *vectors: original(*vectors) - value,
            name=self.name,
            formula=f"{self.formula} - ({value:g})",
            minima=self.minima,
            allow_kinks=self.allow_kinks,
            hidden=self.hidden,
        )

    def symbolic(self, theta, hidden=None):
        """The loss as a CasADi expression at the CasADi vector ``theta`` (and ``hidden``, where the landscape has it)."""
        return self._loss(theta) if self.hidden is None else self._loss(theta, self._given(hidden))

    def given(self, hidden) -> "Landscape":
        """The known landscape in which the hidden variables have these values."""
        values = vector("hidden values", hidden, self.hidden.dimension)
        return Landscape(
            dimension=self.dimension,
            expression=lambda theta: self._loss(theta, ca.DM(values)),
            name=self.name,
            formula=self.formula,
            allow_kinks=self.allow_kinks,
        )

    @cached_property
    def at_prior_mean(self) -> "Landscape":
        """The known landscape at the hidden variables' prior mean; the landscape itself if nothing is hidden."""
        return self if self.hidden is None else self.given(self.hidden.prior_mean)

    @staticmethod
    def _given(hidden):
        if hidden is None:
            raise ProblemError(
                "landscape",
                expected="values of its hidden variables",
                received="none",
                advice="use landscape.given(values) for a known landscape, or solve the problem with beliefs",
            )
        return hidden

    @cached_property
    def _derivatives(self) -> Pointwise:
        theta = ca.SX.sym("theta", self.dimension)
        hessian, gradient = ca.hessian(self.symbolic(theta), theta)
        return Pointwise(ca.Function("loss_derivatives", [theta], [self.symbolic(theta), gradient, hessian]))

    @cached_property
    def _value(self) -> Pointwise:
        theta = ca.SX.sym("theta", self.dimension)
        return Pointwise(ca.Function("loss", [theta], [self.symbolic(theta)]))

    @cached_property
    def _slope(self) -> Pointwise:
        theta = ca.SX.sym("theta", self.dimension)
        return Pointwise(ca.Function("loss_gradient", [theta], [ca.gradient(self.symbolic(theta), theta)]))

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
        return not ca.symvar(ca.hessian(self.symbolic(theta), theta)[0])


def _trace(expression, sizes) -> ca.Function:
    vectors = [ca.SX.sym(name, size) for name, size in zip(("theta", "hidden"), sizes, strict=False)]
    theta, dimension = vectors[0], sizes[0]
    advice = "write the loss with CasADi operations (casadi.exp, casadi.dot, ...) on the vector it is given"
    try:
        value = ca.SX(expression(*vectors))
    except ProblemError:
        raise
    except Exception as error:
        raise ProblemError(
            "loss expression",
            expected=f"a function of a CasADi vector of length {dimension}",
            received=f"{type(error).__name__}: {str(error).strip().splitlines()[0]}",
            advice=advice,
        ) from error
    if value.numel() != 1:
        raise ProblemError(
            "loss expression",
            expected="a scalar",
            received=f"shape {value.shape}",
            advice="sum or average the entries, e.g. casadi.sumsqr(...)",
        )
    if not ca.depends_on(value, theta):
        raise ProblemError(
            "loss expression", expected="an expression that depends on θ", received=f"the constant {value}", advice=advice
        )
    known = set(map(str, ca.symvar(ca.vertcat(*vectors))))
    if not set(map(str, ca.symvar(value))) <= known:
        raise ProblemError(
            "loss expression",
            expected="an expression in θ (and the hidden variables) alone",
            received=f"free symbols {ca.symvar(value)}",
            advice="replace them by numbers",
        )
    return ca.Function("loss", vectors, [ca.densify(value)])


def _refuse_kinks(loss: ca.Function):
    used = {_KINKS[op] for op in map(loss.instruction_id, range(loss.n_instructions())) if op in _KINKS}
    if used:
        raise ProblemError(
            "loss expression",
            expected="a twice continuously differentiable function",
            received=f"an expression that uses {', '.join(sorted(used))}",
            advice="smooth it, e.g. sqrt(x**2 + eps**2) for |x|, or pass allow_kinks=True if the pieces join smoothly",
        )
