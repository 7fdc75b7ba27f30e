"""Is the best plan the best of all? The Hamilton-Jacobi-Bellman equation on a grid answers for the
double well.

Problem
    The double well of VGR25 Fig. 1: γ = 0.1, T = 4, θ(0) = (-0.6, 0.55), end free; and shorter
    horizons beside it.
Formulas
    -V_t + γV = kL - (η/2)|∇V|²,  V(θ, T) = 0: the value of the best of all plans from every start,
    by finite differences, without a notion of local minima. A plan is global if J = V(θ₀, 0).
Claim
    At T = 4 the plan that crosses is global; the one that stays is not, and the grid leads to the
    better one. Below the escape horizon T*(0.1) ≈ 2.227 (claim escape-horizon) staying is global,
    above it crossing: on either side the cheaper of the two local plans is certified.
Source
    Crandall & Lions 1983 (viscosity solutions); VGR25 (arXiv 2510.26997) Fig. 1 for the problem.
Relation and tolerance
    |V - J| at most the grid's own error estimate, and it falls by 4 or more (second order) when the
    spacing is halved, 41 to 81 nodes per axis; the certified plan and the plan found from the grid
    agree in cost within 1e-6.
"""

from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..planning.dynamic_programming.deterministic.certificate import Verdict
from ..planning.dynamic_programming.deterministic.certify import certify_global

POINTS, SHORT, LONG = 81, 2.0, 2.5  # T* lies between the two horizons
COARSE = POINTS // 2 + 1
WELL, SADDLE, LOW = np.sort(np.roots([4, 0, -4, -0.5]).real)


def problem() -> lc.ControlProblem:
    """The double well with a free end."""
    objective = lc.Objective(horizon=4.0, discount=0.1)
    return lc.ControlProblem(landscape=lc.double_well(), objective=objective, start=[-0.6, 0.55])


def evaluate() -> Evidence:
    """Certify both plans of Fig. 1, refine the grid, and certify on both sides of the escape
    horizon.
    """
    posed = problem()
    solver = lc.Solver(posed, tolerance=1e-8)
    cross, *_, stay = solver.solve().plans
    fine, coarse = (
        certify_global(posed, cross, points=POINTS),
        certify_global(posed, cross, points=COARSE),
    )
    refuted = certify_global(posed, stay, points=COARSE)
    gaps = [abs(found.grid_value - cross.cost) for found in (fine, coarse)]
    yes = partial(Check, relation="equal", theory=1, tolerance=0, kind="label")
    checks = (
        yes(quantity="certified global (1 = yes): crossing, T = 4", computed=fine.is_global),
        yes(
            quantity="refuted (1 = yes): staying, T = 4",
            computed=refuted.verdict is Verdict.NOT_GLOBAL,
        ),
        Check(
            quantity="J of the better plan found from the grid",
            theory=cross.cost,
            relation="equal",
            tolerance=1e-6,
            computed=refuted.better_plan.cost if refuted.better_plan else np.nan,
            reference="same code, other data",
        ),
        Check(
            quantity="|V(θ₀) - J|, 81 nodes per axis, against its estimate",
            theory=fine.grid_error,
            computed=gaps[0],
            relation="at most",
            tolerance=0,
        ),
        Check(
            quantity="|V(θ₀) - J| with 41 nodes per axis over that with 81",
            theory=4,
            computed=gaps[1] / gaps[0],
            relation="at least",
            tolerance=0,
            reference="closed form",
        ),
        yes(
            quantity="certified global (1 = yes): staying, T = 2",
            computed=certified(solver, SHORT, crosses=False),
        ),
        yes(
            quantity="certified global (1 = yes): crossing, T = 2.5",
            computed=certified(solver, LONG, crosses=True),
        ),
    )
    return Evidence(
        checks=checks,
        data=picture(posed, fine, cross, stay),
        reference="independent code",
        bound="before",
    )


def certified(solver, horizon: float, *, crosses: bool) -> bool:
    """Whether the best plan at this horizon is on that side of the saddle, and global."""
    solution = solver.solve(horizon=horizon)
    found = certify_global(solver.problem.changed(horizon=horizon), solution, points=COARSE)
    return found.is_global and (solution.parameters[-1, 0] > SADDLE) == crosses


def picture(posed, found, cross, stay) -> dict:
    """Data of the figure global_value; the optimal motion is -∇V."""
    value = found.value.T
    flow = -np.stack(np.gradient(value, found.axes[1], found.axes[0])[::-1], axis=-1)
    return {
        "axis_1": found.axes[0],
        "axis_2": found.axes[1],
        "value": value,
        "path": cross.parameters,
        "cost": cross.cost,
        "grid_cost": found.grid_value,
        "grid_error": found.grid_error,
        "other_path": stay.parameters,
        "other_cost": stay.cost,
        "minima": np.array([[LOW, 0], [WELL, 0]]),
        "saddles": np.array([[SADDLE, 0]]),
        "flow": flow,
    }


CLAIM = Claim(
    name="global-certificate",
    theme="barriers",
    title="The Hamilton-Jacobi-Bellman equation certifies which plan is global",
    statement=(
        "On the double well a grid solution certifies the crossing plan of Fig. 1 as global,"
        " refutes the staying one and leads from it to the better plan; below and above the escape"
        " horizon it certifies the cheaper plan."
    ),
    source="Crandall & Lions 1983; problem of VGR25 (arXiv 2510.26997) Fig. 1",
    relations=("equal", "at most", "at least"),
    evaluate=evaluate,
    picture="global_value",
)
