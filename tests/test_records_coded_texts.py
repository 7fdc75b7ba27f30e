"""Long columns of few different texts: kept as codes, given back as texts, and checked."""

import io

import h5py
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.records import load, save
from landscape_control.records.checksum import seal

xarray = pytest.importorskip("xarray")

SIDE = 160


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    texts = np.array(["", "converged", "grüner Berg, ∇L = 0", "refused"], dtype=object)
    places = rng.integers(0, len(texts), (SIDE, SIDE))
    return xarray.Dataset(
        {
            "cost": (("x", "y"), rng.standard_normal((SIDE, SIDE))),
            "status": (("x", "y"), texts[places], {"description": "how it ended"}),
            "message": (("x", "y"), texts[places].astype(str)),
            "same": (("x", "y"), np.full((SIDE, SIDE), "computed", dtype=object)),
            "apart": (("x", "y"), np.arange(SIDE**2).astype(str).reshape(SIDE, SIDE)),
            "few": ("x", np.repeat(["a", "b"], SIDE // 2)),
        },
        coords={"x": np.arange(SIDE)},
        attrs={"note": "made up"},
    )


def test_texts_come_back_as_they_were(table, tmp_path):
    assert load(save(table, tmp_path / "table.nc")).identical(table)


def test_a_repeated_text_takes_no_more_than_a_byte(table, tmp_path):
    one, two = (
        save(table[names], tmp_path / f"{len(names)}.nc").stat().st_size
        for names in (["cost"], ["cost", "status", "same"])
    )
    assert two - one < 1.0 * SIDE**2 + 30_000


def test_other_programs_read_codes_and_the_texts_they_stand_for(table, tmp_path):
    with xarray.open_dataset(save(table, tmp_path / "table.nc")) as opened:
        for name in ("status", "message", "same"):
            words = opened[opened[name].attrs["record_words"]].values
            np.testing.assert_array_equal(words[opened[name].values], table[name].values)
        np.testing.assert_array_equal(opened["apart"].values, table["apart"].values)
        np.testing.assert_array_equal(opened["few"].values, table["few"].values)


def test_names_that_are_taken_are_left_to_their_owners(table, tmp_path):
    taken = table[["status", "few"]].rename(few="status_words")
    assert load(save(taken, tmp_path / "table.nc")).identical(taken)
    axis = table[["status"]].rename(x="status_words")
    assert load(save(axis, tmp_path / "axis.nc")).identical(axis)


def test_a_reserved_attribute_is_refused_when_it_is_saved(table, tmp_path):
    table["cost"].attrs["record_words"] = "mine"
    with pytest.raises(lc.ProblemError, match="record_words.*rename it"):
        save(table, tmp_path / "table.nc")


def test_readers_that_know_no_codes_refuse_instead_of_misreading(table, tmp_path):
    """They take a data set by the absence of ``record_kind``, and name what they do not know."""
    assert h5py.File(save(table, tmp_path / "table.nc")).attrs["record_kind"] == "coded data set"
    short = table.isel(x=slice(0, 100))
    assert "record_kind" not in h5py.File(save(short, tmp_path / "short.nc")).attrs


def a_code_too_high(file):
    file["status"][0, 0] = 4


def no_texts(file):
    file["status"].attrs["record_words"] = "nowhere"


def numbers_for_texts(file):
    file["status"].attrs["record_words"] = "x"


def codes_with_a_sign(file):
    values, attributes = file["status"][...], dict(file["status"].attrs)
    del file["status"]
    made = file.create_dataset("status", data=values.astype(np.int8))
    made.attrs["record_words"] = attributes["record_words"]


@pytest.mark.parametrize(
    "change", [a_code_too_high, no_texts, numbers_for_texts, codes_with_a_sign]
)
def test_codes_that_stand_for_nothing_are_refused_by_name(table, tmp_path, change):
    path = save(table, tmp_path / "table.nc")
    buffer = io.BytesIO(path.read_bytes()[:-90])
    with h5py.File(buffer, "r+") as file:
        change(file)
    path.write_bytes(seal(buffer.getvalue()))
    with pytest.raises(lc.ProblemError, match="status: expected"):
        load(path)


def test_texts_count_towards_what_a_file_may_unfold_to(table, tmp_path):
    path = save(table[["same"]], tmp_path / "table.nc")
    with pytest.raises(lc.ProblemError, match="unfolds to so much"):
        load(path, most_bytes=5 * SIDE**2)
    assert load(path, most_bytes=10 * SIDE**2)["same"].shape == (SIDE, SIDE)
