"""Kernels that have a name: quasi-hyperbolic and aggregated momentum, delays, PID."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import least_squares

from ...support.arguments import AnyNumber, Entries, checked
from ...support.arrays import freeze
from ...support.results import Result
from ..histories import Histories
from ..named_numbers import numbers_in_words
from .lag_regression import LagStatistics, error_of

_GRID = 1 - np.geomspace(2e-3, 1.0, 13)[::-1]  # of weights β, evenly in log(1 - β)
_MOST_DELAY = 12
Weights = Sequence[float] | np.ndarray
Shapes = Callable[[Weights, int], np.ndarray]


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class NamedKernel(Result):
    """A linear rule with few numbers, fitted to what was seen and done.

    Attributes
    ----------
    name, formula : in words and in symbols
    coefficients, intervals : {symbol: number}, {symbol: (low, high)} at 95 %; a delay is a whole
        number, whose interval is itself where no other one fits as well
    kernel : (L,), its k_j
    error : relative rms error on histories held out
    """

    name: str
    formula: str
    coefficients: Mapping[str, AnyNumber]
    intervals: Mapping[str, tuple[AnyNumber, AnyNumber]]
    kernel: Entries = field(repr=False)
    error: AnyNumber

    def __str__(self) -> str:
        numbers = numbers_in_words(self.coefficients, self.intervals)
        return f"{self.name}, {self.formula}, {numbers} (held-out error {self.error:.1e})"


@dataclass(frozen=True, kw_only=True)
class Family:
    """Kernels Σ a_i s_i(β) with amplitudes a (linear) and weights β in [0, 1).

    Attributes
    ----------
    key, formula : in words and in symbols
    weights : how many weights β
    shapes : (β, L) -> (L, a), what the amplitudes multiply
    numbers : (a, β) -> {symbol: number}, as the formula has them
    contains : keys of those that are special cases
    """

    key: str
    formula: str
    weights: int
    shapes: Shapes
    numbers: Callable[[np.ndarray, np.ndarray], dict[str, float]]
    contains: frozenset[str] = frozenset()
    delay: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Of its numbers; a delay is one more."""
        amplitudes = self.shapes([0.5, 0.4][: self.weights], 3 + self.delay).shape[1]
        found = self.numbers(np.ones(amplitudes), np.array([0.5, 0.4])[: self.weights])
        return tuple(found)

    @property
    def richness(self) -> tuple[int, int]:
        """Ascending from the simplest."""
        return len(self.names), len(self.contains)


def _first(length: int, delay: int = 0) -> np.ndarray:
    """1 at the lag of the delay."""
    return (np.arange(length) == delay).astype(float)


def _powers(weight: float, length: int, delay: int = 0) -> np.ndarray:
    """β^{j-d} from the lag d of the delay on."""
    lags = np.arange(length) - delay
    return np.where(lags >= 0, weight ** np.maximum(lags, 0.0), 0.0)


def _nesterov(weight: float, length: int) -> np.ndarray:
    """1 + β, β², β³, …"""
    return weight * _powers(weight, length) + _first(length)


