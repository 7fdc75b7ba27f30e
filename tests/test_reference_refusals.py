"""What LinearQuadratic refuses, and that it says which mode, what was expected and what to do."""

import numpy as np
import pytest

from landscape_control.reference import LinearQuadratic
from landscape_control.support.errors import ProblemError, UnstabilisableError

BOWL = {"hessian": np.diag([1.0, 2.0]), "minimum": [1.0, 2.0]}


def test_an_unpushed_growing_mode_is_named_with_its_eigenvalue_direction_and_cure():
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    drift = turn @ np.diag([0.7, -1.0]) @ turn.T  # grows along turn[:, 0], and B pushes across it
    problem = LinearQuadratic(**BOWL, drift_matrix=drift, actuation=turn[:, 1:], discount=1.0)
    with pytest.raises(UnstabilisableError) as refusal:
        problem.infinite()
    assert "eigenvalue 0.7 of A" in refusal.value.received
    assert "[0.6, 0.8]" in refusal.value.received
    assert "raise the discount above 1.4" in refusal.value.advice
    assert "add a column to B" in refusal.value.advice
    LinearQuadratic(
        **BOWL, drift_matrix=drift, actuation=turn[:, 1:], discount=1.41
    ).infinite()  # the cure works


def test_an_unpushed_rotation_is_named_as_a_complex_pair():
    drift = np.zeros((3, 3))
    drift[:2, :2] = [[0.1, -2.0], [2.0, 0.1]]
    problem = LinearQuadratic(
        hessian=np.eye(3), minimum=np.zeros(3), drift_matrix=drift, actuation=[[0.0], [0.0], [1.0]]
    )
    with pytest.raises(UnstabilisableError, match=r"0\.1 ± 2i of A"):
        problem.infinite()


@pytest.mark.parametrize("discount", [0.0, 1e-6])
def test_a_direction_that_nothing_moves_needs_a_discount(discount):
    problem = LinearQuadratic(**BOWL, actuation=[[1.0], [1.0]], discount=discount)
    if discount:
        assert problem.infinite().gain.shape == (1, 2)
        return
    with pytest.raises(UnstabilisableError, match="raise the discount above 0"):
        problem.infinite()


def test_a_mode_pushed_only_through_another_one_is_not_refused():
    chain = np.diag([1.0, 1.0, 1.0], k=1)  # four integrators in a row, B on the last
    problem = LinearQuadratic(
        hessian=np.eye(4), minimum=np.zeros(4), drift_matrix=chain, actuation=np.eye(4)[:, 3:]
    )
    assert problem.infinite().attracts


ENDLESS = [{"loss_constant": 1.0}, {"drift_offset": [0.3, 0.0]}, {"drift_matrix": -0.1 * np.eye(2)}]


@pytest.mark.parametrize("changes", ENDLESS, ids=["loss", "offset", "decay"])
def test_costs_that_never_end_are_refused_at_infinite_horizon_without_discount(changes):
    with pytest.raises(
        ProblemError, match="a running cost that vanishes at the steady state"
    ) as refusal:
        LinearQuadratic(**BOWL, **changes).infinite()
    assert "discount > 0" in refusal.value.advice
    LinearQuadratic(**BOWL, **changes, discount=1e-3).infinite()
    LinearQuadratic(**BOWL, **changes).finite(50.0)


def test_a_drift_that_vanishes_at_the_minimum_costs_nothing_there():
    drift = np.array([[-0.3, 0.7], [0.1, 0.2]])
    policy = LinearQuadratic(
        **BOWL, drift_matrix=drift, drift_offset=-drift @ BOWL["minimum"]
    ).infinite()
    assert policy.value(np.array([1.0, 2.0])) == 0
    np.testing.assert_allclose(policy.steady_state, [1.0, 2.0], rtol=1e-14)


@pytest.mark.parametrize(
    ("hessian", "discount", "drift"), [(-1.0, 1.0, 0.0), (-0.1, 1.0, 0.6), (-0.1, 0.0, 0.0)]
)
def test_a_concave_mode_that_nothing_holds_back_is_refused_at_infinite_horizon(
    hessian, discount, drift
):
    problem = LinearQuadratic(
        hessian=[[hessian]], minimum=[0.0], discount=discount, drift_matrix=[[drift]]
    )
    with pytest.raises(ProblemError, match="a cost bounded below"):
        problem.infinite()


