"""Learning rates in time: constant, 1/t, polynomial, cosine, warm-up-stable-decay, log-linear."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from ...support.arguments import Count, Share, checked
from ...support.arrays import number
from .coefficient import Coefficient
from .elementwise import cos, exp, smaller
from .family import Clock, Value, Values


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A learning rate in time, α_t = α s_t with s of order 1.

    Class attributes: ``name``, ``formula``, ``source`` in words; ``contains``, ``reads_clock`` and
    ``arguments``, as for :class:`Family`.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    contains: ClassVar[Mapping[str, str]] = {}
    reads_clock: ClassVar[bool] = False
    arguments: ClassVar[Mapping[str, str]] = {}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """The free numbers of the shape."""
        return ()

    @property
    def constant_at(self) -> Mapping[str, float]:
        """The free coefficients at which s_t = 1, by name; empty where s varies for all of them."""
        return {}

    @property
    def coarser(self) -> "Shape | None":
        """A shape with fewer numbers whose optimum is a good place to start from."""
        return None

    def refined(self, coefficients: Values) -> dict[str, Value]:
        """This shape's numbers, by name, from those of the ``coarser`` one."""
        raise NotImplementedError

    def factor(self, coefficients: Values, clock: Clock) -> Value:
        """s_t."""
        raise NotImplementedError


@checked
@dataclass(frozen=True, kw_only=True)
class Constant(Shape):
    """s_t = 1."""

    name = "constant"
    formula = "1"
    source = "Cauchy 1847"

    def factor(self, coefficients: Values, clock: Clock) -> Value:
        return 1.0


@checked
@dataclass(frozen=True, kw_only=True)
class InverseTime(Shape):
    """s_t = 1/(1 + ρt), coefficient ``decay_rate`` ρ per step.

    Source: H. Robbins, S. Monro, *A stochastic approximation method*, 1951; ρ = 1 averages the
    gradients of a quadratic.
    """

    name = "1/t"
    formula = "1/(1 + ρt)"
    source = "Robbins & Monro 1951"
    contains = {"constant": "decay_rate = 0"}
    coefficients = (
        Coefficient(
            name="decay_rate", symbol="ρ", low=0.0, high=1e3, least=3e-3, most=3.0, scale="log"
        ),
    )
    constant_at = MappingProxyType({"decay_rate": 0.0})

    def factor(self, coefficients: Values, clock: Clock) -> Value:
        return 1 / (1 + coefficients["decay_rate"] * clock.step)


@checked
@dataclass(frozen=True, kw_only=True)
class Polynomial(Shape):
    """s_t = (1 - t/T)^q, coefficient ``power`` q.

    Source: L.-C. Chen et al., *DeepLab*, IEEE TPAMI 2018, with q = 0.9; q = 1 is linear decay.
    """

    name = "polynomial"
    formula = "(1 - t/T)^q"
    source = "Chen et al. 2018"
    reads_clock = True
    contains = {"constant": "power = 0", "linear decay": "power = 1"}
    coefficients = (
        Coefficient(name="power", symbol="q", low=-5.0, high=50.0, least=0.1, most=3.0),
    )
    constant_at = MappingProxyType({"power": 0.0})

    def factor(self, coefficients: Values, clock: Clock) -> Value:
        return (1 - clock.step / clock.horizon) ** coefficients["power"]


@checked
@dataclass(frozen=True, kw_only=True)
class Cosine(Shape):
    """s_t = f + (1 - f)(1 + cos(πt/T))/2, down to the fraction ``final`` f.

    With ``final`` None it is a free coefficient.

    Source: I. Loshchilov, F. Hutter, *SGDR: stochastic gradient descent with warm restarts*, ICLR
    2017, one period.
    """

    final: Share | None

    name = "cosine"
    formula = "f + (1 - f)(1 + cos(πt/T))/2"
    source = "Loshchilov & Hutter 2017"
    reads_clock = True
    arguments = {"final": "the fraction of the learning rate left at the end; None leaves it free"}
    contains = {"constant": "final = 1"}

    def __post_init__(self) -> None:
        _check_fractions(self, _FINAL)

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return _free(self, _FINAL)

    @property
    def constant_at(self) -> Mapping[str, float]:
        return {"final": 1.0} if self.final is None else {}

    def factor(self, coefficients: Values, clock: Clock) -> Value:
        final = _value(self, "final", coefficients)
        return final + (1 - final) * (1 + cos(math.pi * clock.step / clock.horizon)) / 2


@checked
@dataclass(frozen=True, kw_only=True)
class WarmupStableDecay(Shape):
    """Up to 1 over a fraction of the horizon, then 1, then to 0 over a fraction of the rest.

    The fractions are a (``warmup``) and d (``decay_fraction``). s_t is the mean of this broken line
    over the step from t to t+1, which makes it once differentiable in a and d. Fractions given as
    numbers are fixed, those given as None free.

    Source: S. Hu et al., *MiniCPM: unveiling the potential of small language models with scalable
    training strategies*,
    2024; A. Hägele et al., *Scaling laws and compute-optimal training beyond fixed training
    durations*, NeurIPS 2024.
    """

    warmup: float | None
    decay_fraction: float | None

    name = "warm-up-stable-decay"
    formula = "0 ↗ 1 over aT, 1, 1 ↘ 0 over d(1-a)T"
    source = "Hu et al. 2024; Hägele et al. 2024"
    reads_clock = True
    arguments = {
        "warmup": "the share of the horizon in which it rises, None leaves it free",
        "decay_fraction": "the share of the rest in which it falls, None leaves it free",
    }
    contains = {
        "constant": "warmup → 0, decay_fraction → 0",
        "linear decay": "warmup → 0, decay_fraction = 1, at the middle of each step",
    }

    def __post_init__(self) -> None:
        _check_fractions(self, _FRACTIONS)

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return _free(self, _FRACTIONS)

    def factor(self, coefficients: Values, clock: Clock) -> Value:
        warmup = _value(self, "warmup", coefficients)
        down = (1 - warmup) * _value(self, "decay_fraction", coefficients)  # d(1 - a)
        left = clock.horizon - clock.step
        # s = rise + fall - 1, where one of the two is always 1; each averaged over the step, the
        # fall counted from the end of the horizon
        rise = _mean(clock.step, clock.step + 1, clock.horizon * warmup)
        fall = _mean(left - 1, left, clock.horizon * down)
        return rise + fall - 1


