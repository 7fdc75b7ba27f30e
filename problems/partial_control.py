"""Only some directions can be pushed: what can be reached, and why the optimal update is not the
gradient.

Problems, all with θ̇ = f(θ) + Bu, effort |u|²/2η, η = k = 1, free end
    well     the double well of VGR25 Fig. 1, B = (1, -0.3)ᵀ, f = 0, γ = 0.1, T = 4, start (-0.6,
             0.55)
    bowl     L = ½θᵀHθ with three coupled parameters, two of which can be pushed in combinations, γ
             = 0.3, T = 3
    slow     L = ½(θ₂ - 1)², θ̇₁ = u, θ̇₂ = θ₁ - θ₂: only θ₁ is pushed, only θ₂ matters, γ = 0.2, T
             = 4, start 0
Formulas
    u* = -ηG⁻¹Bᵀλ, λ = ∂V/∂θ. Without drift θ(t) - θ(0) stays in the range of B: one-dimensional
    control of L(θ₀ + Bs) for the well. With linear drift the reachable set is the range of [B, AB,
    …] (Kalman). For quadratic L, λ = S(s)(θ - μ) + g(s) from the Riccati equation.
Claim
    The well is crossed along the line θ₀ + range B, first uphill: the update starts more than 90°
    away from -∇L. In the bowl the update differs from -∇L, and from -BBᵀ∇L (gradient descent in u),
    by the angles the Riccati equation gives. The slow parameter is moved although the gradient
    along B is zero. An end off the line is refused, and so is T = ∞ without discount when the loss
    sees a mode that neither B nor drift moves; a discount makes the latter well posed.
Source
    VGR25 (arXiv 2510.26997), partial controllability; Kalman 1960; Anderson & Moore 1990 (Riccati
    equation).
Relation and tolerance
    Distance from the line within 1e-12; J of line and plane within 1e-9 relative (both solved to
    1e-10); angles within 1e-4°, paths within 1e-6 of the Riccati equation, costs within 1e-9
    relative (solved to 1e-11).
"""

import math
from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import LinearQuadratic

START, PUSH, HORIZON, DISCOUNT = np.array([-0.6, 0.55]), np.array([[1.0], [-0.3]]), 4.0, 0.1
HESSIAN = np.array([[2.0, 0.8, 0.5], [0.8, 1.0, 0.3], [0.5, 0.3, 0.6]])
PUSHES, BOWL_START = np.array([[1.0, 0.0], [0.4, 1.0], [0.0, 0.7]]), np.array([1.0, -1.0, 0.5])
SECOND_START = np.array([-0.5, 1.0, 1.0])  # not looked at when the bound of 5 degrees was set
FOLLOW, FIRST = np.array([[0.0, 0.0], [1.0, -1.0]]), np.array([[1.0], [0.0]])


def problem() -> lc.ControlProblem:
    """The double well, pushed along one direction."""
    return pose(lc.double_well(), START, HORIZON, DISCOUNT, actuation=PUSH)


def pose(landscape, start, horizon, discount, **learner) -> lc.ControlProblem:
    """A problem with that learner, η = k = 1 and a free end."""
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(**learner),
        start=start,
        objective=lc.Objective(horizon=horizon, discount=discount),
    )


def evaluate() -> Evidence:
    """One problem after the other."""
    checks, data = cross_the_well()
    return Evidence(
        checks=(*checks, *tilt_in_the_bowl(), *drag_the_slow_one(), *refuse()),
        data=data,
        reference="independent code",
        bound="before",
    )


equal = partial(Check, relation="equal")


