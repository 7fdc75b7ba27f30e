"""The proximal step: what is optimal when only the end counts."""

import math
from typing import TYPE_CHECKING

import numpy as np

from ..support.arguments import checked
from .information import Information, Observation
from .rule import Coefficient, Rule

if TYPE_CHECKING:
    from ..model.problem import ControlProblem


@checked
def proximal() -> Rule:
    """u = c (prox(θ) - θ)/T̃: implicit Euler on the terminal cost.

    One coefficient, but not linear in the landscape:
    prox(θ) = argmin_x |x-θ|²_G/2ηT̃ + e^{-γT}κΦ(x), T̃ = (e^{γT}-1)/γ (T for γ = 0); c = 1 is exact
    without running loss.
    """
    return Rule(
        key="proximal",
        name="proximal step",
        formula="u = c (prox_{ηTκΦ}(θ) - θ)/T",
        source="Rockafellar 1976; Parikh & Boyd 2014; VGR25 with the loss paid at the end only",
        sees=frozenset({Information.PROXIMAL}),
        coefficients=(Coefficient(name="scale", symbol="c", low=0.0),),
        directions=_towards,
        theory=_predict,
        objection=_object,
        contains=frozenset({"gradient_descent", "natural_gradient", "newton"}),
    )


def _towards(seen: Observation) -> np.ndarray:
    return seen[Information.PROXIMAL][:, :, None]


def _object(problem: "ControlProblem") -> str | None:
    if problem.objective.terminal is None or math.isinf(problem.objective.horizon):
        return "no terminal cost to step towards"
    if problem.end is not None:
        return "a fixed end"
    return "a drift, which the proximal step does not know" if problem.model.has_drift else None


def _predict(problem: "ControlProblem", hold: float) -> dict[str, float]:
    """c = 1 where only the end is paid for and G and B are constant."""
    is_fixed = problem.model.constant["metric"] and problem.model.constant["actuation"]
    is_exact = is_fixed and problem.objective.loss_weight == 0
    return {"scale": 1.0} if is_exact and not hold else {}
