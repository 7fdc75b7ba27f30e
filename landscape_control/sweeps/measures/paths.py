"""Measures of the shape of the planned path."""

import numpy as np

from .library import plan_of
from .measure import Cell, Measure, register

_CHORDS = 32  # per element: their lengths sum to that of the path but for 1e-4 of it at most


def _straightness(cell: Cell) -> float:
    plan = plan_of(cell, "straightness")
    begins, widths = plan.vertices[:-1], np.diff(plan.vertices)
    times = (begins[:, None] + widths[:, None] * np.linspace(0, 1, _CHORDS, endpoint=False)).ravel()
    path = plan.parameters_at(np.append(times, plan.vertices[-1]))
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    if not length:
        return np.nan
    return float(np.linalg.norm(path[-1] - path[0]) / length)


straightness = register(
    Measure(
        name="straightness",
        function=_straightness,
        description=(
            "share of the path's length that a straight line needs, |θ(T) - θ(0)| / ∫ |θ̇| dt; 1 for"
            " a straight path, NaN for a plan at rest"
        ),
    )
)
