"""The double well of VGR25 Fig. 1b, c: planning crosses a barrier that gradient descent and
momentum cannot.

Problem
    minimise  J = ∫₀⁴ e^{-γt} [ |θ̇|²/2η + k L(θ) ] dt,   L = (θ₁² - 1)² + θ₂² - θ₁/2,   η = k =
        1, γ = 0.1,
    θ(0) = (-0.6, 0.55), θ(4) free.
Formulas
    Pontryagin:  θ̇ = -ηλ,  λ̇ = γλ - k∇L,  λ(T) = 0;   energy law:  dE/dt = (γ/η)|θ̇|² for E =
                                                                     |θ̇|²/2η - kL.
    Stationary points of L lie on θ₂ = 0 where 4θ₁(θ₁² - 1) = ½.
Claim
    Two plans are stationary: the better one climbs the barrier and ends near the lower minimum θ₁ ≈
    1.0575, the other stays near θ₁ ≈ -0.93, where gradient descent falls. A heavy ball released at
    rest stays too, with any friction: its energy |θ̇|²/2 + L only falls, and at the start it is
    below the loss at the saddle.
Source
    VGR25 (arXiv 2510.26997) Fig. 1b, c. Reference: scipy.integrate.solve_bvp on Pontryagin's
    equations.
Relation and tolerance
    Costs equal to the reference within 1e-9 relative (solved to 1e-11); the energy law holds within
    1e-6 of the energies; gradient descent and the heavy ball (friction 1) end at the minimum within
    1e-6. θ₂ does not see θ₁: its end is that of a quadratic mode (Riccati equation) within 1e-8.
"""

from functools import partial

import numpy as np
from scipy.integrate import cumulative_simpson, solve_bvp, solve_ivp

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import LinearQuadratic

START, HORIZON, DISCOUNT, FRICTION = np.array([-0.6, 0.55]), 4.0, 0.1, 1.0
# local minimum, barrier, global minimum on θ₂ = 0
WELL, SADDLE, LOW = np.sort(np.roots([4, 0, -4, -0.5]).real)


def problem() -> lc.ControlProblem:
    """The double well with a free end."""
    objective = lc.Objective(horizon=HORIZON, discount=DISCOUNT)
    return lc.ControlProblem(landscape=lc.double_well(), objective=objective, start=START)


def evaluate() -> Evidence:
    """Solve with several starts; hold the plans and the classic rules against other solvers."""
    posed = problem()
    landscape, solution = posed.landscape, lc.solve(posed, tolerance=1e-11)
    cross = solution.plans[0]
    descent, ball = gradient_descent(landscape), heavy_ball(landscape)
    checks = (*plan_checks(landscape, solution.plans), *classic_checks(landscape, descent, cross))
    return Evidence(
        checks=checks,
        data=picture(landscape, cross, descent, ball),
        reference="closed form",
        bound="before",
    )


def plan_checks(landscape, plans) -> tuple[Check, ...]:
    """The plan that crosses and the one that stays against the boundary-value solver."""
    cross, stay = plans[0], plans[-1]
    # The well is a function of θ₁ alone; θ₂ is a quadratic mode of its own.
    mode = LinearQuadratic(hessian=[[2.0]], minimum=[0.0], discount=DISCOUNT).finite(HORIZON)
    equal = partial(Check, relation="equal")
    return (
        equal(
            quantity="number of stationary plans found",
            theory=2,
            computed=len(plans),
            tolerance=0,
            kind="label",
        ),
        equal(
            quantity="θ₁ of the minimum the best plan ends at",
            theory=LOW,
            computed=cross.end_basin[0],
            tolerance=1e-8,
        ),
        equal(
            quantity="θ₁ of the minimum the other plan ends at",
            theory=WELL,
            computed=stay.end_basin[0],
            tolerance=1e-8,
        ),
        equal(
            quantity="J of the plan that crosses",
            theory=pontryagin_cost(landscape, LOW),
            computed=cross.cost,
            tolerance=1e-9,
            measure="relative",
            reference="independent code",
        ),
        equal(
            quantity="J of the plan that stays",
            theory=pontryagin_cost(landscape, WELL),
            computed=stay.cost,
            tolerance=1e-9,
            measure="relative",
            reference="independent code",
        ),
        equal(
            quantity="θ₁(T) of the best plan, as quoted",
            theory=1.0575,
            computed=cross.parameters[-1, 0],
            tolerance=5e-4,
            reference="published",
        ),
        equal(
            quantity="θ₂(T), a quadratic mode of its own",
            theory=mode.path(START[1:], [HORIZON])[0][0, 0],
            computed=cross.parameters[-1, 1],
            tolerance=1e-8,
            reference="independent code",
        ),
    )


