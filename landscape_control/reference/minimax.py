"""The least worst *loss* of a first-order rule on quadratics with curvatures in [a, b].

Chebyshev's steps minimise the worst |P_T(h)|, a distance. The loss is ½h P_T(h)², another question:
least curvatures count less, and for short horizons not at all.
"""

import math

import numpy as np
from numpy.polynomial import Chebyshev

from ..support.arguments import Steps, checked
from ..support.arrays import number, whole
from ..support.errors import ProblemError, SolveError


@checked
def minimax_loss_flat(high: float, horizon: Steps) -> tuple[np.ndarray, float]:
    """Steps (T,), ascending, and b/(2T + 1)², the worst h P_T(h)² over curvatures in [0, b].

    √h P(h) is the Chebyshev polynomial of degree 2T + 1 in √(h/b), so the steps are 1/(b
    cos²((2j-1)π/(4T+2))). They are also the best on [a, b] as long as a ≤ b cos²(Tπ/(2T+1)) ≈
    b(π/(4T+2))²: short horizons cannot make use of a.
    """
    high = number("highest curvature", high, low=0, low_open=True)
    odd = 2 * np.arange(1, whole("horizon T", horizon) + 1) - 1
    angles = odd * math.pi / (4 * horizon + 2)
    return 1 / (high * np.cos(angles) ** 2), high / (2 * horizon + 1) ** 2


@checked
def minimax_loss_steps(low: float, high: float, horizon: Steps) -> tuple[np.ndarray, float]:
    """Steps (T,), ascending, and the least worst h P_T(h)² over curvatures in [a, b].

    The Remez exchange: √h P(h), P(0) = 1, is least where it reaches ±E at T + 1 curvatures with
    changing sign. Good to ten digits; raises SolveError for horizons so long that E nears
    round-off.
    """
    low = number("lowest curvature", low, low=0)
    high = number("highest curvature", high, low=0, low_open=True)
    if low >= high:
        raise ProblemError(
            "curvatures",
            expected="0 <= low < high",
            received=f"{low:g}, {high:g}",
            advice="with one curvature h the step 1/h ends it",
        )
    angles = np.arange(whole("horizon T", horizon) + 1) * math.pi / (2 * horizon + 1)
    points = np.sort(low + (high - low) * np.cos(angles) ** 2)
    for _ in range(60):
        polynomial, level = _levelled(points, low, high)
        extremes = _extremes(polynomial, low, high)
        values = np.sqrt(extremes) * polynomial(extremes)
        if np.abs(values).max() <= abs(level) * (1 + 1e-10):
            return np.sort(1 / polynomial.roots().real), level**2
        points = _exchange(extremes, values, horizon + 1)
    raise SolveError(
        "the exchange of Remez did not settle: the horizon is too long for double precision"
    )


def _levelled(points: np.ndarray, low: float, high: float) -> tuple[Chebyshev, float]:
    """P of degree T and E with √h P(h) = ±E, alternating, at T + 1 points, and P(0) = 1."""
    degree = len(points) - 1
    basis = [Chebyshev.basis(j, domain=[low, high]) for j in range(degree + 1)]
    matrix = np.zeros((degree + 2, degree + 2))
    matrix[:-1, :-1] = np.column_stack([np.sqrt(points) * member(points) for member in basis])
    matrix[:-1, -1] = -((-1.0) ** np.arange(degree + 1))
    matrix[-1, :-1] = [member(0.0) for member in basis]  # P(0) = 1
    solved = np.linalg.solve(matrix, np.append(np.zeros(degree + 1), 1.0))
    return Chebyshev(solved[:-1], domain=[low, high]), solved[-1]


def _extremes(polynomial: Chebyshev, low: float, high: float) -> np.ndarray:
    """Where h P² is stationary inside [a, b], and both ends, ascending."""
    curvature = Chebyshev([(low + high) / 2, (high - low) / 2], domain=[low, high])
    # d(hP²)/dh = P (P + 2hP'), and P does not vanish at an extreme
    roots = (polynomial + 2 * curvature * polynomial.deriv()).roots()
    is_real = np.abs(roots.imag) < 1e-9 * high
    inside = roots.real[is_real & (roots.real > low) & (roots.real < high)]
    return np.concatenate([[low], np.sort(inside), [high]])


def _exchange(points: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Where the value is greatest in each run of one sign.

    Of too many runs, those at the smaller end are left out.
    """
    runs = np.split(np.arange(len(points)), np.flatnonzero(np.diff(np.sign(values))) + 1)
    chosen = [run[np.argmax(np.abs(values[run]))] for run in runs]
    while len(chosen) > count:
        chosen.pop(0 if abs(values[chosen[0]]) < abs(values[chosen[-1]]) else -1)
    return points[chosen]
