"""What the learner can do: the price of moving, its drift, and which directions it can push."""

from collections.abc import Callable
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ..support.arguments import Matrix, Numbers, Vector, checked
from ..support.arrays import vector
from ..support.errors import ProblemError
from ..support.recordable import HoldsFunctions
from ..support.short_repr import short_repr
from .observation import Sees


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Learner(HoldsFunctions):
    """θ̇ = f(θ) + B(θ)u at effort uᵀG(θ)u / 2η (VGR25: B = I, u = θ̇ - f).

    Theory: equation :eq:`dynamics`.

    Attributes
    ----------
    metric : None, array (m, m) or callable
        G, symmetric positive definite, on the control space; None is the identity. With B = I it is
        the metric of parameter space (Fisher information for the natural gradient). A callable maps
        a vector θ to it, by NumPy or CasADi.
    drift : None, array (n,) or callable
        f, what the parameters do when nobody pushes; None is no drift. See :func:`linear_drift`.
    actuation : None, array (n, m) or callable
        B, which directions can be pushed; None is the identity. Fewer columns than rows (or lower
        rank) is partial controllability; more columns than rows share the effort.
    sees : None or an observation model
        What the learner sees of a landscape with hidden variables: ExactGradient(),
        NoisyGradient(noise), NoisyLoss(noise) or Observe(function, noise). None where nothing is
        hidden.

    Shapes are checked against the landscape by ``ControlProblem``.
    """

    metric: Numbers | Callable | None = None
    drift: Numbers | Callable | None = None
    actuation: Numbers | Callable | None = None
    sees: Sees | None = None

    __repr__ = short_repr


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LinearDrift:
    """f(θ) = Aθ + c, kept as matrices so that exact references can read them. Build with
    :func:`linear_drift`.
    """

    matrix: Matrix
    offset: Vector

    __repr__ = short_repr

    def __call__(self, theta: ca.SX) -> ca.SX:
        return ca.DM(self.matrix) @ theta + ca.DM(self.offset)


@checked
def linear_drift(matrix: Matrix, offset: Vector | None = None) -> LinearDrift:
    """The drift f(θ) = Aθ + c: weight decay is A = -j·I, rotation a skew-symmetric A (VGR25 Fig.
    3c, d).
    """
    if matrix.shape[0] != matrix.shape[1]:
        raise ProblemError(
            "linear drift",
            expected="a square matrix A",
            received=f"shape {matrix.shape}",
            advice="for decay at rate j write -j * numpy.eye(n)",
        )
    offset = np.zeros(len(matrix)) if offset is None else vector("offset", offset, len(matrix))
    return LinearDrift(matrix=matrix, offset=offset)
