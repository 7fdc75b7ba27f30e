"""A linear rule on one quadratic mode as a linear system, on numbers and on CasADi symbols alike.

State x = (θ, the family's state, μ if the minimum moves, 1 if a mean is not zero); x' = A x +
n·noise + (drift of μ).
"""

import math
from dataclasses import dataclass

import numpy as np

from ...model.landscape import Discrete, LandscapeDistribution
from ...model.observation import CurvatureNoise, ExactGradient, ModeNoise, NoisyGradient, Sees
from ...support.errors import ProblemError
from ..program import PolicyProgram, spectrum_of


@dataclass(frozen=True, kw_only=True)
class MomentLayout:
    """Which entries S = E x xᵀ has, and where its upper triangle stands in a vector.

    Attributes
    ----------
    memory : k, numbers the family carries
    moving : whether the minimum μ is hidden and moves
    affine : whether a mean is not zero, so that first moments are carried too (an entry of x that
    is always 1)
    """

    memory: int
    moving: bool
    affine: bool

    @property
    def dimension(self) -> int:
        """Entries of x."""
        return 1 + self.memory + self.moving + self.affine

    @property
    def minimum(self) -> int:
        """Where μ stands in x."""
        return 1 + self.memory

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(i, j), i <= j, in the order of the vector."""
        return [(i, j) for j in range(self.dimension) for i in range(j + 1)]

    @property
    def size(self) -> int:
        """Length of the vector."""
        return self.dimension * (self.dimension + 1) // 2

    def place(self, i: int, j: int) -> int:
        """Where E x_i x_j stands."""
        i, j = min(i, j), max(i, j)
        return j * (j + 1) // 2 + i


def layout_of(program: PolicyProgram) -> MomentLayout:
    """The smallest layout that holds a program's moments."""
    start_mean, minimum = program.task.start_mean, program.task.minimum
    means = [start_mean]
    if minimum is not None:
        means += [minimum.prior_mean[0], minimum.centre[0]]
    return MomentLayout(
        memory=program.family.state_size, moving=minimum is not None, affine=any(means)
    )


def start_moments(
    layout: MomentLayout, task: LandscapeDistribution, curvatures: np.ndarray
) -> np.ndarray:
    """(N, size): S at t = 0 of modes of these curvatures (N,), each as a vector.

    θ_0 and μ_0 are independent, the family's state is zero.
    """
    mean = np.zeros(layout.dimension)
    variance = np.zeros((len(curvatures), layout.dimension))
    mean[0], variance[:, 0] = task.start_mean, task.start_variances(curvatures)
    if task.minimum is not None:
        mean[layout.minimum] = task.minimum.prior_mean[0]
        variance[:, layout.minimum] = task.minimum.prior_covariance[0, 0]
    if layout.affine:
        mean[-1] = 1.0
    diagonal = variance[:, :, None] * np.eye(layout.dimension)
    second = np.outer(mean, mean) + diagonal
    rows, columns = np.transpose(layout.pairs)
    return second[:, rows, columns]


def mode_losses_at_start(program: PolicyProgram, curvatures: np.ndarray) -> np.ndarray:
    """(N,): ½h E(θ_0 - μ_0)²."""
    task = program.task
    mean, variance = task.start_mean, task.start_variances(curvatures)
    if task.minimum is not None:
        mean = mean - task.minimum.prior_mean[0]
        variance = variance + task.minimum.prior_covariance[0, 0]
    return curvatures / 2 * (variance + mean**2)


def start_loss(program: PolicyProgram, nodes: int) -> float:
    """E ½h(θ_0 - μ_0)², with N quadrature nodes."""
    curvatures, weights = spectrum_of(program).nodes(nodes)
    return float(mode_losses_at_start(program, curvatures) @ weights)


