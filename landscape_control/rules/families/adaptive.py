"""Rules that divide by the size of past gradients: the Adam family with RMSProp, the ballistic
optimiser, and AdaGrad.
"""

from dataclasses import dataclass, field, replace
from typing import Annotated, NamedTuple

from ...support.arguments import checked
from .average import average_weight, averaged, bias_corrected
from .coefficient import Coefficient, admissible
from .contained import Contained, face
from .elementwise import sqrt
from .family import Clock, Family, State, Value, Values

RATE = Coefficient(  # of a rule that divides gradients by their size
    name="learning_rate", symbol="α", low=0.0, least=1e-3, most=3.0, scale="log", unit="u"
)
OUTER_EPSILON = Coefficient(  # beside the root
    name="epsilon", symbol="ε", low=0.0, least=1e-8, most=0.1, scale="log", unit="y"
)
_FREE = {  # the coefficients that can be given a fixed value, beside the learning rate
    "exponent": Coefficient(name="exponent", symbol="p", low=0.0, high=1.0),
    "beta1": Coefficient(
        name="beta1", symbol="β₁", low=0.0, high=0.9999, most=0.95, scale="one minus"
    ),
    "beta2": Coefficient(
        name="beta2", symbol="β₂", low=0.0, high=0.99999, most=0.999, scale="one minus"
    ),
    "epsilon": Coefficient(  # inside the power
        name="epsilon", symbol="ε", low=1e-20, least=1e-16, most=1e-2, scale="log", unit="y²"
    ),
}
Exponent = Annotated[float, admissible(_FREE["exponent"])]
Beta1 = Annotated[float, admissible(_FREE["beta1"])]
Beta2 = Annotated[float, admissible(_FREE["beta2"])]
Epsilon = Annotated[float, admissible(_FREE["epsilon"])]


class _Words(NamedTuple):
    name: str
    formula: str
    source: str


_FAMILY = _Words("Adam family", "Δθ = -α m̂/(v̂ + ε)^p", "Kingma & Ba 2015; Padam: Chen et al. 2020")
_OUTSIDE = _FAMILY._replace(formula="Δθ = -α m̂/(v̂^p + ε)")
_TEXTBOOK = {  # with ε beside the square root: (average of gradients, bias correction) -> the rule
    (True, True): _Words("Adam", "Δθ = -α m̂/(√v̂ + ε)", "Kingma & Ba 2015, Algorithm 1"),
    (True, False): _Words(
        "Adam without bias correction",
        "Δθ = -α m/(√v + ε)",
        "Kingma & Ba 2015, without the correction",
    ),
    (False, True): _Words(
        "RMSProp with bias correction",
        "v = βv + (1-β)y², Δθ = -α y/(√v̂ + ε)",
        "Tieleman & Hinton 2012; Kingma & Ba 2015",
    ),
    (False, False): _Words(
        "RMSProp", "v = βv + (1-β)y², Δθ = -α y/(√v + ε)", "Tieleman & Hinton 2012"
    ),
}


@checked
@dataclass(frozen=True, kw_only=True)
class AdamFamily(Family):
    """m = β₁m + (1-β₁)y, v = β₂v + (1-β₂)y², Δθ = -α m̂/(v̂ + ε)^p.

    At the t-th step m̂ = m/(1-β₁ᵗ) and v̂ = v/(1-β₂ᵗ). Without ``bias_correction`` m̂ = m and v̂ =
    v. The learning rate is free and constant; so are the other coefficients given as None; those
    given as numbers are fixed and no variables. ε stands inside the power, in units of y², so that
    the family is smooth at v = 0. Kingma & Ba write √v̂ + ε'; with ε' = √ε that is at most √2 times
    √(v̂ + ε), at v̂ = ε, and the same where v̂ is far above or far below ε. Zeiler's Adadelta puts
    ε inside, as here. ``epsilon_outside`` is Kingma & Ba's form, Δθ = -α m̂/(v̂^p + ε), ε then in
    units of y^2p.

    With exponent ½ and a short memory, β₁ and β₂ near 0, it is a sign rule with δ = √ε, and in a
    program √ε has to be as large as the smoothing of :class:`SignDescent`.

    Source: D. P. Kingma, J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015, Algorithm
    1; the exponent as in
    J. Chen et al., *Closing the generalization gap of adaptive gradient methods in training deep
    neural networks* (Padam), IJCAI 2020.
    """

    exponent: Exponent | None = None
    beta1: Beta1 | None = None
    beta2: Beta2 | None = None
    bias_correction: bool = True
    epsilon: Epsilon | None
    epsilon_outside: bool = field(default=False, metadata={"later": True})

    contains = {
        "gradient descent": "exponent = 0, beta1 = 0",
        "heavy ball": (
            "exponent = 0: momentum = β₁, learning rate α(1-β₁); with bias correction α_t ="
            " α(1-β₁)/(1-β₁ᵗ) and momentum β₁(1-β₁ᵗ⁻¹)/(1-β₁ᵗ) at the t-th step"
        ),
        "RMSProp": "exponent = ½, beta1 = 0, bias_correction=False",
        "Adam": "exponent = ½",
        "sign descent": "exponent = ½, beta1 = beta2 = 0, epsilon → 0",
        "AdaGrad": (
            "exponent = ½, beta1 = 0, beta2 → 1 with bias correction: v̂ is then the mean of all"
            " y², and AdaGrad is this rule with α/√t at the t-th step"
        ),
    }

    arguments = {
        "epsilon": (
            "a floor under v̂ in units of y², e.g. 1e-16 for Adam's own 1e-8 outside the root; None"
            " leaves it free"
        )
    }

    @property
    def name(self) -> str:
        return self._words.name

    @property
    def formula(self) -> str:
        return self._words.formula

    @property
    def source(self) -> str:
        return self._words.source

    @property
    def _words(self) -> _Words:
        if not self.epsilon_outside:
            return _FAMILY
        if self.exponent != 0.5:
            return _OUTSIDE
        return _TEXTBOOK[self.beta1 != 0.0, self.bias_correction]

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        settable = dict(_FREE)
        if self.epsilon_outside:
            settable["epsilon"] = OUTER_EPSILON
        # with another exponent its unit is between those of descent and of a sign
        rate = RATE if self.exponent == 0.5 else replace(RATE, unit="1")
        return rate, *(each for name, each in settable.items() if getattr(self, name) is None)

    @property
    def contained(self) -> tuple[Contained, ...]:
        free = {coefficient.name for coefficient in self.coefficients}
        places = {
            "gradient descent": {"exponent": 0.0, "beta1": 0.0},
            "heavy ball": {"exponent": 0.0},
            "Adam": {"exponent": 0.5},
            "the same without an average of gradients": {"beta1": 0.0},
        }
        faces: dict[tuple, Contained] = {}
        for name, place in places.items():
            # a coefficient that is fixed elsewhere takes the family away from that place
            agrees = all(key in free or getattr(self, key) == at for key, at in place.items())
            held = {key: at for key, at in place.items() if key in free}
            if agrees and held:
                faces.setdefault(tuple(held.items()), face(name, **held))
        return tuple(faces.values())

    @property
    def state_size(self) -> int:
        return 2

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        exponent, beta1, beta2, epsilon = (self._value(name, coefficients) for name in _FREE)
        # a setting, no value: without an average the mean is the gradient
        mean = gradient if self.beta1 == 0.0 else averaged(beta1, state[0], gradient)
        square = averaged(beta2, state[1], gradient**2)
        carried = mean, square
        if self.bias_correction:
            mean = bias_corrected(beta1, mean, clock)
            square = bias_corrected(beta2, square, clock)
        size = self._size(square, exponent, epsilon)
        return -coefficients["learning_rate"] * mean / size, carried

    def _size(self, square: Value, exponent: Value, epsilon: Value) -> Value:
        """What the mean is divided by: the one place where ε stands."""
        if not self.epsilon_outside:
            return (square + epsilon) ** exponent
        is_root = isinstance(exponent, float) and exponent == 0.5
        size = sqrt(square) if is_root else square**exponent
        return size + epsilon

    def _value(self, name: str, coefficients: Values) -> Value:
        fixed = getattr(self, name)
        return coefficients[name] if fixed is None else fixed


