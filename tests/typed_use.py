"""A program as a user writes it, read by the type checker (``make lint``) and run by a test.

What has no type here would be no type for users either: ``assert_type`` is an error where a call
gives anything else, and a misspelt name of the package is one too.
"""

from typing import assert_type

import numpy as np
import xarray as xr

import landscape_control as lc


def plan() -> lc.Solution:
    """A landscape and a start written as lists, solved."""
    problem = lc.ControlProblem(
        landscape=lc.double_well(tilt=0.3),
        learner=lc.Learner(metric=[[1.0, 0.0], [0.0, 2.0]]),
        objective=lc.Objective(horizon=1.0, discount=0.1),
        start=[-0.6, 0.55],
    )
    assert_type(problem, lc.ControlProblem)
    assert_type(problem.describe(), str)
    solution = lc.solve(problem, tolerance=1e-4)
    assert_type(solution, lc.Solution | lc.BeliefSolution)
    assert isinstance(solution, lc.Solution)  # nothing is hidden in this problem
    assert_type(solution.plans, tuple[lc.Plan, ...])
    assert_type(solution.best, lc.Plan)
    assert_type(solution.best.cost, float)
    assert_type(solution.best.status, lc.Status)
    assert_type(solution.summary(), str)
    assert_type(lc.trajectory(problem, "gradient descent", solution=solution), lc.Trajectory)
    return solution


def which_rule() -> lc.comparison.Verdict:
    """The closed form that the optimal policy of a bowl is."""
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[0.2, 0.0], [0.0, 5.0]], minimum=[0.0, 0.0]),
        objective=lc.Objective(horizon=2.0, discount=30.0),
        start=[1, 1],
    )
    verdict = lc.compare(problem, rules=["gradient descent", "ballistic"], starts=4, run=False)
    assert_type(verdict, lc.comparison.Verdict)
    return verdict


def horizons() -> xr.Dataset:
    """The cost over a grid of horizons and discounts, in this process."""
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]]), objective=lc.Objective(horizon=1.0), start=[1.0]
    )
    axes = {"horizon": [0.5, 1.0], "discount": np.array([0.0, 1.0])}
    dataset: xr.Dataset = lc.sweep(problem, axes, measure="cost", workers=1)
    return dataset


def emerging_rule() -> lc.PolicyResult:
    """The best heavy ball for a distribution of landscapes."""
    curvatures = lc.Uniform(0.1, 1.0)
    task = lc.LandscapeDistribution.quadratic(curvatures=curvatures, start_variance=1.0)
    assert_type(task, lc.LandscapeDistribution)
    result = lc.optimize_policy(
        task, lc.policies.HeavyBall(constant=True), lc.Objective(horizon=4.0), starts=1
    )
    assert_type(result, lc.PolicyResult)
    assert_type(result.status, lc.emergence.PolicyStatus)
    return result


def followed_by_a_learner() -> lc.simulation.Rollout:
    """A hidden task, and what a rule of the user's own costs on it."""
    landscape = lc.Landscape.from_expression(
        lambda theta, hidden: (theta[0] - hidden[0]) ** 2,
        dimension=1,
        hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[[1.0]]),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
        objective=lc.Objective(horizon=1.0),
        start=[1.0],
    )
    rule = lc.simulation.SGD(learning_rate=0.1)
    rollout = lc.simulate(problem, rule, episodes=20, seed=0, step=0.1)
    assert_type(rollout, lc.simulation.Rollout)
    assert_type(rollout.cost, float)
    return rollout


if __name__ == "__main__":
    plan()
    which_rule()
    horizons()
    emerging_rule()
    followed_by_a_learner()
