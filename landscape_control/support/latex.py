"""LaTeX of numbers, arrays, words and CasADi expressions, for MathJax and LaTeX alike."""

from collections.abc import Sequence

import casadi as ca
import numpy as np

from .arguments import ArrayLike
from .instructions import instructions

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)  # how tightly an operation binds
_LONGEST = 400  # characters of an expression that is written out
_MOST_ENTRIES = 16  # of an array that is written out

_FUNCTIONS = {
    ca.OP_EXP: r"\exp",
    ca.OP_LOG: r"\log",
    ca.OP_SIN: r"\sin",
    ca.OP_COS: r"\cos",
    ca.OP_TAN: r"\tan",
    ca.OP_SINH: r"\sinh",
    ca.OP_COSH: r"\cosh",
    ca.OP_TANH: r"\tanh",
    ca.OP_ATAN: r"\arctan",
    ca.OP_ASIN: r"\arcsin",
    ca.OP_ACOS: r"\arccos",
    ca.OP_ERF: r"\operatorname{erf}",
    ca.OP_LOG1P: r"\operatorname{log1p}",
    ca.OP_EXPM1: r"\operatorname{expm1}",
}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρστφχψωΓΔΘΛΞΠΣΦΨΩ",
        (
            *("alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota"),
            *("kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "varphi", "chi"),
            *("psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi"),
            *("Psi", "Omega"),
        ),
        strict=True,
    )
)
_SIGNS = {
    "·": r"\cdot ",
    "×": r"\times ",
    "½": r"\tfrac{1}{2}",
    "¼": r"\tfrac{1}{4}",
    "√": r"\surd ",
    "∞": r"\infty ",
    "∇": r"\nabla ",
    "ᵀ": r"^{\top}",
    "∫": r"\int ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "→": r"\to ",
    "−": "-",
    "…": r"\ldots ",
}
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₜ", "0123456789+-ijknt", strict=True))
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))


def number(value: float) -> str:
    """Six significant digits: 0.1, 10^{-5}·3, infinity."""
    if np.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    digits = f"{float(value):.6g}"
    mantissa, exponent, power = digits.partition("e")
    if not exponent:
        return digits
    return rf"{mantissa} \times 10^{{{int(power)}}}"


def array(value: ArrayLike) -> str | None:
    """A number, a column written in a row, or a matrix; None for more entries than are written.

    Six significant digits each.
    """
    values = np.asarray(value, dtype=float)
    if values.size > _MOST_ENTRIES:
        return None
    if values.size == 1:
        return number(values.item())
    if values.ndim == 1:
        return rf"({', '.join(map(number, values))})^{{\top}}"
    rows = r" \\ ".join(" & ".join(map(number, row)) for row in values)
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def words(text: str) -> str:
    r"""Text of a user's for text mode: what is special to LaTeX escaped, symbols as mathematics."""
    return "".join(_one(letter) for letter in text)


def _one(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    if letter in _GREEK:
        return rf"$\{_GREEK[letter]}$"
    if letter in _SUBSCRIPTS:
        return rf"$_{{{_SUBSCRIPTS[letter]}}}$"
    if letter in _SUPERSCRIPTS:
        return rf"$^{{{_SUPERSCRIPTS[letter]}}}$"
    if letter in _SIGNS:
        return f"${_SIGNS[letter].strip()}$"
    return letter


def expression(
    outputs: ca.SX, inputs: Sequence[ca.SX], symbols: Sequence[Sequence[str]]
) -> str | None:
    r"""An expression of one number, e.g. ``\left(\theta_{1}^{2} - 1\right)^{2}``.

    ``symbols`` names the entries of each input. None where it is too long to be read, or has an
    operation without a usual sign.
    """
    function = ca.Function("printed", list(inputs), [ca.densify(outputs)])
    places: dict[int, tuple[str, int]] = {}
    for step in instructions(function):
        if step.operation == ca.OP_INPUT:
            made = (symbols[step.inputs[0]][step.inputs[1]], _ATOM)
        elif step.operation == ca.OP_CONST:
            made = _constant(function.instruction_constant(step.number))
        elif step.operation == ca.OP_OUTPUT:
            return places[step.inputs[0]][0]
        else:
            printed = _operation(step.operation, [places[place] for place in step.inputs])
            if printed is None or len(printed[0]) > _LONGEST:
                return None
            made = printed
        places[step.outputs[0]] = made
    return None


Printed = tuple[str, int]


def _constant(value: float) -> Printed:
    printed = number(value)
    if value < 0:
        return printed, _SIGN
    return printed, _PRODUCT if "times" in printed else _ATOM


def _operation(operation: int, parts: Sequence[Printed]) -> Printed | None:
    a = parts[0]
    b = parts[-1]
    if operation in _FUNCTIONS:
        return rf"{_FUNCTIONS[operation]}\left({a[0]}\right)", _ATOM
    if operation == ca.OP_ADD:
        return _added(a, b), _SUM
    if operation == ca.OP_SUB:
        return f"{a[0]} - {_in_brackets(b, _PRODUCT)}", _SUM
    if operation == ca.OP_MUL:
        return rf"{_in_brackets(a, _PRODUCT)} \, {_in_brackets(b, _POWER)}", _PRODUCT
    if operation == ca.OP_TWICE:
        return rf"2 \, {_in_brackets(a, _POWER)}", _PRODUCT
    if operation == ca.OP_NEG:
        return f"-{_in_brackets(a, _PRODUCT)}", _SIGN
    if operation in (ca.OP_DIV, ca.OP_INV):
        above = "1" if operation == ca.OP_INV else a[0]
        return rf"\frac{{{above}}}{{{b[0]}}}", _POWER
    if operation == ca.OP_SQ:
        return f"{_in_brackets(a, _ATOM)}^{{2}}", _POWER
    if operation in (ca.OP_POW, ca.OP_CONSTPOW):
        return f"{_in_brackets(a, _ATOM)}^{{{b[0]}}}", _POWER
    if operation == ca.OP_SQRT:
        return rf"\sqrt{{{a[0]}}}", _ATOM
    if operation == ca.OP_FABS:
        return rf"\left|{a[0]}\right|", _ATOM
    return None


def _added(a: Printed, b: Printed) -> str:
    if b[0].startswith("-") and b[1] != _SUM:
        return f"{a[0]} - {b[0][1:]}"
    if b[0].startswith("-"):
        return rf"{a[0]} + \left({b[0]}\right)"
    return f"{a[0]} + {b[0]}"


def _in_brackets(part: Printed, least: int) -> str:
    """The part as it stands where it binds at least so tightly; else in brackets."""
    printed, binds = part
    if binds >= least and binds != _SIGN:
        return printed
    return rf"\left({printed}\right)"