def cross_the_well():
    """(checks, data of the figure partial_control) of the plan along the line, against the same
    plan in one dimension.
    """
    posed, times = problem(), np.linspace(0, HORIZON, 161)
    landscape, solution = posed.landscape, lc.solve(posed, tolerance=1e-10)
    line = lc.Landscape.from_expression(lambda s: landscape.symbolic(START + PUSH @ s), dimension=1)
    single = lc.solve(pose(line, [0.0], HORIZON, DISCOUNT), tolerance=1e-10)
    theta, control, _ = solution.at(times)
    updates, descents = control @ PUSH.T, -landscape.gradient(theta)
    angles = between(updates, descents)
    off = np.abs((solution.parameters - START) @ [-PUSH[1, 0], PUSH[0, 0]]).max()
    checks = (
        equal(
            quantity="well: largest distance of the path from θ₀ + range B",
            theory=0,
            computed=off,
            tolerance=1e-12,
            reference="closed form",
        ),
        equal(
            quantity="well: J, against control along the line",
            theory=single.cost,
            computed=solution.cost,
            tolerance=1e-9,
            measure="relative",
            reference="same code, other data",
        ),
        Check(
            quantity="well: first angle between update and -∇L, degrees",
            theory=90,
            computed=angles[0],
            relation="at least",
            tolerance=0,
            reference="closed form",
        ),
    )
    return checks, picture(landscape, times, theta, updates, descents, angles)


def tilt_in_the_bowl():
    """The first update, by its angles to -∇L and to -BBᵀ∇L, what gradient descent in u would do."""
    posed = pose(lc.quadratic(hessian=HESSIAN), BOWL_START, 3.0, 0.3, actuation=PUSHES)
    exact = LinearQuadratic(
        hessian=HESSIAN, minimum=np.zeros(3), actuation=PUSHES, discount=0.3
    ).finite(3.0)
    descent = -HESSIAN @ BOWL_START
    pushed, wanted = PUSHES @ PUSHES.T @ descent, PUSHES @ exact.control(3.0, BOWL_START)
    found, other = (
        PUSHES @ lc.solve(posed.changed(start=start), tolerance=1e-11).controls[0]
        for start in (BOWL_START, SECOND_START)
    )
    tilts = {
        "": between(found, pushed),
        ", second start": between(other, -PUSHES @ PUSHES.T @ HESSIAN @ SECOND_START),
    }
    return (
        equal(
            quantity="bowl: angle between first update and -∇L, degrees",
            theory=between(wanted, descent),
            computed=between(found, descent),
            tolerance=1e-4,
        ),
        equal(
            quantity="bowl: angle between first update and -BBᵀ∇L, degrees",
            theory=between(wanted, pushed),
            computed=between(found, pushed),
            tolerance=1e-4,
        ),
        *(
            Check(
                quantity=f"bowl: that angle exceeds 5 degrees{words}",
                theory=5,
                computed=tilt,
                relation="at least",
                tolerance=0,
                reference="stated bound",
                bound="after",
            )
            for words, tilt in tilts.items()
        ),
    )


def drag_the_slow_one():
    """The uncontrolled direction, reached through the drift: free end against Riccati, fixed end
    reached.
    """
    home, end, loss = (
        [0.0, 0.0],
        [1.0, 1.0],
        {"hessian": np.diag([0.0, 1.0]), "minimum": [0.0, 1.0]},
    )
    posed = pose(
        lc.quadratic(**loss), home, HORIZON, 0.2, drift=lc.linear_drift(FOLLOW), actuation=FIRST
    )
    exact = LinearQuadratic(**loss, drift_matrix=FOLLOW, actuation=FIRST, discount=0.2)
    solution, settled = (
        lc.solve(posed, tolerance=1e-11),
        lc.solve(posed.changed(end=end), tolerance=1e-11),
    )
    policy, plan = exact.finite(HORIZON), exact.fixed_end(HORIZON, home, end)
    return (
        equal(
            quantity="slow: gradient along B at the start",
            theory=0,
            tolerance=0,
            computed=(posed.landscape.gradient(home) @ FIRST)[0, 0],
            reference="closed form",
        ),
        equal(
            quantity="slow: first control",
            theory=policy.control(HORIZON, home)[0],
            computed=solution.controls[0, 0],
            tolerance=1e-6,
        ),
        equal(
            quantity="slow: largest distance of the path from Riccati's",
            theory=0,
            tolerance=1e-6,
            computed=np.abs(policy.path(home, solution.times)[0] - solution.parameters).max(),
        ),
        equal(
            quantity="slow: J with the end fixed at (1, 1)",
            theory=plan.cost,
            computed=settled.cost,
            tolerance=1e-9,
            measure="relative",
        ),
    )


