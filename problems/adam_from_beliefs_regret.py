"""What Adam composed from beliefs costs, beside Adam, RMSProp and SGD, each at its best in every cell
of noise and discount.

Problem
    L = Σ ½h_i(θ_i - φ_i)², h = (1, 25), hidden minimum φ ~ N(0, 1) at rest, η = k = 1, T = ∞. The
    learner starts at 0 and sees ∂L/∂θ_i with noise σ√h_i, as for a log-likelihood loss (noise
    covariance ∝ Fisher information), every Δt = 0.05; σ = 0.3, 1, 3 and γ = 0.2, 0.8, 3.2.
Formulas
    Adam from beliefs: u = -[√(γ²/4 + ηkV) - γ/2] V⁻¹ m̂, V = c v̂, c = Δt/σ² (adam-from-beliefs),
    with α, β₁, β₂ free; Adam with α, β₁, β₂; RMSProp with α, β₂; SGD with α. Regret J/J* - 1 against
    the optimum of the same discrete time, which knows the curvatures and the prior.
Claim
    Regret in per cent, for γ = 0.2 | 0.8 | 3.2 (standard errors up to 2 at γ = 0.2, RMSProp's 4; up
    to 0.7 at γ = 3.2):
                            σ = 0.3          σ = 1            σ = 3
        Adam from beliefs    98 | 51 | 20     63 | 25 | 6      24 |  7 | 2
        Adam                102 | 59 | 31     68 | 37 | 20     27 | 14 |  9
        RMSProp             144 | 101 | 43   103 | 81 | 36     52 | 43 | 17
        SGD (exact)          75 | 22 | 4     103 | 44 | 13     52 | 27 | 10
    Adam from beliefs is near-optimal (regret ≤ 5 %) for short sight and much noise only; Adam and
    RMSProp are so nowhere. Adam costs 3 to 14 % of J* more than Adam from beliefs in every cell,
    least where sight is long and the two are nearly one rule. SGD is near-optimal for short sight
    and little noise; at σ = 0.3 it is cheaper than the three others, at σ ≥ 1 dearer than Adam from
    beliefs; than Adam it is dearer at σ ≥ 1 with γ ≤ 0.8, cheaper at σ = 1, γ = 3.2, and the same
    within errors at σ = 3, γ = 3.2. With long sight and little noise no rule is near.
    Why: E[y²] = h²θ² + σ²h/Δt, so that V = h(1 + κθ²) with κ = hΔt/σ²: a curvature where κ ≪ 1 (here
    at most 0.14 at σ = 3), the square of the signal where κ ≫ 1 (14 at σ = 0.3). Hence the lead of
    SGD at σ = 0.3, γ = 0.2 is one of κ, not of the cell: with h = (2, 8), κ ≤ 4, Adam from beliefs is
    cheaper there, with h = (2, 60), κ ≤ 33, SGD is.
    β₂ is hardly a number of this problem, whose curvature stands still. For h = (1, 25) the greatest
    that was searched, 0.9999, is as good as any (to 0.1 %) for Adam from beliefs in all nine cells,
    for Adam in six; RMSProp ends there for γ = 0.2 and σ ≤ 1 and is then AdaGrad. These are bounds,
    no tuned numbers, and not general: on the second instance below β₂ of Adam from beliefs
    ends there in three cells of five, in one at β₂ = 0. Against β₂ = 0.99 for all (the former table),
    the others tuned again, a free β₂ saves Adam from beliefs and Adam 1.2 points of regret at σ =
    0.3, γ = 0.2 and at most 0.25 elsewhere, RMSProp 0.2 to 7. No rule changes its place.
Source
    Kingma & Ba 2015; L. Aitchison, NeurIPS 2020; W. M. Wonham 1968 and K. J. Åström 1970 for the
    optimum; P. Glasserman 2003, § 4.1, for the control variates.
Relation and tolerance
    Coefficients were searched blind on 400 episodes of seed 3 (scripts/adam_from_beliefs.py) and are
    judged on seed 11, with SGD's exactly known cost and φ² as control variates; bounds hold by 4
    standard errors. "Near-optimal" is 5 %, fixed in advance; the other bounds after a first look.
    All are confirmed, as they stand, on a second instance, h = (0.5, 4, 20), searched in the same way
    and looked at after they were fixed. What failed there, and was taken back: "SGD is the cheapest
    at σ = 0.3 for every γ" (at γ = 0.2, κ ≤ 11, it costs 2 ± 1 % of J* more than Adam from beliefs),
    and "the best β₂ is 1". The two spectra with κ ≤ 4 and κ ≤ 33 were chosen, with what was expected
    of them, before they were searched. Settled: moving any coefficient by 20 % (1 - β for averages; a
    β₂ at its bound to 0.999 and 0.99, or to 0.2 and 0.4) saves at most 1 % in every cell.
"""

