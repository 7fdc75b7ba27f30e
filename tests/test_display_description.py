"""Results in words: every number of them, and a methods section with equations and settings."""

from dataclasses import replace

import numpy as np
import pytest
from record_result_samples import BOWL, HIDDEN
from record_samples import made
from recorded_problems import KNOWN

import landscape_control as lc
from landscape_control import simulation
from landscape_control.display.description.numbers import in_words


def test_a_description_has_every_scalar():
    rollout = lc.simulate(HIDDEN, simulation.SGD(learning_rate=0.3), episodes=40, seed=3)
    lines = dict(line.split(": ", 1) for line in rollout.describe().splitlines() if ": " in line)
    for name in ("cost", "standard_error", "step", "horizon", "remainder"):
        shown = float(lines[name.replace("_", " ")])
        assert shown == pytest.approx(getattr(rollout, name), rel=1e-9)
    assert lines["seed"] == "  3".strip()
    low, high = rollout.costs.min(), rollout.costs.max()
    assert f"40 numbers, first {rollout.costs[0]:.10g}" in lines["costs"]
    assert f"from {low:.6g} to {high:.6g}" in lines["costs"]


def test_long_arrays_are_summarised_and_say_what_is_missing():
    values = np.linspace(0.0, 1.0, 200)
    assert in_words(values) == "200 numbers, first 0, last 1, from 0 to 1, mean 0.5"
    values[3] = np.nan
    assert in_words(values).endswith("1 not finite")
    assert in_words(np.array([1 / 3, 2.0])) == "(0.3333333333, 2)"


def test_a_methods_section_has_equations_tolerances_and_checks():
    solution = lc.solve(KNOWN["curved"])
    words, latex = solution.methods(), solution.methods("latex")
    assert r"\[ J = \int_{0}^{T}" in latex
    assert r"\tanh" in latex  # the drift, from its expression
    for paragraph in (words, latex.replace("$", "")):
        assert f"below {solution.tolerance:g} of" in paragraph
        assert f"J = {solution.cost:.8g}" in paragraph
        assert "passed the checks made without the optimiser" in paragraph
    assert f"best of {solution.starts} starts" in words
    assert "CasADi" in words


def test_a_methods_section_of_a_search_has_its_seeds():
    tuned = made("tuned")
    words = tuned.methods()
    assert "seed = 0" in words
    assert f"seed {tuned.rollout.seed}" in words
    assert f"learning_rate = {tuned.coefficients['learning_rate']:.10g}" in words
    assert f"{tuned.evaluations} evaluations" in words


def test_a_methods_section_of_a_verdict_has_its_criteria():
    verdict = lc.compare(BOWL, ["newton"], starts=3, resamples=5, run=False, seed=4)
    words = verdict.methods()
    assert f"at most {verdict.criteria.threshold:g}" in words
    assert "seed = 4" in words
    assert "resamples = 5" in words
    assert f"Errors: Newton {verdict.rows[0].error:.3g}" in words


def test_a_program_in_latex_has_its_terms_and_numbers():
    result = made("emerged")
    running = replace(result.program, cost="both", objective=result.program.objective)
    latex = replace(result, program=running).methods("latex")
    assert r"\kappa\, L(\theta_{T}) + k \sum_{t=1}^{T} L(\theta_{t})" in latex
    assert "$T = 4$" in latex
    assert r"\end{itemize}" in latex


def test_results_read_from_a_pickle_still_say_what_they_know():
    import pickle

    solution = pickle.loads(pickle.dumps(lc.solve(BOWL)))
    assert "minimise" not in solution.methods()
    assert f"cost: {solution.cost:.10g}" in solution.describe()
