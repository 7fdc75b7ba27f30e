"""A wrong formula anywhere in the package makes a claim fail: the table of scripts/mutations.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from mutation_table import MUTATIONS  # noqa: E402

# mutations that the package itself refuses whatever the claim, so that no check can see them
REFUSED = {
    "sign of γ: e^{+γt} in the planned cost",
    "B in place of Bᵀ in u = -ηG⁻¹Bᵀλ",
    "η and k exchanged in the planned cost",
    "inverse of the metric left out of u = -ηG⁻¹Bᵀλ",
    "discount left out of the terminal cost",
}


@pytest.fixture(scope="module")
def rows():
    """What became of the claims under each mutation, in processes that nothing else was computed in."""
    command = [sys.executable, str(SCRIPTS / "mutations.py"), "--json"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.stdout, run.stderr
    return {row["mutation"]: row for row in json.loads(run.stdout)}


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_listed_claim_notices_the_wrong_formula(rows, mutation):
    row = rows[mutation.name]
    assert set(row["fails"]) >= set(mutation.claims), row
    assert set(row["raises"]) >= set(mutation.refused), row


def test_every_mutation_is_noticed_by_a_check_unless_the_package_refuses_it():
    by_a_check = {mutation.name for mutation in MUTATIONS if mutation.claims}
    assert {mutation.name for mutation in MUTATIONS} - by_a_check == REFUSED
    assert all(mutation.refused for mutation in MUTATIONS if not mutation.claims)
