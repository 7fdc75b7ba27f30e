"""The networks of the paper's Fig. 2 e, f, with weights that a seed decides."""

from collections.abc import Sequence
from typing import Annotated, Any

from ..support.arguments import Count, Filled, Index, checked
from ..support.errors import ProblemError

MLP_SIZES = (784, 512, 256, 10)
Sizes = Annotated[Sequence[Count], Filled()]


def torch_module() -> Any:
    """PyTorch. Raises ProblemError with what to install where it is not there."""
    try:
        import torch
    except ModuleNotFoundError as error:
        raise ProblemError(
            "training of networks",
            expected="PyTorch installed",
            received=f"no module {error.name!r}",
            advice="pip install 'landscape-control[torch]'",
        ) from error
    return torch


@checked
def mlp(*, sizes: Sizes = MLP_SIZES, seed: Index = 0) -> Any:
    """Layers of the given sizes, inputs first, ReLU between them; images are flattened."""
    torch = torch_module()
    if len(sizes) < 2:
        raise ProblemError(
            "sizes",
            expected="inputs and outputs at least, e.g. (784, 512, 256, 10)",
            received=f"{tuple(sizes)}",
            advice="name the number of inputs first and of classes last",
        )
    with seeded(torch, seed):
        layers = [torch.nn.Flatten()]
        for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1])


@checked
def small_cnn(*, seed: Index = 0) -> Any:
    """The notebook's small network for CIFAR-10, 2 360 138 weights.

    Two blocks of two 3 x 3 convolutions each, 64 then 128 channels, ReLU after each, every block
    followed by the largest of 2 x 2; then 8192-256-10.
    """
    torch = torch_module()
    nn = torch.nn
    with seeded(torch, seed):
        layers = []
        for inputs, channels in ((3, 64), (64, 128)):
            layers += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU()]
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        head = [nn.Flatten(), nn.Linear(128 * 8 * 8, 256), nn.ReLU(), nn.Linear(256, 10)]
        return nn.Sequential(*layers, *head)


class seeded:
    """What PyTorch draws by default (starting weights, dropout) from a seed; its generator stays."""

    def __init__(self, torch: Any, seed: int) -> None:
        self._torch, self._seed = torch, seed
        self._fork = torch.random.fork_rng(devices=[])

    def __enter__(self) -> None:
        self._fork.__enter__()
        self._torch.manual_seed(self._seed % 2**63)  # what PyTorch takes

    def __exit__(self, *error: object) -> None:
        self._fork.__exit__(*error)
