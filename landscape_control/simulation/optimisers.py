"""The textbook optimisers on raw observed gradients: families run at any length of step."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..rules.families import AdamFamily, Clock, Family, GradientDescent
from ..rules.families import Ballistic as BallisticFamily
from ..rules.families import DiscountedBayes as DiscountedBayesFamily
from ..rules.families import HeavyBall as HeavyBallFamily
from ..rules.families.family import State
from ..support.arguments import Discount, Matrix, Positive, Vector, checked
from .raw_learner import Bound, RawLearner

RATE = Bound(least=1e-4, most=1e2, unit="u/y")
NORMALISED_RATE = Bound(least=1e-4, most=1e2, unit="u")  # where gradients are divided by their size
MOMENTUM = Bound(least=0.0, most=0.9999, scale="one minus", high=1.0)
EPSILON = Bound(least=1e-12, most=1.0, unit="y")
SQUARED_EPSILON = Bound(least=1e-20, most=1.0, unit="y²")


@dataclass(frozen=True, kw_only=True)
class FamilyLearner(RawLearner):
    """Base of learners that run a family: u_t is its update from the observations so far.

    As u is a rate, Δθ = u·step: the learning rate is per unit of time, whatever the step. The
    fields of a subclass are the coefficients of ``rule``, by their names or as ``fields_of`` maps
    {coefficient: field}.
    """

    rule: ClassVar[Family]
    fields_of: ClassVar[Mapping[str, str]] = {}

    @cached_property
    def _values(self) -> dict[str, float]:
        """The coefficients by the names that ``rule`` gives them."""
        names = [coefficient.name for coefficient in self.rule.coefficients]
        return {name: getattr(self, self.fields_of.get(name, name)) for name in names}

    def init(self, episodes: int, dimension: int) -> tuple[int, State]:
        return 0, tuple(np.zeros((episodes, dimension)) for _ in range(self.rule.state_size))

    def update(
        self, state: tuple, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, tuple]:
        count, carried = state
        clock = Clock(step=count, horizon=1)  # its rule has no horizon
        u, carried = self.rule.step(self._values, carried, observation, theta, clock)
        return u, (count + 1, carried)


def _as_rate(formula: str) -> str:
    """A family's formula for Δθ as that of the rate u."""
    return formula.replace("Δθ", "u")


# ε is a coefficient (None leaves it free) and stands beside the root, as in the papers
_ADAM: dict[str, Any] = {"exponent": 0.5, "epsilon": None, "epsilon_outside": True}
_CORRECTED = AdamFamily(**_ADAM)
_UNCORRECTED = AdamFamily(**_ADAM, bias_correction=False)
_RMSPROP = AdamFamily(**_ADAM, bias_correction=False, beta1=0.0)


@checked
@dataclass(frozen=True, kw_only=True)
class SGD(FamilyLearner):
    """Stochastic gradient descent, u = -α y.

    Source: H. Robbins, S. Monro, *A stochastic approximation method*, Ann. Math. Statist. 1951.
    """

    learning_rate: float

    rule: ClassVar[Family] = GradientDescent(constant=True)
    formula: ClassVar[str] = _as_rate(rule.formula)
    source: ClassVar[str] = "Robbins & Monro 1951"
    bounds: ClassVar[dict] = {"learning_rate": RATE}


@checked
@dataclass(frozen=True, kw_only=True)
class HeavyBall(FamilyLearner):
    """Momentum, u_t = β u_{t-1} - α y_t, u_0 = 0: Δθ_t = β Δθ_{t-1} - α·step·y_t.

    Source: B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964.
    Written with the average (1 - β)Σβ^j y_{t-j}, as some libraries do, the learning rate is
    α/(1 - β).
    """

    learning_rate: float
    momentum: float

    rule: ClassVar[Family] = HeavyBallFamily(constant=True)
    formula: ClassVar[str] = _as_rate(rule.formula)
    source: ClassVar[str] = rule.source
    bounds: ClassVar[dict] = {"learning_rate": RATE, "momentum": MOMENTUM}


@checked
@dataclass(frozen=True, kw_only=True)
class Adam(FamilyLearner):
    """u = -α m̂/(√v̂ + ε), with m = β₁m + (1-β₁)y and v = β₂v + (1-β₂)y².

    m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ).

    Without ``bias_correction`` m̂ = m and v̂ = v. The defaults are those of the paper.

    Source: D. P. Kingma, J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015, Algorithm
    1.
    """

    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    bias_correction: bool = True

    formula: ClassVar[str] = _as_rate(_CORRECTED.formula)
    source: ClassVar[str] = _CORRECTED.source
    bounds: ClassVar[dict] = {
        "learning_rate": NORMALISED_RATE,
        "beta1": MOMENTUM,
        "beta2": MOMENTUM,
        "epsilon": EPSILON,
    }

    @property
    def rule(self) -> Family:  # type: ignore[override]  # here the settings choose the family
        """The Adam family with ε beside the root, bias corrected or not."""
        return _CORRECTED if self.bias_correction else _UNCORRECTED


