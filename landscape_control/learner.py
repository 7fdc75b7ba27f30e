"""What the learner can do: the price of moving, where it drifts by itself, and which directions it can push."""

from collections.abc import Callable
from dataclasses import dataclass

import casadi as ca
import numpy as np

from .arrays import freeze
from .errors import ProblemError, named
from .recordable import HoldsFunctions
from .sees import Sees


@named
@dataclass(frozen=True, kw_only=True, eq=False)
class Learner(HoldsFunctions):
    """θ̇ = f(θ) + B(θ)u at effort uᵀG(θ)u / 2η (VGR25: B = I, u = θ̇ - f).

    Attributes
    ----------
    metric : None, array (m, m) or callable
        G, symmetric positive definite, on the control space; None is the identity. With B = I it is the metric of
        parameter space (Fisher information for the natural gradient). A callable maps a CasADi vector θ to it.
    drift : None, array (n,) or callable
        f, what the parameters do when nobody pushes; None is no drift. See :func:`linear_drift`.
    actuation : None, array (n, m) or callable
        B, which directions can be pushed; None is the identity. Fewer columns than rows (or lower rank) is
        partial controllability; more columns than rows share the effort.
    sees : None or an observation model
        What the learner sees of a landscape with hidden variables: ExactGradient(), NoisyGradient(noise),
        NoisyLoss(noise) or Observe(function, noise). None where nothing is hidden.

    Shapes are checked against the landscape by ``ControlProblem``.
    """

    metric: np.ndarray | Callable | None = None
    drift: np.ndarray | Callable | None = None
    actuation: np.ndarray | Callable | None = None
    sees: Sees | None = None

    def __post_init__(self):
        if self.sees is not None and not isinstance(self.sees, Sees):
            raise ProblemError(
                "sees",
                expected="ExactGradient(), NoisyGradient(...), NoisyLoss(...) or Observe(...)",
                received=type(self.sees).__name__,
                advice="say what the learner sees with one of these",
            )
        for name in ("metric", "drift", "actuation"):
            value = getattr(self, name)
            if value is None or callable(value):
                continue
            try:
                object.__setattr__(self, name, freeze(value))
            except (TypeError, ValueError):
                raise ProblemError(
                    name,
                    expected="None, an array or a function of θ",
                    received=type(value).__name__,
                    advice=f"pass {name} as numbers or as a CasADi-traceable function",
                ) from None


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearDrift:
    """f(θ) = Aθ + c, kept as matrices so that exact references can read them. Build with :func:`linear_drift`."""

    matrix: np.ndarray
    offset: np.ndarray

    def __call__(self, theta):
        return ca.DM(self.matrix) @ theta + ca.DM(self.offset)


def linear_drift(matrix, offset=None) -> LinearDrift:
    """The drift f(θ) = Aθ + c: weight decay is A = -j·I, rotation a skew-symmetric A (VGR25 Fig. 3c, d)."""
    matrix = freeze(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ProblemError(
            "linear drift",
            expected="a square matrix A",
            received=f"shape {matrix.shape}",
            advice="for decay at rate j write -j * numpy.eye(n)",
        )
    return LinearDrift(matrix=matrix, offset=freeze(np.zeros(len(matrix)) if offset is None else offset))
