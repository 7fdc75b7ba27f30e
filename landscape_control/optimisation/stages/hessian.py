"""The exact Hessian of J over all steps, in one pass of tangents.

A step's slope depends on earlier steps through the moments before it and on later ones through its
costate. The costate does not know of earlier steps, so that every pair of steps is met once, by the
tangents of the moments: ∂²J/∂u_t∂u_r = Σ w ∂²H_t/∂u∂s · ∂s_t/∂u_r for r < t.
"""

import numpy as np

from .controls import Controls
from .recursion import Forward, Recursion


def hessian(
    recursion: Recursion, controls: Controls, forward: Forward, costates: np.ndarray
) -> np.ndarray:
    """∂²J/∂c∂c' (n, n) of the entries of a layout."""
    numbers, places, n = recursion.numbers, controls.places, controls.size
    steps, _ = numbers.shape
    own, mixed = recursion.bends(forward, costates)
    own = own @ numbers.weights
    mixed = np.moveaxis(mixed * numbers.weights, 3, 2).reshape(steps, recursion.stage.width, -1)
    entering = np.moveaxis(_entering(recursion, forward), 3, 2)
    matrices = np.moveaxis(forward.system[0], (3, 2), (1, 2))  # (T, N, p, p)
    _, modes, size, _ = matrices.shape

    order = np.argsort(controls.first, kind="stable")  # columns in which entries come in
    column = np.append(np.argsort(order, kind="stable"), n)
    entered = np.searchsorted(controls.first[order], np.arange(steps), side="left")
    tangents = np.zeros((modes, size, n + 1))
    flat = tangents.reshape(modes * size, n + 1)
    total = np.zeros((n + 1, n + 1))
    for t in range(steps):
        here, known = column[places[:, t]], entered[t]
        if known:
            met = mixed[t] @ flat[:, :known]
            tangents[:, :, :known] = np.ascontiguousarray(matrices[t]) @ tangents[:, :, :known]
        for i, place in enumerate(here):
            np.add.at(total[place], here, own[t, i] / 2)
            if known:
                total[place, :known] += met[i]
            tangents[:, :, place] += entering[t, i]
    total += total.T
    return total[np.ix_(column[:n], column[:n])]


def _entering(recursion: Recursion, forward: Forward) -> np.ndarray:
    """(T, m, p, N): ∂s_{t+1}/∂u_t, with the moments before the step as they are."""
    stage, numbers = recursion.stage, recursion.numbers
    (columns,) = stage.gain(
        numbers.shape,
        forward.controls,
        recursion.times,
        numbers.curvatures,
        numbers.noise,
        numbers.shared,
        np.moveaxis(forward.moments[:-1], 1, 0),
    )
    steps, modes = numbers.shape
    return columns.reshape(steps, stage.width, -1, modes)
