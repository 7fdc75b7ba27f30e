"""Words from users and files are text on every page: in a real browser none of them runs, and all
of them can be read.
"""

import csv
import io
import json
import re
import warnings
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from browser import allowing, visit
from matplotlib.text import Text

from landscape_control import plotting
from landscape_control.claims import Check, Claim, Evidence
from landscape_control.claims.runner import Outcome
from landscape_control.plotting import style
from landscape_control.report.atlas import atlas_page, write_atlas
from landscape_control.report.markup import data_block, security_policy, text
from landscape_control.report.page import html_page
from landscape_control.report.pictures import OVERVIEW, Picture
from landscape_control.report.table import csv_cell, csv_table

xarray = pytest.importorskip("xarray")

RUN = "document.documentElement.setAttribute('data-ran', 'yes')"
ATTACKS = {
    "element": f'<img src="x" onerror="{RUN}">',
    "attribute": f'" onmouseover="{RUN}" onfocus="{RUN}" autofocus tabindex="1" x="',
    "single quotes": f"' onfocus='{RUN}' autofocus x='",
    "script": f"</script><script>{RUN}</script>",
    "end of everything": (
        f'</title></style></textarea></td></table></option></select><svg onload="{RUN}"></svg>'
    ),
    "comment": "<!--<script>",
    "frame": f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "style": "</style><style>main { display: none }</style>",
    "address": f"javascript:{RUN}",
    "entity": "&lt;b&gt; &amp;lt;",
    "line separators": "a\u2028b\u2029c",
    "half a pair": "a\ud800b",
    "prototype": "__proto__",
    "constructor": "constructor",
    "template": "${" + RUN + "} {{1}} `",
    "mathematics": r"$\undefined{ $",
}
EVERYTHING = " ".join(ATTACKS.values())
RAN = re.compile(r"<html[^>]* data-ran=")


class Elements(HTMLParser):
    """Names of all elements of a document, and of all their attributes."""

    def __init__(self, dom):
        super().__init__()
        self.names, self.attributes = [], []
        self.feed(dom)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


