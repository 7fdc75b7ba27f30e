"""Random damage to records and stores: what is loaded is valid, and everything else is refused in
words, soon.
"""

import json
import subprocess
import sys
from pathlib import Path

import hostile_fuzz
import pytest

SECONDS, MEGABYTES = 2.0, 200.0


@pytest.mark.parametrize(
    ("seed", "seconds", "most"),
    [
        (2026, 4, 40),
        pytest.param(2027, 4, 150, marks=pytest.mark.slow),
        *(pytest.param(seed, 120, 5000, marks=pytest.mark.slow) for seed in range(1, 5)),
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
