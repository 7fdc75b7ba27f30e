"""GlobalCertificate: what the grid says about a plan, NumPy only."""

import enum
from dataclasses import dataclass, field

from ....support.arguments import AnyNumber, Entries, checked
from ....support.estimates import with_error
from ....support.results import Result
from ...solution import Plan
from .outside import Outside


class Verdict(enum.Enum):
    """Whether a plan is the global optimum of the problem, inside the box and outside.

    ``advice`` says what to do with the answer.
    """

    GLOBAL = "global"
    NOT_GLOBAL = "not global"
    UNDECIDED = "undecided"

    @property
    def advice(self) -> str:
        return _ADVICE[self]

    def __str__(self) -> str:
        return self.value


_ADVICE = {
    Verdict.GLOBAL: (
        "use the plan; one cheaper by less than grid_error + outside.undercut could still hide,"
        " take more points to narrow it"
    ),
    Verdict.NOT_GLOBAL: (
        "use better_plan, and give the local solver more starts for problems like this one"
    ),
    Verdict.UNDECIDED: (
        "read the message: take more points, a larger margin or box, state lower bounds of L and Φ"
        " (loss_at_least, terminal_at_least), or give the local solver more starts"
    ),
}


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class GlobalCertificate(Result):
    """The verdict of the Hamilton-Jacobi-Bellman equation on a plan.

    Attributes
    ----------
    verdict : Verdict, "global", "not global" or "undecided"; ``verdict.advice`` says what to do
    message : str, the reasons with all numbers
    plan_cost : float, J of the plan in question
    grid_value : float, V(start, t = 0) on the grid
    grid_error : float
        Estimated error of ``grid_value``: 1.5 times the largest difference to the grid of twice the
        spacing near the start. Meant for first order (a start beside a kink of V); where V is
        smooth, at third order, it is about ten times the error. Where nothing excludes plans that
        leave the box, the influence of the walls on the value at the start is added; ∞ if no lower
        bound of L is known outside.
    better_plan : Plan or None, a cheaper plan that the grid's path led the local solver to
    axes : n arrays (N_i,), node coordinates
    value : (N_1, …), V(·, t = 0) on the nodes
    box : (n, 2), what the grid covers; ``outside`` says what is known of the rest
    margin : float or None
        By how much the derived box exceeds the places named in ``certify_global``; None: box given.
    times, path : (K+1,), (K+1, n), the optimal path read off the grid, not polished
    outside : Outside
        What is known of plans that leave the box: the lower bounds of L and what they come to.
    left_box : bool, whether that path or the plan comes to a wall of the box
    method : str, the numerical scheme
    seconds : float
    """

    verdict: Verdict
    message: str
    plan_cost: AnyNumber
    grid_value: AnyNumber
    grid_error: AnyNumber
    better_plan: Plan | None
    axes: tuple[Entries, ...] = field(repr=False)
    value: Entries = field(repr=False)
    box: Entries
    margin: AnyNumber | None
    times: Entries = field(repr=False)
    path: Entries = field(repr=False)
    outside: Outside
    left_box: bool
    method: str
    seconds: AnyNumber

    @property
    def is_global(self) -> bool:
        return self.verdict is Verdict.GLOBAL

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.summary()})"

    @checked
    def summary(self) -> str:
        """One line: verdict, plan against grid, the outside, the grid and the time taken."""
        nodes = "x".join(str(len(axis)) for axis in self.axes)
        known = f"nothing known outside the box, {self.outside.advice}"
        if self.outside.excluded:
            known = "nothing outside the box can pay"
        return (
            f"{self.verdict}: plan J = {self.plan_cost:.8g},"
            f" grid V = {with_error(self.grid_value, self.grid_error, 'two grids', digits=6)},"
            f" {known} ({nodes} nodes, {self.method}, {self.seconds:.2f} s)"
        )
