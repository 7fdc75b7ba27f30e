"""Resetting: what each way of forgetting costs when the task switches, against the optimal learner.

Problem
    L = ½h(θ-φ)², h = 1, T = ∞, γ = 0.2, η = 4, k = 1. At rate λ the task φ is drawn afresh from
    four equally likely values with mean 0, variance 1; the learner starts at 0 and sees ∂L/∂θ with
    noise σ. Switches are announced (not to which task), or must be inferred.
Formula
    E[φ later | seen] = e^{-λt} m and the noise does not depend on θ, so only the mean m of the
    belief counts: in both cases
    u = -r[θ - s m],  s = (r+γ)/(r+γ+λ),  r = √(γ²/4 + ηkh) - γ/2;
    m by the exact filter of the task chain, with or without news of switches. With the best linear
    filter (Kalman-Bucy) the rule is heavy-ball momentum with L2 decay, friction r + λ + κh,
    learning rate r s κ, decay [λ + κh(1-s)]/(sκ) on the gradient, κ = Ph/σ² once the variance P has
    settled.
Rules
    Momentum descent on the raw gradients, with no reset; L2 decay towards θ₀; full reset to θ₀ at
    announced switches; shrink-and-perturb (θ → shrink·θ) at announced switches. Coefficients of
    each and every (λ, σ): by the exact cost where the rule is not told of switches, and so linear;
    else the best that ``search`` (Nelder-Mead) found on 1000 episodes of seed 3, in BEST.
    Perturbing only costs on a convex loss: perturb = 0, and a check says so. Full resets at
    inferred switches are no fifth rule: searched the same way, the best threshold was one never
    reached.
Source
    Derived for this project (Wonham 1965, 1968); Ash & Adams 2020; Krogh & Hertz 1991; Kumar et al.
    2023.
Relation and tolerance (4 standard errors and the 5 % fixed in advance, other bounds after a first
look)
    Episodes of another seed, common random numbers, steps of 0.1 (the cost is that of the problem
    in discrete time), regret against the optimum with the same news. equal: the best s, by the
    exact parabola of the cost in s, within 4 standard errors of the regulator's in discrete time
    (which tends to the formula, see task-uncertainty), sought at λ = 0.8, σ = 0.3, where s = 1 is
    ten tolerances off; and what L2 decay saves, against exact costs. at most, at least: within 4
    standard errors of what the check states. No coefficient of a told rule changed by 20 % may gain
    more than 1 % of the cost (checked for one cell). "Near-optimal" is a regret of at most 5 %. At
    λ = 0.8, L2 decay with the formula's coefficients costs within 1 % of the least, exactly. At λ =
    0.05 they cost 6 % more, because the first task, seen with a variance that has not settled, is
    most of the cost there: where it has settled at the start they cost 2e-5 more. Bounds were set
    on seed 11; these are the numbers of seed 29, not looked at before, with twice the episodes at λ
    = 0.05 (with 800, L2 decay's regret of 10 % was within 4 standard errors of 5 %).
"""

import math
from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..simulation import FullResetAtSwitches, simulate
from ._announced_resets import Setting, regulator
from ._resetting_learners import (
    BEST,
    DISCOUNT,
    EPISODES,
    NEAR,
    NOISES,
    RAREST,
    RATES,
    RULES,
    SEED,
    SETTINGS,
    STANDARD_ERRORS,
    TASKS,
    THRESHOLDS,
    TOLD,
    aim,
    excess_of_formula,
    factor,
    posed,
    relative,
    settled_problem,
    tuned,
)
from ._stated_checks import bounded


def problem() -> lc.ControlProblem:
    """Full information: the last task is known to be on for good (the command 'solve' plans without
    beliefs).
    """
    return posed(RATES[1], NOISES[1]).known([TASKS[-1]])


def evaluate() -> Evidence:
    """Regrets of the four rules over rates and noises, and the formula behind the optimum."""
    shape = (len(NOISES), len(RULES), len(RATES))
    regrets, errors, news, runs = np.empty(shape), np.empty(shape), {}, {}
    for j, noise in enumerate(NOISES):
        for i, rate in enumerate(RATES):
            run = partial(
                simulate,
                posed(rate, noise),
                episodes=EPISODES * (1 if i else RAREST),
                seed=SEED,
                **SETTINGS,
            )
            optimum = {
                told: run(partial(aim, shrink=factor(rate)), beliefs="announced" if told else None)
                for told in (False, True)
            }
            news[noise, rate] = relative(optimum[False], optimum[True])
            for q, rule in enumerate(RULES):
                mine = runs[rule, rate, noise] = run(tuned(rule, rate, noise))
                regrets[j, q, i], errors[j, q, i] = relative(mine, optimum[rule in TOLD])
    checks = (
        *(factor_check(RATES[2], NOISES[0], beliefs) for beliefs in (None, "announced")),
        *regret_checks(regrets, errors),
        *news_checks(news),
        *momentum_checks(),
        exact_check(runs),
        *(inferred_check(noise, runs) for noise in NOISES),
        *settled_checks(),
    )
    return Evidence(checks=checks, data=picture(regrets, errors))


