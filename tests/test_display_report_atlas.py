"""The atlas page: one file that needs nothing else, and in a real browser answers to pointer,
keyboard and address.
"""

import base64
import json
import re

import numpy as np
import pytest
from browser import inside, visit

import landscape_control as lc
from landscape_control.display.report.atlas import atlas_page, write_atlas
from landscape_control.display.report.atlas_data import atlas_data
from landscape_control.support.errors import ProblemError
from landscape_control.sweeps.measures.verdicts import KEYS

xarray = pytest.importorskip("xarray")


def dataset(parameters=2, moments=9):
    """A sweep of 4 x 3 cells with paths: the optimum heads for (T, γ), rules fall short of it; one
    failed, one warned.
    """
    horizon, discount = np.geomspace(0.5, 4, 4), np.array([0.1, 1.0, 10.0])
    T, gamma = np.meshgrid(horizon, discount, indexing="ij")
    times = T[..., None] * np.linspace(0, 1, moments) ** 2
    goal = np.stack([T, gamma][:parameters], axis=-1)
    optimal = goal[:, :, None] * (times / T[..., None])[..., None]
    rules = optimal[:, :, None] * np.linspace(0.1, 0.8, len(KEYS))[:, None, None]
    rules[:, :, KEYS.index("proximal")] = np.nan
    status, message = np.full(T.shape, "converged"), np.full(T.shape, "", dtype="<U60")
    status[1, 2], message[1, 2] = "refused", "horizon T: <b>bad</b> & worse"
    dims, path = ("horizon", "discount"), ("moment", "parameter")
    variables = {
        "cost": (dims, T * gamma, {"units": "loss × time", "description": "J"}),
        "status": (dims, status),
        "best_rule": (
            dims,
            np.where(T * gamma > 1, "gradient_descent", "none"),
            {"description": "least <regret>"},
        ),
        "hidden_basin": (dims, (T > 3) & (gamma < 1)),
        "message": (dims, message),
        "trajectory.times": ((*dims, "moment"), times),
        "trajectory.parameters": ((*dims, *path), optimal),
        "rule_trajectories": ((*dims, "rule", *path), rules),
        "regret.gradient_descent": (dims, 0.25 * T),
        "regret.newton": (dims, np.where(T > 1, np.inf, 0.125)),
        "regret.proximal": (dims, np.full(T.shape, np.nan)),
        "rule_coefficients.gradient_descent_learning_rate": (dims, 0.5 * T),
    }
    return xarray.Dataset(
        variables, coords={"horizon": horizon, "discount": discount}, attrs={"seed": 7}
    )


def embedded(page):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1)
    )


def browse(tmp_path, page, address="", actions=""):
    """The document after the script has run, and after ``actions``; the browser has nothing to
    complain of.
    """
    seen = visit(tmp_path, page, address, actions)
    assert seen.console == ()
    return seen.dom


def focused(dom):
    """Cells that the keyboard can reach."""
    return re.findall(r'tabindex="0" data-cell="([\d,]+)"', dom)


# ---------------------------------------------------------------- the document


def test_the_page_is_one_file_that_fetches_nothing():
    page = atlas_page(dataset())
    assert not re.search(
        r"""(?:src|href)\s*=\s*["'](?!#|data:)|@import|url\((?!#)|fetch\(|XMLHttpRequest|import\(""",
        page,
    )
    # the name of SVG, not an address
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}
    assert len(page.split("<script>")[1].split("</script>")[0]) < 15_000


def test_the_paths_come_back_from_the_page_to_four_digits():
    found, sweep = embedded(atlas_page(dataset()))["paths"], dataset()
    numbers = (
        np.frombuffer(base64.b64decode(found["data"]), dtype="<i2")
        .reshape(found["shape"])
        .astype(float)
    )
    values = np.where(numbers == -32768, np.nan, found["low"] + found["step"] * (numbers + 32767))
    assert found["names"] == ["optimal", *KEYS]
    expected = sweep["trajectory.parameters"].transpose("discount", "horizon", ...).values
    np.testing.assert_allclose(values[:, :, 0], expected, atol=1e-4 * np.ptp(expected))
    expected = sweep["rule_trajectories"].transpose("discount", "horizon", ...).values
    np.testing.assert_allclose(values[:, :, 1:], expected, atol=1e-3)
    assert found["shares"] == pytest.approx(np.linspace(0, 1, 9) ** 2, abs=1e-5)


