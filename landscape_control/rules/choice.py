"""One choice for all comparisons: the simplest rule, unless a richer one does much better."""

import enum
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import numpy as np

from ..support.arguments import AnyNumber, Range, checked
from ..support.errors import ProblemError
from ..support.results import Result

Margin = Annotated[float, Range(low=1)]
MARGIN = 2.0  # factor by which a richer rule must reduce the score of a simpler one


class Conclusion(enum.Enum):
    """What a comparison may conclude."""

    RULE = "one rule fits"
    NOT_IDENTIFIABLE = "rules fit that cannot be told apart on this data"
    NONE_FITS = "no rule in the library fits"


class Nested(Protocol):
    """A rule as the choice sees it."""

    @property
    def key(self) -> str: ...

    @property
    def names(self) -> Sequence[str]:
        """Of its coefficients."""

    @property
    def contains(self) -> frozenset[str]:
        """Keys of the rules that are limits or special cases of it."""

    @property
    def richness(self) -> tuple:
        """Ascending from the simplest."""


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Selection(Result):
    """Which of several candidates it is.

    Attributes
    ----------
    conclusion : Conclusion
    name : of the preferred candidate; of the nearest one where none fits
    score : its score, the smaller the better
    margin : score of the best candidate that is told apart from it over its own, both at least the
        resolution; None without one
    candidates : {name: score}, the preferred one first, then by score alike : where it is not
    identifiable, the names that cannot be told apart, the preferred one first
    """

    conclusion: Conclusion
    name: str
    score: AnyNumber
    margin: AnyNumber | None
    candidates: Mapping[str, AnyNumber]
    alike: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """The name, "not identifiable", or "none"."""
        if self.conclusion is Conclusion.NONE_FITS:
            return "none"
        return self.name if self.conclusion is Conclusion.RULE else "not identifiable"


def share_of(margin: float) -> float:
    """The share of its score that a richer rule must save, for a factor ``margin`` >= 1."""
    return 1 - 1 / margin


