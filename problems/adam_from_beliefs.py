"""Adam from beliefs: optimal control of a believed quadratic, its long-horizon limit Adam, and what
either costs.

Problem
    L = Σ ½h_i(θ_i - φ_i)², h = (1, 25), hidden minimum φ ~ N(0, 1) at rest, η = k = 1, T = ∞. The
    learner starts at 0 and sees ∂L/∂θ_i with noise σ√h_i, as for a log-likelihood loss (noise
    covariance ∝ Fisher information), every Δt = 0.05.
Formulas
    Beliefs: gradient m_t = (1-K)m_{t-1} + K y_t (Kalman), curvature V = cv, v_t = β₂v_{t-1} +
    (1-β₂)y_t², c = Δt/σ².
    Optimal control of the believed quadratic: u = -[√(γ²/4 + ηkV) - γ/2] V⁻¹ m.
    γ → 0: Adam, u = -α m/√v with α = √(ηk/c), β₁ = 1-K; γ → ∞: momentum descent, u = -(ηk/γ) m.
Claim
    This is Adam at γ = 0; updates part from Adam's as γ and from momentum descent's as γ⁻². Bias
    corrections differ. Regret against the optimum, which knows the curvatures and the prior (exact
    LQG); each rule with its own best coefficients (BEST, found by ``search`` on 400 episodes of
    seed 3; β₂ = 0.99 for all): Adam is nowhere near-optimal and nowhere cheaper than Adam from
    beliefs, which is near-optimal for short sight and much noise. Where the signal dominates SGD is
    cheaper than Adam (v is then no curvature), where noise does and sight is long it is dearer.
Source
    Kingma & Ba 2015; Kalman 1960; L. Aitchison, NeurIPS 2020; W. M. Wonham 1968 for the optimum.
Relation and tolerance (4 standard errors and the 5 % fixed in advance, other bounds after a first
look)
    equal: control against lc.solve's plan to 1e-6 relative; identity with Adam to 1e-12. limit:
    slopes +1 and -2 in γ within
    0.02. Regrets: another seed, common random numbers, bounds that hold by 4 standard errors.
    "Near-optimal" is a regret of at most 5 %. No coefficient changed by 20 % may gain more than 1 %
    of the cost (the search is settled).
"""

import math
from functools import cache, partial

import numpy as np

import landscape_control as lc
from landscape_control.claims import Check, Claim, Evidence, fitted_slope
from landscape_control.planning import solve
from landscape_control.simulation import (
    SGD,
    Adam,
    BeliefAdam,
    KalmanMomentum,
    RMSProp,
    paired_difference,
    simulate,
)

