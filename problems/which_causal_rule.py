"""Which causal rule is it? Policies with memory named from what they do, and a path that must not
be.

Problem
    optimisers  SGD, momentum, Nesterov, Adam, AdamW, RMSProp, AMSGrad, dampened and clipped SGD as
                PyTorch documents them, Lion, and the ballistic optimiser of VGR25's public notebook,
                written out in plain NumPy (no formula of this package) and run on noisy gradients
                of quadratics (curvatures uniform on [0.05, 1], noise 0.3) from random starts to
                random minima
    emergent    heavy ball with constant coefficients, optimised for the loss after T = 30 steps
                over the same curvatures
    beliefs     the exact optimal learner of L = ½h(θ-μ)² with a hidden minimum that moves, dμ =
                -λ(μ-μ₀)dt + √q dW, and noisy gradients: h = 1.3, λ = 0.4, q = 0.8, σ = 0.8, γ = ½,
                T = ∞, watched with its Kalman filter at steps of Δt
    path        updates recorded along the optimal path of the bowl H = diag(½, 1, 4), γ = 1, T = ∞,
                at steps of Δt = 0.05
Formulas
    Every rule of the catalogue runs by its own memory on the gradients that the policy saw; its
    coefficients are fitted to the updates of two thirds of the histories, shared by all, and scored
    on the rest: rms(Δθ - Δθ̂)/rms(Δθ). A rule fits below 5 %; rules whose updates differ by less
    than 0.1 % are one (the resolution).
    Translation: PyTorch's lr, momentum, betas, eps are α, β, (β₁, β₂), ε; alpha of RMSprop is β₂;
    the decay w of AdamW is lr·weight_decay.
    beliefs: Δθ_t = βΔθ_{t-1} - αy_t - wθ_t with the numbers of the continuous rule sampled at Δt,
    up to O(Δt): the bias of a rule that holds its control over the step.
    path: θ̈ = γθ̇ + ηk∇L, so that regression on previous update and gradient gives momentum 1 + γΔt
    and learning rate -ηkΔt².
Claim
    Out of all rules of the catalogue each optimiser is named with its numbers, the optimal learner
    of the moving task is heavy ball with weight decay, and clipped SGD, AMSGrad where v falls, the
    sum of two optimisers and the path are no rule: the path's regression is exact and has momentum
    > 1 and a negative learning rate.
What does not come out as its name says
    RMSProp at its default ε = 1e-8 and the ballistic optimiser at ε = 1e-10 (which stands in units
    of y²) are one rule to 1e-5, and the verdict says so; at a resolution of 1e-8 each is named. (At
    ε = 1e-8 the ballistic optimiser is told from RMSProp where a first gradient is below a
    hundredth: √ε is then no longer small beside √v = √(1-β₂)|y|.)
    AMSGrad at its default β₂ = 0.999 is Adam to 0.1 %: v then grows at nearly every step, and its
    largest value is its last one.
    Dampened momentum is heavy ball with α(1-d) once PyTorch's undampened first step is forgotten;
    from the first step on it is no rule, and after it heavy ball and bias-corrected momentum are
    one.
Source
    PyTorch's documentation of torch.optim; Robbins & Monro 1951; Polyak 1964; Nesterov 1983; Kingma
    & Ba 2015; Chen et al. 2023; Reddi et al. 2018 (AMSGrad); VGR25, second-order law and public
    notebook; Kalman-Bucy filter and certainty equivalence for the moving task.
Relation and tolerance
    equal: names and verdicts; coefficients of optimisers and emergent policy to 1e-6 relative (ε to
    1e-6 of one), of Lion (whose signs are alike for a range of numbers) within its intervals; the
    regression to 5e-3, 10 %.
    limit: the bias of the coefficients of beliefs shrinks as Δt, slope 1 within 0.15.
    at least, at most: the bias is below 10 % at Δt = 0.08, and more than ten times the half width
    of its interval (the interval is about the draws alone); AMSGrad is Adam to 1 %. The bounds on
    optimisers were set after a look at seeds 0 and 1, and hold at seed 7, which the claim uses; what
    counts as a negligible ε (1e-10, not 1e-8) was set at seed 7 and holds at seed 8.
"""

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..identification import Excitation, identify
from ..identification.maps import Conclusion, Criteria
from ..identification.residual import regress_on_previous_update
from ..rules import causal
from . import _torch_conventions as written
from ._stated_checks import bounded, same
from ._which_causal_rule_subjects import (
    DAMPENED,
    DISCOUNT,
    NAMED,
    NAMELESS,
    NEGLIGIBLE,
    STEP,
    emergent,
    histories,
    moving_task,
    problem,
    recorded_path,
)
from ._which_causal_rule_verdicts import (
    bias,
    distance,
    fits_none,
    named,
    named_at,
    outside,
    picture,
)

