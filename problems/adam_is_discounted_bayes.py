"""Adam's two estimates are beliefs that forget by a factor, and a proper start is what ε and warm-up
imitate.

Problem
    A learner sees gradients y_1, y_2, … . It believes that their mean drifts, y = g + N(0, s²), and
    that their scale drifts, y ~ N(0, 1/φ), and forgets by factors: the variance of g is divided by
    β₁ before each observation, φ ~ Gamma(a, b) becomes Gamma(β₂a, β₂b).
Formulas
    From a diffuse start  m = Σβ₁^{t-i}y_i / Σβ₁^{t-i}  and  b/a = Σβ₂^{t-i}y_i² / Σβ₂^{t-i}:
    Adam's m/(1-β₁ᵗ) and v/(1-β₂ᵗ). From (a₀, b₀), with Adam's v,
        b/a = (v + 2(1-β₂)b₀β₂ᵗ) / (1 - β₂ᵗ + 2(1-β₂)a₀β₂ᵗ).
    For gradients of one size, y² = 1, and a start worth one memory, a₀ = ½/(1-β₂), b₀/a₀ = κ:
        b/a = 1 + (κ-1)β₂ᵗ,   steps 1/√(b/a) of their final size.
    The mean is Bayes' rule for drift variances W_t = C_{t-1}(1/β₁ - 1), C the posterior variance.
Claims
    adam-is-discounted-bayes: the two are equal, both bias corrections included, for any gradients
    and any β₁, β₂; the updates of the derived rule are those of Adam with ε = 0.
    adam-proper-start: what a start adds, and that it warms up by itself: with κ = 100 the steps
    begin at a tenth and reach 90 % after 6 memories 1/(1-β₂), by no schedule (linear warm-up over
    2/(1-β₂) steps, Ma & Yarats, imitates this). Its trace fades by β₂ per step, ε's stays: Adam
    with the ε of the same first step stays at a tenth. Without either, the first step is α
    whatever the gradient; with a start, a gradient a thousandth of what was expected moves as such.
Source
    West & Harrison 1997; Shephard 1994; D. P. Kingma, J. Ba, ICLR 2015 (Algorithm 1, written out
    here); J. Ma, D. Yarats, *On the adequacy of untuned warmup for adaptive optimization*, AAAI
    2021. Reference for the mean: one linear system for the gradients of all steps together.
Relation and tolerance
    equal: 1e-12 relative (to the largest |y| for means); the linear system 1e-10.
"""

import math

import numpy as np
from scipy.linalg import solveh_banded

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..model.belief import DiscountedModel
from ..rules.families import DiscountedBayes
from ..simulation import Adam

DRAWS, STEPS, WEIGHTS = 40, 200, 3
MEMORY, SCALE = 0.99, 100.0  # β₂ and κ of the warm-up
SMALL = 1e-3  # a first gradient, where one of size 1 is expected
SHOWN = (3.0, 10.0, 100.0)  # κ of the drawn starts


def problem() -> lc.ControlProblem:
    """One weight with a noisy gradient of a minimum that moves."""
    hidden = lc.RandomWalk(mean=[0.0], covariance=[1.0], diffusion=[0.01])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: (theta[0] - phi[0]) ** 2 / 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=1.0)),
        start=[1.0],
        objective=lc.Objective(horizon=math.inf, discount=1.0),
    ).known([0.0])


def adam_moments(gradients, beta1, beta2):
    """(m, v) after each step, (T, n): Kingma & Ba's recursions before their bias corrections."""
    first, second, moments = np.zeros(WEIGHTS), np.zeros(WEIGHTS), []
    for y in gradients:
        first = beta1 * first + (1 - beta1) * y
        second = beta2 * second + (1 - beta2) * y * y
        moments.append((first, second))
    return np.array(moments).transpose(1, 0, 2)


def draws():
    """(β₁, β₂, gradients) of every draw: memories from one step to thousands, heavy tails, drift."""
    rng = np.random.default_rng(12)
    for _ in range(DRAWS):
        beta1, beta2 = 1 - 10.0 ** rng.uniform(-4, 0, 2)
        sizes = 10.0 ** rng.uniform(-3, 3, WEIGHTS)
        drift = np.cumsum(rng.standard_normal((STEPS, WEIGHTS)), axis=0)
        yield beta1, beta2, sizes * (rng.standard_t(2, (STEPS, WEIGHTS)) + drift)


def equal(
    quantity: str, distance: float, tolerance: float = 1e-12, reference: str = "closed form"
) -> Check:
    """A distance that must vanish."""
    return Check(
        quantity=quantity,
        theory=0,
        computed=distance,
        relation="equal",
        tolerance=tolerance,
        reference=reference,
    )


