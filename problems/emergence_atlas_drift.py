"""The emergence atlas over task drift and gradient noise: weight decay answers the drift, momentum
the noise.

The minimum of every landscape moves (Ornstein-Uhlenbeck, variance 1, rate λ), the loss is paid at
every step and movement has a price: curvatures uniform on [0.05, 1], T = 30, η = 1. A richer family
must save 1 % of the cost. Bounds that no theory names were set after a first look, and hold at T =
20, which was not looked at.
"""

from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from .emergence_atlas import MARGIN, atlas, coefficient_maps, run

PLAIN = {
    "gradient_descent": lc.policies.GradientDescent(constant=True),
    "heavy_ball": lc.policies.HeavyBall(constant=True),
}
FAMILIES = PLAIN | {
    "weight_decay": lc.policies.WeightDecay(family=PLAIN["gradient_descent"]),
    "momentum_with_decay": lc.policies.WeightDecay(family=PLAIN["heavy_ball"]),
}
SECOND = 20  # a horizon not looked at when the bounds were set
RATES, NOISES = np.array([0.002, 0.01, 0.05, 0.2]), np.array([0.01, 0.1, 0.3, 1.0, 3.0])


def problem(steps=30):
    """Heavy ball with weight decay at λ = 0.05, σ = 0.3, one cell of the map."""
    moving = lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.05, covariance=[1.0])
    task = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Uniform(0.05, 1.0), start_variance=1.0, minimum=moving
    )
    return lc.PolicyProgram(
        task=task,
        family=FAMILIES["momentum_with_decay"],
        sees=lc.NoisyGradient(0.3),
        cost="running",
        objective=lc.Objective(horizon=steps, learning_rate=1.0),
    )


def evaluate() -> Evidence:
    """Four families on 4 x 5 cells."""
    dataset = run(
        problem(),
        ("task.minimum.rate", RATES),
        ("sees.noise", NOISES),
        starts=3,
        families=FAMILIES,
        workers=1,
    )
    cost = {name: dataset["cost"].sel(family=name).values for name in FAMILIES}
    data = atlas(dataset, FAMILIES) | {
        "horizontal_name": "gradient noise σ",
        "vertical_name": "task drift λ",
    }
    _, momentum, decay = (values[3] for values in coefficient_maps(dataset).values())
    at_most = partial(Check, relation="at most", tolerance=0)
    share = partial(Check, theory=1.0, relation="equal", tolerance=0, kind="label")
    richer = np.minimum(cost["heavy_ball"], cost["weight_decay"]) * (1 + 1e-9)
    return Evidence(
        data=data,
        checks=(
            *second_checks(),
            at_most(
                quantity="cells without a cost",
                theory=0,
                computed=int(np.isnan(data["best"]).sum()),
                reference="closed form",
                bound="before",
                kind="label",
            ),
            at_most(
                quantity="cells where both coefficients cost more than one alone",
                theory=0,
                computed=int((cost["momentum_with_decay"] > richer).sum()),
                reference="closed form",
                bound="before",
                kind="label",
            ),
            share(
                quantity="λ ≥ 0.05: a rule with decay preferred, share of cells",
                computed=float(np.isin(data["best"][2:], (2, 3)).mean()),
            ),
            share(
                quantity="σ ≥ 0.3, λ ≤ 0.05: a rule with momentum preferred, share of cells",
                computed=float(np.isin(data["best"][:3, 2:], (1, 3)).mean()),
            ),
            share(
                quantity="share of neighbours at which the effective decay grows with the drift",
                computed=float((np.diff(decay, axis=0) > 0).mean()),
            ),
            share(
                quantity=(
                    "σ ≥ 0.1: share of neighbours at which the effective momentum falls with the"
                    " drift"
                ),
                computed=float((np.diff(momentum[:, 1:], axis=0) < 0).mean()),
            ),
            at_most(
                quantity="λ = 0.2, σ = 0.01: saving of momentum beside decay",
                theory=MARGIN,
                computed=cost["weight_decay"][-1, 0] / cost["momentum_with_decay"][-1, 0] - 1,
            ),
        ),
        reference="stated bound",
        bound="after",
    )


def second_checks() -> tuple[Check, ...]:
    """The bounds at a horizon that nobody had looked at when they were set, at the corners."""
    cells = (("task.minimum.rate", RATES[2:]), ("sees.noise", NOISES[[0, 3]]))
    dataset = run(problem(SECOND), *cells, starts=3, families=FAMILIES, workers=1)
    cost = {name: dataset["cost"].sel(family=name).values for name in FAMILIES}
    best = atlas(dataset, FAMILIES)["best"]
    _, momentum, decay = (values[3] for values in coefficient_maps(dataset).values())
    share = partial(Check, theory=1.0, relation="equal", tolerance=0, kind="label")
    words = f"T = {SECOND}"
    return (
        share(
            quantity=f"{words}, λ = 0.05, 0.2: a rule with decay preferred, share of cells",
            computed=float(np.isin(best, (2, 3)).mean()),
        ),
        share(
            quantity=f"{words}, σ = 1, λ = 0.05: a rule with momentum preferred (1 = yes)",
            computed=float(best[0, 1] in (1, 3)),
        ),
        share(
            quantity=f"{words}: share of neighbours at which the effective decay grows with the drift",
            computed=float((np.diff(decay, axis=0) > 0).mean()),
        ),
        share(
            quantity=f"{words}, σ = 1: the effective momentum falls with the drift (1 = yes)",
            computed=float(momentum[1, 1] < momentum[0, 1]),
        ),
        Check(
            quantity=f"{words}, λ = 0.2, σ = 0.01: saving of momentum beside decay",
            theory=MARGIN,
            computed=cost["weight_decay"][-1, 0] / cost["momentum_with_decay"][-1, 0] - 1,
            relation="at most",
            tolerance=0,
        ),
    )


CLAIM = Claim(
    name="emergence-atlas-drift",
    theme="momentum and schedules",
    title="Weight decay answers the drift of the task, momentum the noise of the gradient",
    statement=(
        "With a minimum that reverts at rate λ, the preferred rule has weight decay where λ is"
        " large and momentum where the noise is; the effective decay w(1-β) grows with the drift"
        " and the effective momentum β(1-w) falls with it"
    ),
    source="VGR25, momentum and task uncertainty; the policy program is this project's",
    relations=("equal", "at most"),
    evaluate=evaluate,
    picture="emergence_atlas",
)
