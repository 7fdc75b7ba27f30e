"""Plans that no curve to a basin leads to: steps half-way down, overshooting a fixed end, coming
back on the other side; against the cheapest path of straight pieces that brute force finds.
"""

import math

import casadi as ca
import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from scipy.optimize import minimize

import landscape_control as lc

NODES, WEIGHTS = (leggauss(3)[0] + 1) / 2, leggauss(3)[1] / 2


def stairs():
    """Four stairs, and a place where moving is dear; only the loss at the end counts."""
    at = np.array([-1.4499, -0.4465, 1.0856, 2.5249])
    width = np.array([0.2782, 0.0606, 0.1046, 0.2727])
    metric, loss = _dear(3.1567, [0.448], 0.3319), _sum_of_stairs(at, width)
    paid = {"horizon": 9.0977, "learning_rate": 0.10702, "loss_weight": 0.0}
    terminal = {"terminal": "loss", "terminal_weight": 8.149}
    return loss, metric, lc.Objective(**paid, **terminal), [-1.13556], None, [(-2.0, 4.0)]


def a_well_behind_the_end():
    """A narrow well at 2.3 on a plateau; the end, at 1.95, lies before it."""
    objective = lc.Objective(horizon=1.54, discount=0.0544, learning_rate=0.792, loss_weight=3.45)

    def loss(t, xp):
        return 0.862 * (1 - xp.exp(-(((t[0] - 2.3) / 0.193) ** 2) / 2))

    def metric(t, xp):
        return 1 + 0.552 * xp.cos(t[0]) ** 2

    return loss, metric, objective, [0.431], [1.946], [(0.0, 3.0)]


def a_well_beside_the_start():
    """A cosine in a bowl: the start lies between a well on the far side and one on the way."""
    objective = lc.Objective(horizon=7.3, discount=0.4, learning_rate=3.99, loss_weight=0.0872)

    def loss(t, xp):
        return 1 + xp.cos(4.94 * t[0]) + 0.0268 * t[0] ** 2

    def metric(t, xp):
        return 1 + 0.915 * xp.cos(t[0]) ** 2

    return loss, metric, objective, [2.783], [-0.286], [(-1.0, 4.0)]


def there_and_back():
    """A well behind a hill that is no longer in the middle: out on one side, back on the other."""
    objective = lc.Objective(horizon=10.63, learning_rate=2.815, loss_weight=0.319)
    loss = _hill(height=7.8344, width=0.4208, bowl=0.5877)
    metric = _dear(1.8476, [0.5489, 0.9442], 0.2069)
    return loss, metric, objective, [-1.5, 0.0], [-1.8562, 1.0494], [(-2.4, 2.4), (-1.6, 1.6)]


def _dear(height, at, width):
    def metric(t, xp):
        distance = sum((t[i] - place) ** 2 for i, place in enumerate(at))
        return 1 + height * xp.exp(-distance / width**2)

    return metric


def _sum_of_stairs(at, width):
    def loss(t, xp):
        steps = sum(xp.tanh((t[0] - a) / w) for a, w in zip(at, width, strict=True))
        return 0.02 * t[0] ** 2 - 0.5 * steps

    return loss


def _hill(height, width, bowl):
    def loss(t, xp):
        hill = xp.exp(-(t[0] ** 2 + (t[1] - 0.4) ** 2) / width**2 / 2)
        return bowl * ((t[0] - 1.5) ** 2 + t[1] ** 2) + height * hill

    return loss


def _problem(loss, metric, objective, start, end):
    own = None if metric is None else lambda t: ca.SX.eye(len(start)) * metric(t, ca)
    return lc.ControlProblem(
        landscape=lc.Landscape.from_expression(lambda t: loss(t, ca), dimension=len(start)),
        learner=lc.Learner(metric=own),
        objective=objective,
        start=start,
        end=end,
    )


def by_brute_force(loss, metric, objective, start, end, box):
    """Dynamic programming over all pairs of nodes of a grid, then the nodes moved to where the path
    costs least: what nobody needs to pay more than, up to the quadrature.
    """
    axes = [np.linspace(low, high, 241 if len(box) == 1 else 25) for low, high in box]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(box))
    points = np.vstack([points, start] if end is None else [points, start, end])
    times = np.linspace(0, objective.horizon, 41)
    discounts = np.exp(-objective.discount * (times[1:] + times[:-1]) / 2)
    rest, step = objective.loss_weight * loss(points.T, np), times[1]
    metrics = np.ones(len(points)) if metric is None else metric(points.T, np)
    offsets = ((points[None] - points[:, None]) ** 2).sum(axis=2)
    effort = offsets * (metrics + metrics[:, None]) / (4 * objective.learning_rate * step)
    value = _at_the_end(loss, objective, points, end)
    choices = []
    for discount in discounts[::-1]:
        ahead = discount * (effort + step * (rest + rest[:, None]) / 2) + value
        choices.append(ahead.argmin(axis=1))
        value = ahead.min(axis=1)
    node = len(points) - (1 if end is None else 2)
    nodes = [node]
    for choice in reversed(choices):
        nodes.append(choice[nodes[-1]])
    path, inner = points[nodes], slice(1, None if end is None else -1)

    def moved(values):
        own = path.copy()
        own[inner] = values.reshape(own[inner].shape)
        with np.errstate(invalid="ignore"):  # steps of the search may lead through a wall
            cost = _cost(loss, metric, objective, times, own)
        return cost if np.isfinite(cost) else np.finfo(float).max

    first = path[inner].ravel()
    settled = minimize(moved, first, method="L-BFGS-B", options={"maxiter": 40})
    return min(settled.fun, moved(first))


