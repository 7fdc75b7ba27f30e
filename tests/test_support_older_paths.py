"""Import paths of version 0.1 give the very modules of today."""

import importlib
import pickle
import pkgutil
import runpy
import subprocess
import sys

import pytest

import landscape_control as lc
from landscape_control.support.late_names import late_attribute
from landscape_control.support.older_paths import MOVED, todays_path


@pytest.mark.parametrize("older", sorted(MOVED))
def test_an_older_path_is_the_module_of_today(older):
    today = importlib.import_module(f"landscape_control.{MOVED[older]}")
    spec = today.__spec__
    assert importlib.import_module(f"landscape_control.{older}") is today
    assert today.__spec__ is spec
    assert spec.name == today.__name__ == f"landscape_control.{MOVED[older]}"


def test_a_file_inside_a_moved_package_is_not_loaded_twice():
    older = importlib.import_module("landscape_control.solver.finite")
    today = importlib.import_module("landscape_control.planning.solver.finite")
    assert older is today


def test_classes_under_both_paths_are_one():
    from landscape_control.comparison import Criteria as older

    from landscape_control.identification.maps import Criteria as today

    assert older is today
    assert isinstance(lc.comparison.Criteria(), today)


def test_a_pickle_of_an_older_path_opens():
    text = pickle.dumps(lc.Status.CONVERGED, protocol=0)
    assert b"landscape_control.planning.status" in text
    older = text.replace(b"landscape_control.planning.status", b"landscape_control.status")
    assert pickle.loads(older) is lc.Status.CONVERGED


def test_the_longest_older_path_decides():
    assert todays_path("landscape_control.problem.model") == "landscape_control.model.problem.model"
    assert todays_path("landscape_control.policies") is None
    assert (
        todays_path("landscape_control.policies.elementwise")
        == "landscape_control.rules.families.elementwise"
    )
    assert todays_path("numpy.solver") is None
    assert todays_path("landscape_control") is None


@pytest.mark.parametrize(
    ("window", "names"),
    [
        ("policies", ("HeavyBall", "PolicyProgram", "by_name")),
        ("grid", ("certify_global", "value_function")),
        ("stochastic", ("solve_grid", "GridPolicy")),
        ("planning", ("solve", "LQGSolution", "raw_rule", "share_momentum", "linearised_rules")),
    ],
)
def test_public_names_stand_where_they_stood(window, names):
    module = importlib.import_module(f"landscape_control.{window}")
    assert getattr(lc, window) is module
    for name in names:
        assert callable(getattr(module, name))


@pytest.mark.parametrize("older", [name for name in sorted(MOVED) if "." not in name])
def test_an_older_module_is_an_attribute_of_the_package(older):
    assert getattr(lc, older) is importlib.import_module(f"landscape_control.{MOVED[older]}")


def test_an_older_module_is_an_attribute_before_anybody_imports_it():
    code = "import landscape_control as lc; print(lc.errors.ProblemError is lc.ProblemError)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_an_unknown_module_is_unknown():
    with pytest.raises(ModuleNotFoundError, match="landscape_control.solver.nothing"):
        importlib.import_module("landscape_control.solver.nothing")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lc.planning.nothing  # noqa: B018


def test_the_command_runs_under_its_older_path(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["landscape-control", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("landscape_control.cli", run_name="__main__")
    assert ended.value.code == 0
    assert lc.__version__ in capsys.readouterr().out


def test_an_older_path_costs_nothing_until_it_is_used():
    code = "import sys, landscape_control; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {f"landscape_control.{older}" for older in MOVED} & set(loaded)


def test_a_late_name_is_that_of_its_module():
    homes = {"Solution": "solution", "Status": "status"}
    assert late_attribute("landscape_control.planning", homes, "Status") is lc.Status
    with pytest.raises(AttributeError, match="module 'a.b' has no attribute 'c'"):
        late_attribute("a.b", homes, "c")


@pytest.mark.parametrize("package", ["identification", "optimisation", "planning.beliefs"])
def test_a_late_name_is_no_name_of_a_file(package):
    """Once the file is imported, its module would stand in place of what is in it."""
    module = importlib.import_module(f"landscape_control.{package}")
    files = {entry.name for entry in pkgutil.iter_modules(module.__path__)}
    assert not files & set(module.__all__)
