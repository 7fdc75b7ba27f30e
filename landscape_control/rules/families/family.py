"""What a causal learning rule is: one formula for a step, with free coefficients, run on numbers and
on CasADi symbols alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...support.arguments import Count, checked
from .coefficient import Coefficient, Layout
from .contained import Contained
from .elementwise import Value

Values = Mapping[str, Value]  # coefficients by name
State = tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Where a step stands: ``step`` t = 0 … T-1 of a horizon of T steps."""

    step: int
    horizon: int


@dataclass(frozen=True, kw_only=True)
class Family:
    """Causal learning rules of one shape: Δθ_t from the gradients y_0 … y_t seen so far, by a state
    carried along.

    Every family works weight by weight: the same formula with the same coefficients for each
    coordinate. It is written once, in :meth:`step`, with operations that NumPy arrays and CasADi
    symbols share (+ - * / ** and those of :mod:`.elementwise`). Whatever needs the rule calls it: a
    :class:`Policy` and the learners of the simulation run it on numbers, programs optimise its
    coefficients as symbols, a fit runs many sets of coefficients side by side, and
    :mod:`.response` reads off what it makes of one gradient. The clock's step may be a symbol too.

    Class attributes: ``name``, ``formula``, ``source`` in words; ``contains``: classic rules that
    are special points, {rule: where}, e.g. {"gradient descent": "momentum = 0"}; ``linear``:
    whether Δθ is linear in θ, y and the state for fixed coefficients, so that second moments
    propagate in closed form; ``memory``: how many gradients the rule must have seen before all of
    its coefficients have an effect, at most the horizon; ``reads_parameters``: whether Δθ depends
    on θ itself, as weight decay does, and not on the gradients alone; ``reads_clock``: whether Δθ
    depends on how much of the horizon is left, as in a cosine schedule, so that the rule ends with
    its horizon (a bias correction counts steps too, but never ends); ``proportional``: names of
    the coefficients in which Δθ is linear and homogeneous, the others given; ``differentiable``:
    whether Δθ is differentiable in the gradients, so that its coefficients can be optimised;
    ``arguments``: {name: what it is} for the arguments that the family cannot do without.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    contains: ClassVar[Mapping[str, str]] = {}
    linear: ClassVar[bool] = False
    memory: ClassVar[int] = 1
    reads_parameters: ClassVar[bool] = False
    reads_clock: ClassVar[bool] = False
    proportional: ClassVar[tuple[str, ...]] = ("learning_rate",)
    differentiable: ClassVar[bool] = True
    arguments: ClassVar[Mapping[str, str]] = {}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """The free numbers, in the order of the program's variables."""
        raise NotImplementedError

    @property
    def contained(self) -> tuple[Contained, ...]:
        """The simpler families among its members, simplest first: an optimisation starts from their
        best members too.

        ``contains`` says in words what else is a special point.
        """
        return ()

    @property
    def state_size(self) -> int:
        """Numbers per weight that are carried from step to step; all zero at the start."""
        raise NotImplementedError

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        """(Δθ, next state) for one weight, from the observed gradient at θ = ``parameters``.

        ``coefficients`` maps names to numbers (or lists of ``size`` numbers), arrays or symbols;
        ``state`` has ``state_size`` entries. The formula may depend on the clock, the *shape* of
        the computation may not depend on values.
        """
        raise NotImplementedError

    @checked
    def layout(self, horizon: Count) -> Layout:
        """How the coefficients stand in one vector."""
        return Layout(coefficients=self.coefficients, horizon=horizon)
