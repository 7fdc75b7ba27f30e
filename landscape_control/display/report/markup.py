"""Text in pages stays text: escaping for HTML and JSON, and the policy that forbids the rest.

Names, units, words of measures and messages come from users and from files. They enter a page
through :func:`text` or :func:`data_block` only; scripts write them with ``textContent``. Should a
way in be left nevertheless, the page's Content-Security-Policy (W3C, CSP Level 3) lets no script
and no style run but the page's own, known by their hashes, and nothing be fetched: an image is a
``data:`` address.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from html import escape

# Not all of these end a script element, but none is needed as it is: "<!--" and "<script" change
# how HTML reads on, "&" begins an entity in XHTML, and the two line separators end a line of
# JavaScript.
_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def text(words: object) -> str:
    """Words as HTML text, also inside a quoted attribute.

    Half a surrogate pair, which UTF-8 cannot hold, becomes "?".
    """
    return escape(_writable(str(words)))


def data_block(document: object, name: str) -> str:
    """A document of dicts, lists, numbers and strings as a JSON script element ``name``."""
    written = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return (
        '<script type="application/json"'
        f' id="{name}">{_writable(written).translate(_ESCAPED)}</script>'
    )


def table_head(titles: Iterable[str]) -> str:
    """The head of a table with these columns, which are markup already."""
    cells = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return f"<thead><tr>{cells}</tr></thead>"


def description_list(entries: Mapping[str, object]) -> str:
    """Names and what they stand for."""
    items = "".join(
        f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in entries.items()
    )
    return f"<dl>{items}</dl>"


def security_policy(*, style: str, script: str = "") -> str:
    """The meta element that allows this style sheet, this script and the page's own images only.

    It belongs before everything that it governs. Attributes ``style=`` and ``on…=`` are forbidden
    too, and so is markup made from strings (``innerHTML``) in browsers that know trusted types.
    """
    rules = [
        "default-src 'none'",
        f"style-src {_hash(style)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if script:
        rules += [f"script-src {_hash(script)}", "require-trusted-types-for 'script'"]
    return f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(rules)}">'


def _hash(source: str) -> str:
    """The source of a style sheet or script as the policy names it."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _writable(words: str) -> str:
    return words.encode("utf-8", "replace").decode("utf-8")