def minimum_step(task: LandscapeDistribution) -> tuple[float, float, float]:
    """(ρ, q, centre) of μ' - centre = ρ(μ - centre) + N(0, q) over one time unit.

    Exact in the first two moments of μ, whatever its law.
    """
    minimum = task.minimum
    if minimum is None:
        return 1.0, 0.0, 0.0
    rate, diffusion = minimum.reversion[0, 0], minimum.diffusion[0, 0]
    gained = diffusion
    if rate != 0:
        gained = diffusion * -math.expm1(-2 * rate) / (2 * rate)  # ∫₀¹ diffusion e^{-2·rate·t} dt
    return math.exp(-rate), gained, float(minimum.centre[0])


def time_weights(program: PolicyProgram) -> tuple[np.ndarray, np.ndarray]:
    """Weights (T,) of E L(θ_{t+1}) and of E|Δθ_t|²: discount, k, κ, 1/2η and the kind of cost."""
    objective, steps = program.objective, np.arange(program.steps)
    loss = np.zeros(program.steps)
    if program.cost in ("running", "both"):
        loss += objective.loss_weight * np.exp(-objective.discount * (steps + 1))
    if program.cost in ("terminal", "both"):
        loss[-1] += objective.terminal_weight * math.exp(-objective.discount * program.steps)
    return loss, np.exp(-objective.discount * steps) / (2 * objective.learning_rate)


def noise_variance(program: PolicyProgram, curvatures: np.ndarray) -> np.ndarray:
    """Variance of the gradient's noise at the minimum, for modes of these curvatures."""
    sees = program.sees
    if isinstance(sees, ModeNoise):
        spectrum = spectrum_of(program)
        assert isinstance(spectrum, Discrete)  # the program has checked it
        return sees.deviations[spectrum.places(curvatures)] ** 2
    if isinstance(sees, CurvatureNoise):
        return sees.scale**2 * np.asarray(curvatures) ** (2 * sees.power)
    sigma = sees.noise if isinstance(sees, NoisyGradient) else 0.0
    if not isinstance(sigma, float):
        raise _no_closed_moments(sees)
    return np.full(np.shape(curvatures), sigma**2)


def multiplicative_noise(program: PolicyProgram) -> float:
    """b: the variance of the noise grows by b·(h(θ-μ))² away from the minimum."""
    sees = program.sees
    return sees.multiplicative if isinstance(sees, CurvatureNoise | ModeNoise) else 0.0


def follows_loss(program: PolicyProgram) -> bool:
    """Whether the noise of every mode grows and falls with the loss of all of them."""
    sees = program.sees
    return isinstance(sees, CurvatureNoise | ModeNoise) and sees.follows_loss


def loss_floor(program: PolicyProgram) -> float:
    """The loss at the minimum, part of the loss that the noise follows."""
    return float(getattr(program.sees, "floor", 0.0))


def check_separate(program: PolicyProgram) -> None:
    """Refuse noise that follows the loss of all modes, where each has to have a cost of its own."""
    if follows_loss(program):
        raise ProblemError(
            "sees",
            expected="noise that is a mode's own, for worst cases and averages over scenarios",
            received="noise that follows the loss of all modes",
            advice="use optimize_policy or PolicySolver, or leave follows_loss False",
        )


def check_linear(program: PolicyProgram) -> None:
    """Refuse what has no closed second moments."""
    if not (program.family.linear and program.task.is_quadratic):
        where = "quadratics" if program.task.is_quadratic else "landscapes"
        raise ProblemError(
            "moment program",
            expected="a linear family on random quadratics",
            received=f"{program.family.name} on {where}",
            advice="optimize_policy turns to scenarios for these",
        )
    if not plain_noise(program.sees):
        raise _no_closed_moments(program.sees)


def _no_closed_moments(sees: Sees | None) -> ProblemError:
    return ProblemError(
        "sees",
        expected="ExactGradient(), NoisyGradient(σ) with one number, CurvatureNoise or ModeNoise",
        received=type(sees).__name__,
        advice=(
            "every mode sees its own gradient with noise that does not depend on where it stands"
        ),
    )


def plain_noise(sees: Sees | None) -> bool:
    """Whether the noise of a mode's gradient is known from its curvature and its gradient alone."""
    if isinstance(sees, NoisyGradient):
        return isinstance(sees.noise, float)
    return isinstance(sees, ExactGradient | CurvatureNoise | ModeNoise)
