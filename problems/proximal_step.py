"""Only the final loss counts: the optimal learner takes a proximal step, implicit Euler instead of
gradient descent.

Problem    No running loss (k = 0), terminal cost Φ = κL with L Rosenbrock's valley 2(θ₂-θ₁²)² +
           ½(1-θ₁)², constant metric G
           with correlations, f = 0, B = I, free end, horizons T from 1e-4 to 10, γ = 0 and γ > 0.
Formula    θ(T) = argmin_θ |θ-θ₀|²_G/2ητ + κL(θ),  τ = T at γ = 0, (1 - e^{-γT})/γ otherwise; J* is
                                                   e^{-γT} times it.
           The control is u = (θ(T)-θ₀)·e^{γt}/∫₀ᵀe^{γs}ds, constant at γ = 0.
           Small T: θ(T) = θ₀ - ηκT v + (ηκT)² G⁻¹Hv + …, v = G⁻¹∇L(θ₀): the explicit gradient step.
Source     Implicit Euler as proximal point: Rockafellar (1976); the minimiser here is SciPy's.
Relation   equal: θ(T) to 1e-7, J* to 1e-9 relative, u to 1e-7 relative;
           limit with rate: |θ(T) - gradient step| of slope 2 in T to 0.02; equal: its constant, to
           1 %.
"""

import numpy as np
from scipy.optimize import minimize

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..reference import planning_horizon

LEARNING_RATE, WEIGHT = 0.8, 1.5  # η, κ
START = np.array([-0.9, -0.4])
METRIC = np.array([[1.0, 0.3], [0.3, 0.6]])
HORIZONS = np.logspace(-4, 1, 16)
SHORT = HORIZONS < 1.1e-3  # the valley is steep: by T = 1e-3 the next order is 4 %
DISCOUNT = 0.7


def problem():
    """The valley counted at T = 1 only."""
    objective = lc.Objective(
        horizon=1.0,
        learning_rate=LEARNING_RATE,
        loss_weight=0.0,
        terminal="loss",
        terminal_weight=WEIGHT,
    )
    return lc.ControlProblem(
        landscape=lc.rosenbrock(2),
        learner=lc.Learner(metric=METRIC),
        objective=objective,
        start=START,
    )


def proximal_step(landscape, span):
    """(argmin, min) of |θ-θ₀|²_G/2ητ + κL for τ = span, the best of SciPy's minimisations from
    start and minimum.
    """
    stiffness = METRIC / (LEARNING_RATE * span)

    def value(theta):
        return (
            0.5 * (theta - START) @ stiffness @ (theta - START) + WEIGHT * landscape.loss(theta)[0]
        )

    def slope(theta):
        return stiffness @ (theta - START) + WEIGHT * landscape.gradient(theta)[0]

    def curvature(theta):
        return stiffness + WEIGHT * landscape.hessian(theta)[0]

    found = [
        minimize(
            value, guess, jac=slope, hess=curvature, method="trust-exact", options={"gtol": 1e-10}
        )
        for guess in (START, landscape.minima[0])
    ]
    best = min(found, key=lambda answer: answer.fun)
    return best.x, best.fun


def gradient_step(landscape, span):
    return START - LEARNING_RATE * WEIGHT * span * np.linalg.solve(
        METRIC, landscape.gradient(START)[0]
    )


def compare(solver, horizons, discount):
    """Ends (T, n) of the plans and of the proximal steps; largest relative error of cost and
    control.
    """
    ends, steps, cost_errors, control_errors = [], [], [], []
    for horizon in horizons:
        plan = solver.solve(horizon=horizon, discount=discount)
        span = planning_horizon(discount, horizon)
        step, value = proximal_step(solver.problem.landscape, span)
        growth = np.exp(discount * (plan.times - horizon)) / span
        control = growth[:, None] * (step - START)
        ends.append(plan.parameters[-1])
        steps.append(step)
        cost_errors.append(abs(plan.cost / (np.exp(-discount * horizon) * value) - 1))
        control_errors.append(np.abs(plan.controls - control).max() / np.abs(control).max())
    return np.array(ends), np.array(steps), max(cost_errors), max(control_errors)


def equality_checks(found, discount):
    ends, steps, cost_error, control_error = found
    errors = {
        "|θ(T) - proximal step|": (np.abs(ends - steps).max(), 1e-7),
        "|J/J* - 1|": (cost_error, 1e-9),
        "|u - theory| / |u|": (control_error, 1e-7),
    }
    return [
        Check(
            quantity=f"largest {quantity}, {len(ends)} horizons, γ = {discount:g}",
            theory=0.0,
            computed=error,
            relation="equal",
            tolerance=tolerance,
        )
        for quantity, (error, tolerance) in errors.items()
    ]


def limit_checks(landscape, ends):
    gaps = np.linalg.norm(
        ends - [gradient_step(landscape, horizon) for horizon in HORIZONS], axis=1
    )
    direction = np.linalg.solve(METRIC, landscape.gradient(START)[0])
    bent = np.linalg.solve(METRIC, landscape.hessian(START)[0] @ direction)
    constant = (LEARNING_RATE * WEIGHT) ** 2 * np.linalg.norm(bent)
    return [
        Check(
            quantity="slope in T of |θ(T) - gradient step|",
            theory=2,
            relation="limit",
            tolerance=0.02,
            computed=fitted_slope(HORIZONS[SHORT], gaps[SHORT]),
            reference="closed form",
        ),
        Check(
            quantity="|θ(T) - gradient step| / T², (ηκ)²|G⁻¹Hv|",
            theory=constant,
            computed=gaps[0] / HORIZONS[0] ** 2,
            relation="equal",
            tolerance=0.01,
            measure="relative",
            reference="closed form",
            bound="before",
        ),
    ]


def evaluate():
    """Solve at every horizon, with and without discount, beside SciPy's minimiser."""
    solver = lc.Solver(problem(), tolerance=1e-11)
    found, discounted = compare(solver, HORIZONS, 0.0), compare(solver, HORIZONS[::3], DISCOUNT)
    landscape = problem().landscape
    limits = limit_checks(landscape, found[0])
    checks = (*equality_checks(found, 0.0), *equality_checks(discounted, DISCOUNT), *limits)

    axes, fine = (np.linspace(-1.5, 1.5, 80), np.linspace(-0.9, 1.4, 62)), np.logspace(-4, 1.3, 80)
    x, y = np.meshgrid(*axes)
    loss = landscape.loss(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    explicit = np.array([gradient_step(landscape, span) for span in np.linspace(0, 0.7, 30)])
    return Evidence(
        checks=checks,
        data={
            "axis_1": axes[0],
            "axis_2": axes[1],
            "loss": loss,
            "start": START,
            "minimum": landscape.minima[0],
            "horizons": HORIZONS,
            "ends": found[0],
            "proximal": found[1],
            "gradient_descent": np.array([gradient_step(landscape, span) for span in HORIZONS]),
            "proximal_curve": np.array([proximal_step(landscape, span)[0] for span in fine]),
            "gradient_descent_curve": explicit[(explicit[:, 0] < 1.5) & (explicit[:, 1] < 1.4)],
            "gradient_descent_slope": limits[0].computed,
        },
        reference="independent code",
        bound="after",
    )


CLAIM = Claim(
    name="proximal-step",
    theme="short and long horizons",
    title="Only the final loss counts: the proximal step",
    statement="θ(T) = argmin |θ-θ₀|²_G/2ηT + κL, a gradient step for small T",
    source="implicit Euler as proximal point (Rockafellar 1976)",
    relations=("equal", "limit"),
    evaluate=evaluate,
    picture="proximal_limit",
)
