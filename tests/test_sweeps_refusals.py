"""Axes that no sweep can hold, and folders that are not what a store expects, are refused in words."""

import itertools
import os
import shutil

import numpy as np
import pytest

import landscape_control as lc

PROBLEM = lc.ControlProblem(
    landscape=lc.quadratic(hessian=np.eye(1)), objective=lc.Objective(horizon=1.0), start=[1.0]
)


def raising():
    yield 1.0
    raise ZeroDivisionError("no")


AXES = {
    "a 0-d array": (lambda: np.array(3.0), "a list of values.*put the value into a list"),
    "a number": (lambda: 3.0, "put the value into a list"),
    "nothing": (lambda: None, "put the value into a list"),
    "a class": (lambda: list, "put the value into a list"),
    "text": (lambda: "1, 2", "put the value into a list"),
    "a number of 401 digits": (lambda: [10**400], "a whole number of 401 digits"),
    "a number that Python does not print": (
        lambda: [1, -(10**5000)],
        "a whole number of 5001 digits",
    ),
    "no end": (itertools.count, "more of them, or no end"),
    "a very long range": (
        lambda: range(10**12),
        "at most 20000000 cells.*about 200000 GB, and 46296 days",
    ),
    "a generator that raises": (raising, "ZeroDivisionError: no"),
    "complex numbers": (lambda: [1j, 2.0], "received complex"),
    "masked numbers": (
        lambda: np.ma.masked_array([1.0, 2.0], [False, True]),
        "numbers, words, or named variants",
    ),
    "nothing in it": (lambda: [None], "received NoneType"),
}


@pytest.mark.parametrize("name", AXES)
def test_values_that_make_no_axis_are_refused_in_words(name):
    values, message = AXES[name]
    with pytest.raises(lc.ProblemError, match=f"axis 'horizon': .*{message}"):
        lc.sweep(PROBLEM, {"horizon": values()}, measure="cost", workers=1)


def test_the_cells_are_counted_before_anything_is_tried():
    axes = {"horizon": np.linspace(1, 2, 10_000), "discount": np.linspace(0, 1, 10_000)}
    with pytest.raises(
        lc.ProblemError,
        match="axes: expected at most 20000000 cells .*received 100000000: about 20 GB",
    ):
        lc.sweep(PROBLEM, axes, measure="cost", workers=1)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep") / "store"
    run(folder)
    return folder


def run(folder):
    return lc.sweep(
        PROBLEM, {"horizon": [1.0, 2.0]}, measure="cost", workers=1, store=folder, chunk=1
    )


def replaced(folder, name, how):
    path = folder / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    how(path)


FIRST = "chunks/000000.npz"
FOLDERS = {  # what is replaced, by what, and the message
    "a folder named like a chunk": (
        FIRST,
        os.mkdir,
        "000000.npz is a folder, not a file.*computed again by resume",
    ),
    "a pipe named like a chunk": (FIRST, os.mkfifo, "000000.npz is a device or a pipe"),
    "a link to itself": (
        FIRST,
        lambda path: path.symlink_to(path.name),
        "000000.npz: Too many levels",
    ),
    "a folder named like the plan": ("plan.json", os.mkdir, "without a readable plan.json"),
    "a pipe named like the plan": ("plan.json", os.mkfifo, "without a readable plan.json"),
    "a folder named like the result": ("result.nc", os.mkdir, "Is a directory .*result.nc"),
    "a folder named like the lock": ("lock", os.mkdir, "Is a directory .*lock"),
    "a file named like the chunks": (
        "chunks",
        lambda path: path.write_text("x"),
        "File exists .*chunks",
    ),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_what_stands_where_a_file_should_is_named(tmp_path, finished, name):
    folder = tmp_path / "store"
    shutil.copytree(finished, folder)
    place, how, message = FOLDERS[name]
    replaced(folder, place, how)
    for go_on in (lambda: lc.resume(folder, workers=1), lambda: run(folder)):
        with pytest.raises(lc.ProblemError, match=message):
            go_on()
    if place in (FIRST, "plan.json"):
        with pytest.raises(lc.ProblemError, match=message):
            lc.load(folder)


@pytest.mark.parametrize("path", ["", 3, b"x", "a\0b", ["a"], "x" * 300, "/dev/null/x"])
def test_paths_that_no_store_can_have(path):
    for go_on in (lambda: lc.resume(path, workers=1), lambda: run(path)):
        with pytest.raises(lc.ProblemError, match="store: expected"):
            go_on()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise SystemExit(3)", r"\(SystemExit: 3\)"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def (", "SyntaxError"),
    ],
)
def test_a_module_of_measures_that_does_not_import_is_named(tmp_path, monkeypatch, text, message):
    (tmp_path / "unusable_measures.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(lc.ProblemError, match=f"measure: .*'unusable_measures:f' .*{message}"):
        lc.sweep(PROBLEM, {"horizon": [1.0]}, measure="unusable_measures:f", workers=1)


@pytest.mark.parametrize("address", [":f", "nowhere_to_be_found:f", "math:", "math:sqrtt"])
def test_addresses_that_lead_nowhere_are_refused(address):
    with pytest.raises(lc.ProblemError, match="'module:function' that can be imported"):
        lc.sweep(PROBLEM, {"horizon": [1.0]}, measure=address, workers=1)