def classic_checks(landscape, descent, cross) -> tuple[Check, ...]:
    """Where gradient descent and the heavy ball end, and the energy law of the plan."""
    rest = heavy_ball(landscape, horizon=10 * HORIZON)[-1]
    missing = landscape.loss([SADDLE, 0])[0] - landscape.loss(START)[0]
    equal = partial(Check, relation="equal")
    return (
        equal(
            quantity="θ₁ where gradient descent ends",
            theory=WELL,
            computed=descent[-1, 0],
            tolerance=1e-6,
            bound="after",
        ),
        equal(
            quantity="θ₁ where the heavy ball comes to rest",
            theory=WELL,
            computed=rest[0],
            tolerance=1e-6,
            bound="after",
        ),
        Check(
            quantity="L(saddle) - L(start), what the heavy ball lacks",
            theory=0,
            computed=missing,
            relation="at least",
            tolerance=0,
        ),
        equal(
            quantity="violation of dE/dt = (γ/η)|θ̇|², relative",
            theory=0,
            computed=energy_violation(landscape, cross),
            tolerance=1e-6,
            bound="after",
        ),
    )


def pontryagin_cost(landscape, end: float) -> float:
    """J by collocation of Pontryagin's equations with the cost as a fifth state, from a straight
    line to θ₁ = end.
    """

    def slopes(t, z):
        theta, costate = z[:2], z[2:4]
        running = np.exp(-DISCOUNT * t) * ((costate**2).sum(0) / 2 + landscape.loss(theta.T))
        return np.vstack([-costate, DISCOUNT * costate - landscape.gradient(theta.T).T, running])

    def ends(first, last):
        return np.concatenate([first[:2] - START, last[2:4], first[4:]])

    grid = np.linspace(0, HORIZON, 41)
    line = START[:, None] + (np.array([end, 0]) - START)[:, None] * grid / HORIZON
    answer = solve_bvp(
        slopes, ends, grid, np.vstack([line, np.zeros((3, len(grid)))]), tol=1e-9, max_nodes=20000
    )
    return float(answer.y[4, -1]) if answer.success else np.nan


def gradient_descent(landscape) -> np.ndarray:
    """θ (401, 2) along θ̇ = -∇L."""
    return follow(lambda _, theta: -landscape.gradient(theta)[0], START, HORIZON)


def heavy_ball(landscape, horizon: float = HORIZON) -> np.ndarray:
    """θ (401, 2) along θ̈ = -friction·θ̇ - ∇L, from rest."""

    def slopes(_, z):
        return np.concatenate([z[2:], -FRICTION * z[2:] - landscape.gradient(z[:2])[0]])

    return follow(slopes, np.append(START, [0, 0]), horizon)[:, :2]


def follow(slopes, begin, horizon: float) -> np.ndarray:
    """States at 401 equally spaced times."""
    times = np.linspace(0, horizon, 401)
    return solve_ivp(
        slopes, (0, horizon), begin, method="DOP853", rtol=1e-9, atol=1e-11, t_eval=times
    ).y.T


def energy_violation(landscape, plan) -> float:
    """Range of E(t) - (γ/η)∫|θ̇|²dt along the plan, over the largest |θ̇|²/2η + k|L|."""
    times = np.linspace(0, HORIZON, 4001)
    theta, velocity, _ = plan.at(times)
    kinetic, loss = (velocity**2).sum(1) / 2, landscape.loss(theta)
    gained = cumulative_simpson(2 * DISCOUNT * kinetic, x=times, initial=0)
    return float(np.ptp(kinetic - loss - gained) / (kinetic + np.abs(loss)).max())


def picture(landscape, plan, descent, ball) -> dict:
    """Data of the figure double_well."""
    axis_1, axis_2 = np.linspace(-1.5, 1.6, 125), np.linspace(-0.75, 0.95, 69)
    nodes = np.stack(np.meshgrid(axis_1, axis_2), axis=-1)
    times = np.linspace(0, HORIZON, len(descent))
    theta, velocity, _ = plan.at(times)
    loss = landscape.loss(theta)
    return {
        "axis_1": axis_1,
        "axis_2": axis_2,
        "loss": landscape.loss(nodes.reshape(-1, 2)).reshape(nodes.shape[:2]),
        "minima": np.array([[LOW, 0], [WELL, 0]]),
        "saddles": np.array([[SADDLE, 0]]),
        "discount": DISCOUNT,
        "optimal_times": times,
        "optimal_path": theta,
        "optimal_loss": loss,
        "optimal_kinetic": (velocity**2).sum(1) / 2,
        "optimal_weighted_loss": loss,
        "gradient_descent_times": times,
        "gradient_descent_path": descent,
        "gradient_descent_loss": landscape.loss(descent),
        "momentum_times": times,
        "momentum_path": ball,
        "momentum_loss": landscape.loss(ball),
    }


CLAIM = Claim(
    name="double-well",
    theme="barriers",
    title="Planning crosses the barrier, gradient descent and momentum do not",
    statement=(
        "From (-0.6, 0.55) the optimal plan (γ = 0.1, T = 4, free end) ends near θ₁ = 1.0575,"
        " gradient descent and a heavy ball at θ₁ = -0.93; both stationary plans cost what"
        " Pontryagin's equations say; dE/dt = (γ/η)|θ̇|²."
    ),
    source="VGR25 (arXiv 2510.26997) Fig. 1b, c; scipy.integrate.solve_bvp",
    relations=("equal", "at least"),
    evaluate=evaluate,
    figure="Fig. 1b, c",
    picture="double_well",
)
