"""Can anything outside the box pay? What the lower bounds of a problem come to for one box."""

import math
from dataclasses import dataclass, replace

import casadi as ca
import numpy as np

from ....model.problem import ControlProblem
from ....support.arguments import AnyNumber, checked
from ....support.arrays import number
from ....support.errors import ProblemError
from ..bounds.beyond import BetweenNodes, Beyond
from ..bounds.leaving import Leaving, end_cost, least_cost_of_leaving, loss_until
from ..bounds.lower_bounds import LowerBounds
from ..mesh import Grid
from .value import ValueFunction, value_function

# of what the plan costs above the lowest cost conceivable: less is not worth a larger box
_SHARE = 0.02
LOOKING_STEPS = 20_000  # of a march while the box is looked for
_TRIVIAL = 1e-6  # of the range of V around the start: no difference
# of the range of the loss: a bound that counts as zero where the horizon has no end and no discount
_ZERO = 1e-4


@checked
@dataclass(frozen=True, kw_only=True)
class Outside:
    """What is known of plans that leave the box.

    Attributes
    ----------
    excluded : bool
        Whether no plan that leaves the box can be cheaper than the plan in question, by the
        explicit bound or because ``through_walls`` is small.
    resolved : bool
        Whether the loss between the nodes cannot hide anything that matters (the rest of
        ``undercut`` is small).
    leaving : Leaving
        The explicit lower bound of the cost of a plan that leaves, over all times and walls.
    undercut : float
        By how much the grid's value at the start falls if all of the outside is relaxed to one
        point where the loss is its lower bound, and the loss between the nodes is bounded below as
        well (:class:`Beyond`); ∞ where no finite lower bound is known.
    through_walls : float
        The part of the outside in it, at most; separated only where ``undercut`` is not small.
    loss_inside, loss_outside : float, lower bounds of L in the box and outside it
    terminal_outside : float, lower bound of κΦ outside
    source : str
        "interval arithmetic", or "stated by the user" where a statement of the user was sharper.
    boxes : int, how many boxes were tried
    """

    excluded: bool
    resolved: bool
    leaving: Leaving
    undercut: AnyNumber
    through_walls: AnyNumber
    loss_inside: AnyNumber
    loss_outside: AnyNumber
    terminal_outside: AnyNumber
    source: str
    boxes: int

    @property
    def doubt(self) -> str | None:
        """Why the grid's value is not that of the whole problem, and what to do; None where it is."""
        if not self.excluded:
            return f"not certified: nothing known outside the box, {self.advice}"
        if not self.resolved:
            return (
                "not certified: between the nodes the loss can be lower than the grid knows, by"
                f" enough to lower the value by {self.undercut - self.through_walls:.3g}: take more"
                " points, or a smaller box"
            )
        return None

    @property
    def bounded(self) -> bool:
        """Whether finite lower bounds of L and Φ outside the box are known."""
        return math.isfinite(self.loss_outside) and math.isfinite(self.terminal_outside)

    @property
    def advice(self) -> str:
        """What to do where nothing is known outside the box, as the end of a sentence."""
        if not math.isfinite(self.loss_outside):
            return (
                "where no lower bound of L was found: state one that you can vouch for,"
                " loss_at_least=…"
            )
        if not math.isfinite(self.terminal_outside):
            return (
                "where no lower bound of Φ was found: state one that you can vouch for,"
                " terminal_at_least=…"
            )
        return (
            "which can still influence the value at the start: take a larger box or margin, or more"
            " points"
        )

    @property
    def sentence(self) -> str:
        """What is known of the outside, in one sentence."""
        outside = "no lower bound is known"
        if math.isfinite(self.loss_outside):
            outside = f"{self.loss_outside:.4g}"
        bounds = f"L ≥ {self.loss_inside:.4g} inside, {outside} outside ({self.source})"
        least = "what a plan that leaves costs at least is not known"
        if math.isfinite(self.leaving.cost):
            least = (
                f"a plan that leaves costs at least {self.leaving.cost:.4g} (by"
                f" {self.leaving.wall} at t = {self.leaving.time:.3g})"
            )
        elif self.leaving.cost > 0:
            least = "no plan that leaves has a finite cost"
        relaxed = "by how much the outside may lower the value at the start is not known"
        if math.isfinite(self.undercut):
            relaxed = (
                "with the outside relaxed to one point of that loss the value falls by"
                f" {self.undercut:.2g}"
            )
        head = "Nothing outside the box can pay" if self.excluded else "Outside the box"
        return f"{head}: {bounds}, {least}, {relaxed}."


