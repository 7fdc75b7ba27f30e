"""Spectra are what they say, by quadrature and by draws; distributions of landscapes draw exact
laws and refuse well.
"""

import dataclasses

import numpy as np
import pytest
from scipy.integrate import quad

import landscape_control as lc
from landscape_control.model.landscape import (
    Discrete,
    LandscapeDistribution,
    LogUniform,
    MarchenkoPastur,
    Uniform,
)
from landscape_control.support.errors import ProblemError

SPECTRA = {
    "uniform": Uniform(0.05, 1.0),
    "log-uniform": LogUniform(0.01, 1.0),
    "log-uniform, wide": LogUniform(1e-6, 1.0),
    "Marchenko-Pastur": MarchenkoPastur(0.5),
    "Marchenko-Pastur, nearly touching zero": MarchenkoPastur(0.9, 2.0),
}
DISCRETE = Discrete([0.9, 0.2, 0.5], [1.0, 3.0, 2.0])


def average(spectrum, function, below=None):
    """E f(h) by adaptive quadrature in an angle that smooths both ends, from the density alone; of
    h < ``below`` only.
    """
    low, high = np.log([spectrum.support[0], below or spectrum.support[1]])

    def integrand(angle):
        h = np.exp((low + high) / 2 - (high - low) / 2 * np.cos(angle))
        return function(h) * spectrum.density(h) * h * (high - low) / 2 * np.sin(angle)

    return quad(integrand, 0, np.pi, epsabs=1e-14, epsrel=1e-12, limit=400)[0]


@pytest.mark.parametrize("kind", SPECTRA)
def test_gauss_quadrature_integrates_against_the_density(kind):
    spectrum, (low, high) = SPECTRA[kind], SPECTRA[kind].support
    points, weights = spectrum.nodes(40)
    assert weights.sum() == pytest.approx(1, abs=1e-14)
    assert average(spectrum, lambda h: 1.0) == pytest.approx(1, abs=1e-12)
    assert (np.diff(points) > 0).all()
    assert low < points[0]
    assert points[-1] < high
    wave = lambda h: np.cos(9 * (h - low) / (high - low))  # noqa: E731
    assert weights @ wave(points) == pytest.approx(average(spectrum, wave), abs=1e-13)


@pytest.mark.parametrize("kind", SPECTRA)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_n_nodes_are_exact_to_degree_2n_minus_1_and_no_further(kind, count):
    spectrum = SPECTRA[kind]
    points, weights = spectrum.nodes(count)
    exact = spectrum.moments(2 * count)
    powers = points ** np.arange(2 * count + 1)[:, None] @ weights
    assert powers[:-1] == pytest.approx(exact[:-1], rel=1e-13)
    assert exact[-1] - powers[-1] > 1e-9 * exact[-1]  # Gauss quadrature is below on even powers


def test_moments_are_the_closed_forms():
    k = np.arange(1, 9)
    low, high = 0.01, 1.0
    assert LogUniform(low, high).moments(8)[1:] == pytest.approx(
        (high**k - low**k) / (k * np.log(high / low)), rel=1e-13
    )
    uniform = (high ** (k + 1) - low ** (k + 1)) / ((k + 1) * (high - low))
    assert Uniform(low, high).moments(8)[1:] == pytest.approx(uniform, rel=1e-13)
    c, s = 0.3, 1.7  # Narayana polynomials
    narayana = [1, 1 + c, 1 + 3 * c + c**2, 1 + 6 * c + 6 * c**2 + c**3]
    assert MarchenkoPastur(c, s).moments(4)[1:] == pytest.approx(
        narayana * s ** np.arange(1, 5), rel=1e-13
    )
    assert DISCRETE.moments(2) == pytest.approx(
        [1, (0.9 + 0.6 + 1.0) / 6, (0.81 + 0.12 + 0.5) / 6], rel=1e-14
    )


