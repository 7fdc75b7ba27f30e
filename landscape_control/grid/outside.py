"""Can anything outside the box pay? Lower bounds of the problem, the box grown until they settle it, and the verdict."""

import math
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ..arrays import number
from ..errors import ProblemError
from .beyond import Beyond
from .leaving import Leaving, end_cost, least_cost_of_leaving, loss_until
from .lower_bounds import LowerBounds
from .mesh import Grid
from .value import ValueFunction, value_function

SHARE = 0.02  # of what the plan costs above the lowest cost conceivable: less is not worth a larger box
_FACTOR = 1.5  # by which the box grows
_BOXES = 14  # boxes tried at most
_NODES = {1: 3201, 2: 151**2}  # of the fine grid, where more are not asked for
_ZERO = 1e-9  # of the range of the loss: what counts as zero where the horizon has no end and no discount


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What is known of plans that leave the box.

    Attributes
    ----------
    excluded : bool, whether no plan that leaves the box can be cheaper than the plan in question, as far as the grid tells
    leaving : Leaving, the explicit lower bound of the cost of a plan that leaves, over all times and walls
    undercut : float, by how much the grid's value at the start falls if all of the outside is relaxed to one point where
        the loss is its lower bound, and the loss between the nodes is bounded below too (:class:`Beyond`); ∞ where no
        finite lower bound is known
    loss_inside, loss_outside : float, lower bounds of L in the box and outside it
    terminal_outside : float, lower bound of κΦ outside
    source : str, "interval arithmetic", or "stated by the user" where a statement of the user was sharper
    boxes : int, how many boxes were tried
    """

    excluded: bool
    leaving: Leaving
    undercut: float
    loss_inside: float
    loss_outside: float
    terminal_outside: float
    source: str
    boxes: int

    @property
    def advice(self) -> str:
        """What would settle the question where ``excluded`` is False."""
        if not math.isfinite(self.loss_outside):
            return "where L is not bounded below as far as is known: state a bound that you can vouch for, loss_at_least=…"
        if not math.isfinite(self.terminal_outside):
            return "where Φ is not bounded below as far as is known: state a bound that you can vouch for, terminal_at_least=…"
        return "which can still influence the value at the start: take a larger box or margin, or more points"

    @property
    def sentence(self) -> str:
        """What is known, in one sentence."""
        bounds = f"L ≥ {self.loss_inside:.4g} inside and {self.loss_outside:.4g} outside ({self.source})"
        if not self.excluded:
            return (f"Bounds: {bounds}; a plan that leaves costs at least {self.leaving.cost:.4g}; with the outside relaxed "
                    f"the value falls by {self.undercut:.3g}.")
        if self.leaving.cost < math.inf and self.leaving.cost > -math.inf:
            least = f"a plan that leaves costs at least {self.leaving.cost:.4g} (by {self.leaving.wall} at t = " \
                    f"{self.leaving.time:.3g})"
        else:
            least = "the box cannot be left in time" if self.leaving.cost > 0 else "no explicit bound"
        return (f"Nothing outside the box can pay: {least}; with the outside relaxed the value falls by "
                f"{self.undercut:.3g}; {bounds}.")


@dataclass(frozen=True, kw_only=True)
class Statements:
    """Lower bounds of L and Φ that the user vouches for, None where there is none."""

    loss: float | None
    terminal: float | None

    @classmethod
    def of(cls, problem, loss, terminal):
        """Checked numbers; a statement about Φ needs a terminal cost."""
        if terminal is not None and problem.objective.terminal is None:
            raise ProblemError("terminal_at_least", expected="a problem with a terminal cost", received=repr(terminal),
                               advice="leave terminal_at_least out")
        return cls(loss=None if loss is None else number("loss_at_least", loss),
                   terminal=None if terminal is None else number("terminal_at_least", terminal))


class Bounded:
    """A problem with its lower bounds: what plans can cost at least, for one box after another."""

    def __init__(self, problem, statements: Statements):
        self.problem, self.statements = problem, statements
        theta = ca.SX.sym("theta", problem.dimension)
        self.loss = ca.Function("loss", [theta], [ca.densify(problem.model.loss_at(theta))])
        self.terminal = ca.Function("terminal", [theta], [ca.densify(problem.model.terminal_at(theta))])
        self.loss_bounds, self.terminal_bounds = LowerBounds(self.loss), LowerBounds(self.terminal)

    def examine(self, box: np.ndarray, counts, cost: float, boxes: int = 1) -> tuple[Outside, ValueFunction]:
        """All bounds for one box, and V on every other node; ``cost`` is that of the best plan known."""
        fine = Grid.over(box, counts)
        grid = fine.coarser()
        self._refuse_false_statements(grid)
        inside, outside, source = self._loss(grid)
        terminal_inside, terminal_outside = self._terminal(grid)
        everywhere = min(terminal_inside, terminal_outside)
        leaving = least_cost_of_leaving(self.problem, box, inside=inside, anywhere=min(inside, outside), terminal=everywhere)
        lowest = self._lowest(min(inside, outside), everywhere)
        usual, undercut = value_function(self.problem, grid, slices=1), math.inf
        if math.isfinite(lowest):
            beyond = self._beyond(inside, outside, terminal_outside, fine)
            undercut = usual.at(self.problem.start) - self._relaxed(grid, beyond)
        above = min(cost, usual.at(self.problem.start)) - lowest
        excluded = undercut <= SHARE * above or above <= 1e-9 * abs(lowest)
        found = Outside(excluded=bool(excluded), leaving=leaving, undercut=max(undercut, 0.0), loss_inside=inside,
                        loss_outside=outside, terminal_outside=terminal_outside, source=source, boxes=boxes)
        return found, usual

    def _beyond(self, inside, outside, terminal, fine):
        objective = self.problem.objective
        return Beyond(running=objective.loss_weight * outside if objective.loss_weight > 0 else 0.0, terminal=terminal,
                      loss=self.loss, terminal_cost=self.terminal, terminal_weight=objective.terminal_weight,
                      lowest=inside, finer=fine)

    def _relaxed(self, grid, beyond):
        """The relaxed value at the start; -∞ where the grid cannot follow its speeds."""
        try:
            return value_function(self.problem, grid, slices=1, beyond=beyond).at(self.problem.start)
        except ProblemError:
            return -math.inf

    def _loss(self, grid):
        """Lower bounds (inside, outside) of the loss, and where they come from."""
        losses = self.problem.landscape.loss(grid.points)
        endless = math.isinf(self.problem.objective.horizon) and self.problem.objective.discount == 0
        start = float(self.problem.start_derivatives[0][0])
        resolution = max(1e-3 * (start - losses.min()), 1e-6 * np.ptp(losses))
        if endless:
            resolution = 0.1 * _ZERO * np.ptp(losses)
        found = [self.loss_bounds.inside(grid.box, resolution), self.loss_bounds.outside(grid.box, resolution)]
        stated = -math.inf if self.statements.loss is None else self.statements.loss
        bounds = np.maximum(found, stated)
        if endless:  # the loss vanishes at its minimum
            bounds = np.where((bounds < 0) & (bounds >= -_ZERO * np.ptp(losses)), 0.0, bounds)
        source = "stated by the user" if stated > min(found) else "interval arithmetic"
        return float(bounds[0]), float(bounds[1]), source

    def _terminal(self, grid):
        """Lower bounds of κΦ (inside, outside)."""
        problem, weight = self.problem, self.problem.objective.terminal_weight
        if problem.end is not None:
            value = weight * float(problem.model.terminal_cost(problem.end)[0])
            return value, value
        if problem.objective.terminal is None or weight == 0:
            return 0.0, 0.0
        values = problem.model.terminal_cost(grid.points)
        start = float(problem.model.terminal_cost(problem.start)[0])
        resolution = max(1e-3 * (start - values.min()), 1e-6 * np.ptp(values))
        found = [self.terminal_bounds.inside(grid.box, resolution), self.terminal_bounds.outside(grid.box, resolution)]
        statements = [self.statements.terminal]
        if problem.objective.terminal == "loss":
            statements.append(self.statements.loss)
        stated = max((one for one in statements if one is not None), default=-math.inf)
        return tuple(float(weight * bound) for bound in np.maximum(found, stated))

    def _lowest(self, loss, terminal):
        """The lowest cost conceivable: standing on the least loss for ever, free of charge."""
        objective = self.problem.objective
        return float(loss_until(objective, np.zeros(1), loss, loss)[0]) + end_cost(objective, terminal)

    def _refuse_false_statements(self, grid):
        model, landscape = self.problem.model, self.problem.landscape
        centre = grid.box.mean(axis=1)
        points = np.concatenate([centre + scale * (grid.points - centre) for scale in (1.0, 3.0, 10.0, 100.0)])
        for name, stated, function in (("loss_at_least", self.statements.loss, landscape.loss),
                                       ("terminal_at_least", self.statements.terminal, model.terminal_cost)):
            if stated is None:
                continue
            values = np.nan_to_num(function(points), nan=np.inf)
            worst = int(np.argmin(values))
            if values[worst] < stated - 1e-12 * abs(stated):
                raise ProblemError(name, expected="a number that the function nowhere falls below", received=f"{stated:g}",
                                   advice=f"at θ = {np.round(points[worst], 4).tolist()} it is {values[worst]:.6g}: state a "
                                          "lower bound that holds everywhere, or leave it out")


def grown(bounded: Bounded, box: np.ndarray, counts, cost: float):
    """(box, counts, Outside, V on every other node): the smallest box tried for which nothing outside can pay, or the last one within the limits.

    The box grows about its centre and the grid with it, so that the spacing stays; from the number of nodes allowed on, the
    spacing widens, to four times its first value at most.
    """
    first, most = np.ptp(box, axis=1) / (np.array(counts) - 1), max(_NODES[len(counts)], math.prod(counts))
    outside, coarse = bounded.examine(box, counts, cost)
    for tried in range(2, _BOXES + 1):
        if outside.excluded or not math.isfinite(outside.undercut):
            break
        centre, half = box.mean(axis=1), np.ptp(box, axis=1) / 2
        larger = np.column_stack([centre - _FACTOR * half, centre + _FACTOR * half])
        nodes = _allowed(np.ptp(larger, axis=1) / first + 1, most)
        if (np.ptp(larger, axis=1) / (np.array(nodes) - 1) > 4.01 * first).any():
            break
        try:
            outside, coarse = bounded.examine(larger, nodes, cost, boxes=tried)
        except ProblemError:  # a function is not defined there, or the grid cannot follow the speeds: the last box stays
            break
        box, counts = larger, nodes
    return box, counts, outside, coarse


def _allowed(wanted, most):
    """Odd numbers of nodes in the proportions wanted, ``most`` in all."""
    shrink = min((most / np.prod(wanted)) ** (1 / len(wanted)), 1.0)
    return tuple(int(2 * math.ceil((count * shrink - 1) / 2) + 1) for count in wanted)
