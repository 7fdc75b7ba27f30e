"""The console command prints what it promises, writes whole files and says what is wrong in one
line.
"""

import csv
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from landscape_control import ControlProblem, Objective, cli, quadratic, solve
from landscape_control.claims import Check, Claim, Evidence, Outcome
from landscape_control.report.pictures import overview_data
from landscape_control.solution import Status

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
PROBLEM = """
    import numpy as np
    import landscape_control as lc
    problem = lc.ControlProblem(landscape=lc.quadratic(hessian=np.eye(1)), start=[1.0], objective=lc.Objective(horizon=1.0))
"""


def run(capsys, *arguments):
    status = cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return SimpleNamespace(status=status, out=captured.out, err=captured.err)


def table_rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@dataclass(frozen=True)
class MadeCertificate:
    passed: bool
    dynamics: float = 1e-9

    def __str__(self):
        return "certificate made by hand"


def made_solution(status=Status.CONVERGED, *, certified=True):
    """The solved quadratic mode h = 1, T = 1, γ = 0 (J = ½ tanh 1), relabelled."""
    problem = ControlProblem(
        landscape=quadratic(hessian=[[1.0]]), start=[1.0], objective=Objective(horizon=1.0)
    )
    solution = solve(problem, tolerance=1e-8)
    plans = (replace(solution.plans[0], status=status, certificate=MadeCertificate(certified)),)
    return replace(solution, plans=plans)


@pytest.fixture
def solver(monkeypatch):
    """Replaces the solver; records what it was asked and answers with ``answer``."""
    seen = SimpleNamespace(answer=made_solution())

    def stand_in(problem, **options):
        seen.problem, seen.options = problem, options
        return seen.answer

    monkeypatch.setattr("landscape_control.solver.solve", stand_in)
    return seen


def test_list_names_every_claim_with_its_figure_and_relation(capsys):
    result = run(capsys, "list")
    assert result.status == 0
    assert re.search(r"sample-rate +\| Fig\. 2a +\| equal +\| The rate solves", result.out)
    documents = json.loads(run(capsys, "list", "--json").out)
    assert documents[0]["name"] == "sample-rate"
    assert documents[0]["relations"] == ["equal"]


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
    from landscape_control.plotting import figures

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


def test_misspelt_claim_names_its_near_match_in_one_line(capsys, tmp_path):
    for arguments in (
        ("solve", "sampel-rate"),
        ("reproduce", "--output", tmp_path, "--only", "sampel-rate"),
    ):
        result = run(capsys, *arguments)
        assert result.status == 2
        assert len(result.err.splitlines()) == 1
        assert "did you mean 'sample" in result.err


def test_solve_prints_functional_plans_and_summary(capsys, solver):
    result = run(capsys, "solve", "sample-rate", "--tolerance", "1e-7")
    assert result.status == 0
    assert solver.options == {"tolerance": 1e-7, "throw": False}
    assert isinstance(solver.problem, ControlProblem)
    for part in ("minimise  J = ", "found from", "J = 0.38079708", "certificate made by hand"):
        assert part in result.out


@pytest.mark.parametrize("ending", ["", "    make = problem\n    def problem(): return make"])
def test_solve_takes_a_file_with_a_problem_or_a_function(capsys, tmp_path, solver, ending):
    import textwrap

    file = tmp_path / "mine.py"
    file.write_text(textwrap.dedent(PROBLEM + ending))
    result = run(capsys, "solve", file, "--json", "--output", tmp_path / "mine.json")
    assert result.status == 0, result.err
    document = json.loads(result.out)
    assert document == json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))
    assert document["status"] == "converged"
    assert document["cost"] == pytest.approx(np.tanh(1) / 2, rel=1e-8)
    assert document["plans"][0]["parameters"] == solver.answer.parameters.tolist()
    assert [document["plans"][0]["times"][i] for i in (0, -1)] == [0.0, 1.0]
    assert document["certificate"] == {"passed": True, "dynamics": 1e-9}
    assert document["versions"]["numpy"] == np.__version__


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("x = 1", "received nothing"),
        ("problem = 3", "received int"),
        ("\nproblem = undefined", "line 2: NameError"),
        ("problem = (", "SyntaxError"),
        ("def problem():\n    return 1 / 0", "line 2: ZeroDivisionError"),
        (
            "import landscape_control as lc\nlc.Objective(horizon=-1)",
            "horizon T: expected a number > 0",
        ),
    ],
)
def test_unusable_problem_file_is_one_line_and_exit_2(capsys, tmp_path, solver, text, message):
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text)
    result = run(capsys, "solve", file)
    assert result.status == 2
    assert message in result.err
    assert len(result.err.splitlines()) == 1


