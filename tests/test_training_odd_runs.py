"""Training runs: averages are tested as answers, runs are not mixed up, odd input is refused."""

import dataclasses
from functools import partial

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.support.errors import ProblemError
from landscape_control.training.datasets import ImageData, generated_images
from landscape_control.training.panels import PANEL_E
from landscape_control.training.recipes import Recipe
from landscape_control.training.runs import train
from landscape_control.training.study import study

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
pytestmark = pytest.mark.networks

from landscape_control.training.batches import Batches  # noqa: E402
from landscape_control.training.networks import mlp  # noqa: E402

DATA = generated_images(count=200, size=8)
SMALL = dataclasses.replace(
    PANEL_E,
    network=partial(mlp, sizes=(64, 20, 10)),
    network_name="perceptron 64-20-10",
    batch=64,
    epochs=2,
    grids=(),
)


def sgd(key="sgd", lr=0.1):
    return Recipe(key=key, label=key, kind="sgd", numbers={"lr": lr})


def planned(policy):
    return Recipe(key="planned", label="planned", kind="policy", numbers={"lr": 1.0}, policy=policy)


def descent(rates):
    return lc.Policy(
        family=lc.policies.GradientDescent(constant=False),
        coefficients={"learning_rate": rates},
        horizon=len(rates),
    )


def test_a_rule_that_averages_is_tested_at_its_average():
    """Against a loop of SGD that keeps the mean of its iterates by hand."""
    policy = lc.Policy(
        family=lc.policies.Averaged(family=lc.policies.GradientDescent(constant=True)),
        coefficients={"learning_rate": 0.5, "averaging": 1.0},
        horizon=1,
    )
    run = train(panel=SMALL, recipe=planned(policy), data=DATA, epochs=2)
    network, points = SMALL.network(seed=0), []
    source = Batches(DATA, batch=64, shifts=0, seed=0)
    for epoch in (1, 2):
        for images, labels in source.training(epoch):
            network.zero_grad()
            torch.nn.functional.cross_entropy(network(images), labels).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            with torch.no_grad():
                for weight in network.parameters():
                    weight -= 0.5 * weight.grad
            points.append([weight.detach().clone() for weight in network.parameters()])
    images, labels = (torch.cat(parts) for parts in zip(*source.test(), strict=True))

    def loss_at(weights):
        with torch.no_grad():
            for weight, value in zip(network.parameters(), weights, strict=True):
                weight.copy_(value)
            return torch.nn.functional.cross_entropy(network(images), labels).item()

    last = loss_at(points[-1])
    averaged = loss_at([torch.stack(each).mean(0) for each in zip(*points, strict=True)])
    assert abs(averaged - last) > 1e-3
    assert run.epochs[-1].test_loss == pytest.approx(averaged, abs=1e-5)


def test_an_averaging_run_goes_on_from_where_gradients_are_taken(tmp_path):
    policy = lc.Policy(
        family=lc.policies.ScheduleFree(),
        coefficients={"learning_rate": 0.5, "momentum": 0.9, "averaging": 1.0},
        horizon=1,
    )
    options = {"panel": SMALL, "recipe": planned(policy), "data": DATA}
    whole = train(**options, epochs=3)
    train(**options, epochs=1, checkpoint=tmp_path / "run.pt")
    parts = train(**options, epochs=3, checkpoint=tmp_path / "run.pt")
    for name in ("training_loss", "test_loss"):
        np.testing.assert_array_equal(parts.curve(name, 3), whole.curve(name, 3))


@pytest.mark.parametrize("change", [0.5, 1e-12])
def test_a_checkpoint_of_another_long_policy_is_refused(tmp_path, change):
    """NumPy shortens what it shows of long arrays, and of digits: neither tells policies apart."""
    rates = np.full(2000, 0.1)
    other = rates.copy()
    other[1000] += change
    options = {"panel": SMALL, "data": DATA, "epochs": 1, "checkpoint": tmp_path / "run.pt"}
    train(recipe=planned(descent(rates)), **options)
    with pytest.raises(ProblemError, match="another run"):
        train(recipe=planned(descent(other)), **options)
    with np.printoptions(precision=2, threshold=5):  # how the user likes numbers does not matter
        train(recipe=planned(descent(rates)), **options)