@pytest.mark.parametrize("kind", SPECTRA)
def test_quantiles_invert_the_density(kind):
    spectrum, share = SPECTRA[kind], np.linspace(0.02, 0.98, 7)
    places = spectrum.quantile(share)
    for place, expected in zip(places, share, strict=True):
        assert average(spectrum, lambda h: 1.0, below=place) == pytest.approx(expected, abs=1e-12)
    ends = spectrum.quantile(np.array([0.0, 1.0]))
    # a distribution function as flat as x³ loses digits there
    assert ends == pytest.approx(spectrum.support, rel=1e-9)
    slope = (spectrum.quantile(share + 1e-6) - spectrum.quantile(share - 1e-6)) / 2e-6
    assert slope * spectrum.density(places) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("spectrum", [*SPECTRA.values(), DISCRETE])
def test_draws_have_the_moments_of_the_law(spectrum):
    count = 40000
    drawn = spectrum.sample(np.random.default_rng(1), count)
    moments = spectrum.moments(4)
    assert (drawn >= spectrum.support[0]).all()
    assert (drawn <= spectrum.support[1]).all()
    for k in (1, 2):
        spread = np.sqrt((moments[2 * k] - moments[k] ** 2) / count)
        assert abs((drawn**k).mean() - moments[k]) < 5 * spread


@pytest.mark.parametrize("make", [Uniform, LogUniform])
def test_scaling_the_range_scales_the_nodes(make):
    (points, weights), (scaled, same) = make(0.2, 1.5).nodes(12), make(0.6, 4.5).nodes(12)
    assert scaled == pytest.approx(3 * points, rel=1e-13)
    assert same == pytest.approx(weights, rel=1e-11)


def test_marchenko_pastur_is_the_limit_of_sample_covariances():
    """Moments of 200 unknowns from 400 examples are those of the law to O(1/n)."""
    data = np.random.default_rng(0).standard_normal((400, 200))
    eigenvalues = np.linalg.eigvalsh(data.T @ data / 400)
    assert np.mean(eigenvalues ** np.arange(4)[:, None], axis=1) == pytest.approx(
        MarchenkoPastur(0.5).moments(3), rel=0.02
    )


def test_spectra_are_frozen_and_their_nodes_are_kept():
    spectrum = LogUniform(0.1, 2)
    assert spectrum.nodes(7)[0] is LogUniform(0.1, 2.0).nodes(7)[0]
    assert not spectrum.nodes(7)[0].flags.writeable
    with pytest.raises(dataclasses.FrozenInstanceError):
        spectrum.low = 1.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LogUniform(0.0, 1.0), "0 < low < high; received 0, 1.*away from zero"),
        (lambda: Uniform(1.0, 1.0), r"use Discrete\(\[h\]\)"),
        (lambda: LogUniform(0.1, np.inf), "finite"),
        (lambda: MarchenkoPastur(1.0), "ratio < 1"),
        (lambda: MarchenkoPastur(2.0), "touches zero"),
        (lambda: MarchenkoPastur(0.0), "number > 0"),
        (lambda: MarchenkoPastur(0.5, -1.0), "scale: expected a number > 0"),
        (lambda: Discrete([]), "received none"),
        (lambda: Discrete([0.0, 1.0]), "flat directions"),
        (lambda: Discrete([1.0, 2.0], [1.0, -1.0]), "positive weights"),
        (lambda: Uniform(0.1, 1.0).nodes(0), "integer >= 1"),
        (lambda: DISCRETE.density(0.5), "use its values"),
    ],
)
def test_spectra_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ProblemError, match=message):
        make()


def hidden_bowl(process, **options):
    return lc.Landscape.from_expression(
        lambda x, m: (x[0] - m[0]) ** 2 + x[1] ** 2, dimension=2, hidden=process, **options
    )


MOVING = lc.OrnsteinUhlenbeck(mean=[0.5], rate=0.2, covariance=[2.0])