def refuse():
    """What cannot be done is refused; what a discount makes possible is solved."""
    stuck = pose(lc.quadratic(hessian=np.eye(2)), [1.0, 1.0], math.inf, 0.0, actuation=FIRST)
    exact = LinearQuadratic(
        hessian=np.eye(2), minimum=np.zeros(2), actuation=FIRST, discount=0.3
    ).infinite()
    return (
        equal(
            quantity="refused (1 = yes): an end off the line",
            theory=1,
            tolerance=0,
            computed=refused(lambda: problem().changed(end=[1.0, 0.0]), lc.ProblemError),
            reference="closed form",
            kind="label",
        ),
        equal(
            quantity="refused (1 = yes): T = ∞, γ = 0 with a mode that nothing moves",
            theory=1,
            tolerance=0,
            computed=refused(lambda: lc.solve(stuck), lc.UnstabilisableError),
            reference="closed form",
            kind="label",
        ),
        equal(
            quantity="the same with γ = 0.3: J",
            theory=exact.value([1.0, 1.0]),
            tolerance=1e-9,
            measure="relative",
            computed=lc.solve(stuck.changed(discount=0.3), tolerance=1e-11).cost,
        ),
    )


def refused(attempt, error) -> int:
    """1 if the attempt raises the error, else 0."""
    try:
        attempt()
    except error:
        return 1
    return 0


def between(one, other):
    """Angles in degrees between vectors along the last axis."""
    sizes = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return np.degrees(np.arccos(np.clip((one * other).sum(-1) / sizes, -1, 1)))


def picture(landscape, times, theta, updates, descents, angles) -> dict:
    """Data of the figure partial_control."""
    axis_1, axis_2 = np.linspace(-1.3, 1.5, 113), np.linspace(-0.75, 0.95, 69)
    nodes = np.stack(np.meshgrid(axis_1, axis_2), axis=-1)
    along = START + np.linspace(-0.7, 2.1, 2801)[:, None] * PUSH[:, 0]
    free = lc.solve(pose(landscape, START, HORIZON, DISCOUNT), tolerance=1e-8).at(times)[0]
    best = landscape.minima[np.argmin(landscape.loss(landscape.minima))]
    return {
        "axis_1": axis_1,
        "axis_2": axis_2,
        "loss": landscape.loss(nodes.reshape(-1, 2)).reshape(nodes.shape[:2]),
        "times": times,
        "path": theta,
        "reachable": along[[0, -1]][None],
        "unrestricted": free,
        "updates": updates,
        "descents": descents,
        "angles": angles,
        "smallest_angles": np.minimum(angles, 180 - angles),
        "minimum": best,
        "constrained_minimum": along[np.argmin(landscape.loss(along))],
    }


CLAIM = Claim(
    name="partial-control",
    theme="geometry and partial control",
    title="Pushing some directions only: reachable set, and updates that are not the gradient",
    statement=(
        "Without drift the plan stays in θ₀ + range B and may climb at more than 90° to -∇L; its"
        " angles are those of u* = -ηG⁻¹Bᵀλ (Riccati); drift carries control to other directions;"
        " what cannot be reached is refused."
    ),
    source="VGR25 (arXiv 2510.26997), partial controllability; Kalman 1960; Anderson & Moore 1990",
    relations=("equal", "at least"),
    evaluate=evaluate,
    picture="partial_control",
)
