"""The coefficients of a rule as variables of a program: each on its own scale, laid out over time."""

from typing import overload

import casadi as ca
import numpy as np

from ...rules.families import Coefficient, Layout

# variables of which the coefficients are exactly 0 and 1, so that a program may begin there
_LOG_OF_ZERO, _LOG_BELOW_ONE = -750.0, 50.0


class Scale:
    """Coefficients as functions of the program's variables, entry by entry.

    Steps of the variables mean the same everywhere. ``kinds`` (size,) are the scales of the
    entries: that of the coefficient, unless it would exclude admissible values.
    """

    def __init__(self, layout: Layout):
        kinds = [self._kind(coefficient) for coefficient in layout.coefficients]
        repeats = [
            layout.blocks(coefficient) * coefficient.size for coefficient in layout.coefficients
        ]
        self.kinds = np.repeat(np.array(kinds, dtype=object), repeats)

    @staticmethod
    def _kind(coefficient: Coefficient) -> str:
        if coefficient.varies:  # single steps may well be zero, where a logarithm never arrives
            return "linear"
        if coefficient.scale == "log" and coefficient.low >= 0:
            return "log"
        if coefficient.scale == "one minus" and coefficient.high <= 1:
            return "one minus"
        return "linear"

    def variables(self, coefficients: np.ndarray) -> np.ndarray:
        """x (…, size) of coefficients (…, size); finite for 0 on a scale of logarithms, and for 1."""
        c = np.asarray(coefficients, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithms = np.maximum(np.log(c), _LOG_OF_ZERO)
            below_one = np.minimum(-np.log1p(-c), _LOG_BELOW_ONE)
        x = np.where(self.kinds == "one minus", below_one, c)
        return np.where(self.kinds == "log", logarithms, x)

    @overload
    def coefficients(self, x: np.ndarray) -> np.ndarray: ...
    @overload
    def coefficients(self, x: ca.MX) -> ca.MX: ...
    def coefficients(self, x: np.ndarray | ca.MX) -> np.ndarray | ca.MX:
        """c of x: NumPy arrays (…, size), or a CasADi column."""
        if isinstance(x, ca.MX):
            back = {"log": ca.exp, "one minus": lambda v: -ca.expm1(-v), "linear": lambda v: v}
            pairs = zip(self.kinds, ca.vertsplit(x), strict=True)
            return ca.vertcat(*(back[kind](entry) for kind, entry in pairs))
        with np.errstate(over="ignore"):
            below_one = np.where(self.kinds == "one minus", -np.expm1(-np.asarray(x)), x)
            return np.where(self.kinds == "log", np.exp(x), below_one)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """dc/dx, entry by entry."""
        below_one = np.where(self.kinds == "one minus", np.exp(-np.asarray(x)), 1.0)
        return np.where(self.kinds == "log", np.exp(x), below_one)


def coefficient_table(layout: Layout, entries: ca.MX) -> ca.MX:
    """(coefficients of one step, T): column t is what the rule uses at step t.

    Zero at the steps before a coefficient has an effect.
    """
    rows = []
    for coefficient in layout.coefficients:
        own, blocks = entries[layout.slices[coefficient.name]], layout.blocks(coefficient)
        if coefficient.varies:
            before = ca.MX(coefficient.size, layout.horizon - blocks)
            rows.append(ca.horzcat(before, ca.reshape(own, coefficient.size, blocks)))
        else:
            rows.append(ca.repmat(own, 1, layout.horizon))
    return ca.densify(ca.vertcat(*rows))