def test_what_was_measured_is_in_the_page_with_failures_and_warnings():
    data = embedded(atlas_page(dataset()))
    assert [variable["name"] for variable in data["variables"]] == [
        "best_rule",
        "cost",
        "hidden_basin",
    ]
    assert data["variables"][1]["values"][0] == [0.05, 0.1, 0.2, 0.4]
    assert np.argwhere(data["failed"]).tolist() == [[2, 1]]
    assert np.argwhere(data["warned"]).tolist() == [[0, 3]]
    assert data["variables"][1]["values"][2][1] is None
    assert data["rules"]["newton"]["regret"][0] == [0.125, 0.125, "inf", "inf"]
    assert data["rules"]["gradient_descent"]["coefficients"] == {
        "learning_rate": [[0.25, 0.5, 1.0, 2.0]] * 3
    }
    assert data["axes"][0]["log"] is True


def test_words_from_outside_cannot_break_the_page():
    page = atlas_page(dataset(), title="<i>title</i> & co", lead="</script><b>")
    assert "<i>title" not in page
    assert "</script><b>" not in page
    assert "<b>bad" not in page
    assert embedded(page)["message"][2][1] == "horizon T: <b>bad</b> & worse"


def test_every_cell_is_in_the_table_that_needs_no_script():
    page = atlas_page(dataset())
    table = page[page.index("<details>") : page.index("</details>")]
    assert table.count("<tr>") == 1 + 12
    assert "gradient descent" in table
    assert "refused" in table


def test_the_landscape_of_the_sweep_stands_behind_its_paths():
    ground = atlas_data(dataset(), landscape=lc.double_well())["landscape"]
    loss = lc.double_well().loss
    levels = [
        loss(np.vstack([np.reshape(outline, (-1, 2)) for outline in region]))
        for region in ground["regions"]
    ]
    left, right, bottom, top = ground["box"]
    assert len(levels) == 11
    medians = [np.median(level) for level in levels]
    assert medians == sorted(medians, reverse=True)
    for region in ground["regions"]:  # outlines but for those along the box follow a level
        points = np.vstack([np.reshape(outline, (-1, 2)) for outline in region])
        span = np.array([right - left, top - bottom])
        inside = (np.abs(points - [left, bottom]) > 1e-3 * span).all(1)
        inside &= (np.abs(points - [right, top]) > 1e-3 * span).all(1)
        assert np.ptp(loss(points[inside])) < 0.02 * (max(medians) - min(medians))
    np.testing.assert_allclose(ground["minima"], lc.double_well().minima)
    assert atlas_data(dataset())["landscape"] is None
    assert (
        atlas_data(dataset(parameters=1), landscape=lc.quadratic(hessian=[[1.0]]))["landscape"]
        is None
    )


def test_sweeps_without_paths_or_rules_have_a_page_too():
    plain = dataset()[["cost", "status"]]
    page = atlas_page(plain)
    assert "paths" not in embedded(page)
    assert 'Measure "trajectory"' in page
    assert embedded(atlas_page(plain[["cost"]]))["status"] is None


def test_files_are_written_whole_and_only_as_html(tmp_path):
    path = write_atlas(dataset(), tmp_path / "new" / "atlas.html")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    with pytest.raises(ProblemError, match=r"ends in \.html"):
        write_atlas(dataset(), tmp_path / "atlas.txt")


def test_a_sweep_without_numbers_is_refused():
    with pytest.raises(ProblemError, match="at least one variable"):
        atlas_page(dataset()[["status", "message"]])
    with pytest.raises(ProblemError, match="did you mean 'cost'"):
        atlas_page(dataset(), variables=["coost"])


# ---------------------------------------------------------------- in the browser


