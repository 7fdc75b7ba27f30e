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
        check = Check(quantity="θ̇ < 1", theory=1.0, computed=2.0, relation="at most", tolerance=0.0)
        return Evidence(checks=(check,), reference="stated bound", bound="before")

    def stumble():
        raise ValueError("<b>no</b> way")

    CLAIMS = tuple(Claim(name=name, title=name, statement="s", source="here", relations=("at most",), evaluate=evaluate)
                   for name, evaluate in (("sample-miss", miss), ("sample-stumble", stumble)))
"""


def test_reproduce_writes_table_page_and_pictures(capsys, tmp_path, sample_pictures):
    result = run(capsys, "reproduce", "-v", "--output", tmp_path / "out", "--workers", 1)
    assert result.status == 0, result.err
    assert re.search(
        r"r² \+ γr at γ = 1 +\| 1 +\| 1 +\| equal ±1e-12 +\| not said +\| not said \| holds",
        result.out,
    )
    assert "1 of 1 claims hold; pictures drawn: 2" in result.out
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
    assert '<img alt="The rate solves its quadratic equation" src="data:image/webp;base64,' in page
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
    result = run(capsys, "reproduce", "-v", "--output", tmp_path, "--workers", 1)
    assert result.status == 1
    assert re.search(
        r"θ̇ < 1 +\| 1 +\| 2 +\| at most +\| stated bound +\| before +\| fails", result.out
    )
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
        "--verbose",
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


KINDS = """
    from landscape_control.claims import Check, Claim, Evidence
    from sample_problems.sample import problem

    def check(quantity, relation, **said):
        return Check(quantity=quantity, theory=1.0, computed=1.0, relation=relation, tolerance=0.1, **said)

    def mixed():
        own = {"reference": "independent code", "bound": "after"}
        checks = (check("a", "equal"), check("b", "equal", **own, standard_error=0.01, effect=1.0),
                  check("c", "limit"), check("d", "at most", reference="stated bound", bound="after"))
        return Evidence(checks=checks, reference="closed form", bound="before")

    def bare():
        checks = (check("verdict", "equal", kind="label"), check("size", "at least", reference="stated bound"))
        return Evidence(checks=checks, reference="closed form", bound="after")

    CLAIMS = (Claim(name="mixed", title="m", statement="s", source="here", relations=("equal", "limit", "at most"),
                    evaluate=mixed),
              Claim(name="bare", title="b", statement="s", source="here", relations=("equal", "at least"), evaluate=bare))
"""

COUNTED = {
    "references of the 6 checks": "3 closed form; 1 independent code; 2 stated bound",
    "relations of numbers": "2 equal; 1 at most; 1 at least; 1 limit",
    "labels (names or verdicts, compared or counted)": "1",
    "estimates with a standard error": "1",
    "tolerances and bounds, set before or after a first look": "2 before; 4 after",
    "claims that rest on labels and stated bounds only": "bare",
}


@pytest.fixture
def kinds(capsys, tmp_path, sample_claims, sample_pictures):
    """The run of two claims with six checks of all kinds, and its folder."""
    sample_claims("kinds", KINDS)

    def reproduce(*more):
        only = ("--only", "mixed", "bare")
        return run(capsys, "reproduce", "--output", tmp_path, "--workers", 1, *only, *more)

    return reproduce, tmp_path


def test_terminal_and_page_count_checks_by_reference_relation_and_bound(kinds):
    reproduce, folder = kinds
    lines = reproduce().out.splitlines()
    page = (folder / "report.html").read_text(encoding="utf-8")
    for name, counts in COUNTED.items():
        assert f"{name}: {counts}" in lines
        assert f"<dt>{name}</dt><dd>{counts}</dd>" in page
    assert '<td class="word">closed form (label)</td>' in page


def test_csv_and_json_say_where_each_reference_comes_from(kinds):
    reproduce, folder = kinds
    document = json.loads(reproduce("--json").out)
    rows = table_rows(folder / "claims.csv")
    checks = [check for claim in document["claims"] for check in claim["checks"]]
    for key in ("reference", "bound", "kind"):
        assert [row[key] for row in rows] == [check[key] for check in checks]
    assert [row["effect"] for row in rows] == ["", "1.0", "", "", "", ""]
    assert float(rows[1]["standard_error"]) == checks[1]["standard_error"] == 0.01
    counts = document["provenance"]
    assert counts["bounds"] == {"before": 2, "after": 4}
    assert (counts["labels"], counts["estimates"]) == (1, 1)
    assert counts["without_prediction"] == ["bare"]