@dataclass(frozen=True, kw_only=True)
class Ballistic(Family):
    """v = β₂v + (1-β₂)y², Δθ = -α y/√(v + ε), v = 0 at first.

    The optimiser of VGR25's public notebook for networks. It is RMSProp but for the place of ε,
    which stands inside the root, in units of y², and the same as the :class:`AdamFamily` with
    exponent ½, no average of gradients and no bias correction. Without the correction its first
    steps are up to 1/√(1-β₂) times α. The notebook also clips the norm of the gradient of the whole
    network; families work weight by weight, so that the clip is not part of this one: where it
    binds, the updates are another rule's.

    Source: VGR25, public notebook of its Fig. 2 e; T. Tieleman, G. Hinton, *Lecture 6.5: rmsprop*,
    2012.
    """

    name = "ballistic optimiser"
    formula = "v = βv + (1-β)y², Δθ = -α y/√(v + ε)"
    source = "VGR25, public notebook"
    contains = {
        "RMSProp": "epsilon far below y², where ε inside the root and beside it are one",
        "sign descent": "beta2 = 0, epsilon → 0",
        "gradient descent": "epsilon → ∞ with learning_rate/√epsilon held",
    }

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return RATE, _FREE["beta2"], _FREE["epsilon"]

    @property
    def state_size(self) -> int:
        return 1

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        square = averaged(coefficients["beta2"], state[0], gradient**2)
        size = sqrt(square + coefficients["epsilon"])
        return -coefficients["learning_rate"] * gradient / size, (square,)


@dataclass(frozen=True, kw_only=True)
class AccumulatedSquares(Family):
    """v = v + y², Δθ = -α y/(√v + ε).

    Source: J. Duchi, E. Hazan, Y. Singer, *Adaptive subgradient methods for online learning and
    stochastic optimization*, JMLR 2011, diagonal case.
    """

    name = "AdaGrad"
    formula = "Δθ = -α y/(√Σy² + ε)"
    source = "Duchi et al. 2011"
    contains = {"gradient descent": "epsilon → ∞ with learning_rate/epsilon held"}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return RATE, OUTER_EPSILON

    @property
    def state_size(self) -> int:
        return 1

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        square = state[0] + gradient**2
        size = sqrt(square) + coefficients["epsilon"]
        return -coefficients["learning_rate"] * gradient / size, (square,)


@dataclass(frozen=True, kw_only=True)
class CorrectedAverage(Family):
    """m = βm + (1-β)y, Δθ_t = -α m/(1-βᵗ): the mean of the gradients so far, fading.

    It is linear, but its first steps differ from its later ones.
    """

    name = "bias-corrected momentum"
    formula = "m = βm + (1-β)y, Δθ = -α m/(1-βᵗ)"
    source = "first moment of Kingma & Ba 2015"
    contains = {"gradient descent": "momentum = 0"}
    linear = True

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return replace(RATE, unit="u/y"), average_weight("momentum", "β")

    @property
    def state_size(self) -> int:
        return 1

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        weight = coefficients["momentum"]
        mean = averaged(weight, state[0], gradient)
        return bias_corrected(weight, -coefficients["learning_rate"] * mean, clock), (mean,)
