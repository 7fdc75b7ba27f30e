"""No discount, no deadline: the ballistic rule, its constant energy, and the value as a geodesic
length.

Problem
    minimise  J = ∫₀^∞ [ θ̇ᵀGθ̇/2η + kL(θ) ] dt with min L = 0, η = 2, k = 3/2, γ = 0:
    bowl   L = ½θᵀHθ with three coupled parameters, G = I and a full metric G;
    well   the double well of VGR25 Fig. 1 lowered by its least loss (landscape.above), start (-0.6,
           0.55).
Formulas
    Bowl:  θ̇ = -√(ηk) G^{-1/2}(G^{-1/2}HG^{-1/2})^{-1/2}G^{-1/2}∇L, for G = I  -√(ηk) H^{-1/2}∇L.
    Any L: E = |θ̇|²_G/2η - kL = 0 along the plan, so the speed is √(2ηkL), |∇V|² = 2kL/η (an
    eikonal equation), and V(θ) is the length of the shortest way to the minimum in the metric
    (2k/η)·L·G.
    Well:  L = ℓ(θ₁) + θ₂² and two plans that do not see each other: V = ∫√(2kℓ/η) dθ₁ + θ₂²√(k/2η).
Claim
    The numerical policy is the ballistic rule, and V is that length; the straight way is longer.
Source
    VGR25 (arXiv 2510.26997), long planning horizon; Maupertuis and Jacobi for the geodesic form.
Relation and tolerance
    Controls within 1e-7 relative of the rule, costs within 1e-9 relative, speed and energy within
    1e-6 of their largest values, V and the length of the computed path within 1e-9 relative (plans
    solved to 1e-10).
"""

import math
from functools import partial

import numpy as np
from scipy.integrate import quad, solve_ivp

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import ballistic_matrix

RATE, WEIGHT, START, BOWL_START = 2.0, 1.5, np.array([-0.6, 0.55]), np.array([1.0, -1.0, 0.5])
HESSIAN = np.array([[2.0, 0.8, 0.5], [0.8, 1.0, 0.3], [0.5, 0.3, 0.6]])
METRIC = np.array([[1.0, 0.3, 0.0], [0.3, 2.0, 0.2], [0.0, 0.2, 0.5]])
WELL, SADDLE, LOW = np.sort(np.roots([4, 0, -4, -0.5]).real)


def problem() -> lc.ControlProblem:
    """The double well with its lowest loss at zero."""
    well = lc.double_well()
    return pose(well.above(well.loss(well.minima).min()), START)


def pose(landscape, start, **learner) -> lc.ControlProblem:
    """Undiscounted and endless."""
    objective = lc.Objective(horizon=math.inf, discount=0.0, learning_rate=RATE, loss_weight=WEIGHT)
    return lc.ControlProblem(
        landscape=landscape, learner=lc.Learner(**learner), objective=objective, start=start
    )


def evaluate() -> Evidence:
    """The rule on the bowl; energy, speed and length on the well."""
    posed = problem()
    landscape, solution = posed.landscape, lc.solve(posed, tolerance=1e-10)
    times = np.linspace(0, solution.times[-1], 401)
    theta, velocity, _ = solution.at(times)
    kinetic, potential = (velocity**2).sum(1) / (2 * RATE), WEIGHT * landscape.loss(theta)
    speed, wanted = np.linalg.norm(velocity, axis=1), np.sqrt(2 * RATE * np.maximum(potential, 0))
    zero = partial(Check, relation="equal", theory=0)
    equal = partial(Check, relation="equal", tolerance=1e-9, measure="relative")
    checks = (
        zero(
            quantity="bowl, G = I: distance of u* from the rule, relative",
            computed=rule_error(),
            tolerance=1e-7,
        ),
        zero(quantity="bowl, full G: the same", computed=rule_error(metric=METRIC), tolerance=1e-7),
        zero(
            quantity="well: largest |speed - √(2ηkL)| over the largest speed",
            tolerance=1e-6,
            computed=np.abs(speed - wanted).max() / speed.max(),
        ),
        zero(
            quantity="well: largest |E| over the largest kinetic energy",
            tolerance=1e-6,
            computed=np.abs(kinetic - potential).max() / kinetic.max(),
        ),
        equal(
            quantity="well: V, as two lengths in one dimension",
            theory=exact_value(landscape),
            computed=solution.cost,
        ),
        equal(
            quantity="well: length of the computed path",
            theory=solution.cost,
            computed=path_length(landscape, solution),
        ),
        Check(
            quantity="well: length of the straight way, against V",
            theory=solution.cost,
            relation="at least",
            tolerance=0,
            computed=straight_length(landscape),
            reference="same code, other data",
        ),
    )
    return Evidence(
        checks=checks,
        data=picture(landscape, times, theta, kinetic, potential),
        reference="closed form",
        bound="before",
    )


