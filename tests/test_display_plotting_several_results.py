"""Figures of several results: their data is what the results hold."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from record_samples import network_path

from landscape_control.claims import Check, Claim, Evidence, Outcome
from landscape_control.display.plotting import overviews, several_results
from landscape_control.support.errors import ProblemError
from landscape_control.training.comparison.methods import Method
from landscape_control.training.recipes import Recipe
from landscape_control.training.runs import Epoch, Run
from landscape_control.training.trajectories.flow import GradientFlow


def drawn(figure, several):
    """Panels by what they are called on the vertical axis."""
    return {panel.get_ylabel(): panel for panel in figure(several).axes}


def test_outcomes_of_claims_are_an_overview():
    def outcome(name, computed):
        check = Check(quantity="q", theory=1.0, computed=computed, relation="equal", tolerance=0.1)
        claim = Claim(
            name=name,
            title="t",
            statement="s",
            source="here",
            relations=("equal",),
            evaluate=network_path,
        )
        return Outcome(claim=claim, evidence=Evidence(checks=(check,)))

    data = several_results.data_of_claims([outcome("a", 1.05), outcome("b", 1.0)])
    assert data["claims"] == ["a", "b"]
    np.testing.assert_allclose(data["errors"], [0.05, 0.0])
    assert overviews.claims_overview([outcome("a", 1.05), outcome("b", 1.0)]).axes


def test_runs_of_one_recipe_are_its_seeds():
    def run(key, seed, losses):
        recipe = Recipe(key=key, label=f"{key}, lr 0.1", kind="sgd", numbers={"lr": 0.1})
        epochs = [
            Epoch(number=i + 1, training_loss=x, test_loss=x, test_accuracy=90 + i, seconds=1.0)
            for i, x in enumerate(losses)
        ]
        return Run(recipe=recipe, seed=seed, epochs=tuple(epochs))

    runs = [run("a", 0, [0.5, 0.3]), run("b", 0, [0.4]), run("a", 1, [0.7, 0.1])]
    data = several_results.data_of_runs(runs)
    assert data["labels"] == ["a, lr 0.1", "b, lr 0.1"]
    nan = math.nan
    expected = [[[0.5, 0.3], [0.7, 0.1]], [[0.4, nan], [0.4, nan]]]
    np.testing.assert_array_equal(data["training_loss"], expected)
    figure = overviews.training_curves(runs)
    words = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert words == ["a, lr 0.1", "b, lr 0.1"]  # none has diverged
    panel = drawn(overviews.training_curves, runs)["training loss"]
    np.testing.assert_allclose(panel.lines[0].get_ydata(), [0.6, 0.2])


def test_a_derived_optimizer_is_drawn_by_its_curves():
    curves = {
        "steps": np.arange(1, 5),
        "batch_loss": np.array([1.0, 0.8, 0.6, 0.5]),
        "rate": np.array([0.1, 0.1, 0.2, 0.2]),
        "measured_at": np.array([0, 2]),
        "measured_loss": np.array([1.1, 0.7]),
        "curvature": np.array([2.0, 3.0]),
        "planned_at": np.array([0, 2]),
        "momentum": np.array([0.9, 0.8]),
        "exponent": np.array([0.0, 0.5]),
    }
    panel = drawn(overviews.derived_run, SimpleNamespace(curves=lambda: curves))["learning rate α"]
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), curves["rate"])


def test_plans_and_flows_are_pairs_one_a_seed():
    plan = network_path()
    flow = GradientFlow(
        times=np.array([0.0, 1.0]),
        losses=np.array([1.0, 0.45]),
        arc_lengths=np.array([0.0, 1.4]),
        parameters=plan.parameters[-1],
        displacement=plan.displacement,
        evaluations=3,
    )
    data = several_results.data_of_network_paths([(plan, flow), (plan, flow)])
    np.testing.assert_allclose(data["ratios"], [[0.5, 1.0, 0.5]] * 2)
    np.testing.assert_allclose(data["means"], [0.5, 1.0, 0.5])
    np.testing.assert_allclose(data["half_widths"], 0.0, atol=1e-15)
    fine = plan.parameters_at(np.linspace(0.0, 0.9, 20_001))
    length = np.linalg.norm(np.diff(fine, axis=0), axis=1).sum()
    np.testing.assert_allclose(data["plan_lengths"][:, -1], length, rtol=1e-4)
    np.testing.assert_allclose(data["flow_losses"][0, 100], (1.0 + 0.45) / 2)
    assert overviews.network_paths([(plan, flow)]).axes


def test_outcomes_of_methods_are_ratios_to_the_first():
    def runs(*losses):
        return [SimpleNamespace(training_loss=loss) for loss in losses]

    derived, sgd = Method(kind="derived"), Method(kind="sgd", rate=0.1)
    table = {derived: runs(0.1, 0.4), sgd: runs(0.2, 0.2)}
    data = several_results.data_of_ratios({"digits_mlp": table})
    np.testing.assert_allclose(data["ratios"], [[1.0]])  # the geometric mean of 2 and 1/2
    np.testing.assert_allclose(data["runs"], [[2.0, 0.5]])
    assert (data["tasks"], data["against"]) == (["digits mlp"], "derived")
    assert overviews.loss_ratios({"digits_mlp": table}).axes
    with pytest.raises(ProblemError, match="the same two methods or more"):
        overviews.loss_ratios({"one": table, "two": {sgd: runs(0.2, 0.2)}})
