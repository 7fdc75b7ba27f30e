"""The best rules without noise are orthogonal polynomials: identities, losses, limits."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import comb, eval_jacobi
from spectra_of_rules import MIXED, RANGE, unit_interval

from landscape_control.claims import fitted_slope
from landscape_control.model.landscape import LogUniform, MarchenkoPastur, Uniform
from landscape_control.reference import (
    marchenko_pastur_rule,
    orthogonal_rule,
    polyak,
    polyak_approach,
    polynomials,
)


def test_on_the_unit_interval_the_rule_is_made_of_jacobi_polynomials():
    h, w = unit_interval()
    t, rule = np.arange(25), orthogonal_rule(h, w, 24)
    expected = np.array([eval_jacobi(k, 0, 2, 2 * h - 1) / eval_jacobi(k, 0, 2, -1) for k in t])
    assert polynomials(rule.learning_rates, rule.momenta, h) == pytest.approx(expected, abs=1e-11)
    lead = comb(2 * t + 2, t) / comb(t + 2, 2)  # highest coefficient of P_t
    assert rule.learning_rates == pytest.approx(lead[1:] / lead[:-1], rel=1e-12)
    # by Christoffel's function
    assert rule.losses == pytest.approx(1 / ((t + 1) ** 2 * (t + 2) ** 2), rel=1e-9)
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
        # Richardson: next order 1/t
        assert 2 * gap[1] * t[1] ** 2 - gap[0] * t[0] ** 2 == pytest.approx(constant, rel=5e-3)


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
    # next order 1/t
    assert alpha[t] - 1 == pytest.approx(
        -2 * ratio * (1 - ratio) ** 2 * t * ratio**t, rel=0.35, abs=1e-14
    )
    scaled = (beta[t] / ratio - 1) / ratio**t
    slope = (scaled[1] - scaled[0]) / (t[1] - t[0])
    if ratio > 0.3:  # else round-off
        assert slope == pytest.approx(-2 * (1 - ratio) ** 2 * (1 + ratio), rel=0.03)
