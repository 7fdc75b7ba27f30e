"""The pair of measures (μ_g, μ_C): Krylov spaces of the gradient and of noise draws."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from .lanczos import lanczos
from .products import Curvature

_CONVERGED = 1e-2  # |Hy - hy|/h of a Ritz vector that counts as an eigenvector
_SPREAD = np.sqrt(2.0)  # relative standard deviation of a squared normal number


class Run:
    """A Krylov space of H, with what each sample contributes to it.

    Attributes
    ----------
    space : lanczos.Krylov
    images : (m, N, K) Jq of its basis vectors q
    kept : (m,) Ritz values above round-off
    errors : (m,) standard errors of the Ritz values over samples
    projections : (N, m) float64, g_s·y of per-sample gradients with Ritz vectors
    """

    def __init__(
        self,
        curvature: Curvature,
        start: torch.Tensor,
        steps: int,
        goes_on: Callable[[], bool],
        against: torch.Tensor | None = None,
    ):
        images = []

        def product(vector: torch.Tensor) -> torch.Tensor:
            value, image = curvature(vector)
            images.append(image)
            return value

        self.curvature = curvature
        self.space = lanczos(product, start, steps, against=against, goes_on=goes_on)
        curvature.refuse_negative(self.space.values[-1], self.space.values[0])
        self.images = torch.stack(images)
        rounding = 100 * torch.finfo(start.dtype).eps
        self.kept = self.space.values > rounding * self.space.values[0]
        self.projections = self._projections()
        self.errors = self._errors()

    def _projections(self) -> np.ndarray:
        along_basis = torch.einsum("mnk,nk->nm", self.images, self.curvature.slopes)
        return along_basis.double().cpu().numpy() @ self.space.vectors

    def _errors(self) -> np.ndarray:
        columns = self.space.vectors.T
        return np.array([standard_error(self.curvature_of_samples(one)) for one in columns])

    def curvature_of_samples(self, column: np.ndarray) -> np.ndarray:
        """(N,): v'H_s v for v with these coordinates (m,) in the basis."""
        weights = torch.as_tensor(column.copy()).to(self.images)
        image = torch.einsum("m,mnk->nk", weights, self.images)
        return self.curvature.of_samples(image).double().cpu().numpy()

    @property
    def converged(self) -> np.ndarray:
        """(m,): which Ritz vectors are eigenvectors."""
        return self.kept & (self.space.residuals <= _CONVERGED * self.space.values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """Nodes of the two measures with their errors, each (M,)."""

    curvatures: np.ndarray
    curvature_errors: np.ndarray
    gradient: np.ndarray
    gradient_errors: np.ndarray
    noise: np.ndarray
    noise_errors: np.ndarray
    residuals: np.ndarray

    def followed_by(self, other: "Nodes") -> "Nodes":
        """Both, one after the other."""
        joined = {
            name: np.concatenate([value, getattr(other, name)])
            for name, value in vars(self).items()
        }
        return Nodes(**joined)


def gradient_nodes(run: Run) -> Nodes:
    """Nodes of μ_g, with v'Cv where their Ritz vectors are eigenvectors."""
    projections = run.projections[:, run.kept]
    count, along = len(projections), projections.mean(0)
    deviations = projections - along
    squares = deviations**2 * count / (count - 1)
    is_mode = run.converged[run.kept]
    return Nodes(
        curvatures=run.space.values[run.kept],
        curvature_errors=run.errors[run.kept],
        gradient=run.space.masses[run.kept],
        gradient_errors=2 * np.abs(along) * standard_error(projections),
        noise=np.where(is_mode, squares.mean(0), 0.0),
        noise_errors=np.where(is_mode, standard_error(squares), 0.0),
        residuals=run.space.residuals[run.kept] / run.space.values[run.kept],
    )


def noise_nodes(runs: list[Run], remainder: float, relative_error: float) -> tuple[Nodes, float]:
    """(nodes of μ_C in the complement of the modes, noise without curvature).

    The squared lengths of the draws, a ``remainder`` of tr C in all; ``relative_error`` is that of
    the remainder.
    """
    total, flat = empty_nodes(), 0.0
    scale = remainder / sum(run.space.length**2 for run in runs) if runs else 0.0
    for run in runs:
        masses = scale * run.space.masses
        flat += masses[~run.kept].sum()
        kept = masses[run.kept]
        zeros = np.zeros_like(kept)
        nodes = Nodes(
            curvatures=run.space.values[run.kept],
            curvature_errors=run.errors[run.kept],
            gradient=zeros,
            gradient_errors=zeros,
            noise=kept,
            noise_errors=kept * np.hypot(_SPREAD, relative_error),
            residuals=run.space.residuals[run.kept] / run.space.values[run.kept],
        )
        total = total.followed_by(nodes)
    return total, flat


def empty_nodes() -> Nodes:
    """No nodes."""
    nothing = np.zeros(0)
    return Nodes(
        curvatures=nothing,
        curvature_errors=nothing,
        gradient=nothing,
        gradient_errors=nothing,
        noise=nothing,
        noise_errors=nothing,
        residuals=nothing,
    )


def model_of_samples(run: Run, losses: np.ndarray) -> np.ndarray:
    """(N,): each sample's quadratic model at the minimiser of their mean in the Krylov space.

    Their mean is the floor; to first order their spread is that of the floor, since the minimiser
    is stationary.
    """
    along = run.projections.mean(0)
    steps = np.where(run.kept, -along / np.where(run.kept, run.space.values, 1.0), 0.0)
    column = run.space.vectors @ steps
    return losses + run.projections @ steps + run.curvature_of_samples(column) / 2


def standard_error(values: np.ndarray) -> np.ndarray:
    """Of the mean over the first axis."""
    return np.std(values, axis=0, ddof=1) / np.sqrt(len(values))
