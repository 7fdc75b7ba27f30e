"""Style sheets, scripts and templates of the pages: files in ``static``, part of the package."""

from functools import cache
from importlib.resources import files
from string import Template

from .markup import security_policy


@cache
def static_text(name: str) -> str:
    """The text of a file in ``static``."""
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def filled(template: str, **parts: str) -> str:
    """A template with HTML in the places of its names; what is put in is not looked at again.

    Words from users have to pass through ``markup.text`` first.
    """
    return Template(static_text(template)).substitute(parts)


def html_document(
    *,
    title: str,
    lead: str,
    main: str,
    below: str = "",
    styles: tuple[str, ...] = (),
    data: str = "",
    script: str = "",
) -> str:
    """A self-contained HTML document, whose policy lets nothing run but its own style and script.

    ``title``, ``lead``, ``below`` (the lead), ``main`` and ``data`` are HTML; ``styles``, beside
    that of every page, and ``script`` are names of files.
    """
    style = "".join(map(static_text, ("page.css", *styles)))
    code = static_text(script) if script else ""
    return filled(
        "page.html",
        policy=security_policy(style=style, script=code),
        title=title,
        lead=lead,
        style=style,
        below=below,
        main=main,
        scripts=f"{data}\n<script>{code}</script>\n" if script else "",
    )
