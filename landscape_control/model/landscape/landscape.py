"""The loss landscape L(θ): one CasADi expression with its gradient and Hessian."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

import casadi as ca
import numpy as np

from ...support.arguments import Anywhere, ArrayLike, Numbers, Shape, Vector, Whole, checked
from ...support.arrays import freeze, matrix, vector, whole
from ...support.errors import ProblemError
from ...support.expressions import Expression, call_given
from ...support.kinks import refuse_kinks
from ...support.pointwise import Pointwise
from ...support.recordable import PickledAsRecord
from .formula import with_numbers as formula_with_numbers
from .hidden import Hidden
from .sample_mean import SampleMean, called_means
from .tracing import changed_parameters, checked_parameters, trace, with_numbers

MOST_PARAMETERS = 10_000  # a Hessian of 10⁸ numbers, 0.8 GB
Minima = Annotated[ArrayLike, Shape((1, 2), allow_empty=True)]
Dimension = Annotated[int, Whole(low=1, high=MOST_PARAMETERS)]


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Landscape(PickledAsRecord):
    """A loss L: Rⁿ -> R, twice continuously differentiable.

    Attributes
    ----------
    dimension : int
        Number n of parameters θ.
    expression : callable
        Maps a vector of length n to a scalar, by the operations of NumPy or of CasADi; it is called
        with symbols. One that does not use CasADi means what it returns for a NumPy array.
    name, formula : str
        How the landscape is called and written in descriptions.
    minima : array (M, n), function of the parameters, or None
        Known minima, used as candidate ends by the multi-start; searched for when None.
    allow_kinks : bool
        Accept operations that are not twice differentiable (fabs, fmax, if_else ...), at the user's
        risk; in the other functions of a problem of this landscape (drift, metric, actuation,
        terminal cost, what is seen) too. Pieces that join with value, slope and curvature are
        accepted as they are, see ``kinks``.
    hidden : Hidden or None
        Hidden variables φ that the loss depends on; ``expression`` then takes two vectors, (θ, φ).
    parameters : {name: number or array}
        Numbers in the loss that can be changed by name, see :meth:`with_parameters`; ``expression``
        takes them as keyword arguments, ``formula`` may show them, as in "{tilt:g}·θ₁".

    Raises
    ------
    ProblemError
        If the expression is not scalar, cannot be traced, uses kinks, or ``minima`` has the wrong
        shape.
    """

    dimension: Dimension
    expression: Callable
    name: str = "landscape"
    formula: str = "L(θ)"
    minima: Minima | Callable | None = None
    allow_kinks: bool = False
    hidden: Hidden | None = None
    parameters: Mapping[str, float | Numbers] = field(default_factory=dict)
    # (formula, minima) before the numbers went in
    _recipe: tuple = field(default=(), repr=False)
    _traced: ca.Function = field(init=False, repr=False)  # of (θ[, φ], parameters …)
    _loss: ca.Function = field(init=False, repr=False)  # of (θ[, φ])
    # that the loss calls, kept for as long as it is
    _means: tuple[SampleMean, ...] = field(init=False, repr=False)

    def __repr__(self) -> str:
        hides = f", p = {self.hidden_dimension} hidden" if self.hidden is not None else ""
        return f"Landscape({self.name!r}, n = {self.dimension}{hides}, L = {self.formula:.80})"

    def __post_init__(self):
        if self.hidden is not None:
            whole("hidden dimension", self.hidden.dimension, high=MOST_PARAMETERS)
        sizes: tuple[int, ...] = (self.dimension,)
        if self.hidden is not None:
            sizes = (self.dimension, self.hidden.dimension)
        parameters = checked_parameters(self.parameters)
        self._set(parameters=parameters, _traced=trace(self.expression, sizes, parameters))
        self._set(_loss=with_numbers(self._traced, sizes, parameters))
        self._set(_means=called_means(self._traced))
        is_checked = getattr(self.expression, "is_part_of_one_without_kinks", False)
        if not self.allow_kinks and not is_checked:
            refuse_kinks("loss expression", self._loss)
            for mean in self._means:
                refuse_kinks("loss expression of a sample", mean.of_few())
        self._insert_numbers()

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _insert_numbers(self) -> None:
        """Formula and minima for the present parameters; what they were made from is kept."""
        if not self._recipe:
            self._set(_recipe=(self.formula, self.minima if callable(self.minima) else None))
        self._set(formula=formula_with_numbers(self.formula, self.parameters))
        minima: Any = self.minima
        if callable(minima):
            minima = call_given(
                "landscape minima",
                minima,
                wanted=f"an array (M, {self.dimension}), from a function of the parameters",
                advice="write it with NumPy; it takes the parameters as keyword arguments",
                **self.parameters,
            )
        if minima is not None:
            minima = freeze(
                matrix("landscape minima", np.atleast_2d(minima), (None, self.dimension))
            )
        self._set(minima=minima)

    @classmethod
    @checked
    def from_expression(
        cls,
        expression: Callable,
        *,
        dimension: Dimension,
        name: str = "custom landscape",
        formula: str = "as the function given",
        minima: Minima | Callable | None = None,
        allow_kinks: bool = False,
        hidden: Hidden | None = None,
        parameters: Mapping[str, float | Numbers] | None = None,
    ) -> "Landscape":
        """Landscape of a function of one vector, e.g. ``lambda θ: np.sum(np.tanh(θ) ** 2)``.

        It is written with NumPy or CasADi and called with symbols: conditions are ``np.where`` or
        ``casadi.if_else``. Losses over samples: :func:`~landscape_control.data_loss`.

        With ``hidden`` the function takes two vectors, (θ, φ); with ``parameters={"tilt": 0.5}`` it
        also takes the keyword argument tilt, which :meth:`with_parameters` changes.
        """
        return cls(
            dimension=dimension,
            expression=expression,
            name=name,
            formula=formula,
            minima=minima,
            allow_kinks=allow_kinks,
            hidden=hidden,
            parameters={} if parameters is None else parameters,
        )

    @checked
    def with_parameters(self, **changes: float | Numbers) -> "Landscape":
        """The same landscape with other numbers, e.g. ``with_parameters(tilt=0.3)``.

        Minima follow if they were given as a function of the parameters; fixed ones are dropped,
        and searched for. Raises ProblemError for an unknown name, another shape, or numbers that
        are not finite.
        """
        formula, minima = self._recipe
        return Landscape(
            dimension=self.dimension,
            expression=self.expression,
            name=self.name,
            formula=formula,
            minima=minima if changes else self.minima,
            allow_kinks=self.allow_kinks,
            hidden=self.hidden,
            parameters=changed_parameters(self.parameters, changes),
            _recipe=self._recipe,
        )

    @checked
    def above(self, value: float) -> "Landscape":
        """The same landscape lowered by ``value``: L(θ) - value.

        Infinite-horizon problems without discount need the loss to vanish at the minimum.
        """
        original, (formula, minima) = self.expression, self._recipe
        return Landscape(
            dimension=self.dimension,
            expression=lambda *vectors, **parameters: original(*vectors, **parameters) - value,
            name=self.name,
            formula=f"{formula} - ({value:g})",
            minima=self.minima if minima is None else minima,
            allow_kinks=self.allow_kinks,
            hidden=self.hidden,
            parameters=self.parameters,
        )

    def symbolic(self, theta: Expression, hidden: Expression | None = None) -> Expression:
        """The loss as an expression at a CasADi vector θ, and φ where the landscape has it."""
        return self._loss(theta) if self.hidden is None else self._loss(theta, self._given(hidden))

    @checked
    def given(self, hidden: Vector) -> "Landscape":
        """The known landscape in which the hidden variables have these values.

        Raises ProblemError if there are none.
        """
        if self.hidden is None:
            raise ProblemError(
                "landscape",
                expected="hidden variables, to give values",
                received="a known landscape",
                advice="use the landscape as it is",
            )
        values = vector("hidden values", hidden, self.hidden.dimension)

        def at_values(theta: ca.SX) -> ca.SX:
            return self._loss(theta, ca.DM(values))

        vars(at_values)["is_part_of_one_without_kinks"] = True  # it was checked with this one
        return Landscape(
            dimension=self.dimension,
            expression=at_values,
            name=self.name,
            formula=self.formula,
            allow_kinks=self.allow_kinks,
        )

    @property
    def hidden_dimension(self) -> int:
        """p, the number of hidden variables; 0 where nothing is hidden."""
        return 0 if self.hidden is None else self.hidden.dimension

    @cached_property
    def at_prior_mean(self) -> "Landscape":
        """The known landscape at the hidden variables' prior mean; itself if nothing is hidden."""
        return self if self.hidden is None else self.given(self.hidden.prior_mean)

    @staticmethod
    def _given(hidden: Expression | None) -> Expression:
        if hidden is None:
            raise ProblemError(
                "landscape",
                expected="values of its hidden variables",
                received="none",
                advice=(
                    "use landscape.given(values) for a known landscape, or solve the problem with"
                    " beliefs"
                ),
            )
        return hidden

    @cached_property
    def _derivatives(self) -> Pointwise:
        theta = ca.SX.sym("theta", self.dimension)
        hessian, gradient = ca.hessian(self.symbolic(theta), theta)
        return Pointwise(
            ca.Function("loss_derivatives", [theta], [self.symbolic(theta), gradient, hessian])
        )

    @cached_property
    def _value(self) -> Pointwise:
        theta = ca.SX.sym("theta", self.dimension)
        return Pointwise(ca.Function("loss", [theta], [self.symbolic(theta)]))

    @cached_property
    def _slope(self) -> Pointwise:
        theta = ca.SX.sym("theta", self.dimension)
        return Pointwise(
            ca.Function("loss_gradient", [theta], [ca.gradient(self.symbolic(theta), theta)])
        )

    def _rows(self, points: ArrayLike) -> np.ndarray:
        """Points (S, n) of those given; refuses points of another size."""
        rows = np.atleast_2d(points)
        if rows.shape[1] != self.dimension:
            raise ProblemError(
                "points",
                expected=(
                    f"points of {self.dimension} parameters, shape ({self.dimension},) or (S,"
                    f" {self.dimension})"
                ),
                received=f"shape {np.shape(points)}",
                advice="give one row per point, and one column per parameter of the landscape",
            )
        return rows

    @checked
    def loss(self, points: Anywhere) -> np.ndarray:
        """L at points (S, n): shape (S,)."""
        return self._value(self._rows(points))

    @checked
    def gradient(self, points: Anywhere) -> np.ndarray:
        """∇L at points (S, n): shape (S, n)."""
        return self._slope(self._rows(points)).reshape(-1, self.dimension)

    @checked
    def derivatives(self, points: Anywhere) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(L, ∇L, ∇²L) at points (S, n): shapes (S,), (S, n), (S, n, n)."""
        loss, gradient, hessian = self._derivatives(self._rows(points))
        return (
            loss,
            gradient.reshape(-1, self.dimension),
            hessian.reshape(-1, self.dimension, self.dimension),
        )

    @checked
    def hessian(self, points: Anywhere) -> np.ndarray:
        """∇²L at points (S, n): shape (S, n, n)."""
        return self.derivatives(points)[2]

    @cached_property
    def is_quadratic(self) -> bool:
        """Whether the Hessian is the same matrix everywhere (read off the expression, not sampled)."""
        theta = ca.SX.sym("theta", self.dimension)
        return not ca.symvar(ca.hessian(self.symbolic(theta), theta)[0])
