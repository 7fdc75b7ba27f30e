"""Least squares of one shape of a schedule, with or without a linear warm-up."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from .schedule_shapes import SHAPES, ScheduleShape, StepDecay

_DIGITS = 1e-7
_DROPS = 6  # largest of them
_WARM_UPS = 12  # lengths of a warm-up that are tried before the best is refined
_LONGEST_WARM_UP = 0.6  # of all steps


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A shape from the first step on, or after a linear warm-up, as the choice between them sees it."""

    shape: ScheduleShape | StepDecay
    warms_up: bool

    @property
    def key(self) -> str:
        """In words."""
        return f"linear warm-up, then {self.shape.key}" if self.warms_up else self.shape.key

    @property
    def formula(self) -> str:
        """Of the learning rate α_t."""
        after = f"α_t = {self.shape.formula}"
        return f"from α_0 in W steps, then {after}" if self.warms_up else after

    @property
    def names(self) -> tuple[str, ...]:
        """Of the numbers, as many as there are."""
        own = {"α": 0, "g": 0, "p": 0}
        if isinstance(self.shape, ScheduleShape):
            own = dict.fromkeys(self.shape.numbers(np.ones(2), 1.0), 0)
        return (*own, "W", "α_0") if self.warms_up else tuple(own)

    @property
    def contains(self) -> frozenset[str]:
        """Keys of special cases: the same without a warm-up, and what the shape contains."""
        inner = self.shape.contains
        if not self.warms_up:
            return inner
        return inner | {self.shape.key} | {f"linear warm-up, then {key}" for key in inner}

    @property
    def richness(self) -> tuple[int, int]:
        """Ascending from the simplest."""
        return len(self.names), len(self.contains)


def candidates(*, warm_up: bool) -> tuple[Candidate, ...]:
    """Every shape, and after a warm-up too where there may be one."""
    shapes: tuple[ScheduleShape | StepDecay, ...] = (*SHAPES, StepDecay())
    ways = (False, True) if warm_up else (False,)
    return tuple(Candidate(shape=shape, warms_up=way) for way in ways for shape in shapes)


@dataclass(frozen=True, kw_only=True)
class ScheduleFit:
    """One candidate with its numbers: ``point`` are those that enter smoothly, W and p the rest."""

    kind: Candidate
    amplitudes: np.ndarray
    inner: tuple[float, ...]
    warm_up: int
    loss: float
    steps: np.ndarray

    def at(self, steps: np.ndarray) -> np.ndarray:
        """α_t at these steps."""
        return table(self.kind, steps, self.inner, self.warm_up) @ self.amplitudes

    @property
    def numbers(self) -> dict[str, float]:
        """By the symbols of the formula."""
        return _numbers(self.kind, self.amplitudes, self.inner, self.warm_up)

    def intervals(self, rates: np.ndarray, weights: np.ndarray) -> dict[str, tuple[float, float]]:
        """95 %, of the problem linearised at the optimum; whole numbers are their own."""
        from scipy.special import stdtrit

        whole = 1 if isinstance(self.kind.shape, StepDecay) else 0
        free = list(self.inner[: len(self.inner) - whole])
        point = np.concatenate([self.amplitudes, free])
        count = len(self.amplitudes)

        def rates_at(place: np.ndarray) -> np.ndarray:
            inner = (*place[count:], *self.inner[len(free) :])
            return weights * (table(self.kind, self.steps, inner, self.warm_up) @ place[:count])

        def numbers_at(place: np.ndarray) -> np.ndarray:
            inner = (*place[count:], *self.inner[len(free) :])
            return np.array(list(_numbers(self.kind, place[:count], inner, self.warm_up).values()))

        left = weights * rates - rates_at(point)
        degrees = max(len(rates) - len(point), 1)
        tangent = _slope(rates_at, point)
        turned = _slope(numbers_at, point) @ np.linalg.pinv(tangent.T @ tangent)
        moved = turned @ tangent.T  # of each number by each weighted rate
        variance = (left @ left) / degrees * (moved**2).sum(axis=1)
        half = float(stdtrit(degrees, 0.975)) * np.sqrt(np.maximum(variance, 0.0))
        rate = float(np.abs(self.amplitudes).max())
        intervals = {}
        for (symbol, value), width in zip(self.numbers.items(), half.tolist(), strict=True):
            # the minimiser itself is no more accurate than this
            size = max(abs(value), rate) if symbol.startswith("α") else abs(value)
            wider = width + _DIGITS * size
            intervals[symbol] = value - wider, value + wider
        return intervals


def fit_candidate(
    kind: Candidate,
    steps: np.ndarray,
    rates: np.ndarray,
    weights: np.ndarray,
    *,
    warm_up: int | None = None,
) -> ScheduleFit:
    """Weighted least squares over everything that is free; a length W of the warm-up is held."""

    def best_with(warm_up: int) -> ScheduleFit:
        return _fit(kind, steps, rates, weights, warm_up)

    if not kind.warms_up or warm_up is not None:
        return best_with(warm_up or 0)
    longest = max(int(_LONGEST_WARM_UP * steps[-1]), 3)
    lengths = np.unique(np.geomspace(2, longest, _WARM_UPS).astype(int))
    # the rate is largest at the end of a warm-up, wherever no error hides it
    peak = int(steps[int(np.argmax(rates))])
    near = [length for length in (peak - 1, peak, peak + 1) if 2 <= length <= longest]
    lengths = np.unique([*lengths, *near])
    found = min(map(best_with, lengths.tolist()), key=lambda fit: fit.loss)
    width = max(int(np.diff(lengths).max(initial=1)), 1)
    while width:
        around = [found.warm_up - width, found.warm_up + width]
        better = min(
            [found, *(best_with(length) for length in around if 2 <= length <= longest)],
            key=lambda fit: fit.loss,
        )
        if better is found:
            width //= 2
        found = better
    return found


