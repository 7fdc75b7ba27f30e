"""Re-solves side by side with two reference Newtons, and the authors' first-order method.

Both references work on the mesh that our solution ended on and return θ and the cost; ours chooses
its mesh, starts from a previous Solution or a straight line and returns a Solution with costates,
status and error estimate. Targets are held against ``general``, which knows nothing of the
landscape but L, ∇L and ∇²L and forms mesh times and guess itself; ``lean`` has the sparsity of ∇²L
written into it and gets both ready-made: it is shown for information, without target.
"""

import statistics

import numpy as np
from first_order import POINTS, STEPS, LeftRectangleAction, descend, seconds_in_torch
from measuring import Row, compared, interleave
from reference_losses import DoubleWell, Rosenbrock
from reference_newton import GeneralNewton, LeanNewton, Numbers, fine_cost, node_times

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
    return [
        Numbers(
            horizon=numbers.horizon * (1 + spread * rng.uniform(-1, 1)),
            discount=numbers.discount * (1 + 3 * spread * rng.uniform(-1, 1)),
            start=numbers.start + spread * rng.uniform(-1, 1, numbers.start.size),
        )
        for _ in range(count)
    ]


class Contest:
    """One landscape, solved by all three for several variants of its numbers."""

    def __init__(self, landscape, loss, numbers, *, tolerance, target):
        self.loss, self.target = loss, np.asarray(target, dtype=float)
        self.solver = lc.Solver(as_problem(landscape, numbers), tolerance=tolerance)
        self.previous = self.solver.solve()
        self.newtons = {}

    def ours(self, numbers, guess):
        return self.solver.solve(
            horizon=numbers.horizon, discount=numbers.discount, start=numbers.start, guess=guess
        )

    def references(self, plan):
        """(general, lean) for the mesh of this plan, built at first use."""
        key = len(plan.vertices) - 1, plan.degree
        if key not in self.newtons:
            loss, size = self.loss, {"elements": key[0], "degree": key[1]}
            self.newtons[key] = (
                GeneralNewton(loss.value, loss.gradient, loss.hessian, loss.dimension, **size),
                LeanNewton(loss, **size),
            )
        return self.newtons[key]

    def contestants(self, numbers, *, warm):
        """All three as functions without arguments; each returns its cost."""
        guess = self.previous if warm else np.array([numbers.start, self.target])
        plan = self.ours(numbers, guess).best
        general, lean = self.references(plan)
        fractions = plan.vertices / plan.vertices[-1]
        times = node_times(lean, fractions)
        earlier = self.previous.at(times * self.previous.times[-1])[0]
        if warm:
            path = earlier + (1 - times)[:, None] * (numbers.start - earlier[0])
        else:
            path = numbers.start + times[:, None] * (self.target - numbers.start)
        return {
            "ours": lambda: self.ours(numbers, guess).cost,
            "general": lambda: general.solve_again(
                fractions, numbers, earlier if warm else self.target
            )[0],
            "lean": lambda: lean.solve(plan.vertices, numbers, path)[0],
        }

    def errors(self, numbers, *, warm):
        """Cost errors (ours, general, lean) against a fine mesh, relative to 1 + |cost|."""
        contestants = self.contestants(numbers, warm=warm)
        solution = self.ours(numbers, self.previous)
        exact = fine_cost(
            self.loss, numbers, lambda t: solution.at(np.minimum(t, solution.times[-1]))[0]
        )
        return [abs(run() - exact) / (1 + abs(exact)) for run in contestants.values()]

    def rows(self, name, variants, rounds, *, limit, accuracy):
        """Warm and cold re-solves against both references, and the accuracy of all."""
        rows = []
        for warm, guess in ((True, "previous solution"), (False, "straight line")):
            samples = [interleave(self.contestants(v, warm=warm), rounds) for v in variants]
            rows += [
                compared(f"{name}, guess {guess}; reference: general", samples, "general", limit),
                compared(f"{name}, guess {guess}; reference: lean (information)", samples, "lean"),
            ]
        errors = np.array(
            [self.errors(v, warm=warm) for v in variants for warm in (True, False)]
        ).max(0)
        return [
            *rows,
            Row(
                what=f"{name}: largest cost error, ours",
                ours=float(errors[0]),
                unit="",
                limit=accuracy,
            ),
            Row(
                what=f"{name}: largest cost error, either reference",
                reference=float(errors[1:].max()),
                unit="",
            ),
        ]


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
    contest = Contest(
        lc.rosenbrock(dimension), Rosenbrock(dimension), numbers, tolerance=tolerance, target=target
    )
    variants = nearby(numbers, 2 if quick else 4)
    rounds = (10 if quick else 40) if dimension < 20 else (3 if quick else 9)
    return contest.rows(
        f"Rosenbrock n = {dimension}", variants, rounds, limit=limit, accuracy=tolerance
    )


def authors_method(quick):
    """60 000 Adam steps on the 50-point left-rectangle action against warm re-solves of Figure 1
    with new numbers.

    The NumPy version has hardly any overhead: a dozen array operations per step, no automatic
    differentiation. A ratio of 10⁴ to it would take a re-solve in fewer microseconds than six of
    its steps.
    """
    steps = STEPS // 20 if quick else STEPS
    contest, action, paths = figure_1_contest(), LeftRectangleAction(DoubleWell(), FIGURE_1), []
    variants = nearby(FIGURE_1, 50)
    seconds = interleave(
        {
            "ours": lambda: [contest.ours(v, contest.previous) for v in variants],
            "authors": lambda: paths.append(descend(action, contest.target, steps=steps)),
        },
        2 if quick else 4,
    )
    ours = statistics.median(seconds["ours"]) / len(variants)
    against = f"re-solve, new numbers; reference: {STEPS} Adam steps on {POINTS} points"
    rows = [
        _faster(
            f"{against}, lean NumPy", ours, statistics.median(seconds["authors"]) * STEPS / steps
        )
    ]
    try:
        rows.append(
            _faster(
                f"{against}, PyTorch",
                ours,
                seconds_in_torch(FIGURE_1, steps=500 if quick else 4000) * STEPS,
            )
        )
    except ImportError:
        rows.append(Row(what="the same in PyTorch, which is what VGR25 used: not installed here"))
    exact = fine_cost(contest.loss, FIGURE_1, lambda t: contest.previous.at(t)[0])
    return [
        *rows,
        Row(
            what="relative cost error (reference: the left-rectangle optimum)",
            unit="",
            ours=abs(contest.previous.cost / exact - 1),
            reference=abs(action.cost(paths[-1]) / exact - 1),
        ),
    ]


def _faster(what, ours, theirs):
    return Row(what=what, ours=1e3 * ours, reference=1e3 * theirs, ratio=ours / theirs, limit=1e-4)
