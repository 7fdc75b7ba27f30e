"""Natural gradient on a Gaussian model: the limit of large discounts, and independence of the
parametrisation.

Problem
    A model N(m, σ²) is fitted to data N(m*, s²):  L = KL(data ‖ model) = log(σ/s) + (s² + (m -
    m*)²)/2σ² - ½. Effort is measured by the Fisher metric, G = diag(1/σ², 2/σ²) in (m, σ) and
    diag(1/σ², 2) in (m, ρ = log σ).
    minimise  J = ∫₀ᵀ e^{-γt} [ θ̇ᵀG(θ)θ̇/2η + kL ] dt,   η = k = 1, m* = 1, s = ½, start (m, σ) =
                                                          (-1, 2), end free.
Formulas
    γ → ∞:  u* = -(ηk/γ) G⁻¹∇( L - ε ), with ε = (ηk/2γ²)|∇L|²_{G⁻¹} to next order
    (Hamilton-Jacobi-Bellman equation, V = kL/γ - (ηk²/2γ³)|∇L|²_{G⁻¹} + …): natural gradient (Amari
    1998), relative error of slope -2 in γ. Parameters φ = φ(θ) with Jacobian D and metric D⁻ᵀGD⁻¹
    leave J unchanged: same path, costate λ_θ = Dᵀλ_φ.
Claim
    The optimal policy is natural gradient for large γ, with that error. At γ = ½, T = 3 the plans
    found in (m, σ) and in (m, log σ) are the same path of models; with the Euclidean metric they
    are not.
Source
    VGR25 (arXiv 2510.26997), short planning horizon with G the Fisher metric; Amari, Neural
    Computation 10 (1998).
Relation and tolerance
    Slope -2 within 0.01 over γ = 40 … 160 (T = 30/γ: the horizon matters no more than e^{-30});
    error at γ = 160 within 1e-3 of its next-order value. Plans solved to 1e-12: costs within 1e-10
    relative, paths within 1e-6, transformed costates within 1e-5 of the largest; Euclidean plans, from
    two starts, at least a thousand times as far apart as paths that are the same may be (0.39 and
    0.07; a first bound of 0.1 did not hold from the second start).
"""

import math
from functools import partial

import casadi as ca
import numpy as np
from scipy.integrate import solve_ivp

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope

MEAN, WIDTH, START = 1.0, 0.5, np.array([-1.0, 2.0])
SECOND_START = np.array([2.0, 1.5])
SAME = 1e-6  # largest distance of paths that are the same
HORIZON, DISCOUNT, DISCOUNTS = 3.0, 0.5, np.array([40.0, 80.0, 160.0])


def divergence(mean, log_width):
    """KL(N(m*, s²) ‖ N(m, σ²)) as a CasADi expression."""
    return (
        log_width
        - math.log(WIDTH)
        + (WIDTH**2 + (mean - MEAN) ** 2) * ca.exp(-2 * log_width) / 2
        - 0.5
    )


def in_width(learner: lc.Learner, start=START, **objective) -> lc.ControlProblem:
    """The problem in (m, σ)."""
    landscape = lc.Landscape.from_expression(
        lambda v: divergence(v[0], ca.log(v[1])),
        dimension=2,
        minima=[[MEAN, WIDTH]],
        name="Gaussian model in (m, σ)",
        formula="KL(N(m*, s²) ‖ N(m, σ²))",
    )
    return lc.ControlProblem(
        landscape=landscape, learner=learner, objective=lc.Objective(**objective), start=start
    )


def in_log_width(learner: lc.Learner, start=START, **objective) -> lc.ControlProblem:
    """The same in (m, ρ) with ρ = log σ."""
    landscape = lc.Landscape.from_expression(
        lambda v: divergence(v[0], v[1]),
        dimension=2,
        minima=[[MEAN, math.log(WIDTH)]],
        name="Gaussian model in (m, log σ)",
        formula="KL(N(m*, s²) ‖ N(m, e^{2ρ}))",
    )
    start = [start[0], math.log(start[1])]
    return lc.ControlProblem(
        landscape=landscape, learner=learner, objective=lc.Objective(**objective), start=start
    )