@dataclass(frozen=True, kw_only=True)
class Statements:
    """Lower bounds of L and Φ that the user vouches for, None where there is none."""

    loss: float | None
    terminal: float | None

    @classmethod
    def of(
        cls, problem: ControlProblem, loss: float | None, terminal: float | None
    ) -> "Statements":
        """Checked numbers; a statement about Φ needs a terminal cost."""
        if terminal is not None and problem.objective.terminal is None:
            raise ProblemError(
                "terminal_at_least",
                expected="a problem with a terminal cost",
                received=repr(terminal),
                advice="leave terminal_at_least out",
            )
        return cls(
            loss=None if loss is None else number("loss_at_least", loss),
            terminal=None if terminal is None else number("terminal_at_least", terminal),
        )


class Bounded:
    """A problem with its lower bounds: what plans can cost at least, for one box after another."""

    def __init__(self, problem: ControlProblem, statements: Statements):
        self.problem, self.statements = problem, statements
        theta = ca.SX.sym("theta", problem.dimension)
        self.loss = ca.Function("loss", [theta], [ca.densify(problem.model.loss_at(theta))])
        self.terminal = ca.Function(
            "terminal", [theta], [ca.densify(problem.model.terminal_at(theta))]
        )
        self.loss_bounds, self.terminal_bounds = LowerBounds(self.loss), LowerBounds(self.terminal)

    def examine(
        self,
        box: np.ndarray,
        counts: tuple[int, ...],
        cost: float,
        *,
        boxes: int = 1,
        steps: int = LOOKING_STEPS,
    ) -> tuple[Outside, ValueFunction]:
        """All bounds for one box, and V on every other node.

        ``cost`` is that of the best plan known.
        """
        fine = Grid.over(box, counts)
        grid = fine.coarser()
        inside, outside, source = self._loss(grid)
        terminal_inside, terminal_outside = self._terminal(grid)
        everywhere = min(terminal_inside, terminal_outside)
        leaving = least_cost_of_leaving(
            self.problem, box, inside=inside, anywhere=min(inside, outside), terminal=everywhere
        )
        lowest = self._lowest(min(inside, outside), everywhere)
        usual = value_function(self.problem, grid, slices=1, max_steps=steps)
        value = usual.at(self.problem.start)
        above = min(cost, value) - lowest
        enough = _SHARE * above if math.isfinite(above) else 0.0
        undercut, through_walls = self._undercuts(
            usual, (inside, outside, terminal_outside), fine, steps, enough, lowest
        )
        # a plan at the lowest cost conceivable needs no other proof
        attained = cost - lowest <= _TRIVIAL * range_near(self.problem.start, usual)
        if attained:
            undercut = min(undercut, max(cost - lowest, 0.0))
        known = Outside(
            excluded=bool(attained or leaving.cost > cost or through_walls <= enough),
            resolved=bool(attained or undercut - through_walls <= enough),
            leaving=leaving,
            undercut=undercut,
            through_walls=through_walls,
            loss_inside=inside,
            loss_outside=outside,
            terminal_outside=terminal_outside,
            source=source,
            boxes=boxes,
        )
        return known, usual

    def _undercuts(self, usual, bounds, fine, steps, enough, lowest):
        """(undercut, through the walls alone).

        The second is computed only where the first is not small enough.
        """
        if not math.isfinite(lowest):
            return math.inf, math.inf
        inside, outside, terminal = bounds
        value, weight = usual.at(self.problem.start), self.problem.objective.loss_weight
        nodes = BetweenNodes(loss=self.loss, terminal=self.terminal, lowest=inside, finer=fine)
        walls = Beyond(running=weight * outside if weight > 0 else 0.0, terminal=terminal)
        both = self._relaxed(usual.grid, replace(walls, nodes=nodes), steps)
        undercut = max(value - both, 0.0)
        if undercut <= enough:
            return undercut, undercut
        # without the walls' share the rest is that of the cells
        by_walls = max(value - self._relaxed(usual.grid, walls, steps), 0.0)
        return undercut, min(by_walls, undercut)

    def _relaxed(self, grid: Grid, beyond: Beyond, steps: int) -> float:
        """The relaxed value at the start; -∞ where the grid cannot follow its speeds."""
        try:
            relaxed = value_function(self.problem, grid, slices=1, beyond=beyond, max_steps=steps)
        except ProblemError:
            return -math.inf
        return relaxed.at(self.problem.start)

    def _loss(self, grid: Grid) -> tuple[float, float, str]:
        """Lower bounds (inside, outside) of the loss, and where they come from."""
        losses, objective = self.problem.landscape.loss(grid.points), self.problem.objective
        endless = math.isinf(objective.horizon) and objective.discount == 0
        start = float(self.problem.start_derivatives[0][0])
        # a thousandth of what there is to gain; finer than ``_ZERO`` where it has to tell zero
        resolution = max(1e-3 * (start - losses.min()), 1e-8 * np.ptp(losses))
        if endless:
            resolution = 0.1 * _ZERO * np.ptp(losses)
        proved = [
            self.loss_bounds.inside(grid.box, resolution),
            self.loss_bounds.outside(grid.box, resolution),
        ]
        stated = -math.inf if self.statements.loss is None else self.statements.loss
        bounds = np.maximum(proved, stated)
        # fast marching has checked that the loss vanishes at its minima; the bound excludes further
        # ones
        if endless:
            counts_as_zero = (bounds < 0) & (bounds >= -_ZERO * np.ptp(losses))
            bounds = np.where(counts_as_zero, 0.0, bounds)
        source = "stated by the user" if stated > min(proved) else "interval arithmetic"
        return float(bounds[0]), float(bounds[1]), source

    def _terminal(self, grid: Grid) -> tuple[float, float]:
        """Lower bounds of κΦ (inside, outside)."""
        problem, weight = self.problem, self.problem.objective.terminal_weight
        if problem.end is not None:
            value = weight * float(problem.model.terminal_cost(problem.end)[0])
            return value, value
        if problem.objective.terminal is None or weight == 0:
            return 0.0, 0.0
        values = problem.model.terminal_cost(grid.points)
        start = float(problem.model.terminal_cost(problem.start)[0])
        resolution = max(1e-3 * (start - values.min()), 1e-8 * np.ptp(values))
        proved = [
            self.terminal_bounds.inside(grid.box, resolution),
            self.terminal_bounds.outside(grid.box, resolution),
        ]
        statements = [self.statements.terminal]
        if problem.objective.terminal == "loss":  # what bounds L bounds Φ
            statements.append(self.statements.loss)
        stated = max((bound for bound in statements if bound is not None), default=-math.inf)
        inside, outside = np.maximum(proved, stated)
        return float(weight * inside), float(weight * outside)

    def _lowest(self, loss: float, terminal: float) -> float:
        """The lowest cost conceivable: standing on the least loss for ever, free of charge."""
        objective = self.problem.objective
        running = float(loss_until(objective, np.zeros(1), loss, loss)[0])
        return running + end_cost(objective, terminal)

    def refuse_false_statements(self, grid: Grid) -> None:
        """Refuse stated lower bounds that a sample in the grid's box or around it contradicts."""
        model, landscape = self.problem.model, self.problem.landscape
        centre = grid.box.mean(axis=1)
        offsets = grid.points - centre
        points = np.concatenate([centre + scale * offsets for scale in (1.0, 3.0, 10.0, 100.0)])
        statements = (
            ("loss_at_least", self.statements.loss, landscape.loss),
            ("terminal_at_least", self.statements.terminal, model.terminal_cost),
        )
        for name, stated, function in statements:
            if stated is None:
                continue
            values = np.nan_to_num(function(points), nan=np.inf)
            worst = int(np.argmin(values))
            if values[worst] >= stated - 1e-12 * abs(stated):
                continue
            place = np.round(points[worst], 4).tolist()
            raise ProblemError(
                name,
                expected="a number that the function nowhere falls below",
                received=f"{stated:g}",
                advice=(
                    f"at θ = {place} it is {values[worst]:.6g}: state a lower bound that holds"
                    " everywhere, or leave it out"
                ),
            )


def range_near(start: np.ndarray, value: ValueFunction) -> float:
    """The range of V over the five nodes to every side of the start."""
    at = np.rint(value.grid.cells(start)).astype(int)
    return float(np.ptp(value.now[tuple(slice(max(i - 5, 0), i + 6) for i in at)]))
