"""One step of a moment program and its derivatives, for all steps and modes at once.

With s the upper triangle of E x xᵀ of a mode, u the coefficients of the step, z = K(u)s + c(u) the
moments after it and p the costate of z,

    H(u, s, p) = p·z + a ℓ(u)·z + e (f(u)·s + f₀(u))

is the step's Hamiltonian: a and e weigh the loss ℓ·z after the step and the effort f·s + f₀ of it.
"""

from functools import cached_property

import casadi as ca
import numpy as np

from ...rules.families import Clock, Family
from ...rules.families.response import linear_rows, readout_row
from ...support.vectorised import Vectorised
from ..programs.coupled_program import symbols_of_step
from ..programs.moment_model import MomentLayout
from ..programs.moment_program import MomentKernel

NUMBERS = 5  # ρ, q, centre, multiplicative noise, the share of round-off


class Stage:
    """The functions of one step of a linear family.

    Every function takes arrays (size, …) whose other axes broadcast to (T, N), steps and modes, and
    gives arrays (T, entries, N).

    Parameters
    ----------
    family : Family, linear
    horizon : T
    layout : MomentLayout, of which ``size`` is the length of s

    Attributes
    ----------
    width : m, coefficients of a step
    """

    def __init__(self, family: Family, horizon: int, layout: MomentLayout):
        self.layout = layout
        column, t, values = symbols_of_step(family)
        self.width = column.numel()
        moments, costate = ca.SX.sym("s", layout.size), ca.SX.sym("p", layout.size)
        h, v, numbers = ca.SX.sym("h"), ca.SX.sym("v"), ca.SX.sym("numbers", NUMBERS)
        prices = ca.SX.sym("prices", 2)
        clock = Clock(step=t, horizon=horizon)
        kernel = MomentKernel(layout, h, v, numbers)
        kernel.set_rule(linear_rows(family, values, clock))
        answer = readout_row(family, values, clock) if family.has_readout else None
        after, effort = kernel.advance(moments)
        loss = h / 2 * kernel.spread(after, answer)
        total = ca.dot(costate, after) + prices[0] * loss + prices[1] * effort
        self._column, self._moments = column, moments
        self._total = total
        self._given = [column, t, h, v, numbers]
        self._all = [*self._given, prices, moments, costate]
        self._step = after, effort, h / 2 * kernel.spread(moments, answer)

    @cached_property
    def system(self) -> "GridFunction":
        """(u, t, h, v, numbers) -> K as columns, c, ℓ, f, f₀."""
        after, effort, loss = self._step
        moments = self._moments
        nothing = ca.SX.zeros(self.layout.size)
        outputs = [
            ca.vec(ca.densify(ca.jacobian(after, moments))),
            ca.densify(ca.substitute(after, moments, nothing)),
            ca.densify(ca.gradient(loss, moments)),
            ca.densify(ca.gradient(effort, moments)),
            ca.densify(ca.substitute(effort, moments, nothing)),
        ]
        return GridFunction("system", self._given, outputs)

    @cached_property
    def slope(self) -> "GridFunction":
        """(u, t, h, v, numbers, (a, e), s, p) -> ∂H/∂u."""
        return GridFunction(
            "slope", self._all, [ca.densify(ca.gradient(self._total, self._column))]
        )

    @cached_property
    def gain(self) -> "GridFunction":
        """(u, t, h, v, numbers, s) -> ∂z/∂u as columns (one for each u)."""
        after = self._step[0]
        outputs = [ca.vec(ca.densify(ca.jacobian(after, self._column)))]
        return GridFunction("gain", [*self._given, self._moments], outputs)

    @cached_property
    def bend(self) -> "GridFunction":
        """The same arguments -> ∂²H/∂u∂u as columns, ∂²H/∂s∂u as columns (one for each u)."""
        slope = ca.gradient(self._total, self._column)
        outputs = [
            ca.vec(ca.densify(ca.jacobian(slope, self._column))),
            ca.vec(ca.densify(ca.jacobian(slope, self._moments).T)),
        ]
        return GridFunction("bend", self._all, outputs)


class GridFunction:
    """A CasADi function of columns on a grid of steps and modes, by NumPy."""

    def __init__(self, name: str, inputs: list[ca.SX], outputs: list[ca.SX]):
        self._function = Vectorised(ca.Function(name, inputs, outputs, {"cse": True}))

    @property
    def is_numpy(self) -> bool:
        """Whether NumPy has all of its operations."""
        return self._function.steps is not None

    def __call__(self, shape: tuple[int, int], *arguments: np.ndarray) -> list[np.ndarray]:
        """Arrays (size, …) that broadcast to (size, T, N) in, (T, entries, N) out."""
        return self._function.on_grid(shape, *arguments)