def shown(dom):
    """What a reader sees of a document, scripts and styles left out."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", dom, flags=re.S)
    return unescape(re.sub(r"<[^>]+>", " ", bare))


def readable(words):
    """As it comes back: without what UTF-8 cannot hold, underscores of names as blanks."""
    return words.replace("\ud800", "?")


def harmless(visited, *, scripts):
    """Nothing ran, nothing was tried: no element that the page does not make, and no complaint of
    its policy.
    """
    assert not RAN.search(visited.dom)
    assert visited.console == ()
    found = Elements(visited.dom)
    assert found.names.count("script") == scripts
    assert not {"iframe", "textarea", "object", "base", "link"} & set(found.names)
    assert not {name for name in found.attributes if name.startswith("on")} | {
        "style",
        "srcdoc",
    } & set(found.attributes)


# ---------------------------------------------------------------- the atlas


def hostile_sweep(attack):
    """A sweep of 3 x 2 cells whose every word is an attack: axes, units, values, measures,
    statuses, messages, notes.
    """
    along, up = f"one {attack}", f"two {attack}"
    dims, shape, moments = (along, up), (3, 2), 4
    path = np.linspace(0, 1, moments)[:, None] * np.array([1.0, 2.0]) * np.ones((*shape, 1, 1))
    kinds = np.array([[f"kind {attack}", f"other {attack}"]] * 3)
    status, message = np.full(shape, "converged", dtype=object), np.full(shape, "", dtype=object)
    status[1, 1], message[1, 1] = f"status {attack}", f"message {attack}"
    note = {"units": f"unit {attack}", "description": f"description {attack}"}
    variables = {
        f"words {attack}": (dims, kinds, note),
        f"numbers {attack}": (dims, np.arange(6.0).reshape(shape) - 2, note),
        "hidden_basin": (dims, np.eye(3, 2, dtype=bool)),
        "status": (dims, status.astype(str)),
        "message": (dims, message.astype(str)),
        "trajectory.parameters": ((*dims, "moment", "parameter"), path),
        "regret.newton": (dims, np.ones(shape)),
        f"rule_coefficients.newton_{attack}": (dims, np.full(shape, -0.5)),
    }
    values = [f"value {k} {attack}" for k in range(3)]
    coordinates = {
        along: (along, values, {"units": f"unit {attack}"}),
        up: (up, [-1.0, 2.0], {"units": f"unit {attack}"}),
    }
    attributes = {"seed": f"seed {attack}", "fingerprint": attack[:16]}
    return xarray.Dataset(variables, coords=coordinates, attrs=attributes)


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


# ---------------------------------------------------------------- the report


def outcomes(attack, folder):
    """One claim that holds, with a picture, one whose picture fails, and one that could not be
    evaluated.
    """
    checks = tuple(
        Check(
            quantity=f"quantity {k} {attack}",
            theory=-1.5,
            computed=-1.5 + k,
            relation="equal",
            tolerance=0.1,
        )
        for k in range(2)
    )
    claim = Claim(
        name="held",
        title=f"title {attack}",
        statement=f"statement {attack}",
        source=f"source {attack}",
        relations=("equal",),
        evaluate=print,
        figure=f"Fig. 1 {attack}".replace("\u2028", "").replace("\u2029", ""),
    )
    claims = [replace(claim, name=name) for name in ("held", "undrawn", "broken")]
    evidence = Evidence(checks=checks)
    file = folder / "<img src=x onerror=alert(1)>.png"
    file.write_bytes(b"not a picture")
    pictures = {
        "held": Picture(name="held", files=(file,)),
        "undrawn": Picture(
            name="undrawn", error=f"error {attack}", traceback=f"traceback {attack}"
        ),
        OVERVIEW: Picture(name=OVERVIEW, files=(file,)),
    }
    broken = Outcome(claim=claims[2], error=f"error {attack}", traceback=f"traceback {attack}")
    return [*(Outcome(claim=one, evidence=evidence) for one in claims[:2]), broken], pictures


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_word_of_a_claim_runs_in_the_report_and_every_one_can_be_read(dark, tmp_path):
    page = html_page(*outcomes(EVERYTHING, tmp_path), seconds=1.0, workers=1)
    visited = visit(tmp_path, page, dark=dark)
    harmless(visited, scripts=0)
    assert visited.dom.count("<img") == 2
    words = shown(visited.dom)
    for part in ("quantity 0", "quantity 1", "title", "statement", "source", "traceback"):
        assert f"{part} {readable(EVERYTHING)}" in words, part
    assert "<img src=x onerror=alert(1)>.png" in words
    assert "Fig. 1 <img" in words


# ---------------------------------------------------------------- the policy


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


def test_data_in_a_page_ends_no_script_and_comes_back():
    document = {name: [attack, {attack: attack}] for name, attack in ATTACKS.items()}
    block = data_block(document, "data")
    inner = block.removeprefix('<script type="application/json" id="data">').removesuffix(
        "</script>"
    )
    assert not re.search("[<>&\u2028\u2029]", inner)
    assert json.loads(inner) == json.loads(json.dumps(document).replace("\\ud800", "?"))
    with pytest.raises(ValueError, match="JSON"):
        data_block({"x": float("nan")}, "data")


def test_text_is_escaped_inside_quoted_attributes_too():
    assert text("<a b='c' d=\"e\">&amp;") == "&lt;a b=&#x27;c&#x27; d=&quot;e&quot;&gt;&amp;amp;"
    assert text(-1.5) == "-1.5"


# ---------------------------------------------------------------- tables for spreadsheets


@pytest.mark.parametrize(
    "words",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(1)",
        "\t=1",
        "\n=1",
        " =1",
        "=cmd|' /C calc'!A0",
        "＝1+1",
        "-2 log p",
        "+",
        "--1",
        "=-1.5",
    ],
)
def test_words_in_a_cell_cannot_start_a_formula(words):
    assert csv_cell(words) == "'" + words


def test_a_carriage_return_in_a_cell_ends_no_row():
    assert csv_cell("\r=1") == "'\n=1"
    assert csv_cell("a\r\nb\r=c") == "a\nb\n=c"


@pytest.mark.parametrize(
    "number", ["-1.5", "+2", "1e-08", "-1e-08", "-.5", "3.", "-inf", "inf", "nan", "0"]
)
def test_numbers_in_a_cell_stay_numbers(number):
    assert csv_cell(number) == number
    assert np.isclose(float(csv_cell(number)), float(number), equal_nan=True)


@pytest.mark.parametrize(
    "attack",
    [
        "=1+1",
        '=HYPERLINK("http://x")',
        "@a",
        "-1+cmd()",
        "a\r=1+1",
        'a",=1+1,"',
        "a\n=1+1",
        EVERYTHING,
    ],
)
def test_the_table_of_claims_has_no_cell_that_starts_a_formula(attack, tmp_path):
    claims, _ = outcomes("", tmp_path)
    checks = tuple(
        replace(check, quantity=f"{attack}{k}") for k, check in enumerate(claims[0].evidence.checks)
    )
    claim = replace(claims[0].claim, source=attack)
    broken = Outcome(claim=claim, error=attack)
    written = csv_table([Outcome(claim=claim, evidence=Evidence(checks=checks)), broken])
    rows = list(csv.reader(io.StringIO(written.encode().decode("utf-8"), newline="")))
    assert {len(row) for row in rows} == {13}
    assert len(rows) == 4
    for cell in (cell for row in rows for cell in row):
        assert not re.match(r"[=@\t\r\n]|[+-](?![\d.])", cell), cell
    assert [row[2] for row in rows[1:3]] == ["-1.5", "-1.5"]


# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize(
    "attack", [EVERYTHING, ATTACKS["mathematics"], " "], ids=["everything", "mathematics", "blank"]
)
def test_pictures_of_a_sweep_draw_any_words_as_they_stand(attack, tmp_path):
    sweep = hostile_sweep(attack)
    names = [str(name) for name in sweep.data_vars][:2]
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # signs that the font does not have; words too long for a layout
        figure = plotting.sweep_maps(sweep, names)
        files = plotting.save(figure, tmp_path / "map", dpi=40)
    assert all(file.stat().st_size > 1000 for file in files)
    drawn = [words.get_text() for words in figure.findobj(Text)]
    assert style.literal(f"other {readable(attack)}".replace("_", " ")) in drawn
    assert not any(is_math_text(words)[1] for words in map(style.literal, ATTACKS.values()))


def is_math_text(words):
    return Text()._preprocess_math(words)
