"""What part of a landscape is drawn: the plane of the paths, the box in it, what lies around."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....model.problem import ControlProblem
from .courses import Course
from .plane import Plane, plane_of
from .surroundings import Surroundings, extent_of, surroundings, within_view

_EQUAL = 4.0  # ratio of the sides up to which two single parameters have the same scale
_MARGIN = 0.12  # of a side
_NARROWEST = np.array([1.6, 2.2])  # times the other side: labels need more width than height


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A box ((low, high), (low, high)) of a plane, whether both its sides have the same scale, and
    the minima and saddles around the paths.
    """

    plane: Plane
    box: np.ndarray
    equal: bool
    around: Surroundings

    @property
    def ratio(self) -> float:
        """Height over width of the map."""
        if not self.equal:
            return 0.8
        width, height = np.ptp(self.box, axis=1)
        return float(height / width)


def view_of(problem: ControlProblem, courses: Sequence[Course], directions: object) -> View:
    """Paths, start and the minima near them in view, with a margin; a straight path has a width."""
    tracks = [course.parameters for course in courses]
    plane = plane_of(tracks, directions)
    around = surroundings(problem.landscape, tracks)
    places = plane.project(np.vstack([within_view(tracks), around.minima]))
    low, high = places.min(0), places.max(0)
    size = high - low
    largest = float(size.max())
    if largest < 1e-3 * extent_of(tracks[0]):  # nothing moves
        largest = extent_of(tracks[0])
    similar = size.min() * _EQUAL > largest or size.min() < 1e-9 * largest
    equal = similar or plane.is_mixed  # single parameters may have units of their own
    if equal:
        spare = np.maximum(size, largest / _NARROWEST) - size
        low, high = low - spare / 2, high + spare / 2
    margin = _MARGIN * (high - low)
    box = np.column_stack([low - margin, high + margin])
    return View(plane=plane, box=box, equal=bool(equal), around=around)
