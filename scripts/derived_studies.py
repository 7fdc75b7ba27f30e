"""What the study of derived optimizers trains: tasks, how many seeds of each, and which methods."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from landscape_control.training.comparison import generated_tasks, image_tasks
from landscape_control.training.comparison.methods import GRIDS, grid, peers

QUADRATICS = 10


@dataclass(frozen=True, kw_only=True)
class Part:
    """A task by its name, the function of a seed that makes it, and how many seeds there are.

    ``seeds`` is for the grids and the peers; the derived optimizer, which is one method and not
    seventy, is trained on ``derived_seeds``, the first of them the same. Runs of the time that the
    derived one took are on ``longer_seeds``.
    """

    name: str
    make: Callable
    seeds: int
    derived_seeds: int
    longer_seeds: int


def parts(*, data=None, most=None):
    """All parts of the study; MNIST where ``data`` is its folder. ``most`` cuts the seeds."""
    tasks = [
        ("logistic", generated_tasks.noisy_logistic, 5, 15, 1),
        ("regression", generated_tasks.ill_conditioned_regression, 5, 15, 1),
        ("digits_mlp", image_tasks.digits_mlp, 3, 15, 1),
        ("digits_cnn", image_tasks.digits_cnn, 3, 15, 1),
        ("autoencoder", image_tasks.digits_autoencoder, 3, 10, 1),
        *((f"quadratic{number}", _quadratic(number), 1, 2, 0) for number in range(QUADRATICS)),
        ("sequences", generated_tasks.markov_sequences, 2, 6, 0),
    ]
    if data is not None:
        tasks.append(("mnist_mlp", partial(image_tasks.mnist_mlp, data), 1, 3, 1))
    found = []
    for name, make, *seeds in tasks:
        few = [min(count, most or count) for count in seeds]
        found.append(
            Part(name=name, make=make, seeds=few[0], derived_seeds=few[1], longer_seeds=few[2])
        )
    return found


def _quadratic(number):
    """A quadratic whose samples stay while the seed of a run decides starting weights and order."""

    def make(*, seed):
        return generated_tasks.random_quadratic(seed=number)

    return make


def small_parts():
    """Three of the parts on one seed, for a look in under a minute."""
    names = ("logistic", "regression", "digits_mlp")
    found = parts(most=1)
    return [replace(part, longer_seeds=0) for part in found if part.name in names]


def baselines(*, is_small=False):
    """The four grids and the methods without a choice, each once.

    The small ones are the three rates, a decade apart, of which the middle one suits most of the tasks, with a
    cosine schedule, and the methods without a choice.
    """
    methods = [method for kind in GRIDS for method in grid(kind)]
    if is_small:
        rates = {kind: sorted({method.rate for method in grid(kind)})[1:6:2] for kind in GRIDS}
        methods = [
            method
            for method in methods
            if method.rate in rates[method.kind] and method.schedule == "cosine"
        ]
    return list(dict.fromkeys([*methods, *peers()]))