def rule_error(**learner) -> float:
    """|u* + N∇L| / |N∇L| at the start of the bowl."""
    solution = lc.solve(pose(lc.quadratic(hessian=HESSIAN), BOWL_START, **learner), tolerance=1e-10)
    step = (
        ballistic_matrix(learner.get("metric", np.eye(3)), HESSIAN, RATE, WEIGHT)
        @ HESSIAN
        @ BOWL_START
    )
    return float(np.linalg.norm(solution.controls[0] + step) / np.linalg.norm(step))


def exact_value(landscape) -> float:
    """∫√(2kℓ/η)dθ₁ from the start to the minimum, plus θ₂²√(k/2η)."""

    def density(x):
        return math.sqrt(2 * WEIGHT / RATE * max(landscape.loss([x, 0.0])[0], 0.0))

    return quad(density, START[0], LOW, epsabs=1e-12, epsrel=1e-12)[0] + START[1] ** 2 * math.sqrt(
        WEIGHT / (2 * RATE)
    )


def path_length(landscape, solution) -> float:
    """∫√(2kL/η)|dθ| along the computed path, and along its linear tail, where it is a quadratic
    form.
    """
    plan, (points, weights) = solution.best, np.polynomial.legendre.leggauss(8)
    widths = np.diff(plan.vertices)
    theta, velocity, _ = plan.at(
        (plan.vertices[:-1, None] + widths[:, None] * (points + 1) / 2).ravel()
    )
    density = np.sqrt(2 * WEIGHT / RATE * np.maximum(landscape.loss(theta), 0)) * np.linalg.norm(
        velocity, axis=1
    )
    left = plan.parameters[-1] - plan.tail.steady_state
    return float(
        (widths[:, None] / 2 * weights).ravel() @ density
        + left @ plan.tail.value_hessian @ left / 2
    )


def straight_length(landscape) -> float:
    """∫√(2kL/η)|dθ| along the segment from the start to the minimum."""
    way = np.array([LOW, 0.0]) - START
    density = quad(
        lambda s: math.sqrt(2 * WEIGHT / RATE * landscape.loss(START + s * way)[0]),
        0,
        1,
        epsabs=1e-10,
    )[0]
    return float(density * np.linalg.norm(way))


def picture(landscape, times, theta, kinetic, potential) -> dict:
    """Data of the figure double_well."""
    axis_1, axis_2 = np.linspace(-1.5, 1.6, 125), np.linspace(-0.75, 0.95, 69)
    nodes = np.stack(np.meshgrid(axis_1, axis_2), axis=-1)
    descent = solve_ivp(
        lambda _, point: -RATE * WEIGHT * landscape.gradient(point)[0],
        (0, times[-1]),
        START,
        rtol=1e-8,
        atol=1e-10,
        t_eval=times,
    ).y.T
    early = times <= 1.6
    return {
        "axis_1": axis_1,
        "axis_2": axis_2,
        "loss": landscape.loss(nodes.reshape(-1, 2)).reshape(nodes.shape[:2]),
        "minima": np.array([[LOW, 0], [WELL, 0]]),
        "saddles": np.array([[SADDLE, 0]]),
        "discount": 0.0,
        "optimal_times": times[early],
        "optimal_path": theta[early],
        "optimal_loss": potential[early] / WEIGHT,
        "optimal_kinetic": kinetic[early],
        "optimal_weighted_loss": potential[early],
        "gradient_descent_times": times[early],
        "gradient_descent_path": descent[early],
        "gradient_descent_loss": landscape.loss(descent[early]),
    }


CLAIM = Claim(
    name="ballistic",
    theme="short and long horizons",
    title="No discount, no deadline: the ballistic rule and the geodesic",
    statement=(
        "At γ = 0, T = ∞ the optimal policy on a bowl is -√(ηk)H^{-1/2}∇L (with its metric form);"
        " for any L with min L = 0 the plan has E = 0 and speed √(2ηkL), and V is the geodesic"
        " length in the metric (2k/η)LG."
    ),
    source="VGR25 (arXiv 2510.26997), long planning horizon",
    relations=("equal", "at least"),
    evaluate=evaluate,
    picture="double_well",
)
