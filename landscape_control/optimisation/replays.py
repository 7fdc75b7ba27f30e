"""What a rule really costs, by stepping it in NumPy and by second moments, without an optimiser."""

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np

from ..model.landscape import Discrete, Spectrum
from ..rules.families import Clock, Family, Layout, Policy
from ..rules.families.elementwise import Value
from ..rules.families.response import linear_rows, readout_row
from ..support.arguments import Count, Index, Whole, checked
from ..support.errors import ProblemError
from .held_out import HeldOut
from .program import PolicyProgram, spectrum_of
from .programs import (
    check_linear,
    follows_loss,
    minimum_step,
    multiplicative_noise,
    noise_variance,
    time_weights,
)
from .second_moments import Covariances, Factors

BLOCKS = 16

Episodes = Annotated[int, Whole(low=2)]


@checked
def replay(
    policy: Policy, program: PolicyProgram, *, episodes: Episodes, seed: Index
) -> tuple[float, float]:
    """(mean cost, its standard error) of running a rule for T steps on drawn scenarios.

    The rule steps through its (init, update) pair over ``episodes`` draws, rounded to whole pairs
    in each of BLOCKS independent blocks, as :class:`HeldOut` makes them; gradients and losses at
    time t are those with μ_t. The error is that of the mean of BLOCKS means; (inf, inf) where
    episodes overflow. Raises ProblemError for fewer than two episodes and seeds that are no whole
    number.
    """
    drawn = HeldOut.drawn(program, episodes, blocks=BLOCKS, seed=np.random.SeedSequence(seed))
    return drawn.cost(policy, program)


@checked
def exact_cost(policy: Policy, program: PolicyProgram, *, nodes: Count = 200) -> float:
    """J of a linear rule on random quadratics, with N quadrature nodes.

    By the mean and covariance of its state. Raises ProblemError for families that are not linear,
    for moments that overflow, and for a rule that depends on where in its horizon it stands and was
    planned for another number of steps than the program has.
    """
    check_linear(program)
    if policy.varies and policy.horizon != program.steps:
        raise ProblemError(
            "policy",
            expected=f"one planned for {program.steps} steps",
            received=f"{policy.horizon} steps",
            advice="it depends on the step: plan it for this horizon",
        )
    layout = policy.family.layout(program.steps)
    curvatures, weights = spectrum_of(program).nodes(nodes)
    entries = layout.join(dict(policy.coefficients))
    costs = mode_costs(policy.family, layout, entries, program, curvatures, weights)
    cost = float(costs @ weights)
    if not math.isfinite(cost):
        raise diverging(policy.family, policy.coefficients, program)
    return cost


def is_steady(family: Family, coefficients: Mapping, program: PolicyProgram) -> bool:
    """Whether a linear rule does the same at its first and its last step, from any state."""
    if any(coefficient.varies for coefficient in family.coefficients):
        return False
    layout = family.layout(program.steps)
    entries = layout.join(dict(coefficients))
    first, last = (_rows(family, layout, entries, t) for t in (0, program.steps - 1))
    return np.allclose(first, last, rtol=1e-12, atol=0)


def _rows(family: Family, layout: Layout, entries: np.ndarray, step: int) -> list[list[Value]]:
    """The rule's :func:`linear_rows` at a step."""
    clock = Clock(step=step, horizon=layout.horizon)
    return linear_rows(family, layout.at_step(entries, step), clock)


def _answer(family: Family, layout: Layout, entries: np.ndarray, step: int) -> list[Value]:
    """The rule's :func:`readout_row` at a step."""
    clock = Clock(step=step, horizon=layout.horizon)
    return readout_row(family, layout.at_step(entries, step), clock)


