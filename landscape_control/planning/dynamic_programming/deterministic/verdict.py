"""What the grid's value, its paths and the bounds outside the box amount to for a plan."""

from dataclasses import dataclass

from ....support.estimates import with_error
from ...solution import Plan, Status
from .certificate import Verdict
from .outside import Outside

USABLE = (Status.CONVERGED, Status.REFINEMENT_CAP)  # plans whose cost can be compared
_ROUNDING = 1e-6  # of a cost, or of the range of V: no difference


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """All that a verdict on a plan rests on.

    Attributes
    ----------
    plan : the plan in question
    polished : usable plans that the local solver made of the grid's paths, cheapest first
    grid_value, grid_error : V at the start, and its estimated error
    left_box : whether the optimal path or the plan comes to a wall of the box
    outside : what is known of plans that leave the box
    scale : the range of V around the start
    """

    plan: Plan
    polished: list[Plan]
    grid_value: float
    grid_error: float
    left_box: bool
    outside: Outside
    scale: float

    @property
    def best(self) -> Plan | None:
        """The cheapest plan that the grid's paths led to."""
        return self.polished[0] if self.polished else None

    @property
    def tolerance(self) -> float:
        """By how much two plans' costs may differ without meaning anything."""
        errors = self.plan.cost_error + (self.best.cost_error if self.best else 0.0)
        return _ROUNDING * max(abs(self.plan.cost), self.scale) + 3 * errors

    def judged(self) -> tuple[Verdict, str, Plan | None]:
        """(verdict, reason, better plan or None)."""
        plan, best = self.plan, self.best
        grid = with_error(self.grid_value, self.grid_error, "two grids", digits=6)
        numbers = f"plan J = {plan.cost:.8g}, grid V = {grid}"
        if best and best.cost < plan.cost - self.tolerance:
            reason = f"The grid's path leads to a cheaper plan, J = {best.cost:.8g} ({numbers})."
            return Verdict.NOT_GLOBAL, reason, best
        for holds, doubt in self._doubts():
            if holds:
                return Verdict.UNDECIDED, f"Undecided ({numbers}): {doubt}.", None
        least = self.grid_error + self.outside.undercut
        reason = (
            f"No plan, inside the box or outside, is cheaper by more than {least:.2g} ({numbers})."
        )
        return Verdict.GLOBAL, reason, None

    def _doubts(self):
        """(whether it holds, reason to doubt), the most serious first."""
        plan, best, outside = self.plan, self.best, self.outside
        gap, known = plan.cost - self.grid_value, self.grid_error + self.tolerance
        return (
            (outside.doubt is not None and not outside.bounded, outside.doubt),
            (
                self.left_box,
                "the optimal path or the plan comes to a wall of the box, beyond which nothing is"
                " known: take a larger margin or box",
            ),
            (outside.doubt is not None, outside.doubt),
            (
                plan.status not in USABLE,
                f"the plan itself is not converged ({plan.status}): solve again first",
            ),
            (
                gap > known,
                "the grid sees a cheaper path that the local solver did not reach from it: take"
                " more points and more starts",
            ),
            (
                gap < -known,
                "the plan is cheaper than the grid's value, so the grid is too coarse for its own"
                " error estimate: take more points",
            ),
            (
                best is None,
                "the local solver did not converge from the grid's path: take more points",
            ),
            (
                best is not None and best.cost > plan.cost + self.tolerance,
                "the grid's path leads to a costlier plan, and the grid cannot tell the two apart:"
                " take more points",
            ),
        )
