"""Results in words: every number of them, and a methods section with equations and settings."""

from dataclasses import replace

import casadi as ca
import numpy as np
import pytest
from record_result_samples import BOWL, HIDDEN
from record_samples import made
from recorded_problems import KNOWN

import landscape_control as lc
from landscape_control import identification, simulation
from landscape_control.display.description.numbers import in_words
from landscape_control.support.printed_expressions import Plain, print_expression


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
        assert f"dynamics {solution.certificate.dynamics:.2g}" in paragraph
        assert "cost scale" not in paragraph  # which is no check
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
    for symbol in (
        "$T = 4$",
        "$y$",
        r"$\kappa = ",
        "$k = ",
        r"$\theta_{t}$",
        "$h$",
        r"\operatorname{E}$",
    ):
        assert f"{symbol}" in latex.partition(r"\begin{itemize}")[2], symbol
    assert "$$" not in latex
    assert r"\end{itemize}" in latex


def test_results_read_from_a_pickle_still_say_what_they_know():
    import pickle

    solution = pickle.loads(pickle.dumps(lc.solve(BOWL)))
    assert "minimise" not in solution.methods()
    assert f"cost: {solution.cost:.10g}" in solution.describe()


def test_a_loss_of_ones_own_is_printed_from_its_expression():
    landscape = lc.Landscape.from_expression(
        lambda theta: (theta[0] - 1) ** 2 / 2 + theta[0] / (2 * theta[1]), dimension=2
    )
    problem = BOWL.changed(landscape=landscape)
    assert "L(θ) = (θ₁ - 1)²/2 + θ₁/(2·θ₂)   (custom landscape" in problem.describe()
    words = KNOWN["curved"].describe()
    assert "metric G = [[1 + θ₁², 0.1·sin(θ₂)], [0.1·sin(θ₂), 1.5]]" in words
    assert "f = [(-0.2)·θ₂, 0.1·tanh(θ₁)]" in words
    assert "terminal    Φ(θ) = √(1 + (θ₁ - 1)² + (θ₂ - 1)²)" in words


def test_printed_expressions_are_the_expressions():
    x = ca.SX.sym("x", 2)
    names = [["a", "b"]]
    python = str.maketrans({"·": "*", "²": "**2", "³": "**3", "⁴": "**4"})
    rng = np.random.default_rng(3)
    for built in (
        x[0] / (x[1] / x[0]) - (x[0] - (x[1] - 3)),
        -(x[0] + x[1]) * x[1] ** 2 / 7 / x[0],
        1 / (1 + ca.exp(-x[0])) * (x[0] * x[1]) ** 3,
        (x[0] - x[1]) * (2 * x[1]) - x[0] / -x[1],
    ):
        printed = print_expression(built, [x], names, Plain())
        value = ca.Function("value", [x], [built])
        for a, b in rng.uniform(0.5, 2.0, (5, 2)):
            again = eval(printed.translate(python), {"exp": np.exp, "a": a, "b": b})
            assert again == pytest.approx(float(value([a, b])), rel=1e-5)


def test_two_hundred_eigenvalues_are_summarised():
    curvatures = np.linspace(0.1, 3.0, 200)
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(curvatures)),
        start=np.ones(200),
        objective=lc.Objective(horizon=2.0),
    )
    words = problem.describe()
    assert "hessian = symmetric 200 x 200 matrix, eigenvalues from 0.1 to 3, mean 1.55" in words
    assert len(words) < 1500


def test_a_program_has_its_spectrum_and_its_population():
    spectrum = lc.Discrete(np.linspace(0.1, 3.0, 200))
    task = lc.LandscapeDistribution.quadratic(curvatures=spectrum, start_variance=1.0)
    objective = lc.Objective(horizon=3.0)
    family = lc.policies.HeavyBall(constant=True)
    words = lc.PolicyProgram(task=task, family=family, objective=objective).describe()
    assert "200 curvatures 200 numbers, first 0.1, last 3, from 0.1 to 3" in words
    task = lc.LandscapeDistribution.landscapes(
        [lc.double_well(), lc.double_well(tilt=0.1), lc.rosenbrock(2)], starts=[[-0.5, 0.5]]
    )
    words = lc.PolicyProgram(task=task, family=family, objective=objective).describe()
    assert "3 landscape(s) with 2 parameter(s): 2 x double well, Rosenbrock" in words
    assert "1 start(s) (-0.5, 0.5)" in words


def test_versions_are_those_that_made_the_result(tmp_path):
    solution = lc.solve(BOWL)
    solution.made_with["software"] = "landscape_control 0.0.9, CasADi 1.2"
    loaded = lc.load(solution.save(tmp_path / "x.nc"))
    assert "Computed with landscape_control 0.0.9, CasADi 1.2." in loaded.methods()
    assert f"{lc.__version__}" not in loaded.methods()
    unknown = replace(solution)  # by nobody's call
    assert "How it was made is not known" in unknown.methods()


def test_a_result_that_does_not_hold_its_problem_states_it_too(tmp_path):
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([0.5, 2.0])),
        start=[1.0, 0.5],
        objective=lc.Objective(horizon=1.0),
    )
    solution = lc.solve(problem)
    options = {"starts": 3, "resamples": 5, "run": False}
    for result in (
        lc.compare(solution, ["gradient_descent"], **options),
        lc.identify(solution, ["gradient_descent"], resamples=5),
        lc.certify_global(problem, solution, points=21),
        lc.path_law(solution),
    ):
        assert not hasattr(result, "problem")
        assert result.methods().startswith(problem.describe())
        assert result.methods("latex").startswith(problem.describe("latex"))
        loaded = lc.load(result.save(tmp_path / "result.nc"))
        assert loaded.methods() == result.methods()
        assert "subject to" in loaded.methods("latex")
    unknown = replace(result, paths=1)  # made in another way
    assert "The problem it was computed for is not part of it" in unknown.methods()


def test_settings_are_whole():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(1)), start=[1.0], objective=lc.Objective(horizon=1.0)
    )
    criteria = identification.maps.Criteria(threshold=0.123456789, resolution=0.00123456789)
    verdict = lc.compare(
        problem, ["gradient_descent"], starts=2, resamples=5, run=False, criteria=criteria
    )
    assert verdict.made_with["criteria"] == repr(criteria)
    excitation = identification.Excitation(noise=0.123456789, histories=9, steps=11)
    histories = lc.rollout("sgd", {"learning_rate": 0.1}, excitation=excitation)
    assert histories.made_with["excitation"] == repr(excitation)
    assert len(repr(excitation)) > 110
