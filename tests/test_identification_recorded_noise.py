"""Noise of recorded weights: no rule is hidden by it, none made up, and its size is found."""

import numpy as np
import pytest
from recorded_learning import FEW, NUMBERS, is_near, named, recorded
from scipy.stats import beta

import landscape_control as lc
from landscape_control import Histories, Recording
from landscape_control.identification.maps import Conclusion


def covariance(own, sigma, ends):
    """C of updates between recorded weights at these steps, by what each update is made of."""
    rows = len(ends) - 1
    made_of = np.zeros((rows, len(ends)))  # which e has which sign in each update
    made_of[np.arange(rows), np.arange(rows)] = -1
    made_of[np.arange(rows), np.arange(1, rows + 1)] = 1
    return sigma**2 * made_of @ made_of.T + np.diag(own**2)


@pytest.mark.parametrize("ends", [range(9), [0, 1, 4, 5, 8]])
def test_white_residuals_have_the_likelihood_of_the_dense_covariance(ends):
    """Sum of squares rᵀC⁻¹r and log det C by NumPy's dense algebra."""
    rng = np.random.default_rng(0)
    last = np.array(ends[1:]) - 1
    own, residual = rng.uniform(0.1, 0.5, len(last)), rng.normal(size=len(last))
    errors, columns, spans = np.full(8, np.inf), np.zeros(8), np.ones(8)
    errors[last], columns[last], spans[last] = own, residual, np.diff(ends)
    histories = Histories(
        gradients=np.ones((1, 8, 1)),
        updates=columns[None, :, None],
        errors=errors[None, :, None],
        weight_errors=np.full((1, 8, 1), 0.3),
        spans=spans[None, :, None],
    )
    dense = covariance(own, 0.3, ends)
    white = histories.whitening(columns[:, None])
    assert (white**2).sum() == pytest.approx(residual @ np.linalg.solve(dense, residual))
    assert histories.whitening.log_determinant == pytest.approx(np.linalg.slogdet(dense)[1])


@pytest.mark.parametrize(
    ("key", "noise"), [("nesterov", 0.002), ("nesterov", 0.1), ("heavy_ball", 0.02), ("sgd", 0.02)]
)
def test_rules_are_named_up_to_noise_of_unknown_size(key, noise):
    """Noise of up to 1.5 times the updates: the rule, its numbers, and the noise's size."""
    verdict = named(recorded(key, noise=noise))
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, key)
    assert is_near(verdict.best, key)
    # 480 updates say σ to 1/√(2·480) = 3.2 %
    assert verdict.weight_noise == pytest.approx(noise, rel=4 * 0.032)
    assert "up to white noise of standard deviation" in str(verdict)


def test_adam_is_named_under_noise_twice_its_updates():
    weights, gradients = recorded("adam", noise=0.01, weights=12)
    verdict = named((weights, gradients), ["adam", *FEW])
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "adam")
    assert is_near(verdict.best, "adam")


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0]])
def test_adam_is_not_named_amsgrad_where_noise_hides_the_difference(order):
    """AMSGrad, which remembers one number more, is not the simpler of the two."""
    runs = [
        recorded("adam", noise=0.002, steps=steps, weights=2, seed=steps)
        for steps in (30, 31, 50, 80)
    ]
    weights, gradients = zip(*(runs[place] for place in order), strict=True)
    verdict = named((list(weights), list(gradients)), ["amsgrad", "adam"])
    assert verdict.best.key == "adam"
    assert verdict.row("amsgrad").error == verdict.best.error


def test_noise_is_no_momentum():
    """Ordinary regression on the update before finds β = -½·(share of the noise); here β = 0."""
    weights, gradients = recorded("sgd", noise=0.1)
    recording = Recording.from_arrays(weights, gradients, weight_noise=0.1)
    row = named(recording, ["heavy_ball"]).rows[0]
    low, high = row.intervals["momentum"]
    assert low < 0 < high
    updates = np.diff(weights, axis=0)
    before, now = updates[:-1].ravel(), (updates[1:] + 0.1 * gradients[1:]).ravel()
    assert before @ now / (before @ before) < low