FISHER = lc.Learner(metric=lambda v: ca.diag(ca.vertcat(1, 2)) / v[1] ** 2)
FISHER_LOG = lc.Learner(metric=lambda v: ca.diag(ca.vertcat(ca.exp(-2 * v[1]), 2)))


def problem() -> lc.ControlProblem:
    """The Gaussian model in (m, σ) with its Fisher metric."""
    return in_width(FISHER, horizon=HORIZON, discount=DISCOUNT)


def evaluate() -> Evidence:
    """Policies at large discounts against natural gradient; plans of both parametrisations against
    each other.
    """
    times, settings = np.linspace(0, HORIZON, 121), {"horizon": HORIZON, "discount": DISCOUNT}
    posed = problem()
    first, second = (
        lc.solve(posed, tolerance=1e-12),
        lc.solve(in_log_width(FISHER_LOG, **settings), tolerance=1e-12),
    )
    paths = first.at(times)[0], as_widths(second.at(times)[0])
    costates = (
        first.at(times)[2] * np.column_stack([np.ones_like(times), paths[0][:, 1]]),
        second.at(times)[2],
    )
    euclidean = {
        words: [
            lc.solve(make(lc.Learner(), start=start, **settings), tolerance=1e-8).at(times)[0]
            for make in (in_width, in_log_width)
        ]
        for words, start in (("", START), (", second start", SECOND_START))
    }
    return Evidence(
        checks=checks_of(posed, first, second, paths, costates, euclidean),
        data=picture(posed, times, paths),
        reference="closed form",
        bound="before",
    )


def checks_of(posed, first, second, paths, costates, euclidean) -> tuple[Check, ...]:
    """Limits, both parametrisations against each other, and the metric that makes them agree."""
    errors, predicted = limit_errors(posed)
    equal, limit = partial(Check, relation="equal"), partial(Check, relation="limit")
    return (
        limit(
            quantity="slope in γ of the distance to natural gradient",
            theory=-2,
            computed=fitted_slope(DISCOUNTS, errors),
            tolerance=0.01,
        ),
        equal(
            quantity="relative distance to natural gradient at γ = 160",
            theory=predicted[-1],
            computed=errors[-1],
            tolerance=1e-3,
            measure="relative",
        ),
        equal(
            quantity="J found in (m, σ) and (m, log σ)",
            theory=second.cost,
            computed=first.cost,
            tolerance=1e-10,
            measure="relative",
            reference="same code, other data",
        ),
        equal(
            quantity="largest distance of the two optimal paths in (m, σ)",
            theory=0,
            computed=apart(*paths).max(),
            tolerance=SAME,
            reference="same code, other data",
        ),
        equal(
            quantity="largest |λ_ρ - σλ_σ| over the largest |λ_ρ|",
            theory=0,
            tolerance=1e-5,
            computed=np.abs(costates[0] - costates[1]).max() / np.abs(costates[1]).max(),
            reference="same code, other data",
        ),
        *(
            Check(
                quantity=f"largest distance of the plans with Euclidean metrics{words}",
                theory=1000 * SAME,
                relation="at least",
                tolerance=0,
                computed=apart(first_plan, as_widths(second_plan)).max(),
                reference="stated bound",
                bound="after",
            )
            for words, (first_plan, second_plan) in euclidean.items()
        ),
        equal(
            quantity="Hessian of L at the minimum less the Fisher metric, largest entry",
            theory=0,
            tolerance=1e-12,
            computed=np.abs(
                posed.landscape.hessian([MEAN, WIDTH]) - posed.model.metric([MEAN, WIDTH])
            ).max(),
        ),
    )


