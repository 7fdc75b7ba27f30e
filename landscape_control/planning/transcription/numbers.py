"""The numbers of a problem as one parameter vector of the nonlinear program, on normalised time."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, TypedDict, overload

import casadi as ca
import numpy as np

from ...model.objective import OBJECTIVE_NUMBERS

SCALARS = (*OBJECTIVE_NUMBERS, "length", "cost")


class ProgramNumbers(TypedDict, total=False):
    """The numbers of one solve by name, as :class:`NumberLayout` orders them, and the mesh."""

    horizon: float
    discount: float
    learning_rate: float
    loss_weight: float
    terminal_weight: float
    length: float
    cost: float
    growth: float
    start: np.ndarray
    end: np.ndarray
    tail_centre: np.ndarray
    tail_costate: np.ndarray
    tail_hessian: np.ndarray
    tail_value: float
    vertices: np.ndarray  # (K+1,), fractions of the horizon; they follow the parameter vector


@dataclass(frozen=True, kw_only=True)
class NumberLayout:
    """Order of the parameter vector: scalars, then growth, start, end and tail where there are any.

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
        """Rows and columns of every part, in the order of the vector."""
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
        """Length of the vector."""
        return sum(rows * columns for rows, columns in self.sizes.values())

    def unpack(self, vector: ca.SX | ca.MX) -> SimpleNamespace:
        """The named parts of a CasADi parameter vector."""
        parts, first = {}, 0
        for name, (rows, columns) in self.sizes.items():
            following = first + rows * columns
            parts[name] = ca.reshape(vector[first:following], rows, columns)
            first = following
        return SimpleNamespace(**parts)

    def pack(self, values: Mapping[str, Any]) -> np.ndarray:
        """The parameter vector of these named values."""
        scalars = [values[name] for name in SCALARS]
        # column by column, as CasADi reads a matrix
        arrays = [np.ravel(values[name], order="F") for name in self._arrays]
        return np.concatenate([scalars, *arrays])

    @cached_property
    def _arrays(self) -> tuple[str, ...]:
        """Names of the parts that follow the scalars, in order."""
        return tuple(name for name in self.sizes if name not in SCALARS)


@overload
def length_at(numbers: SimpleNamespace, fraction: ca.SX) -> ca.SX: ...


@overload
def length_at(numbers: SimpleNamespace, fraction: float) -> Any: ...  # SX or MX, as the numbers


def length_at(numbers, fraction):
    """The unit of length at a fraction of the horizon, as an expression."""
    if not hasattr(numbers, "growth"):
        return numbers.length
    return numbers.length * ca.exp(numbers.growth * numbers.horizon * fraction)


def lengths_at(values: ProgramNumbers, fractions: np.ndarray) -> np.ndarray:
    """The units of length at fractions (…,) of the horizon; (…, 1), to be used with parameters."""
    if "growth" not in values:
        return np.full((*np.shape(fractions), 1), values["length"])
    exponents = values["growth"] * values["horizon"] * np.asarray(fractions)
    return values["length"] * np.exp(exponents)[..., None]
