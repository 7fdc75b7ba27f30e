"""Which programs are solved stage by stage in NumPy, and the ranges their coefficients stay in."""

import numpy as np

from ..model.observation import ExactGradient
from ..rules.families import Coefficient, Layout
from .program import PolicyProgram

SHORT = 64  # steps up to which it is begun from fresh starts
STEADY = 32  # steps from which rules with the same numbers at every step are solved so too
RANGE = (0.0, 1.0)  # of a momentum of its own at every step, unless another is asked for


def is_stagewise(program: PolicyProgram) -> bool:
    """Whether a program is one of linear rules with numbers per step under noise, or many steps.

    Noise that follows the loss of all modes couples them, which is solved otherwise.
    """
    sees = program.sees
    is_coupled = getattr(sees, "follows_loss", False) or callable(getattr(sees, "noise", None))
    if is_coupled or not (program.family.linear and program.task.is_quadratic):
        return False
    return _is_noisy(sees) if is_varied(program) else program.steps >= STEADY


def is_varied(program: PolicyProgram) -> bool:
    """Whether the rule has numbers of its own at every step."""
    return any(each.varies for each in program.family.coefficients)


def _is_noisy(sees: object) -> bool:
    if isinstance(sees, ExactGradient):
        return False
    sizes = [getattr(sees, name, 0.0) for name in ("noise", "scale", "deviations")]
    return any(np.any(size) for size in sizes)


def is_bounded(coefficient: Coefficient) -> bool:
    """Whether a coefficient stays in RANGE by default: a momentum at every step.

    With other momenta no rule is best under noise. Above 1: a step so small that the learner all but
    rests, made good by a large momentum, sees two gradients at one place, the smaller the better.
    Below 0: a step so long that noise no longer matters at its end, undone by a momentum of -1, the
    longer the better.
    """
    unlimited = np.isinf([coefficient.low, coefficient.high]).all()
    return coefficient.varies and coefficient.scale == "one minus" and bool(unlimited)


def bounded(program: PolicyProgram, chosen: set[str]) -> tuple[Coefficient, ...]:
    """The coefficients of a stagewise program that stay in RANGE, but for those ``chosen``."""
    if not is_stagewise(program):
        return ()
    each = program.family.coefficients
    return tuple(one for one in each if is_bounded(one) and one.name not in chosen)


def stretched(layout: Layout, entries: np.ndarray, shorter: Layout) -> np.ndarray:
    """The entries (n,) of a layout from those of one of fewer steps, at the same shares of T."""
    before = shorter.split(entries)
    values = {}
    for each in layout.coefficients:
        value = np.asarray(before[each.name], dtype=float)
        if not each.varies:
            values[each.name] = value
            continue
        old = np.linspace(0, 1, shorter.horizon)[each.first :]
        new = np.linspace(0, 1, layout.horizon)
        columns = value.reshape(shorter.horizon, -1)[each.first :]
        moved = np.stack([np.interp(new, old, column) for column in columns.T], axis=1)
        values[each.name] = moved.reshape(each.shape_over(layout.horizon))
    return layout.join(values)
