"""From fits to a verdict: parsimony, equivalence, identifiability."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..rules.choice import simplest
from .criteria import Conclusion, Criteria
from .verdict import RuleFit

Judgement = tuple[Conclusion, tuple[RuleFit, ...], tuple[str, ...]]


def judge(rows: Sequence[RuleFit], targets: np.ndarray, criteria: Criteria) -> Judgement:
    """(conclusion, rows in order, keys of the rules that cannot be told apart).

    1. Two rules are equivalent here when their fitted controls differ by at most ``resolution`` ·
       rms|u|.
    2. The preferred rule, among those that fit if any does, is the simplest whose error, floored at
       ``resolution``, is within a factor ``margin`` of the smallest: a richer rule has to earn its
       place.
    3. Among the rules equivalent to the preferred one, those with more coefficients explain no more
       for more, and those that contain another of them are that other rule in a limit (the
       linear-quadratic rule at large γ *is* gradient descent). If more than one remains, the data
       cannot decide.
    """
    rows = _mark_equivalent(rows, targets, criteria)
    rows = [
        replace(
            row,
            identifiable=len(_basic(row, rows)) == 1 and row.condition <= 1 / criteria.resolution,
        )
        for row in rows
    ]
    fitting = [row for row in rows if row.error <= criteria.threshold]
    preferred = _preferred(fitting or rows, criteria)
    basic = _basic(preferred, rows)
    preferred = min(basic, key=lambda row: row.rule.richness)
    rows.sort(key=lambda row: (row is not preferred, _score(row, criteria), row.rule.richness))
    if not fitting:
        return Conclusion.NONE_FITS, tuple(rows), ()
    if len(basic) > 1:
        keys = {preferred.key, *preferred.equivalent_to}
        return (
            Conclusion.NOT_IDENTIFIABLE,
            tuple(rows),
            tuple(row.key for row in rows if row.key in keys),
        )
    return Conclusion.RULE, tuple(rows), ()


def _mark_equivalent(rows, targets, criteria):
    controls = [np.concatenate([part.ravel() for part in row.fitted]) for row in rows]
    size = np.linalg.norm(targets)

    def same(one, other):
        with np.errstate(invalid="ignore"):
            gap = np.linalg.norm(
                controls[one] - controls[other]
            )  # NaN (undefined somewhere) is never the same
        return one != other and gap <= criteria.resolution * size

    return [
        replace(row, equivalent_to=tuple(rows[j].key for j in range(len(rows)) if same(i, j)))
        for i, row in enumerate(rows)
    ]


def _basic(row, rows):
    """The rules that give the controls of ``row`` with the fewest coefficients and contain no other
    one that does.
    """
    keys = {row.key, *row.equivalent_to}
    same = [other for other in rows if other.key in keys]
    fewest = min(len(other.coefficients) for other in same)
    lean = {other.key for other in same if len(other.coefficients) == fewest}
    return [other for other in same if other.key in lean and not other.rule.contains & lean]


def _preferred(rows, criteria):
    errors = [row.error for row in rows]
    richness = [row.rule.richness for row in rows]
    chosen = simplest(errors, richness, resolution=criteria.resolution, margin=criteria.margin)
    return rows[chosen]


def _score(row, criteria):
    return max(row.error, criteria.resolution)
