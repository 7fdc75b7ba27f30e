"""The textbook optimisers on raw observed gradients."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..arguments import Matrix, Vector, checked
from .raw_learner import Bound, RawLearner

RATE = Bound(least=1e-4, most=1e2)
MOMENTUM = Bound(least=0.0, most=0.9999, scale="one minus", high=1.0)
EPSILON = Bound(least=1e-12, most=1.0)


@checked
@dataclass(frozen=True, kw_only=True)
class SGD(RawLearner):
    """Stochastic gradient descent, u = -α y.

    Source: H. Robbins, S. Monro, *A stochastic approximation method*, Ann. Math. Statist. 1951.
    """

    learning_rate: float

    formula: ClassVar[str] = "u = -α y"
    source: ClassVar[str] = "Robbins & Monro 1951"
    bounds: ClassVar[dict] = {"learning_rate": RATE}

    def init(self, episodes, dimension):
        return ()

    def update(self, state, observation, theta, step):
        return -self.learning_rate * observation, ()


@checked
@dataclass(frozen=True, kw_only=True)
class HeavyBall(RawLearner):
    """Momentum, u_t = β u_{t-1} - α y_t, u_0 = 0: Δθ_t = β Δθ_{t-1} - α·step·y_t.

    Source: B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964.
    Written with the
    average (1 - β)Σβ^j y_{t-j}, as some libraries do, the learning rate is α/(1 - β).
    """

    learning_rate: float
    momentum: float

    formula: ClassVar[str] = "u = βu - α y"
    source: ClassVar[str] = "Polyak 1964"
    bounds: ClassVar[dict] = {"learning_rate": RATE, "momentum": MOMENTUM}

    def init(self, episodes, dimension):
        return np.zeros((episodes, dimension))

    def update(self, state, observation, theta, step):
        u = self.momentum * state - self.learning_rate * observation
        return u, u


@checked
@dataclass(frozen=True, kw_only=True)
class Adam(RawLearner):
    """m = β₁m + (1-β₁)y, v = β₂v + (1-β₂)y², u = -α m̂/(√v̂ + ε), with m̂ = m/(1-β₁ᵗ), v̂ =
    v/(1-β₂ᵗ).

    Without ``bias_correction`` m̂ = m and v̂ = v. The defaults are those of the paper.

    Source: D. P. Kingma, J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015, Algorithm
    1.
    """

    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    bias_correction: bool = True

    formula: ClassVar[str] = "u = -α m̂/(√v̂ + ε)"
    source: ClassVar[str] = "Kingma & Ba 2015, Algorithm 1"
    bounds: ClassVar[dict] = {
        "learning_rate": RATE,
        "beta1": MOMENTUM,
        "beta2": MOMENTUM,
        "epsilon": EPSILON,
    }

    def init(self, episodes, dimension):
        return np.zeros((episodes, dimension)), np.zeros((episodes, dimension)), 0

    def update(self, state, observation, theta, step):
        m, v, count = state[0], state[1], state[2] + 1
        m = self.beta1 * m + (1 - self.beta1) * observation
        v = self.beta2 * v + (1 - self.beta2) * observation**2
        first, second = (
            (1 - self.beta1**count, 1 - self.beta2**count) if self.bias_correction else (1.0, 1.0)
        )
        return -self.learning_rate * (m / first) / (np.sqrt(v / second) + self.epsilon), (
            m,
            v,
            count,
        )


@checked
@dataclass(frozen=True, kw_only=True)
class RMSProp(RawLearner):
    """v = βv + (1-β)y², u = -α y/(√v + ε), v = 0 at first.

    Source: T. Tieleman, G. Hinton, *Lecture 6.5: rmsprop*, Coursera 2012; ε outside the root as in
    PyTorch.
    """

    learning_rate: float
    decay: float = 0.99
    epsilon: float = 1e-8

    formula: ClassVar[str] = "u = -α y/(√v + ε)"
    source: ClassVar[str] = "Tieleman & Hinton 2012"
    bounds: ClassVar[dict] = {"learning_rate": RATE, "decay": MOMENTUM, "epsilon": EPSILON}

    def init(self, episodes, dimension):
        return np.zeros((episodes, dimension))

    def update(self, state, observation, theta, step):
        v = self.decay * state + (1 - self.decay) * observation**2
        return -self.learning_rate * observation / (np.sqrt(v) + self.epsilon), v


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LinearLearner(RawLearner):
    """Any linear policy on raw observations: z_t = A z_{t-1} + K y_t + M θ_t + c, u_t = F z_t + D
    y_t + N θ_t + d.

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

    def init(self, episodes, dimension):
        return np.zeros((episodes, len(np.atleast_2d(self.transition))))

    def update(self, state, observation, theta, step):
        state = (
            _sum((self.transition, state), (self.gain, observation), (self.state_theta, theta))
            + self.state_offset
        )
        return (
            _sum((self.readout, state), (self.feedthrough, observation), (self.feedback, theta))
            + self.offset,
            state,
        )


def _sum(*terms):
    """Σ matrix·rows over (matrix (a, b) or None, rows (E, b)); one by one it is a product with a
    number.
    """
    matrices = [(np.atleast_2d(matrix), rows) for matrix, rows in terms if matrix is not None]
    return sum(
        rows * matrix[0, 0] if matrix.size == 1 else rows @ matrix.T for matrix, rows in matrices
    )
