"""Closed-form rules as JSON trees: by name those of the library, in words those of a user.

A rule of the library works again when it is read. The functions of a user's own rule are in no
file: it comes back with its name, formula, coefficients and what it sees, and refuses to act.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from ..rules import Rule, full_information
from ..support.errors import ProblemError
from .plain_text import mapping, refuse, word

_WORDS = ("key", "name", "formula", "source")
_PARTS = ("sees", "coefficients", "contains")


def rule_to_tree(rule: Rule, to_tree: Callable[[Any], Any]) -> dict[str, Any]:
    """Everything of a rule but its functions; ``library`` says whether the library has these."""
    tree: dict[str, Any] = {"kind": "Rule"}
    tree |= {name: getattr(rule, name) for name in _WORDS}
    tree |= {name: to_tree(getattr(rule, name)) for name in _PARTS}
    given = getattr(rule.directions, "args", ())
    settings = tuple(each for each in given if isinstance(each, float | int))
    own = _of_the_library(rule.key, settings)
    is_known = own is not None and _functions(own) == _functions(rule)
    return tree | {"library": is_known, "settings": to_tree(settings if is_known else ())}


def _of_the_library(key: str, settings: tuple) -> Rule | None:
    """The library's rule of a key; the only setting of one is the Δt that plans are held for."""
    rules = full_information(hold=settings[0]) if settings else full_information()
    return next((rule for rule in rules if rule.key == key), None)


def _functions(rule: Rule) -> list[tuple[object, tuple]]:
    """What makes a rule act: each function with what it was given beforehand."""
    functions: tuple[object, ...] = (rule.directions, rule.theory, rule.objection)
    found: list[tuple[object, tuple]] = []
    for function in functions:
        if isinstance(function, partial):
            found.append((function.func, function.args))
        else:
            found.append((function, ()))
    return found


def rule_from_tree(tree: dict, value: Callable[[Any, str], Any], what: str) -> Rule:
    """The rule that :func:`rule_to_tree` was given, ``value`` reads its parts."""
    mapping(tree, what, *_WORDS, *_PARTS, "library", "settings")
    words: dict[str, Any] = {name: word(tree[name], f"{what}, {name}") for name in _WORDS}
    parts: dict[str, Any] = {name: value(tree[name], f"{what}, {name}") for name in _PARTS}
    if not isinstance(tree["library"], bool):
        refuse(f"{what}, library", "true or false", f"{tree['library']!r:.60}")
    if not tree["library"]:
        missing = partial(_missing, words["name"])
        return Rule(**words, **parts, directions=missing, theory=missing)
    settings = value(tree["settings"], f"{what}, settings")
    if not (isinstance(settings, tuple) and len(settings) <= 1):
        refuse(f"{what}, settings", "at most one number", f"{settings!r:.60}")
    rule = _of_the_library(words["key"], settings)
    if rule is None:
        raise ProblemError(
            what,
            expected="a rule of the library",
            received=repr(words["key"])[:60],
            advice="a later version of landscape_control may have written it: upgrade",
        )
    return rule


def _missing(name: str, *_: object) -> NoReturn:
    raise ProblemError(
        f"rule {name!r} of a record",
        expected="the functions of the rule",
        received="its name, formula and coefficients: files hold no code",
        advice="build the rule where it is defined, and give it the coefficients of the record",
    )