def test_a_horizon_past_the_escape_of_a_concave_direction_is_refused_with_the_time():
    problem = LinearQuadratic(hessian=np.diag([1.0, -1.0]), minimum=[0.0, 0.0])
    with pytest.raises(
        ProblemError, match=r"T = 2, but a concave direction pays for any effort beyond T ≈ 1\.5708"
    ):
        problem.finite(2.0)
    with pytest.raises(ProblemError, match="past the conjugate point"):
        problem.fixed_end(3.2, [0.0, 0.0], [1.0, 1.0])
    with pytest.raises(ProblemError, match="give the terminal cost more curvature"):
        LinearQuadratic(hessian=[[0.0]], minimum=[0.0], terminal_hessian=[[-1.0]]).finite(1.01)


def test_a_terminal_cost_has_no_place_at_infinite_horizon():
    with pytest.raises(ProblemError, match="no terminal cost at infinite horizon"):
        LinearQuadratic(**BOWL, terminal_hessian=np.eye(2)).infinite()


def test_an_end_out_of_reach_is_refused_with_the_missing_direction():
    problem = LinearQuadratic(**BOWL, actuation=[[1.0], [1.0]])
    with pytest.raises(ProblemError, match="an end that the actuation can reach") as refusal:
        problem.fixed_end(1.0, [0.0, 0.0], [1.0, 0.0])
    assert "0.707 along" in refusal.value.received
    path = problem.fixed_end(1.0, [0.0, 0.0], [2.0, 2.0]).path([1.0])[0][0]
    np.testing.assert_allclose(path, [2.0, 2.0], atol=1e-12)


def test_an_end_that_the_discount_makes_worthless_is_refused():
    with pytest.raises(ProblemError, match="use the infinite-horizon policy"):
        LinearQuadratic(**BOWL, discount=2.0).fixed_end(600.0, [0.0, 0.0], [1.0, 0.0])


def test_an_unseen_direction_that_outgrows_floating_point_is_refused():
    problem = LinearQuadratic(
        hessian=np.diag([1.0, 0.0]), minimum=[0.0, 0.0], drift_matrix=np.diag([-1.0, 2.0])
    )
    with pytest.raises(ProblemError, match="stays within floating-point numbers"):
        problem.finite(300.0)


@pytest.mark.parametrize(("changes", "words"), [
    ({"hessian": [[1.0, 2.0], [0.0, 1.0]]}, "hessian H: expected a symmetric matrix"),
    ({"hessian": np.eye(3)}, "hessian H: expected a 2x2 matrix"),
    ({"minimum": [1.0, np.nan]}, "minimum μ: expected finite numbers"),
    ({"metric": np.diag([1.0, 0.0])}, "metric G: expected a positive definite matrix"),
    ({"metric": np.eye(2), "actuation": [[1.0], [0.0]]}, "metric G: expected a 1x1 matrix"),
    ({"actuation": [1.0, 0.0]}, "actuation B: expected a 2-D array of numbers"),
    ({"drift_matrix": [[1.0, 0.0]]}, "drift_matrix A: expected a 2x2 matrix"),
    ({"drift_offset": [1.0]}, "drift_offset c: expected 2 numbers"),
    ({"learning_rate": 0.0}, "learning_rate η: expected a number > 0"),
    ({"loss_weight": -1.0}, "loss_weight k: expected a number >= 0"),
    ({"discount": -0.1}, "discount γ: expected a number >= 0"),
    ({"terminal_minimum": [0.0, 0.0]}, "pass terminal_hessian too, or neither"),
])  # fmt: skip
def test_bad_fields_are_refused_by_name(changes, words):
    with pytest.raises(ProblemError, match=words):
        LinearQuadratic(**{**BOWL, **changes})


@pytest.mark.parametrize(("call", "words"), [
    (lambda p: p.finite(0.0), "horizon T: expected a number > 0"),
    (lambda p: p.finite(np.inf), "horizon T: expected a number > 0, finite"),
    (lambda p: p.finite(1.0).gain(1.5), r"time_to_go: expected s = T - t in \[0, 1\]"),
    (lambda p: p.finite(1.0).path([0.0], [0.0]), "start: expected 2 numbers"),
    (lambda p: p.finite(1.0).path([0.0, 0.0], [0.5, 0.2]), "not ascending"),
    (lambda p: p.finite(1.0).path([0.0, 0.0], [0.5, 1.2]), "stay inside the horizon"),
    (lambda p: p.infinite().path([0.0, 0.0], [-1.0]), "times: expected times >= 0"),
    (lambda p: p.fixed_end(1.0, [0.0, 0.0], [0.0]), "end: expected 2 numbers"),
])  # fmt: skip
def test_bad_calls_are_refused_by_name(call, words):
    with pytest.raises(ProblemError, match=words):
        call(LinearQuadratic(**BOWL))
