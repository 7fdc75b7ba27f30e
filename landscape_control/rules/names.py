"""How rules are called: one spelling, whatever a user types for a space, and one look-up."""

import re
from collections.abc import Iterable, Mapping

from ..support.errors import check_choice


def spelled(name: str) -> str:
    """A name in its one spelling: lower case, with hyphens for spaces, underscores and commas."""
    return re.sub(r"[\s_,-]+", "-", name.strip().lower())


def key_of(name: str) -> str:
    """A name as an identifier: "heavy ball" -> "heavy_ball"."""
    return spelled(name).replace("-", "_")


def named(what: str, name: str, names: Mapping[str, Iterable[str]]) -> list[str]:
    """The keys of ``names`` {key: other names} that a name stands for.

    The key itself, or all that are also called so, in their order. Raises ProblemError, with the
    near keys, for a name that nothing has.
    """
    word = spelled(name)
    exact = [key for key in names if spelled(key) == word]
    if exact:
        return exact
    also = [key for key, others in names.items() if word in map(spelled, others)]
    return also or [check_choice(what, name, names)]
