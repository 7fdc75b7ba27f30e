"""JSON from files: within limits, and nothing that JSON has no word for."""

import json
import re
from typing import Any, NoReturn

from ..support.errors import ProblemError
from .limits import ALWAYS_BYTES, BYTES_PER_BRACKET, BYTES_PER_COMMA, DEEPEST_TREE

_LONE = re.compile("[\ud800-\udfff]")
_LARGEST = 2**63  # whole numbers of a file have at most 64 bits
DAMAGED = "the text is damaged, or was not written by landscape_control: write it again"


def parsed(text: str, what: str, most_bytes: int = ALWAYS_BYTES) -> Any:
    """The lists, objects, texts and numbers of a JSON text; ``what`` it is said to be in a refusal.

    Raises ProblemError for a text that is too deep, no JSON, or that becomes more than
    ``most_bytes``.
    """
    brackets, commas = text.count("[") + text.count("{"), text.count(",")
    size = len(text) + BYTES_PER_BRACKET * brackets + BYTES_PER_COMMA * commas
    if size > most_bytes:
        refuse(
            what,
            f"a text that takes at most {most_bytes / 2**20:.0f} MB once it is read",
            f"{size / 2**20:.0f} MB",
        )
    try:
        tree = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        refuse(what, f"lists and objects at most {DEEPEST_TREE} deep", "deeper ones")
    except ValueError as error:
        refuse(what, "a JSON text", f"something else ({' '.join(str(error).split())[:120]})")
    return checked(tree, what)


def checked(tree: Any, what: str) -> Any:
    """The tree, if it is not too deep and its whole numbers have at most 64 bits."""
    level, depth = [tree], 0
    while level:
        if depth > DEEPEST_TREE:
            refuse(what, f"lists and objects at most {DEEPEST_TREE} deep", "deeper ones")
        level = [part for branch in level for part in _parts(branch, what)]
        depth += 1
    return tree


def _parts(tree: object, what: str) -> list:
    """What a list or an object holds that can hold something in turn."""
    names: list = []
    inside: list = [tree]
    if isinstance(tree, dict):
        names, inside = list(tree), list(tree.values())
    elif isinstance(tree, list):
        inside = tree
    for part in (*names, *inside):
        if isinstance(part, str) and not part.isascii() and _LONE.search(part):
            refuse(what, "texts in Unicode", "half of a surrogate pair, which no file can hold")
        if isinstance(part, int) and abs(part) >= _LARGEST:
            refuse(what, "whole numbers of at most 64 bits", f"one of {part.bit_length()} bits")
    return [part for part in inside if isinstance(part, dict | list)]


def refuse(what: str, expected: str, received: str) -> NoReturn:
    """Refuse a text."""
    raise ProblemError(what, expected=expected, received=received, advice=DAMAGED)


def mapping(tree: object, what: str, *names: str) -> dict:
    """The object ``tree``, if it is one and has these names."""
    if not isinstance(tree, dict):
        refuse(what, "an object {name: value}", kind(tree))
    missing = [name for name in names if name not in tree]
    if missing:
        refuse(
            what,
            f"an entry {missing[0]!r}",
            f"only {', '.join(map(repr, sorted(tree)[:8])) or 'none'}",
        )
    return tree


def listed(tree: object, what: str, size: int | None = None) -> list:
    """The list ``tree``, if it is one, of ``size`` entries where that is given."""
    if not isinstance(tree, list) or (size is not None and len(tree) != size):
        wanted = "a list" if size is None else f"a list of {size}"
        refuse(what, wanted, f"a list of {len(tree)}" if isinstance(tree, list) else kind(tree))
    return tree


def word(tree: object, what: str) -> str:
    """The text ``tree``, if it is one."""
    if not isinstance(tree, str):
        refuse(what, "a text", kind(tree))
    return tree


def count(tree: object, what: str, low: int, high: int) -> int:
    """The whole number ``tree``, if it is one, from ``low`` up to and including ``high``."""
    if not isinstance(tree, int) or isinstance(tree, bool) or not low <= tree <= high:
        refuse(what, f"a whole number from {low} to {high}", f"{tree!r:.60}")
    return tree


def kind(tree: object) -> str:
    """What a part of a JSON text is, in words."""
    words = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        type(None): "null",
    }
    return words.get(type(tree), type(tree).__name__)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