def factor_check(rate: float, noise: float, beliefs) -> Check:
    """The s of least cost at the best gain g of the discrete time: θ is linear in s, so each
    episode's cost is a parabola in s, known from three values.
    """
    gain, pull = regulator(Setting(hazard=rate, noise=noise, discount=DISCOUNT))
    shown = posed(rate, noise)

    def policy(theta, belief, _time, *, shrink):
        return -gain * (theta - shrink * (belief.probabilities @ TASKS)[:, None])

    low, middle, high = (
        simulate(
            shown,
            partial(policy, shrink=s),
            episodes=EPISODES,
            seed=SEED,
            beliefs=beliefs,
            **SETTINGS,
        ).costs
        for s in (0.0, 0.5, 1.0)
    )
    bend, slope = 2 * (low - 2 * middle + high), -3 * low + 4 * middle - high
    best = -slope.mean() / (2 * bend.mean())
    error = (slope + 2 * best * bend).std(ddof=1) / (2 * bend.mean()) / math.sqrt(EPISODES)
    return Check(
        quantity=f"best s, switches {beliefs or 'inferred'}, λ = {rate:g}, σ = {noise:g}",
        theory=pull / gain,
        computed=best,
        relation="equal",
        tolerance=STANDARD_ERRORS * error,
        standard_error=error,
        effect=1 - pull / gain,
        reference="closed form",
        bound="before",
    )


def regret_checks(regrets, errors):
    """No rule beats the optimum; where each is near-optimal, and where none is."""
    low, high = regrets - STANDARD_ERRORS * errors, regrets + STANDARD_ERRORS * errors
    decay, none = list(RULES).index("l2_decay"), list(RULES).index("no_reset")
    yield bounded(
        "least regret of all rules, plus 4 standard errors", "at least", 0.0, high.min(), "before"
    )
    yield bounded(
        "largest regret of L2 decay at λ = 0.8, plus 4 standard errors (near-optimal)",
        "at most",
        NEAR,
        high[:, decay, 2].max(),
    )
    yield bounded(
        "least regret of all rules at λ = 0.05, less 4 standard errors (none is near-optimal)",
        "at least",
        NEAR,
        low[:, :, 0].min(),
    )
    yield bounded(
        "least regret, less 4 standard errors, of rules told of switches (never near-optimal)",
        "at least",
        NEAR,
        low[:, 2:].min(),
    )
    yield bounded(
        "what L2 decay saves over no reset, λ = 0.8, least over noise, less 4 standard errors of"
        " either",
        "at least",
        0.0,
        (low[:, none, 2] - high[:, decay, 2]).min(),
        "before",
    )


def news_checks(news):
    """Being told of switches is worth something to the optimum."""
    yield bounded(
        "least value of announcing switches, less 4 standard errors",
        "at least",
        0.0,
        min(mean - STANDARD_ERRORS * error for mean, error in news.values()),
        "before",
    )


def momentum_checks():
    """L2 decay with the coefficients of the formula, nothing tuned, against the best: exact costs."""
    for noise in NOISES:
        yield bounded(
            f"L2 decay, λ = 0.8, σ = {noise:g}: cost with the formula's coefficients over the least,"
            " less 1",
            "at most",
            0.01,
            excess_of_formula(posed(RATES[2], noise), RATES[2], noise),
        )
    noise = NOISES[0]
    unsettled = excess_of_formula(posed(RATES[0], noise), RATES[0], noise)
    settled = excess_of_formula(settled_problem(RATES[0], noise), RATES[0], noise)
    yield bounded(
        "the same at λ = 0.05, σ = 0.3, first task not seen before", "at least", 0.03, unsettled
    )
    yield bounded(
        "the same at λ = 0.05, σ = 0.3, variance of the first task settled",
        "at most",
        1e-3,
        settled,
    )


