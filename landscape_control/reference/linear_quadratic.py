"""LinearQuadratic: quadratic loss, affine drift, constant metric and actuation, solved exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np

from ..support.arguments import (
    Discount,
    LearningRate,
    LossWeight,
    Matrix,
    Positive,
    Vector,
    Words,
    checked,
)
from ..support.arrays import matrix, number, symmetric, vector
from ..support.errors import ProblemError
from .finite import FinitePolicy, finite_policy
from .fixed_end import FixedEndPlan, fixed_end_plan
from .hamiltonian import LinearSystem
from .infinite import InfinitePolicy, infinite_policy
from .riccati import Quadratic


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LinearQuadratic:
    """Minimise ∫₀ᵀ e^{-γt}[uᵀGu/2η + k(½(θ-μ)ᵀH(θ-μ) + ℓ)]dt + e^{-γT}Φ(θ(T)),  θ̇ = Aθ + c + Bu.

    Everything returned is a current value: λ = ∂V/∂θ, u = -ηG⁻¹Bᵀλ, V the cost to go measured from
    now. Solved through Pontryagin's linear equations: exponentials over short steps (finite
    horizons), the stable subspace (T = ∞), multiple shooting (fixed ends); what the planner uses,
    :mod:`landscape_control.planning.linear_quadratic`, solves Riccati equations by other algorithms. Sources:
    VGR25; Anderson & Moore, *Optimal Control: Linear Quadratic Methods* (1990), ch. 2-4.

    Attributes
    ----------
    hessian : (n, n), H, symmetric; may be singular or indefinite as long as the cost stays bounded
        below
    minimum : (n,), μ
    metric : (m, m), G, symmetric positive definite on the control space; None is the identity
    drift_matrix : (n, n), A; None is zero
    drift_offset : (n,), c; None is zero
    actuation : (n, m), B, any rank; None is the identity
    learning_rate : η > 0
    loss_weight : k >= 0
    discount : γ >= 0, per unit time
    terminal_hessian : (n, n), P, symmetric, of Φ = ½(θ-ν)ᵀP(θ-ν) + φ; None is no terminal cost
    terminal_minimum : (n,), ν; None is μ
    terminal_constant : φ
    loss_constant : ℓ, the loss at its minimum

    Raises
    ------
    ProblemError
        Wrong shapes, NaN, asymmetric H, G or P, G not positive definite, η <= 0, k < 0, γ < 0.
    """

    hessian: Matrix
    minimum: Annotated[Vector, Words(symbol="μ")]
    metric: Matrix | None = None
    drift_matrix: Matrix | None = None
    drift_offset: Vector | None = None
    actuation: Annotated[Matrix, Words(symbol="B")] | None = None
    learning_rate: LearningRate = 1.0
    loss_weight: LossWeight = 1.0
    discount: Discount = 0.0
    terminal_hessian: Matrix | None = None
    terminal_minimum: Vector | None = None
    terminal_constant: float = 0.0
    loss_constant: float = 0.0

    def __post_init__(self):
        minimum = vector("minimum μ", self.minimum)
        n = minimum.size
        self._set(minimum=minimum, hessian=symmetric("hessian H", self.hessian, n))
        self._set_given("drift_matrix", lambda value: matrix("drift_matrix A", value, (n, n)))
        self._set_given("drift_offset", lambda value: vector("drift_offset c", value, n))
        self._set_given("actuation", lambda value: matrix("actuation B", value, (n, None)))
        m = n if self.actuation is None else self.actuation.shape[1]
        self._set_given("metric", lambda value: symmetric("metric G", value, m, definite=True))
        self._set_given("terminal_hessian", lambda value: symmetric("terminal_hessian P", value, n))
        self._set_given("terminal_minimum", lambda value: vector("terminal_minimum ν", value, n))
        self._set(
            learning_rate=number("learning_rate η", self.learning_rate, low=0, low_open=True),
            loss_weight=number("loss_weight k", self.loss_weight, low=0),
            discount=number("discount γ", self.discount, low=0),
            terminal_constant=number("terminal_constant", self.terminal_constant),
            loss_constant=number("loss_constant", self.loss_constant),
        )
        if self.terminal_hessian is None and (
            self.terminal_minimum is not None or self.terminal_constant
        ):
            raise ProblemError(
                "terminal cost Φ",
                expected="a terminal_hessian P with its minimum ν and constant",
                received="a minimum or constant alone",
                advice="pass terminal_hessian too, or neither",
            )

    @property
    def dimension(self) -> int:
        """n, the number of parameters."""
        return self.minimum.size

    @property
    def controls(self) -> int:
        """m, the number of controls."""
        return self._system.actuation.shape[1]

    def infinite(self) -> InfinitePolicy:
        """The optimal policy at T = ∞, the limit of the finite-horizon ones with Φ = 0.

        Directions that the loss never sees are left to the drift, stable or not.

        Raises
        ------
        UnstabilisableError
            A mode that the loss sees, B cannot push, and neither drift nor discount damps; names
            it.
        ProblemError
            A terminal cost is given; γ = 0 with a running cost that never ends; a cost unbounded
            below.
        """
        if self.terminal_hessian is not None:
            raise ProblemError(
                "terminal cost Φ",
                expected="no terminal cost at infinite horizon",
                received="a terminal_hessian",
                advice=(
                    "dataclasses.replace(problem, terminal_hessian=None, terminal_minimum=None,"
                    " terminal_constant=0)"
                ),
            )
        return infinite_policy(self._system)

    @checked
    def finite(self, horizon: Annotated[Positive, Words(symbol="T")]) -> FinitePolicy:
        """The optimal policy with a free end at T = ``horizon``. Raises ProblemError if the cost is
        unbounded below.
        """
        return finite_policy(self._system, _horizon(horizon), self._end)

    @checked
    def fixed_end(
        self,
        horizon: Annotated[Positive, Words(symbol="T")],
        start: Vector,
        end: Vector,
    ) -> FixedEndPlan:
        """The optimal plan from ``start`` to ``end`` (n,) in time T = ``horizon``.

        Raises ProblemError if the actuation cannot reach the end or the cost is unbounded below.
        """
        distance = vector("end", end, self.dimension) - self.minimum
        last = float(self._end.at(distance))
        return fixed_end_plan(self._system, _horizon(horizon), start, end, last)

    @cached_property
    def _end(self) -> Quadratic:
        """Φ about μ, zero where there is none."""
        n = self.dimension
        if self.terminal_hessian is None:
            return Quadratic(hessian=np.zeros((n, n)), gradient=np.zeros(n), constant=0.0)
        place = self.minimum if self.terminal_minimum is None else self.terminal_minimum
        hessian = (self.terminal_hessian + self.terminal_hessian.T) / 2
        pull = hessian @ (place - self.minimum)
        constant = 0.5 * pull @ (place - self.minimum) + self.terminal_constant
        return Quadratic(hessian=hessian, gradient=-pull, constant=float(constant))

    @cached_property
    def _system(self) -> LinearSystem:
        n = self.dimension
        actuation = np.eye(n) if self.actuation is None else self.actuation
        metric = np.eye(actuation.shape[1]) if self.metric is None else self.metric
        drift = np.zeros((n, n)) if self.drift_matrix is None else self.drift_matrix
        push = self.learning_rate * np.linalg.solve((metric + metric.T) / 2, actuation.T)
        spread = actuation @ push
        return LinearSystem(
            centre=self.minimum,
            drift=drift,
            offset=self._offset(drift),
            push=push,
            spread=(spread + spread.T) / 2,
            loss=self.loss_weight * (self.hessian + self.hessian.T) / 2,
            loss_rate=self.loss_weight * self.loss_constant,
            discount=self.discount,
            actuation=actuation,
        )

    def _offset(self, drift):
        """The drift at μ; what cancels there to round-off is zero: it would cost for ever at γ =
        0.
        """
        carried = drift @ self.minimum
        given = np.zeros(self.dimension) if self.drift_offset is None else self.drift_offset
        rounding = np.abs(drift) @ np.abs(self.minimum) + np.abs(given)
        offset = carried + given
        offset[np.abs(offset) <= 1e-14 * self.dimension * rounding] = 0.0
        return offset

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _set_given(self, name: str, check: Callable[[Any], np.ndarray]) -> None:
        if getattr(self, name) is not None:
            self._set(**{name: check(getattr(self, name))})


def _horizon(value):
    return number("horizon T", value, low=0, low_open=True)