__all__ = ["CLAIM", "evaluate", "problem"]

SHOWN = Excitation(histories=18, steps=12)
FINE = Criteria(resolution=1e-8)
STEPS = np.array([0.08, 0.04, 0.02])
DECAYING = "heavy_ball_weight_decay"
BIASED = ("learning_rate", "decay")


def evaluate() -> Evidence:
    """Name every policy, and hold its numbers against those it was made with."""
    found = {key: _identified(make()) for key, (make, _) in NAMED.items()}
    nameless = {words: identify(histories(make()), resamples=1) for words, make in NAMELESS.items()}
    result = emergent()
    own = identify(result, excitation=SHOWN, resamples=1)
    learner = lc.solve(moving_task())
    beliefs = identify(learner, step=STEPS[0], histories=12, resamples=60)
    finer = [identify(learner, [DECAYING], step=step, resamples=1) for step in STEPS[1:]]
    rows = [beliefs.row(DECAYING), *(one.row(DECAYING) for one in finer)]
    path = identify(recorded_path(), resamples=1)
    everything = [*found.values(), *nameless.values(), own, beliefs, path]
    return Evidence(
        checks=(
            _label(
                "fewest rules that a policy was held against",
                min(len(verdict.rows) for verdict in everything),
                len(causal()),
            ),
            *optimiser_checks(found),
            *epsilon_checks(),
            *nameless_checks(nameless),
            *emergent_checks(own, result.coefficients),
            *belief_checks(beliefs, rows),
            *path_checks(path),
        ),
        data=picture(found, own, result.coefficients, rows[0]),
    )


def _identified(step, ranged=False, **shape):
    """The verdict on an optimiser's histories, out of all rules; intervals only where they are
    more than round-off.
    """
    return identify(histories(step, **shape), resamples=10 if ranged else 1)


def optimiser_checks(found):
    """Every optimiser is named with its numbers."""
    for key, verdict in found.items():
        numbers = NAMED[key][1]
        yield _label(f"{_words(key)}: named (1 = yes)", named(verdict) == key, 1)
        row = verdict.row(key)
        if key == "lion":
            yield _label("Lion: coefficients outside their intervals", outside(row, numbers), 0)
            continue
        yield _same(
            f"{_words(key)}: largest relative distance of its coefficients",
            0,
            distance(row, numbers),
            1e-6,
        )


def epsilon_checks():
    """Where ε has no effect its place cannot be told, unless the resolution is far below it."""
    both = set(NEGLIGIBLE)
    for key, make in NEGLIGIBLE.items():
        words = f"{_words(key)} with negligible ε"
        seen = histories(make(), seed=8)
        verdict = identify(seen, resamples=1)
        fine = named_at(FINE, verdict, seen)
        undecided = verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
        alike = undecided and both <= set(verdict.equivalent)
        yield _label(f"{words}: not told from the other place of ε (1 = yes)", alike, 1)
        yield _label(f"{words}, at a resolution of 1e-8: named (1 = yes)", fine == key, 1)
        (other,) = both - {key}
        coefficients = verdict.row(other).coefficients
        gaps = [coefficients["learning_rate"] / 0.02 - 1, coefficients["beta2"] / 0.99 - 1]
        yield bounded(
            f"{words}, read as {_words(other)}: largest relative distance of α and β₂",
            "at most",
            0.01,
            max(map(abs, gaps)),
        )


