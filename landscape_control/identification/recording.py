"""Recorded learning: what a learning rule was given and what it did, in runs of any length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np

from ..support.arguments import Filled, Index, NonNegative, Path, checked
from ..support.errors import ProblemError
from ..support.results import Result
from .histories import Histories
from .recorded_arrays import FEWEST_STEPS
from .recorded_pieces import columns_of, listed, notes_on, runs_of
from .recorded_run import RecordedRun
from .recorded_tables import Table, from_csv, from_dataset, tables_of


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Recording(Result):
    """Runs of one learning rule with the same settings, to be named by :func:`identify`.

    Weights over time come from arrays (:meth:`from_arrays`), a dataset (:meth:`from_dataset`) or a
    table (:meth:`from_csv`); :func:`landscape_control.record_training` records an optimizer of
    PyTorch. What comes in another form is ``Recording(runs=[RecordedRun(...), ...])``.

    Attributes
    ----------
    runs : one or more, of any length
    precision : relative distance of neighbouring numbers in the optimizer's arithmetic, 1.2e-7 for
        float32; 2.2e-16 is that of float64
    words : what was recorded
    notes : sentences on what limits the recording, which a verdict repeats
    weight_noise : standard deviation of white noise in the recorded weights, 0 where they are exact;
        None where it is unknown, and estimated if no rule fits without
    """

    runs: Annotated[Sequence[RecordedRun], Filled()]
    precision: NonNegative = float(np.finfo(float).eps)
    words: str = "a recording"
    notes: tuple[str, ...] = ()
    weight_noise: NonNegative | None = field(default=None, metadata={"later": True})

    def __repr__(self) -> str:
        steps = [run.steps for run in self.runs]
        lengths = f"{min(steps)} to {max(steps)}" if min(steps) < max(steps) else f"{steps[0]}"
        noun = "run" if len(steps) == 1 else "runs"
        weights = self.runs[0].updates.shape[1]  # gradients may be none
        return f"Recording({len(steps)} {noun} of {lengths} steps, {weights} weights: {self.words})"

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

    @classmethod
    @checked
    def from_arrays(
        cls,
        weights: object,
        gradients: object = None,
        *,
        times: object = None,
        weight_noise: NonNegative | None = None,
        at_rest: bool = True,
    ) -> "Recording":
        """A recording of weights over time, with what was seen at them.

        Between two rows of the weights lies one update. NaN is a sample that is missing: what is
        known of the updates around it is used, and where a gradient is missing the run goes on as
        one with an unknown memory. Weights of a type with fewer digits than float64 are taken to be
        rounded to it at each step.

        Parameters
        ----------
        weights : (T+1, n), or (T+1,) of a single weight; a list of them, or (runs, T+1, n), for
            several runs
        gradients : the same, or without the last row (T, n): the gradient, or observation of it,
            that was seen at each row of the weights; None where there are none, and
            ``identify(recording, problem=...)`` computes them
        times : (T+1,) of the rows, or a list of them; None is one row for each update. Multiples of
            their shortest distance are steps with samples missing in between; other times are
            samples of a continuous course, whose updates are read per unit of time
        weight_noise : as of the recording, in the units of the weights
        at_rest : whether runs begin with the rule's first step; otherwise with an unknown memory

        Raises
        ------
        ProblemError
            Shapes that do not belong together, runs with fewer than five usable steps.

        Examples
        --------
        >>> import numpy as np, landscape_control as lc
        >>> seen = np.random.default_rng(0).normal(size=(50, 3))
        >>> moved = np.cumsum(np.vstack([np.zeros(3), -0.1 * seen]), axis=0)
        >>> lc.Recording.from_arrays(moved, seen).runs[0].steps
        50
        """
        tables = tables_of(weights, gradients, times)
        return _of_tables(cls, tables, "weights in arrays", weight_noise, at_rest)

    @classmethod
    @checked
    def from_dataset(
        cls,
        dataset: object,
        *,
        columns: Mapping[str, str] | None = None,
        weight_noise: NonNegative | None = None,
        at_rest: bool = True,
    ) -> "Recording":
        """The recording in an ``xarray.Dataset``: weights over run, step or time, and weight.

        Runs of unequal length are padded with NaN. ``columns`` says what variables and axes are
        called, where they have other than the usual names, e.g. {"value": "w", "time": "epoch"}: of
        the kinds "run", "time", "weight", "value" and "gradient". Everything else as in
        :meth:`from_arrays`.
        """
        tables, names = from_dataset(dataset, columns or {})
        return _of_tables(cls, tables, f"weights {listed(names)}", weight_noise, at_rest)

    @classmethod
    @checked
    def from_csv(
        cls,
        path: Path,
        *,
        columns: Mapping[str, str] | None = None,
        weight_noise: NonNegative | None = None,
        at_rest: bool = True,
    ) -> "Recording":
        """The recording in a CSV file in long format: a line for each run, time and weight.

        Columns "run" (where there are several), "step" or "time", "weight" (where there are
        several), "value" and "gradient" (where it is known), in any order; ``columns`` says what
        they are called, where they have other names: {"value": "w", "time": "epoch"}. Numbers that
        are missing are left empty. Everything else as in :meth:`from_arrays`.
        """
        tables, names = from_csv(path, columns or {})
        return _of_tables(cls, tables, f"weights {listed(names)}", weight_noise, at_rest)

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
            groups = np.zeros(run.updates.shape[1]) if run.groups is None else run.groups
            chosen = np.flatnonzero(groups == number)
            if chosen.size:
                runs.append(run.of_weights(chosen))
        return replace(self, runs=tuple(runs), words=f"{self.words}, parameter group {number}")

    @property
    def is_scheduled(self) -> bool:
        """Whether the optimizer's learning rate changed during a run."""
        return any((np.ptp(run.course, axis=0) > 1e-12).any() for run in self.runs)

    @property
    def weight_numbers(self) -> np.ndarray:
        """(K,), which weight each history is of."""
        return np.concatenate([run.own_numbers[run.is_live] for run in self.runs if run.moves])

    @checked
    def histories(
        self, *, scheduled: bool = True, weight_noise: NonNegative | None = None
    ) -> Histories:
        """Each weight of each run as a history of its own, which a rule may not look beyond.

        Weights that never had a gradient nor moved are left out. With ``scheduled``, updates stand
        for Δθ over the course of the learning rate, so that a rule times a schedule is that rule.
        ``weight_noise`` stands in for that of the recording.

        Raises ProblemError where no weight moves, or no gradients were recorded.
        """
        moving = [run for run in self.runs if run.moves]
        if not moving:
            raise ProblemError(
                "recording",
                expected="weights that move",
                received="Δθ = 0 at every step of every recorded weight",
                advice="check that the optimizer holds the weights whose gradients are computed",
            )
        if any(run.gradients is None for run in moving):
            raise ProblemError(
                "gradients of a recording",
                expected="what the rule saw before each update",
                received="weights alone",
                advice="record the gradients, or give identify the problem: they are then those of"
                " its landscape at the recorded weights",
            )
        if not any(np.any(run.gradients) for run in moving):
            raise ProblemError(
                "gradients of a recording",
                expected="what the rule saw, which moved the weights",
                received="weights that move, and gradients that are zero at every step",
                advice="record them before the optimizer's zero_grad(), or from its closure",
            )
        noise = (self.weight_noise or 0.0) if weight_noise is None else weight_noise
        longest = max(run.steps for run in moving)
        parts = [columns_of(run, longest, scheduled, noise) for run in moving]
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        unknown = arrays.pop("unknown")
        arrays = {name: array[:, :, None] for name, array in arrays.items()}
        arrays["norms"] = arrays["norms"][:, :, 0]
        if unknown.any():
            arrays["unknown"] = unknown
        if self.runs[0].parameters is None:
            del arrays["parameters"]
        if not noise:
            del arrays["weight_errors"]
        if (arrays["spans"] == 1).all():
            del arrays["spans"]
        return Histories(words=self.words, **arrays)  # type: ignore[arg-type]  # arrays only


