"""The ways this library says no: bad input at construction, a solve that failed, a solve that was interrupted."""

import difflib
import functools
from collections.abc import Iterable
from dataclasses import MISSING, fields


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

    def __reduce__(self):  # keyword-only arguments survive process boundaries
        return (_rebuild, (type(self), self.what, self.expected, self.received, self.advice))


def _rebuild(kind, what, expected, received, advice):
    return kind(what, expected=expected, received=received, advice=advice)


class UnstabilisableError(ProblemError):
    """A mode that the control can neither reach nor discount away (infinite-horizon problems)."""


class SolveError(RuntimeError):
    """A solve that did not reach its tolerance; ``solution`` keeps everything that was computed."""

    def __init__(self, message: str, solution=None):
        super().__init__(message)
        self.solution = solution


class SolveInterrupted(KeyboardInterrupt):
    """Ctrl-C during a solve; ``solution`` is the best so far, None where nothing had been found yet."""

    def __init__(self, message: str, solution=None):
        super().__init__(message)
        self.solution = solution


def check_choice(what: str, value, allowed: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``allowed``; otherwise refuse, naming the near matches."""
    allowed = sorted(allowed)
    if isinstance(value, str) and value in allowed:
        return value
    near = difflib.get_close_matches(str(value), allowed, n=2, cutoff=0.4)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "choose one of the allowed names"
    raise ProblemError(what, expected=f"one of {', '.join(map(repr, allowed))}", received=repr(value), advice=hint)


def check_options(what: str, given: dict, allowed: Iterable[str]) -> None:
    """Refuse keyword options whose names are not in ``allowed``, one clear message each."""
    for name in given:
        check_choice(f"{what} option", name, allowed)


def named(cls):
    """Class decorator for dataclasses: arguments that do not fit are refused in words, not by a bare TypeError.

    Keywords that are no field, with the near matches; those that are missing, with what the class attribute ``arguments``
    {name: explanation} says of them; numbers in a row where the class takes keywords.
    """
    original = cls.__init__
    settable = [one for one in fields(cls) if one.init]
    public = frozenset(one.name for one in settable if not one.name.startswith("_"))
    row = [one.name for one in settable if not one.kw_only]
    needed = [one for one in settable if one.default is MISSING and one.default_factory is MISSING]

    @functools.wraps(original)
    def checked(self, *args, **kwargs):
        if not public.issuperset(kwargs):
            check_options(cls.__name__, kwargs, public)
        if len(args) > len(row):
            raise ProblemError(cls.__name__, expected="its arguments by name", received=", ".join(map(repr, args)),
                               advice=f"write {_call(cls, settable)}")
        _check_missing(cls, needed, {*row[: len(args)], *kwargs})
        original(self, *args, **kwargs)

    cls.__init__ = checked
    return cls


def _check_missing(cls, needed, given):
    missing = [one.name for one in needed if one.name not in given]
    if missing:
        words = getattr(cls, "arguments", {})
        said = "; ".join(f"{name} is {words[name]}" for name in missing if name in words)
        raise ProblemError(cls.__name__, expected=f"a value for {' and '.join(map(repr, missing))}", received="none",
                           advice=f"write {_call(cls, needed)}{f', where {said}' if said else ''}")


def _call(cls, arguments):
    return f"{cls.__name__}({', '.join(f'{one.name}=…' for one in arguments)})"
