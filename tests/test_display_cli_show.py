"""``show`` writes pages and maps of a stored sweep, and says in one line what it cannot draw."""

import json
import re

import numpy as np
import pytest
from cli_runs import run

from landscape_control import ControlProblem, Objective, quadratic

pytestmark = pytest.mark.usefixtures("sample_claims")


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
    from landscape_control.display import plotting

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
            ["cost"],  # the basin is the same everywhere
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

    from landscape_control.display.plotting import sweep_maps

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
