"""Training runs: the optimizers that they name, and bit by bit the same after a stop."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from data_files import write_cifar
from landscape_control.problems._torch_conventions import ballistic as ballistic_of_the_notebook

import landscape_control as lc
from landscape_control.support.errors import ProblemError
from landscape_control.training.datasets import generated_images, load_cifar10
from landscape_control.training.panels import PANEL_E, PANEL_F
from landscape_control.training.recipes import Grid, Recipe, paper_recipes
from landscape_control.training.runs import train
from landscape_control.training.study import study

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
pytestmark = [pytest.mark.networks, pytest.mark.usefixtures("one_thread")]

from landscape_control.training.ballistic import Ballistic  # noqa: E402
from landscape_control.training.batches import Batches  # noqa: E402
from landscape_control.training.networks import mlp, small_cnn  # noqa: E402

DATA = generated_images(count=300, size=8)
SMALL = dataclasses.replace(
    PANEL_E,
    network=partial(mlp, sizes=(64, 20, 10)),
    network_name="perceptron 64-20-10",
    batch=64,
    epochs=4,
    grids=(),
)
HEAVY = Recipe(key="heavy", label="heavy ball", kind="heavy ball", numbers={"lr": 0.05})
PLAN = lc.Policy(
    family=lc.policies.HeavyBall(constant=False),
    coefficients={"learning_rate": np.linspace(0.1, 0.02, 7), "momentum": np.linspace(0.5, 0.9, 7)},
    horizon=7,
)
PLANNED = Recipe(
    key="planned", label="planned", kind="policy", numbers={"lr": 1.0}, policy=PLAN, style="optimal"
)
RECIPES = {one.key: one for one in (*SMALL.recipes, HEAVY, PLANNED)}


def weights_in(path):
    return torch.load(path, weights_only=True)["network"]


def test_the_networks_are_the_notebooks():
    sizes = [tuple(weight.shape) for weight in mlp().parameters()]
    assert sizes == [(512, 784), (512,), (256, 512), (256,), (10, 256), (10,)]
    assert sum(weight.numel() for weight in small_cnn().parameters()) == 2_360_138
    assert small_cnn()(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_the_seed_decides_the_weights_and_leaves_the_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    one, same, other = (mlp(seed=seed)[1].weight for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("foreach", [True, False])
def test_the_ballistic_optimizer_is_the_notebooks(foreach):
    rng = np.random.default_rng(0)
    theta, gradients = rng.normal(size=(1, 6)), rng.normal(size=(50, 1, 6))
    gradients *= 10.0 ** rng.uniform(-5, 0, (50, 1, 6))  # some as small as √ε
    weight = torch.nn.Parameter(torch.tensor(theta))
    optimizer = Ballistic([weight], lr=5e-4, beta2=0.99, eps=1e-8, foreach=foreach)
    step = ballistic_of_the_notebook(lr=5e-4, beta=0.99, eps=1e-8)
    for gradient in gradients:
        weight.grad = torch.tensor(gradient)
        optimizer.step()
        theta = step(theta, gradient)
    np.testing.assert_allclose(weight.detach().numpy(), theta, rtol=1e-12, atol=1e-14)


def test_its_first_step_is_long():
    """Without correction of the bias: lr/√(1-β₂) in every weight, 32 times lr."""
    weight = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    weight.grad = torch.tensor([1.0, -20.0, 300.0], dtype=torch.float64)
    Ballistic([weight]).step()
    signs = torch.tensor([-1.0, 1.0, -1.0], dtype=torch.float64)
    torch.testing.assert_close(weight.detach(), signs * 5e-4 / 0.001**0.5, rtol=1e-5, atol=0.0)


def test_every_image_comes_once_an_epoch_and_the_order_follows_the_seed():
    batches = Batches(DATA, batch=64, shifts=0, seed=5)
    orders = []
    for epoch in (1, 2, 1):
        parts = list(batches.training(epoch))
        assert [len(labels) for _, labels in parts] == [64, 64, 64, 64, 44]
        orders.append(torch.cat([images for images, _ in parts]))
    assert torch.equal(orders[0], orders[2])
    assert not torch.equal(orders[0], orders[1])
    rows = [torch.sort(one.flatten(1).double().sum(1)).values for one in orders[:2]]
    torch.testing.assert_close(*rows, rtol=1e-9, atol=0.0)


def test_images_are_scaled_as_said():
    images, labels = next(Batches(DATA, batch=64, shifts=0, seed=0).test())
    expected = (DATA.test_images / 255 - 0.1307) / 0.3081
    np.testing.assert_allclose(images.numpy(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(labels.numpy(), DATA.test_labels)


def test_augmented_images_are_shifted_and_mirrored_ones(tmp_path):
    """Each is found, channel by channel, among all shifts and reflections of its original."""
    write_cifar(tmp_path, rows=4)
    batches = Batches(load_cifar10(tmp_path, rows=4), batch=20, shifts=4, seed=0)
    generator = torch.Generator().manual_seed(1)
    made = batches._augmented(batches.images, generator)
    padded = torch.nn.functional.pad(batches.images, (4, 4, 4, 4))
    found = set()
    for original, image in zip(padded, made, strict=True):
        places = [
            (down, right, mirrored)
            for down in range(9)
            for right in range(9)
            for mirrored in (False, True)
            if torch.equal(
                image.flip(2) if mirrored else image,
                original[:, down : down + 32, right : right + 32],
            )
        ]
        assert len(places) == 1
        found.update(places)
    assert len(found) > 10
    assert {mirrored for _, _, mirrored in found} == {True, False}


def test_a_run_is_the_loop_that_it_says():
    """SGD with the gradient cut to a norm that binds, against a loop on the raw arrays."""
    recipe = Recipe(key="sgd", label="SGD", kind="sgd", numbers={"lr": 0.5}, clip=0.2)
    run = train(panel=SMALL, recipe=recipe, data=DATA, seed=2, epochs=2)
    network, losses, cut = mlp(sizes=(64, 20, 10), seed=2), [], 0
    batches = Batches(DATA, batch=64, shifts=0, seed=2)
    for epoch in (1, 2):
        total = 0.0
        for images, labels in batches.training(epoch):
            scores = network(images)
            loss = -torch.log_softmax(scores, 1)[torch.arange(len(labels)), labels].mean()
            gradients = torch.autograd.grad(loss, list(network.parameters()))
            norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients))
            factor = min(1.0, 0.2 / (float(norm) + 1e-6))
            cut += factor < 1
            with torch.no_grad():
                for weight, gradient in zip(network.parameters(), gradients, strict=True):
                    weight -= 0.5 * factor * gradient
            total += float(loss.detach()) * len(labels)
        losses.append(total / 300)
    assert cut > 0
    np.testing.assert_allclose(run.curve("training_loss", 2), losses, rtol=1e-5)
    with torch.no_grad():
        images, labels = next(batches.test())
        right = (network(images).argmax(1) == labels).double().mean()
    assert run.epochs[-1].test_accuracy == pytest.approx(100 * float(right))


class Interrupted(KeyboardInterrupt):
    """As if the user stopped it."""


@pytest.mark.parametrize("key", RECIPES)
@pytest.mark.parametrize("at", ["between epochs", "inside an epoch"])
def test_an_interrupted_run_goes_on_bit_by_bit(tmp_path, monkeypatch, key, at):
    arguments = {"panel": SMALL, "recipe": RECIPES[key], "data": DATA, "seed": 1}
    whole = train(**arguments, checkpoint=tmp_path / "whole.pt")
    if at == "between epochs":

        def stop(recipe, seed, epoch):
            if epoch.number == 2:
                raise Interrupted

        with pytest.raises(Interrupted):
            train(**arguments, checkpoint=tmp_path / "part.pt", report=stop)
    else:
        original = Batches.training

        def stopping(self, epoch):
            for i, each in enumerate(original(self, epoch)):
                if (epoch, i) == (3, 2):
                    raise Interrupted
                yield each

        with monkeypatch.context() as patch:
            patch.setattr(Batches, "training", stopping)
            with pytest.raises(Interrupted):
                train(**arguments, checkpoint=tmp_path / "part.pt")
    trained = []
    resumed = train(
        **arguments,
        checkpoint=tmp_path / "part.pt",
        report=lambda recipe, seed, epoch: trained.append(epoch.number),
    )
    assert trained == [3, 4]
    for name in ("training_loss", "test_loss", "test_accuracy"):
        np.testing.assert_array_equal(resumed.curve(name, 4), whole.curve(name, 4))
    parts, expected = weights_in(tmp_path / "part.pt"), weights_in(tmp_path / "whole.pt")
    assert all(torch.equal(parts[name], expected[name]) for name in expected)


def test_a_longer_run_goes_on_from_a_shorter_one(tmp_path):
    arguments = {"panel": SMALL, "recipe": RECIPES["adam"], "data": DATA}
    path = tmp_path / "run.pt"
    short = train(**arguments, epochs=2, checkpoint=path)
    long = train(**arguments, epochs=4, checkpoint=path)
    assert long.epochs[:2] == short.epochs
    whole = train(**arguments, epochs=4)
    np.testing.assert_array_equal(long.curve("training_loss", 4), whole.curve("training_loss", 4))


def test_a_planned_rule_goes_on_as_in_its_last_step_and_heavy_ball_is_torchs():
    theirs = torch.optim.SGD
    recipe = dataclasses.replace(HEAVY, numbers={"lr": 0.05, "momentum": 0.8})
    ours = train(panel=SMALL, recipe=recipe, data=DATA, epochs=2)

    class Theirs(Recipe):
        def optimizer(self, parameters):
            return theirs(parameters, lr=0.05, momentum=0.8)

    twin = Theirs(key="twin", label="twin", kind="heavy ball", numbers=dict(recipe.numbers))
    expected = train(panel=SMALL, recipe=twin, data=DATA, epochs=2)
    np.testing.assert_allclose(
        ours.curve("training_loss", 2), expected.curve("training_loss", 2), rtol=1e-5
    )
    assert len(train(panel=SMALL, recipe=PLANNED, data=DATA, epochs=3).epochs) == 3  # 15 steps of 7


def test_a_checkpoint_of_another_run_is_refused_naming_what_differs(tmp_path):
    path = tmp_path / "run.pt"
    arguments = {"panel": SMALL, "recipe": RECIPES["sgd"], "data": DATA, "epochs": 1}
    train(**arguments, checkpoint=path)
    others = {
        "seed": {"seed": 1},
        "recipe": {"recipe": RECIPES["sgd"].at(0.2)},
        "data": {"data": generated_images(count=300, size=8, seed=9)},
        "batch": {"panel": dataclasses.replace(SMALL, batch=32)},
    }
    for name, change in others.items():
        with pytest.raises(ProblemError, match=f"expected {name}: "):
            train(**arguments | change, checkpoint=path)


def test_a_planned_run_is_planned_for_its_epochs(tmp_path):
    """Another number of epochs is another run; a study keeps both, and its batches are the others'."""
    panel = dataclasses.replace(SMALL, recipes=(RECIPES["derived"],))
    train(panel=panel, recipe=RECIPES["derived"], data=DATA, epochs=4, checkpoint=tmp_path / "r.pt")
    with pytest.raises(ProblemError, match="planned for: 5 epochs; received '4 epochs'"):
        train(
            panel=panel,
            recipe=RECIPES["derived"],
            data=DATA,
            epochs=5,
            checkpoint=tmp_path / "r.pt",
        )
    options = {"panel": panel, "data": DATA, "output": tmp_path / "study", "seeds": 1}
    study(**options, epochs=4)
    longer = study(**options, epochs=5, resume=True)
    kept = sorted(path.name for path in (tmp_path / "study" / "runs").iterdir())
    assert kept == ["derived-4-epochs-seed0.pt", "derived-5-epochs-seed0.pt"]
    losses = longer["training_loss"].values.ravel()
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_damaged_checkpoints_are_refused(tmp_path, damage):
    path = tmp_path / "run.pt"
    arguments = {"panel": SMALL, "recipe": RECIPES["sgd"], "data": DATA, "epochs": 1}
    train(**arguments, checkpoint=path)
    data = path.read_bytes()
    if damage == "other":
        torch.save({"weights": torch.zeros(2)}, path)
    else:
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    with pytest.raises(ProblemError, match="complete checkpoint"):
        train(**arguments, checkpoint=path)


