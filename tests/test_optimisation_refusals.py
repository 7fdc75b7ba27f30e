"""What a policy program refuses, and what it accepts in more than one form."""

import math

import numpy as np
import pytest
from standard import QUADRATICS

from landscape_control import NoisyGradient, Objective, ProblemError, double_well
from landscape_control.model.landscape import Discrete, LandscapeDistribution, Uniform
from landscape_control.model.observation import CurvatureNoise, NoisyLoss, Observe
from landscape_control.optimisation import PolicySolver, optimize_policy, same_cost, solve_program
from landscape_control.optimisation.program import spectrum_of
from landscape_control.optimisation.same import differing_fields
from landscape_control.policies import GradientDescent, HeavyBall, PolicyProgram

WELL = LandscapeDistribution.landscapes(double_well(), starts=[-0.6, 0.55])


def program(**changes):
    return PolicyProgram(
        **(
            {
                "task": QUADRATICS,
                "family": HeavyBall(constant=True),
                "sees": NoisyGradient(0.3),
                "objective": Objective(horizon=10, learning_rate=math.inf),
            }
            | changes
        )
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sees": NoisyLoss(0.3)}, "sees: expected None, ExactGradient.*received NoisyLoss"),
        ({"sees": Observe(lambda theta, hidden: theta[0], 0.3)}, "received Observe"),
        ({"sees": 0.3}, "received float"),
        ({"sees": NoisyGradient([0.3, 0.2])}, "noise: expected one standard deviation"),
        ({"sees": NoisyGradient(0.1 * np.eye(2))}, r"received shape \(2, 2\)"),
        ({"task": WELL, "sees": CurvatureNoise(0.3)}, "received CurvatureNoise"),
        (
            {"task": WELL, "sees": NoisyGradient([0.1, 0.2, 0.3])},
            "noise: expected a number, 2 numbers",
        ),
        (
            {"objective": Objective(horizon=10, terminal=lambda theta: theta[0] ** 2)},
            "judged by the loss itself",
        ),
        ({"family": HeavyBall}, "family: expected a Family; received the class HeavyBall"),
    ],
)
def test_what_a_program_cannot_use(change, words):
    with pytest.raises(ProblemError, match=words):
        program(**change)


def test_a_population_has_no_spectrum():
    with pytest.raises(ProblemError, match="expected random quadratics.*received a population"):
        spectrum_of(program(task=WELL))
    assert spectrum_of(program()) is QUADRATICS.curvatures


@pytest.mark.parametrize("noise", [[0.3], [[0.3]], np.float64(0.3)])
def test_one_standard_deviation_in_any_shape(noise):
    assert program(sees=NoisyGradient(noise)).sees.noise == 0.3


def test_a_terminal_cost_needs_no_weight_of_the_running_loss():
    assert program(objective=Objective(horizon=10, loss_weight=0.0)).objective.loss_weight == 0.0


def test_other_questions_are_named():
    """Every field that differs, but not the family, nor prices that do not enter."""
    one = program()
    walk = LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0)
    assert differing_fields(one, program(family=GradientDescent(constant=True), task=walk)) == []
    assert (
        differing_fields(
            one, program(objective=Objective(horizon=10, learning_rate=math.inf, loss_weight=3.0))
        )
        == []
    )
    assert differing_fields(one, program(sees=NoisyGradient(0.4))) == ["sees.noise"]
    assert differing_fields(one, program(sees=None)) == ["sees"]
    assert differing_fields(one, program(cost="running")) == ["cost"]
    assert (
        differing_fields(
            one, program(task=WELL, objective=Objective(horizon=9, learning_rate=math.inf))
        )[-1]
        == "objective.horizon"
    )
    spectra = [
        program(
            task=LandscapeDistribution.quadratic(curvatures=Discrete(values), start_variance=1.0)
        )
        for values in ([0.1, 1.0], [0.1, 1.0], [0.2, 1.0])
    ]
    assert differing_fields(spectra[0], spectra[1]) == []
    assert differing_fields(spectra[0], spectra[2]) == ["task.curvatures.values"]


def test_results_for_other_tasks_or_noise_are_not_compared():
    first, second = (
        PolicySolver(program(sees=NoisyGradient(noise))).solve(starts=1) for noise in (0.3, 0.4)
    )
    with pytest.raises(
        ProblemError, match=r"nothing but the family; received different sees\.noise"
    ):
        same_cost(first, second)


SOLVER = PolicySolver(program())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"within": {"momentum": (1.5, 2.0)}},
            r"within\['momentum'\]: expected a range that meets .* \[-0.9999, 0.9999\]",
        ),
        ({"within": {"momentum": ("a", "b")}}, r"within\['momentum'\]: expected \(low, high\)"),
        ({"within": {"momentum": 0.3}}, r"within\['momentum'\]: expected \(low, high\)"),
        (
            {"within": {"momentum": (0.1, 0.2, 0.3)}},
            r"within\['momentum'\]: expected \(low, high\)",
        ),
        ({"within": ["momentum"]}, r"within: expected {name: \(low, high\)}"),
        (
            {"fixed": {"momentum": 1.5}},
            r"fixed\['momentum'\]: expected \[-0.9999, 0.9999\]; received 1.5",
        ),
        ({"fixed": {"momentum": math.nan}}, r"fixed\['momentum'\]: expected .* received nan"),
        ({"fixed": {"momentum": "a"}}, "coefficient 'momentum': expected numbers"),
        ({"fixed": ["momentum"]}, "fixed: expected {name: value}.*learning_rate, momentum"),
        (
            {"guess": {"learning_rate": "a", "momentum": 0.0}},
            r"guess\['learning_rate'\]: expected numbers",
        ),
        ({"seed": None}, "seed: expected an integer >= 0"),
        ({"seed": 1.5}, "seed: expected an integer >= 0"),
        ({"seed": -1}, "seed: expected an integer >= 0"),
        ({"throw": "no"}, "throw: expected True or False"),
        (
            {"terminal_weight": 0.0},
            "a loss that is paid for.*received 0 for cost='terminal'.*terminal_weight > 0",
        ),
        ({"discount": 100.0}, r"smaller discount: e\^\(-γT\) = 0 at the horizon"),
        ({"start_mean": 1e200}, "received (inf|nan) .*other units"),
    ],
)
def test_what_a_solve_cannot_use(options, words):
    with pytest.raises(ProblemError, match=words), np.errstate(over="ignore"):
        SOLVER.solve(**options)


def test_a_range_that_reaches_beyond_the_admissible_one_is_cut():
    result = SOLVER.solve(within={"momentum": (0.6, 2.0)}, starts=2)
    assert result.coefficients["momentum"] == pytest.approx(0.6, abs=1e-6)
    assert result.at_bound == ("momentum",)


def test_a_solver_needs_a_program():
    with pytest.raises(
        ProblemError, match="expected a PolicyProgram; received LandscapeDistribution"
    ):
        PolicySolver(QUADRATICS)


def test_options_that_do_not_exist_are_refused_with_those_that_do():
    with pytest.raises(
        ProblemError, match="'fixed', .*'within'; received 'withn'.*did you mean 'within'"
    ):
        optimize_policy(
            QUADRATICS,
            HeavyBall(constant=True),
            Objective(horizon=10),
            withn={"momentum": (0.0, 0.5)},
        )
    with pytest.raises(
        ProblemError, match="program: expected a PolicyProgram; received LandscapeDistribution"
    ):
        solve_program(QUADRATICS)
