"""``Measurement``: the two measures over curvature that a linear learning rule sees of a network."""

import math
from dataclasses import dataclass

import numpy as np

from ...model.landscape import Discrete, LandscapeDistribution
from ...model.observation import ModeNoise
from ...support.arguments import AnyNumber, Count, Entries, NonNegative, Share, checked
from ...support.arrays import freeze
from ...support.errors import ProblemError
from ...support.results import Result
from .words import layer_table, mode_table, paragraphs

_OF_NODES = (
    "curvatures",
    "gradient",
    "noise",
    "curvature_errors",
    "gradient_errors",
    "noise_errors",
    "residuals",
)
_OF_LAYERS = (
    "layer_weights",
    "layer_gradient",
    "layer_noise",
    "layer_noise_errors",
    "layer_leading",
)


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Measurement(Result):
    """What :func:`landscape_control.measure` found at one place in weight space.

    Theory: equation :eq:`network`.

    The loss is modelled as L(θ+d) = L + g·d + ½ d'Hd, where L is the mean over samples, and the
    gradient of a batch of B samples has covariance C/B. A linear rule that starts from zero state
    sees of H, g and C only the measures over curvature

        μ_g = Σ (g·v)² δ(h),    μ_C = Σ v'Cv δ(h)    over eigenpairs (h, v) of H,

    held here by M nodes: the Gauss quadrature of the Krylov space of g (first
    ``gradient_nodes`` of them), then that of the Krylov spaces of ``draws`` noise draws in what
    converged eigenvectors of the first leave over. With P_T(h) the factor by which a rule shrinks
    the distance of a mode to its minimum, and N_T(h) the variance there per unit of noise variance,

        E L_T = floor + ½ Σ h P_T(h)² μ_g(h)/h² + ½ Σ h N_T(h) μ_C(h)/B.

    Nothing is known of modes outside; their gradient and noise are ``flat_gradient`` and
    ``flat_noise``, which the prediction leaves out.

    Attributes
    ----------
    curvatures : (M,) > 0, nodes h, loss per squared unit of weight
    gradient : (M,) ≥ 0, masses of μ_g, (loss / weight)²
    noise : (M,) ≥ 0, masses of μ_C for one sample, (loss / weight)²; with N-1 under the sum over N
        samples
    curvature_errors, gradient_errors, noise_errors : (M,), standard errors over samples; of the
        noise of nodes from draws at most √2 times the mass, the spread of a squared normal number
    residuals : (M,) |Hy - hy|/h of the Ritz vector y of each node: 0 where it is an eigenvector
    gradient_nodes : how many of the nodes are those of g, in decreasing order of curvature
    loss, loss_error : L, and its standard error
    floor, floor_error : L - ½ Σ μ_g/h, the least of the quadratic model of these samples in the
        Krylov space, and its standard error to first order, with that space held. Other samples have
        Krylov spaces of their own, which adapt to them: their floors spread less, where the space
        does not hold all of the gradient's curvatures. Against samples drawn again (linear
        regressions, 20 and 30 dimensions) it is 5 to 28 % too large with few products, within 10 %
        where the space is whole; 20 to 70 % on a network of 74 weights. The floor as a function of
        the samples is too bent there for derivatives through the space (up to 1.7 times the spread)
        and for a jackknife over 20 groups of samples (0.7 to 1.5 times). On average over samples the
        floor is too low, by about Σ (v'Cv/h)/2N, as they are fitted
    noise_trace, noise_trace_error : tr C of one sample
    gradient_square, gradient_square_error : |g|²
    gradient_bias : tr C/N, by which |g|² of N drawn samples is too large on average; 0 where the
        samples are all there are
    flat_gradient, flat_noise : shares of |g|² and tr C that no node holds, because the curvature
        there is zero to round-off
    loss_kind : "softmax cross-entropy", "quadratic" or "other", by the Hessian in the outputs
    majorant : share m of Böhning's bound in H = (1-m) Gauss-Newton + m J'(I - 11'/K)J/2
    weights : number of weights P
    batch_size : B of the loader
    samples, noise_samples : how many went into L, g and H, and into tr C
    whole : whether these were all samples of the loader
    products, draws : products with H, and noise draws, that were made
    stopped : whether ``seconds`` ran out before all products that were asked for
    seconds : wall clock it took
    layers, layer_weights : names and sizes of the parameter tensors
    layer_gradient, layer_noise, layer_noise_errors : |g|² and tr C in each, and the latter's error
    layer_leading : share of each in the squared length of the leading eigenvector; sums to 1
    """

    curvatures: Entries
    gradient: Entries
    noise: Entries
    curvature_errors: Entries
    gradient_errors: Entries
    noise_errors: Entries
    residuals: Entries
    gradient_nodes: Count
    loss: AnyNumber
    loss_error: AnyNumber
    floor: AnyNumber
    floor_error: AnyNumber
    noise_trace: NonNegative
    noise_trace_error: NonNegative
    gradient_square: NonNegative
    gradient_square_error: NonNegative
    gradient_bias: NonNegative
    flat_gradient: Share
    flat_noise: Share
    loss_kind: str
    majorant: Share
    weights: Count
    batch_size: Count
    samples: Count
    noise_samples: Count
    whole: bool
    products: Count
    draws: int
    stopped: bool
    seconds: AnyNumber
    layers: tuple[str, ...]
    layer_weights: Entries
    layer_gradient: Entries
    layer_noise: Entries
    layer_noise_errors: Entries
    layer_leading: Entries

    def __post_init__(self) -> None:
        for name, length in self._lengths().items():
            if np.shape(getattr(self, name)) != (length,):
                raise ProblemError(
                    name,
                    expected=f"{length} numbers",
                    received=f"shape {np.shape(getattr(self, name))}",
                    advice="measure again, or pass one number for each node or layer",
                )

    def _lengths(self) -> dict[str, int]:
        lengths = dict.fromkeys(_OF_NODES, len(np.atleast_1d(self.curvatures)))
        return lengths | dict.fromkeys(_OF_LAYERS, len(self.layers))

    @property
    def start(self) -> np.ndarray:
        """(M,): μ_g/h², second moments of the distance to the model's minimum, weight²."""
        return freeze(self.gradient / self.curvatures**2)

    @checked
    def largest(self, count: Count = 10) -> np.ndarray:
        """The largest curvatures, descending: those of the Krylov space of the gradient.

        It holds no direction that the gradient does not touch. Raises ProblemError for more than
        ``gradient_nodes``.
        """
        if count > self.gradient_nodes:
            raise ProblemError(
                "count",
                expected=f"at most {self.gradient_nodes}, the nodes of the gradient",
                received=f"{count}",
                advice="measure with more products",
            )
        return self.curvatures[:count]

    @checked
    def samples_for(self, accuracy: Share) -> int:
        """How many samples give the noise trace to this relative standard error.

        From error ∝ 1/√N; raises ProblemError for an accuracy of zero and where there is no noise.
        """
        if accuracy == 0 or self.noise_trace == 0:
            raise ProblemError(
                "accuracy",
                expected="a share above 0, of a noise trace above 0",
                received=f"accuracy {accuracy:g}, noise trace {self.noise_trace:g}",
                advice="e.g. 0.05 for five percent",
            )
        relative = self.noise_trace_error / self.noise_trace
        return max(2, math.ceil(self.noise_samples * (relative / accuracy) ** 2))

    @checked
    def task(self) -> LandscapeDistribution:
        """The landscape of policy programs in units of this loss: E L_T = floor + J.

        J is the terminal cost of a program with this task and :meth:`sees`, with
        ``lc.Objective(horizon=T, learning_rate=math.inf)``. All M curvatures have the weight 1/M,
        so that start variances are M·μ_g/h² and noise variances M·μ_C/B.
        """
        values, start, _ = self._modes()
        return LandscapeDistribution.quadratic(
            curvatures=Discrete(values), start_variance=len(values) * start
        )

    @checked
    def sees(
        self, *, batch_size: Count | None = None, multiplicative: NonNegative = 0.0
    ) -> ModeNoise:
        """The gradient noise of batches of ``batch_size``, that of the loader when None, for
        :meth:`task`.
        """
        values, _, noise = self._modes()
        variances = len(values) * noise / (batch_size or self.batch_size)
        return ModeNoise(np.sqrt(variances), multiplicative)

    def _modes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(h, μ_g/h², μ_C) of distinct curvatures."""
        values, which = np.unique(self.curvatures, return_inverse=True)
        return values, np.bincount(which, self.start), np.bincount(which, self.noise)

    @checked
    def summary(self) -> str:
        """One line: loss, leading curvature, gradient, noise, effort."""
        top, error = self.curvatures[0], self.curvature_errors[0]
        return (
            f"loss {self.loss:.4g} ± {self.loss_error:.1g}, largest curvature {top:.4g} ±"
            f" {error:.1g}, |g|² {self.gradient_square:.4g}, noise trace {self.noise_trace:.4g} ±"
            f" {self.noise_trace_error:.1g} per sample (± one standard error each);"
            f" {self.samples} samples,"
            f" {self.products} products, {self.seconds:.2g} s"
        )

    @checked
    def describe(self) -> str:
        """What was measured, on what, how far to trust it, and what it leaves out; then all numbers,
        one a line.
        """
        return f"{paragraphs(self)}\n\n{super().describe()}"

    @checked
    def table(self, nodes: Count = 10) -> str:
        """The nodes of the largest curvatures with their errors, in columns."""
        return mode_table(self, nodes)

    @checked
    def layer_table(self) -> str:
        """Gradient, noise and share of the leading eigenvector, by parameter tensor."""
        return layer_table(self)

    def __repr__(self) -> str:
        return f"Measurement({self.summary()})"
