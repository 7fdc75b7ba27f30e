"""Drawing scenarios of a policy program: stratified, in independent blocks."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import casadi as ca
import numpy as np
from scipy.special import gammaincinv, ndtri

from ..model.landscape import Landscape, LandscapeDistribution
from ..model.observation import CurvatureNoise, ExactGradient, ModeNoise, NoisyGradient, Sees
from ..rules.families.elementwise import Value
from ..support.errors import ProblemError
from .program import PolicyProgram, spectrum_of
from .programs import (
    Scenarios,
    Scene,
    multiplicative_noise,
    noise_variance,
)

FEW = 40  # starts that a curvature is taken from
_TINY = 1e-200  # under a root, where noise and gradient may both vanish
_POOL = 64  # draws per stratum from which one is picked


def scenes(program: PolicyProgram) -> tuple[Scene, ...]:
    """One scene per landscape of the population; random quadratics are one scene with φ = (h, μ)."""
    _check_sees(program)
    if program.task.is_quadratic:
        observed = _seen_of_mode(program)
        return (Scene(dimension=1, hidden=2, loss=quadratic_loss, observed=observed),)
    return tuple(_scene(program, landscape) for landscape in program.task.population)


def counts(program: PolicyProgram, count: int, blocks: int) -> tuple[int, ...]:
    """Scenarios per scene: about ``count`` in all, whole pairs in every block.

    They are in proportion to the weights of the landscapes.
    """
    pairs = [count * weight / (2 * blocks) for weight in _weights(program.task)]  # per block
    return tuple(2 * blocks * max(1, round(size)) for size in pairs)


def _weights(task: LandscapeDistribution) -> np.ndarray:
    """(scenes,) probabilities; random quadratics are one scene."""
    return np.ones(1) if task.weights is None else task.weights


def draw(
    program: PolicyProgram, count: int, *, blocks: int, seed: np.random.SeedSequence
) -> tuple[Scenarios, ...]:
    """Scenarios for every scene, whose weighted average is an unbiased estimate of the cost.

    Every block is an independent draw from the same law, so that the spread of the block means is
    an honest standard error. For random quadratics, within a block, curvatures and starts are
    stratified (one from every slice of equal probability, paired at random), and half of the starts
    come from a density ∝ z²·N(z; 0, 1), z the standardised start, with the weights that undo it:
    costs grow as z², and these shares of them do not vary. Gradient noise comes in antithetic pairs
    ξ, -ξ on the same landscape and start. None of this biases an average; weights sum to one on
    average. Draws do not depend on coefficients, prices or discounts, nor on the size of the noise
    but by a factor. Of a finite list of starts every one has the same weight in every block, and
    every landscape its own.
    """
    weights = _weights(program.task)
    streams = map(np.random.default_rng, seed.spawn(len(weights)))
    of_scenes = zip(counts(program, count, blocks), weights, streams, strict=True)
    return tuple(
        _draw_scene(program, k, size, weight, blocks, rng)
        for k, (size, weight, rng) in enumerate(of_scenes)
    )


def _draw_scene(
    program: PolicyProgram,
    which: int,
    count: int,
    weight: float,
    blocks: int,
    rng: np.random.Generator,
) -> Scenarios:
    """``count`` scenarios of one scene, in antithetic pairs one after another where there is noise."""
    paired = not isinstance(program.sees, ExactGradient)
    base = count // 2 if paired else count
    shares = np.ones(base)
    if program.task.is_quadratic:
        starts, hidden, shares = _quadratics(program, base, blocks, rng)
    else:
        landscape_alone = replace(
            program.task, population=(program.task.population[which],), weights=None
        )
        drawn = landscape_alone.draw(rng, base, program.steps, blocks=blocks)
        starts = drawn.starts
        hidden = np.empty((base, program.steps + 1, 0)) if drawn.hidden is None else drawn.hidden
        shares = _even(program.task.starts, starts, blocks)
    blocked = np.repeat(np.arange(blocks), base // blocks)
    noise = np.zeros((base, program.steps, starts.shape[1]))
    if paired:
        noise = _scaled(program, rng.standard_normal(noise.shape), hidden)
        noise = np.stack([noise, -noise], axis=1).reshape(count, *noise.shape[1:])
        starts, hidden, shares, blocked = (
            np.repeat(array, 2, axis=0) for array in (starts, hidden, shares, blocked)
        )
    weights = shares * weight / count
    return Scenarios(starts=starts, hidden=hidden, noise=noise, weights=weights, blocks=blocked)


def _quadratics(
    program: PolicyProgram, count: int, blocks: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(starts (S, 1), φ = (h, μ) (S, T+1, 2), shares (S,)), stratified within blocks."""
    task, size = program.task, count // blocks
    # strata of the spectrum without its inverse distribution: every _POOL of many sorted draws
    drawn = spectrum_of(program).sample(rng, count * _POOL)
    pool = np.sort(drawn.reshape(blocks, size * _POOL), axis=1)
    picks = rng.integers(_POOL, size=(blocks, size, 1))
    curvatures = np.take_along_axis(pool.reshape(blocks, size, _POOL), picks, axis=2).ravel()
    order = rng.permuted(np.tile(np.arange(size), (blocks, 1)), axis=1).ravel()
    uniform = (order + rng.random(count)) / size
    varies = task.largest_start_variance > 0
    spread, shares = _spread(uniform) if varies else (uniform, np.ones(count))
    starts = task.start_mean + np.sqrt(task.start_variances(curvatures)) * spread
    minima = np.zeros((count, program.steps + 1))
    if task.minimum is not None:
        minima = task.minimum.sample(rng, count, np.arange(program.steps + 1.0))[..., 0]
    hidden = np.stack([np.broadcast_to(curvatures[:, None], minima.shape), minima], axis=2)
    return starts[:, None], hidden, shares


