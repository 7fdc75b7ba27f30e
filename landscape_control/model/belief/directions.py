"""Directions in the space of hidden variables: which observations miss, and how they are called."""

import numpy as np

from ...support.arguments import Vector, checked

UNSEEN = 1e-9  # relative size up to which an observation does not change


def unseen_directions(slopes: np.ndarray, reversion: np.ndarray) -> np.ndarray:
    """Rows (d, p) that no slope (S, q, p) sees, now or after the hidden dynamics have turned them.

    The null space of C, CΛ, CΛ², … (Kalman's test).
    """
    p = slopes.shape[-1]
    rows = [slopes.reshape(-1, p)]
    for _ in range(p - 1):
        rows.append(rows[-1] @ reversion)
    stacked = np.vstack([block / max(np.abs(block).max(), 1e-300) for block in rows])
    _, values, directions = np.linalg.svd(stacked[np.isfinite(stacked).all(1)], full_matrices=True)
    values = np.append(values, np.zeros(p - len(values)))
    return readable(directions[values <= UNSEEN * max(values[0], 1.0)])


@checked
def combination(direction: Vector) -> str:
    """A direction of the hidden variables in words, such as '0.707·hidden[0] - 0.707·hidden[1]'."""
    parts = [(i, weight) for i, weight in enumerate(direction) if abs(weight) > 1e-9]
    terms = [f"{'-' if weight < 0 else '+'} {abs(weight):.3g}·hidden[{i}]" for i, weight in parts]
    text = " ".join(terms)
    return text.removeprefix("+ ")


def readable(rows: np.ndarray) -> np.ndarray:
    """Rows with their (first) largest entry positive."""
    if not len(rows):
        return rows
    largest = np.round(np.abs(rows), 9).argmax(1)  # rounded: of equal ones the first
    signs = np.sign(np.take_along_axis(rows, largest[:, None], 1))
    return rows * signs + 0.0  # -0 is written as 0
