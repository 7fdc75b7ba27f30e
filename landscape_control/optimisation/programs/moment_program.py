"""Exact moment programs: the expected cost of a linear rule over random quadratics, and its
derivatives, by CasADi.

Given the curvature the second moments S = E x xᵀ propagate linearly, S' = A S Aᵀ + n v nᵀ + q. One
mode's cost and derivatives are built once and mapped over the quadrature nodes, so that the time of
a gradient is linear in steps x nodes.
"""

from dataclasses import dataclass
from functools import cached_property

import casadi as ca
import numpy as np

from ...rules.families import Clock, Family
from ...rules.families.response import linear_rows
from .moment_model import MomentLayout

REFERENCE = -2  # where the packed numbers hold the cost that J is divided by; the floor follows it


@dataclass(frozen=True, kw_only=True, eq=False)
class MomentProgram:
    """The expected cost J over one family's coefficients for T steps; all other numbers are
    parameters.

    Attributes
    ----------
    family : Family, linear
    horizon : T
    layout : MomentLayout
    """

    family: Family
    horizon: int
    layout: MomentLayout

    @cached_property
    def coefficients(self):
        """Layout of the variables."""
        return self.family.layout(self.horizon)

    @property
    def shared_size(self) -> int:
        """Length of what all nodes share: loss weights (T), effort weights (T), moments at the
        start, ρ, q, centre.
        """
        return 2 * self.horizon + self.layout.size + 3

    @cached_property
    def mode(self) -> tuple[ca.SX, list[ca.SX]]:
        """(cost of one mode, [coefficients, shared numbers, curvature, noise variance])."""
        x, shared = ca.SX.sym("c", self.coefficients.size), ca.SX.sym("shared", self.shared_size)
        h, v = ca.SX.sym("h"), ca.SX.sym("v")
        steps, size = self.horizon, self.layout.size
        moments, drift = shared[2 * steps : 2 * steps + size], shared[2 * steps + size :]
        cost, kernel = ca.SX(0), _Kernel(self.layout, h, v, drift)
        for t in range(steps):
            clock = Clock(step=t, horizon=steps)
            kernel.set_rule(linear_rows(self.family, self.coefficients.at_step(x, t), clock))
            moments, effort = kernel.advance(moments)
            cost += shared[t] * h / 2 * kernel.spread(moments) + shared[steps + t] * effort
        return cost, [x, shared, h, v]

    @cached_property
    def value(self) -> ca.Function:
        """(c, shared, h, v) -> cost of one mode."""
        cost, inputs = self.mode
        return ca.Function("mode", inputs, [cost])

    @cached_property
    def slope(self) -> ca.Function:
        """Cost and gradient of one mode."""
        cost, inputs = self.mode
        return ca.Function("mode_slope", inputs, [cost, ca.densify(ca.gradient(cost, inputs[0]))])

    @cached_property
    def curvature(self) -> ca.Function:
        """Cost, gradient and Hessian (one column) of one mode."""
        cost, inputs = self.mode
        hessian, gradient = ca.hessian(cost, inputs[0])
        return ca.Function(
            "mode_curvature", inputs, [cost, ca.densify(gradient), ca.vec(ca.densify(hessian))]
        )

    def count_nodes(self, packed: np.ndarray) -> int:
        """How many quadrature nodes a vector of packed numbers has."""
        return (len(packed) - 2 - self.shared_size) // 3

    def mapped(self, which: str, nodes: int, x: ca.MX, p: ca.MX) -> list:
        """Costs (1, N), gradients (n, N), Hessians (n², N) at all nodes, from the packed numbers p."""
        s = self.shared_size
        function = getattr(self, which).map(f"{which}_{nodes}", "serial", nodes, [0, 1], [])
        outputs = function(x, p[:s], p[s : s + nodes].T, p[s + nodes : s + 2 * nodes].T)
        return list(outputs) if isinstance(outputs, tuple) else [outputs]

    def nlp(self, nodes: int, *, exact: bool) -> tuple[dict, dict]:
        """(nlp, derivatives) of minimising log(J/reference + floor), whose minimiser is J's, with N
        quadrature nodes.

        Numbers p: shared, curvatures, noise variances and weights of the nodes, reference, floor.
        """
        n, s = self.coefficients.size, self.shared_size
        x, p = ca.MX.sym("x", n), ca.MX.sym("p", s + 3 * nodes + 2)
        weights, reference = p[s + 2 * nodes : s + 3 * nodes], p[REFERENCE]
        level = p[-1] * reference
        cost = self.mapped("value", nodes, x, p)[0] @ weights + level
        value, slopes = (part @ weights for part in self.mapped("slope", nodes, x, p))
        slopes /= value + level
        derivatives = {
            "grad_f": ca.Function(
                "nlp_grad_f",
                [x, p],
                [ca.log((value + level) / reference), slopes],
                ["x", "p"],
                ["f", "grad_f_x"],
            )
        }
        if exact:
            value, slopes, curved = (
                part @ weights for part in self.mapped("curvature", nodes, x, p)
            )
            slopes = slopes / (value + level)
            hessian = ca.reshape(curved, n, n) / (value + level) - slopes @ slopes.T
            factor, rows = ca.MX.sym("lam_f"), ca.MX.sym("lam_g", 0)
            derivatives["hess_lag"] = ca.Function(
                "nlp_hess_l",
                [x, p, factor, rows],
                [ca.triu(factor * hessian)],
                ["x", "p", "lam_f", "lam_g"],
                ["triu_hess_gamma_x_x"],
            )
        return {"x": x, "f": ca.log(cost / reference), "p": p}, derivatives


