"""Optimizers of PyTorch recorded in training and named, and recordings that are refused."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta

import landscape_control as lc
from landscape_control import ProblemError
from landscape_control.identification.maps import Conclusion

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
pytestmark = pytest.mark.networks

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import named_training  # noqa: E402
from named_training import OPTIMIZERS, cnn, outside  # noqa: E402

SGD, ADAM = torch.optim.SGD, torch.optim.Adam
# of those that no other rule equals on these networks; RMSProp's ε is negligible where it is
ALIKE = {"rmsprop": {"ballistic_optimiser"}, "rmsprop_l2": set()}
FEW = ["sgd", "heavy_ball", "nesterov", "adam", "adam_l2", "adamw", "adagrad", "rmsprop", "padam"]
SETTINGS = [(0, torch.float32), (1, torch.float64)]
SHORT = {"steps": 60, "weights": 40}


@cache
def made_up():
    """(images (1000, 64), labels): ten faint shapes in noise, many of their pixels exactly 0."""
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=1000)
    shapes = 0.5 * (rng.random((10, 64)) < 0.3)
    noise = 0.4 * rng.normal(size=(1000, 64)) * (rng.random(64) < 0.7)
    return np.clip(shapes[labels] + noise, 0, 1), labels


def trained(make, **options):
    return named_training.trained(make, **{"data": made_up, **options})


@cache
def named(key, seed, dtype):
    make, _ = OPTIMIZERS[key]
    return lc.identify(trained(make, seed=seed, dtype=dtype, **SHORT), resamples=100)


def settings_of(test):
    test = pytest.mark.parametrize("key", OPTIMIZERS)(test)
    return pytest.mark.parametrize(("seed", "dtype"), SETTINGS, ids=["0, float32", "1, float64"])(
        test
    )


@settings_of
def test_an_optimizer_is_named_with_its_numbers(key, seed, dtype):
    verdict = named(key, seed, dtype)
    if verdict.conclusion is Conclusion.NOT_IDENTIFIABLE:
        assert set(verdict.equivalent) <= {key} | ALIKE[key]
    else:
        assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, key)
    row, numbers = verdict.row(key), OPTIMIZERS[key][1]
    large = {name: value for name, value in numbers.items() if value > 1e-7}
    # decay 1e-5 beside 1 in float32 is known to 6e-8/1e-5
    close = 1e-2 if dtype is torch.float32 else 1e-6
    assert {name: row.coefficients[name] for name in large} == pytest.approx(large, rel=close)
    assert "not exactly this rule" not in str(verdict)


def test_intervals_hold_the_numbers():
    """At least 90 %, by the lower end of a 95 % Clopper-Pearson interval."""
    count = missed = 0
    for key, (_, numbers) in OPTIMIZERS.items():
        for seed, dtype in SETTINGS:
            count += len(numbers)
            missed += len(outside(named(key, seed, dtype).row(key), numbers))
    assert beta.ppf(0.05, count - missed, missed + 1) >= 0.9


@pytest.mark.parametrize("key", ["heavy_ball_weight_decay", "adamw", "adagrad"])
def test_they_are_named_on_another_network(key):
    make, numbers = OPTIMIZERS[key]
    verdict = lc.identify(trained(make, network=cnn, seed=5, **SHORT), resamples=100)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, key)
    assert not outside(verdict.best, numbers)


def test_they_are_named_on_real_digits():
    pytest.importorskip("sklearn", reason="needs scikit-learn for its digits")
    make, numbers = OPTIMIZERS["adam"]
    verdict = lc.identify(trained(make, data=named_training.digits, **SHORT), resamples=100)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "adam")
    assert not outside(verdict.best, numbers)


# ---- what is no rule


def test_amsgrad_is_no_rule_where_it_differs_from_adam():
    recording = trained(lambda p: ADAM(p, betas=(0.9, 0.9), amsgrad=True), **SHORT)
    assert lc.identify(recording, FEW, resamples=10).conclusion is Conclusion.NONE_FITS


def test_amsgrad_at_its_defaults_is_adam_but_for_a_remainder_that_is_said():
    recording = trained(lambda p: ADAM(p, amsgrad=True), steps=150, weights=40)
    verdict = lc.identify(recording, FEW, resamples=10)
    assert verdict.best.key == "adam"
    assert 1e-5 < verdict.best.error < 1e-2
    assert "It is not exactly this rule" in str(verdict)


def test_clipping_is_no_rule_of_the_gradients_that_were_computed():
    options = {"clip": 0.3, "steps": 60, "weights": 40}
    computed = lc.identify(trained(lambda p: SGD(p, lr=0.1), **options), FEW, resamples=10)
    assert computed.conclusion is Conclusion.NONE_FITS
    assert "the norm of the gradient of all weights was cut to 0.3" in str(computed)
    received = trained(lambda p: SGD(p, lr=0.1), gradients="received", **options)
    assert lc.identify(received, FEW, resamples=10).best.key == "sgd"


def test_an_optimizer_that_maximises_is_said():
    recording = trained(lambda p: SGD(p, lr=0.01, maximize=True), **SHORT)
    verdict = lc.identify(recording, FEW, resamples=10)
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert "along the gradient" in str(verdict)


# ---- schedules, types, optimizers of this library


def test_a_cosine_of_adamw_is_adamw():
    make, numbers = OPTIMIZERS["adamw"]
    verdict = lc.identify(
        trained(
            make,
            scheduler=lambda each: torch.optim.lr_scheduler.CosineAnnealingLR(each, 60),
            **SHORT,
        ),
        FEW,
        resamples=100,
    )
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "adamw")
    assert not outside(verdict.best, numbers)
    assert "learning rate changes with time" in str(verdict)


def test_one_cycle_changes_momentum_too_and_says_so():
    def one_cycle(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=70)

    recording = trained(ADAM, scheduler=one_cycle, **SHORT)
    assert "Settings of the optimizer changed during the recording (betas)" in recording.notes[0]


def test_rounding_of_bfloat16_is_no_other_rule():
    make, numbers = OPTIMIZERS["heavy_ball"]
    recording = trained(make, dtype=torch.bfloat16, steps=100)
    verdict = lc.identify(recording, FEW)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "heavy_ball")
    assert not outside(verdict.best, numbers)


def test_an_exported_rule_is_named():
    numbers = {"learning_rate": 0.5, "momentum": 0.9, "averaging": 1.0}
    optimizer = lc.export("schedule-free", to="torch", coefficients=numbers)
    verdict = lc.identify(trained(optimizer, **SHORT), ["schedule_free", *FEW], resamples=50)
    assert verdict.best.key == "schedule_free"
    assert verdict.best.coefficients == pytest.approx(numbers, rel=1e-4)


def test_parameter_groups_have_numbers_of_their_own():
    def two_rates(parameters):
        given = list(parameters)
        groups = [{"params": given[::2], "lr": 0.1}, {"params": given[1::2], "lr": 0.01}]
        return SGD(groups, lr=1.0)

    recording = trained(two_rates, network=cnn, steps=40, weights=150)
    assert recording.groups == (0, 1)
    verdict = lc.identify(recording, ["sgd", "heavy_ball"], resamples=10)
    assert "group 1: stochastic gradient descent, α = 0.01" in str(verdict)


# ---- what is recorded


def layer(dtype=torch.float64):
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2).to(dtype)


def train(model, optimizer, steps=8, between=lambda: None):
    inputs = torch.linspace(-1, 1, 12, dtype=model.weight.dtype).reshape(4, 3)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(inputs) ** 3).sum().backward()
        between()
        optimizer.step()


def test_the_recording_holds_gradients_weights_and_changes():
    model = layer()
    optimizer = SGD(model.parameters(), lr=0.01)
    seen = []

    def keep():
        both = model.weight, model.bias
        seen.append(
            [
                torch.cat([part.detach().ravel() for part in kind]).numpy().copy()
                for kind in (both, [each.grad for each in both])
            ]
        )

    with lc.record_training(optimizer) as recorder:
        train(model, optimizer, between=keep)
    (run,) = recorder.recording().runs
    weights, gradients = np.array(seen).transpose(1, 0, 2)
    np.testing.assert_array_equal(run.parameters, weights)
    np.testing.assert_array_equal(run.gradients, gradients)
    np.testing.assert_allclose(run.gradient_norm, np.linalg.norm(gradients, axis=1), rtol=1e-14)
    np.testing.assert_array_equal(run.parameters[1:], (run.parameters + run.updates)[:-1])
    np.testing.assert_array_equal(run.learning_rate, 0.01)


def test_errors_are_the_spacing_of_the_stored_weights():
    model = layer(torch.float32)
    optimizer = SGD(model.parameters(), lr=0.01)
    with lc.record_training(optimizer) as recorder:
        train(model, optimizer)
    (run,) = recorder.recording().runs
    after = (run.parameters + run.updates).astype(np.float32)
    np.testing.assert_allclose(run.errors, np.spacing(np.abs(after)) / np.sqrt(12), rtol=1e-6)


def test_recording_changes_nothing_and_ends():
    plain, watched = layer(), layer()
    train(plain, ADAM(plain.parameters()))
    optimizer = ADAM(watched.parameters())
    recorder = lc.record_training(optimizer, steps=6, weights=4)
    train(watched, optimizer)
    assert torch.equal(plain.weight, watched.weight)
    assert recorder.steps == 6
    assert recorder.recording().runs[0].gradients.shape == (6, 4)
    assert not optimizer._optimizer_step_pre_hooks


def test_weights_changed_by_others_are_said():
    model = layer()
    optimizer = SGD(model.parameters(), lr=0.01)

    def shrink():
        with torch.no_grad():
            model.weight.mul_(0.99)

    with lc.record_training(optimizer) as recorder:
        train(model, optimizer, between=shrink)
    assert "Before 7 of the 8 steps weights had been changed" in recorder.recording().notes[0]


def test_gradients_changed_by_more_than_a_factor_are_said():
    model = layer()
    optimizer = SGD(model.parameters(), lr=0.01)
    with lc.record_training(optimizer) as recorder:
        train(model, optimizer, between=lambda: model.weight.grad.clamp_(-0.1, 0.1))
    assert "more than a common factor" in recorder.recording().notes[0]


def test_weights_without_a_gradient_are_left_out():
    model, spare = layer(), torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
    optimizer = SGD([*model.parameters(), spare], lr=0.01)
    with lc.record_training(optimizer) as recorder:
        train(model, optimizer)
    recording = recorder.recording()
    assert recording.runs[0].gradients.shape == (8, 8)
    assert "3 recorded weights had no gradient" in recording.notes[0]


# ---- bad input


def stepped():
    model = layer()
    optimizer = SGD(model.parameters(), lr=0.01, momentum=0.9)
    train(model, optimizer, steps=1)
    return optimizer


def frozen():
    model = layer().requires_grad_(False)
    return SGD(model.parameters(), lr=0.1)


def complex_weights():
    return SGD([torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))], lr=0.1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: "adam", "a torch.optim.Optimizer"),
        (stepped, "one that has stepped"),
        (frozen, "weights that need a gradient"),
        (complex_weights, "complex"),
    ],
)
def test_optimizers_that_cannot_be_recorded_are_refused(make, words):
    with pytest.raises(ProblemError, match=words):
        lc.record_training(make())


def test_adagrad_which_makes_its_memory_before_it_steps_is_not_refused():
    optimizer = torch.optim.Adagrad(layer().parameters(), initial_accumulator_value=0.1)
    assert lc.record_training(optimizer).steps == 0


def test_too_few_steps_are_refused_with_their_number():
    model = layer()
    optimizer = SGD(model.parameters(), lr=0.01)
    with lc.record_training(optimizer) as recorder:
        train(model, optimizer, steps=3)
    with pytest.raises(ProblemError, match="at least 5 steps.*received 3 steps"):
        recorder.recording()


def test_closures_are_refused():
    model = layer()
    optimizer = torch.optim.LBFGS(model.parameters())
    with lc.record_training(optimizer), pytest.raises(ProblemError, match="closure"):
        optimizer.step(lambda: model(torch.ones(3, dtype=torch.float64)).sum())


def test_sparse_gradients_are_refused():
    embedding = torch.nn.Embedding(4, 2, sparse=True)
    optimizer = SGD(embedding.parameters(), lr=0.1)
    with lc.record_training(optimizer), pytest.raises(ProblemError, match="sparse"):
        embedding(torch.tensor([1])).sum().backward()


def test_weights_taken_away_are_refused():
    model = layer()
    optimizer = SGD(model.parameters(), lr=0.01)
    with lc.record_training(optimizer):
        optimizer.param_groups[0]["params"].pop()
        with pytest.raises(ProblemError, match="other or smaller tensors"):
            train(model, optimizer)


def test_a_tensor_without_any_gradient_is_refused():
    spare = torch.nn.Parameter(torch.ones(3))
    optimizer = SGD([spare], lr=0.1)
    with lc.record_training(optimizer) as recorder:
        for _ in range(6):
            optimizer.step()
    with pytest.raises(ProblemError, match="a gradient at every step"):
        recorder.recording()