def _at_the_end(loss, objective, points, end):
    if end is not None:
        return np.append(np.full(len(points) - 1, np.inf), 0.0)
    fade = math.exp(-objective.discount * objective.horizon) * objective.terminal_weight
    return fade * loss(points.T, np) if objective.terminal else np.zeros(len(points))


def _cost(loss, metric, objective, times, path):
    """J along straight pieces, by Gauss quadrature."""
    lengths, begin = np.diff(times), path[:-1]
    velocity = np.diff(path, axis=0) / lengths[:, None]
    total = 0.0
    for fraction, weight in zip(NODES, WEIGHTS, strict=True):
        at = (begin + fraction * lengths[:, None] * velocity).T
        price = 1.0 if metric is None else metric(at, np)
        paid = price * (velocity**2).sum(axis=1) / (2 * objective.learning_rate)
        paid = paid + objective.loss_weight * loss(at, np)
        fade = np.exp(-objective.discount * (times[:-1] + fraction * lengths))
        total += weight * (lengths * fade * paid).sum()
    if objective.terminal:
        fade = math.exp(-objective.discount * objective.horizon) * objective.terminal_weight
        total += fade * loss(path[-1], np)
    return float(total)


@pytest.mark.parametrize(
    "posed", [stairs, a_well_behind_the_end, a_well_beside_the_start, there_and_back]
)
def test_no_path_that_brute_force_finds_is_cheaper_than_the_plan(posed):
    loss, metric, objective, start, end, box = posed()
    problem = _problem(loss, metric, objective, start, end)
    bound = by_brute_force(loss, metric, objective, start, end, box)
    solution = lc.solve(problem)
    assert solution.status.ok
    assert solution.cost <= bound
    assert solution.cost == pytest.approx(bound, rel=0.01)  # and the grid is no idle bound


def narrow_and_wide():
    """Two wells: the deeper one is wide and far from the start, the near one narrow."""
    objective = lc.Objective(
        horizon=3.536,
        discount=0.1527,
        learning_rate=3.2085,
        loss_weight=0.43447,
        terminal="loss",
        terminal_weight=0.31707,
    )

    def loss(t, xp):
        near = 0.7256 / (1 + ((t[0] - 2.7852) / 0.2437) ** 2)
        far = 0.8639 / (1 + ((t[0] - 0.2031) / 0.4267) ** 2)
        return t[0] ** 2 / (4 + t[0] ** 2) - near - far

    return loss, None, objective, [2.99634], None, [(-1.0, 4.0)]


def between_walls():
    """Two wells between walls at -1 and 1."""
    objective = lc.Objective(horizon=29.23, learning_rate=8.3, loss_weight=0.26553)

    def loss(t, xp):
        wells = 0.4334 * xp.exp(-(((t[0] + 0.2541) / 0.2844) ** 2) / 2)
        wells = wells + 0.677 * xp.exp(-(((t[0] + 0.6445) / 0.2143) ** 2) / 2)
        return -0.0564 * xp.log(1 - t[0] ** 2) - wells

    def metric(t, xp):
        return xp.exp(0.5169 * xp.sin(1.3 * t[0]))

    return loss, metric, objective, [-0.56225], [0.74575], [(-0.99, 0.99)]


@pytest.mark.parametrize(
    ("posed", "home", "horizon"),
    [(narrow_and_wide, [-2.80324], 8.84), (between_walls, [0.62638], 29.23)],
)
def test_what_a_solver_was_built_for_does_not_decide_where_it_looks(posed, home, horizon):
    """Ways are timed once for a class of numbers and moved to each start: what is a rest at the end
    of one way must not become one half-way, nor lead through a wall.
    """
    loss, metric, objective, start, end, box = posed()
    problem = _problem(loss, metric, objective, start, end)
    bound = by_brute_force(loss, metric, objective, start, end, box)
    elsewhere = lc.Solver(problem.changed(start=home, horizon=horizon))
    solution = elsewhere.solve(start=start, horizon=objective.horizon)
    assert solution.status.ok
    assert solution.cost <= bound
    assert solution.cost == pytest.approx(bound, rel=0.03)


@pytest.mark.parametrize("seed", [0, 5, 9, 21])
def test_the_deepest_of_four_wells_in_four_dimensions_is_found(seed):
    """Against going straight there in two units of time and staying."""
    rng = np.random.default_rng(seed)
    wells = np.round(rng.uniform(-2, 2, (4, 4)), 1)
    start = np.round(rng.uniform(-1, 1, 4), 1)

    def loss(t, xp):
        depths = zip(wells, (0.5, 0.8, 1.0, 3.0), (0.6, 0.6, 0.6, 0.45), strict=True)
        distance = [sum((t[i] - c[i]) ** 2 for i in range(4)) / w**2 for c, _, w in depths]
        deep = zip((0.5, 0.8, 1.0, 3.0), distance, strict=True)
        bowl = 0.05 * sum(t[i] ** 2 for i in range(4))
        return bowl - sum(depth * xp.exp(-r / 2) for depth, r in deep)

    objective = lc.Objective(horizon=8.0, learning_rate=1.0)
    solution = lc.solve(_problem(loss, None, objective, start, None))
    path = np.array([start, *np.linspace(start, wells[3], 101)[1:], wells[3]])
    times = np.append(np.linspace(0, 2, 101), 8.0)
    assert solution.cost <= _cost(loss, None, objective, times, path)
