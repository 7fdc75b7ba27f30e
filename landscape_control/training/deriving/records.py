"""What was decided during a run, in words with numbers."""

from dataclasses import asdict, dataclass, field
from typing import Any


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
