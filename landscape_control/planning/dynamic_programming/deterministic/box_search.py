"""The box grown, and the grid refined, until what neither sees cannot pay.

Until nothing outside the box and nothing between the nodes can.
"""

import math

import numpy as np

from ....support.errors import ProblemError
from ...solver.clock import clock
from ..march import MOST_STEPS
from .outside import LOOKING_STEPS, Bounded, Outside
from .value import ValueFunction

_FACTOR = 1.5  # by which the box grows
_SPARED = 0.5  # share of the time limit that is left for the grid after the boxes
_BOXES = 12  # tried at most, from the first to 86 times its size
_NODES = {1: 1601, 2: 151**2}  # of the fine grid, where more are not asked for


def searched_box(
    bounded: Bounded, box: np.ndarray, counts: tuple[int, ...], cost: float
) -> tuple[np.ndarray, tuple[int, ...], Outside, ValueFunction]:
    """(box, counts, Outside, V on every other node) of the first box that suffices.

    For it nothing outside can pay; else of the last box tried.

    The box grows about its centre at a fixed number of nodes; once nothing outside can pay, nodes
    are added until nothing between them can.

    Raises
    ------
    ProblemError
        Where no box could be examined: functions that are not defined, or speeds that no grid tried
        can follow.
    """
    most = max(_NODES[len(counts)], math.prod(counts))
    examined = None
    refused: ProblemError | None = None
    for tried in range(1, _BOXES + 1):
        # some answer first, then larger boxes if they are cheap
        steps = MOST_STEPS if examined is None else LOOKING_STEPS
        try:
            outside, value = bounded.examine(box, counts, cost, boxes=tried, steps=steps)
        except ProblemError as error:
            refused = error
            # with an answer, the box has grown beyond where the functions are defined
            if examined is not None or clock().seconds_left() <= 0:
                break
            box = _enlarged(box)
            continue
        examined = box, counts, outside, value
        if clock().seconds_left() < _SPARED * clock().limit:
            break  # what is left is needed for the grid itself
        if outside.doubt is None or not outside.bounded:
            break
        if not outside.excluded:
            box = _enlarged(box)
            continue
        counts = tuple(2 * math.ceil(_FACTOR * (count - 1) / 2) + 1 for count in counts)
        if math.prod(counts) > most:
            break
    if examined is None:
        assert refused is not None  # every box was tried in vain
        raise refused
    return examined


def _enlarged(box: np.ndarray) -> np.ndarray:
    centre, half = box.mean(axis=1), np.ptp(box, axis=1) / 2
    return np.column_stack([centre - _FACTOR * half, centre + _FACTOR * half])
