"""Small recurrent rules, weight by weight: what a rule of their memory could gain on heavy ball."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...support.arguments import Count, Positive, checked
from ...support.errors import check_options
from .coefficient import Coefficient
from .contained import Contained
from .elementwise import arcsinh, exp, log1p, sqrt, tanh
from .family import Clock, Family, State, Value, Values
from .linear import HeavyBall, learning_rate, momentum

_WIDEST = 20.0  # weights beyond it only saturate their unit


@dataclass(frozen=True, kw_only=True)
class Recurrent(Family):
    """Heavy ball with ``hidden`` recurrent units beside it: a base of rules.

    ``gradient_scale`` s is the size of a typical gradient: units see y/s on a logarithmic scale, so
    that gradients from s/10 to 100 s differ visibly. All weights of the units stand in one vector
    coefficient, ``weights``.

    Rules of this kind are odd, Δθ(-y) = -Δθ(y) for whole histories, as the landscapes have no
    preferred direction.
    """

    hidden: Count
    gradient_scale: Positive

    source = (
        "M. Andrychowicz et al., Learning to learn by gradient descent by gradient descent, NeurIPS"
        " 2016"
    )
    contains = {
        "heavy ball": (
            "embed({'learning_rate': α, 'momentum': β}): readout weights 0, other weights any"
        ),
        "gradient descent": "embed({'learning_rate': α}): readout weights 0, momentum 0",
    }

    arguments = {
        "hidden": "how many recurrent units, e.g. 2",
        "gradient_scale": (
            "the size of a typical gradient, e.g. the standard deviation of its noise"
        ),
    }

    @property
    def readouts(self) -> int:
        """How many of the weights, the last ones, lead from the units to the update."""
        raise NotImplementedError

    @property
    def weights(self) -> int:
        """Size of the coefficient ``weights``."""
        raise NotImplementedError

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        units = Coefficient(
            name="weights",
            symbol="W",
            low=-_WIDEST,
            high=_WIDEST,
            least=-0.5,
            most=0.5,
            size=self.weights,
        )
        return learning_rate(False), momentum(False), units

    @property
    def contained(self) -> tuple[Contained, ...]:
        plain = Contained(name="heavy ball", family=HeavyBall(constant=True), embed=self.embed)
        if self.hidden == 1:
            return (plain,)
        smaller = replace(self, hidden=self.hidden - 1)
        units = "unit" if smaller.hidden == 1 else "units"
        name = f"{self.name} with {smaller.hidden} hidden {units}"
        return plain, Contained(name=name, family=smaller, embed=self.widen)

    def widen(self, coefficients: Values, *, seed: int | None = None) -> dict[str, Value]:
        """Coefficients of this family that do what a family with one unit less does with these.

        They do exactly the same. The new unit is the last; the others do not see it, and nothing is
        read from it. Its own weights are drawn with ``seed``, else 0.
        """
        smaller = replace(self, hidden=self.hidden - 1)
        given = np.asarray(coefficients["weights"], dtype=float)
        weights = np.zeros(self.weights)
        if seed is not None:
            weights = np.random.default_rng(seed).uniform(-0.5, 0.5, self.weights)
        weights[self.weights - self.readouts :] = 0.0
        weights[self._unseen()] = 0.0
        weights[self.kept()] = given[: smaller.weights]
        return {**coefficients, "weights": weights}

    def rows(self) -> np.ndarray:
        """(rows, inputs): places in ``weights`` of what leads into the units, unit by unit."""
        inner = self.weights - self.readouts
        per_unit = inner // self.hidden // self.inputs  # one row, or two: gate and candidate
        return np.arange(inner).reshape(self.hidden * per_unit, self.inputs)

    def kept(self) -> np.ndarray:
        """Places of the weights that a family with one unit less has, in its own order."""
        among_old = np.delete(self._rows_of_old_units(), self._last_unit, axis=1)
        readouts = np.arange(self.weights - self.readouts, self.weights).reshape(-1, self.hidden)
        return np.concatenate([among_old.ravel(), readouts[:, :-1].ravel()])

    def _unseen(self) -> np.ndarray:
        """Places of the weights by which the other units would see the last one."""
        return self._rows_of_old_units()[:, self._last_unit]

    def _rows_of_old_units(self) -> np.ndarray:
        """The :meth:`rows` of all units but the last."""
        rows = self.rows()
        per_unit = len(rows) // self.hidden
        return rows[: per_unit * (self.hidden - 1)]

    @property
    def _last_unit(self) -> int:
        """Which of the inputs is the last unit."""
        return self.first_unit + self.hidden - 1

    @property
    def inputs(self) -> int:
        """How many numbers each row of a unit sees."""
        raise NotImplementedError

    @property
    def first_unit(self) -> int:
        """Which of the inputs is the first unit."""
        raise NotImplementedError

    def embed(
        self, coefficients: Mapping[str, float], *, seed: int | None = None
    ) -> dict[str, Value]:
        """Coefficients of this family that do exactly what heavy ball does with those given.

        Without a momentum that is gradient descent. Readout weights are 0. The others are drawn
        with ``seed``: a start from which every weight can be improved. Without a seed they are 0,
        where all derivatives with respect to weights vanish.
        """
        check_options("embed", dict(coefficients), ("learning_rate", "momentum"))
        weights = np.zeros(self.weights)
        if seed is not None:
            inner = self.weights - self.readouts
            weights[:inner] = np.random.default_rng(seed).uniform(-0.5, 0.5, inner)
        return {"momentum": 0.0, **coefficients, "weights": weights}


def _affine(weights: Iterator[Value], inputs: Iterable[Value]) -> Value:
    """Σ wᵢxᵢ, one weight per input, taken from the iterator."""
    return sum(next(weights) * x for x in inputs)


@checked
@dataclass(frozen=True, kw_only=True)
class NeuralPolicy(Recurrent):
    """z = tanh(W[a, b] + Uz), Δθ_t = βΔθ_{t-1} - αy - Vz with a = arcsinh(y/s), b = y/√(y² + s²).

    An Elman network of ``hidden`` odd units that adds to heavy ball: h(h + 3) weights, in the order
    of W and U unit by unit, then V in units of θ.

    Source: Andrychowicz et al. 2016 for learned rules that act weight by weight; J. Elman, *Finding
    structure in time*,
    1990, for the network.
    """

    name = "neural policy"
    formula = "z = tanh(W[y] + Uz), Δθ = βΔθ - αy - Vz"

    proportional = ()  # what the units add does not scale with the learning rate

    first_unit = 2  # after a and b

    @property
    def inputs(self) -> int:
        return self.first_unit + self.hidden

    @property
    def readouts(self) -> int:
        return self.hidden

    @property
    def weights(self) -> int:
        return self.hidden * (self.hidden + 3)

    @property
    def state_size(self) -> int:
        return 1 + self.hidden

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        scaled, weights = gradient / self.gradient_scale, iter(coefficients["weights"])
        # Σ over an iterator: W and U unit by unit, then V, in the order of the vector
        inputs = (arcsinh(scaled), scaled / sqrt(1 + scaled**2), *state[1:])
        units = tuple(tanh(_affine(weights, inputs)) for _ in range(self.hidden))
        linear = coefficients["momentum"] * state[0] - coefficients["learning_rate"] * gradient
        move = linear - _affine(weights, units)
        return move, (move, *units)


@checked
@dataclass(frozen=True, kw_only=True)
class GatedPolicy(Recurrent):
    """Δθ_t = β_tΔθ_{t-1} - α_t y_t, heavy ball whose coefficients are set by gated units z.

    α_t = α exp(4 tanh(Az/4)), so within a factor of 55 of α, and artanh β_t = artanh β + Bz, so
    that |β_t| < 1: rules that have learned from few landscapes stay stable on others.

    z += σ(gate)·(tanh(candidate) - z), gate and candidate affine in z and in three things seen: the
    size ½log(1 + y²/s²), the agreement aa'/(1 + a² + a'²) of a = arcsinh(y/s) with that of the last
    step, and, with ``sees_clock``, the time 2t/T - 1. Normalisation by past sizes, restarts on
    disagreement and schedules are within its reach, approximately. 2h(h + 5) weights, or 2h(h + 4)
    without the clock: gate and candidate unit by unit, then A, then B.

    Source: K. Cho et al., *Learning phrase representations using RNN encoder-decoder*, EMNLP 2014,
    for the gate (minimal
    form, no reset); Andrychowicz et al. 2016 for learned rules that act weight by weight.
    """

    sees_clock: bool

    name = "gated policy"
    formula = "Δθ = β(z)Δθ - α(z)y, z gated by sizes, agreement and time"
    arguments = {
        **Recurrent.arguments,
        "sees_clock": "True where the units may know which share of the horizon has passed",
    }

    @property
    def reads_clock(self) -> bool:
        return self.sees_clock

    first_unit = 3  # after the constant, the size and the agreement

    @property
    def inputs(self) -> int:
        return self.first_unit + self.hidden + self.sees_clock

    @property
    def readouts(self) -> int:
        return 2 * self.hidden

    @property
    def weights(self) -> int:
        return 2 * self.hidden * (self.hidden + 3 + self.sees_clock) + self.readouts

    @property
    def state_size(self) -> int:
        return 2 + self.hidden

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        last, before, *units = state
        weights, scaled = iter(coefficients["weights"]), gradient / self.gradient_scale
        now = arcsinh(scaled)
        agreement = now * before / (1 + now**2 + before**2)
        inputs = [1.0, log1p(scaled**2) / 2, agreement, *units]
        if self.sees_clock:
            inputs.append(2 * clock.step / clock.horizon - 1)
        updated = tuple(self._gated(unit, weights, inputs) for unit in units)
        rate = coefficients["learning_rate"] * exp(4 * tanh(_affine(weights, updated) / 4))
        beta, shift = coefficients["momentum"], tanh(_affine(weights, updated))
        kept = (beta + shift) / (1 + beta * shift)  # tanh(artanh β + Bz), by the addition theorem
        move = kept * last - rate * gradient
        return move, (move, now, *updated)

    @staticmethod
    def _gated(unit: Value, weights: Iterator[Value], inputs: Iterable[Value]) -> Value:
        # σ(x) = (1 + tanh(x/2))/2, which does not overflow
        gate = (1 + tanh(_affine(weights, inputs) / 2)) / 2
        return unit + gate * (tanh(_affine(weights, inputs)) - unit)