@checked
@dataclass(frozen=True, kw_only=True)
class RMSProp(FamilyLearner):
    """v = βv + (1-β)y², u = -α y/(√v + ε), v = 0 at first.

    Source: T. Tieleman, G. Hinton, *Lecture 6.5: rmsprop*, Coursera 2012; ε outside the root as in
    PyTorch.
    """

    learning_rate: float
    decay: float = 0.99
    epsilon: float = 1e-8

    rule: ClassVar[Family] = _RMSPROP
    fields_of: ClassVar[Mapping[str, str]] = {"beta2": "decay"}
    formula: ClassVar[str] = _as_rate(rule.formula)
    source: ClassVar[str] = rule.source
    bounds: ClassVar[dict] = {
        "learning_rate": NORMALISED_RATE,
        "decay": MOMENTUM,
        "epsilon": EPSILON,
    }


@checked
@dataclass(frozen=True, kw_only=True)
class Ballistic(FamilyLearner):
    """v = βv + (1-β)y², u = -α y/√(v + ε), v = 0 at first; ε inside the root, in units of y².

    Source: VGR25, public notebook, without its clip of the gradient's norm. Its first steps are
    1/√(1-β) times α; the default β = 0.999 is the notebook's, ε is of its size in Adam's paper,
    squared.
    """

    learning_rate: float
    decay: float = 0.999
    epsilon: float = 1e-16

    rule: ClassVar[Family] = BallisticFamily()
    fields_of: ClassVar[Mapping[str, str]] = {"beta2": "decay"}
    formula: ClassVar[str] = _as_rate(rule.formula)
    source: ClassVar[str] = rule.source
    bounds: ClassVar[dict] = {
        "learning_rate": NORMALISED_RATE,
        "decay": MOMENTUM,
        "epsilon": SQUARED_EPSILON,
    }


@checked
@dataclass(frozen=True, kw_only=True)
class DiscountedBayes(FamilyLearner):
    """u = -[√(γ²/4 + ηkV) - γ/2] V⁻¹ m̂, V = c·v̂, with Adam's m̂ and v̂, and ηk = cα².

    Optimal control of the quadratic that a learner believes in who forgets by the factors β₁ and β₂:
    the family :class:`~landscape_control.policies.DiscountedBayes` from its diffuse start. At
    ``discount`` γ = 0 it is Adam with ε = 0, both bias corrections included; for γ → ∞ momentum
    descent at ηk/γ. γ is per unit of time. ``curvature_scale`` c turns E[y²] into a curvature:
    observations that average a unit-rate score over a step have E[y²] = Fisher/step, so c = step.
    :class:`BeliefAdam` has the mean of a Kalman filter in place of m̂.

    Raises ProblemError for a negative discount, or a curvature_scale that is not positive.

    Source: West & Harrison 1997; Shephard 1994; VGR25 (arXiv 2510.26997).
    """

    learning_rate: float
    discount: Discount
    beta1: float = 0.9
    beta2: float = 0.999
    curvature_scale: Positive = 1.0

    formula: ClassVar[str] = _as_rate(DiscountedBayesFamily.formula)
    source: ClassVar[str] = DiscountedBayesFamily.source
    bounds: ClassVar[dict] = {
        "learning_rate": NORMALISED_RATE,
        "beta1": MOMENTUM,
        "beta2": MOMENTUM,
    }

    @cached_property
    def rule(self) -> Family:  # type: ignore[override]  # here the settings choose the family
        """The family with these settings."""
        return DiscountedBayesFamily(discount=self.discount, curvature_scale=self.curvature_scale)


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LinearLearner(RawLearner):
    """Any linear policy on raw observations.

    z_t = A z_{t-1} + K y_t + M θ_t + c, u_t = F z_t + D y_t + N θ_t + d.

    z = 0 at first. A Kalman filter with fixed gain under linear control is one of these. Matrices:
    transition A (s, s), gain K (s, q), state_theta M (s, n), readout F (n, s), feedthrough D (n,
    q), feedback N (n, n); vectors state_offset c (s,), offset d (n,). They hold for one length of
    step and are not tuned.
    """

    transition: Matrix
    gain: Matrix
    readout: Matrix
    state_theta: Matrix | None = None
    feedthrough: Matrix | None = None
    feedback: Matrix | None = None
    state_offset: Vector | float = 0.0
    offset: Vector | float = 0.0

    formula: ClassVar[str] = "z = Az + Ky + Mθ + c, u = Fz + Dy + Nθ + d"
    source: ClassVar[str] = "linear systems in state space"

    def init(self, episodes: int, dimension: int) -> np.ndarray:
        return np.zeros((episodes, len(np.atleast_2d(self.transition))))

    def update(
        self, state: np.ndarray, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, np.ndarray]:
        state = self.state_offset + _sum(
            (self.transition, state), (self.gain, observation), (self.state_theta, theta)
        )
        u = self.offset + _sum(
            (self.readout, state), (self.feedthrough, observation), (self.feedback, theta)
        )
        return u, state


def _sum(*terms: tuple[Matrix | None, np.ndarray]) -> np.ndarray:
    """Σ rows·matrixᵀ over (matrix (a, b) or None, rows (E, b))."""
    products = []
    for matrix, rows in terms:
        if matrix is None:
            continue
        matrix = np.atleast_2d(matrix)
        # one by one it is a number, which goes with rows of any length
        products.append(rows * matrix[0, 0] if matrix.size == 1 else rows @ matrix.T)
    return sum(products[1:], start=products[0])
