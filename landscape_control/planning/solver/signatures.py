"""What calls of the solver may be given, as annotations of their signatures."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict

from ...support.arguments import (
    Count,
    Discount,
    Duration,
    Horizon,
    LearningRate,
    LossWeight,
    TerminalWeight,
    Vector,
    Whole,
)
from ..transcription import Transcription
from .guesses import MOST_STARTS

Method = Literal["auto", "action", "collocation", "shooting"]
Starts = Annotated[int, Whole(low=1, high=MOST_STARTS)]


class ProblemNumbers(TypedDict, total=False):
    """What may change from solve to solve."""

    horizon: Horizon
    discount: Discount
    learning_rate: LearningRate
    loss_weight: LossWeight
    terminal_weight: TerminalWeight
    start: Vector
    end: Vector | None


class SolverOptions(TypedDict, total=False):
    """Options of :class:`Solver` that :func:`solve` hands on."""

    method: Method | Transcription
    solver: Literal["auto", "fatrop", "ipopt"]
    max_elements: Count
    max_doublings: Count
    time_limit: Duration
    options: Mapping[str, object] | None
    keep_log: bool
