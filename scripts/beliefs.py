"""Planning and simulating with beliefs: re-solves, rollouts, grids and replanning, against what
each is held to.

The problem is one weight on a bowl whose minimum is hidden and drifts (Ornstein-Uhlenbeck), seen
through a noisy gradient: L = ½κ(θ - φ)², dφ = -λφ dt + √(2λv) dW, y = κ(θ - φ) + σξ/√Δt.
Transcribed, its states are θ, belief mean and variance.
"""

import math
import statistics
import time
from dataclasses import replace

import numpy as np
from measuring import Row, compared, interleave
from reference_loop import HiddenMinimum, Loop

import landscape_control as lc
from landscape_control.grid import Grid
from landscape_control.model.belief import belief_model
from landscape_control.planning.beliefs import solve
from landscape_control.planning.beliefs.belief_space import belief_space
from landscape_control.planning.beliefs.transcriber import belief_solver
from landscape_control.simulation import HeavyBall, simulate
from landscape_control.stochastic import Scheme, belief_system, solve_grid

NUMBERS = HiddenMinimum(
    curvature=1.5, reversion=0.4, variance=1.0, noise=0.8, discount=0.3, horizon=5.0, start=1.0
)
# heavy ball u ← 0.98 u - 0.02 y; belief policy u = -(θ - mean)
MOMENTUM, RATE, FEEDBACK = (0.98, 0.02, 1.0)
TOLERANCE = 1e-6


def rows(quick):
    """All rows."""
    return [*re_solves(quick), *rollouts(quick), *grids(quick), *replanning(quick)]


def hidden_minimum(horizon=NUMBERS.horizon):
    """The problem of this module."""
    hidden = lc.OrnsteinUhlenbeck(mean=[0.0], rate=NUMBERS.reversion, covariance=[NUMBERS.variance])
    return lc.ControlProblem(
        landscape=lc.Landscape.from_expression(
            lambda theta, phi: NUMBERS.curvature * (theta[0] - phi[0]) ** 2 / 2,
            dimension=1,
            hidden=hidden,
        ),
        learner=lc.Learner(sees=lc.NoisyGradient(NUMBERS.noise)),
        objective=lc.Objective(horizon=horizon, discount=NUMBERS.discount),
        start=[NUMBERS.start],
    )


def two_tasks():
    """The same learner between two bowls, a shallow and a steep one, that take turns at random."""
    chain = lc.TaskChain(rates=[[-0.3, 0.3], [0.6, -0.6]], tasks=[[0.3, -1.0], [2.0, 1.0]])
    landscape = lc.Landscape.from_expression(
        lambda theta, task: task[0] * (theta[0] - task[1]) ** 2 / 2, dimension=1, hidden=chain
    )
    return replace(hidden_minimum(math.inf), landscape=landscape)


def hidden_tilt():
    """A double well whose hidden tilt drifts, seen sharply: V has a crest where the wells are worth
    the same.
    """
    tilt = lc.OrnsteinUhlenbeck(mean=[0.0], rate=NUMBERS.reversion, covariance=[0.1])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: (theta[0] ** 2 - 1) ** 2 / 4 - phi[0] * theta[0],
        dimension=1,
        hidden=tilt,
    )
    return replace(
        hidden_minimum(math.inf),
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(0.3)),
        start=[-1.0],
    )


# --- re-solves


def known_problems():
    """Full-information problems with three states: all weights steered, or one, as in the belief
    problem.
    """
    objective, start = (
        lc.Objective(horizon=NUMBERS.horizon, discount=NUMBERS.discount),
        [NUMBERS.start, 0.0, NUMBERS.variance],
    )
    bowl = lc.quadratic(hessian=NUMBERS.curvature * np.eye(3), minimum=np.zeros(3))
    one = lc.Learner(
        drift=lc.linear_drift(-NUMBERS.reversion * np.diag([0.0, 1.0, 1.0]), np.zeros(3)),
        actuation=np.eye(3, 1),
    )
    return {
        "bowl n = 3": lc.ControlProblem(landscape=bowl, objective=objective, start=start),
        "Rosenbrock n = 3": lc.ControlProblem(
            landscape=lc.rosenbrock(3), objective=objective, start=start
        ),
        "Rosenbrock n = 3, one weight steered": lc.ControlProblem(
            landscape=lc.rosenbrock(3), learner=one, objective=objective, start=start
        ),
    }


def variants(count):
    """Seeded new numbers for all three-state problems; the third state of the belief problem is a
    variance, hence > 0.
    """
    rng = np.random.default_rng(7)
    return [
        {
            "start": np.array([NUMBERS.start, 0.0, NUMBERS.variance]) + 0.1 * rng.uniform(-1, 1, 3),
            "horizon": NUMBERS.horizon * rng.uniform(0.9, 1.1),
            "discount": NUMBERS.discount * rng.uniform(0.7, 1.3),
        }
        for _ in range(count)
    ]


def re_solves(quick):
    """Warm re-solves with a new (θ, mean, variance), T and γ against known problems with as many
    states.
    """
    problem = hidden_minimum()
    space = belief_space(problem, belief_model(problem))
    solvers = {"ours": belief_solver(space.expanded, TOLERANCE, {})}
    solvers |= {
        name: lc.Solver(known, tolerance=TOLERANCE) for name, known in known_problems().items()
    }
    previous = {name: solver.solve(guess=_standing(solver)) for name, solver in solvers.items()}
    samples = [
        interleave(_again(solvers, previous, numbers), 20 if quick else 60)
        for numbers in variants(4 if quick else 10)
    ]
    began = time.perf_counter()
    transcribed = solve(problem, method="transcription", tolerance=TOLERANCE)
    cold, exact = time.perf_counter() - began, solve(problem, method="lqg").cost
    what = "belief re-solve (θ, mean, variance); reference: known"
    return [
        compared(f"{what} bowl n = 3", samples, "bowl n = 3", 3.0),
        compared(f"{what} Rosenbrock n = 3", samples, "Rosenbrock n = 3", 3.0),
        compared(
            f"{what}, one weight steered (information)",
            samples,
            "Rosenbrock n = 3, one weight steered",
        ),
        Row(
            what="belief problem cold: build, three starts, feedback, price of surprises",
            ours=1e3 * cold,
        ),
        Row(
            what="belief problem: relative cost error against exact LQG",
            ours=abs(transcribed.cost / exact - 1),
            unit="",
            limit=TOLERANCE,
        ),
    ]


