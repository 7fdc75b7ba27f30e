"""The name of a schedule: from learning rates step by step to a formula with numbers, or to none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from ..rules.choice import Conclusion, select
from ..support.arguments import AnyNumber, Entries, Words, checked
from ..support.arrays import freeze
from ..support.errors import ProblemError
from ..support.results import Result
from .maps import Criteria
from .named_numbers import numbers_in_words
from .schedule_fit import Candidate, candidates, fit_candidate

FEWEST = 8  # steps, below which every schedule is a line
_MOST = 1500  # steps that are fitted, evenly picked from more
_THRESHOLD = 0.01  # of the rms of the rates: what follows a formula leaves less
_SURE = 3.0  # standard errors of a mean square


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class NamedSchedule(Result):
    """One shape fitted to learning rates.

    Attributes
    ----------
    name, formula : in words and in symbols, t = 0 at the first step; after a warm-up t counts from
        its end
    coefficients, intervals : {symbol: number}, {symbol: (low, high)} at 95 %; W is the length of a
        linear warm-up and α_0 its first rate
    fitted : (T,)
    error : rms of what is left, on steps that were not fitted, relative to the rms of the rates, both
        without known errors
    """

    name: str
    formula: str
    coefficients: Mapping[str, AnyNumber]
    intervals: Mapping[str, tuple[AnyNumber, AnyNumber]]
    fitted: Entries = field(repr=False)
    error: AnyNumber

    def __str__(self) -> str:
        numbers = numbers_in_words(self.coefficients, self.intervals)
        return f"{self.name}, {self.formula}: {numbers}"


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class ScheduleReading(Result):
    """Which schedule a learning rate follows.

    Attributes
    ----------
    conclusion : Conclusion; "no rule fits" is a schedule that is none of these
    best : NamedSchedule or None, the simplest that no other one beats
    alike : names that cannot be told apart on these rates, the preferred one first; else empty
    shapes : every shape, by its error
    rates : (T,), what was read
    """

    conclusion: Conclusion
    best: NamedSchedule | None
    alike: tuple[str, ...]
    shapes: tuple[NamedSchedule, ...]
    rates: Entries = field(repr=False)

    def __repr__(self) -> str:
        return f"ScheduleReading({self.conclusion.value}: {self.shapes[0].name}, ...)"

    def __str__(self) -> str:
        if self.best is None:
            nearest = self.shapes[0]
            return (
                f"none of the schedules known here; the nearest, {nearest.name}, is"
                f" {nearest.error:.1%} off"
            )
        if self.conclusion is Conclusion.NOT_IDENTIFIABLE:
            others = ", ".join(name for name in self.alike if name != self.best.name)
            return f"{self.best} (not told apart on these steps from: {others})"
        return f"{self.best} (error {self.best.error:.1e})"


Rates = Annotated[
    np.ndarray,
    Words(expected="the learning rate at each step (T,), finite numbers, not all of them zero"),
]


@checked
def name_schedule(
    rates: Rates, *, errors: Entries | None = None, criteria: Criteria | None = None
) -> ScheduleReading:
    """Which schedule these learning rates follow: one of the known shapes with its numbers, or none.

    Constant, linear, exponential, 1/t, 1/√t, cosine (half a period P of steps), step decay (a factor
    g every p steps), each from the first step on or after a linear warm-up. Shapes are fitted to
    every other step and scored on the rest; the simplest that no other one beats by the margin is
    preferred, and those that give the same rates to the resolution are named beside it.

    Parameters
    ----------
    rates : (T,), in any units
    errors : (T,) or None, standard deviations of the rates, where they were found and not recorded;
        differences that they explain tell no two shapes apart
    criteria : Criteria, relative to the rms of the rates; None has a threshold of 1 %

    Raises
    ------
    ProblemError
        Fewer than 8 steps, or rates that are all zero.
    """
    criteria = Criteria(threshold=_THRESHOLD) if criteria is None else criteria
    values = np.asarray(rates, dtype=float).ravel()
    if len(values) < FEWEST or not np.isfinite(values).all() or not values.any():
        raise ProblemError(
            "rates of the schedule",
            expected=f"at least {FEWEST} finite numbers, not all of them zero",
            received=f"{len(values)} numbers",
            advice="give the learning rate of every step of the training",
        )
    spread = np.zeros(len(values)) if errors is None else np.asarray(errors, dtype=float)
    steps = _picked(len(values))
    kinds = candidates(warm_up=_rises(values, spread, criteria))
    shapes = [_named(kind, steps, values, spread, accuracy=criteria.resolution) for kind in kinds]
    return _chosen(kinds, shapes, values, spread, criteria)


def _rises(rates: np.ndarray, spread: np.ndarray, criteria: Criteria) -> bool:
    """Whether a warm-up is thinkable: the rate begins below its largest, by more than errors do."""
    peak = int(np.argmax(rates))
    doubt = _SURE * float(np.hypot(spread[0], spread[peak]))
    return bool(rates[peak] - rates[0] > doubt + criteria.resolution * abs(rates[peak]))


def _picked(count: int) -> np.ndarray:
    """The steps that are fitted: all, or evenly spaced ones of more than can be."""
    stride = -(-count // _MOST)
    return np.arange(0, count, stride)


def _named(
    kind: Candidate,
    steps: np.ndarray,
    rates: np.ndarray,
    spread: np.ndarray,
    *,
    accuracy: float,
) -> NamedSchedule:
    """One shape fitted to every other of the steps, scored on those between them, refitted to all."""
    weights = _weights(rates[steps], spread[steps], accuracy)
    whole = fit_candidate(kind, steps, rates[steps], weights)
    fitted, apart = steps[::2], steps[1::2]
    half = fit_candidate(kind, fitted, rates[fitted], weights[::2], warm_up=whole.warm_up)
    error = _relative(rates[apart] - half.at(apart), rates[apart], spread[apart])
    return NamedSchedule(
        name=kind.key,
        formula=kind.formula,
        coefficients=whole.numbers,
        intervals=whole.intervals(rates[steps], weights),
        fitted=freeze(whole.at(np.arange(len(rates)))),
        error=error,
    )


def _weights(rates: np.ndarray, spread: np.ndarray, accuracy: float) -> np.ndarray:
    """1/s with a floor that keeps exact rates from deciding alone."""
    floor = accuracy * float(np.sqrt(np.mean(rates**2)))
    return 1 / np.hypot(spread, floor)


def _relative(left: np.ndarray, rates: np.ndarray, spread: np.ndarray) -> float:
    """rms of what is left over that of the rates, both without what errors explain."""
    known = float(np.mean(spread**2))
    square = max(float(np.mean(left**2)) - known, 0.0)
    return float(np.sqrt(square / max(float(np.mean(rates**2)) - known, 1e-300)))


def _chosen(
    kinds: Sequence[Candidate],
    shapes: Sequence[NamedSchedule],
    rates: np.ndarray,
    spread: np.ndarray,
    criteria: Criteria,
) -> ScheduleReading:
    size = float(np.sqrt(np.mean(rates**2)))
    # a mean square of T errors is known to √(2/T) of itself
    noise = float(np.sqrt(np.mean(spread**2))) / size
    resolution = max(criteria.resolution, noise * np.sqrt(_SURE * np.sqrt(4 / len(rates))))
    by_name = {shape.name: shape for shape in shapes}

    def alike(shape: NamedSchedule) -> list[str]:
        gaps = {
            other.name: np.sqrt(np.mean((np.asarray(other.fitted) - shape.fitted) ** 2)) / size
            for other in shapes
        }
        return [name for name, gap in gaps.items() if gap <= resolution]

    selection = select(
        kinds,
        [shape.error for shape in shapes],
        threshold=max(criteria.threshold, resolution),
        resolution=resolution,
        margin=criteria.margin,
        same={shape.name: alike(shape) for shape in shapes},
    )
    fits = selection.conclusion is not Conclusion.NONE_FITS
    return ScheduleReading(
        conclusion=selection.conclusion,
        best=by_name[selection.name] if fits else None,
        alike=selection.alike,
        shapes=tuple(by_name[name] for name in selection.candidates),
        rates=freeze(rates),
    )
