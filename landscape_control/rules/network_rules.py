"""Rules of optimizers of networks that only recordings of training are held against."""

from collections.abc import Iterator, Mapping

from ..support.arguments import checked
from .catalogue import WIDE, textbook_adam
from .causal import CausalRule
from .families import (
    AccumulatedSquares,
    AMSGrad,
    Clipped,
    DampenedMomentum,
    Family,
    GradientDescent,
    HeavyBall,
    NAdam,
    Nesterov,
    Regularised,
    RMSPropMomentum,
    ScheduleFree,
)

# ε is small beside gradients, and the numbers that a fit may find are those of Adam
_AVERAGES = {"learning_rate": WIDE["learning_rate"]}


def _linear() -> Iterator[CausalRule]:
    yield CausalRule(family=DampenedMomentum(), contains=frozenset({"sgd", "heavy_ball"}))
    # the gradients of Schedule-Free are seen where it takes them; its average is not watched
    yield CausalRule(key="schedule_free", family=ScheduleFree(), contains=frozenset({"sgd"}))
    yield CausalRule(
        key="nesterov_l2",
        family=Regularised(family=Nesterov(constant=True)),
        contains=frozenset({"nesterov", "sgd", "sgd_weight_decay"}),
    )


def _normalised() -> Iterator[CausalRule]:
    inner: Mapping[str, Family] = {
        "adagrad": AccumulatedSquares(),
        "rmsprop": textbook_adam(averaged=False, corrected=False),
        "adam": textbook_adam(),
    }
    for key, family in inner.items():
        has_averages = key != "adagrad"
        yield CausalRule(
            key=f"{key}_l2",
            family=Regularised(family=family),
            contains=frozenset({key}),
            ranges=WIDE if has_averages else {},
        )


def _variants_of_adam() -> Iterator[CausalRule]:
    yield CausalRule(key="amsgrad", family=AMSGrad(), ranges=_AVERAGES)
    yield CausalRule(key="nadam", family=NAdam(), ranges=_AVERAGES)
    yield CausalRule(
        family=RMSPropMomentum(),
        contains=frozenset({"rmsprop", "sign_descent", "sgd", "heavy_ball"}),
        ranges=_AVERAGES,
    )


def _clipped() -> Iterator[CausalRule]:
    """Clipped by the norm of all weights, of which an episode or a recording knows."""
    descent = CausalRule(
        key="clipped_sgd",
        name="stochastic gradient descent with clipped gradients",
        family=Clipped(family=GradientDescent(constant=True)),
        contains=frozenset({"sgd"}),
    )
    yield descent
    yield CausalRule(
        key="clipped_heavy_ball",
        family=Clipped(family=HeavyBall(constant=True)),
        contains=frozenset({"sgd", "heavy_ball", descent.key}),
    )
    yield CausalRule(
        key="clipped_adam",
        name="Adam with clipped gradients",
        family=Clipped(family=textbook_adam()),
        contains=frozenset({"adam", "sign_descent"}),
        ranges=WIDE,
    )


_RULES = (*_linear(), *_normalised(), *_variants_of_adam(), *_clipped())


@checked
def of_networks() -> tuple[CausalRule, ...]:
    """Further rules of optimizers of networks.

    Dampened momentum, Schedule-Free, L2 regularisation, AMSGrad, NAdam, RMSProp with momentum, and
    gradients clipped by the norm of all weights.

    With :func:`landscape_control.rules.causal` they are what recordings of training are held
    against. Policies watched on quadratics are held against them when they are asked for by name.
    """
    return _RULES
