"""What the learner pays: horizon, discount, price of moving, weight of the loss, terminal cost."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Literal

from ..support.arguments import (
    Discount,
    Duration,
    Horizon,
    LossWeight,
    TerminalWeight,
    Words,
    checked,
)
from ..support.errors import ProblemError
from ..support.recordable import HoldsFunctions


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Objective(HoldsFunctions):
    """J = ∫₀ᵀ e^{-γt} [uᵀGu/2η + k L(θ)] dt + e^{-γT} κ Φ(θ(T))   (VGR25, action functional).

    Theory: equation :eq:`problem`.

    Attributes
    ----------
    horizon : float
        T > 0; ``math.inf`` allowed.
    discount : float
        γ ≥ 0, a rate per unit time; 1/γ is the planning horizon when T is infinite.
    learning_rate : float
        η > 0, how cheap it is to move. ``math.inf`` makes movement free (policy programs only).
    loss_weight : float
        k ≥ 0; 0 only where something else is paid for the loss.
    terminal : None, "loss" or callable
        Φ; "loss" is Φ = L. A callable maps a vector θ to a scalar, by NumPy or CasADi.
    terminal_weight : float
        κ ≥ 0.
    """

    horizon: Horizon
    discount: Discount = 0.0
    learning_rate: Annotated[Duration, Words(symbol="η")] = 1.0
    loss_weight: LossWeight = 1.0
    terminal: Literal["loss"] | Callable | None = None
    terminal_weight: TerminalWeight = 1.0

    def __post_init__(self):
        if self.terminal is not None and math.isinf(self.horizon):
            raise ProblemError(
                "terminal cost Φ",
                expected="a finite horizon when a terminal cost is given",
                received="horizon = inf",
                advice="drop the terminal cost or choose a finite horizon",
            )


# the numbers of an objective, which may change without another program being built
OBJECTIVE_NUMBERS = tuple(field.name for field in fields(Objective) if field.name != "terminal")
