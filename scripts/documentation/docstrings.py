"""A Sphinx extension: docstrings in the house's style as reStructuredText.

Their sections are underlined words, their entries ``names : text``, their formulas are indented
plain text with signs that reStructuredText would read as markup: |g|², α*, x_.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the tests of this module do without Sphinx
    from sphinx.application import Sphinx

SECTIONS = (
    "Parameters",
    "Attributes",
    "Returns",
    "Raises",
    "Notes",
    "Examples",
    "Yields",
    "Methods",
)
ENTRIES = ("Parameters", "Attributes", "Methods")
# what stays as it is: ``code``, :role:`text`, `text`_, **strong words**, *emphasised words*
KEPT = re.compile(
    r"``.+?``|:[\w:]+:`[^`]+`|`[^`]+`_|\*\*[^\s*][^*]*\*\*|(?<![\w*)\]])\*[A-Za-z][^*]{2,}\*(?!\w)",
    re.DOTALL,
)
TABLE = re.compile(r"={3,}( +={3,})+$")


def setup(app: "Sphinx") -> dict:
    app.connect("autodoc-process-docstring", process, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def process(app, what, name, obj, options, lines: list[str]) -> None:
    """Replace the lines of a docstring in place."""
    lines[:] = restructured(lines)


def restructured(lines: list[str]) -> list[str]:
    """The docstring as reStructuredText, section by section."""
    body: list[str] = []
    for title, part in _sections(lines):
        if title is None:
            body += paragraphs(part)
        elif title in ENTRIES:
            body += ["", f".. rubric:: {title}", "", *entries(part)]
        else:
            body += ["", f".. rubric:: {title}", "", *paragraphs(part)]
    return body


def _sections(lines: list[str]) -> list[tuple[str | None, list[str]]]:
    """(title or None, lines) of each section."""
    found: list[tuple[str | None, list[str]]] = [(None, [])]
    k = 0
    while k < len(lines):
        is_title = lines[k].strip() in SECTIONS and k + 1 < len(lines)
        if is_title and re.fullmatch(r"\s*-{3,}\s*", lines[k + 1]):
            found.append((lines[k].strip(), []))
            k += 2
            continue
        found[-1][1].append(lines[k])
        k += 1
    return found


def paragraphs(lines: list[str]) -> list[str]:
    """Text and formulas: what is indented, or follows ``::``, becomes a literal block."""
    body: list[str] = []
    for is_literal, part in _blocks(lines):
        if is_literal:
            body += ["", ".. code-block:: text", "", *(f"   {line}" for line in part), ""]
        else:
            body += escaped([_without_colons(line) for line in part])
    return body


def _without_colons(line: str) -> str:
    """``text::`` announces a literal block, which is one here by its indentation."""
    if not line.endswith("::"):
        return line
    return "" if line.strip() == "::" else line[:-1]


def _blocks(lines: list[str]) -> list[tuple[bool, list[str]]]:
    """(whether literal, lines) of runs of lines; continued items of lists are text."""
    blocks: list[tuple[bool, list[str]]] = []
    in_list = False
    rules = 0  # of the present table, which has three and is set as it stands
    for line in lines:
        rules = (rules + 1) % 3 if TABLE.match(line) else rules
        indented = line.startswith("    ") or rules > 0 or bool(TABLE.match(line))
        if re.match(r"(\d+\.|[*-]) ", line):
            in_list = True
        elif line.strip() and not line.startswith(" "):
            in_list = False
        literal = indented and not in_list
        if not line.strip() and blocks:
            literal = blocks[-1][0]
        if not blocks or blocks[-1][0] != literal:
            blocks.append((literal, []))
        blocks[-1][1].append(line)
    return [(literal, _trimmed(part) if literal else [*part, ""]) for literal, part in blocks]


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    depth = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[depth:] for line in lines]


def entries(lines: list[str]) -> list[str]:
    """A definition for each ``names : text`` with its indented continuation."""
    body: list[str] = []
    for line in lines:
        head = re.match(r"(\*{0,2}[\w.]+(?:, \*{0,2}[\w.]+)*)(?: :)?(?: (.*))?$", line)
        if head and not line.startswith(" "):
            names = ", ".join(f"``{name}``" for name in head[1].split(", "))
            body += ["", names, *_definition(head[2])]
        elif line.strip() and not line.startswith(" "):
            body += ["", *escaped([line])]
        else:
            body += [f"   {text}" if text else "" for text in escaped([line.strip()])]
    return body


def _definition(text: str | None) -> list[str]:
    return [f"   {line}" for line in escaped([text or ""])] if text else ["   \\ "]


def escaped(lines: list[str]) -> list[str]:
    """The lines with every sign that would be markup escaped, except in what is KEPT."""
    text = "\n".join(lines)
    pieces, end = [], 0
    for match in KEPT.finditer(text):
        pieces += [_plain(text[end : match.start()]), re.sub(r"\s*\n\s*", " ", match[0])]
        end = match.end()
    pieces.append(_plain(text[end:]))
    return "".join(pieces).split("\n")


def _plain(text: str) -> str:
    text = re.sub(r"([|*`])", r"\\\1", text)
    text = re.sub(r"(?<=\w)_(?!\w)", r"\\_", text)  # x_ would be a link
    return re.sub(r"(?m)^(\s*)\\\* ", r"\1* ", text)  # items of lists
