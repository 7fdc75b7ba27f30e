"""Recorded training: what an optimizer was given and what it did, in runs of any length."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ..support.arguments import Entries, Filled, Index, Matrix, NonNegative, Vector, checked
from ..support.arrays import freeze
from ..support.errors import ProblemError
from ..support.results import Result
from ..support.short_repr import short_repr
from .histories import Histories

FEWEST_STEPS = 5  # of a run: with fewer, momentum and its first steps are one


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RecordedRun(Result):
    """One training run of T steps on n of its weights, from the optimizer's first step on.

    Attributes
    ----------
    gradients : (T, n), what was seen before each update
    updates : (T, n), Δθ
    parameters : (T, n) or None, θ before each update
    errors : (T, n) or None, standard deviation of what is added to each update by storing the
        weights with few digits
    learning_rate : (T, n) or None, what the optimizer was set to at each step for each weight, in
        any units: only its course counts
    gradient_norm : (T,) or None, |y| of all weights together, recorded or not
    received_norm : (T,) or None, the same after what changed the gradients between their computation
        and the optimizer's step
    groups : (n,) or None, number of the parameter group of each weight
    """

    __repr__ = short_repr

    gradients: Matrix
    updates: Matrix
    parameters: Matrix | None = None
    errors: Entries | None = None
    learning_rate: Entries | None = None
    gradient_norm: Entries | None = None
    received_norm: Entries | None = None
    groups: Entries | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.gradients)
        wanted = {
            "updates": shape,
            "parameters": shape,
            "errors": shape,
            "learning_rate": shape,
            "gradient_norm": shape[:1],
            "received_norm": shape[:1],
            "groups": shape[1:],
        }
        for name, expected in wanted.items():
            self._check(name, expected)
        if shape[0] < FEWEST_STEPS:
            raise ProblemError(
                "steps of a recorded run",
                expected=f"at least {FEWEST_STEPS}, and 50 to tell rules with memory apart",
                received=f"{shape[0]}",
                advice="record more steps of the training",
            )

    def _check(self, name: str, expected: tuple[int, ...]) -> None:
        value = getattr(self, name)
        if value is None:
            return
        array = np.asarray(value, dtype=float)
        known = np.isfinite(array).all()
        positive = name in ("updates", "parameters") or (array >= 0).all()
        if array.shape != expected or not known or not positive:
            raise ProblemError(
                f"{name} of a recorded run",
                expected=f"finite numbers{'' if name in ('updates', 'parameters') else ' >= 0'},"
                f" {expected}",
                received=f"shape {array.shape}",
                advice="give all arrays of a run for the same steps and weights",
            )
        object.__setattr__(self, name, freeze(array))

    @property
    def steps(self) -> int:
        """T."""
        return len(self.gradients)

    @property
    def is_live(self) -> np.ndarray:
        """(n,) bool, which weights had a gradient or moved at all."""
        return (self.gradients != 0).any(axis=0) | (self.updates != 0).any(axis=0)

    @property
    def course(self) -> np.ndarray:
        """(T, n), the learning rate over its largest value, 1 where none was recorded."""
        if self.learning_rate is None:
            return np.ones(self.gradients.shape)
        largest = np.max(self.learning_rate, axis=0)
        return np.asarray(self.learning_rate / np.where(largest > 0, largest, 1.0))

    @checked
    def of_weights(self, chosen: Vector) -> "RecordedRun":
        """The run on the weights of these numbers."""
        places = np.asarray(chosen, dtype=int)
        per_weight = ("gradients", "updates", "parameters", "errors", "learning_rate", "groups")
        held = {name: getattr(self, name) for name in per_weight}
        return replace(
            self,
            **{name: value[..., places] for name, value in held.items() if value is not None},
        )


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Recording(Result):
    """Training runs of one optimizer with the same settings, to be named by :func:`identify`.

    :func:`landscape_control.record_training` makes one of an optimizer of PyTorch; anything else
    that is recorded, read from a file for instance, is ``Recording(runs=[RecordedRun(...), ...])``.

    Attributes
    ----------
    runs : one or more, of any length, each from the optimizer's first step
    precision : relative distance of neighbouring numbers in the optimizer's arithmetic, 1.2e-7 for
        float32; 2.2e-16 is that of float64
    words : what was recorded
    notes : sentences on what limits the recording, which a verdict repeats
    """

    __repr__ = short_repr

    runs: Annotated[Sequence[RecordedRun], Filled()]
    precision: NonNegative = float(np.finfo(float).eps)
    words: str = "a recording"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        runs = tuple(self.runs)
        for run in runs:
            if not isinstance(run, RecordedRun):
                raise ProblemError(
                    "runs",
                    expected="RecordedRun objects",
                    received=type(run).__name__,
                    advice="RecordedRun(gradients=(T, n) array, updates=(T, n) array)",
                )
        has_parameters = {run.parameters is not None for run in runs}
        if len(has_parameters) > 1:
            raise ProblemError(
                "parameters of recorded runs",
                expected="in all runs or in none",
                received="in some",
                advice="give the weights of every run",
            )
        object.__setattr__(self, "runs", runs)

    @property
    def groups(self) -> tuple[int, ...]:
        """Numbers of the parameter groups that the weights belong to."""
        found = {0}
        for run in self.runs:
            found |= set() if run.groups is None else set(np.unique(run.groups).astype(int))
        named = any(run.groups is not None for run in self.runs)
        present = [int(number) for number in sorted(found)]
        return tuple(n for n in present if not named or self._has(n))

    def _has(self, number: int) -> bool:
        return any(run.groups is not None and (run.groups == number).any() for run in self.runs)

    @checked
    def group(self, number: Index) -> "Recording":
        """The recording on the weights of one parameter group."""
        if number not in self.groups:
            raise ProblemError(
                "number of a parameter group",
                expected=f"one of {', '.join(map(str, self.groups))}",
                received=f"{number}",
                advice="the weights of other groups are not in the recording",
            )
        runs = []
        for run in self.runs:
            groups = np.zeros(run.gradients.shape[1]) if run.groups is None else run.groups
            chosen = np.flatnonzero(groups == number)
            if chosen.size:
                runs.append(run.of_weights(chosen))
        return replace(self, runs=tuple(runs), words=f"{self.words}, parameter group {number}")

    @property
    def is_scheduled(self) -> bool:
        """Whether the optimizer's learning rate changed during a run."""
        return any((np.ptp(run.course, axis=0) > 1e-12).any() for run in self.runs)

    @checked
    def histories(self, *, scheduled: bool = True) -> Histories:
        """Each weight of each run as a history of its own, which a rule may not look beyond.

        Weights that never had a gradient nor moved are left out. With ``scheduled``, updates stand
        for Δθ over the course of the learning rate, so that a rule times a schedule is that rule.

        Raises ProblemError where no weight moves.
        """
        moving = [run for run in self.runs if (run.updates != 0).any()]
        if not moving:
            raise ProblemError(
                "recording",
                expected="weights that move",
                received="Δθ = 0 at every step of every recorded weight",
                advice="check that the optimizer holds the weights whose gradients are computed",
            )
        longest = max(run.steps for run in moving)
        parts = [_columns(run, longest, scheduled) for run in moving]
        gradients, updates, errors, parameters = (
            np.concatenate(kind)[:, :, None] for kind in zip(*parts, strict=True)
        )
        has_parameters = self.runs[0].parameters is not None
        return Histories(
            gradients=gradients,
            updates=updates,
            parameters=parameters if has_parameters else None,
            errors=errors,
            words=self.words,
        )


