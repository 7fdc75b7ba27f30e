"""How far coefficients are from the best under limits, by the courses' own moments."""

import math
from collections.abc import Mapping

import numpy as np
from scipy.optimize import nnls

from ..limits import CourseLimits
from ..program import PolicyProgram
from .evaluation import Evaluation
from .model import models_of
from .modes import modes_of
from .variables import Variables

BINDS = 1e-3  # logarithm within which a limit binds
MISSED = 1e-6  # logarithm beyond which a limit is missed


def residual_under_limits(
    program: PolicyProgram, coefficients: Mapping, limits: CourseLimits
) -> float:
    """Largest entry of ∇ log J + Σ λ_k ∇g_k at the best λ ≥ 0 of the limits g_k that bind.

    In the variables of the search: logarithms of rates, -log(1-β). Bounds of coefficients count as
    limits. ∞ where a limit is missed.
    """
    layout, modes = program.family.layout(program.steps), modes_of(program, limits.floor)
    variables = Variables(layout, modes.largest)
    evaluate = Evaluation(program.family, variables, modes, limits)
    evaluate.margin = dict.fromkeys(evaluate.margin, 0.0)
    x = variables.of(layout.join(dict(coefficients)))
    model = models_of(evaluate, [x])[0]
    if model.excess > MISSED + BINDS:
        return math.inf
    eye = np.eye(len(x))
    low, high = variables.bounds.T
    edges = [*(-eye[x <= low + BINDS]), *eye[x >= high - BINDS]]
    binding = np.array([*edges, *model.rows[model.missed > -BINDS]]).reshape(-1, len(x))
    duals = nnls(binding.T, -model.slope)[0] if len(binding) else np.zeros(0)
    return float(np.abs(model.slope + binding.T @ duals).max())
