"""One instance of inferred_curvature: exact costs, learners on common draws, data of the figure."""

from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from ._inferred_curvature_estimates import best_function, detection, explained, square_estimates
from ._inferred_curvature_learners import (
    beliefs_along,
    certain,
    draw,
    first_control,
    kinds,
    mean_and_error,
    optimal,
    run,
    tuned,
)
from ._inferred_curvature_model import certainty_equivalent, foreseeing, means
from ._inferred_curvature_programs import (
    Accuracy,
    first_beliefs,
    policy_values,
    total_cost,
    values,
)

EPISODES, TRAINING = 8192, 1024
QUICK = Accuracy(nodes=11)  # for policies, which cost little more for being a little off
SMOOTH = Accuracy(nodes=18)  # for controls that are drawn
NOISES = np.array([0.1, 0.3, 1.0, 2.0, 4.0, 8.0])


def policy_cost(setting, accuracy, policy) -> float:
    """J of a policy u(setting, gradients, chance, step)."""
    return total_cost(setting, policy_values(setting, accuracy, partial(policy, setting))[0])


class Study:
    """Costs J of the optimum, of certainty equivalence and of foresight, and all learners' runs."""

    def __init__(self, setting, seed):
        self.setting, self.accuracy = setting, Accuracy()
        self.cost = total_cost(setting, values(setting, self.accuracy)[0])
        self.certain = policy_cost(setting, self.accuracy, certainty_equivalent)
        self.foresight = policy_cost(setting, self.accuracy, foreseeing)
        self.draws = draw(setting, EPISODES, seed)
        self.quick = values(setting, QUICK)
        self.start = first_control(setting, QUICK, self.quick[1])

    @cached_property
    def runs(self) -> dict:
        """Runs by name; the coefficients were tuned on other draws."""
        training = draw(self.setting, TRAINING, 0)
        learners = {
            "optimal": optimal(self.setting, QUICK, self.quick, self.start),
            "certain": certain(self.setting),
        }
        for name, family in kinds(self.setting).items():
            learners[name] = family[0](tuned(self.setting, family, training))
        return {name: run(self.setting, one, self.draws) for name, one in learners.items()}

    def simulated(self, name):
        """(mean cost, standard error)."""
        return mean_and_error(self.runs[name].costs)

    def difference(self, name, other):
        """(mean cost of one learner less another's, its standard error) on the same draws."""
        return mean_and_error(self.runs[name].costs - self.runs[other].costs)

    def farther(self, share) -> float:
        """u*/u_ce after the first gradient, where E[gradient] is that share of s."""
        size = np.array([share * self.setting.spread])
        control = self.start(size)
        plain = certainty_equivalent(self.setting, *first_beliefs(self.setting, size), 0)
        return float((control / plain)[0])

    def estimates(self, name):
        """(share of Var h explained by E[h | y], by v̂, correlation of v̂ with h) at the end."""
        seen, curvatures = self.runs[name], self.draws.curvatures
        gradients, chance = beliefs_along(self.setting, seen)
        _, bayes = means(self.setting, gradients[-1], chance[-1])
        square, share = square_estimates(curvatures, seen.gradients)
        correlation = np.corrcoef(square, curvatures)[0, 1]
        return explained(curvatures, bayes), share, float(correlation)

    def detections(self, name) -> dict:
        """How well a steep curvature is told from a flat one by p and by v̂."""
        seen, curvatures = self.runs[name], self.draws.curvatures
        _, chance = beliefs_along(self.setting, seen)
        square, _ = square_estimates(curvatures, seen.gradients)
        by_belief = detection(curvatures, self.setting.steep, 1 - chance[-1])
        by_square = detection(curvatures, self.setting.steep, best_function(curvatures, square))
        return {
            "false_alarms": np.array([by_belief[0], by_square[0]]),
            "hits": np.array([by_belief[1], by_square[1]]),
        }


def policy_curves(setting) -> dict:
    """u_0 as a function of the believed gradient."""
    sizes = np.linspace(0, 6, 49)
    control = first_control(setting, SMOOTH, values(setting, SMOOTH)[1], knots=13)
    start = first_beliefs(setting, sizes)
    return {
        "gradients": sizes,
        "controls": -control(sizes),
        "foresight_controls": -foreseeing(setting, *start, 0),
        "certainty_controls": -certainty_equivalent(setting, *start, 0),
    }


def noise_curves(setting) -> dict:
    """J/J* - 1 of certainty equivalence and of foresight over the noise."""
    rows = []
    for noise in NOISES:
        own = replace(setting, noise=noise)
        best = total_cost(own, values(own, QUICK)[0])
        costs = [policy_cost(own, QUICK, rule) for rule in (certainty_equivalent, foreseeing)]
        rows.append([cost / best - 1 for cost in costs])
    certainty, foresight = np.transpose(rows)
    return {"noises": NOISES, "certainty_excess": certainty, "foresight_excess": foresight}