def joined(recordings: Sequence[Recording]) -> Recording:
    """The runs of several recordings with the same settings as one."""
    noises = [each.weight_noise for each in recordings]
    known = [noise for noise in noises if noise is not None]
    return Recording(
        runs=tuple(run for each in recordings for run in each.runs),
        precision=max(each.precision for each in recordings),
        words="; ".join(dict.fromkeys(each.words for each in recordings)),
        notes=tuple(dict.fromkeys(note for each in recordings for note in each.notes)),
        weight_noise=max(known) if len(known) == len(noises) else None,
    )


def _shortage(tables: Sequence[Table]) -> str:
    """Why no run of the tables can be used."""
    longest = max(len(table.weights) - 1 for table in tables)
    if longest < FEWEST_STEPS:
        return f"{longest} steps at most"
    if all(np.isnan(table.weights).all() for table in tables):
        return "weights that are missing everywhere"
    return "gaps in the gradients everywhere"


def _of_tables(
    kind: type[Recording],
    tables: Sequence[Table],
    words: str,
    weight_noise: float | None,
    at_rest: bool,
) -> Recording:
    runs = [run for table in tables for run in runs_of(table, at_rest=at_rest)]
    if not runs:
        raise ProblemError(
            "recording",
            expected=f"a stretch of at least {FEWEST_STEPS} steps with all gradients",
            received=_shortage(tables),
            advice="record every step, and more of them, or give weights alone and the problem",
        )
    return kind(
        runs=runs,
        precision=max(float(np.finfo(table.digits).eps) for table in tables),
        words=words,
        weight_noise=weight_noise,
        notes=notes_on(tables, runs),
    )
