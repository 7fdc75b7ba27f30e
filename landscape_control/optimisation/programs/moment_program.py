"""Exact moment programs: the expected cost of a linear rule over random quadratics, by CasADi.

Given the curvature the second moments S = E x xᵀ propagate linearly, S' = A S Aᵀ + n v nᵀ + q. One
mode's cost and derivatives are built once and mapped over the quadrature nodes, so that the time of
a gradient is linear in steps x nodes.

In double precision a sum like (A S Aᵀ)_ij is off by up to γ Σ_kl |A_ik S_kl A_jl|, γ = (d² + 2)u. By
|S_kl|² <= S_kk S_ll a symmetric matrix of such errors is, as a quadratic form, at most
ε diag(Σ_k A_ik² S_kk) with ε = d²γ. The programs add this as if it were noise, where a transient
grows and sums cancel it is what J would be lost in: J with it less J without it bounds the round-off
of J to first order, and an optimiser that sees J with it finds no minima that are round-off alone.
It is hardly any work: the square terms of all sums are multiplied by 1 + ε. Entries of A that are
sums themselves, such as 1 - αh, are off by up to uG, G the sum of the sizes of their parts: their
squares gain εG(|A_ik| + εG), without which a rule that cancels to zero seems to stay there.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import casadi as ca
import numpy as np

from ...rules.families import Clock, Family, Layout
from ...rules.families.elementwise import Value
from ...rules.families.response import linear_rows, readout_row
from .moment_model import MomentLayout

_DEEP = 3  # levels to which two expressions are compared when asked whether they are equal
REFERENCE = -2  # where the packed numbers hold the cost that J is divided by; the floor follows it


@dataclass(frozen=True, kw_only=True, eq=False)
class MomentProgram:
    """The expected cost J over one family's coefficients; all other numbers are parameters.

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
    def coefficients(self) -> Layout:
        """Of the variables."""
        return self.family.layout(self.horizon)

    @property
    def shared_size(self) -> int:
        """Length of what all nodes share.

        Weights of the loss (T) and of the effort (T), ρ, q, centre, multiplicative noise, the share
        ε of round-off.
        """
        return 2 * self.horizon + 5

    @property
    def node_size(self) -> int:
        """Numbers that every node has of its own.

        Moments at the start, curvature, noise variance, weight.
        """
        return self.layout.size + 3

    @cached_property
    def mode(self) -> tuple[ca.SX, list[ca.SX]]:
        """(cost of one mode, [coefficients, shared numbers, moments at the start, curvature, noise
        variance]).
        """
        x, shared = ca.SX.sym("c", self.coefficients.size), ca.SX.sym("shared", self.shared_size)
        start, h, v = ca.SX.sym("start", self.layout.size), ca.SX.sym("h"), ca.SX.sym("v")
        steps, moments = self.horizon, start
        cost, kernel = ca.SX(0), MomentKernel(self.layout, h, v, shared[2 * steps :])
        for t in range(steps):
            values, clock = self.coefficients.at_step(x, t), Clock(step=t, horizon=steps)
            kernel.set_rule(linear_rows(self.family, values, clock))
            moments, effort = kernel.advance(moments)
            answer = readout_row(self.family, values, clock) if self.family.has_readout else None
            loss = h / 2 * kernel.spread(moments, answer)
            cost += shared[t] * loss + shared[steps + t] * effort
        return cost, [x, shared, start, h, v]

    @cached_property
    def value(self) -> ca.Function:
        """(c, shared, start, h, v) -> cost of one mode."""
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
        return (len(packed) - 2 - self.shared_size) // self.node_size

    def packed_size(self, nodes: int) -> int:
        """Length of the packed numbers of N nodes."""
        return self.shared_size + self.node_size * nodes + 2

    def weights_of(self, nodes: int, p: ca.MX) -> ca.MX:
        """The weights (N,) among the packed numbers."""
        return p[REFERENCE - nodes : REFERENCE]

    def mapped(self, which: str, nodes: int, x: ca.MX, p: ca.MX) -> list[ca.MX]:
        """Costs (1, N), gradients (n, N), Hessians (n², N) at all nodes, from the packed numbers p."""
        s = self.shared_size
        function = getattr(self, which).map(f"{which}_{nodes}", "serial", nodes, [0, 1], [])
        ends = s + np.cumsum([0, self.layout.size * nodes, nodes, nodes])
        start, curvatures, noise = (
            p[int(low) : int(high)] for low, high in zip(ends[:-1], ends[1:], strict=True)
        )
        starts = ca.reshape(start, self.layout.size, nodes)
        outputs = function(x, p[:s], starts, curvatures.T, noise.T)
        return list(outputs) if isinstance(outputs, tuple) else [outputs]

    def expected(self, which: str, nodes: int, x: ca.MX, p: ca.MX) -> list[ca.MX]:
        """[J] of a "value", with ∇J of a "slope", and with ∇²J as a column of a "curvature"."""
        weights = self.weights_of(nodes, p)
        return [part @ weights for part in self.mapped(which, nodes, x, p)]

    def nlp(self, nodes: int, *, exact: bool) -> tuple[dict, dict]:
        """(nlp, derivatives) of minimising log(J/reference + floor), whose minimiser is J's.

        With N quadrature nodes. Numbers p: shared, then moments at the start, curvatures, noise
        variances and weights of the nodes, then reference and floor.
        """
        n = self.coefficients.size
        x, p = ca.MX.sym("x", n), ca.MX.sym("p", self.packed_size(nodes))
        reference = p[REFERENCE]
        level = p[-1] * reference
        cost = self.expected("value", nodes, x, p)[0] + level
        value, slopes = self.expected("slope", nodes, x, p)
        # ∇ log(J + level) = ∇J / (J + level)
        logarithm = ca.log((value + level) / reference)
        gradient = ca.Function(
            "nlp_grad_f",
            [x, p],
            [logarithm, slopes / (value + level)],
            ["x", "p"],
            ["f", "grad_f_x"],
        )
        derivatives = {"grad_f": gradient}
        if exact:
            value, slopes, curved = self.expected("curvature", nodes, x, p)
            # ∇² log(J + level) = ∇²J / (J + level) - the square of its gradient
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


