"""Results of chunks put together to arrays over the grid, and read back from their files."""

import io

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.sweeps.axes import read_axes
from landscape_control.sweeps.chunk_file import from_bytes, pack, to_bytes, unpack
from landscape_control.sweeps.columns import columns_of
from landscape_control.sweeps.plan import about, make_plan
from landscape_control.sweeps.problem_kinds import kind_of
from landscape_control.sweeps.table import Table

BOWL = lc.ControlProblem(
    landscape=lc.quadratic(hessian=[[2.0]]), start=[1.0], objective=lc.Objective(horizon=1.0)
)


@pytest.fixture(scope="module")
def plan():
    axes = {"horizon": np.geomspace(0.5, 10, 30), "discount": np.geomspace(0.01, 1, 20)}
    return make_plan(
        BOWL,
        read_axes(BOWL, axes),
        (about(lc.measures.cost, "cost"),),
        kind=kind_of(BOWL, closed_form=False),
        options={},
        starts=None,
        seed=0,
        most=7,
    )


def columns_with_own_words(cells):
    """Every cell has a message of its own, and its number as the cost."""
    rows = [
        {
            "status": "converged",
            "message": f"cell {cell}",
            "traceback": "",
            "found_from": "straight",
            "value cost": float(cell),
            "seconds": 0.0,
        }
        for cell in cells.tolist()
    ]
    return columns_of(cells, rows)


def test_more_words_than_a_byte_can_tell_apart_stay_in_their_cells(plan):
    table = Table(plan)
    for index in np.random.default_rng(0).permutation(plan.layout.chunks).tolist():
        table.fill(index, columns_with_own_words(plan.layout.chunk(index)))
    found = table.variables()
    cells = np.arange(600).reshape(30, 20)
    assert found["message"].tolist() == [[f"cell {cell}" for cell in row] for row in cells]
    assert np.array_equal(found["cost"], cells)
    assert set(found["status"].ravel()) == {"converged"}


def test_chunks_come_back_from_their_files(plan):
    for index in (0, plan.layout.chunks - 1):
        cells = plan.layout.chunk(index)
        columns = columns_with_own_words(cells)
        content = to_bytes(columns, plan.digest, index)
        again = from_bytes(content, plan.digest, index, cells, {"cost"})
        assert again.words["message"].texts == columns.words["message"].texts
        for name, values in columns.numbers.items():
            assert np.array_equal(again.numbers[name], values)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(5),
        np.zeros((0, 3)),
        np.array([True, False]),
        np.arange(12.0).reshape(3, 4),
        np.arange(6, dtype=">i4"),
        np.zeros((1,) * 20),
    ],
)
def test_arrays_are_read_as_numpy_reads_them(array):
    content = pack({"values": array})
    with np.load(io.BytesIO(content)) as file:
        wanted = file["values"]
    found = unpack(content)["values"]
    assert found.dtype == wanted.dtype
    assert np.array_equal(found, wanted)
    found[...] = 1  # its own memory, not that of the file
    assert np.array_equal(unpack(content)["values"], array)