def test_a_loss_that_is_not_finite_ends_the_run_and_stands_in_it(tmp_path):
    recipe = Recipe(key="far", label="far", kind="sgd", numbers={"lr": 1e30}, clip=None)
    for _ in range(2):  # the second one reads it
        run = train(panel=SMALL, recipe=recipe, data=DATA, checkpoint=tmp_path / "run.pt")
        assert run.diverged == 1
        assert run.epochs == ()
        assert np.isnan(run.curve("training_loss", 4)).all()


def test_a_device_that_is_not_there_is_refused():
    for device in ("nowhere", "cuda:99"):
        with pytest.raises(ProblemError, match="one that PyTorch has here"):
            train(panel=SMALL, recipe=RECIPES["sgd"], data=DATA, device=device)


# ---- studies

GRID = Grid(recipe=Recipe(key="tuned", label="SGD, tuned", kind="sgd", numbers={"lr": 0.1}),
            rates=(1e-4, 0.3, 1e30))  # fmt: skip
BOTH = dataclasses.replace(SMALL, recipes=SMALL.recipes[:1], grids=(GRID,))


def test_a_study_is_labelled_saved_and_resumed(tmp_path):
    seen = []
    table = study(panel=BOTH, data=DATA, output=tmp_path, seeds=2, epochs=2, progress=seen.append)
    assert dict(table.sizes) == {"recipe": 2, "seed": 2, "epoch": 2}
    assert [one.done for one in seen] == sorted({one.done for one in seen})
    assert seen[-1].done == seen[-1].total == (3 + 4) * 2
    alone = train(panel=BOTH, recipe=GRID.recipe.at(0.3), data=DATA, seed=1, epochs=2)
    found = table.sel(recipe="tuned", seed=1)
    np.testing.assert_array_equal(found["training_loss"], alone.curve("training_loss", 2))
    assert "lr 0.3" in str(found["label"].values)
    assert '"1e+30": null' in table.attrs["tuning"]
    loaded = lc.load(tmp_path / "result.nc")
    np.testing.assert_array_equal(loaded["test_accuracy"], table["test_accuracy"])
    again = []
    resumed = study(
        panel=BOTH, data=DATA, output=tmp_path, seeds=2, epochs=2, resume=True,
        progress=again.append,
    )  # fmt: skip
    assert again == []
    assert resumed.identical(table)