def test_draws_of_quadratics_have_their_laws_and_shapes():
    task = LandscapeDistribution.quadratic(
        curvatures=DISCRETE, start_variance=4.0, start_mean=1.0, minimum=MOVING
    )
    draws = task.draw(np.random.default_rng(3), 20000, 6)
    assert task.dimension == 1
    assert draws.count == 20000
    assert draws.horizon == 6
    assert draws.curvatures.shape == (20000,)
    assert draws.starts.shape == (20000, 1)
    assert draws.minima.shape == (20000, 7, 1)
    assert set(np.unique(draws.curvatures)) == {0.2, 0.5, 0.9}
    assert draws.which is None
    assert draws.hidden is None
    assert abs(draws.starts.mean() - 1) < 5 * 2 / np.sqrt(20000)
    assert draws.starts.var() == pytest.approx(4, rel=0.05)
    minima = draws.minima[:, :, 0]
    correlation = np.mean((minima[:, 1] - 0.5) * (minima[:, 4] - 0.5))
    assert correlation == pytest.approx(2 * np.exp(-0.2 * 3), abs=0.1)  # 5 standard errors
    assert abs(np.corrcoef(draws.curvatures, draws.starts[:, 0])[0, 1]) < 5 / np.sqrt(20000)


def test_draws_are_repeatable_read_only_and_extend_with_the_horizon():
    task = LandscapeDistribution.quadratic(
        curvatures=LogUniform(0.1, 1), start_variance=1.0, minimum=MOVING
    )
    short, again, long = (task.draw(np.random.default_rng(5), 10, horizon) for horizon in (3, 3, 8))
    for name in ("curvatures", "starts", "minima"):
        assert (getattr(short, name) == getattr(again, name)).all()
        assert not getattr(short, name).flags.writeable
    assert (long.curvatures == short.curvatures).all()
    assert (long.minima[:, :4] == short.minima).all()


def test_a_resting_minimum_is_zero():
    task = LandscapeDistribution.quadratic(curvatures=DISCRETE, start_variance=1.0)
    assert not task.draw(np.random.default_rng(0), 4, 2).minima.any()


def test_a_population_is_drawn_by_its_weights():
    first, second = lc.double_well(tilt=0.0), lc.double_well(tilt=0.5)
    starts = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
    task = LandscapeDistribution.landscapes([first, second], starts=starts, weights=[3.0, 1.0])
    draws = task.draw(np.random.default_rng(0), 20000, 4)
    assert not task.is_quadratic
    assert task.dimension == 2
    assert task.weights == pytest.approx([0.75, 0.25])
    assert draws.which.mean() == pytest.approx(0.25, abs=5 * np.sqrt(0.1875 / 20000))
    assert {tuple(start) for start in draws.starts} == {tuple(start) for start in starts}
    assert draws.hidden.shape == (20000, 5, 0)
    assert draws.curvatures is None
    assert draws.horizon == 4
    assert not draws.which.flags.writeable


def test_one_landscape_is_drawn_through_its_hidden_variables_and_gaussian_starts():
    prior = lc.GaussianPrior([1.0, -1.0], [[2.0, 0.5], [0.5, 1.0]])
    task = LandscapeDistribution.landscapes(hidden_bowl(MOVING), starts=prior)
    draws = task.draw(np.random.default_rng(0), 20000, 3)
    assert draws.hidden.shape == (20000, 4, 1)
    assert (draws.which == 0).all()
    assert draws.hidden.var(0)[:, 0] == pytest.approx(np.full(4, 2.0), rel=0.06)
    assert np.cov(draws.starts.T) == pytest.approx(prior.covariance, abs=0.08)


def test_each_landscape_of_a_population_keeps_its_own_process_unless_told_otherwise():
    landscapes = [hidden_bowl(lc.GaussianPrior([m], [[1e-6]])) for m in (-3.0, 3.0)]
    own = LandscapeDistribution.landscapes(landscapes, starts=[0.0, 0.0]).draw(
        np.random.default_rng(0), 50, 2
    )
    assert np.sign(own.hidden[:, 0, 0]) == pytest.approx(2 * own.which - 1)
    common = LandscapeDistribution.landscapes(
        landscapes, starts=[0.0, 0.0], hidden=lc.GaussianPrior([7.0], [[1e-6]])
    )
    assert common.draw(np.random.default_rng(0), 50, 2).hidden == pytest.approx(7.0, abs=0.01)


