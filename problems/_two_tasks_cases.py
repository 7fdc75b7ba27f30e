"""The instances of two tasks in sequence, and other ways to the numbers that are checked."""

import math

import casadi as ca
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize, minimize_scalar

import landscape_control as lc

from ._two_tasks_rules import Sequence, best, fisher, flow_cost, lost, optimal_matrix

ANGLES = np.radians([0.0, 11.25, 22.5, 33.75, 45.0])
SIGHT = 0.5  # γ where the angle varies


def tasks(angle: float = 0.0, **numbers) -> Sequence:
    """Two weights, H_A turned by ``angle``."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return Sequence(
        old_hessian=turn @ np.diag([4.0, 0.25]) @ turn.T,
        old=np.array([1.0, 0.8]),
        new_hessian=np.diag([1.0, 0.5]),
        new=np.array([-0.6, 1.9]),
        first=np.zeros(2),
        **{"discount": SIGHT, **numbers},
    )


def four_weights(turned: bool) -> Sequence:
    """The second instance: four weights, other spectra, H_A turned at random or diagonal."""
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0] if turned else np.eye(4)
    return Sequence(
        old_hessian=turn @ np.diag([6.0, 2.0, 0.3, 0.1]) @ turn.T,
        old=rng.uniform(0.5, 1.5, 4),
        new_hessian=np.diag([1.0, 0.4, 0.8, 1.5]),
        new=rng.uniform(-2.0, 2.0, 4),
        first=np.zeros(4),
        discount=SIGHT,
    )


def posed(instance: Sequence) -> lc.ControlProblem:
    """The optimum's problem: both losses, summed."""

    def loss(theta):
        late, early = theta - instance.new, theta - instance.old
        return (
            ca.dot(late, instance.new_hessian @ late) / 2
            + instance.worth * ca.dot(early, instance.old_hessian @ early) / 2
        )

    landscape = lc.Landscape.from_expression(
        loss, dimension=len(instance.old), minima=[instance.compromise]
    )
    objective = lc.Objective(
        horizon=math.inf,
        discount=instance.discount,
        learning_rate=instance.rate,
        loss_weight=instance.weight,
    )
    return lc.ControlProblem(landscape=landscape, start=instance.old, objective=objective)


def lost_at_best(instance, key: str) -> float:
    """Lost of one rule at its best coefficients."""
    return lost(instance, best(instance, key).cost)


def integrated(instance, course) -> float:
    """J of the jump and the flow by an ODE solver, until e^{-γt} = 1e-13."""
    theta, spent, clock = instance.old, 0.0, 0.0
    phases = [(lambda t, x: -course.matrix @ (x - course.rest), 30 / instance.discount)]
    if course.target is not None:
        speed = (course.target - instance.old) / course.duration
        phases.insert(0, (lambda t, x: speed, float(course.duration)))
    for flow, span in phases:

        def slope(t, state, flow=flow):
            velocity = flow(t, state[:-1])
            effort = velocity @ velocity / (2 * instance.rate)
            running = effort + instance.weight * instance.loss(state[:-1])
            return np.append(velocity, math.exp(-instance.discount * t) * running)

        state = np.append(theta, spent)
        run = solve_ivp(
            slope, (clock, clock + span), state, method="DOP853", rtol=1e-10, atol=1e-12
        )
        theta, spent, clock = run.y[:-1, -1], run.y[-1, -1], clock + span
    return float(spent)


def believed_precision(instance) -> np.ndarray:
    """v⁻¹ that minimises E[L_A] - ½Σ log v_i over independent Gaussian weights, by SciPy."""

    def free_energy(logs):
        variances = np.exp(logs)
        return np.diag(instance.old_hessian) @ variances / 2 - logs.sum() / 2

    found = minimize(free_energy, np.zeros(len(instance.old)), method="BFGS", tol=1e-9)
    return np.exp(-found.x)


def planned(instance) -> tuple[float, float]:
    """(c, lost) of θ̇ = -R_c(θ-μ_c): the optimal controller of L_B + ½c Σ v_i⁻¹(θ-a)_i²."""
    importance = np.diag(fisher(instance))

    def cost(share):
        added = share / (1 - share) * importance
        hessian = instance.new_hessian + added
        pull = instance.new_hessian @ instance.new + added @ instance.old
        rest = np.linalg.solve(hessian, pull)
        return float(
            flow_cost(instance, optimal_matrix(instance, hessian), rest, instance.old).real
        )

    found = minimize_scalar(cost, bounds=(0.0, 0.999), method="bounded", options={"xatol": 1e-9})
    return found.x / (1 - found.x), lost(instance, found.fun)


def resting_loss(instance) -> float:
    """The least of L(rest of c)/L over c, from L(μ) on, as a share of L(a) - L(μ)."""
    importance = np.diag(fisher(instance))
    least = instance.loss(instance.compromise)

    def gap(share):
        added = share / (1 - share) * importance
        pull = instance.new_hessian @ instance.new + added @ instance.old
        return instance.loss(np.linalg.solve(instance.new_hessian + added, pull)) - least

    found = minimize_scalar(gap, bounds=(0.0, 0.999), method="bounded", options={"xatol": 1e-9})
    return found.fun / (instance.loss(instance.old) - least)


def flow_path(matrix, rest, start, times) -> np.ndarray:
    """θ (N, n) of θ̇ = -M(θ-c)."""
    sizes, modes = np.linalg.eig(np.real(matrix))
    offset = np.linalg.solve(modes, start - np.real(rest))
    return np.real(np.real(rest) + (np.exp(-np.outer(times, sizes)) * offset) @ modes.T)
