"""Gradients clipped by their norm: the one family in which weights see each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...support.arguments import NonNegative, checked
from ...support.errors import ProblemError
from .coefficient import Coefficient
from .contained import Contained
from .decay import Wrapped
from .elementwise import larger, sqrt, total_square
from .family import Clock, State, Value, Values

_LARGEST = Coefficient(
    name="largest_norm",
    symbol="c",
    low=1e-100,
    least=0.1,
    most=10.0,
    scale="log",
    unit="y",
)


@checked
@dataclass(frozen=True, kw_only=True)
class Clipped(Wrapped):
    """The inner rule on y·min(1, c/(|y| + g)), |y| the norm of the gradient of all weights.

    The coefficient ``largest_norm`` c is in units of the gradient. The norm is that of the weights
    that learn together: those of an episode in simulations and programs, all those of an exported
    optimizer, and in a recording the norm that was recorded. ``guard`` g is 1e-6 in
    ``torch.nn.utils.clip_grad_norm_`` and 0 in ``optax.clip_by_global_norm``.

    Source: R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural
    networks*, ICML 2013, Algorithm 1.
    """

    guard: NonNegative = 0.0

    couples = True
    norms = (_LARGEST.name,)

    def __post_init__(self) -> None:
        if self.family.couples or any(each.name == "largest_norm" for each in self._inner):
            raise ProblemError(
                "family of Clipped",
                expected="a family that works weight by weight",
                received=self.family.name,
                advice="clip once only",
            )

    @property
    def _inner(self) -> tuple[Coefficient, ...]:
        return self.family.coefficients

    @property
    def name(self) -> str:
        return f"{self.family.name} with clipped gradients"

    @property
    def formula(self) -> str:
        return f"{self.family.formula}, y·min(1, c/|y|) for y"

    @property
    def source(self) -> str:
        return f"{self.family.source}; Pascanu et al. 2013"

    @property
    def linear(self) -> bool:
        return False

    @property
    def contains(self) -> Mapping[str, str]:
        return {self.family.name: "largest_norm above every |y|"}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return *self._inner, _LARGEST

    @property
    def coarser(self) -> Contained | None:
        """The inner rule: its optimum with the largest norm at which a search starts."""
        assert _LARGEST.most is not None

        def embed(coefficients: Values, seed: int | None = None) -> dict[str, Any]:
            return {**coefficients, "largest_norm": _LARGEST.most}

        return Contained(name=self.family.name, family=self.family, embed=embed)

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        square = total_square(gradient) if clock.gradient_square is None else clock.gradient_square
        largest = coefficients["largest_norm"]
        # a root is taken of what is nowhere zero: that of |y|² has no slope at y = 0
        floor = larger(largest - self.guard, 0.0)
        size = sqrt(larger(square, floor**2)) + self.guard
        return super().step(coefficients, state, largest / size * gradient, parameters, clock)
