"""The numbers of a problem as one parameter vector of the nonlinear program, on normalised time."""

from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

import casadi as ca
import numpy as np

from ...model.objective import OBJECTIVE_NUMBERS

SCALARS = (*OBJECTIVE_NUMBERS, "length", "cost")


@dataclass(frozen=True, kw_only=True)
class NumberLayout:
    """Order of the parameter vector: scalars, growth (if there is one), start, end (if fixed), tail
    (if T is infinite).

    ``length`` and ``cost`` are the scales that make the program dimensionless: θ = start +
    length·θ̂, J = cost·Ĵ. Under a drift that lets displacements grow the unit of length grows with
    them, length·e^{growth·t}. The tail is the linear-quadratic cost to go V ≈ value + λᵀδ + ½ δᵀSδ,
    δ = θ - centre.
    """

    dimension: int
    fixed_end: bool
    tail: bool
    growing: bool = False

    @property
    def sizes(self) -> dict[str, tuple[int, int]]:
        n = self.dimension
        scalars = (*SCALARS, "growth") if self.growing else SCALARS
        sizes = dict.fromkeys(scalars, (1, 1)) | {"start": (n, 1)}
        if self.fixed_end:
            sizes["end"] = (n, 1)
        if self.tail:
            sizes |= {
                "tail_centre": (n, 1),
                "tail_costate": (n, 1),
                "tail_hessian": (n, n),
                "tail_value": (1, 1),
            }
        return sizes

    @property
    def size(self) -> int:
        return sum(rows * cols for rows, cols in self.sizes.values())

    def unpack(self, vector) -> SimpleNamespace:
        """The named parts of a CasADi parameter vector."""
        parts, at = {}, 0
        for name, (rows, cols) in self.sizes.items():
            parts[name] = ca.reshape(vector[at : at + rows * cols], rows, cols)
            at += rows * cols
        return SimpleNamespace(**parts)

    def pack(self, values: dict) -> np.ndarray:
        """The parameter vector of these named values (arrays column by column)."""
        scalars = [values[name] for name in SCALARS]
        return np.concatenate(
            [scalars, *[np.ravel(values[name], order="F") for name in self._arrays]]
        )

    @cached_property
    def _arrays(self) -> tuple[str, ...]:
        """Names of the parts that follow the scalars, in order."""
        return tuple(name for name in self.sizes if name not in SCALARS)


def length_at(numbers: SimpleNamespace, fraction):
    """The unit of length at a fraction of the horizon, as an expression."""
    if not hasattr(numbers, "growth"):
        return numbers.length
    return numbers.length * ca.exp(numbers.growth * numbers.horizon * fraction)


def lengths_at(values: dict, fractions: np.ndarray) -> np.ndarray:
    """The units of length at fractions (…,) of the horizon, with a last axis for the parameters:
    (…, 1).
    """
    if "growth" not in values:
        return np.full((*np.shape(fractions), 1), values["length"])
    exponents = values["growth"] * values["horizon"] * np.asarray(fractions)
    return values["length"] * np.exp(exponents)[..., None]