def test_rates_that_differ_in_the_eighth_digit_are_two_recipes():
    one, other = sgd(lr=0.12345671), sgd(lr=0.12345672)
    assert one.describe() != other.describe()
    assert "lr 0.1," in sgd(lr=0.1).describe()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: sgd(lr=-1.0), "a number ≥ 0"),
        (lambda: sgd(key="a/b"), "name of a file"),
        (lambda: dataclasses.replace(SMALL, recipes=(sgd(), sgd(lr=0.2))), "more than once"),
        (lambda: dataclasses.replace(SMALL, shifts=-1), "shifts"),
        (lambda: dataclasses.replace(DATA, mean=(0.1, 0.2)), "one per channel"),
        (lambda: dataclasses.replace(DATA, deviation=(0.0,)), "deviations above 0"),
        (lambda: dataclasses.replace(DATA, test_images=[1]), "an array of images"),
        (lambda: train(panel=PANEL_E, recipe=sgd(), data=DATA), "10 scores for each image"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_the_door(make, words):
    with pytest.raises(ProblemError, match=words):
        make()


def test_a_beta_of_one_is_refused():
    with pytest.raises(ProblemError, match="from 0 to below 1"):
        Recipe(key="adam", label="adam", kind="adam", numbers={"lr": 0.1, "beta1": 1.0})


def test_a_study_of_nothing_is_refused(tmp_path):
    empty = dataclasses.replace(SMALL, recipes=())
    with pytest.raises(ProblemError, match="a recipe or a grid"):
        study(panel=empty, data=DATA, output=tmp_path)


def test_a_checkpoint_whose_identity_is_no_table_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    train(panel=SMALL, recipe=sgd(), data=DATA, epochs=1, checkpoint=path)
    kept = torch.load(path, weights_only=True)
    torch.save({**kept, "identity": 3}, path)
    with pytest.raises(ProblemError, match="a complete checkpoint"):
        train(panel=SMALL, recipe=sgd(), data=DATA, epochs=2, checkpoint=path)


def test_large_seeds_are_taken():
    run = train(panel=SMALL, recipe=sgd(), data=DATA, epochs=1, seed=10**15)
    assert np.isfinite(run.epochs[0].training_loss)


def test_images_of_two_sizes_are_refused():
    other = generated_images(count=200, size=9)
    with pytest.raises(ProblemError, match="like those for training"):
        ImageData(**{**fields_of(DATA), "test_images": other.test_images})


def fields_of(data):
    return {each.name: getattr(data, each.name) for each in dataclasses.fields(data)}


def test_a_last_step_that_ends_at_no_finite_loss_ends_the_run():
    """One step an epoch: the training loss is that before the step, and finite."""
    recipe = Recipe(key="far", label="far", kind="sgd", numbers={"lr": 1e38}, clip=None)
    panel = dataclasses.replace(SMALL, batch=len(DATA.training_images))
    run = train(panel=panel, recipe=recipe, data=DATA, epochs=1)
    assert run.diverged == 1
    assert not run.epochs


def with_dropout(*, seed):
    plain = mlp(sizes=(64, 20, 10), seed=seed)
    return torch.nn.Sequential(*plain[:-1], torch.nn.Dropout(0.5), plain[-1])


def test_dropout_follows_the_seed_and_goes_on_after_a_stop(tmp_path):
    panel = dataclasses.replace(SMALL, network=with_dropout, network_name="with dropout")
    options = {"panel": panel, "recipe": sgd(), "data": DATA}
    torch.manual_seed(7)
    whole = train(**options, epochs=3)
    expected = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(torch.rand(3), expected)
    train(**options, epochs=1, checkpoint=tmp_path / "run.pt")
    parts = train(**options, epochs=3, checkpoint=tmp_path / "run.pt")
    np.testing.assert_array_equal(parts.curve("test_loss", 3), whole.curve("test_loss", 3))
    other = train(**options, epochs=3, seed=1)
    assert other.curve("test_loss", 3)[0] != whole.curve("test_loss", 3)[0]
