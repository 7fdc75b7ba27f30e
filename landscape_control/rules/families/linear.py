"""Linear families: gradient descent, heavy ball, Nesterov, quasi-hyperbolic momentum, spans of past gradients."""

import math
from dataclasses import dataclass, field, replace

from ...support.arguments import Count, checked
from .average import average_weight, averaged
from .coefficient import Coefficient
from .contained import Contained, face, tied
from .family import Clock, Family, State, Value, Values

_CONSTANT = "True for one number, False for one per step"


def learning_rate(varies: bool) -> Coefficient:
    """α, a length per gradient; starts between 0.01 and 3."""
    return Coefficient(
        name="learning_rate",
        symbol="α",
        least=1e-2,
        most=3.0,
        scale="log",
        varies=varies,
        unit="u/y",
    )


def momentum(varies: bool) -> Coefficient:
    """β; without effect on the first step. A constant one stays in (-1, 1), where rules settle."""
    edge = math.inf if varies else 0.9999
    return Coefficient(
        name="momentum",
        symbol="β",
        low=-edge,
        high=edge,
        least=0.0,
        most=0.95,
        scale="one minus",
        varies=varies,
        first=1,
    )


def without_momentum(family: "HeavyBall | Nesterov") -> tuple[Contained, ...]:
    """What a rule with momentum contains: gradient descent, and itself with constant numbers."""
    plain = face("gradient descent", momentum=0.0)
    if family.constant:
        return (plain,)
    return plain, tied(replace(family, constant=True))


@checked
@dataclass(frozen=True, kw_only=True)
class GradientDescent(Family):
    """Δθ_t = -α_t y_t, with one α (``constant``) or one per step.

    Source: A. Cauchy 1847; with noisy gradients H. Robbins, S. Monro, *A stochastic approximation
    method*, 1951.
    """

    constant: bool

    name = "gradient descent"
    formula = "Δθ = -α y"
    source = "Cauchy 1847; Robbins & Monro 1951"
    contains = {
        "Chebyshev and silver steps": "constant=False with those learning rates, in any order"
    }
    linear = True
    arguments = {"constant": _CONSTANT}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return (learning_rate(not self.constant),)

    @property
    def contained(self) -> tuple[Contained, ...]:
        return () if self.constant else (tied(replace(self, constant=True)),)

    @property
    def state_size(self) -> int:
        return 0

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        return -coefficients["learning_rate"] * gradient, ()


@checked
@dataclass(frozen=True, kw_only=True)
class HeavyBall(Family):
    """Δθ_t = β_t Δθ_{t-1} - α_t y_t, Δθ_{-1} = 0.

    Written with the average m_t = β m_{t-1} + (1 - β) y_t, as Adam does, a constant rule is Δθ =
    -α/(1 - β) m.

    Source: B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964.
    """

    constant: bool

    name = "heavy ball"
    formula = "Δθ = βΔθ - α y"
    source = "Polyak 1964"
    contains = {
        "gradient descent": "momentum = 0",
        "Polyak's coefficients": (
            "√α = 2/(√h_max + √h_min), √β = (√h_max - √h_min)/(√h_max + √h_min)"
        ),
        "three-term recurrences of orthogonal polynomials": "constant=False",
    }
    linear = True
    arguments = {"constant": _CONSTANT}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return learning_rate(not self.constant), momentum(not self.constant)

    @property
    def contained(self) -> tuple[Contained, ...]:
        return without_momentum(self)

    @property
    def state_size(self) -> int:
        return 1

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        update = coefficients["momentum"] * state[0] - coefficients["learning_rate"] * gradient
        return update, (update,)


@checked
@dataclass(frozen=True, kw_only=True)
class Nesterov(Family):
    """b_t = β_{t-1} b_{t-1} + y_t, Δθ_t = -α_t (y_t + β_t b_t), b_{-1} = 0.

    The learner stands at the look-ahead point: θ is where the gradient is taken, Nesterov's second
    sequence. The first step is -α_0 (1 + β_0) y, as in PyTorch. On exact or noisy gradients a
    constant rule is heavy ball with βα(y_t - y_{t-1}) subtracted, an answer to the gradient's
    change.

    Source: Yu. Nesterov, *A method of solving a convex programming problem with convergence rate
    O(1/k²)*, 1983; in this
    form I. Sutskever, J. Martens, G. Dahl, G. Hinton, *On the importance of initialization and
    momentum in deep learning*, ICML 2013; for constant coefficients torch.optim.SGD(nesterov=True,
    dampening=0).
    """

    constant: bool

    name = "Nesterov"
    formula = "b = βb + y, Δθ = -α(y + βb)"
    source = "Nesterov 1983; Sutskever et al. 2013"
    contains = {
        "gradient descent": "momentum = 0",
        "Nesterov's accelerated gradient": (
            "learning_rate = 1/h_max, momentum = t/(t + 3) at step t, or (√κ - 1)/(√κ + 1) "
            "for condition number κ"
        ),
    }
    linear = True
    arguments = {"constant": _CONSTANT}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return learning_rate(not self.constant), replace(momentum(not self.constant), first=0)

    @property
    def contained(self) -> tuple[Contained, ...]:
        return without_momentum(self)

    @property
    def state_size(self) -> int:
        return 1

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        ahead = coefficients["momentum"] * (state[0] + gradient)
        return -coefficients["learning_rate"] * (gradient + ahead), (ahead,)


