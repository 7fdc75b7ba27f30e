"""Text in pages stays text: escaping for HTML, for JSON inside a page, and the policy that forbids
what is left.

Names, units, words of measures and messages come from users and from files. They enter a page
through :func:`text` or :func:`data_block` only; scripts write them with ``textContent``. Should a
way in be left nevertheless, the page's Content-Security-Policy (W3C, CSP Level 3) lets no script
and no style run but the page's own, known by their hashes, and nothing be fetched: an image is a
``data:`` address.
"""

import base64
import hashlib
import json
from html import escape

# Not all of these end a script element, but none is needed as it is: "<!--" and "<script" change
# how HTML reads on, "&" begins an entity in XHTML, and the two line separators end a line of
# JavaScript.
_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def text(words) -> str:
    """Words as HTML text, also inside a quoted attribute; half a surrogate pair, which UTF-8 cannot
    hold, becomes "?".
    """
    return escape(_writable(str(words)))


def data_block(document, name: str) -> str:
    """A document of dicts, lists, numbers and strings as ``<script type="application/json"
    id=name>``.
    """
    written = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return (
        '<script type="application/json"'
        f' id="{name}">{_writable(written).translate(_ESCAPED)}</script>'
    )


def security_policy(*, style: str, script: str = "") -> str:
    """The meta element that allows this style sheet, this script and images held in the page, and
    nothing else.

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


def _hash(source):
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _writable(words):
    return words.encode("utf-8", "replace").decode("utf-8")
