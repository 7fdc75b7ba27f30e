"""Networks whose weights a seed decides, whatever was drawn before; needs PyTorch."""

import math

import torch

from landscape_control.training.networks import seeded


def drawn(make, seed=0):
    """What ``make()`` builds, with the starting weights that PyTorch draws by default."""
    with seeded(torch, seed):
        return make()


def gaussian(network, seed=0, size=0.7, by_inputs=True):
    """The network in double precision, all weights normal with deviation ``size``.

    With ``by_inputs`` divided by the square root of the length of a row.
    """
    generator = torch.Generator().manual_seed(seed)
    network = network.double().eval()
    with torch.no_grad():
        for weights in network.parameters():
            numbers = torch.randn(weights.shape, generator=generator, dtype=torch.float64)
            length = weights.shape[-1] if by_inputs else 1
            weights.copy_(size * numbers / math.sqrt(length))
    return network
