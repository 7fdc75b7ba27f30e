"""Limits on a course as rows of a moment program: steps near the edge of stability, and the loss."""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from ...rules.families import Clock
from ...rules.families.response import edge_share, linear_rows
from ..limits import CourseLimits
from .coupled_program import symbols_of_step
from .moment_program import MomentProgram
from .variables import coefficient_table


@dataclass(frozen=True, kw_only=True, eq=False)
class LimitRows:
    """Rows g of a program that limits keep small.

    Attributes
    ----------
    shares : column of h_max/h*_t, curvatures being in units of the largest; none without a cap
    losses : column of log L_t/L_0 above the floor, t = 1 … T; none without a limit of the rise
    """

    shares: ca.MX
    losses: ca.MX

    @property
    def rows(self) -> ca.MX:
        """g."""
        return ca.vertcat(self.shares, self.losses)

    def ranges(self, limits: CourseLimits, start_loss: float) -> np.ndarray:
        """(rows, 2): -∞ and what is allowed, for a loss at the start above the floor.

        floor + L_t ≤ rise·(floor + L_0) is L_t/L_0 ≤ rise + (rise - 1)·floor/L_0.
        """
        allowed = limits.rise + (limits.rise - 1) * limits.floor / start_loss
        upper = [limits.cap] * self.shares.numel() + [np.log(allowed)] * self.losses.numel()
        return np.column_stack([np.full(len(upper), -np.inf), upper])


def limit_rows(
    moments: MomentProgram, limits: CourseLimits, nodes: int, x: ca.MX, p: ca.MX
) -> LimitRows:
    """The rows of a program's limits, as functions of its coefficients x and numbers p."""
    shares = losses = ca.MX(0, 1)
    if np.isfinite(limits.cap):
        shares = _shares(moments, x)
    if np.isfinite(limits.rise):
        course = moments.losses(nodes, x, p)
        losses = ca.log(course[1:] / course[0])
    return LimitRows(shares=shares, losses=losses)


def _shares(moments: MomentProgram, x: ca.MX) -> ca.MX:
    """h_max/h*_t of every step; once where it is the same at all of them."""
    family = moments.family
    column, t, values = symbols_of_step(family)
    rows = linear_rows(family, values, Clock(step=t, horizon=moments.horizon))
    share = ca.SX(edge_share(rows, 1.0))
    function = ca.Function("edge_share", [column, t], [share])
    varies = any(each.varies for each in family.coefficients) or ca.depends_on(share, t)
    count = moments.horizon if varies else 1
    table = coefficient_table(moments.coefficients, x)[:, :count]
    return function.map(count)(table, ca.DM(np.arange(count)).T).T