CURVATURES, DRIVE, STEP = np.array([1.0, 25.0]), 1.0, 0.05  # DRIVE is ηk
NOISES, DISCOUNTS = np.array([0.3, 1.0, 3.0]), np.array([0.2, 0.8, 3.2])
BETA2, GAIN = 0.99, 0.1  # K = 1 - β₁ where all learners share their coefficients
RATIO = GAIN**2 / (1 - GAIN)  # ρ of that gain, a = 1
NEARBY, FAR = np.array([1e-6, 1e-5, 1e-4]), np.array([1e3, 1e4, 1e5])
EPISODES, SEED, STANDARD_ERRORS, NEAR, SPAN = 1000, 11, 4.0, 0.05, 6.0  # SPAN/γ is simulated
FREE = {
    "belief_adam": ("drive", "ratio"),
    "adam": ("learning_rate", "beta1"),
    "rmsprop": ("learning_rate",),
    "sgd": ("learning_rate",),
}
BEST = {  # (σ, γ): the coefficients named in FREE, found by ``search``
    (0.3, 0.2): {
        "belief_adam": (1.7, 0.0161),
        "adam": (1.78, 0.9),
        "rmsprop": (0.374,),
        "sgd": (0.0919,),
    },
    (0.3, 0.8): {
        "belief_adam": (2.74, 0.0378),
        "adam": (2.12, 0.859),
        "rmsprop": (0.356,),
        "sgd": (0.116,),
    },
    (0.3, 3.2): {
        "belief_adam": (3.26, 0.0875),
        "adam": (1.88, 0.848),
        "rmsprop": (0.238,),
        "sgd": (0.113,),
    },
    (1.0, 0.2): {
        "belief_adam": (0.145, 0.0112),
        "adam": (1.61, 0.917),
        "rmsprop": (0.378,),
        "sgd": (0.0395,),
    },
    (1.0, 0.8): {
        "belief_adam": (0.328, 0.0255),
        "adam": (2.1, 0.891),
        "rmsprop": (0.348,),
        "sgd": (0.0552,),
    },
    (1.0, 3.2): {
        "belief_adam": (0.591, 0.0438),
        "adam": (1.93, 0.917),
        "rmsprop": (0.213,),
        "sgd": (0.0603,),
    },
    (3.0, 0.2): {
        "belief_adam": (0.0171, 0.00869),
        "adam": (1.43, 0.926),
        "rmsprop": (0.424,),
        "sgd": (0.0158,),
    },
    (3.0, 0.8): {
        "belief_adam": (0.0531, 0.0286),
        "adam": (1.94, 0.892),
        "rmsprop": (0.328,),
        "sgd": (0.0211,),
    },
    (3.0, 3.2): {
        "belief_adam": (0.126, 0.0658),
        "adam": (1.51, 0.877),
        "rmsprop": (0.136,),
        "sgd": (0.019,),
    },
}


def problem() -> lc.ControlProblem:
    """Full information: the minimum is known to be at (1, 1)."""
    return posed(NOISES[1], DISCOUNTS[1]).known([1.0, 1.0])


@cache
def posed(noise: float, discount: float) -> lc.ControlProblem:
    """The ill-conditioned bowl with its hidden minimum."""
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: sum(h * (theta[i] - phi[i]) ** 2 / 2 for i, h in enumerate(CURVATURES)),
        dimension=2,
        hidden=lc.GaussianPrior(mean=[0.0, 0.0], covariance=[1.0, 1.0]),
    )
    learner = lc.Learner(sees=lc.NoisyGradient(noise=noise * np.sqrt(CURVATURES)))
    return lc.ControlProblem(
        landscape=landscape,
        learner=learner,
        start=[0.0, 0.0],
        objective=lc.Objective(horizon=math.inf, discount=discount),
    )


def from_beliefs(noise: float, discount: float, **changes) -> BeliefAdam:
    """Adam from beliefs with its coefficients as derived, or some changed."""
    given = {
        "drive": DRIVE,
        "ratio": RATIO,
        "beta2": BETA2,
        "curvature_scale": STEP / noise**2,
        "epsilon": 1e-12,
    } | changes
    return BeliefAdam(discount=discount, **given)


def learner(rule: str, noise: float, discount: float):
    """The rule with its best coefficients."""
    values = dict(zip(FREE[rule], BEST[noise, discount][rule], strict=True))
    kinds = {
        "belief_adam": partial(from_beliefs, noise, discount),
        "adam": partial(Adam, beta2=BETA2),
        "rmsprop": partial(RMSProp, decay=BETA2),
        "sgd": SGD,
    }
    return kinds[rule](**values)


def run(one, noise: float, discount: float, episodes=EPISODES, seed=SEED, **options):
    """A rollout of SPAN/γ."""
    return simulate(
        posed(noise, discount),
        one,
        episodes=episodes,
        seed=seed,
        step=STEP,
        horizon=SPAN / discount,
        **options,
    )


def search(rule: str, noise: float, discount: float):
    """The best coefficients, from those of BEST: how the table was made."""
    return lc.simulation.best_coefficients(
        posed(noise, discount),
        learner(rule, noise, discount),
        free=FREE[rule],
        episodes=400,
        seed=3,
        starts=1,
        step=STEP,
        horizon=SPAN / discount,
        held_out_episodes=EPISODES,
        held_out_seed=SEED,
        most_evaluations=60,
        tolerance=3e-3,
    )


