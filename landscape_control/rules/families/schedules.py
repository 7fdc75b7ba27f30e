"""Families whose learning rate follows a shape in time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...support.arguments import checked
from ...support.errors import ProblemError
from .coefficient import Coefficient
from .contained import Contained, face
from .decay import Wrapped
from .family import Clock, Family, State, Value, Values
from .linear import GradientDescent
from .shapes import Shape

_SHAPE = "its course in time, e.g. InverseTime() or Cosine(final=0.0)"


@checked
@dataclass(frozen=True, kw_only=True)
class Scheduled(Wrapped):
    """A family whose constant learning rate follows a shape: α_t = α s_t.

    Everything else is the family's. The clock runs to the horizon T of the program or policy, and
    shapes that are drawn over [0, T] end there.
    """

    shape: Shape

    arguments = {**Wrapped.arguments, "shape": _SHAPE}

    def __post_init__(self) -> None:
        if not isinstance(self.shape, Shape):
            raise ProblemError(
                "shape",
                expected=(
                    "a Shape: Constant, InverseTime, Polynomial, Cosine, WarmupStableDecay or"
                    " LogLinear"
                ),
                received=type(self.shape).__name__,
                advice="e.g. Cosine(final=0.0)",
            )
        own = self.family.coefficients
        has_rate = any(each.name == "learning_rate" and not each.varies for each in own)
        clash = {each.name for each in own} & {each.name for each in self.shape.coefficients}
        if not has_rate or clash:
            raise ProblemError(
                "family of Scheduled",
                received=f"{self.family.name} with {', '.join(clash) or 'none'}",
                expected="a family with one constant learning_rate and no coefficient of the shape",
                advice="use constant=True, and schedule once only",
            )

    @property
    def name(self) -> str:
        return f"{self.family.name}, {self.shape.name}"

    @property
    def formula(self) -> str:
        return f"{self.family.formula}, α_t = α[{self.shape.formula}]"

    @property
    def source(self) -> str:
        return f"{self.family.source}; {self.shape.source}"

    @property
    def contains(self) -> Mapping[str, str]:
        inner, places = self.family.name, self.shape.contains
        if not places:
            return {inner: "any coefficients"}
        return {f"{inner}, {rule}": where for rule, where in places.items()}

    @property
    def reads_clock(self) -> bool:
        return self.shape.reads_clock or self.family.reads_clock

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return *self.family.coefficients, *self.shape.coefficients

    @property
    def contained(self) -> tuple[Contained, ...]:
        scheduled = [
            face(inside.name, **dict(inside.held))
            for inside in self.family.contained
            if inside.is_face
        ]
        flat = self.shape.constant_at
        if not flat:
            return tuple(scheduled)
        # simplest first: faces of the family without its schedule, the family without it, its
        # faces with it
        unscheduled = [face(inside.name, **dict(inside.held), **flat) for inside in scheduled]
        return *unscheduled, face(self.family.name, **flat), *scheduled

    @property
    def coarser(self) -> Contained | None:
        shape = self.shape.coarser
        if shape is None:
            return None
        of_shape = {each.name for each in shape.coefficients}

        def embed(coefficients: Values, seed: int | None = None) -> dict[str, Value]:
            kept = {name: value for name, value in coefficients.items() if name not in of_shape}
            return {**kept, **self.shape.refined(coefficients)}

        family = replace(self, shape=shape)
        return Contained(name=family.name, family=family, embed=embed)

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        scheduled = self._at_this_step(coefficients, clock)
        return super().step(scheduled, state, gradient, parameters, clock)

    def readout(self, coefficients: Values, state: State, parameters: Value, clock: Clock) -> Value:
        scheduled = self._at_this_step(coefficients, clock)
        return super().readout(scheduled, state, parameters, clock)

    def _at_this_step(self, coefficients: Values, clock: Clock) -> dict[str, Value]:
        rate = coefficients["learning_rate"] * self.shape.factor(coefficients, clock)
        return {**coefficients, "learning_rate": rate}


@checked
@dataclass(frozen=True, kw_only=True)
class ScheduledDescent(Scheduled):
    """Gradient descent Δθ_t = -α s_t y_t with a shape s."""

    family: Family = field(default=GradientDescent(constant=True), init=False)

    arguments = {"shape": _SHAPE}
