"""compare, identify, completion, claims of one's own, numbers without a store, misspelt words."""

import json
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from cli_runs import run

import landscape_control as lc

BOWL = """
    import math
    import numpy as np
    import landscape_control as lc
    bowl = lc.quadratic(hessian=np.diag([0.2, 1.0, 5.0]))
    problem = lc.ControlProblem(
        landscape=bowl, start=[1, 1, 1], objective=lc.Objective(horizon=math.inf, discount=0.0))
"""
OWN = """
    import math
    import landscape_control as lc
    from landscape_control.claims import Check, Claim, Evidence
    def problem():
        bowl = lc.quadratic(hessian=[[2.0]])
        return lc.ControlProblem(landscape=bowl, start=[1.0], objective=lc.Objective(horizon=1.0))
    def evaluate():
        gain = -lc.solve(problem(), tolerance=1e-9).controls[0, 0]
        theory = math.sqrt(2) * math.tanh(math.sqrt(2))
        return Evidence(checks=(
            Check(quantity="gain", theory=theory, computed=gain, relation="equal", tolerance=1e-6),
            Check(quantity="off", theory=WRONG, computed=gain, relation="equal", tolerance=1e-6)))
    CLAIM = Claim(name="own-gain", title="The gain is tanh", statement="words", source="Riccati",
                  relations=("equal",), evaluate=evaluate)
"""


@pytest.fixture
def bowl(tmp_path):
    file = tmp_path / "bowl.py"
    file.write_text(textwrap.dedent(BOWL), encoding="utf-8")
    return file


def own_claims(folder, wrong):
    folder.mkdir()
    text = textwrap.dedent(OWN).replace("WRONG", wrong)
    (folder / "own_gain.py").write_text(text, encoding="utf-8")
    return folder


def test_compare_says_which_rule_and_writes_it(capsys, bowl, tmp_path):
    """Without discount and deadline: the ballistic rule with α = √(ηk) = 1."""
    result = run(capsys, "compare", bowl, "--starts", 6, "--output", tmp_path / "verdict.json")
    assert result.status == 0
    assert "The policy is ballistic rule" in result.out
    document = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert document["best"] == "ballistic"
    first = document["rules"][0]
    assert first["coefficients"]["rate"] == pytest.approx(1.0, abs=1e-6)
    assert document == json.loads(run(capsys, "compare", bowl, "--starts", 6, "--json").out)


def test_compare_holds_against_the_rules_that_are_named(capsys, bowl):
    result = run(capsys, "compare", bowl, "--starts", 4, "--rules", "gradient_descent", "--json")
    assert [rule["key"] for rule in json.loads(result.out)["rules"]] == ["gradient_descent"]
    wrong = run(capsys, "compare", bowl, "--rules", "gradient-decent")
    assert wrong.status == 2
    assert "did you mean 'gradient_descent'" in wrong.err


def test_a_solution_written_as_netcdf_is_read_and_identified(capsys, bowl, tmp_path):
    file = tmp_path / "solution.nc"
    result = run(capsys, "solve", bowl, "--starts", 1, "--seed", 3, "--output", file)
    assert result.status == 0
    stored = lc.load(file)
    assert stored.starts == 1
    again = lc.solve(stored.problem, starts=1, seed=3)
    assert np.array_equal(again.parameters, stored.parameters)
    named = run(capsys, "identify", file)
    assert named.status == 0
    assert "ballistic rule" in named.out.splitlines()[0]


def test_solve_takes_a_method(capsys, bowl, tmp_path):
    run(capsys, "solve", bowl, "--method", "collocation", "--output", tmp_path / "s.json")
    document = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert "ollocation" in document["method"]
    wrong = run(capsys, "solve", bowl, "--method", "colocation")
    assert wrong.status == 2
    assert "collocation" in wrong.err