def evaluate() -> Evidence:
    """Control, limits and distances on the same gradients, and regrets over noise and discount."""
    gradients = {
        noise: run(learner("sgd", noise, 0.8), noise, 0.8, episodes=8, keep_paths=True).paths
        for noise in NOISES
    }
    rollouts, table = {}, {}
    for cell in ((noise, discount) for noise in NOISES for discount in DISCOUNTS):
        best = rollouts["optimum", *cell] = run(solve(posed(*cell), method="lqg"), *cell)
        rollouts |= {(rule, *cell): run(learner(rule, *cell), *cell) for rule in FREE}
        table |= {(rule, *cell): relative(rollouts[rule, *cell], best, best) for rule in FREE}
    regrets, errors = np.moveaxis(
        [
            [[table[rule, noise, discount] for discount in DISCOUNTS] for rule in FREE]
            for noise in NOISES
        ],
        -1,
        0,
    )
    checks = (
        *control_checks(gradients[1.0]),
        *limit_checks(gradients[1.0]),
        *regret_checks(regrets, errors),
        *paired_checks(rollouts),
        *settled_checks(),
    )
    return Evidence(checks=checks, data=picture(gradients, regrets, errors))


def updates(one, paths) -> np.ndarray:
    """u (S, N, n) of a learner fed the observations of the paths."""
    state, moves = one.init(*paths.observations[:, 0].shape), np.empty_like(paths.observations)
    for k in range(moves.shape[1]):
        moves[:, k], state = one.update(
            state, paths.observations[:, k], paths.parameters[:, k], STEP
        )
    return moves


