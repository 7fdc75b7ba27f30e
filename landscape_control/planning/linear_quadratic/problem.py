"""LinearQuadraticProblem: quadratic loss, affine drift, constant metric and actuation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...support.arrays import matrix, number, symmetric, vector
from ...support.errors import ProblemError
from .augmented import Augmented
from .centred import Centred
from .embedded import EmbeddedPolicy
from .finite import FiniteHorizonPolicy, finite_horizon_policy
from .infinite import InfiniteHorizonPolicy, infinite_horizon_policy
from .modes import complement, unseen_subspace

MOST_GROWTH = 7.0  # of the logarithm of an unseen displacement: its square times round-off is 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearQuadraticProblem:
    """Minimise ∫₀ᵀ e^{-γt}[uᵀGu/2η + k·½(θ-μ)ᵀH(θ-μ)]dt + e^{-γT}Φ(θ(T)),  θ̇ = Aθ + c + Bu.

    Solved through the discounted Riccati equation (A - γ/2 I in place of A) with affine
    feed-forward; everything returned is a current value: λ = ∂V/∂θ, u = -ηG⁻¹Bᵀλ, V the cost to go
    measured from now. Source: Anderson & Moore, *Optimal Control: Linear Quadratic Methods* (1990),
    ch. 2-4.

    Attributes
    ----------
    hessian : (n, n), H, symmetric; may be singular, or indefinite while the cost stays bounded
    minimum : (n,), μ
    metric : (m, m), G, symmetric positive definite; None is the identity
    drift_matrix : (n, n), A; None is zero
    drift_offset : (n,), c; None is zero
    actuation : (n, m), B, any rank; None is the identity
    learning_rate : η > 0
    loss_weight : k >= 0
    discount : γ >= 0, per unit time
    terminal_hessian : (n, n), P, symmetric, of Φ = ½(θ-ν)ᵀP(θ-ν) + φ; None is no terminal cost
    terminal_minimum : (n,), ν; None is μ
    terminal_constant : φ

    Raises
    ------
    ProblemError
        Wrong shapes, numbers that are not finite, asymmetric H, G or P, G not positive definite.
    """

    hessian: np.ndarray
    minimum: np.ndarray
    metric: np.ndarray | None = None
    drift_matrix: np.ndarray | None = None
    drift_offset: np.ndarray | None = None
    actuation: np.ndarray | None = None
    learning_rate: float = 1.0
    loss_weight: float = 1.0
    discount: float = 0.0
    terminal_hessian: np.ndarray | None = None
    terminal_minimum: np.ndarray | None = None
    terminal_constant: float = 0.0

    def __post_init__(self) -> None:
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
        )

    @property
    def dimension(self) -> int:
        """n, the number of state coordinates."""
        return self.minimum.size

    def infinite(self) -> InfiniteHorizonPolicy:
        """The optimal policy at T = ∞, the limit of the finite-horizon ones with Φ = 0.

        Directions that the loss never depends on are left to the drift, stable or not.

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
                received="a terminal cost",
                advice="leave the terminal cost out, or give a finite horizon",
            )
        return infinite_horizon_policy(self._centred)

    def finite(self, horizon: float) -> FiniteHorizonPolicy:
        """The optimal policy with a free end at T = ``horizon``.

        Raises ProblemError if the cost is unbounded below.
        """
        horizon = number("horizon T", horizon, low=0, low_open=True)
        hessian, minimum, constant = self._end
        seen = self._seen_while_growing(hessian, horizon)
        if seen is None:
            end = self._augmented.end(hessian, minimum)
            return finite_horizon_policy(self._augmented, horizon, end, constant)
        distance = seen.T @ (minimum - self.minimum)
        reduced = Augmented.of(self._centred.restricted(seen), float(np.linalg.norm(distance)))
        end = reduced.end(seen.T @ hessian @ seen, distance)
        policy = finite_horizon_policy(reduced, horizon, end, constant)
        return EmbeddedPolicy.of(policy, problem=self._centred, seen=seen)

    def _seen_while_growing(self, terminal: np.ndarray, horizon: float) -> np.ndarray | None:
        """The directions (n, p) that a loss depends on, now or later, if the rest grows too much.

        That is so much over the horizon that its round-off would be taken for a cost; else None.
        """
        problem = self._centred
        unseen = unseen_subspace(np.vstack([problem.loss, terminal]), problem.dynamics)
        if not unseen.shape[1]:
            return None
        growth = np.linalg.eigvals(unseen.T @ problem.discounted @ unseen).real.max()
        return complement(unseen) if growth * horizon > MOST_GROWTH else None

    @property
    def _end(self) -> tuple[np.ndarray, np.ndarray, float]:
        """(P, ν, φ) of the terminal cost, zero where there is none."""
        if self.terminal_hessian is None:
            return np.zeros((self.dimension, self.dimension)), self.minimum, 0.0
        return self.terminal_hessian, self._terminal_minimum, self.terminal_constant

    @property
    def _terminal_minimum(self) -> np.ndarray:
        return self.minimum if self.terminal_minimum is None else self.terminal_minimum

    @cached_property
    def _centred(self) -> Centred:
        """The problem about μ, with zeros and identities where nothing was given."""
        n = self.dimension
        actuation = np.eye(n) if self.actuation is None else self.actuation
        metric = np.eye(actuation.shape[1]) if self.metric is None else self.metric
        dynamics = np.zeros((n, n)) if self.drift_matrix is None else self.drift_matrix
        return Centred(
            centre=self.minimum,
            dynamics=dynamics,
            offset=self._offset(dynamics),
            actuation=actuation,
            effort=(metric + metric.T) / (2 * self.learning_rate),
            loss=self.loss_weight * (self.hessian + self.hessian.T) / 2,
            discount=self.discount,
        )

    def _offset(self, dynamics: np.ndarray) -> np.ndarray:
        """The drift at the minimum, Aμ + c."""
        carried = dynamics @ self.minimum
        offset = np.zeros(self.dimension) if self.drift_offset is None else self.drift_offset
        size = np.abs(dynamics) @ np.abs(self.minimum) + np.abs(offset)
        moved = carried + offset
        # what cancels to round-off is zero: it would cost for ever at γ = 0
        return np.where(np.abs(moved) > 1e-14 * self.dimension * size, moved, 0.0)

    @cached_property
    def _augmented(self) -> Augmented:
        """The same with a constant coordinate, for finite horizons."""
        length = float(np.linalg.norm(self._terminal_minimum - self.minimum))
        return Augmented.of(self._centred, length)

    def _set(self, **values: object) -> None:
        """Set fields of this frozen object, while it is made."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _set_given(self, name: str, check: Callable[[object], np.ndarray]) -> None:
        if getattr(self, name) is not None:
            self._set(**{name: check(getattr(self, name))})
