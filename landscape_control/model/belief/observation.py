"""What the learner sees, compiled: h(θ, φ), its slope in φ, and the noise; whitened for filters."""

from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np

from ...support.errors import ProblemError
from ...support.vectorised import Vectorised
from ..landscape import Landscape
from ..observation import ExactGradient, Sees


class Observation:
    """dY = h(θ, φ)dt + R^{1/2}(θ)dV, or y = h without noise; ``dimension`` q components.

    Whitened quantities are multiplied by R^{-1/2}, so that their noise is standard; exact
    observations stay as they are.
    """

    def __init__(self, landscape: Landscape, sees: Sees):
        n, p = landscape.dimension, landscape.hidden_dimension
        self.theta, self.hidden = ca.SX.sym("theta", n), ca.SX.sym("hidden", p)
        self.is_exact = isinstance(sees, ExactGradient)
        seen = sees.expression(landscape, self.theta, self.hidden)
        self.expression = ca.densify(ca.vec(ca.SX(seen)))
        self.dimension = q = self.expression.numel()
        root = ca.DM.eye(q) if self.is_exact else sees.root(self.theta, q)
        self.root = ca.densify(ca.SX(root))
        self.slope = ca.densify(ca.jacobian(self.expression, self.hidden))
        self.is_linear = not _depends(self.slope, self.hidden)

    @cached_property
    def has_constant_noise(self) -> bool:
        """Whether R does not depend on θ."""
        return not _depends(self.root, self.theta)

    @cached_property
    def is_constant(self) -> bool:
        """Whether ∂h/∂φ and R depend neither on θ nor on φ, so that all episodes share one
        covariance.
        """
        return self.is_linear and self.has_constant_noise and not _depends(self.slope, self.theta)

    @cached_property
    def white(self) -> tuple[ca.SX, ca.SX]:
        """R^{-1/2}h and R^{-1/2}∂h/∂φ."""
        solved = ca.solve(self.root, ca.horzcat(self.expression, self.slope))
        return solved[:, 0], solved[:, 1:]

    @cached_property
    def _symbolic_white(self) -> ca.Function:
        return ca.Function(
            "white", [self.theta, self.hidden], [ca.densify(part) for part in self.white]
        )

    def symbolic_white(self, theta: Any, hidden: Any) -> tuple[Any, Any]:
        """R^{-1/2}h and R^{-1/2}∂h/∂φ at CasADi vectors; refuses observations without noise."""
        if self.is_exact:
            raise ProblemError(
                "noise",
                expected="observations with noise, for the belief's continuous dynamics",
                received="ExactGradient(): a belief jumps when it is seen",
                advice=(
                    "pass NoisyGradient(noise=...) with a small noise; or, where"
                    " unobservable(problem) is empty, the gradient reveals the hidden variables:"
                    " plan with problem.known(values)"
                ),
            )
        return self._symbolic_white(theta, hidden)

    @cached_property
    def _value(self) -> Vectorised:
        return Vectorised(ca.Function("observation", [self.theta, self.hidden], [self.expression]))

    @cached_property
    def _white(self) -> Vectorised:
        return Vectorised(
            ca.Function("white", [self.theta, self.hidden], [ca.densify(self.white[0])])
        )

    @cached_property
    def _white_slope(self) -> Vectorised:
        return Vectorised(
            ca.Function("white_slope", [self.theta, self.hidden], [ca.densify(self.white[1])])
        )

    @cached_property
    def _roots(self) -> Vectorised:
        inverse = ca.solve(self.root, ca.SX.eye(self.dimension))
        return Vectorised(ca.Function("roots", [self.theta], [self.root, ca.densify(inverse)]))

    @cached_property
    def _constant_roots(self) -> tuple[np.ndarray, ...]:
        return tuple(
            part.reshape(self.dimension, -1)
            for part in self._roots(np.zeros((1, self.theta.numel())))
        )

    def value(self, theta: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """h at θ (E, n) and φ (E, p): shape (E, q)."""
        return self._value(theta, hidden).reshape(-1, self.dimension)

    def white_value(self, theta: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """R^{-1/2}h at θ (E, n) and φ (E, p): shape (E, q)."""
        return self._white(theta, hidden).reshape(-1, self.dimension)

    def white_slope(self, theta: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """R^{-1/2}∂h/∂φ: shape (E, q, p), or (q, p) where it is the same everywhere."""
        if self.is_constant:
            return self._constant_slope
        return self._white_slope(theta, hidden).reshape(-1, self.dimension, self.hidden.numel())

    @cached_property
    def _constant_slope(self) -> np.ndarray:
        zeros = np.zeros((1, self.theta.numel())), np.zeros((1, self.hidden.numel()))
        return self._white_slope(*zeros).reshape(self.dimension, -1)

    def whiten(self, theta: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """R^{-1/2}y for observations (E, q)."""
        return seen if self.is_exact else self._times(1, theta, seen)

    def seen(
        self, theta: np.ndarray, hidden: np.ndarray, noise: np.ndarray, step: float
    ) -> np.ndarray:
        """y = h(θ, φ) + R^{1/2}ξ/√step for standard noise ξ (E, q)."""
        value = self.value(theta, hidden)
        return value if self.is_exact else value + self._times(0, theta, noise) / np.sqrt(step)

    def variance(self, step: float) -> float:
        """Variance of each whitened component seen for a time ``step``."""
        return 0.0 if self.is_exact else 1 / step

    def _times(self, which: int, theta: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """R^{1/2}v for ``which`` = 0, R^{-1/2}v for 1, of vectors v (E, q)."""
        if self.has_constant_noise:
            root = self._constant_roots[which]
            return vectors * root[0, 0] if self.dimension == 1 else vectors @ root.T
        root = self._roots(theta)[which].reshape(-1, self.dimension, self.dimension)
        return (root @ vectors[..., None])[..., 0]

    def check(self, start: np.ndarray, mean: np.ndarray) -> None:
        """Refuse noise without an inverse and observations that are not finite, at θ and φ."""
        root = self._roots(start[None])[0].reshape(self.dimension, -1)
        if not np.isfinite(root).all() or np.linalg.matrix_rank(root) < self.dimension:
            raise ProblemError(
                "noise",
                expected="an invertible R^(1/2) at the start, as the filter divides by R",
                received=np.array2string(root, precision=4),
                advice=(
                    "give every observed component noise > 0, or drop the component; "
                    "without any noise use ExactGradient()"
                ),
            )
        value = self.value(start[None], mean[None])
        if not np.isfinite(value).all():
            raise ProblemError(
                "observation h(θ, φ)",
                expected="finite numbers at the start and the prior mean",
                received=str(value.ravel().tolist()),
                advice="start inside the function's domain",
            )


def _depends(expression: ca.SX, symbols: ca.SX) -> bool:
    return bool(ca.jacobian_sparsity(ca.vec(expression), symbols).nnz())