class _Kernel:
    """S as a vector to S' as a vector, its matrix kept while the rule stays the same from step to
    step.
    """

    def __init__(self, layout: MomentLayout, h, v, drift):
        self.layout, self.h, self.v, (self.rho, self.q, self.centre) = (
            layout,
            h,
            v,
            ca.vertsplit(drift),
        )
        d = layout.dimension
        self.rows = None
        doubled = [(i + d * j, layout.place(i, j)) for i in range(d) for j in range(d)]
        self.double = ca.DM.triplet(
            *map(list, zip(*doubled, strict=True)), ca.DM.ones(d * d), d * d, layout.size
        )
        self.keep = [i + d * j for i, j in layout.pairs]

    def set_rule(self, rows):
        """Set the step's matrices from the rule's rows, unless they are those of the step before."""
        rows = [[ca.SX(entry) for entry in row] for row in rows]
        if self.rows is not None and all(
            ca.is_equal(new, old, 3)
            for line, before in zip(rows, self.rows, strict=True)
            for new, old in zip(line, before, strict=True)
        ):
            return
        self.rows = rows
        move, *state = (self._over_state(row) for row in rows)
        matrix = ca.vertcat(_unit(self.layout.dimension, 0) + move, *state, *self._minimum_rows())
        noise = ca.vertcat(
            *[row[1] for row in rows], ca.SX(self.layout.moving + self.layout.affine, 1)
        )
        gained = noise @ noise.T * self.v
        if self.layout.moving:
            gained[self.layout.minimum, self.layout.minimum] += self.q
        self.matrix = self._paired(matrix)
        self.gained = ca.sparsify(ca.vec(gained)[self.keep])
        same = [
            k for k, row in enumerate(state) if ca.is_equal(ca.densify(row), ca.densify(move), 3)
        ]
        self.effort_place = self.layout.place(1 + same[0], 1 + same[0]) if same else None
        if not same:
            self.effort_row = (ca.kron(move, move) @ self.double, rows[0][1] ** 2 * self.v)

    def advance(self, moments):
        """(S', E|Δθ|²)."""
        following = self.matrix @ moments + self.gained
        if self.effort_place is not None:
            return following, following[self.effort_place]
        row, noise = self.effort_row
        return following, row @ moments + noise

    def spread(self, moments):
        """E(θ - μ)²."""
        place, m = self.layout.place, self.layout.minimum
        if not self.layout.moving:
            return moments[0]
        return moments[0] - 2 * moments[place(0, m)] + moments[place(m, m)]

    def _over_state(self, row):
        """A row over (θ, y, state…) as a row over x, with y = h(θ - μ)."""
        over_x = ca.SX(1, self.layout.dimension)
        entries = {0: row[0] + self.h * row[1]} | {1 + k: entry for k, entry in enumerate(row[2:])}
        if self.layout.moving:
            entries[self.layout.minimum] = -self.h * row[1]
        for place, entry in entries.items():
            if not entry.is_zero():
                over_x[0, place] = entry
        return over_x

    def _minimum_rows(self):
        d, rows = self.layout.dimension, []
        if self.layout.moving:
            rows.append(self.rho * _unit(d, self.layout.minimum))
            if self.layout.affine:
                rows[-1][0, d - 1] = (1 - self.rho) * self.centre
        return [*rows, *([_unit(d, d - 1)] if self.layout.affine else [])]

    def _paired(self, matrix):
        return ca.sparsify(ca.kron(matrix, matrix)[self.keep, :] @ self.double)


def _unit(size, place):
    row = ca.SX(1, size)
    row[0, place] = 1
    return row
