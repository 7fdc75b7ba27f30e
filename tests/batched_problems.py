"""Problem structures that are solved in batches, and random numbers for them."""

import casadi as ca
import numpy as np

import landscape_control as lc

WELL = lc.double_well()
START = [-0.6, 0.55]
TURNED = lc.linear_drift(np.array([[-0.3, 0.2], [-0.2, -0.1]]), np.array([0.1, 0.0]))


def problem(start=START, *, landscape=WELL, end=None, learner=None, **objective):
    return lc.ControlProblem(
        landscape=landscape,
        learner=learner or lc.Learner(),
        objective=lc.Objective(**{"horizon": 3.0, "discount": 0.2, **objective}),
        start=start,
        end=end,
    )


def _waves(x):
    bowl = 0.2 * ca.sumsqr(x)
    return ca.sin(2 * x[0]) + ca.cos(3 * x[1]) + bowl + ca.exp(-ca.sumsqr(x))


def _tilted(x):
    return (x[0] ** 2 - 1) ** 2 + 0.3 * x[0]


def _valley(dimension):
    return problem(np.resize(START, dimension), landscape=lc.rosenbrock(dimension))


def structures():
    """{name: problem}"""
    waves = lc.Landscape.from_expression(_waves, dimension=2)
    tilted = lc.Landscape.from_expression(_tilted, dimension=1)
    metric = np.array([[2.0, 0.3], [0.3, 1.0]])
    actuation = np.array([[1.0, 0.5], [0.0, 2.0]])
    bowl = lc.quadratic(hessian=np.diag([0.5, 3.0]))
    return {
        "free end": problem(),
        "fixed end": problem(end=[1.0, 0.2]),
        "terminal loss": problem(terminal="loss", terminal_weight=2.0),
        "metric": problem(learner=lc.Learner(metric=metric)),
        "metric of the place": problem(learner=lc.Learner(metric=lambda x: ca.diag(1 + x**2))),
        "drift": problem(learner=lc.Learner(drift=TURNED)),
        "actuation": problem(learner=lc.Learner(actuation=actuation)),
        "quadratic": problem(landscape=bowl),
        "one parameter": problem([-0.9], landscape=tilted),
        "three parameters": problem([-0.6, 0.55, 0.3], landscape=lc.rosenbrock(3)),
        "five parameters": _valley(5),
        "seven parameters": _valley(7),
        "ten parameters": _valley(10),
        "waves": problem([-0.9, 0.4], landscape=waves),
    }


def drawn_numbers(base, count, seed):
    """Numbers of so many cells over two orders of magnitude, every other with a start of its own."""
    rng = np.random.default_rng(seed)
    cells = []
    for i in range(count):
        cell = {
            "horizon": np.exp(rng.uniform(-1, 2)),
            "discount": np.exp(rng.uniform(-4, 0.5)),
            "learning_rate": np.exp(rng.uniform(-1, 1)),
            "loss_weight": np.exp(rng.uniform(-1, 1)),
        }
        if i % 2:
            cell["start"] = base.start + 0.2 * rng.standard_normal(base.dimension)
        cells.append(cell)
    return cells
