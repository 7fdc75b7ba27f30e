"""Data for the pictures of known landscapes, from closed forms and textbook integrators."""

import functools

import numpy as np
from scipy.integrate import cumulative_trapezoid, solve_bvp, solve_ivp
from scipy.linalg import expm

import landscape_control as lc
from landscape_control.display import plotting


def grid(loss, box, points=(91, 61)):
    x, y = (np.linspace(*side, count) for side, count in zip(box, points, strict=True))
    mesh = np.stack(np.meshgrid(x, y), axis=-1)
    return {"axis_1": x, "axis_2": y, "loss": loss(mesh[..., 0], mesh[..., 1])}


def bowl(flat, steep):
    return lambda x, y: (flat * x**2 + steep * y**2) / 2


def rate(h, discount):
    return np.sqrt(discount**2 / 4 + h) - discount / 2


WELL = lc.double_well()


START = np.array([-0.6, 0.55])


WELL_BOX = ((-1.55, 1.75), (-0.75, 1.0))


SADDLE = [[float(np.sort(np.roots([4.0, 0.0, -4.0, -0.5]).real)[1]), 0.0]]


LOWEST_FIRST = WELL.minima[::-1]


@functools.cache
def well_plan(horizon, discount, goal, fixed=False):
    def law(t, z):
        return np.vstack([z[2:], discount * z[2:] + WELL.gradient(z[:2].T).T])

    def ends(a, b):
        return np.concatenate([a[:2] - START, b[:2] - goal if fixed else b[2:]])

    times = np.linspace(0, horizon, 41)
    guess = START[:, None] + (np.asarray(goal) - START)[:, None] * np.minimum(
        times / (0.6 * horizon), 1
    )
    plan = solve_bvp(
        law,
        ends,
        times,
        np.vstack([guess, np.gradient(guess, times, axis=1)]),
        tol=1e-8,
        max_nodes=20000,
    )
    assert plan.success
    state = plan.sol(np.linspace(0, horizon, 121)).T
    times = np.linspace(0, horizon, 121)
    path, kinetic = state[:, :2], (state[:, 2:] ** 2).sum(1) / 2
    spent = cumulative_trapezoid(
        np.exp(-discount * times) * (kinetic + WELL.loss(path)), times, initial=0
    )
    return times, path, kinetic, WELL.loss(path), spent[-1], spent


def flow(field, start, horizon, count=121):
    times = np.linspace(0, horizon, count)
    return times, solve_ivp(field, (0, horizon), start, t_eval=times, rtol=1e-8, atol=1e-10).y.T


def double_well_data():
    times, path, kinetic, loss, *_ = well_plan(4.0, 0.1, (1.06, 0.0))
    fixed = well_plan(4.0, 0.1, (1.0625, 0.0), fixed=True)
    descent = flow(lambda t, z: -WELL.gradient(z[None])[0], START, 4.0)
    heavy = flow(
        lambda t, z: np.concatenate([z[2:], -1.2 * z[2:] - 3 * WELL.gradient(z[None, :2])[0]]),
        [*START, 0, 0],
        4.0,
    )
    return grid(lambda x, y: (x**2 - 1) ** 2 + y**2 - x / 2, WELL_BOX) | {
        "minima": LOWEST_FIRST,
        "saddles": SADDLE,
        "discount": 0.1,
        "optimal_times": times,
        "optimal_path": path,
        "optimal_loss": loss,
        "optimal_kinetic": kinetic,
        "optimal_weighted_loss": loss,
        "fixed_end_times": fixed[0],
        "fixed_end_path": fixed[1],
        "fixed_end_loss": fixed[3],
        "gradient_descent_times": descent[0],
        "gradient_descent_path": descent[1],
        "gradient_descent_loss": WELL.loss(descent[1]),
        "momentum_times": heavy[0],
        "momentum_path": heavy[1][:, :2],
        "momentum_loss": WELL.loss(heavy[1][:, :2]),
    }


def quadratic_modes_data():
    discounts, times, fine = (
        np.array([0.0, 0.5, 2.0, 8.0]),
        np.linspace(0, 5, 11),
        np.linspace(0, 5, 80),
    )
    h, dense = np.geomspace(0.05, 20, 9), np.geomspace(0.04, 25, 60)
    r = rate(1.0, discounts)[:, None]
    return {
        "learning_rate": 1.0,
        "loss_weight": 1.0,
        "discounts": discounts,
        "times": times,
        "paths": np.exp(-r * times),
        "times_theory": fine,
        "paths_theory": np.exp(-r * fine),
        "curvatures": h,
        "rates": rate(h, discounts[:, None]),
        "curvatures_theory": dense,
        "rates_theory": rate(dense, discounts[:, None]),
    }


