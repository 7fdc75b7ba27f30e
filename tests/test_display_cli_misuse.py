"""Whatever is wrong on the command line, or with what it is given, is one line on standard error
and a status.
"""

import json
import os
import shutil
import subprocess
import sys

import hostile_records
import pytest

import landscape_control as lc
from landscape_control.display import cli

HEAD = "import os, sys, warnings\nimport numpy as np\nimport landscape_control as lc\n"
GOOD = (
    "problem = lc.ControlProblem(landscape=lc.quadratic(hessian=np.eye(1)), start=[1.0], "
    "objective=lc.Objective(horizon=1.0))\n"
)
FILES = {  # text -> part of the line
    "raises": ("1 / 0", "line 4: ZeroDivisionError: division by zero"),
    "raises without words": ("raise MemoryError", "line 4: MemoryError. What"),
    "several lines": (r"raise ValueError('a\nb\nc')", "ValueError: a b c"),
    "calls sys.exit": ("sys.exit(3)", r"line 4: a call of sys.exit(3)"),
    "ends quietly": ("sys.exit()", "a call of sys.exit()"),
    "ends with words": ("sys.exit('bye')", "a call of sys.exit('bye')"),
    "raises past Exception": ("raise BaseException('x')", "BaseException: x"),
    "ends as a generator does": ("raise GeneratorExit", "GeneratorExit"),
    "has syntax errors": ("def (:", "SyntaxError"),
    "mixes tabs and blanks": ("if 1:\n\tx = 1\n        y = 2", "TabError"),
    "imports what is not there": (
        "import nosuchmodule",
        "ModuleNotFoundError: No module named 'nosuchmodule'",
    ),
    "never ends": ("def f(): return f()\nf()", "RecursionError"),
    "reads arguments": ("sys.argv[1]", "IndexError"),
    "closes its output": ("sys.stdout.close()", "received nothing"),
    "defines nothing": ("", "received nothing"),
    "defines another name": (GOOD.replace("problem =", "probelm ="), "received nothing"),
    "defines None": ("problem = None", "received nothing"),
    "defines a number": ("problem = 3", "received int"),
    "defines a class": ("problem = lc.ControlProblem", "received a class, ControlProblem"),
    "defines a list": (GOOD + "problem = [problem]", "received list"),
    "a function that raises": ("def problem(): raise KeyError('boo')", "KeyError: 'boo'"),
    "a function that exits": ("def problem(): sys.exit(1)", "a call of sys.exit(1)"),
    "a function of something": ("def problem(x): return 1", "TypeError"),
    "a problem that is none": (
        GOOD.replace("horizon=1.0", "horizon=-1.0"),
        "horizon T: expected a number > 0",
    ),
}


def run(capsys, *arguments):
    """(status, standard output, lines on standard error)"""
    try:
        status = cli.main([str(argument) for argument in arguments])
    except SystemExit as error:  # of the parser
        status = error.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err.strip().splitlines()


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.py"
    path.write_text(HEAD + GOOD)
    return path


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", ["solve", "sweep"])
def test_a_file_that_cannot_be_used_is_one_line(capsys, tmp_path, name, command):
    text, message = FILES[name]
    path = tmp_path / "file.py"
    path.write_text(HEAD + text + "\n")
    axes = () if command == "solve" else ("--axis", "horizon=1,2")
    status, out, lines = run(capsys, command, path, *axes)
    assert (status, out, len(lines)) == (2, "", 1)
    assert message in lines[0]


@pytest.mark.parametrize("content", [b"# \xe9\nx = 1\n", bytes(range(256)), b"x = 1\0\n"])
def test_files_that_hold_no_text_are_one_line(capsys, tmp_path, content):
    path = tmp_path / "file.py"
    path.write_bytes(content)
    status, out, lines = run(capsys, "solve", path)
    assert (status, out, len(lines)) == (2, "", 1)


def test_what_a_file_prints_leaves_standard_output_to_the_result(capsys, tmp_path):
    path = tmp_path / "file.py"
    path.write_text(HEAD + "print('hello')\nos.chdir('/')\n" + GOOD)
    before = os.getcwd()
    status, out, lines = run(capsys, "solve", path, "--json")
    assert status == 0
    assert json.loads(out)["status"] == "converged"
    assert lines == ["hello"]
    assert os.getcwd() == before


