"""Cells solved together, by Newton's method vectorised over them, against the Solver one by one."""

import numpy as np
import pytest
from batched_problems import WELL, drawn_numbers, problem, structures

import landscape_control as lc
from landscape_control.planning.batched import BatchSolver
from landscape_control.planning.certificate.certificate import certify

STRUCTURES = structures()
COSTLY = ("five parameters", "ten parameters")  # to compile
FEW, MANY = 6, 200  # cells of a structure, by default and in the slow test
# costs differ by round-off: the discretisation is the same, and Newton's last step squares the error
SAME_COST, SAME_RESIDUAL = 1e-12, 1e-7
# of cells that may be left to the Solver, and of those that may have met other plans
LEFT, OTHER = 0.15, {"waves": 0.1}  # waves have a ridge between any two of their many plans


def assert_same_plan(mine, theirs, scale):
    """Where a mesh was refined it follows errors of the size of round-off, and differs by as much."""
    assert len(mine.vertices) == len(theirs.vertices)
    np.testing.assert_allclose(mine.vertices, theirs.vertices, atol=1e-4 * theirs.vertices[-1])
    same_mesh = np.allclose(mine.vertices, theirs.vertices, rtol=1e-12)
    same_error = SAME_COST if same_mesh else 1e-8
    assert mine.cost == pytest.approx(theirs.cost, abs=same_error * scale)
    assert mine.cost_error == pytest.approx(theirs.cost_error, abs=same_error * scale)
    own = mine.parameters, mine.controls, mine.costates
    for values, expected in zip(own, theirs.at(mine.times), strict=True):
        size = 1 + np.abs(expected).max()
        np.testing.assert_allclose(values, expected, atol=(1e-6 if same_mesh else 1e-4) * size)
    for name, value in theirs.certificate.residuals.items():
        residual = mine.certificate.residuals[name]
        assert residual == pytest.approx(value, abs=SAME_RESIDUAL if same_mesh else 1e-4)
    assert mine.certificate.second_variation == theirs.certificate.second_variation


def compared(base, count, seed, starts):
    """Cells left to the Solver, those with other plans, and those whose best plan costs more.

    Two searches that begin at the same place near a ridge between two plans may end in either: such
    cells have other plans, or the same ones from other starts.
    """
    solver = lc.Solver(base)
    cells = drawn_numbers(base, count, seed)
    left = other = worse = 0
    for numbers, found in zip(cells, BatchSolver(solver).solve(cells, starts=starts), strict=True):
        alone = solver.solve(starts=starts, throw=False, **numbers)
        if found is None:
            left += 1
            continue
        assert found.status is lc.Status.CONVERGED
        scale = found.certificate.cost_scale
        excess = (found.cost - alone.cost) / scale
        worse += excess > SAME_COST
        if [set(plan.found_from) for plan in found.plans] != [
            set(plan.found_from) for plan in alone.plans
        ]:
            other += 1
            continue
        for mine, theirs in zip(found.plans, alone.plans, strict=True):
            assert_same_plan(mine, theirs, scale)
    return left, other, worse


@pytest.mark.parametrize("name", [name for name in STRUCTURES if name not in COSTLY])
def test_cells_solved_together_are_those_solved_one_by_one(name):
    left, other, worse = compared(STRUCTURES[name], FEW, 1, starts=2)
    assert worse == 0
    assert max(left, other) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("starts", [None, 2])
@pytest.mark.parametrize("name", STRUCTURES)
def test_thousands_of_cells_are_those_solved_one_by_one(name, starts):
    left, other, worse = compared(STRUCTURES[name], MANY, 2, starts)
    assert worse == 0
    assert other <= OTHER.get(name, 0.01) * MANY
    assert left <= LEFT * MANY


def bits(solution):
    if solution is None:
        return None
    return [
        (
            plan.cost,
            plan.cost_error,
            plan.iterations,
            plan.found_from,
            plan.parameters.tobytes(),
            plan.costates.tobytes(),
            tuple(plan.certificate.residuals.values()),
        )
        for plan in solution.plans
    ]


