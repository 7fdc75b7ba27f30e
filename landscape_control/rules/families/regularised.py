"""What optimizers of networks do besides: dampened momentum, and L2 regularisation of the loss."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...support.arguments import checked
from ...support.errors import ProblemError
from .coefficient import Coefficient
from .contained import Contained, face
from .decay import DECAY, Wrapped, coupled
from .family import Clock, Family, State, Value, Values
from .linear import learning_rate, momentum

_DAMPENING = Coefficient(name="dampening", symbol="d", low=0.0, high=1.0)


@checked
@dataclass(frozen=True, kw_only=True)
class DampenedMomentum(Family):
    """b_0 = y_0, b_t = β b_{t-1} + (1 - d) y_t, Δθ_t = -α b_t.

    The first gradient is not dampened. After about 1/(1 - β) steps it is forgotten, and the rule is
    heavy ball with the learning rate α(1 - d).

    Source: torch.optim.SGD(momentum=β, dampening=d), PyTorch's documentation.
    """

    name = "dampened momentum"
    formula = "b = βb + (1-d)y, b_0 = y_0, Δθ = -α b"
    source = "torch.optim.SGD"
    contains = {"heavy ball": "dampening = 0", "gradient descent": "momentum = dampening = 0"}
    linear = True
    state_size = 1

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return learning_rate(False), momentum(False), _DAMPENING

    @property
    def contained(self) -> tuple[Contained, ...]:
        plain = face("gradient descent", momentum=0.0, dampening=0.0)
        return plain, face("heavy ball", dampening=0.0)

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        is_first = 0.0**clock.step  # 1 at the first step, 0 after it
        share = 1 - coefficients["dampening"] * (1 - is_first)
        carried = coefficients["momentum"] * state[0] + share * gradient
        return -coefficients["learning_rate"] * carried, (carried,)


@checked
@dataclass(frozen=True, kw_only=True)
class Regularised(Wrapped):
    """The inner rule on y + λθ, the gradient of L + λ|θ|²/2, with the coefficient ``penalty`` λ.

    ``weight_decay`` of most optimizers of PyTorch. For gradient descent and heavy ball it is the
    same as decay with w = αλ; for rules that divide by the gradient's size it is not, which
    :class:`WeightDecay` is for.

    Source: A. Krogh, J. Hertz, *A simple weight decay can improve generalization*, NeurIPS 1991;
    the distinction: I. Loshchilov, F. Hutter, *Decoupled weight decay regularization*, ICLR 2019.
    """

    reads_parameters = True

    def __post_init__(self) -> None:
        taken = [each.name for each in self.family.coefficients]
        if "penalty" in taken or "decay" in taken:
            raise ProblemError(
                "family of Regularised",
                expected="a family without decay or penalty",
                received=self.family.name,
                advice="wrap it once only",
            )

    @property
    def name(self) -> str:
        return f"{self.family.name} with L2 regularisation"

    @property
    def formula(self) -> str:
        return f"{self.family.formula}, y + λθ for y"

    @property
    def source(self) -> str:
        return f"{self.family.source}; Krogh & Hertz 1991"

    @property
    def contains(self) -> Mapping[str, str]:
        return {self.family.name: "penalty = 0"}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        penalty = replace(DECAY, name="penalty", symbol="λ", least=1e-5, unit="y/θ")
        return *self.family.coefficients, penalty

    @property
    def contained(self) -> tuple[Contained, ...]:
        plain = [
            face(inside.name, **dict(inside.held), penalty=0.0)
            for inside in self.family.contained
            if inside.is_face
        ]
        return *plain, face(self.family.name, penalty=0.0), *super().contained

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        pulled = coupled(gradient, coefficients["penalty"], parameters)
        return super().step(coefficients, state, pulled, parameters, clock)