MISUSES = [
    (["solve", ""], "received ''"),
    (["solve", "NOTES"], "notes.txt (neither Python nor saved by landscape_control)"),
    (["solve", "none.nc"], "none.nc (no such file)"),
    (["solve", "RECORD"], "received a file of another kind"),
    (["solve", "GOOD", "--output", "v.txt"], "ends in .nc or .json; received v.txt"),
    (["compare", "GOOD", "--output", "v.txt"], "ends in .nc or .json; received v.txt"),
    (["identify", "GOOD", "--output", "v.txt"], "ends in .nc or .json; received v.txt"),
    (["compare", "NOTES"], "neither Python nor saved"),
    (["identify", "RECORD"], "received a file of another kind"),
    (["sweep", "GOOD", "--axis", "horizon=1", "--output", "v.json"], "ends in .nc;"),
    (["reproduce", "NOTES"], "its name does not end in .py"),
    (["reproduce", "none.py"], "no such file"),
    (["solve", "nosuch.py"], "no such file"),
    (["solve", "FOLDER"], "claim: expected"),
    (["solve", "GOOD", "--tolerance", "0"], "tolerance"),
    (["solve", "GOOD", "--tolerance", "nan"], "tolerance"),
    (["solve", "GOOD", "--output", "FOLDER"], "a folder"),
    (["solve", "GOOD", "--output", "FOLDER/none/x.json"], "no folder"),
    (["solve", "GOOD", "--output", "GOOD/x.json"], "no folder"),
    (["solve", "GOOD", "--output", "/dev/null"], "a device"),
    (["solve", "GOOD", "--output", ""], "no name of a file"),
    (["solve", "GOOD", "--output", "x" * 300], "too long"),
    (["sweep", "GOOD", "--axis", "horizon"], "NAME=VALUES"),
    (["sweep", "GOOD", "--axis", "=1"], "NAME=VALUES"),
    (["sweep", "GOOD", "--axis", "horzon=1"], "did you mean"),
    (["sweep", "GOOD", "--axis", "horizon=1:2"], "LOW:HIGH:COUNT"),
    (["sweep", "GOOD", "--axis", "horizon=1:2:0"], "COUNT >= 1"),
    (["sweep", "GOOD", "--axis", "horizon=0:2:3log"], "both > 0"),
    (
        ["sweep", "GOOD", "--axis", "horizon=1:2:999999999999"],
        "received 999999999999: about 199999 GB",
    ),
    (["sweep", "GOOD", "--axis", "horizon=1:2:" + "9" * 5000], "at most 20000000 cells"),
    (["sweep", "GOOD", "--axis", "horizon=" + "9" * 400], "up to 1.8e308"),
    (["sweep", "GOOD", "--axis", "horizon=1e400"], "up to 1.8e308"),
    (["sweep", "GOOD", "--axis", "horizon=a,b"], "horizon T: expected a number"),
    (["sweep", "GOOD"], "at least one axis"),
    (["sweep", "GOOD", "--axis", "horizon=1", "--measure", ":m"], "'module:function'"),
    (["sweep", "GOOD", "--axis", "horizon=1", "--measure", "costt"], "did you mean"),
    (["sweep", "GOOD", "--axis", "horizon=1", "--output", "FOLDER"], "a folder"),
    (["sweep", "GOOD", "--axis", "horizon=1", "--store", "GOOD"], "store: expected"),
    (["sweep", "GOOD", "--axis", "horizon=1", "--workers", "0"], "workers"),
    (["resume", "FOLDER"], "without a readable plan.json"),
    (["show", "FOLDER"], "without a readable plan.json"),
    (["show", "GOOD"], "or a file that landscape_control.save wrote"),
    (["reproduce", "--only", "bogus"], "claim: expected"),
]


@pytest.mark.parametrize(("arguments", "message"), MISUSES)
def test_misuse_is_one_line_and_status_2(capsys, tmp_path, good, arguments, message):
    places = {"GOOD": good, "FOLDER": tmp_path}
    places |= {"NOTES": tmp_path / "notes.txt", "RECORD": tmp_path / "record.nc"}
    if {"NOTES", "RECORD"} & set(arguments):
        places["NOTES"].write_text("1 / 0")
        places["RECORD"].write_text("x")
    given = list(arguments)
    for name, place in places.items():
        given = [one.replace(name, str(place)) for one in given]
    status, out, lines = run(capsys, *given)
    assert (status, out, len(lines)) == (2, "", 1)
    assert message in lines[0]
    assert "Traceback" not in lines[0]


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (
            OSError(28, "No space left on device"),
            1,
            "the system refused: [Errno 28] No space left on device",
        ),
        (MemoryError("8 GB"), 1, "out of memory: 8 GB"),
        (KeyError("x"), 1, "a fault of the program, KeyError: 'x'"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_what_no_check_foresaw_is_one_line_too(capsys, good, monkeypatch, error, status, message):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr("landscape_control.planning.solver.solve", fails)
    found, out, lines = run(capsys, "solve", good)
    assert (found, out, len(lines)) == (status, "", 1)
    assert message in lines[0]
    if isinstance(error, KeyError):
        monkeypatch.setenv("LANDSCAPE_CONTROL_TRACEBACK", "1")
        with pytest.raises(KeyError):
            cli.main(["solve", str(good)])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_one_line(good):
    with open("/dev/full", "w") as full:
        told = subprocess.run(
            [sys.executable, "-m", "landscape_control.display.cli", "solve", str(good)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert told.returncode == 1
    assert told.stderr.strip().splitlines() == [
        "landscape-control: the system refused: [Errno 28] No space left on device"
    ]


def test_a_reader_that_has_seen_enough_is_no_failure(good):
    command = f"{sys.executable} -m landscape_control.display.cli list --json | head -1"
    told = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True
    )
    assert (told.returncode, told.stderr) == (0, "")


def test_words_of_a_store_move_no_cursor(tmp_path):
    shutil.copytree(hostile_records.STORE, tmp_path / "store")

    def change(tree):
        tree["axes"][0]["name"] = "horizon\x1b[2J"
        tree["measures"][0]["units"] = "\x1b]0;title\x07\r\nno line of its own"

    hostile_records.change_plan(tmp_path / "store", change)
    text = lc.sweeps.describe(lc.load(tmp_path / "store"))
    assert all(line.isprintable() for line in text.splitlines())
    assert r"horizon\x1b[2J" in text
    assert r"\x1b]0;title\x07\r\nno line of its own" in text
