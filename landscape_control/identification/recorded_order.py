"""A recording as it is read: in an order of its own, without weights that never move."""

from dataclasses import replace

import numpy as np

from .recorded_run import RecordedRun
from .recording import Recording

_SHOWN = 6


def prepared(recording: Recording, *, of_landscape: bool = False) -> Recording:
    """Runs and weights in the order of their sizes, so that another order gives the same verdict.

    Which histories are held out then depends on them and not on where they stand. Weights that have
    gradients and do not move in any run are frozen, which no rule that is shared with others explains:
    they are left out, though their gradients are part of the norm of all. Weights ``of_landscape``
    stay as they are, for its gradient takes all of them in their order.
    """
    if of_landscape:
        return replace(recording, runs=tuple(sorted(recording.runs, key=_sizes)))
    runs = sorted(map(_ordered, recording.runs), key=_sizes)
    frozen = _frozen(runs)
    if not frozen:
        return replace(recording, runs=tuple(runs))
    moving = [
        run.of_weights(np.flatnonzero(~np.isin(run.own_numbers, frozen)))
        for run in runs
        if not np.isin(run.own_numbers, frozen).all()
    ]
    shown = ", ".join(map(str, frozen[:_SHOWN])) + (", ..." if len(frozen) > _SHOWN else "")
    note = (
        f"Weights that have gradients and never move are left out, as frozen: {len(frozen)} (counted"
        f" from 0: {shown})."
    )
    return replace(recording, runs=tuple(moving), notes=(*recording.notes, note))


def _ordered(run: RecordedRun) -> RecordedRun:
    moved, seen = _of_weights(run)
    order = np.lexsort((seen, moved))
    if run.gradient_norm is not None or (np.diff(order) > 0).all():
        return run.of_weights(order)
    # the norm is that of all of them, summed in this order
    return replace(run.of_weights(order), gradient_norm=None)


def _of_weights(run: RecordedRun) -> tuple[np.ndarray, np.ndarray]:
    """(Σ|Δθ|, Σ|y|) of each weight."""
    moved = np.abs(np.nan_to_num(run.updates)).sum(axis=0)
    if run.gradients is None:
        return moved, np.zeros(len(moved))
    return moved, np.abs(np.nan_to_num(run.gradients)).sum(axis=0)


def _sizes(run: RecordedRun) -> tuple[float, ...]:
    moved, seen = _of_weights(run)
    return float(run.steps), *moved.tolist(), *seen.tolist()


def _frozen(runs: list[RecordedRun]) -> list[int]:
    """Numbers of the weights that never move where others do."""
    moves: dict[int, bool] = {}
    for run in runs:
        moved, seen = _of_weights(run)
        for number, size, slope in zip(run.own_numbers.tolist(), moved, seen, strict=True):
            if size > 0 or slope > 0:
                moves[number] = moves.get(number, False) or bool(size > 0)
    if run_without_gradients(runs) or not any(moves.values()):
        return []
    return sorted(number for number, does in moves.items() if not does)


def run_without_gradients(runs: list[RecordedRun]) -> bool:
    """Whether some run has weights alone."""
    return any(run.gradients is None for run in runs)
