"""Recipes: an optimizer with its numbers under its honest name, and what the paper's panels used."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from ..rules.families import HeavyBall, Policy
from ..support.arguments import Positive, checked
from ..support.errors import ProblemError

Kind = Literal["sgd", "adam", "ballistic", "heavy ball", "policy", "derived"]
_LONGEST = 300  # letters of a policy that stand in a description
CLIP = 5.0  # norm of the gradient of all weights, for every optimizer of the notebook
_NUMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sgd": ("lr",),
        "adam": ("lr", "beta1", "beta2", "eps"),
        "ballistic": ("lr", "beta2", "eps"),
        "heavy ball": ("lr", "momentum"),
        "policy": ("lr",),
        "derived": (),
    }
)
_DEFAULTS: Mapping[str, float] = MappingProxyType(
    {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "momentum": 0.9}
)


@checked
@dataclass(frozen=True, kw_only=True)
class Recipe:
    """An optimizer with its numbers.

    Attributes
    ----------
    key : short name, part of the names of files
    label : what it is called in pictures and tables
    kind : "sgd": torch.optim.SGD, no momentum. "adam": torch.optim.Adam (the notebook's AdamW at
        decay 0, the same rule). "ballistic": :class:`~landscape_control.training.ballistic.Ballistic`.
        "heavy ball": the library's family, exported. "policy": any policy of the library, exported.
        "derived": heavy ball whose rates, momentum and metric are planned from what is measured of
        the network while it trains, by :func:`landscape_control.derive_optimizer`
    numbers : lr, and those of beta1, beta2, eps, momentum that the kind has; what is left out is
        0.9, 0.999, 1e-8, 0.9. None is negative, and beta1, beta2 are below 1. The ``lr`` of a policy
        multiplies all that it does; a derived rule has no numbers to choose
    clip : the norm of the gradient of all weights together is cut to it; None leaves it as it is,
        which a derived rule asks for: it plans for the gradients that it measured
    policy : of kind "policy"
    style : key of its look, see display.plotting.rule_styles
    """

    key: str
    label: str
    kind: Kind
    numbers: Mapping[str, float] = field(default_factory=dict)
    clip: Positive | None = CLIP
    policy: Policy | None = None
    style: str = ""

    def __post_init__(self) -> None:
        allowed = _NUMBERS[self.kind]
        unknown = sorted(set(self.numbers) - set(allowed))
        lacks_rate = "lr" in allowed and "lr" not in self.numbers
        if unknown or lacks_rate:
            raise ProblemError(
                f"numbers of recipe {self.key!r}",
                expected=f"lr, and any of {', '.join(allowed)}" if allowed else "none",
                received=f"{', '.join(self.numbers) or 'none'}",
                advice=f"these are the numbers that {self.kind} has",
            )
        if (self.kind == "policy") != (self.policy is not None):
            raise ProblemError(
                f"policy of recipe {self.key!r}",
                expected="a policy where the kind is 'policy', and there only",
                received=f"kind {self.kind!r}, policy {self.policy!r}",
                advice="pass kind='policy', policy=result.policy",
            )
        if self.is_derived and self.clip is not None:
            raise ProblemError(
                f"clip of recipe {self.key!r}",
                expected="None for a derived rule, which plans for the gradients that it measured",
                received=f"{self.clip:g}",
                advice="leave the gradients of a derived rule as they are",
            )
        wanted = {name: _DEFAULTS[name] for name in allowed if name != "lr"}
        object.__setattr__(self, "numbers", MappingProxyType({**wanted, **self.numbers}))
        self._check_values()

    def _check_values(self) -> None:
        """Refuse numbers that no optimizer takes, and a key that is no name of a file."""
        for name, value in self.numbers.items():
            is_share = name in ("beta1", "beta2")
            if value < 0 or (is_share and value >= 1):
                raise ProblemError(
                    f"{name} of recipe {self.key!r}",
                    expected="a number from 0 to below 1" if is_share else "a number ≥ 0",
                    received=f"{value:g}",
                    advice="see the formula of the optimizer for what it multiplies",
                )
        if not self.key or set(self.key) & set("/\\\0"):
            raise ProblemError(
                "key of a recipe",
                expected="a short name that can be part of the name of a file",
                received=repr(self.key),
                advice="e.g. 'sgd'; what pictures show is the label",
            )

    @property
    def is_derived(self) -> bool:
        """Whether it is planned from measurements of the network that is trained."""
        return self.kind == "derived"

    def optimizer(self, parameters: Iterable[Any]) -> Any:
        """The torch.optim.Optimizer for ``parameters``; not of kind "derived", which measures."""
        import torch

        numbers = dict(self.numbers)
        if self.kind == "sgd":
            return torch.optim.SGD(parameters, lr=numbers["lr"])
        if self.kind == "adam":
            betas = numbers["beta1"], numbers["beta2"]
            return torch.optim.Adam(parameters, lr=numbers["lr"], betas=betas, eps=numbers["eps"])
        if self.kind == "ballistic":
            from .ballistic import Ballistic

            return Ballistic(
                parameters, lr=numbers["lr"], beta2=numbers["beta2"], eps=numbers["eps"]
            )
        return self._exported(parameters)

    def _exported(self, parameters: Iterable[Any]) -> Any:
        """A rule of the library as an optimizer; one that ends goes on as in its last step."""
        from ..exports import export

        if self.kind == "policy":
            return export(self.policy, to="torch", hold="last")(parameters, lr=self.numbers["lr"])
        rule = {"learning_rate": self.numbers["lr"], "momentum": self.numbers["momentum"]}
        return export(HeavyBall(constant=True), coefficients=rule, to="torch")(parameters)

    def at(self, lr: float) -> "Recipe":
        """The same with another rate."""
        return replace(self, numbers={**self.numbers, "lr": lr})

    def describe(self) -> str:
        """Everything that decides what it does, on one line; two recipes with one text do the same."""
        numbers = ", ".join(f"{name} {written(value)}" for name, value in self.numbers.items())
        policy = "" if self.policy is None else f", {_policy_in_words(self.policy)}"
        numbers = numbers or "no numbers"
        return f"{self.kind}, {numbers}, clip {self.clip}{policy}"


def written(number: float) -> str:
    """The number in six digits where they are enough to tell it from all others, else in full."""
    short = f"{number:g}"
    return short if float(short) == number else repr(float(number))


def _policy_in_words(policy: Policy) -> str:
    """All that decides the policy: in full, or shortened with the digest of the full text."""
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        text = " ".join(repr(policy).split())
    if len(text) > _LONGEST:
        digest = sha256(text.encode()).hexdigest()
        text = f"{text[:_LONGEST]}…, sha256 {digest}"
    return f"{text}, tested at its answer" if policy.has_readout else text


@checked
@dataclass(frozen=True, kw_only=True)
class Grid:
    """Rates among which one is chosen for a recipe, by its training loss on a seed of its own."""

    recipe: Recipe
    rates: tuple[Positive, ...]

    def recipes(self) -> tuple[Recipe, ...]:
        """The recipe at every rate."""
        return tuple(self.recipe.at(rate) for rate in self.rates)


def paper_recipes(*, adam: float, beta2: float) -> tuple[Recipe, ...]:
    """The three of the paper's notebook: SGD 0.1, Adam at ``adam``, "ballistic" 5e-4 at ``beta2``."""
    return (
        Recipe(key="sgd", label="SGD, lr 0.1", kind="sgd", numbers={"lr": 0.1}, style="sgd"),
        Recipe(
            key="adam",
            label=f"Adam, lr {adam:g}",
            kind="adam",
            numbers={"lr": adam},
            style="adam",
        ),
        Recipe(
            key="ballistic",
            label=f'RMSProp, ε inside the root ("ballistic"), lr 0.0005, β₂ {beta2:g}',
            kind="ballistic",
            numbers={"lr": 5e-4, "beta2": beta2},
            style="rmsprop",
        ),
    )


def planned_recipe() -> Recipe:
    """The planned rule with a velocity as its state, its numbers from measurements."""
    return Recipe(
        key="derived",
        label="ballistic, planned: β, rates and metric from measurements",
        kind="derived",
        clip=None,
        style="optimal",
    )


def tuned_grids() -> tuple[Grid, ...]:
    """SGD, Adam and heavy ball (β = 0.9, the library's rule) on rates half a decade apart."""
    sgd = Recipe(key="sgd_tuned", label="SGD, tuned", kind="sgd", numbers={"lr": 0.1}, style="sgd")
    adam = Recipe(
        key="adam_tuned", label="Adam, tuned", kind="adam", numbers={"lr": 1e-3}, style="adam"
    )
    ball = Recipe(
        key="heavy_ball_tuned",
        label="heavy ball, β 0.9, tuned",
        kind="heavy ball",
        numbers={"lr": 0.03, "momentum": 0.9},
        style="heavy_ball",
    )
    return (
        Grid(recipe=sgd, rates=(0.03, 0.1, 0.3, 1.0)),
        Grid(recipe=adam, rates=(1e-4, 3e-4, 1e-3, 3e-3)),
        Grid(recipe=ball, rates=(0.003, 0.01, 0.03, 0.1)),
    )
