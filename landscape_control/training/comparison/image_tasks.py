"""Training tasks on images: scikit-learn's digits (8 x 8) and MNIST. PyTorch is needed."""

from functools import lru_cache, partial
from typing import Any

import numpy as np

from ...support.arguments import Index, checked
from ...support.arguments import Path as PathName
from ...support.errors import ProblemError
from ..datasets import ImageData, load_mnist
from ..networks import MLP_SIZES, mlp, seeded, torch_module
from .tasks import TrainingTask

_FOR_TRAINING = 1437  # of the 1797 digits


@checked
def digits_mlp(*, seed: Index = 0) -> TrainingTask:
    """Layers 64-100-40-10 with ReLU on the digits, 10 950 weights."""
    return _digits(
        name="digits_mlp",
        title="digits, perceptron",
        steps=600,
        network=partial(mlp, sizes=(64, 100, 40, 10)),
    )


@checked
def digits_cnn(*, seed: Index = 0) -> TrainingTask:
    """Two 3 x 3 convolutions (16, 32 channels), ReLU and the largest of 2 x 2 after each, 128-10."""
    return _digits(name="digits_cnn", title="digits, convolutions", steps=400, network=_convolving)


@checked
def digits_autoencoder(*, seed: Index = 0) -> TrainingTask:
    """Layers 64-64-32-8-32-64-64 with ReLU that answer with the digits they see; mean square."""
    torch = torch_module()
    images = _images()[0]
    return TrainingTask(
        name="autoencoder",
        title="digits, deep autoencoder",
        steps=600,
        batch=32,
        inputs=images[:_FOR_TRAINING],
        targets=images[:_FOR_TRAINING].flatten(1),
        test_inputs=images[_FOR_TRAINING:],
        test_targets=images[_FOR_TRAINING:].flatten(1),
        network=partial(mlp, sizes=(64, 64, 32, 8, 32, 64, 64)),
        loss=torch.nn.functional.mse_loss,
        kind="network",
        has_classes=False,
    )


@checked
def mnist_mlp(folder: PathName, *, seed: Index = 0) -> TrainingTask:
    """Layers 784-512-256-10 with ReLU on MNIST for one epoch; ``folder`` holds the IDX files.

    Raises ProblemError as :func:`~landscape_control.training.datasets.load_mnist` does.
    """
    torch = torch_module()
    data = _mnist(str(folder))
    images, test_images = (
        torch.tensor(part).float().div_(255).sub_(data.mean[0]).div_(data.deviation[0])
        for part in (data.training_images, data.test_images)
    )
    batch = 128
    return TrainingTask(
        name="mnist_mlp",
        title="MNIST, perceptron, 1 epoch",
        steps=len(images) // batch,
        batch=batch,
        inputs=images,
        targets=torch.tensor(data.training_labels, dtype=torch.int64),
        test_inputs=test_images,
        test_targets=torch.tensor(data.test_labels, dtype=torch.int64),
        network=partial(mlp, sizes=MLP_SIZES),
        loss=torch.nn.functional.cross_entropy,
        kind="network",
        has_classes=True,
    )


@lru_cache(maxsize=1)
def _mnist(folder: str) -> ImageData:
    return load_mnist(folder)


def _digits(*, name: str, title: str, steps: int, network: Any) -> TrainingTask:
    torch = torch_module()
    images, labels = _images()
    return TrainingTask(
        name=name,
        title=title,
        steps=steps,
        batch=32,
        inputs=images[:_FOR_TRAINING],
        targets=labels[:_FOR_TRAINING],
        test_inputs=images[_FOR_TRAINING:],
        test_targets=labels[_FOR_TRAINING:],
        network=network,
        loss=torch.nn.functional.cross_entropy,
        kind="network",
        has_classes=True,
    )


@lru_cache(maxsize=1)
def _images() -> tuple[Any, Any]:
    """(1797, 1, 8, 8) images from 0 to 1 and their classes, in one random order."""
    torch = torch_module()
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ProblemError(
            "digits",
            expected="scikit-learn installed, whose digits these are",
            received=f"no module {error.name!r}",
            advice="pip install 'landscape-control[study]'",
        ) from error
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    images = torch.tensor(found.images[order, None] / 16.0, dtype=torch.float32)
    return images, torch.tensor(found.target[order], dtype=torch.int64)


def _convolving(*, seed: int) -> Any:
    torch = torch_module()
    nn = torch.nn
    with seeded(torch, seed):
        return nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(32 * 2 * 2, 10)),
        )