def test_failed_solve_prints_status_with_advice_and_exits_1(capsys, tmp_path, solver):
    solver.answer = made_solution(Status.ITERATION_LIMIT)
    result = run(capsys, "solve", "sample-rate", "--output", tmp_path / "kept.json")
    assert result.status == 1
    assert result.err.startswith(
        "not solved: the optimiser ran out of iterations: try another guess"
    )
    assert (
        json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))["status"]
        == "iteration limit"
    )


def test_solve_whose_certificate_does_not_pass_exits_1(capsys, solver):
    solver.answer = made_solution(certified=False)
    result = run(capsys, "solve", "sample-rate")
    assert result.status == 1
    assert result.err.startswith("not certified")
    assert len(result.err.splitlines()) == 1


def test_output_that_cannot_be_written_is_one_line(capsys, tmp_path, solver, sample_pictures):
    (tmp_path / "file").write_text("")
    for arguments in (
        ("solve", "sample-rate", "--output", tmp_path / "none/x.json"),
        ("reproduce", "--workers", 1, "--output", tmp_path / "file/results"),
    ):
        result = run(capsys, *arguments)
        assert result.status == 2
        assert "choose another with --output" in result.err
        assert len(result.err.splitlines()) == 1


def test_wrong_usage_exits_2(capsys):
    with pytest.raises(SystemExit) as refused:
        cli.main(["solv"])
    assert refused.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "words"), [(["--help"], "reproduce"), (["list"], "claim")])
def test_command_survives_a_terminal_without_unicode(arguments, words):
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "landscape_control.cli", *arguments],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert words in done.stdout.decode("ascii")


def test_help_loads_no_drawing_library_and_no_solver():
    code = (
        "import sys; from landscape_control import cli\ntry: cli.main(['--help'])\nexcept"
        " SystemExit: pass\nsys.exit(sum(name in sys.modules for name in ('matplotlib', 'tqdm',"
        " 'landscape_control.claims')))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False
        ).returncode
        == 0
    )


def test_solve_reaches_the_closed_form_with_a_passing_certificate(capsys):
    document = json.loads(run(capsys, "solve", "sample-rate", "--tolerance", "1e-9", "--json").out)
    assert document["cost"] == pytest.approx(np.tanh(1) / 2, rel=1e-9)
    assert document["certificate"]["passed"]


HIDDEN = """
    import math
    import landscape_control as lc
    problem = lc.ControlProblem(
        landscape=lc.Landscape.from_expression(lambda t, h: (t[0] - h[0]) ** 2, dimension=1,
                                               hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, variance=[1.0])),
        learner=lc.Learner(sees=lc.NoisyGradient(0.8)), start=[1.0], objective=lc.Objective(horizon=math.inf, discount=0.3))
"""


