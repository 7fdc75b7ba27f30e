"""Gauss-Newton products, with what each sample contributes to them."""

from collections.abc import Callable

import torch

from ...support.errors import ProblemError
from .network import Network
from .outputs import Outputs, check_depends, kind_of_loss, majorant_share
from .samples import Samples

CHUNK = 512  # samples whose activations are one graph
_FEW = 64


class _Piece:
    """Some samples: the graphs of z(θ), of J'u as a function of u, and of the loss in z."""

    def __init__(
        self, network: Network, loss: Callable, inputs: torch.Tensor, targets: torch.Tensor
    ):
        self.tensors = network.tensors
        self.graph = network.model(inputs)
        self.outputs = Outputs(loss, self.graph, targets)
        self.dual = torch.zeros_like(self.graph, requires_grad=True)
        self.pulled = self._pull(self.dual, create_graph=True)

    def _pull(self, cotangents: torch.Tensor, *, create_graph: bool = False) -> tuple:
        return torch.autograd.grad(
            self.graph,
            self.tensors,
            cotangents,
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
        )

    def pulled_back(self, cotangents: torch.Tensor) -> tuple:
        """J'u for every parameter, None where the outputs do not depend on it."""
        return self._pull(cotangents)

    def pushed_forward(self, directions: list[torch.Tensor]) -> torch.Tensor:
        """Jv: the derivative of J'u with respect to u, towards v (as J'u is linear in u)."""
        used = [
            (image, direction)
            for image, direction in zip(self.pulled, directions, strict=True)
            if image is not None and image.requires_grad
        ]
        if not used:
            return torch.zeros_like(self.graph)
        images, towards = zip(*used, strict=True)
        (moved,) = torch.autograd.grad(images, self.dual, towards, retain_graph=True)
        return moved.detach()


class Curvature:
    """H = (1-m) J'ΛJ + m J'MJ, a mean over samples, as a product with vectors (P,).

    Λ is the Hessian of a sample's loss in its outputs, M its majorant of share m.

    Attributes
    ----------
    losses, slopes : (N,) float64, and (N, K) of all outputs of a sample side by side
    products : how many were made
    """

    def __init__(self, network: Network, loss: Callable, samples: Samples, majorant: float | None):
        self.network, self.count, self.products = network, len(samples), 0
        check_depends(loss, network, samples)
        self.pieces = [_Piece(network, loss, *part) for part in samples.pieces(CHUNK)]
        first = self.pieces[0].graph.detach()[:_FEW]
        targets = samples.targets[:_FEW]
        self.kind, self.axis = kind_of_loss(loss, Outputs(loss, first, targets), targets)
        self.share = majorant_share(majorant, self.kind)
        self.losses = torch.cat([piece.outputs.losses for piece in self.pieces])
        self.slopes = torch.cat([_rows(piece.outputs.slopes.detach()) for piece in self.pieces])

    def gradient(self, factors: torch.Tensor | None = None) -> torch.Tensor:
        """(P,): (1/N) Σ_s f_s g_s with per-sample gradients g_s; f = 1 when None."""
        total = torch.zeros(sum(self.network.sizes)).to(self.slopes)
        for piece, part in self._with_rows(factors):
            slopes = piece.outputs.slopes.detach()
            if part is not None:
                slopes = slopes * part.view(-1, *[1] * (slopes.ndim - 1))
            total += self.network.vector(piece.pulled_back(slopes))
        return total / self.count

    def __call__(self, vector: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(Hv (P,), Jv (N, K))."""
        self.products += 1
        directions = self.network.parts(vector)
        total, images = torch.zeros_like(vector), []
        for piece in self.pieces:
            image = piece.pushed_forward(directions)
            curved = self._mixed(piece.outputs, image)
            total += self.network.vector(piece.pulled_back(curved))
            images.append(_rows(image))
        total /= self.count
        if not torch.isfinite(total).all():
            raise ProblemError(
                "model",
                expected="finite products with the curvature",
                received="others",
                advice="weights or activations overflow: use torch.float64 or smaller weights",
            )
        return total, torch.cat(images)

    def of_samples(self, images: torch.Tensor) -> torch.Tensor:
        """(N,): v'H_s v of each sample from Jv (N, K)."""
        found = []
        for piece, part in self._with_rows(images):
            curved = self._mixed(piece.outputs, part.view_as(piece.graph))
            found.append((_rows(curved) * part).sum(1))
        return torch.cat(found)

    def _mixed(self, outputs: Outputs, image: torch.Tensor) -> torch.Tensor:
        if not self.share:
            return outputs.hessian(image)
        bound = outputs.majorant(image, self.axis)
        return (1 - self.share) * outputs.hessian(image) + self.share * bound

    def _with_rows(self, rows: torch.Tensor | None) -> list:
        """Every piece with its rows."""
        if rows is None:
            return [(piece, None) for piece in self.pieces]
        parts = rows.split([len(piece.graph) for piece in self.pieces])
        return list(zip(self.pieces, parts, strict=True))

    def refuse_negative(self, lowest: float, highest: float) -> None:
        """Refuse an indefinite H, which comes of a loss that is not convex in the outputs."""
        rounding = 1e3 * torch.finfo(self.slopes.dtype).eps
        if lowest < -rounding * max(abs(highest), abs(lowest)):
            raise ProblemError(
                "loss_fn",
                expected="a loss convex in the outputs, so that no curvature is negative",
                received=f"a curvature of {lowest:.3g} beside {highest:.3g}, {self.kind} loss",
                advice="measure with a convex surrogate, such as cross-entropy on logits",
            )
        if highest <= 0:
            raise ProblemError(
                "loss_fn",
                expected="a loss with curvature in the outputs",
                received=f"none at these weights, {self.kind} loss",
                advice="a loss linear in the outputs, such as that of torch.nn.L1Loss, has no"
                " quadratic model; nor have outputs that do not depend on the weights",
            )


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.reshape(len(tensor), -1)
