"""The causal rules by name: the one list from which they are optimised, simulated and recognised.

A new rule is a family in a file of ``families``, an entry here, and its test.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType

from ..support.arguments import checked
from .causal import CausalRule
from .entry import Entry
from .families import (
    AccumulatedSquares,
    AdamFamily,
    Averaged,
    Ballistic,
    CorrectedAverage,
    Cosine,
    DecayInside,
    DiscountedBayes,
    Family,
    FirstOrderSpan,
    GatedPolicy,
    GradientDescent,
    HeavyBall,
    InverseTime,
    Lion,
    LogLinear,
    Nesterov,
    NeuralPolicy,
    Polynomial,
    QuasiHyperbolic,
    ScheduledDescent,
    ScheduleFree,
    SignDescent,
    Signum,
    WarmupStableDecay,
    WeightDecay,
)
from .names import named
from .network_entries import of_networks

_EPSILON = 1e-16  # that of Adam's paper, squared: inside the power
_TINY = 1e-12  # ε of the rule with a free exponent, whose p and ε are hard to tell apart

# A fit has to name rules that nobody would start an optimisation from.
WIDE = {
    "learning_rate": {"most": 3.0},
    "beta1": {"high": 0.99999, "most": 0.999},
    "beta2": {"high": 0.99999, "most": 0.999},
}

# In the loop that a rule closes itself, θ_{t-1} = θ_t - Δθ_{t-1}: decoupled decay (β, w) is then
# the coupled one with (β(1-w), w(1-β)), but for how it sets out from rest. Where both fit, the
# coupled one is named.
LOOP_TWIN = "heavy_ball_weight_decay"


def textbook_adam(*, averaged: bool = True, corrected: bool = True) -> AdamFamily:
    """Adam as its paper runs it, ε beside the root and free; RMSProp without ``averaged``."""
    return AdamFamily(
        exponent=0.5,
        beta1=None if averaged else 0.0,
        bias_correction=corrected,
        epsilon=None,
        epsilon_outside=True,
    )


def _gradient_descent() -> Iterator[Entry]:
    yield Entry(
        name="gradient-descent",
        family=GradientDescent(constant=True),
        rule=CausalRule(
            key="sgd",
            name="stochastic gradient descent",
            family=GradientDescent(constant=True),
            source="Robbins & Monro 1951",
        ),
    )
    yield Entry(name="gradient-descent-per-step", family=GradientDescent(constant=False))
    shapes = {
        "1/t": InverseTime(),
        "polynomial": Polynomial(),
        "cosine": Cosine(final=0.0),
        "wsd": WarmupStableDecay(warmup=None, decay_fraction=None),
        "log-linear": LogLinear(pieces=4),
    }
    for shape_name, shape in shapes.items():
        yield Entry(name=f"gradient-descent-{shape_name}", family=ScheduledDescent(shape=shape))
    yield Entry(
        name="gradient-descent-decay",
        family=WeightDecay(family=GradientDescent(constant=True)),
        rule=CausalRule(
            key="sgd_weight_decay",
            family=WeightDecay(family=GradientDescent(constant=True)),
            contains=frozenset({"sgd"}),
            source="Krogh & Hertz 1991",
        ),
    )


def _momentum() -> Iterator[Entry]:
    sgd = frozenset({"sgd"})
    yield Entry(
        name="heavy-ball",
        family=HeavyBall(constant=True),
        rule=CausalRule(family=HeavyBall(constant=True), contains=sgd),
    )
    yield Entry(name="heavy-ball-per-step", family=HeavyBall(constant=False))
    yield Entry(
        name="nesterov",
        family=Nesterov(constant=True),
        rule=CausalRule(
            key="nesterov",
            name="Nesterov momentum",
            family=Nesterov(constant=True),
            contains=sgd,
        ),
    )
    yield Entry(name="nesterov-per-step", family=Nesterov(constant=False))
    yield Entry(
        name="quasi-hyperbolic-momentum",
        family=QuasiHyperbolic(),
        rule=CausalRule(
            family=QuasiHyperbolic(), contains=frozenset({"sgd", "heavy_ball", "nesterov"})
        ),
    )
    yield Entry(
        name="corrected-momentum",
        family=CorrectedAverage(),
        rule=CausalRule(key="corrected_momentum", family=CorrectedAverage(), contains=sgd),
    )
    contained = frozenset({"sgd", "heavy_ball", "sgd_weight_decay"})
    yield Entry(
        name="heavy-ball-weight-decay",
        rule=CausalRule(key=LOOP_TWIN, family=DecayInside(), contains=contained),
    )
    yield Entry(
        name="heavy-ball-decay",
        family=WeightDecay(family=HeavyBall(constant=True)),
        rule=CausalRule(
            key="heavy_ball_decoupled_decay",
            name="heavy ball with decoupled weight decay",
            formula="v = βv - α y, Δθ = v - wθ",
            family=WeightDecay(family=HeavyBall(constant=True)),
            contains=contained | {LOOP_TWIN},
            source="Loshchilov & Hutter 2019 (SGDW)",
        ),
    )
    yield Entry(name="span-2", family=FirstOrderSpan(memory=2, constant=True))
    yield Entry(name="span-3", family=FirstOrderSpan(memory=3, constant=True))
    yield Entry(name="first-order-span", family=FirstOrderSpan)


def _averages() -> Iterator[Entry]:
    yield Entry(
        name="averaged-gradient-descent",
        family=Averaged(family=GradientDescent(constant=True)),
    )
    yield Entry(name="averaged-heavy-ball", family=Averaged(family=HeavyBall(constant=True)))
    yield Entry(name="schedule-free", family=ScheduleFree())


def _normalised() -> Iterator[Entry]:
    adams = frozenset({"sign_descent", "adam"})
    yield Entry(
        name="adagrad",
        family=AccumulatedSquares(),
        rule=CausalRule(family=AccumulatedSquares()),
    )
    yield Entry(
        name="rmsprop",
        family=AdamFamily(exponent=0.5, beta1=0.0, bias_correction=False, epsilon=_EPSILON),
        rule=CausalRule(
            family=textbook_adam(averaged=False, corrected=False),
            contains=frozenset({"sign_descent", "sgd"}),
            ranges=WIDE,
        ),
    )
    # RMSProp but for the place of ε: where ε has no effect the data cannot tell the two apart
    yield Entry(
        name="ballistic",
        family=Ballistic(),
        rule=CausalRule(
            family=Ballistic(), contains=frozenset({"sign_descent", "sgd"}), ranges=WIDE
        ),
    )
    yield Entry(
        name="adam",
        family=AdamFamily(exponent=0.5, epsilon=_EPSILON),
        rule=CausalRule(family=textbook_adam(), contains=frozenset({"sign_descent"}), ranges=WIDE),
    )
    yield Entry(
        name="adam-uncorrected",
        rule=CausalRule(
            key="adam_uncorrected",
            family=textbook_adam(corrected=False),
            contains=frozenset({"sign_descent", "rmsprop", "sgd", "heavy_ball"}),
            ranges=WIDE,
        ),
    )
    yield Entry(
        name="adam-family",
        family=AdamFamily(epsilon=_EPSILON),
        rule=CausalRule(
            key="padam",
            name="Adam with a free exponent",
            formula="Δθ = -α m̂/v̂^p",
            family=AdamFamily(epsilon=_TINY),
            contains=adams | {"sgd", "corrected_momentum"},
            source="Chen et al. 2020 (Padam): p = 0 momentum, p = ½ Adam",
        ),
    )
    yield Entry(
        name="adamw",
        family=WeightDecay(family=AdamFamily(exponent=0.5, epsilon=_EPSILON)),
        rule=CausalRule(
            key="adamw",
            name="Adam with decoupled weight decay",
            family=WeightDecay(family=textbook_adam()),
            contains=adams,
            source="Loshchilov & Hutter 2019 (AdamW)",
            ranges=WIDE,
        ),
    )
    # recognised as Adam, which it is from a diffuse start without discount
    yield Entry(name="discounted-bayes", family=DiscountedBayes())


def _signs() -> Iterator[Entry]:
    yield Entry(
        name="sign-descent",
        family=SignDescent,
        rule=CausalRule(family=SignDescent(smoothing=None), ranges=WIDE),
    )
    yield Entry(
        name="signum",
        family=Signum,
        rule=CausalRule(
            key="signum",
            family=Signum(smoothing=None),
            contains=frozenset({"sign_descent"}),
            ranges=WIDE,
        ),
    )
    yield Entry(
        name="lion",
        family=Lion,
        rule=CausalRule(
            family=Lion(smoothing=None),
            formula="Δθ = -α sign(β₁m + (1-β₁)y), m = β₂m + (1-β₂)y",
            contains=frozenset({"sign_descent", "signum"}),
            source="Chen et al. 2023 (without its decay)",
            ranges=WIDE,
        ),
    )


def _learned() -> Iterator[Entry]:
    yield Entry(name="neural-policy", family=NeuralPolicy)
    yield Entry(name="gated-policy", family=GatedPolicy)


ENTRIES: tuple[Entry, ...] = (
    *_gradient_descent(),
    *_momentum(),
    *_averages(),
    *_normalised(),
    *_signs(),
    *of_networks(),
    *_learned(),
)

ALL: Mapping[str, Family] = MappingProxyType(
    {entry.name: entry.family for entry in ENTRIES if isinstance(entry.family, Family)}
)
"""Families that need no number of the task's own scale, {name: Family}."""

