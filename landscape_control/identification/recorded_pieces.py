"""Weights over time as recorded runs, and recorded runs as columns of histories."""

from collections.abc import Sequence

import numpy as np

from .recorded_arrays import FEWEST_STEPS, norms_of, on_steps, pieces, trimmed, updates_of
from .recorded_run import RecordedRun
from .recorded_tables import DOUBLE, Table


def runs_of(table: Table, *, at_rest: bool) -> list[RecordedRun]:
    """One run of weights over time as recorded runs, as many as gaps in its gradients make it."""
    weights, gradients = trimmed(table.weights, table.gradients)
    if not len(weights):
        return []  # nothing of it was recorded
    durations = None
    if table.times is not None:
        rows = trimmed(table.weights, np.asarray(table.times, dtype=float)[:, None])[1]
        assert rows is not None, "as many times as rows"
        weights, gradients, durations = on_steps(rows[:, 0], weights, gradients)
    steps = len(weights) - 1
    if gradients is None:
        updates, spans = updates_of(weights)
        return [
            RecordedRun(
                gradients=None,
                updates=updates,
                parameters=weights[:-1],
                spans=spans,
                errors=storing_errors(weights[1:], spans, table.digits),
                at_rest=at_rest,
                durations=durations,
            )
        ]
    # a weight of which nothing was recorded is none of this run
    recorded = gradients[:steps, np.isfinite(weights).any(axis=0)]
    norms = norms_of(recorded) if np.isnan(recorded).any() else None
    found = []
    for piece in pieces(weights, gradients[:steps], at_rest):
        end = piece.first + len(piece.updates)
        found.append(
            RecordedRun(
                gradients=piece.gradients,
                updates=piece.updates,
                parameters=piece.parameters,
                spans=piece.spans,
                errors=storing_errors(
                    piece.parameters + np.nan_to_num(piece.updates), piece.spans, table.digits
                ),
                at_rest=piece.at_rest,
                gradient_norm=None if norms is None else norms[piece.first : end],
                numbers=piece.weights,
                durations=None if durations is None else durations[piece.first : end],
            )
        )
    return found


def storing_errors(weights: np.ndarray, spans: np.ndarray, digits: np.dtype) -> np.ndarray | None:
    """(T, n), standard deviation of the rounding of weights in each update, None for float64.

    A weight that is stored after each step is off by a uniform error between neighbouring numbers,
    whose standard deviation is their distance over √12.
    """
    if digits == DOUBLE:
        return None
    spacing = np.spacing(np.abs(np.nan_to_num(weights)).astype(digits)).astype(float)
    return np.sqrt(spans / 12) * spacing


def notes_on(tables: Sequence[Table], runs: Sequence[RecordedRun]) -> tuple[str, ...]:
    """What of the tables cannot be used."""
    given = sum(max(len(table.weights) - 1, 0) * table.weights.shape[1] for table in tables)
    used = sum(int(run.spans[run.known].sum()) for run in runs if run.spans is not None)
    notes = []
    short = sum(len(table.weights) <= FEWEST_STEPS for table in tables)
    if short:
        notes.append(
            f"{short} of {len(tables)} runs have fewer than {FEWEST_STEPS} steps and are left out."
        )
    if used < given:
        notes.append(
            f"Of {given} updates {used} are known, by themselves or in sums; the others lie beside"
            " missing weights or gradients, or in runs that are too short."
        )
    if any(run.durations is not None for run in runs):
        longest = max(
            float(np.diff(table.times).max()) for table in tables if table.times is not None
        )
        notes.append(
            "Times are no multiples of a step: updates are read per unit of time, and a learning rate"
            f" is that of an interval of {longest:.4g}. A rule with memory is read as if it forgot"
            " per sample."
        )
    late = [run for run in runs if not run.at_rest]
    if late:
        lost = sum(int(run.known[: run.filling].sum()) for run in late)
        notes.append(
            f"{len(late)} of {len(runs)} runs begin with a memory that is unknown, in mid-run or"
            f" after a missing gradient: their first third ({lost} updates) fills it and does not"
            " count."
        )
    return tuple(notes)


def listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown}, ... ({len(names)})"


def columns_of(
    run: RecordedRun, longest: int, scheduled: bool, noise: float
) -> dict[str, np.ndarray]:
    """Arrays of the histories, each (live weights, longest).

    Behind the end of a run, where its learning rate is zero, before its memory is filled and where
    it is not known, an update does not count.
    """
    live = run.of_weights(np.flatnonzero(run.is_live))
    shape = live.updates.shape
    course = live.sizes * (live.course if scheduled else 1.0)
    spans = np.ones(shape) if live.spans is None else np.asarray(live.spans)
    moves = (course > 0) & live.known & ((spans == 1) | _steady(course, spans))
    moves[: run.filling] = False
    divisor = np.where(moves, course, 1.0)
    recorded = np.zeros(shape) if live.errors is None else live.errors
    places = np.zeros(shape) if live.parameters is None else live.parameters
    missing = longest - len(live.updates)

    def padded(array: np.ndarray, value: float = 0.0) -> np.ndarray:
        return np.pad(array, ((0, missing), (0, 0)), constant_values=value).T

    assert live.gradients is not None, "refused before"
    norms = run.gradient_norms
    assert norms is not None, "with gradients, there are norms"
    # rules that look at norms are not held against a recording that lacks some
    norms = np.where(np.isnan(norms), np.linalg.norm(live.gradients, axis=1), norms)
    return {
        "gradients": padded(live.gradients),
        "updates": padded(np.where(moves, live.updates, 0.0) / divisor),
        "errors": padded(np.where(moves, recorded / divisor, np.inf), np.inf),
        "parameters": padded(places),
        "norms": padded(np.repeat(norms[:, None], shape[1], axis=1)),
        "weight_errors": padded(noise / divisor),
        "spans": padded(np.where(moves, spans, 1.0), 1.0),
        "unknown": np.full(shape[1], float(not run.at_rest)),
    }


def _steady(course: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """(T, n) bool, whether the learning rate is the same in all the steps that an update covers."""
    steady = np.ones(course.shape, bool)
    for t, weight in zip(*np.nonzero(spans > 1), strict=True):
        covered = course[t + 1 - int(spans[t, weight]) : t + 1, weight]
        steady[t, weight] = np.ptp(covered) <= 1e-12
    return steady