def anisotropic_bowl_data():
    h, start, t = np.array([0.3, 3.0]), np.array([-1.6, 0.9]), np.linspace(0, 25, 400)[:, None]
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    hessian = turn @ np.diag(h) @ turn.T
    modal = turn.T @ start
    discounts = np.array([0.0, 1.0, 4.0])
    return grid(
        lambda x, y: (hessian[0, 0] * x**2 + 2 * hessian[0, 1] * x * y + hessian[1, 1] * y**2) / 2,
        ((-1.9, 0.9), (-0.8, 1.25)),
    ) | {
        "minimum": [0, 0],
        "modes": turn,
        "discounts": discounts,
        "paths": np.array(
            [(modal * np.exp(-rate(h, g) * t * (1 + g))) @ turn.T for g in discounts]
        ),
        "gradient_descent_path": (modal * np.exp(-h * t)) @ turn.T,
        "newton_path": (modal * np.exp(-t)) @ turn.T,
    }


def convergence_rates_data():
    discounts, dense = np.geomspace(0.05, 50, 7), np.geomspace(0.03, 100, 60)
    conditions, many = np.array([4.0, 16.0, 64.0, 256.0]), np.geomspace(2, 500, 40)
    return {
        "discounts": discounts,
        "conditions": conditions,
        "discounts_theory": dense,
        "conditions_theory": many,
        "ratios": rate(conditions[:, None], discounts) / rate(1.0, discounts),
        "ratios_theory": rate(conditions[:, None], dense) / rate(1.0, dense),
        "ratios_theory_conditions": rate(many, discounts[:, None]) / rate(1.0, discounts)[:, None],
    }


def linear_paths(matrix, attractor, starts, times):
    return np.array(
        [[attractor + expm(matrix * t) @ (start - attractor) for t in times] for start in starts]
    )


def drift_case(metric, decay, turning, discount, minimum):
    """Closed loop and attractor of theory: isotropic H = I with one of metric, weight decay,
    rotation.
    """
    if turning:
        spin = turning * np.array([[0.0, -1.0], [1.0, 0.0]])
        closed = spin - rate(1.0, discount) * np.eye(2)
        return closed, np.linalg.solve((1 + turning**2) * np.eye(2) - discount * spin, minimum)
    r = rate(1 / metric + decay * (decay + discount), discount)
    return -np.diag(r), minimum / (1 + decay * (decay + discount))


def metric_drift_data():
    minimum, discounts = np.array([1.0, 0.5]), np.array([0.0, 2.0])
    starts = np.array([[-1.2, 1.5], [2.2, -1.1], [-0.9, -1.2]])
    times, fine = np.geomspace(1, 13, 12) - 1, np.linspace(0, 14, 300)
    cases = {
        "isotropic": (np.ones(2), 0.0, 0.0),
        "metric": (np.array([4.0, 0.25]), 0.0, 0.0),
        "rotation": (np.ones(2), 0.0, 1.2),
        "decay": (np.ones(2), 0.6, 0.0),
    }
    data = grid(lambda x, y: bowl(1, 1)(x - 1, y - 0.5), ((-1.7, 2.7), (-1.6, 2.0)))
    data |= {"minimum": minimum, "discounts": discounts}
    for name, (metric, decay, turning) in cases.items():
        laws = [drift_case(metric, decay, turning, g, minimum) for g in discounts]
        data[f"{name}_paths"] = [linear_paths(*law, starts, times) for law in laws]
        data[f"{name}_theory"] = [linear_paths(*law, starts, fine) for law in laws]
        data[f"{name}_attractors"] = [attractor for _, attractor in laws]
    return data


def gradient_descent_limits_data():
    discounts, horizons = np.geomspace(5, 200, 9), np.geomspace(0.01, 0.5, 9)
    return {
        "discounts": discounts,
        "discount_errors": np.abs(rate(1.0, discounts) * discounts - 1),
        "discount_predictions": 1 / discounts**2,
        "horizons": horizons,
        "horizon_errors": np.abs(np.tanh(horizons) / horizons - 1),
        "horizon_predictions": horizons**2 / 3,
    }


def proximal_limit_data():
    h, start = np.array([0.5, 4.0]), np.array([-1.4, 0.8])
    horizons, fine = np.geomspace(0.003, 3, 12), np.geomspace(0.01, 12, 80)
    proximal = start / (1 + h * horizons[:, None])
    gap = np.linalg.norm(proximal - start * (1 - h * horizons[:, None]), axis=1)
    return grid(bowl(*h), ((-1.7, 0.4), (-0.55, 1.0))) | {
        "start": start,
        "horizons": horizons,
        "proximal": proximal,
        "ends": proximal * (1 + 1e-11 * horizons[:, None]),
        "gradient_descent": start * (1 - h * horizons[:, None]),
        "proximal_curve": start / (1 + h * fine[:, None]),
        "gradient_descent_curve": start * (1 - h * np.linspace(0, 0.4, 30)[:, None]),
        "minimum": [0, 0],
        "gradient_descent_slope": plotting.measured_slope(horizons[:4], gap[:4]),
    }


