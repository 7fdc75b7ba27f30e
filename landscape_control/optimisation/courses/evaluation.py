"""Costs and limits of many courses at once, by single steps or by spans of them."""

from dataclasses import dataclass

import numpy as np

from ...rules.families import Family
from ..limits import CourseLimits
from .modes import Modes
from .moments import Outcome, stepped
from .rule_rows import rule_rows
from .single import stepped_one
from .spans import Spans, spanned
from .variables import Variables

# Of the highest loss on the way, added before the logarithm: second moments that have grown leave
# round-off of 1e-16 of their size, which a search would take for a small loss.
NOTHING = 1e-12
MARGIN = 3e-4  # logarithm by which a search stays inside limits, so that its end satisfies them
RELEVANT = 1e-2  # of the floor, an excess loss that is half as relevant as one far above the floor
ELEMENTS = 100_000  # numbers in an array, beyond which spans no longer fit the processor's cache


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

    def split(self, counts: list[int]) -> "list[Values]":
        """Those of consecutive groups of so many courses."""
        places = np.cumsum(counts)[:-1]
        costs = np.split(self.costs, places)
        limits = np.split(self.limits, places, axis=1)
        pairs = zip(costs, limits, strict=True)
        return [Values(costs=one, limits=other) for one, other in pairs]


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """C courses x (C, n) with what they come to, their rates and shares of the edge (B, C)."""

    x: np.ndarray
    outcome: Outcome
    rates: np.ndarray
    shares: np.ndarray

    def one(self, k: int) -> "Batch":
        """One of them, as a batch of its own."""
        kept = slice(k, k + 1)
        outcome = Outcome(costs=self.outcome.costs[kept], losses=self.outcome.losses[:, kept])
        rates, shares = self.rates[:, kept], self.shares[:, kept]
        return Batch(x=self.x[kept], outcome=outcome, rates=rates, shares=shares)


class Evaluation:
    """Courses of one family on one set of modes.

    Parameters
    ----------
    spans : None for single steps

    Attributes
    ----------
    count : int, courses evaluated so far
    last : Batch, that of the last call
    margin : {limit: logarithm by which the search stays inside it}
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
        self.margin = dict.fromkeys(("cap", "rise"), MARGIN)
        self.last: Batch | None = None
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

    def course(self, x: np.ndarray) -> Batch:
        """The one course x (n,), from the last batch if it was in there."""
        if self.last is None or not (self.last.x == x).all(axis=1).any():
            self.last = self._batch(x[None])
        place = np.flatnonzero((self.last.x == x).all(axis=1))[0]
        return self.last.one(int(place))

    def relevance(self, cost: float) -> float:
        """How much of a relative change of the excess loss matters, from its logarithm.

        Little where the excess is far below a percent of the floor.
        """
        excess = np.exp(min(cost, 0.0)) * self.modes.start_loss
        return float(excess / (excess + RELEVANT * self.modes.floor)) if excess else 0.0

    def _batch(self, x: np.ndarray) -> Batch:
        self.count += len(x)
        coefficients = self.variables.coefficients(x)
        rows = rule_rows(self.family, self.variables.layout, coefficients, self._times)
        spans = self.spans
        if spans is not None:
            outcome = spanned(rows, self.modes, spans)
        else:
            outcome = (stepped_one if len(x) == 1 else stepped)(rows, self.modes)
        shares = rows.share * self.modes.largest
        return Batch(x=x, outcome=outcome, rates=-rows.gains[0], shares=shares)

    def _values(self, x: np.ndarray) -> Values:
        self.last = batch = self._batch(x)
        with np.errstate(all="ignore"):
            heights = batch.outcome.losses.max(axis=0)
            costs = np.log((batch.outcome.costs + NOTHING * heights) / self.modes.start_loss)
        over = [part + self.margin[name] for name, part in self.over(batch).items()]
        limits = np.concatenate([np.empty((0, len(x))), *over])
        costs[~np.isfinite(costs)] = np.inf
        limits[np.isnan(limits)] = np.inf
        return Values(costs=costs, limits=limits)

    def over(self, batch: Batch) -> dict[str, np.ndarray]:
        """{limit: (B, C), log of what it limits over it}, of limits that are not ∞."""
        limits, parts = self.limits, {}
        with np.errstate(all="ignore"):
            if np.isfinite(limits.cap):
                parts["cap"] = np.log(np.maximum(batch.shares, 1e-300) / limits.cap)
            if np.isfinite(limits.rise):
                losses = batch.outcome.losses + self.modes.floor
                parts["rise"] = np.log(losses[1:] / losses[0] / limits.rise)
        return parts
