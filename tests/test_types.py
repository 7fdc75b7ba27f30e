"""What type checkers see: annotations of the public names, names that are imported late, and a
program of a user's.
"""

import ast
import importlib
import inspect
import sys
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest
import typed_use
from argument_table import public_callables

import landscape_control as lc
from landscape_control import identification, optimisation, planning
from landscape_control.support.older_paths import MOVED

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "landscape_control"


def parts_of_class(cls: type) -> Iterator[tuple[str, object]]:
    """(name, function) of its constructor, public methods and properties, those of its bases in
    this package included.
    """
    for base in cls.__mro__:
        if not base.__module__.startswith(PACKAGE):
            continue
        for name, member in vars(base).items():
            if name.startswith("_") and name not in ("__init__", "__call__"):
                continue
            if isinstance(member, cached_property):
                function = member.func
            else:
                function = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if inspect.isfunction(function):
                yield f"{base.__qualname__}.{name}", inspect.unwrap(function)


def lacks_annotations(function) -> bool:
    """Whether a parameter or the return has no annotation; a constructor need not say None."""
    parameters = inspect.signature(function).parameters.values()
    own = [one for one in parameters if one.name not in ("self", "cls")]
    returns = function.__name__ == "__init__" or "return" in function.__annotations__
    return not returns or any(one.annotation is one.empty for one in own)


def not_annotated() -> dict[str, list[str]]:
    """{top-level package: names} of what is public and not annotated in full."""
    lacking: dict[str, set[str]] = {}
    for value in public_callables().values():
        functions = parts_of_class(value) if inspect.isclass(value) else [(value.__name__, value)]
        for name, function in functions:
            bare = inspect.unwrap(function)
            if lacks_annotations(bare):
                package = bare.__module__.split(".")[1]
                lacking.setdefault(package, set()).add(f"{bare.__module__}: {name}")
    return {package: sorted(names) for package, names in sorted(lacking.items())}


def test_public_names_are_annotated():
    assert not_annotated() == {}


def test_no_module_is_left_out_by_mypy():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert not settings.get("exclude")
    assert not [table for table in settings["overrides"] if table.get("ignore_errors")]


def names_for_type_checkers(module) -> dict[str, str]:
    """{name: where from} of the names that a module gives to type checkers alone."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    guarded = [
        statement
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for statement in node.body
    ]
    names = {}
    for statement in guarded:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                place = "." * statement.level + (statement.module or "")
                names[alias.asname or alias.name] = f"{place}:{alias.name}"
    return names


def late_names(homes: dict[str, str]) -> dict[str, str]:
    return {name: f".{home}:{name}" for name, home in homes.items()}


@pytest.mark.parametrize("module", [identification, optimisation, planning.beliefs])
def test_late_names_are_typed(module):
    assert names_for_type_checkers(module) == late_names(module._HOMES)


def test_late_names_of_planning_are_typed():
    of_beliefs = dict.fromkeys(planning.beliefs.__all__, "beliefs")
    assert names_for_type_checkers(planning) == late_names(planning._MOVED | of_beliefs)


def test_late_names_of_the_package_are_typed():
    """Names of version 0.1 are the modules of today, as they are at run time."""
    modules = {}
    for name in lc._PACKAGES:
        above, _, today = MOVED.get(name, name).rpartition(".")
        modules[name] = f".{above}:{today}"
    typed = names_for_type_checkers(lc)
    typed["comparison"] = typed.pop("_maps")
    assert typed == late_names(lc._LATER) | modules


@pytest.mark.parametrize("name", [*lc._LATER, *lc._PACKAGES])
def test_typed_names_are_those_of_run_time(name):
    place = names_for_type_checkers(lc)["_maps" if name == "comparison" else name]
    module, _, attribute = place.partition(":")
    of_run_time = getattr(lc, name)  # imports it
    home = importlib.import_module(module, PACKAGE) if module != "." else lc
    typed = getattr(home, attribute, None) or sys.modules[f"{home.__name__}.{attribute}"]
    assert of_run_time is typed


def test_a_program_of_a_users_runs():
    """The types that ``typed_use`` states are checked by mypy; here it is run."""
    assert typed_use.plan().status.ok
    assert str(typed_use.which_rule())
    assert typed_use.horizons()["cost"].shape == (2, 2)
    assert typed_use.emerging_rule().status.ok
    assert typed_use.followed_by_a_learner().cost > 0


@pytest.mark.parametrize(
    "name",
    [
        "",
        *[
            "belief",
            "claims",
            "measures",
            "plotting",
            "policies",
            "records",
            "reference",
            "rules",
            "simulation",
            "sweeps",
        ],
    ],
)
def test_completion_offers_public_names_alone(name):
    space = getattr(lc, name) if name else lc
    offered = {each for each in dir(space) if not each.startswith("__")}
    allowed = {*space.__all__, *(lc._PACKAGES if space is lc else ())}
    assert offered <= allowed
    assert {each for each in space.__all__ if not each.startswith("__")} <= offered
