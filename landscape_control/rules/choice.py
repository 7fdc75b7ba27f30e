"""One choice for all comparisons: the simplest rule, unless a richer one does better by a factor."""

from collections.abc import Sequence
from typing import Annotated

from ..arguments import Range
from ..errors import ProblemError

Margin = Annotated[float, Range(low=1)]
MARGIN = 2.0  # factor by which a richer rule must reduce the score of a simpler one


def simplest(
    scores: Sequence[float], richness: Sequence, *, resolution: float, margin: float = MARGIN
) -> int:
    """Index of the simplest candidate whose score is within a factor of the least one.

    Scores below ``resolution`` are not distinguished:

        max(score, resolution)  <=  margin · max(least score, resolution).

    A factor, not a difference: a rule that costs 0.7 % too much is no synonym of one that costs
    0.001 % too much, although both are small.

    Parameters
    ----------
    scores : of the candidates, >= 0 up to round-off, the smaller the better; NaN is never chosen
    richness : of the candidates, anything that can be ordered, the smaller the simpler
    resolution : in the units of the scores
    margin : >= 1

    Raises
    ------
    ProblemError
        No candidate has a score.
    """
    known = [index for index, score in enumerate(scores) if score == score]
    if not known:
        raise ProblemError(
            "scores",
            expected="at least one that is a number",
            received=f"{len(scores)} scores, all of them NaN" if len(scores) else "none",
            advice="choose among rules that apply",
        )
    floored = {index: max(float(scores[index]), resolution) for index in known}
    least = min(floored.values())
    close = [index for index in known if floored[index] <= margin * least]
    return min(close, key=lambda index: (richness[index], scores[index]))
