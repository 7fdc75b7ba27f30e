"""``derive_optimizer``: an optimizer from what is measured of a network."""

from collections.abc import Callable
from typing import Annotated, Any

from ...support.arguments import Whole, checked

Steps = Annotated[int, Whole(low=20, high=10**8)]
Samples = Annotated[int, Whole(low=16, high=10**7)]
Products = Annotated[int, Whole(low=4, high=10_000)]


@checked
def derive_optimizer(
    model: object,
    loss_fn: Callable,
    loader: object,
    *,
    steps: Steps,
    samples: Samples = 512,
    products: Products = 36,
    majorant: float | None = None,
    seed: Annotated[int, Whole(low=0)] = 0,
) -> Any:
    """An optimizer."""
    from .measures import probe_of
    from .optimizer import DerivedOptimizer

    probe = probe_of(
        model, loss_fn, loader, samples, products=products, majorant=majorant, seed=seed
    )
    return DerivedOptimizer(probe, loader, steps)