NEEDING: Mapping[str, type[Family]] = MappingProxyType(
    {entry.name: entry.family for entry in ENTRIES if isinstance(entry.family, type)}
)
"""Families that need numbers of the task (a smoothing, the gradient's scale) or of the user's
choice, {name: class}; the class attribute ``arguments`` explains each."""

_CAUSAL = tuple(entry.rule for entry in ENTRIES if entry.rule is not None)
_RECOGNISED_ONLY = {
    entry.name: entry.rule.family for entry in ENTRIES if entry.family is None and entry.rule
}
_FAMILIES: Mapping[str, Family | type[Family]] = {**ALL, **NEEDING, **_RECOGNISED_ONLY}
_KEYS = {entry.name: (entry.rule.key,) if entry.rule else () for entry in ENTRIES}


@checked
def causal() -> tuple[CausalRule, ...]:
    """Every classic rule of a learner that sees its own noisy gradients.

    Those with weight decay see the weights too.
    """
    return _CAUSAL


def names_of_causal_rules() -> dict[str, tuple[str, ...]]:
    """{key: what else the rule is called} of :func:`causal`."""
    return {
        entry.rule.key: (entry.rule.name, entry.name, entry.rule.family.name)
        for entry in ENTRIES
        if entry.rule is not None
    }


@checked
def family_by_name(name: str, **arguments: object) -> Family:
    """The family of a name in ``ALL`` or ``NEEDING``, or of the key of a causal rule.

    A family's own ``name`` will do too ("heavy ball": its first variant there).
    ``arguments`` are those that a family in ``NEEDING`` requires, as in ``by_name("lion",
    smoothing=0.3)``; they change the settings of one in ``ALL``, as in ``by_name("adam",
    beta2=0.99)``. Upper case does not matter, nor do spaces, underscores and commas in the place of
    hyphens.

    Raises
    ------
    ProblemError
        Names that are none, with the near ones; arguments that are missing, each explained, or that
        the family has not.
    """
    # of a class that needs settings too: those have one name whatever the settings
    names = {key: (str(family.name), *_KEYS[key]) for key, family in _FAMILIES.items()}
    family = _FAMILIES[named("policy family", name, names)[0]]
    if isinstance(family, type):
        return family(**arguments)
    settings = {each.name: getattr(family, each.name) for each in fields(family) if each.init}
    return type(family)(**settings | arguments)
