"""Long columns of few different texts, as codes: each text once, and for each cell which one it has.

HDF5 keeps 16 bytes and an object of its own for every text, however often it is repeated: a column
of a million equal words took 45 MB and a second to read. As codes it takes some kilobytes.
"""

from collections.abc import Container
from typing import Any

import numpy as np

from ..support.errors import ProblemError
from .groups import Group, Variable
from .limits import BYTES_PER_CODED_TEXT, Budget

KIND = "coded data set"  # the ``record_kind`` of a data set with such columns
WORDS = "record_words"  # attribute of codes: the variable that holds their texts
_LEAST = 2**14  # entries from which a column is coded
_ENTRIES_PER_TEXT = 8  # at least, on average
_BLOCK = 2**16  # entries that are looked at together


def coded(values: np.ndarray) -> tuple[np.ndarray, list[str]] | None:
    """(codes, texts) of an array of texts; None where that is not worth it, or some are no texts."""
    if values.size < _LEAST:
        return None
    import pandas

    flat = values.ravel()
    known: dict[Any, int] = {}
    codes = np.empty(flat.size, dtype=np.uint32)
    for begin in range(0, flat.size, _BLOCK):
        block = flat[begin : begin + _BLOCK].astype(object)
        own, texts = pandas.factorize(block, use_na_sentinel=False)
        places = [known.setdefault(text, len(known)) for text in texts]
        codes[begin : begin + _BLOCK] = np.array(places, dtype=np.uint32)[own]
        if len(known) * _ENTRIES_PER_TEXT > flat.size:
            return None
    if not all(isinstance(text, str) for text in known):
        return None
    return codes.astype(np.min_scalar_type(len(known) - 1)).reshape(values.shape), list(known)


def add_coded(
    group: Group, name: str, variable: Variable, texts: list[str], taken: Container
) -> None:
    """Put a variable of codes into a group, with the variable that holds their texts.

    ``taken`` are names of variables and axes that these texts must not have.
    """
    words = f"{name}_words"
    while words in taken or f"{words}_place" in taken:
        words += "_"
    group.attributes["record_kind"] = KIND
    variable.attributes[WORDS] = words
    group.variables[name] = variable
    values = np.array(texts, dtype=object)
    group.variables[words] = Variable(dims=(f"{words}_place",), values=values)


def decode(group: Group, budget: Budget) -> None:
    """Put the texts of a group read from a file in the place of their codes.

    Raises ProblemError, which names the variable, for codes that are none.
    """
    coded_ones = {n: v for n, v in group.variables.items() if WORDS in v.attributes}
    texts = {n: _texts_of(group, n, variable) for n, variable in coded_ones.items()}
    for name, variable in coded_ones.items():
        codes, words = variable.values, texts[name]
        if codes.dtype.kind != "u" or codes.max(initial=0) >= len(words):
            raise _refusal(name, f"codes of {len(words)} texts", "others")
        budget.take(name, BYTES_PER_CODED_TEXT * codes.size)
        variable.values = words[codes]
    for variable in coded_ones.values():
        group.variables.pop(str(variable.attributes.pop(WORDS)), None)


def _texts_of(group: Group, name: str, variable: Variable) -> np.ndarray:
    words = group.variables.get(str(variable.attributes[WORDS]))
    if words is None or words.values.ndim != 1 or words.values.dtype != object:
        raise _refusal(name, "a list of texts that the codes stand for", "none")
    return words.values


def _refusal(name: str, expected: str, received: str) -> ProblemError:
    return ProblemError(
        name,
        expected=expected,
        received=received,
        advice="the file was changed, or is damaged: save the data set again",
    )
