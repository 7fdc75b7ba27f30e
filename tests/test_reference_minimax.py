"""Rules for the worst curvature: Chebyshev, Polyak, silver steps, the least worst loss."""

import math

import numpy as np
import pytest
from spectra_of_rules import GRID, MIXED, RANGE

from landscape_control.claims import fitted_slope
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
    polyak_factor,
    polynomials,
    silver_steps,
    silver_steps_convex,
)
from landscape_control.support.errors import ProblemError, SolveError


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
