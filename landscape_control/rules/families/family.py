"""What a causal learning rule is: one formula for a step, with free coefficients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...support.arguments import Count, checked
from .coefficient import Coefficient, Layout
from .elementwise import Value

Values = Mapping[str, Value]  # coefficients by name
State = tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Where a step stands: ``step`` t = 0 … T-1 of a horizon of T steps.

    ``gradient_square`` is |y|² over all weights that learn together, for rules that look at it
    (``couples``); None where the gradient that the step is given holds those weights and no others.
    """

    step: Value  # a whole number, or the symbol that counts the steps of a folded program
    horizon: int
    gradient_square: Value = None


def _unchanged(coefficients: Values, seed: int | None = None) -> dict[str, Value]:
    return dict(coefficients)


@dataclass(frozen=True, kw_only=True)
class Contained:
    """A simpler family that is part of a richer one.

    Either a face, where some coefficients of the richer family are ``held`` and the others stay
    free; or a family of its own, whose coefficients ``embed`` turns into those of the richer one.

    Attributes
    ----------
    name : what it is, in words
    held : {coefficient of the richer family: number}, empty unless it is a face
    family : the simpler family, None where it is a face
    embed : (its coefficients by name, seed) -> coefficients of the richer family by name. With a
        seed, those that have no effect there are drawn, so that all of them can be improved from
        there; with None they are what is simplest. By default the coefficients are the same
    """

    name: str
    held: Mapping[str, float] | tuple[tuple[str, float], ...] = ()
    family: "Family | None" = None
    embed: Callable[..., dict[str, Value]] = _unchanged

    @property
    def is_face(self) -> bool:
        """Whether it is the richer family with some coefficients held."""
        return self.family is None


@dataclass(frozen=True, kw_only=True)
class Family:
    """Causal learning rules of one shape: Δθ_t from y_0 … y_t, by a state carried along.

    A family works weight by weight: the same formula with the same coefficients for each
    coordinate. (One that also looks at the norm of the gradient of all weights says ``couples``.)
    It is written once, in :meth:`step`, with operations that NumPy arrays and CasADi
    symbols share (+ - * / ** and those of :mod:`.elementwise`). Whatever needs the rule calls it: a
    :class:`Policy` and the learners of the simulation run it on numbers, programs optimise its
    coefficients as symbols, a fit runs many sets of coefficients side by side, :mod:`.response`
    reads off what it makes of one gradient, and exported optimizers run it on tensors of PyTorch
    and arrays of JAX. The clock's step may be a symbol too.

    What is the same for all members of a family is a class attribute of it (``name = "AdaGrad"``),
    what depends on its settings a property. Two are always class attributes: ``memory``, how many
    gradients the rule must have seen before all of its coefficients have an effect, at most the
    horizon; and ``arguments``, {name: what it is} for the arguments that the family cannot do
    without.
    """

    memory: ClassVar[int] = 1
    arguments: ClassVar[Mapping[str, str]] = {}

    @property
    def name(self) -> str:
        """The rule in words."""
        raise self._undefined("name")

    @property
    def formula(self) -> str:
        """Δθ in symbols."""
        raise self._undefined("formula")

    @property
    def source(self) -> str:
        """Where the rule comes from."""
        raise self._undefined("source")

    @property
    def contains(self) -> Mapping[str, str]:
        """Classic rules that are special points, {rule: where}."""
        return {}

    @property
    def linear(self) -> bool:
        """Whether Δθ is linear in θ, y and the state for fixed coefficients.

        Second moments then propagate in closed form.
        """
        return False

    @property
    def reads_parameters(self) -> bool:
        """Whether Δθ depends on θ itself, as weight decay does, and not on gradients alone."""
        return False

    @property
    def reads_clock(self) -> bool:
        """Whether Δθ depends on how much of the horizon is left, as in a cosine schedule.

        The rule then ends with its horizon; a bias correction counts steps too, but never ends.
        """
        return False

    @property
    def couples(self) -> bool:
        """Whether Δθ of a weight depends on the gradients of others, by the norm of all of them."""
        return False

    @property
    def norms(self) -> tuple[str, ...]:
        """Names of the coefficients that are norms of gradients: a fit starts from those it sees."""
        return ()

    @property
    def has_readout(self) -> bool:
        """Whether the rule answers with other parameters than those where it takes gradients."""
        return False

    @property
    def proportional(self) -> tuple[str, ...]:
        """Names of the coefficients in which Δθ is linear and homogeneous, the others given."""
        return ("learning_rate",)

    @property
    def differentiable(self) -> bool:
        """Whether Δθ is differentiable in the gradients, so that it can be optimised."""
        return True

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """The free numbers, in the order of the program's variables."""
        raise self._undefined("coefficients")

    @property
    def contained(self) -> tuple[Contained, ...]:
        """The simpler families among its members, simplest first.

        An optimisation starts from their best members too; ``contains`` says in words what else is
        a special point.
        """
        return ()

    @property
    def coarser(self) -> Contained | None:
        """The same family with fewer numbers, whose optimum is a good place to start from.

        Unlike one that is ``contained`` it need not be a member: ``embed`` may approximate.
        """
        return None

    @property
    def state_size(self) -> int:
        """Numbers per weight that are carried from step to step; all zero at the start."""
        raise self._undefined("state_size")

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        """(Δθ, next state) for one weight, from the observed gradient at θ = ``parameters``.

        ``coefficients`` maps names to numbers (or lists of ``size`` numbers), arrays or symbols;
        ``state`` has ``state_size`` entries. The formula may depend on the clock, the *shape* of
        the computation may not depend on values.
        """
        raise self._undefined("step")

    def readout(self, coefficients: Values, state: State, parameters: Value, clock: Clock) -> Value:
        """What the rule answers with after the step of the clock: θ itself, or an average of iterates.

        ``state`` and ``parameters`` are those after the step, ``coefficients`` those of the step.
        Gradients are taken at θ = ``parameters`` and the effort counts how far θ moves; every loss
        of a program, running and terminal, is that of the readout: what could be used if learning
        stopped there. It is θ at rest, before the first step. A family that overrides this says so
        with ``has_readout``; the readout of a linear one is linear in θ and the state.
        """
        return parameters

    @checked
    def layout(self, horizon: Count) -> Layout:
        """How the coefficients stand in one vector."""
        return Layout(coefficients=self.coefficients, horizon=horizon)

    def _undefined(self, part: str) -> NotImplementedError:
        """A family of a user's own that lacks what every family says of itself."""
        return NotImplementedError(
            f"{type(self).__name__} does not define {part}: a family says its name, formula, source,"
            " coefficients and state_size, and has a step"
        )