def test_a_resumed_study_may_choose_another_rate(tmp_path):
    panels = [
        dataclasses.replace(BOTH, grids=(dataclasses.replace(GRID, rates=rates),))
        for rates in ((1e-4, 0.3), (1e-4, 0.01))
    ]
    kept, fresh = (
        {"data": DATA, "output": tmp_path / name, "seeds": 1, "epochs": 1} for name in "ab"
    )
    first = study(panel=panels[0], **kept)
    second = study(panel=panels[1], **kept, resume=True)
    assert "lr 0.3" in str(first["label"].values)
    assert "lr 0.01" in str(second["label"].values)
    expected = study(panel=panels[1], **fresh)
    np.testing.assert_array_equal(second["training_loss"], expected["training_loss"])


def test_no_result_is_lost_where_a_study_is_resumed_with_less(tmp_path):
    """Fewer recipes, seeds or epochs leave the larger result beside the new one; more take it in."""
    kept = {"data": DATA, "output": tmp_path, "resume": True}
    two = dataclasses.replace(SMALL, recipes=SMALL.recipes[:2])
    one = dataclasses.replace(SMALL, recipes=SMALL.recipes[:1])
    large = study(panel=two, seeds=2, epochs=2, **kept)
    small = study(panel=one, seeds=1, epochs=1, **kept)
    assert lc.load(tmp_path / "result-1.nc").identical(large)
    assert lc.load(tmp_path / "result.nc").identical(small)
    again = study(panel=two, seeds=2, epochs=2, **kept)
    assert again.identical(large)
    assert sorted(path.name for path in tmp_path.glob("*.nc")) == ["result-1.nc", "result.nc"]
    (tmp_path / "result.nc").write_bytes(b"something else")
    study(panel=two, seeds=2, epochs=2, **kept)
    assert (tmp_path / "result-2.nc").read_bytes() == b"something else"


