"""Pages of the reference, one for each name of ``landscape_control`` and for each public package."""

import inspect
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from docstrings import escaped as escaped_lines
from themes import PACKAGES, THEMES

import landscape_control as lc

ROOT = "landscape_control"
NOT_INHERITED = ("int", "str", "Exception", "tuple", "dict", "Enum", "StrEnum")
EMPTY = "\\ "  # a cell of a table must not be empty


def write_reference(folder: Path) -> None:
    """index.rst and all pages, into ``folder``."""
    folder.mkdir(parents=True)
    (folder / "index.rst").write_text(_index(), encoding="utf-8")
    for number, (theme, names) in enumerate(THEMES.items()):
        (folder / f"theme-{number}.rst").write_text(_theme_page(theme, names), encoding="utf-8")
        for name in names:
            page = f"{_title('lc.' + name)}{_directive(ROOT, name, getattr(lc, name))}"
            (folder / f"{name}.rst").write_text(page, encoding="utf-8")
    for package in PACKAGES:
        (folder / f"package-{package}.rst").write_text(_package_page(package), encoding="utf-8")


def missing() -> set[str]:
    """Public names that no page would show."""
    shown = {name for names in THEMES.values() for name in names} | set(PACKAGES)
    return set(lc.__all__) - shown


def _index() -> str:
    parts = [
        _title("Reference"),
        "``import landscape_control as lc``; every name has a page of its own.\n\n",
    ]
    for theme, names in THEMES.items():
        parts += [_title(theme, "-"), _table(names)]
    rows = [(f":doc:`lc.{name} <package-{name}>`", words) for name, words in PACKAGES.items()]
    themes = [f"theme-{number}" for number in range(len(THEMES))]
    pages = [f"package-{name}" for name in PACKAGES]
    parts += [_title("Packages", "-"), _rows(rows), _tree([*themes, *pages])]
    return "".join(parts)


def _theme_page(theme: str, names: tuple[str, ...]) -> str:
    return _title(theme) + _table(names) + _tree(names)


def _table(names: tuple[str, ...]) -> str:
    """Names with the first sentences of their docstrings."""
    return _rows(
        [(f":doc:`lc.{name} <{name}>`", first_sentence(getattr(lc, name))) for name in names]
    )


def _package_page(package: str) -> str:
    """What a package adds to the names of ``landscape_control``, after links to those."""
    module = import_module(f"{ROOT}.{package}")
    first = (inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " ")
    things = {name: getattr(module, name) for name in module.__all__}
    things = {name: thing for name, thing in things.items() if not inspect.ismodule(thing)}
    elsewhere = [name for name, thing in things.items() if _has_a_page(name, thing, package)]
    links = "".join(f"* :doc:`lc.{name} <{name}>`\n" for name in elsewhere if name in lc.__all__)
    shown = "".join(
        _directive(f"{ROOT}.{package}", name, thing)
        for name, thing in things.items()
        if name not in elsewhere
    )
    return f"{_title('lc.' + package)}{escaped(first)}\n\n{links}\n{shown}"


def _has_a_page(name: str, thing: object, package: str) -> bool:
    """Whether it is a name of ``landscape_control``, or of a package before this one."""
    if name in lc.__all__ and getattr(lc, name) is thing:
        return True
    before = list(PACKAGES)[: list(PACKAGES).index(package)]
    modules = [import_module(f"{ROOT}.{other}") for other in before]
    return any(name in each.__all__ and getattr(each, name) is thing for each in modules)


def _directive(module: str, name: str, thing: object) -> str:
    """The autodoc directive for one object."""
    if inspect.isclass(thing):
        kind = "autoexception" if issubclass(thing, BaseException) else "autoclass"
        options = f"   :members:\n   :inherited-members: {', '.join(NOT_INHERITED)}\n"
        return f".. {kind}:: {module}.{name}\n{options}\n"
    kind = "autofunction" if callable(thing) else "autodata"
    return f".. {kind}:: {module}.{name}\n\n"


def first_sentence(thing: object) -> str:
    """The first paragraph of a docstring up to its first full stop, escaped."""
    text = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
    return escaped(re.split(r"(?<!Fig)\. ", text)[0].rstrip(".:"))


def escaped(text: str) -> str:
    return escaped_lines([text])[0]


def _title(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}\n\n"


def _rows(rows: list[tuple[str, str]]) -> str:
    """A table of two columns."""
    head = ".. list-table::\n   :widths: 30 70\n   :class: names\n\n"
    body = "".join(f"   * - {left}\n     - {right or EMPTY}\n" for left, right in rows)
    return f"{head}{body}\n"


def _tree(pages: Sequence[str]) -> str:
    entries = "".join(f"   {page}\n" for page in pages)
    return f".. toctree::\n   :hidden:\n\n{entries}\n"