def test_solve_plans_with_beliefs_where_variables_are_hidden(capsys, tmp_path):
    file = tmp_path / "hidden.py"
    file.write_text("\n".join(line[4:] for line in HIDDEN.splitlines()), encoding="utf-8")
    told = run(capsys, "solve", file)
    assert told.status == 0
    assert "hidden      φ (p = 1): OrnsteinUhlenbeck" in told.out
    assert "exact LQG" in told.out
    document = json.loads(run(capsys, "solve", file, "--json").out)
    assert document["method"] == "exact LQG"
    assert document["cost"] == pytest.approx(2.8212, rel=1e-3)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A sweep of an easy problem over two axes and seeds, in its folder."""
    from landscape_control.sweeps import sweep

    problem = ControlProblem(
        landscape=quadratic(hessian=[[1.0]]), start=[1.0], objective=Objective(horizon=1.0)
    )
    folder = tmp_path_factory.mktemp("sweep") / "run"
    sweep(
        problem,
        {"horizon": [0.5, 1.0, 2.0], "discount": [0.0, 0.5], "learning_rate": [0.5, 1.0]},
        store=folder,
        measure=["cost", "end_basin"],
        workers=1,
    )
    return folder


def test_show_writes_a_page_and_maps(capsys, tmp_path, stored):
    page, picture = tmp_path / "new/atlas.html", tmp_path / "maps.png"
    result = run(
        capsys, "show", stored, "--html", page, "--picture", picture, "--at", "learning_rate=0.9"
    )
    assert result.status == 0, result.err
    assert result.out.splitlines()[-3:] == [
        f"written   {path}" for path in (page, picture, tmp_path / "maps.pdf")
    ]
    text = page.read_text(encoding="utf-8")
    assert "<title>Atlas of optimal learning rules</title>" in text
    assert not re.search(r"<link|https?://(?!www.w3.org)|src=\"(?!data:)", text)
    assert "0.3808" in text  # ½ tanh 1, at learning rate 1: the nearest to 0.9
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "maps.pdf").read_bytes().startswith(b"%PDF")


def test_show_draws_what_it_is_told(capsys, tmp_path, stored, monkeypatch):
    from landscape_control import plotting

    drawn = []
    for kind in ("sweep_maps", "sweep_slices"):
        original = getattr(plotting, kind)
        monkeypatch.setattr(
            plotting,
            kind,
            lambda dataset, names, original=original, kind=kind, **options: (
                drawn.append((kind, names, options)),
                original(dataset, names, **options),
            )[1],
        )
    fixed = ("--at", "learning_rate=1", "--at", "discount=0")
    document = json.loads(
        run(
            capsys,
            "show",
            stored,
            "--json",
            "--variable",
            "cost",
            "--picture",
            tmp_path / "a",
            *fixed[:2],
        ).out
    )
    assert document["written"] == [str(tmp_path / f"a.{kind}") for kind in ("png", "pdf")]
    assert run(capsys, "show", stored, "--picture", tmp_path / "b", *fixed).status == 0
    assert drawn == [
        ("sweep_maps", ["cost"], {"at": {"learning_rate": 1.0}}),
        (
            "sweep_slices",
            ["cost", "end_basin.index", "end_basin.theta_1"],
            {"along": "horizon", "at": {"learning_rate": 1.0, "discount": 0.0}},
        ),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--html", "atlas.html"],
            (
                "--html: expected one or two axes to draw along; received horizon, discount,"
                " learning_rate"
            ),
        ),
        (["--picture", "a", "--at", "horizn=1"], "did you mean 'horizon'"),
        (["--picture", "a", "--at", "horizon"], "--at: expected AXIS=VALUE; received 'horizon'"),
        (
            ["--picture", "a", "--at", "horizon=long"],
            "--at horizon: expected a number; received 'long'",
        ),
        (["--picture", "a", "--at", "horizon=1", "--variable", "cots"], "did you mean 'cost'"),
        (
            ["--html", "a.html", "--at", "horizon=1", "--at", "discount=0"],
            "--html: expected two axes to draw along",
        ),
        (["--html", "a.txt", "--at", "horizon=1"], "expected a name that ends in .html"),
        (["--html", "/dev/null/a.html", "--at", "horizon=1"], "choose another with --html"),
        (["--picture", "/dev/null/a", "--at", "horizon=1"], "choose another with --picture"),
    ],
)
def test_show_says_in_one_line_what_it_cannot_draw(capsys, stored, arguments, message):
    result = run(capsys, "show", stored, *arguments)
    assert result.status == 2
    assert message in result.err
    assert len(result.err.splitlines()) == 1
    assert not result.out


def test_show_draws_more_maps_than_there_are_letters():
    import xarray

    from landscape_control.plotting import sweep_maps

    cells = (("horizon", "discount"), np.array([[1.0, 2.0], [3.0, 4.0]]))
    dataset = xarray.Dataset(
        {f"number_{i}": cells for i in range(28)},
        coords={"horizon": [1.0, 2.0], "discount": [0, 1]},
    )
    assert len(sweep_maps(dataset, list(dataset.data_vars), columns=7).axes) >= 28


PROGRAM = """
    import math
    import landscape_control as lc
    problem = lc.PolicyProgram(
        task=lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.05, 1.0), start_variance=1.0),
        family=lc.policies.HeavyBall(constant=True), objective=lc.Objective(horizon=3, learning_rate=math.inf))
"""


def test_families_of_rules_are_an_axis_by_their_names(capsys, tmp_path):
    file = tmp_path / "program.py"
    file.write_text("\n".join(line[4:] for line in PROGRAM.splitlines()), encoding="utf-8")
    result = run(
        capsys,
        "sweep",
        file,
        "--axis",
        "family=gradient-descent,Heavy ball",
        "--workers",
        1,
        "--store",
        tmp_path / "store",
    )
    assert result.status == 0, result.err
    assert "family: 2 values, gradient-descent, Heavy ball" in result.out
    assert "2 of 2 done: 2 converged" in result.out
    assert run(capsys, "resume", tmp_path / "store").out == result.out
    for name, words in (("lion", "smoothing is δ > 0"), ("nestorov", "did you mean 'nesterov'")):
        result = run(capsys, "sweep", file, "--axis", f"family={name}")
        assert result.status == 2
        assert words in result.err
