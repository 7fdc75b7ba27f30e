"""Optimizers compared on tasks: the tasks, the runs, the store, and what is counted over them."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from landscape_control.support.errors import ProblemError
from landscape_control.training.comparison.methods import GRIDS, Method, grid, peers
from landscape_control.training.comparison.scores import best, better, dead, ratio, upper_share

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
pytestmark = [pytest.mark.networks, pytest.mark.usefixtures("one_thread")]

from landscape_control.training.comparison import generated_tasks, image_tasks  # noqa: E402
from landscape_control.training.comparison.outcomes import Outcome  # noqa: E402
from landscape_control.training.comparison.runs import compete  # noqa: E402
from landscape_control.training.comparison.store import RunStore  # noqa: E402
from landscape_control.training.comparison.tasks import (  # noqa: E402
    ShuffledBatches,
    TrainingTask,
    mean_loss,
)

TASKS = {
    "logistic": generated_tasks.noisy_logistic,
    "regression": generated_tasks.ill_conditioned_regression,
    "quadratic0": generated_tasks.random_quadratic,
    "sequences": generated_tasks.markov_sequences,
    "digits_mlp": image_tasks.digits_mlp,
    "digits_cnn": image_tasks.digits_cnn,
    "autoencoder": image_tasks.digits_autoencoder,
}
PEERS = [method for method in peers() if method.kind != "adam"]
SCORED = ("start_loss", "training_loss", "test_loss", "test_accuracy", "diverged")


def scores(found):
    return [getattr(found, name) for name in SCORED]


def small_task():
    """Four samples of y = 2x on one weight, in batches of all of them: L = ½·mean x²·(w-2)²."""
    inputs = torch.tensor([[1.0], [2.0], [3.0], [4.0]])

    def network(*, seed):
        found = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.constant_(found.weight, float(seed))
        return found

    return TrainingTask(
        name="small",
        title="one weight",
        steps=20,
        batch=4,
        inputs=inputs,
        targets=2 * inputs[:, 0],
        test_inputs=inputs,
        test_targets=2 * inputs[:, 0],
        network=network,
        loss=generated_tasks.half_square,
        kind="quadratic",
        has_classes=False,
    )


# Tasks.


@pytest.mark.parametrize("name", TASKS)
def test_tasks_are_what_they_are_called_and_follow_from_their_seed(name):
    if name in ("digits_mlp", "digits_cnn", "autoencoder"):
        pytest.importorskip("sklearn", reason="the digits are scikit-learn's")
    task, again = TASKS[name](seed=0), TASKS[name](seed=0)
    assert task.name == name
    assert task.digest == again.digest
    assert math.isfinite(mean_loss(task, task.network(seed=3), of="training"))
    assert mean_loss(task, task.network(seed=3), of="test", piece=7) == pytest.approx(
        mean_loss(task, task.network(seed=3), of="test"), rel=1e-5
    )


def test_sizes_of_networks_are_those_stated():
    weights = [
        sum(weight.numel() for weight in make(seed=0).network(seed=0).parameters())
        for make in (generated_tasks.markov_sequences, generated_tasks.noisy_logistic)
    ]
    assert weights == [4230, 50 * 10 + 10]


def test_a_fifth_of_the_training_labels_is_wrong():
    """A linear model cannot do better on them than say 0.8 for the class; on the clean ones it can."""
    task = generated_tasks.noisy_logistic(seed=0)
    network = torch.nn.Linear(50, 10)
    rng = np.random.default_rng((0, 1))
    rng.standard_normal((4000, 50))
    with torch.no_grad():
        network.weight.copy_(torch.tensor(rng.standard_normal((50, 10)).T))
        network.bias.zero_()
        said = network(task.inputs).argmax(dim=1), network(task.test_inputs).argmax(dim=1)
    wrong = float((said[0] != task.targets).float().mean())
    assert abs(wrong - 0.2) < 4 * math.sqrt(0.2 * 0.8 / 2000)
    assert torch.equal(said[1], task.test_targets)


def test_covariance_of_the_regression_has_the_spectrum_stated():
    """Of 2000 samples: the trace, and in the mean over seeds the loss at zero weights."""
    task = generated_tasks.ill_conditioned_regression(seed=0)
    spectrum = np.logspace(0, -4, 100)
    found = np.linalg.eigvalsh(np.cov(task.inputs.numpy().T))
    assert found.sum() == pytest.approx(spectrum.sum(), rel=0.05)
    assert found[0] == pytest.approx(1e-4, rel=0.2)
    at_zero = [
        float(generated_tasks.ill_conditioned_regression(seed=seed).targets.square().mean()) / 2
        for seed in range(12)
    ]
    expected = (np.sqrt(spectrum).sum() + 0.1) / 2
    deviation = np.sqrt(np.sum(spectrum) / 2)  # of ½ Σ √λ z², z normal
    assert abs(np.mean(at_zero) - expected) < 4 * deviation / math.sqrt(12)


def test_sequences_are_told_apart_by_the_chains_that_made_them():
    """Transitions counted over the training samples name the chain of most test samples."""
    task = generated_tasks.markov_sequences(seed=0)
    counts = np.full((6, 8, 8), 0.5)
    states = task.inputs.argmax(dim=2).numpy()
    for chain in range(6):
        mine = states[task.targets.numpy() == chain]
        np.add.at(counts[chain], (mine[:, :-1], mine[:, 1:]), 1)
    logs = np.log(counts / counts.sum(axis=2, keepdims=True))
    seen = task.test_inputs.argmax(dim=2).numpy()
    likelihood = logs[:, seen[:, :-1], seen[:, 1:]].sum(axis=2)
    assert np.mean(likelihood.argmax(axis=0) == task.test_targets.numpy()) > 0.8


def test_each_epoch_has_every_sample_once_and_another_order():
    inputs = torch.arange(10)[:, None]
    loader = ShuffledBatches(inputs=inputs, targets=torch.arange(10), batch=5, seed=3)
    epochs = [torch.cat([targets for _, targets in loader]) for _ in range(2)]
    assert all(torch.equal(epoch.sort().values, torch.arange(10)) for epoch in epochs)
    assert not torch.equal(*epochs)
    again = ShuffledBatches(inputs=inputs, targets=torch.arange(10), batch=5, seed=3)
    assert torch.equal(torch.cat([targets for _, targets in again]), epochs[0])
    assert len(ShuffledBatches(inputs=inputs, targets=inputs, batch=4, seed=0)) == 2


def test_a_batch_larger_than_the_samples_is_refused():

    with pytest.raises(ProblemError, match="at most the 4 samples"):
        dataclasses.replace(small_task(), batch=5)


# Runs.


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_run_on_one_weight_is_the_recursion_by_hand(schedule):
    method = Method(kind="sgd", rate=0.02, schedule=schedule)
    found = compete(task=small_task(), method=method, seed=5)
    curvature, distance = 7.5, 3.0
    for step in range(20):
        rate = 0.02
        if schedule == "cosine":
            rate *= (1 + math.cos(math.pi * step / 20)) / 2
        distance *= 1 - rate * curvature
    assert found.start_loss == pytest.approx(curvature * 9 / 2)
    assert found.training_loss == pytest.approx(curvature * distance**2 / 2, rel=1e-4)
    assert found.test_loss == found.training_loss
    assert math.isnan(found.test_accuracy)


def test_a_run_that_diverges_counts_as_infinite():
    found = compete(task=small_task(), method=Method(kind="sgd", rate=1e9), seed=5)
    assert found.training_loss == found.test_loss == math.inf
    assert 1 < found.diverged <= 20


@pytest.mark.parametrize("kind", ["prodigy", "schedule_free_sgd", "schedule_free_adamw", "dog"])
def test_peers_are_scored_at_the_weights_that_they_answer_with(kind):
    """Against the package itself, called as its pages tell."""
    package = {"prodigy": "prodigyopt", "dog": "dog"}.get(kind, "schedulefree")
    pytest.importorskip(package, reason="needs the extra study")
    task = small_task()
    optimizer = Method(kind=kind).optimizer((network := task.network(seed=5)).parameters())
    if package == "schedulefree":
        optimizer.train()
    for _ in range(20):
        optimizer.zero_grad()
        task.loss(network(task.inputs), task.targets).backward()
        optimizer.step()
    if package == "schedulefree":
        optimizer.eval()
    found = compete(task=task, method=Method(kind=kind), seed=5)
    assert found.training_loss == pytest.approx(mean_loss(task, network, of="training"), rel=1e-5)
    assert found.training_loss < found.start_loss


def test_dog_averaged_answers_with_the_polynomial_average():
    pytest.importorskip("dog", reason="needs the extra study")
    task = small_task()
    network = task.network(seed=5)
    optimizer = Method(kind="dog").optimizer(network.parameters())
    average = network.weight.item()
    for step in range(1, 21):
        optimizer.zero_grad()
        task.loss(network(task.inputs), task.targets).backward()
        optimizer.step()
        share = 9 / (8 + step)
        average = (1 - share) * average + share * network.weight.item()
    found = compete(task=task, method=Method(kind="dog_averaged"), seed=5)
    assert found.training_loss == pytest.approx(7.5 * (average - 2) ** 2 / 2, rel=1e-4)


def test_runs_of_one_seed_start_alike_and_repeat_bit_by_bit():
    task = generated_tasks.random_quadratic(seed=2)
    method = Method(kind="adam", rate=0.01)
    one, two = (compete(task=task, method=method, seed=4, steps=30) for _ in range(2))
    np.testing.assert_array_equal(scores(one), scores(two))
    other = compete(task=task, method=Method(kind="momentum", rate=0.01), seed=4, steps=30)
    assert other.start_loss == one.start_loss


def test_a_grid_has_eight_rates_half_a_decade_apart_at_two_schedules():
    for kind in GRIDS:
        members = grid(kind)
        rates = sorted({method.rate for method in members})
        assert len(set(members)) == 16
        np.testing.assert_allclose(np.diff(np.log10(rates)), 0.5, atol=2e-3)


@pytest.mark.parametrize(
    ("numbers", "words"), [({"kind": "sdg"}, "schedule_free_sgd"), ({"kind": "sgd"}, "rate of SGD")]
)
def test_methods_that_cannot_be_are_refused(numbers, words):
    with pytest.raises(ProblemError, match=words):
        Method(**numbers)


# The store.


def an_outcome(**numbers):
    plain = {"start_loss": 2.0, "training_loss": 0.1, "test_loss": 0.2, "test_accuracy": 97.0}
    return Outcome(**{**plain, "diverged": 0, "steps": 20, "seconds": 1.5, **numbers})


def test_what_was_kept_is_found_and_a_table_has_every_run(tmp_path):
    store, task = RunStore(tmp_path), small_task()
    kept = {
        (Method(kind="sgd", rate=0.1), 0): an_outcome(words="step 0: rate 0.1"),
        (Method(kind="sgd", rate=0.1, schedule="cosine"), 1): an_outcome(
            training_loss=math.inf, test_accuracy=math.nan, diverged=3
        ),
        (Method(kind="prodigy"), 0): an_outcome(steps=40, measurements=2, lost_steps=5),
    }
    for (method, seed), found in kept.items():
        store.keep(task, method, seed, found)
    for (method, seed), found in kept.items():
        assert repr(RunStore(tmp_path).find(task, method, seed, found.steps)) == repr(found)
    assert store.find(task, Method(kind="prodigy"), 0, 20) is None
    table = store.table()
    assert table.sizes["run"] == 3
    row = table.isel(run=list(table["kind"].values).index("prodigy"))
    assert (int(row["steps"]), int(row["lost_steps"])) == (40, 5)
    assert math.isnan(row["rate"])
    assert store.set_aside("sgd", [task.name]) == 2
    assert store.table().sizes["run"] == 1


def test_other_samples_and_damaged_files_are_refused(tmp_path):

    store, task, method = RunStore(tmp_path), small_task(), Method(kind="sgd", rate=0.1)
    store.keep(task, method, 0, an_outcome())
    other = dataclasses.replace(task, targets=task.targets + 1)
    with pytest.raises(ProblemError, match="another data set"):
        store.find(other, method, 0, 20)
    path = store.path(task, method, 0, 20)
    path.write_text(path.read_text()[:40])
    with pytest.raises(ProblemError, match="damaged"):
        store.find(task, method, 0, 20)
    path.write_text('{"task": "small"}')
    with pytest.raises(ProblemError, match="other entries"):
        store.table()


def test_a_folder_without_runs_has_no_table(tmp_path):
    with pytest.raises(ProblemError, match="none"):
        RunStore(tmp_path).table()


# What is counted.


def test_ratio_is_the_geometric_mean_with_students_interval():
    ours, theirs = np.array([1.0, 2.0, 4.0, 3.0]), np.array([2.0, 2.0, 3.0, 5.0])
    found = ratio(ours, theirs)
    expected = stats.ttest_1samp(np.log(ours / theirs), 0).confidence_interval(0.95)
    assert found.value == pytest.approx(stats.gmean(ours / theirs))
    assert (found.low, found.high) == pytest.approx(
        (math.exp(expected.low), math.exp(expected.high))
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "value"),
    [([1.0], [2.0], 0.5), ([1.0, math.inf], [1.0, 1.0], math.inf), ([1.0], [math.inf], 0.0)],
)
def test_one_seed_and_diverged_runs_have_no_interval(ours, theirs, value):
    found = ratio(np.array(ours), np.array(theirs))
    assert (found.value, found.low, found.high) == (value, 0.0, math.inf)


@pytest.mark.parametrize(("ours", "words"), [([1.0, 2.0], "per seed"), ([0.0], "positive")])
def test_losses_that_have_no_ratio_are_refused(ours, words):
    with pytest.raises(ProblemError, match=words):
        ratio(np.array(ours), np.array([1.0]))


def test_best_and_better_are_by_the_mean_over_seeds():
    losses = np.array([[1.0, 3.0], [1.5, 1.5], [0.1, np.inf]])
    assert best(losses) == 1
    assert better(np.array([2.1, 1.9]), losses) == 1
    assert better(np.array([np.inf, 1.0]), losses) == 2


def test_dead_is_above_half_of_the_start_or_not_finite():
    final = np.array([0.99, 1.01, np.inf, np.nan])
    np.testing.assert_array_equal(dead(np.full(4, 2.0), final), [False, True, True, True])
    np.testing.assert_array_equal(dead(np.full(4, 2.0), final, 1.5), [False, False, True, True])


@pytest.mark.parametrize("failures", [0, 1, 7])
def test_upper_share_leaves_five_percent_below(failures):
    share = upper_share(failures, 100)
    assert stats.binom.cdf(failures, 100, share) == pytest.approx(0.05)


def test_upper_share_of_failures_only_is_one():
    assert upper_share(3, 3) == 1.0


def test_runs_that_are_made_anew_are_kept_aside(tmp_path):
    """Those of the kind and the tasks that are named; the others stay."""
    store = RunStore(tmp_path)
    for task in ("first", "second"):
        (store.folder / task).mkdir()
        for key in ("derived-default-constant-10-seed0", "adam-0.1-cosine-10-seed0"):
            (store.folder / task / f"{key}.json").write_text(task, encoding="utf-8")
    assert store.set_aside("derived", ["first"]) == 1
    assert store.set_aside("derived", ["first"]) == 0
    assert store.set_aside("derived", ["second"]) == 1
    left = sorted(path.name for path in store.folder.rglob("*.json"))
    assert left == ["adam-0.1-cosine-10-seed0.json"] * 2
    kept = [tmp_path / f"earlier-{k}" for k in (1, 2)]
    assert [next(folder.rglob("*.json")).read_text() for folder in kept] == ["first", "second"]