def table(kind: Candidate, steps: np.ndarray, inner: tuple[float, ...], warm_up: int) -> np.ndarray:
    """(steps, a): what the amplitudes multiply; the last one is α_0 where there is a warm-up."""
    times = np.asarray(steps, dtype=float)
    after = _basis(kind.shape, np.maximum(times - warm_up, 0.0), inner)
    if not kind.warms_up:
        return after
    share = np.minimum(times / warm_up, 1.0)[:, None]
    return np.hstack([share * after, 1 - share])


def _basis(
    shape: ScheduleShape | StepDecay, times: np.ndarray, inner: tuple[float, ...]
) -> np.ndarray:
    if isinstance(shape, StepDecay):
        factor, period = inner
        return (factor ** np.floor(times / period))[:, None]
    return shape.basis(times, inner[0] if inner else 1.0)


def _numbers(
    kind: Candidate, amplitudes: np.ndarray, inner: tuple[float, ...], warm_up: int
) -> dict[str, float]:
    if isinstance(kind.shape, StepDecay):
        found = {"α": amplitudes[0], "g": inner[0], "p": inner[1]}
    else:
        found = kind.shape.numbers(amplitudes, inner[0] if inner else 1.0)
    if kind.warms_up:
        found = {**found, "W": float(warm_up), "α_0": amplitudes[-1]}
    return {symbol: float(value) for symbol, value in found.items()}


def _fit(
    kind: Candidate, steps: np.ndarray, rates: np.ndarray, weights: np.ndarray, warm_up: int
) -> ScheduleFit:
    """Least squares at this length of the warm-up."""

    def solved(inner: tuple[float, ...]) -> ScheduleFit:
        columns = weights[:, None] * table(kind, steps, inner, warm_up)
        amplitudes = np.linalg.lstsq(columns, weights * rates, rcond=1e-12)[0]
        left = weights * rates - columns @ amplitudes
        return ScheduleFit(
            kind=kind,
            amplitudes=amplitudes,
            inner=inner,
            warm_up=warm_up,
            loss=float(left @ left),
            steps=steps,
        )

    if isinstance(kind.shape, StepDecay):
        found = min(map(solved, _factors_and_periods(steps, rates, warm_up)), key=_loss_of)
        factor, period = found.inner
        around = np.array([0.9, 1.0, 1.1]) * max(factor, 1e-3)
        return _refined(lambda inner: solved((inner[0], period)), around)
    starts = kind.shape.starts(int(steps[-1]) + 1)
    if not starts.size:
        return solved(())
    return _refined(solved, starts)


def _loss_of(fit: ScheduleFit) -> float:
    return fit.loss


def _refined(solved: Callable[[tuple[float, ...]], ScheduleFit], starts: np.ndarray) -> ScheduleFit:
    """The best p between the neighbours of the best start, on a logarithmic scale."""
    fits = [solved((float(start),)) for start in starts]
    place = int(np.argmin([fit.loss for fit in fits]))
    low, high = starts[max(place - 1, 0)], starts[min(place + 1, len(starts) - 1)]
    result = minimize_scalar(
        lambda log: solved((float(np.exp(log)),)).loss,
        bounds=(np.log(low), np.log(high)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return min(fits[place], solved((float(np.exp(result.x)),)), key=_loss_of)


def _factors_and_periods(
    steps: np.ndarray, rates: np.ndarray, warm_up: int
) -> Iterable[tuple[float, float]]:
    """(g, p): the first drop after the warm-up says p, the means between drops say g."""
    after = steps >= warm_up
    times, values = steps[after] - warm_up, rates[after]
    if len(values) < 4:
        return [(1.0, float(steps[-1] + 1))]
    jumps = np.argsort(np.diff(values))[:_DROPS]
    # a drop seen at this step came at it or after the step before
    ends = {int(end) for end in times[jumps + 1]} | {int(end) - 1 for end in times[jumps + 1]}
    # it may be the second or third of its kind
    periods = {end / part for end in ends for part in (1, 2, 3) if end % part == 0 and end}
    return [(_factor(times, values, period), period) for period in sorted(periods)]


def _factor(times: np.ndarray, values: np.ndarray, period: float) -> float:
    """g of m_{i+1} = g m_i for the means m_i of each period, by least squares."""
    blocks = np.floor(times / period).astype(int)
    blocks -= blocks[0]
    counts = np.maximum(np.bincount(blocks), 1)
    means = np.bincount(blocks, values) / counts
    size = float(means[:-1] @ means[:-1])
    return float(np.clip(means[1:] @ means[:-1] / size, 0.0, 10.0)) if size else 1.0


def _slope(function: Callable[[np.ndarray], np.ndarray], point: np.ndarray) -> np.ndarray:
    """∂f/∂p by central differences."""
    columns = []
    for i, value in enumerate(point):
        step = 1e-6 * max(abs(value), 1e-6 * float(np.abs(point).max()), 1e-300)
        ahead, behind = point.copy(), point.copy()
        ahead[i] += step
        behind[i] -= step
        columns.append((function(ahead) - function(behind)) / (2 * step))
    return np.column_stack(columns)
