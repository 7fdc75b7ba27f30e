"""The wheel carries the claims, takes no other top-level name, and its command works in any folder."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import landscape_control

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from oldest import floors, others_installed  # noqa: E402


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: no stale build folder gets in, and the checkout stays as it is."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("landscape_control", "problems"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(ROOT / name, source)
    major, minor = map(int, version("setuptools").split(".")[:2])
    # the test extra brings a backend: no download
    isolation = ["--no-build-isolation"] if (major, minor) >= (70, 1) else []
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        *isolation,
        "--wheel-dir",
        target,
        source,
    )
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def clean(wheel, tmp_path_factory):
    """Scripts folder of a fresh environment that holds the wheel; its dependencies are those of
    this environment.
    """
    folder = tmp_path_factory.mktemp("clean") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    paths = {
        key: Path(sysconfig.get_path(key, "venv", {"base": str(folder), "platbase": str(folder)}))
        for key in ("scripts", "purelib")
    }
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        paths["scripts"] / "python",
        "install",
        "--quiet",
        "--no-deps",
        wheel,
    )
    (paths["purelib"] / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return paths["scripts"]


def expected_files():
    """Names in the wheel of every module and data file, from the folders of the checkout."""
    kinds = {".bash", ".css", ".html", ".js", ".py"}
    homes = {ROOT / "landscape_control": "", ROOT / "problems": "landscape_control/"}
    return {
        prefix + path.relative_to(ROOT).as_posix()
        for home, prefix in homes.items()
        for path in home.rglob("*")
        if path.suffix in kinds or path.name == "py.typed"
    }


def test_wheel_holds_every_module_and_data_file_and_nothing_else(wheel):
    names = {
        name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("landscape_control/")
    }
    expected = expected_files()
    assert names == expected
    assert {Path(name).suffix for name in expected} == {
        ".bash",
        ".css",
        ".html",
        ".js",
        ".py",
        ".typed",
    }


def test_wheel_holds_every_claim_and_one_top_level_name(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for path in (ROOT / "problems").rglob("*.py"):
        assert f"landscape_control/{path.relative_to(ROOT).as_posix()}" in names
    assert {name.split("/")[0] for name in names} == {"landscape_control", names[-1].split("/")[0]}
    assert names[-1].endswith(".dist-info/RECORD")


def test_the_version_stands_once(wheel):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"]
    assert wheel.name.split("-")[1] == landscape_control.__version__


def test_pages_find_their_files_in_the_installed_package(clean, tmp_path):
    code = (
        "from landscape_control.display.report.static_files import static_text\n"
        "print(all(map(static_text, ('page.css', 'atlas.css', 'atlas.js', 'page.html', 'atlas.html'))))"
    )
    assert run(clean / "python", "-c", code, cwd=tmp_path).strip() == "True"


def test_command_lists_the_claims_from_another_folder(clean, tmp_path):
    here = {
        claim["name"]
        for claim in json.loads(
            run(sys.executable, "-m", "landscape_control.display.cli", "list", "--json")
        )
    }
    there = json.loads(run(clean / "landscape-control", "list", "--json", cwd=tmp_path))
    assert {claim["name"] for claim in there} == here


def test_installed_package_is_the_wheel_and_problems_is_not_importable(clean, tmp_path):
    code = (
        "import importlib.util as u, landscape_control, landscape_control.problems as p\n"
        "print(landscape_control.__file__, p.__file__, u.find_spec('problems'), sep='\\n')"
    )
    library, claims, problems = run(clean / "python", "-c", code, cwd=tmp_path).split()
    assert Path(library).is_relative_to(clean.parent)
    assert Path(claims).is_relative_to(clean.parent)
    assert problems == "None"


def test_the_oldest_versions_are_read_from_the_declaration(tmp_path):
    project = tmp_path / "pyproject.toml"
    extra = '[project.optional-dependencies]\nt = ["d>=0.1.0", "c>=3"]\n'
    project.write_text('[project]\ndependencies = ["a-b>=1.2", "c[x, y] >= 3"]\n' + extra)
    assert floors(["t"], project) == {"a-b": "1.2", "c": "3", "d": "0.1.0"}
    for line, words in (
        ("a<2", "NAME>=VERSION"),
        ("a", "NAME>=VERSION"),
        ("a>=1,<2", "NAME>=VERSION"),
    ):
        project.write_text(f'[project]\ndependencies = ["{line}"]\n')
        with pytest.raises(SystemExit, match=words):
            floors([], project)
    project.write_text('[project]\ndependencies = ["a>=1", "a>=2"]\n')
    with pytest.raises(SystemExit, match="two floors"):
        floors([], project)


def test_every_dependency_declares_its_oldest_version_and_another_one_is_noticed():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = floors(["test"])
    assert {re.split(r"\[|>", line)[0].strip() for line in declared["dependencies"]} <= set(oldest)
    assert {"pytest", "dask"} <= set(oldest)
    assert others_installed({"numpy": version("numpy") + ".0"}) == []
    others = [
        f"numpy: 0.1 is declared, {version('numpy')} is installed",
        "not-installed-here: 2 is declared, nothing is installed",
    ]
    assert others_installed({"numpy": "0.1", "not-installed-here": "2"}) == others


@pytest.mark.parametrize(
    "target", ["test", "test-all", "test-oldest", "reproduce", "bench", "lint", "clean"]
)
def test_makefile_knows_its_targets(target, tmp_path):
    if shutil.which("make") is None:
        pytest.skip("no make here")
    printed = run(
        "make",
        "--dry-run",
        target,
        f"VENV={tmp_path / 'venv'}",
        f"OLDEST_VENV={tmp_path / 'oldest'}",
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
    )
    assert ("-m venv" in printed) == (target != "clean")