def growth(
    family: Family, coefficients: Mapping, program: PolicyProgram, *, points: int = 100
) -> tuple[float, float]:
    """(factor per step, curvature): how fast the closed loop of (θ, state) grows at worst, and where.

    The factor is √ρ, with ρ the largest modulus of an eigenvalue of the map of second moments of a
    mode, S' = ASAᵀ + b h² S_θθ nnᵀ (n the gain on the gradient): that of A itself where the noise has
    no part b that grows with the gradient. It is the largest over the spectrum; of rules that change
    with the step, at the step where the loop grows fastest. What a mode gains where the noise follows
    the loss of all modes is not counted.
    """
    h = _places(spectrum_of(program), points)
    layout = family.layout(program.steps)
    entries, factors = layout.join(dict(coefficients)), np.zeros(len(h))
    steps = 1 if is_steady(family, coefficients, program) else program.steps
    for t in range(steps):
        # with y = hθ, and θ' = θ + Δθ in the first row
        rows = _rows(family, layout, entries, t)
        lines = [_side_by_side([row[0] + h * row[1], *row[2:]], h) for row in rows]
        lines[0][..., 0] += 1.0
        gain = _side_by_side([row[1] for row in rows], h)
        factors = np.maximum(
            factors, _factors(_on_top(lines), gain, multiplicative_noise(program) * h**2)
        )
    worst = int(np.argmax(factors))
    return float(factors[worst]), float(h[worst])


def _places(spectrum: Spectrum, points: int) -> np.ndarray:
    """The curvatures of a spectrum: all of them where they are finitely many."""
    if isinstance(spectrum, Discrete):
        return spectrum.values
    return np.linspace(*spectrum.support, points)


