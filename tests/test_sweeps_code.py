"""Stores know the code of the user's own classes: numbers of a family that was edited are not those
of the family.
"""

import importlib
import sys
import textwrap

import pytest
from standard import QUADRATICS

from landscape_control import Objective, PolicyProgram, ProblemError, resume, sweep
from landscape_control.policies import HeavyBall, Scheduled
from landscape_control.sweeps.identity import code_of_parts
from landscape_control.sweeps.plan import Plan

SOURCE = """
    from dataclasses import dataclass
    from landscape_control.policies import Coefficient, Family, Shape, WeightDecay

    FACTOR = {factor}

    def helper(rate):
        return {helper} * rate

    class Base(Family):
        def turned(self, move):
            return {base} * move

    @dataclass(frozen=True, kw_only=True)
    class Mine(Base):
        power: float = {default}
        name, formula, source, linear, state_size = "mine", "-αy", "here", True, 0

        @property
        def coefficients(self):
            return (Coefficient(name="learning_rate", symbol="α", low=0.0, least=1e-2, most={most}, scale="log"),)

        def step(self, coefficients, state, gradient, parameters, clock):
            return self.turned({step} * helper(coefficients["learning_rate"]) * gradient * FACTOR), ()

    @dataclass(frozen=True, kw_only=True)
    class Slow(Shape):
        name, formula, source = "slow", "1/2", "here"

        def factor(self, coefficients, clock):
            return {shape} / 2
"""
PLAIN = {
    "factor": 1.0,
    "helper": 1.0,
    "base": -1.0,
    "default": 1.0,
    "most": 3.0,
    "step": 1.0,
    "shape": 1.0,
}


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A module of the user's, written again with other numbers in it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(**changes):
        (tmp_path / "of_the_user.py").write_text(textwrap.dedent(SOURCE.format(**PLAIN | changes)))
        sys.modules.pop("of_the_user", None)
        importlib.invalidate_caches()
        return importlib.import_module("of_the_user")

    yield write
    sys.modules.pop("of_the_user", None)


def posed(family):
    return PolicyProgram(
        task=QUADRATICS, family=family, objective=Objective(horizon=3, learning_rate=1.0)
    )


def run(family, folder, **options):
    return sweep(
        posed(family),
        {"discount": [0.0, 0.1]},
        measure="cost",
        store=folder,
        workers=1,
        chunk=1,
        **options,
    )


@pytest.mark.parametrize("change", [{name: 2.0} for name in PLAIN if name != "shape"])
def test_an_edited_family_does_not_get_the_stored_numbers(written, tmp_path, change):
    folder = tmp_path / "run"
    first = run(written().Mine(power=1.0), folder)
    assert run(written().Mine(power=1.0), folder).cost.equals(first.cost)
    edited = written(**change).Mine(power=1.0)
    for attempt in (lambda: run(edited, folder), lambda: resume(folder, workers=1)):
        with pytest.raises(
            ProblemError, match=r"family of_the_user:Mine \(has other code, or uses other values\)"
        ) as refused:
            attempt()
        assert "another folder" in refused.value.advice


def test_a_family_of_a_variant_and_a_shape_inside_a_family_are_known_too(written, tmp_path):
    def rules(module):
        return {
            "mine": module.Mine(),
            "slow": Scheduled(family=HeavyBall(constant=True), shape=module.Slow()),
        }

    def of(module):
        return sweep(
            posed(HeavyBall(constant=True)),
            {"family": rules(module)},
            measure="cost",
            store=tmp_path / "run",
            workers=1,
        )

    of(written())
    with pytest.raises(ProblemError, match=r"differs in shape of_the_user:Slow \("):
        of(written(shape=1.5))
    with pytest.raises(ProblemError, match=r"differs in family of_the_user:Mine \("):
        of(written(step=1.5))


def test_a_family_that_was_edited_in_this_process_is_the_one_that_is_solved(written, tmp_path):
    """J of one step of gradient descent goes with the step: the class that was defined last counts."""
    costs = [
        float(run(written(step=step).Mine(), tmp_path / f"run {step}").cost[0])
        for step in (1.0, 0.0)
    ]
    assert costs[1] == pytest.approx(0.525 / 2, rel=1e-6)  # which never moves
    assert costs[0] < 0.9 * costs[1]


def test_classes_of_the_library_have_no_digest():
    program = posed(HeavyBall(constant=True))
    assert code_of_parts(program) == {}


def test_stores_without_digests_are_as_they_were(tmp_path):
    run(HeavyBall(constant=True), tmp_path / "run")
    text = (tmp_path / "run" / "plan.json").read_text()
    assert '"code": {' not in text
    assert Plan.from_text(text).code == {}
