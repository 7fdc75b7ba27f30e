"""HTML of small tables; whatever a user has written is escaped, and is no mathematics."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0"
_LONGEST = 1500  # characters of one text
_ROWS = 12  # of a table


def text(words: object) -> str:
    """Words as they stand: MathJax, which would read dollar signs, leaves them alone."""
    shown = str(words)
    if len(shown) > _LONGEST:
        shown = f"{shown[: _LONGEST - 1]}…"
    return f'<span class="tex2jax_ignore mathjax_ignore">{escape(shown)}</span>'


def formula(latex: str) -> str:
    """Display mathematics, as notebooks typeset it."""
    return f"<div>$${escape(latex, quote=False)}$$</div>"


def title(words: object, after: object = "") -> str:
    """A line in bold, and what follows it."""
    rest = f" {text(after)}" if after else ""
    return f"<div><strong>{text(words)}</strong>{rest}</div>"


def note(words: object) -> str:
    """A small line below."""
    return f'<div style="opacity:.7;font-size:90%">{text(words)}</div>'


def pairs(rows: Mapping[str, object]) -> str:
    """A table of names and values; empty values are left out."""
    lines = [
        f'<tr><th scope="row" style="{_CELL}">{text(name)}</th>'
        f'<td style="{_CELL}">{text(value)}</td></tr>'
        for name, value in rows.items()
        if value not in (None, "")
    ]
    return f"<table>{''.join(lines)}</table>"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a header; the first dozen of its rows, and how many there are more."""
    every = list(rows)
    head = "".join(f'<th scope="col" style="{_CELL}">{text(name)}</th>' for name in header)
    lines = [
        "<tr>" + "".join(f'<td style="{_CELL}">{text(value)}</td>' for value in row) + "</tr>"
        for row in every[:_ROWS]
    ]
    more = note(f"and {len(every) - _ROWS} more") if len(every) > _ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{more}"


def block(*parts: str) -> str:
    """All parts of one object."""
    return f'<div class="landscape-control">{"".join(parts)}</div>'
