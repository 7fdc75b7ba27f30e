"""Formulas in words with the present numbers in them, as in "θ₂² - {tilt:g}·θ₁"."""

import re
import string
from collections.abc import Mapping

_LONGEST, _MOST = 10_000, 100  # characters, placeholders
# fill and alignment, sign, a width of at most 99, a precision of at most 99, how to write it
_FORMAT = re.compile(r"([^{}]?[<>=^])?[-+ ]?#?0?\d{0,2}[,_]?(\.\d{1,2})?[a-zA-Z%]?")


def with_numbers(formula: str, parameters: Mapping) -> str:
    """The formula with numbers in the place of the placeholders {name} and {name:format}.

    A formula with other braces (LaTeX, say), attributes or indices of a parameter, or a width or
    precision beyond 99 stays as it is: formulas may come from files.
    """
    if not parameters or len(formula) > _LONGEST:
        return formula
    try:
        places = [
            (name, form or "")
            for _, name, form, _ in string.Formatter().parse(formula)
            if name is not None
        ]
        known = all(name in parameters and _FORMAT.fullmatch(form) for name, form in places)
        if len(places) > _MOST or not known:
            return formula
        return formula.format(**parameters)
    except (LookupError, ValueError, TypeError):
        return formula  # braces that are no placeholders, formats that are none of numbers
