"""Whether plans of neighbouring cells are plainly one branch; their outlines, many at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from ..planning.solution import Plan

_POINTS = 9
_ALLOWED, _LONGEST = 0.25, 2.5


@dataclass(frozen=True, kw_only=True, eq=False)
class _Outline:
    """Displacements θ(t) - θ(0) at nine times up to the last one.

    Attributes
    ----------
    reach : the largest of them
    shape : (9, n), relative to it
    """

    reach: float
    shape: np.ndarray


_KNOWN: WeakKeyDictionary[Plan, _Outline] = WeakKeyDictionary()


def continues(plan: Plan, other: Plan) -> bool:
    """Whether two plans of neighbouring cells are plainly one branch.

    Alike in reach, in where they end relative to it, and in shape: in stretched time, or over the
    time that both have.
    """
    if not other.status.ok:
        return False
    mine, theirs = _outline(plan), _outline(other)
    shorter, longer = sorted((mine.reach, theirs.reach))
    if not shorter * _LONGEST >= longer > 0:
        return False
    if np.abs(mine.shape - theirs.shape).max() <= _ALLOWED:
        return True
    shared = min(plan.times[-1], other.times[-1])
    begin = _displacements(plan, shared) / mine.reach
    other_begin = _displacements(other, shared) / theirs.reach
    apart_at_end = np.abs(mine.shape[-1] - theirs.shape[-1]).max()
    apart_before = np.abs(begin - other_begin).max()
    return bool(max(apart_at_end, apart_before) <= _ALLOWED)


def outline_all(plans: Iterable[Plan]) -> None:
    """Look at many plans at once, so that each need not be looked at by itself."""
    groups: dict[tuple[int, int], list[Plan]] = {}
    for plan in plans:
        if plan not in _KNOWN:
            groups.setdefault((len(plan.times), len(plan.vertices)), []).append(plan)
    for own in groups.values():
        last = np.array([plan.times[-1] for plan in own])
        times = np.linspace(np.zeros(len(own)), last, _POINTS, axis=1)
        moved = _moved(own, times)
        reach = np.abs(moved).max(axis=(1, 2))
        with np.errstate(all="ignore"):
            shapes = moved / reach[:, None, None]
        for plan, largest, shape in zip(own, reach.tolist(), shapes, strict=True):
            _KNOWN[plan] = _Outline(reach=largest, shape=shape)


def _outline(plan: Plan) -> _Outline:
    if plan not in _KNOWN:
        outline_all([plan])
    return _KNOWN[plan]


def _displacements(plan: Plan, last: float) -> np.ndarray:
    """θ(t) - θ(0) at nine times up to ``last``."""
    return _moved([plan], np.linspace(0, last, _POINTS)[None])[0]


def _moved(plans: list[Plan], times: np.ndarray) -> np.ndarray:
    """θ(t) - θ(0) (P, S, n) of plans with equally many nodes at times (P, S)."""
    vertices = np.stack([plan.vertices for plan in plans])
    parameters = np.stack([plan.parameters for plan in plans])
    positions = plans[0].positions
    rows = np.arange(len(plans))[:, None]
    element = (vertices[:, None, 1:-1] <= times[:, :, None]).sum(axis=2)
    begin, end = vertices[rows, element], vertices[rows, element + 1]
    fractions = (times - begin) / (end - begin)
    values = np.zeros((*times.shape, parameters.shape[2]))
    for node, own in enumerate(positions):
        basis = np.ones_like(fractions)
        for other in np.delete(positions, node):
            basis *= (fractions - other) / (own - other)
        values += basis[:, :, None] * parameters[rows, element * (len(positions) - 1) + node]
    return values - parameters[:, :1]
