"""Momentum and weight decay of the exact LQG rule, from the other side: optimised as plain numbers,
found to be theory's.

Problem    One mode, L = ½h(θ-μ)², h = 0.8, hidden minimum μ' = aμ + N(0, q) sampled once a step
           from dμ = -λμ dt + √0.1 dW,
           λ = 0, 0.05, 0.3; y = h(θ-μ) + N(0, σ²), σ = 1; running loss, price of movement 1/2η, η =
           0.2, discount γ = 0.05 a step. Heavy ball with decoupled weight decay, constant α, β, w,
           optimised for T steps from θ_0 = 0.
Formula    Δθ_t = b Δθ_{t-1} - αy_t - c θ_t, b = β(1-w), c = w(1-β), is the LQG rule u = -Rθ + Sm
           with the Kalman mean m
           eliminated: b = a(1-K)(1-R), α = SK/h, c = R(1-a(1-K)) - SK, K, R, S by two discrete
           Riccati equations; exactly,
           where the learner starts with the steady variance P. λ = 0: c = 0, momentum alone.
           Distance in T as e^{-γT}. For steps Δt → 0 (rates times Δt, noise over √Δt) (1-b)/Δt,
           α/Δt², c/Δt² → r + λ + κh, rsκ, r[λ + κh(1-s)].
Source     Derived for this project: certainty equivalence in discrete time and Kalman 1960, the
           belief eliminated.
Relation   equal: b, α, c at T = 260 to 1e-6; at λ = 0 a decay gains nothing, to 1e-9; the pairs (β,
           w) and (1-w, 1-β), which
           are one rule, cost the same to 1e-12. limit: the distance falls at the rate γ a step (5
           %); slope -1 in T (0.1) where γ = 0 and the learner starts from the stationary law of μ,
           which it must find first; slope 1 in Δt (0.1) of the distance to the coefficients of the
           policy of planning.solve in continuous time. At least, at most (bounds set after a first
           look at h = 0.8 and 0.6): without decay, momentum is at most 0.1 at λ = 0.3, where b is
           0.47 with it, and the cost 0.5 % higher; Nesterov's momentum in place of heavy
           ball costs 0.05 % more at every λ. One α, β, w shared by h = 0.1, 0.3, 1 costs 0.5 % (λ =
           0.3) and 2 % (λ = 0.05) more than each its own. Confirmed at h = 1 and for h = 0.2, 0.5,
           1.2, which were not looked at. (Bounds of 1 %, 0.1 %, 1 % and 3 % and a momentum below 0,
           which held at h = 0.8, did not carry over: at h = 0.6 the momentum without decay is
           +0.04, the costs are 0.9 %, 0.09 %, and shared by h = 0.15, 0.4, 0.9 they are 0.9 % and
           2.7 %.)
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..identification import raw_rule
from ..model.landscape import Discrete
from ..optimisation import exact_cost
from ..optimisation.program import PolicyProgram
from ..planning.beliefs import solve
from ..rules.families import Policy
from ._lqg_from_policies_programs import (
    CURVATURE,
    CURVATURES,
    DECAYED,
    DISCOUNT,
    DRIFT,
    FAMILIES,
    HORIZONS,
    NOISE,
    NOISES,
    PATIENCE,
    RATES,
    REVERSION,
    SECOND,
    SECOND_CURVATURES,
    TIME,
    best,
    decoupled,
    moving,
    program,
    riccati,
    steady_variance,
    together,
)
from ._noisy_bowl import noisy_bowl
from ._stated_checks import bounded


def problem() -> PolicyProgram:
    """A hundred steps of heavy ball with weight decay, λ = 0.05."""
    return program(moving(0.05, steady_variance(0.05)[1]), 100)


def continuous() -> lc.ControlProblem:
    """The moving minimum in continuous time."""
    return noisy_bowl(moving(REVERSION), curvature=CURVATURE, discount=PATIENCE, noise=NOISE)


def equal_checks():
    """The optimised numbers and those of two Riccati equations, and what two pairs (β, w) share."""
    for rate in RATES:
        minimum = moving(rate, steady_variance(rate)[1])
        result = best(minimum, 260, starts=2)
        for name, theory, found in zip(
            "bαc", riccati(rate), together(result.coefficients), strict=True
        ):
            yield Check(
                quantity=f"{name} at λ = {rate:g}",
                theory=theory,
                computed=found,
                relation="equal",
                tolerance=1e-6,
                reference="independent code",
                bound="before",
            )
        if rate == 0:
            alone = best(minimum, 260, fixed={"decay": 0.0}, starts=2)
            yield Check(
                quantity="gain of a decay at λ = 0",
                theory=0,
                computed=1 - result.cost / alone.cost,
                relation="equal",
                tolerance=1e-9,
                reference="closed form",
                bound="before",
            )
            continue
        alpha, beta, decay = (
            result.coefficients[name] for name in ("learning_rate", "momentum", "decay")
        )
        swapped = Policy(
            family=DECAYED,
            horizon=260,
            coefficients={"learning_rate": alpha, "momentum": 1 - decay, "decay": 1 - beta},
        )
        yield Check(
            quantity=f"cost with (1-w, 1-β) over that with (β, w) - 1, λ = {rate:g}",
            theory=0,
            relation="equal",
            computed=exact_cost(swapped, result.program) / result.cost - 1,
            tolerance=1e-12,
            reference="same code, other data",
            bound="before",
        )


def horizon_checks():
    """How the optimised numbers near the rule as the horizon grows."""
    rate, horizons = 0.05, np.array([100, 150, 200])
    minimum, theory = moving(rate, steady_variance(rate)[1]), riccati(rate)
    gaps = [
        np.abs(together(best(minimum, int(T), starts=2).coefficients) - theory) for T in horizons
    ]
    for name, gap in zip("bαc", np.transpose(gaps), strict=True):
        yield Check(
            quantity=f"{name}: rate of approach a step",
            theory=DISCOUNT,
            relation="limit",
            measure="relative",
            computed=-np.polyfit(horizons, np.log(gap), 1)[0],
            tolerance=0.05,
            reference="closed form",
            bound="before",
        )
    theory = riccati(rate, discount=0.0)
    gaps = [
        np.abs(together(best(moving(rate), int(T), discount=0.0, starts=2).coefficients) - theory)
        for T in horizons
    ]
    for name, gap in zip("bα", np.transpose(gaps), strict=False):
        yield Check(
            quantity=f"{name}: slope in T from the stationary law, γ = 0",
            theory=-1,
            relation="limit",
            computed=fitted_slope(horizons, gap),
            tolerance=0.1,
            reference="closed form",
            bound="before",
        )


def step_checks():
    """The discrete rule nears the continuous one, for a horizon as good as none."""
    form = raw_rule(solve(continuous())).momentum
    theory = np.array([form.friction[0, 0], form.learning_rate[0, 0], form.decay[0, 0]])
    steps = np.array([0.2, 0.1, 0.05])
    gaps = []
    for step in steps:
        minimum = moving(REVERSION * step, steady_variance(REVERSION, step)[1], DRIFT * step)
        result = best(
            minimum,
            round(TIME / step),
            discount=PATIENCE * step,
            noise=NOISE / math.sqrt(step),
            learning_rate=step,
            loss_weight=step,
            starts=1,
        )
        kept, alpha, decay = together(result.coefficients)
        gaps.append(
            np.abs(np.array([(1 - kept) / step, alpha / step**2, decay / step**2]) - theory)
        )
    for name, gap in zip(("(1-b)/Δt", "α/Δt²", "c/Δt²"), np.transpose(gaps), strict=True):
        yield Check(
            quantity=f"{name}: slope in Δt of the distance from continuous time",
            theory=1,
            relation="limit",
            computed=fitted_slope(steps, gap),
            tolerance=0.1,
            reference="closed form",
            bound="before",
        )


def family_checks():
    """What the form is worth, at h and at a second curvature: no decay, another momentum; and numbers
    shared by several curvatures.
    """
    for curvature in (CURVATURE, SECOND):
        yield from form_checks(curvature)
    for values in (CURVATURES, SECOND_CURVATURES):
        for rate, least in ((0.05, 0.02), (0.3, 0.005)):
            shared, *own = (
                best(moving(rate), 100, discount=0.0, curvatures=Discrete(some), starts=3).cost
                for some in (values, *([h] for h in values))
            )
            yield bounded(
                f"λ = {rate:g}: cost of numbers shared by h = {values} over own ones - 1",
                "at least",
                least,
                shared / np.mean(own) - 1,
            )


def form_checks(curvature):
    """Nesterov's momentum for heavy ball, and no decay, at one curvature."""
    for rate in RATES:
        minimum = moving(rate, steady_variance(rate)[1])
        free, ahead = (
            best(minimum, 100, family, curvatures=Discrete([curvature]), starts=3)
            for family in FAMILIES[:2]
        )
        yield bounded(
            f"h = {curvature:g}, λ = {rate:g}: cost with Nesterov's momentum over heavy ball's - 1",
            "at least",
            0.0005,
            ahead.cost / free.cost - 1,
        )
    alone = best(minimum, 100, FAMILIES[2], curvatures=Discrete([curvature]), starts=3)
    yield bounded(
        f"h = {curvature:g}, λ = 0.3: β without decay",
        "at most",
        0.1,
        alone.coefficients["momentum"],
    )
    yield bounded(
        f"h = {curvature:g}, λ = 0.3: cost without decay over that with it - 1",
        "at least",
        0.005,
        alone.cost / free.cost - 1,
    )


