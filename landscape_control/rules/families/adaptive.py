"""The Adam family: an averaged gradient over a power of its averaged square."""

from dataclasses import dataclass

from ...arguments import checked
from .coefficient import Coefficient, admissible
from .contained import face
from .family import Family

_FREE = {  # the coefficients that can be given a fixed value, beside the learning rate
    "exponent": Coefficient(name="exponent", symbol="p", low=0.0, high=1.0),
    "beta1": Coefficient(
        name="beta1", symbol="β₁", low=0.0, high=0.9999, most=0.95, scale="one minus"
    ),
    "beta2": Coefficient(
        name="beta2", symbol="β₂", low=0.0, high=0.99999, most=0.999, scale="one minus"
    ),
    "epsilon": Coefficient(
        name="epsilon", symbol="ε", low=1e-20, least=1e-16, most=1e-2, scale="log"
    ),
}
_EXPONENT, _BETA1, _BETA2, _EPSILON = map(admissible, _FREE.values())


@checked
@dataclass(frozen=True, kw_only=True)
class AdamFamily(Family):
    """m = β₁m + (1-β₁)y, v = β₂v + (1-β₂)y², Δθ = -α m̂/(v̂ + ε)^p, m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ)
    at the t-th step.

    Without ``bias_correction`` m̂ = m and v̂ = v. The learning rate is free and constant; so are
    the other coefficients given as None; those given as numbers are fixed and no variables. ε
    stands inside the power, in units of y², so that the family is smooth at v = 0. Kingma & Ba
    write √v̂ + ε'; with ε' = √ε that is at most √2 times √(v̂ + ε), at v̂ = ε, and the same where
    v̂ is far above or far below ε. Zeiler's Adadelta puts ε inside, as here.

    With exponent ½ and a short memory, β₁ and β₂ near 0, it is a sign rule with δ = √ε, and in a
    program √ε has to be as large as the smoothing of :class:`SignDescent`.

    Source: D. P. Kingma, J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015, Algorithm
    1; the exponent as in
    J. Chen et al., *Closing the generalization gap of adaptive gradient methods in training deep
    neural networks* (Padam), IJCAI 2020.
    """

    exponent: _EXPONENT | None = None
    beta1: _BETA1 | None = None
    beta2: _BETA2 | None = None
    bias_correction: bool = True
    epsilon: _EPSILON | None

    name = "Adam family"
    formula = "Δθ = -α m̂/(v̂ + ε)^p"
    source = "Kingma & Ba 2015; Padam: Chen et al. 2020"
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
    def coefficients(self):
        rate = Coefficient(
            name="learning_rate", symbol="α", low=0.0, least=1e-3, most=3.0, scale="log"
        )
        return rate, *(one for one in _FREE.values() if getattr(self, one.name) is None)

    @property
    def contained(self):
        free = {one.name for one in self.coefficients}
        places = {
            "gradient descent": {"exponent": 0.0, "beta1": 0.0},
            "heavy ball": {"exponent": 0.0},
            "Adam": {"exponent": 0.5},
            "the same without an average of gradients": {"beta1": 0.0},
        }
        agreeing = {
            name: held
            for name, held in places.items()
            if all(key in free or getattr(self, key) == value for key, value in held.items())
        }
        found = {
            name: {key: value for key, value in held.items() if key in free}
            for name, held in agreeing.items()
        }
        distinct = {tuple(held.items()): name for name, held in reversed(found.items()) if held}
        return tuple(face(name, **dict(held)) for held, name in reversed(distinct.items()))

    @property
    def state_size(self):
        return 2

    def step(self, coefficients, state, gradient, parameters, clock):
        p, beta1, beta2, epsilon = (self._value(name, coefficients) for name in _FREE)
        m = beta1 * state[0] + (1 - beta1) * gradient
        v = beta2 * state[1] + (1 - beta2) * gradient**2
        if not self.bias_correction:
            return -coefficients["learning_rate"] * m / (v + epsilon) ** p, (m, v)
        count = clock.step + 1
        mean, square = m / (1 - beta1**count), v / (1 - beta2**count)
        return -coefficients["learning_rate"] * mean / (square + epsilon) ** p, (m, v)

    def _value(self, name, coefficients):
        fixed = getattr(self, name)
        return coefficients[name] if fixed is None else fixed
