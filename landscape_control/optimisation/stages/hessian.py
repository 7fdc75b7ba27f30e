"""The exact Hessian of J over all steps, in one pass of tangents.

A step's slope depends on earlier steps through the moments before it and on later ones through its
costate. The costate does not know of earlier steps, so that every pair of steps is met once, by the
tangents of the moments: ∂²J/∂u_t∂u_r = Σ w ∂²H_t/∂u∂s · ∂s_t/∂u_r for r < t.
"""

import numpy as np

from .controls import Controls
from .recursion import Forward, Recursion


def hessians(
    recursion: Recursion, controls: Controls, forward: Forward, costates: np.ndarray
) -> np.ndarray:
    """∂²J/∂c∂c' (L, n, n) of the entries of a layout, for every lane."""
    if controls.are_steady:
        return _of_steady_rules(recursion, forward, costates)
    return _of_rules_in_time(recursion, controls, forward, costates)


def _of_steady_rules(recursion: Recursion, forward: Forward, costates: np.ndarray) -> np.ndarray:
    """Where every step has the same few entries: all modes of all lanes along one axis."""
    own, mixed = recursion.bends(forward, costates)
    entering = np.ascontiguousarray(np.moveaxis(recursion.gains(forward), 2, 1))
    matrix = forward.system[0]
    tangents = entering[0]  # (p, n, LN): ∂s_t/∂c
    met = own.sum(axis=0) / 2
    for t in range(1, len(own)):
        met += np.einsum("aqn,qkn->akn", mixed[t], tangents)
        tangents = np.einsum("jin,jkn->ikn", matrix[t], tangents)
        tangents += entering[t]
    total = np.moveaxis(recursion.numbers.expected(met), 2, 0)
    return total + np.swapaxes(total, 1, 2)


def _of_rules_in_time(
    recursion: Recursion, controls: Controls, forward: Forward, costates: np.ndarray
) -> np.ndarray:
    """Where steps have entries of their own: lane by lane, entries along one axis."""
    numbers, places, n = recursion.numbers, controls.places, controls.size
    steps, _ = numbers.shape
    lanes, nodes = numbers.weights.shape
    own, mixed = recursion.bends(forward, costates)
    own = np.moveaxis(numbers.expected(own), 3, 1)  # (T, L, m, m)
    mixed = _by_lane(mixed * numbers.weights.ravel(), lanes)  # (T, L, m, N, p)
    mixed = mixed.reshape(*mixed.shape[:3], -1)
    entering = _by_lane(recursion.gains(forward), lanes)  # (T, L, m, N, p)
    size = recursion.stage.layout.size
    by_lane = forward.system[0].reshape(steps, size, size, lanes, nodes)
    matrices = by_lane.transpose(0, 3, 4, 2, 1)  # (T, L, N, p, p), rows before columns

    order = np.argsort(controls.first, kind="stable")  # columns in which entries come in
    column = np.append(np.argsort(order, kind="stable"), n)
    entered = np.searchsorted(controls.first[order], np.arange(steps), side="left")
    tangents = np.zeros((lanes, nodes, size, n + 1))
    flat = tangents.reshape(lanes, nodes * size, n + 1)
    total = np.zeros((lanes, n + 1, n + 1))
    for t in range(steps):
        here, known = column[places[:, t]], entered[t]
        if known:
            met = mixed[t] @ flat[:, :, :known]
            tangents[..., :known] = np.ascontiguousarray(matrices[t]) @ tangents[..., :known]
        for i, place in enumerate(here):
            for j, other in enumerate(here):
                total[:, place, other] += own[t, :, i, j] / 2
            if known:
                total[:, place, :known] += met[:, i]
            tangents[..., place] += entering[t, :, i]
    total += np.swapaxes(total, 1, 2).copy()
    return total[:, column[:n, None], column[None, :n]]


def _by_lane(of_modes: np.ndarray, lanes: int) -> np.ndarray:
    """(T, L, m, N, p) of numbers (T, m, p, LN)."""
    steps, width, size, modes = of_modes.shape
    shaped = of_modes.reshape(steps, width, size, lanes, modes // lanes)
    return np.ascontiguousarray(shaped.transpose(0, 3, 1, 4, 2))