@checked
@dataclass(frozen=True, kw_only=True)
class QuasiHyperbolic(Family):
    """m_t = β m_{t-1} + (1 - β) y_t, Δθ_t = -α [(1 - ν) y_t + ν m_t], m_{-1} = 0.

    A share ν of the step follows the average of the gradients, the rest the gradient itself.

    Source: J. Ma, D. Yarats, *Quasi-hyperbolic momentum and Adam for deep learning*, ICLR 2019.
    """

    name = "quasi-hyperbolic momentum"
    formula = "m = βm + (1-β)y, Δθ = -α[(1-ν)y + νm]"
    source = "Ma & Yarats 2019"
    contains = {
        "gradient descent": "share = 0",
        "heavy ball": "share = 1: the same momentum, learning rate α(1-β)",
        "Nesterov": "share = momentum: the same momentum, learning rate α(1-β)",
    }
    linear = True
    state_size = 1

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        share = Coefficient(name="share", symbol="ν", low=0.0, high=1.0)
        return learning_rate(False), average_weight("momentum", "β"), share

    @property
    def contained(self) -> tuple[Contained, ...]:
        return face("gradient descent", momentum=0.0, share=0.0), face("heavy ball", share=1.0)

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        share = coefficients["share"]
        average = averaged(coefficients["momentum"], state[0], gradient)
        direction = (1 - share) * gradient + share * average
        return -coefficients["learning_rate"] * direction, (average,)


@checked
@dataclass(frozen=True, kw_only=True)
class FirstOrderSpan(Family):
    """Δθ_t = -Σ_{j<k} c_{j,t} y_{t-j}: any linear combination of the last k = ``memory`` gradients.

    y = 0 before the first. ``lag_j`` is c_j, of effect from step j on. With k = T and one set per
    step it is every rule whose iterates stay in the span of all gradients seen: T(T+1)/2 numbers.

    Source: A. Nemirovski, D. Yudin, *Problem complexity and method efficiency in optimization*,
    1983; with one set per step
    and k = T the step matrix of Y. Drori, M. Teboulle, *Performance of first-order methods*, Math.
    Program. 2014.
    """

    # no default: it hides the class attribute
    memory: Count = field()  # type: ignore[misc]  # here it is a setting
    constant: bool

    name = "first-order span"
    formula = "Δθ = -Σ_j c_j y_{t-j}"
    source = "Nemirovski & Yudin 1983; Drori & Teboulle 2014"
    contains = {
        "gradient descent": "lag_0 alone",
        "heavy ball": (
            "memory = T: lag_j = α_{t-j} β_{t-j+1}…β_t, which is αβ^j for constant coefficients; a"
            " shorter memory truncates it"
        ),
        "Nesterov": "memory = T: lag_0 = α(1 + β), lag_j = αβ^{j+1} for constant coefficients",
        "any linear family without weight decay": (
            "memory = T, constant=False: see impulse_response"
        ),
    }
    linear = True
    arguments = {"memory": "how many of the last gradients enter", "constant": _CONSTANT}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        first = Coefficient(
            name="lag_0", symbol="c_0", least=1e-2, most=3.0, scale="log", varies=not self.constant
        )
        rest = [
            Coefficient(
                name=f"lag_{j}",
                symbol=f"c_{j}",
                least=-0.5,
                most=1.0,
                varies=not self.constant,
                first=j,
            )
            for j in range(1, self.memory)
        ]
        return first, *rest

    @property
    def contained(self) -> tuple[Contained, ...]:
        shorter = []
        for memory in range(1, self.memory):
            dropped = {f"lag_{j}": 0.0 for j in range(memory, self.memory)}
            name = "gradient descent" if memory == 1 else f"{self.name} with memory {memory}"
            shorter.append(face(name, **dropped))
        if not self.constant:
            shorter.append(tied(replace(self, constant=True)))
        return tuple(shorter)

    @property
    def state_size(self) -> int:
        return self.memory - 1

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        seen = (gradient, *state)  # y_t, y_{t-1}, …, the newest first
        move = -coefficients["lag_0"] * gradient
        for j in range(1, self.memory):
            move = move - coefficients[f"lag_{j}"] * seen[j]
        return move, seen[: self.memory - 1]