def natural_gradient_data():
    """Fit N(m, σ²) to N(0, ½²): KL divergence; flows of the plain and the natural gradient in σ and
    in log σ.
    """

    def slope(m, s):
        return np.array([4 * m, 4 * s - 1 / s])

    def run(scale):
        return flow(lambda t, z: -scale(z[1]) * slope(*z), [-1.5, 1.4], 3.0)[1]

    plain, logarithmic = run(lambda s: np.ones(2)), run(lambda s: np.array([1, s**2]))
    natural, twin = (
        run(lambda s: np.array([s**2, s**2 / 2])),
        run(lambda s: (1 + 1e-9) * np.array([s**2, s**2 / 2])),
    )
    optimal = flow(lambda t, z: -np.array([z[1], 0.9 * z[1]]) * slope(*z), [-1.5, 1.4], 3.0)[1]
    return grid(lambda m, s: (m**2 + s**2) / 0.5 - np.log(s), ((-1.8, 0.5), (0.2, 1.7))) | {
        "names": ["(m, σ)", "(m, log σ)"],
        "optimal_first": optimal,
        "optimal_second": optimal,
        "natural_gradient": natural,
        "gradient_descent_first": plain,
        "gradient_descent_second": logarithmic,
        "minimum": [0, 0.5],
        "times": np.linspace(0, 3, 121),
        "optimal_distance": np.linalg.norm(natural - twin, axis=1),
        "gradient_descent_distance": np.linalg.norm(plain - logarithmic, axis=1),
    }


def partial_control_data():
    h, start, push = (
        np.diag([0.6, 2.5]),
        np.array([-1.5, 1.1]),
        np.array([0.9, -0.35]) / np.hypot(0.9, 0.35),
    )
    bottom = -(push @ h @ start) / (push @ h @ push)
    times = np.linspace(0, 4, 81)
    along = bottom * (1 - np.exp(-1.1 * times))
    path = start + along[:, None] * push
    updates, descents = np.gradient(along, times)[:, None] * push, -path @ h
    cosine = (
        (updates * descents).sum(1)
        / np.linalg.norm(updates, axis=1)
        / np.linalg.norm(descents, axis=1)
    )
    angles = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return grid(bowl(0.6, 2.5), ((-1.9, 1.3), (-0.9, 1.4))) | {
        "times": times,
        "path": path,
        "reachable": [[start - push, start + 4 * push]],
        "updates": updates,
        "descents": descents,
        "unrestricted": start * np.exp(-np.sqrt(np.diag(h)) * times[:, None]),
        "angles": angles,
        "smallest_angles": angles - 8,
        "minimum": [0, 0],
        "constrained_minimum": start + bottom * push,
    }


def escape_horizon_data():
    discounts, horizons = np.geomspace(0.02, 5, 22), np.geomspace(0.3, 20, 20)
    boundary = 1.5 * (1 + discounts / 1.2) ** 2.5
    advantage = np.tanh(np.log(horizons[:, None] / boundary))
    advantage[-1, 5:7] = np.nan
    inside = boundary < horizons[-1]
    staying, crossing = well_plan(3.0, 0.5, (-0.93, 0.0)), well_plan(3.0, 0.5, (1.06, 0.0))
    return grid(lambda x, y: (x**2 - 1) ** 2 + y**2 - x / 2, WELL_BOX) | {
        "discounts": discounts,
        "horizons": horizons,
        "advantage": advantage,
        "boundary_discounts": discounts[inside],
        "boundary_horizons": boundary[inside],
        "minima": LOWEST_FIRST,
        "saddles": SADDLE,
        "example_discount": 0.5,
        "example_horizon": 3.0,
        "staying_path": staying[1],
        "crossing_path": crossing[1],
        "staying_times": staying[0],
        "crossing_times": crossing[0],
        "staying_spent": staying[5],
        "crossing_spent": crossing[5],
    }


DATA = {
    "double_well": double_well_data,
    "quadratic_modes": quadratic_modes_data,
    "anisotropic_bowl": anisotropic_bowl_data,
    "convergence_rates": convergence_rates_data,
    "metric_drift": metric_drift_data,
    "gradient_descent_limits": gradient_descent_limits_data,
    "proximal_limit": proximal_limit_data,
    "natural_gradient": natural_gradient_data,
    "partial_control": partial_control_data,
    "escape_horizon": escape_horizon_data,
}