def simplest(
    scores: np.ndarray,
    richness: Sequence,
    *,
    share: float,
    resolution: float = 0.0,
    noise: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Index of the simplest candidate that no other one beats, (...) integers.

    -1 where none has a score. With s = max(score, resolution), j beats i if it saves more than the
    share and the noise:

        s_i - s_j  >  max(share·|s_i|, noise·√(e_i² + e_j²)).

    A share, not a difference: a rule that costs 0.7 % too much is no synonym of one that costs
    0.001 % too much, although both are small.

    Parameters
    ----------
    scores : (F, ...) of the candidates, the smaller the better; one that is not finite is never
        chosen
    richness : (F,) anything that can be ordered, the smaller the simpler
    share : >= 0; for positive scores and a factor m of :func:`share_of`, s_i <= m·s_j
    resolution : in the units of the scores; scores below it are not distinguished
    noise : (F, ...) or a number, e above in units of the difference that counts
    """
    scores = np.asarray(scores, dtype=float)
    known = np.isfinite(scores)
    floored = np.where(known, np.maximum(scores, resolution), np.inf)
    noise = np.broadcast_to(np.asarray(noise, dtype=float), scores.shape)
    with np.errstate(invalid="ignore"):  # ∞ - ∞ of candidates without a score
        saved = floored[:, None] - floored[None]
    needed = np.maximum(share * np.abs(floored[:, None]), np.hypot(noise[:, None], noise[None]))
    beaten = (saved > needed).any(axis=1)
    return _simplest_of(known & ~beaten, scores, richness)


def _simplest_of(eligible: np.ndarray, scores: np.ndarray, richness: Sequence) -> np.ndarray:
    """The first by (richness, score) of the eligible candidates (F, ...), -1 where there is none."""
    ascending = sorted(set(richness))
    rank = np.array([ascending.index(level) for level in richness], dtype=float)
    rank = np.where(eligible, rank.reshape(-1, *[1] * (scores.ndim - 1)), np.inf)
    fewest = rank.min(axis=0)
    among = eligible & (rank == fewest)
    chosen = np.where(among, scores, np.inf).argmin(axis=0)
    return np.where(np.isfinite(fewest), chosen, -1)


def basic(rules: Collection[Nested]) -> list[Nested]:
    """Of rules that do the same, those with the fewest coefficients that contain no other of these.

    Richer ones explain no more for more; one that contains another is that other one in a limit
    (the linear-quadratic rule at large γ *is* gradient descent).
    """
    fewest = min(len(rule.names) for rule in rules)
    lean = {rule.key for rule in rules if len(rule.names) == fewest}
    return [rule for rule in rules if rule.key in lean and not rule.contains & lean]


def select(
    rules: Sequence[Nested],
    scores: Sequence[float],
    *,
    threshold: float,
    resolution: float,
    margin: float = MARGIN,
    same: Mapping[str, Collection[str]] | None = None,
) -> Selection:
    """Which of the rules it is, from their scores.

    1. The preferred rule is the :func:`simplest` of those with a score of at most ``threshold``.
       Where none has, there is nothing to prefer: the nearest one comes first, and of those that
       are as near to within ``resolution``, the simplest.
    2. Of the rules that do the same as it here, the :func:`basic` ones are left; if more than one
    is,
       the data cannot decide between them.

    Parameters
    ----------
    same : {key: keys of the rules that do the same on this data}, nothing by default

    Raises
    ------
    ProblemError
        No rule has a score.
    """
    scored = {rule.key: float(score) for rule, score in zip(rules, scores, strict=True)}
    known = [rule for rule in rules if math.isfinite(scored[rule.key])]
    if not known:
        raise ProblemError(
            "scores",
            expected="at least one that is a number",
            received=f"{len(rules)} scores, none of them finite" if len(rules) else "none",
            advice="choose among rules that apply",
        )
    fitting = [rule for rule in known if scored[rule.key] <= threshold]
    eligible = fitting or known
    # where none fits, scores within the resolution of each other are equal: two errors of
    # resolution/√2 add up to it
    chosen = simplest(
        np.array([scored[rule.key] for rule in eligible]),
        [rule.richness for rule in eligible],
        share=share_of(margin) if fitting else 0.0,
        resolution=resolution,
        noise=0.0 if fitting else resolution / math.sqrt(2),
    )
    first = eligible[int(chosen)]
    synonyms = same or {}
    alike = {first.key, *synonyms.get(first.key, ())}
    left = basic([rule for rule in rules if rule.key in alike])
    preferred = min(left, key=lambda rule: rule.richness)
    alike = {preferred.key, *synonyms.get(preferred.key, ())}

    conclusion = _conclusion(fitting, left)

    def order(rule: Nested) -> tuple:
        floored = max(scored[rule.key], resolution)
        return rule is not preferred, math.isnan(floored), floored, rule.richness

    ordered = sorted(rules, key=order)
    others = (scored[rule.key] for rule in ordered[1:] if rule.key not in alike)
    undecided = conclusion is Conclusion.NOT_IDENTIFIABLE
    return Selection(
        conclusion=conclusion,
        name=preferred.key,
        score=scored[preferred.key],
        margin=margin_between(scored[preferred.key], next(others, None), resolution),
        candidates={rule.key: scored[rule.key] for rule in ordered},
        alike=tuple(rule.key for rule in ordered if rule.key in alike) if undecided else (),
    )


def _conclusion(fitting: Sequence[Nested], left: Sequence[Nested]) -> Conclusion:
    if not fitting:
        return Conclusion.NONE_FITS
    return Conclusion.RULE if len(left) == 1 else Conclusion.NOT_IDENTIFIABLE


def margin_between(score: float, other: float | None, resolution: float) -> float | None:
    """The other score over this one, both at least the resolution; None without another."""
    if other is None:
        return None
    return max(other, resolution) / max(score, resolution)