def _of_share(amplitudes: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """α, β, ν of α[(1-ν)δ + ν(1-β)β^j] from the amplitudes of δ and β^j."""
    beta = float(weights[0])
    averaged = amplitudes[1] / (1 - beta)
    rate = amplitudes[0] + averaged
    return {"α": float(rate), "β": beta, "ν": float(averaged / rate) if rate else 0.0}


FAMILIES: tuple[Family, ...] = (
    Family(
        key="gradient descent",
        formula="Δθ = -α y",
        weights=0,
        shapes=lambda weights, length: _first(length)[:, None],
        numbers=lambda a, b: {"α": float(a[0])},
    ),
    Family(
        key="heavy ball",
        formula="Δθ = βΔθ - α y",
        weights=1,
        shapes=lambda weights, length: _powers(weights[0], length)[:, None],
        numbers=lambda a, b: {"α": float(a[0]), "β": float(b[0])},
        contains=frozenset({"gradient descent"}),
    ),
    Family(
        key="Nesterov momentum",
        formula="b = βb + y, Δθ = -α(y + βb)",
        weights=1,
        shapes=lambda weights, length: _nesterov(weights[0], length)[:, None],
        numbers=lambda a, b: {"α": float(a[0]), "β": float(b[0])},
        contains=frozenset({"gradient descent"}),
    ),
    Family(
        key="quasi-hyperbolic momentum",
        formula="m = βm + (1-β)y, Δθ = -α[(1-ν)y + νm]",
        weights=1,
        shapes=lambda weights, length: np.column_stack(
            [_first(length), _powers(weights[0], length)]
        ),
        numbers=_of_share,
        contains=frozenset({"gradient descent", "heavy ball", "Nesterov momentum"}),
    ),
    Family(
        key="aggregated momentum",
        formula="v_i = β_i v_i + y, Δθ = -α(v_1 + v_2)/2",
        weights=2,
        shapes=lambda weights, length: (
            (_powers(weights[0], length) + _powers(weights[1], length))[:, None] / 2
        ),
        numbers=lambda a, b: {"α": float(a[0]), "β₁": float(min(b)), "β₂": float(max(b))},
        contains=frozenset({"heavy ball"}),
    ),
    Family(
        key="PID",
        formula="Δθ_t = -K_P y_t - K_I Σ y - K_D(y_t - y_{t-1})",
        weights=0,
        shapes=lambda weights, length: np.column_stack(
            [_first(length), np.ones(length), _first(length) - _first(length, 1)]
        ),
        numbers=lambda a, b: dict(zip(("K_P", "K_I", "K_D"), map(float, a), strict=True)),
        contains=frozenset({"gradient descent"}),
    ),
    Family(
        key="two exponentials",
        formula="Δθ_t = -Σ_j (a_1 β_1^j + a_2 β_2^j) y_{t-j}",
        weights=2,
        shapes=lambda weights, length: np.column_stack(
            [_powers(weights[0], length), _powers(weights[1], length)]
        ),
        numbers=lambda a, b: {
            "a_1": float(a[np.argmin(b)]),
            "a_2": float(a[np.argmax(b)]),
            "β_1": float(min(b)),
            "β_2": float(max(b)),
        },
        contains=frozenset(
            {
                "gradient descent",
                "heavy ball",
                "Nesterov momentum",
                "quasi-hyperbolic momentum",
                "aggregated momentum",
            }
        ),
    ),
)


def delayed(delay: int) -> tuple[Family, Family]:
    """Gradient descent and heavy ball on the gradient of ``delay`` steps ago."""
    descent = Family(
        key="delayed gradient descent",
        formula="Δθ_t = -α y_{t-d}",
        weights=0,
        delay=delay,
        shapes=lambda weights, length: _first(length, delay)[:, None],
        numbers=lambda a, b: {"α": float(a[0]), "d": float(delay)},
    )
    ball = Family(
        key="delayed heavy ball",
        formula="Δθ_t = βΔθ_{t-1} - α y_{t-d}",
        weights=1,
        delay=delay,
        shapes=lambda weights, length: _powers(weights[0], length, delay)[:, None],
        numbers=lambda a, b: {"α": float(a[0]), "β": float(b[0]), "d": float(delay)},
        contains=frozenset({"delayed gradient descent"}),
    )
    return descent, ball


def fit_named(
    statistics: LagStatistics, held: Histories
) -> tuple[tuple[Family, ...], tuple[NamedKernel, ...]]:
    """(families, their best members), each delayed one at its best delay."""
    length = len(statistics.moment)
    families, kernels = [], []
    for family in FAMILIES:
        families.append(family)
        kernels.append(fit_one(family, statistics, held))
    delays = range(1, min(_MOST_DELAY, length - 2) + 1)
    for one_kind in zip(*map(delayed, delays), strict=True):
        losses = [_loss(statistics, _fit(family, statistics)[0]) for family in one_kind]
        family = one_kind[int(np.argmin(losses))]
        families.append(family)
        kernels.append(fit_one(family, statistics, held))
    return tuple(families), tuple(kernels)


def fit_one(family: Family, statistics: LagStatistics, held: Histories) -> NamedKernel:
    """The best member of one family."""
    return _named(family, *_fit(family, statistics), statistics, held)


def _loss(statistics: LagStatistics, kernel: np.ndarray) -> float:
    """Σ(Δθ + Σ k_j y_{t-j})² up to the constant Σ Δθ²."""
    return float(kernel @ statistics.gram @ kernel - 2 * statistics.moment @ kernel)


def _projected(
    family: Family, weights: Weights, statistics: LagStatistics
) -> tuple[np.ndarray, np.ndarray]:
    """(kernel, amplitudes) of least squares at these weights."""
    shapes = family.shapes(weights, len(statistics.moment))
    normal, right = shapes.T @ statistics.gram @ shapes, shapes.T @ statistics.moment
    size = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    scaled = np.linalg.lstsq(normal / np.outer(size, size), right / size, rcond=1e-13)[0]
    amplitudes = scaled / size
    return shapes @ amplitudes, amplitudes


def _fit(family: Family, statistics: LagStatistics) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(kernel, amplitudes, weights) of least squares: a grid of weights, refined."""
    if not family.weights:
        return *_projected(family, (), statistics), np.empty(0)
    sets = list(itertools.combinations(_GRID, family.weights))
    losses = [_loss(statistics, _projected(family, each, statistics)[0]) for each in sets]
    root = _root(statistics.gram)
    target = statistics.kernel

    def left(weights: np.ndarray) -> np.ndarray:
        return root @ (_projected(family, weights, statistics)[0] - target)

    size = max(float(np.linalg.norm(root @ target)), 1e-300)
    runs = [
        least_squares(
            lambda weights: left(weights) / size,
            sets[place],
            bounds=(-1e-12, 0.9999),
            x_scale=0.1,
            xtol=1e-14,
            ftol=1e-14,
            gtol=1e-15,
        )
        for place in np.argsort(losses)[:2]
    ]
    weights = np.maximum(min(runs, key=lambda run: run.cost).x, 0.0)
    return *_projected(family, weights, statistics), weights


def _root(gram: np.ndarray) -> np.ndarray:
    """R with RᵀR = G."""
    values, vectors = np.linalg.eigh(gram)
    return np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T


def _named(
    family: Family,
    kernel: np.ndarray,
    amplitudes: np.ndarray,
    weights: np.ndarray,
    statistics: LagStatistics,
    held: Histories,
) -> NamedKernel:
    numbers = family.numbers(amplitudes, weights)
    point = np.concatenate([amplitudes, weights])
    count = len(amplitudes)

    def kernel_at(place: np.ndarray) -> np.ndarray:
        return family.shapes(list(place[count:]), len(kernel)) @ place[:count]

    def numbers_at(place: np.ndarray) -> np.ndarray:
        return np.array(list(family.numbers(place[:count], place[count:]).values()))

    tangent = _slope(kernel_at, point)
    spread = statistics.covariance(tangent)
    turned = _slope(numbers_at, point)
    values = numbers_at(point)
    deviation = np.sqrt(np.maximum(np.diag(turned @ spread @ turned.T), 0.0))
    half = statistics.student * deviation + 1e-7 * np.abs(values)
    intervals = {
        symbol: (value, value) if symbol == "d" else (value - width, value + width)
        for symbol, value, width in zip(numbers, values.tolist(), half.tolist(), strict=True)
    }
    return NamedKernel(
        name=family.key,
        formula=family.formula,
        coefficients=numbers,
        intervals=intervals,
        kernel=freeze(kernel),
        error=error_of(kernel, held),
    )


def _slope(function: Callable[[np.ndarray], np.ndarray], point: np.ndarray) -> np.ndarray:
    """∂f/∂p by central differences."""
    columns = []
    for i, value in enumerate(point):
        step = 1e-6 * max(abs(value), 1e-3)
        ahead, behind = point.copy(), point.copy()
        ahead[i] += step
        behind[i] -= step
        columns.append((function(ahead) - function(behind)) / (2 * step))
    return np.column_stack(columns)
