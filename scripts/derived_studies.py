"""What the study of derived optimizers trains: tasks, how many seeds of each, and which methods."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from landscape_control.training.comparison import generated_tasks, image_tasks
from landscape_control.training.comparison.methods import DERIVED, GRIDS, Method, grid, peers

QUADRATICS = 10
SEEDS_OF_DERIVED = {"mnist_mlp": 3}


@dataclass(frozen=True, kw_only=True)
class Part:
    """A task by its name, the function of a seed that makes it, and how many seeds there are."""

    name: str
    make: Callable
    seeds: int
    derived_seeds: int


def parts(*, data=None, most=None):
    """All parts of the study; MNIST where ``data`` is its folder. ``most`` cuts the seeds."""
    tasks = {
        "logistic": (generated_tasks.noisy_logistic, 5),
        "regression": (generated_tasks.ill_conditioned_regression, 5),
        "digits_mlp": (image_tasks.digits_mlp, 5),
        "digits_cnn": (image_tasks.digits_cnn, 5),
        "autoencoder": (image_tasks.digits_autoencoder, 5),
        "sequences": (generated_tasks.markov_sequences, 3),
    }
    if data is not None:
        tasks["mnist_mlp"] = (partial(image_tasks.mnist_mlp, data), 2)
    for number in range(QUADRATICS):
        tasks[f"quadratic{number}"] = (_quadratic(number), 2)
    more = {"logistic": 15, "regression": 10, "digits_mlp": 15, "digits_cnn": 15}
    more |= {"autoencoder": 10, "sequences": 5, "mnist_mlp": 3}
    return [
        Part(
            name=name,
            make=make,
            seeds=min(seeds, most or seeds),
            derived_seeds=min(more.get(name, seeds), most or 1000),
        )
        for name, (make, seeds) in tasks.items()
    ]


def _quadratic(number):
    """A quadratic whose samples stay while the seed of a run decides starting weights and order."""

    def make(*, seed):
        return generated_tasks.random_quadratic(seed=number)

    return make


def baselines():
    """The four grids and the methods without a choice, each once."""
    methods = [method for kind in GRIDS for method in grid(kind)] + list(peers())
    return list(dict.fromkeys(methods))


def derived():
    """The one that is derived from what is measured."""
    return [Method(kind=DERIVED)]