def test_a_sweep_that_is_kept_nowhere_prints_its_numbers(capsys, bowl):
    result = run(capsys, "sweep", bowl, "--axis", "discount=0.5,1")
    lines = result.out.splitlines()
    head = next(k for k, line in enumerate(lines) if line.startswith("discount | cost"))
    values = [float(line.split(" | ")[1]) for line in lines[head + 2 : head + 4]]
    expected = [sum(np.sqrt(g * g / 4 + h) - g / 2 for h in (0.2, 1, 5)) / 2 for g in (0.5, 1.0)]
    assert values == pytest.approx(expected, rel=1e-6)  # V = θ'Rθ/2η
    document = json.loads(run(capsys, "sweep", bowl, "--axis", "discount=0.5,1", "--json").out)
    assert [cell["cost"] for cell in document["numbers"]] == pytest.approx(expected, rel=1e-6)
    assert document["axes"] == {"discount": ["objective.discount"]}  # no text of JSON in JSON


@pytest.mark.parametrize(("wrong", "status"), [("theory", 0), ("1.0", 1)])
def test_claims_of_ones_own_are_reported(capsys, tmp_path, wrong, status, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "own_gain", raising=False)
    wrong = "math.sqrt(2) * math.tanh(math.sqrt(2))" if wrong == "theory" else wrong
    folder = own_claims(tmp_path / "mine", wrong)
    result = run(capsys, "reproduce", folder, "--output", tmp_path / "out", "--workers", 1)
    assert result.status == status
    assert (" against 1, equal ±1e-06" in result.out) == bool(status)
    assert "own-gain" in (tmp_path / "out/report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("slove", "x.py"), "'solve'"),
        (("solve", "x.py", "--sarts", "3"), "--starts"),
        (("sweep", "x.py", "--axsi", "a=1"), "--axis"),
        (("completion", "bsh"), "'bash'"),
    ],
)
def test_misspelt_words_are_answered_by_the_nearest(capsys, arguments, near):
    with pytest.raises(SystemExit) as raised:
        run(capsys, *arguments)
    assert raised.value.code == 2
    assert f"did you mean {near}" in capsys.readouterr().err


def test_hidden_problems_and_programs_are_sent_to_identify(capsys):
    result = run(capsys, "compare", "adam-exponent")
    assert result.status == 2
    assert "landscape-control identify adam-exponent" in result.err


def test_completion_lists_commands_options_and_claims(capsys):
    script = run(capsys, "completion", "bash").out
    assert "compare" in script.split('candidates="')[2]
    assert "--starts" in next(line for line in script.splitlines() if " solve)" in line)
    assert "double-well" in script
    assert run(capsys, "completion", "zsh").out.startswith("autoload")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_names_of_files_with_spaces_are_completed_as_one_word(capsys, tmp_path):
    (tmp_path / "two words.py").touch()
    (tmp_path / "two.nc").touch()
    script = run(capsys, "completion", "bash").out
    asked = (
        "COMP_WORDS=(landscape-control solve two); COMP_CWORD=2; _landscape_control;"
        " printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    called = ["bash", "-c", f"{script}\n{asked}"]
    answer = subprocess.run(called, cwd=tmp_path, capture_output=True, text=True, check=True)
    # a claim may begin like this, too
    assert {"two words.py", "two.nc"} <= set(answer.stdout.splitlines())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "none.py", "no such file"),
        (lambda folder: folder, "no Python files"),
        (lambda folder: _file(folder, "with-hyphen.py", ""), "rename the file"),
        (lambda folder: _file(folder, "raises_here.py", "1 / 0"), "line 1: ZeroDivisionError"),
        (lambda folder: _file(folder, "json.py", ""), "rename the file"),
        (lambda folder: _file(folder, "says_nothing.py", ""), "CLAIM"),
    ],
)
def test_files_without_claims_are_refused(tmp_path, make, words, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(lc.ProblemError, match=words):
        lc.claims.claims_at(make(tmp_path))


def _file(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_verdict_is_written_as_a_record_and_shown(capsys, tmp_path, bowl):
    run(capsys, "compare", bowl, "--starts", 6, "--output", tmp_path / "verdict.nc")
    loaded = lc.load(tmp_path / "verdict.nc")
    assert "ballistic rule" in str(loaded)
    assert run(capsys, "show", tmp_path / "verdict.nc").out.strip() == loaded.describe().strip()
