"""What was decided during a run, in words with numbers; and its curves."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision.

    Attributes
    ----------
    step : how many steps had been made
    kind : "measured", "planned", "rolled back" or "note"
    words : the decision with its reason
    numbers : {name: number}
    """

    step: int
    kind: str
    words: str
    numbers: dict[str, float] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As a dictionary that torch.save takes."""
        return asdict(self)


def curves_of(
    log: Sequence[Decision], batch_losses: Sequence[float], rates: Sequence[float]
) -> dict[str, np.ndarray]:
    """The data of the picture of a derived run, (T,) by step and by measurement (M,) or plan (S,)."""
    measured = [each for each in log if each.kind == "measured"]
    planned = [each for each in log if "momentum" in each.numbers]
    back = [each.step for each in log if each.kind == "rolled back"]
    return {
        "steps": np.arange(1, len(batch_losses) + 1),
        "batch_loss": np.array(batch_losses),
        "rate": np.array(rates),
        "measured_at": np.array([each.step for each in measured]),
        "measured_loss": np.array([each.numbers["loss"] for each in measured]),
        "curvature": np.array([each.numbers["top"] for each in measured]),
        "planned_at": np.array([each.step for each in planned]),
        "momentum": np.array([each.numbers["momentum"] for each in planned]),
        "exponent": np.array([each.numbers["exponent"] for each in planned]),
        "rolled_back_at": np.array(back, dtype=float),
    }