Rows = list[list[ca.SX]]


class MomentKernel:
    """S as a vector to S' as a vector; its matrix is kept while the rule stays the same."""

    def __init__(self, layout: MomentLayout, h: ca.SX, v: ca.SX, numbers: ca.SX):
        self.layout, self.h, self.v = layout, h, v
        self.rho, self.q, self.centre, self.multiplicative, self.round_off = ca.vertsplit(numbers)
        self.rows: Rows | None = None
        # vec(S) of the whole matrix = double @ its upper triangle, of which ``keep`` are the places
        d = layout.dimension
        whole = [i + d * j for i in range(d) for j in range(d)]
        packed = [layout.place(i, j) for i in range(d) for j in range(d)]
        self.double = ca.DM.triplet(whole, packed, ca.DM.ones(d * d), d * d, layout.size)
        self.keep = [i + d * j for i, j in layout.pairs]
        # where S'_ii reads S_kk, and a row's square does
        self.squares = ca.DM(layout.size, layout.size)
        self.squares_of_row = ca.DM(1, layout.size)
        for k in range(d):
            self.squares_of_row[0, layout.place(k, k)] = 1
            for i in range(d):
                self.squares[layout.place(i, i), layout.place(k, k)] = 1

    def set_rule(self, rows: list[list[Value]]) -> None:
        """Set the step's matrices from the rule's rows, unless they are those of the step before."""
        symbols = [[ca.SX(entry) for entry in row] for row in rows]
        if self.rows is None or not _same(symbols, self.rows):
            self.rows = symbols
            self._build(symbols)

    def _build(self, rows: Rows) -> None:
        layout = self.layout
        move, *state = (self._over_state(row) for row in rows)
        matrix = ca.vertcat(_unit(layout.dimension, 0) + move, *state, *self._minimum_rows())
        nothing = ca.SX(layout.moving + layout.affine, 1)  # no noise of gradients enters μ or 1
        noise = ca.vertcat(*[row[1] for row in rows], nothing)
        drift = ca.SX(layout.dimension, layout.dimension)
        if layout.moving:
            drift[layout.minimum, layout.minimum] = self.q
        self.matrix = self._paired(matrix) + self._rounded(rows, matrix)
        self.heard = ca.sparsify(ca.vec(noise @ noise.T)[self.keep])  # per unit of noise variance
        self.drift = ca.sparsify(ca.vec(drift)[self.keep])
        # rules with momentum carry Δθ in their state, where E|Δθ|² can be read off
        dense = ca.densify(move)
        carrying = [k for k, row in enumerate(state) if ca.is_equal(ca.densify(row), dense, _DEEP)]
        self.effort_place: int | None = None
        if carrying:
            place = 1 + carrying[0]
            self.effort_place = layout.place(place, place)
        else:
            square = ca.kron(move, move) @ self.double
            self.effort_row = (square * (1 + self.round_off * self.squares_of_row), rows[0][1] ** 2)

    def advance(self, moments: ca.SX) -> tuple[ca.SX, ca.SX]:
        """(S', E|Δθ|²)."""
        # (h(θ-μ))² is the gradient's square, of which the noise is a share
        variance = self.v + self.multiplicative * self.h**2 * self.spread(moments)
        following = self.matrix @ moments + self.heard * variance + self.drift
        if self.effort_place is not None:
            return following, following[self.effort_place]
        row, heard = self.effort_row
        return following, row @ moments + heard * variance

    def spread(self, moments: ca.SX, answer: list[Value] | None = None) -> ca.SX:
        """E(θ - μ)², or E(x - μ)² of a readout x, a row over (θ, state…)."""
        row = {0: 1} if answer is None else dict(enumerate(answer))
        if self.layout.moving:
            row[self.layout.minimum] = -1
        square = ca.SX(0)
        for i, j in product(row, row):
            share = 1 + self.round_off if i == j else 1
            square += share * row[i] * row[j] * moments[self.layout.place(i, j)]
        return square

    def _over_state(self, row: list[ca.SX]) -> ca.SX:
        """A row over (θ, y, state…) as a row over x, with y = h(θ - μ)."""
        over_x = ca.SX(1, self.layout.dimension)
        entries = {0: row[0] + self.h * row[1]}
        entries |= {1 + k: entry for k, entry in enumerate(row[2:])}
        if self.layout.moving:
            entries[self.layout.minimum] = -self.h * row[1]
        for place, entry in entries.items():
            if not entry.is_zero():
                over_x[0, place] = entry
        return over_x

    def _minimum_rows(self) -> list[ca.SX]:
        """The rows of μ' and of the entry that is always 1, where they are carried."""
        d, rows = self.layout.dimension, []
        if self.layout.moving:
            moved = self.rho * _unit(d, self.layout.minimum)
            if self.layout.affine:
                moved[0, d - 1] = (1 - self.rho) * self.centre
            rows.append(moved)
        if self.layout.affine:
            rows.append(_unit(d, d - 1))
        return rows

    def _paired(self, matrix: ca.SX) -> ca.SX:
        """A S Aᵀ as a matrix on the upper triangle of S, its squares multiplied by 1 + ε."""
        exact = ca.sparsify(ca.kron(matrix, matrix)[self.keep, :] @ self.double)
        return ca.sparsify(exact * (1 + self.round_off * self.squares))

    def _rounded(self, rows: Rows, matrix: ca.SX) -> ca.SX:
        """What S'_ii gains because entries of A like 1 - αh are sums, off by up to uG."""
        gained = ca.SX(self.layout.size, self.layout.size)
        for i, row in enumerate(rows):
            parts = [ca.SX(1.0)] if i == 0 else []
            parts += [part for part in (row[0], self.h * row[1]) if not part.is_zero()]
            if len(parts) < 2:
                continue
            size = sum(ca.fabs(part) for part in parts)
            off = self.round_off * size
            place = self.layout.place(i, i), self.layout.place(0, 0)
            gained[place] = off * (ca.fabs(matrix[i, 0]) + off)
        return gained


def _same(rows: Rows, others: Rows) -> bool:
    return all(
        ca.is_equal(entry, other, _DEEP)
        for row, other_row in zip(rows, others, strict=True)
        for entry, other in zip(row, other_row, strict=True)
    )


def _unit(size: int, place: int) -> ca.SX:
    row = ca.SX(1, size)
    row[0, place] = 1
    return row