@pytest.mark.parametrize("name", ["terminal loss", "waves"])
def test_a_cell_does_not_depend_on_those_beside_it(name):
    base = STRUCTURES[name]
    batch, cells = BatchSolver(lc.Solver(base)), drawn_numbers(base, 21, 3)
    together = [bits(found) for found in batch.solve(cells, starts=2)]
    order = np.random.default_rng(0).permutation(len(cells))
    mixed = batch.solve([cells[i] for i in order], starts=2)
    assert [bits(found) for found in mixed] == [together[i] for i in order]
    alone = BatchSolver(lc.Solver(base))
    for begin, end in ((0, 1), (1, 4), (4, 13)):
        part = alone.solve(cells[begin:end], starts=2)
        assert [bits(found) for found in part] == together[begin:end]


def test_the_certificate_is_that_of_certify():
    base = STRUCTURES["terminal loss"]
    for found in BatchSolver(lc.Solver(base)).solve(drawn_numbers(base, 4, 5), starts=2):
        for plan in found.plans:
            again = certify(found.problem, plan, tolerance=found.tolerance)
            assert again.passed
            assert plan.certificate.passed
            assert plan.certificate.cost_scale == pytest.approx(again.cost_scale, rel=1e-12)
            assert plan.certificate.cost_mismatch == pytest.approx(
                again.cost_mismatch, abs=1e-14 * again.cost_scale
            )
            for name, value in again.residuals.items():
                assert plan.certificate.residuals[name] == pytest.approx(value, abs=1e-11)


NOT_IN_BATCHES = {
    "thirteen parameters": (problem([0.1] * 13, landscape=lc.rosenbrock(13)), {}, "parameters"),
    "collocation": (problem(), {"method": "collocation"}, "transcription"),
    "ipopt": (problem(), {"solver": "ipopt"}, "by name"),
    "fatrop by name": (problem(), {"solver": "fatrop"}, "by name"),
    "options": (problem(), {"options": {"max_iter": 500}}, "options"),
}


@pytest.mark.parametrize("name", NOT_IN_BATCHES)
def test_what_is_not_solved_in_batches_says_why(name):
    base, options, reason = NOT_IN_BATCHES[name]
    batch = BatchSolver(lc.Solver(base, **options))
    assert reason in batch.obstacle
    assert batch.solve([{}, {"horizon": 2.0}]) == [None, None]


def test_cells_of_another_kind_are_left_to_the_solver():
    """Infinite horizons, those of more than a hundred units of 1/γ, and what is refused."""
    batch = BatchSolver(lc.Solver(problem()))
    cells = [{"horizon": np.inf}, {"horizon": 200.0, "discount": 1.0}, {"horizon": -1.0}]
    assert batch.solve(cells) == [None, None, None]
    (found,) = batch.solve([{}])
    assert found.solver == "newton"


def test_long_horizons_are_solved_window_by_window():
    solver = lc.Solver(problem())
    cells = [{"horizon": span / 2, "discount": 2.0} for span in (13.0, 22.0, 30.0, 70.0)]
    for numbers, found in zip(cells, BatchSolver(solver).solve(cells, starts=2), strict=True):
        alone = solver.solve(starts=2, **numbers)
        scale = alone.certificate.cost_scale
        assert len(found.plans) == len(alone.plans)
        for mine, theirs in zip(found.plans, alone.plans, strict=True):
            assert_same_plan(mine, theirs, scale)
            assert mine.certificate.passed


def test_a_saddle_is_left_to_the_solver():
    """On the ridge of the double well every start from a symmetric point is a saddle or leaves it."""
    ridge = problem([0.06, 0.0], landscape=WELL, discount=0.0, horizon=0.2)
    solver = lc.Solver(ridge)
    (found,) = BatchSolver(solver).solve([{}])
    alone = solver.solve(throw=False)
    if found is not None:
        assert found.cost == pytest.approx(alone.cost, abs=SAME_COST * found.certificate.cost_scale)
