"""The double well with its end fixed: the action of VGR25 Fig. 1, and the second-order law along
the path.

Problem
    minimise  J = ∫₀⁴ e^{-γt} [ |θ̇|²/2η + k L(θ) ] dt,   L = (θ₁² - 1)² + θ₂² - θ₁/2,   η = k =
        1, γ = 0.1,
    θ(0) = (-0.6, 0.55), θ(4) = (1.0625, 0).
Formulas
    Euler and Lagrange:  θ̈ = γθ̇ + ηk∇L. Integrated over intervals, so that nothing has to be
    differentiated:
    θ̇(t₂) - θ̇(t₁) = a[θ(t₂) - θ(t₁)] + b∫∇L dt;  least squares over 40 intervals and both
    parameters gives (a, b).
Claim
    J = 0.619463; the path obeys the second-order law with a = γ, b = ηk; the costate is the
    momentum, λ = -θ̇/η; the discretised action, collocation and multiple shooting give the same
    plan.
Source
    VGR25 (arXiv 2510.26997) Fig. 1 (the same ends). Reference: scipy.integrate.solve_bvp on the
    second-order law.
Relation and tolerance
    J equal to the six digits quoted within 1e-6 relative; each transcription, solved to 1e-8,
    within 3e-8 of the boundary-value problem (1e-8 times ∫e^{-γt}(effort + k|L|)dt ≈ 3); their
    paths within 1e-5 of a plan solved to 1e-11, from which (a, b) follow within 1e-6; λ + θ̇/η,
    from the multipliers of collocation, within 1e-5 of the largest |λ|.
"""

from functools import partial

import numpy as np
from scipy.integrate import solve_bvp

import landscape_control as lc

from ..claims import Check, Claim, Evidence

START, END, HORIZON, DISCOUNT = np.array([-0.6, 0.55]), np.array([1.0625, 0.0]), 4.0, 0.1
METHODS = {
    "discretised action": "action",
    "collocation": "collocation",
    "multiple shooting": "shooting",
}


def problem() -> lc.ControlProblem:
    """The double well with both ends fixed."""
    objective = lc.Objective(horizon=HORIZON, discount=DISCOUNT)
    return lc.ControlProblem(landscape=lc.double_well(), objective=objective, start=START, end=END)


def evaluate() -> Evidence:
    """Solve with all three transcriptions, compare them with the boundary-value problem, fit the
    law to the path.
    """
    posed, times = problem(), np.linspace(0, HORIZON, 41)
    landscape, best = posed.landscape, lc.solve(posed, tolerance=1e-11)
    others = {
        name: lc.solve(posed, tolerance=1e-8, method=method) for name, method in METHODS.items()
    }
    reference = boundary_value_cost(landscape)
    gap = max(np.abs(other.at(times)[0] - best.at(times)[0]).max() for other in others.values())
    damping, drive = fitted_law(landscape, best, times)
    velocity, costate = others["collocation"].at(times)[1:]
    equal = partial(Check, relation="equal")
    checks = (
        equal(
            quantity="J, as quoted",
            theory=0.619463,
            computed=best.cost,
            tolerance=1e-6,
            measure="relative",
            reference="published",
        ),
        *(
            equal(
                quantity=f"J by {name}",
                theory=reference,
                computed=other.cost,
                tolerance=3e-8,
                reference="independent code",
            )
            for name, other in others.items()
        ),
        equal(
            quantity="largest distance between the three paths",
            theory=0,
            computed=gap,
            tolerance=1e-5,
            reference="same code, other data",
            bound="after",
        ),
        equal(
            quantity="coefficient a of θ̇ in the law (γ)",
            theory=DISCOUNT,
            computed=damping,
            tolerance=1e-6,
        ),
        equal(
            quantity="coefficient b of ∇L in the law (ηk)", theory=1, computed=drive, tolerance=1e-6
        ),
        equal(
            quantity="largest |λ + θ̇/η| over the largest |λ|, collocation",
            theory=0,
            tolerance=1e-5,
            computed=np.abs(costate + velocity).max() / np.abs(costate).max(),
            bound="after",
        ),
    )
    return Evidence(
        checks=checks, data=picture(landscape, best), reference="closed form", bound="before"
    )


def boundary_value_cost(landscape) -> float:
    """J by collocation of θ̈ = γθ̇ + ηk∇L with the cost as a fifth state, from a straight line
    between the ends.
    """

    def slopes(t, z):
        theta, velocity = z[:2], z[2:4]
        running = np.exp(-DISCOUNT * t) * ((velocity**2).sum(0) / 2 + landscape.loss(theta.T))
        return np.vstack([velocity, DISCOUNT * velocity + landscape.gradient(theta.T).T, running])

    def ends(first, last):
        return np.concatenate([first[:2] - START, last[:2] - END, first[4:]])

    grid = np.linspace(0, HORIZON, 41)
    line = START[:, None] + (END - START)[:, None] * grid / HORIZON
    answer = solve_bvp(
        slopes, ends, grid, np.vstack([line, np.zeros((3, len(grid)))]), tol=1e-9, max_nodes=20000
    )
    return float(answer.y[4, -1]) if answer.success else np.nan


def fitted_law(landscape, plan, times) -> np.ndarray:
    """(a, b) of θ̈ = aθ̇ + b∇L, from its integral over every interval between ``times``."""
    points, weights = np.polynomial.legendre.leggauss(12)
    inside = times[:-1, None] + np.diff(times)[:, None] * (points + 1) / 2
    slopes = landscape.gradient(plan.at(inside.ravel())[0]).reshape(*inside.shape, -1)
    impulse = np.diff(times)[:, None] / 2 * np.einsum("q,kqn->kn", weights, slopes)
    theta, velocity, _ = plan.at(times)
    regressors = np.column_stack([np.diff(theta, axis=0).ravel(), impulse.ravel()])
    return np.linalg.lstsq(regressors, np.diff(velocity, axis=0).ravel(), rcond=None)[0]


def picture(landscape, solution) -> dict:
    """Data of the figure plan_overview."""
    axis_1, axis_2 = np.linspace(-1.3, 1.5, 113), np.linspace(-0.5, 0.9, 57)
    nodes = np.stack(np.meshgrid(axis_1, axis_2), axis=-1)
    times = np.linspace(0, HORIZON, 201)
    theta, controls, costates = solution.at(times)
    minima = landscape.minima[np.argsort(landscape.loss(landscape.minima))]
    return {
        "times": times,
        "parameters": theta,
        "controls": controls,
        "costates": costates,
        "axis_1": axis_1,
        "axis_2": axis_2,
        "loss": landscape.loss(nodes.reshape(-1, 2)).reshape(nodes.shape[:2]),
        "minima": minima,
        "title": "double well, both ends fixed",
    }


CLAIM = Claim(
    name="double-well-fixed-end",
    theme="barriers",
    title="The action of Fig. 1 by three transcriptions, and its second-order law",
    statement=(
        "With ends (-0.6, 0.55) and (1.0625, 0), γ = 0.1, T = 4: J = 0.619463 by discretised"
        " action, collocation and multiple shooting; the path obeys θ̈ = γθ̇ + ηk∇L and λ = -θ̇/η."
    ),
    source="VGR25 (arXiv 2510.26997) Fig. 1; scipy.integrate.solve_bvp",
    relations=("equal",),
    evaluate=evaluate,
    figure="Fig. 1b",
    picture="plan_overview",
)