QUADRATIC = {"curvatures": DISCRETE, "start_variance": 1.0}
CHAIN = lc.TaskChain(rates=[[-0.5, 0.5], [0.5, -0.5]], tasks=[-1.0, 1.0])
LEAVING = lc.JumpProcess(rate=0.5, mean=[0.0], covariance=[[1.0]], start_mean=[2.0])
POINT = [0.0, 0.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"curvatures": lc.double_well()}, "e.g. landscape_control.Uniform"),
        ({"curvatures": [0.1, 1.0]}, "received list"),
        ({"start_variance": np.inf}, "start_variance.*every rule costs infinitely much"),
        ({"start_variance": -1.0}, "number >= 0"),
        ({"start_mean": np.nan}, "finite number"),
        ({"start_variance": 0.0}, "away from the minimum"),
        ({"minimum": CHAIN}, r"received TaskChain.*landscapes\(\.\.\.\)"),
        ({"minimum": LEAVING}, "started away from rest"),
        ({"minimum": lc.RandomWalk([0.0, 0.0], np.eye(2), np.eye(2))}, "received 2 variables"),
        ({"minimum": 0.3}, "received float"),
    ],
)
def test_quadratics_that_cannot_be_planned_for_are_refused(options, message):
    with pytest.raises(ProblemError, match=message):
        LandscapeDistribution.quadratic(**{**QUADRATIC, **options})


@pytest.mark.parametrize(
    "minimum",
    [
        MOVING,
        lc.RandomWalk([0.0], [[0.0]], [[1.0]]),
        lc.GaussianPrior([0.0], [[1.0]]),
        lc.JumpProcess(rate=0.5, mean=[0.0], covariance=[[1.0]]),
    ],
)
def test_minima_with_linear_second_moments_are_accepted(minimum):
    assert LandscapeDistribution.quadratic(**QUADRATIC, minimum=minimum).minimum is minimum


@pytest.mark.parametrize(
    ("landscapes", "options", "message"),
    [
        ([], {}, "an empty list"),
        ([lc.double_well(), 3.0], {}, "received float"),
        (DISCRETE, {}, r"use \.quadratic"),
        ([lc.double_well(), lc.rosenbrock(3)], {}, r"one dimension for all; received \[2, 3\]"),
        (
            [lc.double_well(), hidden_bowl(MOVING)],
            {},
            r"one number of hidden variables for all; received \[0, 1\]",
        ),
        (lc.double_well(), {"starts": None}, "say where the learner starts"),
        (lc.double_well(), {"starts": [[0.0]]}, "a matrix with 2 columns"),
        (
            lc.double_well(),
            {"starts": lc.GaussianPrior([0.0], [[1.0]])},
            "a GaussianPrior of 2 variables; received 1",
        ),
        (lc.double_well(), {"starts": np.empty((0, 2))}, "at least one point"),
        (lc.double_well(), {"starts": [np.inf, 0.0]}, "finite"),
        (lc.double_well(), {"hidden": MOVING}, "nothing is hidden"),
        (
            hidden_bowl(MOVING),
            {"hidden": lc.GaussianPrior([0.0, 0.0], np.eye(2))},
            "process of 1 hidden variables; received 2",
        ),
        (lc.double_well(), {"weights": [1.0, 2.0]}, "1 numbers"),
        ([lc.double_well()] * 2, {"weights": [1.0, 0.0]}, "leave out landscapes"),
    ],
)
def test_populations_that_cannot_be_planned_for_are_refused(landscapes, options, message):
    with pytest.raises(ProblemError, match=message):
        LandscapeDistribution.landscapes(landscapes, **{"starts": POINT, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "received neither"),
        ({"curvatures": DISCRETE, "population": (lc.double_well(),)}, "received both"),
        ({"curvatures": DISCRETE, "starts": POINT}, "starts: expected None for random quadratics"),
        (
            {"population": (lc.double_well(),), "starts": POINT, "minimum": MOVING},
            "hidden variables",
        ),
        ({"curvature": DISCRETE}, "did you mean 'curvatures'"),
    ],
)
def test_mixed_declarations_are_refused(options, message):
    with pytest.raises(ProblemError, match=message):
        LandscapeDistribution(**options)


@pytest.mark.parametrize(("count", "horizon"), [(0, 3), (3, 0), (2.5, 3)])
def test_draws_need_whole_numbers(count, horizon):
    with pytest.raises(ProblemError, match="integer >= 1"):
        LandscapeDistribution.quadratic(**QUADRATIC).draw(np.random.default_rng(0), count, horizon)
