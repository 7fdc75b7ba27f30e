"""The paper's Fig. 3 at its own numbers: metric and default dynamics reshape the optimal path.

Problem    L = ½h|θ-μ|², h = 4, μ = (0, -½), start (1.5, 1.5), B = I, T = ∞, η = k = 1, γ = 0.
           a   G = I, f = 0;
           b   G = diag(1/50, 1), f = 0;
           c   G = I, rotation f = Aθ, A = q·[[0, -1], [1, 0]], q = 10;
           d   G = I, weight decay f = -jθ, j = 10.
Formula    θ̇ = M(θ-θ*):
           a   M = -2I,                θ* = μ;
           b   M = -diag(√200, 2),     θ* = μ;
           c   M = A - 2I,             θ* = 4/(4 + 100)·μ;
           d   M = -√104·I,            θ* = 4/(4 + 100)·μ.
Source     VGR25 (arXiv 2510.26997), Fig. 3a-d; parameters from the authors' public notebook.
Relation   equal: M and θ* of the law fitted to the computed paths (the figure's, and one from a
           second start), relative to the largest entry of M and to |μ|, and the path, relative to |θ₀-θ*|, to 1e-8.

At γ = 0 the learner that rests against its drift pays for ever; the landscape is lowered by what
rest costs, which changes no path. The same laws at other numbers, and at γ > 0: isotropic,
anisotropic_metric, rotation, weight_decay. Rotation and decay leave the same point of rest, since
j = q: at 1/26 of the way to μ, which the eye does not tell from the origin.
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import (
    relaxation_matrix,
    relaxation_rate,
    rotation_attractor,
    weight_decay_attractor,
    weight_decay_rate,
)
from .isotropic import fitted_law, path_theory

CURVATURE, MINIMUM, START = 4.0, np.array([0.0, -0.5]), np.array([1.5, 1.5])
METRIC, FREQUENCY, DECAY = np.diag([1 / 50, 1.0]), 10.0, 10.0
ROTATION = FREQUENCY * np.array([[0.0, -1.0], [1.0, 0.0]])
ASIDE = np.array([-1.5, 0.5])  # a straight path alone does not determine M: fitted with a second
METHOD = lc.DiscretisedAction(elements=24, degree=8)  # the path is compared, not only the cost
CASES = ("isotropic", "metric", "rotation", "decay")


def learner(case: str) -> lc.Learner:
    """What changes from panel to panel."""
    changes = {
        "isotropic": {},
        "metric": {"metric": METRIC},
        "rotation": {"drift": lc.linear_drift(ROTATION)},
        "decay": {"drift": lc.linear_drift(-DECAY * np.eye(2))},
    }
    return lc.Learner(**changes[case])


def pose(case: str) -> lc.ControlProblem:
    """One panel; lowered by the loss of rest and the effort against the drift there, at γ = 0."""
    drifting = {"rotation": FREQUENCY, "decay": DECAY}.get(case, 0.0) ** 2
    resting = CURVATURE * (MINIMUM @ MINIMUM) / 2 * drifting / (CURVATURE + drifting)
    landscape = lc.quadratic(hessian=CURVATURE * np.eye(2), minimum=MINIMUM)
    return lc.ControlProblem(
        landscape=landscape.above(resting),
        learner=learner(case),
        objective=lc.Objective(horizon=math.inf),
        start=START,
    )


def problem() -> lc.ControlProblem:
    """Panel a."""
    return pose("isotropic")


def law_theory(case: str, discount: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """(M, θ*) of one panel, at any discount."""
    rate = relaxation_rate(CURVATURE, discount)
    if case == "metric":
        return -relaxation_matrix(METRIC, CURVATURE * np.eye(2), discount), MINIMUM
    if case == "rotation":
        rest = rotation_attractor(CURVATURE, ROTATION, MINIMUM, discount)
        return ROTATION - rate * np.eye(2), rest
    if case == "decay":
        rest = weight_decay_attractor(CURVATURE, DECAY, MINIMUM, discount)
        return -weight_decay_rate(CURVATURE, DECAY, discount) * np.eye(2), rest
    return -rate * np.eye(2), MINIMUM


def solved(case: str, discount: float = 0.0) -> list[lc.Solution]:
    """The plan of one panel, and one from a second start."""
    solver = lc.Solver(pose(case), method=METHOD, tolerance=1e-9)
    return [solver.solve(start=start, discount=discount) for start in (START, ASIDE)]


def panel(case: str):
    """(checks, picture data) of one panel."""
    plans, (law, rest) = solved(case), law_theory(case)
    plan, (matrix, point) = plans[0], fitted_law(pose(case), plans)
    theory = path_theory(law, rest, START, plan.times)
    gaps = {
        "|M - theory| / |M| of the law θ̇ = M(θ-θ*)": np.abs(matrix - law).max() / np.abs(law).max(),
        "|θ* - theory| / |μ|, where it rests": np.abs(point - rest).max() / np.linalg.norm(MINIMUM),
        "|θ(t) - theory| / |θ₀-θ*|": np.abs(plan.parameters - theory).max()
        / np.linalg.norm(START - rest),
    }
    checks = [
        Check(
            quantity=f"{case}: largest {quantity}",
            theory=0.0,
            computed=gap,
            relation="equal",
            tolerance=1e-8,
        )
        for quantity, gap in gaps.items()
    ]
    span = 5 / np.abs(np.linalg.eigvals(law).real).min()
    times, fine = span * np.linspace(0, 1, 23) ** 2, span * np.linspace(0, 1, 400) ** 2
    data = {
        f"{case}_paths": plan.at(times)[0][None, None],
        f"{case}_theory": path_theory(law, rest, START, fine)[None, None],
        f"{case}_attractors": rest[None],
    }
    return checks, data


def evaluate() -> Evidence:
    """All four panels."""
    axes = np.linspace(-2, 2, 81), np.linspace(-2, 2, 81)
    x, y = np.meshgrid(*axes)
    checks, data = (
        [],
        {
            "axis_1": axes[0],
            "axis_2": axes[1],
            "loss": CURVATURE * ((x - MINIMUM[0]) ** 2 + (y - MINIMUM[1]) ** 2) / 2,
            "minimum": MINIMUM,
            "discounts": np.zeros(1),
        },
    )
    for case in CASES:
        found, drawn = panel(case)
        checks += found
        data |= drawn
    return Evidence(checks=tuple(checks), data=data, reference="closed form", bound="after")


CLAIM = Claim(
    name="paper-figure-3",
    theme="geometry and partial control",
    title="Fig. 3 a-d of the paper, at its own numbers",
    statement=(
        "θ̇ = M(θ-θ*) with M = -2I, -diag(√200, 2), A - 2I, -√104·I; rest in μ without drift, in"
        " μ/26 under rotation (q = 10) and under decay (j = 10)"
    ),
    source="VGR25 (arXiv 2510.26997), Fig. 3a-d and its public notebook",
    relations=("equal",),
    evaluate=evaluate,
    figure="Fig. 3a-d",
    picture="metric_drift",
)
