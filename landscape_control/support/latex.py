"""LaTeX of numbers, arrays, words and CasADi expressions, for MathJax and LaTeX alike."""

from collections.abc import Iterable, Sequence
from itertools import groupby

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
    "±": r"\pm ",
    "∇": r"\nabla ",
    "∫": r"\int ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "→": r"\to ",
    "−": "-",
    "…": r"\ldots ",
}
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₜ", "0123456789+-ijknt", strict=True))
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True)) | {"ᵀ": r"\top"}
_SCRIPTS = {"_": _SUBSCRIPTS, "^": _SUPERSCRIPTS}
# letters with a combining dot are two signs: one from the private use area stands for both
_DOTTED = {f"{letter}\u0307": chr(0xE000 + i) for i, letter in enumerate("θφ")}
_BASES = {letter: rf"\{name}" for letter, name in _GREEK.items()} | {
    letter: sign.strip() for letter, sign in _SIGNS.items()
}
_BASES |= {sign: rf"\dot{{{_BASES[pair[0]]}}}" for pair, sign in _DOTTED.items()}
_MATHEMATICS = {*_BASES, *_SUBSCRIPTS, *_SUPERSCRIPTS}


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
    for pair, sign in _DOTTED.items():
        text = text.replace(pair, sign)
    pieces = []
    for is_formula, letters in groupby(text, lambda letter: letter in _MATHEMATICS):
        if is_formula:
            pieces.append(f"${_formula(letters)}$")
        else:
            pieces.append("".join(_SPECIAL.get(letter, letter) for letter in letters))
    return "".join(pieces)


def _formula(letters: Iterable[str]) -> str:
    """Signs and scripts that follow one another, without delimiters."""
    pieces = []
    carried: set[str] = set()  # the scripts of the sign before: LaTeX knows one of each
    for kind, run in groupby(letters, _kind):
        if not kind:
            pieces += [_BASES[letter] for letter in run]
            carried = set()
            continue
        script = "".join(_SCRIPTS[kind][letter] for letter in run)
        if kind in carried:
            pieces.append("{}")
            carried = set()
        pieces.append(f"{kind}{{{script}}}")
        carried.add(kind)
    return "".join(pieces)


def _kind(letter: str) -> str:
    """How a script is written before its braces; nothing for a sign on the line."""
    return next((kind for kind, scripts in _SCRIPTS.items() if letter in scripts), "")


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
