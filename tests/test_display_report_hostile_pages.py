"""Words from users and files are text on every page: in a real browser none of them runs, and all
of them can be read.
"""

import re
from html import unescape

import pytest
from browser import allowing, visit
from hostile_words import (
    ATTACKS,
    EVERYTHING,
    RAN,
    RUN,
    harmless,
    hostile_sweep,
    outcomes,
    readable,
    shown,
)

from landscape_control.display.report.atlas import atlas_page, write_atlas
from landscape_control.display.report.markup import security_policy
from landscape_control.display.report.page import html_page

SHOW_ALL = """
const choice = document.getElementById("variable"), cells = document.querySelectorAll("[data-cell]"), seen = [];
for (const option of choice.options) {
  choice.value = option.value;
  choice.dispatchEvent(new Event("change"));
  for (const cell of cells) {
    cell.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
    cell.dispatchEvent(new MouseEvent("click", {bubbles: true}));
    cell.focus();
    seen.push(document.getElementById("state").textContent);
  }
  seen.push(document.querySelector("main").textContent);
  for (const part of document.querySelectorAll("[aria-label]")) seen.push(part.getAttribute("aria-label"));
}
for (const words of seen) {
  const kept = document.createElement("p");
  kept.append(words);
  document.querySelector("main").append(kept);
}
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "attack", [EVERYTHING, ATTACKS["prototype"]], ids=["everything", "prototype"]
)
def test_no_word_of_a_sweep_runs_in_the_atlas_and_every_one_can_be_read(attack, dark, tmp_path):
    page = atlas_page(hostile_sweep(attack), title=f"title {attack}", lead=f"lead {attack}")
    visited = visit(tmp_path, page, "#cell=1,1", SHOW_ALL, dark=dark)
    harmless(visited, scripts=3)
    words = shown(visited.dom)
    named = readable(attack).replace("_", " ")
    for part in ("words", "numbers"):
        assert f"{part} {named.replace('.', ', ')}" in words, part
    for part in ("one", "two", "kind", "other"):
        assert f"{part} {named}" in words, part
    for part in ("title", "lead", "unit", "description", "status", "message", "seed", "value 0"):
        assert f"{part} {readable(attack)}" in words, part
    assert f"{named} −0.5" in words  # a rule's coefficient


def test_a_variable_of_any_name_can_be_addressed(tmp_path):
    sweep = hostile_sweep("&show=cost#cell=0,0 %41")
    actions = (
        "const c = document.getElementById('variable'); c.value = c.options[1].value; "
        "c.dispatchEvent(new Event('change')); document.title = location.hash;"
    )
    visited = visit(tmp_path, atlas_page(sweep), "#cell=2,1", actions)
    address = unescape(re.search(r"<title>(.*?)</title>", visited.dom).group(1))
    again = visit(
        tmp_path,
        atlas_page(sweep),
        address,
        "document.title = document.getElementById('variable').value;",
    )
    assert "<title>numbers &amp;show=cost#cell=0,0 %41</title>" in again.dom
    assert 'data-cell="2,1"' in re.search(r'<p id="here"[^>]*>', again.dom).group(0)


def test_a_hostile_atlas_is_written_to_a_file_of_any_name(tmp_path):
    path = write_atlas(hostile_sweep(EVERYTHING), tmp_path / "<img src=x onerror=alert(1)>.html")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_word_of_a_claim_runs_in_the_report_and_every_one_can_be_read(dark, tmp_path):
    page = html_page(*outcomes(EVERYTHING, tmp_path), seconds=1.0, workers=1)
    visited = visit(tmp_path, page, dark=dark)
    harmless(visited, scripts=0)
    assert visited.dom.count("<img") == 2
    words = shown(visited.dom)
    for part in ("quantity 0", "quantity 1", "title", "statement", "source", "theme", "traceback"):
        assert f"{part} {readable(EVERYTHING)}" in words, part
    assert "<img src=x onerror=alert(1)>.png" in words
    assert "Fig. 1 <img" in words


INSERTED = {  # markup, and what the browser says of it
    f"<script>{RUN}</script>": "inline script",
    f'<svg onload="{RUN}"></svg>': "inline event handler",
    f'<script src="data:,{RUN}"></script>': "Loading the script 'data:",
    '<img src="file:///etc/hostname">': "Loading the image 'file:",
    '<p style="color: red">x</p><style>main {color: red}</style>': "inline style",
    '<link rel="stylesheet" href="data:text/css,main{}">': "Loading the stylesheet 'data:",
    f"<iframe src='data:text/html,<script>{RUN}</script>'></iframe>": "Framing",
    '<object data="data:text/html,x"></object>': "Loading plugin data from 'data:",
    '<video src="data:,x"></video>': "Loading media from",
    '<base href="file:///">': "base URI",
}


def test_what_got_into_a_page_all_the_same_is_forbidden_by_its_policy(tmp_path):
    """The browser refuses each, and nothing has run."""
    for page in (
        atlas_page(hostile_sweep("")),
        html_page(*outcomes("", tmp_path), seconds=1.0, workers=1),
    ):
        visited = visit(tmp_path, page.replace("<main>", f"<main>{''.join(INSERTED)}"))
        assert not RAN.search(visited.dom)
        refused = [
            line
            for line in visited.console
            if "violates the following Content Security Policy directive" in line
        ]
        missed = [
            words for words in INSERTED.values() if not any(words in line for line in refused)
        ]
        assert not missed, refused
        assert sum("inline style" in line for line in refused) == 2


def test_a_script_cannot_make_markup_from_words(tmp_path):
    attempt = (
        "try { document.body.innerHTML = '<p>x</p>'; } catch (error) { document.title ="
        " error.name; }"
    )
    visited = visit(tmp_path, atlas_page(hostile_sweep("")), "", attempt)
    assert "<title>TypeError</title>" in visited.dom


def test_the_policy_comes_before_what_it_governs():
    for page in (
        atlas_page(hostile_sweep("")),
        "<head>" + security_policy(style="a", script="b") + "<style>a",
    ):
        assert page.index("Content-Security-Policy") < page.index("<style>")
    assert "script-src" not in security_policy(style="a")
    assert allowing(security_policy(style="a"), "x").count("script-src") == 1
