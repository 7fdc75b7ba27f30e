"""CasADi expressions as people write them: one walk over the operations, in the signs of a style."""

from collections.abc import Sequence

import casadi as ca

from .instructions import instructions

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)  # how tightly an operation binds
_LONGEST = 400  # characters of an expression that is written out

_FUNCTIONS = {
    ca.OP_EXP: "exp",
    ca.OP_LOG: "log",
    ca.OP_SIN: "sin",
    ca.OP_COS: "cos",
    ca.OP_TAN: "tan",
    ca.OP_SINH: "sinh",
    ca.OP_COSH: "cosh",
    ca.OP_TANH: "tanh",
    ca.OP_ATAN: "atan",
    ca.OP_ASIN: "asin",
    ca.OP_ACOS: "acos",
    ca.OP_ERF: "erf",
    ca.OP_LOG1P: "log1p",
    ca.OP_EXPM1: "expm1",
}
_RAISED = {"2": "²", "3": "³", "4": "⁴"}


class Style:
    """How the parts of an expression are put together: plain signs, unless a class has others."""

    times = "·"
    # whether a fraction is one sign, as a bar is, or binds like the product it is
    has_bars = True

    def number(self, value: float) -> str:
        return f"{value:.6g}"

    def brackets(self, inside: str) -> str:
        return f"({inside})"

    def function(self, name: str, inside: str) -> str:
        return f"{name}({inside})"

    def fraction(self, above: str, below: str) -> str:
        return f"{above}/{below}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}{_RAISED[exponent]}" if exponent in _RAISED else f"{base}^({exponent})"

    def root(self, inside: str) -> str:
        return f"√({inside})"

    def size(self, inside: str) -> str:
        return f"|{inside}|"


class Plain(Style):
    """Signs of a text: a fraction is a division, whose parts are bracketed where they must be."""

    has_bars = False


def print_expression(
    outputs: ca.SX,
    inputs: Sequence[ca.SX],
    symbols: Sequence[Sequence[str]],
    style: Style,
) -> str | None:
    """An expression of one number in the signs of a style.

    ``symbols`` names the entries of each input. None where it is too long to be read, or has an
    operation without a usual sign.
    """
    function = ca.Function("printed", list(inputs), [ca.densify(outputs)])
    writer = _Writer(style)
    places: dict[int, Printed] = {}
    for step in instructions(function):
        if step.operation == ca.OP_INPUT:
            made = (symbols[step.inputs[0]][step.inputs[1]], _ATOM)
        elif step.operation == ca.OP_CONST:
            made = writer.constant(function.instruction_constant(step.number))
        elif step.operation == ca.OP_OUTPUT:
            return places[step.inputs[0]][0]
        else:
            printed = writer.operation(step.operation, [places[place] for place in step.inputs])
            if printed is None or len(printed[0]) > _LONGEST:
                return None
            made = printed
        places[step.outputs[0]] = made
    return None


Printed = tuple[str, int]


class _Writer:
    """Operations on printed parts, in one style."""

    def __init__(self, style: Style) -> None:
        self.style = style

    def constant(self, value: float) -> Printed:
        printed = self.style.number(value)
        if value < 0:
            return printed, _SIGN
        return printed, _PRODUCT if "times" in printed else _ATOM

    def operation(self, operation: int, parts: Sequence[Printed]) -> Printed | None:
        """What an operation makes of its parts; None for one without a usual sign."""
        style, a, b = self.style, parts[0], parts[-1]
        if operation in _FUNCTIONS:
            return style.function(_FUNCTIONS[operation], a[0]), _ATOM
        if operation == ca.OP_ADD:
            return self._added(a, b), _SUM
        if operation == ca.OP_SUB:
            return f"{a[0]} - {self._in_brackets(b, _PRODUCT)}", _SUM
        if operation in (ca.OP_MUL, ca.OP_TWICE):
            first = ("2", _ATOM) if operation == ca.OP_TWICE else a
            factors = self._in_brackets(first, _PRODUCT), self._in_brackets(b, _POWER)
            return style.times.join(factors), _PRODUCT
        if operation == ca.OP_NEG:
            return f"-{self._in_brackets(a, _PRODUCT)}", _SIGN
        if operation in (ca.OP_DIV, ca.OP_INV):
            return self._divided(("1", _ATOM) if operation == ca.OP_INV else a, b)
        if operation == ca.OP_SQ:
            return style.power(self._in_brackets(a, _ATOM), "2"), _POWER
        if operation in (ca.OP_POW, ca.OP_CONSTPOW):
            return style.power(self._in_brackets(a, _ATOM), b[0]), _POWER
        if operation == ca.OP_SQRT:
            return style.root(a[0]), _ATOM
        if operation == ca.OP_FABS:
            return style.size(a[0]), _ATOM
        return None

    def _divided(self, a: Printed, b: Printed) -> Printed:
        if self.style.has_bars:
            return self.style.fraction(a[0], b[0]), _POWER
        parts = self._in_brackets(a, _PRODUCT), self._in_brackets(b, _POWER)
        return self.style.fraction(*parts), _PRODUCT

    def _added(self, a: Printed, b: Printed) -> str:
        if b[0].startswith("-") and b[1] != _SUM:
            return f"{a[0]} - {b[0][1:]}"
        if b[0].startswith("-"):
            return f"{a[0]} + {self.style.brackets(b[0])}"
        return f"{a[0]} + {b[0]}"

    def _in_brackets(self, part: Printed, least: int) -> str:
        """The part as it stands where it binds at least so tightly; else in brackets."""
        printed, binds = part
        if binds >= least and binds != _SIGN:
            return printed
        return self.style.brackets(printed)
