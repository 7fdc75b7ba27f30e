"""Lanczos with full reorthogonalisation: Gauss quadrature of v'f(A)v."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

Product = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class Krylov:
    """An orthonormal basis and what A is in it.

    Attributes
    ----------
    basis : (m, P) orthonormal rows, the first the normalised start
    values : (m,) Ritz values, descending
    vectors : (m, m) eigenvectors of the tridiagonal matrix as columns, in that order; their first
        entries squared are the Gauss weights of the start
    residuals : (m,) |Ay - θy| of the Ritz vectors y
    length : |start|
    """

    basis: torch.Tensor
    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    length: float

    @property
    def masses(self) -> np.ndarray:
        """(m,): (start·y)² of the Ritz vectors y; they sum to |start|²."""
        return self.length**2 * self.vectors[0] ** 2

    def ritz(self, places: np.ndarray) -> torch.Tensor:
        """(k, P): Ritz vectors at these places."""
        rotation = torch.as_tensor(self.vectors[:, places].T.copy()).to(self.basis)
        return rotation @ self.basis


def lanczos(
    product: Product,
    start: torch.Tensor,
    steps: int,
    *,
    against: torch.Tensor | None = None,
    goes_on: Callable[[], bool] = lambda: True,
) -> Krylov:
    """At most ``steps`` products with a symmetric A, from a start (P,) that is not zero.

    Ends early where the space is invariant to round-off, and where ``goes_on`` says no after the
    first product. ``against`` (k, P) has orthonormal rows that the basis stays orthogonal to; A
    then acts in their complement.

    Every new vector is made orthogonal to all before, twice: C. C. Paige, *Computational variants
    of the Lanczos method for the eigenproblem*, 1972; Gauss quadrature by it: G. H. Golub, G.
    Meurant, *Matrices, Moments and Quadrature*, 2010, chapter 6.
    """
    length = float(start.norm())
    basis = start.new_empty((steps, len(start)))
    basis[0] = start / length
    diagonal: list[float] = []
    off: list[float] = []
    rounding = 100 * torch.finfo(start.dtype).eps
    while True:
        here = len(diagonal)
        image = product(basis[here])
        diagonal.append(float(image @ basis[here]))
        known = basis[: here + 1]
        for _ in range(2):
            image = image - known.T @ (known @ image)
            if against is not None:
                image = image - against.T @ (against @ image)
        off.append(float(image.norm()))
        scale = max(map(abs, diagonal)) + max(off[:-1], default=0.0)
        is_invariant = off[-1] <= rounding * scale
        if is_invariant or here + 1 == steps or not goes_on():
            break
        basis[here + 1] = image / off[-1]
    return _krylov(basis[: len(diagonal)], diagonal, off, length)


def _krylov(basis: torch.Tensor, diagonal: list[float], off: list[float], length: float) -> Krylov:
    matrix = np.diag(diagonal) + np.diag(off[:-1], 1) + np.diag(off[:-1], -1)
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1].copy(), vectors[:, ::-1].copy()
    residuals = off[-1] * np.abs(vectors[-1])
    return Krylov(basis=basis, values=values, vectors=vectors, residuals=residuals, length=length)
