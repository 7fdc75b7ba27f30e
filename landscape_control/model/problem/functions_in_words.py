"""The loss, metric, drift, actuation and terminal cost of a problem, printed in plain signs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import casadi as ca
import numpy as np

from ...support.arguments import ArrayLike
from ...support.number_words import array_in_words
from ...support.printed_expressions import Plain, print_expression
from .traced_parts import traced_loss, traced_matrix

if TYPE_CHECKING:
    from .control_problem import ControlProblem

_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_OWN = "as the function given"  # the formula of a loss that was given as a function
_STYLE = Plain()


class Functions:
    """The functions of one problem, each written from its expression where it is short enough."""

    def __init__(self, problem: "ControlProblem") -> None:
        self.problem = problem

    def loss(self) -> str:
        """The formula of the landscape; that of a user's function from its expression."""
        landscape = self.problem.landscape
        if landscape.formula != _OWN:
            return landscape.formula
        traced = traced_loss(landscape)
        if traced is None:
            return _OWN
        printed = _printed(traced[0], traced[1])
        return _OWN if printed is None else printed

    def matrix(self, name: str, value: Any, shape: tuple[int, int], default: str) -> str:
        """A matrix or a drift: its numbers, its entries as functions of θ, or what None means."""
        if value is None:
            return f"{name} is {default}" if "metric" in name or name == "B" else default
        if hasattr(value, "offset"):
            matrix, offset = entries_of(value.matrix), entries_of(value.offset)
            return f"{name} = Aθ + c with A = {matrix}, c = {offset}"
        if not callable(value):
            return f"{name} = {entries_of(value)}"
        printed = self._entries(value, shape)
        return f"{name} depends on θ" if printed is None else f"{name} = {printed}"

    def terminal(self) -> list[str]:
        """A line for a terminal cost of the user's."""
        terminal = self.problem.objective.terminal
        if not callable(terminal):
            return []
        printed = self._entries(terminal, (1, 1))
        return [f"terminal    Φ(θ) = {_OWN if printed is None else printed}"]

    def _entries(self, function: Any, shape: tuple[int, int]) -> str | None:
        traced = traced_matrix(function, self.problem.dimension, shape)
        if traced is None:
            return None
        made, theta = traced
        rows = []
        for i in range(shape[0]):
            entries = [_printed(made[i, j], [theta]) for j in range(shape[1])]
            if any(entry is None for entry in entries):
                return None
            rows.append(", ".join(str(entry) for entry in entries))
        if shape == (1, 1):
            return rows[0]
        inside = ", ".join(rows) if shape[1] == 1 else ", ".join(f"[{row}]" for row in rows)
        return f"[{inside}]"


def _printed(expression: ca.SX, given: Sequence[ca.SX]) -> str | None:
    names = [_names(symbol, each.numel()) for symbol, each in zip("θφ", given, strict=False)]
    return print_expression(expression, given, names, _STYLE)


def _names(symbol: str, size: int) -> list[str]:
    if size == 1:
        return [symbol]
    return [f"{symbol}{str(i + 1).translate(_DIGITS)}" for i in range(size)]


def entries_of(value: ArrayLike) -> str:
    """An array as NumPy writes it, on one line; a long one by its range or its eigenvalues."""
    array = np.asarray(value)
    if array.size > 16:
        return array_in_words(array, digits=6)
    text = np.array2string(array, precision=6, separator=", ", suppress_small=True)
    return text.replace("\n", "")
