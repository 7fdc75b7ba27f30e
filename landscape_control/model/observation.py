"""What the learner sees of the hidden landscape: a closed family of observation models.

In continuous time the learner sees dY = h(θ, φ) dt + R^{1/2} dV; ``noise`` is the standard
deviation per √time of each component, or its square root matrix, or a function of θ. In discrete
time with step Δt it sees h + R^{1/2} ξ/√Δt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NoReturn

import casadi as ca
import numpy as np

from ..support.arguments import NonNegative, Numbers, Vector, checked
from ..support.arrays import freeze
from ..support.errors import ProblemError
from ..support.expressions import call_traced
from ..support.kinks import refuse_kinks
from ..support.recordable import HoldsFunctions
from ..support.short_repr import short_repr
from .landscape import Landscape


@dataclass(frozen=True, eq=False)
class Sees(HoldsFunctions):
    """Base of the family; use one of its kinds."""

    if TYPE_CHECKING:
        # a field of most kinds, of which a property would be the default at run time

        @property
        def noise(self) -> float | np.ndarray | Callable: ...

    def expression(self, landscape: Landscape, theta: ca.SX, hidden: ca.SX | None) -> ca.SX:
        """h(θ, φ) as a CasADi column."""
        raise NotImplementedError

    def root(self, theta: ca.SX, size: int) -> ca.SX | ca.DM:
        """R^{1/2}(θ), size x size, as a CasADi expression; numbers where it is constant."""
        noise: ca.SX | ca.DM
        if callable(self.noise):
            noise = call_traced(
                "noise",
                self.noise,
                [theta],
                wanted=(
                    f"a number, {size} numbers, or a {size}x{size} matrix, from a function "
                    "of the vector θ"
                ),
                advice="write it with NumPy or CasADi operations on the vector it is given",
            )
        else:
            noise = ca.DM(np.asarray(self.noise))
        if noise.numel() == 1:
            return noise * ca.DM.eye(size)
        if noise.shape in ((size, 1), (1, size)):
            return ca.diag(noise)
        if noise.shape != (size, size):
            raise ProblemError(
                "noise",
                expected=f"a number, {size} numbers, or a {size}x{size} matrix",
                received=f"shape {noise.shape}",
                advice="give one standard deviation per observed component",
            )
        return noise


def check_sees(sees: Sees, landscape: Landscape) -> None:
    """Refuse functions of the user's that do not fit the landscape.

    So are kinks in them, unless the landscape allows kinks.
    """
    theta = ca.SX.sym("theta", landscape.dimension)
    given = [theta]
    size = 1 if isinstance(sees, NoisyLoss) else landscape.dimension
    parts: dict[str, ca.SX | ca.DM] = {}
    if landscape.hidden is not None:
        hidden = ca.SX.sym("hidden", landscape.hidden.dimension)
        given.append(hidden)
        if isinstance(sees, Observe):
            parts["observation"] = sees.expression(landscape, theta, hidden)
            size = parts["observation"].numel()
    if callable(getattr(sees, "noise", None)):
        parts["noise"] = sees.root(theta, size)
    if landscape.allow_kinks:
        return
    for what, expression in parts.items():
        refuse_kinks(what, ca.Function("seen", given, [ca.densify(expression)]))


@checked
@dataclass(frozen=True, eq=False)
class ExactGradient(Sees):
    """The learner sees ∇L(θ, φ) without noise."""

    noise: ClassVar[float] = 0.0

    def expression(self, landscape: Landscape, theta: ca.SX, hidden: ca.SX | None) -> ca.SX:
        return ca.gradient(landscape.symbolic(theta, hidden), theta)


@checked
@dataclass(frozen=True, eq=False)
class NoisyGradient(Sees):
    """The learner sees ∇L(θ, φ) with noise σ per √time on each component.

    See the module for other forms of noise.
    """

    noise: float | Numbers | Callable

    def __post_init__(self):
        _check_noise(self)

    def expression(self, landscape: Landscape, theta: ca.SX, hidden: ca.SX | None) -> ca.SX:
        return ca.gradient(landscape.symbolic(theta, hidden), theta)


@dataclass(frozen=True, eq=False)
class SeesModes(Sees):
    """Base of the noise of modes of a quadratic, for policy programs only."""

    def expression(self, landscape: Landscape, theta: ca.SX, hidden: ca.SX | None) -> ca.SX:
        return ca.gradient(landscape.symbolic(theta, hidden), theta)

    def root(self, theta: ca.SX, size: int) -> NoReturn:
        raise ProblemError(
            "sees",
            expected="noise that does not depend on an unknown curvature",
            received=type(self).__name__,
            advice=(
                "use it with optimize_policy; for beliefs give NoisyGradient a number, a matrix or"
                " a function of θ"
            ),
        )


@checked
@dataclass(frozen=True, eq=False)
class CurvatureNoise(SeesModes):
    """Policy programs only: the learner sees the gradient of a mode of curvature h with noise
    scale·h^power.

    ``power`` = ½ is gradient noise whose variance is the curvature, as for a log-likelihood at its
    optimum. With ``multiplicative`` = b > 0 the variance is

        scale²·h^(2·power) + b·(h(θ-μ))²,

    the second part that of small batches: it vanishes at the minimum (interpolation, if ``scale`` =
    0). Second moments stay in closed form.

    With ``follows_loss`` the first part is multiplied by L_t/L_0, L_t = E ½h(θ_t-μ)² over all modes
    where the gradients of step t are taken: noise of a network whose loss falls, which couples the
    modes. It is exact for many modes (mean field), and for linear families only. ``floor`` is the
    loss at the minimum, by which L_t and L_0 are larger.
    """

    scale: NonNegative
    power: float = 0.5
    multiplicative: NonNegative = 0.0
    follows_loss: bool = False
    floor: NonNegative = 0.0


@checked
@dataclass(frozen=True, eq=False)
class ModeNoise(SeesModes):
    """Policy programs only: each mode of a Discrete spectrum is seen with noise of its own.

    As measured on a network, where noise is no function of the curvature.

    Attributes
    ----------
    deviations : (N,) ≥ 0, standard deviation of the gradient of each of ``Discrete.values``, per
        step
    multiplicative : b ≥ 0, as in :class:`CurvatureNoise`: the variance is deviation² + b·(h(θ-μ))²
    follows_loss : whether deviation² is that at the start and is multiplied by L_t/L_0, as in
        :class:`CurvatureNoise`
    floor : the loss at the minimum, part of that L_t and L_0

    Raises ProblemError for negative deviations, and in a program for a spectrum of another length.
    """

    deviations: Vector
    multiplicative: NonNegative = 0.0
    follows_loss: bool = False
    floor: NonNegative = 0.0

    def __post_init__(self):
        if not (self.deviations >= 0).all():
            raise ProblemError(
                "deviations",
                expected="standard deviations >= 0, one for each curvature",
                received=f"smallest {self.deviations.min():g}",
                advice="pass the square root of each mode's noise variance",
            )


@checked
@dataclass(frozen=True, eq=False)
class NoisyLoss(Sees):
    """The learner sees L(θ, φ) with noise σ per √time."""

    noise: float | Callable

    def __post_init__(self):
        _check_noise(self)

    def expression(self, landscape: Landscape, theta: ca.SX, hidden: ca.SX | None) -> ca.SX:
        return landscape.symbolic(theta, hidden)


@checked
@dataclass(frozen=True, eq=False)
class Observe(Sees):
    """The learner sees any differentiable function h(θ, φ), written with NumPy or CasADi, with noise."""

    function: Callable
    noise: float | Numbers | Callable

    __repr__ = short_repr

    def __post_init__(self):
        _check_noise(self)

    def expression(self, landscape: Landscape, theta: ca.SX, hidden: ca.SX | None) -> ca.SX:
        assert hidden is not None  # an observation is made where something is hidden
        return ca.vec(
            call_traced(
                "observation",
                self.function,
                [theta, hidden],
                wanted="a column, from a function of the vectors θ and φ",
                advice="write it with NumPy or CasADi operations on the vectors that it is given",
            )
        )


def _check_noise(sees: Sees) -> None:
    if callable(sees.noise):
        return
    noise = freeze(sees.noise)
    if not _is_invertible(noise):
        raise ProblemError(
            "noise",
            expected="standard deviations > 0, an invertible matrix, or a function of θ",
            received=repr(sees.noise),
            advice="for observations without noise use ExactGradient()",
        )
    object.__setattr__(sees, "noise", noise if noise.ndim else float(noise))


def _is_invertible(noise: np.ndarray) -> bool:
    """Whether it is a standard deviation, several, or a root R^{1/2}, and R can be inverted."""
    if noise.ndim > 2 or not np.isfinite(noise).all():
        return False
    if noise.ndim < 2:
        return bool((noise > 0).all())
    is_square = noise.shape[0] == noise.shape[1]
    return is_square and bool(np.linalg.matrix_rank(noise) == len(noise))