def joined(recordings: Sequence[Recording]) -> Recording:
    """The runs of several recordings with the same settings as one."""
    return Recording(
        runs=tuple(run for each in recordings for run in each.runs),
        precision=max(each.precision for each in recordings),
        words="; ".join(dict.fromkeys(each.words for each in recordings)),
        notes=tuple(dict.fromkeys(note for each in recordings for note in each.notes)),
    )


def _columns(
    run: RecordedRun, longest: int, scheduled: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(gradients, updates, errors, parameters), each (live weights, longest).

    Behind the end of a run and where its learning rate is zero nothing counts.
    """
    live = run.of_weights(np.flatnonzero(run.is_live))
    shape = live.gradients.shape
    course = live.course if scheduled else np.ones(shape)
    moves = course > 0
    divisor = np.where(moves, course, 1.0)
    recorded = np.zeros(shape) if live.errors is None else live.errors
    errors = np.where(moves, recorded / divisor, np.inf)
    places = np.zeros(shape) if live.parameters is None else live.parameters
    missing = (longest - len(live.gradients), 0)

    def padded(array: np.ndarray, value: float = 0.0) -> np.ndarray:
        return np.pad(array, ((0, missing[0]), (0, 0)), constant_values=value).T

    return (
        padded(live.gradients),
        padded(np.where(moves, live.updates, 0.0) / divisor),
        padded(errors, np.inf),
        padded(places),
    )
