"""A hidden process answers for itself: a kind that no part of the package knows of is filtered,
planned for, simulated, drawn and written down.
"""

import ast
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.model.landscape import Hidden

PACKAGE = Path(lc.__file__).parent
KINDS = {"TaskChain", "JumpProcess", "RandomWalk", "OrnsteinUhlenbeck"}


@dataclass(frozen=True, eq=False)
class Kicks(Hidden):
    """dφ = -rate φ dt + kicks of ±size at Poisson times; linear in its moments, not Gaussian."""

    rate: float
    frequency: float
    size: float

    prior_mean = property(lambda self: np.zeros(1))
    prior_covariance = property(lambda self: self.diffusion / (2 * self.rate))
    centre = property(lambda self: np.zeros(1))
    reversion = property(lambda self: self.rate * np.eye(1))
    diffusion = property(lambda self: self.frequency * self.size**2 * np.eye(1))
    variance = property(lambda self: self.prior_covariance)
    is_gaussian = property(lambda self: False)

    def sample(self, rng, episodes, times):
        path = np.empty((episodes, len(times), 1))
        burn_in = 8 / self.rate  # from zero to the stationary law
        path[:, 0] = self._after(np.zeros((episodes, 1)), rng, burn_in)
        for k, step in enumerate(np.diff(times)):
            path[:, k + 1] = self._after(path[:, k], rng, step)
        return path

    def stepper(self, rng, episodes, step):
        values = self.sample(rng, episodes, np.zeros(1))[:, 0]

        def advance(state):
            moved = self._after(state, rng, step)
            return moved, moved

        return values, values, advance

    def _after(self, state, rng, step):
        counts = rng.poisson(self.frequency * step, len(state))
        moved = state * math.exp(-self.rate * step)
        for number in range(counts.max(initial=0)):
            kick = self.size * rng.choice([-1.0, 1.0], len(state))
            left = np.exp(-self.rate * step * rng.random(len(state)))
            moved = moved + np.where(counts > number, kick * left, 0.0)[:, None]
        return moved


def problem(hidden):
    return lc.ControlProblem(
        landscape=lc.Landscape.from_expression(
            lambda theta, phi: (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
        ),
        learner=lc.Learner(sees=lc.NoisyGradient(0.8)),
        objective=lc.Objective(horizon=3.0, discount=0.3),
        start=[1.0],
    )


KICKS = Kicks(rate=0.4, frequency=2.0, size=0.6)
LIKE = lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=KICKS.prior_covariance)


def test_the_sampled_law_has_the_declared_moments():
    times = np.array([0.0, 0.5, 2.0])
    path = KICKS.sample(np.random.default_rng(0), 40_000, times)[:, :, 0]
    variance = KICKS.prior_covariance[0, 0]
    np.testing.assert_allclose(path.mean(0), 0.0, atol=5 * math.sqrt(variance / len(path)))
    np.testing.assert_allclose(path.var(0), variance, rtol=0.04)
    lagged = (path[:, 0] * path[:, 2]).mean()
    assert lagged == pytest.approx(variance * math.exp(-0.4 * 2.0), rel=0.06)


def test_it_is_planned_for_as_the_diffusion_with_its_moments():
    """Loss and filter ask for first and second moments only: the same gains, the same cost."""
    solution, like = lc.solve(problem(KICKS)), lc.solve(problem(LIKE))
    assert solution.cost == pytest.approx(like.cost, rel=1e-12)
    np.testing.assert_allclose(solution.gain, like.gain, rtol=1e-12)
    np.testing.assert_allclose(solution.belief_gain, like.belief_gain, rtol=1e-12)


def test_its_simulated_cost_is_the_planned_one():
    solution = lc.solve(problem(KICKS))
    run = lc.simulate(problem(KICKS), policy=solution, episodes=4000, step=0.02, seed=1)
    discretised = 0.01 * solution.cost  # simulation is first order in the step
    assert abs(run.cost - solution.cost) < 4 * run.standard_error + discretised


def test_no_other_part_asks_which_kind_a_process_is():
    """isinstance of a kind of process appears only beside the processes themselves."""
    asking = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "isinstance",
                "issubclass",
            ):
                named = {
                    part.id if isinstance(part, ast.Name) else part.attr
                    for part in ast.walk(node.args[1])
                    if isinstance(part, ast.Name | ast.Attribute)
                }
                if named & KINDS:
                    asking.append(str(path.relative_to(PACKAGE)))
    assert not asking


def test_a_description_lists_its_numbers_and_nothing_else():
    line = next(row for row in problem(KICKS).describe().splitlines() if row.startswith("hidden"))
    assert line.endswith("Kicks, rate = 0.4, frequency = 2., size = 0.6")
