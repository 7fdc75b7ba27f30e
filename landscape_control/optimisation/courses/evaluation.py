"""Costs and limits of many courses at once, by single steps or by spans of them."""

from dataclasses import dataclass

import numpy as np

from ...rules.families import Family
from .limits import CourseLimits
from .modes import Modes
from .moments import Outcome, stepped
from .rule_rows import RuleRows, edges, rule_rows
from .spans import Spans, spanned
from .variables import Variables

NOTHING = 1e-14  # of the loss at the start, added before the logarithm
MARGIN = 3e-4  # logarithm by which a search stays inside limits, so that its end satisfies them
ELEMENTS = 20_000  # numbers in an array, beyond which spans no longer fit the processor's cache


@dataclass(frozen=True, kw_only=True, eq=False)
class Values:
    """Of C courses.

    Attributes
    ----------
    costs : (C,) log of the final excess loss over that at the start; ∞ where it is not finite
    limits : (K, C), log of what is limited over its limit: at most 0 where it is satisfied
    """

    costs: np.ndarray
    limits: np.ndarray

    @property
    def excess(self) -> np.ndarray:
        """(C,): the largest of the limits, 0 where all are satisfied."""
        if not len(self.limits):
            return np.zeros(len(self.costs))
        return np.maximum(self.limits.max(axis=0), 0.0)


class Evaluation:
    """Courses of one family on one set of modes.

    Parameters
    ----------
    spans : None for single steps

    Attributes
    ----------
    count : int, courses evaluated so far
    """

    def __init__(
        self,
        family: Family,
        variables: Variables,
        modes: Modes,
        limits: CourseLimits,
        spans: Spans | None = None,
    ):
        self.family, self.variables, self.modes = family, variables, modes
        self.limits, self.spans, self.count = limits, spans, 0
        self._times = np.arange(variables.layout.horizon) if spans is None else spans.middles

    def __call__(self, x: np.ndarray) -> Values:
        """Of courses x (C, n)."""
        size = len(x)
        if self.spans is not None:
            size = max(1, ELEMENTS // (len(self._times) * len(self.modes.curvatures)))
        parts = [self._values(x[begin : begin + size]) for begin in range(0, len(x), size)]
        return Values(
            costs=np.concatenate([part.costs for part in parts]),
            limits=np.concatenate([part.limits for part in parts], axis=1),
        )

    def outcome(self, x: np.ndarray) -> tuple[RuleRows, Outcome]:
        """Rows and moments of courses (C, n)."""
        self.count += len(x)
        rows = rule_rows(
            self.family, self.variables.layout, self.variables.coefficients(x), self._times
        )
        if self.spans is None:
            return rows, stepped(rows, self.modes)
        return rows, spanned(rows, self.modes, self.spans)

    def _values(self, x: np.ndarray) -> Values:
        rows, outcome = self.outcome(x)
        with np.errstate(all="ignore"):
            costs = np.log(outcome.costs / self.modes.start_loss + NOTHING)
            limits = np.concatenate(limited(rows, outcome, self.modes, self.limits))
        costs[~np.isfinite(costs)] = np.inf
        limits[np.isnan(limits)] = np.inf
        return Values(costs=costs, limits=limits)


def limited(
    rows: RuleRows, outcome: Outcome, modes: Modes, limits: CourseLimits
) -> list[np.ndarray]:
    """[(B, C) of the cap, (B, C) of the rise], MARGIN + log of each over its limit, if it is finite."""
    parts = [np.empty((0, rows.sets))]
    if np.isfinite(limits.cap):
        share = edges(rows, modes.largest)
        parts.append(np.log(np.maximum(share, 1e-300) / limits.cap) + MARGIN)
    if np.isfinite(limits.rise):
        ratio = (outcome.losses[1:] + modes.floor) / (outcome.losses[0] + modes.floor)
        parts.append(np.log(ratio / limits.rise) + MARGIN)
    return parts