def estimates_apart(beta1, beta2, gradients):
    """Largest distances of mean and scale from m̂ and v̂, relative."""
    first, second = adam_moments(gradients, beta1, beta2)
    counts = np.arange(1, STEPS + 1)[:, None]
    model = DiscountedModel(mean_discount=beta1, scale_discount=beta2)
    beliefs = model.after(gradients)
    means = np.array([belief.mean for belief in beliefs]) - first / (1 - beta1**counts)
    squares = np.array([belief.square for belief in beliefs]) / (second / (1 - beta2**counts)) - 1
    return np.abs(means / np.abs(gradients).max(0)).max(), np.abs(squares).max()


def updates_apart(beta1, beta2, gradients):
    """Largest distance of the derived rule's updates from those of Adam with ε = 0, over α."""
    policy = lc.Policy(
        family=DiscountedBayes(),
        coefficients={"learning_rate": 0.1, "beta1": beta1, "beta2": beta2},
        horizon=STEPS,
    )
    adam = Adam(learning_rate=0.1, beta1=beta1, beta2=beta2, epsilon=0.0)
    state, other, gap = policy.init(1, WEIGHTS), adam.init(1, WEIGHTS), 0.0
    for y in gradients[:, None]:
        move, state = policy.update(state, y)
        rate, other = adam.update(other, y, np.zeros((1, WEIGHTS)), 1.0)
        gap = max(gap, np.abs(move - rate).max() / 0.1)
    return gap


def mean_by_linear_system(gradients, beta1):
    """E[g_t | y_1 … y_t] at the last step, from the joint precision of g_1 … g_t; s = 1."""
    steps, variance = len(gradients), 1.0  # C_1: the first gradient alone
    bands = np.zeros((2, steps))  # upper diagonal, diagonal
    bands[1] = 1.0
    for t in range(1, steps):
        drift = variance * (1 / beta1 - 1)
        bands[1, t - 1 : t + 1] += 1 / drift
        bands[0, t] = -1 / drift
        variance = 1 / (1 + 1 / (variance + drift))
    return solveh_banded(bands, gradients)[-1]


def evaluate() -> Evidence:
    """Both estimates, their updates, and Bayes' rule by brute force."""
    cases = list(draws())
    apart = np.array([estimates_apart(*case) for case in cases])
    moves = max(updates_apart(*case) for case in cases[:10])
    rng, brute = np.random.default_rng(3), []
    for beta1 in (0.3, 0.9, 0.99):
        y = rng.standard_normal((60, 1))
        belief = DiscountedModel(mean_discount=beta1, scale_discount=1.0).after(y)[-1]
        brute.append(belief.mean[0] - mean_by_linear_system(y[:, 0], beta1))
    checks = (
        equal(f"mean - m/(1-β₁ᵗ) over the largest |y|, {DRAWS} draws of β₁, β₂", apart[:, 0].max()),
        equal(f"b/a over v/(1-β₂ᵗ), less 1, {DRAWS} draws", apart[:, 1].max()),
        equal(
            "updates of the derived rule - those of Adam with ε = 0, over α",
            moves,
            reference="independent code",
        ),
        equal(
            "mean - E[g_t | y] by one linear system, drift C(1/β₁-1)",
            np.abs(brute).max(),
            1e-10,
            reference="independent code",
        ),
    )
    return Evidence(checks=checks, reference="closed form", bound="before")


def started(shape, rate, gradients, beta2=MEMORY):
    """b/a after each gradient (T,) from a proper start."""
    model = DiscountedModel(
        mean_discount=0.9, scale_discount=beta2, start_shape=shape, start_rate=rate
    )
    return np.array([belief.square[0] for belief in model.after(gradients[:, None])])


def start_apart() -> float:
    """Largest relative distance of b/a from its formula in Adam's v, over the draws."""
    rng, gaps = np.random.default_rng(5), []
    for _, beta2, gradients in draws():
        shape, rate = 10.0 ** rng.uniform(-3, 3, 2)
        second = adam_moments(gradients, 0.9, beta2)[1, :, 0]
        faded = beta2 ** np.arange(1, STEPS + 1)
        theory = (second + 2 * (1 - beta2) * rate * faded) / (
            1 - faded + 2 * (1 - beta2) * shape * faded
        )
        gaps.append(np.abs(started(shape, rate, gradients[:, 0], beta2) / theory - 1).max())
    return max(gaps)


def size_with_epsilon(epsilon, steps):
    """|Δθ|/α of Adam at each step (T,), for gradients of size 1."""
    adam, sizes = Adam(learning_rate=1.0, beta2=MEMORY, epsilon=epsilon), []
    state, one = adam.init(1, 1), np.ones((1, 1))
    for _ in range(steps):
        rate, state = adam.update(state, one, one, 1.0)
        sizes.append(-rate[0, 0])
    return np.array(sizes)


