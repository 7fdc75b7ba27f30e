"""The coefficients of a rule as variables of a program: each on its own scale, laid out over time."""

import casadi as ca
import numpy as np

from ...rules.families import Layout


class Scale:
    """Coefficients as functions of the program's variables, entry by entry, so that steps mean the
    same everywhere.
    """

    def __init__(self, layout: Layout):
        kinds = [self._kind(coefficient) for coefficient in layout.coefficients]
        repeats = [
            layout.blocks(coefficient) * coefficient.size for coefficient in layout.coefficients
        ]
        self.kinds = np.repeat(np.array(kinds, dtype=object), repeats)

    @staticmethod
    def _kind(coefficient):
        if coefficient.varies:  # single steps may well be zero, where a logarithm never arrives
            return "linear"
        if coefficient.scale == "log" and coefficient.low >= 0:
            return "log"
        return (
            "one minus" if coefficient.scale == "one minus" and coefficient.high <= 1 else "linear"
        )

    def variables(self, coefficients: np.ndarray) -> np.ndarray:
        """x (…, size) of coefficients (…, size)."""
        c = np.asarray(coefficients, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(
                self.kinds == "log",
                np.log(c),
                np.where(self.kinds == "one minus", -np.log1p(-c), c),
            )

    def coefficients(self, x: np.ndarray | ca.MX) -> np.ndarray | ca.MX:
        """c of x: NumPy arrays (…, size), or a CasADi column."""
        if isinstance(x, ca.MX):
            rules = {"log": ca.exp, "one minus": lambda v: -ca.expm1(-v), "linear": lambda v: v}
            return ca.vertcat(
                *(
                    rules[kind](entry)
                    for kind, entry in zip(self.kinds, ca.vertsplit(x), strict=True)
                )
            )
        with np.errstate(over="ignore"):
            closer = np.where(self.kinds == "one minus", -np.expm1(-np.asarray(x)), x)
            return np.where(self.kinds == "log", np.exp(x), closer)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """dc/dx, entry by entry."""
        return np.where(
            self.kinds == "log",
            np.exp(x),
            np.where(self.kinds == "one minus", np.exp(-np.asarray(x)), 1.0),
        )


def coefficient_table(layout: Layout, entries: ca.MX) -> ca.MX:
    """(coefficients of one step, T): column t is what the rule uses at step t; zero before there is
    an effect.
    """
    rows = []
    for coefficient in layout.coefficients:
        own, blocks = entries[layout.slices[coefficient.name]], layout.blocks(coefficient)
        if coefficient.varies:
            rows.append(
                ca.horzcat(
                    ca.MX(coefficient.size, layout.horizon - blocks),
                    ca.reshape(own, coefficient.size, blocks),
                )
            )
        else:
            rows.append(ca.repmat(own, 1, layout.horizon))
    return ca.densify(ca.vertcat(*rows))
