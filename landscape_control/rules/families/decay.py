"""Families around another family: weight decay, and coefficients held fixed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from ...support.arguments import Words, checked
from ...support.arrays import number
from ...support.errors import ProblemError, check_options
from .adaptive import AdamFamily
from .coefficient import Coefficient
from .contained import Contained, face
from .family import Clock, Family, State, Value, Values
from .linear import HeavyBall
from .sign import Lion


def decoupled(update: Value, decay: Value, displacement: Value) -> Value:
    """The update with a pull beside it, towards where the displacement is 0: Δθ - w·displacement."""
    return update - decay * displacement


def coupled(gradient: Value, decay: Value, displacement: Value) -> Value:
    """The gradient of L + w|displacement|²/2, which the rule then follows: L2 regularisation."""
    return gradient + decay * displacement


DECAY = Coefficient(
    name="decay", symbol="w", low=0.0, least=1e-4, most=0.5, scale="log", unit="1/step"
)


@dataclass(frozen=True, kw_only=True)
class Wrapped(Family):
    """A family around ``family``, with its state, its memory and its coefficients by name."""

    family: Family

    arguments = {"family": "the family around which it goes, e.g. HeavyBall(constant=True)"}

    @property
    def source(self) -> str:
        return self.family.source

    @property
    def linear(self) -> bool:
        return self.family.linear

    @property
    def memory(self) -> int:  # type: ignore[override]  # a wrapper has that of what it wraps
        return self.family.memory

    @property
    def reads_parameters(self) -> bool:
        return self.family.reads_parameters

    @property
    def reads_clock(self) -> bool:
        return self.family.reads_clock

    @property
    def couples(self) -> bool:
        return self.family.couples

    @property
    def norms(self) -> tuple[str, ...]:
        return self.family.norms

    @property
    def has_readout(self) -> bool:
        return self.family.has_readout

    @property
    def proportional(self) -> tuple[str, ...]:
        return self.family.proportional

    @property
    def differentiable(self) -> bool:
        return self.family.differentiable

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return self.family.coefficients

    @property
    def contained(self) -> tuple[Contained, ...]:
        return tuple(map(self._around, self.family.contained))

    @property
    def coarser(self) -> Contained | None:
        inner = self.family.coarser
        return None if inner is None else self._around(inner)

    def _around(self, inner: Contained) -> Contained:
        """What the inner family contains, inside this one: this one around it."""
        simpler = inner.family
        if simpler is None:
            return replace(inner, name=f"{inner.name} inside {self.name}")
        around = replace(self, family=simpler)
        own = {coefficient.name for coefficient in simpler.coefficients}

        def embed(coefficients: Values, seed: int | None = None) -> dict[str, Value]:
            # those of the wrapper, such as the decay, stay as they are
            inside = {name: value for name, value in coefficients.items() if name in own}
            return {**coefficients, **inner.embed(inside, seed=seed)}

        return replace(inner, name=around.name, family=around, embed=embed)

    @property
    def state_size(self) -> int:
        return self.family.state_size

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        return self.family.step(coefficients, state, gradient, parameters, clock)

    def readout(self, coefficients: Values, state: State, parameters: Value, clock: Clock) -> Value:
        return self.family.readout(coefficients, state, parameters, clock)


@checked
@dataclass(frozen=True, kw_only=True)
class WeightDecay(Wrapped):
    """Δθ = inner update - w θ, the coefficient ``decay`` w: decoupled, and towards 0.

    The inner state does not see it. Around constant heavy ball it is Δθ_t = β(1-w)Δθ_{t-1} - αy_t -
    w(1-β)θ_t after the first step: decay inside the momentum (L2 regularisation) is the same rule
    with other coefficients, and so is (β, w) → (1-w, 1-β) where θ_0 = 0. For adaptive inner
    families it is not. It pulls to 0: where the minimum is known to be there, decay alone finds it,
    without gradients.

    Source: I. Loshchilov, F. Hutter, *Decoupled weight decay regularization*, ICLR 2019; w is their
    ηλ.
    """

    reads_parameters = True

    def __post_init__(self) -> None:
        if any(coefficient.name == "decay" for coefficient in self.family.coefficients):
            raise ProblemError(
                "family of WeightDecay",
                expected="a family without a coefficient 'decay'",
                received=self.family.name,
                advice="wrap it once only",
            )
        if self.family.has_readout:  # kept as a difference from θ, which would not see the decay
            raise ProblemError(
                "family of WeightDecay",
                expected="a family that answers with θ itself",
                received=self.family.name,
                advice="average outside: Averaged(family=WeightDecay(family=...))",
            )

    @property
    def name(self) -> str:
        return f"{self.family.name} with weight decay"

    @property
    def formula(self) -> str:
        return f"{self.family.formula} - wθ"

    @property
    def source(self) -> str:
        return f"{self.family.source}; Loshchilov & Hutter 2019"

    @property
    def contains(self) -> Mapping[str, str]:
        places = {self.family.name: "decay = 0"}
        if isinstance(self.family, AdamFamily):
            places["AdamW"] = "exponent = ½"
        if isinstance(self.family, Lion):
            places["Lion of Chen et al."] = "smoothing → 0"
        return places

    @property
    def proportional(self) -> tuple[str, ...]:
        return *self.family.proportional, "decay"

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return *self.family.coefficients, replace(DECAY, low=-1.0, high=1.0)

    @property
    def contained(self) -> tuple[Contained, ...]:
        plain = [
            face(inside.name, **dict(inside.held), decay=0.0)
            for inside in self.family.contained
            if inside.is_face
        ]
        return *plain, face(self.family.name, decay=0.0), *super().contained

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        move, state = self.family.step(coefficients, state, gradient, parameters, clock)
        return decoupled(move, coefficients["decay"], parameters), state


@dataclass(frozen=True, kw_only=True)
class DecayInside(HeavyBall):
    """Δθ_t = βΔθ_{t-1} - α y_t - wθ: the pull enters the momentum, as in L2 regularisation.

    It is the optimal rule for a noisy task that moves.

    Source: Polyak 1964 for the momentum; A. Krogh, J. Hertz, *A simple weight decay can improve
    generalization*, NeurIPS 1991, for the decay.
    """

    constant: bool = True

    reads_parameters = True
    proportional = ("learning_rate", "decay")

    name = "heavy ball with weight decay"
    formula = "Δθ = βΔθ - α y - wθ"
    source = "Polyak 1964 with L2 regularisation; exact LQG rule for a noisy, moving task"

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return *super().coefficients, DECAY

    @property
    def contained(self) -> tuple[Contained, ...]:
        return *super().contained, face("heavy ball", decay=0.0)

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        update, _ = super().step(coefficients, state, gradient, parameters, clock)
        update = decoupled(update, coefficients["decay"], parameters)
        return update, (update,)  # the pull is remembered too, unlike in WeightDecay


@checked
@dataclass(frozen=True, kw_only=True)
class Fixed(Wrapped):
    """A family with some of its coefficients held at ``values`` {name: number}.

    They are no variables any more. A value holds at every step; numbers per step are not taken.
    """

    values: Annotated[Mapping[str, float] | tuple, Words(expected="{name: number}")]

    arguments = {**Wrapped.arguments, "values": "{name: number} for the coefficients that are held"}

    def __post_init__(self) -> None:
        inner = {coefficient.name: coefficient for coefficient in self.family.coefficients}
        try:
            values = dict(self.values)
        except (TypeError, ValueError):
            raise ProblemError(
                "values of Fixed",
                expected="{name: number}",
                received=repr(self.values),
                advice="e.g. values={'momentum': 0.9}",
            ) from None
        check_options(f"fixed {self.family.name}", values, inner)
        for name, value in values.items():
            if inner[name].size > 1:
                raise ProblemError(
                    f"fixed {name}",
                    expected="a coefficient that is one number",
                    received=f"{inner[name].size} numbers",
                    advice="leave it free",
                )
            values[name] = number(
                f"fixed {name}", value, low=inner[name].low, high=inner[name].high
            )
        object.__setattr__(self, "values", tuple(sorted(values.items())))  # a family can be hashed

    @property
    def name(self) -> str:
        held = ", ".join(f"{name} = {value:g}" for name, value in dict(self.values).items())
        return f"{self.family.name}, {held}" if held else self.family.name

    @property
    def formula(self) -> str:
        return self.family.formula

    @property
    def contains(self) -> Mapping[str, str]:
        return {
            rule: f"{place}; only where that agrees with what is held"
            for rule, place in self.family.contains.items()
        }

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        held = dict(self.values)
        return tuple(
            coefficient for coefficient in self.family.coefficients if coefficient.name not in held
        )

    @property
    def coarser(self) -> Contained | None:
        return None  # what is held may be no number of the coarser family

    @property
    def contained(self) -> tuple[Contained, ...]:
        held = dict(self.values)
        faces: dict[tuple, Contained] = {}  # by what they hold: two may be one here
        for inside in self.family.contained:
            place = dict(inside.held)
            agrees = all(held.get(name, value) == value for name, value in place.items())
            rest = {name: value for name, value in place.items() if name not in held}
            if inside.is_face and agrees and rest:
                faces.setdefault(tuple(rest.items()), face(inside.name, **rest))
        return tuple(faces.values())

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        return super().step(self._complete(coefficients), state, gradient, parameters, clock)

    def readout(self, coefficients: Values, state: State, parameters: Value, clock: Clock) -> Value:
        return super().readout(self._complete(coefficients), state, parameters, clock)

    def _complete(self, coefficients: Values) -> dict[str, Value]:
        """With those that are held."""
        return {**coefficients, **dict(self.values)}
