"""Which closed-form rule is the optimal policy? The verdicts of a comparison in six regimes.

Problems, with L = ½θᵀHθ, H = diag(½, 1, 2, 4), T = ∞, η = ½, k = 3 unless said otherwise
    impatient     γ = 50
    endless       γ = 0
    in between    γ = 1
    one curvature H = I in two parameters, γ = ½
    Fisher        the Gaussian model N(m, e^{2ρ}) with L = KL(N(1, ¼) ‖ model), G = diag(e^{-2ρ},
                  2), γ = 0, T = 0.01
    well          the double well of VGR25 Fig. 1, γ = 0.1, T = 4, η = k = 1
Formulas
    Every rule is fitted to the first controls (T = ∞: the controls along the plans) from 13 starts,
    one set of coefficients for all, and scored on starts left out: relative error rms|u* -
    û|/rms|u*|. Predicted coefficients: gradient descent α = ηk/γ, ballistic α = √(ηk), natural
    gradient α = ηkT, linear-quadratic c = 1. Running a fitted rule from the problem's start costs
    J_rule/J* - 1 more than the optimum.
Claim
    The verdicts are gradient descent, ballistic, linear-quadratic, "not identifiable", natural
    gradient and "no rule fits".
Source
    VGR25 (arXiv 2510.26997), limits; Amari 1998; Anderson & Moore 1990.
Relation and tolerance
    Coefficients within the next order of their limit: α within ηkh/γ² = 0.24 % of ηk/γ for the
    largest h, natural gradient's α within 0.2 %; exact ones within 1e-6. Extra cost of the rule
    named at most 1e-5, natural gradient's at most 1e-4; that of gradient descent in the endless
    case at least 1 % (bounds on extra costs set after a first look, confirmed on h = 0.3, 1.5, 5).
"""

import math

import casadi as ca
import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..identification.maps import Conclusion, compare

RATE, WEIGHT, CURVATURES, STARTS = 0.5, 3.0, np.array([0.5, 1.0, 2.0, 4.0]), 12
SECOND = np.array([0.3, 1.5, 5.0])  # curvatures not looked at when extra costs were bounded
IMPATIENT, SHORT = 50.0, 0.01
PUSH = RATE * WEIGHT  # ηk


def problem() -> lc.ControlProblem:
    """The bowl at an intermediate discount."""
    return bowl(CURVATURES, 1.0)


def bowl(curvatures, discount: float) -> lc.ControlProblem:
    """A quadratic bowl at T = ∞, start (1, 1, …)."""
    objective = lc.Objective(
        horizon=math.inf, discount=discount, learning_rate=RATE, loss_weight=WEIGHT
    )
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(curvatures)),
        objective=objective,
        start=np.ones(len(curvatures)),
    )


def gaussian_model() -> lc.ControlProblem:
    """Mean and logarithmic width of a Gaussian model with its Fisher metric, over a short
    horizon.
    """
    landscape = lc.Landscape.from_expression(
        lambda v: v[1] + (0.25 + (v[0] - 1) ** 2) * ca.exp(-2 * v[1]) / 2,
        dimension=2,
        minima=[[1.0, math.log(0.5)]],
    )
    learner = lc.Learner(metric=lambda v: ca.diag(ca.vertcat(ca.exp(-2 * v[1]), 2)))
    objective = lc.Objective(horizon=SHORT, learning_rate=RATE, loss_weight=WEIGHT)
    return lc.ControlProblem(
        landscape=landscape, learner=learner, objective=objective, start=[-1.0, math.log(2.0)]
    )


