"""``reproduce`` writes table, page and pictures; failing claims and pictures are named."""

import json
import re

import numpy as np
import pytest
from cli_runs import made_solution, run, table_rows

from landscape_control.claims import Check, Claim, Evidence, Outcome
from landscape_control.display.report.pictures import overview_data

pytestmark = pytest.mark.usefixtures("sample_claims")

FAILING = """
    from landscape_control.claims import Check, Claim, Evidence
    from sample_problems.sample import problem

    def miss():
        return Evidence(checks=(Check(quantity="θ̇ < 1", theory=1.0, computed=2.0, relation="at most", tolerance=0.0),))

    def stumble():
        raise ValueError("<b>no</b> way")

    CLAIMS = tuple(Claim(name=name, title=name, statement="s", source="here", relations=("at most",), evaluate=evaluate)
                   for name, evaluate in (("sample-miss", miss), ("sample-stumble", stumble)))
"""


def test_reproduce_writes_table_page_and_pictures(capsys, tmp_path, sample_pictures):
    result = run(capsys, "reproduce", "--output", tmp_path / "out", "--workers", 1)
    assert result.status == 0, result.err
    assert re.search(r"r² \+ γr at γ = 1 +\| 1 +\| 1 +\| equal ±1e-12 +\| holds", result.out)
    assert "1 of 1 claims hold; 2 pictures" in result.out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "claims.csv",
        "report.html",
        "figures",
    }
    assert (tmp_path / "out/figures/sample-rate.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "out/figures/sample-rate.pdf").read_bytes().startswith(b"%PDF")
    rows = table_rows(tmp_path / "out/claims.csv")
    assert [
        rows[0][key] for key in ("claim", "theory", "relation", "tolerance", "measure", "verdict")
    ] == ["sample-rate", "1.0", "equal", "1e-12", "absolute", "holds"]
    assert float(rows[0]["computed"]) == pytest.approx(1.0, abs=1e-12)


def test_report_is_one_file_that_fetches_and_runs_nothing(capsys, tmp_path, sample_pictures):
    run(capsys, "reproduce", "--output", tmp_path, "--workers", 1)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<img alt="The rate solves its quadratic equation" src="data:image/png;base64,' in page
    assert not re.search(r"<script|<link|https?://|url\(|src=\"(?!data:)", page)
    for part in (
        "1 of 1 claims hold",
        "r² + γr = ηkh",
        "VGR25, quadratic landscapes",
        "color-scheme: dark",
        "casadi",
    ):
        assert part in page


def test_failing_and_raising_claims_are_rows_and_exit_1(
    capsys, tmp_path, sample_claims, sample_pictures
):
    sample_claims("failing", FAILING)
    result = run(capsys, "reproduce", "--output", tmp_path, "--workers", 1)
    assert result.status == 1
    assert re.search(r"θ̇ < 1 +\| 1 +\| 2 +\| at most +\| fails", result.out)
    assert re.search(r"\nsample-stumble .* broken\n  ValueError: <b>no</b> way\n", result.out)
    assert "1 of 3 claims hold" in result.out
    rows = table_rows(tmp_path / "claims.csv")
    assert [row["verdict"] for row in rows] == ["fails", "holds", "broken"]
    assert rows[2]["note"] == "ValueError: <b>no</b> way"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;no&lt;/b&gt; way" in page
    assert "<b>no" not in page
    assert "Traceback" in page


def test_table_columns_align_although_combining_dots_take_no_room(
    capsys, tmp_path, sample_claims, sample_pictures
):
    sample_claims("failing", FAILING)
    out = run(
        capsys,
        "reproduce",
        "--output",
        tmp_path,
        "--workers",
        1,
        "--only",
        "sample-miss",
        "sample_rate",
    ).out
    lines = out.split("\n\n")[0].replace("\u0307", "").splitlines()
    assert len({line.index("|" if "|" in line else "+") for line in lines}) == 1
    assert "sample-stumble" not in out


def test_reproduce_json_is_valid_and_complete(capsys, tmp_path, sample_claims, sample_pictures):
    sample_claims("failing", FAILING)
    result = run(capsys, "reproduce", "--output", tmp_path, "--workers", 1, "--json")
    document = json.loads(result.out)
    assert result.status == 1
    assert not document["passed"]
    verdicts = {claim["name"]: claim["verdict"] for claim in document["claims"]}
    assert verdicts == {"sample-miss": "fails", "sample-rate": "holds", "sample-stumble": "broken"}
    assert document["claims"][0]["checks"][0]["error"] == 1.0


def test_picture_that_cannot_be_drawn_is_named_and_exits_1(capsys, tmp_path, sample_pictures):
    del sample_pictures["sample_picture"]
    result = run(capsys, "reproduce", "--output", tmp_path, "--workers", 1)
    assert result.status == 1
    assert "picture of sample-rate could not be drawn: ProblemError: picture" in result.out
    assert "could not be drawn" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_overview_shows_the_worst_check_of_each_claim_even_if_nothing_finite_was_computed():
    from landscape_control.display.plotting import figures

    def outcome(name, *computed):
        checks = tuple(
            Check(quantity=str(i), theory=1.0, computed=value, relation="equal", tolerance=0.1)
            for i, value in enumerate(computed)
        )
        claim = Claim(
            name=name,
            title="t",
            statement="s",
            source="here",
            relations=("equal",),
            evaluate=made_solution,
        )
        return Outcome(claim=claim, evidence=Evidence(checks=checks))

    data = overview_data([outcome("a", 1.0, 1.05, 1.01), outcome("b", 1.0, np.nan)])
    np.testing.assert_allclose(data["errors"], [0.05, np.nan])
    np.testing.assert_allclose(data["computed"], [1.05, np.nan])
    assert figures.claims_overview(data).axes
