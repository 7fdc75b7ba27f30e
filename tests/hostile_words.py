"""Words that attack a page, a table or a picture, in every place that holds words."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.image import imsave

from landscape_control.claims import Check, Claim, Evidence
from landscape_control.claims.runner import Outcome
from landscape_control.display.report.pictures import OVERVIEW, Picture

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
        theme=f"theme {attack}",
        relations=("equal",),
        evaluate=print,
        figure=f"Fig. 1 {attack}".replace("\u2028", "").replace("\u2029", ""),
    )
    claims = [replace(claim, name=name) for name in ("held", "undrawn", "broken")]
    evidence = Evidence(checks=checks)
    file = folder / "<img src=x onerror=alert(1)>.png"
    imsave(file, np.zeros((2, 2)), format="png")
    pictures = {
        "held": Picture(name="held", files=(file,)),
        "undrawn": Picture(
            name="undrawn", error=f"error {attack}", traceback=f"traceback {attack}"
        ),
        OVERVIEW: Picture(name=OVERVIEW, files=(file,)),
    }
    broken = Outcome(claim=claims[2], error=f"error {attack}", traceback=f"traceback {attack}")
    return [*(Outcome(claim=one, evidence=evidence) for one in claims[:2]), broken], pictures