def _factors(matrix: np.ndarray, gain: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(N,): growth per step of √S, of S' = ASAᵀ + share·S_θθ·nnᵀ for A (N, d, d) and n (N, d)."""
    finite = np.isfinite(matrix).all((1, 2))
    if not finite.all():
        return np.where(finite, 0.0, math.inf)
    if not share.any():
        return np.abs(np.linalg.eigvals(matrix)).max(-1)
    size = matrix.shape[-1] ** 2
    map_of_moments = np.einsum("nij,nkl->nikjl", matrix, matrix).reshape(-1, size, size)
    added = gain[:, :, None] * gain[:, None, :] * share[:, None, None]
    map_of_moments[:, :, 0] += added.reshape(-1, size)
    return np.sqrt(np.abs(np.linalg.eigvals(map_of_moments)).max(-1))


def diverging(family: Family, coefficients: Mapping, program: PolicyProgram) -> ProblemError:
    """The refusal of a rule whose second moments overflow, with where they grow fastest."""
    factor, curvature = growth(family, coefficients, program)
    limit = 2 / (curvature * (1 + multiplicative_noise(program)))
    coupled = ", and noise that grows with the loss" if follows_loss(program) else ""
    return ProblemError(
        "coefficients",
        expected=f"second moments that stay finite for {program.steps} steps",
        received=(
            f"E θ² growing by a factor of {factor**2:.4g} per step at curvature {curvature:.4g}"
            f"{coupled}"
        ),
        advice=f"lower the learning rate: gradient descent is stable below {limit:.4g} there",
    )


@np.errstate(over="ignore", invalid="ignore")
def mode_costs(
    family: Family,
    layout: Layout,
    entries: np.ndarray,
    program: PolicyProgram,
    curvatures: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Costs (…, N) of modes of curvature h (N,).

    Entries (n,) or (n, …, 1), real or complex, one program per column. ``weights`` (N,) are the
    shares of the modes, where they hear each other's loss. Second moments are carried as factors,
    so that transients that grow cost no more digits than in a run of the rule.
    """
    mode = _Mode(family, program, np.asarray(curvatures, dtype=float))
    mode.weights = weights
    answer = mode.excess
    loss, effort = time_weights(program)
    mean, variances = mode.start()
    # noise enters a factor by its root, which complex steps cannot go through
    has_noise = mode.variance.any() or mode.multiplicative > 0
    by_factors = not (has_noise and np.iscomplexobj(entries))
    spread = Factors(variances) if by_factors else Covariances(variances)
    total = np.zeros(())
    for t in range(program.steps):
        matrix, noise = mode.system(_rows(family, layout, entries, t))
        move = matrix[..., :1, :] - mode.first  # the row of Δθ
        variance = mode.noise_variance(mean, spread)
        paid = _second(move, mean, spread) + noise[..., 0] ** 2 * variance
        mean = (matrix @ mean[..., None])[..., 0] + mode.shift
        spread.move(matrix, noise, variance, mode.drift)
        if family.has_readout:
            answer = mode.answer(_answer(family, layout, entries, t))
        total = total + loss[t] * mode.h / 2 * _second(answer, mean, spread) + effort[t] * paid
    return total


class _Mode:
    """x = (θ, the family's state, μ) of modes of curvature h: x' = A x + shift + noise.

    Arrays (…, N, d) and (…, N, d, d).
    """

    def __init__(self, family: Family, program: PolicyProgram, curvatures: np.ndarray):
        self.task, self.h = program.task, curvatures
        self.variance = noise_variance(program, curvatures)
        self.multiplicative = multiplicative_noise(program)
        self.follows_loss = follows_loss(program)
        self.weights: np.ndarray | None = None  # shares of the modes
        self._first: np.ndarray | None = None  # the loss at the first step
        self.size = 2 + family.state_size
        self.rho, self.diffusion, self.centre = minimum_step(program.task)
        self.first = np.eye(1, self.size)  # the row of θ, and of θ - μ
        self.excess = self.first - np.eye(1, self.size, self.size - 1)
        self.shift = (1 - self.rho) * self.centre * np.eye(self.size)[-1]

    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean (d,) of x at t = 0, and variances (N, d) of its entries, which are independent."""
        mean, variance = np.zeros(self.size), np.zeros((len(self.h), self.size))
        mean[0], variance[:, 0] = self.task.start_mean, self.task.start_variances(self.h)
        minimum = self.task.minimum
        if minimum is not None:
            mean[-1] = minimum.prior_mean[0]
            variance[:, -1] = minimum.prior_covariance[0, 0]
        return mean, variance

    @property
    def drift(self) -> np.ndarray:
        """(d,): variances that x gains in a step beside the noise of the gradient."""
        return self.diffusion * np.eye(self.size)[-1]

    def system(self, rows: list[list[Value]]) -> tuple[np.ndarray, np.ndarray]:
        """(A, gain of each entry on the gradient's noise)."""
        lines = [[row[0] + self.h * row[1], *row[2:], -self.h * row[1]] for row in rows]
        lines[0][0] = 1.0 + lines[0][0]
        lines.append([*[0.0] * (self.size - 1), self.rho])
        matrix = _on_top([_side_by_side(line, self.h) for line in lines])
        return matrix, _side_by_side([*(row[1] for row in rows), 0.0], self.h)

    def answer(self, row: list[Value]) -> np.ndarray:
        """(…, N, 1, d): the row of x - μ for a readout x."""
        return _side_by_side([*row, -1.0], self.h)[..., None, :]

    def noise_variance(self, mean: np.ndarray, spread: Factors | Covariances) -> np.ndarray:
        """(…, N): variance of the gradient's noise where the learner stands."""
        square = _second(self.excess, mean, spread)
        level: Value = 1.0
        if self.follows_loss:
            loss = self._loss(square)
            self._first = loss if self._first is None else self._first
            level = loss / self._first
        return self.variance * level + self.multiplicative * self.h**2 * square

    def _loss(self, square: np.ndarray) -> np.ndarray:
        """(…, 1): the loss of all modes."""
        if self.weights is None:
            raise ValueError("modes that hear each other's loss need weights")
        return (self.h / 2 * square * self.weights).sum(axis=-1, keepdims=True)


def _side_by_side(entries: list[Value], like: np.ndarray) -> np.ndarray:
    """Numbers and arrays (…, N) on a new last axis; ``like`` (N,) says how many modes there are."""
    return np.stack(np.broadcast_arrays(*entries, like)[:-1], axis=-1)


def _on_top(rows: list[np.ndarray]) -> np.ndarray:
    """Rows (…, N, d) on a new axis before the last."""
    return np.stack(np.broadcast_arrays(*rows), axis=-2)


def _second(row: np.ndarray, mean: np.ndarray, spread: Factors | Covariances) -> np.ndarray:
    """E (row·x)² for a row (…, 1, d)."""
    average = row @ mean[..., None]
    return spread.square(row) + average[..., 0, 0] ** 2
