"""A rule's formula on many tensors, written down first and computed later.

The operations of :meth:`Family.step` on :class:`Scaled` values build a graph. Numbers that multiply
are kept beside it: α·m/(1-β) costs nothing until it is added to something. :mod:`.evaluation` then
computes the graph with few passes over memory, because it sees what is needed again and what is not.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Tensors = list[Any]  # of one dtype on one device, one per weight
Term = tuple[float, "Node"]


@dataclass(slots=True, eq=False, kw_only=True)
class Node:
    """One list of tensors of the graph.

    Attributes
    ----------
    value : its tensors, None before they are computed and after they are needed
    reusable : whether the memory of its tensors may be written over once nobody needs them
    uses : by how many others, and as how many results, it is still needed
    """

    value: Tensors | None = None
    reusable: bool = True
    uses: int = 0

    @property
    def operands(self) -> tuple["Node", ...]:
        """What it is computed from, as often as it occurs."""
        return ()


@dataclass(slots=True, eq=False, kw_only=True)
class Leaf(Node):
    """Tensors that are given."""


@dataclass(slots=True, eq=False, kw_only=True)
class Total(Node):
    """Σ number·term + constant."""

    terms: tuple[Term, ...]
    constant: float = 0.0

    @property
    def operands(self) -> tuple[Node, ...]:
        return tuple(node for _, node in self.terms)


@dataclass(slots=True, eq=False, kw_only=True)
class Pair(Node):
    """A function of two: "mul", "div", "minimum" or "maximum"."""

    name: str
    first: Node
    second: Node

    @property
    def operands(self) -> tuple[Node, ...]:
        return self.first, self.second


@dataclass(slots=True, eq=False, kw_only=True)
class Applied(Node):
    """A function of one, and of numbers: "sqrt", "tanh", "pow", "clamp_max", …"""

    name: str
    operand: Node
    numbers: tuple[float, ...] = field(default=())

    @property
    def operands(self) -> tuple[Node, ...]:
        return (self.operand,)


class Scaled:
    """A value of the formula: a number times a node, with the operations that families use."""

    __slots__ = ("node", "scale")
    __array_ufunc__ = None  # NumPy's numbers leave their operations with it to it

    def __init__(self, node: Node, scale: float = 1.0):
        self.node, self.scale = node, scale

    def whole(self) -> Node:
        """The node with its number multiplied in."""
        return self.node if self.scale == 1.0 else Total(terms=((self.scale, self.node),))

    def __neg__(self) -> "Scaled":
        return Scaled(self.node, -self.scale)

    def __add__(self, other: Any) -> "Scaled":
        if isinstance(other, Scaled):
            terms = (self.scale, self.node), (other.scale, other.node)
            return Scaled(Total(terms=terms))
        if not _is_number(other):
            return NotImplemented
        if other == 0:
            return self
        if self.scale == 0:
            return Scaled(Total(terms=((0.0, self.node),), constant=float(other)))
        constant = float(other) / self.scale
        return Scaled(Total(terms=((1.0, self.node),), constant=constant), self.scale)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Scaled":
        return self + (-other)

    def __rsub__(self, other: Any) -> "Scaled":
        return -self + other

    def __mul__(self, other: Any) -> "Scaled":
        if isinstance(other, Scaled):
            product = Pair(name="mul", first=self.node, second=other.node)
            return Scaled(product, self.scale * other.scale)
        if not _is_number(other):
            return NotImplemented
        return Scaled(self.node, self.scale * float(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Scaled":
        if isinstance(other, Scaled):
            if other.scale == 0:  # 0·x may hide a NaN, and 1/0 is infinite entry by entry
                quotient = Pair(name="div", first=self.node, second=other.whole())
                return Scaled(quotient, self.scale)
            quotient = Pair(name="div", first=self.node, second=other.node)
            return Scaled(quotient, self.scale / other.scale)
        if not _is_number(other):
            return NotImplemented
        return Scaled(self.node, _ratio(self.scale, float(other)))

    def __rtruediv__(self, other: Any) -> "Scaled":
        if not _is_number(other):
            return NotImplemented
        return Scaled(Applied(name="reciprocal", operand=self.whole()), float(other))

    def __pow__(self, exponent: Any) -> "Scaled | float":
        if not _is_number(exponent):
            return NotImplemented
        if exponent == 0:
            return 1.0
        if exponent == 1:
            return self
        if exponent == 2:
            return self * self
        if exponent == 0.5:
            return self.sqrt()
        if exponent == 0.25:  # two roots are several times faster than a power
            return self.sqrt().sqrt()
        node, scale = (self.node, self.scale) if self.scale > 0 else (self.whole(), 1.0)
        power = Applied(name="pow", operand=node, numbers=(float(exponent),))
        return Scaled(power, scale**exponent)

    def __rpow__(self, base: Any) -> "Scaled":
        return (self * math.log(base)).exp()

    def sqrt(self) -> "Scaled":
        if self.scale > 0:
            return Scaled(Applied(name="sqrt", operand=self.node), math.sqrt(self.scale))
        return self._applied("sqrt")

    def sign(self) -> "Scaled":
        if self.scale == 0:
            return self._applied("sign")
        return Scaled(Applied(name="sign", operand=self.node), math.copysign(1.0, self.scale))

    def exp(self) -> "Scaled":
        return self._applied("exp")

    def tanh(self) -> "Scaled":
        return self._applied("tanh")

    def arcsinh(self) -> "Scaled":
        return self._applied("arcsinh")

    def log1p(self) -> "Scaled":
        return self._applied("log1p")

    def cos(self) -> "Scaled":
        return self._applied("cos")

    def fmin(self, other: Any) -> "Scaled":
        if isinstance(other, Scaled):
            return Scaled(Pair(name="minimum", first=self.whole(), second=other.whole()))
        return self._applied("clamp_max", float(other))

    def fmax(self, other: Any) -> "Scaled":
        if isinstance(other, Scaled):
            return Scaled(Pair(name="maximum", first=self.whole(), second=other.whole()))
        return self._applied("clamp_min", float(other))

    def _applied(self, name: str, *numbers: float) -> "Scaled":
        return Scaled(Applied(name=name, operand=self.whole(), numbers=numbers))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) or (
        isinstance(value, np.ndarray) and value.ndim == 0
    )


def _ratio(number: float, by: float) -> float:
    """number/by with infinities and NaN where ``by`` is 0, as arrays have it."""
    if by:
        return number / by
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.float64(number) / np.float64(by))
