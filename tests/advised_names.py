"""What the package's messages advise, read off its source: options ``word=`` and the calls around
them.
"""

import ast
import builtins
import dataclasses
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from argument_table import PARTS

import landscape_control as lc

PACKAGE = Path(lc.__file__).parent
_OPTION = re.compile(r"(?<![\w.={}/?&-])([a-z]\w*)=(?![=\s])")
_NAME = re.compile(r"(?<![\w./-])([a-z]+(?:_[a-z0-9]+)+)(?![\w(.-])")
_MARKUP = re.compile(r"<[a-zA-Z!/]")
_CALL = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*)\(([^()]*)\)")


class Text(NamedTuple):
    """A string of the source, with … for what is filled in."""

    module: str
    line: int
    text: str


def _module(path):
    """landscape_control.planning.solver.solver of solver/solver.py."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


@cache
def _nodes() -> dict[str, list[ast.AST]]:
    """Everything in the text of each module of the package."""
    return {
        _module(path): list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


@cache
def message_texts() -> tuple[Text, ...]:
    """All strings of the package that a reader may meet: none of the docstrings."""
    return tuple(text for name, nodes in _nodes().items() for text in _messages(name, nodes))


def _messages(name: str, nodes: list[ast.AST]) -> Iterator[Text]:
    docstrings, inside = set(), set()
    for node in nodes:
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            docstrings.add(id(body[0].value))
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in ast.walk(node) if part is not node}
    silent = docstrings | inside
    for node in nodes:
        text = None
        if isinstance(node, ast.JoinedStr):
            parts = (getattr(part, "value", "…") for part in node.values)
            text = "".join(part if isinstance(part, str) else "…" for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = None if id(node) in silent else node.value
        if text and " " in text and not _MARKUP.search(text):
            yield Text(name, node.lineno, text)


@cache
def advised_texts() -> tuple[Text, ...]:
    """The texts of refusals: arguments of errors, and values of tables of advice."""
    return tuple(
        Text(name, node.value.lineno, text)
        for name, nodes in _nodes().items()
        for node in nodes
        if isinstance(node, ast.keyword) and node.arg == "advice"
        for text in _strings(node.value)
    )


def _strings(node):
    inside = {
        id(part) for one in ast.walk(node) if isinstance(one, ast.JoinedStr) for part in one.values
    }
    for one in ast.walk(node):
        if isinstance(one, ast.JoinedStr):
            parts = (getattr(part, "value", "…") for part in one.values)
            yield "".join(part if isinstance(part, str) else "…" for part in parts)
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in inside:
            yield one.value


def options_in(text: str) -> set[str]:
    """Every ``word=`` of a text."""
    return set(_OPTION.findall(text))


def names_in(text: str) -> set[str]:
    """Every word with an underscore that is not called: names of options and attributes."""
    return set(_NAME.findall(text))


def calls_in(text: str) -> Iterator[tuple[str, str, set[str]]]:
    """(callee, what stands in the brackets, its options) of every call written out in a text."""
    for callee, inside in _CALL.findall(text):
        options = options_in(inside)
        if options:
            yield callee, inside, options


@cache
def public_objects() -> dict[str, object]:
    """Public names of the package and of its parts, and of the methods of public classes."""
    named = {name: getattr(lc, name) for name in lc.__all__}
    for part in PARTS:
        module = import_module(f"landscape_control.{part}")
        named |= {name: getattr(module, name) for name in getattr(module, "__all__", ())}
    for name, thing in list(named.items()):
        if inspect.isclass(thing):
            own = ((key, getattr(thing, key, None)) for key in dir(thing) if key[0] != "_")
            named |= {f"{name}.{key}": value for key, value in own if callable(value)}
    return named


@cache
def accepted_options(thing) -> frozenset[str]:
    """Names that a callable takes: parameters, keys of its typed options, fields of a dataclass."""
    accepted = set()
    if dataclasses.is_dataclass(thing):
        accepted |= {field.name for field in dataclasses.fields(thing)}
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return frozenset(accepted)
    for parameter in parameters:
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            accepted.add(parameter.name)
            continue
        for typed in getattr(parameter.annotation, "__args__", ()):
            accepted |= set(getattr(typed, "__annotations__", ()))
    return frozenset(accepted)


@cache
def takes_anything(thing) -> bool:
    """Whether a callable hands options on that its signature does not list."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD
        and not getattr(parameter.annotation, "__args__", ())
        for parameter in parameters
    )


@cache
def all_options() -> frozenset[str]:
    """Every option of any public callable."""
    return frozenset().union(
        *(accepted_options(thing) for thing in public_objects().values() if callable(thing))
    )


@cache
def all_names() -> frozenset[str]:
    """Options, public names, and attributes of public classes and modules."""
    names = set(all_options()) | set(dir(builtins))
    for name, thing in public_objects().items():
        names |= set(name.split("."))
        if inspect.isclass(thing) or inspect.ismodule(thing):
            names |= set(dir(thing))
        if dataclasses.is_dataclass(thing):
            names |= {field.name for field in dataclasses.fields(thing)}
    return frozenset(names)


# what a message calls an object of the reader's
_INSTANCES = {
    "landscape": ("Landscape",),
    "problem": ("ControlProblem", "LinearQuadratic"),
    "rule": ("Rule", "CausalRule"),
    "solution": ("Solution", "BeliefSolution"),
    "solver": ("Solver",),
}


def resolved(callee: str, inside: str = "") -> list:
    """The public objects that a call in a text may mean, [] for none.

    ``dataclasses.replace(rule, ...)`` means the fields of a rule, ``problem.changed(...)`` the
    method of a problem.
    """
    named, words = public_objects(), callee.split(".")
    if callee in ("replace", "dataclasses.replace"):
        classes = _INSTANCES.get(inside.split(",")[0].strip(), ())
        return [named[name] for name in classes if name in named]
    owners = _INSTANCES.get(words[0], ()) if len(words) == 2 else ()
    keys = [f"{owner}.{words[1]}" for owner in owners] or [".".join(words[-2:]), words[-1]]
    found = [named[key] for key in keys if key in named]
    return found + [thing for thing in _namesakes(words[-1]) if thing not in found]


def _namesakes(name):
    """All public objects of one name: a family and a raw learner may share theirs."""
    for part in PARTS:
        module = import_module(f"landscape_control.{part}")
        if name in getattr(module, "__all__", ()):
            yield getattr(module, name)


def accepts(thing, options: set[str]) -> bool:
    """Whether a callable takes all of these options."""
    changes = getattr(thing, "__qualname__", "") == "ControlProblem.changed"
    known = accepted_options(thing)
    if changes:  # hands numbers on to the objective, and the rest to the problem
        known = known | accepted_options(lc.Objective) | accepted_options(lc.ControlProblem)
    return options <= known or (takes_anything(thing) and not changes)
