"""Runs that begin with an unknown memory: every rule finds the memory with which it does best.

A run in mid-course begins with a state s of the rule (an average, a velocity, ...) and an age (steps
taken before, which bias corrections count) that nobody recorded. Both are nuisance parameters of each
weight of each run: for given coefficients they are fitted to the updates that count, by damped least
squares (K. Levenberg 1944, D. Marquardt 1963), so that what is left is the least that the rule can
leave (variable projection). The state is changed where updates begin to count; the gradients before
have filled it as far as they could. For rules that are linear in their state one step is exact.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..rules import CausalRule
from ..rules.families.family import State
from .histories import Histories

_ROUNDS, _ROUNDS_AT_FIRST = 8, 16
_AGES = (0.0, 4.0, 7.0)  # log(1 + age) where a search begins
_STILL = 1e-22  # of |Δθ|², the gain of another round that is none
_WORTH = 1e-5  # of what is left, the gain that another round is worth
_NUDGE, _NUDGE_OF_AGE = 1e-6, 1e-4
_DAMPED = 1e-3  # first damping after a step that was no gain, and the least that is any
_OLDEST = 16.0  # largest log(1 + age)
_FELT = 1e-6  # of |Δθ|: what a number of the memory has to change to be one


# once their corrections have run out, which an unknown age allows for, these are simpler ones
_IN_THE_END = {"corrected_momentum": "heavy_ball", "adam_uncorrected": "adam"}


def in_order(rules: Sequence[CausalRule], histories: Histories) -> list[CausalRule]:
    """The rules as they are fitted: with unknown memories the simplest first, for each is dear."""
    if not histories.unknown_columns.any():
        return list(rules)
    own = [
        replace(rule, contains=rule.contains | {_IN_THE_END[rule.key]})
        if rule.key in _IN_THE_END
        else rule
        for rule in rules
    ]
    return sorted(own, key=lambda rule: rule.richness)


class UnknownMemory:
    """The memory of a rule that fits best, for sets of coefficients."""

    def __init__(
        self,
        rule: CausalRule,
        histories: Histories,
        squares: np.ndarray | None,
    ) -> None:
        self.rule, self.histories, self.squares = rule, histories, squares
        self.gradients, self.parameters = histories.columns
        self.is_unknown = histories.unknown_columns & (histories.counts.any(axis=1).ravel())
        self.first = histories.first_counted
        self.targets = self._shaped(histories.targets[None])[0]
        self.energy = np.maximum((self.targets**2).sum(axis=0), 1e-300)
        self.counts_steps = _counts_steps(rule)
        self.numbers = 0  # of the memory that had an effect, for the last set
        self._last: np.ndarray | None = None

    def __call__(self, sets: np.ndarray) -> np.ndarray:
        """(B, T, R), updates with the best memory of each set of coefficients (B, c)."""
        count = self.rule.family.state_size + int(self.counts_steps)
        if self._last is None:
            best = self._fitted(*self._starts(sets, count), _ROUNDS_AT_FIRST).of_ages(len(sets))
        else:
            best = self._fitted(sets, np.repeat(self._last, len(sets), axis=1), _ROUNDS)
        self._last = best.place[:, -1:]
        felt = np.sqrt((best.slopes[:, -1] ** 2).sum(axis=1)) > _FELT * np.sqrt(self.energy)
        self.numbers = int(felt[:, self.is_unknown].sum())
        return best.columns

    def plain(self, sets: np.ndarray) -> np.ndarray:
        """(B, T', R), what counts of the updates from rest."""
        updates = self.rule.updates(sets, self.gradients, self.parameters, self.squares)
        return np.nan_to_num(self._shaped(self.histories.read(updates)))

    def slopes(self, sets: np.ndarray) -> np.ndarray:
        """(p, B, T', R): what changes of the memory make of the updates that count."""
        count = self.rule.family.state_size + int(self.counts_steps)
        place = np.zeros((count, len(sets), len(self.first)))
        return self._linearised(sets, place, self._units(sets))[2]

    def _starts(self, sets: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(sets (aB, c), memories (p, aB, R)), from which the search begins: at several ages."""
        ages = np.array(_AGES) if self.counts_steps else np.zeros(1)
        place = np.zeros((count, len(ages), len(sets), len(self.first)))
        if self.counts_steps:
            place[-1] = ages[:, None, None]
        return np.tile(sets, (len(ages), 1)), place.reshape(count, -1, len(self.first))

    def _fitted(self, sets: np.ndarray, place: np.ndarray, rounds: int) -> "_Best":
        units = self._units(sets)
        best = _Best(*self._linearised(sets, place, units), place, self.targets)
        for _ in range(rounds):
            step, gain = best.step()
            worth = np.maximum(_STILL * self.energy, _WORTH * best.loss)
            if not (gain > worth)[:, self.is_unknown].any():
                break
            trial = best.place + np.where(self.is_unknown, step, 0.0)
            if self.counts_steps:
                trial[-1] = np.clip(trial[-1], 0.0, _OLDEST)
            best.improve(*self._linearised(sets, trial, units), trial)
        return best

    def _shaped(self, read: np.ndarray) -> np.ndarray:
        """(B, T', R) of what counts."""
        return read.reshape(len(read), -1, len(self.first))

    def _units(self, sets: np.ndarray) -> np.ndarray:
        """(S, B), sizes of the numbers of the state where updates begin to count."""
        seen: list[np.ndarray] = []
        starts = set(self.first[self.is_unknown].tolist())

        def watch(t: int, state: State) -> State:
            if t in starts:
                here = self.is_unknown & (self.first == t)
                shape = len(sets), len(self.first)
                parts = [np.broadcast_to(part, shape)[:, here] for part in state]
                seen.append(np.abs(np.array(parts)).max(axis=2))
            return state

        end = max(starts) + 1
        squares = None if self.squares is None else self.squares[:end]
        places = None if self.parameters is None else self.parameters[:end]
        self.rule.updates(sets, self.gradients[:end], places, squares, memory=watch)
        largest = np.max(seen, axis=0)
        return np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)

    def _linearised(
        self, sets: np.ndarray, place: np.ndarray, units: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(updates (B, T, R), what counts of them (B, T', R), its slopes (p, B, T', R))."""
        count, rows = len(place), len(sets)
        points = np.repeat(place[:, None], count + 1, axis=1)  # (p, 1 + p, B, R)
        nudges = np.full(count, _NUDGE)
        if self.counts_steps:
            nudges[-1] = _NUDGE_OF_AGE
        for i, nudge in enumerate(nudges):
            points[i, 1 + i] += np.where(self.is_unknown, nudge, 0.0)
        flat = points.reshape(count, -1, len(self.first))
        updates = self._run(np.tile(sets, (count + 1, 1)), flat, np.tile(units, count + 1))
        read = self._shaped(self.histories.read(updates))
        base, moved = read[:rows], read[rows:].reshape(count, rows, *read.shape[1:])
        with np.errstate(invalid="ignore", over="ignore"):
            slopes = (moved - base) / nudges[:, None, None, None]
        return updates[:rows], base, slopes

    def _run(self, sets: np.ndarray, place: np.ndarray, units: np.ndarray) -> np.ndarray:
        """(B, T, R), updates with the memory changed by ``place`` (p, B, R)."""
        size = self.rule.family.state_size
        moved = place[:size] * units[:, :, None]
        begins = {int(t): self.is_unknown & (self.first == t) for t in set(self.first.tolist())}

        def memory(t: int, state: State) -> State:
            here = begins.get(t)
            if here is None:
                return state
            return tuple(
                part + np.where(here, change, 0.0)
                for part, change in zip(state, moved, strict=True)
            )

        age = np.expm1(place[size]) if self.counts_steps else 0.0
        return self.rule.updates(
            sets, self.gradients, self.parameters, self.squares, memory=memory, age=age
        )


class _Best:
    """The best memory so far for each set of coefficients and each column."""

    def __init__(
        self,
        columns: np.ndarray,
        read: np.ndarray,
        slopes: np.ndarray,
        place: np.ndarray,
        targets: np.ndarray,
    ) -> None:
        self.columns, self.read, self.slopes, self.place = columns, read, slopes, place
        self.targets = targets
        self.loss = _loss(targets - read)
        self.damping = np.zeros(self.loss.shape)

    def improve(
        self, columns: np.ndarray, read: np.ndarray, slopes: np.ndarray, place: np.ndarray
    ) -> None:
        """Take a trial where it is a gain, and be more careful where it is none."""
        loss = _loss(self.targets - read)
        gains = loss < self.loss
        self.loss = np.where(gains, loss, self.loss)
        self.place = np.where(gains, place, self.place)
        kept = gains[:, None]
        self.columns = np.where(kept, columns, self.columns)
        self.read = np.where(kept, read, self.read)
        self.slopes = np.where(kept, slopes, self.slopes)
        smaller = np.where(self.damping > 10 * _DAMPED, self.damping / 10, 0.0)
        larger = np.maximum(10 * self.damping, _DAMPED)
        self.damping = np.where(gains, smaller, larger)

    def of_ages(self, sets: int) -> "_Best":
        """The best of the starts (a·B) for each of B sets and each column."""
        starts = self.loss.reshape(-1, sets, self.loss.shape[1]).argmin(axis=0)
        rows = starts * sets + np.arange(sets)[:, None]  # (B, R)
        columns = np.arange(self.loss.shape[1])

        def chosen(array: np.ndarray) -> np.ndarray:
            return np.moveaxis(np.moveaxis(array, 1, -1)[rows, columns], -1, 1)

        self.columns, self.read = chosen(self.columns), chosen(self.read)
        self.place = self.place[:, rows, columns]
        self.slopes = np.stack([chosen(slope) for slope in self.slopes])
        self.loss, self.damping = self.loss[rows, columns], self.damping[rows, columns]
        return self

    def step(self) -> tuple[np.ndarray, np.ndarray]:
        """(p, B, R) to the minimum of the linearised problem, and the gain (B, R) it promises."""
        slopes = np.nan_to_num(self.slopes, nan=0.0, posinf=0.0, neginf=0.0)
        left = np.nan_to_num(self.targets - self.read)
        gram = np.einsum("pbtr,qbtr->brpq", slopes, slopes)
        moment = np.einsum("pbtr,btr->brp", slopes, left)
        sizes = np.sqrt(np.maximum(np.einsum("brpp->brp", gram), 1e-300))
        count = gram.shape[-1]
        scaled = gram / (sizes[..., :, None] * sizes[..., None, :])
        scaled = scaled + (self.damping[..., None, None] + 1e-14) * np.eye(count)
        found = np.linalg.solve(scaled, (moment / sizes)[..., None])[..., 0] / sizes
        found = np.where(sizes > 1e-140, found, 0.0)
        return np.moveaxis(found, -1, 0), np.abs((found * moment).sum(axis=-1))


def without(columns: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Columns (l, B, T', R) less what slopes (p, B, T', R) explain of each, by least squares."""
    gram = np.einsum("pbtr,qbtr->brpq", slopes, slopes)
    sizes = np.sqrt(np.maximum(np.einsum("brpp->brp", gram), 1e-300))
    scaled = gram / (sizes[..., :, None] * sizes[..., None, :]) + 1e-12 * np.eye(len(slopes))
    cleared = []
    for column in columns:
        moment = np.einsum("pbtr,btr->brp", slopes, np.broadcast_to(column, slopes.shape[1:]))
        found = np.linalg.solve(scaled, (moment / sizes)[..., None])[..., 0] / sizes
        cleared.append(column - np.einsum("pbtr,brp->btr", slopes, found))
    return np.array(cleared)


def _loss(left: np.ndarray) -> np.ndarray:
    """(B, R), Σ over steps of squares, ∞ where it is no number."""
    with np.errstate(over="ignore", invalid="ignore"):
        square = (left**2).sum(axis=1)
    return np.where(np.isfinite(square), square, np.inf)


def _counts_steps(rule: CausalRule) -> bool:
    """Whether updates depend on how many steps were taken before, as bias corrections do."""
    middle = np.array([[float(each.draw(np.array(0.5))) for each in rule.coefficients]])
    gradients = np.linspace(-1, 2, 12).reshape(6, 2)
    young = rule.updates(middle, gradients, gradients, gradients**2)
    old = rule.updates(middle, gradients, gradients, gradients**2, age=3.0)
    return not np.array_equal(young, old)
