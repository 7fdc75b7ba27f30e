"""The causal rules: formulas, sources, and which of them contain which."""

from ..arguments import checked
from .causal import CausalRule
from .causal_families import AccumulatedSquares, CorrectedAverage, DecayInside, RootMeanSquare, Sign
from .families import AdamFamily, GradientDescent, HeavyBall, Nesterov, WeightDecay
from .sees import Sees

_PLACED = frozenset({Sees.GRADIENT, Sees.PARAMETERS})
_DECAYED = ("learning_rate", "decay")
_TINY = 1e-12  # ε of the rule with a free exponent, whose p and ε are hard to tell apart

# In the loop that a rule closes itself, θ_{t-1} = θ_t - Δθ_{t-1}: decoupled decay (β, w) is then
# the coupled one with (β(1-w), w(1-β)), but for how it sets out from rest. Where both fit, the
# coupled one is named.
LOOP_TWIN = "heavy_ball_weight_decay"


@checked
def causal() -> tuple[CausalRule, ...]:
    """Every classic rule of a learner that sees its own noisy gradients (and its weights, where it
    pulls them).
    """
    return *_linear(), *_normalised(), *_signs()


def _linear():
    return (
        CausalRule(
            key="sgd",
            name="stochastic gradient descent",
            formula="Δθ = -α y",
            family=GradientDescent(constant=True),
            source="Robbins & Monro 1951",
        ),
        CausalRule(
            key="sgd_weight_decay",
            name="gradient descent with weight decay",
            formula="Δθ = -α y - wθ",
            family=WeightDecay(family=GradientDescent(constant=True)),
            sees=_PLACED,
            proportional=_DECAYED,
            contains=frozenset({"sgd"}),
            source="Krogh & Hertz 1991",
        ),
        CausalRule(
            key="heavy_ball",
            name="heavy ball",
            formula="Δθ = βΔθ - α y",
            family=HeavyBall(constant=True),
            contains=frozenset({"sgd"}),
            source="Polyak 1964",
        ),
        CausalRule(
            key="nesterov",
            name="Nesterov momentum",
            formula="b = βb + y, Δθ = -α(y + βb)",
            family=Nesterov(constant=True),
            contains=frozenset({"sgd"}),
            source="Nesterov 1983; Sutskever et al. 2013",
        ),
        CausalRule(
            key="corrected_momentum",
            name="bias-corrected momentum",
            formula="m = βm + (1-β)y, Δθ = -α m/(1-βᵗ)",
            family=CorrectedAverage(),
            contains=frozenset({"sgd"}),
            source="first moment of Kingma & Ba 2015",
        ),
        CausalRule(
            key=LOOP_TWIN,
            name="heavy ball with weight decay",
            formula="Δθ = βΔθ - α y - wθ",
            family=DecayInside(),
            sees=_PLACED,
            proportional=_DECAYED,
            contains=frozenset({"sgd", "heavy_ball", "sgd_weight_decay"}),
            source="Polyak 1964 with L2 regularisation; exact LQG rule for a noisy, moving task",
        ),
        CausalRule(
            key="heavy_ball_decoupled_decay",
            name="heavy ball with decoupled weight decay",
            formula="v = βv - α y, Δθ = v - wθ",
            family=WeightDecay(family=HeavyBall(constant=True)),
            sees=_PLACED,
            proportional=_DECAYED,
            contains=frozenset({"sgd", "heavy_ball", "sgd_weight_decay", LOOP_TWIN}),
            source="Loshchilov & Hutter 2019 (SGDW)",
        ),
    )


def _normalised():
    adam = RootMeanSquare(averaged=True, corrected=True)
    adams = frozenset({"sign_descent", "adam"})
    return (
        CausalRule(
            key="adagrad",
            name="AdaGrad",
            formula="Δθ = -α y/(√Σy² + ε)",
            family=AccumulatedSquares(),
            source="Duchi et al. 2011",
        ),
        CausalRule(
            key="rmsprop",
            name="RMSProp",
            formula="v = βv + (1-β)y², Δθ = -α y/(√v + ε)",
            family=RootMeanSquare(averaged=False, corrected=False),
            contains=frozenset({"sign_descent", "sgd"}),
            source="Tieleman & Hinton 2012",
        ),
        CausalRule(
            key="adam",
            name="Adam",
            formula="Δθ = -α m̂/(√v̂ + ε)",
            family=adam,
            contains=frozenset({"sign_descent"}),
            source="Kingma & Ba 2015, Algorithm 1",
        ),
        CausalRule(
            key="adam_uncorrected",
            name="Adam without bias correction",
            formula="Δθ = -α m/(√v + ε)",
            family=RootMeanSquare(averaged=True, corrected=False),
            contains=frozenset({"sign_descent", "rmsprop", "sgd", "heavy_ball"}),
            source="Kingma & Ba 2015, without the correction",
        ),
        CausalRule(
            key="padam",
            name="Adam with a free exponent",
            formula="Δθ = -α m̂/v̂^p",
            family=AdamFamily(epsilon=_TINY),
            contains=adams | {"sgd", "corrected_momentum"},
            source="Chen et al. 2020 (Padam): p = 0 momentum, p = ½ Adam",
        ),
        CausalRule(
            key="adamw",
            name="Adam with decoupled weight decay",
            formula="Δθ = -α m̂/(√v̂ + ε) - wθ",
            family=WeightDecay(family=adam),
            sees=_PLACED,
            proportional=_DECAYED,
            contains=adams,
            source="Loshchilov & Hutter 2019 (AdamW)",
        ),
    )


def _signs():
    return (
        CausalRule(
            key="sign_descent",
            name="sign descent",
            formula="Δθ = -α sign(y)",
            family=Sign(averages=0),
            source="Riedmiller & Braun 1993; Bernstein et al. 2018",
        ),
        CausalRule(
            key="signum",
            name="sign of momentum",
            formula="m = βm + (1-β)y, Δθ = -α sign(m)",
            family=Sign(averages=1),
            smooth=False,
            contains=frozenset({"sign_descent"}),
            source="Bernstein et al. 2018 (signum)",
        ),
        CausalRule(
            key="lion",
            name="Lion",
            formula="Δθ = -α sign(β₁m + (1-β₁)y), m = β₂m + (1-β₂)y",
            family=Sign(averages=2),
            smooth=False,
            contains=frozenset({"sign_descent", "signum"}),
            source="Chen et al. 2023 (without its decay)",
        ),
    )
