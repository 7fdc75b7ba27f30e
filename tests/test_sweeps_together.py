"""Cells of a sweep that are solved together: the same bits however they are shared out."""

import math

import numpy as np
import pytest
from batched_problems import problem

import landscape_control as lc
from landscape_control.model.landscape import Discrete
from landscape_control.planning.batched.refinement import Refinement
from landscape_control.sweeps import describe, resume, sweep

WELL = problem(discount=0.1)
# the last row is solved window by window
AXES = {"discount": np.array([0.05, 0.2, 0.5, 1.0, 2.6]), "horizon": np.geomspace(0.5, 6.0, 6)}
MEASURES = ["cost", "cost_error", "iterations", "end_basin", "escaped", "certificate_residuals"]


def swept(**changes):
    options = {"measure": MEASURES, "starts": 2, "workers": 1, **changes}
    return sweep(WELL, AXES, **options)


@pytest.fixture(scope="module")
def whole():
    return swept()


def same(one, other):
    assert one.identical(other.assign_attrs(one.attrs))


def test_the_dataset_says_which_cells_were_solved_together(whole):
    by = whole["solved_by"].values
    assert (by == "newton").sum() >= 0.9 * by.size
    assert (by[np.outer(AXES["discount"], AXES["horizon"]) > 12.0] == "newton").any()
    assert f"solved by newton {(by == 'newton').sum()}" in describe(whole)
    assert (whole["status"] == "converged").all()


@pytest.mark.parametrize("chunk", [1, 7])
def test_chunks_of_any_size_give_the_same_bits(whole, chunk):
    same(whole, swept(chunk=chunk))


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_workers_and_a_resumed_store_give_the_same_bits(whole, tmp_path, workers):
    same(whole, swept(workers=workers, chunk=16, store=tmp_path))
    for chunk in sorted((tmp_path / "chunks").iterdir())[::2]:
        chunk.unlink()
    same(whole, resume(tmp_path, workers=1))


def test_every_cell_is_what_the_solver_finds(whole):
    solver = lc.Solver(WELL)
    for i, discount in enumerate(AXES["discount"]):
        for j, horizon in enumerate(AXES["horizon"]):
            cell = whole.isel(discount=i, horizon=j)
            alone = solver.solve(discount=discount, horizon=horizon, starts=2)
            assert float(cell["cost"]) == pytest.approx(alone.cost, rel=1e-10)
            assert float(cell["end_basin.theta_1"]) == pytest.approx(alone.best.end_basin[0])


def test_few_cells_are_solved_one_by_one():
    """Compiling for batches costs as much as twenty cells."""
    few = sweep(WELL, {"horizon": [1.0, 2.0]}, measure="cost", workers=1)
    assert set(few["solved_by"].values) == {"fatrop"}


def test_cells_that_fail_their_certificate_are_left_to_the_solver(whole, monkeypatch):
    def none_passes(self, group, lanes):
        return np.zeros(len(lanes), dtype=bool)

    monkeypatch.setattr(Refinement, "passed", none_passes)
    alone = swept(measure=["cost"])
    whole_horizons = np.outer(AXES["discount"], AXES["horizon"]) < 12.0  # others by windows
    assert set(alone["solved_by"].values[whole_horizons]) == {"fatrop"}
    np.testing.assert_allclose(alone["cost"], whole["cost"], rtol=1e-12)


PROGRAM = lc.PolicyProgram(
    task=lc.LandscapeDistribution.quadratic(
        curvatures=Discrete([0.1, 1.0], [0.5, 0.5]), start_variance=1.0
    ),
    family=lc.policies.HeavyBall(constant=True),
    objective=lc.Objective(horizon=12, learning_rate=math.inf),
    sees=lc.NoisyGradient(0.3),
)
POLICY_AXES = {"horizon": [5, 40], "noise": np.geomspace(0.02, 0.5, 5)}


def policies(**changes):
    options = {"measure": ["cost", "coefficients"], "workers": 1, **changes}
    return sweep(PROGRAM, POLICY_AXES, **options)


@pytest.fixture(scope="module")
def best_rules():
    return policies()


def test_more_neighbours_in_a_chunk_make_no_policy_cost_more(best_rules):
    one_by_one = policies(chunk=1)["cost"].values
    assert (best_rules["cost"].values <= one_by_one * (1 + 1e-6)).all()
    assert (best_rules["cost"].values < one_by_one * (1 - 1e-3)).any()


def test_policies_have_the_same_bits_for_any_workers_and_after_resuming(best_rules, tmp_path):
    same(best_rules, policies(workers=2, store=tmp_path))
    next(iter((tmp_path / "chunks").iterdir())).unlink()
    same(best_rules, resume(tmp_path, workers=1))


def test_no_policy_costs_more_than_one_optimised_by_itself(best_rules):
    assert set(best_rules["status"].values.ravel()) == {"converged"}
    for i, horizon in enumerate(POLICY_AXES["horizon"]):
        for j, noise in enumerate(POLICY_AXES["noise"]):
            alone = lc.optimize_policy(
                PROGRAM.task,
                PROGRAM.family,
                lc.Objective(horizon=horizon, learning_rate=math.inf),
                sees=lc.NoisyGradient(noise),
            )
            assert float(best_rules["cost"][i, j]) <= alone.cost * (1 + 1e-6)
