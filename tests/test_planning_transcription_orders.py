"""Every transcription converges at the order it declares."""

import casadi as ca
import numpy as np
import pytest
from standard import WELL

import landscape_control as lc
from landscape_control.planning.solver.fatrop_guards import guarded_functions
from landscape_control.planning.transcription import NumberLayout, build_program

CASES = {
    "action 2": (lc.DiscretisedAction(degree=2), (16, 32)),
    "action 3": (lc.DiscretisedAction(degree=3), (8, 16)),
    "action 4": (lc.DiscretisedAction(degree=4), (6, 12)),
    "radau 2": (lc.Collocation(degree=2), (32, 64)),
    "radau 3": (lc.Collocation(degree=3), (12, 24)),
    "gauss 2": (lc.Collocation(degree=2, points="gauss"), (16, 32)),
    "gauss 3": (lc.Collocation(degree=3, points="gauss"), (10, 20)),
    "shooting constant": (lc.MultipleShooting(degree=0), (32, 64)),
    "shooting linear": (lc.MultipleShooting(degree=1), (16, 32)),
}


@pytest.fixture(scope="module")
def exact_cost():
    fine = lc.solve(WELL, method=lc.DiscretisedAction(elements=24, degree=8), tolerance=1e-12)
    return fine.cost


def cost_on(method, elements):
    """The optimal cost on a fixed mesh of the same grading, whatever its error."""
    solution = lc.solve(WELL, method=method.refined(elements), tolerance=1e6)
    return solution.cost


@pytest.mark.parametrize("name", CASES)
def test_measured_order_matches_declared_order(name, exact_cost):
    method, (coarse, fine) = CASES[name]
    errors = [abs(cost_on(method, elements) - exact_cost) for elements in (coarse, fine)]
    measured = np.log2(errors[0] / errors[1])
    assert method.order - 0.7 < measured < method.order + 2.0, (
        f"{name}: errors {errors}, order {measured:.2f}"
    )


@pytest.mark.parametrize("name", ["action 4", "radau 3", "gauss 3", "shooting linear"])
def test_cost_error_estimate_is_of_the_size_of_the_true_error(name, exact_cost):
    method, (coarse, _) = CASES[name]
    solution = lc.solve(WELL, method=method.refined(coarse), tolerance=1e6)
    true = abs(solution.cost - exact_cost)
    assert 0.3 * true < solution.best.cost_error < 100 * true


def test_geometric_and_symmetric_meshes_are_increasing_and_end_at_one():
    from landscape_control.planning.solver.mesh import initial_vertices, refined_vertices

    for rate, both in ((1e-3, False), (1.0, False), (1e4, False), (1e4, True), (30.0, True)):
        vertices = initial_vertices(8, 10.0, rate, both)
        assert len(vertices) == 9
        assert vertices[0] == 0
        assert vertices[-1] == pytest.approx(1)
        assert (np.diff(vertices) > 0).all()
    # the first element is 1/rate long
    assert initial_vertices(8, 10.0, 1e3)[1] == pytest.approx(1e-4, rel=1e-3)
    new = refined_vertices(np.linspace(0, 1, 5), np.array([1.0, 1e-9, 1e-9, 1e-9]), 8, 4)
    assert np.sum(new < 0.25) > 4  # most of the new elements go where the error was


@pytest.mark.parametrize("growing", [False, True])
@pytest.mark.parametrize("fixed_end", [False, True])
@pytest.mark.parametrize("method", [lc.DiscretisedAction, lc.Collocation, lc.MultipleShooting])
def test_assembled_lagrangian_is_that_of_the_whole_program(method, fixed_end, growing):
    learner = lc.Learner(drift=lc.linear_drift([[0.3, 0.1], [0.0, -0.2]]) if growing else None)
    objective = lc.Objective(horizon=2.0, terminal=None if fixed_end else "loss")
    end = [1.0, 0.2] if fixed_end else None
    model = lc.ControlProblem(
        landscape=lc.double_well(), learner=learner, objective=objective, start=[0.0, 0.0], end=end
    ).model
    layout = NumberLayout(dimension=2, fixed_end=fixed_end, tail=False, growing=growing)
    program = build_program(model, method().refined(3), layout, staged=True)
    assembled = guarded_functions(program)["nlp_hess_l"]
    x, p = program.nlp["x"], program.nlp["p"]
    factor, multipliers = ca.SX.sym("factor"), ca.SX.sym("multipliers", program.nlp["g"].numel())
    slope, hessian = assembled(x, p, factor, multipliers)
    whole = factor * program.nlp["f"] + ca.dot(multipliers, program.nlp["g"])
    expected = ca.hessian(whole, x)
    both = ca.Function(
        "both", [x, p, factor, multipliers], [slope, hessian, expected[1], expected[0]]
    )
    rng = np.random.default_rng(0)
    values = [rng.uniform(0.5, 1.5, part.numel()) for part in (x, p, factor, multipliers)]
    slope, hessian, right_slope, right_hessian = (np.array(ca.densify(v)) for v in both(*values))
    assert slope == pytest.approx(right_slope, rel=1e-9, abs=1e-9)
    assert hessian == pytest.approx(right_hessian, rel=1e-9, abs=1e-9)
    assert np.abs(hessian).max() > 0.1
