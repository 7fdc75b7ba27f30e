"""Progress of loops: a callable that wraps what is gone through, as tqdm does."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from .errors import ProblemError, shown

Item = TypeVar("Item")


def wrapped(progress: object, items: Sequence[Item]) -> Iterable[Item]:
    """The items, wrapped where there is a progress.

    Raises ProblemError where it returns nothing to go through.
    """
    if progress is None:
        return items
    try:
        if not callable(progress):
            raise TypeError("it cannot be called")
        return iter(progress(items))
    except (TypeError, ValueError) as error:
        raise ProblemError(
            "progress",
            expected="a callable that wraps an iterable",
            received=f"{shown(progress)}: {error}",
            advice="pass tqdm, or a function that returns what it is given",
        ) from error
