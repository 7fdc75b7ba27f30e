"""What the README shows works as it stands, block after block, in one session."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from landscape_control.display import cli

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


# Sweeps of fewer cells, which end at the same ends: text of a block -> text that is run.
FEWER = {
    "np.geomspace(0.5, 10, 20)": "np.geomspace(0.5, 10, 6)",
    "np.geomspace(0.01, 3, 20)": "np.geomspace(0.01, 3, 6)",
    '"noise": [0.1, 0.3, 1.0]': '"noise": [0.1, 1.0]',
    '"learner.sees.noise": [0.01, 0.1, 1.0]': '"learner.sees.noise": [0.01, 1.0]',
    '"landscape.hidden.rate": [0.01, 0.1, 1.0]': '"landscape.hidden.rate": [0.01, 1.0]',
}


def with_fewer_cells(block):
    for text, fewer in FEWER.items():
        block = block.replace(text, fewer)
    return block


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """The names that all Python blocks leave behind, run from top to bottom in an empty folder."""
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("readme"))
        for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
            if re.search(r"\btorch\b", block) and find_spec("torch") is None:
                continue
            exec(with_fewer_cells(block), names)  # noqa: S102  (the README is ours)
    return names


def test_numbers_in_the_text_are_those_of_the_examples(session):
    cheapest, other = session["solution"].plans
    assert f"J = {cheapest.cost:.6f}" in README
    assert other.cost / cheapest.cost == pytest.approx(3, abs=0.1)
    found = session["result"].coefficients
    assert f"learning rate {found['learning_rate']:.4f}, momentum {found['momentum']:.3f}" in README
    assert session["result"].agreed == session["result"].starts == 8


@pytest.mark.networks
def test_the_exported_rule_has_made_its_first_step(session):
    """Of heavy ball from rest, Δθ = -αy."""
    torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
    rate = session["result"].coefficients["learning_rate"]
    weights = list(session["model"].parameters())
    for weight, state in zip(weights, session["optimizer"].state.values(), strict=True):
        assert torch.allclose(state["carried_0"], -rate * weight.grad, atol=0)


def test_every_cell_of_the_sweeps_is_solved(session):
    assert all(text in README for text in FEWER)
    for name in ("atlas", "rules"):
        assert set(session[name]["status"].values.ravel()) == {"converged"}
        assert session[name].attrs["failed"] == 0


def test_commands_of_the_readme_are_read(capsys):
    """Their options exist: parsing reaches the folder or the claim, which is then found missing or
    is not run.
    """
    commands = re.findall(r"^landscape-control (.+?)(?<!\\)$", README, re.MULTILINE | re.DOTALL)
    assert len(commands) >= 3
    for command in commands:
        words = (
            command.replace("\\\n", " ")
            .replace("double-well", "no-such-claim")
            .replace("runs/", "no-such/")
            .split()
        )
        assert cli.main(words) == 2
        assert "no-such" in capsys.readouterr().err
