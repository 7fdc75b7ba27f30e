"""Adam's first moment as a Kalman filter: β₁ = (1-K)a, and what bias correction stands for.

Problem
    L = ½(θ-φ)² with a hidden minimum that moves; the learner rests at θ = 0 and sees y = ∂L/∂θ +
    N(0, s²) at steps of Δt: the gradient g_{t+1} = a g_t + N(0, q), ρ = q/s². Ornstein-Uhlenbeck (a
    = e^{-λΔt} < 1), random walk (a = 1).
Formulas
    m_t = (1-K_t)a m_{t-1} + K_t y_t. Steady gain K = p/(1+p) with p² + (1-a²-ρ)p - ρ = 0; a = 1: K
    = (√(ρ²+4ρ) - ρ)/2.
    Adam: m̂_t = m_t/(1-β₁ᵗ), so the newest gradient weighs (1-β₁)/(1-β₁ᵗ). ρ → 0: K = √ρ(1 - √ρ/2 +
    …).
Claim
    β₁ = (1-K)a is what the best estimate from all gradients seen uses. From a diffuse prior K_t and
    Adam's weight start at 1 and have the same limit, but they are two curves: the gaps to the limit
    shrink by β₁² and by β₁ per step.
Source
    R. E. Kalman 1960; D. P. Kingma, J. Ba, ICLR 2015; J. Vuckovic, arXiv 1810.12273. Reference:
    Bayes' rule by brute force, one linear system (prior precision + 1/s²) g = y/s² for the
    gradients of all steps together.
Relation and tolerance
    equal: gains and momentum against brute force to 1e-10 (2000 steps for steady ones, after which
    β₁²ᵗ is below round-off);
    the learner's mean on random gradients to 1e-12; the project's filter to 1e-10. Contraction
    per step to 1e-3 relative. limit: slope of |K/√ρ - 1| in ρ is ½ within 0.01. at least: the
    curves differ by 10 %, seen at ρ = 0.01, confirmed at 0.03.
"""

import math

import numpy as np
from scipy.linalg import solveh_banded

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..model.belief import belief_model
from ..simulation import KalmanMomentum, adam_gain, kalman_gain, kalman_gain_walk, kalman_transient

STEP, NOISE = 0.1, 0.5  # Δt and σ of the continuous problem: s² = σ²/Δt
PERSISTENCES, RATIOS = np.array([0.8, 0.95, 1.0]), np.geomspace(1e-4, 10, 11)
LONG, SHORT, TRANSIENTS = 2000, 300, np.array([0.001, 0.01, 0.1])
SMALL, SECOND = np.geomspace(1e-8, 1e-5, 4), 0.03  # ρ → 0; ρ at which 10 % is confirmed


def problem() -> lc.ControlProblem:
    """Full information: the minimum is known to rest at 1 (the command 'solve' plans without
    beliefs).
    """
    return posed(1.0, 0.01).known([1.0])


def posed(persistence: float, ratio: float) -> lc.ControlProblem:
    """The bowl whose gradient, seen from a fixed θ at steps of Δt, has the given a and ρ."""
    gained = ratio * NOISE**2 / STEP  # q = ρs²
    if persistence == 1:
        hidden = lc.RandomWalk(mean=[0.0], covariance=[1.0], diffusion=[gained / STEP])
    else:
        variance = gained / (1 - persistence**2)
        hidden = lc.OrnsteinUhlenbeck(
            mean=[0.0], rate=-math.log(persistence) / STEP, covariance=[variance]
        )
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: (theta[0] - phi[0]) ** 2 / 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=NOISE)),
        start=[0.0],
        objective=lc.Objective(horizon=math.inf, discount=1.0),
    )


def weights(persistence: float, ratio: float, steps: int) -> np.ndarray:
    """Weights (steps,) of y_1 … y_t in E[g_t | y_1 … y_t], by the joint precision of all gradients;
    g_1 diffuse.
    """
    if steps == 1:
        return np.ones(1)
    bands = np.zeros((2, steps))  # upper diagonal, diagonal; in units of 1/s²
    bands[1] = 1.0
    bands[1, 1:] += 1 / ratio
    bands[1, :-1] += persistence**2 / ratio
    bands[0, 1:] = -persistence / ratio
    return solveh_banded(bands, np.eye(1, steps, steps - 1)[0])


