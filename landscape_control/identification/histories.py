"""Histories of a causal policy: the gradients it saw, where it stood, and what it did."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ..support.arguments import Entries, Index, NonNegative, Vector, checked
from ..support.arrays import freeze, whole
from ..support.errors import ProblemError
from ..support.results import Result
from ..support.short_repr import short_repr
from .maps import Scatter
from .maps.fitting import relative
from .whitening import Whitening, covered, whitening


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Histories(Result):
    """K histories of T steps of a policy on n weights, each from its own beginning, at rest.

    Attributes
    ----------
    gradients : (K, T, n), what was seen before each update
    updates : (K, T, n), Δθ
    parameters : (K, T, n) or None, θ at each observation, measured from where weight decay would
        pull to
    settle : first step whose update counts; earlier ones only feed the memory of the rules
    words : where the histories come from
    errors : (K, T, n) or None, standard deviation s of what was added to each update by the way it
        was recorded, such as the rounding of stored weights; ∞ for what does not count at all. Fits
        weigh updates by 1/√(s² + s̃²), s̃ their median, and s is no error of a rule. None is 0
    norms : (K, T) or None, |y| of all weights that learn together, for rules that couple them by it.
        None where a history holds all of them
    weight_errors : (K, T, n) or None, standard deviation σ of white noise in the recorded weights on
        both sides of an update, in the units in which it enters the update. Errors of neighbouring
        updates are then correlated -½, and fits are generalised least squares with that covariance
        (:mod:`.whitening`). None is 0
    spans : (K, T, n) or None, number of steps that each update covers, up to its own: weights were
        not recorded in between. None is 1
    unknown : (K,) or None, 1 for histories that do not begin at rest but with an unknown memory, which
        every rule has to find by itself; it counts from the first update that does. None is 0
    """

    gradients: Entries
    updates: Entries
    parameters: Entries | None = None
    settle: Index = 0
    words: str = "histories given"
    errors: Entries | None = None
    norms: Entries | None = field(default=None, metadata={"later": True})
    weight_errors: Entries | None = field(default=None, metadata={"later": True})
    spans: Entries | None = field(default=None, metadata={"later": True})
    unknown: Entries | None = field(default=None, metadata={"later": True})

    __repr__ = short_repr

    def __post_init__(self) -> None:
        shape = np.shape(self.gradients)
        for name in ("gradients", "updates", "parameters"):
            value = getattr(self, name)
            if value is None and name == "parameters":
                continue
            value = np.asarray(value, dtype=float)
            good = len(shape) == 3 and value.shape == shape and min(shape) > 0
            if not (good and np.isfinite(value).all()):
                raise ProblemError(
                    f"{name} of the histories",
                    expected="finite numbers (K, T, n), the same for all",
                    received=f"shape {value.shape}{' with NaN or infinity' if good else ''}",
                    advice="stack K histories of equal length; a single one is array[None]",
                )
            object.__setattr__(self, name, freeze(value))
        if whole("settle", self.settle, low=0) > shape[1] - 2:
            raise ProblemError(
                "settle",
                expected=f"at most {shape[1] - 2}, so that two updates of each history count",
                received=f"{self.settle}",
                advice="use longer histories, or settle less",
            )
        self._check_errors(shape)
        self._check_recorded(
            "norms",
            shape[:2],
            low=0.0,
            advice="give the norm of the gradient of all weights at each step of each history",
        )
        self._check_recorded("weight_errors", shape, low=0.0)
        self._check_recorded("spans", shape, low=1.0)
        self._check_recorded("unknown", shape[:1], low=0.0, advice="give one number a history")

    @cached_property
    def gradient_norms(self) -> np.ndarray:
        """(K, T), |y| of all weights that learn together."""
        if self.norms is not None:
            return np.asarray(self.norms)
        return freeze(np.linalg.norm(self.gradients, axis=2))

    def _check_errors(self, shape: tuple[int, ...]) -> None:
        if self.errors is None:
            return
        errors = np.asarray(self.errors, dtype=float)
        good = errors.shape == shape
        if not (good and (errors >= 0).all() and np.isfinite(errors).any()):
            raise ProblemError(
                "errors of the histories",
                expected=f"numbers >= 0, {shape}, ∞ for what does not count, not all of them ∞",
                received=f"shape {errors.shape}{', NaN, negative or ∞' if good else ''}",
                advice="give one standard deviation for each update",
            )
        object.__setattr__(self, "errors", freeze(errors))

    def _check_recorded(
        self,
        name: str,
        shape: tuple[int, ...],
        low: float,
        advice: str = "give one number for each update",
    ) -> None:
        value = getattr(self, name)
        if value is None:
            return
        array = np.asarray(value, dtype=float)
        if array.shape != shape or not np.isfinite(array).all() or (array < low).any():
            raise ProblemError(
                f"{name} of the histories",
                expected=f"finite numbers >= {low:g}, {shape}",
                received=f"shape {array.shape}",
                advice=advice,
            )
        object.__setattr__(self, name, freeze(array))

    @property
    def count(self) -> int:
        """K."""
        return len(self.gradients)

    def chosen(self, rows: np.ndarray) -> "Histories":
        """Some of the histories."""
        chosen = self._with(lambda array: array[rows], self.gradient_norms[rows])
        return chosen if self.unknown is None else replace(chosen, unknown=self.unknown[rows])

    @checked
    def weight(self, index: Index) -> "Histories":
        """One of the weights, n = 1."""
        return self.of_weights([index])

    @checked
    def of_weights(self, chosen: Vector) -> "Histories":
        """The histories of the weights of these numbers."""
        places = np.asarray(chosen, dtype=int)
        some = self._with(lambda array: array[:, :, places], self.gradient_norms)
        return replace(some, unknown=self.unknown)

    def _with(self, change: Callable[[np.ndarray], np.ndarray], norms: np.ndarray) -> "Histories":
        parameters = None if self.parameters is None else change(self.parameters)
        return Histories(
            gradients=change(self.gradients),
            updates=change(self.updates),
            parameters=parameters,
            settle=self.settle,
            words=self.words,
            errors=None if self.errors is None else change(self.errors),
            norms=norms,
            weight_errors=None if self.weight_errors is None else change(self.weight_errors),
            spans=None if self.spans is None else change(self.spans),
        )

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray | None]:
        """(gradients, parameters) as (T, K·n), each weight of each history by itself."""
        parameters = None if self.parameters is None else _columns(self.parameters)
        return _columns(self.gradients), parameters

    @property
    def square_columns(self) -> np.ndarray:
        """(T, K·n), |y|² of all weights that learn together with each column."""
        weights = self.gradients.shape[2]
        return np.repeat(self.gradient_norms.T**2, weights, axis=1)

    @property
    def targets(self) -> np.ndarray:
        """The updates that count, in the order of :meth:`read`."""
        return self._weighted(_columns(self.updates))

    @property
    def groups(self) -> np.ndarray:
        """The history that each entry of ``targets`` belongs to."""
        _, steps, weights = self.gradients.shape
        return np.tile(np.repeat(np.arange(self.count), weights), steps - self.settle)

    @property
    def unknown_columns(self) -> np.ndarray:
        """(K·n,) bool, which columns begin with an unknown memory."""
        weights = self.gradients.shape[2]
        if self.unknown is None:
            return np.zeros(self.count * weights, bool)
        return np.repeat(np.asarray(self.unknown) > 0, weights)

    @property
    def first_counted(self) -> np.ndarray:
        """(K·n,), the first step of each column that counts, 0 where none does."""
        return np.asarray(_columns(self.counts).argmax(axis=0))

    @cached_property
    def first_read(self) -> int:
        """The first step that :meth:`read` needs: earlier ones only where updates are not read one by
        one.
        """
        one_by_one = self.spans is None and self.whitening is None
        return self.settle if one_by_one else 0

    def read(self, columns: np.ndarray) -> np.ndarray:
        """(…, T, K·n) -> (…, entries): what counts of anything that stands in columns.

        Steps before :attr:`first_read` may be missing.

        Where an update covers several steps it is their sum. Each entry is multiplied by its weight
        in the fit, where there are weights, or whitened where the recorded weights are noisy.
        """
        return self._weighted(self._covered(columns))

    def _covered(self, columns: np.ndarray) -> np.ndarray:
        return columns if self.spans is None else covered(columns, _columns(self.spans).astype(int))

    def _weighted(self, columns: np.ndarray) -> np.ndarray:
        if self.whitening is not None:
            columns = self._unit * self.whitening(columns)
        elif self.weights is not None:
            columns = columns * self.weights[-columns.shape[-2] :]
        return self._counted(columns)

    def _counted(self, columns: np.ndarray) -> np.ndarray:
        counting = self.gradients.shape[1] - self.settle
        counted = columns[..., -counting:, :]
        return counted.reshape(*counted.shape[:-2], -1)

    @checked
    def noisy(self, weight_errors: Entries, own: NonNegative) -> "Histories":
        """The same with these errors of the weights (K, T, n), and one of each update by itself."""
        errors = np.full(self.updates.shape, own)
        if self.errors is not None:
            errors = np.where(np.isinf(self.errors), np.inf, own)
        return replace(self, errors=errors, weight_errors=weight_errors)

    @property
    def exact(self) -> "Histories":
        """The same updates as if they had been recorded without errors."""
        errors = None if self.errors is None else np.where(np.isinf(self.errors), np.inf, 0.0)
        return replace(self, errors=errors, weight_errors=None)

    @cached_property
    def weights(self) -> np.ndarray | None:
        """(T, K·n), the weight of each update in a fit, 1 where it is exact; None without errors."""
        if self.errors is None or self.whitening is not None:
            return None
        # the median keeps the few that are nearly exact from deciding alone
        errors: np.ndarray = np.asarray(self.errors, dtype=float)
        typical = np.maximum(np.median(errors[np.isfinite(errors)]), 1e-300)
        return freeze(_columns(typical / np.hypot(typical, errors)))

    @cached_property
    def whitening(self) -> Whitening | None:
        """What makes the errors of updates white, None where the recorded weights have no noise."""
        if self.weight_errors is None or not self.weight_errors.any():
            return None
        return self.whitened_by(_columns(self.weight_errors))

    @checked
    def whitened_by(self, weight_errors: Entries, own: NonNegative = 0.0) -> Whitening:
        """The whitening for a noise of the weights (T, K·n), and one more of each update."""
        counted = _columns(self.counts)
        recorded = np.zeros(counted.shape) if self.errors is None else _columns(self.errors)
        spans = np.ones(counted.shape) if self.spans is None else _columns(self.spans)
        return whitening(
            np.hypot(np.where(counted, recorded, 0.0), own), weight_errors, spans, counted
        )

    @cached_property
    def _unit(self) -> float:
        """Typical standard deviation of an update's error: white residuals stay in its units."""
        assert self.weight_errors is not None, "asked for noisy weights only"
        return float(np.median(np.sqrt(2) * self.weight_errors[self.counts]))

    @cached_property
    def noise(self) -> float:
        """√Σ(weight·s)² over what counts: the part of |targets| that is no update."""
        if self.whitening is not None:
            return self._unit * float(np.sqrt(self.counts.sum()))
        if self.errors is None:
            return 0.0
        errors = np.where(np.isfinite(self.errors), self.errors, 0.0)
        return float(np.linalg.norm(self._weighted(_columns(errors))))

    @checked
    def relative_error(self, residual: Vector) -> float:
        """rms(residual)/rms(targets), both without the part of them that is error of recording."""
        if not self.noise:
            return relative(residual, self.targets)
        left = float(np.linalg.norm(residual)) ** 2 - self.noise**2
        size = float(np.linalg.norm(self.targets)) ** 2 - self.noise**2
        return float(np.sqrt(max(left, 0.0) / max(size, 1e-300)))

    @property
    def counts(self) -> np.ndarray:
        """(K, T, n) bool, which updates count."""
        known = np.ones(self.updates.shape, bool)
        if self.errors is not None:
            known = np.isfinite(self.errors)
        known[:, : self.settle] = False
        return known

    @property
    def scatter(self) -> Scatter:
        """What counts, step after step, for drawing.

        Updates stand for controls, gradients for slopes, histories for starts.
        """
        weights = self.gradients.shape[2]
        places = np.zeros_like(self.gradients) if self.parameters is None else self.parameters
        points, controls, slopes = (
            freeze(self._counted(_columns(array)).reshape(-1, weights))
            for array in (places, self.updates, self.gradients)
        )
        return Scatter(
            points=points, controls=controls, slopes=slopes, starts=self.groups[::weights]
        )

    @checked
    def split(self, seed: Index) -> tuple["Histories", "Histories"]:
        """(two thirds to fit, one third to score on); a history stays whole. A single one is both."""
        if self.count < 2:
            return self, self
        # updates of one history depend on each other: parts of it on both sides would leak
        order = np.random.default_rng(seed).permutation(self.count)
        held = max(1, self.count // 3)
        return self.chosen(np.sort(order[held:])), self.chosen(np.sort(order[:held]))


def _columns(array: np.ndarray) -> np.ndarray:
    return array.transpose(1, 0, 2).reshape(array.shape[1], -1)
