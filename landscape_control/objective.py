"""What the learner pays: horizon, discount, price of moving, weight of the loss, terminal cost."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from .arrays import number
from .errors import ProblemError, named
from .recordable import HoldsFunctions


@named
@dataclass(frozen=True, kw_only=True, eq=False)
class Objective(HoldsFunctions):
    """J = ∫₀ᵀ e^{-γt} [uᵀGu/2η + k L(θ)] dt + e^{-γT} κ Φ(θ(T))   (VGR25, action functional).

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
        Φ; "loss" is Φ = L. A callable maps a CasADi vector θ to a scalar.
    terminal_weight : float
        κ ≥ 0.
    """

    horizon: float
    discount: float = 0.0
    learning_rate: float = 1.0
    loss_weight: float = 1.0
    terminal: str | Callable | None = None
    terminal_weight: float = 1.0

    def __post_init__(self):
        checked = {
            "horizon": number("horizon T", self.horizon, low=0, low_open=True, allow_inf=True),
            "discount": number("discount γ", self.discount, low=0),
            "learning_rate": number("learning_rate η", self.learning_rate, low=0, low_open=True, allow_inf=True),
            "loss_weight": number("loss_weight k", self.loss_weight, low=0),
            "terminal_weight": number("terminal_weight κ", self.terminal_weight, low=0),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.terminal is not None and self.terminal != "loss" and not callable(self.terminal):
            raise ProblemError(
                "terminal cost Φ",
                expected="None, 'loss' or a function of θ",
                received=repr(self.terminal),
                advice="pass terminal='loss' for Φ = L, or a CasADi-traceable function",
            )
        if self.terminal is not None and math.isinf(self.horizon):
            raise ProblemError(
                "terminal cost Φ",
                expected="a finite horizon when a terminal cost is given",
                received="horizon = inf",
                advice="drop the terminal cost or choose a finite horizon",
            )
