"""Pages in a real browser: the document after its scripts have run, and what the browser complained
of.
"""

import base64
import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape

import pytest

BROWSER = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-sync",
    "--enable-logging=stderr",
)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What was left of a page: its document, and the console's messages (errors, and what the
    policy refused).
    """

    dom: str
    console: tuple[str, ...]


def visit(tmp_path, page, address="", actions="", dark=False) -> Visit:
    """Open the page, let ``actions`` (JavaScript) do what a user's hands would cause, and keep what
    is there then.
    """
    if BROWSER is None:
        pytest.skip("no Chromium is installed")
    if actions:
        page = allowing(page, actions).replace("</body>", f"<script>{actions}</script></body>")
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    look = ("--force-dark-mode",) if dark else ()
    done = subprocess.run(
        [
            BROWSER,
            *QUIET,
            *look,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            f"file://{file}{address}",
        ],
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, said
    console = tuple(line for line in said.splitlines() if ":CONSOLE" in line)
    return Visit(dom=done.stdout.decode("utf-8"), console=console)


def allowing(page, script):
    """The page with one more script that its policy lets run; a page without a policy as it is."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    if "script-src '" in page:
        return page.replace("script-src '", f"script-src 'sha256-{digest}' '", 1)
    return page.replace("style-src '", f"script-src 'sha256-{digest}'; style-src '", 1)


def inside(dom, name):
    """Text of the element with that id."""
    found = re.search(
        rf'<(\w+)[^>]* id="{name}"[^>]*>(.*?)</\1>|<(\w+) id="{name}"[^>]*>(.*?)</\3>', dom, re.S
    )
    return unescape(re.sub(r"<[^>]+>", " ", found.group(2) or found.group(4) or ""))
