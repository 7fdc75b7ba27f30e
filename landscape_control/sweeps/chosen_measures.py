"""The measures that a sweep is given: one or several, by name, address or function."""

from collections import Counter

from ..support.errors import ProblemError
from .columns import NOTES
from .measures import ALL, Measure, as_measure


def chosen_measures(given: object) -> tuple[tuple[Measure, ...], list[str]]:
    """(measures, their addresses).

    Raises ProblemError for none, two of one name, and names that every dataset has.
    """
    given = given if isinstance(given, list | tuple) else [given]
    if not given:
        raise ProblemError(
            "measure",
            expected="at least one measure",
            received="none",
            advice='e.g. measure=["cost"]',
        )
    measures = tuple(map(as_measure, given))
    names = [measure.name for measure in measures]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        advice = (
            "give functions names of their own: def final(solution): ..., "
            "or measures.Measure(name='final', function=lambda cell: ...)"
        )
        if twice[0] in ALL:
            advice = f"keep one {twice[0]!r}"
        raise ProblemError(
            "measure",
            expected="different names",
            received=", ".join(names),
            advice=advice,
        )
    if set(names) & set(NOTES):
        raise ProblemError(
            "measure",
            expected=f"other names than {', '.join(NOTES)}",
            received=", ".join(names),
            advice="these are variables of every sweep; rename the function",
        )
    return measures, [
        asked if isinstance(asked, str) else measure.address
        for asked, measure in zip(given, measures, strict=True)
    ]
