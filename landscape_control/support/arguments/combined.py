"""Kinds made of others: several entries, tables by name, one of several, an argument's own words."""

import collections.abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ProblemError
from .kinds import Choice, Kind, Nothing, Number, alternatives
from .markers import Words


@dataclass(frozen=True)
class Items(Kind):
    """Several entries of one kind, in a list, a tuple, a 1-D array, or what the annotation says."""

    kind: Kind
    container: type
    filled: bool = False

    @property
    def words(self) -> str:
        what = "a set" if self.container is frozenset else "a list"
        if self.filled:
            return f"{what} with at least one entry, each {self.kind.words}"
        return f"{what}, each entry {self.kind.words}"

    def fits(self, value: Any) -> bool:
        if isinstance(value, str | bytes | Mapping | type) or getattr(value, "ndim", 1) == 0:
            return False
        if self.container is frozenset:
            return isinstance(value, collections.abc.Set | list | tuple)
        if self.container is collections.abc.Iterable:
            return isinstance(value, collections.abc.Iterable)
        is_sequence = isinstance(value, list | tuple | range | collections.abc.Sequence)
        return is_sequence or getattr(value, "ndim", 0) == 1

    def read(self, what: str, value: Any) -> Any:
        if not self.fits(value):
            self.refuse(what, value)
        entries = [self.kind.read(f"{what}[{k}]", entry) for k, entry in enumerate(value)]
        if self.filled and not entries:
            self.refuse(what, value, advice=f"give {what} at least one entry")
        if self.container is frozenset:
            return frozenset(entries)
        stays_list = isinstance(value, list) and self.container is not tuple
        return entries if stays_list else tuple(entries)


@dataclass(frozen=True)
class Table(Kind):
    """A mapping from names to values of one kind."""

    kind: Kind
    key: type = object

    @property
    def words(self) -> str:
        return "{name: number}" if isinstance(self.kind, Number) else "{name: value}"

    def fits(self, value: Any) -> bool:
        return isinstance(value, Mapping)

    def read(self, what: str, value: Any) -> Any:
        if not isinstance(value, Mapping) or not all(isinstance(name, self.key) for name in value):
            self.refuse(what, value, advice=f"write {what}={{'name': value}}")
        return {name: self.kind.read(f"{what}[{name!r}]", entry) for name, entry in value.items()}


@dataclass(frozen=True)
class Either(Kind):
    """The first of several kinds that an object looks like."""

    kinds: tuple[Kind, ...]

    @property
    def words(self) -> str:
        return alternatives([kind.words for kind in self.kinds])

    def fits(self, value: Any) -> bool:
        return any(kind.fits(value) for kind in self.kinds)

    def read(self, what: str, value: Any) -> Any:
        for kind in self.kinds:
            if kind.fits(value):
                return self._choose(kind, what, value)
        proper = [kind for kind in self.kinds if not isinstance(kind, Nothing)]
        if len(proper) == 1:
            return proper[0].read(what, value)
        return self.refuse(what, value)

    def _choose(self, kind: Kind, what: str, value: Any) -> Any:
        """Read as one kind; where a word is none of its words, the refusal lists all kinds."""
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
    def words(self) -> str:
        return self.said.expected or self.kind.words

    def fits(self, value: Any) -> bool:
        return self.kind.fits(value)

    def read(self, what: str, value: Any) -> Any:
        try:
            return self.kind.read(what, value)
        except ProblemError as error:
            name = f"{what} {self.said.symbol}".rstrip()
            expected = self.words if self.said.expected else error.expected
            advice = self.said.advice or error.advice.replace(what, name)
            raise ProblemError(
                name, expected=expected, received=error.received, advice=advice
            ) from None
