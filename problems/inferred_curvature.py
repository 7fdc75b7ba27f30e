"""A curvature inferred from Δy/Δθ along one's own path: the optimal learner probes for it, and v̂
is no substitute.

Problem
    One weight, L = ½h(θ-φ)², h = 0.3 or 3 (p = ½) and the minimum φ hidden, b = hφ ~ N(0, s²), s =
    2, whichever h is; y_t = hθ_t - b + N(0, 1) before each of T = 3 steps, θ_0 = 0. Cost Σ_t
    [u_t²/2η + kL(θ_{t+1})] + κL(θ_T), η = k = 1, κ = 3. The first gradient says nothing about h.
Learners
    Optimal: dynamic programming over (g_1, g_2, p), g_i the gradient that h_i predicts here, nested
    and without interpolation. Certainty equivalent: from every belief the best plan if nothing
    more were seen, that of a quadratic with gradient E[g] and curvature E[h]. Foresight: the plan
    that counts on knowing h and φ after the next gradient, whatever it does (QMDP). Without a
    belief about h: SGD, averaged gradients (momentum), Adam, each with one α per step; m̂ with the
    gain [√(γ²/4+ηkV)-γ/2]/V on V = c v̂; and the certainty-equivalent plan, Bayes' mean gradient
    and all, with E[h] replaced by c v̂ or by one constant. All numbers tuned on other draws.
Formulas
    p from the least-squares slope of y against θ alone, where the prior of b is vague. u* - u_ce and
    J_ce - J* (second order in it) go as σ⁻² and σ⁻⁴ for σ → ∞, as (h₂-h₁)² and its square, as p
    and p² for p → 0. σ → 0: u* - u_foresight vanishes as the chance to mistake h for the other,
    exp(-(h₂-h₁)²u²/8Var y), faster than any power.
Claim
    The optimum moves 1.4 (far) to 2.4 (near) times as far as certainty equivalence, which costs 9 %
    more; most of that is the caution of a plan that foresees no learning: foresight, which learns
    only by the way, costs 1.5 % more than the optimum, so that no more is lost for want of probing.
    For σ → 0 certainty equivalence stays 2 % worse, though there is no probing left. v̂ = E[y²]
    shows noise and distance: Bayes' mean explains 65 % of the variance of h, the best function of
    v̂ 1.5 % on the same paths, and on those of certainty equivalence v̂ is the larger the *smaller*
    h is. In a plan v̂ is worse than a constant; in the gain its best scale is c → 0, in Adam the
    best ε is so large that v̂ no longer matters; averaged gradients (13 % over the optimum) beat
    Adam (52 %), certainty equivalence with Bayes' belief beats both.
    Where the minimum is known and curvature alone is hidden (continuous time, T = ∞, the grid of
    the package) certainty equivalence costs less than 0.1 %, and the optimum holds back instead.
Source
    Feldbaum 1960; Bar-Shalom, Tse 1974; Littman, Cassandra, Kaelbling 1995. Derived for this
    project; truth: dynamic programming, by scripts/inferred_curvature.py for T up to 5.
Relation and tolerance
    equal: J* to exact moments where h is known (2e-6), to more nodes (1e-4), to beliefs on a grid
    (1e-3); J* and J_ce - J* to fresh draws within 4 standard errors; belief to sums over (h, φ)
    (1e-9); T = 2 and two learners at T = 5 to the table of the script. limit: slopes within 0.15.
    at least, at most: bounds set after a first look and confirmed, unchanged, on a second instance
    (h = 0.5 or 2.5, p = 0.4, s = 1.5, σ = 0.7, η = 2, κ = 2).
"""

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from . import _inferred_curvature_known_minimum as known_minimum
from ._inferred_curvature_checks import (
    belief_checks,
    known_minimum_checks,
    limit_checks,
    quiet_checks,
    truth_checks,
)
from ._inferred_curvature_data import frozen_checks
from ._inferred_curvature_model import Setting
from ._inferred_curvature_study import Study, noise_curves, policy_curves

MAIN = Setting()
SECOND = Setting(flat=0.5, steep=2.5, chance=0.4, spread=1.5, noise=0.7, price=2.0, end_weight=2.0)
STANDARD_ERRORS = 4.0


def problem() -> lc.ControlProblem:
    """The weight whose minimum is known and whose curvature is not."""
    return known_minimum.posed(1.0)


def evaluate() -> Evidence:
    """Truth, limits, probing and learners on the first instance; probing and learners on a second."""
    main, second = Study(MAIN, seed=1), Study(SECOND, seed=2)
    curves = noise_curves(MAIN)
    checks = (
        *truth_checks(MAIN, main.accuracy, main.cost),
        *belief_checks(MAIN, main.runs["optimal"]),
        *draw_checks(main),
        *probing_checks(main, "first instance"),
        *probing_checks(second, "second instance"),
        *limit_checks(MAIN),
        *quiet_checks(MAIN, curves),
        *estimate_checks(main, "first instance"),
        *estimate_checks(second, "second instance"),
        *learner_checks(main, "first instance"),
        *learner_checks(second, "second instance"),
        *scale_checks(main, "first instance"),
        *scale_checks(second, "second instance"),
        *known_minimum_checks(),
        *frozen_checks(),
    )
    return Evidence(checks=checks, data=picture(main, curves))


