"""The plane in which paths of more than two parameters are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....support.errors import ProblemError, shown

_STRAIGHT = 1e-6  # of the spread of paths along a line: as much as rounding leaves beside it
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """θ = origin + a d₁ + b d₂.

    Attributes
    ----------
    origin : (n,)
    directions : (2, n), orthonormal
    labels : words for its two axes
    share : of the spread of the paths that lies in it; None where the plane is all there is
    """

    origin: np.ndarray
    directions: np.ndarray
    labels: tuple[str, str]
    share: float | None = None

    def project(self, points: np.ndarray) -> np.ndarray:
        """(a, b) of points (S, n): (S, 2)."""
        return (np.atleast_2d(points) - self.origin) @ self.directions.T

    def lift(self, places: np.ndarray) -> np.ndarray:
        """The points (S, n) of the plane at (a, b), (S, 2)."""
        return self.origin + places @ self.directions

    @property
    def is_mixed(self) -> bool:
        """Whether its axes are sums of several parameters, so that lengths along both compare."""
        return bool((np.count_nonzero(self.directions, axis=1) > 1).any())

    def distance(self, points: np.ndarray) -> np.ndarray:
        """How far points (S, n) are off the plane, (S,)."""
        return np.linalg.norm(points - self.lift(self.project(points)), axis=1)


def plane_of(paths: Sequence[np.ndarray], directions: object) -> Plane:
    """The plane of the first path's end; ``directions`` as of :func:`plot_solution`."""
    end = paths[0][-1]
    n = len(end)
    if n == 2 and directions is None:
        return _coordinates(end, (0, 1), None)
    stacked = np.vstack(paths)
    if directions is None:
        axes, share = _principal(stacked)
        names = [f"direction {i + 1}{_loadings(axis)}" for i, axis in enumerate(axes)]
        return Plane(origin=end, directions=axes, labels=(names[0], names[1]), share=share)
    chosen = _read(directions, n)
    if chosen.ndim == 1:
        pair = (int(chosen[0]), int(chosen[1]))
        return _coordinates(end, pair, _share(stacked, np.eye(n)[list(pair)]))
    axes = _orthonormal(chosen)
    names = [f"direction {i + 1}{_loadings(axis)}" for i, axis in enumerate(axes)]
    return Plane(
        origin=end, directions=axes, labels=(names[0], names[1]), share=_share(stacked, axes)
    )


def symbol(index: int) -> str:
    """θ₁ for 0."""
    return f"θ{str(index + 1).translate(_SUBSCRIPTS)}"


def _read(directions: object, n: int) -> np.ndarray:
    """Two indices (2,), or two vectors (2, n)."""
    try:
        given = np.asarray(directions, dtype=float)
    except (TypeError, ValueError):
        given = np.empty(0)
    indices = given.shape == (2,) and bool((given == np.round(given)).all())
    if indices and given.min() >= 0 and given.max() < n and given[0] != given[1]:
        return given.astype(int)
    vectors = given.shape == (2, n) and bool(np.isfinite(given).all())
    if vectors and np.linalg.matrix_rank(given) == 2:
        return given
    raise ProblemError(
        "directions",
        expected=f"two different parameters in 0 … {n - 1}, or two directions, shape (2, {n})",
        received=shown(directions),
        advice="e.g. directions=(0, 1), or None for the principal directions of the paths",
    )


def _coordinates(end: np.ndarray, pair: tuple[int, int], share: float | None) -> Plane:
    axes = np.eye(len(end))[list(pair)]
    labels = (f"parameter {symbol(pair[0])}", f"parameter {symbol(pair[1])}")
    origin = end - end @ axes.T @ axes  # so that a and b are the two parameters themselves
    return Plane(origin=origin, directions=axes, labels=labels, share=share)


def _principal(points: np.ndarray) -> tuple[np.ndarray, float]:
    """(the two directions of largest spread (2, n), their share of it)."""
    centred = points - points.mean(0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=True)
    axes = axes[:2]
    if sizes[1:2].sum() <= _STRAIGHT * sizes[0]:  # what is left has no direction of its own
        axes = np.array([axes[0], _beside(axes[0])])
    leading = axes[np.arange(2), np.abs(axes).argmax(1)]
    total = float((sizes**2).sum())
    share = float((sizes[:2] ** 2).sum()) / total if total > 0 else 1.0
    return axes * np.sign(leading)[:, None], share


def _beside(axis: np.ndarray) -> np.ndarray:
    """A direction orthogonal to an axis, as much of one parameter as there is."""
    other = np.eye(len(axis))[int(np.argmin(np.abs(axis)))]
    other = other - (other @ axis) * axis
    return np.asarray(other / np.linalg.norm(other))


def _share(points: np.ndarray, axes: np.ndarray) -> float:
    centred = points - points.mean(0)
    total = float((centred**2).sum())
    return float(((centred @ axes.T) ** 2).sum()) / total if total > 0 else 1.0


def _orthonormal(vectors: np.ndarray) -> np.ndarray:
    """The first direction as given, the second made orthogonal to it."""
    q, r = np.linalg.qr(vectors.T)
    return (q * np.sign(np.diag(r))).T


def _loadings(axis: np.ndarray) -> str:
    """What a direction is made of, the two largest shares: ": 0.81 θ₁ + 0.58 θ₂"."""
    large = np.abs(axis) >= 0.15
    order = np.argsort(-np.abs(axis))[: int(large.sum())]
    words = ""
    for i in order[:2]:
        sign = (" − " if words else "−") if axis[i] < 0 else (" + " if words else "")
        words += f"{sign}{abs(axis[i]):.2f} {symbol(i)}"
    return f": {words}{' …' if len(order) > 2 else ''}"
