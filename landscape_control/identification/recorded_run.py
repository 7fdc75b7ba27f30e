"""One recorded run of a learning rule: what it was given and what it did at each step."""

from dataclasses import dataclass, field, replace

import numpy as np

from ..support.arguments import Entries, Index, Matrix, Vector, checked
from ..support.arrays import freeze
from ..support.errors import ProblemError
from ..support.results import Result
from ..support.short_repr import short_repr
from .recorded_arrays import FEWEST_STEPS

_PER_WEIGHT = (
    "gradients",
    "updates",
    "parameters",
    "errors",
    "learning_rate",
    "groups",
    "spans",
    "numbers",
    "relative_rates",
)
_PER_RUN = ("groups", "numbers", "relative_rates")
_PER_STEP = ("gradient_norm", "received_norm", "durations")
_SIGNED = ("updates", "parameters")
_FILLING = 1 / 3  # of the steps of a run that starts with an unknown memory, which fill it


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RecordedRun(Result):
    """One training run of T steps on n of its weights.

    Attributes
    ----------
    gradients : (T, n), what was seen before each update; None where weights alone were recorded
    updates : (T, n), Δθ, NaN where it is not known
    parameters : (T, n) or None, θ before each update
    errors : (T, n) or None, standard deviation of what is added to each update by storing the
        weights with few digits
    learning_rate : (T, n) or None, what the optimizer was set to at each step for each weight, in
        any units: only its course counts
    gradient_norm : (T,) or None, |y| of all weights together, recorded or not, NaN where it is not
        known; None where those that are recorded are all
    received_norm : (T,) or None, the same after what changed the gradients between their computation
        and the optimizer's step
    groups : (n,) or None, number of the parameter group of each weight
    spans : (T, n) or None, number of steps that each update covers, up to its own; None is 1
    at_rest : whether the run begins with the rule's first step, or with a memory that is unknown:
        its first third then fills the memory of the rules, and does not count
    durations : (T,) or None, length of each step relative to the longest, where the run is a sample
        of a continuous course: updates are read over it; None is 1
    relative_rates : (n,) or None, the learning rate of each weight relative to the largest of all,
        where each has its own; None is 1
    numbers : (n,) or None, which of the recorded weights these are, where others are in other runs
    """

    __repr__ = short_repr

    gradients: Matrix | None
    updates: Entries
    parameters: Entries | None = None
    errors: Entries | None = None
    learning_rate: Entries | None = None
    gradient_norm: Entries | None = None
    received_norm: Entries | None = None
    groups: Entries | None = None
    spans: Entries | None = field(default=None, metadata={"later": True})
    at_rest: bool = field(default=True, metadata={"later": True})
    numbers: Entries | None = field(default=None, metadata={"later": True})
    relative_rates: Entries | None = field(default=None, metadata={"later": True})
    durations: Entries | None = field(default=None, metadata={"later": True})

    def __post_init__(self) -> None:
        shape = np.shape(self.updates if self.gradients is None else self.gradients)
        wanted = {
            "updates": shape,
            "parameters": shape,
            "errors": shape,
            "learning_rate": shape,
            "gradient_norm": shape[:1],
            "received_norm": shape[:1],
            "groups": shape[1:],
            "spans": shape,
            "numbers": shape[1:],
            "relative_rates": shape[1:],
            "durations": shape[:1],
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
        # NaN, of what was not recorded
        may_miss = name in ("updates", "gradient_norm") or self.gradients is None
        known = not np.isinf(array).any() if may_miss else np.isfinite(array).all()
        positive = name in _SIGNED or not (array < 0).any()
        if array.shape != expected or not known or not positive:
            raise ProblemError(
                f"{name} of a recorded run",
                expected=f"finite numbers{'' if name in _SIGNED else ' >= 0'}, {expected}",
                received=f"shape {array.shape}",
                advice="give all arrays of a run for the same steps and weights",
            )
        object.__setattr__(self, name, freeze(array))

    @property
    def steps(self) -> int:
        """T."""
        return len(self.updates)

    @property
    def known(self) -> np.ndarray:
        """(T, n) bool, which updates are known."""
        return np.isfinite(self.updates)

    @property
    def moves(self) -> bool:
        """Whether any weight is known to move."""
        return bool((np.nan_to_num(self.updates) != 0).any())

    @property
    def is_live(self) -> np.ndarray:
        """(n,) bool, which weights had a gradient or moved at all."""
        moved = (np.nan_to_num(self.updates) != 0).any(axis=0)
        return moved if self.gradients is None else moved | (self.gradients != 0).any(axis=0)

    @property
    def own_numbers(self) -> np.ndarray:
        """(n,), which of the recorded weights these are, counted from 0."""
        if self.numbers is None:
            return np.arange(self.updates.shape[1])
        return np.asarray(self.numbers, dtype=int)

    @property
    def filling(self) -> int:
        """How many of the first steps do not count, for they fill an unknown memory."""
        return 0 if self.at_rest else int(np.ceil(_FILLING * self.steps))

    @property
    def course(self) -> np.ndarray:
        """(T, n), the learning rate over its largest value, 1 where none was recorded."""
        if self.learning_rate is None:
            return np.ones(self.updates.shape)
        largest = np.max(self.learning_rate, axis=0)
        return np.asarray(self.learning_rate / np.where(largest > 0, largest, 1.0))

    @property
    def sizes(self) -> np.ndarray:
        """(T, n), what updates are proportional to beside the course of the learning rate."""
        sizes = np.ones(self.updates.shape)
        if self.durations is not None:
            sizes = sizes * self.durations[:, None]
        return sizes if self.relative_rates is None else sizes * self.relative_rates

    @property
    def gradient_norms(self) -> np.ndarray | None:
        """(T,), |y| of all weights together; None without gradients."""
        if self.gradient_norm is not None or self.gradients is None:
            return self.gradient_norm
        return np.asarray(np.linalg.norm(self.gradients, axis=1))

    @checked
    def of_weights(self, chosen: Vector) -> "RecordedRun":
        """The run on the weights of these numbers."""
        places = np.asarray(chosen, dtype=int)
        held = {name: getattr(self, name) for name in _PER_WEIGHT}
        return replace(
            self,
            gradient_norm=self.gradient_norms,  # of all of them, not of these alone
            **{name: value[..., places] for name, value in held.items() if value is not None},
        )

    @checked
    def of_steps(self, first: Index, end: Index) -> "RecordedRun":
        """The run from one step to before another; at rest if it begins with the run."""
        rows = slice(first, end)
        per_step = (*(name for name in _PER_WEIGHT if name not in _PER_RUN), *_PER_STEP)
        held = {name: getattr(self, name) for name in per_step}
        changed = {name: value[rows] for name, value in held.items() if value is not None}
        return replace(self, at_rest=self.at_rest and first == 0, **changed)