def curvature_scale(program: PolicyProgram, drawn: Sequence[Scenarios]) -> float:
    """A curvature h that says what a long step is, 1/h.

    The largest of the spectrum; elsewhere the average at the starts.
    """
    if program.task.is_quadratic:
        return spectrum_of(program).support[1]
    sizes = [
        _curvature_at_starts(scene, scenarios)
        for scene, scenarios in zip(scenes(program), drawn, strict=True)
    ]
    average = float(np.mean(sizes))
    return average if np.isfinite(average) and average > 0 else 1.0


def _curvature_at_starts(scene: Scene, scenarios: Scenarios) -> float:
    """Mean Frobenius norm of the Hessian of the loss at the first starts."""
    theta, hidden = ca.SX.sym("theta", scene.dimension), ca.SX.sym("hidden", scene.hidden)
    hessian, _ = ca.hessian(scene.loss(theta, hidden), theta)
    norm = ca.Function("norm", [theta, hidden], [ca.norm_fro(hessian)])
    starts, fields = scenarios.starts[:FEW], scenarios.hidden[:FEW, 0]
    norms = norm.map(len(starts))(starts.T, fields.T)
    return np.array(norms).mean()


def _even(points: object, starts: np.ndarray, blocks: int) -> np.ndarray:
    """(S,) weights with which every one of a finite list of starts counts equally in each block.

    Ones where the starts are no finite list, or too many for all of them to come up.
    """
    shares = np.ones(len(starts))
    if isinstance(points, np.ndarray) and len(points) * blocks <= len(starts):
        for rows in np.split(np.arange(len(starts)), blocks):
            _, place, times = np.unique(
                starts[rows], axis=0, return_inverse=True, return_counts=True
            )
            _, wanted = np.unique(points, axis=0, return_counts=True)
            per_point = len(rows) * wanted / len(points) / times
            shares[rows] = per_point[place.ravel()]
    return shares


