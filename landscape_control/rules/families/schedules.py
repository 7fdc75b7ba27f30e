"""Families whose learning rate follows a shape in time."""

from dataclasses import dataclass, field

from ...arguments import checked
from ...errors import ProblemError
from .contained import face
from .decay import Wrapped
from .family import Family
from .linear import GradientDescent
from .shapes import Shape

_SHAPE = "its course in time, e.g. InverseTime() or Cosine(final=0.0)"


@checked
@dataclass(frozen=True, kw_only=True)
class Scheduled(Wrapped):
    """A family whose constant learning rate follows a shape: α_t = α s_t; everything else is the
    family's.

    The clock runs to the horizon T of the program or policy, and shapes that are drawn over [0, T]
    end there.
    """

    shape: Shape

    arguments = {**Wrapped.arguments, "shape": _SHAPE}

    def __post_init__(self):
        if not isinstance(self.shape, Shape):
            raise ProblemError(
                "shape",
                expected="a Shape: Constant, InverseTime, Polynomial, Cosine or WarmupStableDecay",
                received=type(self.shape).__name__,
                advice="e.g. Cosine(final=0.0)",
            )
        rates = [
            one
            for one in self.family.coefficients
            if one.name == "learning_rate" and not one.varies
        ]
        clash = {one.name for one in self.family.coefficients} & {
            one.name for one in self.shape.coefficients
        }
        if not rates or clash:
            raise ProblemError(
                "family of Scheduled",
                received=f"{self.family.name} with {', '.join(clash) or 'none'}",
                expected="a family with one constant learning_rate and no coefficient of the shape",
                advice="use constant=True, and schedule once only",
            )

    @property
    def name(self):
        return f"{self.family.name}, {self.shape.name}"

    @property
    def formula(self):
        return f"{self.family.formula}, α_t = α[{self.shape.formula}]"

    @property
    def source(self):
        return f"{self.family.source}; {self.shape.source}"

    @property
    def contains(self):
        return (
            {self.family.name: "any coefficients"}
            if not self.shape.contains
            else {
                f"{self.family.name}, {rule}": where for rule, where in self.shape.contains.items()
            }
        )

    @property
    def reads_clock(self):
        return self.shape.reads_clock or self.family.reads_clock

    @property
    def coefficients(self):
        return *self.family.coefficients, *self.shape.coefficients

    @property
    def contained(self):
        inner = tuple(
            face(one.name, **dict(one.held)) for one in self.family.contained if one.is_face
        )
        if not self.shape.constant_at:
            return inner
        still = face(self.family.name, **self.shape.constant_at)
        return (
            *(face(one.name, **dict(one.held), **self.shape.constant_at) for one in inner),
            still,
            *inner,
        )

    def step(self, coefficients, state, gradient, parameters, clock):
        rate = coefficients["learning_rate"] * self.shape.factor(coefficients, clock)
        return super().step(
            {**coefficients, "learning_rate": rate}, state, gradient, parameters, clock
        )


@checked
@dataclass(frozen=True, kw_only=True)
class ScheduledDescent(Scheduled):
    """Gradient descent Δθ_t = -α s_t y_t with a shape s."""

    family: Family = field(default=GradientDescent(constant=True), init=False)

    arguments = {"shape": _SHAPE}
