"""Schedules of a learning rate that have a name, as sums of few functions of the step."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Numbers = dict[str, float]
# (steps, the one number that does not enter linearly) -> (steps, a)
Basis = Callable[[np.ndarray, float], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class ScheduleShape:
    """α_t = Σ_i a_i s_i(t; p), t = 0, 1, …

    Attributes
    ----------
    key, formula : in words and in symbols
    basis : the s_i
    starts : (steps T) -> values of p from which a fit starts; empty where there is no p
    numbers : (a, p) -> {symbol: number} of the formula
    contains : keys of those that are special cases
    """

    key: str
    formula: str
    basis: Basis
    starts: Callable[[int], np.ndarray]
    numbers: Callable[[np.ndarray, float], Numbers]
    contains: frozenset[str] = frozenset()

    @property
    def amplitudes(self) -> int:
        """How many numbers enter linearly."""
        return self.basis(np.arange(3.0), 1.0).shape[1]


def _none(steps: int) -> np.ndarray:
    return np.empty(0)


def _rates_per_step(steps: int) -> np.ndarray:
    """Rates of change between a hundredth over all steps and 30 in each."""
    return np.geomspace(1e-2 / steps, 30.0, 25)


def _periods(steps: int) -> np.ndarray:
    return np.geomspace(max(steps / 8, 2.0), 4.0 * steps, 20)


def _column(values: np.ndarray) -> np.ndarray:
    return values[:, None]


SHAPES: tuple[ScheduleShape, ...] = (
    ScheduleShape(
        key="constant",
        formula="α",
        basis=lambda t, p: _column(np.ones(len(t))),
        starts=_none,
        numbers=lambda a, p: {"α": a[0]},
    ),
    ScheduleShape(
        key="linear",
        formula="α + st",
        basis=lambda t, p: np.column_stack([np.ones(len(t)), t]),
        starts=_none,
        numbers=lambda a, p: {"α": a[0], "s": a[1]},
        contains=frozenset({"constant"}),
    ),
    ScheduleShape(
        key="exponential",
        formula="α e^{-λt}",
        basis=lambda t, p: _column(np.exp(-p * t)),
        starts=_rates_per_step,
        numbers=lambda a, p: {"α": a[0], "λ": p},
        contains=frozenset({"constant"}),
    ),
    ScheduleShape(
        key="1/t",
        formula="α/(1 + ρt)",
        basis=lambda t, p: _column(1 / (1 + p * t)),
        starts=_rates_per_step,
        numbers=lambda a, p: {"α": a[0], "ρ": p},
        contains=frozenset({"constant"}),
    ),
    ScheduleShape(
        key="1/√t",
        formula="α/√(1 + ρt)",
        basis=lambda t, p: _column(1 / np.sqrt(1 + p * t)),
        starts=_rates_per_step,
        numbers=lambda a, p: {"α": a[0], "ρ": p},
        contains=frozenset({"constant"}),
    ),
    ScheduleShape(
        key="cosine",
        formula="α_end + (α - α_end)(1 + cos(πt/P))/2",
        basis=lambda t, p: np.column_stack([np.ones(len(t)), np.cos(np.pi * t / p)]),
        starts=_periods,
        numbers=lambda a, p: {"α": a[0] + a[1], "α_end": a[0] - a[1], "P": p},
        contains=frozenset({"constant"}),
    ),
)


@dataclass(frozen=True, kw_only=True)
class StepDecay:
    """α g^⌊t/p⌋: the same factor every p steps. Both g and p enter other than linearly."""

    key: str = "step decay"
    formula: str = "α g^⌊t/p⌋"
    contains: frozenset[str] = frozenset({"constant"})