def exact_check(runs) -> Check:
    """What simulation says of L2 decay against no reset, by exact costs."""
    rate, noise = RATES[2], NOISES[0]
    rules = ("no_reset", "l2_decay")
    gap, error = lc.simulation.paired_difference(*(runs[key, rate, noise] for key in rules))
    costs = [
        lc.simulation.exact_cost(posed(rate, noise), tuned(key, rate, noise), **SETTINGS).cost
        for key in rules
    ]
    return Check(
        quantity=f"simulated cost of no reset less that of L2 decay, λ = {rate:g}, σ = {noise:g}",
        theory=costs[0] - costs[1],
        computed=gap,
        relation="equal",
        tolerance=STANDARD_ERRORS * error,
        standard_error=error,
        effect=costs[0] - costs[1],
        reference="independent code",
        bound="before",
    )


def inferred_check(noise: float, runs) -> Check:
    """Full reset where surprising gradients call a switch, λ = 0.2, otherwise like no reset at its
    best.
    """
    rate = RATES[1]
    run = partial(simulate, posed(rate, noise), episodes=EPISODES, seed=SEED, **SETTINGS)
    never, duration = tuned("no_reset", rate, noise), BEST[rate, noise]["full_reset"][2]
    plain = runs["no_reset", rate, noise]
    resets = partial(FullResetAtSwitches, learner=never.learner, duration=duration, told=False)
    gaps = [relative(run(resets(threshold=threshold)), plain) for threshold in THRESHOLDS]
    return bounded(
        f"full reset at inferred switches over no reset, σ = {noise:g}: least, plus 4 standard errors",
        "at least",
        0.0,
        min(mean + STANDARD_ERRORS * error for mean, error in gaps),
        "before",
    )


def settled_checks():
    """At λ = 0.2, σ = 1, rules told of switches: coefficients moved by 20 % either way, on the
    numbers of the search; and noise after shrinking.
    """
    rate, noise = RATES[1], NOISES[1]
    run = partial(simulate, posed(rate, noise), episodes=1000, seed=3, **SETTINGS)
    for rule in TOLD:
        best = tuned(rule, rate, noise)
        cost = run(best).cost
        moved = [
            run(best.with_coefficients({name: value * change})).cost
            for name, value in best.coefficients.items()
            if value
            for change in (0.8, 1.2)
        ]
        yield bounded(
            f"{rule.replace('_', ' ')}: gain by moving a coefficient by 20 %",
            "at most",
            0.01,
            1 - min(moved) / cost,
            "before",
        )
    best = tuned("shrink_and_perturb", rate, noise)
    extra = relative(run(best.with_coefficients({"perturb": 0.3})), run(best))
    yield bounded(
        "cost of perturbing by 0.3 after shrinking, less 4 standard errors",
        "at least",
        0.0,
        extra[0] - STANDARD_ERRORS * extra[1],
        "before",
    )


def picture(regrets, errors) -> dict:
    """Data of the figure resetting; the example is one episode at λ = 0.2, σ = 0.3."""
    rate, noise = RATES[1], NOISES[0]
    run = partial(simulate, posed(rate, noise), episodes=40, seed=2, keep_paths=40, **SETTINGS)
    rules = ("no_reset", "full_reset", "l2_decay")
    rollouts = [
        run(partial(aim, shrink=factor(rate))),
        *(run(tuned(rule, rate, noise)) for rule in rules),
    ]
    hidden = rollouts[0].paths.hidden[:, :, 0]
    # an episode with about four switches
    shown = int(np.argmin(np.abs((np.diff(hidden, axis=1) != 0).sum(1) - 4)))
    times = rollouts[0].paths.times
    return {
        "rates": RATES,
        "noises": NOISES,
        "rules": list(RULES),
        "regrets": regrets,
        "regret_errors": errors,
        "times": times,
        "hidden": hidden[shown],
        "switches": times[1:][np.diff(hidden[shown]) != 0],
        "example_rules": ["belief_optimal", *rules],
        "weights": np.array([rollout.paths.parameters[shown, :, 0] for rollout in rollouts]),
    }


CLAIM = Claim(
    name="resetting",
    theme="changing tasks",
    title="Resetting: what each way of forgetting costs when tasks switch",
    statement=(
        "The optimum aims at s m, s = (r+γ)/(r+γ+λ), whether switches are announced or inferred; L2"
        " decay with momentum is near-optimal for frequent switches; for rare ones none of the"
        " usual rules is, told or not."
    ),
    source="Derived for this project; Wonham 1965; Ash & Adams 2020; Krogh & Hertz 1991",
    relations=("equal", "at most", "at least"),
    evaluate=evaluate,
    picture="resetting",
)
