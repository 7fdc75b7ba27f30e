"""What a course cannot be planned for, said at the door."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...model.landscape import LandscapeDistribution
from ...model.observation import CurvatureNoise, ModeNoise, Sees
from ...rules.families import Family
from ...support.arrays import number
from ...support.errors import ProblemError
from ..limits import CourseLimits
from ..program import PolicyProgram, spectrum_of
from ..programs import check_linear, check_paid
from ..quadrature import first_nodes

MOST = 16  # coefficients of a course
Setting = tuple[LandscapeDistribution, Sees | None, CourseLimits]


def tasks_of(task: Any, sees: Sees | None, limits: CourseLimits) -> dict[float, Setting]:
    """{exponent: (task, sees, limits)}, NaN for the exponent of a single task."""
    if not isinstance(task, Mapping):
        return {math.nan: (task, sees, limits)}
    if sees is not None or not task:
        raise ProblemError(
            "sees",
            expected="{exponent: (task, sees)}, noise in each metric, and at least one metric",
            received=f"{len(task)} metrics and sees={type(sees).__name__}",
            advice="put the noise of each metric beside its task",
        )
    settings = {}
    for exponent, given in task.items():
        settings[number("exponent", exponent)] = _setting(exponent, given, limits)
    return settings


def _setting(exponent: object, given: Any, limits: CourseLimits) -> Setting:
    kinds = (LandscapeDistribution, Sees | None, CourseLimits)
    fits = isinstance(given, tuple) and len(given) in (2, 3)
    if fits and all(isinstance(one, kind) for one, kind in zip(given, kinds, strict=False)):
        return given if len(given) == 3 else (*given, limits)
    raise ProblemError(
        f"task[{exponent!r}]",
        expected="(task, sees) or (task, sees, limits)",
        received=type(given).__name__,
        advice="e.g. (measurement.task(), measurement.sees())",
    )


def families_of(family: Family | Sequence[Family]) -> tuple[Family, ...]:
    """One family as a tuple of it; refuses an empty sequence."""
    families = (family,) if isinstance(family, Family) else tuple(family)
    if families:
        return families
    raise ProblemError(
        "family", expected="at least one family", received="none", advice="e.g. HeavyBall"
    )


def with_floor(sees: Sees | None, floor: float) -> Sees | None:
    """Noise that follows the loss, with the floor of the limits where it has none of its own."""
    if not isinstance(sees, CurvatureNoise | ModeNoise) or not sees.follows_loss or floor == 0:
        return sees
    if sees.floor and not math.isclose(sees.floor, floor, rel_tol=1e-9):
        raise ProblemError(
            "floor",
            expected="one loss at the minimum, for the limits and for the noise that follows it",
            received=f"{floor:g} in the limits and {sees.floor:g} in the noise",
            advice="give it once, in the limits",
        )
    return replace(sees, floor=floor)


def check_program(program: PolicyProgram) -> None:
    """Refuse what has no closed moments from rest, or too many numbers."""
    check_linear(program)
    if program.task.minimum is not None:
        raise ProblemError(
            "task",
            expected="quadratics whose minimum is where it was measured",
            received="a hidden minimum",
            advice="use optimize_policy, whose moments carry the minimum too",
        )
    check_paid(program)
    size = program.family.layout(program.steps).size
    if not 1 <= size <= MOST:
        raise ProblemError(
            "family",
            expected=f"1 to {MOST} coefficients",
            received=f"{program.family.name} with {size} over {program.steps} steps",
            advice=(
                "use constant coefficients, and Scheduled with LogLinear(pieces=5) for a course in"
                " time; optimize_policy takes one number per step"
            ),
        )


def start_of(start: Any, program: PolicyProgram) -> np.ndarray | None:
    """Moments at the start, checked."""
    if start is None:
        return None
    modes = len(spectrum_of(program).nodes(first_nodes(program))[0])
    size = 1 + program.family.state_size
    moments = np.asarray(start, dtype=float)
    expected = (modes, size, size)
    fits = moments.shape == expected and np.allclose(moments, np.swapaxes(moments, 1, 2))
    if fits and (np.linalg.eigvalsh(moments) >= -1e-9 * np.abs(moments).max()).all():
        return moments
    raise ProblemError(
        "start",
        expected=f"positive semi-definite second moments of shape {expected}",
        received=f"shape {moments.shape}",
        advice="E x xᵀ of every mode, x = (θ, state of the family)",
    )
