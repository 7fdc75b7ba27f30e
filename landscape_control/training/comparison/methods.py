"""Optimizers that are compared: grids of rates and schedules, and those that come with defaults."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from ...support.arguments import Positive, checked
from ...support.errors import ProblemError
from ..recipes import written

Schedule = Literal["constant", "cosine"]
DERIVED = "derived"
# The rates of a grid, as powers of √10.
GRIDS = MappingProxyType(
    {
        "sgd": range(-4, 4),
        "momentum": range(-6, 2),
        "adam": range(-6, 2),
        "adamw": range(-6, 2),
    }
)
LABELS = MappingProxyType(
    {
        "sgd": "SGD",
        "momentum": "momentum 0.9",
        "adam": "Adam",
        "adamw": "AdamW (0.05)",
        "prodigy": "Prodigy",
        "schedule_free_sgd": "Schedule-Free SGD",
        "schedule_free_adamw": "Schedule-Free AdamW",
        "dog": "DoG",
        "dog_averaged": "DoG, averaged",
        DERIVED: "derived",
    }
)


@checked
@dataclass(frozen=True, kw_only=True)
class Method:
    """An optimizer with its rate and schedule.

    Attributes
    ----------
    kind : one of the keys of ``LABELS``
    rate : α; None leaves the default of the package that the optimizer comes from
    schedule : of the rate at step t of T: "constant", or "cosine", α (1 + cos(πt/T))/2
    """

    kind: str
    rate: Positive | None = None
    schedule: Schedule = "constant"

    def __post_init__(self) -> None:
        if self.kind not in LABELS:
            raise ProblemError(
                "kind of a method",
                expected=f"one of {', '.join(LABELS)}",
                received=repr(self.kind),
                advice="see Method for what they are",
            )
        if self.kind in GRIDS and self.rate is None:
            raise ProblemError(
                f"rate of {LABELS[self.kind]}",
                expected="a positive number",
                received="None",
                advice="only the optimizers with defaults can go without",
            )

    @property
    def key(self) -> str:
        """Name in files and tables; two methods with one key do the same."""
        rate = "default" if self.rate is None else written(self.rate)
        return f"{self.kind}-{rate}-{self.schedule}"

    @property
    def label(self) -> str:
        """Words for tables."""
        rate = "" if self.rate is None else f" {self.rate:g}"
        schedule = ", cosine" if self.schedule == "cosine" else ""
        return f"{LABELS[self.kind]}{rate}{schedule}"

    def rate_factor(self, step: int, steps: int) -> float:
        """What the schedule multiplies the rate with at step 0, 1, ..., steps - 1."""
        return 1.0 if self.schedule == "constant" else (1 + math.cos(math.pi * step / steps)) / 2

    def optimizer(self, parameters: Iterable[Any]) -> Any:
        """The torch.optim.Optimizer. Raises ProblemError where its package is not installed."""
        return _MAKERS[self.kind](list(parameters), self.rate)


def _torch(name: str, **numbers: Any) -> Callable[[list, float | None], Any]:
    def make(parameters: list, rate: float | None) -> Any:
        import torch

        return getattr(torch.optim, name)(parameters, lr=rate, **numbers)

    return make


def _prodigy() -> Any:
    from prodigyopt import Prodigy

    return Prodigy


def _schedule_free_sgd() -> Any:
    from schedulefree import SGDScheduleFree

    return SGDScheduleFree


def _schedule_free_adamw() -> Any:
    from schedulefree import AdamWScheduleFree

    return AdamWScheduleFree


def _dog() -> Any:
    from dog import DoG

    return DoG


def _peer(package: str, found: Callable[[], Any]) -> Callable[[list, float | None], Any]:
    """Makes the optimizer of another package, at its own rate where none is given."""

    def make(parameters: list, rate: float | None) -> Any:
        try:
            kind = found()
        except ModuleNotFoundError as error:
            raise ProblemError(
                f"optimizer of {package}",
                expected=f"package {package} installed",
                received=f"no module {error.name!r}",
                advice="pip install 'landscape-control[study]'",
            ) from error
        return kind(parameters) if rate is None else kind(parameters, lr=rate)

    return make


_MAKERS: MappingProxyType[str, Callable[[list, float | None], Any]] = MappingProxyType(
    {
        "sgd": _torch("SGD"),
        "momentum": _torch("SGD", momentum=0.9),
        "adam": _torch("Adam"),
        "adamw": _torch("AdamW", weight_decay=0.05),
        "prodigy": _peer("prodigyopt", _prodigy),
        "schedule_free_sgd": _peer("schedulefree", _schedule_free_sgd),
        "schedule_free_adamw": _peer("schedulefree", _schedule_free_adamw),
        "dog": _peer("dog-optimizer", _dog),
        "dog_averaged": _peer("dog-optimizer", _dog),
    }
)


def grid(kind: str) -> tuple[Method, ...]:
    """The 16 of a grid: 8 rates half a decade apart, constant and cosine."""
    rates = [float(f"{10 ** (power / 2):.3g}") for power in GRIDS[kind]]
    return tuple(
        Method(kind=kind, rate=rate, schedule=schedule)
        for schedule in ("constant", "cosine")
        for rate in rates
    )


def peers() -> tuple[Method, ...]:
    """What needs no choice of a rate: the learning-rate-free ones at their defaults, Adam at 1e-3."""
    return (
        Method(kind="prodigy"),
        Method(kind="prodigy", schedule="cosine"),
        Method(kind="schedule_free_sgd"),
        Method(kind="schedule_free_adamw"),
        Method(kind="dog"),
        Method(kind="dog_averaged"),
        Method(kind="adam", rate=1e-3),
    )
