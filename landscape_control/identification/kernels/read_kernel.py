"""The kernel of a rule that is linear in past gradients, with the linear rule that it belongs to."""

from dataclasses import dataclass

import numpy as np

from ...rules.choice import Conclusion, select
from ...support.arguments import Index, checked
from ...support.results import Result
from ..histories import Histories
from ..maps import Criteria
from .lag_regression import (
    LagFit,
    LagStatistics,
    SomeHistories,
    beginnings,
    fit_lags,
    is_determined,
    lag_statistics,
)
from .named_kernels import NamedKernel, fit_named

_SHOWN = 6  # lags in words
_FEWEST = 2  # lags that gradients have to tell apart


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class KernelReading(Result):
    """Δθ_t = -Σ_j k_j y_{t-j}: what a policy does, where that is all it does.

    Attributes
    ----------
    fit : LagFit, the free kernel: its lags, their intervals and its error on histories held out
    equivalent : NamedKernel or None, the simplest rule of few numbers with this kernel
    alike : names of the rules with other numbers that have the same kernel, to the resolution, where
        they cannot be told apart; ``equivalent`` is then the first of them
    named : every rule of few numbers, by its error
    criteria : Criteria
    """

    fit: LagFit
    equivalent: NamedKernel | None
    alike: tuple[str, ...]
    named: tuple[NamedKernel, ...]
    criteria: Criteria

    @property
    def is_linear(self) -> bool:
        """Whether the kernel explains the histories held out, to the threshold of the criteria."""
        return self.fit.error <= self.criteria.threshold

    def __repr__(self) -> str:
        name = None if self.equivalent is None else self.equivalent.name
        return f"KernelReading({len(self.fit.lags)} lags, error {self.fit.error:.2g}, {name})"

    def __str__(self) -> str:
        if not self.is_linear:
            return (
                "It is not linear in past gradients with one kernel: the best leaves"
                f" {self.fit.error:.1%} of the updates unexplained."
            )
        rows = zip(self.fit.lags[:_SHOWN], self.fit.intervals, strict=False)
        lags = ", ".join(
            f"k_{j} = {value:.4g} [{low:.4g}, {high:.4g}]"
            for j, (value, (low, high)) in enumerate(rows)
        )
        more = ", …" if len(self.fit.lags) > _SHOWN else ""
        sentences = [
            f"It is linear in past gradients, Δθ_t = -Σ k_j y_{{t-j}}, with {len(self.fit.lags)}"
            f" lags: {lags}{more} (held-out error {self.fit.error:.1e})."
        ]
        if self.equivalent is None:
            sentences.append("No rule of few numbers that has a name here has this kernel.")
        else:
            sentences.append(f"That is the kernel of {self.equivalent}.")
        if self.alike:
            others = ", ".join(name for name in self.alike if name != self.equivalent_name)
            sentences.append(f"Not told apart from it: {others}.")
        return " ".join(sentences)

    @property
    def equivalent_name(self) -> str:
        """Of the equivalent; empty without one."""
        return "" if self.equivalent is None else self.equivalent.name


@checked
def read_kernel(
    histories: SomeHistories, *, seed: Index = 0, criteria: Criteria | None = None
) -> KernelReading:
    """The kernel by which updates follow from past gradients, and the rule that has it.

    Updates are regressed on the gradients of all lags, of two thirds of the histories; errors are
    those on the rest. Histories start at rest, and their first 200 steps are read. Intervals are
    over histories, whatever is left within one. Rules of few numbers (heavy ball, Nesterov,
    quasi-hyperbolic and aggregated momentum, PID, two exponentials, and delays) are fitted by the
    same least squares: the simplest within the margin of the best is named, none where all are worse
    than the free kernel by more than the margin.

    Raises
    ------
    ProblemError
        Updates that cover several steps, gradients that do not tell the lags apart, or that are zero.
    """
    criteria = Criteria() if criteria is None else criteria
    train, held = beginnings(histories).split(seed)
    statistics = lag_statistics(train)
    return _reading(fit_lags(statistics, held), statistics, held, criteria)


def kernel_of(histories: Histories, *, seed: int, criteria: Criteria) -> KernelReading | None:
    """The same where it explains the histories, None where it does not or cannot be read."""
    if histories.count < 2 or histories.spans is not None or not np.any(histories.gradients):
        return None
    train, held = beginnings(histories).split(seed)
    statistics = lag_statistics(train)
    if not is_determined(statistics, _FEWEST):
        return None
    free = fit_lags(statistics, held)
    if free.error > criteria.threshold:
        return None
    return _reading(free, statistics, held, criteria)


def _reading(
    free: LagFit, statistics: LagStatistics, held: Histories, criteria: Criteria
) -> KernelReading:
    families, named = fit_named(statistics, held)
    worst = criteria.margin * max(free.error, criteria.resolution)
    kernels = {kernel.name: np.asarray(kernel.kernel) for kernel in named}

    def alike(name: str) -> list[str]:
        most = criteria.resolution * np.linalg.norm(kernels[name])
        return [k for k in kernels if np.linalg.norm(kernels[k] - kernels[name]) <= most]

    selection = select(
        families,
        [kernel.error for kernel in named],
        threshold=min(worst, criteria.threshold),
        resolution=criteria.resolution,
        margin=criteria.margin,
        same={name: alike(name) for name in kernels},
    )
    found = selection.conclusion is not Conclusion.NONE_FITS
    return KernelReading(
        fit=free,
        equivalent=next(k for k in named if k.name == selection.name) if found else None,
        alike=selection.alike,
        named=tuple(sorted(named, key=lambda kernel: kernel.error)),
        criteria=criteria,
    )
