"""Rules of networks named where the plain rule's numbers would be wrong, and said where it cannot be."""

import numpy as np
import pytest

import landscape_control as lc
from landscape_control import ProblemError, RecordedRun, Recording
from landscape_control.identification.maps import Conclusion, Criteria

STEPS, WEIGHTS = 120, 10
ADAM = {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3}


def gradients(seed=0):
    """Of a size that swells and falls, as over the course of a training."""
    rng = np.random.default_rng(seed)
    sizes = 1 + 0.8 * np.sin(np.arange(STEPS) / 9)
    return sizes[:, None] * rng.normal(size=(STEPS, WEIGHTS))


def amsgrad(y, rate, b1, b2, eps):
    m, v, largest, moves = 0.0, 0.0, 0.0, []
    for t, seen in enumerate(y, start=1):
        m, v = b1 * m + (1 - b1) * seen, b2 * v + (1 - b2) * seen**2
        largest = np.maximum(largest, v)
        moves.append(-rate * m / (1 - b1**t) / (np.sqrt(largest / (1 - b2**t)) + eps))
    return np.array(moves)


def nadam(y, rate, b1, b2, eps, psi=0.05):
    m, v, product, moves = 0.0, 0.0, 1.0, []
    for t, seen in enumerate(y, start=1):
        mu, ahead = (b1 * (1 - 0.5 * 0.96 ** (k * psi)) for k in (t, t + 1))
        product *= mu
        m, v = b1 * m + (1 - b1) * seen, b2 * v + (1 - b2) * seen**2
        way = (1 - mu) * seen / (1 - product) + ahead * m / (1 - ahead * product)
        moves.append(-rate * way / (np.sqrt(v / (1 - b2**t)) + eps))
    return np.array(moves)


def rmsprop_momentum(y, rate, b2, eps, momentum):
    v, buffer, moves = 0.0, 0.0, []
    for seen in y:
        v = b2 * v + (1 - b2) * seen**2
        buffer = momentum * buffer + seen / (np.sqrt(v) + eps)
        moves.append(-rate * buffer)
    return np.array(moves)


def clipped_momentum(y, rate, beta, largest):
    move, moves = 0.0, []
    for seen in y:
        move = beta * move - rate * seen * min(1.0, largest / np.linalg.norm(seen))
        moves.append(move)
    return np.array(moves)


def dampened(y, rate, beta, damping):
    buffer, moves = y[0], [-rate * y[0]]
    for seen in y[1:]:
        buffer = beta * buffer + (1 - damping) * seen
        moves.append(-rate * buffer)
    return np.array(moves)


def quasi_hyperbolic(y, rate, beta, share):
    mean, moves = 0.0, []
    for seen in y:
        mean = beta * mean + (1 - beta) * seen
        moves.append(-rate * ((1 - share) * seen + share * mean))
    return np.array(moves)


def named(y, updates, rules, **options):
    recording = Recording(runs=[RecordedRun(gradients=y, updates=updates)])
    return lc.identify(recording, rules, resamples=20, **options)