def draw_checks(study):
    """The simulated optimum costs what its value says."""
    mean, error = study.simulated("optimal")
    yield Check(
        quantity="J* of the policy on fresh draws, theory: its value",
        theory=study.cost,
        computed=mean,
        relation="equal",
        tolerance=STANDARD_ERRORS * error,
        standard_error=error,
        effect=study.certain - study.cost,
        reference="same code, other data",
        bound="before",
    )


def probing_checks(study, which):
    """What certainty equivalence and foresight cost, and how much farther the optimum moves."""
    mean, error = study.difference("certain", "optimal")
    yield Check(
        quantity=f"{which}: J_ce - J* on fresh draws, theory: exact values",
        theory=study.certain - study.cost,
        computed=mean,
        relation="equal",
        tolerance=STANDARD_ERRORS * error,
        standard_error=error,
        effect=study.certain - study.cost,
        reference="same code, other data",
        bound="before",
    )
    bounds = (
        ("J_ce/J* - 1", study.certain / study.cost - 1, 0.02),
        ("J_foresight/J* - 1", study.foresight / study.cost - 1, 0.003),
        ("u*/u_ce at E[gradient] = 0.15 s", study.farther(0.15), 1.2),
    )
    for quantity, computed, bound in bounds:
        yield Check(
            quantity=f"{which}: {quantity}",
            theory=bound,
            computed=computed,
            relation="at least",
            tolerance=0,
            reference="stated bound",
            bound="after",
        )


def estimate_checks(study, which):
    """What Bayes' mean and the best function of v̂ explain of h on the same paths."""
    for name, bound in (("optimal", 0.2), ("certain", 0.2)):
        bayes, squares, _ = study.estimates(name)
        yield Check(
            quantity=f"{which}, paths {name}: variance of h that v̂ explains over that of E[h | y]",
            theory=bound,
            computed=squares / bayes,
            relation="at most",
            tolerance=0,
            reference="stated bound",
            bound="after",
        )
    yield Check(
        quantity=f"{which}, certainty-equivalent paths: correlation of v̂ with h",
        theory=0,
        computed=study.estimates("certain")[2],
        relation="at most",
        tolerance=0,
        reference="stated bound",
        bound="after",
    )


def learner_checks(study, which):
    """Who is better than whom, by 4 standard errors on draws that nothing was tuned on."""
    pairs = (
        ("moving_average", "adam", "Adam over averaged gradients without v̂"),
        ("constant", "squares", "a plan on c v̂ over a plan on a constant curvature"),
        ("moving_average", "gain", "the gain on V = c v̂ over averaged gradients"),
        ("certain", "moving_average", "averaged gradients over certainty equivalence"),
        ("optimal", "certain", "certainty equivalence over the optimum"),
    )
    for better, worse, words in pairs:
        mean, error = study.difference(worse, better)
        yield Check(
            quantity=f"{which}: extra cost of {words}, in J*, less 4 standard errors",
            theory=0,
            computed=(mean - STANDARD_ERRORS * error) / study.cost,
            relation="at least",
            tolerance=0,
            standard_error=error / study.cost,
            reference="stated bound",
            bound="after",
        )


def scale_checks(study, which):
    """Numbers that may switch v̂ off do so: the gain on V = c v̂ at its best c hardly differs from c =
    0, where it is -(ηk/γ)m̂, nor Adam at its best ε from averaged gradients.
    """
    pairs = (
        ("one_rate", "gain", "V = c v̂ at its best c saves over c = 0"),
        ("moving_average", "adam_epsilon", "v̂ in Adam at its best ε saves over none"),
    )
    for without, having, words in pairs:
        mean, error = study.difference(without, having)
        yield Check(
            quantity=f"{which}: what {words}, in J*",
            theory=0.01,
            computed=(mean + STANDARD_ERRORS * error) / study.cost,
            relation="at most",
            tolerance=0,
            standard_error=error / study.cost,
            reference="stated bound",
            bound="after",
        )


def picture(study, curves) -> dict:
    """Data of the figure inferred_curvature."""
    names = ["certain", "moving_average", "gain", "constant", "sgd", "adam", "squares"]
    excess = [study.difference(name, "optimal") for name in names]
    return {
        **policy_curves(study.setting),
        **curves,
        **study.detections("optimal"),
        "learners": np.array(names),
        "excess": np.array([mean for mean, _ in excess]) / study.cost,
        "excess_errors": np.array([error for _, error in excess]) / study.cost,
    }


CLAIM = Claim(
    name="inferred-curvature",
    theme="beliefs and probing",
    title="A curvature inferred from one's own steps: probing, and what v̂ = E[y²] misses",
    statement=(
        "With curvature and minimum hidden only differences of gradients along the path show h: the"
        " optimum moves farther than certainty equivalence, which costs 9 % more, and than foresight"
        " without probing, which costs 1.5 % more; v̂ explains 1.5 % of the variance of h where Bayes"
        " explains 65 %, and a plan on it is worse than one on a constant."
    ),
    source="Feldbaum 1960; Bar-Shalom & Tse 1974; stochastic dynamic programming",
    relations=("equal", "limit", "at least", "at most"),
    evaluate=evaluate,
    picture="inferred_curvature",
)