def distance(one, other) -> float:
    """rms|u - u'| / rms|u'|."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def control_checks(paths):
    """u of Adam from beliefs after 40 gradients against the plan for the quadratic that it believes
    in then.
    """
    ys = paths.observations[0, :40]
    m, v, gain = np.zeros(2), np.zeros(2), np.inf
    for y in ys:
        gain = 1 / (
            1 + 1 / (gain + RATIO)
        )  # the predicted variance is (K + ρ)s²; the prior is diffuse
        m, v = (1 - gain) * m + gain * y, BETA2 * v + (1 - BETA2) * y**2
    curvature = STEP * v / (1 - BETA2 ** len(ys))  # c = Δt at σ = 1
    for discount in (0.2, 3.2):
        found = updates(from_beliefs(1.0, discount), paths)[0, len(ys) - 1]
        believed = lc.quadratic(hessian=np.diag(curvature), minimum=-m / curvature)
        plan = lc.solve(
            lc.ControlProblem(
                landscape=believed,
                start=[0.0, 0.0],
                objective=lc.Objective(horizon=math.inf, discount=discount),
            ),
            tolerance=1e-10,
        )
        yield Check(
            quantity=(
                f"update against the plan for the believed quadratic, γ = {discount:g}: relative"
                " distance"
            ),
            theory=0,
            computed=distance(found, plan.controls[0]),
            relation="equal",
            tolerance=1e-6,
        )


def limit_checks(paths):
    """Adam at γ = 0, the two rates, and what bias corrections change."""
    plain = {"diffuse": False, "bias_correction": False}
    rate = math.sqrt(DRIVE / STEP)  # √(ηk/c) at σ = 1
    adam = updates(
        Adam(
            learning_rate=rate,
            beta1=1 - GAIN,
            beta2=BETA2,
            epsilon=1e-12 / math.sqrt(STEP),
            bias_correction=False,
        ),
        paths,
    )
    near, far = (
        [updates(from_beliefs(1.0, discount, **plain), paths) for discount in row]
        for row in (NEARBY, FAR)
    )
    descent = [
        updates(KalmanMomentum(learning_rate=DRIVE / gamma, ratio=RATIO, diffuse=False), paths)
        for gamma in FAR
    ]
    corrected = updates(Adam(learning_rate=rate, beta1=1 - GAIN, beta2=BETA2), paths)
    yield Check(
        quantity="γ = 0, no bias corrections: relative distance from Adam's updates",
        theory=0,
        relation="equal",
        computed=distance(updates(from_beliefs(1.0, 0.0, **plain), paths), adam),
        tolerance=1e-12,
    )
    yield Check(
        quantity="slope in γ of the distance from Adam, γ → 0",
        theory=1,
        relation="limit",
        tolerance=0.02,
        computed=fitted_slope(NEARBY, [distance(one, adam) for one in near]),
    )
    yield Check(
        quantity="slope in γ of the distance from momentum descent, γ → ∞",
        theory=-2,
        relation="limit",
        tolerance=0.02,
        computed=fitted_slope(FAR, list(map(distance, far, descent))),
    )
    start = distance(updates(from_beliefs(1.0, 0.0), paths)[:, :20], corrected[:, :20])
    yield Check(
        quantity="γ = 0, diffuse prior against Adam's bias correction: distance over 20 steps",
        theory=0.05,
        computed=start,
        relation="at least",
        tolerance=0,
    )


def regret_checks(regrets, errors):
    """Where the rules are near-optimal and where they are not."""
    low, high = regrets - STANDARD_ERRORS * errors, regrets + STANDARD_ERRORS * errors
    ours, adam, sgd = (list(FREE).index(rule) for rule in ("belief_adam", "adam", "sgd"))
    stated = (
        ("at least", "least regret of all rules, plus", 0.0, high.min()),
        ("at least", "least regret of Adam over σ and γ, less", NEAR, low[:, adam].min()),
        (
            "at least",
            "least regret of all rules at σ = 0.3, γ = 0.2, less",
            0.5,
            low[0, :, 0].min(),
        ),
        (
            "at most",
            "regret of Adam from beliefs at σ = 3, γ = 3.2 (near-optimal), plus",
            NEAR,
            high[2, ours, 2],
        ),
        (
            "at most",
            "regret of SGD at σ = 0.3, γ = 3.2 (near-optimal), plus",
            NEAR,
            high[0, sgd, 2],
        ),
    )
    for relation, words, theory, value in stated:
        yield Check(
            quantity=f"{words} 4 standard errors",
            theory=theory,
            computed=value,
            relation=relation,
            tolerance=0,
        )


def paired_checks(rollouts):
    """Rules against each other on the same random numbers, in units of the optimum's cost."""
    cells = [(noise, discount) for noise in NOISES for discount in DISCOUNTS]
    pairs = (
        ("Adam over Adam from beliefs, all σ and γ", "adam", "belief_adam", cells),
        ("Adam over SGD, σ = 0.3, all γ", "adam", "sgd", cells[:3]),
        ("SGD over Adam, σ = 3, γ = 0.2", "sgd", "adam", cells[6:7]),
    )
    for words, first, second, where in pairs:
        gaps = [
            relative(rollouts[first, *cell], rollouts[second, *cell], rollouts["optimum", *cell])
            for cell in where
        ]
        sign = 1 if "all σ" in words else -1  # never cheaper beyond chance; or dearer beyond chance
        yield Check(
            quantity=(
                f"extra cost of {words}: least, {'plus' if sign > 0 else 'less'} 4 standard errors"
            ),
            theory=0,
            computed=min(gap + sign * STANDARD_ERRORS * error for gap, error in gaps),
            relation="at least",
            tolerance=0,
        )


def relative(rollout, other, optimum):
    """((J - J')/J*, its standard error) on common random numbers."""
    mean, error = paired_difference(rollout, other)
    return mean / optimum.cost, error / optimum.cost


