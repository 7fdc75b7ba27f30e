"""Rules of optimizers of networks that only recordings of training are held against."""

from collections.abc import Iterator, Mapping

from ..support.arguments import checked
from .catalogue import WIDE, textbook_adam
from .causal import CausalRule
from .families import (
    AccumulatedSquares,
    DampenedMomentum,
    Family,
    Nesterov,
    Regularised,
    ScheduleFree,
)


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


_RULES = (*_linear(), *_normalised())


@checked
def of_networks() -> tuple[CausalRule, ...]:
    """Further rules of optimizers of networks: dampened momentum, Schedule-Free, L2 regularisation.

    With :func:`landscape_control.rules.causal` they are what recordings of training are held
    against. Policies watched on quadratics are held against them when they are asked for by name.
    """
    return _RULES
