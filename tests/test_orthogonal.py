"""The best rules without noise, by several independent roads: Jacobi polynomials, linear algebra,
conjugate gradients.
"""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import comb, eval_jacobi, roots_legendre

from landscape_control.claims import fitted_slope
from landscape_control.errors import ProblemError, SolveError
from landscape_control.landscape import LogUniform, MarchenkoPastur, Uniform
from landscape_control.reference import (
    chebyshev_factor,
    chebyshev_heavy_ball,
    chebyshev_steps,
    constant_descent,
    endless_loss,
    marchenko_pastur_rule,
    minimax_loss_flat,
    minimax_loss_steps,
    orthogonal_rule,
    polyak,
    polyak_approach,
    polyak_factor,
    polynomials,
    silver_steps,
    silver_steps_convex,
)

GRID = np.linspace(0.05, 1.0, 4001)  # holds both ends, where all these polynomials are worst
RANGE = (0.05, 1.0)
MIXED = np.array([0.11, 0.3, 0.42, 0.8, 1.3, 2.0]), np.array([0.1, 0.3, 0.05, 0.25, 0.2, 0.1])


def unit_interval():
    """Uniform curvatures on [0, 1], exact to high degree; the weight h² is then that of Jacobi
    polynomials P^(0,2).
    """
    points, weights = roots_legendre(60)
    return (points + 1) / 2, weights / 2


def test_on_the_unit_interval_the_rule_is_made_of_jacobi_polynomials():
    h, w = unit_interval()
    t, rule = np.arange(25), orthogonal_rule(h, w, 24)
    expected = np.array([eval_jacobi(k, 0, 2, 2 * h - 1) / eval_jacobi(k, 0, 2, -1) for k in t])
    assert polynomials(rule.learning_rates, rule.momenta, h) == pytest.approx(expected, abs=1e-11)
    lead = comb(2 * t + 2, t) / comb(t + 2, 2)  # highest coefficient of P_t
    assert rule.learning_rates == pytest.approx(lead[1:] / lead[:-1], rel=1e-12)
    assert rule.losses == pytest.approx(
        1 / ((t + 1) ** 2 * (t + 2) ** 2), rel=1e-9
    )  # by Christoffel's function
    assert rule.learning_rates[0] == pytest.approx(4 / 3, rel=1e-14)


@pytest.mark.parametrize("horizon", [1, 2, 3, 5])
def test_no_polynomial_of_the_degree_loses_less(horizon):
    """Any rule of full memory is one: least squares over all coefficients, from the Gram matrix of
    powers.
    """
    h, w = MIXED
    powers = np.sqrt(w * h)[:, None] * h[:, None] ** np.arange(1, horizon + 1)
    best = np.linalg.lstsq(powers, -np.sqrt(w * h), rcond=None)
    rule = orthogonal_rule(h, w, horizon)
    assert rule.losses[-1] == pytest.approx(best[1][0] / 2, rel=1e-8)
    ends = polynomials(rule.learning_rates, rule.momenta, h)[-1]
    assert ends == pytest.approx(1 + h[:, None] ** np.arange(1, horizon + 1) @ best[0], abs=1e-9)


def test_a_search_over_heavy_balls_finds_the_same_coefficients():
    h, w, horizon = *Uniform(*RANGE).nodes(12), 4

    def running(x):
        return np.sum(polynomials(x[:horizon], np.append(0, x[horizon:]), h)[1:] ** 2 @ (w * h)) / 2

    rule = orthogonal_rule(h, w, horizon)
    found = minimize(
        running, [1.5] * horizon + [0.1] * (horizon - 1), method="BFGS", options={"gtol": 1e-10}
    )
    assert found.fun == pytest.approx(rule.losses[1:].sum(), rel=1e-11)
    assert found.x == pytest.approx(np.append(rule.learning_rates, rule.momenta[1:]), abs=1e-4)


