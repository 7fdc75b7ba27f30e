"""Every relative link of the built site leads to a file and, where it says so, a place in it."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

BACK = re.compile(r'<a class="viewcode-back" href="([^"]*)">.*?</a>', re.DOTALL)


def drop_lost_ways_back(site: Path) -> None:
    """Take the links from source pages to documentation out where there is no such place.

    Sphinx writes them for an object's own module, pages show some objects under a public path.
    """
    for page in (site / "_modules").rglob("*.html"):
        _drop_lost(page)
    read.cache_clear()


def _drop_lost(page: Path) -> None:
    def kept(back: re.Match) -> str:
        return back[0] if _leads_somewhere(page, back[1]) else ""

    text = page.read_text(encoding="utf-8")
    page.write_text(BACK.sub(kept, text), encoding="utf-8")


def broken_links(site: Path) -> list[str]:
    """``page: link`` of each link that leads nowhere."""
    broken = []
    for page in sorted(site.rglob("*.html")):
        lost = (link for link in read(page).links if not _leads_somewhere(page, link))
        broken += [f"{page.relative_to(site)}: {link}" for link in lost]
    return broken


class _Page(HTMLParser):
    """The links and the named places of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        for name in ("href", "src"):
            if values.get(name):
                self.links.append(str(values[name]))
        self.places |= {str(values[name]) for name in ("id", "name") if values.get(name)}


@cache
def read(page: Path) -> _Page:
    parser = _Page()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def _leads_somewhere(page: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True  # of other sites nothing is known here
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return False
    is_place = parts.fragment and target.suffix == ".html"
    return not is_place or unquote(parts.fragment) in read(target).places