def first_step(family, start) -> float:
    """-Δθ_1/α of the rule for a gradient SMALL."""
    policy = lc.Policy(
        family=family,
        coefficients={"learning_rate": 1.0, "beta1": 0.9, "beta2": MEMORY, **start},
        horizon=1,
    )
    return -policy.update(policy.init(1, 1), [[SMALL]])[0][0, 0]


def evaluate_start() -> Evidence:
    """What a proper start adds, and how it warms up."""
    steps, shape = 1200, 0.5 / (1 - MEMORY)
    counts, ones = np.arange(1, steps + 1), np.ones(steps)
    factors = {kappa: started(shape, kappa * shape, ones) ** -0.5 for kappa in SHOWN}
    warm = factors[SCALE]
    reached = int(counts[np.argmax(warm >= 0.9)])
    wanted = math.ceil(math.log((0.9**-2 - 1) / (SCALE - 1)) / math.log(MEMORY))
    excess = warm**-2 - 1
    checks = (
        equal(f"b/a over its formula in v, a₀, b₀, less 1, {DRAWS} draws", start_apart()),
        equal(
            "b/a - (1 + (κ-1)β₂ᵗ), y² = 1, κ = 100, largest relative distance",
            np.abs(warm**-2 / (1 + (SCALE - 1) * MEMORY**counts) - 1).max(),
            1e-10,
        ),
        Check(
            quantity="first step as a share of the final one, κ = 100",
            theory=(1 + (SCALE - 1) * MEMORY) ** -0.5,
            computed=warm[0],
            relation="equal",
            tolerance=1e-10,
        ),
        Check(
            quantity="first step of 90 % of the final size, κ = 100, β₂ = 0.99",
            theory=wanted,
            computed=reached,
            relation="equal",
            tolerance=0,
        ),
        Check(
            quantity="factor per step by which the start's trace fades",
            theory=MEMORY,
            computed=(excess[-1] / excess[600]) ** (1 / (steps - 1 - 600)),
            relation="equal",
            tolerance=1e-8,
        ),
        Check(
            quantity="Adam with the ε of the same first step: share of α that it makes at the end",
            theory=warm[0],
            computed=size_with_epsilon(1 / warm[0] - 1, steps)[-1],
            relation="equal",
            tolerance=1e-10,
        ),
        *(
            Check(
                quantity=f"first step over α for a gradient of {SMALL:g}, {words}",
                theory=theory,
                computed=first_step(family, start),
                relation="equal",
                tolerance=1e-12,
            )
            for words, theory, family, start in (
                ("diffuse", 1.0, DiscountedBayes(), {}),
                (
                    "one gradient of size 1 expected",
                    SMALL * math.sqrt((MEMORY + 1) / (MEMORY + SMALL**2)),
                    DiscountedBayes(start_shape=0.5),
                    {"start_rate": 0.5},
                ),
            )
        ),
    )
    return Evidence(
        checks=checks,
        data={
            "steps": counts,
            "memory": 1 / (1 - MEMORY),
            "scales": np.array(SHOWN),
            "factors": np.array([factors[kappa] for kappa in SHOWN]),
            "factors_theory": np.array(
                [(1 + (kappa - 1) * MEMORY**counts) ** -0.5 for kappa in SHOWN]
            ),
            "adam": size_with_epsilon(1 / warm[0] - 1, steps),
        },
        reference="closed form",
        bound="before",
    )


CLAIMS = (
    Claim(
        name="adam-is-discounted-bayes",
        theme="Adam",
        title="Adam's two estimates are discounted Bayes, bias corrections included",
        statement=(
            "A diffuse belief in a drifting mean and a drifting scale that forgets by β₁ and β₂ has"
            " posterior mean m/(1-β₁ᵗ) and b/a = v/(1-β₂ᵗ), for any gradients and any β₁, β₂"
        ),
        source="West & Harrison 1997; Shephard 1994; Kingma & Ba 2015",
        relations=("equal",),
        evaluate=evaluate,
    ),
    Claim(
        name="adam-proper-start",
        theme="Adam",
        title="A proper start of the scale is what ε and warm-up imitate",
        statement=(
            "A start (a₀, b₀) adds b₀β₂ᵗ and a₀β₂ᵗ: steps warm up by themselves over a few 1/(1-β₂),"
            " and its trace fades by β₂ per step, as that of ε does not"
        ),
        source="Shephard 1994; compare Kingma & Ba 2015, Ma & Yarats 2021",
        relations=("equal",),
        evaluate=evaluate_start,
        picture="adam_proper_start",
    ),
)
