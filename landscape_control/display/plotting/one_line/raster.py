"""The loss on a grid of a plane: what contours are drawn from."""

import numpy as np
from scipy.interpolate import RectBivariateSpline

from ....model.landscape import Landscape
from ....model.landscape.data_losses import thinned
from .plane import Plane

_FEW_SAMPLES = 500  # a loss over many more is slow
_EVERY = 3  # points of the grid: the distance at which a slow loss is evaluated


def losses_over(landscape: Landscape, plane: Plane, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """L (y, x) at the points of a plane.

    A mean over many samples is smooth: it is evaluated at every third point, with cubic splines in
    between, unless it is undefined somewhere.
    """
    if thinned(landscape, _FEW_SAMPLES) is None:
        return _evaluated(landscape, plane, x, y)
    few_x, few_y = x[::_EVERY], y[::_EVERY]
    loss = _evaluated(landscape, plane, few_x, few_y)
    if not np.isfinite(loss).all():
        return _evaluated(landscape, plane, x, y)
    return np.asarray(RectBivariateSpline(few_y, few_x, loss)(y, x))


def _evaluated(landscape: Landscape, plane: Plane, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    mesh = np.stack(np.meshgrid(x, y), axis=-1)
    with np.errstate(all="ignore"):
        loss = landscape.loss(plane.lift(mesh.reshape(-1, 2)))
    return np.asarray(loss.reshape(mesh.shape[:2]))
