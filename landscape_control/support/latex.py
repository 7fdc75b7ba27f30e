"""LaTeX of numbers, arrays, words and CasADi expressions, for MathJax and LaTeX alike."""

from collections.abc import Sequence

import casadi as ca
import numpy as np

from .arguments import ArrayLike
from .printed_expressions import Style, print_expression

_MOST_ENTRIES = 16  # of an array that is written out

_FUNCTIONS = {
    name: rf"\{name}" for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")
} | {
    "atan": r"\arctan",
    "asin": r"\arcsin",
    "acos": r"\arccos",
    **{name: rf"\operatorname{{{name}}}" for name in ("erf", "log1p", "expm1")},
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
    return print_expression(outputs, inputs, symbols, _STYLE)


class _Latex(Style):
    times = r" \, "

    def number(self, value: float) -> str:
        return number(value)

    def brackets(self, inside: str) -> str:
        return rf"\left({inside}\right)"

    def function(self, name: str, inside: str) -> str:
        return rf"{_FUNCTIONS[name]}\left({inside}\right)"

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def root(self, inside: str) -> str:
        return rf"\sqrt{{{inside}}}"

    def size(self, inside: str) -> str:
        return rf"\left|{inside}\right|"


_STYLE = _Latex()