CASES = {  # key: (updates, its numbers, the plain rule beside it, which of its numbers are wrong)
    "amsgrad": (amsgrad(gradients(), *ADAM.values()), ADAM, "adam", ["learning_rate", "beta2"]),
    "nadam": (
        nadam(gradients(), *ADAM.values()), ADAM | {"momentum_decay": 0.05}, "adam", ["beta1"]
    ),
    "clipped_heavy_ball": (
        clipped_momentum(gradients(), 0.1, 0.7, 2.0),
        {"learning_rate": 0.1, "momentum": 0.7, "largest_norm": 2.0},
        "heavy_ball",
        ["learning_rate"],
    ),
    "rmsprop_with_momentum": (
        rmsprop_momentum(gradients(), 0.02, 0.9, 1e-3, 0.7),
        {"learning_rate": 0.02, "beta2": 0.9, "epsilon": 1e-3, "momentum": 0.7},
        "rmsprop",
        [],  # its numbers are right within wide intervals: what is wrong is its updates
    ),
    "dampened_momentum": (
        dampened(gradients(), 0.1, 0.9, 0.5),
        {"learning_rate": 0.1, "momentum": 0.9, "dampening": 0.5},
        "heavy_ball",
        ["learning_rate"],
    ),
    "quasi_hyperbolic_momentum": (
        quasi_hyperbolic(gradients(), 0.1, 0.9, 0.6),
        {"learning_rate": 0.1, "momentum": 0.9, "share": 0.6},
        "heavy_ball",
        ["momentum"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("key", CASES)
def test_named_where_the_plain_rule_is_wrong_by_more_than_its_intervals(key):
    updates, numbers, plain, wrong = CASES[key]
    verdict = named(gradients(), updates, [key, plain])
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, key)
    assert verdict.best.coefficients == pytest.approx(numbers, rel=1e-4)
    beside = verdict.row(plain)
    assert beside.error > 100 * verdict.best.error
    for name in wrong:
        low, high = beside.intervals[name]
        assert not low <= numbers[name] <= high


def test_amsgrad_that_never_differs_is_not_told_from_adam():
    """v that grows at every step is its own largest; at a coarse resolution rare falls of v are, too."""
    growing = np.exp(np.arange(STEPS) / 40)[:, None] * np.sign(gradients())
    updates = amsgrad(growing, *ADAM.values())
    verdict = named(growing, updates, ["amsgrad", "adam"])
    assert verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert set(verdict.equivalent) == {"amsgrad", "adam"}
    rare = amsgrad(gradients(), 0.05, 0.9, 0.999, 1e-3)
    fine, coarse = (
        named(gradients(), rare, ["amsgrad", "adam"], criteria=criteria)
        for criteria in (None, Criteria(resolution=0.02))
    )
    assert (fine.conclusion, fine.best.key) == (Conclusion.RULE, "amsgrad")
    assert 1e-5 < fine.row("adam").error < 0.02
    assert coarse.conclusion is Conclusion.NOT_IDENTIFIABLE


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_clipping_is_found_in_any_unit(unit):
    updates = clipped_momentum(gradients(), 0.1, 0.7, 2.0)
    verdict = named(unit * gradients(), updates, ["clipped_heavy_ball", "heavy_ball"])
    expected = {"learning_rate": 0.1 / unit, "momentum": 0.7, "largest_norm": 2.0 * unit}
    assert verdict.best.coefficients == pytest.approx(expected, rel=1e-4)


def test_the_recorded_norm_is_that_of_all_weights():
    """Three of ten weights are recorded, and the norm of all ten."""
    y, updates = gradients(), clipped_momentum(gradients(), 0.1, 0.7, 2.0)
    few = {"gradients": y[:, :3], "updates": updates[:, :3]}
    norms = np.linalg.norm(y, axis=1)
    verdicts = [
        lc.identify(
            Recording(runs=[RecordedRun(**few, gradient_norm=norm)]), ["clipped_heavy_ball"]
        )
        for norm in (norms, None)
    ]
    assert verdicts[0].best.coefficients["largest_norm"] == pytest.approx(2.0, rel=1e-4)
    assert verdicts[1].conclusion is Conclusion.NONE_FITS


def test_norms_of_histories_are_checked():
    ones = np.ones((2, 3, 1))
    with pytest.raises(ProblemError, match="norms of the histories"):
        lc.Histories(gradients=ones, updates=ones, norms=-np.ones((2, 3)))


def test_a_policy_that_clips_is_watched():
    """Histories of two weights know the norm of both."""
    rule = lc.rules.by_name("clipped_sgd")
    numbers = {"learning_rate": 0.3, "largest_norm": 0.5}
    verdict = lc.identify(lc.rollout(rule, numbers), [rule, "sgd"], resamples=20)
    assert verdict.best.key == rule.key
    assert verdict.best.coefficients == pytest.approx(numbers, rel=1e-4)