from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..simulation import exact_cost, simulate
from ._adam_from_beliefs_data import picture
from ._adam_from_beliefs_learners import (
    CELLS,
    DISCOUNTS,
    NOISES,
    OTHER_CELLS,
    RULES,
    SOFT,
    STIFF,
    TUNED,
    Cell,
    learner,
)
from ._adam_from_beliefs_regrets import EPISODES, SEED, judged
from ._adam_from_beliefs_sets import Estimate, costs, prior_controls
from ._adam_from_beliefs_statements import ADAM, NAMES, OURS, SGD, STANDARD_ERRORS, STATEMENTS

LITTLE = 0.02  # what β₂ = 0.99 costs at most
SETTLED_CHECK = partial(
    Check, theory=0.01, relation="at most", tolerance=0, reference="stated bound", bound="before"
)


def problem() -> lc.ControlProblem:
    """Full information: the minimum is known to be at (1, 1)."""
    return CELLS[1.0, 0.8].problem.known([1.0, 1.0])


def evaluate() -> Evidence:
    """Regrets, differences and settledness in all cells of both instances."""
    table = {place: judged(cell) for place, cell in CELLS.items()}
    second = {place: judged(cell) for place, cell in OTHER_CELLS.items()}
    checks = (
        *simulation_checks(),
        *(one.check(table, "h = (1, 25)", "after") for one in STATEMENTS),
        *(one.check(second, "h = (0.5, 4, 20)", "before") for one in STATEMENTS),
        *settled_checks(table, "h = (1, 25)"),
        *settled_checks(second, "h = (0.5, 4, 20)"),
        *held_checks(CELLS, "h = (1, 25)", "after"),
        *held_checks(OTHER_CELLS, "h = (0.5, 4, 20)", "before"),
        *signal_checks(),
    )
    regrets, errors = (
        np.array(
            [
                [
                    [getattr(table[noise, gamma].regrets[rule], part) for gamma in DISCOUNTS]
                    for rule in RULES
                ]
                for noise in NOISES
            ]
        )
        for part in ("mean", "error")
    )
    return Evidence(checks=checks, data=picture(regrets, errors))


def simulation_checks():
    """The simulation of this claim against that of the package, and SGD's against its exact cost."""
    cell = CELLS[1.0, 3.2]
    apart = []
    for rule in RULES:
        one = learner(rule, cell)
        there = simulate(cell.problem, one, episodes=50, seed=1, **cell.settings).costs
        apart.append(np.abs(costs(cell, [one, one], 50, 1) / there - 1).max())
    yield Check(
        quantity="costs of episodes side by side over those of lc.simulate, less 1, all rules",
        theory=0,
        computed=max(apart),
        relation="equal",
        tolerance=1e-10,
        reference="same code, other data",
        bound="before",
    )
    for noise in (0.3, 1.0):
        yield exactness(CELLS[noise, 3.2])


def exactness(cell: Cell, episodes: int = 40_000, seed: int = 12) -> Check:
    """SGD's simulated cost over its exact one; the effect is that of 10 % more noise variance."""
    noisier = Cell(noise=cell.noise * 1.1**0.5, discount=cell.discount)
    effect = exact_cost(noisier.problem, cell.sgd, **noisier.settings).cost / cell.sgd_cost - 1
    simulated = Estimate.controlled(
        costs(cell, [cell.sgd], episodes, seed)[0], prior_controls(cell, episodes, seed)
    ).over(cell.sgd_cost)
    return Check(
        quantity=(
            f"SGD at its best, σ = {cell.noise:g}, γ = {cell.discount:g}: simulated over exact cost"
        ),
        theory=1,
        computed=simulated.mean,
        relation="equal",
        tolerance=effect / 5,
        reference="independent code",
        bound="before",
        standard_error=simulated.error,
        effect=effect,
    )


