"""LandscapeDistribution: what the learner may meet, as landscapes with weights or draws and where it starts on them."""

from dataclasses import dataclass

from ..arrays import number
from ..errors import ProblemError, named
from .hidden import Hidden
from .spectra import Spectrum


@named
@dataclass(frozen=True, kw_only=True, eq=False)
class LandscapeDistribution:
    """A population of landscapes; build with :meth:`quadratic` (or the other constructors).

    For random quadratics one mode is L = ½h(θ-μ)², h ~ ``curvatures``, θ_0 ~ N(start_mean, start_variance) independent
    of h, and μ = 0 unless ``minimum`` says how it moves. Modes of a quadratic in many dimensions are such modes when the
    rule works along its axes.

    Attributes
    ----------
    curvatures : Spectrum or None
    start_mean, start_variance : of θ_0
    minimum : None or a Hidden process of one variable, μ, sampled at whole times
    """

    curvatures: Spectrum | None = None
    start_mean: float = 0.0
    start_variance: float = 1.0
    minimum: Hidden | None = None

    def __post_init__(self):
        object.__setattr__(self, "start_mean", number("start_mean", self.start_mean))
        object.__setattr__(self, "start_variance", number("start_variance", self.start_variance, low=0))
        if self.start_variance == 0 and self.start_mean == 0 and self.minimum is None:
            raise ProblemError(
                "start_variance",
                expected="a start away from the minimum",
                received="start_variance = 0 at the minimum",
                advice="give start_variance > 0, or a start_mean",
            )

    @classmethod
    def quadratic(cls, *, curvatures: Spectrum, start_variance: float, start_mean: float = 0.0,
                  minimum: Hidden | None = None) -> "LandscapeDistribution":
        """Random quadratics with curvatures from a spectrum."""
        if not isinstance(curvatures, Spectrum):
            raise ProblemError("curvatures", expected="Uniform, LogUniform, MarchenkoPastur or Discrete",
                               received=type(curvatures).__name__, advice="e.g. landscape_control.Uniform(0.05, 1.0)")
        return cls(curvatures=curvatures, start_variance=start_variance, start_mean=start_mean, minimum=minimum)

    @property
    def is_quadratic(self) -> bool:
        """Whether it is a spectrum of quadratics, so that second moments propagate in closed form."""
        return self.curvatures is not None