def test_the_address_opens_a_cell_with_its_numbers_and_paths(tmp_path):
    dom = browse(tmp_path, atlas_page(dataset(), landscape=lc.double_well()), "#cell=1,0&show=cost")
    assert 'data-cell="1,0"' in re.search(r'<p id="here"[^>]*>', dom).group(0)
    assert inside(dom, "here") == "horizon T = 1, discount γ = 0.1"
    assert "cost J of the optimum (loss × time)" in inside(dom, "map-title")
    drawn = re.findall(r'class="path[^"]*" data-rule="(\w+)"', dom)
    assert sorted(drawn) == sorted(["optimal", *(key for key in KEYS if key != "proximal")])
    rows = re.findall(r'<tr data-rule="(\w+)">(.*?)</tr>', dom)
    # least regret first
    assert [key for key, _ in rows] == ["newton", "gradient_descent", "proximal"]
    assert "0.125" in rows[0][1]
    assert "learning rate 0.5" in rows[1][1]
    assert "does not apply" in rows[2][1]
    assert dom.count('class="cell"') == 12
    assert focused(dom) == ["1,0"]
    assert "★" in dom


def test_regions_are_outlined_failed_cells_hatched_and_warnings_marked(tmp_path):
    dom = browse(tmp_path, atlas_page(dataset()), "#cell=1,2")
    cells = {
        re.search(r'data-cell="([\d,]+)"', tag).group(1): tag
        for tag in re.findall(r"<rect[^>]*data-cell[^>]*>", dom)
    }
    assert 'fill="url(#hatch)"' in cells["1,2"]
    assert sum('fill="url(#hatch)"' in tag for tag in cells.values()) == 1
    kinds = dataset()["best_rule"].where(dataset()["status"] == "converged", "").values
    different = [(kinds[1:] != kinds[:-1]).sum(), (kinds[:, 1:] != kinds[:, :-1]).sum()]
    assert dom.count('class="border"') == sum(different) == 7
    assert dom.count('class="warning"') == 1
    assert "a better basin was overlooked" in cells["3,0"]
    assert inside(dom, "state") == "refused: horizon T: <b>bad</b> & worse"
    assert all(
        word in inside(dom, "legend") for word in ("gradient descent", "no rule fits", "no number")
    )


def test_pointing_shows_a_cell_and_leaving_returns_to_the_chosen_one(tmp_path):
    over = (
        "document.querySelector('[data-cell=\"3,2\"]').dispatchEvent(new MouseEvent('mouseover',"
        " {bubbles: true}));document.title ="
        " document.getElementById('here').dataset.cell;document.querySelector('#map >"
        " g').dispatchEvent(new MouseEvent('mouseleave'));"
    )
    dom = browse(tmp_path, atlas_page(dataset()), "#cell=0,0", over)
    assert "<title>3,2</title>" in dom
    assert 'data-cell="0,0"' in re.search(r'<p id="here"[^>]*>', dom).group(0)


def test_clicks_and_arrow_keys_choose_a_cell_and_stop_at_the_edge(tmp_path):
    press = (
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles:"
        " true}));"
    )
    click = (
        "document.querySelector('[data-cell=\"2,1\"]').dispatchEvent(new MouseEvent('click',"
        " {bubbles: true}));"
    )
    keys = "".join(
        press % key
        for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown", "ArrowDown")
    )
    dom = browse(
        tmp_path, atlas_page(dataset()), "", click + keys + "document.title = location.hash;"
    )
    assert "<title>#cell=2,0&amp;show=best_rule</title>" in dom
    assert focused(dom) == ["2,0"]


def test_another_variable_can_be_chosen(tmp_path):
    choose = (
        "const c = document.getElementById('variable'); c.value = 'cost'; c.dispatchEvent(new"
        " Event('change'));"
    )
    dom = browse(tmp_path, atlas_page(dataset()), "", choose)
    assert "cost" in inside(dom, "map-title")
    assert dom.count('class="border"') == 0
    assert 'class="ramp"' in dom


def test_one_parameter_is_drawn_over_time(tmp_path):
    dom = browse(tmp_path, atlas_page(dataset(parameters=1)), "#cell=2,1")
    assert ">time</text>" in dom
    points = re.search(r'<polyline points="([^"]+)"[^>]*class="path best"', dom).group(1).split()
    across = np.array([float(point.split(",")[0]) for point in points])
    np.testing.assert_allclose(
        (across - across[0]) / np.ptp(across), np.linspace(0, 1, 9) ** 2, atol=1e-3
    )
