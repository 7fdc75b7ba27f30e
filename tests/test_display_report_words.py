"""Words from users and files are text in data blocks, attributes, tables and pictures."""

import csv
import io
import json
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hostile_words import ATTACKS, EVERYTHING, hostile_sweep, outcomes, readable
from matplotlib.text import Text

from landscape_control.claims import Evidence
from landscape_control.claims.runner import Outcome
from landscape_control.display import plotting
from landscape_control.display.plotting import style
from landscape_control.display.report.markup import data_block, text
from landscape_control.display.report.table import csv_cell, csv_table


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
    assert {len(row) for row in rows} == {len(rows[0])}
    assert {"quantity", "reference", "bound", "verdict"} <= set(rows[0])
    assert len(rows) == 4
    for cell in (cell for row in rows for cell in row):
        assert not re.match(r"[=@\t\r\n]|[+-](?![\d.])", cell), cell
    assert [row[2] for row in rows[1:3]] == ["-1.5", "-1.5"]


@pytest.mark.parametrize(
    "attack", [EVERYTHING, ATTACKS["mathematics"], " "], ids=["everything", "mathematics", "blank"]
)
def test_pictures_of_a_sweep_draw_any_words_as_they_stand(attack, tmp_path):
    sweep = hostile_sweep(attack)
    names = [str(name) for name in sweep.data_vars][:2]
    with warnings.catch_warnings():
        # signs that the font does not have; words too long for a layout
        warnings.simplefilter("ignore")
        figure = plotting.sweep_maps(sweep, names)
        files = plotting.save(figure, tmp_path / "map", dpi=40)
    assert all(file.stat().st_size > 1000 for file in files)
    drawn = [words.get_text() for words in figure.findobj(Text)]
    assert style.literal(f"other {readable(attack)}".replace("_", " ")) in drawn
    assert not any(is_math_text(words)[1] for words in map(style.literal, ATTACKS.values()))


def is_math_text(words):
    return Text()._preprocess_math(words)