def _standing(solver):
    """A path that stays at the start, (2, states)."""
    return np.tile(solver.problem.start, (2, 1))


def _again(solvers, previous, numbers):
    return {
        name: lambda name=name, solver=solver: solver.solve(guess=previous[name], **numbers)
        for name, solver in solvers.items()
    }


# --- rollouts


def rollouts(quick):
    """``simulate`` with linear policies against the hand-written loop; the target is one for the
    full size.
    """
    problem, loop = (
        hidden_minimum(),
        Loop(numbers=NUMBERS, episodes=2000 if quick else 10_000, steps=300 if quick else 1000),
    )
    pairs = {
        "belief policy": (
            lambda theta, belief, _: -FEEDBACK * (theta - belief.mean),
            lambda: loop.kalman(FEEDBACK),
        ),
        "heavy ball on raw gradients": (
            HeavyBall(learning_rate=RATE, momentum=MOMENTUM),
            lambda: loop.heavy_ball(MOMENTUM, RATE),
        ),
    }
    found, size = [], f"{loop.episodes} x {loop.steps}"
    for name, (policy, by_hand) in pairs.items():

        def ours(policy=policy):
            return simulate(
                problem, policy, episodes=loop.episodes, step=NUMBERS.horizon / loop.steps
            )

        seconds = interleave({"ours": ours, "loop": by_hand}, 5 if quick else 9)
        apart = np.abs(ours().final[:, 0] - by_hand()[1]).max()
        found += [
            compared(
                f"simulate, {name}, {size}; reference: NumPy loop by hand",
                [seconds],
                "loop",
                None if quick else 2.0,
            ),
            Row(
                what=f"simulate, {name}: largest distance of last weights",
                ours=float(apart),
                unit="",
                limit=1e-10,
            ),
        ]
    return found


# --- grids and replanning


def grids(quick):
    """Stationary dynamic programming at 201 x 201, the best of a few."""
    problems = {
        "hidden minimum (θ, m)": (hidden_minimum(math.inf), 1e-6),
        "two tasks (θ, p₁)": (two_tasks(), 1e-6),
        # no target on its residual: the iteration holds nodes beside the crest, which the result
        # does not name
        "hidden tilt of a double well (θ, m)": (hidden_tilt(), None),
    }
    found = []
    for name, (problem, limit) in problems.items():
        solved = [solve_grid(problem, points=201, tolerance=1e-6) for _ in range(2 if quick else 5)]
        what = f"grid 201 x 201, {name}"
        found += [
            Row(
                what=f"{what} (best of {len(solved)})",
                ours=1e3 * min(grid.seconds for grid in solved),
                limit=5000.0,
            ),
            Row(
                what=f"{what}: last change of V, relative",
                ours=solved[0].residual,
                unit="",
                limit=1e-6,
            ),
            Row(
                what=f"{what}: residual, relative{'' if limit else ' (information)'}",
                ours=residual(problem, solved[0]),
                unit="",
                limit=limit,
            ),
            Row(
                what=f"{what}: not converged",
                ours=float(not solved[0].status.ok),
                unit="",
                limit=0.0,
            ),
        ]
    return found


def residual(problem, grid):
    """Largest |γV - min_u[…]| of the discrete equation in units of the range of γV, formed anew
    from the values.
    """
    system = belief_system(problem)[0]
    scheme, value = (
        Scheme(system=system, grid=Grid(axes=grid.axes), order=grid.order),
        grid.value.ravel(),
    )
    best = scheme.policy(value)
    left = (
        system.discount * value - scheme.generator(best) @ value - scheme.fields.loss - best.effort
    )
    return float(np.abs(left).max() / (system.discount * np.ptp(value)))


def replanning(quick):
    """Whole episodes of 100 steps: the median time of a step in the fastest episode."""
    cases = {
        "loss under the belief": (hidden_minimum(), {"inner": "belief"}),
        "certainty equivalent": (hidden_minimum(), {"inner": "certainty equivalent"}),
        "two tasks, T = ∞": (two_tasks(), {}),
    }
    found, episodes = [], 3 if quick else 9
    for name, (problem, options) in cases.items():
        replanned = solve(problem, method="replanning", **options)
        fastest = min(_seconds_per_step(problem, replanned, seed) for seed in range(episodes))
        found += [
            Row(
                what=f"replanning, {name}: per step (best of {episodes} episodes)",
                ours=1e3 * fastest,
                limit=1.0,
            ),
            Row(
                what=f"replanning, {name}: failed plans",
                ours=float(replanned.failures),
                unit="",
                limit=0.0,
            ),
        ]
    return found


def _seconds_per_step(problem, replanned, seed):
    seconds = []

    def timed(theta, belief, at):
        began = time.perf_counter()
        u = replanned.policy(theta, belief, at)
        seconds.append(time.perf_counter() - began)
        return u

    simulate(
        problem, timed, episodes=1, seed=seed, step=NUMBERS.horizon / 100, horizon=NUMBERS.horizon
    )
    return statistics.median(seconds)
