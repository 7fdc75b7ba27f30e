"""What a claim is: a statement with a source, and the function that checks it by numbers."""

import inspect
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..support.arguments import checked
from ..support.errors import ProblemError, check_choice
from .check import RELATIONS, words
from .evidence import Evidence

# what claims are about, in the order in which they are shown
THEMES = (
    "short and long horizons",
    "geometry and partial control",
    "barriers",
    "momentum and schedules",
    "Adam",
    "beliefs and probing",
    "changing tasks",
)


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """A statement about optimal learning that a computation can confirm or refute.

    Attributes
    ----------
    name : str, unique, lower-case letters, digits and hyphens; what the command line calls it
    title : str, one line
    statement : str, the claim in words and formulas
    source : str, where it is stated or derived
    relations : tuple of RELATIONS, which kinds of checks the claim makes; its evidence must show
        exactly these
    evaluate : callable of no arguments returning Evidence; defined at module level, so that worker
        processes find it
    theme : str or None, what it is about: one of THEMES, by which the report and the gallery are
        ordered, or words of your own, which come after them
    figure : str or None, the panel of the paper it belongs to, e.g. "Fig. 2a"
    picture : str or None, what draws ``evidence.data``: NAME for the function NAME in
        problems/pictures/NAME.py, or a general figure of landscape_control.display.plotting.overviews

    Raises
    ------
    ProblemError
        An empty or malformed field, an unknown relation, an ``evaluate`` that needs arguments or
        cannot be pickled.
    """

    name: str
    title: str
    statement: str
    source: str
    relations: tuple[str, ...]
    evaluate: Callable[[], Evidence]
    theme: str | None = None
    figure: str | None = None
    picture: str | None = None

    def __post_init__(self) -> None:
        _pattern(
            "claim name", self.name, r"[a-z0-9]+(-[a-z0-9]+)*", "lower-case words joined by hyphens"
        )
        for part in ("title", "statement", "source"):
            words(f"{part} of claim {self.name!r}", getattr(self, part))
        relations = (self.relations,) if isinstance(self.relations, str) else tuple(self.relations)
        for relation in relations or ("",):
            check_choice(f"relation of claim {self.name!r}", relation, RELATIONS)
        object.__setattr__(self, "relations", relations)
        if self.theme is not None:
            words(f"theme of claim {self.name!r}", self.theme)
        if self.figure is not None:
            _pattern(
                f"figure of claim {self.name!r}",
                self.figure,
                r"Fig\. \d.*",
                "text like 'Fig. 2a', or None",
            )
        if self.picture is not None:
            _pattern(
                f"picture of claim {self.name!r}",
                self.picture,
                r"[a-z]\w*",
                "the name of a drawing function, or None",
            )
        _check_evaluate(self.name, self.evaluate)

    @property
    def theme_order(self) -> tuple[int, str]:
        """What sorts claims by theme: those of THEMES first, in their order."""
        known = THEMES.index(self.theme) if self.theme in THEMES else len(THEMES)
        return known, self.theme or "other claims"

    def examine(self) -> Evidence:
        """Evaluate the claim, refusing evidence whose relations are not the ones it declares."""
        evidence = self.evaluate()
        if not isinstance(evidence, Evidence):
            raise ProblemError(
                f"evaluate of claim {self.name!r}",
                expected="Evidence",
                received=type(evidence).__name__,
                advice="return Evidence(checks=(...), data={...})",
            )
        shown = {check.relation for check in evidence.checks}
        if shown != set(self.relations):
            raise ProblemError(
                f"relations of claim {self.name!r}",
                expected=f"those of its checks, {sorted(shown)}",
                received=f"{sorted(self.relations)}",
                advice="declare exactly what the checks show",
            )
        return evidence


def _pattern(what: str, value: object, pattern: str, expected: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ProblemError(what, expected=expected, received=repr(value), advice="rename it")


def _check_evaluate(name: str, evaluate: Any) -> None:
    what = f"evaluate of claim {name!r}"
    try:
        needed = [
            p.name
            for p in inspect.signature(evaluate).parameters.values()
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
    except TypeError:
        raise ProblemError(
            what,
            expected="a function",
            received=type(evaluate).__name__,
            advice="pass the function itself",
        ) from None
    if needed:
        raise ProblemError(
            what,
            expected="a function of no arguments",
            received=f"one that needs {', '.join(needed)}",
            advice="fix them with functools.partial",
        )
    try:
        pickle.dumps(evaluate)
    except (pickle.PicklingError, AttributeError, TypeError):
        raise ProblemError(
            what,
            expected="a function defined at module level",
            received=getattr(evaluate, "__qualname__", repr(evaluate)),
            advice="write it with def in the module: worker processes look it up by name",
        ) from None
