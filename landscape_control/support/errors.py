"""Exceptions: bad input at construction, a solve that failed, a solve that was interrupted."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any


class ProblemError(ValueError):
    """Input that cannot be used: says what was expected, what was received and what to do.

    Attributes
    ----------
    what, expected, received, advice : str
        The four parts of the message, so that programs can read them separately.
    """

    def __init__(self, what: str, *, expected: str, received: str, advice: str):
        self.what, self.expected, self.received, self.advice = what, expected, received, advice
        super().__init__(f"{what}: expected {expected}; received {received}. What to do: {advice}")

    def __reduce__(self) -> tuple[Callable, tuple]:  # keyword-only arguments survive pickling
        return (_rebuild, (type(self), self.what, self.expected, self.received, self.advice))


def _rebuild(
    cls: type[ProblemError], what: str, expected: str, received: str, advice: str
) -> ProblemError:
    return cls(what, expected=expected, received=received, advice=advice)


class UnstabilisableError(ProblemError):
    """A mode that the control can neither reach nor discount away (infinite-horizon problems)."""


class SolveError(RuntimeError):
    """A solve that did not reach its tolerance; ``solution`` keeps everything that was computed."""

    def __init__(self, message: str, solution: Any = None):
        super().__init__(message)
        self.solution = solution


class SolveInterrupted(KeyboardInterrupt):
    """Ctrl-C during a solve; ``solution`` is the best so far, None where there was none yet."""

    def __init__(self, message: str, solution: Any = None):
        super().__init__(message)
        self.solution = solution


_LISTED = 20  # names that a message lists even where some of them are near


def check_choice(what: str, value: object, allowed: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``allowed``; otherwise refuse, naming the near matches."""
    names = sorted(allowed)
    if isinstance(value, str) and value in names:
        return value
    advice = "choose one of the allowed names"
    near = difflib.get_close_matches(str(value), names, n=3, cutoff=0.4)
    if near:
        advice = f"did you mean {' or '.join(map(repr, near))}?"
    is_long = near and len(names) > _LISTED
    raise ProblemError(
        what,
        expected=f"one of {len(names)} names"
        if is_long
        else f"one of {', '.join(map(repr, names))}",
        received=shown(value),
        advice=advice,
    )


def check_options(what: str, given: Iterable[str], allowed: Iterable[str]) -> None:
    """Refuse keyword options whose names are not in ``allowed``, one clear message each."""
    for name in given:
        check_choice(f"{what} option", name, allowed)


def printable(words: str) -> str:
    """Words of a file on one line of a terminal.

    What would move the cursor or colour the terminal is written out, as in \\x1b.
    """
    return words if words.isprintable() else "".join(map(_written_out, words))


def _written_out(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def shown(value: object, width: int = 90) -> str:
    """An object in a message: its representation, cut where it is long; a class by name."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a representation that fails must not hide the refusal
        text = f"an object of type {type(value).__name__}"
    if " at 0x" in text:  # an address says nothing
        return type(value).__name__
    return text if len(text) <= width else f"{text[: width - 1]}…"