def test_a_study_refuses_a_folder_with_runs_other_data_and_hopeless_grids(tmp_path):
    only = dataclasses.replace(SMALL, recipes=SMALL.recipes[:1])
    study(panel=only, data=DATA, output=tmp_path, seeds=1, epochs=1)
    with pytest.raises(ProblemError, match="--resume"):
        study(panel=only, data=DATA, output=tmp_path, seeds=1, epochs=1)
    other = dataclasses.replace(DATA, name="MNIST")
    with pytest.raises(ProblemError, match="expected CIFAR-10; received MNIST"):
        study(panel=PANEL_F, data=other, output=tmp_path / "f", seeds=1)
    hopeless = dataclasses.replace(BOTH, grids=(dataclasses.replace(GRID, rates=(1e30,)),))
    with pytest.raises(ProblemError, match="stays finite"):
        study(panel=hopeless, data=DATA, output=tmp_path / "g", seeds=1, epochs=1)


def test_recipes_say_what_is_wrong_with_them():
    with pytest.raises(ProblemError, match="these are the numbers that sgd has"):
        Recipe(key="x", label="x", kind="sgd", numbers={"lr": 0.1, "beta1": 0.9})
    with pytest.raises(ProblemError, match="received none"):
        Recipe(key="x", label="x", kind="sgd")
    with pytest.raises(ProblemError, match="where the kind is 'policy'"):
        Recipe(key="x", label="x", kind="sgd", numbers={"lr": 0.1}, policy=PLAN)
    with pytest.raises(ProblemError, match="expected none; received lr"):
        Recipe(key="x", label="x", kind="derived", numbers={"lr": 0.1}, clip=None)
    with pytest.raises(ProblemError, match="^clip of recipe 'x'"):
        Recipe(key="x", label="x", kind="derived")
    names = [one.key for one in paper_recipes(adam=1e-3, beta2=0.9)]
    assert names == ["sgd", "adam", "ballistic"]


def test_panel_f_trains_on_files_in_its_format(tmp_path):
    """Two steps of the whole path: files, augmentation, the convolutional network, the test."""
    write_cifar(tmp_path, rows=12)
    panel = dataclasses.replace(PANEL_F, batch=30)
    data = load_cifar10(tmp_path, rows=12)
    for recipe in panel.recipes:
        run = train(panel=panel, recipe=recipe, data=data, epochs=1)
        assert np.isfinite(run.epochs[0].training_loss)
        assert 0 <= run.epochs[0].test_accuracy <= 100