def test_the_losses_are_those_of_conjugate_gradients():
    """Conjugate gradients for diag(h) from the error √w minimise the same norm over the same
    polynomials.
    """
    h, w = MIXED
    error, losses = np.sqrt(w), []
    residual = direction = -h * error
    for _ in range(5):
        losses.append(error @ (h * error) / 2)
        step = residual @ residual / (direction @ (h * direction))
        error, after = error + step * direction, residual - step * h * direction
        direction, residual = after + after @ after / (residual @ residual) * direction, after
    assert orthogonal_rule(h, w, 4).losses == pytest.approx(losses, rel=1e-10)


def test_one_step_is_gradient_descent_at_the_ratio_of_moments():
    h, w = MIXED
    rule = orthogonal_rule(h, w, 1)
    assert rule.learning_rates == pytest.approx([w @ h**2 / (w @ h**3)], rel=1e-14)
    assert not rule.momenta.any()
    assert rule.steps == pytest.approx(rule.learning_rates, rel=1e-14)


def test_as_many_steps_as_curvatures_end_the_loss_even_if_some_come_twice():
    h, w = MIXED
    rule = orthogonal_rule(np.append(h, h[2]), np.append(0.9 * w, 0.1), len(h))
    assert rule.losses[-1] == pytest.approx(0, abs=1e-25)
    assert rule.losses[-2] > 1e-7
    assert rule.steps == pytest.approx(np.sort(1 / h), rel=1e-9)


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled"])
def test_gradient_descent_reaches_the_same_end_in_any_order_of_its_steps(order):
    h, w = LogUniform(*RANGE).nodes(20)
    rule = orthogonal_rule(h, w, 8)
    steps = {
        "ascending": rule.steps,
        "descending": rule.steps[::-1],
        "shuffled": np.random.default_rng(0).permutation(rule.steps),
    }[order]
    assert (rule.steps > 1 / RANGE[1]).all()
    assert (rule.steps < 1 / RANGE[0]).all()
    losses = polynomials(steps, 0.0, h) ** 2 @ (w * h) / 2
    assert losses[-1] == pytest.approx(rule.losses[-1], rel=1e-9)
    assert (losses[1:-1] > 1.01 * rule.losses[1:-1]).all()  # but on the way it loses more


def test_scaling_curvatures_scales_the_learning_rates_inversely():
    h, w = MIXED
    rule, scaled = (
        orthogonal_rule(h, w, 5),
        orthogonal_rule(7.3 * h[::-1], w[::-1], 5, second_moment=2.0),
    )
    assert scaled.learning_rates == pytest.approx(rule.learning_rates / 7.3, rel=1e-9)
    assert scaled.steps == pytest.approx(rule.steps / 7.3, rel=1e-9)
    assert scaled.momenta == pytest.approx(rule.momenta, rel=1e-9)
    assert scaled.losses == pytest.approx(2 * 7.3 * rule.losses, rel=1e-9)


def test_a_longer_horizon_changes_no_earlier_step():
    h, w = MIXED
    long, short = orthogonal_rule(h, w, 5), orthogonal_rule(h, w, 3)
    assert long.learning_rates[:3] == pytest.approx(short.learning_rates, rel=1e-13)
    assert not long.momenta.flags.writeable


def test_marchenko_pastur_has_a_closed_form():
    for ratio, scale in ((0.5, 1.0), (0.1, 2.0), (0.9, 0.3)):
        rule = orthogonal_rule(*MarchenkoPastur(ratio, scale).nodes(64), 60)
        alpha, beta, losses = marchenko_pastur_rule(ratio, scale, 60)
        assert rule.learning_rates == pytest.approx(alpha, rel=1e-12)
        assert rule.momenta == pytest.approx(beta, abs=1e-12)
        assert rule.losses[:12] == pytest.approx(losses[:12], rel=1e-10)


