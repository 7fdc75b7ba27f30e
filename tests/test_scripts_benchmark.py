"""The benchmark, with few repetitions: every part runs, and every row has a number."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.mark.slow
def test_every_part_of_the_benchmark_runs(tmp_path):
    written = tmp_path / "benchmark.json"
    command = [sys.executable, "benchmark.py", "--quick", "--json", str(written)]
    run = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    rows = json.loads(written.read_text(encoding="utf-8"))["rows"]
    assert len(rows) > 100
    for row in rows:
        if "not installed here" in row["what"]:
            continue
        numbers = [row[name] for name in ("ours", "reference", "ratio")]
        assert any(number is not None for number in numbers), row["what"]
    # counts of failures and errors of costs do not depend on the machine
    exact = [row for row in rows if row["unit"] == "" and (row["limit"] or 0.0) <= 1e-5]
    not_met = {row["what"] for row in exact if row["met"] is False}
    assert not not_met
