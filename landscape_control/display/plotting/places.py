"""What the building blocks take: points of the plane, grids over it, one entry per curve or row."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import ArrayLike

from ...model.landscape import Landscape
from ...support.arguments import Matrix, Shape, Whole, checked
from ...support.errors import ProblemError

Places = Annotated[np.ndarray, Shape((1, 2), allow_nan=True, stored=True, entry="point")]
Side = Annotated[int, Whole(low=2, high=5000)]  # points along one side of a map

if TYPE_CHECKING:
    Names = Sequence[str]
    LineStyles = Sequence[str | tuple]
    Curves = tuple[np.ndarray | Any, np.ndarray | Any]
    Limits = tuple[float, float]
    Marks = Sequence[float] | np.ndarray
    AxisValues = Sequence[float] | Sequence[str] | np.ndarray
    Cells = Sequence[Sequence[float]] | np.ndarray
else:
    # Not checked when a block is called: lists, tuples and NumPy's arrays are taken as they are.
    Names = LineStyles = Curves = Limits = Marks = AxisValues = Cells = object


def planar(what: str, points: ArrayLike) -> np.ndarray:
    """Points (M, 2) of one (2,) or several."""
    rows = np.atleast_2d(points)
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise ProblemError(
            what,
            expected="points of two parameters, shape (2,) or (M, 2)",
            received=f"shape {np.shape(points)}",
            advice="choose two columns: a map has two axes",
        )
    return rows


def on_grid(what: str, values: ArrayLike, x: ArrayLike, y: ArrayLike) -> None:
    """Refuse values that are not (Y, X) on x (X,), y (Y,)."""
    wanted = (np.size(y), np.size(x))
    if np.ndim(x) != 1 or np.ndim(y) != 1 or np.shape(values) != wanted:
        raise ProblemError(
            what,
            expected=f"shape {wanted}, rows along y and columns along x",
            received=f"shape {np.shape(values)}",
            advice="transpose, or sample on the points of the axes",
        )


def known_minima(landscape: Landscape) -> np.ndarray:
    """The minima (M, n) that a landscape knows, M = 0 where it knows none."""
    if landscape.minima is None:
        return np.empty((0, landscape.dimension))
    return np.asarray(landscape.minima)


@checked
def grid_data(landscape: Landscape, box: Matrix, *, points: Side = 141) -> dict[str, np.ndarray]:
    """A landscape of two parameters on a grid over ``box``: the keys of every map.

    These are axis_1 (X,), axis_2 (Y,) and loss (Y, X). ``box`` is ((low₁, high₁), (low₂, high₂)).
    Raises ProblemError for another box, or a landscape of another dimension.
    """
    if box.shape != (2, 2) or (box[:, 0] >= box[:, 1]).any():
        raise ProblemError(
            "box",
            expected="((low₁, high₁), (low₂, high₂)) with low < high",
            received=f"{box.tolist()!r:.80}",
            advice="e.g. box=[[-2, 2], [-1, 1]]",
        )
    if landscape.dimension != 2:
        raise ProblemError(
            "landscape",
            expected="one of two parameters",
            received=f"one of {landscape.dimension}",
            advice=(
                "maps have two axes; give the other parameters values in a landscape of your own"
            ),
        )
    x, y = (np.linspace(low, high, points) for low, high in box)
    mesh = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return {"axis_1": x, "axis_2": y, "loss": np.reshape(landscape.loss(mesh), (points, points))}
