"""What a policy program refuses, and what it accepts in more than one form."""

import math

import numpy as np
import pytest

from landscape_control import NoisyGradient, Objective, ProblemError, double_well
from landscape_control.landscape import LandscapeDistribution, Uniform
from landscape_control.policies import HeavyBall, PolicyProgram
from landscape_control.sees import CurvatureNoise, NoisyLoss, Observe

QUADRATICS = LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0)
WELL = LandscapeDistribution.landscapes(double_well(), starts=[-0.6, 0.55])


def program(**changes):
    return PolicyProgram(**({"task": QUADRATICS, "family": HeavyBall(constant=True), "sees": NoisyGradient(0.3),
                             "objective": Objective(horizon=10, learning_rate=math.inf)} | changes))


@pytest.mark.parametrize(("change", "words"), [
    ({"sees": NoisyLoss(0.3)}, "sees: expected None, ExactGradient.*received NoisyLoss"),
    ({"sees": Observe(lambda theta, hidden: theta[0], 0.3)}, "received Observe"),
    ({"sees": 0.3}, "received float"),
    ({"sees": NoisyGradient([0.3, 0.2])}, "noise: expected one standard deviation"),
    ({"sees": NoisyGradient(0.1 * np.eye(2))}, r"received shape \(2, 2\)"),
    ({"task": WELL, "sees": CurvatureNoise(0.3)}, "received CurvatureNoise"),
    ({"task": WELL, "sees": NoisyGradient([0.1, 0.2, 0.3])}, "noise: expected a number, 2 numbers"),
    ({"objective": Objective(horizon=10, terminal=lambda theta: theta[0] ** 2)}, "judged by the loss itself"),
    ({"family": HeavyBall}, "family: expected a Family; received the class HeavyBall"),
])
def test_what_a_program_cannot_use(change, words):
    with pytest.raises(ProblemError, match=words):
        program(**change)


@pytest.mark.parametrize("noise", [[0.3], [[0.3]], np.float64(0.3)])
def test_one_standard_deviation_in_any_shape(noise):
    assert program(sees=NoisyGradient(noise)).sees.noise == 0.3


def test_a_terminal_cost_needs_no_weight_of_the_running_loss():
    assert program(objective=Objective(horizon=10, loss_weight=0.0)).objective.loss_weight == 0.0