def evaluate() -> Evidence:
    """Six comparisons, one of them twice, and what each must conclude."""
    well = lc.ControlProblem(
        landscape=lc.double_well(),
        start=[-0.6, 0.55],
        objective=lc.Objective(horizon=4.0, discount=0.1),
    )
    posed = {
        "impatient": bowl(CURVATURES, IMPATIENT),
        "endless": bowl(CURVATURES, 0.0),
        "second": bowl(SECOND, 0.0),
        "in between": problem(),
        "one curvature": bowl(np.ones(2), 0.5),
        "Fisher": gaussian_model(),
        "well": well,
    }
    verdicts = {name: compare(one, starts=STARTS) for name, one in posed.items()}
    alike = {"gradient_descent", "newton", "ballistic", "linear_quadratic"} - set(
        verdicts["one curvature"].equivalent
    )
    checks = (
        *named(
            verdicts["impatient"],
            "impatient",
            "gradient_descent",
            PUSH / IMPATIENT,
            PUSH * CURVATURES[-1] / IMPATIENT**2,
            1e-5,
        ),
        *named(verdicts["endless"], "endless", "ballistic", math.sqrt(PUSH), 1e-6, 1e-5),
        *named(verdicts["in between"], "in between", "linear_quadratic", 1.0, 1e-6, 1e-5),
        *named(verdicts["Fisher"], "Fisher", "natural_gradient", PUSH * SHORT, 0.002, 1e-4),
        *named(verdicts["second"], "endless, second", "ballistic", math.sqrt(PUSH), 1e-6, 1e-5),
        *(
            Check(
                quantity=f"{words}: extra cost of running gradient descent",
                theory=0.01,
                relation="at least",
                tolerance=0,
                computed=verdicts[key].row("gradient_descent").excess_cost,
                reference="stated bound",
                bound="after",
            )
            for key, words in (("endless", "endless"), ("second", "endless, second"))
        ),
        concluded(verdicts["one curvature"], "one curvature", Conclusion.NOT_IDENTIFIABLE),
        Check(
            quantity="one curvature: classic rules that could be told apart",
            theory=0,
            relation="equal",
            tolerance=0,
            computed=len(alike),
            kind="label",
        ),
        concluded(verdicts["well"], "well", Conclusion.NONE_FITS),
    )
    return Evidence(
        checks=checks, data=picture(verdicts["in between"]), reference="closed form", bound="before"
    )


def named(verdict, name: str, key: str, coefficient: float, tolerance: float, excess: float):
    """The rule is the one named, its coefficient the predicted one (relative tolerance), and
    running it costs no more.
    """
    row = verdict.row(key)
    yield Check(
        quantity=f"{name}: verdict is {key.replace('_', ' ')} (1 = yes)",
        theory=1,
        relation="equal",
        tolerance=0,
        computed=verdict.conclusion is Conclusion.RULE and verdict.best.key == key,
        kind="label",
    )
    yield Check(
        quantity=f"{name}: coefficient of {key.replace('_', ' ')}",
        theory=coefficient,
        relation="equal",
        computed=next(iter(row.coefficients.values())),
        tolerance=tolerance,
        measure="relative",
    )
    yield Check(
        quantity=f"{name}: extra cost of running it, J_rule/J* - 1",
        theory=excess,
        relation="at most",
        tolerance=0,
        computed=row.excess_cost,
        reference="stated bound",
        bound="after",
    )


def concluded(verdict, name: str, conclusion: Conclusion) -> Check:
    """The comparison ends as stated."""
    return Check(
        quantity=f"{name}: {conclusion.value} (1 = yes)",
        theory=1,
        relation="equal",
        tolerance=0,
        computed=verdict.conclusion is conclusion,
        kind="label",
    )


def picture(verdict) -> dict:
    """Data of the figure policy_scatter.

    With a diagonal Hessian every parameter is one curvature.
    """
    seen, shown = (
        verdict.scatter[0],
        [
            row
            for row in verdict.rows
            if row.key in ("linear_quadratic", "ballistic", "gradient_descent", "newton")
        ],
    )
    return {
        "descent": -seen.slopes.ravel(),
        "controls": seen.controls.ravel(),
        "groups": np.tile(np.arange(len(CURVATURES)), len(seen.controls)),
        "group_names": [f"h = {h:g}" for h in CURVATURES],
        "gain": verdict.row("gradient_descent").coefficients["learning_rate"],
        "rules": [row.key for row in shown],
        "predictions": np.array([row.fitted[0].ravel() for row in shown]),
        "errors": np.array([row.error for row in shown]),
    }


CLAIM = Claim(
    name="which-rule",
    theme="short and long horizons",
    title="Which learning rule is the optimal policy: the verdict in six regimes",
    statement=(
        "Fitted to the optimal policy with shared coefficients, large γ is gradient descent (α ="
        " ηk/γ), γ = 0 ballistic (α = √(ηk)), between them the linear-quadratic rule; one curvature"
        " decides nothing; Fisher metric and short horizon: natural gradient; across a barrier no"
        " rule fits."
    ),
    source="VGR25 (arXiv 2510.26997), limits; Amari 1998; Anderson & Moore 1990",
    relations=("equal", "at most", "at least"),
    evaluate=evaluate,
    picture="policy_scatter",
)
