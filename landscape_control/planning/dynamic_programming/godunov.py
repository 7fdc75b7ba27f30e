"""Godunov's choice of one-sided derivatives.

Along one axis, and in two dimensions when the metric or the actuation couples the axes.
"""

import itertools

import numpy as np

Side = tuple[int, np.ndarray | None]  # the sign of v_i, and the derivatives looked into; (0, None)


def select_axis(
    mobility: np.ndarray, drift: np.ndarray, minus: np.ndarray, plus: np.ndarray
) -> np.ndarray:
    """Godunov's choice along one axis.

    H decouples, and H - min H = v²/2M for the velocity v = f - Mp.
    """
    # speeds backwards and ahead that look into the cell they move to; the faster one has more gain
    back = np.maximum(mobility * minus - drift, 0)
    ahead = np.maximum(drift - mobility * plus, 0)
    pushed = mobility > 0
    rest = drift / np.where(pushed, mobility, 1) * pushed  # the p of v = 0
    stays_or_ahead = np.where(ahead > 0, plus, rest)
    return np.where(back > ahead, minus, stays_or_ahead)


def select_plane(
    mobility: np.ndarray, drift: np.ndarray, minus: np.ndarray, plus: np.ndarray
) -> np.ndarray:
    """The gradient p of the best velocity v = f - Mp, (2, N_1, N_2).

    The velocity respects the sides that its derivatives were taken from.

    Where the optima of all four combinations of sides move into one and the same quadrant, that
    combination is the answer: the gain is concave in v on every quadrant, and neighbouring
    quadrants share their edges. Elsewhere (kinks, turning points, walls) all candidates are
    compared.
    """
    shape = minus.shape[1:]
    matrix = np.broadcast_to(mobility, (2, 2, *shape)).reshape(2, 2, -1)
    force = np.broadcast_to(drift, (2, *shape)).reshape(2, -1)
    minus, plus = minus.reshape(2, -1), plus.reshape(2, -1)
    towards, agreed = _common_quadrant(matrix, force, minus, plus)
    chosen = np.where(towards, plus, minus)
    rest = np.flatnonzero(~agreed)
    chosen[:, rest] = best_candidate(
        matrix[..., rest], force[:, rest], minus[:, rest], plus[:, rest]
    )
    return chosen.reshape(2, *shape)


def _common_quadrant(
    matrix: np.ndarray, force: np.ndarray, minus: np.ndarray, plus: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(v > 0 per axis, whether all four combinations of sides agree on it)."""
    # bounds of v_i = f_i - Σ M_ij p_j over p_j ∈ {D⁻_j, D⁺_j}
    lowest, highest = force.copy(), force.copy()
    for i in range(2):
        for j in range(2):
            left, right = matrix[i, j] * minus[j], matrix[i, j] * plus[j]
            lowest[i] -= np.maximum(left, right)
            highest[i] -= np.minimum(left, right)
    towards = lowest > 0
    return towards, np.all(towards | (highest < 0), axis=0)


def best_candidate(
    matrix: np.ndarray, force: np.ndarray, minus: np.ndarray, plus: np.ndarray
) -> np.ndarray:
    """The best of all candidates for p; arrays (…, S).

    The free optimum of each quadrant, the optima with one component at rest, and full rest.
    """
    best, chosen = np.full(minus.shape[1], -np.inf), np.zeros_like(minus)
    slack = 1e-12 * np.abs(force).sum(axis=0)
    sides: tuple[Side, ...] = ((-1, minus), (1, plus), (0, None))
    for first, second in itertools.product(sides, sides):
        p, allowed = _candidate(matrix, force, first, second)
        velocity = force - np.einsum("ijs,js->is", matrix, p)
        gain = -(p * (force + velocity)).sum(axis=0) / 2
        # a derivative counts only for motion to the side that it was taken from
        for v, (sign, _) in zip(velocity, (first, second), strict=True):
            if sign:
                allowed = allowed & (sign * v >= -slack)
        better = allowed & (gain > best)
        best = np.where(better, gain, best)
        chosen = np.where(better, p, chosen)
    return chosen


def _candidate(
    matrix: np.ndarray, force: np.ndarray, first: Side, second: Side
) -> tuple[np.ndarray, np.ndarray | bool]:
    """(p, solvable) of one combination of sides.

    p_i is the one-sided derivative where the sign is ±1; where it is 0, p_i solves v_i = 0.
    """
    (a, c), (_, b) = matrix
    p_first = None if first[1] is None else first[1][0]
    p_second = None if second[1] is None else second[1][1]
    if p_first is not None and p_second is not None:
        return np.stack([p_first, p_second]), True
    if p_second is not None:
        rest = (force[0] - c * p_second) / np.where(a > 0, a, 1)
        return np.stack([rest, p_second]), a > 0
    if p_first is not None:
        rest = (force[1] - c * p_first) / np.where(b > 0, b, 1)
        return np.stack([p_first, rest]), b > 0
    # both at rest: Mp = f by Cramer's rule
    determinant = a * b - c * c
    regular = determinant > 1e-12 * (a * b)
    safe = np.where(regular, determinant, 1)
    numerators = [b * force[0] - c * force[1], a * force[1] - c * force[0]]
    return np.stack(numerators) / safe, regular
