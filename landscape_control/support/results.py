"""What every result of the library can do: show, describe and save itself, hand over its numbers.

The methods are those of ``records`` (files, tables, dictionaries) and of ``display`` (words), which
come after all results and are imported when one of them is asked for.
"""

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from .arguments import checked
from .drawable import Shown
from .recordable import Recordable

if TYPE_CHECKING:
    import pandas
    import xarray

_PACKAGE = __package__.partition(".")[0]


class Result(Shown, Recordable):
    """A result: ``save``, ``describe``, ``methods``, ``to_dict``, ``to_xarray``, ``to_dataframe``."""

    @cached_property
    def made_with(self) -> Mapping[str, Any]:
        """Settings of the call that made it, {name: value}: seeds, tolerances, counts, defaults too.

        "software" is what it was made with, by versions. Empty where it was made in another way.
        """
        return {}

    @checked
    def describe(self) -> str:
        """All numbers, one a line: long arrays by shape, range and ends, parts indented below."""
        words: str = import_module(f"{_PACKAGE}.display.description").describe(self)
        return words

    @checked
    def methods(self, format: Literal["text", "latex"] = "text") -> str:
        """A paragraph for a methods section: equations, method, tolerances, seeds, versions.

        With "latex" the equations are display mathematics, with "text" they are in plain signs.
        """
        words: str = import_module(f"{_PACKAGE}.display.description").methods(self, format)
        return words

    @checked
    def to_dict(self) -> dict[str, Any]:
        """Plain Python: numbers, texts, lists and dictionaries, which ``json.dumps`` writes.

        ``type`` is the name of the class. Problems are their specifications; a problem of a loss
        of another program has none, and is its description. Numbers for which JSON
        has no word are the texts "nan", "inf" and "-inf", which ``float`` and
        ``np.array(…, dtype=float)`` read; None is what the result does not have.
        """
        found: dict[str, Any] = import_module(f"{_PACKAGE}.records").to_dict(self)
        return found

    @checked
    def to_xarray(self) -> "xarray.Dataset":
        """The numbers as one data set with named axes.

        Arrays and numbers are variables, texts attributes. Parts are written with their name in
        front; several parts of one kind (rules, runs) along an axis, NaN behind their ends. A
        solution gives its best plan.
        """
        found: xarray.Dataset = import_module(f"{_PACKAGE}.records").to_xarray(self)
        return found

    @checked
    def to_dataframe(self, axis: str | None = None) -> "pandas.DataFrame":
        """A table: one row per entry along ``axis``, one column per number that varies along it.

        None is rules of a verdict, nodes of a plan, episodes of a rollout, else the axis with the
        most variables; recordings have a row per run, step and weight. Further axes are written
        in the columns, as in ``parameters[0]``; what would take more than 20 of them is in
        ``to_xarray()`` only. Raises ProblemError for an axis that no variable has.
        """
        found: pandas.DataFrame = import_module(f"{_PACKAGE}.records").to_dataframe(self, axis)
        return found