def test_a_rule_that_is_not_among_the_candidates_is_no_noise():
    """What gradient descent leaves of Nesterov's updates goes with the gradients."""
    verdict = named(recorded("nesterov"), ["sgd"])
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.weight_noise == 0


def test_noise_of_the_updates_is_no_noise_of_the_weights():
    weights, gradients = recorded("sgd")
    shaken = np.cumsum(0.05 * np.random.default_rng(1).normal(size=weights.shape), axis=0)
    verdict = named((weights + shaken, gradients))
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.weight_noise == 0


def test_noise_that_swamps_the_updates_is_said():
    """Either no rule at all, or that momentum is open; more updates would settle it."""
    verdict = named(recorded("heavy_ball", noise=5.0, steps=30))
    assert verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert "times as many updates would settle it" in str(verdict)
    some = named(recorded("sgd", noise=0.5, steps=30))
    assert some.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert {"sgd", "heavy_ball"} <= set(some.equivalent)


def test_as_many_more_updates_as_said_settle_it():
    few = named(recorded("sgd", noise=0.3, steps=40))
    assert few.conclusion is Conclusion.NOT_IDENTIFIABLE
    words = str(few).split(" times as many updates")[0]
    factor = float(words.rsplit(" ", 1)[1])
    more = named(recorded("sgd", noise=0.3, steps=40, weights=int(8 * 2 * factor)))
    assert (more.conclusion, more.best.key) == (Conclusion.RULE, "sgd")


def test_units_do_not_matter():
    """θ in other units w, L in l: gradients l/w, and learning rates w²/l times as large."""
    weight, loss = 1e-2, 1e5
    weights, gradients = recorded("nesterov", noise=0.05)
    plain = named((weights, gradients))
    scaled = named((weight * weights, loss / weight * gradients))
    assert scaled.conclusion == plain.conclusion
    assert scaled.weight_noise == pytest.approx(weight * plain.weight_noise, rel=1e-3)
    factors = {"learning_rate": weight**2 / loss}
    for name, value in plain.best.coefficients.items():
        assert scaled.best.coefficients[name] == pytest.approx(
            value * factors.get(name, 1.0), rel=1e-4
        )


def test_storing_updates_of_a_few_digits_is_not_a_rule_without_error():
    """Adam in float32 with updates near the distance of neighbouring weights."""
    for rate, conclusion in ((1e-7, Conclusion.NOT_IDENTIFIABLE), (1e-6, Conclusion.RULE)):
        weights, gradients = stored(rate)
        verdict = named(Recording.from_arrays(weights, gradients), ["adam", *FEW])
        assert verdict.conclusion is conclusion
        assert "adam" in (verdict.equivalent or (verdict.best.key,))
    assert verdict.best.intervals["learning_rate"][0] <= 1e-6
    assert verdict.best.intervals["learning_rate"][1] >= 1e-6


def stored(rate, steps=150, weights=8):
    """Adam with weights that are float32 after each step."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(steps, weights)).astype(np.float32).astype(float)
    rule = lc.rules.by_name("adam")
    numbers = rule.vector(NUMBERS["adam"] | {"learning_rate": rate})[None]
    path = [rng.normal(size=weights).astype(np.float32)]
    for update in rule.updates(numbers, gradients)[0]:
        path.append((path[-1].astype(float) + update).astype(np.float32))
    return np.array(path), gradients


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.002, 0.1])
def test_intervals_cover_at_their_rate(noise):
    """95 % intervals of two numbers over 300 recordings: at least 88 %, by the lower end of a 95 %
    Clopper-Pearson interval, as if the two of a recording, which go together, were one.
    """
    inside = 0
    for seed in range(300):
        verdict = named(recorded("nesterov", noise=noise, steps=50, weights=6, seed=seed))
        row = verdict.row("nesterov")
        inside += sum(
            low <= NUMBERS["nesterov"][name] <= high for name, (low, high) in row.intervals.items()
        )
    assert beta.ppf(0.05, inside / 2, 300 - inside / 2 + 1) >= 0.88