@pytest.mark.parametrize("spectrum", [Uniform(*RANGE), Uniform(0.3, 1.0), LogUniform(*RANGE)])
def test_smooth_densities_near_polyak_like_one_over_t_squared_from_above(spectrum):
    rule, t = orthogonal_rule(*spectrum.nodes(410), 400), np.array([200, 399])
    for values, limit, constant in zip(
        (rule.learning_rates, rule.momenta),
        polyak(*spectrum.support),
        polyak_approach(*spectrum.support),
        strict=True,
    ):
        gap = values[t] / limit - 1
        assert fitted_slope(t, gap) == pytest.approx(-2, abs=0.05)
        assert 2 * gap[1] * t[1] ** 2 - gap[0] * t[0] ** 2 == pytest.approx(
            constant, rel=5e-3
        )  # Richardson: next order 1/t


@pytest.mark.parametrize(("at_low", "at_high"), [(0.5, 0.5), (0.0, 1.0), (1.0, 0.5), (-0.5, 0.0)])
def test_other_edges_near_polyak_with_the_constants_of_their_exponents(at_low, at_high):
    """Jacobi weights on [a, b], with h² on top, which is analytic there and does not matter."""
    from scipy.special import roots_jacobi

    low, high = 0.2, 1.0
    points, weights = roots_jacobi(330, at_high, at_low)
    rule, t = (
        orthogonal_rule(low + (high - low) * (points + 1) / 2, weights / weights.sum(), 320),
        np.array([159, 319]),
    )
    for values, limit, constant in zip(
        (rule.learning_rates, rule.momenta),
        polyak(low, high),
        polyak_approach(low, high, at_low, at_high),
        strict=True,
    ):
        scaled = (values[t] / limit - 1) * t**2
        assert 2 * scaled[1] - scaled[0] == pytest.approx(constant, rel=0.01, abs=1e-6)


@pytest.mark.parametrize("ratio", [0.3, 0.5, 0.7])
def test_marchenko_pastur_nears_polyak_exponentially_from_below(ratio):
    t, low, high = np.array([19, 39]), *MarchenkoPastur(ratio).support
    assert polyak(low, high) == pytest.approx((1.0, ratio), rel=1e-12)
    alpha, beta, _ = marchenko_pastur_rule(ratio, 1.0, 40)
    assert alpha[t] - 1 == pytest.approx(
        -2 * ratio * (1 - ratio) ** 2 * t * ratio**t, rel=0.35, abs=1e-14
    )  # next order 1/t
    scaled = (beta[t] / ratio - 1) / ratio**t
    slope = (scaled[1] - scaled[0]) / (t[1] - t[0])
    if ratio > 0.3:  # else round-off
        assert slope == pytest.approx(-2 * (1 - ratio) ** 2 * (1 + ratio), rel=0.03)


@pytest.mark.parametrize("horizon", [1, 2, 5, 12])
def test_chebyshev_steps_and_momentum_have_the_factor_of_the_closed_form(horizon):
    factor = chebyshev_factor(*RANGE, horizon)
    for alpha, beta in (
        (chebyshev_steps(*RANGE, horizon), 0.0),
        chebyshev_heavy_ball(*RANGE, horizon),
    ):
        assert np.abs(polynomials(alpha, beta, GRID)[-1]).max() == pytest.approx(factor, rel=1e-9)
    every = np.abs(polynomials(*chebyshev_heavy_ball(*RANGE, horizon), GRID)).max(1)[1:]
    assert every == pytest.approx(
        [chebyshev_factor(*RANGE, t) for t in range(1, horizon + 1)], rel=1e-9
    )


def test_no_other_steps_have_a_smaller_worst_factor_than_chebyshevs():
    rng, steps = np.random.default_rng(2), chebyshev_steps(*RANGE, 4)
    for size in (1e-3, 1e-2, 1e-1):
        others = steps * np.exp(size * rng.standard_normal((20, 4)))
        worst = [np.abs(polynomials(one, 0.0, GRID)[-1]).max() for one in others]
        assert min(worst) > chebyshev_factor(*RANGE, 4)


