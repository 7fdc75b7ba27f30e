"""Points around the start at every scale: rays with radii in geometric progression, and lattices.

The lattices are for one to three dimensions; in four to six there are clouds that fill a box evenly
(Halton 1960), whose neighbours are those that are nearest.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ...model.problem import ControlProblem

FARTHEST = 1e4  # natural lengths
_RATIO = {1: 1.02, 2: 1.1}  # of neighbouring radii
_ANGLES = 48
# ticks, half-widths in lengths
_LATTICE = {1: (401, (3.0, 12.0, 50.0)), 2: (33, (2.5, 8.0, 25.0)), 3: (19, (1.5, 4.0, 10.0))}
# dimensions with clouds; points in each, half-widths in lengths
_CLOUDED, _CLOUD, _CLOUD_SIZES = range(4, 7), 1024, (1.0, 2.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Points, in families that are arrays of neighbours.

    Attributes
    ----------
    points : (S, n)
    families : (first index, shape, whether the first axis closes) of each family
    clouds : first indices of families of equally many points without rows
    distance : (S,), from the start
    """

    points: np.ndarray
    families: tuple[tuple[int, tuple[int, ...], bool], ...]
    clouds: tuple[int, ...]
    distance: np.ndarray


def samples_around(problem: ControlProblem, length: float, seed: int) -> Samples:
    """Points from a thousandth of the natural ``length`` to ten thousand times it."""
    n, start = problem.dimension, problem.start
    ratio = _RATIO.get(n, 1.2)
    radii = length * np.exp(np.arange(np.log(1e-3), np.log(FARTHEST), np.log(ratio)))
    directions = _directions(problem, seed)
    rays = start + directions[:, None, :] * radii[:, None]
    blocks: list[tuple[np.ndarray, tuple[int, ...], bool]] = [(rays, rays.shape[:2], n == 2)]
    if n in _LATTICE:
        count, sizes = _LATTICE[n]
        ticks = np.linspace(-1, 1, count)
        lattice = np.stack(np.meshgrid(*[ticks] * n, indexing="ij"), axis=-1)
        centres = [start] if problem.end is None else [start, problem.end]
        blocks += [
            (centre + size * length * lattice, lattice.shape[:-1], False)
            for centre in centres
            for size in sizes
        ]
    families, first = [], 0
    for _, shape, closed in blocks:
        families.append((first, shape, closed))
        first += int(np.prod(shape))
    points = np.vstack([block.reshape(-1, n) for block, _, _ in blocks])
    clouds: tuple[int, ...] = ()
    if n in _CLOUDED:
        from scipy.stats import qmc  # its import takes as long as that of all else

        even = 2 * qmc.Halton(n, scramble=False).random(_CLOUD) - 1
        points = np.vstack([points, *(start + size * length * even for size in _CLOUD_SIZES)])
        clouds = tuple(first + _CLOUD * i for i in range(len(_CLOUD_SIZES)))
    distance = np.linalg.norm(points - start, axis=1)
    return Samples(points=points, families=tuple(families), clouds=clouds, distance=distance)


def _directions(problem: ControlProblem, seed: int) -> np.ndarray:
    """Unit vectors: both ways in one dimension, a circle in two.

    Else the axes, the curvature and the slope at the start, and random ones.
    """
    n = problem.dimension
    if n == 1:
        return np.array([[-1.0], [1.0]])
    if n == 2:
        angle = 2 * np.pi * np.arange(_ANGLES) / _ANGLES
        return np.column_stack([np.cos(angle), np.sin(angle)])
    _, gradient, hessian = problem.start_derivatives
    vectors = np.linalg.eigh(hessian[0])[1].T
    vectors = vectors[: min(n, 12)]  # the most negative curvatures
    chosen = [vectors, np.eye(n)[: min(n, 12)]]
    if np.linalg.norm(gradient) > 0:
        chosen.append(gradient / np.linalg.norm(gradient))
    both = np.vstack([*chosen, *[-directions for directions in chosen]])
    drawn = np.random.default_rng(seed).standard_normal((48 if n <= 10 else 8, n))
    return np.vstack([both, drawn / np.linalg.norm(drawn, axis=1)[:, None]])


def lowest_around(
    function: np.ndarray, first: int, shape: tuple[int, ...], closed: bool
) -> np.ndarray:
    """Flat indices of the samples of one family that are lower than all their neighbours."""
    values = function[first : first + int(np.prod(shape))].reshape(shape)
    lowest = np.isfinite(values)
    for axis in range(len(shape)):
        if axis == 0 and len(shape) == 2 and not closed and shape[0] != shape[1]:
            continue  # separate rays
        before, after = np.roll(values, 1, axis), np.roll(values, -1, axis)
        if not (closed and axis == 0):
            # what rolling has brought from the other side is no neighbour
            edge: list[slice | int] = [slice(None)] * len(shape)
            edge[axis] = 0
            before[tuple(edge)] = np.inf
            edge[axis] = -1
            after[tuple(edge)] = np.inf
        lowest &= (values < before) & (values <= after)
    return np.flatnonzero(lowest.ravel())


def lowest_in_cloud(function: np.ndarray, points: np.ndarray, first: int) -> np.ndarray:
    """Indices of the points of one cloud that are lower than all of the 2n that are nearest."""
    own = slice(first, first + _CLOUD)
    values = function[own]
    _, nearest = cKDTree(points[own]).query(points[own], k=2 * points.shape[1] + 1)
    is_lowest = np.isfinite(values) & (values <= values[nearest].min(axis=1))
    return first + np.flatnonzero(is_lowest)