def filter_momentum(persistence: float, ratio: float, steps: int) -> float:
    """(1-K)a of the project's own filter, K the weight of the last observation after ``steps`` of
    them.
    """
    model = belief_model(posed(persistence, ratio))
    belief, theta, seen = model.initial(2), np.zeros((2, 1)), np.zeros((2, 1))
    for _ in range(steps - 1):
        belief = model.predict(model.update(belief, theta, seen, STEP), STEP)
    belief = model.update(belief, theta, np.array([[0.0], [1.0]]), STEP)  # the gradient is θ - φ
    gain = float(belief.mean[0, 0] - belief.mean[1, 0])
    return (1 - gain) * persistence


def learner_mean(observations) -> float:
    """The mean that KalmanMomentum holds after the observations (T,), at ρ = 0.01, a = 0.95."""
    learner = KalmanMomentum(learning_rate=1.0, ratio=0.01, persistence=0.95)
    state = learner.init(1, 1)
    for y in observations:
        u, state = learner.update(state, np.array([[y]]), np.zeros((1, 1)), STEP)
    return -float(u[0, 0])


def evaluate() -> Evidence:
    """Brute-force Bayes against the formulas, and both transients."""
    ends = [[weights(a, ratio, LONG)[-2:] for ratio in RATIOS] for a in PERSISTENCES]
    momentum = np.array([[older / newest for older, newest in row] for row in ends])
    steps = range(1, SHORT + 1)
    gains = np.array([[weights(1.0, ratio, t)[-1] for t in steps] for ratio in TRANSIENTS])
    adam = np.array([adam_gain(1 - kalman_gain_walk(ratio), SHORT) for ratio in TRANSIENTS])
    checks = (
        *momentum_checks(momentum),
        diffuse_check(gains),
        mean_check(),
        *transient_checks(gains[1], adam[1], kalman_gain_walk(TRANSIENTS[1])),
        small_ratio_check(),
    )
    dense = np.geomspace(RATIOS[0], RATIOS[-1], 121)
    data = {
        "steps": np.arange(1, SHORT + 1),
        "ratios": TRANSIENTS,
        "gains": gains,
        "adam_gains": adam,
        "coefficients": PERSISTENCES,
        "ratios_computed": RATIOS,
        "momentum": momentum,
        "ratios_theory": dense,
        "momentum_theory": formula(dense),
    }
    return Evidence(checks=checks, data=data)


def formula(ratios) -> np.ndarray:
    """β₁ = (1-K)a over PERSISTENCES and ``ratios``."""
    return np.array([[(1 - kalman_gain(ratio, a)) * a for ratio in ratios] for a in PERSISTENCES])


def momentum_checks(momentum) -> tuple[Check, ...]:
    """Brute-force β₁ over PERSISTENCES and RATIOS, and the filter's, against the formulas."""
    walk = 1 - kalman_gain_walk(RATIOS)
    return (
        *(
            equal(
                f"β₁ = (1-K)a at a = {a:g}: largest distance from brute force over ρ",
                np.abs(row - theory).max(),
                1e-10,
            )
            for a, row, theory in zip(PERSISTENCES, momentum, formula(RATIOS), strict=True)
        ),
        equal(
            "β₁ = 1 - (√(ρ²+4ρ) - ρ)/2 for a random walk: largest distance",
            np.abs(momentum[-1] - walk).max(),
            1e-10,
        ),
        *(
            equal(
                f"β₁ of the project's filter at a = {a:g}, ρ = 0.01: distance",
                filter_momentum(a, 0.01, LONG) - (1 - kalman_gain(0.01, a)) * a,
                1e-10,
            )
            for a in PERSISTENCES
        ),
    )