def evaluate() -> Evidence:
    """Equality, three limits, other forms."""
    return Evidence(
        checks=[*equal_checks(), *horizon_checks(), *step_checks(), *family_checks()],
        data=picture(0.05),
    )


def picture(rate):
    """b, α, c over noise and horizon beside the rule, and what the rule costs where the horizon is
    finite.
    """
    shape = len(NOISES), len(HORIZONS)
    found, excess, exact = np.empty((3, *shape)), np.empty(shape), np.empty((3, len(NOISES)))
    for row, noise in enumerate(NOISES):
        minimum, exact[:, row] = (
            moving(rate, steady_variance(rate, noise=noise)[1]),
            riccati(rate, noise=noise),
        )
        for column, horizon in enumerate(HORIZONS):
            result = best(minimum, horizon, noise=noise, starts=2)
            found[:, row, column] = together(result.coefficients)
            rule = Policy(family=DECAYED, horizon=horizon, coefficients=decoupled(*exact[:, row]))
            excess[row, column] = exact_cost(rule, result.program) / result.cost - 1
    names = ("momentum", "learning_rate", "weight_decay")
    return {
        "noises": np.array(NOISES),
        "horizons": np.array(HORIZONS),
        "excess": excess,
        **dict(zip(names, found, strict=True)),
        **{f"{name}_exact": one for name, one in zip(names, exact, strict=True)},
    }


CLAIM = Claim(
    name="lqg-from-policies",
    theme="momentum and schedules",
    title="Optimised momentum and weight decay are those of the exact LQG rule",
    statement=(
        "for long horizons b = a(1-K)(1-R), α = SK/h, c = R(1-a(1-K)) - SK in Δθ_t = bΔθ_{t-1} -"
        " αy_t - cθ_t"
    ),
    source="derived for this project; Kalman 1960",
    relations=("equal", "limit", "at least", "at most"),
    picture="lqg_from_policies",
    evaluate=evaluate,
)