def settled_checks():
    """At σ = 1, γ = 0.8: coefficients moved by 20 % either way, on the numbers of the search."""
    again = partial(run, noise=1.0, discount=0.8, episodes=400, seed=3)
    for rule in FREE:
        best = learner(rule, 1.0, 0.8)
        values = best.coefficients
        moved = [
            {name: 1 - (1 - values[name]) * change if name == "beta1" else values[name] * change}
            for name in FREE[rule]
            for change in (0.8, 1.2)
        ]
        costs = [again(best.with_coefficients(change)).cost for change in moved]
        yield Check(
            quantity=f"{rule.replace('_', ' ')}: gain by moving a coefficient by 20 %",
            theory=0.01,
            computed=1 - min(costs) / again(best).cost,
            relation="at most",
            tolerance=0,
        )


def picture(gradients, regrets, errors) -> dict:
    """Data of the figure adam_from_beliefs: distances at shared coefficients, regrets at the best,
    one episode.
    """
    return {
        "discounts": DISCOUNTS,
        "noises": NOISES,
        "rules": ["adam", "rmsprop", "sgd"],
        "distances": np.array([distances(noise, gradients[noise]) for noise in NOISES]),
        "regret_rules": list(FREE),
        "regrets": regrets,
        "regret_errors": errors,
        **example(),
    }


def distances(noise: float, paths) -> np.ndarray:
    """(3, K): updates of Adam, RMSProp (α = √(ηk/c)) and SGD (ηk/γ) from Adam from beliefs, other
    coefficients shared.
    """
    rate, table = noise * math.sqrt(DRIVE / STEP), []
    for discount in DISCOUNTS:
        ours = updates(from_beliefs(noise, discount), paths)
        others = (
            Adam(learning_rate=rate, beta1=1 - GAIN, beta2=BETA2),
            RMSProp(learning_rate=rate, decay=BETA2),
            SGD(learning_rate=DRIVE / discount),
        )
        table.append([distance(updates(one, paths), ours) for one in others])
    return np.array(table).T


def example() -> dict:
    """σ = 0.3, γ = 0.2: paths of one episode and mean losses of 40."""
    noise, discount, count = 0.3, 0.2, 200
    rollouts = [
        run(
            learner(rule, noise, discount), noise, discount, episodes=40, seed=5, keep_paths=40
        ).paths
        for rule in FREE
    ]
    shown = int(
        np.argmin(np.abs(rollouts[0].hidden[:, 0] - 1).sum(1))
    )  # the hidden minimum nearest to (1, 1)
    goal = rollouts[0].hidden[shown, 0]
    loss = [
        (CURVATURES * (paths.parameters - paths.hidden) ** 2 / 2).sum(-1).mean(0)[:count]
        for paths in rollouts
    ]
    tracks = np.array([paths.parameters[shown, :count] for paths in rollouts])
    low, high = (
        np.minimum(tracks.min((0, 1)), goal) - 0.3,
        np.maximum(tracks.max((0, 1)), goal) + 0.3,
    )
    axis_1, axis_2 = np.linspace(low, high, 61).T
    height = (
        CURVATURES[0] * (axis_1 - goal[0]) ** 2 + CURVATURES[1] * (axis_2[:, None] - goal[1]) ** 2
    ) / 2
    return {
        "axis_1": axis_1,
        "axis_2": axis_2,
        "loss": height,
        "example_rules": list(FREE),
        "example_paths": tracks,
        "example_times": rollouts[0].times[:count],
        "example_losses": np.array(loss),
    }


CLAIM = Claim(
    name="adam-from-beliefs",
    title="Adam composed from beliefs: its long-horizon limit, and what it costs",
    statement=(
        "u = -[√(γ²/4 + ηkV) - γ/2]V⁻¹m is optimal for the believed quadratic, Adam's m/√v for γ →"
        " 0 (distance ~ γ), momentum descent for γ → ∞ (~ γ⁻²); at best coefficients it is nowhere"
        " dearer than Adam, and near-optimal for short sight and much noise only; Adam is nowhere."
    ),
    source="Kingma & Ba 2015; Kalman 1960; Aitchison 2020",
    relations=("equal", "limit", "at least", "at most"),
    evaluate=evaluate,
    picture="adam_from_beliefs",
)