def limit_errors(posed):
    """|u* + (ηk/γ)G⁻¹∇L|_G over |(ηk/γ)G⁻¹∇L|_G at the start for every discount, and what next
    order predicts.
    """
    solver, metric = lc.Solver(posed, tolerance=1e-12), np.diag(posed.model.metric(START)[0])
    slope, shift = posed.landscape.gradient(START)[0], next_order()
    controls = np.array(
        [solver.solve(discount=rate, horizon=30 / rate).controls[0] for rate in DISCOUNTS]
    )
    gaps = controls * DISCOUNTS[:, None] + slope / metric
    size = np.sqrt((slope**2 / metric).sum())
    return (
        np.sqrt((gaps**2 * metric).sum(1)) / size,
        np.sqrt((shift**2 / metric).sum()) / size / DISCOUNTS**2,
    )


def next_order() -> np.ndarray:
    """∇(½|∇L|²_{G⁻¹}) at the start."""
    v = ca.SX.sym("v", 2)
    slope = ca.gradient(divergence(v[0], ca.log(v[1])), v)
    half = v[1] ** 2 * (slope[0] ** 2 + slope[1] ** 2 / 2) / 2
    return ca.Function("shift", [v], [ca.gradient(half, v)])(START).toarray().ravel()


def as_widths(path) -> np.ndarray:
    """(m, log σ) to (m, σ)."""
    return np.column_stack([path[:, 0], np.exp(path[:, 1])])


def apart(one, other) -> np.ndarray:
    """Distances between corresponding points."""
    return np.linalg.norm(one - other, axis=1)


def picture(posed, times, paths) -> dict:
    """Data of the figure natural_gradient."""
    slope, log_slope = (
        posed.landscape.gradient,
        in_log_width(lc.Learner(), horizon=1.0).landscape.gradient,
    )
    plain = [
        flow(lambda v: -slope(v)[0], START, times),
        as_widths(
            flow(lambda v: -log_slope(v)[0], np.array([START[0], math.log(START[1])]), times)
        ),
    ]
    natural = flow(lambda v: -np.linalg.solve(posed.model.metric(v)[0], slope(v)[0]), START, times)
    axis_1, axis_2 = np.linspace(-1.3, 1.6, 117), np.linspace(0.25, 2.3, 83)
    nodes = np.stack(np.meshgrid(axis_1, axis_2), axis=-1)
    return {
        "axis_1": axis_1,
        "axis_2": axis_2,
        "loss": posed.landscape.loss(nodes.reshape(-1, 2)).reshape(nodes.shape[:2]),
        "names": ["(m, σ)", "(m, log σ)"],
        "optimal_first": paths[0],
        "optimal_second": paths[1],
        "gradient_descent_first": plain[0],
        "gradient_descent_second": plain[1],
        "natural_gradient": natural,
        "minimum": np.array([MEAN, WIDTH]),
        "times": times[1:],
        "optimal_distance": apart(*paths)[1:],
        "gradient_descent_distance": apart(*plain)[1:],
    }


def flow(slopes, start, times) -> np.ndarray:
    """θ at ``times`` along θ̇ = (ηk/γ)·slopes, the speed gradient descent has in the limit."""
    rate = 1 / DISCOUNT
    return solve_ivp(
        lambda _, v: rate * slopes(v),
        (0, times[-1]),
        start,
        method="LSODA",
        rtol=1e-8,
        atol=1e-10,
        t_eval=times,
    ).y.T


CLAIM = Claim(
    name="natural-gradient",
    theme="geometry and partial control",
    title="Natural gradient and independence of the parametrisation on a Gaussian model",
    statement=(
        "With the Fisher metric the optimal policy tends to -(ηk/γ)F⁻¹∇L as γ → ∞ with an error of"
        " slope -2, and the optimal path of models is the same in (m, σ) and (m, log σ); with the"
        " Euclidean metric it is not."
    ),
    source=(
        "VGR25 (arXiv 2510.26997), short planning horizon; Amari 1998; Hamilton-Jacobi-Bellman"
        " equation"
    ),
    relations=("limit", "equal", "at least"),
    evaluate=evaluate,
    picture="natural_gradient",
)