@checked
@dataclass(frozen=True, kw_only=True)
class LogLinear(Shape):
    """log s_t linear between knots, evenly spaced from the first step to the last, s_0 = 1.

    With K = ``pieces``, x = Kt/(T-1) and coefficients ``log_rate_1`` ℓ_1 … ℓ_K,

        log s_t = Σ_i ℓ_i max(0, 1 - |x - i|).

    Few numbers reach any course over long horizons: T - 1 pieces are every positive schedule, and
    doubling the pieces contains the coarser shape.

    Source: the hat functions of linear finite elements, in the logarithm.
    """

    pieces: Count

    name = "piecewise log-linear"
    formula = "exp Σ_i ℓ_i max(0, 1 - |Kt/(T-1) - i|)"
    source = "linear finite elements in log α"
    reads_clock = True
    arguments = {"pieces": "how many pieces the logarithm has, e.g. 4"}
    contains = {"constant": "log_rate_i = 0", "exponential decay": "log_rate_i = i·log_rate_1"}

    @cached_property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return tuple(
            Coefficient(
                name=f"log_rate_{i}", symbol=f"ℓ_{i}", low=-50.0, high=50.0, least=-4.0, most=2.0
            )
            for i in range(1, self.pieces + 1)
        )

    @property
    def constant_at(self) -> Mapping[str, float]:
        return {each.name: 0.0 for each in self.coefficients}

    @cached_property
    def coarser(self) -> "LogLinear | None":
        """Half as many pieces."""
        return LogLinear(pieces=self.pieces // 2) if self.pieces > 1 else None

    def refined(self, coefficients: Values) -> dict[str, Value]:
        """The logarithm of the coarser course at the knots of this one."""
        coarse = self.coarser
        assert coarse is not None  # asked only of shapes that have a coarser one
        known = [0.0, *(float(coefficients[each.name]) for each in coarse.coefficients)]
        knots = np.arange(1, self.pieces + 1) * coarse.pieces / self.pieces
        values = np.interp(knots, np.arange(coarse.pieces + 1), known)
        names = (each.name for each in self.coefficients)
        return {name: float(value) for name, value in zip(names, values, strict=True)}

    def factor(self, coefficients: Values, clock: Clock) -> Value:
        x = self.pieces * clock.step / max(clock.horizon - 1, 1)
        logarithm: Value = 0.0
        for i, each in enumerate(self.coefficients, start=1):
            logarithm = logarithm + coefficients[each.name] * _hat(x - i)
        return exp(logarithm)


def _hat(x: Value) -> Value:
    """max(0, 1 - |x|)."""
    height = smaller(1 - x, 1 + x)
    return height - smaller(height, 0.0)


_SMALL = 1e-6  # the least length of a ramp, in shares of the horizon: 0 would divide by it
_FINAL = (Coefficient(name="final", symbol="f", low=0.0, high=1.0, least=0.0, most=1.0),)
_FRACTIONS = (
    Coefficient(
        name="warmup", symbol="a", low=_SMALL, high=0.999, least=1e-3, most=0.5, scale="log"
    ),
    Coefficient(name="decay_fraction", symbol="d", low=_SMALL, high=1.0, least=0.05, most=1.0),
)


def _mean(begin: Value, end: Value, length: Value) -> Value:
    """The mean of min(z/length, 1) over a step from ``begin`` to ``end`` = begin + 1.

    In steps, whole numbers: differences of them are exact in single precision too.
    """
    low, high = smaller(begin, length), smaller(end, length)
    on_ramp = high - low
    return on_ramp * (low + high) / (2 * length) + 1 - on_ramp


def _check_fractions(shape: Shape, coefficients: tuple[Coefficient, ...]) -> None:
    """Refuse fixed fractions outside the range of their coefficient."""
    for coefficient in coefficients:
        value = getattr(shape, coefficient.name)
        if value is not None:
            low, high = coefficient.low, coefficient.high
            value = number(coefficient.name, value, low=low, high=high)
            object.__setattr__(shape, coefficient.name, value)


def _free(shape: Shape, coefficients: tuple[Coefficient, ...]) -> tuple[Coefficient, ...]:
    """Those that the shape's settings leave free."""
    return tuple(
        coefficient for coefficient in coefficients if getattr(shape, coefficient.name) is None
    )


def _value(shape: Shape, name: str, coefficients: Values) -> Value:
    """A setting of the shape where it is fixed, else the free coefficient of that name."""
    fixed = getattr(shape, name)
    return coefficients[name] if fixed is None else fixed
