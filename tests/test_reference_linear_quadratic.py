"""LinearQuadratic: long horizons, invariances, singular and concave directions, and that every
field enters.
"""

import dataclasses

import numpy as np
import pytest
from reference_problems import SEEDS, positive, random_problem, without_end
from scipy.linalg import expm, solve_continuous_are

from landscape_control.reference import LinearQuadratic, relaxation_rate


@pytest.mark.parametrize("discount", [0.0, 0.3, 2.0])
def test_finite_gain_reaches_the_infinite_one_as_exp_minus_two_w_T(discount):
    p = LinearQuadratic(hessian=[[0.8]], minimum=[0.0], discount=discount)
    w = np.sqrt(discount**2 / 4 + 0.8)
    horizons = np.array([2.0, 3.0, 4.0]) / w
    gaps = p.infinite().gain[0, 0] - np.array([p.finite(T).gain(T)[0, 0] for T in horizons])
    np.testing.assert_allclose(
        np.diff(np.log(gaps)) / np.diff(horizons), -2 * w, rtol=3e-2 if discount else 1e-2
    )
    assert np.diff(np.log(gaps))[-1] / np.diff(horizons)[-1] == pytest.approx(-2 * w, rel=3e-3)


@pytest.mark.parametrize(("seed", "n", "m"), SEEDS)
def test_every_part_of_the_value_tends_to_the_infinite_one_whatever_the_terminal_cost(seed, n, m):
    p = random_problem(seed, n, m, discount=6.0 if m < n else 0.4)
    infinite, theta = without_end(p).infinite(), np.random.default_rng(seed).normal(size=(4, n))
    policy = p.finite(150.0)
    np.testing.assert_allclose(policy.gain(150.0), infinite.gain, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(
        policy.control(150.0, theta), infinite.control(theta), rtol=1e-10, atol=1e-11
    )
    np.testing.assert_allclose(policy.value(150.0, theta), infinite.value(theta), rtol=1e-10)
    times = np.linspace(0, 10, 21)
    np.testing.assert_allclose(
        policy.path(theta[0], times)[0], infinite.path(theta[0], times)[0], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("horizon", [30.0, 100.0, 1000.0])
def test_long_horizons_neither_overflow_nor_lose_digits(horizon):
    h, start, end = 4.0, 1.0, -0.5
    p = LinearQuadratic(hessian=[[h]], minimum=[0.0])
    times = np.array([0.0, 0.5, 1.0, horizon - 1.0, horizon])
    ends = start * np.exp(-2 * times) + end * np.exp(-2 * (horizon - times))  # exact to e^{-2wT}
    plan = p.fixed_end(horizon, [start], [end])
    np.testing.assert_allclose(plan.path(times)[0][:, 0], ends, atol=1e-13)
    assert plan.cost == pytest.approx(start**2 + end**2, rel=1e-13)  # ½√h(θ₀² + θ_T²)
    free = p.finite(horizon).path([start], times)[0][:, 0]
    np.testing.assert_allclose(free, start * np.cosh(2 * (horizon - times)) / np.cosh(2 * horizon) if horizon < 300
                               else start * np.exp(-2 * times), atol=1e-14)  # fmt: skip


def test_long_discounted_horizons_keep_current_values():
    p = LinearQuadratic(hessian=[[1.0]], minimum=[0.0], discount=5.0)
    r = relaxation_rate(1.0, 5.0)
    times = np.array([0.0, 1.0, 40.0])
    np.testing.assert_allclose(
        p.finite(400.0).path([1.0], times)[0][:, 0], np.exp(-r * times), rtol=1e-11
    )
    times = np.array([0.0, 20.0, 99.0, 100.0])
    arrival = (2.0 - np.exp(-100 * r)) * np.exp(-(r + 5.0) * (100.0 - times))
    end = p.fixed_end(100.0, [1.0], [2.0]).path(times)[0][:, 0]
    np.testing.assert_allclose(end, np.exp(-r * times) + arrival, rtol=1e-11)


def transformed(p, change):
    """The same problem in coordinates θ' = Cθ with the same controls."""
    back = np.linalg.inv(change)
    return dataclasses.replace(
        p, hessian=sym(back.T @ p.hessian @ back), minimum=change @ p.minimum, drift_matrix=change @ p.drift_matrix @ back,
        drift_offset=change @ p.drift_offset, actuation=change @ p.actuation,
        terminal_hessian=sym(back.T @ p.terminal_hessian @ back), terminal_minimum=change @ p.terminal_minimum,
    )  # fmt: skip


def sym(matrix):
    return (matrix + matrix.T) / 2


CHANGES = {
    "rotation": np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0],
    "rescaling": np.diag([1e-3, 1.0, 50.0]),
    "shear": np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0], [0.5, 0.0, 2.0]]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_answers_do_not_depend_on_the_coordinates(change):
    p = random_problem(2, 3, 2, discount=6.0)
    q, start, end = transformed(p, change), np.array([0.5, -1.0, 0.3]), np.array([0.1, 0.2, 0.3])
    times = np.linspace(0, 2, 9)
    for one, other in (
        (p.finite(2.0).path(start, times), q.finite(2.0).path(change @ start, times)),
        (
            p.fixed_end(2.0, start, end).path(times),
            q.fixed_end(2.0, change @ start, change @ end).path(times),
        ),
        (
            without_end(p).infinite().path(start, times),
            without_end(q).infinite().path(change @ start, times),
        ),
    ):
        np.testing.assert_allclose(other[0] @ np.linalg.inv(change).T, one[0], rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(other[1], one[1], rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(other[2] @ change, one[2], rtol=1e-8, atol=1e-8)
    assert q.finite(2.0).value(2.0, change @ start) == pytest.approx(
        p.finite(2.0).value(2.0, start), rel=1e-10
    )


def test_a_change_of_the_time_unit_changes_nothing_else():
    p, unit, start = random_problem(1, 2, 2), 60.0, np.array([0.4, -0.9])
    q = dataclasses.replace(
        p, drift_matrix=p.drift_matrix / unit, drift_offset=p.drift_offset / unit, discount=p.discount / unit,
        loss_weight=p.loss_weight / unit, learning_rate=p.learning_rate / unit,
    )  # fmt: skip
    one, other = p.finite(2.0), q.finite(2.0 * unit)
    assert other.value(2.0 * unit, start) == pytest.approx(one.value(2.0, start), rel=1e-12)
    np.testing.assert_allclose(
        other.control(2.0 * unit, start) * unit, one.control(2.0, start), rtol=1e-12
    )


@pytest.mark.parametrize("name", ["metric", "drift_matrix", "drift_offset", "actuation", "learning_rate", "loss_weight",
                                  "discount", "terminal_hessian", "terminal_minimum", "terminal_constant", "loss_constant",
                                  "hessian", "minimum"])  # fmt: skip
def test_one_entry_of_every_field_really_enters_the_value(name):
    p, start = random_problem(1, 2, 2), np.array([0.4, -0.9])
    field = getattr(p, name)
    changed = (
        np.array(field) * np.array([1.1, 1.0]) if np.ndim(field) == 1 else np.array(field) * 1.1
    )
    if np.ndim(field) == 2:
        changed = np.array(field)
        changed[0, 0] *= 1.1
    q = dataclasses.replace(p, **{name: changed})
    assert abs(q.finite(2.0).value(2.0, start) / p.finite(2.0).value(2.0, start) - 1) > 1e-6


@pytest.mark.parametrize("discount", [0.0, 0.7])
def test_without_drift_the_infinite_policy_is_the_plain_riccati_solution(discount):
    rng = np.random.default_rng(3)
    hessian, metric = positive(rng, 4), positive(rng, 4)
    policy = LinearQuadratic(
        hessian=hessian, minimum=np.ones(4), metric=metric, discount=discount
    ).infinite()
    plain = solve_continuous_are(-discount / 2 * np.eye(4), np.eye(4), hessian, metric)
    np.testing.assert_allclose(policy.value_hessian, plain, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(policy.steady_state, np.ones(4), rtol=1e-13)
    np.testing.assert_array_equal(policy.value_gradient, np.zeros(4))
    assert policy.value_constant == 0
    assert policy.attracts


def test_infinite_path_control_and_steady_values_agree_with_each_other():
    policy = without_end(random_problem(3, 4, 1, discount=6.0)).infinite()
    times, start = np.array([0.0, 3.0, 0.7]), np.ones(4)
    theta, u, costate = policy.path(start, times)
    offset = start - policy.steady_state
    np.testing.assert_allclose(
        theta,
        [policy.steady_state + expm(t * policy.closed_loop) @ offset for t in times],
        rtol=1e-9,
    )
    expected = policy.steady_control - (theta - policy.steady_state) @ policy.gain.T
    np.testing.assert_allclose(u, expected, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(costate, policy.steady_costate + (theta - policy.steady_state) @ policy.value_hessian,
                               rtol=1e-9, atol=1e-10)  # fmt: skip


def test_finite_policy_accepts_arrays_of_times_in_any_order():
    policy, times = random_problem(2, 3, 2).finite(3.0), np.array([2.0, 0.0, 3.0, 2.0])
    gains = policy.gain(times)
    assert gains.shape == (4, 2, 3)
    np.testing.assert_allclose(gains, [policy.gain(t) for t in times], rtol=1e-11, atol=1e-12)
    np.testing.assert_array_equal(
        policy.value_hessian(0.0), random_problem(2, 3, 2).terminal_hessian
    )


def test_a_tracked_target_that_no_control_moves_needs_no_stabilising_when_the_loss_sees_only_the_distance():
    follow = LinearQuadratic(  # state (θ, m): L = ½(θ-m)², ṁ = 0
        hessian=[[1.0, -1.0], [-1.0, 1.0]], minimum=[0.0, 0.0], actuation=[[1.0], [0.0]]
    ).infinite()
    np.testing.assert_allclose(follow.gain, [[1.0, -1.0]], atol=1e-14)
    np.testing.assert_allclose(follow.path([3.0, 1.0], [0.0, 50.0])[0][-1], [1.0, 1.0], atol=1e-12)


@pytest.mark.parametrize("drift", [-1.0, 0.0, 3.0])
@pytest.mark.parametrize("discount", [0.0, 0.5])
def test_directions_the_loss_does_not_see_are_left_to_the_drift(drift, discount):
    policy = LinearQuadratic(
        hessian=np.diag([1.0, 0.0]),
        minimum=[0.0, 0.0],
        drift_matrix=np.diag([-0.5, drift]),
        discount=discount,
    ).infinite()
    np.testing.assert_allclose(policy.gain[1], 0, atol=1e-15)
    np.testing.assert_allclose(policy.closed_loop[1], [0, drift], atol=1e-15)
    rate = np.sqrt((0.5 + discount / 2) ** 2 + 1) - discount / 2
    assert policy.closed_loop[0, 0] == pytest.approx(-rate, rel=1e-12)


def test_nothing_rests_where_the_drift_pushes_along_an_unseen_direction():
    policy = LinearQuadratic(
        hessian=np.diag([1.0, 0.0]), minimum=[1.0, 2.0], drift_offset=[0.0, 1.0]
    ).infinite()
    assert policy.steady_state is None
    assert policy.steady_control is None
    assert policy.steady_costate is None
    np.testing.assert_allclose(
        policy.path([2.0, 2.0], [3.0])[0], [[1 + np.exp(-3.0), 5.0]], rtol=1e-13
    )


@pytest.mark.parametrize(
    ("curvature", "discount", "drift"), [(-0.1, 1.0, 0.0), (-1.0, 0.0, -2.0), (-0.2, 0.5, -0.7)]
)
def test_concave_modes_that_discount_or_decay_hold_back_have_the_limit_of_the_finite_policies(
    curvature, discount, drift
):
    p = LinearQuadratic(
        hessian=[[curvature]], minimum=[0.0], discount=discount, drift_matrix=[[drift]]
    )
    gain = p.infinite().gain[0, 0]
    assert gain < 0
    assert p.finite(200.0).gain(200.0)[0, 0] == pytest.approx(gain, rel=1e-12)


@pytest.mark.parametrize("horizon", [1.0, 2.0, 3.0])
def test_fixed_ends_are_solved_past_the_escape_time_of_the_free_end(horizon):
    plan = LinearQuadratic(hessian=[[-1.0]], minimum=[0.0]).fixed_end(horizon, [1.0], [0.5])
    times = np.linspace(0, horizon, 7)
    swing = (0.5 - np.cos(horizon)) / np.sin(horizon)  # θ̈ = -θ, conjugate points at π
    np.testing.assert_allclose(
        plan.path(times)[0][:, 0], np.cos(times) + swing * np.sin(times), atol=1e-11
    )
    slopes = [swing, -np.sin(horizon) + swing * np.cos(horizon)]
    assert plan.cost == pytest.approx(0.5 * (0.5 * slopes[1] - slopes[0]), rel=1e-11)


def test_a_saddle_is_planned_and_its_unstable_direction_leaves():
    p = LinearQuadratic(hessian=np.diag([2.0, -0.5]), minimum=[0.0, 0.0])
    theta = p.finite(1.5).path([1.0, 0.1], [0.0, 1.5])[0]
    expected = np.array([1 / np.cosh(1.5 * np.sqrt(2)), 0.1 / np.cos(1.5 * np.sqrt(0.5))])
    np.testing.assert_allclose(theta[-1], expected, rtol=1e-12)


def test_sizes_frozen_fields_and_the_expansion_of_the_value_about_the_minimum():
    p = random_problem(2, 3, 2, discount=6.0)
    assert (p.dimension, p.controls) == (3, 2)
    with pytest.raises(ValueError, match="read-only"):
        p.minimum[0] = 0.0
    policy = without_end(p).infinite()
    np.testing.assert_array_equal(policy.minimum, p.minimum)
    assert policy.value(p.minimum) == policy.value_constant
    np.testing.assert_array_equal(policy.costate(p.minimum), policy.value_gradient)
    start, end = np.array([0.5, -1.0, 0.3]), np.array([0.1, 0.2, 0.3])
    plan = p.fixed_end(2.0, start, end)
    assert plan.horizon == p.finite(2.0).horizon == 2.0
    np.testing.assert_array_equal([plan.start, plan.end], [start, end])