def settled_checks(table, instance: str):
    """Coefficients moved one at a time, on the numbers of the search."""
    for rule in TUNED:
        yield SETTLED_CHECK(
            quantity=(
                f"{instance}: {NAMES[rule]}, most that moving a coefficient saves, all"
                f" {len(table)} cells"
            ),
            computed=max(row.gains[rule] for row in table.values()),
        )
    cells = CELLS if len(table) == len(CELLS) else OTHER_CELLS
    yield SETTLED_CHECK(
        quantity=f"{instance}: SGD, the same by its exact cost",
        computed=max(sgd_gain(cell) for cell in cells.values()),
    )


def sgd_gain(cell: Cell) -> float:
    """What moving SGD's learning rate by 20 % saves, exactly."""
    rate = cell.sgd.learning_rate
    others = [
        exact_cost(
            cell.problem,
            cell.sgd.with_coefficients({"learning_rate": rate * factor}),
            **cell.settings,
        ).cost
        for factor in (0.8, 1.2)
    ]
    return 1 - min(others) / cell.sgd_cost


def held_checks(cells, instance: str, bound: str):
    """What β₂ = 0.99 costs at σ = 0.3, γ = 0.2, where it costs most."""
    cell = cells[0.3, 0.2]
    for rule in (OURS, ADAM):
        best = learner(rule, cell)
        members = [best, best.with_coefficients({"beta2": 0.99})]
        own, held = costs(cell, members, EPISODES, SEED)
        extra = Estimate.of(held - own).over(cell.optimum)
        yield Check(
            quantity=(
                f"{instance}: {NAMES[rule]} with β₂ = 0.99 over its best, σ = 0.3, γ ="
                " 0.2, in units of J*; plus 4 standard errors"
            ),
            theory=LITTLE,
            computed=extra.mean + STANDARD_ERRORS * extra.error,
            relation="at most",
            tolerance=0,
            reference="stated bound",
            bound=bound,
            standard_error=extra.error,
        )


def signal_checks():
    """Long sight, little noise: who is cheaper turns with hΔt/σ² of the stiffest direction."""
    for curvatures, dearer, cheaper in ((SOFT, SGD, OURS), (STIFF, OURS, SGD)):
        cell = Cell(noise=0.3, discount=0.2, curvatures=curvatures)
        row = judged(cell, (OURS, SGD))
        extra = row.gaps[dearer, cheaper]
        words = f"h = ({', '.join(f'{h:g}' for h in curvatures)})"
        yield Check(
            quantity=(
                f"{words}, σ = 0.3, γ = 0.2: {NAMES[dearer]} over {NAMES[cheaper]}; less 4 standard"
                " errors"
            ),
            theory=0,
            computed=extra.mean - STANDARD_ERRORS * extra.error,
            relation="at least",
            tolerance=0,
            reference="stated bound",
            bound="before",
            standard_error=extra.error,
        )
        yield SETTLED_CHECK(
            quantity=f"{words}: {NAMES[OURS]}, most that moving a coefficient saves",
            computed=row.gains[OURS],
        )


CLAIM = Claim(
    name="adam-from-beliefs-regret",
    theme="Adam",
    title="What Adam composed from beliefs costs, and where Adam and SGD stand",
    statement=(
        "At best coefficients, β₂ among them, in every cell of σ and γ: Adam from beliefs costs less"
        " than Adam everywhere and is near-optimal for short sight and much noise; Adam is nowhere;"
        " SGD is for short sight and little noise, and the cheapest where the signal dominates v̂"
    ),
    source="Kingma & Ba 2015; Aitchison 2020; Åström 1970 for the optimum",
    relations=("equal", "at least", "at most"),
    evaluate=evaluate,
    picture="adam_from_beliefs",
)
