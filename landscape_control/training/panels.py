"""What is trained: a network on a data set, for how long, by which recipes: the paper's Fig. 2 e, f."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..support.arguments import Count, Index, checked
from ..support.errors import ProblemError
from .networks import mlp, small_cnn
from .recipes import Grid, Recipe, paper_recipes, planned_recipe, tuned_grids

# Panel e, SGD with rate 0.1, as printed in the public notebook: mean training loss over each of the
# ten epochs while it runs, percentage of the test images that are right after it.
PUBLISHED_LOSS = (0.3646, 0.1377, 0.0918, 0.0671, 0.0510, 0.0401, 0.0309, 0.0231, 0.0177, 0.0137)
PUBLISHED_ACCURACY = (95.08, 96.54, 97.24, 97.65, 97.96, 97.90, 97.99, 98.16, 98.17, 98.07)


@checked
@dataclass(frozen=True, kw_only=True)
class Panel:
    """A network, its data and the recipes that are compared on it.

    Attributes
    ----------
    name : short, part of messages and files
    data : name of the data set
    network : function of a keyword ``seed`` that returns a torch.nn.Module
    network_name : says which, in the identity of a run
    epochs : of a full run
    batch : images per step; the last of an epoch has the rest
    shifts : augmentation: images padded by that many black pixels and cut at random, and mirrored
        with probability one half; 0 for neither
    recipes, grids : compared as they are, and after a choice of the rate; their keys differ
    """

    name: str
    data: str
    network: Callable[..., Any]
    network_name: str
    epochs: Count
    batch: Count = 128
    shifts: Index = 0
    recipes: tuple[Recipe, ...] = ()
    grids: tuple[Grid, ...] = ()

    def __post_init__(self) -> None:
        keys = [one.key for one in self.recipes] + [one.recipe.key for one in self.grids]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ProblemError(
                f"recipes of panel {self.name}",
                expected="keys that differ, under which runs are kept",
                received=f"{', '.join(twice)} more than once",
                advice="give each recipe and grid a key of its own",
            )


PANEL_E = Panel(
    name="e",
    data="MNIST",
    network=mlp,
    network_name="perceptron 784-512-256-10",
    epochs=10,
    recipes=(*paper_recipes(adam=1e-3, beta2=0.999), planned_recipe()),
    grids=tuned_grids(),
)
PANEL_F = Panel(
    name="f",
    data="CIFAR-10",
    network=small_cnn,
    network_name="small convolutional network",
    epochs=25,
    shifts=4,
    recipes=paper_recipes(adam=5e-4, beta2=0.9),
    grids=tuned_grids(),
)
PANELS = {"e": PANEL_E, "f": PANEL_F}
