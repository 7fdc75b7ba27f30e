"""Re-solves side by side with the reference Newton, and the authors' first-order method.

The reference is handed its mesh (the one our solution ended on) and its guess ready-made and returns θ and the cost;
ours starts from a previous Solution or a straight line and returns a Solution with costates, status and error estimate.
"""

import statistics

import numpy as np
from first_order import POINTS, STEPS, LeftRectangleAction, descend, seconds_in_torch
from measuring import Row, compared, interleave
from reference_newton import BandedNewton, DoubleWell, Numbers, Rosenbrock, fine_cost, node_times

import landscape_control as lc

FIGURE_1 = Numbers(horizon=4.0, discount=0.1, start=np.array([-0.6, 0.55]))


def valley(dimension):
    """Numbers of the coupled Rosenbrock problem in n dimensions."""
    return Numbers(horizon=4.0, discount=0.1, start=0.8 * np.cos(np.arange(dimension)))


def as_problem(landscape, numbers):
    """The package's problem for these numbers."""
    objective = lc.Objective(horizon=numbers.horizon, discount=numbers.discount)
    return lc.ControlProblem(landscape=landscape, objective=objective, start=numbers.start)


def nearby(numbers, count, spread=0.1):
    """Seeded variants with other γ, T and start."""
    rng = np.random.default_rng(7)
    return [Numbers(horizon=numbers.horizon * (1 + spread * rng.uniform(-1, 1)),
                    discount=numbers.discount * (1 + 3 * spread * rng.uniform(-1, 1)),
                    start=numbers.start + spread * rng.uniform(-1, 1, numbers.start.size)) for _ in range(count)]


class Contest:
    """One landscape, solved by both for several variants of its numbers."""

    def __init__(self, landscape, loss, numbers, *, tolerance, target):
        self.loss, self.target = loss, np.asarray(target, dtype=float)
        self.solver = lc.Solver(as_problem(landscape, numbers), tolerance=tolerance)
        self.previous = self.solver.solve()
        self.newtons = {}

    def ours(self, numbers, guess):
        return self.solver.solve(horizon=numbers.horizon, discount=numbers.discount, start=numbers.start, guess=guess)

    def pair(self, numbers, *, warm):
        """Both contestants as functions without arguments; each returns its cost."""
        guess = self.previous if warm else np.array([numbers.start, self.target])
        plan = self.ours(numbers, guess).best
        key = len(plan.vertices) - 1, plan.degree
        newton = self.newtons.setdefault(key, BandedNewton(self.loss, elements=key[0], degree=key[1]))
        times = node_times(newton, plan.vertices) / plan.vertices[-1]
        if warm:
            earlier = self.previous.at(times * self.previous.times[-1])[0]
            path = earlier + (1 - times)[:, None] * (numbers.start - earlier[0])
        else:
            path = numbers.start + times[:, None] * (self.target - numbers.start)
        return {"ours": lambda: self.ours(numbers, guess).cost,
                "reference": lambda: newton.solve(plan.vertices, numbers, path)[0]}

    def errors(self, numbers, *, warm):
        """Cost errors (ours, reference) against a fine mesh, relative to 1 + |cost|."""
        pair = self.pair(numbers, warm=warm)
        solution = self.ours(numbers, self.previous)
        exact = fine_cost(self.loss, numbers, lambda t: solution.at(np.minimum(t, solution.times[-1]))[0])
        return [abs(pair[name]() - exact) / (1 + abs(exact)) for name in ("ours", "reference")]

    def rows(self, name, variants, rounds, *, limit, accuracy):
        """Warm and cold re-solves, and the accuracy of both."""
        rows = [compared(f"{name}: re-solve, guess {'= previous solution' if warm else 'straight line'}",
                         [interleave(self.pair(v, warm=warm), rounds) for v in variants], limit) for warm in (True, False)]
        errors = np.array([self.errors(v, warm=warm) for v in variants for warm in (True, False)])
        return [*rows, *_accuracy(f"{name}: largest cost error", errors.max(0), accuracy)]


def _accuracy(what, errors, limit):
    names = ("ours", "reference")
    return [Row(what=f"{what}, {who}", ours=float(e), unit="", limit=limit) for who, e in zip(names, errors, strict=True)]


def figure_1_contest():
    """Figure 1 double well, n = 2, to a cost error of 1e-8."""
    return Contest(lc.double_well(), DoubleWell(), FIGURE_1, tolerance=3e-9, target=[1.0575, 0.0])


def figure_1(quick):
    """Rows of Figure 1."""
    variants, rounds = nearby(FIGURE_1, 4 if quick else 10), 20 if quick else 60
    return figure_1_contest().rows("Figure 1 (n = 2)", variants, rounds, limit=2.0, accuracy=1e-8)


def rosenbrock(dimension, quick, *, tolerance, limit):
    """Rows of the coupled Rosenbrock valley."""
    numbers, target = valley(dimension), np.ones(dimension)
    contest = Contest(lc.rosenbrock(dimension), Rosenbrock(dimension), numbers, tolerance=tolerance, target=target)
    variants = nearby(numbers, 2 if quick else 4)
    rounds = (10 if quick else 40) if dimension < 20 else (3 if quick else 9)
    return contest.rows(f"Rosenbrock n = {dimension}", variants, rounds, limit=limit, accuracy=tolerance)


def authors_method(quick):
    """60 000 Adam steps on the 50-point left-rectangle action against one re-solve of Figure 1."""
    steps = STEPS // 20 if quick else STEPS
    contest, action, paths = figure_1_contest(), LeftRectangleAction(DoubleWell(), FIGURE_1), []
    seconds = interleave({"ours, 50 times": lambda: [contest.ours(FIGURE_1, contest.previous) for _ in range(50)],
                          "authors": lambda: paths.append(descend(action, contest.target, steps=steps))}, 2 if quick else 4)
    ours, theirs = statistics.median(seconds["ours, 50 times"]) / 50, statistics.median(seconds["authors"]) * STEPS / steps
    rows = [_faster(f"re-solve against {STEPS} Adam steps, {POINTS} points, NumPy", ours, theirs)]
    try:
        theirs = seconds_in_torch(FIGURE_1, steps=500 if quick else 4000) * STEPS
        rows.append(_faster(f"re-solve against {STEPS} Adam steps, {POINTS} points, PyTorch", ours, theirs))
    except ImportError:
        rows.append(_faster("the same in PyTorch, which is what VGR25 used: not installed here"))
    exact = fine_cost(contest.loss, FIGURE_1, lambda t: contest.previous.at(t)[0])
    return [*rows, Row(what="relative cost error of the left-rectangle optimum (reference)", unit="",
                       ours=abs(contest.previous.cost / exact - 1), reference=abs(action.cost(paths[-1]) / exact - 1))]


def _faster(what, ours=None, theirs=None):
    if ours is None:
        return Row(what=what)
    return Row(what=what, ours=1e3 * ours, reference=1e3 * theirs, ratio=ours / theirs, limit=1e-4)