def test_chebyshevs_momentum_nears_polyaks_exponentially():
    (alpha, beta), (rate, momentum) = chebyshev_heavy_ball(*RANGE, 16), polyak(*RANGE)
    t = np.array([8, 15])
    for values, limit in ((alpha, rate), (beta, momentum)):
        gap = np.abs(values[t] / limit - 1)
        assert np.log(gap[1] / gap[0]) / 7 == pytest.approx(np.log(momentum), rel=1e-3)
    assert chebyshev_heavy_ball(*RANGE, 2000)[1][-1] == pytest.approx(momentum, rel=1e-14)


@pytest.mark.parametrize("horizon", [1, 3, 10])
def test_polyaks_constants_have_the_stated_factor_from_rest(horizon):
    rate, momentum = polyak(*RANGE)
    course = polynomials(np.full(horizon, rate), momentum, GRID)[-1]
    assert np.abs(course).max() == pytest.approx(polyak_factor(*RANGE, horizon), rel=1e-12)
    assert np.abs(course).argmax() == len(GRID) - 1
    ratio = polyak_factor(*RANGE, 400) / chebyshev_factor(*RANGE, 400)
    assert ratio == pytest.approx((1 + 400 * (1 + math.sqrt(momentum))) / 2, rel=1e-9)


@pytest.mark.parametrize(("alpha", "beta"), [(1.2, 0.0), (1.4, 0.3), (0.7, -0.4), (2.67, 0.4)])
def test_the_loss_of_an_endless_way_is_the_sum_of_its_losses(alpha, beta):
    course = polynomials(np.full(3000, alpha), beta, GRID)
    assert endless_loss(GRID, alpha, beta) == pytest.approx(GRID * (course**2).sum(0), rel=1e-11)
    assert endless_loss(1e-9, alpha, beta) == pytest.approx((1 - beta) / (2 * alpha), rel=1e-8)


def test_the_loss_of_an_endless_way_is_infinite_where_the_rule_does_not_settle():
    assert np.isinf(endless_loss(GRID, 1.0, 1.0)).all()
    assert (np.isinf(endless_loss(GRID, 4.0, 0.5)) == (GRID >= 0.75)).all()


def test_constant_descent_is_one_step_of_chebyshev_and_of_silver():
    rate, factor = constant_descent(*RANGE)
    assert chebyshev_steps(*RANGE, 1) == pytest.approx([rate], rel=1e-14)
    assert silver_steps(*RANGE, 1)[0] == pytest.approx([rate], rel=1e-14)
    assert chebyshev_factor(*RANGE, 1) == pytest.approx(factor, rel=1e-14)
    assert silver_steps(*RANGE, 1)[1] == pytest.approx(factor, rel=1e-14)


@pytest.mark.parametrize("horizon", [2, 4, 8, 16, 32])
def test_silver_steps_keep_their_promise_on_quadratics_and_are_between_descent_and_chebyshev(
    horizon,
):
    steps, factor = silver_steps(*RANGE, horizon)
    worst = np.abs(polynomials(steps, 0.0, GRID)[-1]).max()
    assert worst == pytest.approx(factor, rel=1e-10)  # tight already there
    assert chebyshev_factor(*RANGE, horizon) < factor < constant_descent(*RANGE)[1] ** horizon


def test_silver_steps_for_convex_functions_are_the_known_fractal():
    steps, _ = silver_steps_convex(7)
    root = math.sqrt(2)
    assert steps == pytest.approx([root, 2, root, 2 + root, root, 2, root], rel=1e-14)
    assert silver_steps_convex(7, 4.0)[0] == pytest.approx(steps / 4, rel=1e-14)
    horizons = 2 ** np.arange(12, 16) - 1
    bounds = [silver_steps_convex(int(t))[1] for t in horizons]
    assert fitted_slope(horizons, bounds) == pytest.approx(-math.log2(1 + root), abs=1e-3)


