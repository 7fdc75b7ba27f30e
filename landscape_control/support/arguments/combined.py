"""Kinds that are made of others: several entries, tables by name, one of several kinds, words of an
argument's own.
"""

import collections.abc
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ProblemError
from .kinds import Choice, Kind, Nothing, Number
from .markers import Words


@dataclass(frozen=True)
class Items(Kind):
    """Several entries of one kind, in a list, a tuple, a 1-D array, or another collection where the
    annotation says so.
    """

    kind: Kind
    container: type
    filled: bool = False

    @property
    def words(self):
        what = "a set" if self.container is frozenset else "a list"
        if self.filled:
            return f"{what} with at least one entry, each {self.kind.words}"
        return f"{what}, each entry {self.kind.words}"

    def fits(self, value):
        if isinstance(value, str | bytes | Mapping | type) or getattr(value, "ndim", 1) == 0:
            return False
        if self.container is frozenset:
            return isinstance(value, collections.abc.Set | list | tuple)
        if self.container is collections.abc.Iterable:
            return isinstance(value, collections.abc.Iterable)
        return (
            isinstance(value, list | tuple | range | collections.abc.Sequence)
            or getattr(value, "ndim", 0) == 1
        )

    def read(self, what, value):
        if not self.fits(value):
            self.refuse(what, value)
        entries = [self.kind.read(f"{what}[{k}]", one) for k, one in enumerate(value)]
        if self.filled and not entries:
            self.refuse(what, value, advice=f"give {what} at least one entry")
        if isinstance(value, list):
            return entries if self.container is not tuple else tuple(entries)
        return frozenset(entries) if self.container is frozenset else tuple(entries)


@dataclass(frozen=True)
class Table(Kind):
    """A mapping from names to values of one kind."""

    kind: Kind
    key: type = object

    @property
    def words(self):
        return "{name: number}" if isinstance(self.kind, Number) else "{name: value}"

    def fits(self, value):
        return isinstance(value, Mapping)

    def read(self, what, value):
        if not isinstance(value, Mapping) or not all(isinstance(name, self.key) for name in value):
            self.refuse(what, value, advice=f"write {what}={{'name': value}}")
        return {name: self.kind.read(f"{what}[{name!r}]", one) for name, one in value.items()}


@dataclass(frozen=True)
class Either(Kind):
    """The first of several kinds that an object looks like."""

    kinds: tuple[Kind, ...]

    @property
    def words(self):
        names = [kind.words for kind in self.kinds]
        return " or ".join([", ".join(names[:-1]), names[-1]])

    def fits(self, value):
        return any(kind.fits(value) for kind in self.kinds)

    def read(self, what, value):
        for kind in self.kinds:
            if kind.fits(value):
                return self._choose(kind, what, value)
        proper = [kind for kind in self.kinds if not isinstance(kind, Nothing)]
        if len(proper) == 1:
            return proper[0].read(what, value)
        return self.refuse(what, value)

    def _choose(self, kind, what, value):
        """Read as one kind; a word that is none of its words is told all that could stand there."""
        try:
            return kind.read(what, value)
        except ProblemError as error:
            if not isinstance(kind, Choice):
                raise
            raise ProblemError(
                what, expected=self.words, received=error.received, advice=error.advice
            ) from None


@dataclass(frozen=True)
class Worded(Kind):
    """A kind whose messages carry the argument's symbol, or advice of its own."""

    kind: Kind
    said: Words

    @property
    def words(self):
        return self.said.expected or self.kind.words

    def fits(self, value):
        return self.kind.fits(value)

    def read(self, what, value):
        try:
            return self.kind.read(what, value)
        except ProblemError as error:
            name = f"{what} {self.said.symbol}".rstrip()
            expected = self.words if self.said.expected else error.expected
            advice = self.said.advice or error.advice.replace(what, name)
            raise ProblemError(
                name, expected=expected, received=error.received, advice=advice
            ) from None