def diffuse_check(gains) -> Check:
    """Gains from a diffuse prior, brute force (over TRANSIENTS and steps) against the recursion."""
    expected = [kalman_transient(ratio, SHORT) for ratio in TRANSIENTS]
    distance = max(np.abs(row - other).max() for row, other in zip(gains, expected, strict=True))
    return equal("K_t from a diffuse prior: largest distance from brute force", distance, 1e-10)


def small_ratio_check() -> Check:
    """K tends to √ρ where steps are small beside the noise."""
    gains = np.array([weights(1.0, ratio, 200_000)[-1] for ratio in SMALL])
    return Check(
        quantity="slope of |K/√ρ - 1| in ρ, ρ → 0",
        theory=0.5,
        relation="limit",
        tolerance=0.01,
        computed=fitted_slope(SMALL, np.abs(1 - gains / np.sqrt(SMALL))),
        reference="closed form",
        bound="before",
    )


def equal(quantity: str, distance: float, tolerance: float) -> Check:
    """A distance that must vanish."""
    return Check(
        quantity=quantity,
        theory=0,
        computed=distance,
        relation="equal",
        tolerance=tolerance,
        reference="independent code",
        bound="before",
    )


def mean_check() -> Check:
    """The learner's recursion on random gradients against the weighted sum of all of them."""
    observations = np.random.default_rng(0).standard_normal(60)
    together = weights(0.95, 0.01, 60) @ observations
    return equal(
        "mean of KalmanMomentum on 60 random gradients, a = 0.95: distance from brute force",
        learner_mean(observations) - together,
        1e-12,
    )


def transient_checks(gains, adam, steady: float):
    """Start, limit and speed of the two transients at ρ = 0.01, gaps compared far from
    round-off.
    """
    beta, late = 1 - steady, slice(40, 81)

    def contraction(curve):
        gap = curve[late] - steady
        return (gap[-1] / gap[0]) ** (1 / (len(gap) - 1))

    yield equal(
        "first weights: K₁ and Adam's, largest distance from 1",
        max(abs(gains[0] - 1), abs(adam[0] - 1)),
        1e-12,
    )
    yield equal(
        f"limits after {SHORT} steps: distance of K_t from 1 - β₁", gains[-1] - steady, 1e-12
    )
    yield equal(
        f"limits after {SHORT} steps: distance of Adam's weight from 1 - β₁",
        adam[-1] - steady,
        1e-12,
    )
    yield Check(
        quantity="factor per step of K_t - K: β₁²",
        theory=beta**2,
        computed=contraction(gains),
        relation="equal",
        tolerance=1e-3,
        measure="relative",
        reference="closed form",
        bound="before",
    )
    yield Check(
        quantity="factor per step of Adam's weight - (1 - β₁): β₁",
        theory=beta,
        computed=contraction(adam),
        relation="equal",
        tolerance=1e-3,
        measure="relative",
        reference="closed form",
        bound="before",
    )
    second = SECOND, kalman_transient(SECOND, SHORT), adam_gain(1 - kalman_gain_walk(SECOND), SHORT)
    for ratio, own, other in ((TRANSIENTS[1], gains, adam), second):
        yield Check(
            quantity=f"largest difference of the two curves, relative, ρ = {ratio:g}",
            theory=0.1,
            relation="at least",
            tolerance=0,
            computed=np.abs(np.asarray(own) / other - 1).max(),
            reference="stated bound",
            bound="after",
        )


CLAIM = Claim(
    name="kalman-momentum",
    theme="Adam",
    title="Adam's first moment is a Kalman filter of the gradient, its bias correction almost one",
    statement=(
        "E[g_t | y] = m_t with m_t = (1-K)a m_{t-1} + K y_t, so β₁ = (1-K)a with K of ρ = q/s² and"
        " a; a diffuse prior gives K_t = 1 → K with gaps shrinking by β₁² per step, Adam's bias"
        " correction 1 → 1 - β₁ by β₁."
    ),
    source="Kalman 1960; Kingma & Ba 2015; brute-force Bayes",
    relations=("equal", "limit", "at least"),
    evaluate=evaluate,
    picture="kalman_bias_correction",
)