def nameless_checks(nameless):
    """What is no rule is not named; what is nearly one, or becomes one, is said."""
    for words, verdict in nameless.items():
        yield _label(f"{words}: no rule fits (1 = yes)", fits_none(verdict), 1)
    default = _identified(written.adam(lr=0.05, amsgrad=True))
    yield _label("AMSGrad, β₂ = 0.999: named Adam (1 = yes)", named(default) == "adam", 1)
    yield bounded("AMSGrad, β₂ = 0.999: error of Adam", "at most", 0.01, default.rows[0].error)
    late = _identified(NAMELESS["dampened momentum"](), steps=42, settle=36, count=12)
    alike = {"heavy_ball", "corrected_momentum"} <= set(late.equivalent)
    yield _label("dampened momentum, late: heavy ball, bias-corrected or not (1 = yes)", alike, 1)
    yield _same(
        "dampened momentum, late: relative distance from heavy ball with α(1-d) and β",
        0,
        distance(late.row("heavy_ball"), DAMPENED),
        1e-5,
    )


def emergent_checks(verdict, coefficients):
    """The optimised policy is heavy ball with the numbers that the optimiser found."""
    yield _label("emergent: named heavy ball (1 = yes)", named(verdict) == "heavy_ball", 1)
    yield _same(
        "emergent: largest relative distance of its coefficients",
        0,
        distance(verdict.row("heavy_ball"), coefficients),
        1e-6,
        "same code, other data",
    )


def belief_checks(verdict, rows):
    """The optimal learner is heavy ball with decay; its numbers have a bias that shrinks as Δt."""
    yield _label(
        "beliefs: named heavy ball with weight decay (1 = yes)", named(verdict) == DECAYING, 1
    )
    biases = np.array([[abs(bias(row, name)) for name in BIASED] for row in rows])
    for name, values in zip(BIASED, biases.T, strict=True):
        yield Check(
            quantity=f"beliefs: slope in Δt of the bias of {_words(name)}",
            theory=1,
            relation="limit",
            tolerance=0.15,
            computed=np.polyfit(np.log(STEPS), np.log(values), 1)[0],
            reference="closed form",
            bound="before",
        )
        yield bounded(
            f"beliefs: bias of {_words(name)} at Δt = {STEPS[0]:g}", "at most", 0.1, values[0]
        )
        low, high = rows[0].intervals[name]
        half_width = (high - low) / 2 / rows[0].predicted[name]
        yield bounded(
            f"beliefs: bias of {_words(name)} at Δt = {STEPS[0]:g} over half its interval",
            "at least",
            10.0,
            values[0] / half_width,
        )
        yield _same(
            f"beliefs: bias of {_words(name)}, Δt → 0 from the two finest steps",
            0,
            2 * values[-1] - values[-2],
            0.2 * values[-1],
        )


def path_checks(verdict):
    """A planned path is no rule to run forward."""
    law = regress_on_previous_update(recorded_path())
    yield _label("path: no rule named (1 = yes)", named(verdict) is None, 1)
    yield _same("path: momentum by regression, 1 + γΔt", 1 + DISCOUNT * STEP, law.momentum, 5e-3)
    rate = -law.learning_rate / STEP**2
    yield _same("path: learning rate by regression over -ηkΔt²", 1, rate, 0.1)
    yield bounded("path: error of that regression", "at most", 1e-3, law.error)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _same(quantity, theory, computed, tolerance, reference="independent code") -> Check:
    """A number that the written-out optimiser, or another reference, gives."""
    return same(quantity, theory, float(computed), tolerance, reference)


def _label(quantity, computed, theory) -> Check:
    """A name or verdict that must come out."""
    return Check(
        quantity=quantity,
        theory=theory,
        computed=float(computed),
        relation="equal",
        tolerance=0,
        reference="independent code",
        bound="before",
        kind="label",
    )


CLAIM = Claim(
    name="which-causal-rule",
    theme="momentum and schedules",
    title="Which causal rule a policy is: named from its updates, and a path that is no rule",
    statement=(
        "Out of all rules of the catalogue, PyTorch's SGD, momentum, Nesterov, Adam, AdamW and"
        " RMSProp and the public ballistic optimiser are named with their numbers; the optimal"
        " learner of a moving task is heavy ball with weight decay, with a bias of O(Δt); clipped"
        " SGD, AMSGrad where v falls, a sum of two optimisers and an optimal path fit no rule."
    ),
    source="PyTorch's documentation; Polyak 1964; Kingma & Ba 2015; VGR25; Kalman-Bucy filter",
    relations=("equal", "limit", "at least", "at most"),
    evaluate=evaluate,
    picture="coefficients",
)