@pytest.mark.parametrize("horizon", [1, 3, 7, 15])
def test_on_convex_quadratics_the_silver_bound_holds_with_room(horizon):
    h = np.linspace(0, 1, 4001)
    steps, bound = silver_steps_convex(horizon)
    worst = (h * polynomials(steps, 0.0, h)[-1] ** 2).max() / 2
    assert minimax_loss_flat(1.0, horizon)[1] / 2 < worst < 0.5 * bound


@pytest.mark.parametrize(
    ("low", "horizon"), [(0.0, 1), (0.0, 6), (0.05, 2), (0.05, 3), (0.05, 10), (0.5, 1), (0.5, 4)]
)
def test_the_least_worst_loss_is_reached_at_one_more_curvature_than_steps(low, horizon):
    steps, level = minimax_loss_steps(low, 1.0, horizon)
    h = low + (1 - low) * (1 - np.cos(np.linspace(0, np.pi, 200001))) / 2
    signed = np.sqrt(h) * polynomials(steps, 0.0, h)[-1]
    assert (signed**2).max() == pytest.approx(level, rel=1e-6)
    near = np.flatnonzero(np.abs(signed) > (1 - 1e-6) * math.sqrt(level))
    assert 1 + np.count_nonzero(np.diff(np.sign(signed[near]))) == horizon + 1
    assert level <= minimax_loss_flat(1.0, horizon)[1] * (1 + 1e-9)


def test_short_horizons_cannot_use_the_least_curvature_and_longer_ones_do():
    for horizon in (1, 2, 3, 5):
        threshold = math.cos(horizon * math.pi / (2 * horizon + 1)) ** 2
        flat = minimax_loss_flat(1.0, horizon)
        steps, level = minimax_loss_steps(0.999 * threshold, 1.0, horizon)
        assert level == pytest.approx(flat[1], rel=1e-9)
        assert steps == pytest.approx(flat[0], rel=1e-6)
        assert minimax_loss_steps(1.1 * threshold, 1.0, horizon)[1] < 0.999 * flat[1]


def test_one_step_of_least_worst_loss_has_a_closed_form():
    a, b = 0.5, 1.0
    steps, level = minimax_loss_steps(a, b, 1)
    assert steps == pytest.approx([(a**0.5 + b**0.5) / (a**1.5 + b**1.5)], rel=1e-10)
    assert level == pytest.approx(b * (1 - b * steps[0]) ** 2, rel=1e-10)
    assert minimax_loss_steps(3 * a, 3 * b, 1)[0] == pytest.approx(steps / 3, rel=1e-10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: orthogonal_rule(*MIXED, 7), "at most the 6 distinct curvatures; received 7"),
        (lambda: orthogonal_rule([1.0, 0.0], [0.5, 0.5], 1), "1 flat or concave"),
        (lambda: orthogonal_rule([1.0, 2.0], [0.5, 0.0], 1), "1 without weight"),
        (lambda: orthogonal_rule([], [], 1), "curvatures: expected at least one number"),
        (lambda: orthogonal_rule([1.0, 2.0], [1.0], 1), "2 numbers"),
        (lambda: orthogonal_rule(*MIXED, 0), "integer >= 1"),
        (lambda: polyak(1.0, 1.0), "with one curvature"),
        (lambda: chebyshev_steps(0.0, 1.0, 3), "number > 0"),
        (lambda: silver_steps(0.1, 1.0, 3), "power of two"),
        (lambda: silver_steps_convex(4), "one less than a power of two"),
        (lambda: marchenko_pastur_rule(1.0, 1.0, 3), "touches zero"),
        (lambda: minimax_loss_steps(1.0, 0.5, 3), "0 <= low < high"),
    ],
)
def test_questions_without_an_answer_are_refused(make, message):
    with pytest.raises(ProblemError, match=message):
        make()


def test_an_exchange_beyond_double_precision_says_so():
    with pytest.raises(SolveError, match="too long for double precision"):
        minimax_loss_steps(0.05, 1.0, 60)
