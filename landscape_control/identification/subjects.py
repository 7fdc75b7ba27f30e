"""Policies of every kind as runners: start(episodes, weights) -> act(gradient, θ) -> Δθ."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np

from ..support.errors import ProblemError
from ..support.returned import called, refuse_nan, rows


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A causal policy made ready to act.

    Attributes
    ----------
    begin : (episodes, weights) -> a function (gradient (E, n), θ (E, n)) -> Δθ (E, n) with a memory
        of its own
    name : what it is, in words
    horizon : number of steps after which the policy ends, or None
    """

    begin: Callable
    name: str
    horizon: int | None = None

    def start(self, episodes: int, weights: int) -> Callable:
        """A fresh policy; what it returns is checked for its shape."""
        what = f"update of {self.name}"
        shape, steps = (episodes, weights), count()
        act = called(
            what, self.begin, episodes, weights, where="its beginning, init(episodes, weights)"
        )

        def checked(gradient, theta):
            where = f"step {next(steps)}"
            given = gradient.copy(), theta.copy()  # the policy may write into what it is given
            update = called(what, act, *given, where=where)
            update = rows(
                what, update, shape, where=where, expected="one number per weight of each history,"
            )
            refuse_nan(what, update, (gradient, theta), where=where, inputs_are="gradient and θ")
            return update

        return checked


def runner_for(subject: object, *, step: float = 1.0) -> Runner | None:
    """A runner for a policy with ``init`` and ``update``, such a pair, or a function of gradients.

    None for anything else.
    """
    name = type(subject).__name__
    if isinstance(subject, tuple) and len(subject) == 2 and all(map(callable, subject)):
        return Runner(begin=_pair(*subject, step), name="the (init, update) pair")
    if hasattr(subject, "init") and hasattr(subject, "update"):
        _check_quiet(subject, name)
        varies = getattr(subject, "varies", False)
        horizon = getattr(subject, "horizon", None) if varies else None
        named = getattr(getattr(subject, "family", None), "name", None)
        return Runner(
            begin=_pair(subject.init, subject.update, step),
            horizon=horizon,
            name=_policy_of(named) if named else name,
        )
    if callable(subject):
        return Runner(begin=_of_history(subject), name=getattr(subject, "__name__", name))
    return None


def _policy_of(family: str) -> str:
    article = "an" if family[0] in "aeiouAEIOU" else "a"
    return f"{article} {family}" if family.endswith("policy") else f"{article} {family} policy"


def _check_quiet(subject: object, name: str) -> None:
    if getattr(subject, "draws", False) or getattr(subject, "told_of_switches", False):
        raise ProblemError(
            name,
            expected="a policy that sees its gradients and nothing else",
            received="one that draws random numbers or is told of switches",
            advice="identify the learner that it wraps",
        )


def _pair(init: Callable, update: Callable, step: float) -> Callable:
    def begin(episodes, weights):
        state = init(episodes, weights)

        def act(gradient, theta):
            nonlocal state
            given = update(state, gradient, theta, step)
            if not isinstance(given, tuple) or len(given) != 2:
                raise ProblemError(
                    "update of the policy",
                    expected="(u, the next state)",
                    received=type(given).__name__,
                    advice="end it with 'return u, state'",
                )
            rate, state = given
            return rate if step == 1 else np.asarray(rate) * step

        return act

    return begin


def _of_history(function: Callable) -> Callable:
    def begin(episodes, weights):
        seen = []

        def act(gradient, theta):
            seen.append(gradient)
            return function(np.stack(seen, axis=1))

        return act

    return begin
