"""A causal rule run on the inputs that a policy saw: updates as a function of coefficients."""

import math
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from ..rules import CausalRule, Coefficient
from ..simulation.natural_units import Units
from .histories import Histories
from .unknown_memory import UnknownMemory, without

_DRAWS = 64  # sets of coefficients tried before the best are refined
_NUDGE = 1e-6
_SMALL = 1e-3  # of a coefficient's unit, below which it is as good as none
DIGITS = 1e-7  # relative accuracy of the minimiser, below which no interval is stated
_AT_ONCE = 2**21  # updates of all sets that are held at the same time
_ENOUGH = 2**14  # updates by which starts are chosen, and far-off rules refuted
_OVERFLOWN = 1e100  # stands for infinite updates; squares of its differences are still numbers


class RuleOnHistories:
    """A rule on histories: sets of coefficients (B, c) -> the updates that count (B, R)."""

    def __init__(self, rule: CausalRule, histories: Histories) -> None:
        self.rule, self.histories, self.targets = rule, histories, histories.targets
        self.gradients, self.parameters = histories.columns
        self.squares = histories.square_columns if rule.family.couples else None
        units = units_of(histories)
        self.measured = tuple(units.measured(each) for each in rule.coefficients)
        self.bounds = np.array([(each.low, each.high) for each in self.measured])
        self.sizes = np.array([units.of(each) for each in rule.coefficients])
        proportional = rule.proportional or ()
        # the update is proportional to these coefficients: they are solved for, not searched
        self.linear = np.array([c.name in proportional for c in rule.coefficients])
        self.memory = None
        if rule.smooth and rule.family.state_size and histories.unknown_columns.any():
            self.memory = UnknownMemory(rule, histories, self.squares)
        self._kept_at: np.ndarray | None = None
        self._kept = (np.empty(0), np.empty((0, 0)))

    def __call__(self, coefficients: np.ndarray) -> np.ndarray:
        updates = self.histories.read(self.columns(coefficients))
        if np.isfinite(updates).all():
            return updates
        # 0/0 of a rule that divides by the size of gradients, before the first that is not zero
        return np.nan_to_num(updates, nan=0.0, posinf=_OVERFLOWN, neginf=-_OVERFLOWN)

    def columns(self, coefficients: np.ndarray) -> np.ndarray:
        """Updates (B, T, K·n) from the first step that is read, those that do not count too."""
        if self.memory is not None:
            return self.memory(coefficients)
        return self.rule.updates(
            coefficients,
            self.gradients,
            self.parameters,
            self.squares,
            first=self.histories.first_read,
        )

    @cached_property
    def coarse(self) -> "RuleOnHistories":
        """The same on fewer of the weights, evenly spread, where there are many.

        Coefficients are shared by all weights, so that some of them show where the minima are.
        """
        seen = self.histories
        _, steps, weights = seen.gradients.shape
        fewer = max(math.ceil(_ENOUGH / (seen.count * (steps - seen.settle))), 2)
        recorded = seen.errors is not None or seen.weight_errors is not None
        if recorded or weights <= fewer:
            return self
        index = np.linspace(0, weights - 1, fewer).round().astype(int)
        return RuleOnHistories(self.rule, seen.of_weights(index))

    @property
    def memory_numbers(self) -> int:
        """How many numbers of unknown memories were fitted, at the last set of coefficients."""
        return 0 if self.memory is None else self.memory.numbers

    @property
    def price_of_memory(self) -> float:
        """√(N/(N - p)): by how much p fitted numbers make the rms of what is left too small."""
        count = int(self.histories.counts.sum())
        return float(np.sqrt(count / max(count - self.memory_numbers, 1)))

    def jacobian(self, coefficients: np.ndarray) -> np.ndarray:
        """(R, c) by central differences, one-sided at a bound."""
        return self.linearised(coefficients)[1]

    def linearised(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(updates (R,), their Jacobian (R, c)) from one run of all sets side by side.

        The last result is kept: least squares asks for both, one after the other.
        """
        if self._kept_at is None or not np.array_equal(self._kept_at, coefficients):
            self._kept = self._linearise(coefficients)
            self._kept_at = coefficients.copy()
        return self._kept

    def scales(self, coefficients: np.ndarray) -> np.ndarray:
        """(c,), by how much each may change to be another number: the same in all units."""
        sizes = np.abs(coefficients)
        least = np.where(self.linear & (sizes > 0), 0.0, _SMALL * self.sizes)
        return np.asarray(np.maximum(sizes, least))

    def _linearise(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        steps = _NUDGE * self.scales(coefficients)
        ahead = np.minimum(coefficients + steps, self.bounds[:, 1])
        behind = np.maximum(coefficients - steps, self.bounds[:, 0])
        count = len(coefficients)
        each = np.arange(count)
        # one set ahead and one behind per coefficient, and last the point itself
        sets = np.tile(coefficients, (2 * count + 1, 1))
        sets[each, each] = ahead
        sets[count + each, each] = behind
        values = self(sets)
        change = values[:count] - values[count:-1]
        # at a bound one of the two is the point itself, so that the gap is half as wide
        return values[-1], (change / (ahead - behind)[:, None]).T

    def draw(self, seed: int) -> np.ndarray:
        """(B, c): what is not solved for, spread over the ranges where starts are sensible."""
        pairs = zip(self.measured, self.linear, strict=True)
        free = [coefficient for coefficient, linear in pairs if not linear]
        if not free:
            return np.ones((1, len(self.linear)))
        from scipy.stats import qmc  # a second of imports

        uniform = qmc.Sobol(len(free), seed=seed).random(_DRAWS)
        sets = np.ones((_DRAWS, len(self.linear)))
        sets[:, ~self.linear] = np.column_stack(
            [self._starts(c, u) for c, u in zip(free, uniform.T, strict=True)]
        )
        return sets

    def _starts(self, coefficient: Coefficient, uniform: np.ndarray) -> np.ndarray:
        """Starts of one coefficient; a largest norm takes effect between those that were seen."""
        norms = self.histories.gradient_norms
        if coefficient.name in self.rule.family.norms and norms.any():
            return np.quantile(norms[norms > 0], uniform)
        return coefficient.draw(uniform)

    def squared_errors(self, sets: np.ndarray) -> np.ndarray:
        """Squared errors (B,) of sets as they are."""
        parts = [((self(part) - self.targets) ** 2).sum(1) for part in self._parts(sets)]
        return np.concatenate(parts)

    def solve_linear(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(sets with proportional coefficients fitted, their squared errors (B,)).

        Sets without proportional coefficients are returned as they are.
        """
        solved = [self._solved(part) for part in self._parts(sets)]
        fitted, squares, _ = zip(*solved, strict=True)
        return np.concatenate(fitted), np.concatenate(squares)

    def solve_by_history(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As :meth:`solve_linear`, and the squared errors of each history, (B, K), of rules that have
        proportional coefficients.
        """
        fitted, squares, by_history = [], [], []
        for part in self._parts(sets):
            coefficients, square, features = self._solved(part)
            updates = np.einsum("bl,blr->br", coefficients[:, self.linear], features)
            fitted.append(coefficients)
            squares.append(square)
            by_history.append(self._of_each_history((self.targets - updates) ** 2))
        return np.concatenate(fitted), np.concatenate(squares), np.concatenate(by_history)

    def _parts(self, sets: np.ndarray) -> Iterator[np.ndarray]:
        """The sets, as many at a time as memory and cache are meant to hold."""
        runs = max(int(self.linear.sum()), 1)
        size = max(_AT_ONCE // (self.gradients.size * runs), 1)
        return (sets[begin : begin + size] for begin in range(0, len(sets), size))

    def _of_each_history(self, entries: np.ndarray) -> np.ndarray:
        """(B, R) -> (B, K): sums over the entries of each history."""
        weights = self.histories.gradients.shape[2]
        by_step = entries.reshape(len(entries), -1, self.histories.count, weights)
        return by_step.sum(axis=(1, 3))

    def _solved(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(sets with proportional coefficients fitted, squared errors (B,), unit updates (B, l, R))."""
        places = np.flatnonzero(self.linear)
        if not places.size:
            errors = self(sets) - self.targets
            return sets, (errors**2).sum(1), np.empty((len(sets), 0, len(self.targets)))
        # one run per proportional coefficient, with that one at 1 and the other ones at 0
        units = np.repeat(sets[:, None], len(places), axis=1)
        units[:, :, places] = np.eye(len(places))
        flat = units.reshape(-1, sets.shape[1])
        targets = np.broadcast_to(self.targets, (len(sets), len(self.targets)))
        if self.memory is None:
            features = self(flat).reshape(len(sets), len(places), -1)
        else:
            features, targets = self._cleared_of_memory(flat, len(places))

        gram = features @ features.transpose(0, 2, 1)
        moment = (features @ targets[:, :, None])[..., 0]
        best = np.empty((len(sets), len(places)))
        for i in range(len(sets)):
            best[i] = _nonnegative(gram[i], moment[i])
        fitted = sets.copy()
        fitted[:, places] = best

        # |Fc - y|² from the normal equations: cᵀGc - 2mᵀc + yᵀy
        quadratic = np.einsum("bi,bij,bj->b", best, gram, best)
        cross = 2 * (best * moment).sum(1)
        square = quadratic - cross + (targets**2).sum(1)
        return fitted, np.where(np.isfinite(square), square, np.inf), features

    def _cleared_of_memory(self, flat: np.ndarray, each: int) -> tuple[np.ndarray, np.ndarray]:
        """(unit updates (B, l, R), targets (B, R)) less what any memory explains, to first order."""
        assert self.memory is not None, "asked for unknown memories only"
        features = self.memory.plain(flat)
        slopes = np.nan_to_num(self.memory.slopes(flat))
        # the memory with all proportional coefficients at once
        joint = slopes.reshape(len(slopes), -1, each, *slopes.shape[2:]).sum(axis=2)
        steps = features.reshape(-1, each, *features.shape[1:])
        cleared = without(np.moveaxis(steps, 1, 0), joint)
        targets = without(self.memory.targets[None, None], joint)[0]
        sets = joint.shape[1]
        return np.moveaxis(cleared, 0, 1).reshape(sets, each, -1), targets.reshape(sets, -1)


def units_of(histories: Histories) -> Units:
    """Root mean squares of gradients, weights and updates: what coefficients are measured in."""
    return Units(
        gradient=_size_of(histories.gradients),
        parameter=1.0 if histories.parameters is None else _size_of(histories.parameters),
        speed=_size_of(np.asarray(histories.updates)[histories.counts]),
        time=1.0,
        step=1.0,
    )


def _size_of(array: np.ndarray) -> float:
    """Root mean square of what is not zero, 1 where everything is."""
    values = np.asarray(array)
    largest = float(np.abs(values).max(initial=0.0))
    if not largest > 0:
        return 1.0
    scaled = values[values != 0] / largest  # whose squares are numbers in all units
    return largest * float(np.sqrt(np.mean(scaled**2)))


def _nonnegative(gram: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """argmin ½cᵀGc - mᵀc over c >= 0, one or two entries."""
    size = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    if len(size) == 1:
        return np.maximum(moment / size**2, 0.0)
    scaled = gram / np.outer(size, size)
    wanted = moment / size
    free = np.linalg.lstsq(scaled, wanted, rcond=1e-13)[0]
    if (free >= 0).all():
        return free / size
    # else the minimum lies on an axis: the one that alone explains most
    along_axis = np.maximum(wanted, 0.0)
    return np.diag(along_axis)[np.argmax(along_axis)] / size
