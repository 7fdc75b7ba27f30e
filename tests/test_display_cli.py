"""The console command prints what it promises, writes whole files and says what is wrong in one
line: solve, list, help.
"""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from cli_runs import PROBLEM, made_solution, run

from landscape_control import ControlProblem
from landscape_control.display import cli
from landscape_control.planning.solution import Status

pytestmark = pytest.mark.usefixtures("sample_claims")


@pytest.fixture
def solver(monkeypatch):
    """Replaces the solver; records what it was asked and answers with ``answer``."""
    seen = SimpleNamespace(answer=made_solution())

    def stand_in(problem, **options):
        seen.problem, seen.options = problem, options
        return seen.answer

    monkeypatch.setattr("landscape_control.planning.solver.solve", stand_in)
    return seen


def test_list_names_every_claim_with_its_figure_and_relation(capsys):
    result = run(capsys, "list")
    assert result.status == 0
    assert re.search(r"sample-rate +\| +\| Fig\. 2a +\| The rate solves", result.out)
    documents = json.loads(run(capsys, "list", "--json").out)
    assert documents[0]["name"] == "sample-rate"
    assert documents[0]["relations"] == ["equal"]


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
    assert solver.options == {"tolerance": 1e-7, "throw": False, "seed": 0, "starts": None}
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
    assert "did you mean 'solve'" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "words"), [(["--help"], "reproduce"), (["list"], "claim")])
def test_command_survives_a_terminal_without_unicode(arguments, words):
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "landscape_control.display.cli", *arguments],
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
                                               hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0])),
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
