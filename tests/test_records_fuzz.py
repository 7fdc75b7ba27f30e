"""Random damage to records and stores: what is loaded is valid, and everything else is refused in
words, soon.
"""

import json
import subprocess
import sys
from pathlib import Path

import hostile_axes
import hostile_fuzz
import hostile_runner
import pytest
from hostile_records import body

from landscape_control.records.checksum import seal

SECONDS, MEGABYTES = 2.0, 200.0


@pytest.mark.parametrize(
    ("seed", "seconds", "most"),
    [
        (2026, 4, 40),
        pytest.param(2027, 4, 150, marks=pytest.mark.slow),
        *(pytest.param(seed, 40, 5000, marks=pytest.mark.slow) for seed in range(1, 5)),
    ],
)
def test_random_damage_is_refused_in_words_or_leaves_a_valid_record(seed, seconds, most):
    """In a process of its own: one that crashes, or does not come back, fails."""
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            Path(hostile_fuzz.__file__),
            str(seed),
            str(seconds),
            str(most),
        ],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["tried"] >= 30
    assert found["refused"] > found["tried"] / 4
    assert (found["cryptic"], found["raised"]) == (0, 0), found["worst"]
    assert found["seconds"] < SECONDS, found["worst"]
    assert found["megabytes"] < MEGABYTES, found["worst"]


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 1])
def test_an_axis_that_is_too_short_is_refused_or_can_be_shown(size, tmp_path):
    """Every axis of every kind of record, shortened wherever it occurs."""
    path, wrong, refused = tmp_path / "record.nc", [], 0
    for name in hostile_fuzz.NAMES:
        data = body(name)
        for axis in hostile_axes.axes_of(data):
            path.write_bytes(seal(hostile_axes.shortened(data, axis, size)))
            outcome, message = hostile_runner.outcome(path, hostile_fuzz.use)
            refused += outcome == "refused"
            if outcome in ("raised", "cryptic"):
                wrong.append(f"{name} {axis}: {message}")
    assert refused > 50
    assert not wrong


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("course", "/moment"),
        ("course", "/step"),
        ("measured", "/mode"),
        ("network_path", "/node"),
        ("network_path", "/vertex"),
    ],
)
def test_results_without_entries_are_refused(name, axis, tmp_path):
    path = tmp_path / "record.nc"
    path.write_bytes(seal(hostile_axes.shortened(body(name), axis, 0)))
    assert hostile_runner.outcome(path, hostile_fuzz.use)[0] == "refused"