def _spread(uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(z, N(z)/q(z)) for z ~ q = ½N + ½z²N from uniform numbers.

    Numbers below ½ give the normal part, those above it the other, of Maxwell.
    """
    least, most = 1e-300, 1 - 1e-16  # where the inverse distributions are finite
    normal = ndtri(np.clip(2 * uniform, least, most))
    signed = 4 * uniform - 3
    share = np.abs(np.clip(signed, -most, most))
    maxwell = np.sign(signed) * np.sqrt(2 * gammaincinv(1.5, share))
    z = np.where(uniform < 0.5, normal, maxwell)
    return z, 2 / (1 + z**2)


def _scaled(program: PolicyProgram, noise: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Standard normal numbers (S, T, n) times the noise.

    As they are where the noise depends on the state: the formula of the scene scales it then.
    """
    if program.sees is None or depends_on_state(program.sees):
        return noise
    if program.task.is_quadratic:
        sigma = np.sqrt(noise_variance(program, hidden[:, 0, 0]))
        return noise * sigma[:, None, None]
    size = noise.shape[2]
    root = program.sees.root(ca.SX.sym("theta", size), size)  # θ is not read
    return noise @ np.array(ca.DM(root)).T


def depends_on_state(sees: Sees | None) -> bool:
    """Whether the size of the noise is a formula of where the learner stands."""
    grows = getattr(sees, "multiplicative", 0.0) > 0 or getattr(sees, "follows_loss", False)
    return grows or callable(getattr(sees, "noise", None))


def quadratic_loss(theta: Value, hidden: Value) -> Value:
    """½h(θ - μ)² of θ (1, …) and (h, μ) (2, …): symbols, or arrays with one column per episode."""
    return hidden[0] * (theta[0] - hidden[1]) ** 2 / 2


def quadratic_slope(theta: Value, hidden: Value) -> Value:
    """h(θ - μ) of the same, (1, …)."""
    return hidden[0] * (theta - hidden[1])


def _scene(program: PolicyProgram, landscape: Landscape) -> Scene:
    size = 0 if landscape.hidden is None else landscape.hidden.dimension
    theta, hidden = ca.SX.sym("theta", landscape.dimension), ca.SX.sym("hidden", size)
    value = landscape.symbolic(theta, hidden if size else None)
    slope = ca.Function("slope", [theta, hidden], [ca.densify(ca.gradient(value, theta))])
    return Scene(
        dimension=landscape.dimension,
        hidden=size,
        loss=ca.Function("loss", [theta, hidden], [value]),
        observed=_seen(program, slope),
    )


def _seen_of_mode(program: PolicyProgram) -> Callable:
    """The same for random quadratics, φ = (h, μ)."""
    if not multiplicative_noise(program):
        return _seen(program, quadratic_slope)

    def observed(theta: Value, hidden: Value, noise: Value) -> Value:
        return quadratic_slope(theta, hidden) + noise_of_mode(program, theta, hidden, noise)

    return observed


def noise_of_mode(
    program: PolicyProgram, theta: Value, hidden: Value, noise: Value, level: Value = 1.0
) -> Value:
    """Multiplicative noise of θ (1, …), φ = (h, μ) (2, …) and standard normal ξ (1, …).

    ``level`` is L_t/L_0 where the noise follows the loss.
    """
    slope = quadratic_slope(theta, hidden)
    at_minimum = _deviation(program, hidden[0]) ** 2 * level
    variance = at_minimum + multiplicative_noise(program) * slope**2
    return (variance + _TINY) ** 0.5 * noise


def _deviation(program: PolicyProgram, curvature: Value) -> Value:
    """Standard deviation of the noise at the minimum, for curvatures that may be symbols."""
    sees = program.sees
    if isinstance(sees, CurvatureNoise):
        return sees.scale * curvature**sees.power
    assert isinstance(sees, ModeNoise)  # other kinds have no multiplicative part
    values = spectrum_of(program).nodes(1)[0]
    return sum(
        sigma * (curvature == value) for sigma, value in zip(sees.deviations, values, strict=True)
    )


def _seen(program: PolicyProgram, slope: Callable[[Value, Value], Value]) -> Callable:
    """(θ, φ, ξ) -> the observed gradient, as a :class:`Scene` has it."""
    sees = program.sees
    if sees is None or not depends_on_state(sees):
        return lambda theta, hidden, noise: slope(theta, hidden) + noise

    def observed(theta: ca.SX, hidden: ca.SX, noise: ca.SX) -> ca.SX:
        return slope(theta, hidden) + sees.root(theta, theta.numel()) @ noise

    return observed


def _check_sees(program: PolicyProgram) -> None:
    if isinstance(program.sees, CurvatureNoise | ModeNoise) and program.task.is_quadratic:
        return
    if not isinstance(program.sees, ExactGradient | NoisyGradient):
        raise ProblemError(
            "sees",
            expected=(
                "ExactGradient(), NoisyGradient(...), or CurvatureNoise or ModeNoise on random"
                " quadratics"
            ),
            received=type(program.sees).__name__,
            advice=(
                "a policy maps gradients to updates; for noise that "
                "depends on where the learner stands give NoisyGradient a function of θ"
            ),
        )


def block_means(costs: Sequence[np.ndarray], scenarios: Sequence[Scenarios]) -> np.ndarray:
    """Means over each block, (blocks,), of costs per scenario of every scene."""
    blocks = 1 + max(int(drawn.blocks.max()) for drawn in scenarios)
    sums = np.zeros(blocks)
    for drawn, cost in zip(scenarios, costs, strict=True):
        sums += np.bincount(drawn.blocks, drawn.weights * cost, blocks)
    return sums * blocks
